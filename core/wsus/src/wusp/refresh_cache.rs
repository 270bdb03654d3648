//! RefreshCache: which numbers this server gives to updates that a computer knows already.

use headwater_model::UpdateIdentity;

use super::{CLIENT, Cookie, Deployment};
use crate::soap::operations;
use crate::soap::record::record;

/// Agents send 200 at a time (fact 29).
const IDENTITIES_MAX: usize = 10_000;

record! {
    /// [MS-WUSP] 2.2.2.2.5 RefreshCache, request
    pub struct RefreshCache {
        "cookie" => cookie: Cookie,
        "globalIDs" => global_ids: Vec<UpdateIdentity> [max IDENTITIES_MAX],
    }

    /// [MS-WUSP] 2.2.2.2.5 RefreshCache, response
    pub struct RefreshCacheResponse {
        /// Without revisions that are deployed as members only (fact 29).
        "RefreshCacheResult" => results: Vec<RefreshCacheResult> [max IDENTITIES_MAX],
    }

    /// [MS-WUSP] 2.2.2.2.5 RefreshCacheResult
    pub struct RefreshCacheResult: "RefreshCacheResult" {
        "RevisionID" => revision_id: i32,
        "GlobalID" => global_id: UpdateIdentity,
        "IsLeaf" => is_leaf: bool,
        "Deployment" => deployment: Deployment,
    }
}

operations!(CLIENT; RefreshCache => RefreshCacheResponse);
