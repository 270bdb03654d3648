//! GetOutOfSyncComputers ([MS-WSUSSS] 3.1.4.16).

use headwater_model::{ClientId, ServerId};

use crate::error::{AppError, ClientFault};
use crate::start::App;

impl App {
    /// The computers of a server, and of those below it, of whose status a report was missed. Of a
    /// server that is not known there are none.
    pub async fn get_out_of_sync_computers(
        &self,
        server: ServerId,
        numbers: &[(ClientId, i32)],
    ) -> Result<Vec<ClientId>, ClientFault> {
        let servers = self.store.server_tree().await.map_err(AppError::from)?.subtree(server);
        if servers.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.store.out_of_sync(numbers, &servers).await.map_err(AppError::from)?)
    }
}
