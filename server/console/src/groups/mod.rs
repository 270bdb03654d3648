//! Groups: host groups left, WSUS groups right, and in the middle what differs.

pub(crate) mod ask;
mod difference;

use std::collections::{HashMap, HashSet};

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Redirect, Response};
use headwater_api::{ApplyGroupPlan, GroupPlan, GroupPlanQuery, HostGroup, HostGroupChange, NewHostGroup};
use headwater_manager::{ManagerError, Mirror};
use headwater_model::{GroupId, chain};
use headwater_operators::Action;
use headwater_words::products;
use headwater_words::quantity::{counted, grouped};

use self::difference::{Planned, planned};
use crate::Shared;
use crate::csv::csv;
use crate::failure::Failure;
use crate::fields::{Fields, Form, Query, encoded};
use crate::frame::Frame;
use crate::look::{Look, State as Shown, When};
use crate::members::{host_href, wsus_href};
use crate::session::Visitor;
use crate::wrong::Wrong;

/// Groups of a page of either list.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "groups.html")]
struct Page {
    frame: Frame,
    verdict: String,
    /// What both lists are filtered by.
    find: String,
    host_groups: Vec<Branch>,
    is_no_host_group: bool,
    hosts_next: Option<String>,
    wsus_groups: Vec<WsusGroup>,
    wsus_next: Option<String>,
    chosen: String,
    /// The members of the chosen one.
    members_href: String,
    plan: Option<Plan>,
    /// Whether it is in the scope of whoever looks.
    may_change: bool,
    may_apply: bool,
    /// Why no plan can be made.
    problem: String,
    /// Where to look at taking over a WSUS group that is in the way.
    adopt_href: String,
    /// Where to look at making its WSUS group again under its name.
    recreate_href: String,
    last: Option<Last>,
    /// Why a form was not accepted.
    wrong: Wrong,
    /// What a new host group and a new WSUS group are to be, and what the chosen one is, or was to become.
    new: Details,
    new_wsus: Details,
    set: Option<Details>,
}

/// One host group in the tree.
struct Branch {
    name: String,
    href: String,
    hosts: String,
    depth: usize,
    is_chosen: bool,
    is_made: bool,
    is_held: bool,
}

/// The fields of a host group, and what its parent can be.
#[derive(Default)]
struct Details {
    name: String,
    parent: String,
    direct: bool,
    rule: String,
    /// Why the rule says nothing of some computers.
    unknown: String,
    hosts: String,
    /// Whether this is what was typed into a form that was not accepted.
    is_typed: bool,
}

/// The form that was not accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refused {
    New,
    Change,
    Wsus,
}

/// The last plan, which can be undone.
struct Last {
    who: String,
    at: When,
    groups: u64,
    added: String,
    removed: String,
}

struct WsusGroup {
    id: GroupId,
    name: String,
    href: String,
    owner: &'static str,
    computers: String,
}

struct Plan {
    state: Shown,
    digest: String,
    adopt: bool,
    recreate: bool,
    groups: Vec<Planned>,
    /// Why it is held.
    held: Vec<String>,
    removed: u64,
    button: String,
    is_empty: bool,
    /// The whole difference.
    csv: String,
}

pub(crate) async fn show(
    state: Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    page(state, visitor, &fields, None).await
}

