//! SyncPrinterCatalog: SyncUpdates for the drivers of printers.

use super::sync_updates::CACHED_MAX;
use super::{CLIENT, Cookie, SyncInfo};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// [MS-WUSP] 2.2.2.2.9 SyncPrinterCatalog, request
    ///
    /// The action that its section prints is another operation's (fact 52).
    pub struct SyncPrinterCatalog {
        "cookie" => cookie: Cookie,
        "installedNonLeafUpdateIDs" => installed_non_leaf_update_ids: Vec<i32> [max CACHED_MAX, omit blank],
        "printerUpdateIDs" => printer_update_ids: Vec<i32> [max CACHED_MAX, omit blank],
    }

    /// [MS-WUSP] 2.2.2.2.9 SyncPrinterCatalog, response
    pub struct SyncPrinterCatalogResponse {
        "SyncPrinterCatalogResult" => result: SyncInfo,
    }
}

impl SyncPrinterCatalogResponse {
    /// The answer of a server without printer drivers.
    pub fn empty(new_cookie: Cookie) -> Self {
        Self {
            result: SyncInfo {
                new_updates: Vec::new(),
                out_of_scope_revision_ids: Vec::new(),
                changed_updates: Vec::new(),
                truncated: false,
                new_cookie: Some(new_cookie),
                deployed_out_of_scope_revision_ids: Vec::new(),
                driver_sync_not_needed: None,
            },
        }
    }
}

operations!(CLIENT; SyncPrinterCatalog => SyncPrinterCatalogResponse);
