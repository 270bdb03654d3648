//! Clean-ups of the tree.

use headwater_api::{CleanUpPlan, CleanUpReport, ObsoleteBecause};

use crate::quantity::{counted, grouped};

pub fn because(because: ObsoleteBecause) -> &'static str {
    match because {
        ObsoleteBecause::Declined => "declined",
        ObsoleteBecause::Expired => "expired",
        ObsoleteBecause::Superseded => "superseded",
    }
}

/// What a plan does, in a sentence.
pub fn verdict(plan: &CleanUpPlan) -> String {
    if plan.is_empty() {
        return match plan.kept.len() as u64 {
            0 => "There is nothing to clean up.".to_owned(),
            kept => format!("Nothing can be cleaned up; {} kept.", are(kept)),
        };
    }
    let servers = plan.servers.iter().filter(|server| server.delete > 0).count() as u64;
    let deletions = match servers {
        0 => format!("{} to delete", grouped(plan.delete.len() as u64)),
        servers => {
            format!("{} to delete on {}", grouped(plan.delete.len() as u64), counted(servers, "server"))
        }
    };
    format!("{} to decline, {deletions}.", counted(plan.decline.len() as u64, "update"))
}

fn are(count: u64) -> String {
    format!("{} {}", counted(count, "update"), if count == 1 { "is" } else { "are" })
}

/// What was done, in a sentence.
pub fn outcome(report: &CleanUpReport) -> String {
    let left: u64 = report.servers.iter().map(|server| server.left).sum();
    let mut text =
        format!("{} declined, {} done", are(report.declined), counted(report.deleted(), "deletion"),);
    if left > 0 {
        text += &format!(", {} left", grouped(left));
    }
    text + "."
}
