//! Pauses between tries that come to nothing.

use std::time::Duration;

/// How long to wait after so many tries: the pauses double, so that what cannot be is not worn out by asking.
pub(crate) fn doubled(tries: u32, min: Duration, max: Duration) -> Duration {
    min.saturating_mul(1 << tries.min(16)).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pause = |tries| doubled(tries, Duration::from_secs(30), Duration::from_secs(900)).as_secs();
        assert_eq!([0, 1, 4, 5, 40, u32::MAX].map(pause), [30, 60, 480, 900, 900, 900]);
    }
}
