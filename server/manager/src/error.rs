//! What can go wrong, in the words of operators.

use std::error::Error;
use std::fmt;

use headwater_api::linkage::{Failure, FailureKind};
use headwater_link::{DialError, KeyError, PairingError, SignatureError};
use headwater_model::chain;
use headwater_operators::OperatorsError;

/// Why a request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum ManagerError {
    #[error("no WSUS is linked; link the top one with `headwater wsus link`")]
    NotLinked,
    /// The hop that fails, with what it says.
    #[error("{hop} is not reached")]
    NotReached {
        hop: String,
        #[source]
        source: Option<DialError>,
    },
    /// A Linkage of another version, in a sentence; nothing is asked of it.
    #[error("{0}")]
    OtherVersion(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Refused(String),
    /// A WSUS has to end something first.
    #[error("{0}")]
    Busy(String),
    #[error("{0}")]
    Invalid(String),
    /// One thing that was asked for is not accepted.
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error("{server} answers what cannot be believed")]
    Untrusted {
        server: String,
        #[source]
        source: SignatureError,
    },
    #[error("{server} answers what cannot be read")]
    Unreadable {
        server: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("the pairing came to nothing")]
    Pairing(#[from] PairingError),
    #[error("the mirror's {part} cannot be written")]
    Mirror {
        part: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the data folder cannot be written")]
    Record {
        #[source]
        source: std::io::Error,
    },
    #[error("the database failed")]
    Store(#[from] headwater_store::Error),
    #[error(transparent)]
    Operators(#[from] OperatorsError),
    #[error("a key failed")]
    Key(#[from] KeyError),
    #[error("nothing can be signed")]
    Sign(#[from] SignatureError),
    #[error("the system has no randomness")]
    Random,
}

/// Which field of a request is not accepted, by its name in the API, and why.
#[derive(Debug)]
pub struct FieldError {
    pub field: &'static str,
    error: Box<ManagerError>,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for FieldError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

/// Of what kind an error is, for whoever translates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    NotLinked,
    Refused,
    NotFound,
    Invalid,
    /// A hop is not reached.
    NotReached,
    /// A Linkage answers what is not believed or not understood.
    NotUnderstood,
    /// Of this server itself: what is inside stays in its log.
    Internal,
}

impl ManagerError {
    /// Which field of the request is not accepted, where it is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Field(of) => Some(of.field),
            Self::Pairing(PairingError::Code | PairingError::WrongCode) => Some("code"),
            Self::Operators(OperatorsError::Invalid { field, .. }) => Some(field),
            _ => None,
        }
    }

    /// The same, and which field of the request is why.
    pub(crate) fn at(self, field: &'static str) -> Self {
        Self::Field(FieldError { field, error: Box::new(self) })
    }

    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Field(of) => of.error.kind(),
            Self::NotLinked => ErrorKind::NotLinked,
            Self::NotReached { .. } | Self::OtherVersion(_) => ErrorKind::NotReached,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Refused(_) | Self::Busy(_) | Self::Pairing(_) => ErrorKind::Refused,
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Untrusted { .. } | Self::Unreadable { .. } => ErrorKind::NotUnderstood,
            Self::Operators(OperatorsError::Invalid { .. }) => ErrorKind::Invalid,
            Self::Operators(OperatorsError::NotFound(_)) => ErrorKind::NotFound,
            Self::Operators(OperatorsError::Conflict(_)) => ErrorKind::Refused,
            Self::Store(_)
            | Self::Mirror { .. }
            | Self::Record { .. }
            | Self::Operators(_)
            | Self::Key(_)
            | Self::Sign(_)
            | Self::Random => ErrorKind::Internal,
        }
    }

    /// For people: what happened and what to do. What the system or a library said beneath it is for the log.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::NotReached { source: Some(source), .. } => format!("{self}: {source}"),
            Self::NotReached { source: None, .. } => self.to_string(),
            other => chain(other),
        }
    }

    /// What to do that the error does not say itself.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::NotReached {
                source: None | Some(DialError::Silent { .. } | DialError::Broken { .. }),
                ..
            } => "see whether it runs, and whether the firewall lets it be reached",
            Self::Untrusted { .. } => {
                "it signs with another key than the one that it was paired with: let go of it with `headwater wsus \
                 revoke`, and pair it again"
            }
            _ => "",
        }
    }

    /// What happened and what to do, in one.
    pub(crate) fn with_advice(&self) -> String {
        match self.advice() {
            "" => self.in_words(),
            advice => format!("{}: {advice}", self.in_words()),
        }
    }

    /// What a Linkage said of an order.
    pub(crate) fn of(failure: Failure, server: &str) -> Self {
        match failure.kind {
            FailureKind::NotFound => Self::NotFound(failure.detail),
            FailureKind::Busy => Self::Busy(format!("{server}: {}", failure.detail)),
            FailureKind::NotReached => Self::NotReached { hop: server.to_owned(), source: None },
            FailureKind::Refused | FailureKind::Untrusted | FailureKind::Wsus => {
                Self::Refused(format!("{server}: {}", failure.detail))
            }
        }
    }
}
