//! Memberships of computers that have not appeared at this WSUS yet: kept in the folder as the managing
//! server ordered them, and written when the computers first report here. A reconciler does it, so that it
//! goes on while the managing server is not reached.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use headwater_api::linkage::{Decided, Failure, Keeping, KeptMemberships, MembershipChange, Memberships};
use headwater_model::{ClientId, GroupId};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use crate::Linkage;
use crate::state::{StateError, write_secret};

const FILE: &str = "memberships.json";

/// How often a WSUS is asked.
pub(crate) struct Pace {
    /// How many computers it has.
    pub count: Duration,
    /// Which ones, though their number is the same: one may have come and another gone.
    pub list: Duration,
}

/// The list with its file. What was written is not on it any more, so that nobody who changes it by hand is
/// fought.
pub(crate) struct Kept {
    path: PathBuf,
    list: Mutex<Option<Arc<KeptMemberships>>>,
    /// Tells of another list.
    news: Notify,
}

impl Kept {
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let path = folder.join(FILE);
        let list = match std::fs::read(&path) {
            Ok(bytes) => {
                let damaged = |_| StateError::Damaged { path: path.clone() };
                Some(Arc::new(serde_json::from_slice(&bytes).map_err(damaged)?))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(StateError::Io { path, source }),
        };
        Ok(Self { path, list: Mutex::new(list), news: Notify::new() })
    }

    fn list(&self) -> MutexGuard<'_, Option<Arc<KeptMemberships>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the place of the list before.
    pub fn take(&self, list: KeptMemberships) -> Result<(), StateError> {
        let mut held = self.list();
        self.write(&list)?;
        *held = Some(Arc::new(list));
        self.news.notify_one();
        Ok(())
    }

    fn write(&self, list: &KeptMemberships) -> Result<(), StateError> {
        write_secret(&self.path, &serde_json::to_vec(list).unwrap_or_default())
    }

    /// These are written, unless another list came meanwhile.
    fn done(&self, of: &Arc<KeptMemberships>, clients: &HashSet<ClientId>) -> Result<(), StateError> {
        let mut held = self.list();
        if clients.is_empty() || !held.as_ref().is_some_and(|list| Arc::ptr_eq(list, of)) {
            return Ok(());
        }
        let mut rest = KeptMemberships::clone(of);
        rest.computers.retain(|computer| !clients.contains(&computer.client));
        self.write(&rest)?;
        *held = Some(Arc::new(rest));
        Ok(())
    }

    /// Whoever ordered it is not believed any more.
    pub fn forget(&self) -> Result<(), StateError> {
        let mut held = self.list();
        forget(&self.path)?;
        *held = None;
        Ok(())
    }

    pub fn keeping(&self) -> Keeping {
        self.list().as_ref().map_or_else(Keeping::default, |list| Keeping {
            mark: Some(list.mark.clone()),
            waiting: list.computers.len() as u64,
        })
    }

    fn waiting(&self) -> Option<Arc<KeptMemberships>> {
        self.list().clone().filter(|list| !list.computers.is_empty())
    }
}

/// Forgets the list of a Linkage that does not run.
pub(crate) fn forget_in(folder: &Path) -> Result<(), StateError> {
    forget(&folder.join(FILE))
}

