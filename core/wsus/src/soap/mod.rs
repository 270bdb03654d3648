//! SOAP 1.1 and 1.2 as Microsoft's update services speak it: envelopes, faults, and how values
//! stand in elements.

mod envelope;
mod fault;
mod field;
pub(crate) mod record;
mod respond;
mod text;

pub use envelope::{Envelope, SoapVersion, decode, decode_response};
pub use fault::{ErrorCode, Fault};
pub(crate) use field::lexical_fields;
pub use field::{
    BINARY_BYTES_MAX, ENTRIES_MAX, Field, FromPlainText, Item, Lexical, Structure, TEXT_BYTES_MAX,
};
pub use respond::{Dialect, Sink, encode, encode_request, encode_response};
pub(crate) use respond::{write_piece, write_response};
pub use text::decode_text;

/// Why a message was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the body is not text in {0}")]
    Encoding(String),
    #[error("the document is no SOAP envelope: {0}")]
    Envelope(String),
    #[error("the body of the envelope is empty")]
    EmptyBody,
    #[error("expected the message `{expected}`, found `{found}` of `{namespace}`")]
    OtherMessage { expected: &'static str, found: String, namespace: String },
    #[error("the message is not well formed: {0}")]
    Xml(#[from] headwater_xml::Error),
    #[error("the parameter `{path}` is not valid: {source}")]
    Parameter {
        /// The names of the elements down to the value, such as
        /// `parameters.InstalledNonLeafUpdateIDs` (fact 6).
        path: String,
        source: headwater_xml::Error,
    },
}

impl Error {
    /// The path of the parameter that was refused, which a fault `InvalidParameters` names.
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Self::Parameter { path, .. } => Some(path),
            _ => None,
        }
    }

    /// The same error, seen from the element around.
    pub(crate) fn inside(self, name: &str) -> Self {
        match self {
            Self::Xml(source) => Self::Parameter { path: name.to_owned(), source },
            Self::Parameter { path, source } => Self::Parameter { path: format!("{name}.{path}"), source },
            other => other,
        }
    }
}

/// A web service: whose names its messages have, and how it writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    pub namespace: &'static str,
    /// How its clients write requests.
    pub asks: Dialect,
    /// How it writes responses and faults.
    pub answers: Dialect,
    pub values: Values,
}

/// How the type of a value is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// By the name of its element.
    NamedByElements,
    /// Some by `xsi:type`: a name whose prefix has to be resolved.
    NameTheirTypes,
}

impl Service {
    /// The value of the header `SOAPAction` for an operation, without its quotes.
    pub fn action(&self, operation: &str) -> String {
        format!("{}/{operation}", self.namespace)
    }
}

/// What stands first in the body of an envelope.
pub trait Message: Structure + std::fmt::Debug {
    const SERVICE: Service;
    /// The local name of the element.
    const NAME: &'static str;
}

/// A message that asks for another.
pub trait Request: Message {
    type Response: Message;

    /// The value of the header `SOAPAction`, without its quotes.
    fn action() -> String {
        Self::SERVICE.action(Self::NAME)
    }
}

/// Declares the two messages of operations.
macro_rules! operations {
    ($service:expr; $($request:ident => $response:ident),* $(,)?) => {$(
        impl $crate::soap::Message for $request {
            const SERVICE: $crate::soap::Service = $service;
            const NAME: &'static str = stringify!($request);
        }

        impl $crate::soap::Message for $response {
            const SERVICE: $crate::soap::Service = $service;
            const NAME: &'static str = stringify!($response);
        }

        impl $crate::soap::Request for $request {
            type Response = $response;
        }
    )*};
}
pub(crate) use operations;
