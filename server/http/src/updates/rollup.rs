//! What lower servers report, in the reporting service: each operation from its message to its use
//! case and back. The cookies of these calls are empty: who calls is known by the table of servers
//! (fact 58).

use headwater_app::ClientFault;
use headwater_policy::rollup::LIMITS;
use headwater_wsus::soap::{Envelope, Message, encode_response};
use headwater_wsus::wsusss::{
    ChangedComputer, GetOutOfSyncComputers, GetOutOfSyncComputersResponse, GetRollupConfiguration,
    RollupComputerStatus, RollupComputerStatusResponse, RollupComputers, RollupComputersResponse,
    RollupDownstreamServers, RollupDownstreamServersResponse,
};

use super::answer::Answer;
use super::rollup_messages as convert;
use super::{Call, Failure};

pub(crate) async fn answer(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    match envelope.name.as_str() {
        GetRollupConfiguration::NAME => get_rollup_configuration(call, envelope).await,
        RollupDownstreamServers::NAME => rollup_downstream_servers(call, envelope).await,
        RollupComputers::NAME => rollup_computers(call, envelope).await,
        GetOutOfSyncComputers::NAME => get_out_of_sync_computers(call, envelope).await,
        RollupComputerStatus::NAME => rollup_computer_status(call, envelope).await,
        other => Err(Failure::UnknownOperation(other.chars().take(64).collect())),
    }
}

/// Refuses more than was announced in GetRollupConfiguration.
fn limit(count: usize, max: usize, parameter: &'static str) -> Result<(), ClientFault> {
    if count > max { Err(ClientFault::InvalidParameters(parameter)) } else { Ok(()) }
}

async fn get_rollup_configuration(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let version = envelope.version;
    let _: GetRollupConfiguration = envelope.decode()?;
    let response = convert::configuration(&call.updates.app.get_rollup_configuration().await?);
    Ok(Answer::text(call.encodings, encode_response(&response, version)))
}

async fn rollup_downstream_servers(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    const SERVERS: &str = "downstreamServers";
    let version = envelope.version;
    let message: RollupDownstreamServers = envelope.decode()?;
    let servers = message.downstream_servers;
    // The specification counts summaries in one place and servers in another (3.1.4.13.3.1).
    let summaries: usize = servers.iter().map(|server| server.client_summaries.len()).sum();
    limit(summaries.max(servers.len()), LIMITS.servers_max, SERVERS)?;
    let reports: Option<Vec<_>> = servers.into_iter().map(convert::server_report).collect();
    let reports = reports.ok_or(ClientFault::InvalidParameters(SERVERS))?;
    call.updates.app.rollup_downstream_servers(message.client_time, reports).await?;
    Ok(Answer::text(call.encodings, encode_response(&RollupDownstreamServersResponse {}, version)))
}

async fn rollup_computers(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    const COMPUTERS: &str = "computers";
    let version = envelope.version;
    let message: RollupComputers = envelope.decode()?;
    limit(message.computers.len(), LIMITS.computers_max, COMPUTERS)?;
    let reports: Option<Vec<_>> = message.computers.into_iter().map(convert::computer_report).collect();
    let reports = reports.ok_or(ClientFault::InvalidParameters(COMPUTERS))?;
    let changes = call.updates.app.rollup_computers(message.client_time, reports).await?;
    let changed = |(client, change): (headwater_model::ClientId, _)| ChangedComputer {
        computer_id: client.to_string(),
        change: convert::change(change),
    };
    let response = RollupComputersResponse { changed: changes.into_iter().map(changed).collect() };
    Ok(Answer::text(call.encodings, encode_response(&response, version)))
}

async fn get_out_of_sync_computers(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    const NUMBERS: &str = "lastRollupNumbers";
    let version = envelope.version;
    let message: GetOutOfSyncComputers = envelope.decode()?;
    limit(message.last_rollup_numbers.len(), LIMITS.numbers_max, NUMBERS)?;
    let number = |one: headwater_wsus::wsusss::ComputerLastRollupNumber| {
        Some((one.computer_id.parse().ok()?, one.rollup_number))
    };
    let numbers: Option<Vec<_>> = message.last_rollup_numbers.into_iter().map(number).collect();
    let numbers = numbers.ok_or(ClientFault::InvalidParameters(NUMBERS))?;
    let found = call.updates.app.get_out_of_sync_computers(message.parent_server_id, &numbers).await?;
    let computer_ids = found.iter().map(ToString::to_string).collect();
    let response = GetOutOfSyncComputersResponse { computer_ids };
    Ok(Answer::text(call.encodings, encode_response(&response, version)))
}

async fn rollup_computer_status(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    const COMPUTERS: &str = "computers";
    let version = envelope.version;
    let message: RollupComputerStatus = envelope.decode()?;
    limit(message.computers.len(), LIMITS.statuses_max, COMPUTERS)?;
    let reports: Option<Vec<_>> = message.computers.into_iter().map(convert::status_report).collect();
    let reports = reports.ok_or(ClientFault::InvalidParameters(COMPUTERS))?;
    let (time, server) = (message.client_time, message.parent_server_id);
    let result = call.updates.app.rollup_computer_status(time, server, reports).await?;
    let response = RollupComputerStatusResponse { result };
    Ok(Answer::text(call.encodings, encode_response(&response, version)))
}
