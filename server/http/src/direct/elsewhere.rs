use std::io;
use std::ops::Range;

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use headwater_app::content::ContentFile;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::Next;
use crate::listen::{From, Limits};

/// Nobody could use it.
pub(crate) fn offer(_answer: &mut Response<Body>, _file: &ContentFile, _range: Range<u64>) {}

/// Leaves everything to the library.
pub(crate) async fn serve(
    _stream: &mut TcpStream,
    _from: &From,
    _router: &Router,
    _limits: &Limits,
    _stop: &mut watch::Receiver<bool>,
) -> io::Result<Next> {
    Ok(Next::Library)
}
