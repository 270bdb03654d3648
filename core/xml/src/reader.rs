//! The pull reader: elements, text and ends; nothing else reaches the caller.

use std::borrow::Cow;
use std::io::BufRead as _;

use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesStart, Event as Raw};

use crate::{Binding, Namespaces};

/// What a document may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Elements within elements. Real documents stay below 30, applicability rules included.
    pub depth_max: u32,
    /// Attributes of one element. Real documents stay below 20.
    pub attributes_max: u32,
    /// Bytes of one piece of text after its entities are resolved.
    pub text_bytes_max: usize,
}

impl Limits {
    /// For SOAP messages: every field but the embedded documents is short.
    pub const MESSAGE: Self = Self { depth_max: 64, attributes_max: 64, text_bytes_max: 96 << 20 };
    /// For update documents: a component manifest of 47 MB is real (fact 30).
    pub const DOCUMENT: Self = Self { depth_max: 256, attributes_max: 256, text_bytes_max: 96 << 20 };
}

/// Why a document was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("malformed XML at byte {position}: {reason}")]
    Malformed { position: u64, reason: String },
    #[error("a document type definition is not allowed")]
    DocumentType,
    #[error("the entity `&{0};` is not defined")]
    UnknownEntity(String),
    #[error("the namespace prefix `{0}` is not declared")]
    UndeclaredPrefix(String),
    #[error("elements are nested deeper than {0}")]
    TooDeep(u32),
    #[error("an element has more than {0} attributes")]
    TooManyAttributes(u32),
    #[error("a text is longer than {0} bytes")]
    TextTooLong(usize),
    #[error("the document ends inside an element")]
    UnexpectedEnd,
    #[error("expected the element `{expected}`, found `{found}`")]
    UnexpectedElement { expected: &'static str, found: String },
    #[error("the element `{0}` is missing")]
    Missing(&'static str),
    #[error("the value `{value}` of `{name}` is not valid: {reason}")]
    Value { name: &'static str, value: String, reason: String },
    #[error("`{name}` has more than {max} entries")]
    TooMany { name: &'static str, max: usize },
}

impl Error {
    /// A value that is not of its lexical form.
    pub fn value(name: &'static str, value: &str, reason: impl ToString) -> Self {
        Self::Value { name, value: value.chars().take(64).collect(), reason: reason.to_string() }
    }
}

/// One thing of a document. Comments, processing instructions and the declaration are skipped.
#[derive(Debug)]
pub enum Event<'a> {
    Start(Element<'a>),
    /// Text with its entities resolved. Adjacent pieces arrive as several events.
    Text(Cow<'a, str>),
    End,
    /// The document is complete.
    Eof,
}

/// The start of an element.
#[derive(Debug, Clone)]
pub struct Element<'a> {
    start: BytesStart<'a>,
    limits: Limits,
    self_closing: bool,
}

/// One attribute, namespace declarations included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute<'e> {
    /// The name as written, with its prefix.
    pub name: &'e str,
    /// The value as written, entities unresolved.
    pub raw: Cow<'e, str>,
}

impl Attribute<'_> {
    /// The value with its entities resolved.
    pub fn value(&self) -> Result<Cow<'_, str>, Error> {
        quick_xml::escape::unescape(&self.raw)
            .map_err(|e| Error::UnknownEntity(e.to_string().chars().take(64).collect()))
    }
}

impl<'a> Element<'a> {
    /// The name as written, with its prefix.
    pub fn qualified_name(&self) -> &str {
        // The input is a `str` and quick-xml cuts at ASCII characters.
        std::str::from_utf8(self.start.name().into_inner()).unwrap_or_default()
    }

    /// The name without its prefix.
    pub fn local_name(&self) -> &str {
        let name = self.qualified_name();
        name.rsplit_once(':').map_or(name, |(_, local)| local)
    }

    /// The prefix, empty where there is none.
    pub fn prefix(&self) -> &str {
        self.qualified_name().rsplit_once(':').map_or("", |(prefix, _)| prefix)
    }

    /// Whether it is written `<name/>`. Its end is an event all the same.
    pub fn is_self_closing(&self) -> bool {
        self.self_closing
    }

