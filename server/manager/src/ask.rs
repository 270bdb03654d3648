//! Asking a Linkage, wherever it is in the tree.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use headwater_api::linkage::{
    Approve, Ask, Contents, Decided, Decline, DeleteComputers, DeleteUpdates, FilesOfUpdates, Joining,
    Keeping, KeptMemberships, MembershipChange, Memberships, ORDERS, ObsoleteUpdate, Order, Pairing,
    PairingAnswer, Reached, Renewal, RunNews, Signed, SignedRevocations, StartedSync, StateOnComputer,
    StatesOfUpdates, StatesPart, Subscription, SyncProgress, Trust, UpdateCount, WsusComputer, WsusComputers,
    WsusGroup, WsusIdentity, WsusLower,
};
use headwater_api::{
    ComputerDetail, ComputerSummary, ComputerUpdate, ComputerUpdateState, LicenceTerms, Page, StatesQuery,
    UpdateDetail, UpdateSummary,
};
use headwater_link::{Dial, DialError, Party, PublicKey, Watch, open_report, sign_order};
use headwater_model::{ClientId, GroupId, Guid, LinkageId, ServerId, UpdateId};
use headwater_store::LinkageRow;
use headwater_tree::computer::Products;
use ring::rand::{SecureRandom, SystemRandom};
use serde::de::DeserializeOwned;

use crate::{Manager, ManagerError};

/// How long a report is waited for. Linkages on the way wait a little less.
pub(crate) const PATIENCE: Duration = Duration::from_secs(110);

/// Memberships that one order changes, but for those of one computer, which are not torn apart. A slow WSUS takes
/// almost half a second for each.
const CHANGES_PER_ORDER: usize = 200;

/// The way to the Linkages of the tree: through the top one.
#[derive(Clone)]
pub(crate) struct Way {
    pub dial: Dial,
    pub top: LinkageRow,
    /// Why nothing is written until an administrator confirms what differs.
    pub review: Option<String>,
}

type Result<T> = std::result::Result<T, ManagerError>;

impl Manager {
    /// The way to the linked WSUS.
    pub(crate) async fn way(&self) -> Result<Way> {
        let link = self.store.link().await?.ok_or(ManagerError::NotLinked)?;
        let linkages = self.store.linkages().await?;
        let top = linkages.into_iter().find(|one| one.linkage == link.linkage);
        let top = top.ok_or(ManagerError::NotLinked)?;
        let dial = self.dial(&link.url, link.linkage)?;
        Ok(Way { dial, top, review: link.review })
    }

    pub(crate) fn dial(&self, url: &str, linkage: LinkageId) -> Result<Dial> {
        let url = url.parse().map_err(invalid)?;
        Dial::linkage(url, Party::Linkage(linkage), &*self.identity()?, &Watch::new(self.now))
            .map_err(invalid)
    }

    /// Signs an order, sends it down the tree and reads the report.
    async fn ask<T: DeserializeOwned>(&self, way: &Way, of: &LinkageRow, ask: Ask) -> Result<T> {
        let untrusted = |source| ManagerError::Untrusted { server: of.name.clone(), source };
        let order = Order { id: random_guid()?, to: of.linkage, at: self.now(), ask };
        self.must_not_be_revoked(of.linkage, &of.name)?;
        let signed = sign_order(&order, &self.authority.load().key).map_err(untrusted)?;
        let reported: std::result::Result<Signed, DialError> = way.dial.post(ORDERS, &signed, PATIENCE).await;
        let reported = reported.map_err(|error| not_reached(error, way, of))?;
        self.must_not_be_revoked(of.linkage, &of.name)?;
        let key = PublicKey::from_bytes(of.public_key.clone())?;
        let report = open_report(&reported, &order, &key).map_err(untrusted)?;
        let value = report.result.map_err(|failure| ManagerError::of(failure, &of.name))?;
        serde_json::from_value(value)
            .map_err(|source| ManagerError::Unreadable { server: of.name.clone(), source })
    }

