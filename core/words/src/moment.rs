//! Points in time, as people read them.

use headwater_model::Timestamp;

use crate::quantity::duration;

/// `2026-10-04 15:03 UTC`
pub fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    match text.get(..16) {
        Some(minute) => format!("{} UTC", minute.replacen('T', " ", 1)),
        None => text,
    }
}

/// How long ago: `just now`, `5 min ago`, `3 h ago`, `2 days ago`; the date when it is long ago or
/// still to come.
pub fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_micros().saturating_sub(at.as_micros()).div_euclid(1_000_000);
    match seconds {
        -60..60 => "just now".into(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..172_800 => format!("{} h ago", seconds / 3_600),
        172_800..5_184_000 => format!("{} days ago", seconds / 86_400),
        _ => at.date().to_string(),
    }
}

/// How long something took, as durations are said.
pub fn took(from: Timestamp, to: Timestamp) -> String {
    let micros = to.as_micros().saturating_sub(from.as_micros());
    duration(u64::try_from(micros / 1_000).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect(text)
    }

    #[test]
    fn times_are_short_and_say_their_zone() {
        assert_eq!(minute(at("2026-10-04T15:03:36.5Z")), "2026-10-04 15:03 UTC");
    }

    #[test]
    fn ages() {
        let now = at("2026-10-04T15:00:00Z");
        for (then, text) in [
            ("2026-10-04T15:00:40Z", "just now"),
            ("2026-10-04T14:59:01Z", "just now"),
            ("2026-10-04T14:59:00Z", "1 min ago"),
            ("2026-10-04T13:30:00Z", "1 h ago"),
            ("2026-10-03T12:00:00Z", "27 h ago"),
            ("2026-10-02T15:00:00Z", "2 days ago"),
            ("2026-08-05T15:00:00Z", "2026-08-05"),
            ("1753-01-01T00:00:00Z", "1753-01-01"),
            ("2026-10-05T15:00:00Z", "2026-10-05"),
        ] {
            assert_eq!(age(at(then), now), text, "{then}");
        }
        age(Timestamp::MIN, Timestamp::MAX);
    }
}
