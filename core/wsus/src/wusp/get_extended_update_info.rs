//! GetExtendedUpdateInfo: the parts of updates that a computer needs to show and install them.

use headwater_model::Sha1Digest;
use headwater_xml::{Reader, Writer};

use super::sync_updates::{CACHED_MAX, FRAGMENT_BYTES_MAX};
use super::{CLIENT, Cookie};
use crate::soap::record::{enumeration, read_fields, record, structure_fields};
use crate::soap::{
    ENTRIES_MAX, Error, Field, Sink, SoapVersion, Structure, operations, write_piece, write_response,
};

/// Fragments of one response: 50 updates in some forms and languages each (fact 32).
const UPDATES_MAX: usize = 100_000;
/// Files of one response. One update may have some thousand.
const FILES_MAX: usize = 1_000_000;

record! {
    /// [MS-WUSP] 2.2.2.2.6 GetExtendedUpdateInfo, request
    ///
    /// `deviceAttributes`, which agents add (fact 16), is skipped.
    pub struct GetExtendedUpdateInfo {
        "cookie" => cookie: Cookie,
        /// As many as GetConfig allows, 50 in practice; counted by whoever answers.
        "revisionIDs" => revision_ids: Vec<i32>,
        "infoTypes" => info_types: Vec<XmlUpdateFragmentType>,
        "locales" => locales: Vec<String> [max ENTRIES_MAX, omit blank],
        /// Such as `USA`.
        "GeoId" => geo_id: Option<String>,
        "callerAttributes" => caller_attributes: Option<String>,
    }

    /// [MS-WUSP] 2.2.2.2.6 FileLocation
    pub struct FileLocation: "FileLocation" {
        "FileDigest" => file_digest: Sha1Digest,
        /// The host is the one that the client asked (fact 34).
        "Url" => url: String,
    }
}

enumeration! {
    /// [MS-WUSP] 2.2.2.2.6 XmlUpdateFragmentType
    pub enum XmlUpdateFragmentType: "XmlUpdateFragmentType" {
        Published,
        Core,
        Extended,
        VerificationRule,
        LocalizedProperties,
        Eula,
        FileUrl,
        FileDecryption,
    }
}

/// [MS-WUSP] 2.2.2.2.6 GetExtendedUpdateInfo, response
///
/// `X` is a fragment: its text, or what a server keeps instead of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetExtendedUpdateInfoResponse<X = String> {
    pub result: ExtendedUpdateInfo<X>,
}

/// [MS-WUSP] 2.2.2.2.6 ExtendedUpdateInfo
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendedUpdateInfo<X = String> {
    /// One for each fragment. The real server sends all Extended fragments by revision, then the
    /// localized ones (fact 33).
    pub updates: Vec<UpdateData<X>>,
    pub file_locations: Vec<FileLocation>,
    /// Revisions that the client has to forget.
    pub out_of_scope_revision_ids: Vec<i32>,
}

/// [MS-WUSP] 2.2.2.2.6 UpdateData
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateData<X = String> {
    /// The number of the revision on this server.
    pub id: i32,
    pub xml: X,
}

operations!(CLIENT; GetExtendedUpdateInfo => GetExtendedUpdateInfoResponse);

impl<X> GetExtendedUpdateInfoResponse<X> {
    /// Writes the response, its envelope included, with the fragments where they belong.
    pub fn write_to(&self, version: SoapVersion, sink: &mut impl Sink<X>) {
        write_response::<GetExtendedUpdateInfoResponse, X, _>(sink, version, |sink| {
            sink.text("<GetExtendedUpdateInfoResult>");
            self.result.write_to(sink);
            sink.text("</GetExtendedUpdateInfoResult>");
        });
    }
}

impl Structure for GetExtendedUpdateInfoResponse {
    fn read_children(reader: &mut Reader<'_>) -> Result<Self, Error> {
        read_fields!(reader => { "GetExtendedUpdateInfoResult" => result: ExtendedUpdateInfo })
    }

    fn write_children(&self, writer: &mut Writer) {
        self.result.write_element("GetExtendedUpdateInfoResult", writer);
    }
}

impl<X> ExtendedUpdateInfo<X> {
    fn write_to(&self, sink: &mut impl Sink<X>) {
        if !self.updates.is_empty() {
            sink.text("<Updates>");
            for update in &self.updates {
                sink.text("<Update>");
                update.write_to(sink);
                sink.text("</Update>");
            }
            sink.text("</Updates>");
        }
        write_piece(sink, |w| {
            self.file_locations.write_unless_blank("FileLocations", w);
            self.out_of_scope_revision_ids.write_unless_blank("OutOfScopeRevisionIDs", w);
        });
    }
}

impl<X> UpdateData<X> {
    pub(super) fn write_to(&self, sink: &mut impl Sink<X>) {
        sink.text(&format!("<ID>{}</ID><Xml>", self.id));
        sink.fragment(&self.xml);
        sink.text("</Xml>");
    }
}

impl Structure for ExtendedUpdateInfo {
    fn read_children(reader: &mut Reader<'_>) -> Result<Self, Error> {
        read_fields!(reader => {
            "Updates" => updates: Vec<UpdateData> [max UPDATES_MAX],
            "FileLocations" => file_locations: Vec<FileLocation> [max FILES_MAX],
            "OutOfScopeRevisionIDs" => out_of_scope_revision_ids: Vec<i32> [max CACHED_MAX],
        })
    }

    fn write_children(&self, writer: &mut Writer) {
        self.write_to(writer);
    }
}

impl Structure for UpdateData {
    fn read_children(reader: &mut Reader<'_>) -> Result<Self, Error> {
        read_fields!(reader => {
            "ID" => id: i32,
            "Xml" => xml: String [max FRAGMENT_BYTES_MAX] = String::new(),
        })
    }

    fn write_children(&self, writer: &mut Writer) {
        self.write_to(writer);
    }
}

structure_fields!(ExtendedUpdateInfo);
structure_fields!(UpdateData: "Update");