    pub(crate) async fn identity_of(&self, way: &Way, of: &LinkageRow) -> Result<WsusIdentity> {
        self.ask(way, of, Ask::Identity).await
    }

    pub(crate) async fn reached_by(&self, way: &Way, of: &LinkageRow) -> Result<Vec<Reached>> {
        self.ask(way, of, Ask::Reached).await
    }

    pub(crate) async fn joining_at(&self, way: &Way, of: &LinkageRow) -> Result<Vec<Joining>> {
        self.ask(way, of, Ask::Joining).await
    }

    pub(crate) async fn introduce(
        &self,
        way: &Way,
        at: &LinkageRow,
        linkage: LinkageId,
        pairing: Pairing,
    ) -> Result<PairingAnswer> {
        self.ask(way, at, Ask::Introduce { linkage, pairing }).await
    }

    pub(crate) async fn unpair(&self, way: &Way, of: &LinkageRow) -> Result<()> {
        self.ask(way, of, Ask::Unpair).await
    }

    pub(crate) async fn trust_of(&self, way: &Way, of: &LinkageRow) -> Result<Trust> {
        self.ask(way, of, Ask::Trust).await
    }

    pub(crate) async fn renew_at(&self, way: &Way, of: &LinkageRow, renewal: Renewal) -> Result<()> {
        self.ask(way, of, Ask::Renew(renewal)).await
    }

    pub(crate) async fn tell_revoked(
        &self,
        way: &Way,
        of: &LinkageRow,
        list: SignedRevocations,
    ) -> Result<()> {
        self.ask(way, of, Ask::Revoke(list)).await
    }

    pub(crate) async fn contents_of(&self, way: &Way, of: &LinkageRow) -> Result<Contents> {
        self.ask(way, of, Ask::Contents).await
    }

    /// What a WSUS has and a server with this subscription does not take from it.
    pub(crate) async fn left_out_of(
        &self,
        way: &Way,
        of: &LinkageRow,
        subscription: Subscription,
    ) -> Result<BTreeSet<UpdateId>> {
        let told: Vec<String> = self.ask(way, of, Ask::LeftOut(subscription)).await?;
        Ok(told.iter().filter_map(|id| id.parse().ok()).collect())
    }

    pub(crate) async fn groups_of(&self, way: &Way, of: &LinkageRow) -> Result<Vec<WsusGroup>> {
        self.ask(way, of, Ask::Groups).await
    }

    pub(crate) async fn create_group_on(
        &self,
        way: &Way,
        of: &LinkageRow,
        name: &str,
        parent: Option<GroupId>,
        by: &str,
    ) -> Result<WsusGroup> {
        let (name, by) = (name.to_owned(), by.to_owned());
        self.ask(way, of, Ask::CreateGroup { name, by, parent, id: None }).await
    }

    /// Makes a group with the id that it has, or had, on another WSUS.
    pub(crate) async fn copy_group_on(
        &self,
        way: &Way,
        of: &LinkageRow,
        group: WsusGroup,
        by: &str,
    ) -> Result<WsusGroup> {
        let WsusGroup { id, name, parent, .. } = group;
        self.ask(way, of, Ask::CreateGroup { name, by: by.to_owned(), parent, id: Some(id) }).await
    }

    pub(crate) async fn delete_group_on(
        &self,
        way: &Way,
        of: &LinkageRow,
        id: GroupId,
        by: &str,
    ) -> Result<()> {
        self.ask(way, of, Ask::DeleteGroup { id, by: by.to_owned() }).await
    }

