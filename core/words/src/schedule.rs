//! How a schedule is said.

use headwater_api::{NewSchedule, Weekday};

/// `The tree is synchronised at 03:00 on Mon, Thu; at most 20 members are removed.`
pub fn when(schedule: &NewSchedule) -> String {
    let days: Vec<&str> = schedule.days.iter().map(|day| name(*day)).collect();
    let days = if days.is_empty() { "every day".to_owned() } else { format!("on {}", days.join(", ")) };
    let removals = match schedule.max_removals {
        Some(max) => format!("a run removes at most {max} members from groups"),
        None => "a group that would lose over a tenth of its members is held".to_owned(),
    };
    format!("The tree is synchronised at {} {days}; {removals}.", schedule.at)
}

pub fn name(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Mon",
        Weekday::Tue => "Tue",
        Weekday::Wed => "Wed",
        Weekday::Thu => "Thu",
        Weekday::Fri => "Fri",
        Weekday::Sat => "Sat",
        Weekday::Sun => "Sun",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_a_sentence() {
        let mut schedule = NewSchedule { at: "03:00".to_owned(), days: vec![], max_removals: None };
        let said = "The tree is synchronised at 03:00 every day; a group that would lose over a tenth of its members is \
                    held.";
        assert_eq!(when(&schedule), said);
        (schedule.days, schedule.max_removals) = (vec![Weekday::Mon, Weekday::Thu], Some(20));
        let said =
            "The tree is synchronised at 03:00 on Mon, Thu; a run removes at most 20 members from groups.";
        assert_eq!(when(&schedule), said);
    }
}
