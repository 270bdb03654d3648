//! SyncUpdates: which updates a computer gets, loses, and gets differently.

use headwater_model::UpdateId;
use headwater_xml::{Reader, Writer};

use super::{CLIENT, ComputerHardwareSpecification, Cookie, Deployment, Device};
use crate::soap::record::{read_fields, record, structure_fields};
use crate::soap::{Error, Field, Sink, SoapVersion, Structure, operations, write_piece, write_response};

/// The most entries of InstalledNonLeafUpdateIDs that a real server accepts; it counts entries,
/// repeated ones too (fact 20). One more is a fault, which whoever answers decides.
pub const INSTALLED_NON_LEAF_ACCEPTED: usize = 400;
/// Where reading InstalledNonLeafUpdateIDs stops: far enough that the count can be judged.
const INSTALLED_NON_LEAF_MAX: usize = 1_000;
/// An agent caches what its server has; 5,265 was seen (fact 29), 4,937 accepted here (fact 20).
pub(super) const CACHED_MAX: usize = 100_000;
/// The most updates of one response: [MS-WUSP] <55> says 200, and all of a cache may change.
const UPDATES_MAX: usize = CACHED_MAX;
/// The longest fragment. Core fragments of 47 MB are real (fact 30).
pub(super) const FRAGMENT_BYTES_MAX: usize = 96 << 20;

record! {
    /// [MS-WUSP] 2.2.2.2.4 SyncUpdates, request
    pub struct SyncUpdates {
        "cookie" => cookie: Cookie,
        "parameters" => parameters: SyncUpdateParameters,
    }

    /// [MS-WUSP] 2.2.2.2.4 SyncUpdateParameters
    ///
    /// `ProductsParameters`, which agents add (fact 16), is skipped: nothing is decided by it.
    #[derive(Default)]
    pub struct SyncUpdateParameters {
        /// Ignored.
        "ExpressQuery" => express_query: bool = false,
        "InstalledNonLeafUpdateIDs" => installed_non_leaf_update_ids: Vec<i32> [max INSTALLED_NON_LEAF_MAX, omit blank],
        "OtherCachedUpdateIDs" => other_cached_update_ids: Vec<i32> [max CACHED_MAX, omit blank],
        /// The devices of a driver synchronization; an error in any other.
        "SystemSpec" => system_spec: Option<Vec<Device>> [max super::system_spec::DEVICES_MAX],
        "CachedDriverIDs" => cached_driver_ids: Vec<i32> [max CACHED_MAX, omit blank],
        /// True in a driver synchronization.
        "SkipSoftwareSync" => skip_software_sync: bool = false,
        "FilterCategoryIds" => filter_category_ids: Vec<CategoryIdentifier> [max crate::soap::ENTRIES_MAX, omit blank],
        /// Whether to tell apart what is out of scope and what is not deployed (fact 56).
        "NeedTwoGroupOutOfScopeUpdates" => need_two_group_out_of_scope_updates: bool = false,
        "AlsoPerformRegularSync" => also_perform_regular_sync: Option<bool>,
        "ComputerSpec" => computer_spec: Option<ComputerHardwareSpecification>,
        /// Such as `AMD64.10.0`.
        "FeatureScoreMatchingKey" => feature_score_matching_key: Option<String>,
    }

    /// [MS-WUSP] 2.2.2.2.4 CategoryIdentifier
    pub struct CategoryIdentifier: "CategoryIdentifier" {
        "Id" => id: UpdateId,
    }
}

/// [MS-WUSP] 2.2.2.2.4 SyncUpdates, response
///
/// `X` is a fragment: its text, or what a server keeps instead of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncUpdatesResponse<X = String> {
    pub result: SyncInfo<X>,
}

/// [MS-WUSP] 2.2.2.2.4 SyncInfo
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncInfo<X = String> {
    /// Updates that the computer does not know yet.
    pub new_updates: Vec<UpdateInfo<X>>,
    /// Revisions to forget; with two groups only those that are not deployed (fact 56).
    pub out_of_scope_revision_ids: Vec<i32>,
    /// Known updates whose deployment or place in the graph changed; without their XML.
    pub changed_updates: Vec<UpdateInfo<X>>,
    /// Whether there is more to ask for.
    pub truncated: bool,
    pub new_cookie: Option<Cookie>,
    /// With two groups, revisions to forget that are deployed all the same.
    pub deployed_out_of_scope_revision_ids: Vec<i32>,
    /// Whether a driver synchronization would find nothing.
    pub driver_sync_not_needed: Option<bool>,
}

