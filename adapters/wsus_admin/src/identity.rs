//! Which server this is, what it is set to, and what we may do there.

use headwater_model::{ServerId, Timestamp};
use headwater_wsus::wsusar::{
    ExecuteSPGetConfiguration, GetCurrentUserRole, GetDatabaseConfiguration, GetServerProtocolVersion,
    GetServerVersion, TableRow,
};

use crate::rows::{required, text, wrong};
use crate::{Error, Result, Wsus};

/// A server, as it was when it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub id: ServerId,
    /// Such as `10.0.26100.1`.
    pub version: String,
    /// Of the administration service, such as `1.20`.
    pub protocol_version: String,
    pub role: Role,
    pub mode: Mode,
    pub targeting: Targeting,
    pub source: Source,
}

/// What the account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// WSUS Reporters: read only.
    Reader,
    /// WSUS Administrators.
    Administrator,
}

/// Whose groups and approvals a server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Autonomous,
    /// Those of its upstream server.
    Replica,
}

/// Who says in which groups a computer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Targeting {
    Server,
    /// The computers, by policy: a membership that is written here has no effect.
    Client,
}

/// Where a server has its updates from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    MicrosoftUpdate,
    /// Another WSUS. The name is empty where the server does not tell it.
    Upstream {
        name: String,
        tls: bool,
    },
}

/// Where a server has its database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    pub server: Option<String>,
    pub name: Option<String>,
}

impl Wsus {
    /// Asks the server who it is and who we are to it, and remembers that. It may be done again at any time;
    /// a server may have become a replica or another server meanwhile.
    pub async fn connect(&self) -> Result<Identity> {
        let version = self.ask(&GetServerVersion {}).await?.result;
        let protocol_version = self.ask(&GetServerProtocolVersion {}).await?.result;
        let role = match self.ask(&GetCurrentUserRole {}).await?.result {
            0 => return Err(Error::NoRole { account: self.account.clone() }),
            1 => Role::Reader,
            2 => Role::Administrator,
            other => return Err(wrong::<GetCurrentUserRole>("role", other)),
        };
        let settings = self.ask(&ExecuteSPGetConfiguration {}).await?.result;
        let settings = settings.and_then(|all| all.configuration);
        let settings = &required::<ExecuteSPGetConfiguration, _>("configuration", settings)?;
        let identity = Identity {
            id: server_id(settings)?,
            version: required::<GetServerVersion, _>("version", text(version))?,
            protocol_version: required::<GetServerProtocolVersion, _>("version", text(protocol_version))?,
            role,
            mode: if flag(settings, "ReplicaMode")? { Mode::Replica } else { Mode::Autonomous },
            targeting: if flag(settings, "ServerTargeting")? { Targeting::Server } else { Targeting::Client },
            source: source(settings)?,
        };
        *self.identity.write().await = Some(identity.clone());
        Ok(identity)
    }

    /// What the last [`Wsus::connect`] has found; it is done now if it was never done.
    pub async fn identity(&self) -> Result<Identity> {
        let known = self.identity.read().await.clone();
        match known {
            Some(identity) => Ok(identity),
            None => self.connect().await,
        }
    }

    /// What the server's clock showed with its last answer, to the second; `None` where it did not tell.
    pub async fn clock(&self) -> Option<Timestamp> {
        self.link.lock().await.clock
    }

    pub async fn database(&self) -> Result<Database> {
        let found = self.call(&GetDatabaseConfiguration {}).await?;
        Ok(Database { server: text(found.server_name), name: text(found.database_name) })
    }
}

fn flag(settings: &TableRow, name: &'static str) -> Result<bool> {
    let value = settings.value(name).map_err(message)?;
    required::<ExecuteSPGetConfiguration, _>(name, value)
}

fn server_id(settings: &TableRow) -> Result<ServerId> {
    let id: Option<ServerId> = settings.value("ServerId").map_err(message)?;
    required::<ExecuteSPGetConfiguration, _>("ServerId", id.filter(|id| !id.is_nil()))
}

/// A server that does not take from Microsoft takes from another one, whether it names it or not.
fn source(settings: &TableRow) -> Result<Source> {
    if flag(settings, "SyncToMU")? {
        return Ok(Source::MicrosoftUpdate);
    }
    let name = settings.text("UpstreamServerName").unwrap_or_default().trim().to_owned();
    let tls: Option<bool> = settings.value("UpstreamServerUseSsl").map_err(message)?;
    Ok(Source::Upstream { name, tls: tls.unwrap_or_default() })
}

fn message(source: headwater_wsus::soap::Error) -> Error {
    Error::Message { operation: "ExecuteSPGetConfiguration", source }
}
