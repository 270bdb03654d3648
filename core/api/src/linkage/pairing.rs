//! How a managing server and a Linkage come to know each other's keys, by a code that a person carries.
//!
//! Both sides run SPAKE2 over the code, so that whoever stands between learns nothing from one try, and
//! each shows by the secret of the exchange that what it sends is its own: the Linkage its public key, the
//! managing server its authority and the certificate that it issued. None of it is secret.

use headwater_model::LinkageId;
use serde::{Deserialize, Serialize};

use super::PROTOCOL;
use crate::text;

/// What a Linkage tells anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Always `headwater linkage`.
    pub product: String,
    /// The version of the messages.
    pub protocol: u32,
    /// Of the software, such as `0.1.0`.
    pub version: String,
    #[serde(with = "text")]
    pub linkage: LinkageId,
    /// Whether it has a managing server.
    pub paired: bool,
}

impl About {
    pub const PRODUCT: &str = "headwater linkage";

    pub fn speaks(&self) -> LinkVersion {
        LinkVersion { protocol: self.protocol, software: self.version.clone() }
    }
}

/// Of which version a Linkage is. One that does not say is older than this.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkVersion {
    /// Of the messages.
    pub protocol: u32,
    /// Of the software, such as `0.1.0`.
    pub software: String,
}

/// Longer than any version is written.
const SOFTWARE_CHARS_MAX: usize = 32;

impl LinkVersion {
    /// Of this program.
    pub fn own() -> Self {
        Self { protocol: PROTOCOL, software: env!("CARGO_PKG_VERSION").to_owned() }
    }

    /// As a stranger tells it, who may write anything into it.
    pub fn harmless(&self) -> Self {
        let software =
            self.software.chars().filter(|one| !one.is_control()).take(SOFTWARE_CHARS_MAX).collect();
        Self { protocol: self.protocol, software }
    }

    /// Why `who`, who is of this version, is not understood by `here`, who is of this program's; absent when it is.
    pub fn refusal(&self, who: &str, here: &str) -> Option<String> {
        let own = Self::own();
        if self.protocol == own.protocol {
            return None;
        }
        let theirs = match self.software.as_str() {
            "" => "an earlier version".to_owned(),
            software => format!("version {software} (messages {})", self.protocol),
        };
        Some(format!(
            "{who} is of {theirs} and {here} of version {} (messages {}): bring both to the same one",
            own.software, own.protocol
        ))
    }
}

/// One step of the managing server. Bytes are in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum Pairing {
    /// The first message of SPAKE2.
    Begin { message: String },
    /// What the Linkage keeps from now on, shown to be the managing server's by `proof`.
    Finish {
        /// The certificate of the managing server's authority, DER.
        authority: String,
        /// The public key of that authority, which also signs orders.
        key: String,
        /// The Linkage's certificate, DER.
        certificate: String,
        /// The name of the managing server, for people.
        manager: String,
        proof: String,
    },
}

/// What the Linkage answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum PairingAnswer {
    Begun {
        #[serde(with = "text")]
        linkage: LinkageId,
        /// The second message of SPAKE2.
        message: String,
        /// Its public key (P-256, uncompressed point), shown to be its own by `proof`.
        key: String,
        proof: String,
    },
    Finished,
    /// In a sentence; among them that the code is wrong.
    Refused {
        reason: String,
    },
}