/// [MS-WUSP] 2.2.2.2.4 UpdateInfo
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateInfo<X = String> {
    /// The number of the revision on this server (fact 31).
    pub id: i32,
    pub deployment: Option<Deployment>,
    /// Whether no update has this one as its prerequisite (fact 25).
    pub is_leaf: bool,
    /// The Core fragment, where the update is new.
    pub xml: Option<X>,
}

operations!(CLIENT; SyncUpdates => SyncUpdatesResponse);

impl<X> SyncUpdatesResponse<X> {
    /// Writes the response, its envelope included, with the fragments where they belong.
    pub fn write_to(&self, version: SoapVersion, sink: &mut impl Sink<X>) {
        write_response::<SyncUpdatesResponse, X, _>(sink, version, |sink| {
            sink.text("<SyncUpdatesResult>");
            self.result.write_to(sink);
            sink.text("</SyncUpdatesResult>");
        });
    }
}

impl Structure for SyncUpdatesResponse {
    fn read_children(reader: &mut Reader<'_>) -> Result<Self, Error> {
        read_fields!(reader => { "SyncUpdatesResult" => result: SyncInfo })
    }

    fn write_children(&self, writer: &mut Writer) {
        self.result.write_element("SyncUpdatesResult", writer);
    }
}

impl<X> SyncInfo<X> {
    /// Writes the children. The lists stand there only with entries, as the real server has it.
    pub(super) fn write_to(&self, sink: &mut impl Sink<X>) {
        write_updates("NewUpdates", &self.new_updates, sink);
        write_piece(sink, |w| {
            self.out_of_scope_revision_ids.write_unless_blank("OutOfScopeRevisionIDs", w);
        });
        write_updates("ChangedUpdates", &self.changed_updates, sink);
        write_piece(sink, |w| {
            self.truncated.write_element("Truncated", w);
            self.new_cookie.write_element("NewCookie", w);
            self.deployed_out_of_scope_revision_ids.write_unless_blank("DeployedOutOfScopeRevisionIds", w);
            self.driver_sync_not_needed.write_element("DriverSyncNotNeeded", w);
        });
    }
}

fn write_updates<X>(name: &str, updates: &[UpdateInfo<X>], sink: &mut impl Sink<X>) {
    if updates.is_empty() {
        return;
    }
    sink.text(&format!("<{name}>"));
    for update in updates {
        sink.text("<UpdateInfo>");
        update.write_to(sink);
        sink.text("</UpdateInfo>");
    }
    sink.text(&format!("</{name}>"));
}

impl<X> UpdateInfo<X> {
    fn write_to(&self, sink: &mut impl Sink<X>) {
        write_piece(sink, |w| {
            self.id.write_element("ID", w);
            self.deployment.write_element("Deployment", w);
            self.is_leaf.write_element("IsLeaf", w);
        });
        if let Some(xml) = &self.xml {
            sink.text("<Xml>");
            sink.fragment(xml);
            sink.text("</Xml>");
        }
    }
}

impl Structure for SyncInfo {
    fn read_children(reader: &mut Reader<'_>) -> Result<Self, Error> {
        read_fields!(reader => {
            "NewUpdates" => new_updates: Vec<UpdateInfo> [max UPDATES_MAX],
            "OutOfScopeRevisionIDs" => out_of_scope_revision_ids: Vec<i32> [max CACHED_MAX],
            "ChangedUpdates" => changed_updates: Vec<UpdateInfo> [max UPDATES_MAX],
            "Truncated" => truncated: bool,
            "NewCookie" => new_cookie: Option<Cookie>,
            "DeployedOutOfScopeRevisionIds" => deployed_out_of_scope_revision_ids: Vec<i32> [max CACHED_MAX],
            "DriverSyncNotNeeded" => driver_sync_not_needed: Option<bool>,
        })
    }

    fn write_children(&self, writer: &mut Writer) {
        self.write_to(writer);
    }
}

impl Structure for UpdateInfo {
    fn read_children(reader: &mut Reader<'_>) -> Result<Self, Error> {
        read_fields!(reader => {
            "ID" => id: i32,
            "Deployment" => deployment: Option<Deployment>,
            "IsLeaf" => is_leaf: bool,
            "Xml" => xml: Option<String> [max FRAGMENT_BYTES_MAX],
        })
    }

    fn write_children(&self, writer: &mut Writer) {
        self.write_to(writer);
    }
}

structure_fields!(SyncInfo);
structure_fields!(UpdateInfo: "UpdateInfo");