    /// All attributes in their order.
    pub fn attributes(&self) -> impl Iterator<Item = Result<Attribute<'_>, Error>> {
        let attributes: Attributes<'_> = self.start.attributes();
        let max = self.limits.attributes_max;
        attributes.enumerate().map(move |(index, attribute)| {
            if index as u32 >= max {
                return Err(Error::TooManyAttributes(max));
            }
            let attribute = attribute.map_err(|e| Error::Malformed { position: 0, reason: e.to_string() })?;
            let name = std::str::from_utf8(attribute.key.into_inner()).unwrap_or_default();
            let raw = match attribute.value {
                Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
                Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
            };
            Ok(Attribute { name, raw })
        })
    }

    /// The value of the attribute of this name without prefix, entities resolved.
    pub fn attribute(&self, local_name: &str) -> Result<Option<String>, Error> {
        for attribute in self.attributes() {
            let attribute = attribute?;
            let local = attribute.name.rsplit_once(':').map_or(attribute.name, |(_, local)| local);
            if local == local_name && !attribute.name.starts_with("xmlns:") {
                return Ok(Some(attribute.value()?.into_owned()));
            }
        }
        Ok(None)
    }
}

/// A pull reader over a document in memory.
pub struct Reader<'a> {
    inner: quick_xml::Reader<&'a [u8]>,
    limits: Limits,
    depth: u32,
    /// The last event began a self-closing element.
    end_is_due: bool,
    /// What prefixes stand for, where somebody wants to know.
    namespaces: Option<Namespaces>,
    /// Where the first NUL is, which no XML has.
    nul: Option<usize>,
}

impl<'a> Reader<'a> {
    /// Reads `text`, without regard to a byte order mark at its start.
    pub fn new(text: &'a str, limits: Limits) -> Self {
        let text = text.trim_start_matches('\u{feff}');
        let mut inner = quick_xml::Reader::from_str(text);
        let config = inner.config_mut();
        config.check_end_names = true;
        Self { inner, limits, depth: 0, end_is_due: false, namespaces: None, nul: text.find('\0') }
    }

    /// Keeps account of namespaces from here on. `outside` has what the open elements declared.
    pub fn track_namespaces(&mut self, outside: Namespaces) {
        self.namespaces = Some(outside);
    }

    /// What a prefix stands for in the element that was opened last, while it is open. Without
    /// [`Reader::track_namespaces`] nothing is declared.
    pub fn resolve(&self, prefix: &str) -> Result<Option<Binding<'_>>, Error> {
        match &self.namespaces {
            Some(namespaces) => namespaces.resolve(prefix),
            None => Namespaces::new().resolve(prefix).map(|_| None),
        }
    }

    /// How many elements are open.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// How many bytes of the document are read.
    pub fn position(&self) -> u64 {
        self.inner.buffer_position()
    }

    /// The next thing of the document.
    // A pull reader is no iterator: its error ends it, and `Eof` repeats.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Event<'a>, Error> {
        if std::mem::take(&mut self.end_is_due) {
            return Ok(self.end());
        }
        if let Some(nul) = self.nul {
            return Err(Error::Malformed { position: nul as u64, reason: "the character NUL".to_owned() });
        }
        loop {
            let position = self.inner.buffer_position();
            let raw =
                self.inner.read_event().map_err(|e| Error::Malformed { position, reason: e.to_string() })?;
            match raw {
                Raw::Start(start) => return self.start(start, false),
                Raw::Empty(start) => return self.start(start, true),
                Raw::End(_) => return Ok(self.end()),
                Raw::Text(text) => {
                    let text = utf8(text.into_inner())?;
                    if text.len() > self.limits.text_bytes_max {
                        return Err(Error::TextTooLong(self.limits.text_bytes_max));
                    }
                    return Ok(Event::Text(text));
                }
                Raw::CData(text) => return Ok(Event::Text(utf8(text.into_inner())?)),
                Raw::GeneralRef(reference) => {
                    let name = utf8(reference.into_inner())?;
                    return Ok(Event::Text(Cow::Owned(entity(&name)?)));
                }
                Raw::DocType(_) => return Err(Error::DocumentType),
                Raw::Eof if self.depth > 0 => return Err(Error::UnexpectedEnd),
                Raw::Eof => return Ok(Event::Eof),
                Raw::Comment(_) | Raw::Decl(_) | Raw::PI(_) => {}
            }
        }
    }

    fn start(&mut self, start: BytesStart<'a>, self_closing: bool) -> Result<Event<'a>, Error> {
        self.depth += 1;
        if self.depth > self.limits.depth_max {
            return Err(Error::TooDeep(self.limits.depth_max));
        }
        self.end_is_due = self_closing;
        let element = Element { start, limits: self.limits, self_closing };
        if let Some(namespaces) = &mut self.namespaces {
            namespaces.enter(&element, self.depth)?;
        }
        Ok(Event::Start(element))
    }

    fn end(&mut self) -> Event<'a> {
        self.depth -= 1;
        if let Some(namespaces) = &mut self.namespaces {
            namespaces.leave(self.depth);
        }
        Event::End
    }

    /// The next element at this level; `None` at the end of the element around it, which is
    /// then consumed, or at the end of the document. Text between elements is skipped.
    pub fn next_child(&mut self) -> Result<Option<Element<'a>>, Error> {
        loop {
            match self.next()? {
                Event::Start(element) => return Ok(Some(element)),
                Event::Text(_) => {}
                Event::End | Event::Eof => return Ok(None),
            }
        }
    }

    /// The text of the next child where it is written as plainly as possible,
    /// `<name>text</name>` right here and nothing in the text to resolve; otherwise `None`, and
    /// nothing is consumed. Long lists of ids are read with it several times faster than with
    /// [`Reader::next_child`].
    pub fn plain_child(&mut self, name: &str) -> Option<&'a str> {
        // After `<list/>` what follows is no child of it.
        if self.end_is_due || self.nul.is_some() {
            return None;
        }
        let rest: &'a [u8] = self.inner.get_ref();
        let content = rest.strip_prefix(b"<")?.strip_prefix(name.as_bytes())?.strip_prefix(b">")?;
        let end = content.iter().position(|byte| matches!(byte, b'<' | b'&'))?;
        let (text, tail) = content.split_at(end);
        let after = tail.strip_prefix(b"</")?.strip_prefix(name.as_bytes())?.strip_prefix(b">")?;
        let text = std::str::from_utf8(text).ok()?;
        self.inner.stream().consume(rest.len() - after.len());
        Some(text)
    }

    /// The text of the open element, whose end is consumed. Elements inside it are skipped.
    pub fn text(&mut self) -> Result<Cow<'a, str>, Error> {
        let mut whole: Option<Cow<'a, str>> = None;
        loop {
            match self.next()? {
                Event::Text(piece) => match &mut whole {
                    None => whole = Some(piece),
                    Some(text) => {
                        if text.len() + piece.len() > self.limits.text_bytes_max {
                            return Err(Error::TextTooLong(self.limits.text_bytes_max));
                        }
                        text.to_mut().push_str(&piece);
                    }
                },
                Event::Start(_) => self.skip()?,
                Event::End | Event::Eof => return Ok(whole.unwrap_or_default()),
            }
        }
    }

    /// The text of the open element as a value of its lexical form.
    pub fn parse<T>(&mut self, name: &'static str) -> Result<T, Error>
    where
        T: std::str::FromStr,
        T::Err: ToString,
    {
        let text = self.text()?;
        text.trim().parse().map_err(|e: T::Err| Error::value(name, &text, e.to_string()))
    }

    /// Consumes the open element whole.
    pub fn skip(&mut self) -> Result<(), Error> {
        let outside = self.depth - 1;
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }
}

