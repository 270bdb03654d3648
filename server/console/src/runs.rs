//! Synchronisations of the tree: the last ones, and one of them while it runs or as it ended.

mod filter;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Redirect};
use headwater_api::{
    NewSchedule, Schedule, SyncPart, SyncReport, SyncRequest, SyncRun, SyncRunsQuery, SyncServer,
    SyncServerState, Weekday,
};
use headwater_manager::{ErrorKind, Looking, Manager, Mirror, RunStanding, RunSummary, Running, action_for};
use headwater_model::Timestamp;
use headwater_operators::Action;
use headwater_words::moment::{minute, took};
use headwater_words::quantity::{counted, duration, grouped, seconds_passed};
use headwater_words::schedule;
use headwater_words::synchronisation::{files, in_step, line as said, mode, progress, text, verdict};

use self::filter::Filter;
use crate::Shared;
use crate::failure::Failure;
use crate::fields::{Fields, Form, Query};
use crate::frame::Frame;
use crate::heads::{Head, heads};
use crate::look::{Look, State as Shown, When};
use crate::session::Visitor;
use crate::wrong::Wrong;

/// Runs of the strip.
const STRIP: u32 = 12;
/// Runs of a page of the list.
const ROWS: u32 = 100;
/// The heads of the list.
const COLUMNS: [(&str, &str, bool); 6] = [
    ("Run", "", false),
    ("Result", "result", false),
    ("Started", "started-*", false),
    ("Took", "took", true),
    ("Changes", "changes", true),
    ("By", "by", false),
];
/// Lines of a run that goes on which its page has as text.
const LINES_SHOWN: usize = 200;
/// What the most that a run may remove is counted in.
const MEMBERS: &str = "members";
/// Of a server whose turn has not come.
const WAITS: &str = "waits";

#[derive(Template)]
#[template(path = "runs.html")]
struct List {
    frame: Frame,
    verdict: String,
    heads: Vec<Head>,
    rows: Vec<Past>,
    filter: Filter,
    next: Option<String>,
    servers: Vec<String>,
    run: Asked,
    /// When the tree is synchronised by itself, if it is.
    schedule: Option<Scheduled>,
    /// Why a run or a schedule was not accepted.
    wrong: Wrong,
    is_run_refused: bool,
    at: String,
    max_removals: String,
    days: Vec<Day>,
}

/// What was typed for a run that was not accepted.
#[derive(Default)]
struct Asked {
    below: String,
    at: String,
    only: String,
    max_removals: String,
    server_limit: String,
    hold_removals: bool,
    keep_windows: bool,
    with_upstream: bool,
}

impl Asked {
    fn of(fields: &Fields) -> Self {
        let get = |name| fields.get(name).to_owned();
        let is_set = |name| !fields.get(name).is_empty();
        Self {
            below: get("below"),
            at: get("at"),
            only: get("only"),
            max_removals: get("max_removals"),
            server_limit: get("server_limit"),
            hold_removals: is_set("hold_removals"),
            keep_windows: is_set("keep_windows"),
            with_upstream: is_set("with_upstream"),
        }
    }
}

/// A form that was not accepted, and why.
enum Refused {
    Run(Wrong),
    Schedule(Wrong),
}

struct Scheduled {
    when: String,
    next: String,
    next_exact: String,
}

/// A day that can be ticked.
struct Day {
    value: &'static str,
    is_chosen: bool,
}

const DAYS: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

struct Past {
    number: u64,
    state: Shown,
    started: When,
    took: String,
    by: String,
    changed: String,
    is_dry: bool,
    is_here: bool,
}

pub(crate) async fn list(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    list_page(&manager, &visitor, &fields, None).await
}

