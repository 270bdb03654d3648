//! Deadlines, as people write them.

use std::str::FromStr;

use headwater_model::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// When computers act at the latest, as it was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// With a zone or an offset.
    Exact(Timestamp),
    /// Without: the time on the clocks here.
    Local(DateTime),
}

impl FromStr for Deadline {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let advice = || "write it as 2026-12-24T03:00 (local time) or 2026-12-24T02:00Z".to_owned();
        let text = text.trim();
        if !text.contains(':') {
            return Err(advice());
        }
        if let Ok(exact) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::Exact(Timestamp::from_micros(exact.as_microsecond())));
        }
        text.parse().map(Self::Local).map_err(|_| advice())
    }
}

impl Deadline {
    /// The point in time that is meant in a zone.
    ///
    /// # Errors
    /// When the clocks there skip that time or show it twice, and nobody can know which is meant.
    pub fn in_zone(self, zone: &TimeZone) -> Result<Timestamp, String> {
        match self {
            Self::Exact(at) => Ok(at),
            Self::Local(local) => zone
                .to_ambiguous_zoned(local)
                .unambiguous()
                .map(|zoned| Timestamp::from_micros(zoned.timestamp().as_microsecond()))
                .map_err(|_| {
                    format!(
                        "the clocks here skip {local} or show it twice; give the deadline in UTC, with a Z"
                    )
                }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Central European time: one hour ahead in winter, two from 29 March to 25 October 2026.
    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone")
    }

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let found = text.parse::<Deadline>().and_then(|deadline| deadline.in_zone(&berlin()));
        match expected {
            Ok(utc) => assert_eq!(found.map(|at| at.to_string()).as_deref(), Ok(utc)),
            Err(reason) => assert!(found.as_ref().is_err_and(|text| text.contains(reason)), "{found:?}"),
        }
    }

    #[test]
    fn deadlines_without_a_zone_are_local() {
        check("2026-12-24T03:00", Ok("2026-12-24T02:00:00Z"));
        check("2026-07-24T03:00", Ok("2026-07-24T01:00:00Z"));
        check("2026-12-24 03:00:30", Ok("2026-12-24T02:00:30Z"));
        check("2026-12-24T03:00Z", Ok("2026-12-24T03:00:00Z"));
        check("2026-12-24T03:00-05:00", Ok("2026-12-24T08:00:00Z"));
    }

    #[test]
    fn deadlines_that_do_not_say_when_are_refused() {
        for text in ["", "tomorrow", "2026-12-24", "03:00", "2026-13-24T03:00", "2026-12-24T25:00"] {
            check(text, Err("write it as 2026-12-24T03:00"));
        }
        check("2026-03-29T02:30", Err("skip 2026-03-29T02:30:00 or show it twice"));
        check("2026-10-25T02:30", Err("skip 2026-10-25T02:30:00 or show it twice"));
    }
}
