//! Overview: managing server, WSUS servers and their computers as one drawing, and what needs attention.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use headwater_api::{SyncServer, SyncServerState, UpdateState};
use headwater_manager::{Mirror, ServerView};
use headwater_model::Timestamp;
use headwater_words::moment::minute;
use headwater_words::quantity::{counted, grouped};
use headwater_words::synchronisation;

use crate::failure::{Failure, sentence};
use crate::fields::Fields;
use crate::frame::Frame;
use crate::look::{State as Shown, When, escaped};
use crate::needs::{Need, Seen, needs};
use crate::session::Visitor;
use crate::{Shared, drawing};

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    is_linked: bool,
    verdict: String,
    numbers: Vec<(&'static str, String)>,
    needs: Vec<Need>,
    needs_more: usize,
    drawing: String,
    servers: Vec<Row>,
    /// Servers outside the link, each with why and what to do.
    outside: Vec<(String, String)>,
}

struct Row {
    id: String,
    name: String,
    indent: usize,
    kind: &'static str,
    mode: String,
    state: Shown,
    problem: String,
    contact: Option<When>,
    sync: Option<When>,
    computers: String,
    silent: String,
    files_missing: String,
}

pub(crate) async fn show(State(manager): Shared, visitor: Visitor) -> Result<Html<String>, Failure> {
    let (mirror, now) = (manager.mirror(), manager.now());
    let frame = Frame::new(&manager, &visitor, "/", "Overview", &Fields::default());
    let is_reached = mirror.problem.is_none();
    let (needs, needs_more) = needs(&Seen {
        mirror: &mirror,
        review: manager.review().await?,
        halts: manager.halts().await?,
        lost_run: manager.lost_run().await?,
        findings: manager.known_findings().await?,
    });
    let page = Overview {
        is_linked: mirror.read_at.is_some() || mirror.problem.is_some(),
        verdict: verdict(&mirror, now),
        numbers: numbers(&mirror),
        needs,
        needs_more,
        drawing: drawing::tree(&manager.name, &mirror.tree, is_reached, now),
        servers: mirror.tree.servers.iter().map(|one| row(one, now)).collect(),
        outside: mirror.tree.outside.iter().map(|one| (one.name.clone(), sentence(&one.why))).collect(),
        frame,
    };
    Ok(Html(page.render()?))
}

/// `3 of 4 servers are in step. Berlin differs in 3 approvals since 14:02.`, as HTML.
fn verdict(mirror: &Mirror, now: Timestamp) -> String {
    if let Some(problem) = &mirror.problem {
        let what = escaped(&problem.what);
        return format!("The linked WSUS cannot be read since {}: {what}.", clock(problem.since, now));
    }
    let standings: Vec<SyncServer> = mirror.tree.servers.iter().map(|one| one.standing.clone()).collect();
    let mut verdict = format!("{}.", synchronisation::step(&standings));
    let not = |one: &&ServerView| one.standing.state != SyncServerState::InStep;
    for one in mirror.tree.servers.iter().filter(not).take(2) {
        let since = one.since.map_or_else(String::new, |since| format!(" since {}", clock(since, now)));
        verdict += &format!(" {}{since}.", escaped(&synchronisation::stands(&one.standing)));
    }
    let more = mirror.tree.servers.iter().filter(not).count().saturating_sub(2);
    if more > 0 {
        verdict += &format!(" {} not in step besides.", counted(more as u64, "server"));
    }
    verdict
}

/// `14:02 UTC`, or with the date where that is another day; a script tells it in the reader's zone.
fn clock(at: Timestamp, now: Timestamp) -> String {
    let exact = minute(at);
    let shown =
        if exact.get(..10) == minute(now).get(..10) { exact.get(11..).unwrap_or(&exact) } else { &exact };
    format!("<time datetime=\"{at}\" title=\"{exact}\">{shown}</time>")
}

fn numbers(mirror: &Mirror) -> Vec<(&'static str, String)> {
    let updates = mirror.updates.all();
    let count = |wanted: &dyn Fn(&headwater_api::UpdateSummary) -> bool| {
        grouped(updates.iter().filter(|update| wanted(update)).count() as u64)
    };
    let silent = mirror.computers.all().iter().filter(|computer| computer.silent).count();
    vec![
        ("servers", grouped(mirror.tree.servers.len() as u64)),
        ("computers", grouped(mirror.computers.all().len() as u64)),
        ("of them silent", grouped(silent as u64)),
        ("updates", grouped(updates.len() as u64)),
        ("approved", count(&|update| update.approved_groups > 0)),
        ("needed, not approved", count(&is_waiting)),
        ("failed somewhere", count(&|update| update.failed > 0)),
    ]
}

/// Needed somewhere and approved nowhere, though it could be.
pub(crate) fn is_waiting(update: &headwater_api::UpdateSummary) -> bool {
    let is_open = update.needed > 0 && update.approved_groups == 0 && !update.superseded;
    is_open && update.state == UpdateState::Approvable
}

fn row(one: &ServerView, now: Timestamp) -> Row {
    let (server, standing) = (&one.server, &one.standing);
    let missing = standing.files_wanted.saturating_sub(standing.files_held);
    Row {
        id: server.id.to_string(),
        name: server.name.clone(),
        indent: one.depth.min(6),
        kind: match server.kind {
            Some(headwater_api::linkage::WsusKind::Headwater) => "Headwater",
            Some(headwater_api::linkage::WsusKind::Microsoft) => "Microsoft",
            None => "–",
        },
        mode: match synchronisation::standing(server) {
            unknown if unknown.is_empty() => "–".to_owned(),
            known => known,
        },
        state: Shown::of(standing),
        problem: standing.problem.clone().unwrap_or_default(),
        contact: server.last_contact_at.map(|at| When::new(at, now)),
        sync: server.last_sync_at.map(|at| When::new(at, now)),
        computers: grouped(server.computers),
        silent: dash(one.silent),
        files_missing: dash(missing),
    }
}

/// Nothing is an empty cell.
pub(crate) fn dash(count: u64) -> String {
    if count == 0 { "–".to_owned() } else { grouped(count) }
}
