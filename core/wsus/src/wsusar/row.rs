//! Kinds of rows: what stands in which column.

use headwater_model::{GroupId, Guid, ServerId, UpdateId};
use headwater_xml::lexical;

use super::GenericReadableRow;
use super::cell::{Cell, CellType};

/// Why a row is not of the kind that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    #[error("a row of {kind} has {found} columns, expected {}", or(.expected))]
    Columns { kind: &'static str, found: usize, expected: &'static [usize] },
    #[error("column {column}, {name}, of a row of {kind} is {found}, expected {expected}")]
    Cell {
        kind: &'static str,
        /// From zero, in the row as it came.
        column: usize,
        name: &'static str,
        found: &'static str,
        expected: &'static str,
    },
    #[error("a row of {kind} with {columns} columns has none for {name}")]
    NoColumn { kind: &'static str, columns: usize, name: &'static str },
}

fn or(counts: &[usize]) -> String {
    counts.iter().map(usize::to_string).collect::<Vec<_>>().join(" or ")
}

/// A kind of rows with the columns that we know of it.
pub trait RowKind: Sized {
    /// Its name for people.
    const KIND: &'static str;
    /// How many columns it may have, the form that we write first. With another count the columns
    /// may mean something else, so that none is believed.
    const COLUMNS: &'static [usize];

    /// Where the column `index` of the first form stands in a row of `columns`; `None` where such a
    /// row does not have it.
    fn place(_columns: usize, index: usize) -> Option<usize> {
        Some(index)
    }

    /// Reads a row whose count of columns and types of cells must be those of this kind.
    fn read(row: &GenericReadableRow) -> Result<Self, RowError>;

    /// Changes what we know in a row of this kind. A cell that already has its value, and every one
    /// that we do not know, stays as it came.
    fn write_into(&self, row: &mut GenericReadableRow) -> Result<(), RowError>;

    /// The known columns, by their places in the first form.
    fn columns(&self) -> Vec<(usize, Cell)>;

    /// A new row in the first form; what we do not know is nil.
    fn to_row(&self) -> GenericReadableRow {
        let mut cells = vec![Cell::Nil; Self::COLUMNS[0]];
        for (index, cell) in self.columns() {
            cells[index] = cell;
        }
        GenericReadableRow { cells }
    }
}

/// Whether the row may be one of this kind.
pub(super) fn check_columns<K: RowKind>(row: &GenericReadableRow) -> Result<(), RowError> {
    let found = row.cells.len();
    let known = K::COLUMNS.contains(&found);
    known.then_some(()).ok_or(RowError::Columns { kind: K::KIND, found, expected: K::COLUMNS })
}

/// The value in a column of a row whose columns were counted.
pub(super) fn get<K: RowKind, T: CellValue>(
    row: &GenericReadableRow,
    index: usize,
    name: &'static str,
) -> Result<T, RowError> {
    let place = K::place(row.cells.len(), index);
    let cell = place.and_then(|place| row.cells.get(place)).unwrap_or(&Cell::Nil);
    T::read(cell).ok_or_else(|| RowError::Cell {
        kind: K::KIND,
        column: place.unwrap_or(index),
        name,
        found: cell.describe(),
        expected: T::EXPECTED,
    })
}

/// Puts a value into a column of a row whose columns were counted.
pub(super) fn set<K: RowKind, T: CellValue + PartialEq>(
    row: &mut GenericReadableRow,
    index: usize,
    name: &'static str,
    value: &T,
) -> Result<(), RowError> {
    let columns = row.cells.len();
    let place = K::place(columns, index);
    match place.and_then(|place| row.cells.get_mut(place)) {
        Some(cell) if T::read(cell).as_ref() == Some(value) => Ok(()),
        Some(cell) => {
            *cell = value.write();
            Ok(())
        }
        None if T::read(&Cell::Nil).as_ref() == Some(value) => Ok(()),
        None => Err(RowError::NoColumn { kind: K::KIND, columns, name }),
    }
}

