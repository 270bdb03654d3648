//! GetExtendedUpdateInfo2: the same by global ids, with the keys of encrypted files (fact 63).

use std::fmt::Display;

use headwater_model::{Sha1Digest, UpdateIdentity};
use headwater_xml::Error as XmlError;

use super::{CLIENT, Cookie, FileLocation, UpdateData, XmlUpdateFragmentType};
use crate::soap::record::record;
use crate::soap::{BINARY_BYTES_MAX, Lexical, lexical_fields, operations};

/// Updates of one request. [MS-WUSP] says none; GetExtendedUpdateInfo takes 50.
const UPDATES_MAX: usize = 1_000;
/// Files or fragments of one response.
const FILES_MAX: usize = 1_000_000;

record! {
    /// [MS-WUSP] 2.2.2.2.10 GetExtendedUpdateInfo2, request
    pub struct GetExtendedUpdateInfo2 {
        "cookie" => cookie: Cookie,
        "updateIDs" => update_ids: Vec<UpdateIdentity> [max UPDATES_MAX],
        "infoTypes" => info_types: Vec<XmlUpdateFragmentType>,
        "locales" => locales: Vec<String> [max crate::soap::ENTRIES_MAX, omit blank],
        "callerAttributes" => caller_attributes: Option<String>,
    }

    /// [MS-WUSP] 2.2.2.2.10 GetExtendedUpdateInfo2, response
    pub struct GetExtendedUpdateInfo2Response {
        "GetExtendedUpdateInfo2Result" => result: ExtendedUpdateInfo2,
    }

    /// [MS-WUSP] 2.2.2.2.10 ExtendedUpdateInfo2
    #[derive(Default)]
    pub struct ExtendedUpdateInfo2 {
        "Updates" => updates: Vec<UpdateData> [max FILES_MAX, omit blank],
        "FileLocations" => file_locations: Vec<FileLocation> [max FILES_MAX, omit blank],
        "FileDecryptionData" => file_decryption_data: Vec<FileDecryption> [max FILES_MAX, omit blank],
    }

    /// [MS-WUSP] 2.2.2.2.10 FileDecryption
    pub struct FileDecryption: "FileDecryption" {
        "FileDigest" => file_digest: Sha1Digest,
        "DecryptionKey" => decryption_key: Key,
        /// One entry, the key again.
        "SecurityData" => security_data: Vec<Key>,
    }
}

/// The key of an encrypted file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(pub Vec<u8>);

impl Lexical for Key {
    const MAX: usize = BINARY_BYTES_MAX;

    fn parse(name: &'static str, text: &str, max: usize) -> Result<Self, XmlError> {
        Lexical::parse(name, text, max).map(Self)
    }

    fn display(&self) -> impl Display {
        self.0.display().to_string()
    }
}

lexical_fields!(Key: "base64Binary");

operations!(CLIENT; GetExtendedUpdateInfo2 => GetExtendedUpdateInfo2Response);
