//! One newtype for each noun that has an identity.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A text that is not a GUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a GUID")]
pub struct IdError(String);

macro_rules! guid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The id of sixteen bytes in the order in which the text names them.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The id of a 128-bit number, as constants are written.
            pub const fn from_u128(value: u128) -> Self {
                Self(Uuid::from_u128(value))
            }

            /// Sixteen bytes in the order in which the text names them.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// Whether this is the GUID of zeros, which the protocols use for "none".
            pub fn is_nil(&self) -> bool {
                self.0.is_nil()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.as_hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// Accepts the hyphenated form in either case, with or without braces.
            fn from_str(text: &str) -> Result<Self, IdError> {
                let trimmed = text.trim();
                let bare = trimmed
                    .strip_prefix('{')
                    .and_then(|inner| inner.strip_suffix('}'))
                    .unwrap_or(trimmed);
                if bare.len() != 36 {
                    return Err(IdError(text.chars().take(64).collect()));
                }
                Uuid::try_parse(bare)
                    .map(Self)
                    .map_err(|_| IdError(text.chars().take(64).collect()))
            }
        }
    };
}

guid_id! {
    /// The id that all revisions of one update share.
    UpdateId
}
guid_id! {
    /// A licence agreement, which several updates may share.
    EulaId
}
guid_id! {
    /// A computer group (*target group* on the wire).
    GroupId
}
guid_id! {
    /// One update server, or one life of it: a restored database is a new server.
    ServerId
}

guid_id! {
    /// One WSUS Linkage, as the managing server and other Linkages name it.
    LinkageId
}
guid_id! {
    /// One host of the managing server: a machine, whatever its update clients were called.
    HostId
}
guid_id! {
    /// A host group of the managing server, from which a computer group may be made.
    HostGroupId
}

guid_id! {
    /// A GUID of the protocols that has no noun of its own here: a fault, one occurrence of an
    /// event, the hardware of a computer.
    Guid
}

/// One revision of one update, as every server of the world names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpdateIdentity {
    pub id: UpdateId,
    pub revision: u32,
}

impl fmt::Display for UpdateIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.id, self.revision)
    }
}

/// The small number by which this server and its agents name a revision
/// ([MS-WUSP] 3.1.1, *RevisionID*). Other servers give other numbers (fact 31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevisionId(pub i32);

impl fmt::Display for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name that an update agent chose for itself: a GUID in practice, any short string by
/// [MS-WUSP] (*ClientIdString*). Compared without regard to case, so kept in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(Box<str>);

/// A text that no agent uses as its id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientIdError {
    #[error("a client id is empty")]
    Empty,
    #[error("a client id has {0} characters, more than {max}", max = ClientId::CHARS_MAX)]
    TooLong(usize),
    #[error("a client id has a control character")]
    Control,
}

impl ClientId {
    /// The longest id that the column and the cookie hold.
    pub const CHARS_MAX: usize = 128;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for ClientId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClientId {
    type Err = ClientIdError;

    fn from_str(text: &str) -> Result<Self, ClientIdError> {
        let text = text.trim();
        let chars = text.chars().count();
        if chars == 0 {
            Err(ClientIdError::Empty)
        } else if chars > Self::CHARS_MAX || text.len() > Self::CHARS_MAX {
            Err(ClientIdError::TooLong(chars))
        } else if text.chars().any(char::is_control) {
            Err(ClientIdError::Control)
        } else {
            Ok(Self(text.to_ascii_lowercase().into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_are_read_in_either_case_and_written_in_lower_case() {
        let upper: UpdateId = "56309036-4C77-4DD9-951A-99EE9C246A94".parse().expect("a GUID");
        assert_eq!(upper.to_string(), "56309036-4c77-4dd9-951a-99ee9c246a94");
        assert_eq!(upper, "{56309036-4c77-4dd9-951a-99ee9c246a94}".parse().expect("a GUID"));
    }

    #[test]
    fn other_texts_are_no_guids() {
        for text in [
            "",
            "x",
            "56309036",
            "56309036-4C77-4DD9-951A-99EE9C246A9Z",
            "urn:uuid:56309036-4c77-4dd9-951a-99ee9c246a94",
        ] {
            assert!(text.parse::<UpdateId>().is_err(), "{text}");
        }
    }

    #[test]
    fn client_ids_have_limits() {
        assert_eq!("ABC".parse::<ClientId>().expect("an id").as_str(), "abc");
        assert_eq!("".parse::<ClientId>(), Err(ClientIdError::Empty));
        assert_eq!("a\u{7}".parse::<ClientId>(), Err(ClientIdError::Control));
        assert!("a".repeat(129).parse::<ClientId>().is_err());
    }
}
