//! The terms of a licence.

use headwater_model::{EulaId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::text;

/// Which text of a licence is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicenceQuery {
    /// Such as `de` or `pt-br`; without it, or where there are no terms in it, the update's own language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// The licence terms of an update, to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceTerms {
    /// Of the licence, which other updates may have too.
    #[serde(with = "text")]
    pub id: EulaId,
    pub accepted: bool,
    /// Who accepted it on this server, and when; absent where a server above told of it, an approval meant it, or a
    /// Microsoft WSUS does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub accepted_at: Option<Timestamp>,
    /// Of the text, in lower case; absent where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// In which there are terms; none where a Microsoft WSUS does not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Lines that end in `\n`, of a file of at most 1 MiB; never empty. Absent where `missing` says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Why there is no text now, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}
