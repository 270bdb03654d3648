//! Updates: the list, one of them, and the preview of an approval.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use headwater_api::{
    ApprovalAction, ApprovalFilter, NewRevisions, PAGE_LIMIT_MAX, UPDATES_PER_REQUEST_MAX, UpdateCounts,
    UpdateDetail, UpdateQuery, UpdateRef, UpdateState, UpdateSummary, UpdatesOutcome,
};
use headwater_manager::{Direction, Halt, Manager, Mirror, Terms, UpdateOrder};
use headwater_model::{GroupId, ServerId, Timestamp, UpdateId};
use headwater_words::quantity::{counted, grouped, size};

use crate::Shared;
use crate::failure::Failure;
use crate::fields::{Fields, Form, Query};
use crate::frame::Frame;
use crate::look::{Look, State as Shown, When};
use crate::overview::dash;
use crate::session::Visitor;

/// Rows of a page of the list.
const ROWS: u32 = 100;

#[derive(Template)]
#[template(path = "updates.html")]
struct List {
    frame: Frame,
    verdict: String,
    search: String,
    approval: String,
    classification: String,
    classifications: Vec<String>,
    superseded: bool,
    declined: bool,
    implicit: bool,
    heads: Vec<Head>,
    rows: Vec<Row>,
    groups: Vec<GroupChoice>,
    next: Option<String>,
    csv: String,
}

/// The head of a column, which sorts by it.
pub(crate) struct Head {
    pub name: &'static str,
    pub href: String,
    /// `ascending` or `descending` where it sorts now.
    pub sorted: &'static str,
    pub is_number: bool,
}

struct Row {
    id: String,
    title: String,
    more: String,
    classification: String,
    state: Shown,
    arrived: Option<When>,
    needed: String,
    installed: String,
    failed: String,
}

pub(crate) struct GroupChoice {
    pub id: String,
    pub name: String,
    pub is_chosen: bool,
}

fn query(fields: &Fields) -> UpdateQuery {
    let only = |name: &str, hidden: bool| (hidden && fields.get(name) != "yes").then_some(false);
    UpdateQuery {
        search: fields.text("search"),
        classification: fields.text("classification"),
        product: fields.text("product"),
        approval: match fields.get("approval") {
            "approved" => Some(ApprovalFilter::Approved),
            "unapproved" => Some(ApprovalFilter::Unapproved),
            _ => None,
        },
        // What nobody can do anything with is only shown when it is asked for, or searched for.
        declined: only("declined", fields.get("search").is_empty()),
        superseded: only("superseded", fields.get("search").is_empty()),
        implicit: only("implicit", fields.get("search").is_empty()),
        limit: Some(ROWS),
        after: fields.text("after"),
        ..UpdateQuery::default()
    }
}

fn order(fields: &Fields) -> (UpdateOrder, Direction) {
    let order = match fields.get("sort") {
        "title" => UpdateOrder::Title,
        "needed" => UpdateOrder::Needed,
        "failed" => UpdateOrder::Failed,
        _ => UpdateOrder::Arrival,
    };
    (order, direction(fields))
}

pub(crate) fn direction(fields: &Fields) -> Direction {
    if fields.get("order") == "reversed" { Direction::Reversed } else { Direction::Usual }
}

