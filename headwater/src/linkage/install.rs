//! `headwater linkage install`: a service that starts with the machine. On Linux a systemd unit; on Windows
//! the commands that make it one of the tasks of the system, for this program is no Windows service itself.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use headwater_linkage::{StateError, shown_code, shown_identity};

use super::unit::{NAME, Unit, UnitError};
use crate::config::{Config, ConfigError};
use crate::tls;

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

#[cfg(not(windows))]
const CONFIG: &str = "/etc/headwater.toml";
#[cfg(not(windows))]
const DATA: &str = "/var/lib/headwater-linkage";
#[cfg(windows)]
const CONFIG: &str = r"C:\ProgramData\Headwater\headwater.toml";
#[cfg(windows)]
const DATA: &str = r"C:\ProgramData\Headwater\linkage";

const UNITS: &str = "/etc/systemd/system";
/// Exists where systemd runs the machine (sd_booted(3)).
const SYSTEMD: &str = "/run/systemd/system";
/// A Linkage that starts shows its key and its code at once.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(200);

/// Why nothing was installed, or not all.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Unit(#[from] UnitError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error("where this program is cannot be found out")]
    Program(#[source] io::Error),
    #[error(
        "systemd does not run on this machine: let your own service manager start `headwater linkage run`; \
         `--dry-run` shows the unit"
    )]
    NoSystemd,
    #[error("only root installs a service: run this with sudo; `--dry-run` shows what it would do")]
    NotRoot,
    #[error("`{path}` cannot be written")]
    Write { path: PathBuf, source: io::Error },
    #[error("`{command}` failed{said}")]
    Command { command: String, said: String },
    #[error("the service shows no key within {} s; `journalctl -u {NAME}` says why", PATIENCE.as_secs())]
    Silent,
}

/// Says what a person does next.
pub fn install(arguments: &InstallArguments) -> Result<String, InstallError> {
    let config = Config::read(&arguments.config)?.for_linkage()?;
    let program = std::env::current_exe().map_err(InstallError::Program)?;
    if cfg!(windows) {
        return Ok(windows(&program, arguments, &config));
    }
    let port = config.linkage.listen.port();
    let microsoft = config.linkage.microsoft_wsus.as_ref();
    let unit = Unit {
        program,
        config: arguments.config.clone(),
        wsus_password: microsoft.and_then(|wsus| wsus.password_file.clone()),
        data: arguments.data.clone(),
        user: arguments.user.clone(),
        port,
    };
    let (unit, path) = (unit.text()?, Path::new(UNITS).join(NAME));
    if arguments.dry_run {
        let commands: String =
            steps().iter().map(|step| format!("#   systemctl {}\n", step.join(" "))).collect();
        let path = path.display();
        return Ok(format!("# {path}\n{unit}\n# Then:\n{commands}# {}\n", firewall(&config)));
    }
    if !Path::new(SYSTEMD).is_dir() {
        return Err(InstallError::NoSystemd);
    }
    write(&path, &unit)?;
    // A code of an earlier run is worth nothing, and must not be shown.
    let _ = std::fs::remove_file(arguments.data.join("pairing-code"));
    for step in steps() {
        systemctl(&step)?;
    }
    shown(&arguments.data, &config, &path)
}

fn steps() -> [Vec<&'static str>; 3] {
    [vec!["daemon-reload"], vec!["enable", NAME], vec!["restart", NAME]]
}

fn write(path: &Path, text: &str) -> Result<(), InstallError> {
    std::fs::write(path, text).map_err(|source| match source.kind() {
        io::ErrorKind::PermissionDenied => InstallError::NotRoot,
        _ => InstallError::Write { path: path.to_owned(), source },
    })
}

fn systemctl(arguments: &[&str]) -> Result<(), InstallError> {
    let command = format!("systemctl {}", arguments.join(" "));
    let failed = |said: String| InstallError::Command { command: command.clone(), said };
    let output = Command::new("systemctl").args(arguments).output();
    let output = output.map_err(|error| failed(format!(": {error}")))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(failed(format!(": {}", String::from_utf8_lossy(&output.stderr).trim()))),
    }
}

