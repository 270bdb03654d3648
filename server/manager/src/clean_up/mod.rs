//! Cleaning up the tree: what would be done. What is obsolete is declined at the top; what every server has
//! declined for long is deleted, on the lowest servers first ([`apply`]); and so are computers that nobody has heard
//! of for long, where they report ([`computers`]).

mod apply;
mod computers;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::FutureExt as _;
use headwater_api::linkage::{Contents, ObsoleteUpdate, WsusKind, WsusMode};
use headwater_api::{
    CleanUpPlan, CleanUpQuery, CleanUpServer, CleanUpUpdate, GoneBecause, KeptUpdate, ObsoleteBecause,
    TreeServer, UpdateSummary,
};
use headwater_model::{ServerId, Timestamp, UpdateId};
use headwater_store::{LinkageRow, SeenStanding};
use headwater_tree::clean_up::{self as decide, Because, Holdings, Lower, Obsolete, Terms};

use crate::ask::Way;
use crate::fingerprint::fingerprint;
use crate::tree::Tree;
use crate::{Manager, ManagerError};

/// What is named of all that changed since a plan was made.
const CHANGES_NAMED_MAX: usize = 5;

/// What the servers have, and what the updates that the top could do without are called.
struct Read {
    top: Holdings,
    lower: Vec<(ServerId, Lower)>,
    titles: BTreeMap<UpdateId, String>,
}

impl Manager {
    /// What a clean-up would do now; changes nothing.
    pub async fn plan_clean_up(&self, query: &CleanUpQuery) -> Result<CleanUpPlan, ManagerError> {
        let way = self.way().await?;
        let tree = self.tree(&way).await?;
        self.planned_clean_up(&way, &tree, *query, self.now()).await
    }

    async fn planned_clean_up(
        &self,
        way: &Way,
        tree: &Tree,
        query: CleanUpQuery,
        at: Timestamp,
    ) -> Result<CleanUpPlan, ManagerError> {
        let read = self.read_holdings(way, tree).await?;
        let CleanUpQuery { superseded_days, declined_days, silent_days } = query;
        let silent = self.silent(way, tree, silent_days, at).await?;
        let lower: Vec<Lower> = read.lower.iter().map(|(_, one)| one.clone()).collect();
        let terms = Terms { superseded_days, declined_days, now: at };
        let plan = decide::plan((&way.top.name, &read.top), &lower, terms);
        let title = |id: &UpdateId| read.titles.get(id).cloned().unwrap_or_default();
        let update = |id: &UpdateId| CleanUpUpdate {
            id: *id,
            title: title(id),
            because: match read.top.obsolete.get(id).map(|one| one.because) {
                Some(Because::Expired) => ObsoleteBecause::Expired,
                Some(Because::Superseded) => ObsoleteBecause::Superseded,
                Some(Because::Declined) | None => ObsoleteBecause::Declined,
            },
        };
        let kept = plan.kept.iter().map(|(id, why)| KeptUpdate {
            id: *id,
            title: title(id),
            why: why.iter().map(ToString::to_string).collect(),
        });
        let has = |server: &TreeServer| {
            let lower = read.lower.iter().find(|(id, _)| *id == server.id);
            let holdings = lower.map_or(Some(&read.top), |(_, lower)| lower.holdings.as_ref());
            let has = |holdings: &Holdings| holdings.updates.intersection(&plan.delete).count() as u64;
            CleanUpServer {
                id: server.id,
                name: server.name.clone(),
                delete: holdings.map_or(0, has),
                computers: silent.computers.iter().filter(|one| one.server == server.id).count() as u64,
                doubt: silent.doubts.get(&server.id).map(ToString::to_string),
            }
        };
        let servers = tree.servers.iter().rev().map(has).collect();
        let mut told = CleanUpPlan {
            superseded_days,
            declined_days,
            silent_days,
            at,
            decline: plan.decline.iter().map(update).collect(),
            delete: plan.delete.iter().map(update).collect(),
            kept: kept.collect(),
            computers: silent.computers,
            servers,
            state: String::new(),
        };
        told.state = state(&told);
        Ok(told)
    }

    async fn read_holdings(&self, way: &Way, tree: &Tree) -> Result<Read, ManagerError> {
        let mut told: HashMap<ServerId, _> = HashMap::new();
        for (server, held) in tree.of_each(|linkage| self.held_by(way, linkage).boxed()).await {
            told.insert(server.id, held);
        }
        let unread =
            || ManagerError::NotReached { hop: format!("the Linkage of {}", way.top.name), source: None };
        let (contents, obsolete) = told.remove(&way.top.server).ok_or_else(unread)??;
        let since = self.see_obsolete(&obsolete).await?;
        let titles = obsolete.iter().map(|one| (one.update, one.title.clone())).collect();
        let top = holdings(&contents, obsolete, &since);
        let mut counted: BTreeMap<ServerId, bool> = BTreeMap::new();
        let mut lower = Vec::new();
        for server in &tree.servers {
            let above = server.parent.and_then(|parent| counted.get(&parent)).copied();
            counted.insert(server.id, above == Some(true) || server.kind == Some(WsusKind::Headwater));
            if server.parent.is_none() {
                continue;
            }
            let held = told.remove(&server.id).and_then(Result::ok);
            lower.push((
                server.id,
                Lower {
                    name: server.name.clone(),
                    is_replica: server.mode != Some(WsusMode::Autonomous),
                    is_counted_above: above == Some(true),
                    holdings: held.map(|(contents, obsolete)| holdings(&contents, obsolete, &HashMap::new())),
                },
            ));
        }
        Ok(Read { top, lower, titles })
    }

