//! One server, and how it is asked.

use std::sync::Arc;
use std::time::Duration;

use headwater_api::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::{Response, StatusCode, header};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, RequestBuilder};

use crate::{Answer, Error, address};

/// The longest answer that is read, in bytes. A page of a thousand updates has about a megabyte.
pub(crate) const ANSWER_BYTES_MAX: u64 = 64 << 20;
/// The longest problem that is read, in bytes.
const PROBLEM_BYTES_MAX: u64 = 256 << 10;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// From the first byte of a request to the last of its answer. Imports and synchronisations have none.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(120);

/// Where the server is and what it wants to see.
#[derive(Debug, Clone)]
pub struct Access {
    /// Such as `https://wsus.example:8443`.
    pub url: String,
    pub token: String,
    /// The certificates in PEM of the only CAs to trust; without them, those of public CAs.
    pub ca_pem: Option<Vec<u8>>,
}

/// A server that can be asked. Requests follow each other on one connection.
pub struct Client {
    pub(crate) agent: Agent,
    pub(crate) url: String,
    authorization: String,
}

impl Client {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// When the address, the token or the certificates are not what they should be.
    pub fn new(access: &Access) -> Result<Self, Error> {
        let url = address::checked(&access.url)?;
        let token = access.token.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Token);
        }
        let config = Agent::config_builder()
            .user_agent(concat!("headwater/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(EXCHANGE_TIMEOUT))
            .tls_config(tls(access.ca_pem.as_deref())?);
        Ok(Self { agent: config.build().new_agent(), url, authorization: format!("Bearer {token}") })
    }

    /// The server's address, as it is called in messages.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &impl Serialize,
    ) -> Result<Answer<T>, Error> {
        let request = self.agent.get(format!("{}{path}", self.url));
        self.read(self.prepared(request, query).call())
    }

    pub(crate) fn get_text(&self, path: &str, query: &impl Serialize) -> Result<String, Error> {
        let request = self.agent.get(format!("{}{path}", self.url));
        self.text(self.accepted(self.prepared(request, query).call())?)
    }

    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Answer<T>, Error> {
        let request = self.agent.post(format!("{}{path}", self.url));
        self.read(self.prepared(request, &()).send_json(body))
    }

    /// For what answers 204.
    pub(crate) fn post_nothing(&self, path: &str) -> Result<(), Error> {
        let request = self.agent.post(format!("{}{path}", self.url));
        self.accepted(self.prepared(request, &()).send_json(serde_json::Map::new())).map(drop)
    }

    pub(crate) fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Answer<T>, Error> {
        let request = self.agent.put(format!("{}{path}", self.url));
        self.read(self.prepared(request, &()).send_json(body))
    }

    /// The same where the answer says nothing.
    pub(crate) fn put_for_nothing(&self, path: &str, body: &impl Serialize) -> Result<(), Error> {
        let request = self.agent.put(format!("{}{path}", self.url));
        self.accepted(self.prepared(request, &()).send_json(body)).map(drop)
    }

    pub(crate) fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Answer<T>, Error> {
        let request = self.agent.patch(format!("{}{path}", self.url));
        self.read(self.prepared(request, &()).send_json(body))
    }

    pub(crate) fn delete(&self, path: &str) -> Result<(), Error> {
        let request = self.agent.delete(format!("{}{path}", self.url));
        self.accepted(self.prepared(request, &()).call()).map(drop)
    }

    pub(crate) fn delete_with<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Answer<T>, Error> {
        let request = self.agent.delete(format!("{}{path}", self.url)).force_send_body();
        self.read(self.prepared(request, &()).send_json(body))
    }

    pub(crate) fn prepared<B>(
        &self,
        request: RequestBuilder<B>,
        query: &impl Serialize,
    ) -> RequestBuilder<B> {
        let request = request.header(header::AUTHORIZATION, &self.authorization);
        request.query_pairs(pairs(query))
    }

    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<Answer<T>, Error> {
        let json = self.text(self.accepted(answer)?)?;
        let value = serde_json::from_str(&json).map_err(|error| self.foreign(error.to_string()))?;
        // What is a list or a number has none.
        let caveat = serde_json::from_str(&json).unwrap_or_default();
        Ok(Answer { value, json, caveat })
    }

    fn text(&self, response: Response<Body>) -> Result<String, Error> {
        let body = response.into_body().into_with_config().limit(ANSWER_BYTES_MAX);
        body.read_to_string().map_err(|error| Error::from_exchange(&self.url, error))
    }

    /// Turns refusals into errors.
    pub(crate) fn accepted(
        &self,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Body>, Error> {
        let response = answer.map_err(|error| Error::from_exchange(&self.url, error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.into_body().into_with_config().limit(PROBLEM_BYTES_MAX).read_to_vec();
        match serde_json::from_slice::<Problem>(&body.unwrap_or_default()) {
            Ok(problem) => Err(Error::Refused(Box::new(problem))),
            Err(_) if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                Err(Error::Refused(Box::new(nameless(status))))
            }
            Err(_) => Err(self.foreign(format!("it says {status}"))),
        }
    }

    pub(crate) fn foreign(&self, reason: String) -> Error {
        Error::Foreign { url: self.url.clone(), reason }
    }
}

/// A refusal from something before the server, which explains nothing.
fn nameless(status: StatusCode) -> Problem {
    Problem {
        kind: "about:blank".into(),
        title: status.canonical_reason().unwrap_or_default().into(),
        status: status.as_u16(),
        detail: String::new(),
    }
}

/// The fields of a query type, which are flat by design.
fn pairs(query: &impl Serialize) -> Vec<(String, String)> {
    let Ok(Value::Object(fields)) = serde_json::to_value(query) else {
        return Vec::new();
    };
    let text = |value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    fields.into_iter().map(|(name, value)| (name, text(value))).collect()
}

fn tls(ca_pem: Option<&[u8]>) -> Result<TlsConfig, Error> {
    let roots = match ca_pem {
        None => RootCerts::WebPki,
        Some(pem) => {
            let items = parse_pem(pem).collect::<Result<Vec<_>, _>>().map_err(|_| Error::Authority)?;
            let certificates: Vec<_> = items
                .into_iter()
                .filter_map(|item| if let PemItem::Certificate(found) = item { Some(found) } else { None })
                .collect();
            if certificates.is_empty() {
                return Err(Error::Authority);
            }
            RootCerts::new_with_certs(&certificates)
        }
    };
    Ok(TlsConfig::builder()
        .root_certs(roots)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}
