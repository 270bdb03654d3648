//! GetCookie of the client service ([MS-WUSP] 3.1.5.4).

use headwater_model::{ProtocolVersion, Timestamp};

use super::Token;
use crate::cookie::{Cookie, Purpose};
use crate::error::ClientFault;
use crate::start::{App, COOKIE_SECONDS};

impl App {
    /// Turns the authorization cookie into the cookie of all further calls. What an earlier cookie
    /// of this server knew goes on in the new one, also when it had expired; an agent that brings
    /// none is told of every approval again. `last_change` is what the agent's GetConfig said.
    pub fn get_cookie(
        &self,
        authorization: &[u8],
        old_cookie: Option<&[u8]>,
        last_change: Timestamp,
        protocol: ProtocolVersion,
    ) -> Result<Token, ClientFault> {
        let jar = self.jar.load();
        let now = self.clock.now();
        let authorized = jar
            .open(Purpose::Authorization, authorization)
            .map_err(|_| ClientFault::InvalidAuthorizationCookie)?;
        if authorized.expires <= now {
            return Err(ClientFault::InvalidAuthorizationCookie);
        }
        if last_change != self.server.config_change {
            return Err(ClientFault::ConfigChanged);
        }
        let old = old_cookie.map(|token| jar.open(Purpose::Client, token)).transpose()?;
        // A cookie of another computer, as a cloned disk brings it, says nothing about this one.
        let known = old.filter(|old| old.client == authorized.client);
        let cookie = Cookie {
            client: authorized.client,
            protocol,
            config_change: self.server.config_change,
            watermark: known.as_ref().map_or(0, |known| known.watermark),
            membership: known.as_ref().map_or(0, |known| known.membership),
            expires: now.plus_seconds(COOKIE_SECONDS),
        };
        self.seal(Purpose::Client, &cookie)
    }
}
