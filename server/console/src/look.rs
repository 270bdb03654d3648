//! One state, one look, everywhere: sign, word and colour.

use headwater_api::{SyncServer, SyncServerState};
use headwater_model::Timestamp;
use headwater_words::moment::{age, minute};
use headwater_words::quantity::grouped;
use headwater_words::synchronisation;

/// How a state looks; the name of the class and of the sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    InStep,
    Differs,
    Failed,
    Working,
    Silent,
    Halted,
}

impl Look {
    pub fn class(self) -> &'static str {
        match self {
            Self::InStep => "in-step",
            Self::Differs => "differs",
            Self::Failed => "failed",
            Self::Working => "working",
            Self::Silent => "silent",
            Self::Halted => "halted",
        }
    }
}

/// A state with its word.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub look: Look,
    pub word: String,
}

impl State {
    pub fn new(look: Look, word: impl Into<String>) -> Self {
        Self { look, word: word.into() }
    }

    pub fn of(server: &SyncServer) -> Self {
        let look = match server.state {
            SyncServerState::InStep => Look::InStep,
            SyncServerState::Differs => Look::Differs,
            SyncServerState::Failed | SyncServerState::NotReached => Look::Failed,
            SyncServerState::StillRunning => Look::Working,
            SyncServerState::NoLinkage => Look::Silent,
        };
        Self::new(look, synchronisation::state(server))
    }
}

/// A point in time: how long ago, and exactly.
#[derive(Debug, Clone)]
pub(crate) struct When {
    pub at: String,
    pub exact: String,
    pub age: String,
}

impl When {
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        let exact = minute(at);
        // What is still to come, such as a deadline, is told to the minute.
        let age = if at > now.plus_seconds(60) { exact.clone() } else { age(at, now) };
        Self { at: at.to_string(), exact, age }
    }

    /// Nothing where it never was: a Microsoft WSUS does not tell every time.
    pub fn known(at: Timestamp, now: Timestamp) -> Option<Self> {
        (at > Timestamp::EPOCH).then(|| Self::new(at, now))
    }
}

/// A sentence in which commands and names stand between backticks, as HTML. Times are marked as such, so that a
/// script can tell them in the reader's zone.
pub(crate) fn prose(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for (at, part) in text.split('`').enumerate() {
        // An odd part stands between two backticks.
        if at % 2 == 1 {
            html += &format!("<code>{}</code>", escaped(part));
        } else {
            push_with_times(&mut html, part);
        }
    }
    html
}

/// A minute as it is written everywhere, with `0` for any digit.
const MINUTE: &str = "0000-00-00 00:00 UTC";

fn push_with_times(html: &mut String, text: &str) {
    let is_minute = |at: usize| {
        text.get(at..at + MINUTE.len()).is_some_and(|part| {
            let fits = |(is, like): (u8, u8)| if like == b'0' { is.is_ascii_digit() } else { is == like };
            part.bytes().zip(MINUTE.bytes()).all(fits)
        })
    };
    let mut done = 0;
    while let Some(at) = (done..text.len()).find(|at| is_minute(*at)) {
        let end = at + MINUTE.len();
        let exact = &text[at..end];
        let utc = exact.replacen(' ', "T", 1).replace(" UTC", ":00Z");
        *html += &escaped(&text[done..at]);
        *html += &format!("<time datetime=\"{utc}\" title=\"{exact}\">{exact}</time>");
        done = end;
    }
    *html += &escaped(&text[done..]);
}

/// `and 1,203 more` of a list of which the first are named; nothing where all are.
pub(crate) fn and_more(all: usize, named: usize) -> String {
    match all.saturating_sub(named) as u64 {
        0 => String::new(),
        more => format!("and {} more", grouped(more)),
    }
}

pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_no_markup() {
        assert_eq!(
            prose("Run `headwater wsus sync` <now>"),
            "Run <code>headwater wsus sync</code> &lt;now&gt;"
        );
        assert_eq!(prose("a ` b"), "a <code> b</code>");
    }

    #[test]
    fn times_in_prose_can_be_told_in_the_readers_zone() {
        let time = r#"<time datetime="2026-12-24T03:00:00Z" title="2026-12-24 03:00 UTC">2026-12-24 03:00 UTC</time>"#;
        assert_eq!(prose("ü, from 2026-12-24 03:00 UTC on"), format!("ü, from {time} on"));
        assert_eq!(prose("2026-12-24 03:00 UTC"), time);
        assert_eq!(prose("2026-12-24 3:00 UTC"), "2026-12-24 3:00 UTC");
        assert_eq!(prose("`2026-12-24 03:00 UTC`"), "<code>2026-12-24 03:00 UTC</code>");
    }
}