    async fn held_by(
        &self,
        way: &Way,
        linkage: &LinkageRow,
    ) -> Result<(Contents, Vec<ObsoleteUpdate>), ManagerError> {
        Ok((self.contents_of(way, linkage).await?, self.obsolete_of(way, linkage).await?))
    }

    /// Since when the linked WSUS has what it could do without, as far as it was seen here, where it does not
    /// tell that itself.
    async fn see_obsolete(
        &self,
        obsolete: &[ObsoleteUpdate],
    ) -> Result<HashMap<UpdateId, Timestamp>, ManagerError> {
        let untold = obsolete.iter().filter(|one| one.since.is_none());
        let seen: BTreeSet<(UpdateId, SeenStanding)> =
            untold.filter_map(|one| Some((one.update, standing(one.because)?))).collect();
        let since = self.store.see_standings(&seen, self.now()).await?;
        Ok(since.into_iter().map(|((update, _), since)| (update, since)).collect())
    }

    /// The same by its list of updates, which is read now and then: days count from the first time.
    pub(crate) async fn see_listed(&self, updates: &[UpdateSummary]) -> Result<(), ManagerError> {
        let obsolete: Vec<ObsoleteUpdate> = updates.iter().filter_map(ObsoleteUpdate::listed).collect();
        self.see_obsolete(&obsolete).await.map(drop)
    }
}

fn standing(because: ObsoleteBecause) -> Option<SeenStanding> {
    match because {
        ObsoleteBecause::Declined => Some(SeenStanding::Declined),
        ObsoleteBecause::Superseded => Some(SeenStanding::Superseded),
        ObsoleteBecause::Expired => None,
    }
}

/// The updates that a server has, as it tells them: `id/revision`.
fn updates(contents: &Contents) -> BTreeSet<UpdateId> {
    let id = |text: &String| text.split_once('/')?.0.parse().ok();
    contents.updates.iter().filter_map(id).collect()
}

fn holdings(
    contents: &Contents,
    obsolete: Vec<ObsoleteUpdate>,
    seen: &HashMap<UpdateId, Timestamp>,
) -> Holdings {
    let one = |told: ObsoleteUpdate| {
        let obsolete = Obsolete {
            because: match told.because {
                ObsoleteBecause::Declined => Because::Declined,
                ObsoleteBecause::Expired => Because::Expired,
                ObsoleteBecause::Superseded => Because::Superseded,
            },
            since: told.since.or_else(|| seen.get(&told.update).copied()).unwrap_or(Timestamp::EPOCH),
            is_needed: told.needed > 0,
            kept: told.kept,
        };
        (told.update, obsolete)
    };
    Holdings { updates: updates(contents), obsolete: obsolete.into_iter().map(one).collect() }
}

/// The digest of what a plan does and where. What it leaves as it is may change meanwhile, and who was silent may
/// make contact: nobody else becomes silent while days are counted from the same time, and on the same servers.
fn state(plan: &CleanUpPlan) -> String {
    let mut bare = CleanUpPlan { kept: Vec::new(), state: String::new(), ..plan.clone() };
    bare.computers.retain(|computer| computer.because == GoneBecause::Reimaged);
    for server in &mut bare.servers {
        server.computers = 0;
        server.doubt = server.doubt.take().map(|_| String::new());
    }
    fingerprint(&bare).to_string()
}

/// Names some of what differs between a plan and the one that is made now.
fn changed(before: &CleanUpPlan, now: &CleanUpPlan) -> String {
    if before.is_empty() {
        return "other updates are obsolete".to_owned();
    }
    let mut words = Vec::new();
    let mut only = |these: &[CleanUpUpdate], those: &[CleanUpUpdate], what: &str| {
        let those: BTreeSet<UpdateId> = those.iter().map(|one| one.id).collect();
        let new = these.iter().filter(|one| !those.contains(&one.id));
        words.extend(new.map(|one| format!("`{}` is {what}", one.title)));
    };
    only(&now.decline, &before.decline, "to be declined");
    only(&before.decline, &now.decline, "not to be declined any more");
    only(&now.delete, &before.delete, "to be deleted");
    only(&before.delete, &now.delete, "not to be deleted any more");
    let clients = |plan: &CleanUpPlan| -> BTreeMap<_, _> {
        let reimaged = plan.computers.iter().filter(|one| one.because == GoneBecause::Reimaged);
        reimaged.map(|one| ((one.server, one.client.clone()), one.name.clone())).collect()
    };
    let (known, found) = (clients(before), clients(now));
    let new = found.iter().filter(|(place, _)| !known.contains_key(place));
    words.extend(new.map(|(_, name)| format!("a record of `{name}` is left behind")));
    let gone = known.iter().filter(|(place, _)| !found.contains_key(place));
    words.extend(gone.map(|(_, name)| format!("a record of `{name}` is not left behind any more")));
    for server in &now.servers {
        let was = before.servers.iter().find(|one| one.id == server.id).map(|one| one.doubt.is_some());
        if was.is_some_and(|was| was != server.doubt.is_some()) {
            words.push(match &server.doubt {
                Some(doubt) => format!("the computers of {} stay now, for {doubt}", server.name),
                None => format!("computers of {} can be deleted now", server.name),
            });
        }
    }
    if words.is_empty() {
        return "a server has other updates".to_owned();
    }
    let more = words.len().saturating_sub(CHANGES_NAMED_MAX);
    words.truncate(CHANGES_NAMED_MAX);
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    words.join(", ")
}