/// Declares kinds of rows: a name for people, the counts of columns, and the columns that we know,
/// counted from zero in the form with the first count.
macro_rules! row {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident: $kind:literal [$($columns:literal),+] $(by $place:ident)? {$(
            $(#[$field_meta:meta])*
            $index:literal => $field:ident: $type:ty
        ),* $(,)?}
    )*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {$(
            $(#[$field_meta])*
            pub $field: $type,
        )*}

        impl $crate::wsusar::RowKind for $name {
            const KIND: &'static str = $kind;
            const COLUMNS: &'static [usize] = &[$($columns),+];

            $(fn place(columns: usize, index: usize) -> Option<usize> {
                $place(columns, index)
            })?

            fn read(row: &$crate::wsusar::GenericReadableRow) -> Result<Self, $crate::wsusar::RowError> {
                $crate::wsusar::row::check_columns::<Self>(row)?;
                Ok(Self {$(
                    $field: $crate::wsusar::row::get::<Self, _>(row, $index, stringify!($field))?,
                )*})
            }

            fn write_into(
                &self,
                row: &mut $crate::wsusar::GenericReadableRow,
            ) -> Result<(), $crate::wsusar::RowError> {
                $crate::wsusar::row::check_columns::<Self>(row)?;
                let mut changed = row.clone();
                $($crate::wsusar::row::set::<Self, _>(&mut changed, $index, stringify!($field), &self.$field)?;)*
                *row = changed;
                Ok(())
            }

            fn columns(&self) -> Vec<(usize, $crate::wsusar::Cell)> {
                vec![$(($index, $crate::wsusar::row::CellValue::write(&self.$field)),)*]
            }
        }
    )*};
}
pub(super) use row;

/// What a column may hold.
pub trait CellValue: Sized {
    /// The type for people.
    const EXPECTED: &'static str;

    /// `None` where the cell holds something else.
    fn read(cell: &Cell) -> Option<Self>;

    fn write(&self) -> Cell;
}

impl<T: CellValue> CellValue for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn read(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Nil => Some(None),
            Cell::Value(..) => T::read(cell).map(Some),
        }
    }

    fn write(&self) -> Cell {
        self.as_ref().map_or(Cell::Nil, T::write)
    }
}

/// For columns of which we do not know what they hold.
impl CellValue for Cell {
    const EXPECTED: &'static str = "anything";

    fn read(cell: &Cell) -> Option<Self> {
        Some(cell.clone())
    }

    fn write(&self) -> Cell {
        self.clone()
    }
}

/// Databases compute many a flag as a number, so 0 and 1 of any integer type will do.
impl CellValue for bool {
    const EXPECTED: &'static str = "boolean";

    fn read(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Value(kind, text) if *kind == CellType::Boolean || kind.is_integer() => {
                lexical::boolean("boolean", text).ok()
            }
            _ => None,
        }
    }

    fn write(&self) -> Cell {
        Cell::new(CellType::Boolean, self.to_string())
    }
}

impl CellValue for String {
    const EXPECTED: &'static str = "string";

    fn read(cell: &Cell) -> Option<Self> {
        match cell {
            Cell::Value(CellType::String, text) => Some(text.to_string()),
            _ => None,
        }
    }

    fn write(&self) -> Cell {
        Cell::new(CellType::String, self.as_str())
    }
}

/// An integer is read from any integer type in which it fits.
macro_rules! integers {
    ($($type:ty as $kind:ident: $expected:literal),*) => {$(
        impl CellValue for $type {
            const EXPECTED: &'static str = $expected;

            fn read(cell: &Cell) -> Option<Self> {
                match cell {
                    Cell::Value(kind, text) if kind.is_integer() => text.trim().parse().ok(),
                    _ => None,
                }
            }

            fn write(&self) -> Cell {
                Cell::new(CellType::$kind, self.to_string())
            }
        }
    )*};
}

integers!(i32 as Int: "an integer that fits int", i64 as Long: "an integer that fits long");

macro_rules! guids {
    ($($type:ty),*) => {$(
        impl CellValue for $type {
            const EXPECTED: &'static str = "guid";

            fn read(cell: &Cell) -> Option<Self> {
                match cell {
                    Cell::Value(CellType::Guid, text) => text.parse().ok(),
                    _ => None,
                }
            }

            fn write(&self) -> Cell {
                Cell::new(CellType::Guid, self.to_string())
            }
        }
    )*};
}

guids!(Guid, UpdateId, GroupId, ServerId);
