//! One value of a generic row: its type and its text, as they came.

use headwater_model::Guid;
use headwater_xml::{Element, Error as XmlError, Event, Reader, Writer, lexical};

use super::Time;
use crate::soap::Lexical;

const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";
const MICROSOFT: &str = "http://microsoft.com/wsdl/types/";

/// ApiRemoting30 ArrayOfAnyType, *anyType*
///
/// Only a text that is valid for its type becomes a cell by reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cell {
    #[default]
    Nil,
    Value(CellType, Box<str>),
}

macro_rules! cell_types {
    ($($name:ident = $namespace:ident $local:literal),* $(,)?) => {
        /// What a cell says that it holds.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CellType { $($name,)* }

        impl CellType {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The namespace and the local name of the type.
            const fn name(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($namespace, $local),)* }
            }
        }
    };
}

cell_types! {
    Boolean = SCHEMA "boolean",
    Byte = SCHEMA "byte",
    UnsignedByte = SCHEMA "unsignedByte",
    Short = SCHEMA "short",
    UnsignedShort = SCHEMA "unsignedShort",
    Int = SCHEMA "int",
    UnsignedInt = SCHEMA "unsignedInt",
    Long = SCHEMA "long",
    UnsignedLong = SCHEMA "unsignedLong",
    String = SCHEMA "string",
    DateTime = SCHEMA "dateTime",
    Base64Binary = SCHEMA "base64Binary",
    Guid = MICROSOFT "guid",
}

impl CellType {
    /// The name for people, such as `int`.
    pub fn as_str(self) -> &'static str {
        self.name().1
    }

    pub fn is_integer(self) -> bool {
        !matches!(self, Self::Boolean | Self::String | Self::DateTime | Self::Base64Binary | Self::Guid)
    }

    fn parse(text: &str, reader: &Reader<'_>) -> Result<Self, XmlError> {
        let (prefix, local) = text.trim().rsplit_once(':').unwrap_or(("", text.trim()));
        let namespace = reader.resolve(prefix)?.map_or("", |binding| binding.uri);
        let known = Self::ALL.iter().copied().find(|known| known.name() == (namespace, local));
        known.ok_or_else(|| {
            let namespace: String = namespace.chars().take(128).collect();
            XmlError::value("xsi:type", text, format!("a cell has no such type of `{namespace}`"))
        })
    }

    /// The text as a cell keeps it, if it is valid: without the white space that says nothing.
    fn check(self, text: &str) -> Result<Box<str>, XmlError> {
        fn of<T: std::str::FromStr<Err: ToString>>(text: &str) -> Result<(), XmlError> {
            text.parse::<T>().map(drop).map_err(|error| XmlError::value("anyType", text, error))
        }
        let text = match self {
            Self::String => text.into(),
            Self::Base64Binary => text.split_ascii_whitespace().collect::<String>().into_boxed_str(),
            _ => text.trim().into(),
        };
        match self {
            Self::Boolean => lexical::boolean("anyType", &text).map(drop),
            Self::Byte => of::<i8>(&text),
            Self::UnsignedByte => of::<u8>(&text),
            Self::Short => of::<i16>(&text),
            Self::UnsignedShort => of::<u16>(&text),
            Self::Int => of::<i32>(&text),
            Self::UnsignedInt => of::<u32>(&text),
            Self::Long => of::<i64>(&text),
            Self::UnsignedLong => of::<u64>(&text),
            Self::String => Ok(()),
            Self::DateTime => Time::parse("anyType", &text, 0).map(drop),
            Self::Base64Binary => lexical::base64_binary("anyType", &text, text.len()).map(drop),
            Self::Guid => of::<Guid>(&text),
        }?;
        Ok(text)
    }
}

impl Cell {
    /// The value of a type from a text that is valid for it.
    pub(super) fn new(kind: CellType, text: impl Into<Box<str>>) -> Self {
        Self::Value(kind, text.into())
    }

    /// What the cell is, for people.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Value(kind, _) => kind.as_str(),
        }
    }

    /// Bytes of its text.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Nil => 0,
            Self::Value(_, text) => text.len(),
        }
    }

    /// Reads the element that was just opened, whose text may have `bytes_max` bytes.
    pub(super) fn read(
        element: &Element<'_>,
        reader: &mut Reader<'_>,
        bytes_max: usize,
    ) -> Result<Self, XmlError> {
        if is_nil(element, reader)? {
            let text = text_only(reader, bytes_max)?;
            return match text.trim() {
                "" => Ok(Self::Nil),
                _ => Err(XmlError::value("anyType", &text, "it is nil and has a value")),
            };
        }
        let Some(name) = instance_attribute(element, reader, "type")? else {
            return Err(XmlError::value("anyType", "", "it has no xsi:type"));
        };
        let kind = CellType::parse(&name, reader)?;
        let text = text_only(reader, bytes_max)?;
        Ok(Self::Value(kind, kind.check(&text)?))
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        match self {
            Self::Nil => writer.element_with("anyType", &[("xsi:nil", "true")], |_| {}),
            Self::Value(kind, text) => {
                let (namespace, local) = kind.name();
                let content = |w: &mut Writer| w.text(text);
                if namespace == SCHEMA {
                    writer.element_with("anyType", &[("xsi:type", &format!("xsd:{local}"))], content);
                } else {
                    let name = format!("q1:{local}");
                    let attributes = [("xmlns:q1", namespace), ("xsi:type", name.as_str())];
                    writer.element_with("anyType", &attributes, content);
                }
            }
        }
    }
}

/// Whether the element that was just opened is nil, by the namespace of the attribute.
pub(super) fn is_nil(element: &Element<'_>, reader: &Reader<'_>) -> Result<bool, XmlError> {
    match instance_attribute(element, reader, "nil")? {
        Some(text) => lexical::boolean("xsi:nil", &text),
        None => Ok(false),
    }
}

/// The value of an attribute of XML Schema's instances.
fn instance_attribute(
    element: &Element<'_>,
    reader: &Reader<'_>,
    local_name: &str,
) -> Result<Option<String>, XmlError> {
    for attribute in element.attributes() {
        let attribute = attribute?;
        // Without a prefix an attribute is in no namespace, whatever the default is ([XMLNS] 6.2).
        let Some((prefix, local)) = attribute.name.split_once(':') else { continue };
        if local == local_name
            && prefix != "xmlns"
            && reader.resolve(prefix)?.is_some_and(|binding| binding.uri == INSTANCE)
        {
            return Ok(Some(attribute.value()?.into_owned()));
        }
    }
    Ok(None)
}

/// The text of the open element, which has no elements in it.
fn text_only(reader: &mut Reader<'_>, bytes_max: usize) -> Result<String, XmlError> {
    let mut text = String::new();
    loop {
        match reader.next()? {
            Event::Text(piece) if text.len() + piece.len() > bytes_max => {
                return Err(XmlError::TextTooLong(bytes_max));
            }
            Event::Text(piece) => text.push_str(&piece),
            Event::Start(inner) => {
                return Err(XmlError::value("anyType", inner.local_name(), "an element in a cell"));
            }
            Event::End | Event::Eof => return Ok(text),
        }
    }
}
