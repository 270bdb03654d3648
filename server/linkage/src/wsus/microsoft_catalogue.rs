//! The updates of a Microsoft WSUS, kept between readings.
//!
//! The service has one answer that tells them all, some 5 KB each, which takes seconds to make; a managing
//! server reads every minute. So the list is read again only when something says that it is another one, and
//! once an hour whatever is said.

use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_wsus_admin::{Error, Taken, Update, Wsus};
use tokio::sync::Mutex;

use super::Answer;
use super::microsoft::failure;

/// The language of titles, which are for people to read.
pub(super) const CULTURE: &str = "en";

/// What nothing told of is seen so late: an update declined and another one taken back by another tool between
/// two readings, a licence accepted there.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(3_600);

/// What a synchronisation, an import, a deletion and a decline change. Asked in a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    taken: Taken,
    all: u64,
    /// Absent where the server does not count them.
    declined: Option<u64>,
}

struct Kept {
    mark: Mark,
    read_at: Instant,
    updates: Arc<[Update]>,
}

/// The list as it was last read.
#[derive(Default)]
pub(super) struct Catalogue {
    kept: Mutex<Option<Kept>>,
}

impl Catalogue {
    /// All updates as they are now. Who asks while they are read waits for that reading.
    pub(super) async fn updates(&self, wsus: &Wsus) -> Answer<Arc<[Update]>> {
        let mut kept = self.kept.lock().await;
        // Before the list: what changes while it is read makes the next mark another one.
        let mark = mark(wsus).await?;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.is_current(&mark, Instant::now())) {
            return Ok(kept.updates.clone());
        }
        let updates: Arc<[Update]> = wsus.updates(CULTURE).await.map_err(failure)?.into();
        *kept = Some(Kept { mark, read_at: Instant::now(), updates: updates.clone() });
        Ok(updates)
    }

    /// Lets the list be read anew, after something was written that no mark tells.
    pub(super) async fn forget(&self) {
        *self.kept.lock().await = None;
    }
}

impl Kept {
    fn is_current(&self, mark: &Mark, now: Instant) -> bool {
        self.mark == *mark && now.saturating_duration_since(self.read_at) < READ_AGAIN_AFTER
    }
}

async fn mark(wsus: &Wsus) -> Answer<Mark> {
    Ok(Mark {
        taken: wsus.taken().await.map_err(failure)?,
        all: wsus.update_count().await.map_err(failure)?,
        declined: match wsus.declined_count().await {
            Ok(count) => Some(count),
            Err(Error::Refused { .. }) => None,
            Err(error) => return Err(failure(error)),
        },
    })
}

#[cfg(test)]
mod tests {
    use headwater_model::Timestamp;

    use super::*;

    #[test]
    fn a_list_is_current_until_something_changes_or_an_hour_is_over() {
        let taken = Taken { last_sync: Some(Timestamp::EPOCH), anchor: Some("7".to_owned()) };
        let mark = Mark { taken: taken.clone(), all: 17_000, declined: Some(3) };
        let read_at = Instant::now();
        let kept = Kept { mark: mark.clone(), read_at, updates: Arc::from([]) };
        assert!(kept.is_current(&mark, read_at + Duration::from_secs(3_599)));
        assert!(!kept.is_current(&mark, read_at + Duration::from_secs(3_600)));
        let later = Taken { last_sync: Some(Timestamp::EPOCH.plus_seconds(1)), ..taken.clone() };
        for other in [
            Mark { taken: later, ..mark.clone() },
            Mark { taken: Taken { anchor: None, ..taken }, ..mark.clone() },
            Mark { all: 17_001, ..mark.clone() },
            Mark { declined: Some(4), ..mark.clone() },
            Mark { declined: None, ..mark },
        ] {
            assert!(!kept.is_current(&other, read_at), "{other:?}");
        }
    }
}
