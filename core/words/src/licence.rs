//! How it stands with a licence.

use headwater_api::LicenceTerms;

use crate::moment::minute;

/// `yes, by anna on 2026-11-20 14:00 UTC`
pub fn acceptance(terms: &LicenceTerms) -> String {
    match (terms.accepted, &terms.accepted_by, terms.accepted_at) {
        (false, ..) => "no; before that it is not approved for installation".to_owned(),
        (true, Some(by), Some(at)) => format!("yes, by {by} on {}", minute(at)),
        (true, ..) => "yes".to_owned(),
    }
}
