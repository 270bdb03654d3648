//! Values out of rows, and text into them.

use headwater_model::{GroupId, ServerId, Timestamp, UpdateId};
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Encode, Row, Type};

use crate::{Error, Result};

/// Text that somebody else chose. PostgreSQL refuses the character NUL, and with it all that is written in
/// the same transaction. XML has no such character, so what agents and servers send goes as it is.
pub(crate) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Keys of one SELECT.
const KEYS_PER_STATEMENT: usize = 500;

/// Places for so many values, such as `$1, $2, $3`.
pub(crate) fn list(len: usize, first: usize) -> String {
    let places: Vec<String> = (first..first + len).map(|at| format!("${at}")).collect();
    places.join(", ")
}

/// The rows of any number of keys. The statement has `IN (..)`, and no other parameter; its order holds
/// for the keys of one statement.
pub(crate) async fn select_in<K>(
    connection: &mut AnyConnection,
    sql: &str,
    keys: impl IntoIterator<Item = K>,
) -> Result<Vec<AnyRow>>
where
    K: for<'q> Encode<'q, Any> + Type<Any> + Send + 'static,
{
    let mut keys: Vec<K> = keys.into_iter().collect();
    let mut found = Vec::with_capacity(keys.len());
    while !keys.is_empty() {
        let rest = keys.split_off(keys.len().min(KEYS_PER_STATEMENT));
        let sql = sql.replace("(..)", &format!("({})", list(keys.len(), 1)));
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for key in std::mem::replace(&mut keys, rest) {
            query = query.bind(key);
        }
        found.extend(query.fetch_all(&mut *connection).await?);
    }
    Ok(found)
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
