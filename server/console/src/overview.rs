//! Overview: managing server, WSUS servers and their computers as one drawing, and what needs attention.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use headwater_api::{SyncServer, SyncServerState, UpdateState};
use headwater_manager::{Mirror, ServerView};
use headwater_model::{ServerId, Timestamp};
use headwater_words::moment::minute;
use headwater_words::quantity::{counted, grouped};
use headwater_words::synchronisation;

use crate::failure::{Failure, sentence};
use crate::fields::{Fields, encoded};
use crate::frame::Frame;
use crate::look::{Look, State as Shown, When, escaped};
use crate::session::Visitor;
use crate::{Shared, drawing};

/// What needs attention is at most this.
const NEEDS_MAX: usize = 7;
/// Of needs that look alike, such as servers that are not reached, so many have a line; the others share one.
const ALIKE_MAX: u64 = 3;
/// Where a Linkage is paired that waits; its number follows.
const JOINING: &str = "/link?linkage=";

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

/// Something that needs attention, with its one button.
struct Need {
    state: Shown,
    text: String,
    button: String,
    /// Where the button leads; what it posts, where it changes something.
    href: String,
    below: Option<String>,
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
    let (needs, needs_more) = needs(&mirror, manager.review().await?);
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
fn is_waiting(update: &headwater_api::UpdateSummary) -> bool {
    let is_open = update.needed > 0 && update.approved_groups == 0 && !update.superseded;
    is_open && update.state == UpdateState::Approvable
}

/// The lines, the most urgent first, and how many more there would be.
fn needs(mirror: &Mirror, review: Option<String>) -> (Vec<Need>, usize) {
    let mut needs = Vec::new();
    let mut look = |look, word: &str, text: String, button: String, href: String| {
        needs.push(Need { state: Shown::new(look, word), text, button, href, below: None });
    };
    if let Some(reason) = review {
        let text = format!("Nothing is written: {reason}, and nobody has confirmed what differs.");
        look(Look::Differs, "review", text, "Review".into(), "/link".into());
    }
    if let Some(reason) = &mirror.tree.suspended {
        look(Look::Failed, "suspended", format!("{}.", sentence(reason)), "Examine".into(), "/link".into());
    }
    if let Some(problem) = &mirror.problem {
        look(Look::Failed, "not reached", problem.what.clone(), "Examine".into(), "/link".into());
    }
    for one in &mirror.tree.joining {
        let text = format!("The Linkage of {} waits to be paired.", one.name);
        let href = format!("{JOINING}{}#pair", encoded(&one.linkage.to_string()));
        look(Look::Working, "waits", text, format!("Pair {}", one.name), href);
    }
    for one in &mirror.tree.servers {
        let standing = &one.standing;
        let problem = standing.problem.clone().unwrap_or_default();
        match standing.state {
            SyncServerState::NoLinkage => {
                let text = format!("{} has no WSUS Linkage: {problem}.", standing.name);
                look(Look::Silent, "no Linkage", text, "Pair it".into(), "/link#pair".into());
            }
            SyncServerState::NotReached | SyncServerState::Failed => {
                let text = format!("{}: {problem}.", standing.name);
                look(Look::Failed, &synchronisation::state(standing), text, "Examine".into(), "/link".into());
            }
            SyncServerState::StillRunning => {
                let text = format!("{}: {problem}.", standing.name);
                look(Look::Working, "still running", text, "Look at it".into(), "/runs".into());
            }
            SyncServerState::InStep | SyncServerState::Differs => {}
        }
    }
    for one in &mirror.tree.outside {
        let text = format!("{} is outside the link: {}.", one.name, one.why);
        look(Look::Silent, "outside", text, "Examine".into(), "/link".into());
    }
    for one in mirror.tree.servers.iter().filter(|one| one.server.read_only) {
        let text = synchronisation::read_only(&one.server.name) + ".";
        look(Look::Differs, "read-only", text, "Examine".into(), "/link".into());
    }
    for one in mirror.tree.servers.iter().filter(|one| one.standing.state == SyncServerState::Differs) {
        let first = one.standing.differences.first().map_or("", |difference| &difference.text);
        needs.push(Need {
            state: Shown::of(&one.standing),
            text: format!("{}: {first}", one.standing.name),
            button: match below(mirror, one.server.id) {
                0 => format!("Synchronise {}", one.standing.name),
                more => format!("Synchronise {} and {more} below", one.standing.name),
            },
            href: "/runs".to_owned(),
            below: Some(one.server.id.to_string()),
        });
    }
    let mut look = |look, word: String, text: String, button: &str, href: String| {
        let state = Shown::new(look, word);
        needs.push(Need { state, text, button: button.to_owned(), href, below: None });
    };
    let worst = mirror.updates.all().iter().filter(|update| update.failed > 0);
    if let Some(update) = worst.max_by_key(|update| update.failed) {
        let text = format!("{} failed on {}.", update.title, counted(update.failed, "computer"));
        let href = format!("/updates/{}", update.id);
        look(Look::Failed, "failed".into(), text, "Look at it", href);
    }
    let waiting = mirror.updates.all().iter().filter(|update| is_waiting(update)).count() as u64;
    if waiting > 0 {
        let text = format!("{} needed and approved for no group.", are(waiting, "update"));
        look(
            Look::Differs,
            "to decide".into(),
            text,
            "Review",
            "/updates?approval=unapproved&sort=needed".into(),
        );
    }
    let silent = mirror.computers.all().iter().filter(|computer| computer.silent).count() as u64;
    if silent > 0 {
        let text = format!("{} had no contact for 30 days.", counted(silent, "computer"));
        look(
            Look::Silent,
            "silent".into(),
            text,
            "List them",
            "/computers?state=silent&sort=contact&order=reversed".into(),
        );
    }
    let mut needs = folded(needs);
    let more = needs.len().saturating_sub(NEEDS_MAX);
    needs.truncate(NEEDS_MAX);
    (needs, more)
}

/// Many that look alike share a line, so that they do not push the others out.
fn folded(needs: Vec<Need>) -> Vec<Need> {
    let likeness = |need: &Need| {
        let path = need.href.split_once('?').map_or(need.href.as_str(), |(path, _)| path);
        (need.state.look.class(), path.to_owned())
    };
    let mut counts = HashMap::new();
    needs.iter().for_each(|need| *counts.entry(likeness(need)).or_insert(0_u64) += 1);
    let mut shown = HashMap::new();
    let mut lines = Vec::new();
    for need in needs {
        let (all, nth) = (counts[&likeness(&need)], shown.entry(likeness(&need)).or_insert(0_u64));
        *nth += 1;
        if all <= ALIKE_MAX || *nth < ALIKE_MAX {
            lines.push(need);
        } else if *nth == ALIKE_MAX {
            let text = format!("{} more like this.", grouped(all - ALIKE_MAX + 1));
            // Linkages that wait to be paired are no servers of the table.
            let is_joining = need.href.starts_with(JOINING);
            let href = if is_joining { "/link#pair" } else { "#servers" };
            lines.push(Need {
                text,
                button: "List them".to_owned(),
                href: href.to_owned(),
                below: None,
                ..need
            });
        }
    }
    lines
}

/// How many servers are below another.
fn below(mirror: &Mirror, id: ServerId) -> usize {
    let mut all = vec![id];
    // Each after the one above it.
    for one in &mirror.tree.servers {
        if one.server.parent.is_some_and(|parent| all.contains(&parent)) {
            all.push(one.server.id);
        }
    }
    all.len() - 1
}

/// `1 update is`, `3 updates are`.
fn are(count: u64, noun: &str) -> String {
    format!("{} {}", counted(count, noun), if count == 1 { "is" } else { "are" })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn need(look: Look, text: &str, href: &str) -> Need {
        let (text, href) = (text.to_owned(), href.to_owned());
        Need { state: Shown::new(look, "word"), text, button: "Examine".to_owned(), href, below: None }
    }

    #[test]
    fn many_servers_that_are_not_reached_leave_room_for_a_decision() {
        let lost = (1..=10).map(|number| need(Look::Failed, &format!("Branch {number}"), "/link"));
        let waiting = need(Look::Differs, "To decide", "/updates?approval=unapproved");
        let lines = folded(lost.chain([waiting]).collect());
        let texts: Vec<&str> = lines.iter().map(|line| &*line.text).collect();
        assert_eq!(texts, ["Branch 1", "Branch 2", "8 more like this.", "To decide"]);
        assert_eq!(lines[2].href, "#servers");
    }

    #[test]
    fn many_linkages_that_wait_are_listed_where_they_are_paired() {
        let joining = |number| need(Look::Working, "A branch", &format!("{JOINING}{number}#pair"));
        let lines = folded((1..=5).map(joining).collect());
        assert_eq!((lines.len(), &*lines[2].href), (3, "/link#pair"));
    }

    #[test]
    fn few_that_look_alike_have_a_line_each() {
        let lines = folded((1..=3).map(|_| need(Look::Failed, "Branch", "/link")).collect());
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.text == "Branch"));
    }
}
