//! The counts that a server tells of itself ([MS-WSUSSS] 3.1.1, *DSS Table*, and 3.2.4.5).

use headwater_catalog::{CategoryKind, Kind, UpdateIx};
use headwater_model::UpdateId;
use headwater_policy::approval::Action;
use headwater_policy::compliance::State;
use headwater_policy::group::is_built_in;
use headwater_policy::rollup::ServerSummary;

use crate::error::AppError;
use crate::live::Served;
use crate::start::App;

/// The classifications *Critical Updates* and *Security Updates* ([MS-WSUSSS] <71>, fact 49).
const CRITICAL: [UpdateId; 2] = [
    UpdateId::from_u128(0xe6cf1350_c01b_414d_a61f_263d14d133b4),
    UpdateId::from_u128(0x0fa1201d_4330_4fa8_8ae9_b877473b6441),
];

impl App {
    /// Counts what administrators see as updates: software and drivers that can stand alone. Of
    /// computers only those are counted that report to this server.
    pub(super) async fn server_summary(&self) -> Result<ServerSummary, AppError> {
        let absent = self.absent_files().await?;
        let served = self.live.served_full();
        let members = self.live.own_members();
        let status = self.live.status();
        let index = &served.catalogue.index;
        let groups = served.offers.groups.iter().filter(|group| !is_built_in(group.id)).count();
        let mut summary = ServerSummary { groups: groups as u32, ..ServerSummary::default() };
        let mut numbers = Vec::new();
        for at in (0..index.updates().len() as u32).map(UpdateIx).filter(|at| served.is_seen(*at)) {
            served.count_decisions(at, &mut summary);
            let files =
                || index.update(at).revisions.iter().flat_map(|at| served.catalogue.card(*at).announced());
            summary.needing_files += u32::from(files().any(|file| absent.contains_key(&file.sha1)));
            summary.failed_to_fetch += u32::from(files().any(|file| absent.get(&file.sha1) == Some(&true)));
            let Some(number) = served.catalogue.numbers.number(index.update(at).id) else { continue };
            let rows = status.rows(number, &members);
            summary.failed_on_computers += u32::from(rows.get(State::Failed) > 0);
            summary.needed += u32::from(rows.needed() > 0);
            summary.installed_everywhere += u32::from(rows.needed() == 0);
            if !served.offers.declined.contains(&index.update(at).id) {
                numbers.push(number);
            }
        }
        let verdict = status.verdict(numbers, &members);
        summary.computers = members.len() as u32;
        // Who fails needs the update too.
        summary.computers_needing = (verdict.needing + verdict.failed) as u32;
        summary.computers_failing = verdict.failed as u32;
        summary.computers_up_to_date = verdict.up_to_date as u32;
        Ok(summary)
    }
}

impl Served {
    fn is_seen(&self, at: UpdateIx) -> bool {
        let newest = self.catalogue.index.revision(self.newest(at));
        matches!(newest.kind, Kind::Software | Kind::Driver) && newest.explicitly_deployable
    }

    fn count_decisions(&self, at: UpdateIx, summary: &mut ServerSummary) {
        let index = &self.catalogue.index;
        let newest = index.revision(self.newest(at));
        summary.updates += 1;
        if self.offers.declined.contains(&index.update(at).id) {
            summary.declined += 1;
            return;
        }
        let installs = || self.offers.approvals(at).filter(|one| one.action == Some(Action::Install));
        let is_approved = installs().next().is_some();
        let is_stale =
            |pinned: Option<u32>| pinned.is_some_and(|revision| revision != newest.identity.revision);
        let classification = self.catalogue.categories(self.newest(at), CategoryKind::Classification);
        let is_critical = classification.iter().any(|at| CRITICAL.contains(&index.update(*at).id));
        summary.approved += u32::from(is_approved);
        summary.not_approved += u32::from(!is_approved);
        summary.stale_approvals += u32::from(installs().any(|one| is_stale(one.revision)));
        summary.critical_not_approved += u32::from(is_critical && !is_approved);
        let decided = self.offers.approvals(at).any(|one| one.action.is_some());
        summary.expired += u32::from(newest.expired && !decided);
    }
}
