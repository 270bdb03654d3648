//! Listeners: plain or with TLS, with limits against slow and too many clients (threat A18).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::connect_info::ConnectInfo;
use axum::http::Extensions;
use axum::http::uri::Scheme;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::direct::{self, Next};
use crate::patient::Patient;

/// What one listener grants its clients.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub connections_max: usize,
    /// From the first byte of a request to the end of its header.
    pub header_timeout: Duration,
    pub handshake_timeout: Duration,
    /// How long an answer may wait for a client that reads nothing, or hardly anything, of it.
    pub write_timeout: Duration,
    /// How long open requests may take after a stop was asked for.
    pub stop_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 20_000,
            header_timeout: Duration::from_secs(30),
            handshake_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            stop_timeout: Duration::from_secs(10),
        }
    }
}

/// What a connection reads ahead, and the longest header of a request: IIS takes 16 KB.
const BUFFER_BYTES_MAX: usize = 64 << 10;

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}; stop what uses it, or choose another address")]
pub struct ListenError {
    address: SocketAddr,
    source: std::io::Error,
}

/// A bound address.
pub struct Listener {
    tcp: TcpListener,
    tls: Option<Arc<ArcSwap<rustls::ServerConfig>>>,
    limits: Limits,
}

impl Listener {
    /// Takes an address. It speaks plain HTTP until it is [secured](Listener::secure).
    pub async fn bind(address: SocketAddr, limits: Limits) -> Result<Self, ListenError> {
        let tcp = TcpListener::bind(address).await.map_err(|source| ListenError { address, source })?;
        Ok(Self { tcp, tls: None, limits })
    }

    /// Speaks TLS from now on.
    pub fn secure(&mut self, tls: Arc<rustls::ServerConfig>) {
        self.secure_with(Arc::new(ArcSwap::new(tls)));
    }

    /// Speaks TLS from now on, with whatever stands there when a connection comes.
    pub fn secure_with(&mut self, tls: Arc<ArcSwap<rustls::ServerConfig>>) {
        self.tls = Some(tls);
    }

    /// The address that was bound, with its port.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Serves until `stop` turns true, then lets open requests end.
    pub async fn serve(self, router: Router, mut stop: watch::Receiver<bool>) {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.limits.connections_max));
        loop {
            let accepted = tokio::select! {
                accepted = self.tcp.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, mostly: others have to close first.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Ok(place) = places.clone().try_acquire_owned() else {
                metrics::counter!("headwater_connections_refused_total").increment(1);
                continue;
            };
            // Answers are written whole; waiting to fill packets only delays them.
            let _ = stream.set_nodelay(true);
            let (router, watcher) = (router.clone(), graceful.watcher());
            let tls = self.tls.as_ref().map(|tls| TlsAcceptor::from(tls.load_full()));
            let (limits, stop) = (self.limits, stop.clone());
            tokio::spawn(async move {
                match tls {
                    None => {
                        plain(stream, From::plain(peer), router, limits, watcher, stop).await;
                    }
                    Some(tls) => secured(tls, stream, peer, router, limits, watcher).await,
                }
                drop(place);
            });
        }
        drop(self.tcp);
        tokio::select! {
            () = graceful.shutdown() => {}
            () = tokio::time::sleep(self.limits.stop_timeout) => {
                tracing::warn!("requests that were still open are cut off");
            }
        }
    }
}

/// The certificate that the other side showed, which the listener's TLS has verified.
#[derive(Debug, Clone)]
pub(crate) struct PeerCertificate(pub CertificateDer<'static>);

/// Where a connection comes from.
#[derive(Debug, Clone)]
pub(crate) struct From {
    scheme: Scheme,
    peer: SocketAddr,
    certificate: Option<PeerCertificate>,
}

impl From {
    /// Without TLS.
    pub(crate) fn plain(peer: SocketAddr) -> Self {
        Self { scheme: Scheme::HTTP, peer, certificate: None }
    }

    /// Writes it where handlers look for it.
    pub(crate) fn mark(&self, known: &mut Extensions) {
        known.insert(ConnectInfo(self.peer));
        known.insert(self.scheme.clone());
        if let Some(certificate) = &self.certificate {
            known.insert(certificate.clone());
        }
    }
}

type Watcher = hyper_util::server::graceful::Watcher;

async fn secured(
    tls: TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    watcher: Watcher,
) {
    match tokio::time::timeout(limits.handshake_timeout, tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
            let certificate = shown.map(|shown| PeerCertificate(shown.clone().into_owned()));
            let from = From { scheme: Scheme::HTTPS, peer, certificate };
            connection(stream, from, router, limits, watcher).await;
        }
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
    }
}

async fn plain(
    mut stream: TcpStream,
    from: From,
    router: Router,
    limits: Limits,
    watcher: Watcher,
    mut stop: watch::Receiver<bool>,
) {
    match direct::serve(&mut stream, &from, &router, &limits, &mut stop).await {
        Ok(Next::Library) => connection(stream, from, router, limits, watcher).await,
        Ok(Next::End) => {}
        Err(error) => tracing::debug!(peer = %from.peer, %error, "a connection ended badly"),
    }
}

async fn connection<S>(stream: S, from: From, router: Router, limits: Limits, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let peer = from.peer;
    let service = router.map_request(move |mut request: hyper::Request<hyper::body::Incoming>| {
        from.mark(request.extensions_mut());
        request.map(axum::body::Body::new)
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(
            TokioIo::new(Patient::new(stream, limits.write_timeout)),
            TowerToHyperService::new(service),
        );
    if let Err(error) = watcher.watch(served).await {
        tracing::debug!(%peer, %error, "a connection ended badly");
    }
}
