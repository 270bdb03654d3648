//! One command at work: a server, a form of output, a terminal.

use headwater_client::{Answer, Client};
use headwater_model::Timestamp;

use crate::arguments::Output;
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

pub(crate) struct Session<'a, 'b> {
    pub client: Client,
    pub output: Output,
    pub terminal: &'a mut Terminal<'b>,
}

/// What a view must know of the one who reads it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader {
    /// In columns; without it, lines are as long as need be.
    pub width: Option<u16>,
    pub now: Timestamp,
}

impl Session<'_, '_> {
    pub fn is_json(&self) -> bool {
        self.output == Output::Json
    }

    pub fn reader(&self) -> Reader {
        Reader { width: self.terminal.width, now: self.terminal.now }
    }

    /// Shows an answer: its very JSON to programs, a view of it to people.
    pub fn show<T>(
        &mut self,
        answer: &Answer<T>,
        view: impl FnOnce(&T, Reader) -> String,
    ) -> Result<Exit, Failure> {
        let text = if self.is_json() { answer.json.clone() } else { view(&answer.value, self.reader()) };
        self.terminal.print(&text)?;
        Ok(Exit::Done)
    }

    /// Says what was done where the API has no words for it; programs have the exit code.
    pub fn say(&mut self, text: &str) -> Result<Exit, Failure> {
        if !self.is_json() {
            self.terminal.print(&crate::terminal::harmless(text))?;
        }
        Ok(Exit::Done)
    }
}
