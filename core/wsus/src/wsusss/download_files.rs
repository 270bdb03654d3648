//! DownloadFiles: a downstream server wants its upstream server to fetch files.

use headwater_model::Sha1Digest;

use super::{Cookie, SERVER_SYNC};
use crate::soap::operations;
use crate::soap::record::record;

/// The most files of one request; one more is a fault, which whoever answers decides.
pub const DOWNLOAD_FILES_ACCEPTED: usize = 100;

record! {
    /// [MS-WSUSSS] 3.1.4.11.2.1 DownloadFiles
    pub struct DownloadFiles {
        "cookie" => cookie: Cookie,
        /// Unknown ones are listed in a fault `FileDigestsMissing`.
        "fileDigestList" => file_digest_list: Vec<Sha1Digest>,
    }

    /// [MS-WSUSSS] 3.1.4.11.2.2 DownloadFilesResponse
    #[derive(Copy, Default)]
    pub struct DownloadFilesResponse {}
}

operations!(SERVER_SYNC; DownloadFiles => DownloadFilesResponse);
