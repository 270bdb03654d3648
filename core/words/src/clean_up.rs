//! Clean-ups of the tree.

use headwater_api::{CleanUpPlan, CleanUpReport, CleanUpServer, GoneBecause, ObsoleteBecause};

use crate::quantity::{counted, grouped};

pub fn because(because: ObsoleteBecause) -> &'static str {
    match because {
        ObsoleteBecause::Declined => "declined",
        ObsoleteBecause::Expired => "expired",
        ObsoleteBecause::Superseded => "superseded",
    }
}

pub fn gone(because: GoneBecause) -> &'static str {
    match because {
        GoneBecause::Silent => "silent",
        GoneBecause::Reimaged => "re-imaged: another record has its name",
    }
}

/// Why the computers of a server stay; `None` where nothing stands against deleting them.
pub fn doubt(server: &CleanUpServer) -> Option<String> {
    server.doubt.as_ref().map(|doubt| format!("The computers of {} stay: {doubt}.", server.name))
}

/// What a plan does, in a sentence.
pub fn verdict(plan: &CleanUpPlan) -> String {
    if plan.is_empty() {
        return match plan.kept.len() as u64 {
            0 => "There is nothing to clean up.".to_owned(),
            kept => format!("Nothing can be cleaned up; {} kept.", are(kept)),
        };
    }
    let mut parts = Vec::new();
    if plan.decline.len() + plan.delete.len() > 0 {
        parts.push(updates(plan));
    }
    if !plan.computers.is_empty() {
        parts.push(format!("{} to delete", counted(plan.computers.len() as u64, "computer")));
    }
    parts.join(", ") + "."
}

fn updates(plan: &CleanUpPlan) -> String {
    let servers = plan.servers.iter().filter(|server| server.delete > 0).count() as u64;
    let deletions = match servers {
        0 => format!("{} to delete", grouped(plan.delete.len() as u64)),
        servers => {
            format!("{} to delete on {}", grouped(plan.delete.len() as u64), counted(servers, "server"))
        }
    };
    format!("{} to decline, {deletions}", counted(plan.decline.len() as u64, "update"))
}

fn are(count: u64) -> String {
    format!("{} {}", counted(count, "update"), if count == 1 { "is" } else { "are" })
}

/// What was done, in a sentence.
pub fn outcome(report: &CleanUpReport) -> String {
    let mut text =
        format!("{} declined, {} done", are(report.declined), counted(report.deleted(), "deletion"),);
    if report.computers() > 0 {
        text += &format!(", {} deleted", counted(report.computers(), "computer"));
    }
    if report.computers_back() > 0 {
        text += &format!(", {} made contact meanwhile", counted(report.computers_back(), "computer"));
    }
    if report.left() > 0 {
        text += &format!(", {} left", grouped(report.left()));
    }
    text + "."
}
