//! What the server answered.

use headwater_api::Caveat;

/// A value and the very JSON that it was read from, for those who pass it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    pub value: T,
    pub json: String,
    /// How far it may be taken.
    pub caveat: Caveat,
}
