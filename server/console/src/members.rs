//! The members of a host group and of a WSUS group, each with what can be done with them. Whatever removes
//! somebody is shown first, with its number.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Redirect};
use headwater_api::{
    ComputerQuery, ComputerSummary, HostGroupMembers, HostGroupMembersQuery, HostOrder, NewGroup, Page,
};
use headwater_manager::{ComputerOrder, Direction, HostGroupName, Manager, Mirror};
use headwater_model::{ClientId, GroupId, chain};
use headwater_operators::{Action, GroupPath};
use headwater_words::caveat::sentences;
use headwater_words::quantity::{counted, grouped};

use crate::Shared;
use crate::confirm::Confirm;
use crate::failure::{Failure, sentence};
use crate::fields::{Fields, Form, Query, encoded};
use crate::frame::Frame;
use crate::groups;
use crate::heads::{Head, direction, heads};
use crate::look::{Look, State as Shown, When};
use crate::session::Visitor;

const ROWS: u32 = 100;
/// The fields of an address that say which part of a list is shown, and in which order.
const PLACE: [&str; 4] = ["group", "sort", "order", "after"];
const HOST_COLUMNS: [(&str, &str, bool); 5] = [
    ("Host", "name*", false),
    ("Server", "server", false),
    ("Host group", "host_group", false),
    ("State", "state", false),
    ("Because", "", false),
];
const MEMBER_COLUMNS: [(&str, &str, bool); 4] = [
    ("Computer", "name*", false),
    ("Server", "server", false),
    ("Groups", "", false),
    ("Last contact", "contact-", false),
];

#[derive(Template)]
#[template(path = "host_members.html")]
struct HostPage {
    frame: Frame,
    verdict: String,
    problem: String,
    wrong: String,
    group: String,
    back: String,
    /// Where its WSUS group is, if one is made from it.
    wsus_href: String,
    /// Whether its members are a list, and in the scope of whoever looks.
    may_change: bool,
    rule: String,
    heads: Vec<Head>,
    rows: Vec<Host>,
    /// Those that are about to be added, with their ids.
    adding: Vec<(String, String)>,
    add_button: String,
    /// Those that are about to be removed, with their ids.
    removing: Vec<(String, String)>,
    button: String,
    /// Of a form that was not accepted.
    hosts: String,
    next: Option<String>,
}

struct Host {
    id: String,
    name: String,
    server: String,
    host_group: String,
    is_own: bool,
    state: Shown,
    reason: String,
}

/// The hosts of a host group and of those beneath it.
pub(crate) async fn host_group(
    state: Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    host_page(state, visitor, &fields, String::new()).await
}

