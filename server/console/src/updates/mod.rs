//! Updates: the list.

pub(crate) mod approve;
pub(crate) mod ask;
pub(crate) mod computers;
pub(crate) mod halts;
pub(crate) mod licence;
pub(crate) mod many;
pub(crate) mod one;

use std::collections::HashSet;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use headwater_api::linkage::WsusGroup;
use headwater_api::{
    ApprovalFilter, ComputerQuery, PAGE_LIMIT_MAX, Told, UpdateQuery, UpdateState, UpdateSummary,
};
use headwater_manager::{ComputerOrder, Direction, Manager, Mirror, UpdateOrder};
use headwater_model::{GroupId, Timestamp, UpdateId};
use headwater_words::csv::line;
use headwater_words::quantity::{counted, grouped};

use crate::Shared;
use crate::csv::csv;
use crate::failure::Failure;
use crate::fields::{Fields, Query, encoded};
use crate::frame::Frame;
use crate::heads::{Head, direction, heads};
use crate::look::{Look, State as Shown, When};
use crate::overview::dash;
use crate::session::{Visitor, Within};

/// Rows of a page of the list.
const ROWS: u32 = 100;

#[derive(Template)]
#[template(path = "updates.html")]
struct List {
    frame: Frame,
    verdict: String,
    /// Why nothing is found.
    notes: String,
    state: String,
    /// What else is called so: how many, and where they are.
    elsewhere: Vec<(String, String)>,
    search: String,
    product: String,
    approval: String,
    classification: String,
    classifications: Vec<String>,
    products: Vec<String>,
    severity: String,
    since: String,
    before: String,
    superseded: bool,
    declined: bool,
    implicit: bool,
    heads: Vec<Head>,
    rows: Vec<Row>,
    groups: Choices,
    next: Option<String>,
    csv: String,
}

struct Row {
    id: String,
    title: String,
    more: String,
    classification: String,
    state: Shown,
    arrived: Option<When>,
    needed: String,
    installed: String,
    failed: String,
}

pub(crate) struct GroupChoice {
    pub id: String,
    pub name: String,
    pub is_chosen: bool,
}

/// Products that can be chosen.
const PRODUCTS_MAX: usize = 300;
/// Groups that a form lists; of more, one is typed, for a page has its weight.
const CHOICES_MAX: usize = 100;

/// The groups that a form offers.
pub(crate) struct Choices {
    pub choices: Vec<GroupChoice>,
    /// Whether they are too many to choose from, and the name is typed.
    pub is_typed: bool,
    pub is_any: bool,
    pub typed: String,
}

fn query(fields: &Fields) -> UpdateQuery {
    let only = |name: &str, hidden: bool| (hidden && fields.get(name) != "yes").then_some(false);
    UpdateQuery {
        search: fields.text("search"),
        classification: fields.text("classification"),
        severity: fields.text("severity"),
        // What is no moment filters nothing: the field is shown empty.
        arrived_since: approve::moment(fields.get("since")).ok(),
        arrived_before: approve::moment(fields.get("before")).ok(),
        product: fields.text("product"),
        approval: match fields.get("approval") {
            "approved" => Some(ApprovalFilter::Approved),
            "unapproved" => Some(ApprovalFilter::Unapproved),
            _ => None,
        },
        // What nobody can do anything with is only shown when it is asked for, or searched for.
        declined: only("declined", fields.get("search").is_empty()),
        superseded: only("superseded", fields.get("search").is_empty()),
        implicit: only("implicit", fields.get("search").is_empty()),
        needed: (fields.get("state") == "needed").then_some(true),
        failed: (fields.get("state") == "failed").then_some(true),
        expired: (fields.get("state") == "expired").then_some(true),
        limit: Some(ROWS),
        after: fields.text("after"),
        ..UpdateQuery::default()
    }
}

