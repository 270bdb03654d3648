//! Cleaning up the tree: what would be declined and deleted, and doing that.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use headwater_api::{
    ApplyCleanUp, CleanUpComputer, CleanUpPlan, CleanUpQuery, CleanUpReport, CleanUpServer, CleanUpUpdate,
};
use headwater_model::chain;
use headwater_operators::Action;
use headwater_words::clean_up::{because, doubt, gone, outcome, verdict};
use headwater_words::quantity::{counted, grouped};

use crate::Shared;
use crate::failure::Failure;
use crate::fields::{Fields, Form, Query};
use crate::frame::Frame;
use crate::look::and_more;
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
    silent_days: u32,
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
    computers: Vec<Computer>,
    more_computers: String,
    servers: Vec<(String, String, String)>,
    doubts: Vec<String>,
    kept: Vec<(String, String)>,
    more_kept: String,
}

struct Named {
    href: String,
    title: String,
    what: &'static str,
    because: &'static str,
}

struct Computer {
    href: String,
    name: String,
    server: String,
    contact: String,
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
    computers: String,
    left: String,
    problem: String,
}

/// Days as they were typed, or the usual ones.
fn query(fields: &Fields) -> CleanUpQuery {
    let usual = CleanUpQuery::default();
    CleanUpQuery {
        superseded_days: fields.get("superseded_days").parse().unwrap_or(usual.superseded_days),
        declined_days: fields.get("declined_days").parse().unwrap_or(usual.declined_days),
        silent_days: fields.get("silent_days").parse().unwrap_or(usual.silent_days),
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
        silent_days: query.silent_days,
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
    let CleanUpQuery { superseded_days, declined_days, silent_days } = query(&fields);
    let at = fields.get("at").parse().map_err(|_| Failure::invalid("the plan has no time"))?;
    let state = fields.get("plan").to_owned();
    // By what it was made from it is known; what it does is made anew.
    let plan = CleanUpPlan {
        superseded_days,
        declined_days,
        silent_days,
        at,
        decline: Vec::new(),
        delete: Vec::new(),
        kept: Vec::new(),
        computers: Vec::new(),
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
        silent_days,
        plan: None,
        report: Some(done(report, fields.get("at"), &state)),
    };
    Ok(Html(page.render()?))
}

fn shown(plan: CleanUpPlan) -> Plan {
    let (decline, delete) = (plan.decline.len() as u64, plan.delete.len() as u64);
    let gone_computers = plan.computers.len() as u64;
    let servers = plan.servers.iter().filter(|server| server.delete > 0).count() as u64;
    let mut deletions = Vec::new();
    if delete > 0 {
        deletions.push(format!("{} on {}", counted(delete, "update"), counted(servers, "server")));
    }
    if gone_computers > 0 {
        deletions.push(counted(gone_computers, "computer"));
    }
    let deletions = deletions.join(" and ");
    let named = |what, update: &CleanUpUpdate| Named {
        href: format!("/updates/{}", update.id),
        title: update.title.clone(),
        what,
        because: because(update.because),
    };
    let updates = plan.decline.iter().map(|one| named("decline", one));
    let updates = updates.chain(plan.delete.iter().map(|one| named("delete", one)));
    let server = |id| plan.servers.iter().find(|server| server.id == id).map(|server| server.name.clone());
    let computer = |one: &CleanUpComputer| Computer {
        href: format!("/computers/{}", one.client),
        name: one.name.clone(),
        server: server(one.server).unwrap_or_default(),
        contact: one.last_contact_at.date().to_string(),
        because: gone(one.because),
    };
    Plan {
        at: plan.at.to_string(),
        button: match (decline, deletions.is_empty()) {
            (0, true) => String::new(),
            (0, false) => format!("Delete {deletions}"),
            (_, true) => format!("Decline {}", counted(decline, "update")),
            _ => format!("Decline {}, delete {deletions}", counted(decline, "update")),
        },
        confirm: match (delete, gone_computers) {
            (0, 0) => String::new(),
            (0, _) => format!("Delete {deletions}; only their next contact brings them back"),
            (_, 0) => format!("Delete {deletions}; only a synchronisation or an import brings them back"),
            _ => format!(
                "Delete {deletions}; only a synchronisation or an import brings updates back, only their next contact \
                 computers"
            ),
        },
        updates: updates.take(NAMED_MAX).collect(),
        more: more(plan.decline.len() + plan.delete.len()),
        computers: plan.computers.iter().take(NAMED_MAX).map(computer).collect(),
        more_computers: more(plan.computers.len()),
        servers: match deletions.is_empty() {
            true => Vec::new(),
            false => {
                let row =
                    |one: &CleanUpServer| (one.name.clone(), grouped(one.delete), grouped(one.computers));
                plan.servers.iter().map(row).collect()
            }
        },
        doubts: plan.servers.iter().filter_map(doubt).collect(),
        more_kept: more(plan.kept.len()),
        kept: plan.kept.into_iter().take(NAMED_MAX).map(|one| (one.title, one.why.join("; "))).collect(),
        state: plan.state,
    }
}

fn more(count: usize) -> String {
    and_more(count, NAMED_MAX)
}

fn done(report: CleanUpReport, at: &str, state: &str) -> Report {
    Report {
        button: match report.goes_on {
            true => format!("Go on: {} left", counted(report.left(), "deletion")),
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
                computers: grouped(server.computers),
                left: grouped(server.left + server.computers_left),
                problem: server.problem.unwrap_or_default(),
            })
            .collect(),
        problems: report.problems,
    }
}
