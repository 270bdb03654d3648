//! The writer: what goes through it is escaped by construction.

use std::fmt::{Display, Write as _};

/// Writes elements and text into memory. Names are given by our own code and trusted; values
/// are escaped.
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
    spaced: bool,
}

impl Writer {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes), spaced: false }
    }

    /// Writes an empty element as `<name />`, as the older services of Microsoft do (fact 3).
    pub fn spaced(mut self) -> Self {
        self.spaced = true;
        self
    }

    /// `<name>…</name>`, or `<name/>` when `content` writes nothing.
    pub fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.element_with(name, &[], content);
    }

    /// As [`Writer::element`], with attributes.
    pub fn element_with(&mut self, name: &str, attributes: &[(&str, &str)], content: impl FnOnce(&mut Self)) {
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes {
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            escape(value, true, &mut self.out);
            self.out.push('"');
        }
        self.out.push('>');
        let start = self.out.len();
        content(self);
        if self.out.len() == start {
            self.out.pop();
            self.out.push_str(if self.spaced { " />" } else { "/>" });
        } else {
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
    }

    /// `<name>value</name>`
    pub fn value(&mut self, name: &str, value: impl Display) {
        self.element(name, |w| w.text(value));
    }

    /// `<name>value</name>`, or nothing.
    pub fn option(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.value(name, value);
        }
    }

    /// `<name>true</name>`
    pub fn boolean(&mut self, name: &str, value: bool) {
        self.value(name, if value { "true" } else { "false" });
    }

    /// Escaped text.
    pub fn text(&mut self, value: impl Display) {
        struct Escaping<'a>(&'a mut String);
        impl std::fmt::Write for Escaping<'_> {
            fn write_str(&mut self, text: &str) -> std::fmt::Result {
                escape(text, false, self.0);
                Ok(())
            }
        }
        // Writing to a `String` does not fail.
        let _ = write!(Escaping(&mut self.out), "{value}");
    }

    /// What is already XML.
    pub fn raw(&mut self, xml: &str) {
        self.out.push_str(xml);
    }

    pub fn len(&self) -> usize {
        self.out.len()
    }

    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    pub fn into_string(self) -> String {
        self.out
    }
}

/// Escapes text for element content, or for an attribute in double quotes. Characters that XML 1.0
/// has no form for become U+FFFD: a title out of a database must not break a message.
fn escape(text: &str, quotes: bool, out: &mut String) {
    let mut plain_from = 0;
    for (index, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'&' => "&amp;",
            b'"' if quotes => "&quot;",
            0..=8 | 11 | 12 | 14..=31 => "\u{fffd}",
            _ => continue,
        };
        out.push_str(&text[plain_from..index]);
        out.push_str(escaped);
        plain_from = index + 1;
    }
    out.push_str(&text[plain_from..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Limits, Reader};

    #[test]
    fn elements_are_closed_and_values_escaped() {
        let mut writer = Writer::new();
        writer.element_with("a", &[("b", "\"<")], |w| {
            w.element("empty", |_| {});
            w.value("n", 5);
            w.text("\"x\" & y\u{1}");
            w.option("none", None::<&str>);
            w.boolean("t", true);
        });
        assert_eq!(
            writer.into_string(),
            "<a b=\"&quot;&lt;\"><empty/><n>5</n>\"x\" &amp; y\u{fffd}<t>true</t></a>"
        );
    }

    #[test]
    fn empty_elements_have_two_forms() {
        let mut writer = Writer::new().spaced();
        writer.element_with("a", &[("b", "c")], |_| {});
        assert_eq!(writer.into_string(), "<a b=\"c\" />");
    }

    proptest! {
        #[test]
        fn text_survives_writing_and_reading(text in "\\PC*") {
            let mut writer = Writer::new();
            writer.value("a", &text);
            let xml = writer.into_string();
            let mut reader = Reader::new(&xml, Limits::MESSAGE);
            reader.next_child().unwrap();
            prop_assert_eq!(reader.text().unwrap(), text);
        }
    }
}
