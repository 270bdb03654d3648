//! A run of `headwater wsus sync` while it goes: a moving line per server in a window, plain lines elsewhere.

use std::collections::HashMap;
use std::time::Duration;

use headwater_api::{SyncEvent, SyncPhase};
use headwater_words::synchronisation::progress;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::failure::Failure;
use crate::terminal::{Terminal, harmless};

/// How often the time that passes is drawn.
const TICK: Duration = Duration::from_secs(1);
/// Servers that have a line, in the order in which the run came to them; a window holds no more.
const SERVERS_MAX: usize = 24;

/// How a run is shown while it goes.
pub(crate) enum Live {
    Window { all: MultiProgress, servers: HashMap<String, ProgressBar> },
    Lines,
}

impl Live {
    pub fn new(is_window: bool) -> Self {
        match is_window {
            true => Self::Window { all: MultiProgress::new(), servers: HashMap::new() },
            false => Self::Lines,
        }
    }

    pub fn follow(&mut self, event: &SyncEvent, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
        let note = |terminal: &mut Terminal<'_>| {
            headwater_words::synchronisation::line(event).map_or(Ok(()), |line| terminal.note(&line))
        };
        let SyncEvent::Server { name, phase, line, done, total, .. } = event else { return note(terminal) };
        let at = progress(*phase, *done, *total);
        match self {
            Self::Lines => note(terminal),
            Self::Window { all, servers } => {
                if !servers.contains_key(name) && servers.len() >= SERVERS_MAX {
                    return Ok(());
                }
                let bar = servers.entry(name.clone()).or_insert_with(|| {
                    let bar = all.add(ProgressBar::no_length());
                    bar.set_style(style());
                    bar.set_prefix(harmless(name));
                    bar.enable_steady_tick(TICK);
                    bar
                });
                bar.set_message(harmless(&format!("{at}: {line}")));
                if *phase == SyncPhase::Done {
                    bar.abandon();
                }
                Ok(())
            }
        }
    }

    /// Takes the moving lines away: a table says how it ended.
    pub fn end(&self) {
        if let Self::Window { servers, .. } = self {
            servers.values().for_each(ProgressBar::finish_and_clear);
        }
    }
}

/// The name, the phase with what was done in it, and the time.
fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("{prefix:24!} {wide_msg} {elapsed:>8}");
    style.unwrap_or_else(|_| ProgressStyle::default_spinner())
}
