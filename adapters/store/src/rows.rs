//! Values out of rows, and text into them.

use headwater_model::{GroupId, ServerId, Timestamp, UpdateId};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{Error, Result};

/// Text that somebody else chose. PostgreSQL refuses the character NUL, and with it all that is written in
/// the same transaction. XML has no such character, so what agents and servers send goes as it is.
pub(crate) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Sixteen bytes out of a column.
pub(crate) fn id16(row: &AnyRow, at: usize, table: &'static str) -> Result<[u8; 16]> {
    let bytes: Vec<u8> = row.try_get(at)?;
    let len = bytes.len();
    bytes.try_into().map_err(|_| Error::Row { table, reason: format!("an id of {len} bytes") })
}

pub(crate) fn update_id(row: &AnyRow, at: usize, table: &'static str) -> Result<UpdateId> {
    id16(row, at, table).map(UpdateId::from_bytes)
}

pub(crate) fn group_id(row: &AnyRow, at: usize, table: &'static str) -> Result<GroupId> {
    id16(row, at, table).map(GroupId::from_bytes)
}

pub(crate) fn server_id(row: &AnyRow, at: usize, table: &'static str) -> Result<ServerId> {
    id16(row, at, table).map(ServerId::from_bytes)
}

pub(crate) fn optional_id16(row: &AnyRow, at: usize) -> Result<Option<[u8; 16]>> {
    let bytes: Option<Vec<u8>> = row.try_get(at)?;
    Ok(bytes.and_then(|bytes| bytes.try_into().ok()))
}

pub(crate) fn time(row: &AnyRow, at: usize) -> Result<Timestamp> {
    Ok(Timestamp::from_micros(row.try_get(at)?))
}

pub(crate) fn optional_time(row: &AnyRow, at: usize) -> Result<Option<Timestamp>> {
    let micros: Option<i64> = row.try_get(at)?;
    Ok(micros.map(Timestamp::from_micros))
}
