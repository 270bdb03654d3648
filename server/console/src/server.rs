//! One WSUS server: how it stands, and what is wanted of it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Redirect};
use headwater_api::linkage::WsusMode;
use headwater_api::{ServerChange, ServerFollow};
use headwater_manager::{ErrorKind, ServerView};
use headwater_model::{Timestamp, chain};
use headwater_operators::Action;
use headwater_words::quantity::{counted, grouped};
use headwater_words::synchronisation::{mode, read_only};

use crate::Shared;
use crate::failure::{Failure, sentence};
use crate::fields::{Fields, Form};
use crate::frame::Frame;
use crate::look::{State as Shown, When};
use crate::session::Visitor;

#[derive(Template)]
#[template(path = "server.html")]
struct Page {
    frame: Frame,
    id: String,
    name: String,
    state: Shown,
    /// Why it failed, was not reached or was left for later.
    problem: String,
    /// That its Linkage may only read, and what to do.
    read_only: String,
    differences: Vec<String>,
    local: String,
    mode: &'static str,
    contact: Option<When>,
    sync: Option<When>,
    computers: String,
    silent: String,
    files: String,
    /// Why the settings were not taken.
    wrong: String,
    window: String,
    /// Absent where it takes groups and approvals by itself, or where nobody has said yet what it is.
    follows: Option<bool>,
    client_targeting: bool,
}

pub(crate) async fn show(
    state: Shared,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Html<String>, Failure> {
    page(state, &visitor, &id, None).await
}

/// The page, with what was typed where that is not accepted.
async fn page(
    State(manager): Shared,
    visitor: &Visitor,
    id: &str,
    refused: Option<(&Fields, String)>,
) -> Result<Html<String>, Failure> {
    let (mirror, now) = (manager.mirror(), manager.now());
    let one = id.parse().ok().and_then(|id| mirror.tree.server(id));
    let one = one.ok_or_else(|| Failure::not_found("there is no such server in the tree any more"))?;
    // The mirror may be older than what was just set.
    let wanted = manager.wanted_of(one.server.id).await?;
    let mut page = Page {
        frame: Frame::new(&manager, visitor, "/", &one.server.name, &Fields::default()),
        wrong: String::new(),
        window: wanted.window.unwrap_or_default(),
        client_targeting: wanted.client_targeting,
        follows: (one.server.mode == Some(WsusMode::Autonomous)).then_some(wanted.follows),
        ..Page::of(one, now)
    };
    if let Some((fields, wrong)) = refused {
        page.wrong = sentence(&wrong);
        page.window = fields.get("window").to_owned();
        page.client_targeting = !fields.get("client_targeting").is_empty();
        page.follows = page.follows.map(|_| !fields.get("follows").is_empty());
    }
    Ok(Html(page.render()?))
}

impl Page {
    fn of(one: &ServerView, now: Timestamp) -> Self {
        let (server, standing) = (&one.server, &one.standing);
        let more = standing.differences_total.saturating_sub(standing.differences.len() as u64);
        let mut differences: Vec<String> =
            standing.differences.iter().map(|difference| difference.text.clone()).collect();
        if more > 0 {
            differences.push(format!("And {}.", counted(more, "more difference")));
        }
        Self {
            frame: Frame::bare(""),
            id: server.id.to_string(),
            name: server.name.clone(),
            state: Shown::of(standing),
            problem: standing.problem.as_deref().map(sentence).unwrap_or_default(),
            read_only: if server.read_only { read_only(&server.name) } else { String::new() },
            differences,
            local: standing.local.clone().unwrap_or_default(),
            mode: server.mode.map_or("–", mode),
            contact: server.last_contact_at.map(|at| When::new(at, now)),
            sync: server.last_sync_at.map(|at| When::new(at, now)),
            computers: counted(server.computers, "computer"),
            silent: if one.silent == 0 { "none".to_owned() } else { grouped(one.silent) },
            files: match standing.files_wanted {
                0 => "–".to_owned(),
                wanted => format!("{} of {}", grouped(standing.files_held), grouped(wanted)),
            },
            wrong: String::new(),
            window: String::new(),
            follows: None,
            client_targeting: false,
        }
    }
}

/// Sets what is wanted of it.
pub(crate) async fn set(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(fields): Form,
) -> Result<Result<Redirect, Html<String>>, Failure> {
    let by = visitor.permitted(Action::Administer)?;
    // The form has no such field for a server that does not choose.
    let follow = (!fields.get("may_follow").is_empty()).then(|| match fields.get("follows") {
        "" => ServerFollow::Nothing,
        _ => ServerFollow::GroupsAndApprovals,
    });
    let window = Some(fields.get("window").to_owned());
    let client_targeting = Some(!fields.get("client_targeting").is_empty());
    let change = ServerChange { follow, window, client_targeting };
    match manager.set_server(&id, &change, by).await {
        Ok(server) => Ok(Ok(Redirect::to(&format!("/servers/{}", server.id)))),
        // What was typed is lost only where the server itself is not there any more.
        Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Internal) => {
            let wrong = chain(&error);
            Ok(Err(page(State(manager), &visitor, &id, Some((&fields, wrong))).await?))
        }
        Err(error) => Err(error.into()),
    }
}
