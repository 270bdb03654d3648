//! The configuration: one TOML file, whose defaults are those of `headwater up`.

mod check;
mod files;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use headwater_app::DATABASE;
use headwater_link::LinkageUrl;
use headwater_store::Place;
use headwater_wsus_admin::{
    Access, Account, Credentials, Password, Patience, PlainHttp, Secret as WsusSecret,
};
use serde::Deserialize;

pub use check::{CheckArguments, check};
#[cfg(windows)]
pub use files::is_secret;

/// The managing server's database in the data folder.
pub const MANAGER_DATABASE: &str = "manager.sqlite";

/// All settings. `headwater check-config --example` prints them with their meaning.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub roles: Vec<Role>,
    pub data: PathBuf,
    pub database: Option<Secret>,
    pub database_url_file: Option<PathBuf>,
    pub updates: SocketAddr,
    pub console: SocketAddr,
    pub insecure_http: bool,
    pub targeting: Targeting,
    pub content: Content,
    pub content_languages: Vec<String>,
    pub content_express: bool,
    pub content_local_sources: bool,
    pub name: Option<String>,
    pub synchronise_every_minutes: u32,
    pub admin_password_file: Option<PathBuf>,
    pub tls: Tls,
    pub page: Page,
    pub linkage: Linkage,
    pub manager: Manager,
}

/// What a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    UpdateServer,
    Linkage,
    Manager,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Linkage {
    pub listen: SocketAddr,
    pub parent: Option<String>,
    pub microsoft_wsus: Option<MicrosoftWsus>,
}

/// The Microsoft WSUS that a Linkage speaks for, or any that serves the same administration service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MicrosoftWsus {
    pub url: String,
    pub account: String,
    pub password_file: Option<PathBuf>,
    #[serde(default)]
    pub authentication: Authentication,
    pub ca_file: Option<PathBuf>,
    #[serde(default = "answers_within_seconds")]
    pub answers_within_seconds: u16,
}

/// The Linkages on the way to the managing server wait for 100 seconds.
const ANSWERS_WITHIN_SECONDS_MAX: u16 = 90;

fn answers_within_seconds() -> u16 {
    ANSWERS_WITHIN_SECONDS_MAX
}

/// How an account proves itself to the administration service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authentication {
    /// What a Microsoft WSUS asks for.
    #[default]
    Ntlm,
    /// What an update server of Headwater asks for, which takes no NTLM.
    Basic,
}

impl Default for Linkage {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8532)), parent: None, microsoft_wsus: None }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Manager {
    pub database: Option<Secret>,
    pub database_url_file: Option<PathBuf>,
}

/// A text that may hold a password, which `Debug` does not tell.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Targeting {
    Server,
    Client,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    OnApproval,
    AtOnce,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub names: Vec<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Page {
    pub updates_max: usize,
    pub mebibytes_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            roles: vec![Role::UpdateServer],
            data: PathBuf::from("headwater-data"),
            database: None,
            database_url_file: None,
            updates: SocketAddr::from(([127, 0, 0, 1], 8530)),
            console: SocketAddr::from(([127, 0, 0, 1], 8580)),
            insecure_http: false,
            targeting: Targeting::Server,
            content: Content::OnApproval,
            content_languages: Vec::new(),
            content_express: false,
            content_local_sources: false,
            name: None,
            synchronise_every_minutes: 60,
            admin_password_file: None,
            tls: Tls::default(),
            page: Page::default(),
            linkage: Linkage::default(),
            manager: Manager::default(),
        }
    }
}

impl Default for Page {
    fn default() -> Self {
        Self { updates_max: 200, mebibytes_max: 5 }
    }
}

/// The file with every setting at its default, as it is documented.
pub const EXAMPLE: &str = r#"# Headwater: all settings with their defaults. Leave out what you do not change.

# What `headwater serve` is: any of "update-server", "linkage" (WSUS Linkage, which speaks for the update
# server of the same process) and "manager" (the managing server).
roles = ["update-server"]

# The folder of everything that the server keeps: database, content, keys.
data = "headwater-data"

# A database of PostgreSQL 15 or later, which is empty at first and this server's alone. SQLite in the data
# folder if it is left out. With `?sslmode=verify-full` nobody between can read or change what is sent; with
# `?options[search_path]=updates` it is a schema of a database, which has to be there.
# database = "postgres://headwater@db.example/headwater?sslmode=verify-full"

