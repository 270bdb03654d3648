//! A database that was put back to an earlier state by hand, which `headwater restore` knows nothing of: the data
//! folder remembers how far the record had come. Then the link is under review, as after any restore.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use headwater_store::AuditRow;
use serde::{Deserialize, Serialize};

use crate::ask::random_guid;
use crate::tree::BY;
use crate::{Manager, ManagerError};

const FILE: &str = "manager-record.json";

/// What the data folder remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// Of the data folder, in the database too.
    folder: String,
    /// The last row of the record.
    record: i64,
}

/// The mark with its file.
pub(crate) struct Kept {
    path: PathBuf,
    mark: Mutex<Mark>,
}

impl Manager {
    /// Notices a database that is not the one which this data folder was last used with, and remembers how far
    /// its record comes from then on.
    pub async fn watch_record(&mut self, folder: &Path) -> Result<(), ManagerError> {
        let path = folder.join(FILE);
        let kept: Option<Mark> =
            std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let (known, record) = (self.store.data_folder().await?, self.store.record_end().await?);
        if let Some(why) = put_back(known.as_deref(), kept.as_ref(), record) {
            self.review_for(why).await?;
        }
        let is_same = known.is_some() && known == kept.as_ref().map(|mark| mark.folder.clone());
        let folder = match kept.filter(|_| is_same) {
            Some(mark) => mark.folder,
            None => {
                let new = random_guid()?.to_string();
                self.store.use_with_data_folder(&new).await?;
                new
            }
        };
        let mark = Mark { folder, record: self.store.record_end().await? };
        write(&path, &mark).map_err(unwritable)?;
        self.record = Some(Kept { path, mark: Mutex::new(mark) });
        Ok(())
    }

    /// Remembers how far the record has come, and notices when it has gone back.
    pub(crate) async fn keep_record(&self) -> Result<(), ManagerError> {
        let Some(kept) = &self.record else { return Ok(()) };
        let before = kept.mark().clone();
        let mut record = self.store.record_end().await?;
        if record == before.record {
            return Ok(());
        }
        if record < before.record {
            self.review_for(EARLIER).await?;
            record = self.store.record_end().await?;
        }
        let mark = Mark { record, ..before };
        write(&kept.path, &mark).map_err(unwritable)?;
        *kept.mark() = mark;
        Ok(())
    }

    async fn review_for(&self, why: &str) -> Result<(), ManagerError> {
        let now = self.now();
        let reason = format!("the managing server's database {why}, noticed at {now}");
        if self.store.link().await?.is_some_and(|link| link.review.is_none()) {
            tracing::warn!(reason, "the link is under review");
            self.store.begin_review(&reason).await?;
            let begun = AuditRow { after: Some(reason), ..AuditRow::of(now, BY, "review", "") };
            self.store.audit(&begun).await?;
        }
        Ok(())
    }
}

impl Kept {
    fn mark(&self) -> MutexGuard<'_, Mark> {
        self.mark.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const EARLIER: &str = "was put back to an earlier state";

/// What became of the database since it was last used with this data folder, if anything did. A database and a
/// folder that know nothing of each other are both of before there was a mark, or new.
fn put_back(database: Option<&str>, folder: Option<&Mark>, record: i64) -> Option<&'static str> {
    match (database, folder) {
        (None, None) => None,
        (None, Some(_)) => Some(EARLIER),
        (Some(id), Some(mark)) if mark.folder == id => (record < mark.record).then_some(EARLIER),
        (Some(_), _) => Some("was used with another data folder before"),
    }
}

/// Whole or not at all.
fn write(path: &Path, mark: &Mark) -> std::io::Result<()> {
    let arriving = path.with_extension("new");
    let mut file = std::fs::File::create(&arriving)?;
    file.write_all(&serde_json::to_vec(mark)?)?;
    file.sync_all()?;
    std::fs::rename(&arriving, path)
}

fn unwritable(source: std::io::Error) -> ManagerError {
    ManagerError::Record { source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_goes_back_is_noticed() {
        let mark = Mark { folder: "a".to_owned(), record: 7 };
        let check = |database: Option<&str>, folder: Option<&Mark>, record, noticed: bool| {
            assert_eq!(
                put_back(database, folder, record).is_some(),
                noticed,
                "{database:?} {folder:?} {record}"
            );
        };
        check(None, None, 0, false);
        check(Some("a"), Some(&mark), 7, false);
        check(Some("a"), Some(&mark), 9, false);
        check(Some("a"), Some(&mark), 6, true);
        check(Some("b"), Some(&mark), 9, true);
        check(Some("a"), None, 9, true);
        check(None, Some(&mark), 9, true);
    }
}
