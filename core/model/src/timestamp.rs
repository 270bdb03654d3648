//! Points in time: microseconds since 1970 in UTC, the form of both databases.

use std::fmt;
use std::str::FromStr;

/// Microseconds since 1970-01-01T00:00:00Z. Covers the years 1 to 9999, as `xsd:dateTime` on
/// the wire does. Formats as `2026-10-04T15:03:36.5Z`, with as many fractional digits as needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text that is not an `xsd:dateTime`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date and time such as 2026-12-24T03:00:00Z")]
pub struct TimestampError(String);

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

impl Timestamp {
    pub const EPOCH: Self = Self(0);
    /// 0001-01-01T00:00:00Z
    pub const MIN: Self = Self(-62_135_596_800 * MICROS_PER_SECOND);
    /// 9999-12-31T23:59:59.999999Z, which the protocols write for "never expires".
    pub const MAX: Self = Self(253_402_300_800 * MICROS_PER_SECOND - 1);

    /// Clamped to the years 1 to 9999.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }

    pub const fn as_micros(self) -> i64 {
        self.0
    }

    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_micros(self.0.saturating_add(seconds.saturating_mul(MICROS_PER_SECOND)))
    }

    /// The calendar date, as the wire's `LastChangeTime` has it: `2026-10-04`.
    pub fn date(self) -> Date {
        Date(self)
    }

    fn civil(self) -> Civil {
        let seconds = self.0.div_euclid(MICROS_PER_SECOND);
        let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
        let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY);
        Civil { year, month, day, second_of_day, micros: self.0.rem_euclid(MICROS_PER_SECOND) }
    }
}

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    second_of_day: i64,
    micros: i64,
}

/// The date of a timestamp, for display.
#[derive(Debug, Clone, Copy)]
pub struct Date(Timestamp);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, .. } = self.0.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, second_of_day, micros } = self.civil();
        let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if micros != 0 {
            let digits = format!("{micros:06}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Reads `xsd:dateTime` with an offset, with `Z`, or without either, which then means UTC.
    /// Fractions finer than a microsecond are cut.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        parse(text.trim()).ok_or_else(|| TimestampError(text.chars().take(64).collect()))
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let separated = bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-')
        && bytes.get(10) == Some(&b'T')
        && bytes.get(13) == Some(&b':')
        && bytes.get(16) == Some(&b':');
    if !separated || !text.is_ascii() {
        return None;
    }
    let (year, month, day) = (number(&bytes[0..4])?, number(&bytes[5..7])?, number(&bytes[8..10])?);
    let (hour, minute, second) =
        (number(&bytes[11..13])?, number(&bytes[14..16])?, number(bytes.get(17..19)?)?);
    let (micros, zone) = fraction(&bytes[19..])?;
    let offset_seconds = offset(zone)?;
    let midnight_next = hour == 24 && minute == 0 && second == 0 && micros == 0;
    if year < 1 || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    if (hour > 23 && !midnight_next) || minute > 59 || second > 59 {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - offset_seconds;
    let value = seconds * MICROS_PER_SECOND + micros;
    (Timestamp::MIN.0..=Timestamp::MAX.0).contains(&value).then_some(Timestamp(value))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits
        .iter()
        .try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

/// Splits `.1234567Z` into microseconds and the zone.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = rest.strip_prefix(b".") else {
        return Some((0, rest));
    };
    let len = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if len == 0 || len > 12 {
        return None;
    }
    let mut micros = number(&digits[..len.min(6)])?;
    for _ in len..6 {
        micros *= 10;
    }
    Some((micros, &digits[len..]))
}

fn offset(zone: &[u8]) -> Option<i64> {
    match zone {
        b"" | b"Z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            if hours > 14 || minutes > 59 {
                return None;
            }
            let seconds = hours * 3600 + minutes * 60;
            Some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in eras of 400 years that
/// begin on the first of March, so that the leap day is the last of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, micros: i64, written: &str) {
        let timestamp: Timestamp = text.parse().expect(text);
        assert_eq!(timestamp.as_micros(), micros);
        assert_eq!(timestamp.to_string(), written);
    }

    #[test]
    fn the_forms_that_documents_and_agents_use() {
        check("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z");
        check("2026-10-04T15:03:36.5Z", 1_791_126_216_500_000, "2026-10-04T15:03:36.5Z");
        check("2026-10-04T16:03:35.9967236Z", 1_791_129_815_996_723, "2026-10-04T16:03:35.996723Z");
        check("2004-02-28T18:17:34.1032476-08:00", 1_078_021_054_103_247, "2004-02-29T02:17:34.103247Z");
        check("2022-02-02T00:00:00", 1_643_760_000_000_000, "2022-02-02T00:00:00Z");
        check("9999-12-31T23:59:59.9999999Z", Timestamp::MAX.as_micros(), "9999-12-31T23:59:59.999999Z");
        check("1753-01-01T00:00:00Z", -6_847_804_800_000_000, "1753-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2026-10-04",
            "2026-13-04T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-10-04T25:00:00Z",
            "2026-10-04T00:00:00.Z",
            "2026-10-04T00:00:00+1:00",
            "0000-01-01T00:00:00Z",
            "2026-10-04T00:00:0",
            "2026-10-04T00:00:00Zx",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(micros in Timestamp::MIN.0..=Timestamp::MAX.0) {
            let timestamp = Timestamp::from_micros(micros);
            prop_assert_eq!(timestamp.to_string().parse::<Timestamp>(), Ok(timestamp));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
