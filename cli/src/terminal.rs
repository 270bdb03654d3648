//! Where results and messages go.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headwater_model::Timestamp;
use jiff::tz::TimeZone;

use crate::failure::Failure;

/// Narrower windows are treated as this wide, in columns: less would hold no table.
const WIDTH_MIN: u16 = 60;

/// The outside of a command. Tests have one of their own.
pub(crate) struct Terminal<'a> {
    pub out: &'a mut dyn Write,
    pub err: &'a mut dyn Write,
    /// The columns of the window, where a person reads the result; else lines are as long as need be.
    pub width: Option<u16>,
    /// Whether a moving bar may be drawn on the standard error.
    pub has_bar: bool,
    pub now: Timestamp,
    pub zone: TimeZone,
    /// How often a run that is waited for is looked at.
    pub patience: Duration,
}

impl Terminal<'_> {
    /// Calls with the terminal of this process.
    pub fn with_standard<T>(act: impl FnOnce(&mut Terminal<'_>) -> T) -> T {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let is_window = io::stdout().is_terminal();
        let window = if is_window { terminal_size::terminal_size() } else { None };
        let width = window.map(|(width, _)| width.0).or(is_window.then_some(80));
        act(&mut Terminal {
            out: &mut io::stdout().lock(),
            err: &mut io::stderr(),
            width: width.map(|width| width.max(WIDTH_MIN)),
            has_bar: io::stderr().is_terminal(),
            now: Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX)),
            zone: TimeZone::system(),
            patience: Duration::from_secs(1),
        })
    }

    /// Writes a text of lines that are ready.
    pub fn print(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.trim_end().as_bytes())?;
        self.out.write_all(b"\n")?;
        Ok(self.out.flush()?)
    }

    /// Writes a line that is not part of the result.
    pub fn note(&mut self, text: &str) -> Result<(), Failure> {
        Ok(writeln!(self.err, "{}", harmless(text))?)
    }

    pub fn complain(&mut self, failure: &Failure) {
        if !failure.is_silent() {
            // Nobody can be told that nobody can be told.
            let _ = writeln!(self.err, "error: {}", harmless(&failure.to_string()));
        }
    }
}

/// A text without the control characters by which a title or a computer's name, which others chose,
/// could command the terminal. Lines stay.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}
