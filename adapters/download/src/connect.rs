//! A connection to a source, for one file.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use crate::{Address, Error, Result, Trust};

/// An open connection, closed on drop.
pub(crate) struct Connection {
    pub sender: SendRequest<Empty<Bytes>>,
    /// Moves the bytes; what goes wrong there is told to who reads the answer.
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The public certificate authorities.
pub(crate) fn public_trust() -> Result<Arc<rustls::ClientConfig>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

pub(crate) async fn connect(
    address: &Address,
    trust: Trust,
    tls: &Arc<rustls::ClientConfig>,
    patience: Duration,
) -> Result<Connection> {
    let connected = tokio::time::timeout(patience, open(address, trust, tls)).await;
    connected.unwrap_or_else(|_| Err(Error::Connect(io::ErrorKind::TimedOut.into())))
}

async fn open(address: &Address, trust: Trust, tls: &Arc<rustls::ClientConfig>) -> Result<Connection> {
    // The addresses that were looked at are the ones that are connected to: a name may mean others next time.
    let found = lookup_host((address.host(), address.port())).await.map_err(Error::Connect)?;
    let allowed = trust.choose(found.collect())?;
    let stream = TcpStream::connect(&*allowed).await.map_err(Error::Connect)?;
    if !address.is_https() {
        return speak(stream).await;
    }
    let name = ServerName::try_from(address.host().to_owned()).map_err(|_| Error::Address)?;
    let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await.map_err(Error::Tls)?;
    speak(stream).await
}

async fn speak<S>(stream: S) -> Result<Connection>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(async {
        // The same error reaches whoever waits for the answer or its body.
        let _ = connection.await;
    });
    Ok(Connection { sender, driver })
}
