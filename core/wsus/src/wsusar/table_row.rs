//! Rows of settings, whose columns have names.

use std::fmt;

use headwater_xml::{Error as XmlError, Reader, Writer};

use crate::soap::{Error, Field, Lexical, Structure};

/// Columns of a row of settings. The configuration has 121.
pub const NAMED_COLUMNS_MAX: usize = 256;
/// Bytes of one setting. Addresses and lists are the longest.
pub const SETTING_BYTES_MAX: usize = 64 << 10;
/// Bytes of the name of a column. The longest known has 50.
const NAME_BYTES_MAX: usize = 128;

/// ApiRemoting30 ConfigurationTableRow and SubscriptionTableRow
///
/// It keeps all columns as they came and in their order, for a server takes such a row back only
/// whole. There are keys and names of accounts among them, which `Debug` does not show.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TableRow {
    columns: Vec<(Box<str>, Option<Box<str>>)>,
}

impl TableRow {
    /// The text of a column; `None` where it is nil or not there.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.columns.iter().find(|(known, _)| &**known == name)?.1.as_deref()
    }

    /// The value of a column; `None` where it is nil or not there.
    pub fn value<T: Lexical>(&self, name: &'static str) -> Result<Option<T>, Error> {
        let parse = |text| T::parse(name, text, T::MAX).map_err(|error| Error::Xml(error).inside(name));
        self.text(name).map(parse).transpose()
    }

    /// Sets a column where it stands, or at the end. `None` is nil.
    pub fn set(&mut self, name: &'static str, value: Option<&impl Lexical>) {
        let value = value.map(|value| value.display().to_string().into_boxed_str());
        match self.columns.iter_mut().find(|(known, _)| &**known == name) {
            Some((_, old)) => *old = value,
            None => self.columns.push((name.into(), value)),
        }
    }

    /// The names of the columns in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| &**name)
    }
}

impl fmt::Debug for TableRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Names come from outside here and are written again.
fn check_name(name: &str) -> Result<(), XmlError> {
    let plain = name.len() <= NAME_BYTES_MAX
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain.then_some(()).ok_or_else(|| XmlError::value("column", name, "it is no name of a setting"))
}

impl Structure for TableRow {
    fn read_children(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let mut row = Self::default();
        while let Some(element) = reader.next_child()? {
            let name = element.local_name();
            check_name(name)?;
            if row.columns.len() == NAMED_COLUMNS_MAX {
                return Err(XmlError::TooMany { name: "columns", max: NAMED_COLUMNS_MAX }.into());
            }
            if row.names().any(|known| known == name) {
                return Err(XmlError::value("column", name, "it stands there twice").into());
            }
            let text = Option::<String>::read_element("column", &element, reader, SETTING_BYTES_MAX)
                .map_err(|error| error.inside(name))?;
            row.columns.push((name.into(), text.map(String::into_boxed_str)));
        }
        Ok(row)
    }

    fn write_children(&self, writer: &mut Writer) {
        for (name, text) in &self.columns {
            match text {
                Some(text) => writer.value(name, text),
                None => writer.element_with(name, &[("xsi:nil", "true")], |_| {}),
            }
        }
    }
}

crate::soap::record::structure_fields!(TableRow);
