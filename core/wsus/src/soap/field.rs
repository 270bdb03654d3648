//! How values stand in the elements of a message.

use std::fmt::Display;

use headwater_model::{GroupId, Guid, ServerId, Sha1Digest, Timestamp, UpdateId, UpdateIdentity};
use headwater_xml::{Element, Error as XmlError, Reader, Writer, lexical};

use super::Error;

/// Bytes of one text. The longest in use is the inventory in event 156: 37 bytes for each of some
/// thousand updates (fact 41).
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// Bytes of one binary value. The longest cookie seen has 496 (fact 12).
pub const BINARY_BYTES_MAX: usize = 16 << 10;
/// Entries of a list for which its message says nothing else.
pub const ENTRIES_MAX: usize = 1_000;

/// The children of one element, which are known by their names: their order differs between
/// servers (fact 52), and what is not known is skipped (fact 16).
pub trait Structure: Sized {
    /// Reads up to the end of the open element.
    fn read_children(reader: &mut Reader<'_>) -> Result<Self, Error>;

    /// Writes the children.
    fn write_children(&self, writer: &mut Writer);
}

/// A value that is written as text.
pub trait Lexical: Sized {
    /// The most bytes or entries where the field says nothing else.
    const MAX: usize = TEXT_BYTES_MAX;

    fn parse(name: &'static str, text: &str, max: usize) -> Result<Self, XmlError>;

    fn display(&self) -> impl Display;

    /// Whether this is a binary value without bytes.
    fn is_blank(&self) -> bool {
        false
    }
}

/// What an element of a message may hold.
pub trait Field: Sized {
    const MAX: usize;

    /// Reads the element that was just opened, `name`, up to its end. `max` is in bytes for text
    /// and binary values and in entries for lists.
    fn read_element(
        name: &'static str,
        element: &Element<'_>,
        reader: &mut Reader<'_>,
        max: usize,
    ) -> Result<Self, Error>;

    /// Writes the element, or nothing for an absent value.
    fn write_element(&self, name: &str, writer: &mut Writer);

    /// Writes the element, unless it would be blank.
    fn write_unless_blank(&self, name: &str, writer: &mut Writer) {
        if !self.is_blank() {
            self.write_element(name, writer);
        }
    }

    /// What the absence of the element means; `None` where it must be there.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether this is a list without entries or a binary value without bytes.
    fn is_blank(&self) -> bool {
        false
    }
}

/// Makes an entry of a list of its text.
pub type FromPlainText<T> = fn(&str) -> Result<T, XmlError>;

/// A value that lists have as their entries.
pub trait Item: Field {
    /// The name of the element around an entry.
    const ITEM: &'static str;

    /// Set where entries are plain texts.
    const FROM_PLAIN_TEXT: Option<FromPlainText<Self>> = None;
}

impl<T: Field> Field for Option<T> {
    const MAX: usize = T::MAX;

    fn read_element(
        name: &'static str,
        element: &Element<'_>,
        reader: &mut Reader<'_>,
        max: usize,
    ) -> Result<Self, Error> {
        if is_nil(element)? {
            reader.skip()?;
            return Ok(None);
        }
        T::read_element(name, element, reader, max).map(Some)
    }

