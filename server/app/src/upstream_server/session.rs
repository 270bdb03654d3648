//! The state that a downstream server's cookie carries.

use headwater_model::{ServerId, Timestamp};
use headwater_policy::sync_plan::Point;

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
    /// [`Point`] as a number: it decides.
    pub number: u64,
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
        self.mark_of(self.live.served().offers.stamp)
    }

    pub(super) fn mark_of(&self, stamp: u64) -> Mark {
        Mark { number: self.point(stamp), at: self.clock.now() }
    }

    /// A value of the counter in this life of the server.
    pub(super) fn point(&self, stamp: u64) -> u64 {
        Point { epoch: self.server.epoch as u64, stamp }.to_number()
    }

    /// The counter's value of an anchor. One of another life of this server, or that lies ahead, is
    /// from before a restore, and whoever brings it has to begin anew ([MS-WSUSSS] 2.2.9.3,
    /// ServerChanged).
    pub(super) fn stamp_of(&self, anchor: u64) -> Result<u64, ClientFault> {
        let Point { epoch, stamp } = Point::from_number(anchor);
        let is_known = epoch == self.server.epoch as u64 && stamp <= self.live.served().offers.stamp;
        if is_known { Ok(stamp) } else { Err(ClientFault::ServerChanged) }
    }
}
