//! What is done with all updates that are selected in the list: they are declined, or withdrawn from a group.

use axum::extract::State;
use axum::response::{Html, Redirect};
use headwater_api::{SeenUpdate, UPDATES_PER_REQUEST_MAX};
use headwater_manager::Mirror;
use headwater_model::{GroupId, UpdateId};
use headwater_operators::Action;
use headwater_words::quantity::counted;

use super::one::{SEEN_MAX, all_applied, read, written};
use crate::Shared;
use crate::confirm::{Confirm, Reach};
use crate::failure::Failure;
use crate::fields::{Fields, Form, Query};
use crate::frame::Frame;
use crate::session::Visitor;

fn chosen(fields: &Fields) -> Result<Vec<UpdateId>, Failure> {
    let updates: Result<Vec<UpdateId>, _> = fields.all("id").map(str::parse).collect();
    let updates = updates.map_err(|_| Failure::invalid("an id of an update cannot be read"))?;
    if updates.is_empty() || updates.len() > UPDATES_PER_REQUEST_MAX {
        let what = format!("select at least one update and at most {UPDATES_PER_REQUEST_MAX}");
        return Err(Failure::invalid(what).back_to("/updates", "To the updates"));
    }
    Ok(updates)
}

fn titles(mirror: &Mirror, updates: &[UpdateId]) -> Vec<String> {
    updates.iter().map(|id| mirror.updates.title(*id)).collect()
}

/// The hidden fields of a question about updates, with what it showed of them, as far as a form holds it.
fn hidden(updates: &[UpdateId], seen: &[SeenUpdate]) -> Result<Vec<(&'static str, String)>, Failure> {
    let approvals: usize = seen.iter().map(|update| update.approvals.len()).sum();
    let seen = if approvals > SEEN_MAX { &[] } else { seen };
    let ids = updates.iter().map(|id| ("id", id.to_string()));
    Ok(ids.chain([("seen", written(seen)?)]).collect())
}

pub(crate) async fn ask_decline(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    visitor.permitted(Action::Administer)?;
    let updates = chosen(&fields)?;
    let mirror = manager.mirror();
    let known = manager.known_decisions(&updates);
    let groups: Vec<GroupId> =
        known.iter().flat_map(|update| &update.approvals).map(|approval| approval.group).collect();
    let (all, approvals) = (counted(updates.len() as u64, "update"), groups.len() as u64);
    let taken = counted(approvals, "approval");
    let frame = Frame::new(&manager, &visitor, "/updates", "Decline", &Fields::default());
    let question = Confirm {
        verdict: match approvals {
            0 => format!("Decline {all}? None of them is approved for a group."),
            1 => format!("Decline {all}? 1 approval is taken back."),
            _ => format!("Decline {all}? {taken} are taken back."),
        },
        note: "No server offers them from then on. A decline can be undone; approvals do not come back with that."
            .to_owned(),
        hidden: hidden(&updates, &manager.shown(&updates))?,
        button: match approvals {
            0 => format!("Decline {all}"),
            _ => format!("Decline {all}, and take {taken} back"),
        },
        ..Confirm::new(frame, "/updates/decline", "/updates")
    };
    let reach = Reach::of(&mirror, &groups);
    let question = question.listing("Updates", titles(&mirror, &updates));
    question.counting("approvals", approvals).counting("computers they reach", reach.computers()).page()
}

pub(crate) async fn decline(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let by = visitor.permitted(Action::Administer)?;
    all_applied(&manager.decline(&chosen(&fields)?, true, &read(&fields)?, by).await?)?;
    Ok(Redirect::to("/updates"))
}

pub(crate) async fn ask_withdraw(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let updates = chosen(&fields)?;
    let mirror = manager.mirror();
    let group = super::group_meant(&mirror, fields.get("group"));
    let group = group.ok_or_else(|| Failure::invalid("choose a group"))?;
    manager.for_group(visitor.asking(), group).await??;
    let name = mirror.tree.group(group).map_or_else(|| group.to_string(), |known| known.name.clone());
    let is_approved = |update: &SeenUpdate| update.approvals.iter().any(|approval| approval.group == group);
    let known = manager.known_decisions(&updates).into_iter().filter(is_approved);
    let updates: Vec<UpdateId> = known.map(|update| update.update).collect();
    if updates.is_empty() {
        let what = format!("none of the updates is approved for {name} itself");
        return Err(Failure::invalid(what).back_to("/updates", "To the updates"));
    }
    let reach = Reach::of(&mirror, &[group]);
    let all = counted(updates.len() as u64, "update");
    let mut seen = manager.shown(&updates);
    seen.iter_mut().for_each(|update| update.approvals.retain(|approval| approval.group == group));
    let frame = Frame::new(&manager, &visitor, "/updates", "Withdraw", &Fields::default());
    let question = Confirm {
        verdict: format!(
            "Withdraw {all} from {name}? It has {} on {} now.",
            counted(reach.computers(), "computer"),
            counted(reach.servers(), "server")
        ),
        note: "What is approved for a group above it holds for it then, and what is approved for one beneath it stays. \
               What is installed stays installed."
            .to_owned(),
        hidden: hidden(&updates, &seen)?.into_iter().chain([("group", group.to_string())]).collect(),
        button: format!("Withdraw {all} from {name}"),
        ..Confirm::new(frame, "/updates/withdraw", "/updates")
    };
    question.listing("Updates that are approved for it", titles(&mirror, &updates)).page()
}

pub(crate) async fn withdraw(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let updates = chosen(&fields)?;
    let group = fields.get("group").parse().map_err(|_| Failure::invalid("choose a group"))?;
    let by = &manager.for_group(visitor.asking(), group).await??.name;
    all_applied(&manager.approve(&updates, group, None, &read(&fields)?, by).await?)?;
    Ok(Redirect::to("/updates"))
}
