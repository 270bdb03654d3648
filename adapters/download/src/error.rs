//! What can go wrong between here and a source.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use http::StatusCode;

/// Why a file, or its rest, did not come.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("its address is none of `http` or `https` that can be asked")]
    Address,
    #[error("the source would be {0}, where no document may send a server")]
    OutOfReach(IpAddr),
    #[error("the source does not have it")]
    NotThere,
    /// Where to is a stranger's choice, so nobody follows.
    #[error("the source only points elsewhere")]
    Redirected,
    #[error("the source answers {0}")]
    Status(StatusCode),
    #[error("the source has {found_bytes} bytes under its name, {size_bytes} are announced")]
    Length { found_bytes: u64, size_bytes: u64 },
    /// Nothing of the surplus was handed on.
    #[error("the source sends more than the {size_bytes} bytes announced")]
    TooLong { size_bytes: u64 },
    #[error("the source sends it encoded")]
    Encoded,
    #[error("the source sends another part than was asked for")]
    WrongPart,
    #[error("the source said nothing for {} seconds", .0.as_secs())]
    Silent(Duration),
    #[error("the source sends too slowly: {bytes} bytes in {} seconds", span.as_secs())]
    Slow { bytes: u64, span: Duration },
    #[error("the source stopped after {at_bytes} of {size_bytes} bytes")]
    Cut { at_bytes: u64, size_bytes: u64, source: Option<hyper::Error> },
    #[error("the source cannot be reached")]
    Connect(#[source] io::Error),
    #[error("the certificate of the source is not trusted, or it speaks no TLS")]
    Tls(#[source] io::Error),
    #[error("the connection to the source broke")]
    Http(#[from] hyper::Error),
    #[error("the certificate authorities cannot be used")]
    Trust(#[from] rustls::Error),
}
