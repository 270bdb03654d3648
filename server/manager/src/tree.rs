//! The tree of WSUS servers, as it is now.

use std::collections::{HashMap, HashSet};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use headwater_api::linkage::{LinkVersion, Subscription, WsusIdentity, WsusLower, WsusMode, WsusTargeting};
use headwater_api::{Finding, FindingLevel, OutsideServer, ServerFollow, ServerRef, TreeServer, WsusLink};
use headwater_link::PublicKey;
use headwater_model::{ServerId, Timestamp, chain};
use headwater_store::{AuditRow, LinkageRow};
use headwater_tree::computer::by_our_clock;
use headwater_tree::order::AT_A_TIME_MAX;
use headwater_tree::server::{Follow, Linkage, Mode, Server, Targeting};

use crate::ask::Way;
use crate::clocks::differs;
use crate::link::THIS_SERVER;
use crate::namesakes::{Heard, Named};
use crate::outside::{Places, Told};
use crate::{Manager, ManagerError};

/// By whom the record says that a review was begun.
pub(crate) const BY: &str = "headwater";
/// Servers that are asked at a time; more would only wait for each other at the top Linkage.
const ASKED_MAX: usize = 16;

/// The servers, each after the one above it, with the Linkages of those that have one.
#[cfg_attr(test, derive(Default))]
pub(crate) struct Tree {
    pub servers: Vec<TreeServer>,
    pub(crate) linkages: HashMap<ServerId, LinkageRow>,
    /// What the servers that are reached say of themselves.
    identities: HashMap<ServerId, WsusIdentity>,
    /// Why a server below, whose Linkage is reached, could not be read.
    problems: HashMap<ServerId, ManagerError>,
    /// Behind whose Linkage another WSUS answers now.
    rebuilt: HashMap<ServerId, ServerId>,
    /// Which have the name of another one.
    named: Named,
    /// Which servers tell of a server below them.
    told_by: HashMap<ServerId, Vec<ServerId>>,
    /// By how many seconds their clocks are ahead.
    ahead: HashMap<ServerId, i64>,
    review: Option<String>,
    /// Servers that are in the linked tree no more: nothing is decided about them or done with them.
    pub outside: Vec<OutsideServer>,
}

impl Tree {
    /// Why nothing is written because the linked WSUS is not the top one any more.
    pub fn suspended(&self) -> Option<String> {
        let top = self.servers.first().and_then(|top| self.identities.get(&top.id))?;
        must_be_top(top).err().map(|error| error.to_string())
    }

    /// Refuses to write once the linked WSUS takes from another server, and while it is under review.
    pub fn must_be_writable(&self) -> Result<(), ManagerError> {
        must_be_confirmed(self.review.as_deref())?;
        let top = self.servers.first().and_then(|top| self.identities.get(&top.id));
        top.map_or(Ok(()), must_be_top)
    }

    /// Why nothing more is asked of a server for now.
    pub fn problem(&self, server: ServerId) -> Option<&ManagerError> {
        self.problems.get(&server)
    }

    /// Whether another WSUS answers behind a server's Linkage than the one that was paired.
    pub fn is_rebuilt(&self, server: ServerId) -> bool {
        self.rebuilt.contains_key(&server)
    }

    /// That another server is in a server's place, and what to do.
    pub fn replaced(&self, server: ServerId) -> Option<&str> {
        self.named.replaced(server)
    }

    /// That a server lives beside another one of its name, and what to do.
    pub fn beside(&self, server: ServerId) -> Option<&str> {
        self.named.beside(server)
    }

    /// The server in another one's place: behind its Linkage, or under its name.
    pub fn in_place_of(&self, server: ServerId, name: &str) -> Option<ServerRef> {
        let behind = self.rebuilt.get(&server).copied();
        let id = behind.or_else(|| self.named.in_place(server))?;
        let name = self.servers.iter().find(|one| one.id == id).map_or(name, |one| one.name.as_str());
        Some(ServerRef { id, name: name.to_owned() })
    }

