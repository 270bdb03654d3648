//! The state that a downstream server's cookie carries.

use headwater_model::{ServerId, Timestamp};

use crate::cookie::Purpose;
use crate::error::ClientFault;
use crate::start::App;

/// How long a downstream server's cookies live, in seconds (fact 44).
pub(super) const COOKIE_SECONDS: i64 = 240 * 60;

/// A downstream server whose cookie was accepted.
#[derive(Debug, Clone, Copy)]
pub struct ServerSession {
    pub server: ServerId,
}

/// A point in the history of this server: anchors are made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The server-wide counter: it decides.
    pub stamp: u64,
    /// For people.
    pub at: Timestamp,
}

impl App {
    /// Opens the cookie of a call: it must be ours and alive. An expired one is as bad as a forged
    /// one: the caller knows when it ends ([MS-WSUSSS] 3.2.4.1).
    pub fn server_session(&self, token: &[u8]) -> Result<ServerSession, ClientFault> {
        let cookie = self.jar.load().open(Purpose::Server, token)?;
        if cookie.expires <= self.clock.now() {
            return Err(ClientFault::InvalidCookie);
        }
        let server = cookie.client.as_str().parse().map_err(|_| ClientFault::InvalidCookie)?;
        Ok(ServerSession { server })
    }

    /// The present, up to which the snapshot tells everything.
    pub(super) fn mark(&self) -> Mark {
        Mark { stamp: self.live.served().offers.stamp, at: self.clock.now() }
    }

    /// Refuses an anchor that lies ahead of this server: it is from before a restore, and whoever
    /// brings it has to begin anew ([MS-WSUSSS] 2.2.9.3, ServerChanged).
    pub(super) fn not_ahead(&self, anchor: Option<u64>) -> Result<(), ClientFault> {
        match anchor {
            Some(stamp) if stamp > self.mark().stamp => Err(ClientFault::ServerChanged),
            _ => Ok(()),
        }
    }
}
