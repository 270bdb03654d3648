//! Taking a rebuilt or promoted WSUS in the place of the linked one: what that one lacks is planned and written,
//! and then it is the linked one.
//!
//! The link changes at the very end. Until then what was there is known from the mirror, which reads nothing but
//! the linked WSUS; so a plan that was cut off is made again from the same, and only lacks what was done.

mod carry_out;
mod seen;
mod source;
mod words;

use std::collections::BTreeSet;

use headwater_api::linkage::{Contents, WsusIdentity, WsusKind, WsusMode};
use headwater_api::{ApplyRelink, RelinkCounts, RelinkPlan, RelinkRequest, RelinkStep, Relinked};
use headwater_link::LinkageUrl;
use headwater_model::GroupId;
use headwater_store::{AuditRow, SucceedingRow};
use headwater_tree::relink::{Detecting, Plan, Source, Step, Successor, plan};

use crate::ask::{Way, invalid};
use crate::compare::contents;
use crate::link::{As, about, check};
use crate::tree::{Tree, must_be_confirmed};
use crate::{Manager, ManagerError};
use carry_out::Written;
use source::Kept;
use words::told;

/// The WSUS that takes the place, and what it is to have.
struct Reading {
    way: Way,
    /// Whether it is the linked one by now.
    is_linked: bool,
    identity: WsusIdentity,
    tree: Tree,
    kept: Kept,
    source: Source,
    plan: Plan,
    told: RelinkPlan,
    /// Steps that nobody has seen, for what they are about appeared later.
    late: Vec<(Step, RelinkStep)>,
}

impl Manager {
    /// What the WSUS behind the Linkage at this address lacks. It is paired with it, if that has not happened, and
    /// nothing is written to the WSUS.
    pub async fn plan_relink(&self, request: &RelinkRequest, by: &str) -> Result<RelinkPlan, ManagerError> {
        let _one_at_a_time = self.linking.lock().await;
        let before = self.store.link().await?.ok_or(ManagerError::NotLinked)?.linkage;
        let way = self.successor(&request.url, request.code.as_deref(), by).await?;
        let linkage = way.top.linkage;
        let is_new =
            linkage != before && self.store.link().await?.is_some_and(|link| link.linkage == linkage);
        // What was seen in the plan is known after a crash.
        self.keep_mirror().await?;
        match self.read_successor(way.clone()).await? {
            Some(reading) => Ok(reading.told),
            None if is_new => {
                self.look_again();
                Ok(words::nothing(&way, self.mirror().read_at.unwrap_or_else(|| self.now())))
            }
            None => Err(ManagerError::Refused(
                "this is the linked WSUS, and nothing is left to write to it: `headwater wsus sync` brings the \
                 servers below in step"
                    .to_owned(),
            )),
        }
    }

    /// Carries out a plan: nothing that it does not show, and what of it is not done already. What has appeared since
    /// stays open for a later one. Then the WSUS is the linked one, and the link is not under review any more.
    pub async fn apply_relink(&self, apply: &ApplyRelink, by: &str) -> Result<Relinked, ManagerError> {
        let _one_at_a_time = self.linking.lock().await;
        let _alone = self.writers.alone()?;
        let seen = &apply.plan;
        let way = self.successor(&seen.url, None, by).await?;
        if (way.top.linkage, way.top.server) != (seen.linkage, seen.server) {
            return Err(ManagerError::Refused(format!(
                "another WSUS than the one of the plan is at {}: make a new preview",
                seen.url
            )));
        }
        let name = way.top.name.clone();
        let Some(mut reading) = self.read_successor(way).await? else {
            let (done, refused, open) = (RelinkCounts::default(), Vec::new(), Vec::new());
            return Ok(Relinked { name, done, refused, open });
        };
        if reading.identity.read_only {
            return Err(ManagerError::Refused(format!(
                "the Linkage of {name} may only read: give it an account of WSUS Administrators"
            )));
        }
        if reading.is_linked {
            let link = self.store.link().await?.ok_or(ManagerError::NotLinked)?;
            must_be_confirmed(link.review.as_deref())?;
        }
        let late = seen::late(&reading.told.steps, &seen.steps).map_err(|what| {
            ManagerError::Refused(format!(
                "what the plan for {name} was made from has changed ({what}): make a new preview"
            ))
        })?;
        reading.leave(&late);
        let written = self.carry_out(&reading, by).await?;
        let relinked = Relinked {
            name,
            done: written.counts(&reading),
            refused: written.refused.iter().map(|(_, sentence)| sentence.clone()).collect(),
            open: reading.still_open(),
        };
        self.succeed(&reading, &written, by).await?;
        self.look_again();
        Ok(relinked)
    }

