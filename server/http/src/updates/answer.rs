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
    /// Other Headwaters ask for it (RFC 8878).
    pub zstd: bool,
}

impl Encodings {
    pub fn of(headers: &HeaderMap) -> Self {
        let accepted = |wanted: &str| {
            let values = headers.get_all(header::ACCEPT_ENCODING).iter();
            let mut codings =
                values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
            codings.any(|coding| {
                let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
                let is_refused = matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00");
                name.trim().eq_ignore_ascii_case(wanted) && !is_refused
            })
        };
        Self { xpress: accepted("xpress"), zstd: accepted("zstd") }
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
    coding: Option<&'static str>,
}

const XPRESS: &str = "xpress";
const ZSTD: &str = "zstd";
/// Documents come often and go far; the fastest level is a fifth of their size.
const ZSTD_LEVEL: i32 = 1;

impl Answer {
    /// An answer that is text only.
    pub fn text(encodings: Encodings, text: String) -> Self {
        let is_long = text.len() >= COMPRESS_FROM_BYTES;
        if encodings.zstd
            && is_long
            && let Ok(body) = zstd::bulk::compress(text.as_bytes(), ZSTD_LEVEL)
        {
            return Self { body, coding: Some(ZSTD) };
        }
        let mut composer = Composer::new(encodings.xpress && is_long);
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
        match self.coding {
            Some(coding) => (headers, [(header::CONTENT_ENCODING, coding)], self.body).into_response(),
            None => (headers, self.body).into_response(),
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
        Answer { body: self.out, coding: self.xpress.then_some(XPRESS) }
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
        let packed = Answer::compose(Encodings { xpress: true, zstd: false }, write);
        let decoded = xpress::decode(&packed.body, whole.len()).expect("decodes");
        assert_eq!(
            (String::from_utf8(decoded).expect("is text"), packed.coding),
            (whole.clone(), Some(XPRESS))
        );
        let plain = Answer::compose(Encodings { xpress: false, zstd: false }, write);
        assert_eq!((plain.body, plain.coding), (whole.clone().into_bytes(), None));
        let zstd = Answer::text(Encodings { xpress: true, zstd: true }, whole.clone());
        let decoded = zstd::bulk::decompress(&zstd.body, whole.len()).expect("decodes");
        assert_eq!((decoded, zstd.coding), (whole.into_bytes(), Some(ZSTD)));
    }

    #[test]
    fn short_answers_stay_plain() {
        let coding =
            |xpress, length| Answer::text(Encodings { xpress, zstd: false }, "x".repeat(length)).coding;
        assert_eq!(coding(true, 1_399), None);
        assert_eq!(coding(true, 1_400), Some(XPRESS));
        assert_eq!(coding(false, 1_400), None);
    }
}