async fn page(
    State(manager): Shared,
    visitor: Visitor,
    fields: &Fields,
    refused: Option<(Refused, Wrong)>,
) -> Result<Html<String>, Failure> {
    let mirror = manager.mirror();
    let host_groups = manager.host_groups().await?;
    // A plan asks the whole tree: of very many groups none is looked at unasked.
    let unasked =
        || host_groups.first().filter(|_| host_groups.len() <= ROWS).map(|group| group.name.clone());
    let chosen = fields.text("group").or_else(unasked).unwrap_or_default();
    let find = fields.get("find").to_lowercase();
    let known = host_groups.iter().find(|group| group.name == chosen);
    let query = asked(&chosen, fields);
    let (mut plan, mut problem, mut last) = (None, String::new(), None);
    if known.is_some() {
        match manager.plan_group(&query).await {
            Ok(made) => plan = Some(made),
            Err(error) => problem = chain(&error),
        }
        last = manager.last_plan(&chosen).await?;
    }
    let ours: HashSet<GroupId> = host_groups.iter().filter_map(|one| one.wsus_group).collect();
    let beginning = chosen.to_lowercase();
    let is_in_the_way = mirror.tree.groups.iter().any(|group| {
        let is_ours = ours.contains(&group.id);
        !is_ours && !group.built_in && group.name.to_lowercase().starts_with(&beginning)
    });
    let mut shown_hosts = branches(&host_groups, &chosen);
    shown_hosts.retain(|branch| branch.name.to_lowercase().contains(&find));
    let after = fields.text("hosts_after").or_else(|| Some(chosen.clone()).filter(|_| find.is_empty()));
    let (shown_hosts, hosts_next) = cut(shown_hosts, |branch| branch.name.clone(), after.as_deref(), &chosen);
    let mut shown_wsus = wsus_groups(&mirror, &host_groups);
    shown_wsus.retain(|group| group.name.to_lowercase().contains(&find));
    let (shown_wsus, wsus_next) =
        cut(shown_wsus, |group| group.id.to_string(), fields.text("wsus_after").as_deref(), "");
    let place = fields.only(&["group", "find", "hosts_after", "wsus_after"]);
    let next = |name: &str, key: String| format!("/groups?{}", place.with(name, &key));
    let (form, wrong) = refused.unzip();
    let page = Page {
        frame: Frame::new(&manager, &visitor, "/groups", "Groups", &Fields::default()),
        verdict: verdict(&chosen, plan.as_ref(), &problem, known, host_groups.len()),
        find: fields.get("find").to_owned(),
        is_no_host_group: host_groups.is_empty(),
        hosts_next: hosts_next.map(|key| next("hosts_after", key)),
        wsus_groups: shown_wsus,
        wsus_next: wsus_next.map(|key| next("wsus_after", key)),
        adopt_href: match !problem.is_empty() && !query.adopt && is_in_the_way {
            true => format!("/groups?group={}&adopt=yes", encoded(&chosen)),
            false => String::new(),
        },
        recreate_href: match known
            .is_some_and(|group| !query.recreate && is_renamed(group, &host_groups, &mirror))
        {
            true => format!("/groups?group={}&recreate=yes", encoded(&chosen)),
            false => String::new(),
        },
        last: last.map(|last| Last {
            who: last.applied_by,
            at: When::new(last.applied_at, manager.now()),
            groups: last.groups,
            added: grouped(last.added),
            removed: grouped(last.removed),
        }),
        set: known.map(|known| match form {
            Some(Refused::Change) => typed(fields),
            _ => details(known),
        }),
        new: match form {
            Some(Refused::New) => typed(fields),
            _ => Details::default(),
        },
        new_wsus: match form {
            Some(Refused::Wsus) => typed(fields),
            _ => Details::default(),
        },
        host_groups: shown_hosts,
        may_change: manager.for_host_group(visitor.asking(), &chosen).await?.is_ok(),
        may_apply: match &plan {
            Some(plan) => manager.for_plan(visitor.asking(), plan).await?.is_ok(),
            None => false,
        },
        plan: plan.map(|plan| shown(plan, &query, &mirror)),
        members_href: match known {
            Some(_) => host_href(&chosen),
            None => String::new(),
        },
        chosen,
        problem,
        wrong: wrong.unwrap_or_default(),
    };
    Ok(Html(page.render()?))
}

/// A page of a list: what comes after a key, or from one on that is to be in it; and the key of the next page.
fn cut<T>(
    all: Vec<T>,
    key: impl Fn(&T) -> String,
    after: Option<&str>,
    within: &str,
) -> (Vec<T>, Option<String>) {
    let at = after.and_then(|after| all.iter().position(|one| key(one) == after));
    let begin = match at {
        // The first page has it already.
        Some(at) if key(&all[at]) == within => {
            if at < ROWS {
                0
            } else {
                at
            }
        }
        Some(at) => at + 1,
        None => 0,
    };
    let is_more = all.len() > begin + ROWS;
    let page: Vec<T> = all.into_iter().skip(begin).take(ROWS).collect();
    let next = page.last().map(&key).filter(|_| is_more);
    (page, next)
}

/// Which plan a page or a form is about.
fn asked(group: &str, fields: &Fields) -> GroupPlanQuery {
    let is_set = |name: &str| !fields.get(name).is_empty();
    GroupPlanQuery { group: group.to_owned(), adopt: is_set("adopt"), recreate: is_set("recreate") }
}

/// The same as a query.
fn address(query: &GroupPlanQuery) -> String {
    let option = |name: &str, is_set: bool| if is_set { format!("&{name}=yes") } else { String::new() };
    let options = option("adopt", query.adopt) + &option("recreate", query.recreate);
    format!("group={}{options}", encoded(&query.group))
}

/// The difference that the page shows, with everybody in it.
pub(crate) async fn export(State(manager): Shared, Query(fields): Query) -> Result<Response, Failure> {
    let plan = manager.plan_group(&asked(fields.get("group"), &fields)).await?;
    Ok(csv("difference.csv", difference::lines(&plan, &manager.mirror())))
}

