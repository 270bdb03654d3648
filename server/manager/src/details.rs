//! One update or computer, asked where it is known best, for a page about it.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use headwater_api::linkage::WsusKind;
use headwater_api::{ComputerDetail, UpdateDetail};
use headwater_model::{ClientId, ServerId, UpdateId};
use headwater_store::LinkageRow;

use crate::ask::Way;
use crate::effective::in_effect;
use crate::{Manager, ManagerError, Mirror};

/// Servers that are asked at the same time.
const ASKED_AT_ONCE: usize = 16;

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

    /// Everything about one update, as the linked WSUS knows it now.
    pub async fn update(&self, id: UpdateId) -> Result<UpdateDetail, ManagerError> {
        let way = self.way().await?;
        self.update_at(&way, &way.top, id).await
    }

    /// Everything about one update as the linked WSUS knows it now, and what each server does, that one
    /// among them; nothing of those that are not reached or lack it.
    pub async fn update_on_servers(
        &self,
        id: UpdateId,
    ) -> Result<(UpdateDetail, Vec<(ServerId, UpdateDetail)>), ManagerError> {
        let way = self.way().await?;
        let top = self.update_at(&way, &way.top, id).await?;
        let mut linkages = self.store.linkages().await?;
        linkages.retain(|one| one.linkage != way.top.linkage);
        let asked = stream::iter(linkages).map(|of| self.update_if_known(&way, of, id));
        let known: Vec<_> = asked.buffer_unordered(ASKED_AT_ONCE).collect().await;
        let others = known.into_iter().flatten();
        let all = [(way.top.server, top.clone())].into_iter().chain(others).collect();
        Ok((top, all))
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
