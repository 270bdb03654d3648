//! What surrounds every page: where you are, the age of the data, who you are.

use headwater_manager::Manager;
use headwater_operators::Action;

use crate::failure::sentence;
use crate::fields::Fields;
use crate::live;
use crate::look::When;
use crate::session::Visitor;

/// The places of the bar on the left.
const PLACES: [(&str, &str); 9] = [
    ("/", "Overview"),
    ("/updates", "Updates"),
    ("/computers", "Computers"),
    ("/groups", "Groups"),
    ("/reports", "Reports"),
    ("/runs", "Synchronisation"),
    ("/link", "Link"),
    ("/operators", "Operators"),
    ("/history", "Audit"),
];

pub(crate) struct Place {
    pub path: &'static str,
    pub name: &'static str,
    pub is_here: bool,
}

/// What an operator may do beyond reading, so that a page has no button that is refused. The refusal is
/// decided when the button is pressed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct May {
    /// Something.
    pub write: bool,
    /// For every group.
    pub every_group: bool,
    pub administer: bool,
}

impl May {
    fn of(visitor: &Visitor) -> Self {
        Self {
            write: visitor.may(Action::Write),
            every_group: visitor.may(Action::ForEveryGroup),
            administer: visitor.may(Action::Administer),
        }
    }
}

/// What every page needs.
pub(crate) struct Frame {
    pub title: String,
    pub places: Vec<Place>,
    pub user: String,
    pub csrf: String,
    /// From where on the page is told of changes, see [`crate::live`].
    pub since: String,
    /// When the data was read.
    pub read_at: Option<When>,
    /// The hop that fails, and since when.
    pub problem: Option<(String, When)>,
    /// Why nothing is written because the linked WSUS is not the top one any more.
    pub suspended: String,
    pub search: String,
    pub may: May,
    pub version: &'static str,
}

impl Frame {
    pub fn new(manager: &Manager, visitor: &Visitor, here: &str, title: &str, fields: &Fields) -> Self {
        let (mirror, now) = (manager.mirror(), manager.now());
        let problem = mirror.problem.as_ref();
        Self {
            places: places(here),
            user: visitor.asking().shown_name().to_owned(),
            may: May::of(visitor),
            csrf: visitor.csrf.clone(),
            since: live::id(visitor.seen),
            read_at: mirror.read_at.map(|at| When::new(at, now)),
            problem: problem.map(|problem| (sentence(&problem.what), When::new(problem.since, now))),
            suspended: mirror.tree.suspended.as_deref().map(sentence).unwrap_or_default(),
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
            since: String::new(),
            read_at: None,
            problem: None,
            suspended: String::new(),
            search: String::new(),
            may: May::default(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The place of the bar to which a path belongs; nothing where it is none.
pub(crate) fn place_of(path: &str) -> &'static str {
    let first = path.split('/').nth(1).unwrap_or_default();
    let of = |place: &&(&'static str, &str)| place.0.trim_start_matches('/') == first;
    match (PLACES.iter().find(of), first) {
        (Some((place, _)), _) => place,
        (None, "approve" | "cleanup" | "halts") => "/updates",
        (None, "servers") => "/",
        (None, "tokens") => "/operators",
        (None, _) => "",
    }
}

fn places(here: &str) -> Vec<Place> {
    PLACES.iter().map(|(path, name)| Place { path, name, is_here: *path == here }).collect()
}