/// The host groups as a tree, each after the one that it is beneath.
fn branches(groups: &[HostGroup], chosen: &str) -> Vec<Branch> {
    let mut beneath: HashMap<Option<&str>, Vec<&HostGroup>> = HashMap::new();
    for group in groups.iter().rev() {
        beneath.entry(group.parent.as_deref()).or_default().push(group);
    }
    let mut open: Vec<(usize, &HostGroup)> =
        beneath.remove(&None).into_iter().flatten().map(|group| (0, group)).collect();
    let mut branches = Vec::with_capacity(groups.len());
    while let Some((depth, group)) = open.pop() {
        let own = beneath.remove(&Some(group.name.as_str()));
        open.extend(own.into_iter().flatten().map(|one| (depth + 1, one)));
        branches.push(Branch {
            href: format!("/groups?group={}", encoded(&group.name)),
            hosts: counted(group.hosts, "host"),
            depth,
            is_chosen: group.name == chosen,
            is_made: group.wsus_group.is_some(),
            is_held: group.held.is_some(),
            name: group.name.clone(),
        });
    }
    branches
}

/// Whether its WSUS group is called otherwise than the groups above it and itself.
fn is_renamed(group: &HostGroup, all: &[HostGroup], mirror: &Mirror) -> bool {
    let above = |group: &&HostGroup| all.iter().find(|one| group.parent.as_ref() == Some(&one.name));
    let mut names: Vec<&str> =
        std::iter::successors(Some(group), above).take(all.len()).map(|one| one.name.as_str()).collect();
    names.reverse();
    let made = group.wsus_group.and_then(|id| mirror.tree.group(id));
    made.is_some_and(|made| made.name.to_lowercase() != names.join(" - ").to_lowercase())
}

fn wsus_groups(mirror: &Mirror, host_groups: &[HostGroup]) -> Vec<WsusGroup> {
    let tree = mirror.tree.group_tree();
    // Every chain ends in All Computers, where whoever is in no other group is too.
    let everyone = mirror.tree.groups.first().and_then(|group| tree.chain(group.id).last());
    // Each with those beneath it; a computer that is in several of them counts once.
    let mut members: HashMap<GroupId, u64> = HashMap::new();
    for computer in mirror.computers.all() {
        let mut above: HashSet<GroupId> = computer.groups.iter().flat_map(|own| tree.chain(own.id)).collect();
        above.extend(everyone);
        for group in above {
            *members.entry(group).or_default() += 1;
        }
    }
    let ours: HashSet<GroupId> = host_groups.iter().filter_map(|one| one.wsus_group).collect();
    let groups = mirror.tree.groups.iter().map(|group| WsusGroup {
        id: group.id,
        name: group.name.clone(),
        href: wsus_href(group.id),
        owner: match () {
            () if group.built_in => "built-in",
            () if ours.contains(&group.id) => "ours",
            () => "foreign",
        },
        computers: grouped(members.get(&group.id).copied().unwrap_or(0)),
    });
    let mut groups: Vec<WsusGroup> = groups.collect();
    groups.sort_by_key(|group| group.name.to_lowercase());
    groups
}

fn details(group: &HostGroup) -> Details {
    Details {
        name: group.name.clone(),
        parent: group.parent.clone().unwrap_or_default(),
        direct: group.direct,
        rule: group.rule.join("\n"),
        unknown: products::unknown(group.products_unknown).unwrap_or_default(),
        hosts: String::new(),
        is_typed: false,
    }
}

fn typed(fields: &Fields) -> Details {
    Details {
        name: fields.get("name").to_owned(),
        parent: fields.get("parent").to_owned(),
        direct: !fields.get("direct").is_empty(),
        rule: fields.get("rule").to_owned(),
        unknown: String::new(),
        hosts: fields.get("hosts").to_owned(),
        is_typed: true,
    }
}

fn verdict(
    chosen: &str,
    plan: Option<&GroupPlan>,
    problem: &str,
    group: Option<&HostGroup>,
    groups: usize,
) -> String {
    if let Some(held) = group.and_then(|group| group.held.as_ref()) {
        return format!("The members of {chosen} are held: {held}.");
    }
    match plan {
        _ if groups == 0 => "There are no host groups yet.".to_owned(),
        Some(plan) if plan.is_empty() => {
            let members = plan.groups.iter().map(|group| group.unchanged).sum();
            format!("{chosen} is as its host group wants it: {}.", counted(members, "member"))
        }
        Some(plan) if plan.groups.iter().all(|group| group.group.is_none() && group.recreates.is_none()) => {
            format!(
                "No WSUS group is made from {chosen} yet: it would get {}.",
                counted(plan.added(), "member")
            )
        }
        Some(plan) => format!(
            "{chosen} differs: {} to add, {} to remove, {} unchanged.",
            grouped(plan.added()),
            grouped(plan.removed()),
            grouped(plan.groups.iter().map(|group| group.unchanged).sum())
        ),
        None if !problem.is_empty() => format!("Nothing can be planned for {chosen}."),
        None if chosen.is_empty() => format!("{}: choose one.", counted(groups as u64, "host group")),
        None => "There is no host group of this name.".to_owned(),
    }
}