fn order(fields: &Fields) -> (UpdateOrder, Direction) {
    let order = match fields.get("sort") {
        "title" => UpdateOrder::Title,
        "state" => UpdateOrder::State,
        "needed" => UpdateOrder::Needed,
        "installed" => UpdateOrder::Installed,
        "failed" => UpdateOrder::Failed,
        _ => UpdateOrder::Arrival,
    };
    (order, direction(fields))
}

pub(crate) async fn list(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Response, Failure> {
    let (mirror, now) = (manager.mirror(), manager.now());
    let (order, direction) = order(&fields);
    let Told { value: found, caveat } = mirror.find_updates(&query(&fields), order, direction);
    // The search of every page comes here, whatever it is for.
    let elsewhere = elsewhere(&manager, &mirror, fields.get("search"), now).await?;
    if let (Some(0), [(_, href)]) = (found.total, elsewhere.as_slice()) {
        return Ok(Redirect::to(href).into_response());
    }
    let halted = halted(&manager).await?;
    let columns = [
        ("Update", "title", false),
        ("Classification", "", false),
        ("State", "state", false),
        ("Arrived", "arrival-*", false),
        ("Needed", "needed", true),
        ("Installed", "installed", true),
        ("Failed", "failed", true),
    ];
    let page = List {
        frame: Frame::new(&manager, &visitor, "/updates", "Updates", &fields),
        verdict: verdict(&mirror, &fields, found.total.unwrap_or_default()),
        // The age stands above every page.
        notes: caveat.notes.join(" "),
        state: fields.get("state").to_owned(),
        elsewhere,
        search: fields.get("search").to_owned(),
        product: fields.get("product").to_owned(),
        approval: fields.get("approval").to_owned(),
        classification: fields.get("classification").to_owned(),
        severity: fields.get("severity").to_owned(),
        since: fields.get("since").to_owned(),
        before: fields.get("before").to_owned(),
        classifications: classifications(&mirror),
        products: products(&mirror),
        superseded: fields.get("superseded") == "yes",
        declined: fields.get("declined") == "yes",
        implicit: fields.get("implicit") == "yes",
        heads: heads("/updates", &fields, &columns),
        rows: found.items.iter().map(|update| row(update, &halted, now)).collect(),
        groups: choices_within(&mirror, &visitor.groups(&manager).await?),
        next: found.next.map(|next| format!("/updates?{}", fields.with("after", &next))),
        csv: format!("/updates.csv?{}", fields.with("after", "")),
    };
    Ok(Html(page.render()?).into_response())
}

/// `60 updates. 2 failed somewhere, 5 needed and approved for no group.`
fn verdict(mirror: &Mirror, fields: &Fields, total: u64) -> String {
    if total == 0 {
        return "No update matches.".to_owned();
    }
    let count = |query: UpdateQuery| {
        let found = mirror.updates.find(&query, UpdateOrder::default(), Direction::default());
        found.total.unwrap_or_default()
    };
    let asked = || UpdateQuery { limit: Some(1), after: None, ..query(fields) };
    let mut parts = Vec::new();
    match count(UpdateQuery { failed: Some(true), ..asked() }) {
        0 => {}
        failed => parts.push(format!("{} failed somewhere", grouped(failed))),
    }
    if asked().approval != Some(ApprovalFilter::Approved) {
        // As the overview counts them.
        let open = UpdateQuery {
            needed: Some(true),
            approval: Some(ApprovalFilter::Unapproved),
            declined: Some(false),
            superseded: Some(false),
            implicit: Some(false),
            expired: Some(false),
            ..asked()
        };
        match count(open) {
            0 => {}
            open => parts.push(format!("{} needed and approved for no group", grouped(open))),
        }
    }
    let what = if parts.is_empty() {
        "None failed, and none waits for a decision".to_owned()
    } else {
        parts.join(", ")
    };
    format!("{}. {what}.", counted(total, "update"))
}

/// The computers and groups whose names hold what is searched for.
async fn elsewhere(
    manager: &Manager,
    mirror: &Mirror,
    search: &str,
    now: Timestamp,
) -> Result<Vec<(String, String)>, Failure> {
    if search.is_empty() {
        return Ok(Vec::new());
    }
    let query = ComputerQuery { search: Some(search.to_owned()), limit: Some(1), ..ComputerQuery::default() };
    let found = mirror.computers.find(&query, &mirror.tree, now, ComputerOrder::default(), Direction::Usual);
    let folded = search.to_lowercase();
    let is_called = |name: &str| name.to_lowercase().contains(&folded);
    // A host group of which a WSUS group was made is one with it.
    let unmade = manager.host_group_names().await?.into_iter().filter(|group| group.wsus_group.is_none());
    let groups = mirror.tree.groups.iter().filter(|group| is_called(&group.name)).count()
        + unmade.filter(|group| is_called(&group.name)).count();
    let places = [
        (found.total.unwrap_or_default(), "computer", "/computers?search="),
        (groups as u64, "group", "/groups?find="),
    ];
    let places = places.into_iter().filter(|(count, ..)| *count > 0);
    Ok(places
        .map(|(count, noun, path)| (counted(count, noun), format!("{path}{}", encoded(search))))
        .collect())
}

/// All that the list shows with this filter, in its order.
pub(crate) async fn export(State(manager): Shared, Query(fields): Query) -> Result<Response, Failure> {
    let (mirror, halted) = (manager.mirror(), halted(&manager).await?);
    let (order, direction) = order(&fields);
    let mut query = UpdateQuery { limit: Some(PAGE_LIMIT_MAX), after: None, ..query(&fields) };
    let mut text = line([
        "id",
        "title",
        "kb",
        "severity",
        "products",
        "classification",
        "state",
        "arrived",
        "needed",
        "installed",
        "failed",
    ]);
    loop {
        let page = mirror.updates.find(&query, order, direction);
        for update in &page.items {
            text += &line([
                &update.id.to_string(),
                &update.title,
                &update.kb.join(" "),
                update.severity.as_deref().unwrap_or_default(),
                &update.products.join("; "),
                update.classification.as_deref().unwrap_or_default(),
                &shown(update, halted.contains(&update.id)).word,
                &update.arrived_at.to_string(),
                &update.needed.to_string(),
                &update.installed.to_string(),
                &update.failed.to_string(),
            ]);
        }
        query.after = page.next;
        if query.after.is_none() {
            return Ok(csv("updates.csv", text));
        }
    }
}

/// The products that there are updates for, at most so many.
fn products(mirror: &Mirror) -> Vec<String> {
    let mut all: Vec<&String> = mirror.updates.all().iter().flat_map(|update| &update.products).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().take(PRODUCTS_MAX).cloned().collect()
}

fn classifications(mirror: &Mirror) -> Vec<String> {
    let mut all: Vec<String> =
        mirror.updates.all().iter().filter_map(|update| update.classification.clone()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The groups that somebody may approve for.
pub(crate) fn choices_within(mirror: &Mirror, within: &Within<'_>) -> Choices {
    Choices::of(mirror, None, &|id| within.has(id))
}

/// All groups, by name, nested ones with those above them.
pub(crate) fn choices(mirror: &Mirror, chosen: Option<GroupId>) -> Choices {
    Choices::of(mirror, chosen, &|_| true)
}

/// The group that is meant by an id or by a name, as it is typed where there are too many to choose from.
pub(crate) fn group_meant(mirror: &Mirror, text: &str) -> Option<GroupId> {
    let named = || mirror.tree.groups.iter().find(|group| group.name.eq_ignore_ascii_case(text));
    text.parse().ok().or_else(|| Some(named()?.id))
}

impl Choices {
    fn of(mirror: &Mirror, chosen: Option<GroupId>, may: &dyn Fn(GroupId) -> bool) -> Self {
        let groups: Vec<_> = mirror.tree.groups.iter().filter(|group| may(group.id)).collect();
        let is_any = !groups.is_empty();
        if groups.len() > CHOICES_MAX {
            let typed = chosen.and_then(|id| mirror.tree.group(id));
            let typed = typed.map(|group| group.name.clone()).unwrap_or_default();
            return Self { choices: Vec::new(), is_typed: true, is_any, typed };
        }
        let tree = mirror.tree.group_tree();
        let path = |id| {
            let mut names: Vec<&str> =
                tree.chain(id).filter_map(|id| tree.get(id)).map(|group| &*group.name).collect();
            // All Computers is above everyone and says nothing.
            if names.len() > 1 {
                names.pop();
            }
            names.reverse();
            names.join(" / ")
        };
        let choice = |group: &&WsusGroup| GroupChoice {
            id: group.id.to_string(),
            name: path(group.id),
            is_chosen: chosen == Some(group.id),
        };
        let mut choices: Vec<GroupChoice> = groups.iter().map(choice).collect();
        choices.sort_by_key(|choice| choice.name.to_lowercase());
        Self { choices, is_typed: false, is_any, typed: String::new() }
    }
}

/// The updates that were halted, and were approved for nobody since.
async fn halted(manager: &Manager) -> Result<HashSet<UpdateId>, Failure> {
    Ok(manager.halts().await?.into_iter().map(|halt| halt.update).collect())
}

/// What it looks like, wherever it stands.
fn shown(update: &UpdateSummary, is_halted: bool) -> Shown {
    if is_halted {
        return Shown::new(Look::Halted, "halted");
    }
    match update.state {
        UpdateState::Declined => Shown::new(Look::Silent, "declined"),
        UpdateState::Expired => Shown::new(Look::Silent, "expired"),
        UpdateState::Incomplete => Shown::new(Look::Failed, "incomplete"),
        UpdateState::Implicit => Shown::new(Look::Silent, "follows others"),
        UpdateState::Approvable if update.approved_groups > 0 => {
            Shown::new(Look::InStep, format!("approved for {}", counted(update.approved_groups, "group")))
        }
        UpdateState::Approvable if update.superseded => Shown::new(Look::Silent, "superseded"),
        UpdateState::Approvable if update.needed > 0 => Shown::new(Look::Differs, "not approved"),
        UpdateState::Approvable => Shown::new(Look::Silent, "not approved"),
    }
}

fn row(update: &UpdateSummary, halted: &HashSet<UpdateId>, now: Timestamp) -> Row {
    let mut more: Vec<String> = update.kb.iter().map(|kb| format!("KB{kb}")).collect();
    more.extend(update.severity.clone());
    more.extend(update.products.iter().cloned());
    Row {
        id: update.id.to_string(),
        title: update.title.clone(),
        more: more.join(" · "),
        classification: update.classification.clone().unwrap_or_else(|| "–".to_owned()),
        state: shown(update, halted.contains(&update.id)),
        arrived: When::known(update.arrived_at, now),
        needed: dash(update.needed),
        installed: dash(update.installed),
        failed: dash(update.failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_halted_update_looks_halted_whatever_it_was() {
        let update = serde_json::json!({
            "id": UpdateId::from_u128(1).to_string(), "revision": 1, "title": "An update", "kind": "software", "products": [], "kb": [],
            "cves": [], "state": "approvable", "approved_groups": 0, "superseded": false,
            "arrived_at": Timestamp::EPOCH.to_string(), "needed": 3, "installed": 0, "failed": 0,
        });
        let update: UpdateSummary = serde_json::from_value(update).expect("an update");
        let look = |is_halted| {
            let shown = shown(&update, is_halted);
            (shown.look, shown.word)
        };
        assert_eq!(look(true), (Look::Halted, "halted".to_owned()));
        assert_eq!(look(false), (Look::Differs, "not approved".to_owned()));
    }
}
