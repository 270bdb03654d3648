//! The administration service of a WSUS, `ApiRemoting30` (facts 70 to 84): each operation from its message
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
use headwater_operators::{Action, Asking, Refused};
use headwater_wsus::soap::{self, Envelope, Message, SoapVersion, encode_response};
use headwater_wsus::wsusar::*;

use super::answer::{Answer, Encodings};
use super::{Call, Failure};

pub(crate) use access::{Administrator, Turns, admit};
pub(crate) use headwater_wsus::wsusar::ADMINISTRATION;

/// What a call is answered from, and for whom.
pub(super) struct Asked<'a> {
    app: &'a App,
    asking: &'a Asking,
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Calls {
    Reads,
    /// Groups and computers are named by ids in many ways here: whoever writes may write everything.
    Writes,
}

impl Asked<'_> {
    /// In whose name something is changed.
    fn operator(&self) -> Result<&Operator, AppError> {
        self.asking.permitted(Action::Administer).map_err(|refused| AppError::Refused(refused.to_string()))
    }
}

/// Answers one message.
pub(crate) async fn answer(call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
    let administrator = call.administrator.as_ref();
    let nobody =
        ClientFault::Internal(AppError::Internal("nobody was admitted to the administration service"));
    let asking = &administrator.ok_or(nobody)?.asking;
    dispatch(&Asked { app: &call.updates.app, asking }, call.encodings, envelope).await
}

macro_rules! operations {
    ($($name:ident $calls:ident => $function:path,)*) => {
        /// The names of all operations that are served.
        pub(crate) const OPERATIONS: &[&str] = &[$($name::NAME),*];

        /// What each of them does.
        #[cfg(test)]
        const CALLS: &[Calls] = &[$(Calls::$calls),*];

        async fn dispatch(
            asked: &Asked<'_>,
            encodings: Encodings,
            envelope: Envelope<'_>,
        ) -> Result<Answer, Failure> {
            let version = envelope.version;
            match envelope.name.as_str() {
                $($name::NAME => {
                    if Calls::$calls == Calls::Writes {
                        asked.asking.permitted(Action::Administer).map_err(not_permitted)?;
                    }
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
    GetServerVersion Reads => server::version,
    GetServerProtocolVersion Reads => server::protocol_version,
    GetCurrentUserRole Reads => server::role,
    GetDatabaseConfiguration Reads => server::database,
    ExecuteSPGetConfiguration Reads => server::configuration,
    ExecuteSPGetComponentsWithErrors Reads => server::components_with_errors,
    ExecuteSPGetAllDownstreamServers Reads => server::downstream_servers,
    ExecuteSPGetDownstreamServerRollupSummary Reads => server::rollup_summary,
    ExecuteSPDeleteDownstreamServer Writes => server::delete_downstream_server,
    ExecuteSPSearchUpdates Reads => updates::search,
    ExecuteSPSimpleSearchUpdates Reads => updates::simple_search,
    ExecuteSPGetUpdateById Reads => updates::by_id,
    ExecuteSPGetUpdateCount Reads => updates::count,
    ExecuteSPGetDeployments Reads => updates::deployments,
    ExecuteSPDeployUpdate1 Writes => updates::deploy,
    ExecuteSPDeclineUpdate Writes => updates::decline,
    ExecuteSPAcceptEula Writes => updates::accept_licence,
    ExecuteSPGetEulaFile Reads => updates::licence_file,
    ExecuteSPDeleteUpdate Writes => updates::delete,
    ExecuteSPDeleteUpdateByUpdateID Writes => updates::delete_by_id,
    ExecuteSPGetAllTargetGroups Reads => groups::all,
    ExecuteSPGetTargetGroupById Reads => groups::by_id,
    ExecuteSPCreateTargetGroup1 Writes => groups::create,
    ExecuteSPCreateTargetGroup2 Writes => groups::copy,
    ExecuteSPDeleteTargetGroup Writes => groups::delete,
    ExecuteSPAddComputerToTargetGroupAllowMultipleGroups Writes => groups::add_computer,
    ExecuteSPRemoveComputerFromTargetGroup Writes => groups::remove_computer,
    ExecuteSPSearchComputers Reads => computers::search,
    ExecuteSPGetComputerCount Reads => computers::count,
    ExecuteSPDeleteComputer Writes => computers::delete,
    ExecuteSPGetSummariesPerUpdate Reads => status::per_update,
    ExecuteSPGetSummariesPerComputer Reads => status::per_computer,
    ExecuteSPGetUpdateInstallationInfoForUpdate Reads => status::of_update,
    ExecuteSPGetUpdateInstallationInfoForComputer Reads => status::of_computer,
    StartSubscriptionManually Writes => synchronisation::start,
    StopSubscription Writes => synchronisation::stop,
    GetServerSyncProgress Reads => synchronisation::progress,
    GetSubscriptionState Reads => synchronisation::state,
    GetSubscription Reads => synchronisation::subscription,
    GetSubscriptionCategories Reads => synchronisation::subscribed,
    ExecuteSPSearchEventHistory Reads => synchronisation::events,
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

fn not_permitted(refused: Refused) -> Failure {
    exception("UnauthorizedAccessException", refused)
}

fn refused(error: AppError) -> Failure {
    match error {
        AppError::NotFound(reason) | AppError::Refused(reason) | AppError::Busy(reason) => {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_is_known_by_its_name() {
        for (name, calls) in OPERATIONS.iter().zip(CALLS) {
            let verb = name.trim_start_matches("ExecuteSP");
            let reads = ["Get", "Search", "SimpleSearch"].iter().any(|reads| verb.starts_with(reads));
            assert_eq!(*calls == Calls::Reads, reads, "{name}");
        }
    }
}
