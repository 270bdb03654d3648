//! The files of updates: which are wanted, where they come from, which are here.
//!
//! A file is announced to agents as soon as its update is offered, whether or not it is here (fact 34). What
//! is here has been verified against what the update announces, and is found under its SHA-1. What is wanted
//! and not here is the work of the reconciler ([`keep_content`]), or comes with a package.

mod fetch;
mod open;
mod reconcile;
mod report;
mod take_in;
mod take_stock;
mod unannounced;
mod wanted;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use headwater_content::{ContentStore, Expected, FileDigests};
use headwater_download::Downloader;
use headwater_model::Sha1Digest;
use headwater_store::{HeldFile, Store};
use tokio::sync::Notify;

pub use headwater_content::ContentFile;
pub use headwater_download::{Patience, Trust};
pub use headwater_policy::content::{ContentMode, ContentState};
pub use reconcile::keep_content;
pub use report::{ContentReport, FileStanding};
pub(crate) use take_in::{Announced, TakenIn};

use crate::catalogue::CardFile;
use crate::error::AppError;
use crate::start::App;

/// Which files a server holds.
#[derive(Debug, Clone, Default)]
pub struct ContentSettings {
    pub mode: ContentMode,
    /// The languages of the computers, such as `en` and `pt-br`; none for all.
    pub languages: Vec<String>,
    pub express: Express,
    /// Where the sources that documents name may be.
    pub sources: Trust,
    /// With sources.
    pub patience: Patience,
}

/// What happens to files that agents read in ranges to download less ([MS-WSUSSS] 3.1.1,
/// *ServerHostsPsfFiles*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Express {
    /// Agents download the other files instead.
    #[default]
    LeaveOut,
    /// They take several times the room.
    Hold,
}

/// The content folder with what is known to be in it.
#[derive(Debug)]
pub(crate) struct Content {
    files: ContentStore,
    held: RwLock<HashMap<Sha1Digest, HeldFile>>,
    downloader: Downloader,
    /// What is wanted, or where it comes from, has changed.
    changed: Notify,
}

impl Content {
    pub async fn open(folder: &Path, patience: Patience, store: &Store) -> Result<Self, AppError> {
        let held = store.held_files().await?.into_iter().map(|file| (file.sha1, file));
        let downloader = Downloader::new(patience)
            .map_err(|_| AppError::Internal("the public certificate authorities cannot be used"))?;
        Ok(Self {
            files: ContentStore::open(folder)?,
            held: RwLock::new(held.collect()),
            downloader,
            changed: Notify::new(),
        })
    }

    /// Makes the reconciler look again.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    fn held(&self) -> RwLockReadGuard<'_, HashMap<Sha1Digest, HeldFile>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn held_mut(&self) -> RwLockWriteGuard<'_, HashMap<Sha1Digest, HeldFile>> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the file that an update announces is here, not only one of its name.
    pub fn holds(&self, file: &CardFile) -> bool {
        self.held().get(&file.sha1).is_some_and(|held| {
            held.size_bytes == file.size_bytes && file.sha256.is_none_or(|sha256| sha256 == held.sha256)
        })
    }
}

impl App {
    /// Notes that verified files are in the folder; from here on they are served.
    pub(crate) async fn hold_content(&self, files: &[FileDigests]) -> Result<(), AppError> {
        let held: Vec<HeldFile> = files
            .iter()
            .map(|file| HeldFile { sha1: file.sha1, sha256: file.sha256, size_bytes: file.size_bytes })
            .collect();
        self.store.hold_files(&held, self.clock.now()).await?;
        self.content.held_mut().extend(held.iter().map(|file| (file.sha1, *file)));
        Ok(())
    }

    /// Notes that a file is no longer in the folder; it is fetched again if it is wanted.
    async fn lose_content(&self, sha1: Sha1Digest, because: &str) -> Result<(), AppError> {
        tracing::error!(file = %sha1, because, "a file was lost");
        self.content.held_mut().remove(&sha1);
        self.store.lose_file(sha1, because).await?;
        self.content.wake();
        Ok(())
    }
}

/// What the folder verifies a file against.
fn expected(file: &CardFile) -> Expected {
    Expected { sha1: file.sha1, sha256: file.sha256, size_bytes: file.size_bytes }
}

/// Runs what waits for the disk.
pub(crate) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AppError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| AppError::Internal("work on the content folder was stopped"))
}
