//! How long certificates hold, and when they are renewed.

use headwater_model::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::KeyError;

const DAY_SECONDS: i64 = 86_400;
/// Of a Linkage and of the managing server: one that was lost is worth nothing after a quarter of a year.
const PARTY_DAYS: i64 = 90;
/// Of the authority, whose key is the trust itself: longer than any of these machines runs.
const AUTHORITY_DAYS: i64 = 20 * 365;
/// A machine that was off for as long again is still known when it comes back, and renewed then.
const GRACE_DAYS: i64 = 90;
/// Holds for a clock that is some hours behind, too.
const BEFORE_SECONDS: i64 = DAY_SECONDS;

/// From when until when a certificate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    pub from: Timestamp,
    pub until: Timestamp,
}

/// How far a certificate is through its term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Sound,
    /// It holds, and is to be replaced.
    Due,
    /// It has run out, and is let in to be replaced until the grace is over.
    Grace,
    /// Nobody takes it any more.
    Over,
}

impl Term {
    /// Of a Linkage's certificate, or of the managing server's own.
    pub fn of_party(now: Timestamp) -> Self {
        Self::days(now, PARTY_DAYS)
    }

    pub fn of_authority(now: Timestamp) -> Self {
        Self::days(now, AUTHORITY_DAYS)
    }

    fn days(now: Timestamp, days: i64) -> Self {
        Self { from: now.plus_seconds(-BEFORE_SECONDS), until: now.plus_seconds(days * DAY_SECONDS) }
    }

    /// The term of a certificate, DER.
    pub fn read(certificate: &[u8]) -> Result<Self, KeyError> {
        let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| KeyError::Damaged)?;
        let time = |seconds: i64| Timestamp::EPOCH.plus_seconds(seconds);
        let validity = parsed.validity();
        Ok(Self { from: time(validity.not_before.timestamp()), until: time(validity.not_after.timestamp()) })
    }

    /// Of a party's certificate. One that lasts longer than those that are made now was made when they
    /// had no end, or by a clock that was wrong, as one of the future was.
    pub fn stage(&self, now: Timestamp) -> Stage {
        self.stage_of(now, PARTY_DAYS)
    }

    /// Of the authority's certificate.
    pub fn authority_stage(&self, now: Timestamp) -> Stage {
        self.stage_of(now, AUTHORITY_DAYS)
    }

    fn stage_of(&self, now: Timestamp, days: i64) -> Stage {
        let seconds = |from: Timestamp, to: Timestamp| (to.as_micros() - from.as_micros()) / 1_000_000;
        let (life, left) = (seconds(self.from, self.until), seconds(now, self.until));
        if left < -GRACE_DAYS * DAY_SECONDS {
            Stage::Over
        } else if left < 0 {
            Stage::Grace
        } else if left < life / 3 || life > days * DAY_SECONDS + BEFORE_SECONDS || now < self.from {
            Stage::Due
        } else {
            Stage::Sound
        }
    }

    /// When nobody takes it any more.
    pub fn taken_until(&self) -> Timestamp {
        self.until.plus_seconds(GRACE_DAYS * DAY_SECONDS)
    }

    /// The moment by which TLS is to judge a certificate that is shown now: within the grace, one at which
    /// it held.
    pub(crate) fn judged_at(certificate: &CertificateDer<'_>, now: Timestamp) -> Timestamp {
        match Self::read(certificate) {
            Ok(term) if term.stage(now) == Stage::Grace => term.until,
            _ => now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64) -> Timestamp {
        Timestamp::EPOCH.plus_seconds(number * DAY_SECONDS)
    }

    #[test]
    fn a_certificate_is_due_in_its_last_third_and_taken_for_as_long_again() {
        let term = Term::of_party(day(1_000));
        for (at, stage) in [
            (998, Stage::Due),
            (999, Stage::Sound),
            (1_059, Stage::Sound),
            (1_060, Stage::Due),
            (1_090, Stage::Due),
            (1_091, Stage::Grace),
            (1_180, Stage::Grace),
            (1_181, Stage::Over),
        ] {
            assert_eq!(term.stage(day(at)), stage, "on day {at}");
        }
        assert_eq!(term.taken_until(), day(1_180));
        assert_eq!(Term::of_authority(day(1_000)).authority_stage(day(5_000)), Stage::Sound);
        assert_eq!(Term::of_authority(day(1_000)).authority_stage(day(6_000)), Stage::Due);
    }

    #[test]
    fn one_without_an_end_is_due() {
        let endless = Term { from: day(1_826), until: day(776_000) };
        assert_eq!(endless.stage(day(20_000)), Stage::Due);
        assert_eq!(endless.authority_stage(day(20_000)), Stage::Due);
    }
}
