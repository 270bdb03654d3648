//! Computers: the list, and one of them.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Response};
use headwater_api::{
    ComputerDetail, ComputerMembership, ComputerQuery, ComputerSummary, ComputerUpdateState, PAGE_LIMIT_MAX,
    SeenAs, Standing, Told, UpdateQuery,
};
use headwater_manager::{ComputerOrder, Direction, Manager, Mirror, Part, ServerView, UpdateOrder, standing};
use headwater_model::{ClientId, ServerId, Timestamp, chain};
use headwater_words::approval::{self as words, action};
use headwater_words::caveat::sentences;
use headwater_words::csv::line;
use headwater_words::error::meaning;
use headwater_words::products::products;
use headwater_words::quantity::{counted, grouped};
use headwater_words::report::standing as word;

use crate::Shared;
use crate::acts::{Acts, acts};
use crate::csv::csv;
use crate::failure::{Failure, sentence};
use crate::fields::{Fields, Query};
use crate::frame::Frame;
use crate::heads::{Head, direction, heads};
use crate::look::{Look, State as Shown, When};
use crate::overview::dash;
use crate::session::Visitor;
use crate::updates::computers::{Choice, asked, choices as state_choices};
use crate::updates::{Choices, GroupChoice, choices, group_meant};

const ROWS: u32 = 100;