# A file with that URL instead, if it holds a password; the environment's HEADWATER_DATABASE_URL does the
# same.
# database_url_file = "/etc/headwater/database-url"

# Where update agents and lower update servers ask. On an address beyond loopback this is HTTPS;
# content is then served over HTTP on the port below (443: on 80).
updates = "127.0.0.1:8530"

# Where administrators and the commands ask. Beyond loopback this is HTTPS.
console = "127.0.0.1:8580"

# Serve plain HTTP beyond loopback. Whoever is between an agent and this server can then make the
# agent run programs: for laboratories only.
insecure_http = false

# Who puts computers into groups: "server" (administrators) or "client" (the computers' policy).
targeting = "server"

# When the files of updates are fetched: "on-approval" (once an update is approved for installation)
# or "at-once" (as soon as it can be offered, which takes terabytes for a large catalogue).
content = "on-approval"

# The languages of the computers, such as ["en", "pt-br"]: files for others are not fetched. None: all.
# Licence terms come in English and in their update's own language too.
content_languages = []

# Fetch express files too, which agents read in ranges. They take several times the room.
content_express = false

# Fetch files from this machine and its link too, where documents name them: for a mirror there. Whoever
# makes a document can then make this server ask what only answers to it.
content_local_sources = false

# The name by which other update servers know this one, such as "wsus.branch.example". This
# machine's name if it is left out.
# name = "wsus.branch.example"

# The longest time between two synchronisations with the upstream server. A Headwater above tells of
# changes at once; other servers are asked so often.
synchronise_every_minutes = 60

# A file with the password of the first administrator; the environment's HEADWATER_ADMIN_PASSWORD does
# the same. Without either the first start makes one up and prints it.
# admin_password_file = "/etc/headwater/admin-password"

[tls]
# A certificate chain and its key, as PEM files. Without them the server makes a certificate with
# a certificate authority of its own, whose certificate is `ca.pem` in the data folder.
# certificate = "/etc/headwater/certificate.pem"
# key = "/etc/headwater/key.pem"
# The names in that certificate of its own, beside this machine's name and its addresses.
names = []

[page]
# An answer to a scan ends at so many updates or so much XML; it holds one update at least.
updates_max = 200
mebibytes_max = 5

[linkage]
# Where the managing server and the Linkages below ask, always with TLS.
listen = "127.0.0.1:8532"
# The Linkage of the server above, which this one dials. Not on the top server.
# parent = "https://wsus.example:8532/linkage"

# The Microsoft WSUS that the Linkage speaks for, on this machine or before it; without it, the update
# server of the same process. The account is one of WSUS Administrators; its password is in a file, or in the
# environment's HEADWATER_WSUS_PASSWORD. Over plain HTTP it is asked on this machine only.
# [linkage.microsoft_wsus]
# url = "https://wsus.example:8531"
# account = 'EXAMPLE\headwater'
# password_file = "/etc/headwater/wsus-password"
# authentication = "ntlm"     # or "basic", for an update server of Headwater on another machine
# ca_file = "/etc/headwater/wsus-ca.pem"
# answers_within_seconds = 90 # a WSUS that is silent for longer counts as failed; 1 to 90

[manager]
# A database of PostgreSQL 15 or later for the managing server, which is this role's alone. SQLite in the
# data folder if it is left out.
# database = "postgres://headwater@db.example/manager?sslmode=verify-full"

# A file with that URL instead, if it holds a password; the environment's HEADWATER_MANAGER_DATABASE_URL does
# the same.
# database_url_file = "/etc/headwater/manager-database-url"
"#;

/// The URL of a database: by a variable of the environment, a file, or the configuration.
fn given(
    variable: &str,
    file: Option<&Path>,
    configured: Option<&Secret>,
) -> Result<Option<String>, ConfigError> {
    match (std::env::var(variable), file) {
        (Ok(url), _) => Ok(Some(url)),
        (Err(_), Some(path)) => read_secret(path).map(Some),
        (Err(_), None) => Ok(configured.map(|Secret(url)| url.clone())),
    }
}

