//! Installs a service, waits until it answers, and says what a person does next.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use headwater_cli::{API_URL_FILE, LINKAGE_URL_FILE};
use headwater_linkage::{StateError, shown_code, shown_identity};

use super::platform::{self, PlatformError};
use super::{InstallArguments, Service};
use crate::config::{Config, ConfigError, Role};
use crate::node::{content_port, name, named, url};

/// A process that starts shows its key and its code at once; a large catalogue takes a while to open.
const PATIENCE: Duration = Duration::from_secs(60);
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
    #[error(
        "the configuration's `data` is `{configured}`, and this service keeps everything in `{chosen}`: say by --data \
         which of the two is meant"
    )]
    Folder { configured: PathBuf, chosen: PathBuf },
    #[error("the service does not answer within {} s; {log} says why", PATIENCE.as_secs())]
    Silent { log: String },
}

/// What becomes a service.
pub struct Installation<'a> {
    pub service: &'static Service,
    pub program: PathBuf,
    pub config_file: &'a Path,
    pub config: &'a Config,
    /// The files that the configuration names, each with a name of its own.
    pub files: Vec<(&'static str, PathBuf)>,
    pub data: PathBuf,
    pub user: Option<&'a str>,
}

impl Installation<'_> {
    /// What an earlier run left: its code is worth nothing, and its addresses stand there once this one answers.
    pub fn forget_last_run(&self) {
        for name in ["pairing-code", API_URL_FILE, LINKAGE_URL_FILE] {
            let _ = std::fs::remove_file(self.data.join(name));
        }
    }
}

pub fn install(
    service: &'static Service,
    config: Config,
    arguments: &InstallArguments,
) -> Result<String, InstallError> {
    let installation = Installation {
        service,
        program: std::env::current_exe().map_err(InstallError::Program)?,
        config_file: &arguments.config,
        files: config.files_to_read()?,
        config: &config,
        data: folder(service, &config, arguments.data.as_deref())?,
        user: arguments.user.as_deref(),
    };
    if arguments.dry_run {
        let comments: Vec<String> = firewall(&config).iter().map(|line| format!("# {line}\n")).collect();
        return Ok(format!("{}{}", platform::preview(&installation)?, comments.concat()));
    }
    let installed = platform::install(&installation)?;
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(shown) = shown(&installation)? {
            let firewall: Vec<String> =
                firewall(&config).iter().map(|line| format!("\nfirewall  {line}")).collect();
            return Ok(format!("{installed}\n{shown}{}", firewall.concat()));
        }
        std::thread::sleep(PAUSE);
    }
    Err(InstallError::Silent { log: platform::log(&installation) })
}

/// The folder that is named, or the one that the service always has: whoever installs once more finds it again.
fn folder(service: &Service, config: &Config, named: Option<&Path>) -> Result<PathBuf, InstallError> {
    let (chosen, configured) = (Path::new(service.data), &config.data);
    match named {
        Some(named) => Ok(named.to_owned()),
        None if configured.is_absolute() && configured != chosen => {
            Err(InstallError::Folder { configured: configured.clone(), chosen: chosen.to_owned() })
        }
        None => Ok(chosen.to_owned()),
    }
}

/// What the service shows once all of it answers. That something listens is not enough: a process listens before it has
/// opened what it keeps, and another one may have the port.
fn shown(installation: &Installation) -> Result<Option<String>, InstallError> {
    let config = installation.config;
    let has_operators = config.has(Role::UpdateServer) || config.has(Role::Manager);
    let said = installation.data.join(if has_operators { API_URL_FILE } else { LINKAGE_URL_FILE });
    if !said.exists() || !listeners(config).iter().all(|(listen, _)| answers(*listen)) {
        return Ok(None);
    }
    let mut lines = Vec::new();
    if config.has(Role::Linkage) {
        let Some(linkage) = linkage(installation)? else { return Ok(None) };
        lines.push(linkage);
    }
    if config.has(Role::UpdateServer) {
        lines.push(format!("updates   {}", address(config, config.updates)));
    }
    if has_operators {
        lines.push(format!("console   {}", address(config, config.console)));
        let first = "of the user admin, if this was the first start";
        lines.push(format!("password  {first}: see {}", platform::log(installation)));
    }
    Ok(Some(lines.join("\n")))
}

/// Its address and key, and a code unless it has a managing server.
fn linkage(installation: &Installation) -> Result<Option<String>, InstallError> {
    let data = &installation.data;
    let (Some((fingerprint, manager)), code) = (shown_identity(data)?, shown_code(data)?) else {
        return Ok(None);
    };
    let listen = installation.config.linkage.listen;
    let url = format!("https://{}/linkage", named(listen, &name(installation.config)));
    Ok(match (code, manager) {
        (Some(code), _) => Some(format!("code      {code}   (for the managing server, once)")),
        (None, Some(manager)) => Some(format!("manager   {manager}")),
        (None, None) => None,
    }
    .map(|last| format!("linkage   {url}\n          {fingerprint}\n{last}")))
}