/// The list, with what was typed into a form that is not accepted.
async fn list_page(
    manager: &Manager,
    visitor: &Visitor,
    fields: &Fields,
    refused: Option<Refused>,
) -> Result<Html<String>, Failure> {
    let is_run_refused = matches!(refused, Some(Refused::Run(_)));
    let (run, wrong) = match refused {
        Some(Refused::Run(wrong)) => (Asked::of(fields), wrong),
        Some(Refused::Schedule(wrong)) => (Asked::default(), wrong),
        None => (Asked::default(), Wrong::default()),
    };
    // Those of a form that is refused are no part of where the page is.
    let place = fields.only(&filter::FIELDS);
    let filter = Filter::of(&place);
    let found = manager.find_runs(&filter.query(&place)).await?;
    let verdict = match (found.total.unwrap_or_default(), filter.is_set()) {
        (0, true) => "No run that is kept matches.".to_owned(),
        (1, true) => "1 run matches.".to_owned(),
        (total, true) => format!("{} match.", counted(total, "run")),
        (_, false) => last_run(manager).await?,
    };
    let rows: Vec<Past> = found.items.iter().map(|run| past(run, manager.now(), None)).collect();
    let frame = Frame::new(manager, visitor, "/runs", "Synchronisation", &Fields::default());
    let schedule = manager.schedule().await?;
    let (mut at, mut max_removals, mut chosen) = ("03:00".to_owned(), String::new(), Vec::new());
    if !wrong.is_empty() && !is_run_refused {
        (at, max_removals) = (fields.get("at").to_owned(), fields.get("max_removals").to_owned());
        chosen = days_of(fields);
    } else if let Some(Schedule { when, .. }) = &schedule {
        (at, chosen) = (when.at.clone(), when.days.clone());
        max_removals = when.max_removals.map_or_else(String::new, |max| max.to_string());
    }
    let days = DAYS.map(|day| Day { value: schedule::name(day), is_chosen: chosen.contains(&day) }).into();
    let schedule = schedule.map(|schedule| Scheduled {
        when: schedule::when(&schedule.when),
        next: schedule.next_at.to_string(),
        next_exact: minute(schedule.next_at),
    });
    let next = found.next.map(|next| format!("/runs?{}", place.with("after", &next)));
    let heads = heads("/runs", &place, &COLUMNS);
    let servers = manager.mirror().tree.servers.iter().map(|one| one.server.name.clone()).collect();
    let page = List {
        frame,
        verdict,
        heads,
        rows,
        filter,
        next,
        servers,
        run,
        schedule,
        wrong,
        is_run_refused,
        at,
        max_removals,
        days,
    };
    Ok(Html(page.render()?))
}