    /// Whether the Linkage of a server answers, and for that very server.
    pub fn answers(&self, server: ServerId) -> bool {
        match self.problems.get(&server) {
            Some(_) if self.is_rebuilt(server) => false,
            // It may have told who it is, and been too slow afterwards.
            Some(ManagerError::NotReached { .. }) | None => self.identities.contains_key(&server),
            Some(_) => true,
        }
    }

    /// The Linkages of the servers that are reached and have a record of a server below them, the lowest first.
    pub fn holders(&self, server: ServerId) -> Vec<&LinkageRow> {
        let told_by = self.told_by.get(&server).map_or(&[][..], Vec::as_slice);
        // Each stands after the one above it.
        let tellers = self.servers.iter().rev().filter(|one| told_by.contains(&one.id));
        tellers.filter_map(|one| self.reached(one)).collect()
    }

    /// What a command calls a server: by its id where others of the tree have its name.
    pub fn called(&self, server: ServerId, name: &str) -> String {
        let others = self.servers.iter().any(|one| one.id != server && one.name.eq_ignore_ascii_case(name));
        if others { server.to_string() } else { name.to_owned() }
    }

    /// The Linkage of a server, if it is reached.
    pub fn reached(&self, server: &TreeServer) -> Option<&LinkageRow> {
        self.linkages.get(&server.id).filter(|_| server.reached)
    }

    /// What a server takes of the updates above it, where that is not all and it is reached.
    pub fn subscription(&self, server: ServerId) -> Option<&Subscription> {
        self.identities.get(&server)?.subscription.as_ref()
    }

    /// By how many seconds the clock of a server is ahead, if it is reached.
    pub fn ahead_seconds(&self, server: &TreeServer) -> Option<i64> {
        self.ahead.get(&server.id).copied().filter(|_| server.reached)
    }

    /// A time that a server told, by the clock here.
    pub fn by_our_clock(&self, server: ServerId, told: Timestamp) -> Timestamp {
        by_our_clock(told, self.ahead.get(&server).copied())
    }

    /// Asks all servers that are reached, side by side, but no more at a time than a run works on.
    pub async fn of_each<'a, T>(
        &'a self,
        ask: impl Fn(&'a LinkageRow) -> BoxFuture<'a, T>,
    ) -> Vec<(&'a TreeServer, T)> {
        let reached: Vec<&TreeServer> =
            self.servers.iter().filter(|server| self.reached(server).is_some()).collect();
        let asked: Vec<BoxFuture<T>> =
            reached.iter().filter_map(|server| self.reached(server)).map(ask).collect();
        let told: Vec<T> = stream::iter(asked).buffered(AT_A_TIME_MAX).collect().await;
        reached.into_iter().zip(told).collect()
    }

    /// The servers as decisions are made about them.
    pub fn decided(&self) -> Vec<Server> {
        self.servers.iter().map(|told| self.server(told)).collect()
    }

    /// A server as decisions are made about it. One that is not reached is taken for what the one above says.
    pub fn server(&self, told: &TreeServer) -> Server {
        Server {
            id: told.id,
            name: told.name.clone(),
            parent: told.parent,
            mode: match told.mode {
                Some(WsusMode::Top) => Mode::Top,
                Some(WsusMode::Replica) => Mode::Replica,
                Some(WsusMode::Autonomous) | None => Mode::Autonomous(match told.follow {
                    ServerFollow::Nothing => Follow::Nothing,
                    ServerFollow::GroupsAndApprovals => Follow::ManagedGroups,
                }),
            },
            targeting: match self.identities.get(&told.id).map(|identity| identity.targeting) {
                Some(WsusTargeting::Client) if told.client_targeting => Targeting::ClientAccepted,
                Some(WsusTargeting::Client) => Targeting::Client,
                Some(WsusTargeting::Server) | None => Targeting::Server,
            },
            linkage: if self.linkages.contains_key(&told.id) { Linkage::Installed } else { Linkage::Missing },
        }
    }
}

