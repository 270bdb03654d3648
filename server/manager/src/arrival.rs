//! How far an update has come on each server of the tree.

use headwater_api::{ApprovalAction, Arrival, ServerRef, UpdateDetail, UpdateOnServer};
use headwater_model::{GroupId, ServerId, Timestamp};

use crate::mirror::{Mirror, ServerView};
use crate::takes::{Takes, takes};

/// From what the top and each server that knows it tell of it.
pub(crate) fn arrivals(
    mirror: &Mirror,
    top: &UpdateDetail,
    on_servers: &[(ServerId, UpdateDetail)],
    is_halted: bool,
) -> Vec<UpdateOnServer> {
    let takes = takes(mirror.tree.servers.iter().map(|one| &one.server));
    let of = |view: &ServerView| {
        let decides = takes.get(&view.server.id) == Some(&Takes::Nothing);
        let there = on_servers.iter().find(|(id, _)| *id == view.server.id).map(|(_, detail)| detail);
        let files = there.map(|there| there.files.len() as u64).filter(|files| *files > 0);
        UpdateOnServer {
            server: ServerRef { id: view.server.id, name: view.server.name.clone() },
            arrival: arrival(view, top, there, is_halted, decides),
            revision: there.map(|there| there.summary.revision),
            approvals: there.map(|there| there.approvals.len() as u64),
            files_held: files
                .and(there.map(|there| there.files.iter().filter(|file| file.held).count() as u64)),
            files,
            downloaded: there.map(|there| {
                let here = there.here;
                here.downloaded + here.pending_restart + here.installed
            }),
        }
    };
    mirror.tree.servers.iter().map(of).collect()
}

fn arrival(
    view: &ServerView,
    top: &UpdateDetail,
    there: Option<&UpdateDetail>,
    is_halted: bool,
    decides: bool,
) -> Arrival {
    match there {
        None if !view.server.reached => Arrival::NotReached,
        None => Arrival::NotKnown,
        Some(there) if is_halted => match there.approvals.iter().any(|one| one.action.offers()) {
            false => Arrival::Withdrawn,
            true => Arrival::Offered,
        },
        Some(_) if decides => Arrival::DecidesByItself,
        Some(there) if decisions(there) == decisions(top) => match decisions(there).is_empty() {
            true => Arrival::NotOffered,
            false => Arrival::AsAbove,
        },
        Some(there) if decisions(there).is_empty() => Arrival::NotYet,
        Some(_) => Arrival::Otherwise,
    }
}

/// Without those for detection only, which offer nothing and which a Microsoft WSUS does not tell.
fn decisions(update: &UpdateDetail) -> Vec<(GroupId, ApprovalAction, Option<Timestamp>)> {
    let decided = update.approvals.iter().filter(|one| one.action != ApprovalAction::Detect);
    let mut all: Vec<_> = decided.map(|one| (one.group, one.action, one.deadline)).collect();
    all.sort_unstable();
    all
}
