//! The second pass of an import: the files of a package, and where others have files.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use headwater_download::Address;
use headwater_model::Sha1Digest;
use headwater_packages::{Entry, FileLocation, Package};
use tokio::sync::mpsc;

use super::import::{ImportSummary, RefusedFile};
use crate::content::{Announced, Content, TakenIn};
use crate::error::AppError;
use crate::start::App;

/// Files that wait to be noted, and the most that one transaction notes.
const BATCH_FILES: usize = 256;

impl App {
    /// Takes in the files of a package that the catalogue announces.
    pub(super) async fn import_files(
        &self,
        package: PathBuf,
        summary: &mut ImportSummary,
        progress: &mut (impl FnMut(u64) + Send),
    ) -> Result<(), AppError> {
        let (taken, mut arriving) = mpsc::channel(BATCH_FILES);
        let (content, announced) = (self.content.clone(), Announced::by(self.live.served_full()));
        let reader = tokio::task::spawn_blocking(move || read(package, &content, &announced, &taken));
        let (mut batch, mut files) = (Vec::new(), 0);
        while arriving.recv_many(&mut batch, BATCH_FILES).await > 0 {
            files += batch.len() as u64;
            let mut added = Vec::new();
            for (name, taken) in batch.drain(..) {
                match taken {
                    TakenIn::Added(digests) => added.push(digests),
                    TakenIn::Held => {}
                    TakenIn::Refused(reason) => summary.files_refused.push(RefusedFile { name, reason }),
                }
            }
            self.hold_content(&added).await?;
            summary.files_added += added.len() as u64;
            progress(files);
        }
        reader.await.map_err(|_| AppError::Internal("reading the package was stopped"))??;
        self.content.wake();
        Ok(())
    }

    /// Remembers where Microsoft has files that the catalogue announces, unless another source is known.
    pub(super) async fn learn_locations(&self, locations: &[FileLocation]) -> Result<(), AppError> {
        let announced: Vec<&FileLocation> = {
            let catalogue = Arc::clone(&self.live.served().catalogue);
            let is_usable = |url: &str| url.parse::<Address>().is_ok();
            let all = locations.iter();
            all.filter(|one| catalogue.file(one.sha1).is_some() && is_usable(&one.url)).collect()
        };
        let digests: Vec<Sha1Digest> = announced.iter().map(|one| one.sha1).collect();
        let known = self.store.absent_files(&digests).await?.into_iter();
        let sourced: HashSet<Sha1Digest> =
            known.filter(|file| file.source.is_some()).map(|file| file.sha1).collect();
        let new = announced.into_iter().filter(|one| !sourced.contains(&one.sha1));
        let new: Vec<(Sha1Digest, String)> = new.map(|one| (one.sha1, one.url.clone())).collect();
        self.store.add_sources(&new).await?;
        self.content.wake();
        Ok(())
    }
}

fn read(
    path: PathBuf,
    content: &Content,
    announced: &Announced,
    taken: &mpsc::Sender<(String, TakenIn)>,
) -> Result<(), AppError> {
    Package::open(&path)?.read(|entry| {
        let Entry::File(packed) = entry else { return Ok(()) };
        let name = packed.name.clone();
        let done = content.take_in(announced, packed)?;
        taken.blocking_send((name, done)).map_err(|_| AppError::Internal("the import was stopped"))
    })
}
