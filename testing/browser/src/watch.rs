//! What happened on a page since it was opened.

use serde_json::json;

use crate::Browser;

const WATCH: &str = include_str!("watch.js");

/// What happened on the page that is open.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// How far what was drawn moved by itself, of what is seen at once (*Layout Instability*, 2.1); what follows
    /// within half a second of a key or a click is not counted.
    pub shift: f64,
    /// Each time with what moved.
    pub shifted: Vec<String>,
}

impl Browser {
    /// Keeps what happens on each page that is opened from now on.
    pub(crate) fn watch(&self) {
        self.driver.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": WATCH }));
    }

    /// What happened on the page that is open, up to what is drawn now.
    ///
    /// # Panics
    /// If it was opened without scripts.
    #[track_caller]
    pub fn seen(&self) -> Seen {
        let seen = self.script("return window.watched.seen()");
        let shifted = seen["shifted"].as_array().unwrap().iter();
        Seen {
            shift: seen["shift"].as_f64().unwrap(),
            shifted: shifted.map(|one| one.as_str().unwrap().to_owned()).collect(),
        }
    }
}
