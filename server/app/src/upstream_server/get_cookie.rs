//! GetCookie of the server synchronisation service ([MS-WSUSSS] 3.1.4.3).

use headwater_model::ProtocolVersion;

use super::session::COOKIE_SECONDS;
use crate::cookie::{Cookie, Purpose};
use crate::error::ClientFault;
use crate::start::App;
use crate::update_server::Token;

/// The first part of the versions of this protocol.
const MAJOR: u16 = 1;

impl App {
    /// Turns an authorization cookie into the cookie of all further calls.
    pub fn get_server_cookie(
        &self,
        authorization: &[u8],
        protocol: ProtocolVersion,
    ) -> Result<Token, ClientFault> {
        if protocol.major != MAJOR {
            return Err(ClientFault::IncompatibleProtocolVersion);
        }
        let now = self.clock.now();
        let authorized = self
            .jar
            .load()
            .open(Purpose::ServerAuthorization, authorization)
            .map_err(|_| ClientFault::InvalidAuthorizationCookie)?;
        if authorized.expires <= now {
            return Err(ClientFault::InvalidAuthorizationCookie);
        }
        let expires = now.plus_seconds(COOKIE_SECONDS).min(authorized.expires);
        self.seal(Purpose::Server, &Cookie { protocol, expires, ..authorized })
    }
}