impl Manager {
    /// The link and the tree, and the hop that fails if one does.
    pub async fn show(&self) -> Result<WsusLink, ManagerError> {
        let way = self.way().await?;
        let found = async { Ok::<_, ManagerError>((self.tree(&way).await?, self.waiting(&way).await?)) };
        let (problem, suspended, servers, outside, joining) = match found.await {
            Ok((tree, waiting)) => {
                let joining = waiting.into_iter().map(|(_, one)| one).collect();
                (None, tree.suspended(), tree.servers, tree.outside, joining)
            }
            Err(error) => {
                (Some(error.in_words()), None, self.remembered(&way).await?, Vec::new(), Vec::new())
            }
        };
        Ok(WsusLink {
            url: way.dial.url().to_string(),
            linkage: way.top.linkage,
            problem,
            // Looking may have begun it.
            review: self.review().await?,
            suspended,
            servers,
            outside,
            joining,
        })
    }

    /// Writing goes to the WSUS that was linked, or nowhere: another one in its place is a matter for an
    /// administrator.
    pub(crate) async fn must_be_linked(&self, top: &WsusIdentity, way: &Way) -> Result<(), ManagerError> {
        let linked = &way.top;
        if top.server == linked.server {
            return Ok(());
        }
        let what = format!(
            "{} is another WSUS than the one that was linked (its id was {} and is {})",
            top.name, linked.server, top.server
        );
        if way.review.is_none() {
            tracing::warn!(what, "the link is under review");
            self.store.begin_review(&what).await?;
            let begun =
                AuditRow { after: Some(what.clone()), ..AuditRow::of(self.now(), BY, "review", &top.name) };
            self.store.audit(&begun).await?;
        }
        Err(ManagerError::Refused(format!(
            "{what}: nothing is written to it. See what it lacks with `headwater wsus relink {}`",
            way.dial.url()
        )))
    }

    /// What is known while the top Linkage is not reached.
    async fn remembered(&self, way: &Way) -> Result<Vec<TreeServer>, ManagerError> {
        let linkages = self.store.linkages().await?;
        let mut servers: Vec<TreeServer> = linkages
            .into_iter()
            .map(|one| TreeServer {
                id: one.server,
                name: one.name,
                parent: None,
                kind: None,
                mode: None,
                linkage: Some(one.linkage),
                reached: false,
                problem: None,
                read_only: false,
                last_contact_at: None,
                last_sync_at: None,
                computers: 0,
                follow: ServerFollow::Nothing,
                window: None,
                client_targeting: false,
            })
            .collect();
        servers.sort_by_key(|one| one.linkage != Some(way.top.linkage));
        Ok(servers)
    }

