//! Orders signed by the managing server, reports signed by the Linkage that carried them out.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_api::linkage::{
    CLOCK_SECONDS_MAX, Order, REVOKED_MAX, Report, Revocations, RunRequest, Signed, SignedRevocations,
};
use headwater_model::{Guid, LinkageId, Timestamp};
use serde::Serialize;

use crate::{Key, KeyError, PublicKey};

/// What is signed begins with one of these, so that no signature passes for one of another kind.
const ORDER: &str = "headwater order 1\n";
const REPORT: &str = "headwater report 1\n";
const REVOCATIONS: &str = "headwater revocations 1\n";
const RUN: &str = "headwater run 1\n";
/// Orders of the last minutes whose numbers are remembered.
const REMEMBERED_MAX: usize = 100_000;
/// For so long: a clock that was ahead by as much as is allowed may be set right meanwhile.
const REMEMBERED_SECONDS: i64 = 2 * CLOCK_SECONDS_MAX;

/// Why something signed is not believed.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    #[error("it is not signed by who should have signed it")]
    Signature,
    #[error("it is for another Linkage, or of another one")]
    Other,
    #[error("it cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// Of an order that is signed by who should have. Seconds that the clock here is ahead of the managing
    /// server's.
    #[error(
        "the Linkage's clock is {} the managing server's: set right which of them is wrong, or let both follow \
         one source of time",
        apart(*.0)
    )]
    Clock(i64),
    #[error("it was carried out before")]
    Repeated,
    #[error(transparent)]
    Key(#[from] KeyError),
}

fn apart(seconds: i64) -> String {
    let minutes = seconds.abs() / 60;
    let side = if seconds < 0 { "behind" } else { "ahead of" };
    format!("{} h {} min {side}", minutes / 60, minutes % 60)
}

pub fn sign_order(order: &Order, key: &Key) -> Result<Signed, SignatureError> {
    sign(ORDER, order.to, order, key)
}

pub fn sign_report(report: &Report, key: &Key) -> Result<Signed, SignatureError> {
    sign(REPORT, report.from, report, key)
}

fn sign(kind: &str, linkage: LinkageId, what: &impl Serialize, key: &Key) -> Result<Signed, SignatureError> {
    let (body, signature) = written(kind, what, key)?;
    Ok(Signed { linkage, body, signature })
}

/// The text of something, and the signature over it.
fn written(kind: &str, what: &impl Serialize, key: &Key) -> Result<(String, String), SignatureError> {
    let body = serde_json::to_string(what).map_err(SignatureError::Unreadable)?;
    let signature = STANDARD.encode(key.sign(&[kind.as_bytes(), body.as_bytes()].concat())?);
    Ok((body, signature))
}

fn verify(kind: &str, body: &str, signature: &str, key: &PublicKey) -> Result<(), SignatureError> {
    let signature = STANDARD.decode(signature).map_err(|_| SignatureError::Signature)?;
    let message = [kind.as_bytes(), body.as_bytes()].concat();
    if key.has_signed(&message, &signature) { Ok(()) } else { Err(SignatureError::Signature) }
}

fn check_clock(at: Timestamp, now: Timestamp) -> Result<(), SignatureError> {
    let seconds = (now.as_micros() - at.as_micros()) / 1_000_000;
    if seconds.abs() > CLOCK_SECONDS_MAX { Err(SignatureError::Clock(seconds)) } else { Ok(()) }
}

/// The orders that were carried out of late, so that none is carried out twice.
#[derive(Debug, Default)]
pub struct Fresh {
    seen: HashMap<Guid, Timestamp>,
}

impl Fresh {
    fn take(&mut self, order: &Order, now: Timestamp) -> Result<(), SignatureError> {
        check_clock(order.at, now)?;
        // An older one is refused by its time.
        self.seen.retain(|_, at| *at > now.plus_seconds(-REMEMBERED_SECONDS));
        if self.seen.len() >= REMEMBERED_MAX || self.seen.insert(order.id, order.at).is_some() {
            return Err(SignatureError::Repeated);
        }
        Ok(())
    }
}

impl Fresh {
    /// What is to be kept for the next start.
    pub fn remembered(&self) -> impl Iterator<Item = (Guid, Timestamp)> {
        self.seen.iter().map(|(id, at)| (*id, *at))
    }
}

impl FromIterator<(Guid, Timestamp)> for Fresh {
    fn from_iter<I: IntoIterator<Item = (Guid, Timestamp)>>(orders: I) -> Self {
        Self { seen: orders.into_iter().collect() }
    }
}

/// Reads an order that this Linkage is to carry out.
pub fn open_order(
    signed: &Signed,
    me: LinkageId,
    manager: &PublicKey,
    fresh: &mut Fresh,
    now: Timestamp,
) -> Result<Order, SignatureError> {
    verify(ORDER, &signed.body, &signed.signature, manager)?;
    let order: Order = serde_json::from_str(&signed.body).map_err(SignatureError::Unreadable)?;
    if order.to != me {
        return Err(SignatureError::Other);
    }
    fresh.take(&order, now)?;
    Ok(order)
}

/// Reads the report of an order.
pub fn open_report(signed: &Signed, order: &Order, linkage: &PublicKey) -> Result<Report, SignatureError> {
    verify(REPORT, &signed.body, &signed.signature, linkage)?;
    let report: Report = serde_json::from_str(&signed.body).map_err(SignatureError::Unreadable)?;
    let is_its = report.from == order.to && report.order == order.id;
    if is_its { Ok(report) } else { Err(SignatureError::Other) }
}

