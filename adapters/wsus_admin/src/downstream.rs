//! The servers below a server.

use headwater_model::{ServerId, Timestamp};
use headwater_wsus::wsusar::{
    DownstreamServerRow, ExecuteSPDeleteDownstreamServer, ExecuteSPGetAllDownstreamServers,
};

use crate::rows::{self, text};
use crate::{Mode, Result, Wsus};

/// A server that takes from this one, or from one below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownstreamServer {
    pub id: ServerId,
    /// The full DNS name.
    pub name: Option<String>,
    /// The server that it takes from, as the row has it.
    pub parent: Option<ServerId>,
    pub version: Option<String>,
    pub mode: Mode,
    pub last_sync: Option<Timestamp>,
    pub last_rollup: Option<Timestamp>,
}

impl Wsus {
    /// All servers below, those below others among them.
    pub async fn downstream_servers(&self) -> Result<Vec<DownstreamServer>> {
        type O = ExecuteSPGetAllDownstreamServers;
        let operation = O { parent_server_id: ServerId::from_u128(0), include_nested_children: true };
        let rows = rows::read::<O, DownstreamServerRow>(&self.call(&operation).await?.result)?;
        let servers = rows.into_iter().map(|row| DownstreamServer {
            id: row.server_id,
            name: text(row.full_domain_name),
            parent: row.parent_server_id.filter(|id| !id.is_nil()),
            version: text(row.version),
            mode: if row.is_replica { Mode::Replica } else { Mode::Autonomous },
            last_sync: row.last_sync_time.0,
            last_rollup: row.last_rollup_time.0,
        });
        Ok(servers.collect())
    }

    /// Forgets a server below. One that is alive is known again with its next synchronisation.
    pub async fn delete_downstream_server(&self, id: ServerId) -> Result<()> {
        self.call(&ExecuteSPDeleteDownstreamServer { id }).await.map(drop)
    }
}
