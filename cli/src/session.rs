//! One command at work: a server, a form of output, a terminal.

use headwater_api::Caveat;
use headwater_client::{Answer, Client};
use headwater_model::Timestamp;

use crate::arguments::Output;
use crate::failure::{Exit, Failure, ended};
use crate::terminal::Terminal;
use headwater_words::caveat::sentences;

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

    /// Shows an answer: its very JSON to programs, a view of it to people. What keeps it from being whole and of
    /// this moment is said beside it.
    pub fn show<T>(
        &mut self,
        answer: &Answer<T>,
        view: impl FnOnce(&T, Reader) -> String,
    ) -> Result<Exit, Failure> {
        let text = if self.is_json() { answer.json.clone() } else { view(&answer.value, self.reader()) };
        self.print(&text, &answer.caveat)
    }

    /// Writes a result, and beside it what it lacks. One without a server's part is done in part.
    pub fn print(&mut self, text: &str, caveat: &Caveat) -> Result<Exit, Failure> {
        let mut shown = self.terminal.print(text);
        for sentence in sentences(caveat, self.terminal.now) {
            shown = shown.and(self.terminal.note(&sentence));
        }
        let exit = if caveat.without.is_empty() { Exit::Done } else { Exit::Refused };
        ended(shown.map(|()| exit), exit)
    }

    /// Says what was done where the API has no words for it; programs have the exit code.
    pub fn say(&mut self, text: &str) -> Result<Exit, Failure> {
        if !self.is_json() {
            self.terminal.print(&crate::terminal::harmless(text))?;
        }
        Ok(Exit::Done)
    }
}
