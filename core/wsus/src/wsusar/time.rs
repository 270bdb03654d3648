//! Times as a WSUS takes them out of its database: UTC without saying so, and dates for none. Callers
//! write them with their zone.

use std::fmt::Display;

use headwater_model::Timestamp;
use headwater_xml::Error as XmlError;

use super::cell::{Cell, CellType};
use super::row::CellValue;
use crate::soap::{Lexical, lexical_fields};

/// What stands for no deadline: the last moment that the type of the database has.
const NO_DEADLINE: &str = "9999-12-31T23:59:59.997";
/// What stands for never: the first one.
const NEVER: &str = "1753-01-01T00:00:00";

/// The years whose dates mean none, whatever the zone makes of them.
const YEARS_OF_NONE: [&str; 3] = ["0001", "1753", "9999"];

/// A time in an answer. `None` is never, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Option<Timestamp>);

/// When an approval has to be installed. `None` is no deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(pub Option<Timestamp>);

fn is_none(text: &str) -> bool {
    text.split_once('-').is_some_and(|(year, _)| YEARS_OF_NONE.contains(&year))
}

fn parse(name: &'static str, text: &str) -> Result<Option<Timestamp>, XmlError> {
    const SECOND_BYTES: usize = "9999-12-31T23:59:59".len();
    let text = text.trim();
    let plain = match text.split_at_checked(SECOND_BYTES) {
        // A zone can move such a date out of all years that there are.
        Some((second, rest)) if is_none(text) && rest.bytes().all(|b| b"0123456789.:+-Z".contains(&b)) => {
            second
        }
        _ => text,
    };
    let time = <Timestamp as Lexical>::parse(name, plain, 0)?;
    Ok((!is_none(&time.to_string())).then_some(time))
}

/// What a cell holds: nothing, a time, or something else.
fn read(cell: &Cell) -> Option<Option<Timestamp>> {
    match cell {
        Cell::Nil => Some(None),
        Cell::Value(CellType::DateTime, text) => parse("dateTime", text).ok(),
        Cell::Value(..) => None,
    }
}

fn without_zone(time: Timestamp) -> String {
    time.to_string().trim_end_matches('Z').to_owned()
}

impl Lexical for Time {
    fn parse(name: &'static str, text: &str, _max: usize) -> Result<Self, XmlError> {
        parse(name, text).map(Self)
    }

    fn display(&self) -> impl Display {
        self.0.map_or_else(|| NEVER.to_owned(), without_zone)
    }
}

impl Lexical for Deadline {
    fn parse(name: &'static str, text: &str, _max: usize) -> Result<Self, XmlError> {
        parse(name, text).map(Self)
    }

    fn display(&self) -> impl Display {
        self.0.map_or_else(|| NO_DEADLINE.to_owned(), |time| time.to_string())
    }
}

lexical_fields!(Time, Deadline);

impl CellValue for Time {
    const EXPECTED: &'static str = "dateTime";

    fn read(cell: &Cell) -> Option<Self> {
        read(cell).map(Self)
    }

    fn write(&self) -> Cell {
        Cell::new(CellType::DateTime, self.display().to_string())
    }
}

impl CellValue for Deadline {
    const EXPECTED: &'static str = "dateTime";

    fn read(cell: &Cell) -> Option<Self> {
        read(cell).map(Self)
    }

    fn write(&self) -> Cell {
        Cell::new(CellType::DateTime, self.0.map_or_else(|| NO_DEADLINE.to_owned(), without_zone))
    }
}
