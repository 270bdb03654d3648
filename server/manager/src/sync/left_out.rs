//! What the subscriptions of autonomous servers leave out of the updates of the top.

use std::collections::BTreeSet;

use headwater_model::UpdateId;
use headwater_tree::server::Server;

use super::Run;
use crate::ManagerError;

impl Run<'_> {
    /// What does not come to a server, for it or one above it does not take it.
    pub(super) async fn left_out(&self, server: &Server) -> Result<BTreeSet<UpdateId>, ManagerError> {
        let above = |server: &&Server| server.parent.and_then(|parent| self.selected.order.get(parent));
        let mut left_out = BTreeSet::new();
        for server in std::iter::successors(Some(server), above) {
            if let Some(subscription) = self.tree.subscription(server.id) {
                let top = &self.way.top;
                left_out.extend(self.manager.left_out_of(self.way, top, subscription.clone()).await?);
            }
        }
        Ok(left_out)
    }
}
