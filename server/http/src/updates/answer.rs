//! Answers: text, or text with stored fragments between it, plain or in xpress blocks.

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use headwater_encoding::xpress;
use headwater_wsus::soap::{Sink, SoapVersion};

/// Shorter answers are not worth compressing (fact 9).
const COMPRESS_FROM_BYTES: usize = 1_400;

/// What the client takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encodings {
    pub xpress: bool,
}

impl Encodings {
    pub fn of(headers: &HeaderMap) -> Self {
        let accepted =
            headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let mut codings = accepted.flat_map(|value| value.split(','));
        let xpress = codings.any(|coding| {
            let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
            name.trim().eq_ignore_ascii_case("xpress")
                && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00")
        });
        Self { xpress }
    }
}

/// A fragment as it was stored: escaped, in xpress blocks.
#[derive(Debug)]
pub(crate) struct Stored {
    pub packed: Vec<u8>,
    pub plain_bytes: usize,
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Vec<u8>,
    xpress: bool,
}

impl Answer {
    /// An answer that is text only.
    pub fn text(encodings: Encodings, text: String) -> Self {
        let mut composer = Composer::new(false);
        if encodings.xpress && text.len() >= COMPRESS_FROM_BYTES {
            composer.xpress = true;
        }
        Sink::<Stored>::text(&mut composer, &text);
        composer.finish()
    }

    /// An answer with stored fragments, which are repeated as they are if the client takes them.
    pub fn compose(encodings: Encodings, write: impl FnOnce(&mut Composer)) -> Self {
        let mut composer = Composer::new(encodings.xpress);
        write(&mut composer);
        composer.finish()
    }

    pub fn respond(self, version: SoapVersion) -> Response {
        let headers = [
            (header::CONTENT_TYPE, version.content_type()),
            (header::CACHE_CONTROL, "private"),
            (header::VARY, "Accept-Encoding"),
        ];
        match self.xpress {
            true => (headers, [(header::CONTENT_ENCODING, "xpress")], self.body).into_response(),
            false => (headers, self.body).into_response(),
        }
    }
}

/// Puts an answer together: stored blocks as they are, the text between them in blocks of its own.
#[derive(Debug)]
pub(crate) struct Composer {
    xpress: bool,
    out: Vec<u8>,
    text: String,
    damaged: bool,
}

impl Composer {
    fn new(xpress: bool) -> Self {
        Self { xpress, out: Vec::new(), text: String::new(), damaged: false }
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        match self.xpress {
            true if text.len() >= COMPRESS_FROM_BYTES => xpress::encode(text.as_bytes(), &mut self.out),
            true => xpress::store(text.as_bytes(), &mut self.out),
            false => self.out.extend_from_slice(text.as_bytes()),
        }
    }

    fn finish(mut self) -> Answer {
        if self.out.is_empty() && self.text.len() < COMPRESS_FROM_BYTES {
            self.xpress = false;
        }
        self.flush();
        if self.damaged {
            tracing::error!(
                "a stored fragment cannot be decoded: stop, delete the file `fragments`, start again"
            );
        }
        Answer { body: self.out, xpress: self.xpress }
    }
}

impl Sink<Stored> for Composer {
    fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn fragment(&mut self, stored: &Stored) {
        self.flush();
        if self.xpress {
            self.out.extend_from_slice(&stored.packed);
            return;
        }
        match xpress::decode(&stored.packed, stored.plain_bytes) {
            Ok(plain) => self.out.extend_from_slice(&plain),
            Err(_) => self.damaged = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn xpress_is_taken_only_if_it_is_accepted() {
        let accepts = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            Encodings::of(&headers).xpress
        };
        assert!(accepts("xpress"));
        assert!(accepts("gzip, Xpress;q=0.5"));
        assert!(!accepts("gzip"));
        assert!(!accepts("xpress;q=0"));
    }

    #[test]
    fn stored_blocks_are_repeated_between_text() {
        let fragment = "&lt;a /&gt;".repeat(500);
        let mut packed = Vec::new();
        xpress::encode(fragment.as_bytes(), &mut packed);
        let stored = Stored { packed, plain_bytes: fragment.len() };
        let write = |composer: &mut Composer| {
            Sink::<Stored>::text(composer, "<Xml>");
            composer.fragment(&stored);
            Sink::<Stored>::text(composer, "</Xml><ID>1</ID>");
        };
        let whole = format!("<Xml>{fragment}</Xml><ID>1</ID>");
        let packed = Answer::compose(Encodings { xpress: true }, write);
        let decoded = xpress::decode(&packed.body, whole.len()).expect("decodes");
        assert_eq!((String::from_utf8(decoded).expect("is text"), packed.xpress), (whole.clone(), true));
        let plain = Answer::compose(Encodings { xpress: false }, write);
        assert_eq!((plain.body, plain.xpress), (whole.into_bytes(), false));
    }

    #[test]
    fn short_answers_stay_plain() {
        assert!(!Answer::text(Encodings { xpress: true }, "x".repeat(1_399)).xpress);
        assert!(Answer::text(Encodings { xpress: true }, "x".repeat(1_400)).xpress);
        assert!(!Answer::text(Encodings { xpress: false }, "x".repeat(1_400)).xpress);
    }
}