fn utf8(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, str>, Error> {
    let malformed = |_| Error::Malformed { position: 0, reason: "not UTF-8".to_owned() };
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(malformed),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|e| malformed(e.utf8_error())),
    }
}

/// The five entities of XML, and characters by number.
fn entity(name: &str) -> Result<String, Error> {
    let unknown = || Error::UnknownEntity(name.chars().take(64).collect());
    if let Some(predefined) = quick_xml::escape::resolve_predefined_entity(name) {
        return Ok(predefined.to_owned());
    }
    let number = name.strip_prefix('#').ok_or_else(unknown)?;
    let code = match number.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    }
    .map_err(|_| unknown())?;
    match char::from_u32(code) {
        Some('\0') | None => Err(unknown()),
        Some(character) => Ok(character.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(text: &str) -> Result<String, Error> {
        let mut reader = Reader::new(text, Limits::MESSAGE);
        let mut out = String::new();
        loop {
            match reader.next()? {
                Event::Start(element) => out += &format!("<{}", element.qualified_name()),
                Event::Text(text) => out += &format!("[{text}]"),
                Event::End => out += ">",
                Event::Eof => return Ok(out),
            }
        }
    }

    #[test]
    fn elements_text_and_entities() {
        assert_eq!(
            events("\u{feff}<?xml version=\"1.0\"?><a><b/>x &amp; y&#x41;<!-- c --></a>").unwrap(),
            "<a<b>[x ][&][ y][A]>"
        );
        assert_eq!(events("<a><![CDATA[<&]]></a>").unwrap(), "<a[<&]>");
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(events("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>"), Err(Error::DocumentType));
        assert_eq!(events("<a>&x;</a>"), Err(Error::UnknownEntity("x".into())));
        assert_eq!(events("<a>&#0;</a>"), Err(Error::UnknownEntity("#0".into())));
        for text in ["<a>b\0</a>", "<a b='\0'/>"] {
            assert!(matches!(events(text), Err(Error::Malformed { .. })), "{text:?}");
        }
        assert_eq!(events("<a><b></b>"), Err(Error::UnexpectedEnd));
        assert!(matches!(events("<a></b>"), Err(Error::Malformed { .. })));
        assert_eq!(events(&"<a>".repeat(65)), Err(Error::TooDeep(64)));
    }

    #[test]
    fn attributes_are_limited_and_resolved() {
        let mut reader = Reader::new(r#"<a b="1 &lt; 2" x:c='d'/>"#, Limits::MESSAGE);
        let element = reader.next_child().unwrap().unwrap();
        assert_eq!(element.attribute("b").unwrap().as_deref(), Some("1 < 2"));
        assert_eq!(element.attribute("c").unwrap().as_deref(), Some("d"));
        assert_eq!(element.attribute("d").unwrap(), None);

        let many: String = (0..65).map(|n| format!(" a{n}=\"\"")).collect();
        let text = format!("<a{many}/>");
        let mut reader = Reader::new(&text, Limits::MESSAGE);
        let element = reader.next_child().unwrap().unwrap();
        assert_eq!(element.attribute("z"), Err(Error::TooManyAttributes(64)));
    }

    #[test]
    fn self_closing_elements_have_an_end_too() {
        let mut reader = Reader::new("<a><b/><c></c></a>", Limits::MESSAGE);
        reader.next_child().unwrap();
        assert!(reader.next_child().unwrap().unwrap().is_self_closing());
        assert_eq!(reader.depth(), 2);
        reader.skip().unwrap();
        assert!(!reader.next_child().unwrap().unwrap().is_self_closing());
        assert_eq!(reader.text().unwrap(), "");
        assert!(reader.next_child().unwrap().is_none());
        assert_eq!(reader.depth(), 0);
    }

    #[test]
    fn text_joins_its_pieces_and_skips_elements() {
        let mut reader = Reader::new("<a>1<b>2</b>&lt;3</a>", Limits::MESSAGE);
        reader.next_child().unwrap();
        assert_eq!(reader.text().unwrap(), "1<3");
        assert!(reader.next_child().unwrap().is_none());
    }

    #[test]
    fn plain_children_are_taken_whole_or_not_at_all() {
        let mut reader = Reader::new(
            "<a><i>1</i><i>2</i><i x=''>3</i> <i>4</i><i>&lt;</i><b/><i>5</i></a>",
            Limits::MESSAGE,
        );
        assert_eq!(reader.plain_child("i"), None);
        reader.next_child().unwrap();
        assert_eq!(reader.plain_child("b"), None);
        assert_eq!(reader.plain_child("i"), Some("1"));
        assert_eq!(reader.plain_child("i"), Some("2"));
        for expected in ["3", "4", "<"] {
            assert_eq!(reader.plain_child("i"), None);
            assert_eq!(reader.next_child().unwrap().unwrap().local_name(), "i");
            assert_eq!(reader.text().unwrap(), expected);
        }
        assert_eq!(reader.plain_child("i"), None);
        assert_eq!(reader.next_child().unwrap().unwrap().local_name(), "b");
        assert_eq!(reader.plain_child("i"), None, "what follows an empty element is not in it");
        reader.skip().unwrap();
        assert!(reader.next_child().unwrap().is_some());
        assert_eq!(reader.text().unwrap(), "5");
        assert_eq!(reader.plain_child("i"), None);
        assert!(reader.next_child().unwrap().is_none());
        assert!(matches!(reader.next(), Ok(Event::Eof)));
    }

    #[test]
    fn prefixes_are_resolved_where_they_are_tracked() {
        let mut reader = Reader::new("<a xmlns:p='u'><b xmlns:p='v' xmlns='w'/><c/></a>", Limits::MESSAGE);
        assert_eq!(reader.resolve("p"), Err(Error::UndeclaredPrefix("p".into())));
        assert_eq!(reader.resolve(""), Ok(None));
        reader.track_namespaces(Namespaces::new());
        for (name, prefix, expected) in
            [("a", "p", Some("u")), ("b", "p", Some("v")), ("c", "p", Some("u")), ("", "", None)]
        {
            if !name.is_empty() {
                assert_eq!(reader.next_child().unwrap().unwrap().local_name(), name);
            }
            assert_eq!(reader.resolve(prefix).unwrap().map(|binding| binding.uri), expected);
            if name == "b" {
                assert_eq!(reader.resolve("").unwrap().map(|binding| binding.uri), Some("w"));
                reader.skip().unwrap();
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[<>&a/!\\[\\]x;#\"' =-]{0,60}") {
            let _ = events(&text);
        }
    }
}
