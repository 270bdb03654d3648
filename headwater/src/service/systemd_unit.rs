//! A unit of systemd, as text.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Where systemd keeps the state of services, and may give it to an account that it makes.
const STATE: &str = "/var/lib";

/// What the unit is written from.
pub struct Unit {
    pub title: &'static str,
    pub program: PathBuf,
    /// What the program is to do.
    pub command: &'static [&'static str],
    pub config: PathBuf,
    /// What systemd reads for the service, by the names under which it hands it over.
    pub files: Vec<(&'static str, PathBuf)>,
    pub data: PathBuf,
    /// Without a name systemd makes an account for as long as the service runs.
    pub user: Option<String>,
    /// Ports below 1024 are not for everybody.
    pub has_low_ports: bool,
}

/// Why there is no unit.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UnitError {
    #[error(
        "`{0}` cannot stand in a unit: name a full path of letters, digits and any of . _ - + / without blanks"
    )]
    Path(PathBuf),
    #[error("`{0}` is no name of an account")]
    User(String),
    #[error(
        "`{0}` is not below {STATE}: choose a folder there, or name the account that owns it with --user"
    )]
    Data(PathBuf),
}

/// What keeps the service from everything but its own work.
const HARDENING: &str = "\
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectHome=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
";

impl Unit {
    /// Nothing in it needs quotes: paths and names that would are refused.
    pub fn text(&self) -> Result<String, UnitError> {
        let (program, config, data) = (plain(&self.program)?, plain(&self.config)?, plain(&self.data)?);
        let (title, command) = (self.title, self.command.join(" "));
        let run =
            format!("{program} {command} --config ${{CREDENTIALS_DIRECTORY}}/headwater.toml --data {data}");
        let mut credentials = format!("LoadCredential=headwater.toml:{config}\n");
        for (name, file) in &self.files {
            // Writing to a `String` does not fail.
            let _ = writeln!(credentials, "LoadCredential={name}:{}", plain(file)?);
        }
        let (account, state) = (self.account()?, self.state()?);
        let capabilities = if self.has_low_ports { "CAP_NET_BIND_SERVICE" } else { "" };
        Ok(format!(
            "[Unit]\nDescription={title}\nWants=network-online.target\n\
             After=network-online.target\n\n\
             [Service]\nType=exec\nExecStart={run}\n{credentials}{account}\n{state}\n\
             Restart=on-failure\nRestartSec=5\nTimeoutStopSec=60\n\
             AmbientCapabilities={capabilities}\nCapabilityBoundingSet={capabilities}\n{HARDENING}\n\
             [Install]\nWantedBy=multi-user.target\n"
        ))
    }

    fn account(&self) -> Result<String, UnitError> {
        match &self.user {
            None => Ok("DynamicUser=yes".to_owned()),
            Some(user) if is_plain(user) && !user.contains('/') => Ok(format!("User={user}")),
            Some(user) => Err(UnitError::User(user.clone())),
        }
    }

    fn state(&self) -> Result<String, UnitError> {
        let below = self.data.strip_prefix(STATE).ok().and_then(Path::to_str);
        match (below.filter(|below| !below.is_empty()), &self.user) {
            (Some(below), _) => Ok(format!("StateDirectory={below}\nStateDirectoryMode=0700")),
            (None, Some(_)) => Ok(format!("ReadWritePaths={}", plain(&self.data)?)),
            (None, None) => Err(UnitError::Data(self.data.clone())),
        }
    }
}

fn plain(path: &Path) -> Result<&str, UnitError> {
    let text = path.to_str().filter(|text| is_plain(text) && !text.contains(".."));
    text.filter(|_| path.is_absolute()).ok_or_else(|| UnitError::Path(path.to_owned()))
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> Unit {
        Unit {
            title: "Headwater WSUS Linkage",
            program: PathBuf::from("/usr/local/bin/headwater"),
            command: &["linkage", "run"],
            config: PathBuf::from("/etc/headwater.toml"),
            files: Vec::new(),
            data: PathBuf::from("/var/lib/headwater-linkage"),
            user: None,
            has_low_ports: false,
        }
    }

    #[track_caller]
    fn has(unit: &Unit, lines: &[&str]) {
        let text = unit.text().expect("a unit");
        for line in lines {
            assert!(text.lines().any(|one| one == *line), "no line `{line}` in\n{text}");
        }
    }

    #[test]
    fn it_runs_as_an_account_of_its_own_and_starts_again() {
        has(
            &unit(),
            &[
                "ExecStart=/usr/local/bin/headwater linkage run --config ${CREDENTIALS_DIRECTORY}/headwater.toml \
                 --data /var/lib/headwater-linkage",
                "LoadCredential=headwater.toml:/etc/headwater.toml",
                "DynamicUser=yes",
                "StateDirectory=headwater-linkage",
                "Restart=on-failure",
                "ProtectSystem=strict",
                "NoNewPrivileges=yes",
                "CapabilityBoundingSet=",
                "WantedBy=multi-user.target",
            ],
        );
    }

    #[test]
    fn secrets_are_read_by_systemd_and_handed_to_the_service_alone() {
        let files = [("wsus-password", "/etc/wsus-password"), ("tls-key", "/etc/key.pem")];
        let files = files.map(|(name, path)| (name, PathBuf::from(path))).to_vec();
        has(
            &Unit { files, ..unit() },
            &["LoadCredential=wsus-password:/etc/wsus-password", "LoadCredential=tls-key:/etc/key.pem"],
        );
        let files = vec![("tls-key", PathBuf::from("key.pem"))];
        assert!(matches!(Unit { files, ..unit() }.text(), Err(UnitError::Path(_))));
    }

    #[test]
    fn a_named_account_may_have_its_data_anywhere_and_low_ports_are_granted() {
        let unit = Unit {
            user: Some("wsus".to_owned()),
            data: PathBuf::from("/srv/linkage"),
            has_low_ports: true,
            ..unit()
        };
        has(&unit, &["User=wsus", "ReadWritePaths=/srv/linkage", "AmbientCapabilities=CAP_NET_BIND_SERVICE"]);
    }

    #[test]
    fn what_could_become_another_line_or_argument_is_refused() {
        let data = |data: &str| Unit { data: PathBuf::from(data), ..unit() }.text();
        assert_eq!(data("/srv/linkage"), Err(UnitError::Data(PathBuf::from("/srv/linkage"))));
        for wrong in
            ["/var/lib/a b", "/var/lib/a\nUser=root", "relative", "/var/lib/../../etc", "/var/lib/%h"]
        {
            assert_eq!(data(wrong), Err(UnitError::Path(PathBuf::from(wrong))));
        }
        let user = Unit { user: Some("wsus\nAmbientCapabilities=CAP_SYS_ADMIN".to_owned()), ..unit() };
        assert!(matches!(user.text(), Err(UnitError::User(_))));
    }
}
