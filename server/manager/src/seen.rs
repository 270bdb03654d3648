//! What operators see of approvals: a decision about something else is refused where it is written.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::Instant;

use headwater_api::linkage::Decided;
use headwater_api::{ApprovalAction, SeenApproval, SeenUpdate};
use headwater_model::{GroupId, Timestamp, UpdateId};

use crate::Manager;

/// What was decided from here, until the mirror shows it.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    /// Whether the mirror was read since this server started.
    was_read: bool,
    written: Vec<Written>,
}

/// A decision that was carried out at the linked WSUS.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub at: Instant,
    pub update: UpdateId,
    /// Absent where it holds for all groups.
    pub group: Option<GroupId>,
    /// Absent where nothing is approved any more.
    pub told: Option<(ApprovalAction, Option<Timestamp>)>,
}

impl Manager {
    /// What is known here of the approvals of these updates: what the mirror has, and what was decided from
    /// here since it was read. Updates that it does not know are left out, and all until it was read once
    /// since this server started: what it kept is older than decisions that were made before.
    pub fn shown(&self, updates: &[UpdateId]) -> Vec<SeenUpdate> {
        if self.decisions().was_read { self.known_decisions(updates) } else { Vec::new() }
    }

    /// The same, though it may be from before this server started.
    pub fn known_decisions(&self, updates: &[UpdateId]) -> Vec<SeenUpdate> {
        let mirror = self.mirror();
        let decisions = self.decisions();
        let known = updates.iter().filter(|update| mirror.updates.get(**update).is_some());
        known
            .map(|update| {
                let told = mirror.tree.approvals.iter().filter(|one| one.update == *update);
                // In the order of revisions, so that the newest counts.
                let mut approvals: BTreeMap<GroupId, (ApprovalAction, Option<Timestamp>)> =
                    told.map(|one| (one.group, (one.action, one.deadline))).collect();
                for one in decisions.written.iter().filter(|one| one.update == *update) {
                    match (one.group, one.told) {
                        (None, _) => approvals.clear(),
                        (Some(group), None) => drop(approvals.remove(&group)),
                        (Some(group), Some(told)) => drop(approvals.insert(group, told)),
                    }
                }
                let seen = |(group, (action, deadline))| SeenApproval { group, action, deadline };
                SeenUpdate { update: *update, approvals: approvals.into_iter().map(seen).collect() }
            })
            .collect()
    }

    /// What an operator saw: what the request says of it, else what is shown here.
    pub(crate) fn seen(&self, updates: &[UpdateId], told: &[SeenUpdate]) -> Vec<SeenUpdate> {
        let mut seen = self.shown(updates);
        seen.retain(|one| told.iter().all(|other| other.update != one.update));
        seen.extend(told.iter().filter(|one| updates.contains(&one.update)).cloned());
        seen
    }

    /// Notes what was decided from here at the linked WSUS, until the mirror shows it.
    pub(crate) fn wrote(
        &self,
        decided: &Decided,
        group: Option<GroupId>,
        told: Option<(ApprovalAction, Option<Timestamp>)>,
    ) {
        let at = Instant::now();
        let done = decided.applied.iter().chain(&decided.unchanged).filter_map(|id| id.parse().ok());
        self.decisions().written.extend(done.map(|update| Written { at, update, group, told }));
    }

    /// Forgets what a mirror that was begun to be read at `since` shows.
    pub(crate) fn shown_since(&self, since: Instant) {
        let mut decisions = self.decisions();
        decisions.was_read = true;
        decisions.written.retain(|one| one.at >= since);
    }

    fn decisions(&self) -> MutexGuard<'_, Decisions> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use headwater_api::linkage::WsusApproval;

    use super::*;
    use crate::mirror::{TreeView, Updates, sample_update};
    use crate::sample;
    use crate::{Mirror, Now};

    const UPDATE: UpdateId = UpdateId::from_u128(1);
    const BERLIN: GroupId = GroupId::from_u128(10);
    const MUNICH: GroupId = GroupId::from_u128(11);
    const NOW: Now = || Timestamp::EPOCH;

    fn approval(group: GroupId, action: ApprovalAction) -> WsusApproval {
        WsusApproval { update: UPDATE, revision: 1, group, action, deadline: None }
    }

    fn decided(what: UpdateId) -> Decided {
        Decided { applied: vec![what.to_string()], ..Decided::default() }
    }

    #[tokio::test]
    async fn what_was_done_from_here_is_seen_before_the_mirror_shows_it() {
        let (_folder, manager) = sample::manager(NOW).await;
        let tree =
            TreeView { approvals: vec![approval(BERLIN, ApprovalAction::Block)], ..TreeView::default() };
        let updates = Updates::new(vec![sample_update(UPDATE)]);
        let mirror = Mirror { tree: tree.into(), updates: updates.into(), ..Mirror::default() };
        manager.mirror.store(mirror.into());
        let shown = || -> Vec<(GroupId, ApprovalAction)> {
            let shown = manager.shown(&[UPDATE, UpdateId::from_u128(2)]);
            assert!(shown.iter().all(|one| one.update == UPDATE), "nothing is known of the other");
            shown.iter().flat_map(|one| &one.approvals).map(|one| (one.group, one.action)).collect()
        };
        let install = Some((ApprovalAction::Install, None));

        manager.wrote(&decided(UPDATE), Some(BERLIN), install);
        assert!(manager.shown(&[UPDATE]).is_empty(), "the mirror was kept by an earlier process");
        let begun = Instant::now();
        manager.shown_since(begun);
        assert_eq!(shown(), [(BERLIN, ApprovalAction::Block)]);

        manager.wrote(&decided(UPDATE), Some(MUNICH), install);
        assert_eq!(shown(), [(BERLIN, ApprovalAction::Block), (MUNICH, ApprovalAction::Install)]);
        manager.wrote(&decided(UPDATE), Some(BERLIN), None);
        assert_eq!(shown(), [(MUNICH, ApprovalAction::Install)]);
        manager.shown_since(begun);
        assert_eq!(shown(), [(MUNICH, ApprovalAction::Install)], "that reading may have been too early");
        manager.wrote(&decided(UPDATE), None, None);
        assert_eq!(shown(), []);
        manager.shown_since(Instant::now());
        assert_eq!(shown(), [(BERLIN, ApprovalAction::Block)], "so it was read");
    }
    #[tokio::test]
    async fn what_was_done_while_the_mirror_was_read_for_the_first_time_is_seen() {
        let (_folder, manager) = sample::manager(NOW).await;
        let begun = Instant::now();
        // It is taken back after the reading has seen it.
        manager.wrote(&decided(UPDATE), Some(BERLIN), None);
        let tree =
            TreeView { approvals: vec![approval(BERLIN, ApprovalAction::Install)], ..TreeView::default() };
        let updates = Updates::new(vec![sample_update(UPDATE)]);
        manager
            .mirror
            .store(Mirror { tree: tree.into(), updates: updates.into(), ..Mirror::default() }.into());
        manager.shown_since(begun);
        let shown = manager.shown(&[UPDATE]);
        assert_eq!(shown, [SeenUpdate { update: UPDATE, approvals: Vec::new() }]);
    }
}
