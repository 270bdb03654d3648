//! `headwater linkage install`: a service that starts with the machine, of systemd or of Windows.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use headwater_linkage::{StateError, shown_code, shown_identity};

use super::platform::{self, CONFIG, DATA, PlatformError};
use crate::config::{Config, ConfigError};
use crate::node::name;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  headwater linkage install --config /etc/headwater.toml --dry-run\n  sudo headwater linkage install --config /etc/headwater.toml"
)]
pub struct InstallArguments {
    /// The configuration of the Linkage; the service reads it at every start.
    #[arg(long, value_name = "FILE", default_value = CONFIG)]
    config: PathBuf,
    /// The folder of its key and state.
    #[arg(long, value_name = "DIR", default_value = DATA)]
    data: PathBuf,
    /// The account that runs it; without it, one that exists only while the service runs.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only show what would be written and run.
    #[arg(long)]
    dry_run: bool,
}

/// A Linkage that starts shows its key and its code at once.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(200);

/// Why nothing was installed, or not all.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Platform(#[from] PlatformError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("where this program is cannot be found out")]
    Program(#[source] io::Error),
    #[error("the service does not answer within {} s; {log} says why", PATIENCE.as_secs())]
    Silent { log: String },
}

/// What becomes a service.
pub struct Installation<'a> {
    pub program: PathBuf,
    pub config_file: &'a Path,
    pub config: &'a Config,
    pub data: &'a Path,
    pub user: Option<&'a str>,
}

impl Installation<'_> {
    /// The file with the password of the Microsoft WSUS's account.
    pub fn wsus_password(&self) -> Option<&Path> {
        self.config.linkage.microsoft_wsus.as_ref()?.password_file.as_deref()
    }

    /// A code of an earlier run is worth nothing, and must not be shown.
    pub fn forget_code(&self) {
        let _ = std::fs::remove_file(self.data.join("pairing-code"));
    }
}

/// Says what a person does next.
pub fn install(arguments: &InstallArguments) -> Result<String, InstallError> {
    let config = Config::read(&arguments.config)?.for_linkage()?;
    let installation = Installation {
        program: std::env::current_exe().map_err(InstallError::Program)?,
        config_file: &arguments.config,
        config: &config,
        data: &arguments.data,
        user: arguments.user.as_deref(),
    };
    if arguments.dry_run {
        return Ok(format!("{}# {}\n", platform::preview(&installation)?, firewall(&config)));
    }
    let installed = platform::install(&installation)?;
    shown(&arguments.data, &config, &installed)
}

/// Waits until the service answers and shows its key, and a code unless it has a managing server: the folder alone may
/// be of an earlier run.
fn shown(data: &Path, config: &Config, installed: &str) -> Result<String, InstallError> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let (identity, code) = (shown_identity(data)?, shown_code(data)?);
        let paired = identity.as_ref().and_then(|(_, manager)| manager.as_deref());
        let last = match (&code, paired) {
            (Some(code), _) => format!("code      {code}   (for the managing server, once)"),
            (None, Some(manager)) => format!("manager   {manager}"),
            (None, None) => String::new(),
        };
        if let (Some((fingerprint, _)), false) =
            (&identity, last.is_empty() || !answers(config.linkage.listen))
        {
            return Ok(format!(
                "{installed}\nlinkage   {}\n          {fingerprint}\n{last}\nfirewall  {}",
                url(config),
                firewall(config)
            ));
        }
        std::thread::sleep(PAUSE);
    }
    Err(InstallError::Silent { log: platform::log(data) })
}

fn answers(listen: SocketAddr) -> bool {
    let at = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        own => own,
    };
    TcpStream::connect_timeout(&SocketAddr::new(at, listen.port()), PAUSE).is_ok()
}

/// The address by which others reach it.
fn url(config: &Config) -> String {
    let listen = config.linkage.listen;
    let host = match listen.ip().is_unspecified() {
        true => name(config),
        false => listen.ip().to_string(),
    };
    format!("https://{host}:{}/linkage", listen.port())
}

/// What has to be let in, and how.
fn firewall(config: &Config) -> String {
    let listen = config.linkage.listen;
    let rule = platform::firewall_rule(listen.port());
    if listen.ip().is_loopback() {
        "it is asked on this machine only; set `linkage.listen` for others to reach it".to_owned()
    } else if config.linkage.parent.is_some() {
        format!("it dials the Linkage above; only for Linkages below it: {rule}")
    } else {
        format!("for the managing server and the Linkages below: {rule}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        toml::from_str(text).expect("a configuration")
    }

    #[test]
    fn the_firewall_rule_is_for_those_who_dial() {
        let rule = |text| firewall(&config(text));
        assert!(rule("").contains("this machine only"), "{}", rule(""));
        let top = rule("[linkage]\nlisten = \"0.0.0.0:9532\"");
        assert!(top.starts_with("for the managing server") && top.contains("9532"), "{top}");
        let lower = rule("[linkage]\nlisten = \"0.0.0.0:8532\"\nparent = \"https://a:8532/linkage\"");
        assert!(lower.starts_with("it dials the Linkage above"), "{lower}");
    }

    #[test]
    fn the_address_is_one_by_which_others_reach_it() {
        let address = |text| url(&config(text));
        assert_eq!(
            address("name = \"wsus.example\"\n[linkage]\nlisten = \"0.0.0.0:8532\""),
            "https://wsus.example:8532/linkage"
        );
        assert_eq!(address("[linkage]\nlisten = \"192.0.2.7:8532\""), "https://192.0.2.7:8532/linkage");
    }
}
