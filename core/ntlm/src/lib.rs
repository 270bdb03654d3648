//! The client's side of NTLMv2 over HTTP ([MS-NLMP], [MS-NTHT]), towards the administration service of
//! a Microsoft WSUS, which takes nothing else without Kerberos.
//!
//! Three messages on one connection, which is what they authenticate: [`negotiate`], the server's
//! [`Challenge`], and [`Challenge::answer`]. [`header`] has their form in HTTP. Nothing is signed or
//! sealed afterwards, so no key is exchanged. There is no LM response, of either version, and no
//! NTLMv1. Nothing here accepts NTLM, and nothing of ours asks for it (threat A3).

mod account;
mod answer;
mod bindings;
mod challenge;
pub mod header;
mod keys;
mod negotiate;
pub mod oracle;
#[cfg(test)]
mod specification_tests;
mod target_info;

pub use account::{Account, Password, ServiceName};
pub use answer::Login;
pub use bindings::ChannelBindings;
pub use challenge::{CHALLENGE_BYTES_MAX, Challenge};
pub use negotiate::negotiate;

/// A challenge that is not answered, or a name that no message can carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NtlmError {
    #[error("the server's challenge is not in Base64")]
    NotBase64,
    #[error("the server's challenge has more than {CHALLENGE_BYTES_MAX} bytes")]
    ChallengeTooLarge,
    #[error("the server's message is no NTLM challenge")]
    NotAChallenge,
    #[error("the {field} of the server's challenge lies outside of it")]
    OutOfBounds { field: &'static str },
    #[error("the server does not speak Unicode")]
    NotUnicode,
    #[error("the server's challenge has no target information, so the answer could be used elsewhere")]
    NoTargetInfo,
    #[error("the target information of the server's challenge is cut off")]
    TargetInfoCutOff,
    #[error("the target information of the server's challenge has attribute {id} twice")]
    RepeatedAttribute { id: u16 },
    #[error("attribute {id} of the server's challenge has {bytes} bytes instead of {expected_bytes}")]
    AttributeLength { id: u16, bytes: usize, expected_bytes: usize },
    #[error("the account has no user name")]
    NoUser,
    #[error("the {name} has more than {units_max} characters")]
    NameTooLong { name: &'static str, units_max: usize },
}
