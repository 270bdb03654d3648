//! The computers on which an update is in a state: who lacks it, who failed, of whom nothing is known.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Html;
use headwater_api::{
    ComputerUpdateState, StatesQuery, Told, UpdateComputer, UpdateComputerOrder, UpdateComputersQuery,
};
use headwater_manager::Direction;
use headwater_model::{Timestamp, UpdateId};
use headwater_words::approval as words;
use headwater_words::caveat::sentences;
use headwater_words::quantity::{counted, grouped};

use crate::Shared;
use crate::computers::{explained, state};
use crate::failure::{Failure, sentence};
use crate::fields::{Fields, Query};
use crate::frame::Frame;
use crate::heads::{Head, direction, heads};
use crate::look::{State as Shown, When};
use crate::session::Visitor;

const ROWS: u32 = 100;
const COLUMNS: [(&str, &str, bool); 5] = [
    ("Computer", "name*", false),
    ("Server", "server", false),
    ("State", "state", false),
    ("Error", "error", false),
    ("Since", "since-", false),
];

#[derive(Template)]
#[template(path = "update_computers.html")]
struct Page {
    frame: Frame,
    id: String,
    title: String,
    verdict: String,
    /// Which servers are missing.
    problem: String,
    choices: Vec<Choice>,
    is_all: bool,
    heads: Vec<Head>,
    rows: Vec<Row>,
    next: Option<String>,
}

/// A state that can be chosen.
pub(crate) struct Choice {
    pub value: String,
    pub word: &'static str,
    pub is_chosen: bool,
}

/// Every state of an update on a computer, and which of them an address asks for.
pub(crate) fn choices(asked: &str) -> Vec<Choice> {
    let choice =
        |state| Choice { value: value(state), word: words::state(state), is_chosen: value(state) == asked };
    ComputerUpdateState::ALL.into_iter().map(choice).collect()
}

/// The part of a list of states that an address asks for.
pub(crate) fn asked(fields: &Fields) -> StatesQuery {
    let asked = fields.get("state");
    StatesQuery {
        state: ComputerUpdateState::ALL.into_iter().find(|state| value(*state) == asked),
        all: asked == "all",
        limit: Some(ROWS),
        after: fields.text("after"),
    }
}

struct Row {
    id: String,
    name: String,
    server: String,
    state: Shown,
    is_silent: bool,
    error: String,
    since: Option<When>,
}

/// `pending restart` as the API writes it.
pub(crate) fn value(state: ComputerUpdateState) -> String {
    words::state(state).replace(' ', "_")
}

pub(crate) async fn show(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let update: UpdateId = id.parse().map_err(|_| Failure::not_found("this is no id of an update"))?;
    let StatesQuery { state, all, limit, after } = asked(&fields);
    let sort = match fields.get("sort") {
        "server" => Some(UpdateComputerOrder::Server),
        "state" => Some(UpdateComputerOrder::State),
        "error" => Some(UpdateComputerOrder::Error),
        "since" => Some(UpdateComputerOrder::Since),
        _ => None,
    };
    let reverse = direction(&fields) == Direction::Reversed;
    let query = UpdateComputersQuery { state, all, sort, reverse, limit, after };
    let Told { value: found, caveat } = manager.computers_of_update(update, &query).await?;
    let (mirror, now) = (manager.mirror(), manager.now());
    let title = mirror.updates.title(update);
    let count = counted(found.total.unwrap_or_default(), "computer");
    let silent = match found.items.iter().filter(|one| one.silent).count() as u64 {
        0 => String::new(),
        1 => " 1 of those shown is silent.".to_owned(),
        more => format!(" {} of those shown are silent.", grouped(more)),
    };
    let page = Page {
        frame: Frame::new(&manager, &visitor, "/updates", &title, &Fields::default()),
        id: update.to_string(),
        verdict: match query.state {
            Some(state) => format!("{}: {count}.{silent}", sentence(words::state(state))),
            None if query.all => format!("All states: {count}.{silent}"),
            None => format!("Something is left to do on {count}.{silent}"),
        },
        title,
        problem: sentences(&caveat, now).join(" "),
        is_all: query.all,
        choices: choices(fields.get("state")),
        heads: heads(&format!("/updates/{update}/computers"), &fields, &COLUMNS),
        rows: found.items.iter().map(|one| row(one, now)).collect(),
        next: found.next.map(|next| format!("/updates/{update}/computers?{}", fields.with("after", &next))),
    };
    Ok(Html(page.render()?))
}

fn row(one: &UpdateComputer, now: Timestamp) -> Row {
    Row {
        id: one.client.to_string(),
        name: one.name.clone(),
        server: one.server.as_ref().map_or_else(|| "–".to_owned(), |server| server.name.clone()),
        state: state(one.state),
        is_silent: one.silent,
        error: one.error.as_deref().map(explained).unwrap_or_default(),
        since: one.since.map(|at| When::new(at, now)),
    }
}
