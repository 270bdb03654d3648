//! GetUpdateDecryptionData: the keys of encrypted files (fact 63).

use headwater_model::{Sha1Digest, UpdateIdentity};

use super::{Cookie, SERVER_SYNC};
use crate::soap::operations;
use crate::soap::record::record;

/// Files of one update.
const FILES_MAX: usize = 100_000;

record! {
    /// [MS-WSUSSS] 3.1.4.18.2.1 GetUpdateDecryptionData
    pub struct GetUpdateDecryptionData {
        "cookie" => cookie: Cookie,
        /// As many as GetConfigData allows; counted by whoever answers.
        "updateIds" => update_ids: Vec<UpdateIdentity>,
    }

    /// [MS-WSUSSS] 3.1.4.18.2.2 GetUpdateDecryptionDataResponse
    pub struct GetUpdateDecryptionDataResponse {
        "GetUpdateDecryptionDataResult" => result: ServerDecryptionData,
    }

    /// [MS-WSUSSS] 3.1.4.18.3.1 ServerDecryptionData
    #[derive(Default)]
    pub struct ServerDecryptionData {
        "UpdateFileDecryptionData" => update_file_decryption_data: Vec<ServerSyncUpdateFileDecryption>,
    }

    /// [MS-WSUSSS] 3.1.4.18.3.3 ServerSyncUpdateFileDecryption
    pub struct ServerSyncUpdateFileDecryption: "ServerSyncUpdateFileDecryption" {
        "UpdateId" => update_id: UpdateIdentity,
        "FileDecryptionData" => file_decryption_data: Vec<ServerSyncFileDecryption> [max FILES_MAX],
    }

    /// [MS-WSUSSS] 3.1.4.18.3.5 ServerSyncFileDecryption
    pub struct ServerSyncFileDecryption: "ServerSyncFileDecryption" {
        "FileDigest" => file_digest: Sha1Digest,
        /// Absent for a file that is not encrypted.
        "DecryptionKey" => decryption_key: Option<Vec<u8>>,
    }
}

operations!(SERVER_SYNC; GetUpdateDecryptionData => GetUpdateDecryptionDataResponse);
