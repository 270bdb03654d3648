//! What an approval would mean, before it is made: which computers on which servers, and how many bytes.

use std::collections::{BTreeMap, HashSet};

use headwater_api::{ServerRef, UpdateDetail};
use headwater_model::{GroupId, ServerId, UpdateId};

use crate::mirror::is_in;
use crate::{Manager, ManagerError, Mirror};

/// What an approval for a group would mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    pub servers: Vec<ServerImpact>,
}

/// On one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerImpact {
    pub server: ServerRef,
    /// Computers of the group that report there.
    pub computers: u64,
    /// Those of them that have had no contact for long.
    pub silent: u64,
    /// What the server has yet to fetch, in bytes; absent where that is not known.
    pub bytes: Option<u64>,
}

impl Impact {
    pub fn computers(&self) -> u64 {
        self.servers.iter().map(|server| server.computers).sum()
    }
}

impl Manager {
    /// What approving an update for a group would mean now. Nothing is changed.
    pub async fn impact(
        &self,
        update: UpdateId,
        group: GroupId,
    ) -> Result<(UpdateDetail, Impact), ManagerError> {
        let (top, known) = self.update_on_servers(update).await?;
        Ok((top, impact(&self.mirror(), &known.into_iter().collect(), group)))
    }
}

fn impact(mirror: &Mirror, known: &BTreeMap<ServerId, UpdateDetail>, group: GroupId) -> Impact {
    let mut counts: BTreeMap<ServerId, (u64, u64)> = BTreeMap::new();
    let groups = HashSet::from_iter(mirror.tree.group_tree().subtree(group));
    for computer in mirror.computers.all().iter().filter(|one| is_in(one, &groups)) {
        let Some(server) = &computer.server else { continue };
        let (computers, silent) = counts.entry(server.id).or_default();
        *computers += 1;
        *silent += u64::from(computer.silent);
    }
    let servers = mirror.tree.servers.iter().filter_map(|one| {
        let (computers, silent) = counts.get(&one.server.id).copied()?;
        let server = ServerRef { id: one.server.id, name: one.server.name.clone() };
        Some(ServerImpact { bytes: known.get(&server.id).and_then(missing_bytes), server, computers, silent })
    });
    Impact { servers: servers.collect() }
}

/// The files that a server lacks, together. One that tells of no files may have some all the same.
fn missing_bytes(update: &UpdateDetail) -> Option<u64> {
    let missing = update.files.iter().filter(|file| !file.held);
    (!update.files.is_empty()).then(|| missing.map(|file| file.size_bytes).sum())
}
