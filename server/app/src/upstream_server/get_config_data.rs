//! GetConfigData ([MS-WSUSSS] 3.1.4.4).

use super::{Mark, ServerSession, UPDATES_PER_REQUEST_MAX};
use crate::start::App;

/// What this server is to those below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigData {
    /// No content is to be had here: agents fetch it from Microsoft.
    pub catalog_only: bool,
    /// Content comes when it is approved.
    pub lazy: bool,
    /// There are express files.
    pub hosts_express_files: bool,
    pub updates_per_request_max: usize,
    pub mark: Mark,
}

impl App {
    pub fn get_config_data(&self, _: &ServerSession) -> ConfigData {
        ConfigData {
            catalog_only: false,
            lazy: true,
            hosts_express_files: false,
            updates_per_request_max: UPDATES_PER_REQUEST_MAX,
            mark: self.mark(),
        }
    }
}
