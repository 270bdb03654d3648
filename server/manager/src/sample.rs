//! A managing server for tests.

use headwater_model::{LinkageId, ServerId, Timestamp};
use headwater_store::{LinkageRow, Place};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::Manager;

/// One that has just been made, and the folder of its database.
pub(crate) async fn manager(now: fn() -> Timestamp) -> (TempDir, Manager) {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::file(folder.path().join("manager.sqlite"));
    let manager = Manager::open(&place, "hq", now).await.expect("opens");
    (folder, manager)
}

/// The top that it is linked with: it takes connections and says nothing.
pub(crate) async fn silent_top(manager: &Manager) -> TcpListener {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("https://{}/linkage", silent.local_addr().expect("an address"));
    let top = LinkageRow {
        linkage: LinkageId::from_u128(1),
        public_key: Vec::new(),
        server: ServerId::from_u128(1),
        name: "top".to_owned(),
        paired_by: "ada".to_owned(),
        paired_at: Timestamp::EPOCH,
        certificate_until: None,
    };
    manager.store.add_linkage(&top, Some(&url)).await.expect("writes");
    silent
}
