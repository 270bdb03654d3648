//! What failed on which computer, with its meaning.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use headwater_api::{FailureOrder, FailuresQuery, Told, UpdateFailure};
use headwater_manager::{Direction, Part, Silent};
use headwater_model::Timestamp;
use headwater_words::caveat::sentences;
use headwater_words::quantity::counted;

use crate::Shared;
use crate::computers::{explained, part, server_choices};
use crate::failure::Failure;
use crate::fields::{Fields, Query};
use crate::frame::Frame;
use crate::heads::{Head, direction, heads};
use crate::look::When;
use crate::session::Visitor;
use crate::updates::{Choices, GroupChoice, choices};

#[derive(Template)]
#[template(path = "failures.html")]
struct Page {
    frame: Frame,
    verdict: String,
    /// Which servers are missing.
    problem: String,
    groups: Choices,
    servers: Vec<GroupChoice>,
    heads: Vec<Head>,
    rows: Vec<Row>,
    next: Option<String>,
    csv: String,
}

struct Row {
    id: String,
    name: String,
    server: String,
    update: String,
    title: String,
    error: String,
    since: Option<When>,
}

/// The heads; what failed on a computer is known once its page is read.
const COLUMNS: [(&str, &str, bool); 5] = [
    ("Computer", "name*", false),
    ("Server", "server", false),
    ("Update", "", false),
    ("Error", "", false),
    ("Since", "", false),
];

/// Which failures an address asks for, and in which order.
pub(crate) fn asked(of: &Part, fields: &Fields) -> FailuresQuery {
    FailuresQuery {
        group: of.group,
        server: of.server,
        sort: (fields.get("sort") == "server").then_some(FailureOrder::Server),
        reverse: direction(fields) == Direction::Reversed,
        after: None,
    }
}

pub(crate) async fn show(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let (mirror, now) = (manager.mirror(), manager.now());
    let of = part(&fields, &mirror)?;
    let asked = FailuresQuery { after: fields.text("after"), ..asked(&of, &fields) };
    let Told { value: found, caveat } = manager.failures(&asked, &Silent::default()).await?;
    let page = Page {
        frame: Frame::new(&manager, &visitor, "/reports", "What failed where", &fields),
        verdict: match found.total.unwrap_or_default() {
            0 => "Nothing failed anywhere.".to_owned(),
            computers => format!("Updates failed on {}.", counted(computers, "computer")),
        },
        problem: sentences(&caveat, now).join(" "),
        groups: choices(&mirror, of.group),
        servers: server_choices(&mirror, of.server),
        heads: heads("/reports/failures", &fields, &COLUMNS),
        rows: found.items.iter().map(|one| row(one, now)).collect(),
        next: found.next.map(|next| format!("/reports/failures?{}", fields.with("after", &next))),
        csv: format!("/reports/failures.csv?{}", fields.with("after", "")),
    };
    Ok(Html(page.render()?))
}

fn row(one: &UpdateFailure, now: Timestamp) -> Row {
    Row {
        id: one.computer.to_string(),
        name: one.computer_name.clone(),
        server: one.server.clone().unwrap_or_else(|| "–".to_owned()),
        update: one.update.to_string(),
        title: one.title.clone(),
        error: one.error.as_deref().map_or_else(|| "–".to_owned(), explained),
        since: When::known(one.since, now),
    }
}
