//! When too many wrong passwords were given for a name, none is taken for a while.

use headwater_model::Timestamp;
use headwater_store::Failures;

/// Wrong passwords that lock a name: more than somebody mistypes, and 960 guesses a day.
pub(crate) const FAILURES_MAX: i64 = 10;
/// Within so long,
pub(crate) const WITHIN_SECONDS: i64 = 15 * 60;
/// and for so long.
pub(crate) const LOCKED_SECONDS: i64 = 15 * 60;

/// One more wrong password.
pub(crate) fn one_more(known: Option<Failures>, now: Timestamp) -> Failures {
    let fresh = Failures { count: 1, since: now, locked_until: None };
    let Some(known) = known else { return fresh };
    // A clock that was set back begins anew.
    let goes_on =
        known.locked_until.is_none() && known.since <= now && now < known.since.plus_seconds(WITHIN_SECONDS);
    match known.count + 1 {
        _ if !goes_on => fresh,
        count if count >= FAILURES_MAX => {
            Failures { count, since: known.since, locked_until: Some(now.plus_seconds(LOCKED_SECONDS)) }
        }
        count => Failures { count, ..known },
    }
}

/// Until when a name is locked, if it is.
pub(crate) fn locked_until(known: Option<&Failures>, now: Timestamp) -> Option<Timestamp> {
    let until = known?.locked_until?;
    // Never longer than a lock is, whatever the clock did.
    (now < until && until <= now.plus_seconds(LOCKED_SECONDS)).then_some(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn after(seconds: &[i64]) -> Option<Failures> {
        seconds.iter().fold(None, |known, second| Some(one_more(known, NOW.plus_seconds(*second))))
    }

    #[test]
    fn ten_in_a_quarter_of_an_hour_lock_for_one() {
        let nine: Vec<i64> = (0..9).collect();
        assert_eq!(locked_until(after(&nine).as_ref(), NOW.plus_seconds(9)), None);
        let ten = after(&[&nine[..], &[899]].concat());
        let locked = |second| locked_until(ten.as_ref(), NOW.plus_seconds(second));
        assert_eq!(locked(899), Some(NOW.plus_seconds(1_799)));
        assert!(locked(1_798).is_some());
        assert_eq!(locked(1_799), None);
        assert_eq!(locked(-100), None, "the clock was set back");
        // One in the time after the lock does not lock again.
        let again = one_more(ten, NOW.plus_seconds(1_799));
        assert_eq!((again.count, again.locked_until), (1, None));
        // The tenth came too late.
        assert_eq!(after(&[&nine[..], &[900]].concat()).map(|known| known.count), Some(1));
    }
}
