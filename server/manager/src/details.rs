//! One update or computer, asked where it is known best, for a page about it.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use headwater_api::linkage::{CLOCK_SECONDS_MAX, WsusKind};
use headwater_api::{ComputerDetail, UpdateDetail};
use headwater_model::{ClientId, ServerId, Timestamp, UpdateId};
use headwater_store::LinkageRow;

use crate::ask::Way;
use crate::effective::in_effect;
use crate::mirror::{TreeView, told_apart};
use crate::{Manager, ManagerError, Mirror};

/// Servers that are asked at the same time.
pub(crate) const ASKED_AT_ONCE: usize = 16;

impl Manager {
    /// The mirror, where a WSUS is linked and something was read of it.
    pub async fn read(&self) -> Result<Arc<Mirror>, ManagerError> {
        self.way().await?;
        let mirror = self.mirror();
        if mirror.read_at.is_none() {
            let problem = mirror.problem.as_ref().map_or("it is being read", |problem| &problem.what);
            return Err(ManagerError::Refused(format!("nothing is known of the linked WSUS yet: {problem}")));
        }
        Ok(mirror)
    }

    /// Everything about one update, as the linked WSUS knows it now, counted over the tree.
    pub async fn update(&self, id: UpdateId) -> Result<UpdateDetail, ManagerError> {
        Ok(self.update_on_servers(id).await?.0)
    }

    /// Everything about one update as the linked WSUS knows it now, counted over the tree, and what each server
    /// does, that one among them; nothing of those that are not reached or lack it.
    pub async fn update_on_servers(
        &self,
        id: UpdateId,
    ) -> Result<(UpdateDetail, Vec<(ServerId, UpdateDetail)>), ManagerError> {
        let way = self.way().await?;
        let mut top = self.update_at(&way, &way.top, id).await?;
        let mut linkages = self.store.linkages().await?;
        linkages.retain(|one| one.linkage != way.top.linkage);
        let asked = stream::iter(linkages).map(|of| self.update_if_known(&way, of, id));
        let known: Vec<_> = asked.buffer_unordered(ASKED_AT_ONCE).collect().await;
        let others = known.into_iter().flatten();
        let all: Vec<_> = [(way.top.server, top.clone())].into_iter().chain(others).collect();
        count_over_tree(&mut top, &all, &self.mirror().tree);
        self.mark_outside(&mut top).await?;
        Ok((top, all))
    }

    /// Marks what was done on the WSUS by another tool: at a time when its author, if an operator, did nothing here.
    async fn mark_outside(&self, update: &mut UpdateDetail) -> Result<(), ManagerError> {
        let mut ours: HashMap<(String, Timestamp), bool> = HashMap::new();
        let approvals = update.approvals.iter_mut().map(|one| (&one.by, one.at, &mut one.outside));
        let history = update.history.iter_mut().map(|one| (&one.by, one.at, &mut one.outside));
        for (by, at, outside) in approvals.chain(history) {
            let key = (by.clone(), at);
            let is_ours = match ours.get(&key) {
                Some(is_ours) => *is_ours,
                None => {
                    let until = at.plus_seconds(CLOCK_SECONDS_MAX);
                    let did = self.store.has_acted(by, at.plus_seconds(-CLOCK_SECONDS_MAX), until).await?;
                    ours.insert(key, did);
                    did
                }
            };
            *outside = !is_ours;
        }
        Ok(())
    }

    async fn update_if_known(
        &self,
        way: &Way,
        of: LinkageRow,
        id: UpdateId,
    ) -> Option<(ServerId, UpdateDetail)> {
        Some((of.server, self.update_at(way, &of, id).await.ok()?))
    }

    /// Everything about one computer, as its server knows it now; where that is not reached, as the linked
    /// WSUS does.
    pub async fn computer(&self, client: &ClientId) -> Result<ComputerDetail, ManagerError> {
        let way = self.way().await?;
        let mirror = self.mirror();
        let home = mirror.computers.get(client).and_then(|known| known.server.clone());
        let linkages = self.store.linkages().await?;
        let at_home = linkages.iter().find(|one| home.as_ref().is_some_and(|home| home.id == one.server));
        if let Some(of) = at_home
            && let Ok(detail) = self.computer_at(&way, of, client.clone()).await
        {
            return Ok(as_read(with_home(detail, home), &mirror, true));
        }
        let told = self.computer_at(&way, &way.top, client.clone()).await?;
        let is_its_own = home.is_none_or(|home| home.id == way.top.server);
        Ok(as_read(told, &mirror, is_its_own))
    }
}

/// Adds what the computers said that the linked WSUS does not count.
fn count_over_tree(top: &mut UpdateDetail, all: &[(ServerId, UpdateDetail)], tree: &TreeView) {
    for one in told_apart(tree.servers.iter().map(|one| &one.server)).skip(1) {
        let Some((_, there)) = all.iter().find(|(server, _)| *server == one.id) else { continue };
        top.status += there.status;
        top.silent += there.silent;
        top.summary.needed += there.summary.needed;
        top.summary.installed += there.summary.installed;
        top.summary.failed += there.summary.failed;
    }
}

/// What is odd about a computer over the tree is known here alone. What is in effect for it tells its own
/// server; for a Microsoft WSUS, or where another one answered, the mirror does.
fn as_read(mut detail: ComputerDetail, mirror: &Mirror, is_its_own: bool) -> ComputerDetail {
    let home = detail.summary.server.as_ref().and_then(|home| mirror.tree.server(home.id));
    let kind = home.and_then(|home| home.server.kind);
    if !is_its_own || kind == Some(WsusKind::Microsoft) {
        detail.approvals = in_effect(&detail, mirror);
    }
    let read = mirror.computers.get(&detail.summary.id);
    detail.summary.note = read.and_then(|read| read.note.clone());
    detail
}

/// A server does not name itself as the one that a computer reports to.
fn with_home(mut detail: ComputerDetail, home: Option<headwater_api::ServerRef>) -> ComputerDetail {
    if detail.summary.server.is_none() {
        detail.summary.server = home;
    }
    detail
}
