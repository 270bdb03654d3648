//! Who somebody is by a certificate.

use headwater_model::LinkageId;

/// One of those who have a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    Manager,
    Linkage(LinkageId),
}

impl Party {
    /// The name in its certificate, in a domain that nobody can own.
    pub fn name(&self) -> String {
        match self {
            Self::Manager => "manager.headwater.internal".to_owned(),
            Self::Linkage(id) => format!("{id}.linkage.headwater.internal"),
        }
    }
}
