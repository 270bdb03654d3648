//! `headwater update import`: what is sent, how far it is, what came of it.

use std::path::Path;
use std::time::Duration;

use headwater_api::{ImportEvent, ImportProgress, ImportSummary};
use headwater_client::{ImportSource, ImportStep};
use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::{Exit, Failure};
use crate::session::{Reader, Session};
use crate::sheet::Sheet;
use crate::table::{Column, Table};
use crate::terminal::{Terminal, harmless};
use headwater_words::quantity::{counted, duration, grouped, size};

pub(crate) fn run(path: &Path, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let source = ImportSource::open(path)?;
    let is_json = session.is_json();
    let terminal = &mut *session.terminal;
    let mut progress = Progress::new(terminal.has_bar && !is_json);
    let mut written = Ok(());
    let summary = session.client.import(source, &mut |step| {
        if written.is_ok() {
            written = match step {
                ImportStep::Told { line, .. } if is_json => terminal.print(line),
                step => progress.follow(&step, terminal),
            };
        }
    });
    progress.end();
    let summary = summary?;
    written?;
    if !is_json {
        let text = summary_text(path, &summary, session.reader());
        session.terminal.print(&text)?;
    }
    Ok(if summary.quarantined.is_empty() { Exit::Done } else { Exit::Refused })
}

/// A bar where there is a window, else a line for each tenth.
enum Progress {
    Bar(ProgressBar),
    Lines { said: String },
}

impl Progress {
    fn new(has_bar: bool) -> Self {
        if !has_bar {
            return Self::Lines { said: String::new() };
        }
        let bar = ProgressBar::no_length();
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self::Bar(bar)
    }

    fn follow(&mut self, step: &ImportStep<'_>, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
        let (done, total, text) = match step {
            ImportStep::Sent { bytes, bytes_total } => {
                (*bytes, Some(*bytes_total), format!("Sent {} of {}", size(*bytes), size(*bytes_total)))
            }
            ImportStep::Told { event: ImportEvent::Progress(progress), .. } => {
                (progress.documents, progress.documents_total, read(progress))
            }
            ImportStep::Told { .. } => return Ok(()),
        };
        match self {
            Self::Bar(bar) => {
                total.map_or_else(|| bar.unset_length(), |total| bar.set_length(total));
                bar.set_position(done);
                bar.set_message(text);
            }
            Self::Lines { said } => {
                let part = match total {
                    Some(total) => done.saturating_mul(10).checked_div(total).unwrap_or(10),
                    None => done / 1_000,
                };
                let line = format!("{} {part}", matches!(step, ImportStep::Sent { .. }));
                if *said != line {
                    *said = line;
                    terminal.note(&text)?;
                }
            }
        }
        Ok(())
    }

    fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn read(progress: &ImportProgress) -> String {
    let of = progress.documents_total.map_or_else(String::new, |total| format!(" of {}", grouped(total)));
    let files = match progress.files {
        0 => String::new(),
        files => format!(", {}", counted(files, "file")),
    };
    format!("Read {}{of} documents{files}", grouped(progress.documents))
}

fn summary_text(path: &Path, summary: &ImportSummary, reader: Reader) -> String {
    let name = harmless(&path.display().to_string());
    let mut text = format!("Imported {name} in {}\n\n", duration(summary.duration_ms));
    text += &facts(summary).text(reader.width);
    let apart = summary.quarantined.iter().map(|document| [document.name.clone(), document.reason.clone()]);
    let refused = summary.files_refused.iter().map(|file| [file.name.clone(), file.reason.clone()]);
    text += &reasons("KEPT APART", apart, reader);
    text += &reasons("NOT KEPT", refused, reader);
    if summary.software + summary.drivers > 0 {
        text += "\nSee what came with `headwater update list`.\n";
    }
    text
}

/// A table of names and reasons, unless there are none.
fn reasons(title: &'static str, rows: impl ExactSizeIterator<Item = [String; 2]>, reader: Reader) -> String {
    if rows.len() == 0 {
        return String::new();
    }
    let mut table = Table::new(&[Column::Long(title), Column::Long("WHY")]).wrapping();
    for row in rows {
        table.row(row);
    }
    format!("\n{}", table.text(reader.width))
}

fn facts(summary: &ImportSummary) -> Sheet {
    let mut sheet = Sheet::default();
    let apart = summary.quarantined.len() as u64;
    let mut documents = format!(
        "{} read, {} new, {} here already",
        grouped(summary.documents),
        grouped(summary.added),
        grouped(summary.unchanged)
    );
    if apart > 0 {
        documents += &format!(", {} kept apart", grouped(apart));
    }
    sheet.fact("Documents", documents);
    if summary.added > 0 {
        sheet.fact(
            "New",
            format!(
                "{} software, {}, {}, {}",
                grouped(summary.software),
                counted(summary.drivers, "driver"),
                categories(summary.categories),
                counted(summary.detectoids, "detectoid"),
            ),
        );
    }
    if summary.incomplete > 0 {
        let verb = if summary.incomplete == 1 { "names" } else { "name" };
        let incomplete = grouped(summary.incomplete);
        sheet.fact("Incomplete", format!("{incomplete} of the new {verb} updates that are not here"));
    }
    let mut files = counted(summary.files_added, "new file");
    if summary.files_unknown > 0 {
        files += &format!(", {} that no update names", grouped(summary.files_unknown));
    }
    sheet.fact("Files", files);
    sheet
}

fn categories(count: u64) -> String {
    if count == 1 { "1 category".into() } else { format!("{} categories", grouped(count)) }
}