async fn host_page(
    State(manager): Shared,
    visitor: Visitor,
    fields: &Fields,
    wrong: String,
) -> Result<Html<String>, Failure> {
    let name = fields.get("group");
    let group = host_group_named(&manager, name).await?;
    let query = HostGroupMembersQuery {
        sort: match fields.get("sort") {
            "server" => Some(HostOrder::Server),
            "host_group" => Some(HostOrder::HostGroup),
            "state" => Some(HostOrder::State),
            _ => None,
        },
        reverse: direction(fields) == Direction::Reversed,
        limit: Some(ROWS),
        after: fields.text("after"),
    };
    let told = manager.host_group_members(&group.name, &query).await;
    let (page, problem) = match told {
        Ok(told) => (Some(told.value), sentences(&told.caveat, manager.now()).join(" ")),
        Err(error) => (None, sentence(&chain(&error))),
    };
    let total = page.as_ref().map(|page| page.total.unwrap_or_default());
    let page = page.unwrap_or(Page { items: Vec::new(), next: None, total: None });
    let missing = page.items.iter().filter(|host| !host.registered).count() as u64;
    let mirror = manager.mirror();
    let ticked = |name: &str| -> Vec<(String, String)> {
        match wrong.is_empty() {
            true => fields.all(name).map(|id| (id.to_owned(), called(&mirror, id))).collect(),
            false => Vec::new(),
        }
    };
    let (adding, removing) = (ticked("add"), ticked("remove"));
    let place = fields.only(&PLACE);
    let page = HostPage {
        frame: Frame::new(&manager, &visitor, "/groups", &group.name, &Fields::default()),
        verdict: match (total, missing) {
            (None, _) => format!("Who is in {} is not known.", group.name),
            (Some(0), _) => format!("{} has no hosts.", group.name),
            (Some(total), 0) => format!("{} has {}.", group.name, counted(total, "host")),
            (Some(total), missing) => format!(
                "{} has {}; {} of those shown {} not registered.",
                group.name,
                counted(total, "host"),
                grouped(missing),
                if missing == 1 { "is" } else { "are" }
            ),
        },
        problem,
        back: format!("/groups?group={}", encoded(&group.name)),
        wsus_href: group.wsus_group.map_or_else(String::new, wsus_href),
        may_change: !group.has_rule && manager.for_host_group(visitor.asking(), &group.name).await?.is_ok(),
        rule: group.rule.join(", "),
        heads: heads("/groups/host", &place, &HOST_COLUMNS),
        rows: page
            .items
            .iter()
            .map(|host| Host {
                id: host.client.to_string(),
                name: host.name.clone(),
                server: host.server.as_ref().map_or_else(|| "–".to_owned(), |server| server.name.clone()),
                is_own: host.host_group == group.name,
                host_group: host.host_group.clone(),
                state: match host.registered {
                    true => Shown::new(Look::InStep, "registered"),
                    false => Shown::new(Look::Differs, "not registered"),
                },
                reason: host.reason.clone().unwrap_or_default(),
            })
            .collect(),
        add_button: format!("Add {} to {}", counted(adding.len() as u64, "host"), group.name),
        adding,
        button: format!("Remove {} from {}", counted(removing.len() as u64, "host"), group.name),
        removing,
        hosts: if wrong.is_empty() {
            String::new()
        } else {
            fields.all("add").collect::<Vec<_>>().join("\n")
        },
        wrong,
        next: page.next.map(|next| format!("/groups/host?{}", place.with("after", &next))),
        group: group.name,
    };
    Ok(Html(page.render()?))
}

async fn host_group_named(manager: &Manager, name: &str) -> Result<HostGroupName, Failure> {
    let mut groups = manager.host_group_names().await?.into_iter();
    groups.find(|group| group.name == name).ok_or_else(|| Failure::not_found("there is no such host group"))
}

/// What a computer is called, or its id.
fn called(mirror: &Mirror, id: &str) -> String {
    let known = id.parse().ok().and_then(|client: ClientId| mirror.computers.get(&client));
    known.map_or_else(|| id.to_owned(), |computer| computer.name.clone())
}

pub(crate) fn host_href(name: &str) -> String {
    format!("/groups/host?group={}", encoded(name))
}

pub(crate) fn wsus_href(id: GroupId) -> String {
    format!("/groups/wsus?group={id}")
}

