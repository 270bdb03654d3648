//! The state of the files, for administrators.

use std::collections::HashMap;

use headwater_catalog::File;
use headwater_model::Sha1Digest;
use headwater_policy::content::ContentState;
use headwater_store::AbsentFile;

use super::wanted::WantedFile;
use crate::error::AppError;
use crate::start::App;

/// All files together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentReport {
    pub files_held: u64,
    pub bytes_held: u64,
    /// Those that should be here and are not.
    pub files_wanted: u64,
    pub bytes_wanted: u64,
    pub state: ContentState,
    /// What is wrong with one file of those that make the state what it is, in a sentence.
    pub problem: Option<String>,
}

/// One file of an update.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileStanding {
    pub is_held: bool,
    /// Why it is not here, where that is known.
    pub problem: Option<String>,
}

impl App {
    pub async fn content_report(&self) -> Result<ContentReport, AppError> {
        let wanted = self.wanted_content().await?;
        let worst = wanted.iter().max_by_key(|file| file.absent().state());
        let mut report = ContentReport {
            files_wanted: wanted.len() as u64,
            bytes_wanted: wanted.iter().map(|wanted| wanted.file.size_bytes).sum(),
            state: worst.map(|file| file.absent().state()).unwrap_or_default(),
            problem: worst.and_then(problem),
            ..ContentReport::default()
        };
        let held = self.content.held();
        report.files_held = held.len() as u64;
        report.bytes_held = held.values().map(|file| file.size_bytes).sum();
        Ok(report)
    }

    /// The files that should be here and are not; `true` for those that could not be fetched.
    pub(crate) async fn absent_files(&self) -> Result<HashMap<Sha1Digest, bool>, AppError> {
        let wanted = self.wanted_content().await?.into_iter();
        Ok(wanted.map(|wanted| (wanted.file.sha1, wanted.known.because.is_some())).collect())
    }

    /// The standing of each file of an update.
    pub(crate) async fn file_standings(&self, files: &[File]) -> Result<Vec<FileStanding>, AppError> {
        let digests: Vec<Sha1Digest> = files.iter().map(|file| file.sha1).collect();
        let absent = self.store.absent_files(&digests).await?;
        let absent: HashMap<Sha1Digest, AbsentFile> =
            absent.into_iter().map(|file| (file.sha1, file)).collect();
        let held = self.content.held();
        let standing = |file: &File| FileStanding {
            is_held: held.get(&file.sha1).is_some_and(|held| {
                file.size_bytes == held.size_bytes && file.sha256.is_none_or(|sha256| sha256 == held.sha256)
            }),
            problem: absent.get(&file.sha1).and_then(|absent| absent.because.clone()),
        };
        Ok(files.iter().map(standing).collect())
    }
}

fn problem(wanted: &WantedFile) -> Option<String> {
    let name = wanted.file.content_name();
    match (&wanted.known.because, &wanted.known.source) {
        (Some(because), _) => Some(format!("{name}: {because}")),
        (None, None) => Some(format!("{name}: no source is known, bring it with an import")),
        (None, Some(_)) => None,
    }
}