/// The heads of a table; those with a key sort by it. The first key is what it is sorted by unasked.
pub(crate) fn heads(path: &str, fields: &Fields, columns: &[(&'static str, &str, bool)]) -> Vec<Head> {
    let unasked = columns.iter().map(|(_, key, _)| *key).find(|key| key.ends_with('*')).unwrap_or_default();
    let now = Some(fields.get("sort")).filter(|sort| !sort.is_empty());
    let head = |(name, key, is_number): &(&'static str, &str, bool)| {
        let is_here = now.map_or(*key == unasked && !key.is_empty(), |now| now == key.trim_end_matches('*'));
        let key = key.trim_end_matches('*');
        let is_reversed = fields.get("order") == "reversed";
        let turned = if is_here && !is_reversed { "reversed" } else { "" };
        let sorted = match (is_here, is_reversed == *is_number) {
            (false, _) => "",
            (true, true) => "ascending",
            (true, false) => "descending",
        };
        let query = Fields::parse(fields.with("after", "").as_bytes()).with("order", turned);
        let query = Fields::parse(query.as_bytes()).with("sort", key);
        let href = if key.is_empty() { String::new() } else { format!("{path}?{query}") };
        Head { name, href, sorted, is_number: *is_number }
    };
    columns.iter().map(head).collect()
}

pub(crate) async fn list(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Response, Failure> {
    let (mirror, now) = (manager.mirror(), manager.now());
    let (order, direction) = order(&fields);
    let found = mirror.updates.find(&query(&fields), order, direction);
    // Whoever searches for one thing wants to see it; a computer's name is searched for here too.
    if found.total == Some(0)
        && let Some(search) = fields.text("search")
    {
        return Ok(
            Redirect::to(&format!("/computers?search={}", crate::fields::encoded(&search))).into_response()
        );
    }
    let total = found.total.unwrap_or_default();
    let columns = [
        ("Update", "title", false),
        ("Classification", "", false),
        ("State", "", false),
        ("Arrived", "arrival*", false),
        ("Needed", "needed", true),
        ("Installed", "", true),
        ("Failed", "failed", true),
    ];
    let page = List {
        frame: Frame::new(&manager, &visitor, "/updates", "Updates", &fields),
        verdict: match total {
            0 => "No update matches.".to_owned(),
            _ => format!("{}.", counted(total, "update")),
        },
        search: fields.get("search").to_owned(),
        approval: fields.get("approval").to_owned(),
        classification: fields.get("classification").to_owned(),
        classifications: classifications(&mirror),
        superseded: fields.get("superseded") == "yes",
        declined: fields.get("declined") == "yes",
        implicit: fields.get("implicit") == "yes",
        heads: heads("/updates", &fields, &columns),
        rows: found.items.iter().map(|update| row(update, now)).collect(),
        groups: choices(&mirror, None),
        next: found.next.map(|next| format!("/updates?{}", fields.with("after", &next))),
        csv: format!("/updates.csv?{}", fields.with("after", "")),
    };
    Ok(Html(page.render()?).into_response())
}

/// All that the list shows with this filter, in its order.
pub(crate) async fn export(State(manager): Shared, Query(fields): Query) -> Response {
    let mirror = manager.mirror();
    let (order, direction) = order(&fields);
    let mut query = UpdateQuery { limit: Some(PAGE_LIMIT_MAX), after: None, ..query(&fields) };
    let mut text = csv_line([
        "id",
        "title",
        "kb",
        "classification",
        "state",
        "arrived",
        "needed",
        "installed",
        "failed",
    ]);
    loop {
        let page = mirror.updates.find(&query, order, direction);
        for update in &page.items {
            text += &csv_line([
                &update.id.to_string(),
                &update.title,
                &update.kb.join(" "),
                update.classification.as_deref().unwrap_or_default(),
                &shown(update).word,
                &update.arrived_at.to_string(),
                &update.needed.to_string(),
                &update.installed.to_string(),
                &update.failed.to_string(),
            ]);
        }
        query.after = page.next;
        if query.after.is_none() {
            return csv("updates.csv", text);
        }
    }
}

pub(crate) fn csv(name: &str, text: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    (
        [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        text,
    )
        .into_response()
}

/// One line of RFC 4180. What a spreadsheet would take for a formula is marked as text.
pub(crate) fn csv_line<const N: usize>(cells: [&str; N]) -> String {
    let cell = |cell: &str| {
        let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
        format!("\"{guard}{}\"", cell.replace('"', "\"\""))
    };
    cells.map(cell).join(",") + "\r\n"
}

fn classifications(mirror: &Mirror) -> Vec<String> {
    let mut all: Vec<String> =
        mirror.updates.all().iter().filter_map(|update| update.classification.clone()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The groups that can be approved for, by name, nested ones with those above them.
pub(crate) fn choices(mirror: &Mirror, chosen: Option<GroupId>) -> Vec<GroupChoice> {
    let path = |id| {
        let mut names: Vec<&str> = mirror
            .tree
            .chain(id)
            .into_iter()
            .filter_map(|id| mirror.tree.group(id))
            .map(|group| &*group.name)
            .collect();
        // All Computers is above everyone and says nothing.
        if names.len() > 1 {
            names.pop();
        }
        names.reverse();
        names.join(" / ")
    };
    let mut choices: Vec<GroupChoice> = mirror
        .tree
        .groups
        .iter()
        .map(|group| GroupChoice {
            id: group.id.to_string(),
            name: path(group.id),
            is_chosen: chosen == Some(group.id),
        })
        .collect();
    choices.sort_by_key(|choice| choice.name.to_lowercase());
    choices
}

fn shown(update: &UpdateSummary) -> Shown {
    match update.state {
        UpdateState::Declined => Shown::new(Look::Silent, "declined"),
        UpdateState::Expired => Shown::new(Look::Silent, "expired"),
        UpdateState::Incomplete => Shown::new(Look::Failed, "incomplete"),
        UpdateState::Implicit => Shown::new(Look::Silent, "follows others"),
        UpdateState::Approvable if update.approved_groups > 0 => {
            Shown::new(Look::InStep, format!("approved for {}", counted(update.approved_groups, "group")))
        }
        UpdateState::Approvable if update.superseded => Shown::new(Look::Silent, "superseded"),
        UpdateState::Approvable if update.needed > 0 => Shown::new(Look::Differs, "not approved"),
        UpdateState::Approvable => Shown::new(Look::Silent, "not approved"),
    }
}

fn row(update: &UpdateSummary, now: Timestamp) -> Row {
    let mut more: Vec<String> = update.kb.iter().map(|kb| format!("KB{kb}")).collect();
    more.extend(update.severity.clone());
    more.extend(update.products.iter().cloned());
    Row {
        id: update.id.to_string(),
        title: update.title.clone(),
        more: more.join(" · "),
        classification: update.classification.clone().unwrap_or_else(|| "–".to_owned()),
        state: shown(update),
        arrived: When::known(update.arrived_at, now),
        needed: dash(update.needed),
        installed: dash(update.installed),
        failed: dash(update.failed),
    }
}

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
    counts: Vec<(&'static str, u64)>,
    is_declined: bool,
    can_approve: bool,
    can_halt: bool,
    approvals: String,
    halt: Option<HaltShown>,
    grid: Vec<Cell>,
    groups: Vec<GroupChoice>,
    servers: Vec<OnServer>,
    supersedes: Vec<Link>,
    superseded_by: Vec<Link>,
    history: Vec<Past>,
}

struct HaltShown {
    state: Shown,
    by: String,
    at: When,
}

/// What is in effect for one group.
struct Cell {
    group: String,
    group_id: String,
    indent: usize,
    action: &'static str,
    /// From which group it comes, where it is not its own.
    from: String,
    deadline: Option<When>,
    by: String,
    at: Option<When>,
}

/// How far an update has come on one server.
struct OnServer {
    name: String,
    indent: usize,
    state: Shown,
    revision: String,
    approvals: String,
    content: String,
}

struct Link {
    href: String,
    title: String,
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
    let detail = manager.update(id).await;
    let known = mirror.updates.get(id);
    let (detail, problem) = match (detail, known) {
        (Ok(detail), _) => (detail, String::new()),
        (Err(error), Some(known)) => (remembered(known, &mirror), headwater_model::chain(&error)),
        (Err(error), None) => return Err(error.into()),
    };
    let on_servers = if problem.is_empty() { manager.update_on_servers(id).await? } else { Vec::new() };
    Ok(Html(page(&manager, &visitor, &mirror, detail, problem, &on_servers).await?.render()?))
}

/// What the mirror knows of an update whose server is not reached.
fn remembered(known: &UpdateSummary, mirror: &Mirror) -> UpdateDetail {
    let approvals = mirror.tree.approvals.iter().filter(|one| one.update == known.id);
    UpdateDetail {
        summary: known.clone(),
        description: String::new(),
        languages: Vec::new(),
        files: Vec::new(),
        prerequisites: Vec::new(),
        bundles: Vec::new(),
        bundled_by: Vec::new(),
        supersedes: Vec::new(),
        superseded_by: Vec::new(),
        approvals: approvals
            .map(|one| headwater_api::Approval {
                group: one.group,
                group_name: mirror.tree.group(one.group).map_or_else(String::new, |group| group.name.clone()),
                action: one.action,
                deadline: one.deadline,
                by: String::new(),
                at: Timestamp::EPOCH,
                revision: Some(one.revision).filter(|revision| *revision != known.revision),
            })
            .collect(),
        revisions: Vec::new(),
        history: Vec::new(),
        incomplete: Vec::new(),
        status: UpdateCounts {
            installed: known.installed,
            needed: known.needed.saturating_sub(known.failed),
            failed: known.failed,
            ..UpdateCounts::default()
        },
    }
}

async fn page(
    manager: &Manager,
    visitor: &Visitor,
    mirror: &Mirror,
    detail: UpdateDetail,
    problem: String,
    on_servers: &[(ServerId, UpdateDetail)],
) -> Result<Page, Failure> {
    let now = manager.now();
    let (summary, status) = (&detail.summary, detail.status);
    let halt = manager.halts().await?.into_iter().find(|halt| halt.update == summary.id);
    let operators: Vec<String> = {
        let audited = manager.audited(1_000).await?;
        audited.into_iter().map(|row| row.operator).collect()
    };
    let link = |update: &UpdateRef| Link {
        href: format!("/updates/{}", update.id),
        title: update.title.clone().unwrap_or_else(|| update.id.to_string()),
    };
    let is_declined = summary.state == UpdateState::Declined;
    Ok(Page {
        frame: Frame::new(manager, visitor, "/updates", &summary.title, &Fields::default()),
        id: summary.id.to_string(),
        title: summary.title.clone(),
        verdict: verdict(&detail, mirror),
        problem,
        state: match &halt {
            Some(_) => Shown::new(Look::Halted, "halted"),
            None => shown(summary),
        },
        facts: facts(&detail),
        info: detail.description.clone(),
        counts: vec![
            ("needed", status.needed),
            ("downloaded", status.downloaded),
            ("installed", status.installed),
            ("pending restart", status.pending_restart),
            ("failed", status.failed),
            ("not applicable", status.not_applicable),
            ("unknown", status.unknown),
        ],
        is_declined,
        can_approve: summary.state == UpdateState::Approvable,
        can_halt: !detail.approvals.is_empty() || halt.as_ref().is_some_and(|halt| halt.done_at.is_none()),
        approvals: counted(detail.approvals.len() as u64, "approval"),
        halt: halt.map(|halt| HaltShown {
            state: match halt.done_at {
                Some(_) => Shown::new(Look::Halted, "halted"),
                None => Shown::new(Look::Working, "pending"),
            },
            by: halt.asked_by,
            at: When::new(halt.asked_at, now),
        }),
        grid: grid(mirror, &detail, now),
        groups: choices(mirror, None),
        servers: servers(mirror, &detail, on_servers),
        supersedes: detail.supersedes.iter().map(link).collect(),
        superseded_by: detail.superseded_by.iter().map(link).collect(),
        history: detail
            .history
            .iter()
            .map(|change| Past {
                at: When::new(change.at, now),
                is_outside: !operators.contains(&change.by),
                by: change.by.clone(),
                what: past(change),
            })
            .collect(),
    })
}

/// `Needed by 412, failed on 9, unknown on 130 of which 12 are silent.`
fn verdict(detail: &UpdateDetail, mirror: &Mirror) -> String {
    let status = detail.status;
    let open = status.needed + status.downloaded;
    let silent = mirror.computers.all().iter().filter(|computer| computer.silent).count() as u64;
    let mut parts = Vec::new();
    if open + status.failed > 0 {
        parts.push(format!("Needed by {}", counted(open + status.failed, "computer")));
    }
    if status.failed > 0 {
        parts.push(format!("failed on {}", grouped(status.failed)));
    }
    if status.pending_restart > 0 {
        parts.push(format!("{} wait for a restart", grouped(status.pending_restart)));
    }
    if parts.is_empty() && status.installed > 0 {
        parts.push(format!("Installed on {}, needed by none", counted(status.installed, "computer")));
    }
    if parts.is_empty() {
        parts.push("No computer has said that it needs it".to_owned());
    }
    if status.unknown > 0 {
        parts.push(format!("unknown on {}", grouped(status.unknown)));
    }
    if silent > 0 {
        parts.push(format!("{} silent", counted(silent, "computer")));
    }
    parts.join(", ") + "."
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
fn grid(mirror: &Mirror, detail: &UpdateDetail, now: Timestamp) -> Vec<Cell> {
    let mut cells = Vec::new();
    let own = |id: GroupId| detail.approvals.iter().find(|approval| approval.group == id);
    let mut groups: Vec<(String, usize, GroupId, &str)> = mirror
        .tree
        .groups
        .iter()
        .map(|group| {
            let chain = mirror.tree.chain(group.id);
            let names = chain.iter().rev().filter_map(|id| mirror.tree.group(*id));
            let key = names.map(|group| group.name.to_lowercase()).collect::<Vec<_>>().join("\n");
            (key, chain.len() - 1, group.id, group.name.as_str())
        })
        .collect();
    groups.sort();
    for (_, depth, id, name) in groups {
        let effective = mirror.tree.chain(id).into_iter().find_map(|at| Some((at, own(at)?)));
        let from = effective.as_ref().filter(|(at, _)| *at != id).and_then(|(at, _)| mirror.tree.group(*at));
        let approval = effective.map(|(_, approval)| approval);
        cells.push(Cell {
            group: name.to_owned(),
            group_id: id.to_string(),
            indent: depth.min(6),
            action: approval.map_or("–", |approval| action(approval.action)),
            from: from.map_or_else(String::new, |group| group.name.clone()),
            deadline: approval.and_then(|approval| approval.deadline).map(|at| When::new(at, now)),
            by: approval.map_or_else(String::new, |approval| approval.by.clone()),
            at: approval.and_then(|approval| When::known(approval.at, now)),
        });
    }
    cells
}

fn action(action: ApprovalAction) -> &'static str {
    match action {
        ApprovalAction::Install => "install",
        ApprovalAction::Uninstall => "uninstall",
        ApprovalAction::Detect => "detect only",
        ApprovalAction::Block => "block",
    }
}

fn servers(mirror: &Mirror, top: &UpdateDetail, on_servers: &[(ServerId, UpdateDetail)]) -> Vec<OnServer> {
    let decisions = |detail: &UpdateDetail| {
        let mut all: Vec<_> =
            detail.approvals.iter().map(|one| (one.group, one.action, one.deadline)).collect();
        all.sort_unstable();
        all
    };
    let row = |one: &headwater_manager::ServerView| {
        let there = on_servers.iter().find(|(id, _)| *id == one.server.id).map(|(_, detail)| detail);
        let state = match there {
            None if !one.server.reached => Shown::new(Look::Failed, "not reached"),
            None => Shown::new(Look::Differs, "not known"),
            Some(there) if decisions(there) == decisions(top) => match there.approvals.is_empty() {
                true => Shown::new(Look::Silent, "not offered"),
                false => Shown::new(Look::InStep, "offered as above"),
            },
            Some(there) if there.approvals.is_empty() => Shown::new(Look::Differs, "withdrawn"),
            Some(_) => Shown::new(Look::Differs, "offered otherwise"),
        };
        let held = there.map(|there| there.files.iter().filter(|file| file.held).count());
        let all = there.map(|there| there.files.len()).filter(|all| *all > 0);
        OnServer {
            name: one.server.name.clone(),
            indent: one.depth.min(6),
            state,
            revision: there.map_or_else(|| "–".to_owned(), |there| there.summary.revision.to_string()),
            approvals: there.map_or_else(|| "–".to_owned(), |there| dash(there.approvals.len() as u64)),
            content: match (held, all) {
                (Some(held), Some(all)) => format!("{held} of {}", counted(all as u64, "file")),
                _ => "–".to_owned(),
            },
        }
    };
    mirror.tree.servers.iter().map(row).collect()
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

/// What is asked to be approved.
struct Asked {
    updates: Vec<UpdateId>,
    group: GroupId,
    action: ApprovalAction,
    deadline: Option<Timestamp>,
}

impl Asked {
    fn read(fields: &Fields) -> Result<Self, Failure> {
        let updates: Result<Vec<UpdateId>, _> = fields.all("id").map(str::parse).collect();
        let updates = updates.map_err(|_| Failure::invalid("an id of an update cannot be read"))?;
        if updates.is_empty() || updates.len() > UPDATES_PER_REQUEST_MAX {
            let what = format!("choose at least one update and at most {UPDATES_PER_REQUEST_MAX}");
            return Err(Failure::invalid(what));
        }
        let deadline = match fields.get("deadline") {
            "" => None,
            text => Some(deadline(text)?),
        };
        Ok(Self {
            updates,
            group: fields.get("group").parse().map_err(|_| Failure::invalid("choose a group"))?,
            action: match fields.get("action") {
                "uninstall" => ApprovalAction::Uninstall,
                "detect" => ApprovalAction::Detect,
                "block" => ApprovalAction::Block,
                _ => ApprovalAction::Install,
            },
            deadline,
        })
    }
}

/// `2026-12-24T03:00`, in UTC, as the field of a browser gives it.
fn deadline(text: &str) -> Result<Timestamp, Failure> {
    let whole = match text.len() {
        16 => format!("{text}:00Z"),
        _ => format!("{}Z", text.trim_end_matches('Z')),
    };
    whole.parse().map_err(|_| Failure::invalid("write the deadline as 2026-12-24T03:00, in UTC"))
}

#[derive(Template)]
#[template(path = "approve.html")]
struct Preview {
    frame: Frame,
    verdict: String,
    updates: Vec<Link>,
    ids: Vec<String>,
    group_id: String,
    action: String,
    deadline: String,
    button: String,
    servers: Vec<Affected>,
    bytes_note: String,
}

struct Affected {
    name: String,
    computers: String,
    silent: String,
    bytes: String,
}

/// What an approval would mean; nothing is changed.
pub(crate) async fn preview(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let asked = Asked::read(&fields)?;
    let mirror = manager.mirror();
    let group = mirror.tree.group(asked.group).ok_or_else(|| Failure::not_found("there is no such group"))?;
    // The bytes of many updates would be many questions: of more than one only the computers are told.
    let first = manager.update(asked.updates[0]).await?;
    let impact = manager.impact(&first, asked.group).await?;
    let is_one = asked.updates.len() == 1;
    let what = match is_one {
        true => first.summary.title.clone(),
        false => counted(asked.updates.len() as u64, "update"),
    };
    let computers = counted(impact.computers(), "computer");
    let verb = match asked.action {
        ApprovalAction::Install => "installs",
        ApprovalAction::Uninstall => "removes",
        ApprovalAction::Detect => "looks for",
        ApprovalAction::Block => "is not offered",
    };
    let link = |id: &UpdateId| Link {
        href: format!("/updates/{id}"),
        title: mirror.updates.get(*id).map_or_else(|| id.to_string(), |update| update.title.clone()),
    };
    let affected = |one: &headwater_manager::ServerImpact| Affected {
        name: one.server.name.clone(),
        computers: grouped(one.computers),
        silent: dash(one.silent),
        bytes: match one.bytes.filter(|_| is_one) {
            Some(bytes) => size(bytes),
            None => "size unknown".to_owned(),
        },
    };
    let page = Preview {
        frame: Frame::new(&manager, &visitor, "/updates", "Approve", &Fields::default()),
        verdict: format!("{} {verb} {what}: {computers}.", group.name),
        updates: asked.updates.iter().map(link).collect(),
        ids: asked.updates.iter().map(ToString::to_string).collect(),
        group_id: asked.group.to_string(),
        action: fields.get("action").to_owned(),
        deadline: fields.get("deadline").to_owned(),
        button: format!("Approve for {computers}"),
        servers: impact.servers.iter().map(affected).collect(),
        bytes_note: match asked.deadline {
            Some(at) => format!(
                "Computers act without waiting for their users from {} on.",
                headwater_words::moment::minute(at)
            ),
            None => "Users may choose when; there is no deadline.".to_owned(),
        },
    };
    Ok(Html(page.render()?))
}

pub(crate) async fn approve(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let asked = Asked::read(&fields)?;
    let terms =
        Terms { action: asked.action, deadline: asked.deadline, new_revisions: NewRevisions::default() };
    let done = manager.approve(&asked.updates, asked.group, Some(terms), &visitor.name).await?;
    all_applied(&done)?;
    Ok(match asked.updates.as_slice() {
        [one] => Redirect::to(&format!("/updates/{one}")),
        _ => Redirect::to("/updates?approval=approved"),
    })
}

pub(crate) async fn withdraw(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let update = parsed(&id)?;
    let group = fields.get("group").parse().map_err(|_| Failure::invalid("choose a group"))?;
    all_applied(&manager.approve(&[update], group, None, &visitor.name).await?)?;
    Ok(Redirect::to(&format!("/updates/{update}")))
}

pub(crate) async fn decline(
    manager: Shared,
    visitor: Visitor,
    id: Path<String>,
) -> Result<Redirect, Failure> {
    set_declined(manager, visitor, id, true).await
}

pub(crate) async fn undecline(
    manager: Shared,
    visitor: Visitor,
    id: Path<String>,
) -> Result<Redirect, Failure> {
    set_declined(manager, visitor, id, false).await
}

async fn set_declined(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    decline: bool,
) -> Result<Redirect, Failure> {
    let update = parsed(&id)?;
    all_applied(&manager.decline(&[update], decline, &visitor.name).await?)?;
    Ok(Redirect::to(&format!("/updates/{update}")))
}

pub(crate) async fn halt(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Redirect, Failure> {
    let update = parsed(&id)?;
    if manager.halt(update, &visitor.name).await? == Halt::Pending {
        tracing::warn!(%update, "a halt waits: the linked WSUS is not reached");
    }
    Ok(Redirect::to(&format!("/updates/{update}")))
}

fn parsed(id: &str) -> Result<UpdateId, Failure> {
    id.parse().map_err(|_| Failure::not_found("this is no id of an update"))
}

/// Whatever was refused is said, with the first reason.
fn all_applied(done: &UpdatesOutcome) -> Result<(), Failure> {
    match done.refused.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(
            StatusCode::CONFLICT,
            format!(
                "{} of {} refused: {}",
                done.refused.len(),
                counted((done.refused.len() + done.applied.len() + done.unchanged.len()) as u64, "update"),
                first.reason
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula() {
        assert_eq!(csv_line(["=1+1", "a \"b\"", ""]), "\"'=1+1\",\"a \"\"b\"\"\",\"\"\r\n");
    }

    #[test]
    fn a_deadline_is_what_the_field_of_a_browser_says() {
        let read = |text| deadline(text).ok().map(|at| at.to_string());
        assert_eq!(read("2026-12-24T03:00").as_deref(), Some("2026-12-24T03:00:00Z"));
        assert_eq!(read("tomorrow"), None);
    }
}