    /// The way to the WSUS that is to take the place of the linked one.
    async fn successor(&self, url: &str, code: Option<&str>, by: &str) -> Result<Way, ManagerError> {
        if self.store.link().await?.is_none() {
            return Err(ManagerError::NotLinked);
        }
        let url: LinkageUrl = url.parse().map_err(invalid)?;
        let about = about(&url).await?;
        let known = self.store.linkages().await?.into_iter().find(|row| row.linkage == about.linkage);
        let mut way = match known {
            Some(top) if about.paired => {
                Way { dial: self.dial(&url.to_string(), top.linkage)?, top, review: None }
            }
            _ => {
                check(&about, &url)?;
                let missing = || {
                    let what =
                        format!("the Linkage at {url} waits to be paired: name the code that it shows");
                    ManagerError::Invalid(what)
                };
                self.pair_with(&url, code.ok_or_else(missing)?, by, must_take_from_nobody, As::Successor)
                    .await?
            }
        };
        let identity = self.identity_of(&way, &way.top).await?;
        must_take_from_nobody(&identity)?;
        // Pairing may have put this Linkage in the place of the linked one.
        let link = self.store.link().await?.ok_or(ManagerError::NotLinked)?;
        let is_linked = way.top.linkage == link.linkage && way.top.server == identity.server;
        let begun = self.store.relink().await?.is_some_and(|row| row.linkage == way.top.linkage);
        if !is_linked && !begun {
            self.store.begin_relink(&url.to_string(), way.top.linkage).await?;
        }
        way.top.server = identity.server;
        way.top.name = identity.name;
        Ok(way)
    }

    /// What it has and what it is to have; nothing where it is the linked one and lacks nothing that is known.
    async fn read_successor(&self, way: Way) -> Result<Option<Reading>, ManagerError> {
        let link = self.store.link().await?.ok_or(ManagerError::NotLinked)?;
        let linked = self.store.linkages().await?.into_iter().find(|row| row.linkage == link.linkage);
        let is_linked =
            linked.is_some_and(|row| (row.linkage, row.server) == (way.top.linkage, way.top.server));
        let open = self.store.relink().await?.map(|row| Kept::open(&row)).transpose()?.flatten();
        let kept = match (is_linked, open) {
            (false, open) => Kept::mirrored(&self.mirror())?.and(open),
            (true, Some(open)) => open,
            (true, None) => return Ok(None),
        };
        let source = self.source(&kept).await?;
        let identity = self.identity_of(&way, &way.top).await?;
        let tree = self.tree(&way).await?;
        let there: Contents = self.contents_of(&way, &way.top).await?;
        let computers = self.computers(&way, &tree).await?;
        let there = contents(&there);
        let successor = Successor {
            server: identity.server,
            contents: &there,
            computers: &computers,
            detecting: match identity.kind {
                WsusKind::Headwater => Detecting::Approvable,
                WsusKind::Microsoft => Detecting::Always,
            },
        };
        let mut plan = plan(&source, successor);
        if is_linked {
            // All that it has is its own, but for the little that is open.
            plan.only_there.clear();
        }
        let told = told(&plan, &source, successor, &self.mirror(), &way, kept.read_at);
        Ok(Some(Reading { way, is_linked, identity, tree, kept, source, plan, told, late: Vec::new() }))
    }

    /// The WSUS is the linked one from now on.
    async fn succeed(&self, reading: &Reading, written: &Written, by: &str) -> Result<(), ManagerError> {
        let groups: Vec<(GroupId, GroupId)> = reading
            .source
            .contents
            .groups
            .keys()
            .filter_map(|before| Some((*before, *written.groups.get(before)?)))
            .filter(|(before, now)| before != now)
            .collect();
        let managed: BTreeSet<GroupId> = self
            .managed_groups()
            .await?
            .into_iter()
            .map(|group| written.groups.get(&group).copied().unwrap_or(group))
            .collect();
        let open = reading.rest(written, &managed);
        let open = (!open.is_empty()).then(|| serde_json::to_string(&open).unwrap_or_default());
        let top = &reading.way.top;
        let before = self.store.link().await?.map(|link| format!("linked through {}", link.url));
        let counts = written.counts(reading);
        let after = format!("linked through {}: {}", reading.way.dial.url(), words::counted(&counts));
        let audit =
            AuditRow { before, after: Some(after), ..AuditRow::of(self.now(), by, "relink", &top.name) };
        self.store
            .end_relink(&SucceedingRow {
                url: &reading.way.dial.url().to_string(),
                linkage: top.linkage,
                server: top.server,
                name: &top.name,
                groups: &groups,
                open: open.as_deref(),
                is_another: !reading.is_linked,
                audit: (!reading.is_linked || !reading.plan.steps.is_empty()).then_some(audit),
            })
            .await?;
        tracing::info!(server = top.name, by, "another WSUS is the linked one");
        Ok(())
    }
}

/// Whoever takes from another server decides nothing.
fn must_take_from_nobody(identity: &WsusIdentity) -> Result<(), ManagerError> {
    if identity.mode == WsusMode::Top {
        return Ok(());
    }
    Err(ManagerError::Refused(format!(
        "{} takes its updates from {}: make it the top one first, on its machine (`headwater upstream clear` where it \
         is Headwater's)",
        identity.name,
        identity.upstream.as_deref().unwrap_or("another server"),
    )))
}
