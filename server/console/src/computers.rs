//! Computers: the list, and one of them.

use std::collections::HashSet;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Response};
use headwater_api::{
    ComputerDetail, ComputerQuery, ComputerSummary, ComputerUpdateState, PAGE_LIMIT_MAX, UpdateQuery,
};
use headwater_manager::{ComputerOrder, Direction, Manager, Mirror, Question, UpdateOrder, why};
use headwater_model::{ClientId, GroupId, ServerId, Timestamp, chain};
use headwater_words::approval::action;
use headwater_words::csv::line;
use headwater_words::error::meaning;
use headwater_words::quantity::counted;

use crate::Shared;
use crate::csv::csv;
use crate::failure::Failure;
use crate::fields::{Fields, Query};
use crate::frame::Frame;
use crate::heads::{Head, direction, heads};
use crate::look::{Look, State as Shown, When};
use crate::overview::dash;
use crate::session::Visitor;
use crate::updates::{Choices, GroupChoice, choices, group_meant};

const ROWS: u32 = 100;

#[derive(Template)]
#[template(path = "computers.html")]
struct List {
    frame: Frame,
    verdict: String,
    search: String,
    is_outside: bool,
    groups: Choices,
    servers: Vec<GroupChoice>,
    heads: Vec<Head>,
    rows: Vec<Row>,
    next: Option<String>,
    csv: String,
}

struct Row {
    id: String,
    name: String,
    more: String,
    server: String,
    groups: String,
    state: Shown,
    contact: Option<When>,
    needed: String,
    failed: String,
}

fn query(fields: &Fields, mirror: &Mirror) -> Result<ComputerQuery, Failure> {
    let no_group = |name: String| Failure::invalid(format!("there is no group {name}"));
    let group = fields.text("group").map(|name| group_meant(mirror, &name).ok_or_else(|| no_group(name)));
    Ok(ComputerQuery {
        search: fields.text("search"),
        group: group.transpose()?,
        server: server(fields)?,
        outside: !fields.get("outside").is_empty(),
        limit: Some(ROWS),
        after: fields.text("after"),
    })
}

fn server(fields: &Fields) -> Result<Option<ServerId>, Failure> {
    let server = fields.text("server").map(|server| server.parse()).transpose();
    server.map_err(|_| Failure::invalid("this is no id of a server"))
}

fn order(fields: &Fields) -> (ComputerOrder, Direction) {
    let order = match fields.get("sort") {
        "server" => ComputerOrder::Server,
        "contact" => ComputerOrder::LastContact,
        "needed" => ComputerOrder::Needed,
        "failed" => ComputerOrder::Failed,
        _ => ComputerOrder::Name,
    };
    (order, direction(fields))
}

pub(crate) async fn list(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let (mirror, now) = (manager.mirror(), manager.now());
    let query = query(&fields, &mirror)?;
    let (order, direction) = order(&fields);
    let found = mirror.computers.find(&query, &mirror.tree, order, direction);
    let columns = [
        ("Computer", "name*", false),
        ("Server", "server", false),
        ("Groups", "", false),
        ("State", "", false),
        ("Last contact", "contact", false),
        ("Needed", "needed", true),
        ("Failed", "failed", true),
    ];
    let chosen = query.server;
    let page = List {
        frame: Frame::new(&manager, &visitor, "/computers", "Computers", &fields),
        verdict: match found.total.unwrap_or_default() {
            0 => "No computer matches.".to_owned(),
            total => format!("{}.", counted(total, "computer")),
        },
        search: fields.get("search").to_owned(),
        is_outside: query.outside,
        groups: choices(&mirror, query.group),
        servers: mirror
            .tree
            .servers
            .iter()
            .map(|one| GroupChoice {
                id: one.server.id.to_string(),
                name: one.server.name.clone(),
                is_chosen: chosen == Some(one.server.id),
            })
            .collect(),
        heads: heads("/computers", &fields, &columns),
        rows: found.items.iter().map(|computer| row(computer, now)).collect(),
        next: found.next.map(|next| format!("/computers?{}", fields.with("after", &next))),
        csv: format!("/computers.csv?{}", fields.with("after", "")),
    };
    Ok(Html(page.render()?))
}

