//! The rows of CompleteUpdates.

use headwater_model::{Guid, UpdateId};

use super::Time;
use super::row::row;

/// Columns in the printed description, perhaps those of older servers: without the number of the
/// update, its title, its description and its release notes.
const NARROW: usize = 33;

/// Where the columns of 37, as WSUS 2019 and 2025 have them, stand in fewer.
fn place(columns: usize, index: usize) -> Option<usize> {
    match (columns, index) {
        (NARROW, 3 | 29..=31) => None,
        (NARROW, 4..=28) => Some(index - 1),
        (NARROW, 32..) => Some(index - 4),
        _ => Some(index),
    }
}

row! {
    /// ApiRemoting30 CompleteUpdates, *minimalProperties*
    ///
    /// Nobody has told what column 33 is.
    pub struct UpdateRow: "an update" [37, 33] by place {
        0 => update_id: UpdateId,
        1 => revision_number: i32,
        /// By which the other rows name this one.
        2 => revision_id: i32,
        /// Which ExecuteSPDeleteUpdate takes.
        3 => local_update_id: Option<i32>,
        4 => is_leaf: Option<bool>,
        5 => installation_supported: Option<bool>,
        6 => installation_impact: Option<i32>,
        7 => installation_reboot_behavior: Option<i32>,
        /// It may be the other way round in 8 and 9: the sources differ.
        8 => installation_requires_network: Option<bool>,
        9 => installation_can_request_user_input: Option<bool>,
        10 => uninstallation_supported: Option<bool>,
        11 => uninstallation_impact: Option<i32>,
        12 => uninstallation_reboot_behavior: Option<i32>,
        13 => uninstallation_requires_network: Option<bool>,
        14 => uninstallation_can_request_user_input: Option<bool>,
        15 => update_type: Option<String>,
        /// 0 is published, 1 expired.
        16 => publication_state: Option<i32>,
        17 => creation_date: Time,
        18 => is_approved: Option<bool>,
        /// 1 licence not ready, 2 installation impossible, 3 not needed, 4 not ready, 5 ready,
        /// 6 cancelled, 7 failed, 8 licence failed.
        19 => update_state: Option<i32>,
        20 => eula_id: Option<Guid>,
        21 => requires_license_agreement_acceptance: Option<bool>,
        22 => is_declined: Option<bool>,
        23 => has_stale_update_approvals: Option<bool>,
        24 => is_latest_revision: Option<bool>,
        25 => arrival_date: Time,
        26 => has_superseded_updates: Option<bool>,
        27 => legacy_name: Option<String>,
        /// Critical, Important, Moderate, Low or Unspecified.
        28 => msrc_severity: Option<String>,
        29 => title: Option<String>,
        30 => description: Option<String>,
        31 => release_notes: Option<String>,
        32 => has_earlier_revision: Option<bool>,
        34 => is_superseded: Option<bool>,
        35 => is_wsus_infrastructure_update: Option<bool>,
        36 => update_source: Option<i32>,
    }

    /// ApiRemoting30 CompleteUpdates, *localizedCategoryTitleRows*
    pub struct CategoryTitleRow: "a title of a category" [3] {
        0 => revision_id: i32,
        /// UpdateClassification, Product, ProductFamily or Company.
        1 => category_type: String,
        2 => title: Option<String>,
    }

    /// ApiRemoting30 CompleteUpdates, *kbArticles*, *bulletins* and *infoUrls*
    pub struct UpdateTextRow: "a text of an update" [2] {
        0 => revision_id: i32,
        /// The number of an article without KB, the name of a bulletin, or an address.
        1 => text: Option<String>,
    }
}
