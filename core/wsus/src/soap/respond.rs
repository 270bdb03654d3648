//! Puts messages into envelopes, in the handwriting of each service (fact 3).

use headwater_xml::Writer;

use super::{Message, Request, SoapVersion};

/// How envelopes are written. All are the same to a reader of XML, but old agents and proxies have
/// only ever seen these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The update agent's requests: `s:` and nothing more.
    Agent,
    /// The client web service's responses: `s:`, the body declares the names of XML Schema.
    Client,
    /// The other services, and downstream servers: a declaration, `soap:`, `<empty />`.
    Asmx,
}

impl Dialect {
    /// What stands before the first element of the body.
    pub fn head(self, version: SoapVersion) -> String {
        const SCHEMA: &str = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                              xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"";
        const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
        let soap = version.namespace();
        match self {
            Self::Agent => format!("<s:Envelope xmlns:s=\"{soap}\"><s:Body>"),
            Self::Client => format!("<s:Envelope xmlns:s=\"{soap}\"><s:Body{SCHEMA}>"),
            Self::Asmx => {
                format!("{DECLARATION}<soap:Envelope xmlns:soap=\"{soap}\"{SCHEMA}><soap:Body>")
            }
        }
    }

    /// What stands after the last element of the body.
    pub const fn tail(self) -> &'static str {
        match self {
            Self::Agent | Self::Client => "</s:Body></s:Envelope>",
            Self::Asmx => "</soap:Body></soap:Envelope>",
        }
    }

    /// The prefix of the envelope's own elements.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Agent | Self::Client => "s",
            Self::Asmx => "soap",
        }
    }

    fn writer(self) -> Writer {
        match self {
            Self::Agent | Self::Client => Writer::with_capacity(1024),
            Self::Asmx => Writer::with_capacity(1024).spaced(),
        }
    }
}

/// Writes a message in an envelope.
pub fn encode<M: Message>(message: &M, dialect: Dialect, version: SoapVersion) -> String {
    let mut writer = dialect.writer();
    writer.raw(&dialect.head(version));
    writer.element_with(M::NAME, &[("xmlns", M::SERVICE.namespace)], |w| message.write_children(w));
    writer.raw(dialect.tail());
    writer.into_string()
}

/// Writes a request as the real clients of its service do.
pub fn encode_request<R: Request>(request: &R) -> String {
    encode(request, R::SERVICE.asks, SoapVersion::V11)
}

/// Writes a response as the real servers of its service do.
pub fn encode_response<M: Message>(response: &M, version: SoapVersion) -> String {
    encode(response, M::SERVICE.answers, version)
}

/// Where a response with fragments goes. A fragment is the XML of a part of an update document,
/// in the form `F` that the sink knows: the server's holds it escaped and compressed already.
pub trait Sink<F: ?Sized> {
    /// Takes text that stands in the response as it is.
    fn text(&mut self, text: &str);

    /// Takes a fragment, which stands escaped in the response.
    fn fragment(&mut self, fragment: &F);
}

/// A sink that escapes fragments itself.
impl<F: AsRef<str> + ?Sized> Sink<F> for Writer {
    fn text(&mut self, text: &str) {
        self.raw(text);
    }

    fn fragment(&mut self, fragment: &F) {
        Writer::text(self, fragment.as_ref());
    }
}

/// Writes the envelope of a response around what `content` writes into the sink.
pub(crate) fn write_response<M: Message, F: ?Sized, S: Sink<F>>(
    sink: &mut S,
    version: SoapVersion,
    content: impl FnOnce(&mut S),
) {
    let dialect = M::SERVICE.answers;
    sink.text(&dialect.head(version));
    sink.text(&format!("<{} xmlns=\"{}\">", M::NAME, M::SERVICE.namespace));
    content(sink);
    sink.text(&format!("</{}>", M::NAME));
    sink.text(dialect.tail());
}

/// Writes into a sink what has no fragment.
pub(crate) fn write_piece<F: ?Sized>(sink: &mut impl Sink<F>, content: impl FnOnce(&mut Writer)) {
    let mut writer = Writer::with_capacity(512);
    content(&mut writer);
    sink.text(&writer.into_string());
}
