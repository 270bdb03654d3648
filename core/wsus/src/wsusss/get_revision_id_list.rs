//! GetRevisionIdList: which revisions are new.

use headwater_model::{UpdateId, UpdateIdentity};

use super::{Cookie, SERVER_SYNC};
use crate::soap::operations;
use crate::soap::record::record;

/// Categories, classifications or languages of a filter; a catalogue has some hundred products.
const FILTERS_MAX: usize = 10_000;
/// Revisions of one response, which has no pages. One product had 24,509 (fact 46).
const REVISIONS_MAX: usize = 2_000_000;

record! {
    /// [MS-WSUSSS] 3.1.4.5.2.1 GetRevisionIdList
    pub struct GetRevisionIdList {
        "cookie" => cookie: Cookie,
        "filter" => filter: ServerSyncFilter,
    }

    /// [MS-WSUSSS] 3.1.4.5.2.2 GetRevisionIdListResponse
    pub struct GetRevisionIdListResponse {
        "GetRevisionIdListResult" => result: RevisionIdList,
    }

    /// [MS-WSUSSS] 3.1.4.5.3.1 ServerSyncFilter
    #[derive(Default)]
    pub struct ServerSyncFilter {
        /// What the last response said. A bad one is an error of the parameter `filter` (fact 45).
        "Anchor" => anchor: Option<String> [max super::ANCHOR_BYTES_MAX],
        /// Whether categories and detectoids are asked for, and not updates.
        "GetConfig" => get_config: bool,
        "Get63LanguageOnly" => get_63_language_only: Option<bool>,
        /// Selects together with the classifications, never alone (fact 46).
        "Categories" => categories: Vec<IdAndDelta> [max FILTERS_MAX, omit blank],
        "Classifications" => classifications: Vec<IdAndDelta> [max FILTERS_MAX, omit blank],
        "Languages" => languages: Vec<LanguageAndDelta> [max FILTERS_MAX, omit blank],
    }

    /// [MS-WSUSSS] 3.1.4.5.3.3 IdAndDelta
    pub struct IdAndDelta: "IdAndDelta" {
        "Id" => id: UpdateId,
        /// Whether only what is newer than the anchor is asked for.
        "Delta" => delta: bool,
    }

    /// [MS-WSUSSS] 3.1.4.5.3.5 LanguageAndDelta
    pub struct LanguageAndDelta: "LanguageAndDelta" {
        /// An LCID.
        "Id" => id: i32,
        "Delta" => delta: bool,
    }

    /// [MS-WSUSSS] 3.1.4.5.3.6 RevisionIdList
    pub struct RevisionIdList {
        "Anchor" => anchor: String [max super::ANCHOR_BYTES_MAX] = String::new(),
        /// The configuration repeats ids, with several revisions (fact 46).
        "NewRevisions" => new_revisions: Vec<UpdateIdentity> [max REVISIONS_MAX],
    }
}

operations!(SERVER_SYNC; GetRevisionIdList => GetRevisionIdListResponse);