fn forget(path: &Path) -> Result<(), StateError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(StateError::Io { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Puts computers into their groups when they first appear, until the stop.
pub async fn keep_memberships(linkage: Arc<Linkage>, mut stopped: watch::Receiver<bool>) {
    tokio::select! {
        () = linkage.watch_for_computers() => {}
        () = async { drop(stopped.wait_for(|stop| *stop).await) } => {}
    }
}

impl Linkage {
    async fn watch_for_computers(&self) {
        let pace = self.wsus.pace();
        let (mut counted, mut listed_at) = (None, None::<Instant>);
        let mut fails = false;
        loop {
            let Some(list) = self.kept.waiting() else {
                self.kept.news.notified().await;
                listed_at = None;
                continue;
            };
            let step = async {
                let count = self.wsus.own_computers().await?;
                if counted != Some(count) || listed_at.is_none_or(|at| at.elapsed() >= pace.list) {
                    let begun = Instant::now();
                    // One that appears while this goes on makes the number another one. Whoever is not in all groups
                    // yet is looked after again soon.
                    if self.write_appeared(&list).await? {
                        (counted, listed_at) = (Some(count), Some(begun));
                    }
                }
                Ok::<(), Failure>(())
            };
            match step.await {
                Ok(()) => fails = false,
                Err(failure) if !fails => {
                    fails = true;
                    tracing::warn!(failure = failure.detail, "kept memberships cannot be written yet");
                }
                Err(_) => {}
            }
            tokio::select! {
                () = sleep(pace.count) => {}
                () = self.kept.news.notified() => listed_at = None,
            }
        }
    }

    /// Writes what is kept for the computers that report here now; says whether all of it could be.
    async fn write_appeared(&self, list: &Arc<KeptMemberships>) -> Result<bool, Failure> {
        let wanted: HashSet<&ClientId> = list.computers.iter().map(|computer| &computer.client).collect();
        let here: HashSet<ClientId> = self.wsus.here_of(&wanted).await?.into_iter().collect();
        if here.is_empty() {
            return Ok(true);
        }
        let there: HashSet<GroupId> = self.wsus.groups().await?.into_iter().map(|group| group.id).collect();
        let Appeared { memberships, whole } = appeared(list, &here, &there);
        let decided = match memberships.add.is_empty() {
            true => Decided::default(),
            false => self.wsus.change_memberships(memberships).await?,
        };
        for (client, reason) in &decided.refused {
            tracing::warn!(client, reason, "a kept membership is refused");
        }
        if !decided.applied.is_empty() {
            tracing::info!(computers = decided.applied.len(), "computers that appeared are in their groups");
        }
        let refused: HashSet<&str> = decided.refused.iter().map(|(client, _)| client.as_str()).collect();
        let is_whole = whole.len() == here.len();
        let done = whole.into_iter().filter(|client| !refused.contains(client.as_str())).collect();
        if let Err(error) = self.kept.done(list, &done) {
            tracing::error!(%error, "the kept memberships cannot be kept");
        }
        Ok(is_whole)
    }
}

/// What is written for computers that appeared.
struct Appeared {
    memberships: Memberships,
    /// Those that are in all their groups then.
    whole: Vec<ClientId>,
}

/// A group that has not come from the server above yet is waited for.
fn appeared(list: &KeptMemberships, here: &HashSet<ClientId>, there: &HashSet<GroupId>) -> Appeared {
    let mut memberships = Memberships { by: list.by.clone(), ..Memberships::default() };
    let mut whole = Vec::new();
    for computer in list.computers.iter().filter(|computer| here.contains(&computer.client)) {
        let (now, later): (Vec<GroupId>, Vec<GroupId>) =
            list.groups_of(computer).partition(|group| there.contains(group));
        let change = |group| MembershipChange { client: computer.client.clone(), group };
        memberships.add.extend(now.into_iter().map(change));
        if later.is_empty() {
            whole.push(computer.client.clone());
        }
    }
    Appeared { memberships, whole }
}

#[cfg(test)]
mod tests {
    use headwater_api::linkage::KeptComputer;

    use super::*;

    fn client(text: &str) -> ClientId {
        text.parse().expect("an id")
    }

    fn list() -> KeptMemberships {
        let computer =
            |name: &str, groups: &[u16]| KeptComputer { client: client(name), groups: groups.to_vec() };
        KeptMemberships {
            mark: "first".to_owned(),
            by: "ada".to_owned(),
            groups: vec![GroupId::from_u128(1), GroupId::from_u128(2)],
            computers: vec![computer("a", &[0]), computer("b", &[0, 1]), computer("c", &[1])],
        }
    }

    #[test]
    fn whoever_appears_gets_the_groups_that_are_there() {
        let here = HashSet::from([client("a"), client("b"), client("z")]);
        let Appeared { memberships, whole } =
            appeared(&list(), &here, &HashSet::from([GroupId::from_u128(1)]));
        let added = memberships.add.iter().map(|one| (one.client.as_str(), one.group));
        assert_eq!(added.collect::<Vec<_>>(), [("a", GroupId::from_u128(1)), ("b", GroupId::from_u128(1))]);
        assert_eq!((memberships.by.as_str(), memberships.remove), ("ada", vec![]));
        assert_eq!(whole, [client("a")], "the other one waits for a group");
    }

    #[test]
    fn what_is_written_is_off_the_list_and_the_next_list_takes_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = Kept::open(folder.path()).expect("opens");
        assert_eq!(kept.keeping(), Keeping::default());
        kept.take(list()).expect("writes");
        let first = kept.waiting().expect("a list");
        kept.done(&first, &HashSet::from([client("a")])).expect("writes");
        for kept in [&kept, &Kept::open(folder.path()).expect("opens")] {
            assert_eq!(kept.keeping(), Keeping { mark: Some("first".to_owned()), waiting: 2 });
        }
        kept.take(KeptMemberships { mark: "second".to_owned(), ..list() }).expect("writes");
        kept.done(&first, &HashSet::from([client("b")])).expect("is late");
        assert_eq!(kept.keeping(), Keeping { mark: Some("second".to_owned()), waiting: 3 });
        kept.forget().expect("forgets");
        assert_eq!(Kept::open(folder.path()).expect("opens").keeping(), Keeping::default());
    }
}
