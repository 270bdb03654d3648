//! A Windows service. It was tried under Wine only, which ignores accounts and rights.

mod access;
mod install;
mod log_file;
mod service;

pub use install::{PlatformError, install, preview};
pub use service::run;

use super::install::Installation;

pub const CONFIG: &str = r"C:\ProgramData\Headwater\headwater.toml";
pub const LINKAGE_DATA: &str = r"C:\ProgramData\Headwater\linkage";
pub const SERVER_DATA: &str = r"C:\ProgramData\Headwater\data";

/// Where the service says what happened to it.
pub fn log(installation: &Installation) -> String {
    format!("`{}`", installation.data.join(installation.service.log).display())
}

pub fn firewall_rule(port: u16) -> String {
    format!(
        "netsh advfirewall firewall add rule name=\"Headwater {port}\" dir=in action=allow protocol=TCP \
         localport={port}"
    )
}
