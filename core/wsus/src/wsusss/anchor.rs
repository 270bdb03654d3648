//! Anchors: points in the history of an upstream server.

use std::fmt;
use std::str::FromStr;

use headwater_model::Timestamp;

/// [MS-WSUSSS] 3.1.4.4.3.1 ServerSyncConfigData, *NewConfigAnchor* (<31>)
///
/// `<counter>,<yyyy-MM-dd HH:mm:ss.fff>`, as WSUS writes it (fact 45). To the caller it is opaque;
/// of our own anchors the counter decides, and the time is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    pub counter: u64,
    pub at: Timestamp,
}

/// A text that is no anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an anchor is a counter, a comma, a date and a time")]
pub struct AnchorError;

const MICROS_PER_MILLISECOND: i64 = 1_000;
const MILLISECONDS_PER_DAY: i64 = 86_400_000;

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.at.as_micros().div_euclid(MICROS_PER_MILLISECOND);
        let of_day = milliseconds.rem_euclid(MILLISECONDS_PER_DAY);
        let (seconds, milliseconds) = (of_day / 1_000, of_day % 1_000);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let date = self.at.date();
        write!(f, "{},{date} {hour:02}:{minute:02}:{second:02}.{milliseconds:03}", self.counter)
    }
}

impl FromStr for Anchor {
    type Err = AnchorError;

    fn from_str(text: &str) -> Result<Self, AnchorError> {
        let (counter, time) = text.trim().split_once(',').ok_or(AnchorError)?;
        let (date, time) = time.split_once(' ').ok_or(AnchorError)?;
        let digits = !counter.is_empty() && counter.bytes().all(|byte| byte.is_ascii_digit());
        Ok(Self {
            counter: counter.parse().ok().filter(|_| digits).ok_or(AnchorError)?,
            at: format!("{date}T{time}Z").parse().map_err(|_| AnchorError)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_written_as_wsus_does() {
        for text in ["9438,2026-10-04 16:33:26.670", "1,2026-01-01 00:00:00.000"] {
            assert_eq!(text.parse::<Anchor>().map(|anchor| anchor.to_string()), Ok(text.to_owned()));
        }
        let anchor: Anchor = "9438,2026-10-04 16:33:26.670".parse().unwrap();
        assert_eq!((anchor.counter, anchor.at.to_string().as_str()), (9438, "2026-10-04T16:33:26.67Z"));
    }

    #[test]
    fn what_is_no_anchor_is_refused() {
        for text in [
            "",
            "not-an-anchor",
            "5",
            "5,",
            "5,2026-10-04",
            "-5,2026-10-04 16:33:26.670",
            "+5,2026-10-04 16:33:26.670",
        ] {
            assert_eq!(text.parse::<Anchor>(), Err(AnchorError), "{text}");
        }
        assert!("99999999999999999999,2026-10-04 16:33:26.670".parse::<Anchor>().is_err());
    }
}
