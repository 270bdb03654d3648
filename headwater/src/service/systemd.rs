//! A service of systemd.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::install::{Installation, listeners};
use super::systemd_unit::{Unit, UnitError};

pub const CONFIG: &str = "/etc/headwater.toml";
pub const LINKAGE_DATA: &str = "/var/lib/headwater-linkage";
pub const SERVER_DATA: &str = "/var/lib/headwater";

const UNITS: &str = "/etc/systemd/system";
/// Exists where systemd runs the machine (sd_booted(3)).
const SYSTEMD: &str = "/run/systemd/system";

/// Why there is no service, or why it was not started.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    #[error(transparent)]
    Unit(#[from] UnitError),
    #[error(
        "systemd does not run on this machine: let your own service manager start `headwater {}`; `--dry-run` shows \
         the unit", .0.join(" ")
    )]
    NoSystemd(&'static [&'static str]),
    #[error("only root installs a service: run this with sudo; `--dry-run` shows what it would do")]
    NotRoot,
    #[error("`{path}` cannot be written")]
    Write { path: PathBuf, source: io::Error },
    #[error("`{command}` failed{said}")]
    Command { command: String, said: String },
}

/// The unit and the commands, with which nothing was done.
pub fn preview(installation: &Installation) -> Result<String, PlatformError> {
    let unit = unit(installation).text()?;
    let steps = steps(installation);
    let commands: String = steps.iter().map(|step| format!("#   systemctl {}\n", step.join(" "))).collect();
    Ok(format!("# {}\n{unit}\n# Then:\n{commands}", path(installation).display()))
}

/// Says what was installed, which begins to run.
pub fn install(installation: &Installation) -> Result<String, PlatformError> {
    let text = unit(installation).text()?;
    if !Path::new(SYSTEMD).is_dir() {
        return Err(PlatformError::NoSystemd(installation.service.command));
    }
    write(&path(installation), &text)?;
    installation.forget_last_run();
    for step in steps(installation) {
        systemctl(&step)?;
    }
    Ok(format!("unit      {}", path(installation).display()))
}

/// Where the service says what happened to it.
pub fn log(installation: &Installation) -> String {
    format!("`journalctl -u {}`", installation.service.unit)
}

pub fn firewall_rule(port: u16) -> String {
    format!("ufw allow {port}/tcp, or firewall-cmd --permanent --add-port={port}/tcp")
}

fn unit(installation: &Installation) -> Unit {
    Unit {
        title: installation.service.title,
        program: installation.program.clone(),
        command: installation.service.command,
        config: installation.config_file.to_owned(),
        files: installation.files.clone(),
        data: installation.data.clone(),
        user: installation.user.map(str::to_owned),
        has_low_ports: listeners(installation.config)
            .iter()
            .any(|(listen, _)| (1..1024).contains(&listen.port())),
    }
}

fn path(installation: &Installation) -> PathBuf {
    Path::new(UNITS).join(installation.service.unit)
}

fn steps(installation: &Installation) -> [Vec<&'static str>; 3] {
    let unit = installation.service.unit;
    [vec!["daemon-reload"], vec!["enable", unit], vec!["restart", unit]]
}

fn write(path: &Path, text: &str) -> Result<(), PlatformError> {
    std::fs::write(path, text).map_err(|source| match source.kind() {
        io::ErrorKind::PermissionDenied => PlatformError::NotRoot,
        _ => PlatformError::Write { path: path.to_owned(), source },
    })
}

fn systemctl(arguments: &[&str]) -> Result<(), PlatformError> {
    let command = format!("systemctl {}", arguments.join(" "));
    let failed = |said: String| PlatformError::Command { command: command.clone(), said };
    let output = Command::new("systemctl").args(arguments).output();
    let output = output.map_err(|error| failed(format!(": {error}")))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(failed(format!(": {}", String::from_utf8_lossy(&output.stderr).trim()))),
    }
}