    pub(crate) async fn tree(&self, way: &Way) -> Result<Tree, ManagerError> {
        let top = self.timed_identity_of(way, &way.top).await?;
        let (identity, _) = &top;
        must_be_understood(identity, &way.top)?;
        self.must_be_linked(identity, way).await?;
        let reached: HashSet<_> =
            self.reached_by(way, &way.top).await?.into_iter().map(|one| one.linkage).collect();
        let others = self.store.linkages().await?.into_iter().filter(|one| one.linkage != way.top.linkage);
        let linkages: HashMap<ServerId, LinkageRow> =
            others.chain([way.top.clone()]).map(|one| (one.server, one)).collect();
        let is_reached = |row: &LinkageRow| row.linkage == way.top.linkage || reached.contains(&row.linkage);
        let told_of_top = TreeServer {
            id: identity.server,
            name: identity.name.clone(),
            parent: None,
            kind: Some(identity.kind),
            mode: Some(identity.mode),
            linkage: Some(way.top.linkage),
            reached: true,
            problem: None,
            read_only: identity.read_only,
            last_contact_at: Some(self.now()),
            last_sync_at: None,
            computers: identity.computers,
            follow: ServerFollow::Nothing,
            window: None,
            client_targeting: false,
        };
        // The nearer server knows better: what the one above tells of it comes with its next rollup.
        let (mut found, mut direct) = (HashMap::<ServerId, TreeServer>::new(), HashSet::new());
        let (mut identities, mut ahead, mut problems) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut rebuilt: HashMap<ServerId, ServerId> = HashMap::new();
        let mut told_by: HashMap<ServerId, Vec<ServerId>> = HashMap::new();
        let mut heard: HashMap<ServerId, Heard> = HashMap::new();
        // Beside each other: one that is silent holds up no other, and is asked nothing more.
        let asked: Vec<_> = linkages.values().filter(|row| is_reached(row)).collect();
        let asking = asked.iter().map(|row| self.look_at(way, row, &top));
        let mut answers = stream::iter(asking.collect::<Vec<_>>()).buffer_unordered(ASKED_MAX);
        while let Some((row, identity, lower)) = answers.next().await {
            if let Some((identity, _)) = &identity
                && let Err(error) = must_be_paired(identity, row)
            {
                rebuilt.insert(row.server, identity.server);
                problems.insert(row.server, error);
                continue;
            }
            if let Some((identity, seconds)) = identity {
                ahead.insert(row.server, seconds);
                identities.insert(row.server, identity);
            }
            let lower = match lower {
                Ok(lower) => lower,
                Err(error) if row.linkage == way.top.linkage => return Err(error),
                // What is below it is not known, so nothing may be decided as if nothing were.
                Err(error) => {
                    problems.insert(row.server, error);
                    continue;
                }
            };
            for one in lower {
                told_by.entry(one.server).or_default().push(row.server);
                let by_our_clock = |told| by_our_clock(told, ahead.get(&row.server).copied());
                let first_heard_at = one.first_contact_at.map(by_our_clock);
                let known = heard.entry(one.server).or_insert(Heard { first_at: first_heard_at, at: None });
                // Where one does not tell it, it may have been there before the others heard of it.
                known.first_at = known.first_at.zip(first_heard_at).map(|(one, other)| one.min(other));
                let heard_at = by_our_clock(one.last_contact_at);
                let is_direct = one.parent.is_none();
                let linkage = linkages.get(&one.server);
                let told = TreeServer {
                    id: one.server,
                    // A rollup tells names in lower case.
                    name: linkage.map_or(one.name, |row| row.name.clone()),
                    parent: Some(one.parent.unwrap_or(row.server)),
                    kind: None,
                    mode: one.mode,
                    reached: linkage.is_some_and(is_reached),
                    problem: None,
                    read_only: false,
                    linkage: linkage.map(|row| row.linkage),
                    last_contact_at: Some(one.last_contact_at),
                    last_sync_at: one.last_sync_at,
                    computers: one.computers,
                    follow: ServerFollow::Nothing,
                    window: None,
                    client_targeting: false,
                };
                let is_nearer = match found.get(&told.id) {
                    // Of two that know it as their own, it went from one to the other.
                    Some(known) if is_direct && direct.contains(&told.id) => {
                        known.last_contact_at <= told.last_contact_at
                    }
                    Some(_) => is_direct,
                    None => true,
                };
                if is_nearer {
                    known.at = Some(heard_at);
                    found.insert(told.id, told);
                }
                if is_direct {
                    direct.insert(one.server);
                }
            }
        }
        // What the server above tells of a rebuilt one is told under the one that was paired.
        found.retain(|id, _| *id != identity.server && !rebuilt.values().any(|new| new == id));
        for (id, server) in &mut found {
            server.problem = problems.get(id).map(ManagerError::with_advice);
            server.reached &= server.problem.is_none();
            let Some(identity) = identities.get(id) else { continue };
            server.name.clone_from(&identity.name);
            server.kind = Some(identity.kind);
            server.mode = Some(identity.mode);
            server.computers = identity.computers;
            server.read_only = identity.read_only;
        }
        let silent = |row: &&LinkageRow| !is_reached(row) || problems.contains_key(&row.server);
        let untold = linkages.values().find(silent).map(|row| row.name.clone());
        let (identities_told, linkages_told) = (&identities, &linkages);
        let told = Told {
            top: told_of_top,
            below: found,
            identities: identities_told,
            linkages: linkages_told,
            untold,
        };
        let Places { mut servers, outside } = told.places();
        let mut settings = self.store.server_settings().await?;
        for server in &mut servers {
            let Some(wanted) = settings.remove(&server.id) else { continue };
            // One that became a replica gets all of it by itself.
            if wanted.follows && server.mode == Some(WsusMode::Autonomous) {
                server.follow = ServerFollow::GroupsAndApprovals;
            }
            server.window = wanted.window;
            server.client_targeting = wanted.client_targeting;
        }
        drop(answers);
        let named = Named::of(&servers, &identities, &heard);
        for server in &mut servers {
            let lives = || named.beside(server.id).filter(|_| !server.reached && server.problem.is_none());
            if let Some(line) = named.replaced(server.id).or_else(lives) {
                server.problem = Some(line.to_owned());
            }
        }
        Ok(Tree {
            servers,
            linkages,
            identities,
            problems,
            rebuilt,
            named,
            told_by,
            ahead,
            review: way.review.clone(),
            outside,
        })
    }