/// Waits until the service shows its key, and a code unless it has a managing server.
fn shown(data: &Path, config: &Config, unit: &Path) -> Result<String, InstallError> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let (identity, code) = (shown_identity(data)?, shown_code(data)?);
        let paired = identity.as_ref().and_then(|(_, manager)| manager.as_deref());
        let last = match (&code, paired) {
            (Some(code), _) => format!("code      {code}   (for the managing server, once)"),
            (None, Some(manager)) => format!("manager   {manager}"),
            (None, None) => String::new(),
        };
        if let (Some((fingerprint, _)), false) = (&identity, last.is_empty()) {
            return Ok(format!(
                "unit      {}\nlinkage   {}\n          {fingerprint}\n{last}\nfirewall  {}",
                unit.display(),
                url(config),
                firewall(config)
            ));
        }
        std::thread::sleep(PAUSE);
    }
    Err(InstallError::Silent)
}

/// The address by which others reach it.
fn url(config: &Config) -> String {
    let listen = config.linkage.listen;
    let host = match listen.ip().is_unspecified() {
        true => config.name.clone().or_else(tls::machine_name).unwrap_or_else(|| "localhost".to_owned()),
        false => listen.ip().to_string(),
    };
    format!("https://{host}:{}/linkage", listen.port())
}

/// What has to be let in, and how.
fn firewall(config: &Config) -> String {
    let listen = config.linkage.listen;
    let port = listen.port();
    let rule = match cfg!(windows) {
        true => format!(
            "netsh advfirewall firewall add rule name=\"Headwater WSUS Linkage\" dir=in action=allow \
             protocol=TCP localport={port}"
        ),
        false => format!("ufw allow {port}/tcp, or firewall-cmd --permanent --add-port={port}/tcp"),
    };
    if listen.ip().is_loopback() {
        "it is asked on this machine only; set `linkage.listen` for others to reach it".to_owned()
    } else if config.linkage.parent.is_some() {
        format!("it dials the Linkage above; only for Linkages below it: {rule}")
    } else {
        format!("for the managing server and the Linkages below: {rule}")
    }
}

/// A task of the system starts at boot as a service does, and needs nothing of the program.
fn windows(program: &Path, arguments: &InstallArguments, config: &Config) -> String {
    let (program, file) = (program.display(), arguments.config.display());
    let data = arguments.data.display();
    let user = arguments.user.as_deref().unwrap_or(r"NT AUTHORITY\LOCAL SERVICE");
    format!(
        "Headwater is no Windows service itself yet. In a command prompt of an administrator these make it a\n\
         task that starts with the machine, start it now, and show its code:\n\n\
         \x20 schtasks /Create /TN \"Headwater WSUS Linkage\" /SC ONSTART /RU \"{user}\" /TR \"\\\"{program}\\\" \
         linkage run --config \\\"{file}\\\" --data \\\"{data}\\\"\"\n\
         \x20 schtasks /Run /TN \"Headwater WSUS Linkage\"\n\
         \x20 \"{program}\" linkage code --data \"{data}\"\n\n\
         linkage   {}\nfirewall  {}",
        url(config),
        firewall(config)
    )
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

    #[test]
    fn windows_is_told_what_to_run() {
        let arguments = InstallArguments {
            config: PathBuf::from("c.toml"),
            data: PathBuf::from("data"),
            user: None,
            dry_run: false,
        };
        let told = windows(Path::new("headwater.exe"), &arguments, &config(""));
        assert!(told.contains("no Windows service itself"), "{told}");
        assert!(
            told.contains(r#"/TR "\"headwater.exe\" linkage run --config \"c.toml\" --data \"data\"""#),
            "{told}"
        );
    }
}