/// All that the list shows with this filter, in its order.
pub(crate) async fn export(State(manager): Shared, Query(fields): Query) -> Result<Response, Failure> {
    let mirror = manager.mirror();
    let (order, direction) = order(&fields);
    let mut query = ComputerQuery { limit: Some(PAGE_LIMIT_MAX), after: None, ..query(&fields, &mirror)? };
    let mut text =
        line(["id", "name", "server", "groups", "os", "last contact", "needed", "failed", "pending restart"]);
    loop {
        let page = mirror.computers.find(&query, &mirror.tree, order, direction);
        for one in &page.items {
            text += &line([
                one.id.as_str(),
                &one.name,
                one.server.as_ref().map_or("", |server| &server.name),
                &groups(one),
                one.os.as_deref().unwrap_or_default(),
                &one.last_contact_at.to_string(),
                &(one.status.needed + one.status.downloaded).to_string(),
                &one.status.failed.to_string(),
                &one.status.pending_restart.to_string(),
            ]);
        }
        query.after = page.next;
        if query.after.is_none() {
            return Ok(csv("computers.csv", text));
        }
    }
}

fn groups(computer: &ComputerSummary) -> String {
    computer.groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn shown(computer: &ComputerSummary) -> Shown {
    let status = computer.status;
    let open = status.needed + status.downloaded;
    match computer {
        _ if computer.silent => Shown::new(Look::Silent, "silent"),
        _ if status.failed > 0 => Shown::new(Look::Failed, format!("{} failed", status.failed)),
        _ if computer.last_report_at.is_none() => Shown::new(Look::Silent, "not reported yet"),
        _ if status.pending_restart > 0 => Shown::new(Look::Working, "pending restart"),
        _ if open > 0 => Shown::new(Look::Differs, format!("{open} needed")),
        _ => Shown::new(Look::InStep, "up to date"),
    }
}

fn row(computer: &ComputerSummary, now: Timestamp) -> Row {
    let more = [&computer.os, &computer.address].into_iter().flatten().cloned().collect::<Vec<_>>();
    Row {
        id: computer.id.to_string(),
        name: computer.name.clone(),
        more: more.join(" · "),
        server: computer.server.as_ref().map_or_else(|| "–".to_owned(), |server| server.name.clone()),
        groups: groups(computer),
        state: shown(computer),
        contact: When::known(computer.last_contact_at, now),
        needed: dash(computer.status.needed + computer.status.downloaded),
        failed: dash(computer.status.failed),
    }
}

/// Names and addresses that the page of a computer tells.
const SEEN: usize = 20;
/// Approvals that the page of a computer tells.
const APPROVALS: usize = 100;

#[derive(Template)]
#[template(path = "computer.html")]
struct Page {
    frame: Frame,
    id: String,
    name: String,
    verdict: String,
    problem: String,
    state: Shown,
    facts: Vec<(&'static str, String)>,
    contact: Option<When>,
    report: Option<When>,
    registered: Option<When>,
    groups: Vec<Membership>,
    twins: Vec<Twin>,
    seen: Vec<Seen>,
    updates: Vec<Update>,
    approvals: Vec<InEffect>,
    approvals_more: usize,
    asked: String,
    answer: String,
}

/// A group that it is in, or should be.
struct Membership {
    group: String,
    state: Shown,
    because: String,
}

/// How it was seen before: under which name, and where.
struct Seen {
    at: When,
    name: String,
    address: String,
}

/// Another computer of the same name.
struct Twin {
    id: String,
    server: String,
    contact: Option<When>,
}

struct Update {
    id: String,
    title: String,
    state: Shown,
    error: String,
    since: Option<When>,
}

/// What is in effect for it.
struct InEffect {
    id: String,
    title: String,
    action: &'static str,
    deadline: Option<When>,
    group: String,
}

pub(crate) async fn show(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let client: ClientId = id.parse().map_err(|_| Failure::not_found("this is no id of a computer"))?;
    let mirror = manager.mirror();
    let (detail, problem) = match (manager.computer(&client).await, mirror.computers.get(&client)) {
        (Ok(detail), _) => (detail, String::new()),
        (Err(error), Some(known)) => (remembered(known), chain(&error)),
        (Err(error), None) => return Err(error.into()),
    };
    let wanted = manager.host_groups_of(&client).await?;
    let answer = answer(&manager, &mirror, &detail, fields.get("why")).await?;
    // Those that host groups are made into.
    let ours = manager.host_groups().await?.into_iter().filter_map(|group| group.wsus_group).collect();
    let now = manager.now();
    let page = page(&manager, &visitor, &mirror, &detail, (&wanted, &ours), now);
    let seen = manager.seen_as(&client).await?.into_iter().take(SEEN);
    let seen = seen.map(|(at, name, address)| Seen { at: When::new(at, now), name, address }).collect();
    let page = Page { problem, asked: fields.get("why").to_owned(), answer, seen, ..page };
    Ok(Html(page.render()?))
}

fn remembered(known: &ComputerSummary) -> ComputerDetail {
    ComputerDetail {
        summary: known.clone(),
        registered_at: Timestamp::EPOCH,
        agent_version: None,
        architecture: None,
        requested_group: None,
        updates: Vec::new(),
        approvals: Vec::new(),
    }
}

/// Why an update that was asked about is not offered.
async fn answer(
    manager: &Manager,
    mirror: &Mirror,
    computer: &ComputerDetail,
    asked: &str,
) -> Result<String, Failure> {
    if asked.is_empty() {
        return Ok(String::new());
    }
    let query = UpdateQuery { search: Some(asked.to_owned()), limit: Some(1), ..UpdateQuery::default() };
    let found = mirror.updates.find(&query, UpdateOrder::default(), Direction::default());
    let Some(update) = found.items.first() else {
        return Ok(format!("The WSUS knows no update {asked}."));
    };
    let is_halted = manager.halts().await?.iter().any(|halt| halt.update == update.id);
    let sentence = why(Question { update, is_halted, computer, tree: &mirror.tree });
    Ok(format!("{}: {sentence}", update.title))
}

fn page(
    manager: &Manager,
    visitor: &Visitor,
    mirror: &Mirror,
    detail: &ComputerDetail,
    (wanted, ours): (&[(String, Option<GroupId>)], &HashSet<GroupId>),
    now: Timestamp,
) -> Page {
    let summary = &detail.summary;
    let status = summary.status;
    let open = status.needed + status.downloaded;
    let verdict = match (status.failed, open) {
        (0, 0) if summary.last_report_at.is_none() => "It has not reported yet.".to_owned(),
        (0, 0) => "It has all that it needs.".to_owned(),
        (0, open) => format!("It needs {}.", counted(open, "update")),
        (failed, open) => format!("{} failed, {open} needed.", counted(failed, "update")),
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut facts = vec![
        ("Id", summary.id.to_string()),
        ("Server", summary.server.as_ref().map_or_else(String::new, |server| server.name.clone())),
        ("Address", text(&summary.address)),
        ("System", [text(&summary.os), text(&summary.os_version)].join(" ").trim().to_owned()),
        ("Architecture", text(&detail.architecture)),
        ("Model", [text(&summary.manufacturer), text(&summary.model)].join(" ").trim().to_owned()),
        ("Update agent", text(&detail.agent_version)),
        ("Group by policy", text(&detail.requested_group)),
        ("Note", text(&summary.note)),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    let twins = mirror
        .computers
        .all()
        .iter()
        .filter(|other| other.id != summary.id && other.name.eq_ignore_ascii_case(&summary.name));
    Page {
        frame: Frame::new(manager, visitor, "/computers", &summary.name, &Fields::default()),
        id: summary.id.to_string(),
        name: summary.name.clone(),
        verdict,
        problem: String::new(),
        state: shown(summary),
        facts,
        contact: When::known(summary.last_contact_at, now),
        report: summary.last_report_at.map(|at| When::new(at, now)),
        registered: When::known(detail.registered_at, now),
        groups: memberships(detail, wanted, ours),
        twins: twins
            .map(|other| Twin {
                id: other.id.to_string(),
                server: other.server.as_ref().map_or_else(String::new, |server| server.name.clone()),
                contact: When::known(other.last_contact_at, now),
            })
            .collect(),
        seen: Vec::new(),
        updates: detail.updates.iter().map(|one| update(one, now)).collect(),
        approvals: detail.approvals.iter().take(APPROVALS).map(|one| in_effect(one, now)).collect(),
        approvals_more: detail.approvals.len().saturating_sub(APPROVALS),
        asked: String::new(),
        answer: String::new(),
    }
}

/// The groups that it is in and those that host groups want it in, each with what put it there.
fn memberships(
    detail: &ComputerDetail,
    wanted: &[(String, Option<GroupId>)],
    ours: &HashSet<GroupId>,
) -> Vec<Membership> {
    let mut all: Vec<Membership> = Vec::new();
    for group in &detail.summary.groups {
        let wants = wanted.iter().find(|(_, id)| *id == Some(group.id));
        all.push(Membership {
            group: group.name.clone(),
            state: match (wants, ours.contains(&group.id)) {
                (None, true) => Shown::new(Look::Differs, "not wanted"),
                _ => Shown::new(Look::InStep, "member"),
            },
            because: match (wants, ours.contains(&group.id)) {
                (Some((host_group, _)), _) => format!("the host group {host_group} has it"),
                (None, true) => "its host group does not have it; synchronise its server".to_owned(),
                (None, false) => "it was put there on the WSUS, or by its policy".to_owned(),
            },
        });
    }
    for (host_group, id) in wanted {
        let is_member = id.is_some_and(|id| detail.summary.groups.iter().any(|group| group.id == id));
        if !is_member {
            all.push(Membership {
                group: host_group.clone(),
                state: Shown::new(Look::Differs, "wanted"),
                because: match id {
                    Some(_) => "the host group has it; synchronise its server".to_owned(),
                    None => "the host group has it, and no WSUS group is made from that".to_owned(),
                },
            });
        }
    }
    all
}

fn in_effect(one: &headwater_api::EffectiveApproval, now: Timestamp) -> InEffect {
    InEffect {
        id: one.id.to_string(),
        title: one.title.clone(),
        action: action(one.action),
        deadline: one.deadline.map(|at| When::new(at, now)),
        group: one.group.name.clone(),
    }
}

fn update(one: &headwater_api::ComputerUpdate, now: Timestamp) -> Update {
    let state = match one.state {
        ComputerUpdateState::Failed => Shown::new(Look::Failed, "failed"),
        ComputerUpdateState::Needed => Shown::new(Look::Differs, "needed"),
        ComputerUpdateState::Downloaded => Shown::new(Look::Working, "downloaded"),
        ComputerUpdateState::PendingRestart => Shown::new(Look::Working, "pending restart"),
    };
    Update {
        id: one.id.to_string(),
        title: one.title.clone(),
        state,
        error: match &one.error {
            Some(code) => match meaning(code) {
                Some(meaning) => format!("{code}: {meaning}"),
                None => code.clone(),
            },
            None => String::new(),
        },
        since: When::known(one.since, now),
    }
}
