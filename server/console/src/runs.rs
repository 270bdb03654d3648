//! Synchronisations of the tree: the last ones, and one of them while it runs or as it ended.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Redirect};
use headwater_api::{
    NewSchedule, SyncPhase, SyncReport, SyncRequest, SyncRun, SyncServer, SyncServerState, Weekday,
};
use headwater_manager::{Manager, Mirror, Running};
use headwater_operators::Action;
use headwater_words::moment::{minute, took};
use headwater_words::quantity::{counted, duration, grouped, seconds_passed};
use headwater_words::schedule;
use headwater_words::synchronisation::{in_step, mode, progress, sentences, verdict};

use crate::Shared;
use crate::failure::Failure;
use crate::fields::{Fields, Form};
use crate::frame::Frame;
use crate::look::{Look, State as Shown, When};
use crate::session::Visitor;

/// Runs of the strip.
const STRIP: usize = 12;

#[derive(Template)]
#[template(path = "runs.html")]
struct List {
    frame: Frame,
    verdict: String,
    rows: Vec<Past>,
    /// When the tree is synchronised by itself, if it is.
    schedule: Option<Scheduled>,
    days: Vec<Day>,
}

struct Scheduled {
    when: String,
    at: String,
    max_removals: String,
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
    is_here: bool,
}

pub(crate) async fn list(State(manager): Shared, visitor: Visitor) -> Result<Html<String>, Failure> {
    let rows = past(&manager, manager.sync_runs().await?, None).await;
    let verdict = match rows.first() {
        None => "There was no synchronisation of the tree yet.".to_owned(),
        Some(last) => {
            format!("The last run, {}, began {}: {}.", last.number, last.started.age, last.state.word)
        }
    };
    let frame = Frame::new(&manager, &visitor, "/runs", "Synchronisation", &Fields::default());
    let schedule = manager.schedule().await?;
    let chosen = schedule.as_ref().map(|schedule| schedule.when.days.clone()).unwrap_or_default();
    let days = DAYS.map(|day| Day { value: schedule::name(day), is_chosen: chosen.contains(&day) }).into();
    let schedule = schedule.map(|schedule| Scheduled {
        when: schedule::when(&schedule.when),
        at: schedule.when.at,
        max_removals: schedule.when.max_removals.map_or_else(String::new, |max| max.to_string()),
        next: schedule.next_at.to_string(),
        next_exact: minute(schedule.next_at),
    });
    Ok(Html(List { frame, verdict, rows, schedule, days }.render()?))
}

/// Sets the schedule, or takes it away.
pub(crate) async fn set_schedule(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let by = visitor.permitted(Action::Administer)?;
    if fields.get("off").is_empty() {
        let days: Vec<&str> = fields.all("day").collect();
        let max_removals = match fields.get("max_removals") {
            "" => None,
            text => {
                Some(text.parse().map_err(|_| Failure::invalid("write the number of members in digits"))?)
            }
        };
        let new = NewSchedule {
            at: fields.get("at").to_owned(),
            days: DAYS.into_iter().filter(|day| days.contains(&schedule::name(*day))).collect(),
            max_removals,
        };
        manager.set_schedule(&new, by).await?;
    } else {
        manager.clear_schedule(by).await?;
    }
    Ok(Redirect::to("/runs"))
}

async fn past(manager: &Manager, runs: Vec<SyncRun>, here: Option<u64>) -> Vec<Past> {
    let now = manager.now();
    let going_on = manager.running().await.filter(|running| !running.has_ended());
    let going_on = going_on.and_then(|running| running.number);
    let row = |run: SyncRun| {
        let changed: usize =
            run.report.iter().flat_map(|report| &report.servers).map(|one| one.changed.len()).sum();
        let took = run.finished_at.map_or_else(String::new, |end| took(run.started_at, end));
        Past {
            number: run.run,
            state: match &run.report {
                Some(report) => outcome(report),
                None if going_on == Some(run.run as i64) => Shown::new(Look::Working, "running"),
                None => Shown::new(Look::Failed, "did not end"),
            },
            started: When::new(run.started_at, now),
            took,
            by: run.started_by,
            changed: grouped(changed as u64),
            is_here: here == Some(run.run),
        }
    };
    runs.into_iter().map(row).collect()
}

