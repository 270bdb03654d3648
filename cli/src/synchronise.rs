//! `headwater wsus sync`: what is said while it runs, what came of it, and the runs before.

use clap::{Args, ValueEnum};
use headwater_api::{
    Page, RunKind, RunOrder, RunResult, SyncEvent, SyncReport, SyncRequest, SyncRun, SyncRunsQuery,
    SyncServer,
};
use headwater_words::moment::{minute, took};
use headwater_words::quantity::grouped;
use headwater_words::synchronisation::{HEADS, all_sentences, cells, in_step, sentences, verdict};

use crate::arguments::Part;
use crate::failure::{Exit, Failure, ended};
use crate::live::Live;
use crate::session::{Reader, Session};
use crate::sheet::paragraph;
use crate::table::{Column, Table};
use crate::terminal::Terminal;
use crate::update::rest;

pub(crate) fn run(request: &SyncRequest, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let is_json = session.is_json();
    let client = &session.client;
    watched(is_json, session.terminal, |watch| Ok(client.sync_wsus(request, watch)?))
}

/// Begins a run that goes on by itself.
pub(crate) fn begin(request: &SyncRequest, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let started = session.client.begin_sync_wsus(request)?;
    session.show(&started, |run, _| {
        let verb = if run.joined { "goes on already" } else { "has begun" };
        let otherwise = run.otherwise.iter().map(|line| format!(" {line}")).collect::<String>();
        format!(
            "Run {} {verb}.{otherwise} Watch it with `headwater wsus sync`, end it with `headwater wsus sync stop`; \
             `headwater wsus runs` lists how it ended.",
            run.run
        )
    })
}

/// Asks for a run and shows it to its end.
pub(crate) fn watched(
    is_json: bool,
    terminal: &mut Terminal<'_>,
    ask: impl FnOnce(&mut dyn FnMut(&SyncEvent, &str)) -> Result<SyncReport, Failure>,
) -> Result<Exit, Failure> {
    let mut written = Ok(());
    let mut live = Live::new(terminal.has_bar && !is_json);
    let report = ask(&mut |event, line| {
        if written.is_ok() {
            written = match event {
                _ if is_json => terminal.print(line),
                event => live.follow(event, terminal),
            };
        }
    });
    live.end();
    let report = report?;
    let exit = Exit::of(report.exit);
    if !is_json && written.is_ok() {
        let text = text(&report, Reader { width: terminal.width, now: terminal.now });
        written = terminal.print(&text);
    }
    ended(written.map(|()| exit), exit)
}

/// [`headwater_words::synchronisation::text`], in lines that keep to the reader's width.
fn text(report: &SyncReport, reader: Reader) -> String {
    told(report, sentences, reader)
}

fn told(report: &SyncReport, sentences: fn(&SyncServer) -> Vec<String>, reader: Reader) -> String {
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

fn table(servers: &[SyncServer], reader: Reader) -> String {
    let [server, mode, state, changed, files, time] = HEADS;
    let mut table = Table::new(&[
        Column::Long(server),
        Column::Text(mode),
        Column::Text(state),
        Column::Number(changed),
        Column::Text(files),
        Column::Number(time),
    ]);
    for server in servers {
        table.row(cells(server));
    }
    table.text(reader.width)
}

pub(crate) fn stop(session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    session.client.stop_sync()?;
    session.terminal.note("The run ends after what it is doing.")?;
    Ok(Exit::Done)
}

/// One run as it ended, with what it changed from what to what.
pub(crate) fn one(run: &SyncRun, reader: Reader) -> String {
    let begun = minute(run.started_at);
    let mut text = paragraph(&format!("Run {}, begun {begun} by {}.", run.run, run.started_by), reader.width);
    match (&run.report, &run.failed) {
        (Some(report), _) => text += &told(report, all_sentences, reader),
        (None, Some(why)) => text += &paragraph(&format!("It failed: {why}."), reader.width),
        (None, None) => text += "It did not end, or goes on.\n",
    }
    text
}

/// Which runs are listed, and how.
#[derive(Debug, Args)]
pub struct RunsArguments {
    /// Only those that ended so
    #[arg(long, value_name = "RESULT", conflicts_with = "number")]
    result: Option<ResultChoice>,
    /// Only those that somebody began whose name has this in it
    #[arg(long, value_name = "NAME", conflicts_with = "number")]
    by: Option<String>,
    /// Only those of this kind
    #[arg(long, value_name = "KIND", conflicts_with = "number")]
    kind: Option<KindChoice>,
    /// In this order [default: started]
    #[arg(long, value_name = "ORDER", conflicts_with = "number")]
    sort: Option<OrderChoice>,
    /// The other way round
    #[arg(long, conflicts_with = "number")]
    reverse: bool,
    #[command(flatten)]
    part: Part,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ResultChoice {
    /// Every server is in step
    InStep,
    /// Not every server is
    Differs,
    /// They failed as a whole, or did not end
    Failed,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum KindChoice {
    /// Those that may write
    Run,
    /// Those that only compared
    Dry,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum OrderChoice {
    /// The latest first
    Started,
    /// The worst first
    Result,
    /// The longest first
    Took,
    /// Those that changed the most first
    Changes,
    By,
}

impl RunsArguments {
    pub(crate) fn query(&self) -> SyncRunsQuery {
        SyncRunsQuery {
            result: self.result.map(|result| match result {
                ResultChoice::InStep => RunResult::InStep,
                ResultChoice::Differs => RunResult::Differs,
                ResultChoice::Failed => RunResult::Failed,
            }),
            by: self.by.clone(),
            kind: self.kind.map(|kind| match kind {
                KindChoice::Run => RunKind::Run,
                KindChoice::Dry => RunKind::Dry,
            }),
            sort: self.sort.map(|order| match order {
                OrderChoice::Started => RunOrder::Started,
                OrderChoice::Result => RunOrder::Result,
                OrderChoice::Took => RunOrder::Took,
                OrderChoice::Changes => RunOrder::Changes,
                OrderChoice::By => RunOrder::By,
            }),
            reverse: self.reverse,
            limit: Some(self.part.limit),
            after: self.part.after.clone(),
        }
    }

    pub(crate) fn is_filtered(&self) -> bool {
        self.result.is_some() || self.by.is_some() || self.kind.is_some()
    }
}

pub(crate) fn history(page: &Page<SyncRun>, is_filtered: bool, reader: Reader) -> String {
    let runs = &page.items;
    if runs.is_empty() && is_filtered {
        return "No run that is kept matches. See all of them with `headwater wsus runs`.".into();
    }
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
        let took = run.finished_at.map_or_else(String::new, |end| took(run.started_at, end));
        let (dry_run, step, changed) = match &run.report {
            None if run.failed.is_some() => ("", "failed".to_owned(), String::new()),
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
    table.text(reader.width) + &rest(page, "run")
}
