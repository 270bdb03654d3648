//! The state that a cookie carries for the server.

use headwater_model::Timestamp;
use headwater_policy::snapshot::Member;

use crate::cookie::{Cookie, Purpose};
use crate::error::{AppError, ClientFault};
use crate::start::App;

/// An agent whose cookie was accepted.
#[derive(Debug, Clone)]
pub struct Session {
    pub cookie: Cookie,
    pub now: Timestamp,
}

/// A sealed cookie and when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub expires: Timestamp,
    pub data: Vec<u8>,
}

impl App {
    /// Opens the cookie of a call: it must be ours, of the current configuration and alive.
    pub fn session(&self, token: &[u8]) -> Result<Session, ClientFault> {
        let cookie = self.jar.load().open(Purpose::Client, token)?;
        let now = self.clock.now();
        if cookie.expires <= now {
            return Err(ClientFault::CookieExpired);
        }
        if cookie.config_change != self.server.config_change {
            return Err(ClientFault::ConfigChanged);
        }
        Ok(Session { cookie, now })
    }

    /// The computer of a session, which must have registered.
    pub(crate) fn registered(&self, session: &Session) -> Result<Member, ClientFault> {
        let member = self.live.member(&session.cookie.client);
        member.filter(|member| member.registered).ok_or(ClientFault::RegistrationRequired)
    }

    pub(crate) fn seal(&self, purpose: Purpose, cookie: &Cookie) -> Result<Token, ClientFault> {
        let data = self.jar.load().seal(purpose, cookie);
        let data = data.ok_or(AppError::Internal("no cookie could be sealed"))?;
        Ok(Token { expires: cookie.expires, data })
    }
}
