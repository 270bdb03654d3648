//! What is told from the mirror, with its age, while the servers that know it better cannot be asked.

use headwater_api::linkage::WsusKind;
use headwater_api::{
    Approval, Caveat, ComputerDetail, ComputerSummary, Page, Told, UpdateCounts, UpdateDetail, UpdateOrder,
    UpdateQuery, UpdateSummary,
};
use headwater_catalog::Search;
use headwater_model::{Timestamp, UpdateId};

use crate::effective::in_effect;
use crate::{Direction, ErrorKind, Manager, ManagerError, Mirror};

/// What its administration service leaves out.
const NO_CVES: &str = "A Microsoft WSUS does not tell which vulnerabilities an update mends, so nothing is found by \
                       their numbers: search for the article that describes it.";

impl Mirror {
    /// How far what is read from it may be taken.
    pub fn caveat(&self) -> Caveat {
        let problem = self.problem.as_ref();
        Caveat {
            as_of: self.read_at.filter(|_| problem.is_some()),
            problem: problem.map(|problem| problem.what.clone()),
            ..Caveat::default()
        }
    }

    /// A page of the updates that match, and why none does where that is not for want of one.
    pub fn find_updates(
        &self,
        query: &UpdateQuery,
        order: UpdateOrder,
        direction: Direction,
    ) -> Told<Page<UpdateSummary>> {
        let mut told = self.told(self.updates.find(query, order, direction));
        let top = self.tree.servers.first().and_then(|top| top.server.kind);
        let is_cve = query.search.as_deref().is_some_and(|search| Search::new(search).is_cve());
        if told.value.items.is_empty() && is_cve && top == Some(WsusKind::Microsoft) {
            told.caveat.notes.push(NO_CVES.to_owned());
        }
        told
    }

    /// Something that was read from it.
    pub fn told<T>(&self, value: T) -> Told<T> {
        Told { value, caveat: self.caveat() }
    }

    /// What it knows of an update. Of what only the server tells, nothing is there.
    pub(crate) fn update(&self, id: UpdateId) -> Option<UpdateDetail> {
        let known = self.updates.get(id)?;
        let approvals = self.tree.approvals.iter().filter(|one| one.update == known.id);
        let (status, silent) = known.states.map(|states| states.told_apart()).unwrap_or_else(|| {
            let needed = known.needed.saturating_sub(known.failed);
            let (installed, failed) = (known.installed, known.failed);
            (UpdateCounts { installed, needed, failed, ..UpdateCounts::default() }, None)
        });
        Some(UpdateDetail {
            approvals: approvals
                .map(|one| Approval {
                    group: one.group,
                    group_name: self
                        .tree
                        .group(one.group)
                        .map_or_else(String::new, |group| group.name.clone()),
                    action: one.action,
                    deadline: one.deadline,
                    by: String::new(),
                    at: Timestamp::EPOCH,
                    revision: Some(one.revision).filter(|revision| *revision != known.revision),
                    outside: false,
                })
                .collect(),
            status,
            silent: silent.unwrap_or_default(),
            ..UpdateDetail::bare(known.clone())
        })
    }

    /// What it knows of a computer: how many updates are in which state, and not which.
    pub(crate) fn computer(&self, known: &ComputerSummary) -> ComputerDetail {
        let detail = ComputerDetail::bare(known.clone());
        ComputerDetail { approvals: in_effect(&detail, self), ..detail }
    }
}

impl Manager {
    /// The answer of a server, or what the mirror knows in its place where it cannot be asked.
    pub(crate) fn or_remembered<T>(
        &self,
        told: Result<T, ManagerError>,
        remember: impl FnOnce(&Mirror) -> Option<T>,
    ) -> Result<Told<T>, ManagerError> {
        let error = match told {
            Ok(value) => return Ok(value.into()),
            Err(error) => error,
        };
        let mirror = self.mirror();
        let Some(read_at) = mirror.read_at.filter(|_| error.is_of_a_server()) else { return Err(error) };
        let Some(value) = remember(&mirror) else { return Err(error) };
        let caveat = Caveat { as_of: Some(read_at), problem: Some(error.in_words()), ..Caveat::default() };
        Ok(Told { value, caveat })
    }
}

impl ManagerError {
    /// Whether it says that a server cannot be asked now, and nothing of what was asked.
    pub(crate) fn is_of_a_server(&self) -> bool {
        matches!(self.kind(), ErrorKind::NotReached | ErrorKind::NotUnderstood | ErrorKind::Refused)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use headwater_model::ServerId;

    use super::*;
    use crate::TreeView;
    use crate::mirror::{Updates, sample_server, sample_update};

    #[test]
    fn where_no_vulnerabilities_are_told_that_is_said() {
        let notes = |kind: WsusKind, search: &str| {
            let mut top = sample_server(ServerId::from_u128(1), "top");
            top.server.kind = Some(kind);
            let mirror = Mirror {
                tree: Arc::new(TreeView { servers: vec![top], ..TreeView::default() }),
                updates: Arc::new(Updates::new(vec![sample_update(UpdateId::from_u128(1))])),
                ..Mirror::default()
            };
            let query = UpdateQuery { search: Some(search.to_owned()), ..UpdateQuery::default() };
            mirror.find_updates(&query, UpdateOrder::default(), Direction::default()).caveat.notes.len()
        };
        assert_eq!(notes(WsusKind::Microsoft, "cve-2026-0001"), 1);
        assert_eq!(notes(WsusKind::Microsoft, "KB5044284"), 0);
        assert_eq!(notes(WsusKind::Headwater, "CVE-2026-0001"), 0);
    }
}
