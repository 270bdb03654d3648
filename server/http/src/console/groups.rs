//! Groups.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use headwater_api::{ComputerQuery, ComputerSummary, Group, MembersQuery, NewGroup, Page};
use headwater_app::admin::groups::GroupSummary;
use headwater_operators::GroupPath;
use headwater_views::computers;

use super::{Caller, Json, Query, Shared, parse_id};
use crate::problem::Refusal;

pub(super) async fn list(State(console): Shared) -> Json<Page<Group>> {
    let items: Vec<Group> = console.app.groups().into_iter().map(group).collect();
    Json(Page { total: Some(items.len() as u64), items, next: None })
}

pub(super) async fn create(
    State(console): Shared,
    caller: Caller,
    Json(new): Json<NewGroup>,
) -> Result<impl IntoResponse, Refusal> {
    // The scope has the group by its name already, or one above it.
    let mut path = GroupPath::named(&new.name);
    if let Some(parent) = new.parent {
        path = path.below(&console.app.group_path(parent));
    }
    let created = console.app.create_group(caller.for_groups(&[path])?, &new.name, new.parent).await?;
    Ok((StatusCode::CREATED, Json(group(created))))
}

pub(super) async fn remove(
    State(console): Shared,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Refusal> {
    let group = parse_id(&id, "a group")?;
    console.app.delete_group(caller.for_groups(&[console.app.group_path(group)])?, group).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn members(
    State(console): Shared,
    Path(id): Path<String>,
    Query(query): Query<MembersQuery>,
) -> Result<Json<Page<ComputerSummary>>, Refusal> {
    let group = Some(parse_id(&id, "a group")?);
    let query = ComputerQuery { group, limit: query.limit, after: query.after, ..ComputerQuery::default() };
    Ok(Json(computers::find(&console.app, query).await?))
}

fn group(summary: GroupSummary) -> Group {
    Group {
        id: summary.group.id,
        name: summary.group.name,
        parent: summary.group.parent,
        built_in: summary.built_in,
        computers: summary.computers,
        approvals: summary.approvals,
    }
}