/// Adds and removes hosts of a host group.
pub(crate) async fn change_host_group(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Result<Redirect, Html<String>>, Failure> {
    let hosts = fields.all("add").flat_map(|typed| typed.split([',', '\n', ' '])).map(str::trim);
    let hosts = hosts.filter(|host| !host.is_empty());
    let change = HostGroupMembers {
        add: hosts.map(str::to_owned).collect(),
        remove: fields.all("remove").map(str::to_owned).collect(),
    };
    let name = fields.get("group");
    let allowed = manager.for_members(visitor.asking(), name, &change.add).await;
    let done = match allowed {
        Ok(allowed) => manager.change_host_group(name, &change, &allowed?.name).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(group) => Ok(Ok(Redirect::to(&host_href(&group.name)))),
        Err(error) => Ok(Err(host_page(State(manager), visitor, &fields, chain(&error)).await?)),
    }
}

#[derive(Template)]
#[template(path = "wsus_members.html")]
struct WsusPage {
    frame: Frame,
    verdict: String,
    wrong: String,
    id: String,
    name: String,
    is_built_in: bool,
    /// The host group that it is made from.
    host_group: String,
    host_href: String,
    may_change: bool,
    heads: Vec<Head>,
    rows: Vec<Member>,
    /// What is about to be done with the chosen ones.
    step: Step,
    chosen: Vec<Chosen>,
    button: String,
    /// Groups into which they can be put.
    targets: Vec<(String, String)>,
    next: Option<String>,
}

#[derive(PartialEq, Eq)]
enum Step {
    Choose,
    Move,
    Delete,
}

struct Member {
    id: String,
    name: String,
    more: String,
    server: String,
    groups: String,
    contact: Option<When>,
}

struct Chosen {
    id: String,
    name: String,
    groups: String,
}

/// The computers of a WSUS group and of those beneath it.
pub(crate) async fn wsus_group(
    state: Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    wsus_page(state, visitor, &fields, String::new()).await
}

async fn wsus_page(
    State(manager): Shared,
    visitor: Visitor,
    fields: &Fields,
    wrong: String,
) -> Result<Html<String>, Failure> {
    let (mirror, now) = (manager.mirror(), manager.now());
    let id = group_id(fields)?;
    let group = mirror.tree.group(id).ok_or_else(|| Failure::not_found("there is no such WSUS group"))?;
    let host_groups = manager.host_group_names().await?;
    let host_group = host_groups.iter().find(|one| one.wsus_group == Some(id)).map(|one| one.name.clone());
    let query = ComputerQuery {
        group: Some(id),
        limit: Some(ROWS),
        after: fields.text("after"),
        ..ComputerQuery::default()
    };
    let order = match fields.get("sort") {
        "server" => ComputerOrder::Server,
        "contact" => ComputerOrder::LastContact,
        _ => ComputerOrder::Name,
    };
    let found = mirror.computers.find(&query, &mirror.tree, now, order, direction(fields));
    let place = fields.only(&PLACE);
    let chosen: Vec<Chosen> = chosen(&mirror, fields).map(choice).collect();
    let (count, total) = (counted(chosen.len() as u64, "computer"), found.total.unwrap_or_default());
    let (step, button) = match fields.get("act") {
        _ if chosen.is_empty() || !wrong.is_empty() => (Step::Choose, String::new()),
        "move" => (Step::Move, format!("Move {count}")),
        "delete" => (Step::Delete, format!("Delete {count}")),
        _ => (Step::Choose, String::new()),
    };
    let is_free = |one: &GroupId| host_groups.iter().all(|group| group.wsus_group != Some(*one));
    let mut targets: Vec<(String, String)> = mirror
        .tree
        .groups
        .iter()
        .filter(|group| !group.built_in && is_free(&group.id))
        .map(|group| (group.id.to_string(), group.name.clone()))
        .collect();
    targets.sort_by_key(|(_, name)| name.to_lowercase());
    let page = WsusPage {
        frame: Frame::new(&manager, &visitor, "/groups", &group.name, &Fields::default()),
        verdict: format!("{} has {}.", group.name, counted(total, "computer")),
        wrong,
        id: id.to_string(),
        name: group.name.clone(),
        is_built_in: group.built_in,
        host_href: host_group.as_deref().map_or_else(String::new, host_href),
        host_group: host_group.unwrap_or_default(),
        may_change: manager.for_group(visitor.asking(), id).await?.is_ok(),
        heads: heads("/groups/wsus", &place, &MEMBER_COLUMNS),
        rows: found
            .items
            .iter()
            .map(|one| Member {
                id: one.id.to_string(),
                name: one.name.clone(),
                more: [&one.os, &one.address].into_iter().flatten().cloned().collect::<Vec<_>>().join(" · "),
                server: one.server.as_ref().map_or_else(|| "–".to_owned(), |server| server.name.clone()),
                groups: names(one),
                contact: When::known(one.last_contact_at, now),
            })
            .collect(),
        step,
        chosen,
        button,
        targets,
        next: found.next.map(|next| format!("/groups/wsus?{}", place.with("after", &next))),
    };
    Ok(Html(page.render()?))
}

fn group_id(fields: &Fields) -> Result<GroupId, Failure> {
    fields.get("group").parse().map_err(|_| Failure::invalid("this is no id of a group"))
}

/// The computers that are ticked, as far as they are known.
fn chosen<'a>(mirror: &'a Mirror, fields: &'a Fields) -> impl Iterator<Item = &'a ComputerSummary> {
    let known = |id: &str| mirror.computers.get(&id.parse::<ClientId>().ok()?);
    fields.all("id").filter_map(known).take(ROWS as usize)
}

fn choice(one: &ComputerSummary) -> Chosen {
    Chosen { id: one.id.to_string(), name: one.name.clone(), groups: names(one) }
}

fn names(computer: &ComputerSummary) -> String {
    let names: Vec<&str> = computer.groups.iter().map(|group| group.name.as_str()).collect();
    names.join(", ")
}

/// Moves or deletes the computers that were ticked, one after the other; what is refused is said.
pub(crate) async fn change_computers(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Result<Redirect, Html<String>>, Failure> {
    let mirror = manager.mirror();
    let to: Result<Vec<GroupId>, _> = fields.all("to").map(str::parse).collect();
    let to = to.map_err(|_| Failure::invalid("choose groups"))?;
    let host_groups = manager.host_group_names().await?;
    let made: BTreeSet<GroupId> = host_groups.iter().filter_map(|one| one.wsus_group).collect();
    let (mut all, mut refused) = (0, Vec::new());
    for computer in chosen(&mirror, &fields) {
        all += 1;
        let done = match fields.get("act") {
            "delete" => manager.delete_computer(&computer.id, visitor.asking()).await,
            "move" => {
                // Groups of host groups have their hosts, whatever else a computer is in.
                let kept = computer.groups.iter().map(|group| group.id).filter(|id| made.contains(id));
                let wanted: Vec<GroupId> = to.iter().copied().chain(kept).collect();
                let moved = manager.move_computer(&computer.id, &wanted, visitor.asking()).await;
                moved.map(|done| done.map(drop))
            }
            _ => return Err(Failure::invalid("computers are moved or deleted: choose one of them")),
        };
        let why = match done {
            Ok(Ok(())) => continue,
            Ok(Err(not_permitted)) => not_permitted.to_string(),
            Err(error) => chain(&error),
        };
        refused.push(format!("{}: {why}", computer.name));
    }
    match refused.first() {
        None => Ok(Ok(Redirect::to(&wsus_href(group_id(&fields)?)))),
        Some(first) => {
            let wrong = format!("{} of {} refused: {first}", refused.len(), counted(all, "computer"));
            Ok(Err(wsus_page(State(manager), visitor, &fields, wrong).await?))
        }
    }
}

/// Makes a group of the linked WSUS that is made from no host group. What was typed stays when it is refused.
pub(crate) async fn create_group(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Result<Redirect, Html<String>>, Failure> {
    let new = NewGroup { name: fields.get("name").to_owned(), parent: None };
    let by = visitor.permitted(Action::ForGroups(&[GroupPath::named(&new.name)]))?;
    match manager.create_group(&new, by).await {
        Ok(_) => Ok(Ok(Redirect::to("/groups"))),
        Err(error) => Ok(Err(groups::wsus_group_refused(State(manager), visitor, &fields, &error).await?)),
    }
}

/// Whether a WSUS group is to be deleted.
pub(crate) async fn ask_delete_group(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let id = group_id(&fields)?;
    manager.for_group(visitor.asking(), id).await??;
    let mirror = manager.mirror();
    let group = mirror.tree.group(id).ok_or_else(|| Failure::not_found("there is no such WSUS group"))?;
    // Those of the groups beneath it stay in theirs.
    let is_member = |one: &&ComputerSummary| one.groups.iter().any(|of| of.id == id);
    let all = mirror.computers.all().iter();
    let members: Vec<String> = all.filter(is_member).map(|one| one.name.clone()).collect();
    let approvals = mirror.tree.approvals.iter().filter(|one| one.group == id).count() as u64;
    let count = members.len() as u64;
    let frame = Frame::new(&manager, &visitor, "/groups", "Delete", &Fields::default());
    let question = Confirm {
        verdict: format!(
            "Delete the WSUS group {}? {} out of it, and {} taken back.",
            group.name,
            match count {
                1 => "1 computer goes".to_owned(),
                more => format!("{} go", counted(more, "computer")),
            },
            match approvals {
                1 => "1 approval is".to_owned(),
                more => format!("{} are", counted(more, "approval")),
            }
        ),
        note: "The computers stay registered. What is installed stays installed. It does not come back."
            .to_owned(),
        hidden: vec![("group", id.to_string())],
        button: format!("Delete the WSUS group {}", group.name),
        ..Confirm::new(frame, "/groups/wsus/delete", wsus_href(id))
    };
    let question = question.counting("computers", count).counting("approvals", approvals);
    question.listing("Computers that leave it", members).page()
}

pub(crate) async fn delete_group(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let id = group_id(&fields)?;
    let by = &manager.for_group(visitor.asking(), id).await??.name;
    manager.delete_group(id, by).await?;
    Ok(Redirect::to("/groups"))
}
