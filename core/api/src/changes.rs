//! How a downstream Headwater learns at once that something changed: Headwater's own extension of
//! MS-WSUSSS, on the listener for updates.
//!
//! `GET /headwater/v1/changes?after=<stamp>` with the header `Authorization: Headwater <cookie>`,
//! where the cookie is the `EncryptedData` of the server synchronisation service, in base64. The
//! answer is held back while the server's stamp is `after`, for up to a minute, and holds nothing but
//! the stamp: it is a hint, and what changed is asked for with the operations of the protocol. 401
//! asks for a new cookie, 404 is the answer of servers that do not know this.

use serde::{Deserialize, Serialize};

/// The query of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangesQuery {
    /// What the last answer said; 0 for the first request, which is answered at once.
    #[serde(default)]
    pub after: u64,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Another value than before says that something may have changed, a smaller one as well.
    pub stamp: u64,
}

impl Changes {
    /// Where it is asked for, without regard to case.
    pub const PATH: &str = "/headwater/v1/changes";
    /// The scheme of the `Authorization` header.
    pub const SCHEME: &str = "Headwater";
    /// An answer is held back at most so long, in seconds.
    pub const WAIT_SECONDS_MAX: u64 = 60;
}
