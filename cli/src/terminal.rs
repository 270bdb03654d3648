//! Where results and messages go.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headwater_model::{Timestamp, is_unprintable};
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

    /// Writes a text of lines that are ready. What goes into a file or a program stays as it is; a person's
    /// window is shown nothing that commands it, JSON and CSV included.
    pub fn print(&mut self, text: &str) -> Result<(), Failure> {
        match self.width {
            Some(_) => self.out.write_all(harmless(&text.replace("\r\n", "\n")).trim_end().as_bytes())?,
            None => self.out.write_all(text.trim_end().as_bytes())?,
        }
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

/// A text without the characters by which a title or a computer's name, which others chose, could command
/// the terminal or pass for another. Lines stay.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) && c != '\n' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_commands_no_window_and_is_whole_in_a_file() {
        let data = "\"name\",\"a\u{1b}[2J\u{9b}\u{202e}b\"\r\n";
        let shown = "\"name\",\"a\u{fffd}[2J\u{fffd}\u{fffd}b\"\n";
        for (width, expected) in [(Some(80), shown), (None, &data.replace("\r\n", "\n"))] {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut terminal = Terminal {
                out: &mut out,
                err: &mut err,
                width,
                has_bar: false,
                now: Timestamp::EPOCH,
                zone: TimeZone::UTC,
                patience: Duration::ZERO,
            };
            terminal.print(data).expect("writes");
            assert_eq!(String::from_utf8(out).expect("text"), expected);
        }
    }
}
