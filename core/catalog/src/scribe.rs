//! A reader that writes what it reads as a client fragment ([MS-WUSP] 3.1.1.1, facts 36 and 37).
//!
//! Of Microsoft's namespaces only three leave a mark in a fragment, as a prefix of the element
//! name: `b.`, `m.` and `d.`. Attributes keep their order and their values as written, elements
//! their long or short form; declarations, comments and white space between elements go.
//! Elements of other namespaces (`MsiPatch`, the manifest of a package) stay as they are.
//!
//! What is written is well-formed: an agent stops at a fragment that is not, and with it the
//! scans of a whole fleet (threat A17).

use std::borrow::Cow;

use headwater_xml::{Element, Error, Event, Limits, Namespaces, Reader};

const MICROSOFT: &str = "http://schemas.microsoft.com/msus/";
const BASE_RULES: &str = "http://schemas.microsoft.com/msus/2002/12/BaseApplicabilityRules";
const MSI_RULES: &str = "http://schemas.microsoft.com/msus/2002/12/MsiApplicabilityRules";
const WINDOWS_DRIVER: &str = "http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/WindowsDriver";

/// The start of an element and what its namespace makes of it.
pub(crate) struct Tag<'a> {
    element: Element<'a>,
    space: Space,
}

#[derive(Clone, Copy)]
enum Space {
    /// A namespace of Microsoft's update documents or none, with the mark it leaves.
    Update(&'static str),
    Foreign,
}

impl<'a> Tag<'a> {
    /// The name without its prefix; empty for elements that say nothing about the update.
    pub(crate) fn name(&self) -> &str {
        match self.space {
            Space::Update(_) => self.element.local_name(),
            Space::Foreign => "",
        }
    }

    pub(crate) fn element(&self) -> &Element<'a> {
        &self.element
    }
}

pub(crate) struct Scribe<'a> {
    reader: Reader<'a>,
    namespaces: Namespaces,
    /// The names of the open written elements, one behind the other.
    names: String,
    open: Vec<Open>,
    /// The depth of the outermost open element of a foreign namespace.
    foreign_from: Option<u32>,
    /// White space that is text only if more text follows.
    space: Option<Cow<'a, str>>,
    in_text: bool,
}

/// An element whose end is to be written.
struct Open {
    name_at: usize,
    end: End,
}

enum End {
    Long,
    /// It is complete with its start.
    None,
    /// Short if nothing was written since.
    ShortIfAt(usize),
}

impl<'a> Scribe<'a> {
    pub(crate) fn new(document: &'a str) -> Self {
        Self {
            reader: Reader::new(document, Limits::DOCUMENT),
            namespaces: Namespaces::new(),
            names: String::new(),
            open: Vec::new(),
            foreign_from: None,
            space: None,
            in_text: false,
        }
    }

