//! `record!`: a structure of a message is declared once, and read and written from that.

/// Declares structures whose fields are elements. Each field has its element's name and type, and
/// may have
/// * `= value`: what the absence of the element means. Without it an absent list is empty, an
///   absent `Option` is `None`, and anything else must be there;
/// * `[max n]`: the most entries of a list, or bytes of a text or binary value;
/// * `[max n, omit blank]`: a list without entries, or a binary value without bytes, is not written.
///
/// `: "Name"` after the structure's name lets lists have it as their entry of that name.
macro_rules! record {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident $(: $item:literal)? {$(
            $(#[$field_meta:meta])*
            $wire:literal => $field:ident: $type:ty
                $([max $max:expr $(, omit $blank:ident)?])?
                $(= $default:expr)?
        ),* $(,)?}
    )*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {$(
            $(#[$field_meta])*
            pub $field: $type,
        )*}

        impl $crate::soap::Structure for $name {
            fn read_children(reader: &mut headwater_xml::Reader<'_>) -> Result<Self, $crate::soap::Error> {
                $crate::soap::record::read_fields!(reader => {
                    $($wire => $field: $type $([max $max $(, omit $blank)?])? $(= $default)?,)*
                })
            }

            #[allow(unused_variables)]
            fn write_children(&self, writer: &mut headwater_xml::Writer) {$(
                $crate::soap::record::write!(self.$field, $wire, writer $($(, $blank)?)?);
            )*}
        }

        $crate::soap::record::structure_fields!($name $(: $item)?);
    )*};
}

/// Declares structures whose values are attributes, except for the `elements` at their end, which
/// are declared as in `record!`. Attributes are written even where they are empty.
macro_rules! attributed {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident $(: $item:literal)? {
            attributes {$(
                $(#[$attribute_meta:meta])*
                $attribute_wire:literal => $attribute:ident: $attribute_type:ty $(= $default:expr)?
            ),* $(,)?}
            elements {$(
                $(#[$field_meta:meta])*
                $wire:literal => $field:ident: $type:ty $([max $max:expr])?
            ),* $(,)?}
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $($(#[$attribute_meta])* pub $attribute: $attribute_type,)*
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl $crate::soap::Field for $name {
            const MAX: usize = 0;

            fn read_element(
                _name: &'static str,
                element: &headwater_xml::Element<'_>,
                reader: &mut headwater_xml::Reader<'_>,
                _max: usize,
            ) -> Result<Self, $crate::soap::Error> {
                $(let mut $attribute: Option<$attribute_type> = None;)*
                for attribute in element.attributes() {
                    let attribute = attribute?;
                    match attribute.name {
                        $($attribute_wire => {
                            let max = <$attribute_type as $crate::soap::Lexical>::MAX;
                            let value = $crate::soap::Lexical::parse($attribute_wire, &attribute.value()?, max);
                            $attribute = Some(value.map_err(|e| $crate::soap::Error::Xml(e).inside($attribute_wire))?);
                        })*
                        _ => {}
                    }
                }
                $(let $attribute = match $attribute {
                    Some(value) => value,
                    None => $crate::soap::record::absent!($attribute_wire, $attribute_type $(, $default)?),
                };)*
                $crate::soap::record::read_fields!(reader => {
                    $($wire => $field: $type $([max $max])?,)*
                } with $($attribute),*)
            }

            fn write_element(&self, name: &str, writer: &mut headwater_xml::Writer) {
                let values = [$(($attribute_wire, $crate::soap::Lexical::display(&self.$attribute).to_string()),)*];
                let attributes = values.each_ref().map(|(key, value)| (*key, value.as_str()));
                writer.element_with(name, &attributes, |_writer| {
                    $($crate::soap::Field::write_element(&self.$field, $wire, _writer);)*
                });
            }
        }

        $(impl $crate::soap::Item for $name {
            const ITEM: &'static str = $item;
        })?
    )*};
}

/// Reads the fields of `Self`, declared as in `record!`, up to the end of the open element; those
/// after `with` were read before.
macro_rules! read_fields {
    ($reader:expr => {$(
        $wire:literal => $field:ident: $type:ty
            $([max $max:expr $(, omit $blank:ident)?])?
            $(= $default:expr)?
    ),* $(,)?} $(with $($known:ident),*)?) => {{
        $(let mut $field: Option<$type> = None;)*
        while let Some(element) = $reader.next_child()? {
            match element.local_name() {
                $($wire => {
                    let max = $crate::soap::record::limit!($type $(, $max)?);
                    let value = $crate::soap::Field::read_element($wire, &element, $reader, max);
                    $field = Some(value.map_err(|error: $crate::soap::Error| error.inside($wire))?);
                })*
                _ => $reader.skip()?,
            }
        }
        Ok(Self {
            $($field: match $field {
                Some(value) => value,
                None => $crate::soap::record::absent!($wire, $type $(, $default)?),
            },)*
            $($($known,)*)?
        })
    }};
}

macro_rules! limit {
    ($type:ty) => {
        <$type as $crate::soap::Field>::MAX
    };
    ($type:ty, $max:expr) => {
        $max
    };
}

macro_rules! absent {
    ($wire:literal, $type:ty) => {
        <$type as $crate::soap::Field>::absent()
            .ok_or_else(|| $crate::soap::Error::Xml(headwater_xml::Error::Missing($wire)).inside($wire))?
    };
    ($wire:literal, $type:ty, $default:expr) => {
        $default
    };
}

macro_rules! write {
    ($value:expr, $wire:literal, $writer:ident) => {
        $crate::soap::Field::write_element(&$value, $wire, $writer)
    };
    ($value:expr, $wire:literal, $writer:ident, blank) => {
        $crate::soap::Field::write_unless_blank(&$value, $wire, $writer)
    };
}

/// Lets structures stand in elements, and in lists where they have an item's name.
macro_rules! structure_fields {
    ($name:ty $(: $item:literal)?) => {
        impl $crate::soap::Field for $name {
            const MAX: usize = 0;

            fn read_element(
                _name: &'static str,
                _element: &headwater_xml::Element<'_>,
                reader: &mut headwater_xml::Reader<'_>,
                _max: usize,
            ) -> Result<Self, $crate::soap::Error> {
                <Self as $crate::soap::Structure>::read_children(reader)
            }

            fn write_element(&self, name: &str, writer: &mut headwater_xml::Writer) {
                writer.element(name, |w| $crate::soap::Structure::write_children(self, w));
            }
        }

        $(impl $crate::soap::Item for $name {
            const ITEM: &'static str = $item;
        })?
    };
}

/// Declares enumerations whose values are written as their names.
macro_rules! enumeration {
    ($(
        $(#[$meta:meta])*
        pub enum $name:ident $(: $item:literal)? { $($(#[$value_meta:meta])* $value:ident),* $(,)? }
    )*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$value_meta])* $value,)* }

        impl $name {
            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$value => stringify!($value),)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::soap::Lexical for $name {
            fn parse(name: &'static str, text: &str, _max: usize) -> Result<Self, headwater_xml::Error> {
                match text.trim() {
                    $(stringify!($value) => Ok(Self::$value),)*
                    _ => Err(headwater_xml::Error::value(
                        name,
                        text,
                        concat!("it is no ", stringify!($name)),
                    )),
                }
            }

            fn display(&self) -> impl std::fmt::Display {
                self
            }
        }

        $crate::soap::lexical_fields!($name $(: $item)?);
    )*};
}

pub(crate) use {absent, attributed, enumeration, limit, read_fields, record, structure_fields, write};
