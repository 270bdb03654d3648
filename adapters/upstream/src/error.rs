//! What can go wrong between here and an upstream server.

use std::io;
use std::time::Duration;

use headwater_wsus::soap::{self, ErrorCode, Fault};
use http::StatusCode;

/// Why an upstream server was not asked, or gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("`{url}` is no upstream server: {reason}")]
    Address { url: String, reason: &'static str },
    #[error("the authority's certificates cannot be used: {0}")]
    Trust(String),
    #[error("it cannot be reached")]
    Connect(#[source] io::Error),
    #[error("its certificate was not accepted, or it does not speak TLS")]
    Tls(#[source] io::Error),
    #[error("the connection broke")]
    Broken(#[from] hyper::Error),
    #[error("it was silent for {} seconds after {operation}", .waited.as_secs())]
    Silent { operation: &'static str, waited: Duration },
    #[error("its answer to {operation} took longer than {} minutes", .allowed.as_secs() / 60)]
    Slow { operation: &'static str, allowed: Duration },
    #[error("its answer to {operation} has more than {bytes_max} bytes")]
    TooLong { operation: &'static str, bytes_max: usize },
    #[error("it answered {operation} with HTTP status {status}")]
    Status { operation: &'static str, status: StatusCode },
    #[error("its answer to {operation} is encoded in a way that was not asked for, or badly")]
    Encoding { operation: &'static str },
    #[error("its answer to {operation} cannot be understood: {source}")]
    Message { operation: &'static str, source: soap::Error },
    #[error("it refused {operation}: {}", words(.fault))]
    Fault { operation: &'static str, fault: Box<Fault> },
    /// What was learnt of it before is void ([MS-WSUSSS] 2.2.9.3).
    #[error("it is another server than before")]
    ServerChanged,
    #[error("{0}")]
    Unsuitable(&'static str),
}

/// The outcome of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

fn words(fault: &Fault) -> String {
    let message: String = fault.message.chars().take(200).collect();
    match fault.code {
        Some(code) if message.is_empty() => code.to_string(),
        Some(code) => format!("{code}, {message}"),
        None if message.is_empty() => "a fault without a reason".to_owned(),
        None => message,
    }
}

impl Error {
    /// Whether the server refuses what was asked for, and might give a part of it (fact 47).
    pub fn refuses_request(&self) -> bool {
        let Self::Fault { fault, .. } = self else { return false };
        matches!(fault.code, None | Some(ErrorCode::InternalServerError | ErrorCode::InvalidParameters))
    }

    /// Whether the server refuses the id of this one ([MS-WSUSSS] 3.1.4.2, *accountGuid*).
    pub fn refuses_our_id(&self) -> bool {
        matches!(self, Self::Fault { fault, .. } if fault.message == "accountGuid")
    }

    /// Whether the server refuses a parameter, such as an anchor that it does not know (fact 45).
    pub fn refuses_parameter(&self) -> bool {
        self.code() == Some(ErrorCode::InvalidParameters)
    }

    pub(crate) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Fault { fault, .. } => fault.code,
            _ => None,
        }
    }
}
