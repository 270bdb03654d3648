//! Generic rows: cells that are known by their places alone.

use headwater_xml::{Element, Error as XmlError, Reader, Writer};

use super::cell::{self, Cell};
use crate::soap::{Error, Field, Item, Structure};

/// Cells of a row. The widest that is known has 37.
pub const COLUMNS_MAX: usize = 64;
/// Bytes of the texts in one row: the longest known are the description and the release notes of an
/// update, some 16,000 characters each.
pub const ROW_BYTES_MAX: usize = 1 << 20;
/// Rows of one set: seven states of each of 100,000 computers, and room.
pub const ROWS_MAX: usize = 1_000_000;
/// Sets of one answer. Computers come in three.
pub const SETS_MAX: usize = 16;

/// ApiRemoting30 GenericReadableRow
///
/// It keeps every cell as it came, so that a row can be sent back with what we do not know of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GenericReadableRow {
    pub cells: Vec<Cell>,
}

/// ApiRemoting30 ArrayOfGenericReadableRow, as one of several
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowSet(pub Vec<GenericReadableRow>);

impl Structure for GenericReadableRow {
    fn read_children(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let mut cells = None;
        while let Some(element) = reader.next_child()? {
            if element.local_name() != "Values" {
                reader.skip()?;
                continue;
            }
            if cells.is_some() {
                return Err(XmlError::TooMany { name: "Values", max: 1 }.into());
            }
            cells = Some(read_cells(reader).map_err(|error| error.inside("Values"))?);
        }
        Ok(Self { cells: cells.unwrap_or_default() })
    }

    fn write_children(&self, writer: &mut Writer) {
        writer.element("Values", |w| self.cells.iter().for_each(|cell| cell.write(w)));
    }
}

fn read_cells(reader: &mut Reader<'_>) -> Result<Vec<Cell>, Error> {
    let mut cells = Vec::new();
    let mut bytes_left = ROW_BYTES_MAX;
    while let Some(element) = reader.next_child()? {
        if element.local_name() != "anyType" {
            // A cell that was left out would move all that follow.
            let found = element.local_name().chars().take(64).collect();
            return Err(XmlError::UnexpectedElement { expected: "anyType", found }.into());
        }
        if cells.len() == COLUMNS_MAX {
            return Err(XmlError::TooMany { name: "Values", max: COLUMNS_MAX }.into());
        }
        let cell = Cell::read(&element, reader, bytes_left)
            .map_err(|error| Error::Xml(error).inside(&format!("anyType[{}]", cells.len())))?;
        bytes_left -= cell.len();
        cells.push(cell);
    }
    Ok(cells)
}

impl Field for GenericReadableRow {
    const MAX: usize = 0;

    fn read_element(
        name: &'static str,
        element: &Element<'_>,
        reader: &mut Reader<'_>,
        _max: usize,
    ) -> Result<Self, Error> {
        if cell::is_nil(element, reader)? {
            return Err(XmlError::value(name, "nil", "there is no row").into());
        }
        Self::read_children(reader)
    }

    fn write_element(&self, name: &str, writer: &mut Writer) {
        writer.element(name, |w| self.write_children(w));
    }
}

impl Item for GenericReadableRow {
    const ITEM: &'static str = "GenericReadableRow";
}

impl Field for RowSet {
    const MAX: usize = ROWS_MAX;

    fn read_element(
        name: &'static str,
        element: &Element<'_>,
        reader: &mut Reader<'_>,
        max: usize,
    ) -> Result<Self, Error> {
        // A set that is nil still has its place among the sets.
        Ok(Self(Option::<Vec<_>>::read_element(name, element, reader, max)?.unwrap_or_default()))
    }

    fn write_element(&self, name: &str, writer: &mut Writer) {
        self.0.write_element(name, writer);
    }
}

impl Item for RowSet {
    const ITEM: &'static str = "ArrayOfGenericReadableRow";
}
