//! GetFileLocations: where files are now.

use headwater_model::Sha1Digest;

use super::{CLIENT, Cookie, FileLocation};
use crate::soap::operations;
use crate::soap::record::record;

/// Files of one request. One update may have some thousand.
const FILES_MAX: usize = 100_000;

record! {
    /// [MS-WUSP] 2.2.2.2.7 GetFileLocations, request
    pub struct GetFileLocations {
        "cookie" => cookie: Cookie,
        "fileDigests" => file_digests: Vec<Sha1Digest> [max FILES_MAX],
    }

    /// [MS-WUSP] 2.2.2.2.7 GetFileLocations, response
    pub struct GetFileLocationsResponse {
        "GetFileLocationsResult" => result: GetFileLocationsResults,
    }

    /// [MS-WUSP] 2.2.2.2.7 GetFileLocationsResults
    pub struct GetFileLocationsResults {
        "FileLocations" => file_locations: Vec<FileLocation> [max FILES_MAX],
        "NewCookie" => new_cookie: Option<Cookie>,
    }
}

operations!(CLIENT; GetFileLocations => GetFileLocationsResponse);
