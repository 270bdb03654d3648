//! `headwater upstream`: the server that updates are taken from.

use std::path::{Path, PathBuf};
use std::{fs, thread};

use clap::{ArgGroup, Args, Subcommand};
use headwater_api::{Page, Run, RunState, RunStep, Upstream, UpstreamFilter, UpstreamMode, UpstreamRequest};

use crate::Options;
use crate::arguments::examples;
use crate::failure::{Exit, Failure};
use crate::session::{Reader, Session};
use crate::sheet::Sheet;
use crate::table::{Column, Table};
use headwater_words::moment::{age, minute};
use headwater_words::quantity::{counted, duration, grouped};

#[derive(Debug, Args)]
pub struct UpstreamArguments {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: UpstreamCommand,
}

#[derive(Debug, Subcommand)]
pub enum UpstreamCommand {
    /// Name the server to take updates from
    #[command(after_help = examples!("headwater upstream set https://wsus.example:8531 --autonomous"))]
    #[command(group = ArgGroup::new("mode").required(true))]
    Set {
        /// Its address, as downstream servers have it
        #[arg(value_name = "URL")]
        url: String,
        /// Take groups, approvals and declines as well, and decide nothing here
        #[arg(long, group = "mode")]
        replica: bool,
        /// Take updates only, and decide here
        #[arg(long, group = "mode")]
        autonomous: bool,
        /// The authority of its certificate, in PEM: for a Headwater the `ca.pem` of its data folder
        #[arg(long, value_name = "FILE")]
        ca: Option<PathBuf>,
    },
    /// Show that server and what is taken from it
    #[command(after_help = examples!("headwater upstream show"))]
    Show,
    /// Limit what is taken from it
    ///
    /// A limit that is named replaces the one before; those that are not named stay as they are.
    #[command(after_help = examples!(
        "headwater upstream filter --product \"Windows 11\" --classification \"Security Updates\" --language en"
    ))]
    #[command(group = ArgGroup::new("limits").required(true).multiple(true))]
    Filter {
        /// A product, by title or id; can be given several times
        #[arg(long = "product", value_name = "PRODUCT", group = "limits")]
        products: Vec<String>,
        /// A classification, by title or id; can be given several times
        #[arg(long = "classification", value_name = "CLASSIFICATION", group = "limits")]
        classifications: Vec<String>,
        /// A language of files, such as en; can be given several times
        #[arg(long = "language", value_name = "LANGUAGE", group = "limits")]
        languages: Vec<String>,
        /// Lift the limits that are not named
        #[arg(long, group = "limits")]
        all: bool,
    },
    /// Take what is new from it now
    #[command(after_help = examples!("headwater upstream sync --wait"))]
    Sync {
        /// End when the run ends, with 1 when it was not done in full
        #[arg(long)]
        wait: bool,
    },
    /// End the run that is going; the next one takes the rest
    #[command(after_help = examples!("headwater upstream stop"))]
    Stop,
    /// List the last runs, the newest first
    #[command(alias = "history", after_help = examples!("headwater upstream runs"))]
    Runs,
    /// Take updates from it no longer; what is here stays
    #[command(after_help = examples!("headwater upstream clear"))]
    Clear,
}

pub(crate) fn run(command: &UpstreamCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        UpstreamCommand::Set { url, replica, ca, .. } => {
            let mode = if *replica { UpstreamMode::Replica } else { UpstreamMode::Autonomous };
            let ca_pem = ca.as_deref().map(read_authority).transpose()?;
            let answer = session.client.set_upstream(&UpstreamRequest { url: url.clone(), mode, ca_pem })?;
            session.show(&answer, |upstream, reader| sheet(upstream, reader) + SET)
        }
        UpstreamCommand::Show => {
            let answer = session.client.upstream()?;
            session.show(&answer, sheet)
        }
        UpstreamCommand::Filter { products, classifications, languages, all } => {
            let named = [products, classifications, languages];
            let before =
                if *all { UpstreamFilter::default() } else { session.client.upstream()?.value.filter };
            let answer = session.client.set_upstream_filter(&changed(before, named))?;
            session.show(&answer, sheet)
        }
        UpstreamCommand::Sync { wait } => sync(*wait, session),
        UpstreamCommand::Stop => {
            session.client.stop_run()?;
            session.say("The run is ended; the next one takes the rest")
        }
        UpstreamCommand::Runs => {
            let answer = session.client.runs()?;
            session.show(&answer, history)
        }
        UpstreamCommand::Clear => {
            session.client.clear_upstream()?;
            session.say("No updates are taken from another server any more; what is here stays")
        }
    }
}

const SET: &str = "\nUpdates are taken from now on; `headwater upstream sync --wait` shows how far it is.\n";

fn read_authority(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::Argument(format!("`{}` cannot be read: {error}", path.display())))
}

fn changed(mut filter: UpstreamFilter, named: [&Vec<String>; 3]) -> UpstreamFilter {
    let lists = [&mut filter.products, &mut filter.classifications, &mut filter.languages];
    for (list, named) in lists.into_iter().zip(named) {
        if !named.is_empty() {
            list.clone_from(named);
        }
    }
    filter
}

