//! Clocks of servers that differ from the managing server's.

use headwater_api::{Finding, FindingLevel};
use headwater_tree::silent::CLOCK_SECONDS_MAX;

/// What is said of a clock that is so many seconds ahead, if that is worth a warning.
pub(crate) fn differs(server: &str, seconds: i64) -> Option<Finding> {
    if seconds.abs() <= CLOCK_SECONDS_MAX {
        return None;
    }
    let side = if seconds > 0 { "ahead of" } else { "behind" };
    let (hours, minutes) = (seconds.abs() / 3_600, seconds.abs() / 60 % 60);
    Some(Finding {
        level: FindingLevel::Warning,
        what: format!("the clock of {server} is {hours} h {minutes} min {side} the managing server's"),
        advice: "set right which of them is wrong, or let both follow one source of time".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_differs_is_told_with_its_side() {
        let said = |seconds| differs("berlin", seconds).map(|found| found.what);
        assert_eq!((said(0), said(CLOCK_SECONDS_MAX), said(-CLOCK_SECONDS_MAX)), (None, None, None));
        let told = |far| Some(format!("the clock of berlin is {far} the managing server's"));
        assert_eq!(said(7_260), told("2 h 1 min ahead of"));
        assert_eq!(said(-7_260), told("2 h 1 min behind"));
    }
}
