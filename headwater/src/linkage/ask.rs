//! `headwater wsus sync` on the machine of a lower server: its Linkage is asked, with its own key.

use std::io;
use std::path::Path;

use headwater_api::linkage::RunWanted;
use headwater_api::{Problem, SyncEvent, SyncReport};
use headwater_app::admin;
use headwater_cli::LINKAGE_URL_FILE;
use headwater_link::DialError;
use headwater_linkage::{AskError, StateError, ask_own_linkage};

/// Asks the Linkage that runs with this folder for a run for its server.
pub fn ask_for_run(
    folder: &Path,
    wanted: &RunWanted,
    watched: &mut dyn FnMut(&SyncEvent),
) -> Result<SyncReport, Problem> {
    let failed =
        |source: io::Error| problem(&AskError::State(StateError::Io { path: folder.into(), source }));
    let url = std::fs::read_to_string(folder.join(LINKAGE_URL_FILE)).map_err(failed)?;
    let url = url.parse().map_err(|error| problem(&AskError::Dial(error)))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let asked = runtime.block_on(ask_own_linkage(folder, &url, wanted, watched));
    asked.map_err(|error| problem(&error))?
}

/// With the kinds and statuses that the API has.
fn problem(error: &AskError) -> Problem {
    let (status, kind, title) = match error {
        AskError::Dial(DialError::Refused(problem)) => return problem.clone(),
        AskError::Dial(_) => (502, "/problems/not-reached", "a hop is not reached"),
        AskError::NotPaired => (409, "/problems/not-linked", "no WSUS is linked"),
        AskError::State(StateError::Io { source, .. })
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            let detail = format!("{}; be the user whom the Linkage runs as", admin::chain(error));
            let (kind, title) = ("about:blank".to_owned(), "not permitted".to_owned());
            return Problem { kind, title, status: 403, detail };
        }
        AskError::State(_) => (500, "about:blank", "the folder cannot be used"),
    };
    let (kind, title) = (kind.to_owned(), title.to_owned());
    Problem { kind, title, status, detail: admin::chain(error) }
}