    /// All computers that report to a server.
    /// The computers that report to one server, with the products that each has.
    pub(crate) async fn computers_of(
        &self,
        way: &Way,
        of: &LinkageRow,
    ) -> Result<Vec<(WsusComputer, Option<Products>)>> {
        let mut found = Vec::new();
        let mut shared: HashMap<Vec<String>, Products> = HashMap::new();
        let mut after = None;
        loop {
            let page: WsusComputers = self.ask(way, of, Ask::Computers { after: after.take() }).await?;
            let mut share = |set: u32| {
                let titles = page.titles(set)?.into_iter().map(str::to_owned).collect::<Vec<_>>();
                Some(shared.entry(titles).or_insert_with_key(|titles| Products::new(titles.iter())).clone())
            };
            let sets: Vec<Option<Products>> = (0..page.product_sets.len() as u32).map(&mut share).collect();
            found.extend(page.items.into_iter().map(|one| {
                let products = one.product_set.and_then(|set| sets.get(set as usize)?.clone());
                (one, products)
            }));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(found),
            }
        }
    }

    pub(crate) async fn updates_of(
        &self,
        way: &Way,
        of: &LinkageRow,
        after: Option<String>,
    ) -> Result<Page<UpdateSummary>> {
        self.ask(way, of, Ask::Updates { after }).await
    }

    pub(crate) async fn update_counts_of(&self, way: &Way, of: &LinkageRow) -> Result<Vec<UpdateCount>> {
        self.ask(way, of, Ask::UpdateCounts).await
    }

    pub(crate) async fn update_at(&self, way: &Way, of: &LinkageRow, id: UpdateId) -> Result<UpdateDetail> {
        self.ask(way, of, Ask::Update { id }).await
    }

    pub(crate) async fn tree_computers_of(
        &self,
        way: &Way,
        of: &LinkageRow,
        after: Option<String>,
    ) -> Result<Page<ComputerSummary>> {
        self.ask(way, of, Ask::TreeComputers { after }).await
    }

    pub(crate) async fn computer_at(
        &self,
        way: &Way,
        of: &LinkageRow,
        client: ClientId,
    ) -> Result<ComputerDetail> {
        self.ask(way, of, Ask::Computer { client }).await
    }

    /// All computers of the tree of a server on which an update is in one of these states.
    pub(crate) async fn all_states_of(
        &self,
        way: &Way,
        of: &LinkageRow,
        update: UpdateId,
        states: &[ComputerUpdateState],
    ) -> Result<Vec<StateOnComputer>> {
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let ask = Ask::StatesOfUpdate { update, states: states.to_vec(), after: after.take() };
            let page: Page<StateOnComputer> = self.ask(way, of, ask).await?;
            found.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(found),
            }
        }
    }

    /// One part of it; the others are asked for by the `next` of the one before.
    pub(crate) async fn states_of_updates_at(
        &self,
        way: &Way,
        of: &LinkageRow,
        question: StatesOfUpdates,
    ) -> Result<StatesPart> {
        self.ask(way, of, Ask::StatesOfUpdates(question)).await
    }

    pub(crate) async fn files_of_updates_at(
        &self,
        way: &Way,
        of: &LinkageRow,
        updates: &[UpdateId],
    ) -> Result<FilesOfUpdates> {
        self.ask(way, of, Ask::FilesOfUpdates { updates: updates.to_vec() }).await
    }

    pub(crate) async fn states_on_computer(
        &self,
        way: &Way,
        of: &LinkageRow,
        client: ClientId,
        query: StatesQuery,
    ) -> Result<Page<ComputerUpdate>> {
        self.ask(way, of, Ask::StatesOnComputer { client, query }).await
    }

    /// By as many orders as it takes, one after the other.
    pub(crate) async fn change_memberships_on(
        &self,
        way: &Way,
        of: &LinkageRow,
        memberships: Memberships,
    ) -> Result<Decided> {
        let mut all = Decided::default();
        for order in orders(memberships) {
            let decided: Decided = self.ask(way, of, Ask::ChangeMemberships(order)).await?;
            all.applied.extend(decided.applied);
            all.unchanged.extend(decided.unchanged);
            all.refused.extend(decided.refused);
        }
        Ok(all)
    }

    pub(crate) async fn keep_on(&self, way: &Way, of: &LinkageRow, list: KeptMemberships) -> Result<()> {
        self.ask(way, of, Ask::Keep(list)).await
    }

    pub(crate) async fn kept_at(&self, way: &Way, of: &LinkageRow) -> Result<Keeping> {
        self.ask(way, of, Ask::Kept).await
    }

    pub(crate) async fn approve_on(&self, way: &Way, of: &LinkageRow, approve: Approve) -> Result<Decided> {
        let (group, deadline) = (approve.group, approve.deadline);
        let told = approve.action.map(|action| (action, deadline));
        let decided = self.ask(way, of, Ask::Approve(approve)).await?;
        if of.linkage == way.top.linkage {
            self.wrote(&decided, Some(group), told);
        }
        Ok(decided)
    }

    pub(crate) async fn decline_on(&self, way: &Way, of: &LinkageRow, decline: Decline) -> Result<Decided> {
        let decided = self.ask(way, of, Ask::Decline(decline)).await?;
        if of.linkage == way.top.linkage {
            self.wrote(&decided, None, None);
        }
        Ok(decided)
    }

    pub(crate) async fn licence_at(
        &self,
        way: &Way,
        of: &LinkageRow,
        update: UpdateId,
        language: Option<String>,
    ) -> Result<LicenceTerms> {
        self.ask(way, of, Ask::Licence { update, language }).await
    }

    pub(crate) async fn accept_licence_on(
        &self,
        way: &Way,
        of: &LinkageRow,
        update: UpdateId,
        by: &str,
    ) -> Result<()> {
        self.ask(way, of, Ask::AcceptLicence { update, by: by.to_owned() }).await
    }

    /// Approves what another WSUS has approved, where a licence was accepted too.
    pub(crate) async fn approve_as_there(
        &self,
        way: &Way,
        of: &LinkageRow,
        approve: Approve,
    ) -> Result<Decided> {
        let by = approve.by.clone();
        let mut decided = self.approve_on(way, of, approve.clone()).await?;
        let mut accepted = Vec::new();
        for (update, reason) in &decided.refused {
            // A Linkage has no other word for it than this sentence.
            let Some(update) = update.parse().ok().filter(|_| reason.contains("licence")) else { continue };
            if self.accept_licence_on(way, of, update, &by).await.is_ok() {
                accepted.push(update);
            }
        }
        if !accepted.is_empty() {
            decided.refused.retain(|(update, _)| update.parse().map_or(true, |id| !accepted.contains(&id)));
            let again = self.approve_on(way, of, Approve { updates: accepted, ..approve }).await?;
            decided.applied.extend(again.applied);
            decided.unchanged.extend(again.unchanged);
            decided.refused.extend(again.refused);
        }
        Ok(decided)
    }

    pub(crate) async fn obsolete_of(&self, way: &Way, of: &LinkageRow) -> Result<Vec<ObsoleteUpdate>> {
        self.ask(way, of, Ask::Obsolete).await
    }

    pub(crate) async fn delete_updates_on(
        &self,
        way: &Way,
        of: &LinkageRow,
        delete: DeleteUpdates,
    ) -> Result<Decided> {
        self.ask(way, of, Ask::DeleteUpdates(delete)).await
    }

    pub(crate) async fn delete_computers_on(
        &self,
        way: &Way,
        of: &LinkageRow,
        delete: DeleteComputers,
    ) -> Result<Decided> {
        self.ask(way, of, Ask::DeleteComputers(delete)).await
    }

    pub(crate) async fn lower_of(&self, way: &Way, of: &LinkageRow) -> Result<Vec<WsusLower>> {
        self.ask(way, of, Ask::Lower).await
    }

    pub(crate) async fn delete_lower_on(
        &self,
        way: &Way,
        of: &LinkageRow,
        server: ServerId,
        below: &[ServerId],
        by: &str,
    ) -> Result<()> {
        let (below, by) = (below.to_vec(), by.to_owned());
        self.ask(way, of, Ask::DeleteLower { server, below, by }).await
    }

    pub(crate) async fn synchronise_on(&self, way: &Way, of: &LinkageRow, by: &str) -> Result<StartedSync> {
        self.ask(way, of, Ask::Synchronise { by: by.to_owned() }).await
    }

    /// The runs that Linkages ask for, once there is one that is not among the seen or a while has passed.
    pub(crate) async fn runs_asked(&self, way: &Way, seen: Vec<Guid>) -> Result<Vec<Signed>> {
        self.ask(way, &way.top, Ask::Runs { seen }).await
    }

    pub(crate) async fn tell_run(&self, way: &Way, of: &LinkageRow, news: RunNews) -> Result<()> {
        self.ask(way, of, Ask::TellRun(news)).await
    }

    pub(crate) async fn progress_of(&self, way: &Way, of: &LinkageRow, run: u64) -> Result<SyncProgress> {
        self.ask(way, of, Ask::SyncProgress { run }).await
    }
}

