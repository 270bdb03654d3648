//! Giving back the room of files that no update announces any more.

use std::collections::HashSet;

use headwater_model::Sha1Digest;
use headwater_store::HeldFile;

use super::on_disk;
use crate::error::AppError;
use crate::start::App;

impl App {
    /// The folder first: a file that is noted and gone is found when stock is taken, one that lies there
    /// and is not noted would lie there for ever.
    pub(crate) async fn drop_unannounced_files(&self) -> Result<(), AppError> {
        let served = self.live.served_full();
        let is_over = |file: &&HeldFile| served.catalogue.file(file.sha1).is_none();
        let go: Vec<HeldFile> = self.content.held().values().filter(is_over).copied().collect();
        if go.is_empty() {
            return Ok(());
        }
        let names: HashSet<Sha1Digest> = go.iter().map(|file| file.sha1).collect();
        self.content.held_mut().retain(|sha1, _| !names.contains(sha1));
        let bytes: u64 = go.iter().map(|file| file.size_bytes).sum();
        let files = self.content.files.clone();
        on_disk(move || go.iter().map(|file| files.remove(&file.sha256)).collect::<Result<Vec<bool>, _>>())
            .await??;
        self.store.forget_files(&names.iter().copied().collect::<Vec<_>>()).await?;
        tracing::info!(files = names.len(), bytes, "files that no update announces were deleted");
        Ok(())
    }
}