fn read_secret(path: &Path) -> Result<String, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Secret { path: path.to_owned(), source })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration `{path}` cannot be read")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the file `{path}`, which holds a secret, cannot be read")]
    Secret { path: PathBuf, source: std::io::Error },
    /// Without the line itself, which may hold a password.
    #[error("the configuration `{path}` is not valid: line {line}: {reason}")]
    Parse { path: PathBuf, line: usize, reason: String },
    #[error("the database cannot be used")]
    Database(#[source] headwater_store::Error),
    #[error("{0}")]
    Meaning(String),
}

impl Config {
    pub fn read(path: &PathBuf) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.clone(), source })?;
        let mut config: Self = toml::from_str(&text).map_err(|error| ConfigError::Parse {
            path: path.clone(),
            line: error
                .span()
                .and_then(|span| text.get(..span.start))
                .map_or(1, |read| read.matches('\n').count() + 1),
            reason: error.message().to_owned(),
        })?;
        config.check()?;
        if let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") {
            config.take_credentials(Path::new(&folder));
        }
        Ok(config)
    }

    /// The password for the first administrator, if one is given: by the environment, or a file.
    pub fn admin_password(&self) -> Result<Option<String>, ConfigError> {
        if let Ok(password) = std::env::var("HEADWATER_ADMIN_PASSWORD") {
            return Ok(Some(password));
        }
        self.admin_password_file.as_deref().map(read_secret).transpose()
    }

    /// Where the database is: by the environment, a file, or this configuration.
    pub fn place(&self) -> Result<Place, ConfigError> {
        let url = given("HEADWATER_DATABASE_URL", self.database_url_file.as_deref(), self.database.as_ref())?;
        self.at(url, DATABASE)
    }

    fn at(&self, url: Option<String>, file: &str) -> Result<Place, ConfigError> {
        match url {
            Some(url) => url.parse().map_err(ConfigError::Database),
            None => Ok(Place::file(self.data.join(file))),
        }
    }

    /// How the Linkage asks its Microsoft WSUS, if it speaks for one.
    pub fn microsoft_wsus(&self) -> Result<Option<Access>, ConfigError> {
        let Some(wsus) = &self.linkage.microsoft_wsus else { return Ok(None) };
        let wrong = |text: String| ConfigError::Meaning(text);
        let password = match (std::env::var("HEADWATER_WSUS_PASSWORD"), &wsus.password_file) {
            (Ok(password), _) => password,
            (Err(_), Some(path)) => read_secret(path)?,
            (Err(_), None) => {
                return Err(wrong(format!(
                    "no password for {}: set `linkage.microsoft_wsus.password_file` or HEADWATER_WSUS_PASSWORD",
                    wsus.account
                )));
            }
        };
        let credentials = match wsus.authentication {
            Authentication::Ntlm => Credentials::Ntlm(
                Account::new(&wsus.account, Password::new(password))
                    .map_err(|error| wrong(error.to_string()))?,
            ),
            Authentication::Basic => {
                Credentials::Basic { user: wsus.account.clone(), password: WsusSecret::new(password) }
            }
        };
        let ca_pem = match &wsus.ca_file {
            Some(path) => {
                Some(std::fs::read(path).map_err(|source| ConfigError::Read { path: path.clone(), source })?)
            }
            None => None,
        };
        Ok(Some(Access {
            address: wsus
                .url
                .parse()
                .map_err(|error: headwater_wsus_admin::Error| wrong(error.to_string()))?,
            credentials,
            ca_pem,
            plain_http: if self.insecure_http { PlainHttp::Anywhere } else { PlainHttp::OnLoopback },
            patience: Patience::with_answers_within(Duration::from_secs(wsus.answers_within_seconds.into())),
        }))
    }

    /// Where the managing server's database is.
    pub fn manager_place(&self) -> Result<Place, ConfigError> {
        let Manager { database, database_url_file } = &self.manager;
        let url = given("HEADWATER_MANAGER_DATABASE_URL", database_url_file.as_deref(), database.as_ref())?;
        self.at(url, MANAGER_DATABASE)
    }

    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The same with a Linkage: of the Microsoft WSUS if one is named, else of the update server beside it.
    pub fn for_linkage(mut self) -> Result<Self, ConfigError> {
        if self.linkage.microsoft_wsus.is_some() {
            self.roles.retain(|role| *role != Role::UpdateServer);
        }
        if !self.has(Role::Linkage) {
            self.roles.push(Role::Linkage);
        }
        self.check()?;
        Ok(self)
    }

    /// Refuses settings that contradict each other.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |text: &str| Err(ConfigError::Meaning(text.to_owned()));
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            return wrong("`tls.certificate` and `tls.key` go together: set both or none");
        }
        if self.database.is_some() && self.database_url_file.is_some() {
            return wrong("`database` and `database_url_file` say the same: set one of them");
        }
        if self.manager.database.is_some() && self.manager.database_url_file.is_some() {
            return wrong("`manager.database` and `manager.database_url_file` say the same: set one of them");
        }
        if !(1..=10_000).contains(&self.page.updates_max) {
            return wrong("`page.updates_max` must be between 1 and 10000");
        }
        if !(1..=64).contains(&self.page.mebibytes_max) {
            return wrong("`page.mebibytes_max` must be between 1 and 64");
        }
        if !(1..=10_080).contains(&self.synchronise_every_minutes) {
            return wrong("`synchronise_every_minutes` must be between 1 and 10080, a week");
        }
        if self.roles.is_empty() {
            return wrong("`roles` is empty: name at least one");
        }
        if self.has(Role::Linkage) && self.has(Role::UpdateServer) == self.linkage.microsoft_wsus.is_some() {
            return wrong(
                "a Linkage speaks for one WSUS: either the role `update-server` beside it, or `linkage.microsoft_wsus`",
            );
        }
        if self.linkage.parent.as_deref().is_some_and(|url| url.parse::<LinkageUrl>().is_err()) {
            return wrong("`linkage.parent` is an address such as https://wsus.example:8532/linkage");
        }
        if self
            .linkage
            .microsoft_wsus
            .as_ref()
            .is_some_and(|wsus| !(1..=ANSWERS_WITHIN_SECONDS_MAX).contains(&wsus.answers_within_seconds))
        {
            return wrong("`linkage.microsoft_wsus.answers_within_seconds` must be between 1 and 90");
        }
        if self.updates.port() == 1 {
            return wrong("`updates` needs a port above 1, for content is on the port below");
        }
        if self.updates == self.console && self.updates.port() != 0 {
            return wrong("`updates` and `console` need different ports");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_the_default() {
        let example: Config = toml::from_str(EXAMPLE).expect("the example is valid");
        assert_eq!(format!("{example:?}"), format!("{:?}", Config::default()));
    }

    #[test]
    fn mistyped_and_contradicting_settings_are_refused() {
        assert!(toml::from_str::<Config>("updatess = \"127.0.0.1:1\"").is_err());
        let mut config = Config::default();
        config.tls.key = Some(PathBuf::from("key.pem"));
        assert!(config.check().is_err());
        config = Config { console: Config::default().updates, ..Config::default() };
        assert!(config.check().is_err());
        for (seconds, may_be) in [(0, false), (1, true), (90, true), (91, false)] {
            let wsus = format!(
                "roles = [\"linkage\"]\n[linkage.microsoft_wsus]\nurl = \"https://wsus.example\"\naccount = \
                 \"a\"\nanswers_within_seconds = {seconds}"
            );
            let config: Config = toml::from_str(&wsus).expect("is read");
            assert_eq!(config.check().is_ok(), may_be, "{seconds}");
        }
    }

    #[test]
    fn nothing_tells_the_password_of_the_database() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("headwater.toml");
        let read = |text: &str| {
            std::fs::write(&file, text).expect("writes");
            Config::read(&file)
        };
        let config = read("database = 'postgres://ada:secret@db/wsus'").expect("is valid");
        assert_eq!(config.place().expect("a place").to_string(), "PostgreSQL, database wsus on db:5432");
        assert!(!format!("{config:?}").contains("secret"));
        for wrong in ["databas = 'postgres://ada:secret@db/wsus'", "database = postgres://ada:secret@db/wsus"]
        {
            let refused = read(wrong).expect_err("is refused");
            let told = headwater_app::admin::chain(&refused);
            assert!(told.contains("line 1") && !told.contains("secret"), "{told}");
        }
    }
}
