//! The licence terms of an update, with the button that accepts them.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Redirect};
use headwater_operators::Action;
use headwater_words::licence::acceptance;

use super::one::parsed;
use crate::Shared;
use crate::failure::Failure;
use crate::fields::{Fields, Query};
use crate::frame::Frame;
use crate::session::Visitor;

#[derive(Template)]
#[template(path = "licence.html")]
struct Page {
    frame: Frame,
    id: String,
    title: String,
    is_accepted: bool,
    facts: Vec<(&'static str, String)>,
    language: String,
    languages: Vec<String>,
    text: String,
    /// Why there is none.
    missing: String,
}

pub(crate) async fn show(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let update = parsed(&id)?;
    let terms = manager.licence(update, fields.text("language")).await?;
    let mirror = manager.mirror();
    let title = mirror.updates.title(update);
    let page = Page {
        frame: Frame::new(&manager, &visitor, "/updates", &title, &Fields::default()),
        id: update.to_string(),
        title,
        is_accepted: terms.accepted,
        facts: vec![("Accepted", acceptance(&terms)), ("Licence", terms.id.to_string())],
        language: terms.language.unwrap_or_default(),
        languages: terms.languages,
        text: terms.text.unwrap_or_default(),
        missing: terms.missing.unwrap_or_default(),
    };
    Ok(Html(page.render()?))
}

pub(crate) async fn accept(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Redirect, Failure> {
    let update = parsed(&id)?;
    manager.accept_licence(update, visitor.permitted(Action::Administer)?).await?;
    Ok(Redirect::to(&format!("/updates/{update}")))
}