    /// What a server says of itself and of those below it.
    async fn look_at<'a>(
        &self,
        way: &Way,
        row: &'a LinkageRow,
        top: &(WsusIdentity, i64),
    ) -> (&'a LinkageRow, Option<(WsusIdentity, i64)>, Result<Vec<WsusLower>, ManagerError>) {
        let identity = match row.linkage == way.top.linkage {
            true => Ok(top.clone()),
            false => self.timed_identity_of(way, row).await,
        };
        match identity {
            Ok(identity) => match must_be_understood(&identity.0, row) {
                Ok(()) => (row, Some(identity), self.lower_of(way, row).await),
                Err(error) => (row, None, Err(error)),
            },
            Err(error) => (row, None, Err(error)),
        }
    }

    /// What a server says of itself, and by how many seconds its clock is ahead of the one here.
    async fn timed_identity_of(
        &self,
        way: &Way,
        row: &LinkageRow,
    ) -> Result<(WsusIdentity, i64), ManagerError> {
        let identity = self.identity_of(way, row).await?;
        let ahead = (identity.at.as_micros() - self.now().as_micros()) / 1_000_000;
        Ok((identity, ahead))
    }

    /// Looks at the link and the tree, and says what is in order and what is not.
    pub async fn doctor(&self) -> Result<Vec<Finding>, ManagerError> {
        let way = self.way().await?;
        let finding = |level, what: String, advice: &str| Finding { level, what, advice: advice.to_owned() };
        let (good, warning, problem) = (FindingLevel::Good, FindingLevel::Warning, FindingLevel::Problem);
        let tree = match self.tree(&way).await {
            Ok(tree) => tree,
            Err(error) => {
                return Ok(vec![finding(problem, error.in_words(), error.advice())]);
            }
        };
        let revoked = self.store.revocations().await?;
        let mut findings = Vec::new();
        for (at, server) in tree.servers.iter().enumerate() {
            let name = &server.name;
            if let Some(line) = tree.replaced(server.id) {
                let (what, advice) = line.split_once(". ").unwrap_or((line, ""));
                findings.push(finding(problem, what.to_owned(), advice));
                continue;
            }
            if let Some(line) = tree.beside(server.id) {
                let (what, advice) = line.split_once(". ").unwrap_or((line, ""));
                findings.push(finding(warning, what.to_owned(), advice));
            }
            let Some(row) = tree.linkages.get(&server.id) else {
                let revoked = revoked
                    .iter()
                    .filter(|one| one.server == Some(server.id))
                    .max_by_key(|one| one.revoked_at);
                let (what, advice) = match revoked {
                    None => {
                        (String::new(), "run `headwater linkage install` there, then `headwater wsus pair`")
                    }
                    Some(row) => (
                        format!(
                            "; {} revoked the one that it had on {}",
                            row.revoked_by,
                            row.revoked_at.date()
                        ),
                        "once the server is in good hands, pair its Linkage anew with `headwater wsus pair`",
                    ),
                };
                findings.push(finding(problem, format!("{name} has no WSUS Linkage{what}"), advice));
                continue;
            };
            let not_asked = |error: &ManagerError| {
                let advice = match error {
                    ManagerError::NotReached { .. } => {
                        "see whether its Linkage runs and reaches the one above it"
                    }
                    other => other.advice(),
                };
                finding(problem, chain(error), advice)
            };
            let identity = match tree.problems.get(&server.id) {
                None => self.timed_identity_of(&way, row).await.map_err(|error| not_asked(&error)),
                Some(error) => Err(not_asked(error)),
            };
            let (identity, seconds) = match identity {
                Ok(identity) => identity,
                Err(found) => {
                    findings.push(found);
                    findings.extend(self.trust_remembered(row));
                    continue;
                }
            };
            findings.extend(differs(name, seconds));
            if identity.read_only {
                let what = format!("the Linkage of {name} may only read");
                findings.push(finding(warning, what, "give it an account of WSUS Administrators"));
            }
            if at == 0
                && let Err(error) = must_be_top(&identity)
            {
                findings.push(finding(problem, error.to_string(), "it was the top WSUS when it was linked"));
            }
            findings.extend(self.trust_findings(&way, row).await?);
            let key = PublicKey::from_bytes(row.public_key.clone())?;
            findings.push(finding(good, format!("{name} answers ({})", key.fingerprint()), ""));
        }
        for one in &tree.outside {
            let (why, advice) = one.why.split_once(": ").unwrap_or((&one.why, ""));
            findings.push(finding(warning, format!("{} is outside the link: {why}", one.name), advice));
        }
        for (at, joining) in self.waiting(&way).await? {
            let what = format!("the Linkage of {} waits at {} to be paired", joining.name, at.name);
            findings.push(finding(
                warning,
                what,
                "pair it with `headwater wsus pair` and the code that it shows",
            ));
        }
        Ok(findings)
    }
}

