//! The Linkage as a Windows service. It was tried under Wine only, which ignores accounts and rights.

mod access;
mod install;
mod log_file;
mod service;

use std::path::Path;

pub use install::{PlatformError, install, preview};
pub use service::run;

pub const CONFIG: &str = r"C:\ProgramData\Headwater\headwater.toml";
pub const DATA: &str = r"C:\ProgramData\Headwater\linkage";

/// The name of the service, and of the account that Windows makes for it.
const NAME: &str = "HeadwaterLinkage";

/// Where the service says what happened to it.
pub fn log(data: &Path) -> String {
    format!("`{}`", log_file::path(data).display())
}

pub fn firewall_rule(port: u16) -> String {
    format!(
        "netsh advfirewall firewall add rule name=\"Headwater WSUS Linkage\" dir=in action=allow protocol=TCP \
         localport={port}"
    )
}