/// The same changes in orders that are answered in time.
pub(crate) fn orders(memberships: Memberships) -> Vec<Memberships> {
    let Memberships { by, add, remove } = memberships;
    let mut changes: Vec<(MembershipChange, bool)> =
        add.into_iter().map(|one| (one, true)).chain(remove.into_iter().map(|one| (one, false))).collect();
    changes.sort();
    let mut orders = Vec::new();
    while !changes.is_empty() {
        let mut order = Memberships { by: by.clone(), ..Memberships::default() };
        for (change, adds) in changes.drain(..length_of_order(&changes, |(change, _)| &change.client)) {
            if adds { order.add.push(change) } else { order.remove.push(change) }
        }
        orders.push(order);
    }
    orders
}

/// How many of the first changes, which are in the order of their computers, make one order.
pub(crate) fn length_of_order<T>(changes: &[T], computer: impl Fn(&T) -> &ClientId) -> usize {
    let mut length = 0;
    for own in changes.chunk_by(|one, next| computer(one) == computer(next)) {
        if length > 0 && length + own.len() > CHANGES_PER_ORDER {
            break;
        }
        length += own.len();
    }
    length
}

pub(crate) fn invalid(error: DialError) -> ManagerError {
    ManagerError::Invalid(error.to_string())
}

