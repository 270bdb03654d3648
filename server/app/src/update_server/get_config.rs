//! GetConfig ([MS-WUSP] 3.1.5.2).

use headwater_model::Timestamp;

use crate::start::App;

/// What agents are told of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerConfig {
    /// When this configuration last changed; a restart is no change (fact 53).
    pub last_change: Timestamp,
}

impl App {
    pub fn get_config(&self) -> ServerConfig {
        ServerConfig { last_change: self.server.config_change }
    }
}
