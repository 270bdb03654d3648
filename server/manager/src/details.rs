//! One update or computer, asked where it is known best, for a page about it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream::{self, StreamExt as _};
use headwater_api::linkage::{CLOCK_SECONDS_MAX, UpdateCount, WsusKind};
use headwater_api::{
    ComputerDetail, ComputerMembership, ComputerSummary, LicenceTerms, Namesake, Told, UpdateDetail,
    UpdateQuery, UpdateRef, WhyNot,
};
use headwater_model::{ClientId, GroupId, LinkageId, ServerId, Timestamp, UpdateId};
use headwater_store::LinkageRow;

use crate::arrival::arrivals;
use crate::ask::Way;
use crate::effective::in_effect;
use crate::mirror::{TreeView, add_count, told_apart};
use crate::tree::must_be_understood;
use crate::why::{Question, why};
use crate::{ErrorKind, Manager, ManagerError, Mirror};

/// Servers that are asked at the same time.
pub(crate) const ASKED_AT_ONCE: usize = 16;
/// Others of a computer's name that are told.
const NAMESAKES_MAX: usize = 100;

impl Manager {
    /// The mirror, where a WSUS is linked and something was read of it.
    pub async fn read(&self) -> Result<Arc<Mirror>, ManagerError> {
        self.way().await?;
        let mirror = self.mirror();
        if mirror.read_at.is_none() {
            let problem = mirror.problem.as_ref().map_or("it is being read", |problem| &problem.what);
            return Err(ManagerError::Refused(format!("nothing is known of the linked WSUS yet: {problem}")));
        }
        Ok(mirror)
    }

    /// A filter of updates with the titles of a product and a classification in place of their ids, as the linked
    /// WSUS knows them.
    pub async fn by_titles(&self, query: UpdateQuery) -> Result<UpdateQuery, ManagerError> {
        let title = async |what: &str, named: Option<String>| {
            let Some(id) = named.as_deref().and_then(|named| named.parse().ok()) else { return Ok(named) };
            match self.update_at_top(id).await {
                Ok(category) => Ok(Some(category.summary.title)),
                Err(ManagerError::NotFound(_)) => Err(ManagerError::Invalid(format!(
                    "the linked WSUS tells of no {what} with the id {id}; name it by its title"
                ))),
                Err(error) => Err(error),
            }
        };
        let product = title("product", query.product).await?;
        let classification = title("classification", query.classification).await?;
        Ok(UpdateQuery { product, classification, ..query })
    }

    /// Everything about one update, as the linked WSUS knows it now, counted over the tree, and how far it has come
    /// on each server; what the mirror knows of it where that WSUS cannot be asked.
    pub async fn update(&self, id: UpdateId) -> Result<Told<UpdateDetail>, ManagerError> {
        let told = self.update_now(id).await;
        self.or_remembered(told, |mirror| mirror.update(id))
    }

    /// The same from the servers alone, for whoever is about to write.
    pub async fn update_now(&self, id: UpdateId) -> Result<UpdateDetail, ManagerError> {
        let (mut top, on_servers) = self.update_on_servers(id).await?;
        let is_halted = self.store.halts().await?.iter().any(|halt| halt.update == id);
        top.servers = arrivals(&self.mirror(), &top, &on_servers, is_halted);
        Ok(top)
    }

    /// The licence terms of an update, as the linked WSUS has them.
    pub async fn licence(
        &self,
        id: UpdateId,
        language: Option<String>,
    ) -> Result<LicenceTerms, ManagerError> {
        let way = self.way().await?;
        must_be_understood(&self.identity_of(&way, &way.top).await?, &way.top)?;
        self.licence_at(&way, &way.top, id, language).await
    }

    /// The same without the other servers.
    pub async fn update_at_top(&self, id: UpdateId) -> Result<UpdateDetail, ManagerError> {
        let way = self.way().await?;
        self.update_at(&way, &way.top, id).await
    }

    /// Everything about one update as the linked WSUS knows it now, counted over the tree, and what each server
    /// does, that one among them; nothing of those that are not reached or lack it.
    pub(crate) async fn update_on_servers(
        &self,
        id: UpdateId,
    ) -> Result<(UpdateDetail, Vec<(ServerId, UpdateDetail)>), ManagerError> {
        let way = self.way().await?;
        let mut top = self.update_at(&way, &way.top, id).await?;
        let mut linkages = self.store.linkages().await?;
        let mirror = self.mirror();
        linkages.retain(|one| one.linkage != way.top.linkage && !mirror.tree.has_outside(one.server));
        let asked = stream::iter(linkages).map(|of| self.update_if_known(&way, of, id));
        let known: Vec<_> = asked.buffer_unordered(ASKED_AT_ONCE).collect().await;
        let others = known.into_iter().flatten();
        let all: Vec<_> = [(way.top.server, top.clone())].into_iter().chain(others).collect();
        count_over_tree(&mut top, &all, &mirror.tree);
        self.mark_outside(&mut top).await?;
        Ok((top, all))
    }

