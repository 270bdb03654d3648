//! Groups: host groups left, WSUS groups right, and in the middle what differs.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Redirect};
use headwater_api::{GroupChange, GroupPlan, NewHostGroup};
use headwater_manager::Mirror;
use headwater_model::chain;
use headwater_operators::Action;
use headwater_words::quantity::{counted, grouped};

use crate::Shared;
use crate::failure::Failure;
use crate::fields::{Fields, Form, Query, encoded};
use crate::frame::Frame;
use crate::look::{Look, State as Shown};
use crate::session::Visitor;

/// Computers that are named in each part of a difference.
const NAMED_MAX: usize = 200;

#[derive(Template)]
#[template(path = "groups.html")]
struct Page {
    frame: Frame,
    verdict: String,
    host_groups: Vec<HostGroup>,
    wsus_groups: Vec<WsusGroup>,
    chosen: String,
    plan: Option<Plan>,
    can_apply: bool,
    /// Why no plan can be made.
    problem: String,
    /// Of a form that was not accepted.
    wrong: String,
    new_name: String,
    new_hosts: String,
}

struct HostGroup {
    name: String,
    href: String,
    hosts: String,
    is_chosen: bool,
    is_made: bool,
}

struct WsusGroup {
    name: String,
    owner: &'static str,
    computers: String,
}

struct Plan {
    state: Shown,
    digest: String,
    makes_group: bool,
    add: Vec<Member>,
    add_total: usize,
    remove: Vec<Member>,
    remove_total: usize,
    unchanged: u64,
    not_registered: Vec<(String, String)>,
    not_registered_total: usize,
    button: String,
    is_empty: bool,
}

struct Member {
    name: String,
    server: String,
    href: String,
}

pub(crate) async fn show(
    state: Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    page(state, visitor, &fields, String::new()).await
}

async fn page(
    State(manager): Shared,
    visitor: Visitor,
    fields: &Fields,
    wrong: String,
) -> Result<Html<String>, Failure> {
    let mirror = manager.mirror();
    let host_groups = manager.host_groups().await?;
    let chosen = fields.text("group").or_else(|| host_groups.first().map(|group| group.name.clone()));
    let chosen = chosen.unwrap_or_default();
    let known = host_groups.iter().any(|group| group.name == chosen);
    let (plan, problem) = match known {
        false => (None, String::new()),
        true => match manager.plan_group(&chosen).await {
            Ok(plan) => (Some(plan), String::new()),
            Err(error) => (None, chain(&error)),
        },
    };
    let ours: Vec<_> = host_groups.iter().filter_map(|group| group.wsus_group).collect();
    let wsus_groups = mirror.tree.groups.iter().map(|group| {
        let members = mirror.computers.all().iter();
        let members = members.filter(|one| one.groups.iter().any(|own| own.id == group.id)).count();
        WsusGroup {
            name: group.name.clone(),
            owner: match () {
                () if group.built_in => "built-in",
                () if ours.contains(&group.id) => "ours",
                () => "foreign",
            },
            computers: grouped(members as u64),
        }
    });
    let mut wsus_groups: Vec<WsusGroup> = wsus_groups.collect();
    wsus_groups.sort_by_key(|group| group.name.to_lowercase());
    let page = Page {
        frame: Frame::new(&manager, &visitor, "/groups", "Groups", &Fields::default()),
        verdict: verdict(&chosen, plan.as_ref(), &problem, host_groups.is_empty()),
        host_groups: host_groups
            .iter()
            .map(|group| HostGroup {
                href: format!("/groups?group={}", encoded(&group.name)),
                hosts: grouped(group.hosts),
                is_chosen: group.name == chosen,
                is_made: group.wsus_group.is_some(),
                name: group.name.clone(),
            })
            .collect(),
        wsus_groups,
        plan: plan.map(|plan| shown(plan, &mirror)),
        can_apply: visitor.may(Action::ForGroups(&[manager.host_group_path(&chosen).await?])),
        chosen,
        problem,
        wrong,
        new_name: fields.get("name").to_owned(),
        new_hosts: fields.get("hosts").to_owned(),
    };
    Ok(Html(page.render()?))
}

