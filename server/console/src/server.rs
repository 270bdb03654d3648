//! One WSUS server: how it stands, and what is wanted of it.

use std::net::SocketAddr;

use askama::Template;
use axum::extract::{ConnectInfo, Path, State};
use axum::response::{Html, Redirect};
use headwater_api::linkage::WsusMode;
use headwater_api::{DeleteServer, ServerBelow, ServerChange, ServerFollow};
use headwater_manager::{ErrorKind, Manager, ServerView};
use headwater_model::Timestamp;
use headwater_operators::Action;
use headwater_words::quantity::{counted, grouped};
use headwater_words::server_deletion::{note, what};
use headwater_words::synchronisation::{mode, read_only, stands};

use crate::Shared;
use crate::confirm::Confirm;
use crate::failure::{Failure, sentence};
use crate::fields::{Fields, Form};
use crate::frame::Frame;
use crate::look::{State as Shown, When};
use crate::session::Visitor;
use crate::wrong::Wrong;

#[derive(Template)]
#[template(path = "server.html")]
struct Page {
    frame: Frame,
    id: String,
    name: String,
    verdict: String,
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
    wrong: Wrong,
    window: String,
    /// Absent where it takes groups and approvals by itself, or where nobody has said yet what it is.
    follows: Option<bool>,
    client_targeting: bool,
    /// What its record's button says; empty where it is not deleted from here.
    delete: String,
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
    refused: Option<(&Fields, Wrong)>,
) -> Result<Html<String>, Failure> {
    let (mirror, now) = (manager.mirror(), manager.now());
    let one = id.parse().ok().and_then(|id| mirror.tree.server(id));
    let one = one.ok_or_else(|| Failure::not_found("there is no such server in the tree any more"))?;
    // The mirror may be older than what was just set.
    let wanted = manager.wanted_of(one.server.id).await?;
    let mut page = Page {
        frame: Frame::new(&manager, visitor, "/", &one.server.name, &Fields::default()),
        wrong: Wrong::default(),
        window: wanted.window.unwrap_or_default(),
        client_targeting: wanted.client_targeting,
        follows: (one.server.mode == Some(WsusMode::Autonomous)).then_some(wanted.follows),
        ..Page::of(one, now)
    };
    if let Some((fields, wrong)) = refused {
        page.wrong = wrong;
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
            verdict: verdict(one),
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
            wrong: Wrong::default(),
            window: String::new(),
            follows: None,
            client_targeting: false,
            delete: match server.parent.is_some() && !server.reached {
                true => format!(
                    "Delete the record of {} and its {}",
                    server.name,
                    counted(server.computers, "computer")
                ),
                false => String::new(),
            },
        }
    }
}

/// `Berlin differs in 2 members. 1 of its 16 computers is silent.`
fn verdict(one: &ServerView) -> String {
    let (stands, all) = (stands(&one.standing), counted(one.server.computers, "computer"));
    match (one.server.computers, one.silent) {
        (0, _) => format!("{stands}."),
        (_, 0) => format!("{stands}. No computer is silent."),
        (1, _) => format!("{stands}. Its computer is silent."),
        (_, 1) => format!("{stands}. 1 of its {all} is silent."),
        (_, silent) => format!("{stands}. {} of its {all} are silent.", grouped(silent)),
    }
}

/// Whether its record is to be deleted.
pub(crate) async fn ask_delete(
    State(manager): Shared,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Html<String>, Failure> {
    visitor.permitted(Action::Administer)?;
    question(&manager, &visitor, &id, String::new()).await
}

async fn question(
    manager: &Manager,
    visitor: &Visitor,
    id: &str,
    wrong: String,
) -> Result<Html<String>, Failure> {
    let deletion = manager.plan_server_deletion(id).await?;
    let (servers, what) = (deletion.below.len() as u64, what(&deletion));
    let plan = serde_json::to_string(&deletion);
    let plan = plan.map_err(|_| Failure::invalid("the plan cannot be written into a form"))?;
    let page = format!("/servers/{id}");
    let question = Confirm {
        verdict: format!("Delete the records of {what}?"),
        note: note(&deletion),
        hidden: vec![("plan", plan)],
        asks_password: true,
        wrong,
        button: format!("Delete {what}"),
        ..Confirm::new(
            Frame::new(manager, visitor, "/", &deletion.name, &Fields::default()),
            format!("{page}/delete"),
            page,
        )
    };
    let line = |one: &ServerBelow| format!("{}: {}", one.name, counted(one.computers, "computer"));
    let question = question.counting("servers below it", servers).counting("computers", deletion.computers);
    question.listing("Servers below it", deletion.below.iter().map(line).collect()).page()
}

/// Deletes its record.
pub(crate) async fn delete(
    State(manager): Shared,
    visitor: Visitor,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(id): Path<String>,
    Form(fields): Form,
) -> Result<Result<Redirect, Html<String>>, Failure> {
    let by = visitor.permitted(Action::Administer)?;
    if let Err(why) = visitor.confirmed(&manager, &fields, peer).await {
        return Ok(Err(question(&manager, &visitor, &id, sentence(why.what())).await?));
    }
    let plan = serde_json::from_str(fields.get("plan"));
    let plan = plan.map_err(|_| Failure::invalid("what the page showed cannot be read"))?;
    manager.delete_server(&id, &DeleteServer { plan }, by).await?;
    Ok(Ok(Redirect::to("/")))
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
            let wrong = Wrong::of(&error, str::to_owned);
            Ok(Err(page(State(manager), &visitor, &id, Some((&fields, wrong))).await?))
        }
        Err(error) => Err(error.into()),
    }
}