fn sync(wait: bool, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let started = session.client.sync()?;
    if !wait {
        return session.show(&started, |run, _| {
            let verb = if run.joined { "is going already" } else { "has begun" };
            format!("Run {} {verb}. See how far it is with `headwater upstream runs`.", run.run)
        });
    }
    let mut said = String::new();
    let last = loop {
        let answer = session.client.run(started.value.run)?;
        if answer.value.state != RunState::Running {
            break answer;
        }
        let progress = progress(&answer.value);
        if progress != said {
            session.terminal.note(&progress)?;
            said = progress;
        }
        thread::sleep(session.terminal.patience);
    };
    session.show(&last, run_sheet)?;
    Ok(if last.value.state == RunState::Done { Exit::Done } else { Exit::Refused })
}

fn progress(run: &Run) -> String {
    let step = match run.step {
        RunStep::Connecting => return "Connecting".into(),
        RunStep::Categories => "Categories",
        RunStep::Updates => "Updates",
        RunStep::Approvals => "Groups and approvals",
        RunStep::Reports => return "Reports".into(),
    };
    let of = run.documents_total.map_or_else(String::new, |total| format!(" of {}", grouped(total)));
    format!("{step}: {}{of}", grouped(run.documents))
}

/// An upstream server in one line.
pub(crate) fn line(upstream: &Upstream, reader: Reader) -> String {
    let last = match (&upstream.running, &upstream.last_run) {
        (Some(number), _) => format!("run {number} is going"),
        (None, Some(run)) => format!("last run {} {}", word(run.state), age(ended(run), reader.now)),
        (None, None) => "no run yet".into(),
    };
    format!("{} ({}), {last}", upstream.url, mode(upstream.mode))
}

fn mode(mode: UpstreamMode) -> &'static str {
    match mode {
        UpstreamMode::Replica => "replica",
        UpstreamMode::Autonomous => "autonomous",
    }
}

fn word(state: RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::Done => "done",
        RunState::Partial => "done in part",
        RunState::Failed => "failed",
        RunState::Cancelled => "cancelled",
    }
}

fn ended(run: &Run) -> headwater_model::Timestamp {
    run.finished_at.unwrap_or(run.started_at)
}

fn sheet(upstream: &Upstream, reader: Reader) -> String {
    let limit = |list: &Vec<String>| if list.is_empty() { "all".into() } else { list.join(", ") };
    let mut sheet = Sheet::default();
    sheet.fact("Server", line(upstream, reader));
    if upstream.mode == UpstreamMode::Autonomous {
        sheet
            .fact("Products", limit(&upstream.filter.products))
            .fact("Classifications", limit(&upstream.filter.classifications));
    }
    sheet.fact("Languages", limit(&upstream.filter.languages));
    sheet.text(reader.width)
}

fn run_sheet(run: &Run, reader: Reader) -> String {
    let mut sheet = Sheet::default();
    sheet
        .fact("Run", format!("{}, {} after {}", run.number, word(run.state), took(run)))
        .fact("Updates", format!("{}, {} new", counted(run.documents, "document"), grouped(run.added)));
    if run.approvals_changed > 0 {
        sheet.fact("Approvals", format!("{} changed", grouped(run.approvals_changed)));
    }
    sheet.fact("Problem", run.problem.clone().unwrap_or_default());
    let mut text = sheet.text(reader.width);
    if !run.quarantined.is_empty() {
        let mut table = Table::new(&[Column::Long("KEPT APART"), Column::Long("WHY")]).wrapping();
        for document in &run.quarantined {
            table.row([document.name.clone(), document.reason.clone()]);
        }
        text.push('\n');
        text += &table.text(reader.width);
    }
    text
}

fn took(run: &Run) -> String {
    let micros = ended(run).as_micros().saturating_sub(run.started_at.as_micros());
    duration(u64::try_from(micros / 1_000).unwrap_or_default())
}

fn history(page: &Page<Run>, reader: Reader) -> String {
    if page.items.is_empty() {
        return "There was no run yet. Begin one with `headwater upstream sync`.".into();
    }
    let columns = [
        Column::Number("RUN"),
        Column::Text("STATE"),
        Column::Text("STARTED"),
        Column::Text("TOOK"),
        Column::Number("NEW"),
        Column::Long("BY"),
        Column::Long("PROBLEM"),
    ];
    let mut table = Table::new(&columns);
    for run in &page.items {
        let is_running = run.state == RunState::Running;
        table.row([
            run.number.to_string(),
            word(run.state).into(),
            minute(run.started_at).trim_end_matches(" UTC").into(),
            if is_running { String::new() } else { took(run) },
            grouped(run.added),
            run.by.clone().unwrap_or_else(|| "schedule".into()),
            run.problem.clone().unwrap_or_default(),
        ]);
    }
    table.text(reader.width)
}