/// Sets the schedule, or takes it away.
pub(crate) async fn set_schedule(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Result<Redirect, Html<String>>, Failure> {
    let by = visitor.permitted(Action::Administer)?;
    if !fields.get("off").is_empty() {
        manager.clear_schedule(by).await?;
        return Ok(Ok(Redirect::to("/runs")));
    }
    let (at, days) = (fields.get("at").to_owned(), days_of(&fields));
    let wrong = match number(&fields, "max_removals", MEMBERS) {
        Ok(max_removals) => match manager.set_schedule(&NewSchedule { at, days, max_removals }, by).await {
            Ok(_) => return Ok(Ok(Redirect::to("/runs"))),
            Err(error) if error.kind() == ErrorKind::Invalid => {
                Wrong::at("at", &headwater_model::chain(&error))
            }
            Err(error) => return Err(error.into()),
        },
        Err(wrong) => Wrong::at("max", wrong.what()),
    };
    Ok(Err(list_page(&manager, &visitor, &fields, Some(Refused::Schedule(wrong))).await?))
}

/// The days that are ticked.
fn days_of(fields: &Fields) -> Vec<Weekday> {
    let days: Vec<&str> = fields.all("day").collect();
    DAYS.into_iter().filter(|day| days.contains(&schedule::name(*day))).collect()
}

/// `The last run, 12, began 3 hours ago: all in step.`
async fn last_run(manager: &Manager) -> Result<String, Failure> {
    let last = manager.find_runs(&SyncRunsQuery { limit: Some(1), ..SyncRunsQuery::default() }).await?;
    let last = last.items.first().map(|last| past(last, manager.now(), None));
    Ok(match last {
        None => "There was no synchronisation of the tree yet.".to_owned(),
        Some(last) => {
            format!("The last run, {}, began {}: {}.", last.number, last.started.age, last.state.word)
        }
    })
}

fn past(run: &RunSummary, now: Timestamp, here: Option<u64>) -> Past {
    Past {
        number: run.run,
        state: match run.standing {
            RunStanding::Running => Shown::new(Look::Working, "running"),
            RunStanding::Failed => Shown::new(Look::Failed, "failed"),
            RunStanding::NotEnded => Shown::new(Look::Failed, "did not end"),
            RunStanding::Ended { in_step, servers } => outcome(in_step, servers),
        },
        started: When::new(run.started_at, now),
        took: run.finished_at.map_or_else(String::new, |end| took(run.started_at, end)),
        by: run.started_by.clone(),
        changed: grouped(run.changes),
        is_dry: run.dry_run,
        is_here: here == Some(run.run),
    }
}

fn outcome(in_step: u64, servers: u64) -> Shown {
    match in_step == servers {
        true => Shown::new(Look::InStep, "all in step"),
        false => Shown::new(Look::Differs, format!("{} of {} in step", grouped(in_step), grouped(servers))),
    }
}

#[derive(Template)]
#[template(path = "run.html")]
struct Page {
    frame: Frame,
    title: String,
    verdict: String,
    state: Shown,
    by: String,
    started: When,
    elapsed: String,
    /// What it covers, where that is not everything.
    covers: String,
    can_stop: bool,
    strip: Vec<Past>,
    rows: Vec<Row>,
    text: String,
}

/// One server of a run.
struct Row {
    name: String,
    indent: usize,
    mode: &'static str,
    state: Shown,
    /// And how far, such as `updates, 120 of 340`.
    phase: String,
    line: String,
    changed: Vec<String>,
    changes: String,
    differences: Vec<String>,
    more: String,
    files: String,
    took: String,
}

/// How a run stands: what the page says first, its look, its servers, and all of it as text.
type Standing = (String, Shown, Vec<Row>, String);

pub(crate) async fn show(
    State(manager): Shared,
    visitor: Visitor,
    Path(number): Path<String>,
) -> Result<Html<String>, Failure> {
    let mirror = manager.mirror();
    let number: u64 = number.parse().map_err(|_| Failure::not_found("this is no number of a run"))?;
    let kept = manager.sync_run(number).await?;
    let running = manager.run_here(number).await;
    let now = manager.now();
    let is_running = running.as_ref().is_some_and(|running| !running.has_ended());
    let is_dry = match (&running, &kept.report) {
        (Some(running), _) => running.request.dry_run,
        (None, report) => report.as_ref().is_some_and(|report| report.dry_run),
    };
    let (verdict, state, rows, text) = standing(&kept, running.as_deref(), &mirror);
    let strip = manager.find_runs(&SyncRunsQuery { limit: Some(STRIP), ..SyncRunsQuery::default() }).await?;
    let title = if is_dry { format!("Run {number}, which only compares") } else { format!("Run {number}") };
    let page = Page {
        frame: Frame::new(&manager, &visitor, "/runs", &title, &Fields::default()),
        title,
        verdict,
        state,
        elapsed: took(kept.started_at, kept.finished_at.unwrap_or(now)),
        by: kept.started_by,
        started: When::new(kept.started_at, now),
        covers: running.as_ref().map(|running| covers(&running.request, &mirror)).unwrap_or_default(),
        can_stop: is_running && !is_dry && visitor.may(Action::ForEveryGroup),
        strip: strip.items.iter().map(|run| past(run, now, Some(number))).collect(),
        rows,
        text,
    };
    Ok(Html(page.render()?))
}

fn standing(kept: &SyncRun, running: Option<&Running>, mirror: &Mirror) -> Standing {
    let ended_as = |report: &SyncReport| {
        let mut servers: Vec<&SyncServer> = report.servers.iter().collect();
        // Each beneath the one that it takes from, as long as that is known.
        let place = |one: &SyncServer| mirror.tree.servers.iter().position(|known| known.server.id == one.id);
        servers.sort_by_key(|one| place(one).unwrap_or(usize::MAX));
        let rows = servers.into_iter().map(|one| ended(one, mirror)).collect();
        let state = outcome(in_step(&report.servers), report.servers.len() as u64);
        (verdict(report), state, rows, text(report))
    };
    match (running.map(Running::result), &kept.report) {
        (Some(Some(Ok(report))), _) | (_, Some(report)) => ended_as(report),
        (Some(Some(Err(error))), None) => {
            let rows = running.map(|running| working(running, mirror)).unwrap_or_default();
            let said = format!("The run failed: {}.", headwater_model::chain(error));
            (said.clone(), Shown::new(Look::Failed, "failed"), rows, said)
        }
        (Some(None), None) => {
            let rows = running.map(|running| working(running, mirror)).unwrap_or_default();
            let text = running.map(lines_so_far).unwrap_or_default();
            (going_on(&rows), Shown::new(Look::Working, "running"), rows, text)
        }
        (None, None) if kept.finished_at.is_some() => {
            let said = match &kept.failed {
                Some(why) => format!("The run failed: {why}."),
                None => "The run failed; the log of the managing server says why.".to_owned(),
            };
            (said.clone(), Shown::new(Look::Failed, "failed"), Vec::new(), said)
        }
        (None, None) => {
            let said =
                "The run did not end: the managing server was stopped meanwhile. The next one completes it.";
            (said.to_owned(), Shown::new(Look::Failed, "did not end"), Vec::new(), String::new())
        }
    }
}

/// `The run goes on: 2 of 5 servers are done, 1 of them in step.`
fn going_on(rows: &[Row]) -> String {
    let count = |wanted: &[Look]| rows.iter().filter(|row| wanted.contains(&row.state.look)).count() as u64;
    let open = rows.iter().filter(|row| row.is_open()).count() as u64;
    let (all, in_step) = (rows.len() as u64, count(&[Look::InStep]));
    let are = if all - open == 1 { "is" } else { "are" };
    match all - open {
        0 => format!("The run goes on: {} to look at.", counted(all, "server")),
        done => format!(
            "The run goes on: {} of {} {are} done, {} of them in step.",
            grouped(done),
            counted(all, "server"),
            grouped(in_step)
        ),
    }
}

/// What a command has printed so far.
fn lines_so_far(running: &Running) -> String {
    let events = running.last_events(LINES_SHOWN);
    events.iter().filter_map(said).map(|line| line + "\n").collect()
}

/// What a run covers, where that is not all of it.
fn covers(request: &SyncRequest, mirror: &Mirror) -> String {
    // It may be asked for by its id.
    let name = |asked: &String| {
        let known = asked.parse().ok().and_then(|id| mirror.tree.server(id));
        known.map_or_else(|| asked.clone(), |known| known.server.name.clone())
    };
    let mut parts = Vec::new();
    match (&request.at, &request.below) {
        (Some(at), _) => parts.push(format!("{} alone", name(at))),
        (None, Some(below)) => parts.push(format!("{} and what is below it", name(below))),
        (None, None) => {}
    }
    parts.extend(request.only.map(|only| format!("{} only", part(only))));
    if request.with_upstream {
        parts.push("the top first synchronises with Microsoft".to_owned());
    }
    if let Some(max) = request.max_removals {
        parts.push(format!("at most {} removed", counted(max, "member")));
    }
    if request.hold_removals {
        parts.push("groups that would lose over a tenth are held".to_owned());
    }
    if let Some(seconds) = request.server_limit_seconds {
        parts.push(format!("each server is waited for {}", seconds_passed(seconds)));
    }
    if request.keep_windows {
        parts.push("time windows are kept".to_owned());
    }
    parts.join("; ")
}

fn part(part: SyncPart) -> &'static str {
    match part {
        SyncPart::Groups => "groups",
        SyncPart::Approvals => "approvals",
        SyncPart::Clients => "clients",
    }
}

