//! The servers below.

use axum::extract::{Path, State};
use headwater_api::{DeletedDownstream, DownstreamServer, Page, ServerRef, UpstreamMode};
use headwater_app::admin::downstream::LowerServer;
use headwater_model::ServerId;

use super::{Administrator, Json, Shared, parse_id};
use crate::problem::Refusal;

pub(super) async fn list(State(console): Shared) -> Result<Json<Page<DownstreamServer>>, Refusal> {
    let items = told(&console.app.downstream_servers().await?);
    Ok(Json(Page { total: Some(items.len() as u64), items, next: None }))
}

pub(super) async fn remove(
    State(console): Shared,
    Path(id): Path<String>,
    Administrator(operator): Administrator,
) -> Result<Json<DeletedDownstream>, Refusal> {
    let id = parse_id(&id, "a downstream server")?;
    let deleted = console.app.delete_downstream_server(&operator, id, None).await?;
    Ok(Json(DeletedDownstream { name: deleted.name, below: deleted.below, computers: deleted.computers }))
}

pub(super) fn told(servers: &[LowerServer]) -> Vec<DownstreamServer> {
    let parent = |id: ServerId| {
        let known = servers.iter().find(|one| one.server.id == id);
        let name = known.map_or_else(|| id.to_string(), |one| one.server.name.clone());
        (!id.is_nil()).then_some(ServerRef { id, name })
    };
    let kind = |is_replica| if is_replica { UpstreamMode::Replica } else { UpstreamMode::Autonomous };
    let one = |LowerServer { server, computers }: &LowerServer| DownstreamServer {
        id: server.id,
        name: server.name.clone(),
        kind: server.is_replica.map(kind),
        parent: parent(server.parent),
        version: Some(server.version.clone()).filter(|version| !version.is_empty()),
        last_contact_at: server.last_contact,
        last_sync_at: server.last_sync,
        last_rollup_at: server.last_rollup,
        computers: *computers,
    };
    servers.iter().map(one).collect()
}
