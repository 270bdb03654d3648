//! From what people type to ids: updates by article, groups and computers by name.

use std::str::FromStr;

use headwater_api::{
    Caveat, ComputerQuery, Group, PAGE_LIMIT_MAX, Page, TreeServer, UpdateQuery, UpdateState, UpdateSummary,
};
use headwater_client::Answer;
use headwater_model::{ClientId, GroupId, ServerId, UpdateId};

use crate::failure::Failure;
use crate::session::Session;
use headwater_words::moment::minute;

/// How many of several things a message names.
const NAMED_MAX: usize = 5;

/// An update as it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateName {
    Id(UpdateId),
    /// The beginning of an id, as tables show it; in lower case.
    Start(String),
    /// The number of an article.
    Article(String),
}

impl FromStr for UpdateName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        if let Some((letters, number)) = text.split_at_checked(2)
            && letters.eq_ignore_ascii_case("KB")
            && (4..=10).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Ok(Self::Article(number.to_owned()));
        }
        let is_start = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if (8..36).contains(&text.len()) && is_start(text) {
            return Ok(Self::Start(text.to_ascii_lowercase()));
        }
        Err("an update is named by its id, the first eight digits of it, or KB and a number".into())
    }
}

impl UpdateName {
    fn typed(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::Start(start) => start.clone(),
            Self::Article(number) => format!("KB{number}"),
        }
    }

    fn means(&self, update: &UpdateSummary) -> bool {
        match self {
            Self::Id(id) => update.id == *id,
            Self::Start(start) => update.id.to_string().starts_with(start.as_str()),
            Self::Article(number) => update.kb.contains(number),
        }
    }
}

impl Session<'_, '_> {
    /// The updates that are meant, each once.
    pub fn updates(&self, names: &[UpdateName]) -> Result<Vec<UpdateId>, Failure> {
        let mut ids = Vec::with_capacity(names.len());
        for name in names {
            let id = self.update(name)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    pub fn update(&self, name: &UpdateName) -> Result<UpdateId, Failure> {
        if let UpdateName::Id(id) = name {
            return Ok(*id);
        }
        let typed = name.typed();
        let query = UpdateQuery {
            search: Some(typed.clone()),
            limit: Some(PAGE_LIMIT_MAX),
            ..UpdateQuery::default()
        };
        let Answer { value: Page { items: mut found, .. }, caveat, .. } = self.client.updates(&query)?;
        found.retain(|update| name.means(update));
        // The members of a bundle bear its number; the bundle is what an administrator means.
        if found.iter().any(|update| update.state != UpdateState::Implicit) {
            found.retain(|update| update.state != UpdateState::Implicit);
        }
        match found.as_slice() {
            [one] => Ok(one.id),
            [] => Err(unknown(
                &caveat,
                format!("no update is called {typed}"),
                "Find it with `headwater update list --search TEXT`.",
            )),
            several => {
                let lines = several.iter().map(|update| format!("{}  {}", update.id, update.title));
                Err(ambiguous(&typed, "updates", lines.collect()))
            }
        }
    }

    /// The group of that name or id.
    pub fn group(&self, name: &str) -> Result<Group, Failure> {
        group_of(&self.client.groups()?, name)
    }

    /// The groups of those names or ids, in the same order.
    pub fn groups(&self, names: &[String]) -> Result<Vec<Group>, Failure> {
        let all = self.client.groups()?;
        names.iter().map(|name| group_of(&all, name)).collect()
    }

    /// The WSUS server of the tree with that name or id.
    pub fn wsus_server(&self, name: &str) -> Result<ServerId, Failure> {
        let servers = self.client.wsus()?.value.servers;
        let named = |one: &&TreeServer| one.id.to_string() == name || one.name.eq_ignore_ascii_case(name);
        servers.iter().find(named).map(|one| one.id).ok_or_else(|| {
            Failure::Name(format!(
                "no server of the tree is called {name}\nSee which there are with `headwater wsus show`."
            ))
        })
    }

    /// The computer of that id or name; the name up to the first dot will do where it is unique.
    pub fn computer(&self, name: &str) -> Result<ClientId, Failure> {
        let query = ComputerQuery {
            search: Some(name.to_owned()),
            limit: Some(PAGE_LIMIT_MAX),
            ..ComputerQuery::default()
        };
        let Answer { value: Page { items: found, .. }, caveat, .. } = self.client.computers(&query)?;
        let short = |full: &str| full.split('.').next().unwrap_or_default().to_owned();
        let exact = |found: &&headwater_api::ComputerSummary| {
            found.id.as_str().eq_ignore_ascii_case(name) || found.name.eq_ignore_ascii_case(name)
        };
        let mut meant: Vec<_> = found.iter().filter(exact).collect();
        if meant.is_empty() {
            meant = found.iter().filter(|found| short(&found.name).eq_ignore_ascii_case(name)).collect();
        }
        match meant.as_slice() {
            [one] => Ok(one.id.clone()),
            [] => Err(unknown(
                &caveat,
                format!("no computer is called {name}"),
                "Find it with `headwater computer list --search TEXT`.",
            )),
            several => {
                let lines = several.iter().map(|found| format!("{}  {}", found.id, found.name));
                Err(ambiguous(name, "computers", lines.collect()))
            }
        }
    }
}

fn group_of(all: &Answer<Page<Group>>, name: &str) -> Result<Group, Failure> {
    let id = name.parse::<GroupId>().ok();
    let named =
        |group: &&Group| Some(group.id) == id || group.name.to_lowercase() == name.trim().to_lowercase();
    all.value.items.iter().find(named).cloned().ok_or_else(|| {
        unknown(
            &all.caveat,
            format!("no group is called {name}"),
            "See which there are with `headwater group list`.",
        )
    })
}

/// A name that nothing has; where the list is of earlier, it may be one by now.
fn unknown(caveat: &Caveat, what: String, advice: &str) -> Failure {
    match caveat.as_of {
        None => Failure::Name(format!("{what}\n{advice}")),
        Some(at) => {
            let why = caveat.problem.as_deref().unwrap_or_default();
            Failure::Remembered(format!("{what}, as was read at {}: {why}", minute(at)))
        }
    }
}

fn ambiguous(name: &str, things: &str, mut lines: Vec<String>) -> Failure {
    let count = lines.len();
    lines.truncate(NAMED_MAX);
    if count > NAMED_MAX {
        lines.push(format!("and {} more", count - NAMED_MAX));
    }
    Failure::Name(format!("{name} is the name of {count} {things}; use the id\n  {}", lines.join("\n  ")))
}
