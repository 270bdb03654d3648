//! A managing server for tests.

use headwater_model::Timestamp;
use headwater_store::Place;
use tempfile::TempDir;

use crate::Manager;

/// One that has just been made, and the folder of its database.
pub(crate) async fn manager(now: fn() -> Timestamp) -> (TempDir, Manager) {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::file(folder.path().join("manager.sqlite"));
    let manager = Manager::open(&place, "hq", now).await.expect("opens");
    (folder, manager)
}
