//! The server itself, and the servers below it.

use headwater_app::downstream_server::UpstreamMode;
use headwater_app::{AppError, Targeting};
use headwater_model::ServerId;
use headwater_operators::Action;
use headwater_wsus::wsusar::*;

use super::{Asked, int};
use crate::updates::server_sync_messages::PROTOCOL_VERSION;

/// The roles of the service: who may only read, and who may do everything. An operator decides for groups,
/// which it does not know; here they read.
const REPORTER: i32 = 1;
const ADMINISTRATOR: i32 = 2;

/// Our own: who asks for the version of a WSUS decides by it what to expect.
pub(super) async fn version(
    _: &Asked<'_>,
    _: GetServerVersion,
) -> Result<GetServerVersionResponse, AppError> {
    Ok(GetServerVersionResponse { result: Some(env!("CARGO_PKG_VERSION").to_owned()) })
}

pub(super) async fn protocol_version(
    _: &Asked<'_>,
    _: GetServerProtocolVersion,
) -> Result<GetServerProtocolVersionResponse, AppError> {
    Ok(GetServerProtocolVersionResponse { result: Some(PROTOCOL_VERSION.to_owned()) })
}

pub(super) async fn role(
    asked: &Asked<'_>,
    _: GetCurrentUserRole,
) -> Result<GetCurrentUserRoleResponse, AppError> {
    let result = if asked.asking.may(Action::Administer) { ADMINISTRATOR } else { REPORTER };
    Ok(GetCurrentUserRoleResponse { result })
}

/// Where the database is concerns nobody who cannot read the configuration.
pub(super) async fn database(
    _: &Asked<'_>,
    _: GetDatabaseConfiguration,
) -> Result<GetDatabaseConfigurationResponse, AppError> {
    Ok(GetDatabaseConfigurationResponse {
        server_name: None,
        database_name: Some("headwater".to_owned()),
        wmsde_instance_name: None,
    })
}

/// A server without an upstream server is one that takes from Microsoft, the only other kind that the
/// service knows.
pub(super) async fn configuration(
    asked: &Asked<'_>,
    _: ExecuteSPGetConfiguration,
) -> Result<ExecuteSPGetConfigurationResponse, AppError> {
    let app = asked.app;
    let upstream = app.upstream_report().await?.map(|report| report.setting);
    let uri: Option<http::Uri> = upstream.as_ref().and_then(|setting| setting.url.parse().ok());
    let host = uri.as_ref().and_then(http::Uri::host).map(str::to_owned);
    let is_https = uri.as_ref().is_some_and(|uri| uri.scheme_str() == Some("https"));
    let is_replica = upstream.as_ref().is_some_and(|setting| setting.mode == UpstreamMode::Replica);
    let mut known = TableRow::default();
    known.set("ServerId", Some(&app.server.id));
    known.set("ServerTargeting", Some(&(app.settings.targeting == Targeting::ServerSide)));
    known.set("SyncToMU", Some(&upstream.is_none()));
    known.set("UpstreamServerName", host.as_ref());
    known.set("UpstreamServerUseSsl", Some(&is_https));
    known.set("ReplicaMode", Some(&is_replica));
    known.set("LazySync", Some(&true));
    known.set("OobeInitialized", Some(&true));
    let result = AllConfigurationTableRows {
        configuration: Some(TableRow::configuration(&known)),
        ..AllConfigurationTableRows::default()
    };
    Ok(ExecuteSPGetConfigurationResponse { result: Some(result) })
}

/// Nobody has told the names of components; `/health` and `server status` say how the server is.
pub(super) async fn components_with_errors(
    _: &Asked<'_>,
    _: ExecuteSPGetComponentsWithErrors,
) -> Result<ExecuteSPGetComponentsWithErrorsResponse, AppError> {
    Ok(ExecuteSPGetComponentsWithErrorsResponse { result: Vec::new() })
}

pub(super) async fn downstream_servers(
    asked: &Asked<'_>,
    message: ExecuteSPGetAllDownstreamServers,
) -> Result<ExecuteSPGetAllDownstreamServersResponse, AppError> {
    let own = asked.app.server.id;
    let above = |parent: ServerId| if parent.is_nil() { own } else { parent };
    let servers = asked.app.downstream_servers().await?;
    let mut wanted = vec![above(message.parent_server_id)];
    let mut rows = Vec::new();
    let mut next = 0;
    // Parents are what servers say, so that there may be a circle.
    while let Some(parent) = wanted.get(next).copied() {
        next += 1;
        for server in servers.iter().map(|one| &one.server).filter(|one| above(one.parent) == parent) {
            if message.include_nested_children && !wanted.contains(&server.id) {
                wanted.push(server.id);
            }
            let row = DownstreamServerRow {
                full_domain_name: Some(server.name.clone()),
                server_id: server.id,
                last_sync_time: Time(server.last_sync),
                parent_server_id: Some(parent),
                last_rollup_time: Time(server.last_rollup),
                version: Some(server.version.clone()),
                is_replica: server.is_replica.unwrap_or_default(),
            };
            rows.push(row.to_row());
        }
    }
    Ok(ExecuteSPGetAllDownstreamServersResponse { result: rows })
}

pub(super) async fn delete_downstream_server(
    asked: &Asked<'_>,
    message: ExecuteSPDeleteDownstreamServer,
) -> Result<ExecuteSPDeleteDownstreamServerResponse, AppError> {
    asked.app.delete_downstream_server(asked.operator()?, message.id, None).await?;
    Ok(ExecuteSPDeleteDownstreamServerResponse {})
}

/// What a server below has told of itself: nothing until it has.
pub(super) async fn rollup_summary(
    asked: &Asked<'_>,
    message: ExecuteSPGetDownstreamServerRollupSummary,
) -> Result<ExecuteSPGetDownstreamServerRollupSummaryResponse, AppError> {
    let id = message.server_id;
    let found = asked.app.downstream_servers().await?.into_iter().find(|one| one.server.id == id);
    let found = found.ok_or_else(|| AppError::NotFound(format!("there is no downstream server {id}")))?;
    let row = |told: headwater_policy::rollup::ServerSummary| {
        let row = ServerSummaryRow {
            updates: int(told.updates),
            declined: int(told.declined),
            not_approved: int(told.not_approved),
            expired: int(told.expired),
            critical_not_approved: int(told.critical_not_approved),
            infrastructure_not_approved: int(told.infrastructure_not_approved),
        };
        row.to_row()
    };
    let told = found.server.summary.map(row).into_iter().collect();
    let result = vec![RowSet(told), RowSet(Vec::new())];
    Ok(ExecuteSPGetDownstreamServerRollupSummaryResponse { result })
}
