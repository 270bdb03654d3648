//! Why a request came to nothing.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use headwater_api::Problem;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{url}` is not the address of a server: {reason}")]
    Address { url: String, reason: &'static str },
    #[error("{url} is unprotected: the token would be readable on the way; use https://")]
    Unprotected { url: String },
    #[error("the CA certificate cannot be read: it is not PEM")]
    Authority,
    #[error("the token has characters that no token has")]
    Token,
    /// No connection, or one that broke.
    #[error("{url} cannot be reached: {reason}")]
    Unreachable { url: String, reason: String },
    /// The server did not prove that it is the one that was named.
    #[error("{url} cannot be trusted: {reason}")]
    Untrusted { url: String, reason: String },
    /// The server refused, and said why.
    #[error("{}", said(.0))]
    Refused(Box<Problem>),
    /// An answer that Headwater does not give.
    #[error("{url} does not answer as Headwater does: {reason}")]
    Foreign { url: String, reason: String },
    /// Something on this machine could not be read.
    #[error("{} cannot be read: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} cannot be imported: {reason}", path.display())]
    Folder { path: PathBuf, reason: String },
}

/// The detail where there is one, as the title alone tells nothing about what and why.
fn said(problem: &Problem) -> String {
    if problem.detail.is_empty() {
        format!("{} (status {})", problem.title, problem.status)
    } else {
        problem.detail.clone()
    }
}

impl Error {
    /// What a failed exchange means.
    pub(crate) fn from_exchange(url: &str, error: ureq::Error) -> Self {
        let url = url.to_owned();
        let reason = match error {
            ureq::Error::HostNotFound => "no machine has that name".to_owned(),
            ureq::Error::Timeout(_) => "it did not answer in time".to_owned(),
            ureq::Error::Rustls(error) => return Self::Untrusted { url, reason: distrust(&error) },
            ureq::Error::Io(error) => return Self::from_io(url, error),
            ureq::Error::BodyExceedsLimit(_) => {
                return Self::Foreign { url, reason: "the answer is too long".to_owned() };
            }
            ureq::Error::Protocol(error) => return Self::Foreign { url, reason: error.to_string() },
            error => error.to_string(),
        };
        Self::Unreachable { url, reason }
    }

    /// A handshake that fails arrives as an I/O error that wraps the cause.
    pub(crate) fn from_io(url: String, error: io::Error) -> Self {
        if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Self::Untrusted { url, reason: distrust(error) };
        }
        if let Some(ureq::Error::BodyExceedsLimit(_)) = error.get_ref().and_then(|inner| inner.downcast_ref())
        {
            return Self::Foreign { url, reason: "the answer is too long".to_owned() };
        }
        let reason = match error.kind() {
            io::ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => "the connection broke off".to_owned(),
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "it did not answer in time".to_owned(),
            _ => error.source().map_or_else(|| error.to_string(), ToString::to_string),
        };
        Self::Unreachable { url, reason }
    }
}

fn distrust(error: &rustls::Error) -> String {
    use rustls::CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext, UnknownIssuer,
    };
    match error {
        rustls::Error::InvalidCertificate(UnknownIssuer | BadSignature) => {
            "no CA that is trusted here signed its certificate".to_owned()
        }
        rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
            "its certificate is for another name".to_owned()
        }
        rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. }) => {
            "its certificate has expired".to_owned()
        }
        error => error.to_string(),
    }
}
