//! Cleaning up the tree: what would be declined and deleted, and doing that.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use headwater_api::{ApplyCleanUp, CleanUpPlan, CleanUpQuery, CleanUpReport, CleanUpUpdate};
use headwater_model::chain;
use headwater_operators::Action;
use headwater_words::clean_up::{because, outcome, verdict};
use headwater_words::quantity::{counted, grouped};

use crate::Shared;
use crate::failure::Failure;
use crate::fields::{Fields, Form, Query};
use crate::frame::Frame;
use crate::session::Visitor;

/// Updates that a table names.
const NAMED_MAX: usize = 200;

#[derive(Template)]
#[template(path = "clean_up.html")]
struct Page {
    frame: Frame,
    verdict: String,
    wrong: String,
    superseded_days: u32,
    declined_days: u32,
    plan: Option<Plan>,
    report: Option<Report>,
}

struct Plan {
    at: String,
    state: String,
    button: String,
    /// What has to be confirmed, as it cannot be undone.
    confirm: String,
    updates: Vec<Named>,
    more: String,
    servers: Vec<(String, String)>,
    kept: Vec<(String, String)>,
    more_kept: String,
}

struct Named {
    href: String,
    title: String,
    what: &'static str,
    because: &'static str,
}

struct Report {
    servers: Vec<Cleaned>,
    problems: Vec<String>,
    /// Goes on with the plan.
    button: String,
    at: String,
    state: String,
}

struct Cleaned {
    name: String,
    deleted: String,
    left: String,
    problem: String,
}

/// Days as they were typed, or the usual ones.
fn query(fields: &Fields) -> CleanUpQuery {
    let usual = CleanUpQuery::default();
    CleanUpQuery {
        superseded_days: fields.get("superseded_days").parse().unwrap_or(usual.superseded_days),
        declined_days: fields.get("declined_days").parse().unwrap_or(usual.declined_days),
    }
}

pub(crate) async fn show(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let query = query(&fields);
    let (plan, wrong) = match manager.plan_clean_up(&query).await {
        Ok(plan) => (Some(plan), String::new()),
        Err(error) => (None, chain(&error)),
    };
    let page = Page {
        frame: Frame::new(&manager, &visitor, "/updates", "Clean up", &Fields::default()),
        verdict: plan.as_ref().map_or_else(|| "Nothing can be planned.".to_owned(), verdict),
        wrong,
        superseded_days: query.superseded_days,
        declined_days: query.declined_days,
        plan: plan.map(shown),
        report: None,
    };
    Ok(Html(page.render()?))
}

/// Carries out the plan that was on screen, or refuses when it is another by now.
pub(crate) async fn apply(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Html<String>, Failure> {
    let by = visitor.permitted(Action::Administer)?;
    let CleanUpQuery { superseded_days, declined_days } = query(&fields);
    let at = fields.get("at").parse().map_err(|_| Failure::invalid("the plan has no time"))?;
    let state = fields.get("plan").to_owned();
    // By what it was made from it is known; what it does is made anew.
    let plan = CleanUpPlan {
        superseded_days,
        declined_days,
        at,
        decline: Vec::new(),
        delete: Vec::new(),
        kept: Vec::new(),
        servers: Vec::new(),
        state: state.clone(),
    };
    let report = manager.clean_up(&ApplyCleanUp { plan }, by).await?;
    let page = Page {
        frame: Frame::new(&manager, &visitor, "/updates", "Clean up", &Fields::default()),
        verdict: outcome(&report),
        wrong: String::new(),
        superseded_days,
        declined_days,
        plan: None,
        report: Some(done(report, fields.get("at"), &state)),
    };
    Ok(Html(page.render()?))
}

fn shown(plan: CleanUpPlan) -> Plan {
    let (decline, delete) = (plan.decline.len() as u64, plan.delete.len() as u64);
    let servers = plan.servers.iter().filter(|server| server.delete > 0).count() as u64;
    let deletions = format!("{} on {}", counted(delete, "update"), counted(servers, "server"));
    let named = |what, update: &CleanUpUpdate| Named {
        href: format!("/updates/{}", update.id),
        title: update.title.clone(),
        what,
        because: because(update.because),
    };
    let updates = plan.decline.iter().map(|one| named("decline", one));
    let updates = updates.chain(plan.delete.iter().map(|one| named("delete", one)));
    Plan {
        at: plan.at.to_string(),
        button: match (decline, delete) {
            (0, 0) => String::new(),
            (0, _) => format!("Delete {deletions}"),
            (_, 0) => format!("Decline {}", counted(decline, "update")),
            _ => format!("Decline {}, delete {deletions}", counted(decline, "update")),
        },
        confirm: match delete {
            0 => String::new(),
            _ => format!("Delete {deletions}; only a synchronisation or an import brings them back"),
        },
        updates: updates.take(NAMED_MAX).collect(),
        more: more(plan.decline.len() + plan.delete.len()),
        servers: match delete {
            0 => Vec::new(),
            _ => plan.servers.iter().map(|one| (one.name.clone(), grouped(one.delete))).collect(),
        },
        more_kept: more(plan.kept.len()),
        kept: plan.kept.into_iter().take(NAMED_MAX).map(|one| (one.title, one.why.join("; "))).collect(),
        state: plan.state,
    }
}

fn more(count: usize) -> String {
    match count.saturating_sub(NAMED_MAX) as u64 {
        0 => String::new(),
        more => format!("and {} more", grouped(more)),
    }
}

fn done(report: CleanUpReport, at: &str, state: &str) -> Report {
    let left: u64 = report.servers.iter().map(|server| server.left).sum();
    Report {
        button: match report.goes_on {
            true => format!("Go on: {} left", counted(left, "deletion")),
            false => String::new(),
        },
        at: at.to_owned(),
        state: state.to_owned(),
        servers: report
            .servers
            .into_iter()
            .map(|server| Cleaned {
                name: server.name,
                deleted: grouped(server.deleted),
                left: grouped(server.left),
                problem: server.problem.unwrap_or_default(),
            })
            .collect(),
        problems: report.problems,
    }
}
