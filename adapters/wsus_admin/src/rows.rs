//! Rows into values.

use std::fmt::Display;

use headwater_model::{ClientId, UpdateId, UpdateIdentity};
use headwater_wsus::wsusar::{GenericReadableRow, RowKind};

use crate::{Error, Operation, Result};

/// All rows of an answer to `O`, which must be of one kind.
pub(crate) fn read<O: Operation, K: RowKind>(rows: &[GenericReadableRow]) -> Result<Vec<K>> {
    rows.iter().map(one::<O, K>).collect()
}

/// A row of an answer to `O`.
pub(crate) fn one<O: Operation, K: RowKind>(row: &GenericReadableRow) -> Result<K> {
    K::read(row).map_err(|source| Error::Row { operation: O::NAME, source })
}

/// What must be there.
pub(crate) fn required<O: Operation, T>(name: &'static str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| wrong::<O>(name, "nothing"))
}

pub(crate) fn wrong<O: Operation>(name: &'static str, found: impl Display) -> Error {
    let found = found.to_string().chars().take(100).collect();
    Error::Value { operation: O::NAME, name, found }
}

pub(crate) fn client_id<O: Operation>(text: &str) -> Result<ClientId> {
    text.parse().map_err(|error| wrong::<O>("computer id", error))
}

pub(crate) fn revision<O: Operation>(id: UpdateId, number: i32) -> Result<UpdateIdentity> {
    let revision = u32::try_from(number).map_err(|_| wrong::<O>("revision number", number))?;
    Ok(UpdateIdentity { id, revision })
}

/// A text that says something.
pub(crate) fn text(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}