fn verdict(chosen: &str, plan: Option<&GroupPlan>, problem: &str, is_none: bool) -> String {
    match plan {
        _ if is_none => "There are no host groups yet.".to_owned(),
        Some(plan) if plan.add.is_empty() && plan.remove.is_empty() && plan.group.is_some() => {
            format!("{chosen} is as its host group wants it: {}.", counted(plan.unchanged, "member"))
        }
        Some(plan) if plan.group.is_none() => {
            format!(
                "No WSUS group is made from {chosen} yet: it would get {}.",
                counted(plan.add.len() as u64, "member")
            )
        }
        Some(plan) => format!(
            "{chosen} differs: {} to add, {} to remove, {} unchanged.",
            grouped(plan.add.len() as u64),
            grouped(plan.remove.len() as u64),
            grouped(plan.unchanged)
        ),
        None if !problem.is_empty() => format!("Nothing can be planned for {chosen}."),
        None => "There is no host group of this name.".to_owned(),
    }
}

fn shown(plan: GroupPlan, mirror: &Mirror) -> Plan {
    let member = |change: &GroupChange| Member {
        name: change.name.clone(),
        server: mirror.tree.server(change.server).map_or_else(String::new, |one| one.server.name.clone()),
        href: format!("/computers/{}", change.client),
    };
    let named = |changes: &[GroupChange]| changes.iter().take(NAMED_MAX).map(member).collect();
    let (adds, removes) = (plan.add.len(), plan.remove.len());
    let is_empty = adds == 0 && removes == 0 && plan.group.is_some();
    Plan {
        state: match is_empty {
            true => Shown::new(Look::InStep, "in step"),
            false => Shown::new(Look::Differs, "differs"),
        },
        makes_group: plan.group.is_none(),
        add: named(&plan.add),
        add_total: adds,
        remove: named(&plan.remove),
        remove_total: removes,
        unchanged: plan.unchanged,
        not_registered_total: plan.not_registered.len(),
        not_registered: plan.not_registered.into_iter().take(NAMED_MAX).collect(),
        button: format!("Apply: {} added, {} removed", grouped(adds as u64), grouped(removes as u64)),
        digest: plan.state,
        is_empty,
    }
}

/// Carries out the plan that was on screen, or refuses when it is another by now.
pub(crate) async fn apply(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let name = fields.get("group");
    let plan = manager.plan_group(name).await?;
    if plan.state != fields.get("plan") {
        let what = format!("what the plan for {name} was made from has changed: look at it again");
        return Err(Failure::new(axum::http::StatusCode::CONFLICT, what));
    }
    let by = visitor.permitted(Action::ForGroups(&[manager.host_group_path(name).await?]))?;
    manager.apply_group_plan(&plan, by).await?;
    Ok(Redirect::to(&format!("/groups?group={}", encoded(name))))
}

pub(crate) async fn import(State(manager): Shared, visitor: Visitor) -> Result<Redirect, Failure> {
    manager.import_host_groups(visitor.permitted(Action::Administer)?).await?;
    Ok(Redirect::to("/groups"))
}

/// What was typed stays when it is not accepted.
pub(crate) async fn create(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Result<Redirect, Html<String>>, Failure> {
    let hosts = fields.get("hosts").split([',', '\n', ' ']).map(str::trim).filter(|host| !host.is_empty());
    let new = NewHostGroup { name: fields.get("name").to_owned(), hosts: hosts.map(str::to_owned).collect() };
    let by = &manager.for_hosts(visitor.asking(), &new.name, &new.hosts).await??.name;
    match manager.create_host_group(&new, by).await {
        Ok(made) => Ok(Ok(Redirect::to(&format!("/groups?group={}", encoded(&made.name))))),
        Err(error) => Ok(Err(page(State(manager), visitor, &fields, chain(&error)).await?)),
    }
}
