//! Faults: [MS-WUSP] 2.2.2.4 and [MS-WSUSSS] 2.2.9.

use headwater_model::Guid;
use headwater_xml::{Reader, Writer};

use super::record::enumeration;
use super::{Dialect, Error, Lexical as _, SoapVersion};

enumeration! {
    /// The kind of a fault ([MS-WUSP] 2.2.2.4, [MS-WSUSSS] 2.2.9.3). Clients act upon it.
    pub enum ErrorCode {
        /// The cookie is not one of this server: the client starts anew and refreshes its cache.
        InvalidCookie,
        /// The client gets the configuration and a new cookie.
        ConfigChanged,
        /// The client registers, then repeats its call.
        RegistrationRequired,
        /// The client starts anew and refreshes its cache; a downstream server resets its anchors.
        ServerChanged,
        /// The client tries again later; a downstream server gives up this synchronization.
        InternalServerError,
        /// The client gets a new cookie for its expired one.
        CookieExpired,
        /// The message names the parameter.
        InvalidParameters,
        InvalidAuthorizationCookie,
        RegistrationNotRequired,
        /// The client tries again later.
        ServerBusy,
        /// The client calls GetFileLocations.
        FileLocationChanged,
        /// The versions of two servers do not fit.
        IncompatibleProtocolVersion,
        /// Requested files are unknown; the message lists their digests, separated by `|`.
        FileDigestsMissing,
    }
}

impl ErrorCode {
    /// Whether the server is the cause, or else its caller (fact 6).
    fn is_of_server(self) -> bool {
        matches!(self, Self::InternalServerError | Self::ServerBusy)
    }
}

/// What a server answers when it cannot answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `None` for a fault of the SOAP layer, such as an operation that does not exist.
    pub code: Option<ErrorCode>,
    /// The name of a parameter, a list of digests, or words for people; often empty.
    pub message: String,
    /// Names this fault in the log of the server.
    pub id: Option<Guid>,
    /// The action that failed, without quotes. Empty where it is not known.
    pub method: String,
    /// The URL of the service, in the faults of [MS-WSUSSS].
    pub actor: Option<String>,
}

const FAULT_STRING: &str = "Fault occurred";

impl Fault {
    /// The fault that answers a request which was not understood: `InvalidParameters` with the
    /// path of the parameter (fact 6), or else one of the SOAP layer. `method` is the action.
    pub fn refusing(error: &Error, id: Guid, method: String) -> Self {
        let (code, message) = match error.parameter() {
            Some(path) => (Some(ErrorCode::InvalidParameters), path.to_owned()),
            None => (None, error.to_string()),
        };
        Self { code, message, id: code.map(|_| id), method, actor: None }
    }

    /// Writes the fault in an envelope, as the real servers of the dialect do.
    pub fn encode(&self, dialect: Dialect, version: SoapVersion) -> String {
        // A client service's fault declares nothing on its body (fact 6).
        let dialect_of_head = if dialect == Dialect::Client { Dialect::Agent } else { dialect };
        let mut writer = Writer::with_capacity(1024);
        writer.raw(&dialect_of_head.head(version));
        let prefix = dialect.prefix();
        writer.element(&format!("{prefix}:Fault"), |w| match version {
            SoapVersion::V11 => self.write_11(prefix, w),
            SoapVersion::V12 => self.write_12(prefix, w),
        });
        writer.raw(dialect.tail());
        writer.into_string()
    }

    fn of_server(&self) -> bool {
        self.code.is_some_and(ErrorCode::is_of_server)
    }

    /// The words that stand for the fault where there is no detail to look into.
    fn reason(&self) -> &str {
        if self.code.is_some() { FAULT_STRING } else { &self.message }
    }

    /// [MS-WSUSSS] 2.2.9.1
    fn write_11(&self, prefix: &str, writer: &mut Writer) {
        let side = if self.of_server() { "Server" } else { "Client" };
        writer.value("faultcode", format_args!("{prefix}:{side}"));
        writer.value("faultstring", self.reason());
        writer.option("faultactor", self.actor.as_ref());
        writer.element("detail", |w| self.write_detail(w));
    }

    /// [MS-WSUSSS] 2.2.9.2: the detail has no namespace and is not SOAP's own.
    fn write_12(&self, prefix: &str, writer: &mut Writer) {
        let side = if self.of_server() { "Receiver" } else { "Sender" };
        writer.element(&format!("{prefix}:Code"), |w| {
            w.value(&format!("{prefix}:Value"), format_args!("{prefix}:{side}"));
        });
        writer.element(&format!("{prefix}:Reason"), |w| {
            w.element_with(&format!("{prefix}:Text"), &[("xml:lang", "en")], |w| w.text(self.reason()));
        });
        writer.option(&format!("{prefix}:Node"), self.actor.as_ref());
        writer.element("Detail", |w| self.write_detail(w));
    }

    fn write_detail(&self, writer: &mut Writer) {
        let Some(code) = self.code else { return };
        writer.value("ErrorCode", code);
        writer.raw("<Message>");
        writer.text(&self.message);
        writer.raw("</Message>");
        writer.option("ID", self.id);
        if !self.method.is_empty() {
            writer.value("Method", format_args!("\"{}\"", self.method));
        }
    }

    /// Reads the children of the open element `Fault` of either version.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let mut fault =
            Self { code: None, message: String::new(), id: None, method: String::new(), actor: None };
        let mut reason = String::new();
        while let Some(element) = reader.next_child()? {
            match element.local_name() {
                "faultstring" => reason = reader.text()?.into_owned(),
                "Reason" => {
                    while reader.next_child()?.is_some() {
                        reason = reader.text()?.into_owned();
                    }
                }
                "faultactor" | "Node" => fault.actor = Some(reader.text()?.into_owned()),
                "detail" | "Detail" => fault.read_detail(reader)?,
                _ => reader.skip()?,
            }
        }
        if fault.code.is_none() {
            fault.message = reason;
        }
        Ok(fault)
    }

    /// Reads a detail. An `ErrorCode` or `ID` that is not known is as good as none.
    fn read_detail(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        while let Some(element) = reader.next_child()? {
            match element.local_name() {
                "ErrorCode" => self.code = ErrorCode::parse("ErrorCode", &reader.text()?, 0).ok(),
                "Message" => self.message = reader.text()?.into_owned(),
                "ID" => self.id = reader.text()?.parse().ok(),
                "Method" => self.method = reader.text()?.trim_matches('"').to_owned(),
                _ => reader.skip()?,
            }
        }
        Ok(())
    }
}
