//! What can go wrong between here and the service of a server.

use std::io;
use std::time::Duration;

use headwater_ntlm::NtlmError;
use headwater_wsus::soap;
use headwater_wsus::wsusar::RowError;
use http::StatusCode;

use crate::Address;

/// The outcome of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a server was not asked, or gave no answer that can be used. *It* is the server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("`{url}` is no address of a WSUS: {reason}")]
    Address { url: String, reason: &'static str },
    #[error("the authority's certificates cannot be used: {0}")]
    Trust(String),
    #[error("the account cannot be used: {0}")]
    Credentials(&'static str),
    #[error("nothing was sent to {address}: {what}")]
    PlainHttp { address: Address, what: &'static str },

    #[error("it cannot be reached")]
    Connect(#[source] io::Error),
    #[error("its certificate was not accepted, or it does not speak TLS")]
    Tls(#[source] io::Error),
    /// Before an answer began. Whether a write was carried out is not known.
    #[error("the connection broke before it answered {operation}")]
    Broken { operation: &'static str, source: hyper::Error },
    #[error("its answer to {operation} ends after {bytes} bytes, before it is whole")]
    CutOff { operation: &'static str, bytes: usize, source: hyper::Error },
    /// Whether a write was carried out is not known.
    #[error("it was silent for {} seconds after {operation}", .waited.as_secs_f32())]
    Silent { operation: &'static str, waited: Duration },
    #[error("its answer to {operation} took longer than {} seconds", .allowed.as_secs_f32())]
    Slow { operation: &'static str, allowed: Duration },
    #[error("its answer to {operation} has more than {bytes_max} bytes")]
    TooLong { operation: &'static str, bytes_max: usize },

    #[error("it does not take NTLM; it offers {offered}")]
    NtlmNotOffered { offered: String },
    #[error("its challenge is not answered")]
    Ntlm(#[source] NtlmError),
    #[error("it closed the connection in the middle of the login")]
    LoginCutOff,
    #[error("it does not accept {account}")]
    AccountRefused { account: String },
    #[error("it lets nobody in who comes this way: it answered {operation} with HTTP status 403")]
    Forbidden { operation: &'static str },
    #[error("{account} has no role in this WSUS")]
    NoRole { account: String },
    #[error("{account} has no right to {operation}: {reason}")]
    NotPermitted { operation: &'static str, account: String, reason: String },
    /// Nothing was sent.
    #[error("{account} may only read, so {operation} was not asked for")]
    ReadOnly { operation: &'static str, account: String },
    /// Nothing was sent.
    #[error("it is a replica, whose upstream server would undo it, so {operation} was not asked for")]
    Replica { operation: &'static str },
    #[error("it refused {operation}: {reason}")]
    Refused { operation: &'static str, reason: String },

    #[error("there is no WSUS: it answered {operation} with HTTP status {status}")]
    NotWsus { operation: &'static str, status: StatusCode },
    #[error("it answered {operation} with HTTP status {status}")]
    Status { operation: &'static str, status: StatusCode },
    #[error("its answer to {operation} is encoded in a way that was not asked for")]
    Encoding { operation: &'static str },
    #[error("its answer to {operation} is no SOAP: {source}")]
    NotSoap { operation: &'static str, source: soap::Error },
    #[error("its answer to {operation} cannot be understood: {source}")]
    Message { operation: &'static str, source: soap::Error },
    #[error("its answer to {operation} cannot be understood: {source}")]
    Row { operation: &'static str, source: RowError },
    #[error("its answer to {operation} has {found} {what}, expected {expected}")]
    Count { operation: &'static str, what: &'static str, found: usize, expected: usize },
    #[error("its answer to {operation} has no {name} that can be: {found}")]
    Value { operation: &'static str, name: &'static str, found: String },
}

impl Error {
    /// What to do about it, as a sentence without its full stop; `None` where the error says all.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::Connect(_) => {
                "check name and port, usually 8530 or with TLS 8531, the firewall, and that IIS runs there"
            }
            Self::Tls(_) => "name the authority that signed its certificate, and the name in it",
            Self::PlainHttp { .. } => {
                "set up TLS there, as `wsusutil configuressl` does, and use its https address"
            }
            Self::Broken { .. } | Self::Silent { .. } | Self::CutOff { .. } => {
                "look whether it was done, then try again"
            }
            Self::NtlmNotOffered { .. } => {
                "turn on Windows authentication with NTLM for ApiRemoting30 in IIS, or use a token if it is Headwater's"
            }
            Self::LoginCutOff => "NTLM needs one connection: go around the proxy or load balancer in between",
            Self::AccountRefused { .. } => {
                "check domain, user and password, and that the account is not locked or expired"
            }
            Self::Forbidden { .. } => "check in IIS whether it asks for TLS or restricts addresses",
            Self::NoRole { .. } => {
                "add the account to the group WSUS Administrators on that server, or to WSUS Reporters to read only"
            }
            Self::NotPermitted { .. } | Self::ReadOnly { .. } => {
                "add the account to the group WSUS Administrators on that server"
            }
            Self::Replica { .. } => "do it on its upstream server, and synchronise",
            Self::NotWsus { .. } | Self::NotSoap { .. } => {
                "check the address: WSUS usually has port 8530, or 8531 with TLS"
            }
            Self::Status { status, .. } if *status == StatusCode::SERVICE_UNAVAILABLE => {
                "start its application pool WsusPool, and give it more memory if it stopped by itself"
            }
            Self::Row { .. } | Self::Count { .. } | Self::Message { .. } => {
                "this WSUS may be of a version that is not known here: report its version and these words"
            }
            _ => return None,
        })
    }
}
