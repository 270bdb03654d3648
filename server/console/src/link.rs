//! Linking with the top WSUS, pairing with Linkages below it, revoking them, and looking at every hop.

use std::net::SocketAddr;

use askama::Template;
use axum::extract::{ConnectInfo, State};
use axum::response::{Html, Redirect};
use headwater_api::FindingLevel;
use headwater_manager::{Manager, ManagerError, ServerView};
use headwater_operators::Action;
use headwater_words::quantity::counted;

use crate::Shared;
use crate::confirm::Confirm;
use crate::failure::{Failure, sentence};
use crate::fields::{Fields, Form, Query};
use crate::frame::Frame;
use crate::look::{Look, State as Shown};
use crate::session::Visitor;
use crate::wrong::Wrong;

#[derive(Template)]
#[template(path = "link.html")]
struct Page {
    frame: Frame,
    verdict: String,
    url: String,
    /// Why nothing is written, if so.
    review: Option<String>,
    is_linked: bool,
    findings: Vec<Finding>,
    joining: Vec<Joining>,
    /// Linkages below the top one.
    lower: Vec<Lower>,
    wrong: Wrong,
    given_url: String,
}

struct Finding {
    state: Shown,
    what: String,
    advice: String,
}

struct Joining {
    id: String,
    name: String,
    is_chosen: bool,
}

struct Lower {
    id: String,
    name: String,
    is_chosen: bool,
}

pub(crate) async fn show(
    state: Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    page(state, visitor, &fields, Wrong::default()).await
}

