//! Which namespace a prefix stands for ([XMLNS]).

use crate::{Element, Error};

/// Declarations in scope at one place. Real documents have ten; with this many a lookup is still
/// quick, whatever a document nests.
const IN_SCOPE_MAX: usize = 256;

const XML: Binding<'static> = Binding { uri: "http://www.w3.org/XML/1998/namespace", depth: 0 };

/// The declarations of the open elements.
#[derive(Debug, Default)]
pub struct Namespaces {
    declared: Vec<Declared>,
}

#[derive(Debug)]
struct Declared {
    depth: u32,
    prefix: Box<str>,
    uri: Box<str>,
}

/// What a prefix stands for at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding<'n> {
    /// The namespace as it is written in the declaration.
    pub uri: &'n str,
    /// The depth of the element that declares it, 1 for the root.
    pub depth: u32,
}

impl Namespaces {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the declarations of an element that opened at `depth`.
    pub fn enter(&mut self, element: &Element<'_>, depth: u32) -> Result<(), Error> {
        for attribute in element.attributes() {
            let attribute = attribute?;
            if let Some(prefix) = declared_prefix(attribute.name) {
                self.declare(prefix, &attribute.raw, depth)?;
            }
        }
        Ok(())
    }

    /// Forgets what elements deeper than `depth` declared.
    pub fn leave(&mut self, depth: u32) {
        while self.declared.last().is_some_and(|declared| declared.depth > depth) {
            self.declared.pop();
        }
    }

    /// Binds a prefix, empty for the default namespace.
    pub fn declare(&mut self, prefix: &str, uri: &str, depth: u32) -> Result<(), Error> {
        if self.declared.len() == IN_SCOPE_MAX {
            return Err(Error::TooMany { name: "xmlns", max: IN_SCOPE_MAX });
        }
        self.declared.push(Declared { depth, prefix: prefix.into(), uri: uri.into() });
        Ok(())
    }

    /// What `prefix` stands for here. `None` is no namespace, which only the empty prefix can be.
    pub fn resolve(&self, prefix: &str) -> Result<Option<Binding<'_>>, Error> {
        // Prefixes are too short, often empty, for the call of a comparing function to pay off.
        let same = |declared: &&Declared| declared.prefix.bytes().eq(prefix.bytes());
        let declared = self.declared.iter().rev().find(same);
        match declared {
            Some(Declared { uri, depth, .. }) if !uri.is_empty() => Ok(Some(Binding { uri, depth: *depth })),
            _ if prefix == "xml" => Ok(Some(XML)),
            _ if prefix.is_empty() => Ok(None),
            _ => Err(Error::UndeclaredPrefix(prefix.chars().take(64).collect())),
        }
    }
}

/// The prefix that an attribute of this name declares.
fn declared_prefix(name: &str) -> Option<&str> {
    match name.strip_prefix("xmlns")? {
        "" => Some(""),
        rest => rest.strip_prefix(':'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, Limits, Reader};

    /// The namespaces of all elements of a document, in their order.
    fn uris(text: &str) -> Result<String, Error> {
        let mut reader = Reader::new(text, Limits::DOCUMENT);
        let mut namespaces = Namespaces::new();
        let mut out = String::new();
        loop {
            match reader.next()? {
                Event::Start(element) => {
                    namespaces.enter(&element, reader.depth())?;
                    match namespaces.resolve(element.prefix())? {
                        Some(binding) => out += &format!("{}@{} ", binding.uri, binding.depth),
                        None => out += "- ",
                    }
                }
                Event::End => namespaces.leave(reader.depth()),
                Event::Text(_) => {}
                Event::Eof => return Ok(out),
            }
        }
    }

    #[test]
    fn declarations_hold_for_their_element() {
        assert_eq!(uris("<a xmlns='u'><b xmlns='v'/><c xmlns=''/><d/></a>").unwrap(), "u@1 v@2 - u@1 ");
        assert_eq!(uris("<p:a xmlns:p='u'><p:b xmlns:p='v'/><c/></p:a>").unwrap(), "u@1 v@2 - ");
        assert_eq!(uris("<a><xml:b/></a>").unwrap(), "- http://www.w3.org/XML/1998/namespace@0 ");
    }

    #[test]
    fn a_prefix_must_be_declared() {
        assert_eq!(uris("<p:a/>"), Err(Error::UndeclaredPrefix("p".into())));
        assert_eq!(uris("<a><p:b xmlns:p='u'/><p:c/></a>"), Err(Error::UndeclaredPrefix("p".into())));
    }

    #[test]
    fn declarations_have_a_limit() {
        let open: String = (0..100).map(|n| format!("<a xmlns='{n}' xmlns:p='{n}' xmlns:q='{n}'>")).collect();
        assert_eq!(uris(&open), Err(Error::TooMany { name: "xmlns", max: 256 }));
    }
}