    /// The next element within the open one, which is not written; `None` at its end.
    pub(crate) fn enter(&mut self) -> Result<Option<Tag<'a>>, Error> {
        loop {
            match self.reader.next()? {
                Event::Start(element) => return self.tag(element).map(Some),
                Event::Text(text) if is_space(&text) => {}
                Event::Text(_) => return Err(self.malformed("text where only elements belong")),
                Event::End => {
                    self.leave();
                    return Ok(None);
                }
                Event::Eof => return Ok(None),
            }
        }
    }

    /// Passes over the element that was entered last.
    pub(crate) fn skip(&mut self) -> Result<(), Error> {
        self.reader.skip()?;
        self.leave();
        Ok(())
    }

    /// The next element within the open one, both of which are written; `None` at its end.
    pub(crate) fn child(&mut self, out: &mut String) -> Result<Option<Tag<'a>>, Error> {
        loop {
            match self.reader.next()? {
                Event::Start(element) => {
                    let tag = self.tag(element)?;
                    self.begin(&tag, out)?;
                    return Ok(Some(tag));
                }
                Event::Text(text) => self.write_text(text, out)?,
                Event::End | Event::Eof => {
                    self.end(out);
                    return Ok(None);
                }
            }
        }
    }

    /// Writes the open element to its end and gives its text, without that of elements in it.
    pub(crate) fn text(&mut self, out: &mut String) -> Result<String, Error> {
        let mut whole = String::new();
        loop {
            match self.reader.next()? {
                Event::Start(element) => {
                    let tag = self.tag(element)?;
                    self.begin(&tag, out)?;
                    self.rest(out)?;
                }
                Event::Text(text) => {
                    whole.push_str(&text);
                    self.write_text(text, out)?;
                }
                Event::End | Event::Eof => {
                    self.end(out);
                    return Ok(whole);
                }
            }
        }
    }

    /// Writes the open element to its end.
    pub(crate) fn rest(&mut self, out: &mut String) -> Result<(), Error> {
        let outside = self.open.len().saturating_sub(1);
        while self.open.len() > outside {
            self.child(out)?;
        }
        Ok(())
    }

    /// Writes the start of an element that was entered.
    pub(crate) fn begin(&mut self, tag: &Tag<'a>, out: &mut String) -> Result<(), Error> {
        let element = &tag.element;
        let name_at = self.names.len();
        match tag.space {
            Space::Update(mark) => {
                self.names.push_str(mark);
                self.names.push_str(element.local_name());
            }
            Space::Foreign => self.names.push_str(element.qualified_name()),
        }
        out.push('<');
        out.push_str(&self.names[name_at..]);
        match self.foreign_from {
            None => self.update_attributes(element, |_, _| true, out)?,
            Some(from) => self.foreign_attributes(element, from, out)?,
        }
        let end = if element.is_self_closing() { End::None } else { End::Long };
        out.push_str(if element.is_self_closing() { " />" } else { ">" });
        self.open.push(Open { name_at, end });
        Ok(())
    }

    /// As [`Scribe::begin`], under another name and with some of the attributes. What stays
    /// empty is written short.
    pub(crate) fn begin_as(
        &mut self,
        name: &str,
        tag: &Tag<'a>,
        keep: impl Fn(&str, &str) -> bool,
        out: &mut String,
    ) -> Result<(), Error> {
        let name_at = self.names.len();
        self.names.push_str(name);
        out.push('<');
        out.push_str(name);
        self.update_attributes(&tag.element, keep, out)?;
        out.push('>');
        self.open.push(Open { name_at, end: End::ShortIfAt(out.len()) });
        Ok(())
    }

    /// Writes an element without content and with these attributes of a tag, in this order.
    pub(crate) fn write_empty(
        &self,
        name: &str,
        tag: &Tag<'a>,
        attributes: &[&str],
        keep: impl Fn(&str, &str) -> bool,
        out: &mut String,
    ) -> Result<(), Error> {
        out.push('<');
        out.push_str(name);
        for wanted in attributes {
            for attribute in tag.element.attributes() {
                let attribute = attribute?;
                if attribute.name == *wanted && keep(wanted, &attribute.raw) {
                    self.attribute(wanted, &attribute.raw, out)?;
                }
            }
        }
        out.push_str(" />");
        Ok(())
    }

    fn end(&mut self, out: &mut String) {
        self.leave();
        let Some(Open { name_at, end }) = self.open.pop() else { return };
        match end {
            End::None => {}
            End::ShortIfAt(at) if at == out.len() => {
                out.pop();
                out.push_str(" />");
            }
            End::Long | End::ShortIfAt(_) => {
                out.push_str("</");
                out.push_str(&self.names[name_at..]);
                out.push('>');
            }
        }
        self.names.truncate(name_at);
    }

    fn tag(&mut self, element: Element<'a>) -> Result<Tag<'a>, Error> {
        (self.space, self.in_text) = (None, false);
        if !is_name(element.qualified_name()) {
            return Err(self.malformed("an element has no proper name"));
        }
        let depth = self.reader.depth();
        self.namespaces.enter(&element, depth)?;
        let mut space = match self.namespaces.resolve(element.prefix())? {
            None => Space::Update(""),
            Some(binding) => match binding.uri {
                BASE_RULES => Space::Update("b."),
                MSI_RULES => Space::Update("m."),
                WINDOWS_DRIVER => Space::Update("d."),
                uri if uri.starts_with(MICROSOFT) => Space::Update(""),
                _ => Space::Foreign,
            },
        };
        match (space, self.foreign_from) {
            (Space::Foreign, None) => self.foreign_from = Some(depth),
            (Space::Update(_), Some(_)) => space = Space::Foreign,
            _ => {}
        }
        Ok(Tag { element, space })
    }

    /// After the end of an element.
    fn leave(&mut self) {
        let depth = self.reader.depth();
        self.namespaces.leave(depth);
        if self.foreign_from.is_some_and(|from| from > depth) {
            self.foreign_from = None;
        }
        (self.space, self.in_text) = (None, false);
    }

    /// Attributes without declarations and prefixes: `xsi:type` becomes `type`.
    fn update_attributes(
        &self,
        element: &Element<'a>,
        keep: impl Fn(&str, &str) -> bool,
        out: &mut String,
    ) -> Result<(), Error> {
        for attribute in element.attributes() {
            let attribute = attribute?;
            let name = match attribute.name.split_once(':') {
                None if attribute.name == "xmlns" => continue,
                None => attribute.name,
                Some(("xmlns", _)) => continue,
                Some(("xml", _)) => attribute.name,
                Some((prefix, local)) => {
                    self.namespaces.resolve(prefix)?;
                    let same = |name: &str| name.rsplit(':').next() == Some(local) && !is_declaration(name);
                    if element.attributes().flatten().filter(|other| same(other.name)).count() > 1 {
                        return Err(self.malformed("two attributes differ in their namespace only"));
                    }
                    local
                }
            };
            if keep(name, &attribute.raw) {
                self.attribute(name, &attribute.raw, out)?;
            }
        }
        Ok(())
    }

    /// Attributes as they are, and the declarations of the prefixes that are bound further out.
    fn foreign_attributes(
        &mut self,
        element: &Element<'a>,
        from: u32,
        out: &mut String,
    ) -> Result<(), Error> {
        let mut prefixed = false;
        for attribute in element.attributes() {
            let attribute = attribute?;
            self.attribute(attribute.name, &attribute.raw, out)?;
            prefixed |= attribute.name.contains(':');
        }
        self.repeat_declaration(element.prefix(), from, out)?;
        if !prefixed {
            return Ok(());
        }
        for attribute in element.attributes() {
            match attribute?.name.split_once(':') {
                None | Some(("xmlns", _)) => {}
                Some((prefix, _)) => self.repeat_declaration(prefix, from, out)?,
            }
        }
        Ok(())
    }

    fn repeat_declaration(&mut self, prefix: &str, from: u32, out: &mut String) -> Result<(), Error> {
        let Some(binding) = self.namespaces.resolve(prefix)? else { return Ok(()) };
        if binding.depth >= from || prefix == "xml" {
            return Ok(());
        }
        let uri = binding.uri.to_owned();
        self.namespaces.declare(prefix, &uri, self.reader.depth())?;
        match prefix {
            "" => self.attribute("xmlns", &uri, out),
            _ => self.attribute(&format!("xmlns:{prefix}"), &uri, out),
        }
    }

    fn attribute(&self, name: &str, raw: &str, out: &mut String) -> Result<(), Error> {
        if !is_name(name) {
            return Err(self.malformed("an attribute has no proper name"));
        }
        // A value in apostrophes may hold quotation marks.
        let quote = if raw.contains('"') { '\'' } else { '"' };
        self.check_value(raw)?;
        out.push(' ');
        out.push_str(name);
        out.push('=');
        out.push(quote);
        out.push_str(raw);
        out.push(quote);
        Ok(())
    }

    fn check_value(&self, raw: &str) -> Result<(), Error> {
        let mut plain = true;
        for byte in raw.bytes() {
            match byte {
                b'<' => return Err(self.malformed("`<` in an attribute")),
                // U+FFFE and U+FFFF begin with 0xef.
                b'&' | 0xef | 0..=0x1f => plain = false,
                _ => {}
            }
        }
        if plain {
            return Ok(());
        }
        let resolved = headwater_xml::Attribute { name: "", raw: Cow::Borrowed(raw) };
        if resolved.value()?.chars().all(is_xml_char) { Ok(()) } else { Err(self.bad_character()) }
    }

    fn write_text(&mut self, text: Cow<'a, str>, out: &mut String) -> Result<(), Error> {
        let is_reference = matches!(text, Cow::Owned(_));
        if !self.in_text && !is_reference && is_space(&text) {
            self.space = Some(text);
            return Ok(());
        }
        if let Some(space) = self.space.take() {
            out.push_str(&space);
        }
        self.in_text = true;
        // A reader would take a carriage return for the end of a line, had it not been a reference.
        if is_reference && text == "\r" {
            out.push_str("&#xD;");
            return Ok(());
        }
        if !text.chars().all(is_xml_char) {
            return Err(self.bad_character());
        }
        escape(&text, out);
        Ok(())
    }

    pub(crate) fn malformed(&self, reason: &str) -> Error {
        Error::Malformed { position: self.reader.position(), reason: reason.to_owned() }
    }

    fn bad_character(&self) -> Error {
        self.malformed("a character that XML does not allow")
    }
}

fn escape(text: &str, out: &mut String) {
    let mut plain_from = 0;
    for (index, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'&' => "&amp;",
            _ => continue,
        };
        out.push_str(&text[plain_from..index]);
        out.push_str(escaped);
        plain_from = index + 1;
    }
    out.push_str(&text[plain_from..]);
}

fn is_declaration(name: &str) -> bool {
    name == "xmlns" || name.starts_with("xmlns:")
}

fn is_space(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

fn is_xml_char(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    }
}

/// Whether this can name an element or an attribute, with at most one prefix. XML allows letters
/// of all scripts; no schema of Microsoft uses them.
fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
            && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    };
    match name.split_once(':') {
        None => part(name),
        Some((prefix, local)) => part(prefix) && part(local),
    }
}
