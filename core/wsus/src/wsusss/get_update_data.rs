//! GetUpdateData: whole update documents.

use headwater_model::{Sha1Digest, UpdateIdentity};

use super::{Cookie, SERVER_SYNC};
use crate::soap::operations;
use crate::soap::record::record;

/// Files of one response. One update may have some thousand.
const FILES_MAX: usize = 1_000_000;
/// A document as text. Those of more than 5,120 bytes come compressed (fact 48), by other servers
/// perhaps not.
const DOCUMENT_BYTES_MAX: usize = 96 << 20;
/// A document in its cabinet. Documents of 47 MB shrink to a few.
const CABINET_BYTES_MAX: usize = 64 << 20;

record! {
    /// [MS-WSUSSS] 3.1.4.6.2.1 GetUpdateData
    pub struct GetUpdateData {
        "cookie" => cookie: Cookie,
        /// From 101 on the request is refused (fact 47), by whoever answers it.
        "updateIds" => update_ids: Vec<UpdateIdentity>,
    }

    /// [MS-WSUSSS] 3.1.4.6.2.2 GetUpdateDataResponse
    pub struct GetUpdateDataResponse {
        "GetUpdateDataResult" => result: ServerUpdateData,
    }

    /// [MS-WSUSSS] 3.1.4.6.3.1 ServerUpdateData
    #[derive(Default)]
    pub struct ServerUpdateData {
        /// May be fewer than were asked for (fact 47).
        "updates" => updates: Vec<ServerSyncUpdateData>,
        "fileUrls" => file_urls: Vec<ServerSyncUrlData> [max FILES_MAX],
    }

    /// [MS-WSUSSS] 3.1.4.6.3.3 ServerSyncUpdateData
    pub struct ServerSyncUpdateData: "ServerSyncUpdateData" {
        "Id" => id: UpdateIdentity,
        /// The document, where it is short.
        "XmlUpdateBlob" => xml_update_blob: Option<String> [max DOCUMENT_BYTES_MAX],
        "FileDigestList" => file_digest_list: Vec<Sha1Digest> [max FILES_MAX, omit blank],
        /// Or else a cabinet around it (fact 48).
        "XmlUpdateBlobCompressed" => xml_update_blob_compressed: Option<Vec<u8>> [max CABINET_BYTES_MAX],
    }

    /// [MS-WSUSSS] 3.1.4.6.3.5 ServerSyncUrlData
    pub struct ServerSyncUrlData: "ServerSyncUrlData" {
        "FileDigest" => file_digest: Sha1Digest,
        /// Where Microsoft has the file.
        "MUUrl" => mu_url: Option<String>,
        /// There and empty.
        "UssUrl" => uss_url: Option<String>,
        "DecryptionKey" => decryption_key: Option<Vec<u8>>,
    }
}

operations!(SERVER_SYNC; GetUpdateData => GetUpdateDataResponse);