#[derive(Template)]
#[template(path = "computers.html")]
struct List {
    frame: Frame,
    verdict: String,
    search: String,
    silent_days: String,
    contact_days: String,
    is_outside: bool,
    groups: Choices,
    servers: Vec<GroupChoice>,
    states: Vec<GroupChoice>,
    heads: Vec<Head>,
    rows: Vec<Row>,
    /// Host groups whose members are a list: computers that are selected can be added to them.
    host_groups: Vec<String>,
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

/// The part of the tree that an address asks for.
pub(crate) fn part(fields: &Fields, mirror: &Mirror) -> Result<Part, Failure> {
    let no_group = |name: String| Failure::invalid(format!("there is no group {name}"));
    let group = fields.text("group").map(|name| group_meant(mirror, &name).ok_or_else(|| no_group(name)));
    Ok(Part { group: group.transpose()?, server: server(fields)? })
}

/// The servers of the tree.
pub(crate) fn server_choices(mirror: &Mirror, chosen: Option<ServerId>) -> Vec<GroupChoice> {
    let choice = |one: &ServerView| GroupChoice {
        id: one.server.id.to_string(),
        name: one.server.name.clone(),
        is_chosen: chosen == Some(one.server.id),
    };
    mirror.tree.servers.iter().map(choice).collect()
}

fn query(fields: &Fields, mirror: &Mirror) -> Result<ComputerQuery, Failure> {
    let Part { group, server } = part(fields, mirror)?;
    Ok(ComputerQuery {
        search: fields.text("search"),
        group,
        server,
        outside: !fields.get("outside").is_empty(),
        silent_days: days(fields, "silent_days")?,
        contact_days: days(fields, "contact_days")?,
        state: state_chosen(fields),
        limit: Some(ROWS),
        after: fields.text("after"),
        ..ComputerQuery::default()
    })
}

fn days(fields: &Fields, name: &str) -> Result<Option<u32>, Failure> {
    let days = fields.text(name).map(|days| days.parse()).transpose();
    days.map_err(|_| Failure::invalid("this is no number of days"))
}

/// How a computer can stand, the worst first.
pub(crate) const STATES: [Standing; 6] = [
    Standing::Failing,
    Standing::Needing,
    Standing::PendingRestart,
    Standing::Complete,
    Standing::Unreported,
    Standing::Silent,
];

/// `pending restart` as the API writes it.
pub(crate) fn value(state: Standing) -> String {
    word(state).replace(' ', "_")
}

fn state_chosen(fields: &Fields) -> Option<Standing> {
    STATES.into_iter().find(|state| value(*state) == fields.get("state"))
}

fn server(fields: &Fields) -> Result<Option<ServerId>, Failure> {
    let server = fields.text("server").map(|server| server.parse()).transpose();
    server.map_err(|_| Failure::invalid("this is no id of a server"))
}

fn order(fields: &Fields) -> (ComputerOrder, Direction) {
    let order = match fields.get("sort") {
        "server" => ComputerOrder::Server,
        "state" => ComputerOrder::State,
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
    let found = mirror.computers.find(&query, &mirror.tree, now, order, direction);
    let columns = [
        ("Computer", "name*", false),
        ("Server", "server", false),
        ("Groups", "", false),
        ("State", "state", false),
        ("Last contact", "contact-", false),
        ("Needed", "needed", true),
        ("Failed", "failed", true),
    ];
    let page = List {
        frame: Frame::new(&manager, &visitor, "/computers", "Computers", &fields),
        verdict: list_verdict(found.total.unwrap_or_default(), query.state, |state| {
            let asked = ComputerQuery { state: Some(state), limit: Some(1), after: None, ..query.clone() };
            let found = mirror.computers.find(
                &asked,
                &mirror.tree,
                now,
                ComputerOrder::default(),
                Direction::default(),
            );
            found.total.unwrap_or_default()
        }),
        search: fields.get("search").to_owned(),
        silent_days: fields.get("silent_days").to_owned(),
        contact_days: fields.get("contact_days").to_owned(),
        is_outside: query.outside,
        groups: choices(&mirror, query.group),
        servers: server_choices(&mirror, query.server),
        states: STATES
            .into_iter()
            .map(|state| GroupChoice {
                id: value(state),
                name: word(state).to_owned(),
                is_chosen: query.state == Some(state),
            })
            .collect(),
        heads: heads("/computers", &fields, &columns),
        rows: found.items.iter().map(|computer| row(computer, now)).collect(),
        host_groups: host_groups_by_hand(&manager).await?,
        next: found.next.map(|next| format!("/computers?{}", fields.with("after", &next))),
        csv: format!("/computers.csv?{}", fields.with("after", "")),
    };
    Ok(Html(page.render()?))
}

/// `60 computers. 3 failing, 5 silent.`
fn list_verdict(total: u64, asked: Option<Standing>, count: impl Fn(Standing) -> u64) -> String {
    let all = counted(total, "computer");
    let wrong = [(Standing::Failing, "failing"), (Standing::Silent, "silent")];
    let told = |(state, words)| match count(state) {
        0 => None,
        some => Some(format!("{} {words}", grouped(some))),
    };
    match asked {
        _ if total == 0 => "No computer matches.".to_owned(),
        Some(state) => format!("{all}. All are in the state {}.", word(state)),
        None => match wrong.into_iter().filter_map(told).collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => format!("{all}. None failing, none silent."),
            some => format!("{all}. {}.", sentence(&some)),
        },
    }
}

/// The host groups that hosts are added to by hand, by name.
pub(crate) async fn host_groups_by_hand(manager: &Manager) -> Result<Vec<String>, Failure> {
    let groups = manager.host_group_names().await?.into_iter().filter(|group| !group.has_rule);
    Ok(groups.map(|group| group.name).collect())
}

/// All that the list shows with this filter, in its order.
pub(crate) async fn export(State(manager): Shared, Query(fields): Query) -> Result<Response, Failure> {
    let (mirror, now) = (manager.mirror(), manager.now());
    let (order, direction) = order(&fields);
    let mut query = ComputerQuery { limit: Some(PAGE_LIMIT_MAX), after: None, ..query(&fields, &mirror)? };
    let mut text = line([
        "id",
        "name",
        "address",
        "os",
        "server",
        "groups",
        "state",
        "last contact",
        "needed",
        "failed",
        "pending restart",
    ]);
    loop {
        let page = mirror.computers.find(&query, &mirror.tree, now, order, direction);
        for one in &page.items {
            text += &line([
                one.id.as_str(),
                &one.name,
                one.address.as_deref().unwrap_or_default(),
                one.os.as_deref().unwrap_or_default(),
                one.server.as_ref().map_or("", |server| &server.name),
                &groups(one),
                word(standing(one)),
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
    let state = standing(computer);
    let look = match state {
        Standing::Silent | Standing::Unreported => Look::Silent,
        Standing::Failing => Look::Failed,
        Standing::Needing => Look::Differs,
        Standing::PendingRestart => Look::Working,
        Standing::Complete => Look::InStep,
    };
    Shown::new(look, word(state))
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
/// Updates of one name that an answer is given for.
const MEANT: u32 = 5;
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
    /// Whether its open updates are listed, and not those of a state.
    is_open: bool,
    is_all: bool,
    choices: Vec<Choice>,
    updates: Vec<Update>,
    /// Why its updates are not known.
    unknown: String,
    /// What keeps the list of updates from being whole.
    doubt: String,
    next: Option<String>,
    approvals: Vec<InEffect>,
    approvals_more: usize,
    /// Where it is moved and deleted; absent where whoever looks may not.
    acts: Option<Acts>,
    /// Host groups that it can be added to.
    host_groups: Vec<String>,
    asked: String,
    /// Of each update that is called so: a KB has one for each architecture.
    answers: Vec<Answer>,
    answers_more: u64,
}

/// Why an update is not offered.
struct Answer {
    id: String,
    title: String,
    why: String,
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
    server: String,
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
    let Told { value: detail, caveat } = manager.computer(&client).await?;
    let problem = sentences(&caveat, manager.now()).join(" ");
    let (answers, answers_more) = answers(&manager, &mirror, &client, fields.get("why")).await;
    let now = manager.now();
    let mut page = page(&manager, &visitor, &detail, now);
    let query = asked(&fields);
    page.is_all = query.all;
    page.choices = state_choices(fields.get("state"));
    if query.all || query.state.is_some() {
        page.is_open = false;
        match manager.updates_of_computer(&client, &query).await {
            Ok(Told { value: found, caveat }) => {
                page.doubt = sentences(&caveat, manager.now()).join(" ");
                page.updates = found.items.iter().map(|one| update(one, now)).collect();
                page.next = found
                    .next
                    .map(|next| format!("/computers/{client}?{}#updates", fields.with("after", &next)));
            }
            Err(error) => {
                page.updates.clear();
                page.unknown = format!("{}.", sentence(&chain(&error)));
            }
        }
    }
    page.acts = acts(&manager, &visitor, &mirror, &detail.summary).await?;
    if page.frame.may.write {
        page.host_groups = host_groups_by_hand(&manager).await?;
    }
    let page = Page { problem, asked: fields.get("why").to_owned(), answers, answers_more, ..page };
    Ok(Html(page.render()?))
}

/// Why each update that is called as was asked is not offered, and how many more are called so.
async fn answers(manager: &Manager, mirror: &Mirror, computer: &ClientId, asked: &str) -> (Vec<Answer>, u64) {
    if asked.is_empty() {
        return (Vec::new(), 0);
    }
    let query = UpdateQuery { search: Some(asked.to_owned()), limit: Some(MEANT), ..UpdateQuery::default() };
    let found = mirror.updates.find(&query, UpdateOrder::default(), Direction::default());
    let mut answers = Vec::new();
    for update in &found.items {
        let why = match manager.why_not(computer, update.id).await {
            Ok(told) => told.value.why,
            Err(error) => format!("That cannot be said now: {}.", chain(&error)),
        };
        answers.push(Answer { id: update.id.to_string(), title: update.title.clone(), why });
    }
    let more = found.total.unwrap_or_default().saturating_sub(answers.len() as u64);
    (answers, more)
}

fn page(manager: &Manager, visitor: &Visitor, detail: &ComputerDetail, now: Timestamp) -> Page {
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
        ("Architecture", text(&summary.architecture)),
        ("Model", [text(&summary.manufacturer), text(&summary.model)].join(" ").trim().to_owned()),
        ("Update agent", text(&summary.agent_version)),
        ("Products", products(detail.products.as_deref())),
        ("Group by policy", text(&detail.requested_group)),
        ("Note", text(&summary.note)),
    ];
    facts.retain(|(_, value)| !value.is_empty());
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
        groups: detail.memberships.iter().map(membership).collect(),
        twins: detail
            .namesakes
            .iter()
            .map(|other| Twin {
                id: other.id.to_string(),
                server: other.server.as_ref().map_or_else(String::new, |server| server.name.clone()),
                contact: When::known(other.last_contact_at, now),
            })
            .collect(),
        seen: detail.seen.iter().take(SEEN).map(|one| seen(one, now)).collect(),
        is_open: true,
        is_all: false,
        choices: Vec::new(),
        unknown: String::new(),
        doubt: String::new(),
        next: None,
        updates: detail.updates.iter().map(|one| update(one, now)).collect(),
        approvals: detail.approvals.iter().take(APPROVALS).map(|one| in_effect(one, now)).collect(),
        approvals_more: detail.approvals.len().saturating_sub(APPROVALS),
        acts: None,
        host_groups: Vec::new(),
        asked: String::new(),
        answers: Vec::new(),
        answers_more: 0,
    }
}

fn seen(one: &SeenAs, now: Timestamp) -> Seen {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    Seen {
        at: When::new(one.at, now),
        name: one.name.clone(),
        address: text(&one.address),
        server: text(&one.server),
    }
}

fn membership(one: &ComputerMembership) -> Membership {
    Membership {
        group: one.group.clone(),
        state: match (one.member, one.managed && one.host_group.is_none()) {
            (true, false) => Shown::new(Look::InStep, "member"),
            (true, true) => Shown::new(Look::Differs, "not wanted"),
            (false, _) => Shown::new(Look::Differs, "wanted"),
        },
        because: one.because.clone(),
    }
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
    Update {
        id: one.id.to_string(),
        title: one.title.clone(),
        state: state(one.state),
        error: one.error.as_deref().map(explained).unwrap_or_default(),
        since: When::known(one.since, now),
    }
}

/// The state of an update on a computer.
pub(crate) fn state(state: ComputerUpdateState) -> Shown {
    let look = match state {
        ComputerUpdateState::Failed => Look::Failed,
        ComputerUpdateState::Needed => Look::Differs,
        ComputerUpdateState::Downloaded | ComputerUpdateState::PendingRestart => Look::Working,
        ComputerUpdateState::Installed => Look::InStep,
        ComputerUpdateState::Unknown | ComputerUpdateState::NotApplicable => Look::Silent,
    };
    Shown::new(look, words::state(state))
}

/// An error's code with what it means.
pub(crate) fn explained(code: &str) -> String {
    match meaning(code) {
        Some(meaning) => format!("{code}: {meaning}"),
        None => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_says_first_what_is_wrong() {
        let of = |failing: u64, silent: u64| {
            move |state| if state == Standing::Failing { failing } else { silent }
        };
        assert_eq!(list_verdict(60, None, of(3, 5)), "60 computers. 3 failing, 5 silent.");
        assert_eq!(list_verdict(60, None, of(0, 1)), "60 computers. 1 silent.");
        assert_eq!(list_verdict(1, None, of(0, 0)), "1 computer. None failing, none silent.");
        assert_eq!(list_verdict(0, None, of(0, 0)), "No computer matches.");
        let silent = list_verdict(5, Some(Standing::Silent), of(0, 5));
        assert_eq!(silent, "5 computers. All are in the state silent.");
    }

    #[test]
    fn a_state_is_filtered_by_the_name_that_the_api_has_for_it() {
        for state in STATES {
            assert_eq!(serde_json::to_value(state).expect("a value"), value(state));
        }
    }
}
