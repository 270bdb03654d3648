//! XML within limits: a pull [`Reader`], an escaping [`Writer`] and the lexical forms of XML
//! Schema that the protocols use.
//!
//! The reader refuses document type definitions, undeclared entities, too deep nesting and too
//! many attributes (threat A8). The size of a document is limited by whoever took it in.

pub mod lexical;
mod namespace;
mod reader;
mod writer;

pub use namespace::{Binding, Namespaces};
pub use reader::{Attribute, Element, Error, Event, Limits, Reader};
pub use writer::Writer;