fn indent(mirror: &Mirror, one: &SyncServer) -> usize {
    mirror.tree.server(one.id).map_or(0, |known| known.depth.min(6))
}

impl Row {
    /// Whether the run has yet to end there.
    fn is_open(&self) -> bool {
        self.state.look == Look::Working || self.state.word == WAITS
    }
}

fn ended(one: &SyncServer, mirror: &Mirror) -> Row {
    let more = one.differences_total.saturating_sub(one.differences.len() as u64);
    let was_reached = !matches!(one.state, SyncServerState::NotReached | SyncServerState::NoLinkage);
    Row {
        name: one.name.clone(),
        indent: indent(mirror, one),
        mode: one.mode.map_or("–", mode),
        state: Shown::of(one),
        phase: String::new(),
        line: one.problem.clone().unwrap_or_default(),
        changed: one.changed.clone(),
        changes: if was_reached { grouped(one.changed.len() as u64) } else { "–".to_owned() },
        differences: one.differences.iter().map(|difference| difference.text.clone()).collect(),
        more: if more > 0 { counted(more, "more difference") } else { String::new() },
        files: files(one).unwrap_or_else(|| "–".to_owned()),
        took: if was_reached { duration(one.ms) } else { "–".to_owned() },
    }
}

/// The servers that a run is about: those that are done as they ended, the others with what was last said.
fn working(running: &Running, mirror: &Mirror) -> Vec<Row> {
    let (lines, done) = (running.last_lines(), running.ended_servers());
    let row = |one: &headwater_manager::ServerView| {
        if let Some(done) = done.iter().find(|done| done.id == one.server.id) {
            return ended(done, mirror);
        }
        let last = lines.iter().find(|line| line.server == one.server.id);
        Row {
            name: one.server.name.clone(),
            indent: one.depth.min(6),
            mode: one.server.mode.map_or("–", mode),
            state: match last {
                Some(_) => Shown::new(Look::Working, "working"),
                None => Shown::new(Look::Silent, WAITS),
            },
            phase: last.map_or_else(String::new, |line| progress(line.phase, line.done, line.total)),
            line: last.map_or_else(String::new, |line| line.line.clone()),
            changed: Vec::new(),
            changes: "–".to_owned(),
            differences: Vec::new(),
            more: String::new(),
            files: "–".to_owned(),
            took: last.map_or_else(|| "–".to_owned(), |line| seconds_passed(line.elapsed().as_secs())),
        }
    };
    mirror.tree.servers.iter().filter(|one| running.is_about(one.server.id)).map(row).collect()
}

