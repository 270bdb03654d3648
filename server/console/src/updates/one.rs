//! One update: what computers said, what is approved, and how far it has come.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Redirect};
use headwater_api::{
    Arrival, ComputerUpdateState, SeenApproval, SeenUpdate, Told, UpdateDetail, UpdateOnServer, UpdateRef,
    UpdateState, UpdatesOutcome,
};
use headwater_manager::{Manager, Mirror};
use headwater_model::{GroupId, Timestamp, UpdateId};
use headwater_operators::Action;
use headwater_words::approval::{action, arrival};
use headwater_words::caveat::sentences;
use headwater_words::quantity::{counted, grouped, size};

use super::computers::value;
use super::{Choices, choices_within, shown};
use crate::Shared;
use crate::failure::{Failure, sentence};
use crate::fields::{Fields, Form};
use crate::frame::Frame;
use crate::look::{Look, State as Shown, When};
use crate::overview::dash;
use crate::session::{Visitor, Within};

/// Approvals that a form names as seen. An update with more is compared with what the managing server
/// shows, for a form has a limit.
pub(super) const SEEN_MAX: usize = 1_000;

/// Groups of the grid.
const GRID_MAX: usize = 100;

#[derive(Template)]
#[template(path = "update.html")]
struct Page {
    frame: Frame,
    id: String,
    title: String,
    verdict: String,
    /// Why it cannot be asked now; then only what the mirror knows is shown.
    problem: String,
    state: Shown,
    facts: Vec<(&'static str, String)>,
    info: String,
    counts: Vec<Count>,
    is_declined: bool,
    has_licence: bool,
    /// It waits to be accepted.
    has_open_licence: bool,
    can_approve: bool,
    can_halt: bool,
    /// Words on the buttons that take approvals back; empty where there is none.
    approvals: String,
    halt: Option<HaltShown>,
    grid: Vec<Cell>,
    /// Groups that the grid leaves out; nothing of their own is approved for them.
    grid_more: usize,
    groups: Choices,
    servers: Vec<OnServer>,
    supersedes: Vec<Link>,
    superseded_by: Vec<Link>,
    history: Vec<Past>,
}

/// How many computers are in a state, and where they are listed; of silent ones there is no list.
struct Count {
    state: &'static str,
    count: u64,
    href: String,
}

struct HaltShown {
    state: Shown,
    /// Why it is pending.
    waits: String,
    by: String,
    at: When,
}

/// What is in effect for one group.
struct Cell {
    group: String,
    group_id: String,
    indent: usize,
    action: &'static str,
    can_withdraw: bool,
    /// From which group it comes, where it is not its own.
    from: String,
    deadline: Option<When>,
    by: String,
    at: Option<When>,
    is_outside: bool,
}

/// How far an update has come on one server.
struct OnServer {
    name: String,
    indent: usize,
    state: Shown,
    revision: String,
    approvals: String,
    content: String,
    /// Computers that have it.
    downloaded: String,
}

pub(super) struct Link {
    pub href: String,
    pub title: String,
}

struct Past {
    at: When,
    by: String,
    what: String,
    is_outside: bool,
}

pub(crate) async fn show(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Html<String>, Failure> {
    let id: UpdateId = id.parse().map_err(|_| Failure::not_found("this is no id of an update"))?;
    let mirror = manager.mirror();
    let Told { value: detail, caveat } = manager.update(id).await?;
    let problem = sentences(&caveat, manager.now()).join(" ");
    Ok(Html(page(&manager, &visitor, &mirror, detail, problem).await?.render()?))
}

async fn page(
    manager: &Manager,
    visitor: &Visitor,
    mirror: &Mirror,
    detail: UpdateDetail,
    problem: String,
) -> Result<Page, Failure> {
    let now = manager.now();
    let summary = &detail.summary;
    let halt = manager.halts().await?.into_iter().find(|halt| halt.update == summary.id);
    let within = visitor.groups(manager).await?;
    let link = |update: &UpdateRef| Link {
        href: format!("/updates/{}", update.id),
        title: update.title.clone().unwrap_or_else(|| update.id.to_string()),
    };
    let is_declined = summary.state == UpdateState::Declined;
    Ok(Page {
        frame: Frame::new(manager, visitor, "/updates", &summary.title, &Fields::default()),
        id: summary.id.to_string(),
        title: summary.title.clone(),
        verdict: halted(&detail, halt.is_some()) + &verdict(&detail),
        problem,
        state: shown(summary, halt.is_some()),
        facts: facts(&detail),
        info: detail.description.clone(),
        counts: counts(&detail),
        is_declined,
        has_licence: detail.licence.is_some(),
        has_open_licence: detail.licence.is_some_and(|licence| !licence.accepted),
        can_approve: summary.state == UpdateState::Approvable,
        can_halt: !detail.approvals.is_empty() || halt.as_ref().is_some_and(|halt| halt.done_at.is_none()),
        approvals: match detail.approvals.len() as u64 {
            0 => String::new(),
            some => counted(some, "approval"),
        },
        halt: halt.map(|halt| HaltShown {
            state: match halt.done_at {
                Some(_) => Shown::new(Look::Halted, "halted"),
                None => Shown::new(Look::Working, "pending"),
            },
            waits: halt.waits.unwrap_or_default(),
            by: halt.asked_by,
            at: When::new(halt.asked_at, now),
        }),
        grid: grid(mirror, &detail, now, &within),
        grid_more: mirror.tree.groups.len().saturating_sub(GRID_MAX.max(detail.approvals.len())),
        groups: choices_within(mirror, &within),
        servers: servers(mirror, &detail.servers),
        supersedes: detail.supersedes.iter().map(link).collect(),
        superseded_by: detail.superseded_by.iter().map(link).collect(),
        history: detail
            .history
            .iter()
            .map(|change| Past {
                at: When::new(change.at, now),
                is_outside: change.outside,
                by: change.by.clone(),
                what: past(change),
            })
            .collect(),
    })
}

/// `Halted: offered still on 1 of 5 servers, 1 not reached. `
fn halted(detail: &UpdateDetail, is_halted: bool) -> String {
    let on = |arrival| detail.servers.iter().filter(|one| one.arrival == arrival).count() as u64;
    let (offered, unreached) = (on(Arrival::Offered), on(Arrival::NotReached));
    let all = counted(detail.servers.len() as u64, "server");
    match (is_halted, offered, unreached) {
        (false, ..) => String::new(),
        (true, ..) if detail.servers.is_empty() => "Halted. ".to_owned(),
        (true, 0, 0) => "Halted: offered nowhere. ".to_owned(),
        (true, offered, 0) => format!("Halted: offered still on {} of {all}. ", grouped(offered)),
        (true, 0, unreached) => format!("Halted: {} of {all} not reached. ", grouped(unreached)),
        (true, offered, unreached) => {
            format!(
                "Halted: offered still on {} of {all}, {} not reached. ",
                grouped(offered),
                grouped(unreached)
            )
        }
    }
}

/// `Needed by 412 computers, failed on 9, unknown on 12 and on 130 silent ones.`
fn verdict(detail: &UpdateDetail) -> String {
    let status = detail.status;
    let open = status.needed + status.downloaded;
    let mut parts = Vec::new();
    if open + status.failed > 0 {
        parts.push(format!("Needed by {}", counted(open + status.failed, "computer")));
    }
    if status.failed > 0 {
        parts.push(format!("failed on {}", grouped(status.failed)));
    }
    if status.pending_restart > 0 {
        parts.push(format!("pending restart on {}", grouped(status.pending_restart)));
    }
    if parts.is_empty() && status.installed > 0 {
        parts.push(format!("Installed on {}, needed by none", counted(status.installed, "computer")));
    }
    if parts.is_empty() {
        parts.push("No computer has said that it needs it".to_owned());
    }
    match (status.unknown, detail.silent) {
        (0, 0) => {}
        (unknown, 0) => parts.push(format!("unknown on {}", grouped(unknown))),
        (0, silent) => parts.push(format!("unknown on {} silent", grouped(silent))),
        (unknown, silent) => {
            parts.push(format!("unknown on {} and on {} silent", grouped(unknown), grouped(silent)));
        }
    }
    sentence(&parts.join(", ")) + "."
}

fn counts(detail: &UpdateDetail) -> Vec<Count> {
    let status = detail.status;
    let counted = [
        (ComputerUpdateState::Needed, status.needed),
        (ComputerUpdateState::Downloaded, status.downloaded),
        (ComputerUpdateState::Installed, status.installed),
        (ComputerUpdateState::PendingRestart, status.pending_restart),
        (ComputerUpdateState::Failed, status.failed),
        (ComputerUpdateState::NotApplicable, status.not_applicable),
        (ComputerUpdateState::Unknown, status.unknown),
    ];
    let count = |(state, count)| {
        let href = format!("/updates/{}/computers?state={}", detail.summary.id, value(state));
        Count { state: headwater_words::approval::state(state), count, href }
    };
    let mut counts: Vec<Count> = counted.map(count).into();
    counts.push(Count { state: "silent", count: detail.silent, href: String::new() });
    counts
}

fn facts(detail: &UpdateDetail) -> Vec<(&'static str, String)> {
    let summary = &detail.summary;
    let held = detail.files.iter().filter(|file| file.held).count() as u64;
    let bytes: u64 = detail.files.iter().map(|file| file.size_bytes).sum();
    let files = match detail.files.len() as u64 {
        0 => "not told".to_owned(),
        all => format!("{} of {}, {} together", grouped(held), counted(all, "file"), size(bytes)),
    };
    let mut facts = vec![
        ("Article", summary.kb.iter().map(|kb| format!("KB{kb}")).collect::<Vec<_>>().join(", ")),
        ("Classification", summary.classification.clone().unwrap_or_default()),
        ("Severity", summary.severity.clone().unwrap_or_default()),
        ("Products", summary.products.join(", ")),
        ("Revision", summary.revision.to_string()),
        ("Files at the top", files),
        ("Id", summary.id.to_string()),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

/// The groups in the order of the tree, each with its own approval or the one that reaches it.
fn grid(mirror: &Mirror, detail: &UpdateDetail, now: Timestamp, within: &Within<'_>) -> Vec<Cell> {
    let mut cells = Vec::new();
    let own = |id: GroupId| detail.approvals.iter().find(|approval| approval.group == id);
    let tree = mirror.tree.group_tree();
    let mut groups: Vec<(String, usize, GroupId, &str)> = mirror
        .tree
        .groups
        .iter()
        .map(|group| {
            let chain: Vec<GroupId> = tree.chain(group.id).collect();
            let names = chain.iter().rev().filter_map(|id| tree.get(*id));
            let key = names.map(|group| group.name.to_lowercase()).collect::<Vec<_>>().join("\n");
            (key, chain.len() - 1, group.id, group.name.as_str())
        })
        .collect();
    groups.sort();
    // Of very many groups those with an approval of their own are the ones that are looked for.
    let mut room = GRID_MAX.saturating_sub(detail.approvals.len());
    for (_, depth, id, name) in groups {
        if own(id).is_none() {
            if room == 0 {
                continue;
            }
            room -= 1;
        }
        let effective = tree.chain(id).find_map(|at| Some((at, own(at)?)));
        let from = effective.as_ref().filter(|(at, _)| *at != id).and_then(|(at, _)| tree.get(*at));
        let approval = effective.map(|(_, approval)| approval);
        cells.push(Cell {
            group: name.to_owned(),
            group_id: id.to_string(),
            indent: depth.min(6),
            action: approval.map_or("–", |approval| action(approval.action)),
            can_withdraw: approval.is_some() && from.is_none() && within.has(id),
            from: from.map_or_else(String::new, |group| group.name.clone()),
            deadline: approval.and_then(|approval| approval.deadline).map(|at| When::new(at, now)),
            by: approval.map_or_else(String::new, |approval| approval.by.clone()),
            at: approval.and_then(|approval| When::known(approval.at, now)),
            is_outside: approval.is_some_and(|approval| approval.outside),
        });
    }
    cells
}

fn servers(mirror: &Mirror, on_servers: &[UpdateOnServer]) -> Vec<OnServer> {
    let row = |one: &UpdateOnServer| {
        let look = match one.arrival {
            Arrival::NotReached => Look::Failed,
            Arrival::NotKnown | Arrival::NotYet | Arrival::Otherwise | Arrival::Offered => Look::Differs,
            Arrival::Withdrawn => Look::Halted,
            Arrival::DecidesByItself | Arrival::NotOffered => Look::Silent,
            Arrival::AsAbove => Look::InStep,
        };
        OnServer {
            name: one.server.name.clone(),
            indent: mirror.tree.server(one.server.id).map_or(0, |known| known.depth.min(6)),
            state: Shown::new(look, arrival(one.arrival)),
            revision: one.revision.map_or_else(|| "–".to_owned(), |revision| revision.to_string()),
            approvals: one.approvals.map_or_else(|| "–".to_owned(), dash),
            downloaded: one.downloaded.map_or_else(|| "–".to_owned(), dash),
            content: match (one.files_held, one.files) {
                (Some(held), Some(all)) => format!("{held} of {}", counted(all, "file")),
                _ => "–".to_owned(),
            },
        }
    };
    on_servers.iter().map(row).collect()
}

/// What a page shows of an update's approvals.
pub(super) fn seen(detail: &UpdateDetail) -> Vec<SeenUpdate> {
    let approvals = detail.approvals.iter();
    let approvals: Vec<SeenApproval> = approvals
        .map(|one| SeenApproval { group: one.group, action: one.action, deadline: one.deadline })
        .collect();
    match approvals.len() {
        0..=SEEN_MAX => vec![SeenUpdate { update: detail.summary.id, approvals }],
        _ => Vec::new(),
    }
}

/// What it shows of the approval for one group.
pub(super) fn seen_for(detail: &UpdateDetail, group: GroupId) -> Vec<SeenUpdate> {
    let own = detail.approvals.iter().filter(|one| one.group == group);
    let approvals =
        own.map(|one| SeenApproval { group, action: one.action, deadline: one.deadline }).collect();
    vec![SeenUpdate { update: detail.summary.id, approvals }]
}

/// What was seen, for the hidden field `seen` of a form.
pub(super) fn written(seen: &[SeenUpdate]) -> Result<String, Failure> {
    serde_json::to_string(seen).map_err(|_| Failure::invalid("the approvals cannot be written into a form"))
}

/// The hidden field `seen` of a form; one without it says nothing.
pub(super) fn read(fields: &Fields) -> Result<Vec<SeenUpdate>, Failure> {
    match fields.get("seen") {
        "" => Ok(Vec::new()),
        text => {
            serde_json::from_str(text).map_err(|_| Failure::invalid("what the page showed cannot be read"))
        }
    }
}

fn past(change: &headwater_api::Change) -> String {
    let mut text = change.what.clone();
    if let Some(group) = &change.group {
        text += &format!(" for {}", group.name);
    }
    match (&change.from, &change.to) {
        (Some(from), Some(to)) => text + &format!(": {from} became {to}"),
        (None, Some(to)) => text + &format!(": {to}"),
        (Some(from), None) => text + &format!(": it was {from}"),
        (None, None) => text,
    }
}

pub(crate) async fn withdraw(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let update = parsed(&id)?;
    let group = fields.get("group").parse().map_err(|_| Failure::invalid("choose a group"))?;
    let by = &manager.for_group(visitor.asking(), group).await??.name;
    all_applied(&manager.approve(&[update], group, None, &read(&fields)?, by).await?)?;
    Ok(Redirect::to(&format!("/updates/{update}")))
}

pub(crate) async fn decline(
    manager: Shared,
    visitor: Visitor,
    id: Path<String>,
    fields: Form,
) -> Result<Redirect, Failure> {
    set_declined(manager, visitor, id, true, fields).await
}

pub(crate) async fn undecline(
    manager: Shared,
    visitor: Visitor,
    id: Path<String>,
    fields: Form,
) -> Result<Redirect, Failure> {
    set_declined(manager, visitor, id, false, fields).await
}

async fn set_declined(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    decline: bool,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let update = parsed(&id)?;
    let by = visitor.permitted(Action::Administer)?;
    all_applied(&manager.decline(&[update], decline, &read(&fields)?, by).await?)?;
    Ok(Redirect::to(&format!("/updates/{update}")))
}

pub(crate) async fn halt(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Redirect, Failure> {
    let update = parsed(&id)?;
    let by = visitor.permitted(Action::ForEveryGroup)?;
    if manager.halt(update, by).await?.done_at.is_none() {
        tracing::warn!(%update, "a halt is pending");
    }
    Ok(Redirect::to(&format!("/updates/{update}")))
}

pub(super) fn parsed(id: &str) -> Result<UpdateId, Failure> {
    id.parse().map_err(|_| Failure::not_found("this is no id of an update"))
}

/// Whatever was refused is said, with the first reason.
pub(super) fn all_applied(done: &UpdatesOutcome) -> Result<(), Failure> {
    let Some(first) = done.refused.first() else { return Ok(()) };
    let all = (done.refused.len() + done.applied.len() + done.unchanged.len()) as u64;
    Err(Failure::changed(match all {
        1 => format!("the update was left as it is: {}", first.reason),
        _ => format!("{} of {} refused: {}", done.refused.len(), counted(all, "update"), first.reason),
    }))
}
