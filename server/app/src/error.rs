//! What can go wrong, in the words of those who asked: agents and administrators.

use headwater_model::{Sha1Digest, UpdateIdentity};
use headwater_policy::rollup::TreeError;

use crate::cookie::CookieError;

/// Why the call of an agent or of a downstream server was refused; the protocols' error codes
/// ([MS-WUSP] 2.2.2.4, [MS-WSUSSS] 2.2.9.3).
#[derive(Debug, thiserror::Error)]
pub enum ClientFault {
    #[error("the cookie cannot be decrypted")]
    InvalidCookie,
    #[error("the authorization cookie is not valid")]
    InvalidAuthorizationCookie,
    #[error("the cookie has expired")]
    CookieExpired,
    #[error("this is another server than the one that gave the cookie")]
    ServerChanged,
    #[error("the configuration has changed")]
    ConfigChanged,
    #[error("the computer is not registered")]
    RegistrationRequired,
    #[error("`{0}` is not valid")]
    InvalidParameters(&'static str),
    #[error("the versions of the protocol do not fit")]
    IncompatibleProtocolVersion,
    #[error("the catalogue has no revision {0}")]
    UnknownRevision(UpdateIdentity),
    #[error("no update has {} of the files", .0.len())]
    FileDigestsMissing(Vec<Sha1Digest>),
    #[error("a rollup is refused")]
    Rollup(#[from] TreeError),
    #[error("the server is too busy")]
    ServerBusy,
    #[error("the server failed")]
    Internal(#[from] AppError),
}

impl From<CookieError> for ClientFault {
    fn from(error: CookieError) -> Self {
        match error {
            CookieError::Invalid => Self::InvalidCookie,
            CookieError::ServerChanged => Self::ServerChanged,
        }
    }
}

/// Why an administrator's request or background work failed.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Refused(String),
    /// Something has to end before; the same may be done then.
    #[error("{0}")]
    Busy(String),
    #[error("{0}")]
    Invalid(String),
    #[error("the database failed")]
    Store(#[from] headwater_store::Error),
    #[error("the fragment file failed")]
    Fragments(#[from] headwater_fragments::Error),
    #[error("the content folder failed")]
    Content(#[from] headwater_content::Error),
    #[error("the package cannot be read")]
    Package(#[from] headwater_packages::PackageError),
    #[error("`{path}` failed")]
    Io { path: String, source: std::io::Error },
    #[error(transparent)]
    Operators(#[from] headwater_operators::OperatorsError),
    #[error("{0}")]
    Internal(&'static str),
}
