//! Why a request was refused (RFC 9457).

use serde::{Deserialize, Serialize};

/// The body of every answer with a status of 400 or more, as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The kind of problem, stable for programs: a URI reference such as `/problems/group-exists`,
    /// or `about:blank` when the status says it all.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// The kind in a few words, the same for every problem of this kind.
    pub title: String,
    /// The HTTP status, repeated.
    pub status: u16,
    /// What happened to what, and what to do: one or two sentences for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Problem {
    pub const MEDIA_TYPE: &str = "application/problem+json";
}

fn about_blank() -> String {
    "about:blank".into()
}
