//! GetAuthConfig ([MS-WSUSSS] 3.1.4.1).

use headwater_model::Timestamp;

use crate::start::App;

/// Where downstream servers get their authorization is the same everywhere; since when is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthConfig {
    pub last_change: Timestamp,
}

impl App {
    pub fn get_auth_config(&self) -> AuthConfig {
        AuthConfig { last_change: self.server.config_change }
    }
}
