//! GetAuthorizationCookie of the DSS authorization service ([MS-WSUSSS] 3.1.4.2).

use headwater_model::{ClientId, ProtocolVersion, ServerId};

use super::SERVERS_MAX;
use super::session::COOKIE_SECONDS;
use crate::cookie::{Cookie, Purpose};
use crate::error::{AppError, ClientFault};
use crate::start::App;
use crate::update_server::Token;

/// The longest name of a host ([RFC1035] 2.3.4).
const NAME_BYTES_MAX: usize = 255;
/// Servers that are made known at the same time. Each waits for a transaction of its own, and agents'
/// writes wait behind them, a fraction of a second for so many.
pub(crate) const ENROLLING_MAX: usize = 32;

impl App {
    /// Makes a downstream server known and gives it the cookie that GetCookie wants.
    pub async fn get_server_authorization_cookie(
        &self,
        account_name: &str,
        account_guid: &str,
    ) -> Result<Token, ClientFault> {
        let name = account_name.trim();
        if !is_host_name(name) {
            return Err(ClientFault::InvalidParameters("accountName"));
        }
        let server: ServerId =
            account_guid.parse().map_err(|_| ClientFault::InvalidParameters("accountGuid"))?;
        // A server that takes from itself, or a copy of its data folder, would never be in step.
        if server.is_nil() || server == self.server.id {
            return Err(ClientFault::InvalidParameters("accountGuid"));
        }
        let _turn = self.enrolling.try_acquire().map_err(|_| ClientFault::ServerBusy)?;
        let now = self.clock.now();
        let known = self.store.enroll_server(server, &name.to_lowercase(), now, SERVERS_MAX as u64).await;
        if !known.map_err(AppError::from)? {
            tracing::warn!(name, "there are {SERVERS_MAX} downstream servers: no more are taken in");
            return Err(ClientFault::ServerBusy);
        }
        self.seal(
            Purpose::ServerAuthorization,
            &Cookie {
                client: client(server)?,
                protocol: ProtocolVersion::new(0, 0),
                config_change: self.server.config_change,
                watermark: 0,
                membership: 0,
                expires: now.plus_seconds(COOKIE_SECONDS),
            },
        )
    }
}

/// A cookie names its owner by text.
pub(super) fn client(server: ServerId) -> Result<ClientId, ClientFault> {
    let id = server.to_string().parse();
    id.map_err(|_| ClientFault::Internal(AppError::Internal("a server's id is no client's")))
}

/// Labels of letters, digits, hyphens and, as Windows has them, underscores.
fn is_host_name(name: &str) -> bool {
    let proper = |label: &str| {
        let allowed = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        (1..=63).contains(&label.len()) && label.chars().all(allowed)
    };
    name.len() <= NAME_BYTES_MAX && name.trim_end_matches('.').split('.').all(proper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_hosts() {
        for name in ["wsus", "probe.lab.invalid", "WSUS_01.corp.example.", "büro.example"] {
            assert!(is_host_name(name), "{name}");
        }
        let long = "a.".repeat(200);
        for name in ["", ".", "a..b", "a b", "a/b", "http://a", "a:1", long.as_str()] {
            assert!(!is_host_name(name), "{name}");
        }
    }
}