pub(crate) async fn page(
    State(manager): Shared,
    visitor: Visitor,
    fields: &Fields,
    wrong: Wrong,
) -> Result<Html<String>, Failure> {
    let mirror = manager.mirror();
    let (is_linked, findings) = match manager.doctor().await {
        Ok(findings) => (true, findings),
        Err(ManagerError::NotLinked) => (false, Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let problems = findings.iter().filter(|finding| finding.level == FindingLevel::Problem).count();
    let page = Page {
        frame: Frame::new(&manager, &visitor, "/link", "Link", &Fields::default()),
        verdict: match (is_linked, problems) {
            (false, _) => "No WSUS is linked.".to_owned(),
            (true, 0) => "The link is in order.".to_owned(),
            (true, 1) => "One thing is not in order.".to_owned(),
            (true, more) => format!("{more} things are not in order."),
        },
        url: mirror.tree.url.clone(),
        review: manager.review().await?,
        is_linked,
        findings: findings
            .into_iter()
            .map(|finding| Finding {
                state: match finding.level {
                    FindingLevel::Good => Shown::new(Look::InStep, "good"),
                    FindingLevel::Warning => Shown::new(Look::Differs, "warning"),
                    FindingLevel::Problem => Shown::new(Look::Failed, "problem"),
                },
                what: finding.what,
                advice: finding.advice,
            })
            .collect(),
        joining: mirror
            .tree
            .joining
            .iter()
            .map(|one| Joining {
                id: one.linkage.to_string(),
                name: one.name.clone(),
                is_chosen: fields.get("linkage") == one.linkage.to_string(),
            })
            .collect(),
        lower: mirror
            .tree
            .servers
            .iter()
            .filter(|one| one.server.parent.is_some())
            .filter_map(|one| {
                let id = one.server.linkage?.to_string();
                let is_chosen = fields.get("linkage") == id;
                Some(Lower { id, name: one.server.name.clone(), is_chosen })
            })
            .collect(),
        wrong,
        given_url: fields.get("url").to_owned(),
    };
    Ok(Html(page.render()?))
}

/// Another page, or this one with what is in the way.
pub(crate) type Answer = Result<Result<Redirect, Html<String>>, Failure>;

/// The page anew, or what was typed once more when it is not accepted, but for the code.
async fn answered<T>(
    done: Result<T, ManagerError>,
    state: Shared,
    visitor: Visitor,
    fields: &Fields,
) -> Answer {
    match done {
        Ok(_) => Ok(Ok(Redirect::to("/link"))),
        Err(error) => {
            let wrong = Wrong::of(&error, str::to_owned);
            Ok(Err(page(state, visitor, fields, wrong).await?))
        }
    }
}

pub(crate) async fn link(
    State(manager): Shared,
    visitor: Visitor,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(fields): Form,
) -> Answer {
    let by = visitor.permitted(Action::Administer)?;
    if let Err(why) = visitor.confirmed(&manager, &fields, peer).await {
        let wrong = Wrong::password("password", &why);
        return Ok(Err(page(State(manager), visitor, &fields, wrong).await?));
    }
    let done = manager.link(fields.get("url"), fields.get("code"), by).await;
    answered(done, State(manager), visitor, &fields).await
}

pub(crate) async fn pair(
    State(manager): Shared,
    visitor: Visitor,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(fields): Form,
) -> Answer {
    let by = visitor.permitted(Action::Administer)?;
    if let Err(why) = visitor.confirmed(&manager, &fields, peer).await {
        let wrong = Wrong::password("password", &why);
        return Ok(Err(page(State(manager), visitor, &fields, wrong).await?));
    }
    let done = manager.pair(fields.get("linkage"), fields.get("code"), by).await;
    answered(done, State(manager), visitor, &fields).await
}

pub(crate) async fn confirm(State(manager): Shared, visitor: Visitor) -> Result<Redirect, Failure> {
    manager.confirm(visitor.permitted(Action::Administer)?).await?;
    Ok(Redirect::to("/link"))
}

/// Whether the link is to be ended.
pub(crate) async fn ask_unlink(State(manager): Shared, visitor: Visitor) -> Result<Html<String>, Failure> {
    visitor.permitted(Action::Administer)?;
    question_unlink(&manager, &visitor, String::new())
}

fn question_unlink(manager: &Manager, visitor: &Visitor, wrong: String) -> Result<Html<String>, Failure> {
    let mirror = manager.mirror();
    let paired = mirror.tree.servers.iter().filter(|one| one.server.linkage.is_some());
    let names: Vec<String> = paired.map(|one| one.server.name.clone()).collect();
    let linkages = counted(names.len() as u64, "Linkage");
    let question = Confirm {
        verdict: format!("End the link? {linkages} would be released."),
        note: "Nothing is changed in any WSUS. Host groups stay here; runs, plans and lists end until a WSUS is linked \
               again, for which every Linkage is paired anew."
            .to_owned(),
        asks_password: true,
        wrong,
        button: format!("End the link, release {linkages}"),
        ..Confirm::new(
            Frame::new(manager, visitor, "/link", "Unlink", &Fields::default()),
            "/link/unlink",
            "/link",
        )
    };
    question.listing("Linkages that are released", names).page()
}

pub(crate) async fn unlink(
    State(manager): Shared,
    visitor: Visitor,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(fields): Form,
) -> Answer {
    let by = visitor.permitted(Action::Administer)?;
    if let Err(why) = visitor.confirmed(&manager, &fields, peer).await {
        return Ok(Err(question_unlink(&manager, &visitor, sentence(why.what()))?));
    }
    let done = manager.unlink(by).await;
    answered(done, State(manager), visitor, &fields).await
}

/// Whether a Linkage is to be revoked.
pub(crate) async fn ask_revoke(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    visitor.permitted(Action::Administer)?;
    question(&manager, &visitor, fields.get("linkage"), String::new())
}

fn question(
    manager: &Manager,
    visitor: &Visitor,
    linkage: &str,
    wrong: String,
) -> Result<Html<String>, Failure> {
    let mirror = manager.mirror();
    let is_it = |one: &&ServerView| one.server.linkage.is_some_and(|id| id.to_string() == linkage);
    let of = mirror.tree.servers.iter().find(is_it);
    let of = of.ok_or_else(|| Failure::not_found("there is no such Linkage in the tree any more"))?;
    let mut below = vec![of.server.id];
    // Each after the one above it.
    for one in &mirror.tree.servers {
        if one.server.parent.is_some_and(|parent| below.contains(&parent)) {
            below.push(one.server.id);
        }
    }
    let all: Vec<&ServerView> = below.iter().filter_map(|id| mirror.tree.server(*id)).collect();
    let computers = all.iter().map(|one| one.server.computers).sum();
    let question = Confirm {
        verdict: format!(
            "Revoke the Linkage of {}? {} with {} would not be reached any more.",
            of.server.name,
            counted(all.len() as u64, "server"),
            counted(computers, "computer")
        ),
        note: "It is refused everywhere from then on, and what is below it is not reached; their WSUS are left as they \
               are. It can be paired anew, with another key."
            .to_owned(),
        hidden: vec![("linkage", linkage.to_owned())],
        asks_password: true,
        wrong,
        button: format!("Revoke the Linkage of {}", of.server.name),
        ..Confirm::new(
            Frame::new(manager, visitor, "/link", "Revoke", &Fields::default()),
            "/link/revoke",
            "/link#revoke",
        )
    };
    let line =
        |one: &&ServerView| format!("{}: {}", one.server.name, counted(one.server.computers, "computer"));
    let question = question.counting("servers", all.len() as u64).counting("computers", computers);
    question.listing("Servers that are not reached then", all.iter().map(line).collect()).page()
}

pub(crate) async fn revoke(
    State(manager): Shared,
    visitor: Visitor,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(fields): Form,
) -> Answer {
    let by = visitor.permitted(Action::Administer)?;
    let linkage = fields.get("linkage");
    if let Err(why) = visitor.confirmed(&manager, &fields, peer).await {
        return Ok(Err(question(&manager, &visitor, linkage, sentence(why.what()))?));
    }
    let done = manager.revoke(linkage, by).await;
    answered(done, State(manager), visitor, &fields).await
}
