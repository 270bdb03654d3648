//! Comparing the folder with the database, after whatever happened while nobody looked.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, UNIX_EPOCH};

use headwater_content::{FileDigests, StoredFile};
use headwater_model::Sha256Digest;

use super::on_disk;
use crate::error::AppError;
use crate::start::App;

/// What nobody continued for so many seconds is given up.
const PARTS_KEPT_SECONDS: i64 = 30 * 86_400;

impl App {
    /// Takes in files that arrived without being noted, which a crash in the right moment leaves, and loses
    /// those that are gone.
    pub(super) async fn take_stock(&self) -> Result<(), AppError> {
        let files = self.content.files.clone();
        let before = self.clock.now().plus_seconds(-PARTS_KEPT_SECONDS).as_micros();
        let before = UNIX_EPOCH + Duration::from_micros(u64::try_from(before).unwrap_or(0));
        // What arrives from here on is noted by whoever brings it.
        let held: Vec<_> = self.content.held().values().copied().collect();
        let stored = on_disk(move || {
            files.remove_stale_parts(before)?;
            files.list()
        });
        let stored: HashMap<Sha256Digest, u64> =
            stored.await??.into_iter().map(|file| (file.sha256, file.size_bytes)).collect();
        for file in &held {
            match stored.get(&file.sha256) {
                Some(size_bytes) if *size_bytes == file.size_bytes => {}
                Some(_) => self.lose_content(file.sha1, "it has another length than when it arrived").await?,
                None => self.lose_content(file.sha1, "it is gone from the content folder").await?,
            }
        }
        let noted: HashSet<Sha256Digest> = held.iter().map(|file| file.sha256).collect();
        for (sha256, size_bytes) in stored.into_iter().filter(|(sha256, _)| !noted.contains(sha256)) {
            self.take_note(StoredFile { sha256, size_bytes }).await?;
        }
        Ok(())
    }

    /// Reads a file that nobody noted, and notes it if it is what its name says and an update announces it.
    async fn take_note(&self, stored: StoredFile) -> Result<(), AppError> {
        let files = self.content.files.clone();
        let digests = on_disk(move || files.digests(&stored.sha256)).await??;
        let is_announced = |digests: &FileDigests| {
            let served = self.live.served();
            let file = served.catalogue.file(digests.sha1);
            file.is_some_and(|file| file.sha256.is_none_or(|sha256| sha256 == digests.sha256))
        };
        match digests.filter(|digests| digests.sha256 == stored.sha256 && is_announced(digests)) {
            Some(digests) => self.hold_content(&[digests]).await,
            None => {
                tracing::warn!(file = %stored.sha256, "a file of the content folder belongs to no update");
                Ok(())
            }
        }
    }
}
