//! Requests to a Linkage: JSON over HTTPS, each on a connection of its own.

use std::error::Error;
use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headwater_api::Problem;
use headwater_api::linkage::{BODY_BYTES_MAX, ROOT};
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::tls::anonymous_client;
use crate::{Identity, Party, TlsError, Watch};

/// To connect, with the TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a Linkage did not answer.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    #[error("`{url}` is not the address of a WSUS Linkage: {reason}")]
    Url { url: String, reason: &'static str },
    #[error(
        "{url} cannot be reached: see whether its Linkage runs there, and whether the firewall lets it be reached"
    )]
    Connect { url: String, source: io::Error },
    #[error(
        "{url} and this machine do not take each other's certificates: one ran out, or a clock is wrong; set \
         both clocks right, and if that is no help pair the Linkage anew after `headwater linkage unpair` on its \
         machine"
    )]
    RanOut { url: String, source: Box<dyn Error + Send + Sync> },
    #[error(
        "the Linkage at {url} is not the one that was paired: it was unpaired or installed anew, or another one is \
         there; pair it again, or take its WSUS with `headwater wsus relink` where it is the top one"
    )]
    Stranger { url: String, source: io::Error },
    #[error("{url} did not answer within {} seconds", .waited.as_secs())]
    Silent { url: String, waited: Duration },
    #[error("{url} broke off")]
    Broken { url: String, source: hyper::Error },
    #[error("{url} is not a WSUS Linkage: {reason}")]
    Foreign { url: String, reason: String },
    #[error("{}", .0.detail)]
    Refused(Problem),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Where a Linkage is, such as `https://wsus.example:8532/linkage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkageUrl {
    host: String,
    port: u16,
}

/// The port where a Linkage listens unless another is named.
const PORT: u16 = 8532;

impl FromStr for LinkageUrl {
    type Err = DialError;

    fn from_str(text: &str) -> Result<Self, DialError> {
        let refused = |reason| DialError::Url { url: text.chars().take(200).collect(), reason };
        let uri: Uri = text.trim().parse().map_err(|_| refused("it cannot be read"))?;
        if uri.scheme_str() != Some("https") {
            return Err(refused("it does not begin with https://"));
        }
        if uri.path().trim_end_matches('/') != ROOT || uri.query().is_some() {
            return Err(refused("it does not end in /linkage; name the Linkage, not the WSUS"));
        }
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'));
        let authority = authority.ok_or_else(|| refused("it names no server"))?;
        let host = authority.host();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err(refused("it names no server"));
        }
        Ok(Self { host: host.to_ascii_lowercase(), port: authority.port_u16().unwrap_or(PORT) })
    }
}

impl fmt::Display for LinkageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "https://[{}]:{}{ROOT}", self.host, self.port),
            false => write!(f, "https://{}:{}{ROOT}", self.host, self.port),
        }
    }
}

/// How one Linkage is asked.
#[derive(Debug, Clone)]
pub struct Dial {
    url: LinkageUrl,
    tls: Arc<ClientConfig>,
    /// Whose certificate has to be there; nobody's before the pairing.
    name: ServerName<'static>,
}

impl Dial {
    /// Asks whoever is there, as nobody.
    pub fn anybody(url: LinkageUrl) -> Result<Self, DialError> {
        let name = server_name(Party::Manager)?;
        Ok(Self { url, tls: anonymous_client()?, name })
    }

    /// Asks this Linkage and no other, as somebody.
    pub fn linkage(
        url: LinkageUrl,
        party: Party,
        identity: &Identity,
        watch: &Watch,
    ) -> Result<Self, DialError> {
        Ok(Self { url, tls: identity.client(watch)?, name: server_name(party)? })
    }

    pub fn url(&self) -> &LinkageUrl {
        &self.url
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str, patience: Duration) -> Result<T, DialError> {
        self.exchange(Method::GET, path, Bytes::new(), patience).await
    }

    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        patience: Duration,
    ) -> Result<T, DialError> {
        let body = serde_json::to_vec(body).map_err(|error| self.foreign(error.to_string()))?;
        self.exchange(Method::POST, path, body.into(), patience).await
    }

    fn foreign(&self, reason: String) -> DialError {
        DialError::Foreign { url: self.url.to_string(), reason }
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        patience: Duration,
    ) -> Result<T, DialError> {
        let url = || self.url.to_string();
        let asked = timeout(patience + CONNECT_TIMEOUT, self.ask(method, path, body)).await;
        let (status, body) = asked.map_err(|_| DialError::Silent { url: url(), waited: patience })??;
        if !status.is_success() {
            return Err(match serde_json::from_slice::<Problem>(&body) {
                Ok(problem) => DialError::Refused(problem),
                Err(_) => self.foreign(format!("it says {status}")),
            });
        }
        serde_json::from_slice(&body).map_err(|error| self.foreign(error.to_string()))
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<(StatusCode, Bytes), DialError> {
        let url = || self.url.to_string();
        let connect = |source: io::Error| match tls_error(&source) {
            Some(error) if is_about_terms(error) => DialError::RanOut { url: url(), source: source.into() },
            Some(error) if is_about_authority(error) => DialError::Stranger { url: url(), source },
            Some(rustls::Error::InvalidMessage(_)) => {
                self.foreign("it does not speak TLS; name the address that its Linkage shows".to_owned())
            }
            _ => DialError::Connect { url: url(), source },
        };
        // A server's word about the certificate that it was shown comes after the handshake.
        let broken = |source: hyper::Error| match tls_error(&source).is_some_and(is_about_terms) {
            true => DialError::RanOut { url: url(), source: source.into() },
            false => DialError::Broken { url: url(), source },
        };
        let connecting = async {
            let stream = TcpStream::connect((self.url.host.as_str(), self.url.port)).await?;
            stream.set_nodelay(true)?;
            TlsConnector::from(self.tls.clone()).connect(self.name.clone(), stream).await
        };
        let stream = timeout(CONNECT_TIMEOUT, connecting)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(connect)?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // The same error reaches whoever waits for the answer.
        let driver = tokio::spawn(async { drop(connection.await) });
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().map_err(|_| self.foreign("its path".to_owned()))?;
        let host = format!("{}:{}", self.url.host, self.url.port);
        if let Ok(host) = host.parse() {
            request.headers_mut().insert(header::HOST, host);
        }
        let json = header::HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        let answered = async {
            let response = sender.send_request(request).await.map_err(broken)?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
            let body = body.map_err(|error| self.foreign(error.to_string()))?;
            Ok((head.status, body.to_bytes()))
        };
        let answered = answered.await;
        driver.abort();
        answered
    }
}

/// Why a handshake failed, as either side says it.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let (mut next, mut found) = (Some(error), None);
    while let (Some(error), None) = (next, found) {
        let inner = error.downcast_ref::<io::Error>().and_then(|error| error.get_ref());
        found = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        next = error.source();
    }
    found
}

/// Whether it failed for the term of a certificate.
fn is_about_terms(error: &rustls::Error) -> bool {
    use rustls::{AlertDescription, CertificateError, Error as Tls};
    matches!(
        error,
        Tls::AlertReceived(AlertDescription::CertificateExpired)
            | Tls::InvalidCertificate(
                CertificateError::Expired
                    | CertificateError::ExpiredContext { .. }
                    | CertificateError::NotValidYet
                    | CertificateError::NotValidYetContext { .. }
            )
    )
}

/// Whether the certificate is of another authority, or of another party of this one.
fn is_about_authority(error: &rustls::Error) -> bool {
    use rustls::{CertificateError, Error as Tls};
    matches!(
        error,
        Tls::InvalidCertificate(
            CertificateError::UnknownIssuer
                | CertificateError::BadSignature
                | CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. }
        )
    )
}

fn server_name(party: Party) -> Result<ServerName<'static>, DialError> {
    ServerName::try_from(party.name())
        .map_err(|_| DialError::Url { url: party.name(), reason: "it can be in no certificate" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_linkage() {
        for (text, shown) in [
            ("https://Top.example:8532/linkage", "https://top.example:8532/linkage"),
            ("https://top/linkage/", "https://top:8532/linkage"),
            ("https://[::1]:1/linkage", "https://[::1]:1/linkage"),
        ] {
            assert_eq!(text.parse::<LinkageUrl>().expect(text).to_string(), shown);
        }
        for text in ["http://top/linkage", "https://top", "https://top:8531/", "https://a@b/linkage", "top"] {
            assert!(matches!(text.parse::<LinkageUrl>(), Err(DialError::Url { .. })), "{text}");
        }
    }
}