/// Which hop fails: the top Linkage, or one between it and the one that was asked.
pub(crate) fn not_reached(error: DialError, way: &Way, of: &LinkageRow) -> ManagerError {
    match error {
        DialError::Refused(problem) if problem.status == 504 => {
            ManagerError::NotReached { hop: format!("the Linkage of {}", of.name), source: None }
        }
        DialError::Refused(problem) => ManagerError::Refused(format!("{}: {}", way.top.name, problem.detail)),
        other => {
            ManagerError::NotReached { hop: format!("the Linkage of {}", way.top.name), source: Some(other) }
        }
    }
}

pub(crate) fn random_guid() -> Result<Guid> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| ManagerError::Random)?;
    Ok(Guid::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_whole_computers_and_an_end() {
        let change = |computer: usize, group: u128| MembershipChange {
            client: format!("pc{computer:04}").parse().expect("an id"),
            group: GroupId::from_u128(group),
        };
        let lengths = |sizes: &[u128]| -> Vec<usize> {
            let all = || {
                let sizes = sizes.iter().enumerate();
                sizes.flat_map(|(computer, groups)| (0..*groups).map(move |group| change(computer, group)))
            };
            let (mut add, mut remove): (Vec<_>, Vec<_>) =
                all().partition(|one| one.group.as_bytes()[15] % 2 == 0);
            add.reverse();
            remove.reverse();
            let found = orders(Memberships { by: "ada".to_owned(), add, remove });
            let mut seen: Vec<_> =
                found.iter().flat_map(|one| one.add.iter().chain(&one.remove)).cloned().collect();
            seen.sort();
            assert_eq!(seen, all().collect::<Vec<_>>());
            found.iter().map(|one| one.add.len() + one.remove.len()).collect()
        };
        assert_eq!(lengths(&[]), [0; 0]);
        assert_eq!(lengths(&[1; 3]), [3]);
        assert_eq!(lengths(&[1; 450]), [200, 200, 50]);
        assert_eq!(lengths(&[150, 50, 1]), [200, 1]);
        assert_eq!(lengths(&[150, 51]), [150, 51]);
        // More groups than an order has room for are still one computer's.
        assert_eq!(lengths(&[1, 300, 1]), [1, 300, 1]);
    }
}
