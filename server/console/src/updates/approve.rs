//! Approving: the preview, and the approval.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Redirect, Response};
use headwater_api::{ApprovalAction, NewRevisions, SeenUpdate, ServerPreview, UPDATES_PER_REQUEST_MAX};
use headwater_manager::Terms;
use headwater_model::{GroupId, Timestamp, UpdateId};
use headwater_words::approval::{self as words, action};
use headwater_words::csv::line;
use headwater_words::moment::minute;
use headwater_words::quantity::{counted, grouped};

use super::one::{Link, all_applied};
use crate::Shared;
use crate::csv::csv;
use crate::failure::{Failure, sentence};
use crate::fields::{Fields, Form, Query};
use crate::frame::Frame;
use crate::overview::dash;
use crate::session::Visitor;

/// What is asked to be approved.
struct Asked {
    updates: Vec<UpdateId>,
    group: GroupId,
    action: ApprovalAction,
    deadline: Option<Timestamp>,
    new_revisions: NewRevisions,
}

impl Asked {
    fn read(fields: &Fields) -> Result<Self, Failure> {
        let updates: Result<Vec<UpdateId>, _> = fields.all("id").map(str::parse).collect();
        let updates = updates.map_err(|_| Failure::invalid("an id of an update cannot be read"))?;
        if updates.is_empty() || updates.len() > UPDATES_PER_REQUEST_MAX {
            let what = format!("choose at least one update and at most {UPDATES_PER_REQUEST_MAX}");
            return Err(Failure::invalid(what));
        }
        let deadline = match fields.get("deadline") {
            "" => None,
            text => Some(moment(text)?),
        };
        Ok(Self {
            updates,
            group: fields.get("group").parse().map_err(|_| Failure::invalid("choose a group"))?,
            action: match fields.get("action") {
                "uninstall" => ApprovalAction::Uninstall,
                "detect" => ApprovalAction::Detect,
                "block" => ApprovalAction::Block,
                _ => ApprovalAction::Install,
            },
            deadline,
            new_revisions: match fields.get("new_revisions") {
                "wait" => NewRevisions::Wait,
                _ => NewRevisions::Follow,
            },
        })
    }
}

/// `2026-12-24T03:00`, in UTC, as the field of a browser gives it.
pub(crate) fn moment(text: &str) -> Result<Timestamp, Failure> {
    let whole = match text.len() {
        16 => format!("{text}:00Z"),
        _ => format!("{}Z", text.trim_end_matches('Z')),
    };
    whole.parse().map_err(|_| Failure::invalid("write the time as 2026-12-24T03:00, in UTC"))
}

#[derive(Template)]
#[template(path = "approve.html")]
struct Preview {
    frame: Frame,
    verdict: String,
    updates: Vec<Link>,
    ids: Vec<String>,
    group_id: String,
    action: String,
    deadline: String,
    button: String,
    /// What is approved for the group now, and is replaced.
    replaced: String,
    seen: String,
    /// Whether it is to stay with the revision that is the newest now.
    waits: bool,
    servers: Vec<Affected>,
    /// How many act or may, and where all of them are listed.
    all: String,
    csv: String,
    bytes_note: String,
    /// Why it may not be approved.
    refused: String,
}

struct Affected {
    name: String,
    computers: String,
    /// Those that need it, or have what is to be removed.
    acting: String,
    unknown: String,
    silent: String,
    /// Over the link from the server above.
    fetched: String,
    /// Over the links to its computers.
    sent: String,
    names: Vec<String>,
    more: u64,
}

