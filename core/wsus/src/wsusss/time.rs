//! Times that may be none. The protocol has dates for that (fact 60), which are no dates to us.

use std::fmt::Display;

use headwater_model::Timestamp;
use headwater_xml::Error as XmlError;

use crate::soap::{Lexical, lexical_fields};

/// What stands for no deadline, to the last of Microsoft's digits and without a zone.
pub(super) const END_OF_TIME: &str = "9999-12-31T23:59:59.9999999";
/// What stands for never.
const NEVER: &str = "1753-01-01T00:00:00Z";
/// What else the samples of [MS-WSUSSS] 4 have for never.
const BEGINNING_OF_TIME: &str = "0001-01-01T00:00:00Z";

/// [MS-WSUSSS] 3.1.4.10.3.5 ServerSyncDeployment, *Deadline*
///
/// `None` is no deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(pub Option<Timestamp>);

/// [MS-WSUSSS] 3.1.4.14.3.2 DownstreamServerRollupInfo, *LastSyncTime*, and times like it
///
/// `None` is never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastTime(pub Option<Timestamp>);

/// Whether two texts name the same second, whatever follows it.
fn same_second(text: &str, other: &str) -> bool {
    const SECOND_BYTES: usize = "1753-01-01T00:00:00".len();
    text.trim().get(..SECOND_BYTES) == other.get(..SECOND_BYTES)
}

impl Lexical for Deadline {
    fn parse(name: &'static str, text: &str, max: usize) -> Result<Self, XmlError> {
        if same_second(text, END_OF_TIME) {
            return Ok(Self(None));
        }
        Timestamp::parse(name, text, max).map(|time| Self(Some(time)))
    }

    fn display(&self) -> impl Display {
        self.0.map_or_else(|| END_OF_TIME.to_owned(), |time| time.to_string())
    }
}

impl Lexical for LastTime {
    fn parse(name: &'static str, text: &str, max: usize) -> Result<Self, XmlError> {
        if same_second(text, NEVER) || same_second(text, BEGINNING_OF_TIME) {
            return Ok(Self(None));
        }
        Timestamp::parse(name, text, max).map(|time| Self(Some(time)))
    }

    fn display(&self) -> impl Display {
        self.0.map_or_else(|| NEVER.to_owned(), |time| time.to_string())
    }
}

lexical_fields!(Deadline, LastTime);
