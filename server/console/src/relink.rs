//! A rebuilt or promoted WSUS takes the place of the linked one: what it lacks, and writing it.

use std::net::SocketAddr;

use askama::Template;
use axum::extract::{ConnectInfo, State};
use axum::response::{Html, Redirect};
use headwater_api::{ApplyRelink, RelinkCounts, RelinkPlan, RelinkRequest};
use headwater_manager::Manager;
use headwater_operators::Action;
use headwater_words::relink::{counts, step};

use crate::Shared;
use crate::failure::{Failure, sentence};
use crate::fields::{Fields, Form};
use crate::frame::Frame;
use crate::link::{self, Answer};
use crate::look::When;
use crate::session::Visitor;
use crate::wrong::Wrong;

/// Lines of each part that a page shows.
const SHOWN_MAX: usize = 500;

#[derive(Template)]
#[template(path = "relink.html")]
struct Page {
    frame: Frame,
    verdict: String,
    /// Why it was not carried out.
    wrong: String,
    url: String,
    read_at: When,
    steps: Vec<Step>,
    steps_more: usize,
    open: Vec<String>,
    open_total: usize,
    only_there: Vec<String>,
    only_there_total: usize,
    button: String,
    digest: String,
}

struct Step {
    verb: String,
    what: String,
}

/// The plan, or the page of the link with what is in the way. A code is used up by it, the password is asked
/// again when it is carried out.
pub(crate) async fn preview(
    State(manager): Shared,
    visitor: Visitor,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(fields): Form,
) -> Answer {
    let by = visitor.permitted(Action::Administer)?;
    if let Err(why) = visitor.confirmed(&manager, &fields, peer).await {
        let wrong = Wrong::password("relink-password", &why);
        return Ok(Err(link::page(State(manager), visitor, &fields, wrong).await?));
    }
    let request = RelinkRequest { url: fields.get("url").to_owned(), code: fields.text("code") };
    match manager.plan_relink(&request, by).await {
        // Its Linkage was installed anew, and is the linked one by now.
        Ok(plan) if plan.linked => Ok(Ok(Redirect::to("/link"))),
        Ok(plan) => Ok(Err(page(&manager, &visitor, plan, String::new())?)),
        Err(error) => {
            let wrong = Wrong::of(&error, |field| format!("relink-{field}"));
            Ok(Err(link::page(State(manager), visitor, &fields, wrong).await?))
        }
    }
}

/// Carries out the plan that was on screen. Where it is another by now, or the password is wrong, nothing is done
/// and the plan is shown as it is now.
pub(crate) async fn apply(
    State(manager): Shared,
    visitor: Visitor,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(fields): Form,
) -> Answer {
    let by = visitor.permitted(Action::Administer)?;
    let confirmed = visitor.confirmed(&manager, &fields, peer).await;
    let request = RelinkRequest { url: fields.get("url").to_owned(), code: None };
    let plan = manager.plan_relink(&request, by).await?;
    let mut wrong: Vec<String> = confirmed.err().map(|why| sentence(why.what())).into_iter().collect();
    if plan.state != fields.get("plan") {
        wrong.push(format!("What the plan for {} was made from has changed: look at it again", plan.name));
    }
    if !wrong.is_empty() {
        return Ok(Err(page(&manager, &visitor, plan, wrong.join(". "))?));
    }
    let done = manager.apply_relink(&ApplyRelink { plan }, by).await?;
    match done.refused.is_empty() {
        true => Ok(Ok(Redirect::to("/link"))),
        false => {
            let wrong =
                format!("{} is the linked WSUS, and did not take: {}", done.name, done.refused.join("; "));
            Ok(Err(link::page(State(manager), visitor, &Fields::default(), Wrong::new(&wrong)).await?))
        }
    }
}

fn page(
    manager: &Manager,
    visitor: &Visitor,
    plan: RelinkPlan,
    wrong: String,
) -> Result<Html<String>, Failure> {
    let found = counts(&RelinkCounts::of(&plan.steps));
    let name = &plan.name;
    let page = Page {
        frame: Frame::new(manager, visitor, "/link", "Relink", &Fields::default()),
        verdict: match found.is_empty() {
            true => format!("{name} lacks nothing."),
            false => format!("{name} lacks {found}."),
        },
        button: match found.is_empty() {
            true => format!("Link {name}"),
            false => format!("Write {found}, and link {name}"),
        },
        wrong,
        read_at: When::new(plan.read_at, manager.now()),
        steps_more: plan.steps.len().saturating_sub(SHOWN_MAX),
        steps: plan.steps.iter().take(SHOWN_MAX).map(step).map(|[verb, what]| Step { verb, what }).collect(),
        open_total: plan.open.len(),
        open: plan.open.into_iter().take(SHOWN_MAX).collect(),
        only_there_total: plan.only_there.len(),
        only_there: plan.only_there.into_iter().take(SHOWN_MAX).collect(),
        url: plan.url,
        digest: plan.state,
    };
    Ok(Html(page.render()?))
}
