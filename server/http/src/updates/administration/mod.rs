//! The administration service of a WSUS, `ApiRemoting30` (facts 70 to 82): each operation from its message
//! to its use case and back. Which are served is a table in docs/administration-service.md.

mod access;
mod computers;
mod groups;
mod server;
mod status;
mod synchronisation;
mod updates;

use std::fmt::Display;

use headwater_app::{App, AppError, ClientFault, Operator};
use headwater_model::ClientId;
use headwater_wsus::soap::{self, Envelope, Message, SoapVersion, encode_response};
use headwater_wsus::wsusar::*;

use super::answer::{Answer, Encodings};
use super::{Call, Failure};

pub(crate) use access::{Administrator, Turns, admit};
pub(crate) use headwater_wsus::wsusar::ADMINISTRATION;

/// What a call is answered from, and for whom.
pub(super) struct Asked<'a> {
    app: &'a App,
    operator: &'a Operator,
}

/// Answers one message.
pub(crate) async fn answer(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let administrator = call.administrator.as_ref();
    let nobody =
        ClientFault::Internal(AppError::Internal("nobody was admitted to the administration service"));
    let operator = &administrator.ok_or(nobody)?.operator;
    dispatch(&Asked { app: &call.updates.app, operator }, call.encodings, envelope).await
}

macro_rules! operations {
    ($($name:ident => $function:path,)*) => {
        /// The names of all operations that are served.
        pub(crate) const OPERATIONS: &[&str] = &[$($name::NAME),*];

        async fn dispatch(
            asked: &Asked<'_>,
            encodings: Encodings,
            envelope: Envelope<'_>,
        ) -> Result<Answer, Failure> {
            let version = envelope.version;
            match envelope.name.as_str() {
                $($name::NAME => {
                    let message: $name = envelope.decode().map_err(unreadable)?;
                    let response = Box::pin($function(asked, message)).await.map_err(refused)?;
                    write(encodings, version, response).await
                })*
                other => Err(not_served(other)),
            }
        }
    };
}

operations! {
    GetServerVersion => server::version,
    GetServerProtocolVersion => server::protocol_version,
    GetCurrentUserRole => server::role,
    GetDatabaseConfiguration => server::database,
    ExecuteSPGetConfiguration => server::configuration,
    ExecuteSPGetComponentsWithErrors => server::components_with_errors,
    ExecuteSPGetAllDownstreamServers => server::downstream_servers,
    ExecuteSPSearchUpdates => updates::search,
    ExecuteSPSimpleSearchUpdates => updates::simple_search,
    ExecuteSPGetUpdateById => updates::by_id,
    ExecuteSPGetUpdateCount => updates::count,
    ExecuteSPGetDeployments => updates::deployments,
    ExecuteSPDeployUpdate1 => updates::deploy,
    ExecuteSPDeclineUpdate => updates::decline,
    ExecuteSPAcceptEula => updates::accept_licence,
    ExecuteSPGetAllTargetGroups => groups::all,
    ExecuteSPGetTargetGroupById => groups::by_id,
    ExecuteSPCreateTargetGroup1 => groups::create,
    ExecuteSPDeleteTargetGroup => groups::delete,
    ExecuteSPAddComputerToTargetGroupAllowMultipleGroups => groups::add_computer,
    ExecuteSPRemoveComputerFromTargetGroup => groups::remove_computer,
    ExecuteSPSearchComputers => computers::search,
    ExecuteSPGetComputerCount => computers::count,
    ExecuteSPGetSummariesPerUpdate => status::per_update,
    ExecuteSPGetSummariesPerComputer => status::per_computer,
    ExecuteSPGetUpdateInstallationInfoForUpdate => status::of_update,
    ExecuteSPGetUpdateInstallationInfoForComputer => status::of_computer,
    StartSubscriptionManually => synchronisation::start,
    StopSubscription => synchronisation::stop,
    GetServerSyncProgress => synchronisation::progress,
    GetSubscriptionState => synchronisation::state,
    GetSubscription => synchronisation::subscription,
    ExecuteSPSearchEventHistory => synchronisation::events,
}

/// Megabytes are written and compressed, which other calls must not wait for.
async fn write<M: Message + Send + 'static>(
    encodings: Encodings,
    version: SoapVersion,
    response: M,
) -> Result<Answer, Failure> {
    let write = move || Answer::text(encodings, encode_response(&response, version));
    let written = tokio::task::spawn_blocking(write).await;
    Ok(written.map_err(|_| ClientFault::Internal(AppError::Internal("writing an answer was stopped")))?)
}

/// The service knows no codes: clients read what follows the last arrow (fact 77).
fn exception(kind: &str, reason: impl Display) -> Failure {
    Failure::Told(format!("Server was unable to process request. ---> System.{kind}: {reason}"))
}

fn refused(error: AppError) -> Failure {
    match error {
        AppError::NotFound(reason) | AppError::Refused(reason) => {
            exception("InvalidOperationException", reason)
        }
        AppError::Invalid(reason) => exception("ArgumentException", reason),
        other => ClientFault::Internal(other).into(),
    }
}

fn unreadable(error: soap::Error) -> Failure {
    exception("ArgumentException", error)
}

fn not_served(operation: &str) -> Failure {
    let name: String = operation.chars().take(64).collect();
    exception("NotSupportedException", format!("Headwater does not serve the operation `{name}`"))
}

fn invalid(reason: impl Display) -> AppError {
    AppError::Invalid(reason.to_string())
}

/// What a client has to say.
fn required<T>(value: Option<T>, name: &str) -> Result<T, AppError> {
    value.ok_or_else(|| invalid(format!("`{name}` is missing")))
}

fn client_id(text: Option<String>) -> Result<ClientId, AppError> {
    required(text, "computerId")?.parse().map_err(invalid)
}

/// A number of ours as a column has it.
fn int(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
