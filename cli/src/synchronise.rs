//! `headwater wsus sync`: what is said while it runs, what came of it, and the runs before.

use headwater_api::{
    SyncEvent, SyncPhase, SyncReport, SyncRequest, SyncRun, SyncServer, SyncServerState as State,
};

use crate::failure::{Exit, Failure, ended};
use crate::moment::minute;
use crate::quantity::{counted, duration, grouped};
use crate::session::{Reader, Session};
use crate::sheet::paragraph;
use crate::table::{Column, Table};
use crate::wsus::mode;

/// How many changes of a server are named; the others are counted.
const CHANGES_NAMED_MAX: usize = 10;

pub(crate) fn run(request: &SyncRequest, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let is_json = session.is_json();
    let terminal = &mut *session.terminal;
    let mut written = Ok(());
    let report = session.client.sync_wsus(request, &mut |event, line| {
        if written.is_ok() {
            written = match event {
                _ if is_json => terminal.print(line),
                SyncEvent::Server { name, phase, line } => {
                    terminal.note(&format!("{name}: {}: {line}", word(*phase)))
                }
                SyncEvent::Finished { .. } | SyncEvent::Failed { .. } => Ok(()),
            };
        }
    })?;
    let exit = Exit::of(report.exit);
    if !is_json && written.is_ok() {
        let text = text(&report, session.reader());
        written = session.terminal.print(&text);
    }
    ended(written.map(|()| exit), exit)
}

fn word(phase: SyncPhase) -> &'static str {
    match phase {
        SyncPhase::Updates => "updates",
        SyncPhase::Clients => "clients",
        SyncPhase::Compare => "compare",
        SyncPhase::Done => "done",
    }
}

fn text(report: &SyncReport, reader: Reader) -> String {
    let mut text = paragraph(&verdict(report), reader.width);
    text.push('\n');
    text += &table(&report.servers, reader);
    let sentences: String = report
        .servers
        .iter()
        .flat_map(sentences)
        .map(|sentence| paragraph(&sentence, reader.width))
        .collect();
    if !sentences.is_empty() {
        text.push('\n');
        text += &sentences;
    }
    text
}

fn in_step(servers: &[SyncServer]) -> u64 {
    servers.iter().filter(|server| server.state == State::InStep).count() as u64
}

fn verdict(report: &SyncReport) -> String {
    let servers = report.servers.len() as u64;
    let in_step = in_step(&report.servers);
    let step = match (in_step, servers) {
        (0, 0) => "No server was looked at".to_owned(),
        (1, 1) => "The server is in step".to_owned(),
        (0, 1) => "The server is not in step".to_owned(),
        _ if in_step == servers => format!("All {} servers are in step", grouped(servers)),
        (1, _) => format!("1 of {} servers is in step", grouped(servers)),
        _ => format!("{} of {} servers are in step", grouped(in_step), grouped(servers)),
    };
    let changed = report.servers.iter().any(|server| !server.changed.is_empty());
    match (report.dry_run, changed) {
        (true, _) => format!("{step}. This was a dry run: nothing was changed."),
        (false, false) => format!("{step}. Nothing was changed."),
        (false, true) => format!("{step}."),
    }
}

fn table(servers: &[SyncServer], reader: Reader) -> String {
    let mut table = Table::new(&[
        Column::Long("SERVER"),
        Column::Text("MODE"),
        Column::Text("STATE"),
        Column::Number("CHANGED"),
        Column::Text("FILES"),
        Column::Number("TIME"),
    ]);
    for server in servers {
        let was_reached = !matches!(server.state, State::NotReached | State::NoLinkage);
        let files = if server.files_held < server.files_wanted {
            format!("{} of {}", grouped(server.files_held), grouped(server.files_wanted))
        } else {
            String::new()
        };
        table.row([
            server.name.clone(),
            server.mode.map_or("", mode).into(),
            state(server),
            if was_reached { grouped(server.changed.len() as u64) } else { String::new() },
            files,
            if was_reached { duration(server.ms) } else { String::new() },
        ]);
    }
    table.text(reader.width)
}

fn state(server: &SyncServer) -> String {
    match server.state {
        State::InStep => "in step".into(),
        State::Differs => counted(server.differences_total, "difference"),
        State::Failed => "failed".into(),
        State::NotReached => "not reached".into(),
        State::NoLinkage => "no Linkage".into(),
    }
}

/// What is to be said of a server: why it failed, what was changed, and each difference that remains.
fn sentences(server: &SyncServer) -> Vec<String> {
    let name = &server.name;
    let mut all: Vec<String> = server.problem.iter().map(|problem| format!("{name}: {problem}")).collect();
    all.extend(server.changed.iter().take(CHANGES_NAMED_MAX).map(|change| format!("{name}: {change}")));
    let more = server.changed.len().saturating_sub(CHANGES_NAMED_MAX) as u64;
    if more > 0 {
        all.push(format!("{name}: {}", counted(more, "more change")));
    }
    all.extend(server.differences.iter().map(|difference| format!("{name}: {}", difference.text)));
    let more = server.differences_total.saturating_sub(server.differences.len() as u64);
    if more > 0 {
        all.push(format!("{name}: {}", counted(more, "more difference")));
    }
    all
}

pub(crate) fn history(runs: &[SyncRun], reader: Reader) -> String {
    if runs.is_empty() {
        return "There was no run yet. Begin one with `headwater wsus sync`.".into();
    }
    let mut table = Table::new(&[
        Column::Number("RUN"),
        Column::Text("STARTED"),
        Column::Text("TOOK"),
        Column::Text("DRY RUN"),
        Column::Text("IN STEP"),
        Column::Text("CHANGED"),
        Column::Long("BY"),
    ]);
    for run in runs {
        let took = run.finished_at.map_or_else(String::new, |end| {
            let micros = end.as_micros().saturating_sub(run.started_at.as_micros());
            duration(u64::try_from(micros / 1_000).unwrap_or_default())
        });
        let (dry_run, step, changed) = match &run.report {
            // Whether it runs still cannot be told.
            None => ("", "not ended".to_owned(), String::new()),
            Some(report) => {
                let changed: usize = report.servers.iter().map(|server| server.changed.len()).sum();
                let servers = grouped(report.servers.len() as u64);
                let dry_run = if report.dry_run { "yes" } else { "" };
                (
                    dry_run,
                    format!("{} of {servers}", grouped(in_step(&report.servers))),
                    grouped(changed as u64),
                )
            }
        };
        table.row([
            run.run.to_string(),
            minute(run.started_at).trim_end_matches(" UTC").into(),
            took,
            dry_run.into(),
            step,
            changed,
            run.started_by.clone(),
        ]);
    }
    table.text(reader.width)
}
