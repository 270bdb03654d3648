//! What is asked once more before it is done: to how many it happens, to whom, and what cannot be taken back.

use std::collections::BTreeMap;
use std::collections::HashSet;

use askama::Template;
use axum::response::Html;
use headwater_manager::Mirror;
use headwater_model::{GroupId, ServerId};
use headwater_words::quantity::{counted, grouped};

use crate::failure::Failure;
use crate::frame::Frame;

/// Lines of the list; the others are counted.
const LISTED_MAX: usize = 200;

/// A page with one question. It is opened by a link and changes nothing; its form does, where the same path
/// is posted to.
#[derive(Template)]
#[template(path = "confirm.html")]
pub(crate) struct Confirm {
    pub frame: Frame,
    /// What happens, in a sentence with its counts.
    pub verdict: String,
    /// What follows from it, and how it is taken back.
    pub note: String,
    pub counts: Vec<(&'static str, String)>,
    /// What the list is of.
    pub heading: &'static str,
    pub listed: Vec<String>,
    /// How many are not listed.
    pub more: usize,
    /// Where the form is sent, and the fields that nobody sees.
    pub action: String,
    pub hidden: Vec<(&'static str, String)>,
    /// Whether the password is asked again.
    pub asks_password: bool,
    /// Why the form was not accepted.
    pub wrong: String,
    pub button: String,
    /// Whether Enter confirms, where it must be quick.
    pub is_urgent: bool,
    pub cancel: String,
}

impl Confirm {
    /// A question about what a form of this path does.
    pub fn new(frame: Frame, action: impl Into<String>, cancel: impl Into<String>) -> Self {
        Self {
            frame,
            verdict: String::new(),
            note: String::new(),
            counts: Vec::new(),
            heading: "",
            listed: Vec::new(),
            more: 0,
            action: action.into(),
            hidden: Vec::new(),
            asks_password: false,
            wrong: String::new(),
            button: String::new(),
            is_urgent: false,
            cancel: cancel.into(),
        }
    }

    /// With a list beneath a heading, of which the first lines are shown.
    pub fn listing(mut self, heading: &'static str, mut listed: Vec<String>) -> Self {
        self.more = listed.len().saturating_sub(LISTED_MAX);
        listed.truncate(LISTED_MAX);
        (self.heading, self.listed) = (heading, listed);
        self
    }

    pub fn counting(mut self, what: &'static str, count: u64) -> Self {
        self.counts.push((what, grouped(count)));
        self
    }

    pub fn page(self) -> Result<Html<String>, Failure> {
        Ok(Html(self.render()?))
    }
}

/// The computers of some groups and of those beneath them, by server.
pub(crate) struct Reach(BTreeMap<Option<ServerId>, (String, u64)>);

impl Reach {
    pub fn of(mirror: &Mirror, groups: &[GroupId]) -> Self {
        let tree = mirror.tree.group_tree();
        let within: HashSet<GroupId> = groups.iter().flat_map(|group| tree.subtree(*group)).collect();
        let mut reach = BTreeMap::new();
        for computer in mirror.computers.all() {
            if !computer.groups.iter().any(|group| within.contains(&group.id)) {
                continue;
            }
            let server = computer.server.as_ref();
            let name = server.map_or("a server that is not known", |server| &server.name);
            let (_, count) =
                reach.entry(server.map(|server| server.id)).or_insert_with(|| (name.to_owned(), 0));
            *count += 1;
        }
        Self(reach)
    }

    pub fn computers(&self) -> u64 {
        self.0.values().map(|(_, count)| count).sum()
    }

    pub fn servers(&self) -> u64 {
        self.0.len() as u64
    }

    /// `Berlin: 16 computers`
    pub fn lines(&self) -> Vec<String> {
        self.0.values().map(|(name, count)| format!("{name}: {}", counted(*count, "computer"))).collect()
    }
}