    /// Marks what was done on the WSUS by another tool: at a time when its author, if an operator, did nothing here.
    async fn mark_outside(&self, update: &mut UpdateDetail) -> Result<(), ManagerError> {
        let mut ours: HashMap<(String, Timestamp), bool> = HashMap::new();
        let approvals = update.approvals.iter_mut().map(|one| (&one.by, one.at, &mut one.outside));
        let history = update.history.iter_mut().map(|one| (&one.by, one.at, &mut one.outside));
        for (by, at, outside) in approvals.chain(history) {
            let key = (by.clone(), at);
            let is_ours = match ours.get(&key) {
                Some(is_ours) => *is_ours,
                None => {
                    let until = at.plus_seconds(CLOCK_SECONDS_MAX);
                    let did = self.store.has_acted(by, at.plus_seconds(-CLOCK_SECONDS_MAX), until).await?;
                    ours.insert(key, did);
                    did
                }
            };
            *outside = !is_ours;
        }
        Ok(())
    }

    async fn update_if_known(
        &self,
        way: &Way,
        of: LinkageRow,
        id: UpdateId,
    ) -> Option<(ServerId, UpdateDetail)> {
        Some((of.server, self.update_at(way, &of, id).await.ok()?))
    }

    /// Everything about one computer, as its server knows it now; where that is not reached, as the linked
    /// WSUS does, or else the mirror. With what is known of it over the tree.
    pub async fn computer(&self, client: &ClientId) -> Result<Told<ComputerDetail>, ManagerError> {
        let Told { value, caveat } = self.computer_or_remembered(client).await?;
        Ok(Told { value: self.over_the_tree(value).await?, caveat })
    }

    async fn computer_or_remembered(&self, client: &ClientId) -> Result<Told<ComputerDetail>, ManagerError> {
        let told = self.computer_as_told(client).await;
        self.or_remembered(told, |mirror| Some(mirror.computer(mirror.computers.get(client)?)))
    }

    /// What is known of a computer here alone: the groups that host groups want it in, others of its name, and how
    /// it was seen before.
    async fn over_the_tree(&self, mut detail: ComputerDetail) -> Result<ComputerDetail, ManagerError> {
        let mirror = self.mirror();
        let wanted = self.host_groups_of(&detail.summary.id).await?;
        let managed = self.managed_groups().await?;
        detail.memberships = memberships(&detail, &wanted, &managed, &mirror);
        detail.namesakes = namesakes(&detail, &mirror);
        // A server above the one that it reports to does not know them.
        if detail.products.is_none() {
            let read = mirror.products.get(&detail.summary.id);
            detail.products = read.map(|products| products.titles().map(str::to_owned).collect());
        }
        detail.seen = self.seen_as(&detail.summary.id).await?;
        Ok(detail)
    }

    /// In one sentence, why an update is not offered to a computer.
    pub async fn why_not(&self, client: &ClientId, update: UpdateId) -> Result<Told<WhyNot>, ManagerError> {
        let mirror = self.read().await?;
        let known = mirror.updates.get(update);
        let known =
            known.ok_or_else(|| ManagerError::NotFound(format!("the WSUS knows no update {update}")))?;
        let Told { value: computer, caveat } = self.computer_or_remembered(client).await?;
        let is_halted = self.halts().await?.iter().any(|halt| halt.update == update);
        let question = Question {
            update: known,
            is_halted,
            computer: &computer,
            is_remembered: caveat.as_of.is_some(),
            tree: &mirror.tree,
        };
        let update = UpdateRef { id: update, title: Some(known.title.clone()) };
        Ok(Told { value: WhyNot { update, computer: client.clone(), why: why(question) }, caveat })
    }

    async fn computer_as_told(&self, client: &ClientId) -> Result<ComputerDetail, ManagerError> {
        let (way, linkages) = (self.way().await?, self.store.linkages().await?);
        self.computer_by(&way, &linkages, client, &Silent::default()).await
    }

    /// A computer as its own server knows it, or else the top one. What neither knows is not found only if its own
    /// server said so.
    pub(crate) async fn computer_by(
        &self,
        way: &Way,
        linkages: &[LinkageRow],
        client: &ClientId,
        silent: &Silent,
    ) -> Result<ComputerDetail, ManagerError> {
        let mirror = self.mirror();
        let home = mirror.computers.get(client).and_then(|known| known.server.clone());
        let at_home = linkages.iter().find(|one| home.as_ref().is_some_and(|home| home.id == one.server));
        let at_home = at_home.filter(|one| one.linkage != way.top.linkage);
        let mut lost = None;
        if let Some(of) = at_home {
            match silent.unless(of, self.computer_at(way, of, client.clone())).await {
                Ok(detail) => return Ok(as_read(with_home(detail, home), &mirror, true)),
                Err(ManagerError::NotFound(_)) => {}
                Err(error) => lost = Some(error),
            }
        }
        match (silent.unless(&way.top, self.computer_at(way, &way.top, client.clone())).await, lost) {
            (Ok(told), _) => {
                let is_its_own = home.as_ref().is_none_or(|home| home.id == way.top.server);
                let told = if is_its_own { with_home(told, home) } else { told };
                Ok(as_read(told, &mirror, is_its_own))
            }
            (Err(ManagerError::NotFound(_)), Some(lost)) => Err(lost),
            (Err(error), _) => Err(error),
        }
    }
}

