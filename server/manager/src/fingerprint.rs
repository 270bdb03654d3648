//! What two values have in common exactly when they are the same.

use headwater_model::Sha256Digest;
use ring::digest::{SHA256, digest};
use serde::Serialize;

/// The digest of a value as JSON.
pub(crate) fn fingerprint(value: &impl Serialize) -> Sha256Digest {
    let json = serde_json::to_vec(value).unwrap_or_default();
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, &json).as_ref());
    Sha256Digest(bytes)
}