fn outcome(report: &SyncReport) -> Shown {
    let all = report.servers.len() as u64;
    match in_step(&report.servers) {
        step if step == all => Shown::new(Look::InStep, "all in step"),
        step => Shown::new(Look::Differs, format!("{} of {} in step", grouped(step), grouped(all))),
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
    is_running: bool,
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
    differences: Vec<String>,
    more: String,
    files: String,
    took: String,
}

/// A number, or `dry` for the last one that only listed what differs.
pub(crate) async fn show(
    State(manager): Shared,
    visitor: Visitor,
    Path(number): Path<String>,
) -> Result<Html<String>, Failure> {
    let mirror = manager.mirror();
    let number: u64 = number.parse().map_err(|_| Failure::not_found("this is no number of a run"))?;
    let running = manager.running().await.filter(|running| running.number == Some(number as i64));
    let runs = manager.sync_runs().await?;
    let kept = manager.sync_run(number).await?;
    let report = match running.as_ref().and_then(|running| running.result()) {
        Some(Ok(report)) => Some(report.clone()),
        Some(Err(_)) | None => kept.report.clone(),
    };
    let failed = match running.as_ref().and_then(|running| running.result()) {
        Some(Err(error)) => Some(headwater_model::chain(error)),
        _ => None,
    };
    let now = manager.now();
    let is_running = running.as_ref().is_some_and(|running| !running.has_ended());
    let (verdict_text, state, rows) = match (&report, &failed, &running) {
        (Some(report), ..) => {
            (verdict(report), outcome(report), report.servers.iter().map(|one| ended(one, &mirror)).collect())
        }
        (None, Some(failed), _) => {
            (format!("The run failed: {failed}."), Shown::new(Look::Failed, "failed"), Vec::new())
        }
        (None, None, Some(running)) => {
            (going_on(running), Shown::new(Look::Working, "running"), working(running, &mirror))
        }
        (None, None, None) => (
            "The run did not end: the managing server was stopped meanwhile. The next one completes it."
                .to_owned(),
            Shown::new(Look::Failed, "did not end"),
            Vec::new(),
        ),
    };
    let page = Page {
        frame: Frame::new(&manager, &visitor, "/runs", &format!("Run {number}"), &Fields::default()),
        title: format!("Run {number}"),
        verdict: verdict_text,
        state,
        by: kept.started_by.clone(),
        started: When::new(kept.started_at, now),
        elapsed: took(kept.started_at, kept.finished_at.unwrap_or(now)),
        is_running,
        strip: past(&manager, runs, Some(number)).await.into_iter().take(STRIP).collect(),
        rows,
        text: report.as_ref().map(text).unwrap_or_default(),
    };
    Ok(Html(page.render()?))
}

fn going_on(running: &Running) -> String {
    let done = running.last_lines().iter().filter(|one| one.phase == SyncPhase::Done).count();
    format!("The run goes on: {} done.", counted(done as u64, "server"))
}

/// What a command prints, to copy.
fn text(report: &SyncReport) -> String {
    let mut text = verdict(report) + "\n";
    for server in &report.servers {
        text += &format!("{}: {}\n", server.name, headwater_words::synchronisation::state(server));
    }
    for sentence in report.servers.iter().flat_map(sentences) {
        text += &format!("{sentence}\n");
    }
    text
}

fn indent(mirror: &Mirror, one: &SyncServer) -> usize {
    mirror.tree.server(one.id).map_or(0, |known| known.depth.min(6))
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
        differences: one.differences.iter().map(|difference| difference.text.clone()).collect(),
        more: if more > 0 { counted(more, "more difference") } else { String::new() },
        files: match one.files_held < one.files_wanted {
            true => format!("{} of {}", grouped(one.files_held), grouped(one.files_wanted)),
            false => "–".to_owned(),
        },
        took: if was_reached { duration(one.ms) } else { "–".to_owned() },
    }
}

fn working(running: &Running, mirror: &Mirror) -> Vec<Row> {
    let lines = running.last_lines();
    let row = |one: &headwater_manager::ServerView| {
        let last = lines.iter().find(|line| line.server == one.server.id);
        Row {
            name: one.server.name.clone(),
            indent: one.depth.min(6),
            mode: one.server.mode.map_or("–", mode),
            state: match last.map(|line| line.phase) {
                Some(SyncPhase::Done) => Shown::new(Look::InStep, "done"),
                Some(_) => Shown::new(Look::Working, "working"),
                None => Shown::new(Look::Silent, "waits"),
            },
            phase: last.map_or_else(String::new, |line| progress(line.phase, line.done, line.total)),
            line: last.map_or_else(String::new, |line| line.line.clone()),
            changed: Vec::new(),
            differences: Vec::new(),
            more: String::new(),
            files: "–".to_owned(),
            took: last.map_or_else(|| "–".to_owned(), |line| seconds_passed(line.elapsed().as_secs())),
        }
    };
    mirror.tree.servers.iter().map(row).collect()
}

/// Begins a run, or shows the one that goes on; or only lists what differs.
pub(crate) async fn begin(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Result<Redirect, Html<String>>, Failure> {
    let dry_run = fields.get("dry") == "yes";
    let request = SyncRequest { dry_run, below: fields.text("below"), ..SyncRequest::default() };
    // What only compares writes nothing.
    let by = visitor.permitted(if dry_run { Action::Write } else { Action::ForEveryGroup })?;
    let running = manager.synchronise(&request, by).await?;
    match running.number {
        Some(number) => Ok(Ok(Redirect::to(&format!("/runs/{number}")))),
        None => Ok(Err(listed(&manager, &visitor, &running).await?)),
    }
}

/// Waits for a run that changes nothing and shows what it found.
async fn listed(manager: &Manager, visitor: &Visitor, running: &Running) -> Result<Html<String>, Failure> {
    let mut seen = 0;
    while let Some(lines) = running.lines(seen).await {
        seen += lines.len();
    }
    let report = match running.result() {
        Some(Ok(report)) => report,
        Some(Err(error)) => {
            return Err(Failure::new(axum::http::StatusCode::CONFLICT, headwater_model::chain(error)));
        }
        None => return Err(Failure::not_found("the comparison did not end")),
    };
    let (mirror, now) = (manager.mirror(), manager.now());
    let page = Page {
        frame: Frame::new(manager, visitor, "/runs", "What differs", &Fields::default()),
        title: "What differs".to_owned(),
        verdict: verdict(report),
        state: outcome(report),
        by: running.started_by.clone(),
        started: When::new(running.started_at, now),
        elapsed: took(running.started_at, now),
        is_running: false,
        strip: past(manager, manager.sync_runs().await?, None).await.into_iter().take(STRIP).collect(),
        rows: report.servers.iter().map(|one| ended(one, &mirror)).collect(),
        text: text(report),
    };
    Ok(Html(page.render()?))
}

pub(crate) async fn stop(State(manager): Shared, visitor: Visitor) -> Result<Redirect, Failure> {
    manager.stop_synchronising(visitor.permitted(Action::ForEveryGroup)?).await?;
    Ok(Redirect::to("/runs"))
}