/// The servers that did not answer a moment ago, for those who ask about many things: nobody waits for them again.
#[derive(Default)]
pub struct Silent(Mutex<HashSet<LinkageId>>);

impl Silent {
    async fn unless<T>(
        &self,
        of: &LinkageRow,
        asked: impl Future<Output = Result<T, ManagerError>>,
    ) -> Result<T, ManagerError> {
        let silent = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if silent().contains(&of.linkage) {
            return Err(ManagerError::NotReached {
                hop: format!("the Linkage of {}", of.name),
                source: None,
            });
        }
        let told = asked.await;
        if told.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotReached) {
            silent().insert(of.linkage);
        }
        told
    }
}

/// Adds what the computers said that the linked WSUS does not count.
fn count_over_tree(top: &mut UpdateDetail, all: &[(ServerId, UpdateDetail)], tree: &TreeView) {
    for one in told_apart(tree.servers.iter().map(|one| &one.server)).skip(1) {
        let Some((_, there)) = all.iter().find(|(server, _)| *server == one.id) else { continue };
        top.status += there.status;
        top.silent += there.silent;
        add_count(&mut top.summary, &UpdateCount::of(&there.summary));
    }
}

/// The groups that a computer is in and those that host groups want it in, each with what put it there.
fn memberships(
    detail: &ComputerDetail,
    wanted: &[(String, Option<GroupId>)],
    managed: &HashSet<GroupId>,
    mirror: &Mirror,
) -> Vec<ComputerMembership> {
    let mut all: Vec<ComputerMembership> = Vec::new();
    for group in &detail.summary.groups {
        let wants = wanted.iter().find(|(_, id)| *id == Some(group.id)).map(|(name, _)| name.clone());
        all.push(ComputerMembership {
            group: group.name.clone(),
            id: Some(group.id),
            member: true,
            managed: managed.contains(&group.id),
            because: match &wants {
                Some(host_group) => format!("the host group {host_group} has it"),
                None if managed.contains(&group.id) => {
                    "its host group does not have it; synchronise its server".to_owned()
                }
                None => "it was put there on the WSUS, or by its policy".to_owned(),
            },
            host_group: wants,
        });
    }
    for (host_group, id) in wanted {
        if id.is_some_and(|id| detail.summary.groups.iter().any(|group| group.id == id)) {
            continue;
        }
        let made = id.and_then(|id| mirror.tree.group(id));
        all.push(ComputerMembership {
            group: made.map_or_else(|| host_group.clone(), |group| group.name.clone()),
            id: *id,
            host_group: Some(host_group.clone()),
            member: false,
            managed: id.is_some(),
            because: match (id, &detail.summary.note) {
                (None, _) => {
                    format!("the host group {host_group} has it, and no WSUS group is made from that")
                }
                // What is odd about it is why it is not registered.
                (Some(_), Some(note)) => format!("the host group {host_group} has it; {note}"),
                (Some(_), None) => format!("the host group {host_group} has it; synchronise its server"),
            },
        });
    }
    all
}

/// Others of a computer's name.
fn namesakes(detail: &ComputerDetail, mirror: &Mirror) -> Vec<Namesake> {
    let summary = &detail.summary;
    let others = mirror.computers.all().iter();
    let others =
        others.filter(|other| other.id != summary.id && other.name.eq_ignore_ascii_case(&summary.name));
    let namesake = |other: &ComputerSummary| Namesake {
        id: other.id.clone(),
        server: other.server.clone(),
        last_contact_at: other.last_contact_at,
    };
    others.take(NAMESAKES_MAX).map(namesake).collect()
}

/// What is odd about a computer over the tree is known here alone. What is in effect for it tells its own
/// server; for a Microsoft WSUS, or where another one answered, the mirror does.
fn as_read(mut detail: ComputerDetail, mirror: &Mirror, is_its_own: bool) -> ComputerDetail {
    let home = detail.summary.server.as_ref().and_then(|home| mirror.tree.server(home.id));
    let kind = home.and_then(|home| home.server.kind);
    if !is_its_own || kind == Some(WsusKind::Microsoft) {
        detail.approvals = in_effect(&detail, mirror);
    }
    let read = mirror.computers.get(&detail.summary.id);
    detail.summary.note = read.and_then(|read| read.note.clone());
    detail
}

/// A server does not name itself as the one that a computer reports to.
fn with_home(mut detail: ComputerDetail, home: Option<headwater_api::ServerRef>) -> ComputerDetail {
    if detail.summary.server.is_none() {
        detail.summary.server = home;
    }
    detail
}