/// What an approval would mean; nothing is changed.
pub(crate) async fn preview(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let mirror = manager.mirror();
    let meant = super::group_meant(&mirror, fields.get("group")).map(|id| id.to_string());
    let fields = Fields::parse(fields.with("group", &meant.unwrap_or_default()).as_bytes());
    let asked = Asked::read(&fields)?;
    let preview = manager.preview_approval(&asked.updates, asked.group, asked.action).await?;
    let is_one = asked.updates.len() == 1;
    let computers = counted(preview.computers, "computer");
    let seen = match asked.updates.as_slice() {
        [one] => super::one::seen_for(&manager.update_at_top(*one).await?, asked.group),
        _ => {
            let mut shown = manager.shown(&asked.updates);
            for update in &mut shown {
                update.approvals.retain(|approval| approval.group == asked.group);
            }
            shown
        }
    };
    let link = |id: &UpdateId| Link { href: format!("/updates/{id}"), title: mirror.updates.title(*id) };
    let affected = |one: &ServerPreview| Affected {
        name: one.server.name.clone(),
        computers: grouped(one.computers),
        acting: grouped(one.acting),
        unknown: dash(one.unknown),
        silent: dash(one.silent),
        fetched: words::fetched(one).unwrap_or_else(|| "–".to_owned()),
        sent: words::sent(one).unwrap_or_else(|| "–".to_owned()),
        names: one.names.clone(),
        more: one.acting.saturating_sub(one.names.len() as u64),
    };
    let page = Preview {
        frame: Frame::new(&manager, &visitor, "/updates", "Approve", &Fields::default()),
        verdict: words::preview(&preview),
        updates: asked.updates.iter().map(link).collect(),
        ids: asked.updates.iter().map(ToString::to_string).collect(),
        group_id: asked.group.to_string(),
        action: fields.get("action").to_owned(),
        deadline: fields.get("deadline").to_owned(),
        button: format!("Approve for {computers}"),
        replaced: replaced(&seen, is_one),
        seen: super::one::written(&seen)?,
        waits: asked.new_revisions == NewRevisions::Wait,
        servers: preview.servers.iter().map(affected).collect(),
        all: all(preview.acting, preview.unknown),
        csv: format!("/approve.csv?{}", fields.only(&["id", "group", "action"]).with("", "")),
        refused: match manager.for_group(visitor.asking(), asked.group).await? {
            Ok(_) => String::new(),
            Err(refused) => sentence(&refused.to_string()),
        },
        bytes_note: match asked.deadline {
            Some(at) => format!("Computers act without waiting for their users from {} on.", minute(at)),
            None => "Users may choose when; there is no deadline.".to_owned(),
        },
    };
    Ok(Html(page.render()?))
}

/// `All 1,003 computers that act, and 2 that may`, or nothing.
fn all(acting: u64, unknown: u64) -> String {
    let acts = match acting {
        1 => "1 computer that acts".to_owned(),
        acting => format!("All {} that act", counted(acting, "computer")),
    };
    match (acting, unknown) {
        (0, 0) => String::new(),
        (0, unknown) => format!("{} that may act", counted(unknown, "computer")),
        (_, 0) => acts,
        (_, unknown) => format!("{acts}, and {} that may", grouped(unknown)),
    }
}

/// All computers that act, or may, of every server.
pub(crate) async fn export(State(manager): Shared, Query(fields): Query) -> Result<Response, Failure> {
    let asked = Asked::read(&fields)?;
    let all = manager.all_preview_computers(&asked.updates, asked.group, asked.action, None).await?;
    let mut text =
        line(["id", "name", "server", "acts", "silent", "bytes", "known_bytes", "updates_of_unknown_size"]);
    for one in all {
        text += &line([
            one.id.as_str(),
            &one.name,
            &one.server.name,
            if one.acts { "yes" } else { "not known" },
            if one.silent { "yes" } else { "no" },
            &one.bytes.map_or_else(String::new, |bytes| bytes.to_string()),
            &one.bytes_at_least.to_string(),
            &one.updates_of_unknown_size.to_string(),
        ]);
    }
    Ok(csv("computers.csv", text))
}

/// `It is approved for this group now: install, deadline …`, or nothing.
fn replaced(seen: &[SeenUpdate], is_one: bool) -> String {
    let mut standing = seen.iter().flat_map(|update| &update.approvals);
    match (is_one, standing.next()) {
        (_, None) => String::new(),
        (true, Some(one)) => {
            let until = one.deadline.map_or_else(String::new, |at| format!(", deadline {}", minute(at)));
            format!("This replaces what is approved for the group now: {}{until}.", action(one.action))
        }
        (false, Some(_)) => {
            let count = 1 + standing.count() as u64;
            format!("This replaces what is approved for the group now for {}.", counted(count, "update"))
        }
    }
}

pub(crate) async fn approve(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let asked = Asked::read(&fields)?;
    let seen = super::one::read(&fields)?;
    let terms = Terms { action: asked.action, deadline: asked.deadline, new_revisions: asked.new_revisions };
    let by = &manager.for_group(visitor.asking(), asked.group).await??.name;
    let done = manager.approve(&asked.updates, asked.group, Some(terms), &seen, by).await?;
    all_applied(&done)?;
    Ok(match asked.updates.as_slice() {
        [one] => Redirect::to(&format!("/updates/{one}")),
        _ => Redirect::to("/updates?approval=approved"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_are_listed_are_counted() {
        assert_eq!(all(0, 0), "");
        assert_eq!(all(0, 1), "1 computer that may act");
        assert_eq!(all(1, 0), "1 computer that acts");
        assert_eq!(all(1_003, 0), "All 1,003 computers that act");
        assert_eq!(all(1_003, 2), "All 1,003 computers that act, and 2 that may");
    }

    #[test]
    fn a_deadline_is_what_the_field_of_a_browser_says() {
        let read = |text| moment(text).ok().map(|at| at.to_string());
        assert_eq!(read("2026-12-24T03:00").as_deref(), Some("2026-12-24T03:00:00Z"));
        assert_eq!(read("tomorrow"), None);
    }
}
