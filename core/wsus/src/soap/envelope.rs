//! Takes envelopes apart.

use headwater_xml::{Element, Error as XmlError, Limits, Namespaces, Reader};

use super::{Error, Fault, Message, Request, Values};

/// The version of SOAP, which a response has from its request ([MS-WSUSSS] 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SoapVersion {
    V11,
    V12,
}

impl SoapVersion {
    /// The namespace of its envelope.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::V11 => "http://schemas.xmlsoap.org/soap/envelope/",
            Self::V12 => "http://www.w3.org/2003/05/soap-envelope",
        }
    }

    /// The media type of its messages ([SOAP1.1] 6.1.1, [SOAP1.2-2/2003] A).
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::V11 => "text/xml; charset=utf-8",
            Self::V12 => "application/soap+xml; charset=utf-8",
        }
    }
}

/// An envelope opened up to the first element of its body, by which a message is known (fact 52).
pub struct Envelope<'a> {
    pub version: SoapVersion,
    /// The local name of the first element of the body.
    pub name: String,
    /// The namespace of that element, empty where it has none.
    pub namespace: String,
    reader: Reader<'a>,
    /// What the open elements have declared.
    namespaces: Namespaces,
}

impl<'a> Envelope<'a> {
    /// Opens an envelope, whatever its prefixes are (fact 3). A header is skipped.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let mut reader = Reader::new(text, Limits::MESSAGE);
        let mut namespaces = Namespaces::new();
        let not_envelope = |found: &str| Error::Envelope(found.chars().take(64).collect());
        let envelope = reader.next_child()?.ok_or_else(|| not_envelope("it is empty"))?;
        let namespace = enter(&mut namespaces, &envelope, &reader)?;
        let version = [SoapVersion::V11, SoapVersion::V12]
            .into_iter()
            .find(|version| version.namespace() == namespace && envelope.local_name() == "Envelope")
            .ok_or_else(|| not_envelope(envelope.qualified_name()))?;
        loop {
            let part = reader.next_child()?.ok_or(Error::EmptyBody)?;
            if part.local_name() == "Body" {
                enter(&mut namespaces, &part, &reader)?;
                break;
            }
            reader.skip()?;
        }
        let first = reader.next_child()?.ok_or(Error::EmptyBody)?;
        let namespace = enter(&mut namespaces, &first, &reader)?;
        Ok(Self { version, name: first.local_name().to_owned(), namespace, reader, namespaces })
    }

    /// Reads the message, which must be an `M`, and the rest of the document.
    pub fn decode<M: Message>(mut self) -> Result<M, Error> {
        if self.name != M::NAME || self.namespace != M::SERVICE.namespace {
            return Err(Error::OtherMessage {
                expected: M::NAME,
                found: self.name.chars().take(64).collect(),
                namespace: self.namespace.chars().take(128).collect(),
            });
        }
        if M::SERVICE.values == Values::NameTheirTypes {
            self.reader.track_namespaces(std::mem::take(&mut self.namespaces));
        }
        let message = M::read_children(&mut self.reader)?;
        self.close()?;
        Ok(message)
    }

    /// Whether the body holds a fault instead of a message.
    pub fn is_fault(&self) -> bool {
        self.name == "Fault" && self.namespace == self.version.namespace()
    }

    /// Reads the fault that [`Envelope::is_fault`] announces.
    pub fn decode_fault(mut self) -> Result<Fault, Error> {
        let fault = Fault::read(&mut self.reader)?;
        self.close()?;
        Ok(fault)
    }

    /// What follows the message must be well formed, or the message is not trusted either.
    fn close(&mut self) -> Result<(), Error> {
        while self.reader.depth() > 0 {
            while self.reader.next_child()?.is_some() {
                self.reader.skip()?;
            }
        }
        match self.reader.next_child()? {
            None => Ok(()),
            Some(_) => Err(Error::Envelope("it has a second root".to_owned())),
        }
    }
}

/// Reads a message out of its envelope.
pub fn decode<M: Message>(text: &str) -> Result<M, Error> {
    Envelope::parse(text)?.decode()
}

/// Reads the answer to a request: its response, or the fault that came instead.
pub fn decode_response<R: Request>(text: &str) -> Result<Result<R::Response, Fault>, Error> {
    let envelope = Envelope::parse(text)?;
    if envelope.is_fault() { envelope.decode_fault().map(Err) } else { envelope.decode().map(Ok) }
}

/// Takes the declarations of the element that was just opened and returns its namespace, empty where
/// it has none.
fn enter(
    namespaces: &mut Namespaces,
    element: &Element<'_>,
    reader: &Reader<'_>,
) -> Result<String, XmlError> {
    namespaces.enter(element, reader.depth())?;
    let binding = namespaces.resolve(element.prefix()).ok().flatten();
    Ok(binding.map_or_else(String::new, |binding| binding.uri.to_owned()))
}