pub fn sign_run_request(request: &RunRequest, key: &Key) -> Result<Signed, SignatureError> {
    sign(RUN, request.from, request, key)
}

/// Reads a run that a Linkage asks for. Whether it did so before is for who begins the run to know.
pub fn open_run_request(
    signed: &Signed,
    linkage: &PublicKey,
    now: Timestamp,
) -> Result<RunRequest, SignatureError> {
    verify(RUN, &signed.body, &signed.signature, linkage)?;
    let request: RunRequest = serde_json::from_str(&signed.body).map_err(SignatureError::Unreadable)?;
    if request.from != signed.linkage {
        return Err(SignatureError::Other);
    }
    check_clock(request.at, now)?;
    Ok(request)
}

/// The managing server signs whom it revoked, so that Linkages can show the list to each other.
pub fn sign_revocations(list: &Revocations, manager: &Key) -> Result<SignedRevocations, SignatureError> {
    let (body, signature) = written(REVOCATIONS, list, manager)?;
    Ok(SignedRevocations { body, signature })
}

pub fn open_revocations(
    signed: &SignedRevocations,
    manager: &PublicKey,
) -> Result<Revocations, SignatureError> {
    verify(REVOCATIONS, &signed.body, &signed.signature, manager)?;
    let list: Revocations = serde_json::from_str(&signed.body).map_err(SignatureError::Unreadable)?;
    if list.linkages.len() > REVOKED_MAX {
        let too_many = format!("it names more than {REVOKED_MAX} Linkages");
        return Err(SignatureError::Unreadable(serde::de::Error::custom(too_many)));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use headwater_api::linkage::{Ask, RunWanted};

    use super::*;

    fn order(at: i64) -> Order {
        Order {
            id: Guid::from_u128(7),
            to: LinkageId::from_u128(1),
            at: Timestamp::from_micros(at * 1_000_000),
            ask: Ask::Identity,
        }
    }

    #[test]
    fn an_order_is_carried_out_once_by_whom_it_is_for() {
        let (manager, other) = (Key::generate().expect("a key"), Key::generate().expect("a key"));
        let now = Timestamp::from_micros(1_000_000_000);
        let me = LinkageId::from_u128(1);
        let signed = sign_order(&order(1000), &manager).expect("signs");
        let mut fresh = Fresh::default();
        let mut open = |signed: &Signed, me| open_order(signed, me, &manager.public(), &mut fresh, now);
        assert!(matches!(open(&signed, LinkageId::from_u128(2)), Err(SignatureError::Other)));
        assert_eq!(open(&signed, me).expect("opens"), order(1000));
        assert!(matches!(open(&signed, me), Err(SignatureError::Repeated)));
        let altered = Signed { body: signed.body.replace("identity", "unpair"), ..signed.clone() };
        assert!(matches!(open(&altered, me), Err(SignatureError::Signature)));
        let strangers = sign_order(&order(1000), &other).expect("signs");
        assert!(matches!(open(&strangers, me), Err(SignatureError::Signature)));
        for (seconds, said) in [(-3 * 3600 - 720, "3 h 12 min ahead of"), (3600, "1 h 0 min behind")] {
            let other = sign_order(&order(1000 + seconds), &manager).expect("signs");
            let refused = open(&other, me).expect_err("is refused");
            assert!(refused.to_string().contains(said), "{refused}");
        }
    }

    #[test]
    fn a_report_is_of_its_order_and_no_order() {
        let key = Key::generate().expect("a key");
        let report =
            Report { order: Guid::from_u128(7), from: LinkageId::from_u128(1), result: Ok(true.into()) };
        let signed = sign_report(&report, &key).expect("signs");
        assert_eq!(open_report(&signed, &order(0), &key.public()).expect("opens"), report);
        let other = Order { id: Guid::from_u128(8), ..order(0) };
        assert!(matches!(open_report(&signed, &other, &key.public()), Err(SignatureError::Other)));
        let list = Revocations { linkages: vec![LinkageId::from_u128(1)] };
        let revoked = sign_revocations(&list, &key).expect("signs");
        assert_eq!(open_revocations(&revoked, &key.public()).expect("opens"), list);
        let emptied = SignedRevocations { body: revoked.body.replace('1', "2"), ..revoked };
        assert!(matches!(open_revocations(&emptied, &key.public()), Err(SignatureError::Signature)));
        let posed = sign_order(&order(0), &key).expect("signs");
        assert!(matches!(open_report(&posed, &order(0), &key.public()), Err(SignatureError::Signature)));
    }

    #[test]
    fn a_run_is_asked_for_by_the_linkage_of_the_server_and_now() {
        let (key, other) = (Key::generate().expect("a key"), Key::generate().expect("a key"));
        let request = RunRequest {
            id: Guid::from_u128(7),
            from: LinkageId::from_u128(1),
            at: Timestamp::EPOCH,
            wanted: RunWanted::default(),
        };
        let signed = sign_run_request(&request, &key).expect("signs");
        let at = |seconds| Timestamp::EPOCH.plus_seconds(seconds);
        assert_eq!(open_run_request(&signed, &key.public(), at(600)).expect("opens"), request);
        let open = |signed: &Signed, key: &Key, now| open_run_request(signed, &key.public(), now);
        assert!(matches!(open(&signed, &key, at(601)), Err(SignatureError::Clock(601))));
        assert!(matches!(open(&signed, &other, at(0)), Err(SignatureError::Signature)));
        let posed = Signed { linkage: LinkageId::from_u128(2), ..signed };
        assert!(matches!(open(&posed, &key, at(0)), Err(SignatureError::Other)));
    }
}
