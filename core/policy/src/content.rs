//! Which files a server should hold, and when it asks for one again ([MS-WSUSSS] 3.2.4.4).

use headwater_catalog::{Bits, RevisionIx, UpdateIx};
use headwater_model::{Timestamp, UpdateId};

use crate::approval::Action;
use crate::snapshot::Offers;

/// When files are fetched ([MS-WSUSSS] 3.1.1, *LazySync*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ContentMode {
    /// Once an update is approved for installation in any group.
    #[default]
    OnApproval,
    /// As soon as computers can be offered the update.
    AtOnce,
}

/// The revisions whose files should be here: what installs, and through bundles its members.
pub fn wanted(offers: &Offers, mode: ContentMode) -> Bits {
    let mut open: Vec<RevisionIx> = approved(offers).collect();
    if mode == ContentMode::AtOnce {
        open.extend(offers.serving().offered());
    }
    with_members(offers, open)
}

/// The revisions whose files an approval of an update brings here: the one that would be approved, and through
/// bundles its members; `None` where none of its revisions can be installed.
pub fn brought(offers: &Offers, update: UpdateIx) -> Option<(RevisionIx, Bits)> {
    let newest = offers.index.newest_complete(update)?;
    Some((newest, with_members(offers, vec![newest])))
}

fn with_members(offers: &Offers, mut open: Vec<RevisionIx>) -> Bits {
    let index = &*offers.index;
    let mut wanted = Bits::new(index.revisions().len());
    // What its publisher withdrew is not installed any more.
    open.retain(|at| !index.revision(*at).expired);
    let declined = |id: UpdateId| offers.declined.contains(&id);
    while let Some(at) = open.pop() {
        let revision = index.revision(at);
        if !wanted.get(at.0) && !declined(revision.identity.id) {
            wanted.set(at.0);
            open.extend(&revision.bundles);
        }
    }
    wanted
}

/// What an approval in some group lets computers install, in the revision that it names.
fn approved(offers: &Offers) -> impl Iterator<Item = RevisionIx> + '_ {
    let index = &*offers.index;
    (0..index.updates().len() as u32).map(UpdateIx).flat_map(move |update| {
        let installs = offers.approvals(update).filter(|approval| approval.action == Some(Action::Install));
        installs.filter_map(move |approval| {
            let pinned = approval.revision.and_then(|number| {
                let mut revisions = index.update(update).revisions.iter().copied();
                revisions.find(|at| {
                    let revision = index.revision(*at);
                    revision.identity.revision == number && revision.complete
                })
            });
            pinned.or_else(|| index.newest_complete(update))
        })
    })
}

/// Whether an update for these languages has files that a server for the `wanted` ones needs. An update for
/// no language or for `all` is for every one, and a server that names none wants all. A wanted `de-at` is
/// also served by `de`.
pub fn is_for(languages: &[impl AsRef<str>], wanted: &[String]) -> bool {
    let serves = |language: &str, wanted: &String| {
        let base = wanted.split('-').next().unwrap_or_default();
        language.eq_ignore_ascii_case(wanted) || language.eq_ignore_ascii_case(base)
    };
    languages.is_empty()
        || wanted.is_empty()
        || languages.iter().map(AsRef::as_ref).any(|language| {
            language.eq_ignore_ascii_case("all") || wanted.iter().any(|wanted| serves(language, wanted))
        })
}

/// Why a file did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The source did not answer, or stopped in the middle. What arrived stays.
    Interrupted,
    /// The upstream server does not have it yet and was asked to get it ([MS-WSUSSS] 3.1.4.11).
    NotYet,
    /// The source does not have it, or is no place to fetch from.
    NotThere,
    /// The source sends other bytes than the update announces. They are not kept.
    WrongBytes,
    /// There is no room for it here. What arrived stays.
    DiskFull,
}

/// The last of some failed attempts in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    pub failure: Failure,
    /// How many failed, each without bringing the file any further; at least one.
    pub failures: u32,
    pub at: Timestamp,
}

/// What is known of a file that is wanted and not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absent {
    pub has_source: bool,
    pub last: Option<Attempt>,
}

/// What to do about a file that is wanted and not here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Fetch,
    /// Not before this time.
    Wait(Timestamp),
    /// Nobody is known to have it: an administrator brings it.
    Missing,
}

/// Decides the next step.
pub fn next_step(file: Absent, now: Timestamp) -> Step {
    if !file.has_source {
        return Step::Missing;
    }
    let due = file.last.map(|last| last.at.plus_seconds(pause_seconds(last.failure, last.failures)));
    match due {
        Some(due) if due > now => Step::Wait(due),
        _ => Step::Fetch,
    }
}

/// How long a source is left in peace. What may be over soon is tried again soon; a source that has other
/// bytes, or none, is asked again now and then because it may learn.
fn pause_seconds(failure: Failure, failures: u32) -> i64 {
    let (first, most) = match failure {
        Failure::NotYet => (2, 5 * 60),
        Failure::Interrupted => (15, 15 * 60),
        Failure::DiskFull => (60, 5 * 60),
        Failure::NotThere | Failure::WrongBytes => (3_600, 24 * 3_600),
    };
    let doublings = failures.saturating_sub(1).min(20);
    i64::min(first << doublings, most)
}

/// The state of all files together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ContentState {
    /// Everything that is wanted is here.
    #[default]
    Complete,
    /// Files are on their way.
    Working,
    /// Files are wanted that no source has: an administrator must act.
    Missing,
    /// There is no room for files that are wanted. They are asked for again when there is.
    DiskFull,
}

/// A source that failed so often in a row, without a byte of progress, counts as none, though it is still
/// asked: it has been silent for half an hour and more.
const FAILURES_MAX: u32 = 12;

impl Absent {
    /// What this file makes of the state of all; the greatest counts.
    pub fn state(self) -> ContentState {
        match self.last {
            _ if !self.has_source => ContentState::Missing,
            Some(Attempt { failure: Failure::DiskFull, .. }) => ContentState::DiskFull,
            Some(Attempt { failure: Failure::NotThere | Failure::WrongBytes, .. }) => ContentState::Missing,
            Some(last) if last.failures >= FAILURES_MAX => ContentState::Missing,
            _ => ContentState::Working,
        }
    }
}

#[cfg(test)]
#[path = "content_tests.rs"]
mod tests;
