//! Numbers as people read them.

/// `1 update`, `4,125 updates`, `0 updates`. Nouns take an `s`.
pub fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

/// `4,125`
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `512 bytes`, `1.2 kB`, `9.6 GB`: thousands, as files are sold.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1_000 {
        return counted(bytes, "byte");
    }
    // Tenths of the unit, rounded; the next unit begins where four digits would.
    let mut tenths = (u128::from(bytes) + 50) / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths = (tenths + 500) / 1_000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// `35 ms`, `3.2 s`, `2 min 5 s`, `1 h 40 min`.
pub fn duration(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        _ if ms < 1_000 => format!("{ms} ms"),
        0..60 => format!("{seconds}.{} s", ms % 1_000 / 100),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", grouped(seconds / 3_600), seconds / 60 % 60),
    }
}

/// `5 s`, `2 min 5 s`, `1 h 40 min`: time that goes on, so without a fraction.
pub fn seconds_passed(seconds: u64) -> String {
    if seconds < 60 { format!("{seconds} s") } else { duration(seconds.saturating_mul(1_000)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (count, text) in [
            (0, "0 updates"),
            (1, "1 update"),
            (999, "999 updates"),
            (4_125, "4,125 updates"),
            (1_234_567, "1,234,567 updates"),
        ] {
            assert_eq!(counted(count, "update"), text);
        }
    }

    #[test]
    fn sizes_have_one_decimal() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (1_249, "1.2 kB"),
            (999_999, "1.0 MB"),
            (9_600_000_000, "9.6 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn durations_have_two_parts_at_most() {
        for (ms, text) in [
            (35, "35 ms"),
            (3_290, "3.2 s"),
            (59_999, "59.9 s"),
            (125_000, "2 min 5 s"),
            (6_000_000, "1 h 40 min"),
        ] {
            assert_eq!(duration(ms), text);
        }
    }
}