fn answers(listen: SocketAddr) -> bool {
    let at = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        own => own,
    };
    TcpStream::connect_timeout(&SocketAddr::new(at, listen.port()), PAUSE).is_ok()
}

/// By which others reach it.
fn address(config: &Config, listen: SocketAddr) -> String {
    url(config, listen, listen, &name(config))
}

/// Where it listens, and for whom.
pub fn listeners(config: &Config) -> Vec<(SocketAddr, &'static str)> {
    let mut all = Vec::new();
    if config.has(Role::UpdateServer) {
        let whom = "for computers and the servers below";
        all.push((config.updates, whom));
        let content = content_port(config, config.updates.port());
        if content != config.updates.port() {
            all.push((SocketAddr::new(config.updates.ip(), content), whom));
        }
    }
    if config.has(Role::Linkage) {
        let whom = match config.linkage.parent {
            Some(_) => "it dials the Linkage above; only for Linkages below it",
            None => "for the managing server and the Linkages below",
        };
        all.push((config.linkage.listen, whom));
    }
    all.push((
        config.console,
        match config.has(Role::UpdateServer) || config.has(Role::Manager) {
            true => "for browsers and commands on other machines",
            false => "for health and metrics",
        },
    ));
    // Port 0 is whichever is free: nobody knows it before.
    all.retain(|(listen, _)| listen.port() != 0);
    all
}

/// What has to be let in, and how.
fn firewall(config: &Config) -> Vec<String> {
    let (here, elsewhere): (Vec<_>, Vec<_>) =
        listeners(config).into_iter().partition(|(listen, _)| listen.ip().is_loopback());
    let mut lines: Vec<String> = elsewhere
        .iter()
        .map(|(listen, whom)| format!("{whom}: {}", platform::firewall_rule(listen.port())))
        .collect();
    if !here.is_empty() {
        let ports: Vec<String> = here.iter().map(|(listen, _)| listen.port().to_string()).collect();
        lines.push(format!(
            "port {} is asked on this machine only; name another address in the configuration for others to reach it",
            ports.join(", ")
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        toml::from_str(text).expect("a configuration")
    }

    #[test]
    fn firewall_rules_are_for_those_who_dial() {
        let rules = |text| firewall(&config(text));
        let here = rules("roles = [\"manager\"]");
        assert!(
            matches!(here.as_slice(), [one] if one.starts_with("port 8580 is asked on this machine only")),
            "{here:?}"
        );
        let top = rules("roles = [\"linkage\"]\n[linkage]\nlisten = \"0.0.0.0:9532\"");
        assert!(top[0].starts_with("for the managing server") && top[0].contains("9532"), "{top:?}");
        assert!(top[1].starts_with("port 8580 is asked on this machine only"), "{top:?}");
        let lower = rules(
            "roles = [\"linkage\"]\n[linkage]\nlisten = \"0.0.0.0:8532\"\nparent = \"https://a:8532/linkage\"",
        );
        assert!(lower[0].starts_with("it dials the Linkage above"), "{lower:?}");
        let all = rules("updates = \"0.0.0.0:8531\"\nconsole = \"192.0.2.7:8580\"");
        let ports: Vec<bool> =
            all.iter().zip(["8531", "8530", "8580"]).map(|(line, port)| line.contains(port)).collect();
        assert_eq!(ports, [true; 3], "{all:?}");
    }

    #[test]
    fn a_service_has_one_folder_unless_another_is_named() {
        let service = &crate::service::LINKAGE;
        let chosen = |text: &str, named: Option<&str>| folder(service, &config(text), named.map(Path::new));
        let elsewhere = if cfg!(windows) { r"D:\\data" } else { "/srv/data" };
        let configured = format!("data = \"{elsewhere}\"");
        assert_eq!(chosen("", None).expect("a folder"), Path::new(service.data));
        assert_eq!(chosen(&configured, Some("/named")).expect("a folder"), Path::new("/named"));
        let refused = chosen(&configured, None).expect_err("two folders").to_string();
        assert!(refused.contains("--data") && refused.contains(service.data), "{refused}");
    }

    #[test]
    fn an_address_is_one_by_which_others_reach_it() {
        let config =
            config("name = \"wsus.example\"\nupdates = \"0.0.0.0:8531\"\nconsole = \"192.0.2.7:8580\"");
        assert_eq!(address(&config, config.updates), "https://wsus.example:8531");
        assert_eq!(address(&config, config.console), "https://192.0.2.7:8580");
    }
}