    fn write_element(&self, name: &str, writer: &mut Writer) {
        if let Some(value) = self {
            value.write_element(name, writer);
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn is_blank(&self) -> bool {
        self.as_ref().is_none_or(T::is_blank)
    }
}

/// Whether the element says `xsi:nil`, as SOAP encoding writes what is absent (fact 4).
fn is_nil(element: &Element<'_>) -> Result<bool, XmlError> {
    match element.attribute("nil")? {
        Some(text) => lexical::boolean("nil", &text),
        None => Ok(false),
    }
}

impl<T: Item> Field for Vec<T> {
    const MAX: usize = ENTRIES_MAX;

    fn read_element(
        name: &'static str,
        _element: &Element<'_>,
        reader: &mut Reader<'_>,
        max: usize,
    ) -> Result<Self, Error> {
        let mut entries = Vec::new();
        let mut add = |entry: T| {
            if entries.len() == max {
                return Err(XmlError::TooMany { name, max });
            }
            entries.push(entry);
            Ok(())
        };
        loop {
            if let Some(from_plain_text) = T::FROM_PLAIN_TEXT {
                while let Some(text) = reader.plain_child(T::ITEM) {
                    add(from_plain_text(text)?)?;
                }
            }
            let Some(element) = reader.next_child()? else { return Ok(entries) };
            if element.local_name() == T::ITEM {
                add(T::read_element(T::ITEM, &element, reader, T::MAX)?)?;
            } else {
                reader.skip()?;
            }
        }
    }

    fn write_element(&self, name: &str, writer: &mut Writer) {
        writer.element(name, |w| self.iter().for_each(|entry| entry.write_element(T::ITEM, w)));
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }

    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

/// Lets values that are texts stand in elements, and in lists where they have an item's name.
macro_rules! lexical_fields {
    ($($type:ty $(: $item:literal)?),* $(,)?) => {$(
        impl $crate::soap::Field for $type {
            const MAX: usize = <$type as $crate::soap::Lexical>::MAX;

            fn read_element(
                name: &'static str,
                _element: &headwater_xml::Element<'_>,
                reader: &mut headwater_xml::Reader<'_>,
                max: usize,
            ) -> Result<Self, $crate::soap::Error> {
                Ok($crate::soap::Lexical::parse(name, &reader.text()?, max)?)
            }

            fn write_element(&self, name: &str, writer: &mut headwater_xml::Writer) {
                writer.value(name, $crate::soap::Lexical::display(self));
            }

            fn is_blank(&self) -> bool {
                $crate::soap::Lexical::is_blank(self)
            }
        }

        $(impl $crate::soap::Item for $type {
            const ITEM: &'static str = $item;

            const FROM_PLAIN_TEXT: Option<$crate::soap::FromPlainText<Self>> =
                Some(|text| $crate::soap::Lexical::parse($item, text, <$type as $crate::soap::Lexical>::MAX));
        })?
    )*};
}
pub(crate) use lexical_fields;

lexical_fields! {
    bool, u8, i16, u32, i64, Timestamp, Vec<u8>, ServerId,
    i32: "int", String: "string", Guid: "guid", UpdateId: "guid", GroupId: "guid", Sha1Digest: "base64Binary",
}

/// What its `FromStr` reads and its `Display` writes.
macro_rules! parsed {
    ($($type:ty),*) => {$(
        impl Lexical for $type {
            fn parse(name: &'static str, text: &str, _max: usize) -> Result<Self, XmlError> {
                text.trim().parse().map_err(|error| XmlError::value(name, text, error))
            }

            fn display(&self) -> impl Display {
                self
            }
        }
    )*};
}

parsed!(u8, i16, u32, i32, i64, Timestamp, Guid, UpdateId, GroupId, ServerId);

impl Lexical for bool {
    fn parse(name: &'static str, text: &str, _max: usize) -> Result<Self, XmlError> {
        lexical::boolean(name, text)
    }

    fn display(&self) -> impl Display {
        self
    }
}

impl Lexical for String {
    fn parse(_name: &'static str, text: &str, max: usize) -> Result<Self, XmlError> {
        if text.len() > max { Err(XmlError::TextTooLong(max)) } else { Ok(text.to_owned()) }
    }

    fn display(&self) -> impl Display {
        self
    }
}

impl Lexical for Vec<u8> {
    const MAX: usize = BINARY_BYTES_MAX;

    fn parse(name: &'static str, text: &str, max: usize) -> Result<Self, XmlError> {
        lexical::base64_binary(name, text, max)
    }

    fn display(&self) -> impl Display {
        lexical::to_base64(self)
    }

    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl Lexical for Sha1Digest {
    fn parse(name: &'static str, text: &str, _max: usize) -> Result<Self, XmlError> {
        Self::from_base64(text).map_err(|error| XmlError::value(name, text, error))
    }

    fn display(&self) -> impl Display {
        self.to_base64()
    }
}

/// [MS-WUSP] 2.2.3.6 UpdateIdentity
impl Structure for UpdateIdentity {
    fn read_children(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let (mut id, mut revision) = (None, None);
        while let Some(element) = reader.next_child()? {
            match element.local_name() {
                "UpdateID" => id = Some(reader.parse("UpdateID")?),
                "RevisionNumber" => revision = Some(reader.parse("RevisionNumber")?),
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            id: id.ok_or(XmlError::Missing("UpdateID"))?,
            revision: revision.ok_or(XmlError::Missing("RevisionNumber"))?,
        })
    }

    fn write_children(&self, writer: &mut Writer) {
        writer.value("UpdateID", self.id);
        writer.value("RevisionNumber", self.revision);
    }
}

super::record::structure_fields!(UpdateIdentity: "UpdateIdentity");
