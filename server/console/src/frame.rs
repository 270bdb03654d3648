//! What surrounds every page: where you are, the age of the data, who you are.

use headwater_manager::Manager;

use crate::fields::Fields;
use crate::look::When;
use crate::session::Visitor;

/// The places of the bar on the left.
const PLACES: [(&str, &str); 8] = [
    ("/", "Overview"),
    ("/updates", "Updates"),
    ("/computers", "Computers"),
    ("/groups", "Groups"),
    ("/reports", "Reports"),
    ("/runs", "Synchronisation"),
    ("/link", "Link"),
    ("/history", "History"),
];

pub(crate) struct Place {
    pub path: &'static str,
    pub name: &'static str,
    pub is_here: bool,
}

/// What every page needs.
pub(crate) struct Frame {
    pub title: String,
    pub places: Vec<Place>,
    pub user: String,
    pub csrf: String,
    /// When the data was read.
    pub read_at: Option<When>,
    /// The hop that fails, and since when.
    pub problem: Option<(String, When)>,
    pub search: String,
    pub version: &'static str,
}

impl Frame {
    pub fn new(manager: &Manager, visitor: &Visitor, here: &str, title: &str, fields: &Fields) -> Self {
        let (mirror, now) = (manager.mirror(), manager.now());
        let problem = mirror.problem.as_ref();
        Self {
            places: places(here),
            user: visitor.name.clone(),
            csrf: visitor.csrf.clone(),
            read_at: mirror.read_at.map(|at| When::new(at, now)),
            problem: problem.map(|problem| (problem.what.clone(), When::new(problem.since, now))),
            search: fields.get("search").to_owned(),
            ..Self::bare(title)
        }
    }

    /// For pages of nobody in particular.
    pub fn bare(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            places: places(""),
            user: String::new(),
            csrf: String::new(),
            read_at: None,
            problem: None,
            search: String::new(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

fn places(here: &str) -> Vec<Place> {
    PLACES.iter().map(|(path, name)| Place { path, name, is_here: *path == here }).collect()
}