/// What a form asks for: the options of `wsus sync`.
fn asked(fields: &Fields) -> Result<SyncRequest, Wrong> {
    let is_set = |name: &str| !fields.get(name).is_empty();
    let digits = |name, id: &str, of| number(fields, name, of).map_err(|why| Wrong::at(id, why.what()));
    if is_set("below") && is_set("at") {
        let both = "choose either one server alone, or a server and those below it";
        return Err(Wrong::at("only-at", both));
    }
    let server_limit_seconds = digits("server_limit", "server-limit", "seconds")?;
    Ok(SyncRequest {
        dry_run: is_set("dry"),
        below: fields.text("below"),
        at: fields.text("at"),
        only: match fields.get("only") {
            "groups" => Some(SyncPart::Groups),
            "approvals" => Some(SyncPart::Approvals),
            "clients" => Some(SyncPart::Clients),
            _ => None,
        },
        with_upstream: is_set("with_upstream"),
        max_removals: digits("max_removals", "removals", MEMBERS)?,
        hold_removals: is_set("hold_removals"),
        keep_windows: is_set("keep_windows"),
        server_limit_seconds,
    })
}

fn number(fields: &Fields, name: &str, of: &str) -> Result<Option<u64>, Failure> {
    let wrong = |_| Failure::invalid(format!("write the number of {of} in digits"));
    let read = |text: String| text.parse().map_err(wrong);
    fields.text(name).map(read).transpose()
}

/// Begins a run, or one that only lists what differs; or shows the one that goes on. What was typed stays when
/// it is refused.
pub(crate) async fn begin(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Result<Redirect, Html<String>>, Failure> {
    let request = match asked(&fields) {
        Ok(request) => request,
        Err(wrong) => return again(&manager, &visitor, &fields, wrong).await,
    };
    let by = visitor.permitted(action_for(&request))?;
    match manager.synchronise(&request, by, Looking::of(visitor.may(Action::Write))).await {
        Ok(running) => match running.otherwise(&request) {
            None => Ok(Ok(Redirect::to(&format!("/runs/{}", running.number)))),
            Some(otherwise) => again(&manager, &visitor, &fields, Wrong::new(&otherwise)).await,
        },
        Err(error) => match error.kind() {
            ErrorKind::Invalid | ErrorKind::Refused | ErrorKind::NotFound => {
                let wrong = Wrong::new(&headwater_model::chain(&error));
                again(&manager, &visitor, &fields, wrong).await
            }
            _ => Err(error.into()),
        },
    }
}

/// The list once more, with the run that was asked for.
async fn again(
    manager: &Manager,
    visitor: &Visitor,
    fields: &Fields,
    wrong: Wrong,
) -> Result<Result<Redirect, Html<String>>, Failure> {
    Ok(Err(list_page(manager, visitor, fields, Some(Refused::Run(wrong))).await?))
}

pub(crate) async fn stop(State(manager): Shared, visitor: Visitor) -> Result<Redirect, Failure> {
    manager.stop_synchronising(visitor.permitted(Action::ForEveryGroup)?).await?;
    Ok(Redirect::to("/runs"))
}