/// Nothing is asked of a Linkage of another version but who it is.
pub(crate) fn must_be_understood(identity: &WsusIdentity, row: &LinkageRow) -> Result<(), ManagerError> {
    must_speak_alike(&identity.speaks, row)
}

/// A Linkage of another version of messages is asked nothing but who it is.
pub(crate) fn must_speak_alike(speaks: &LinkVersion, row: &LinkageRow) -> Result<(), ManagerError> {
    let other = speaks.refusal(&format!("the Linkage of {}", row.name), THIS_SERVER);
    other.map_or(Ok(()), |other| Err(ManagerError::OtherVersion(other)))
}

/// A server that was rebuilt, or another one behind the same Linkage, is not the one that orders are for.
fn must_be_paired(identity: &WsusIdentity, row: &LinkageRow) -> Result<(), ManagerError> {
    let name = &row.name;
    // Of the top one it is found before, and is a matter of a review.
    if identity.server == row.server || identity.mode == WsusMode::Top {
        return Ok(());
    }
    Err(ManagerError::Refused(format!(
        "another WSUS than the one that was paired answers behind the Linkage of {name} (its id was {} and is {}): delete \
         the record of the old one with `headwater wsus server delete {name}`, and pair the Linkage with the code that it \
         shows then",
        row.server, identity.server
    )))
}

/// Nothing is written after a restore before somebody has seen what differs.
pub(crate) fn must_be_confirmed(review: Option<&str>) -> Result<(), ManagerError> {
    let Some(reason) = review else { return Ok(()) };
    Err(ManagerError::Refused(format!(
        "nothing is written while the link is under review: {reason}. See what differs with `headwater wsus sync \
         --dry-run`, then let it be written with `headwater wsus confirm`"
    )))
}

/// Nothing is written to a WSUS that is not the top one of its tree any more.
pub(crate) fn must_be_top(top: &WsusIdentity) -> Result<(), ManagerError> {
    if top.mode == WsusMode::Top {
        return Ok(());
    }
    Err(ManagerError::Refused(format!(
        "{} is linked as the top WSUS and takes from {} now: nothing is written; unlink it and link the top one",
        top.name,
        top.upstream.as_deref().unwrap_or("another server")
    )))
}
