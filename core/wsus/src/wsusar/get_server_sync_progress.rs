//! GetServerSyncProgress: how far a synchronisation is.

use super::row::row;
use super::{ADMINISTRATION, GenericReadableRow, ROWS_MAX};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 GetServerSyncProgress
    #[derive(Copy, Default)]
    pub struct GetServerSyncProgress {}

    /// ApiRemoting30 GetServerSyncProgress, response
    pub struct GetServerSyncProgressResponse {
        /// One [`SyncProgressRow`].
        "GetServerSyncProgressResult" => result: Vec<GenericReadableRow> [max ROWS_MAX],
    }
}

row! {
    /// ApiRemoting30 GetServerSyncProgress, result
    pub struct SyncProgressRow: "a synchronisation" [3] {
        /// 0 none, 1 updates, 2 approvals, 3 categories.
        0 => phase: i32,
        1 => total: i64,
        2 => processed: i64,
    }
}

operations!(ADMINISTRATION; GetServerSyncProgress => GetServerSyncProgressResponse);