fn shown(plan: GroupPlan, query: &GroupPlanQuery, mirror: &Mirror) -> Plan {
    let is_empty = plan.is_empty();
    let not_reached =
        mirror.tree.servers.iter().filter(|one| one.server.linkage.is_some() && !one.server.reached);
    let not_reached: Vec<&str> = not_reached.map(|one| one.server.name.as_str()).collect();
    Plan {
        state: match (is_empty, not_reached.as_slice()) {
            (true, []) => Shown::new(Look::InStep, "in step"),
            (true, names) => Shown::new(
                Look::Silent,
                format!("in step as far as is known: {} not reached", names.join(", ")),
            ),
            (false, _) => Shown::new(Look::Differs, "differs"),
        },
        button: format!("Apply: {} added, {} removed", grouped(plan.added()), grouped(plan.removed())),
        removed: plan.removed(),
        adopt: plan.adopt,
        recreate: plan.recreate,
        groups: plan.groups.into_iter().map(|group| planned(group, mirror)).collect(),
        held: plan.held,
        digest: plan.state,
        is_empty,
        csv: format!("/groups.csv?{}", address(query)),
    }
}

/// Carries out the plan that was on screen, or refuses when it is another by now.
pub(crate) async fn apply(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let name = fields.get("group");
    let query = asked(name, &fields);
    let plan = manager.plan_group(&query).await?;
    if plan.state != fields.get("plan") {
        let what = format!("what the plan for {name} was made from has changed: look at it again");
        let href = format!("/groups?{}", address(&query));
        return Err(Failure::changed(what).back_to(href, "Look at it as it is now"));
    }
    let max_removals = fields.get("max_removals").parse().ok();
    let by = &manager.for_plan(visitor.asking(), &plan).await??.name;
    manager.apply_group_plan(&ApplyGroupPlan { plan, max_removals }, by).await?;
    Ok(back_to(name))
}

pub(crate) async fn undo(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let name = fields.get("group");
    let by = &manager.for_host_group(visitor.asking(), name).await??.name;
    manager.undo_group_plan(name, by).await?;
    Ok(back_to(name))
}

fn back_to(name: &str) -> Redirect {
    Redirect::to(&format!("/groups?group={}", encoded(name)))
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
    let new = NewHostGroup {
        name: fields.get("name").to_owned(),
        hosts: hosts.map(str::to_owned).collect(),
        rule: fields.lines("rule"),
        parent: fields.text("parent"),
        direct: !fields.get("direct").is_empty(),
    };
    let by = &manager.for_new_host_group(visitor.asking(), &new).await??.name;
    match manager.create_host_group(&new, by).await {
        Ok(made) => Ok(Ok(back_to(&made.name))),
        Err(error) => {
            // The form of a new one has no prefix where it stands alone.
            let id = |field: &str| match field {
                "name" | "hosts" => field.to_owned(),
                other => format!("new-{other}"),
            };
            let refused = Some((Refused::New, Wrong::of(&error, id)));
            Ok(Err(page(State(manager), visitor, &fields, refused).await?))
        }
    }
}

/// The page once more, with what a new WSUS group was to be.
pub(crate) async fn wsus_group_refused(
    state: Shared,
    visitor: Visitor,
    fields: &Fields,
    error: &ManagerError,
) -> Result<Html<String>, Failure> {
    let wrong = Wrong::of(error, |field| format!("wsus-{field}"));
    page(state, visitor, fields, Some((Refused::Wsus, wrong))).await
}

pub(crate) async fn set(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Result<Redirect, Html<String>>, Failure> {
    let change = HostGroupChange {
        name: fields.text("name"),
        parent: Some(fields.get("parent").to_owned()),
        direct: Some(!fields.get("direct").is_empty()),
        rule: Some(fields.lines("rule")),
    };
    let by = &manager.for_host_group_change(visitor.asking(), fields.get("group"), &change).await??.name;
    match manager.set_host_group(fields.get("group"), &change, by).await {
        Ok(set) => Ok(Ok(back_to(&set.name))),
        Err(error) => {
            let wrong = Wrong::of(&error, |field| format!("set-{field}"));
            let refused = Some((Refused::Change, wrong));
            Ok(Err(page(State(manager), visitor, &fields, refused).await?))
        }
    }
}

pub(crate) async fn delete(
    State(manager): Shared,
    visitor: Visitor,
    Form(fields): Form,
) -> Result<Redirect, Failure> {
    let by = &manager.for_host_group(visitor.asking(), fields.get("group")).await??.name;
    manager.delete_host_group(fields.get("group"), by).await?;
    Ok(Redirect::to("/groups"))
}
