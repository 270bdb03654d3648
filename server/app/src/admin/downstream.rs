//! The servers below, as administrators see them.

use std::time::Duration;

use headwater_model::ServerId;
use headwater_operators::Operator;
pub use headwater_store::DownstreamServer;
use tokio::time::timeout;

use crate::error::AppError;
use crate::start::App;

/// How long a rollup that goes on is waited for: less than whoever orders a deletion waits for an answer.
const ROLLUP_PATIENCE: Duration = Duration::from_secs(30);
/// Servers that a refusal names.
const OTHERS_NAMED_MAX: usize = 5;

/// A server below, and how many computers it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LowerServer {
    pub server: DownstreamServer,
    /// Without those of the servers below it.
    pub computers: u64,
}

/// Records that went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedServer {
    pub name: String,
    /// The names of the servers below it, whose records went too.
    pub below: Vec<String>,
    /// How many computers reported to any of them.
    pub computers: u64,
}

/// Why a server is not deleted below which others stand than somebody saw.
pub fn others_below(name: &str, others: &[impl AsRef<str>]) -> String {
    let more = match others.len().saturating_sub(OTHERS_NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named: Vec<&str> = others.iter().take(OTHERS_NAMED_MAX).map(AsRef::as_ref).collect();
    let named = named.join(", ");
    format!(
        "there is more below {name} than was shown: {named}{more}. Let what takes from another server by now synchronise, \
         and look again"
    )
}

impl App {
    /// The servers below this one, by name. Of a server that tells of no computers its own count
    /// is taken.
    pub async fn downstream_servers(&self) -> Result<Vec<LowerServer>, AppError> {
        let told = self.store.computers_by_server().await?;
        let counted = |server: DownstreamServer| {
            let summed = server.summary.map_or(0, |summary| u64::from(summary.computers));
            LowerServer { computers: told.get(&server.id).copied().unwrap_or(summed), server }
        };
        Ok(self.store.downstream_servers().await?.into_iter().map(counted).collect())
    }

    /// Forgets a server below, those below it, and the computers that report to any of them. One that is alive makes
    /// itself known when it synchronises next, and tells everything again. Refused where others are below it than
    /// whoever decides it has `seen`, if that is said.
    pub async fn delete_downstream_server(
        &self,
        operator: &Operator,
        id: ServerId,
        seen: Option<&[ServerId]>,
    ) -> Result<DeletedServer, AppError> {
        // A rollup that goes on has read the record already, and would tell the server above of it after this.
        let nobody_tells = timeout(ROLLUP_PATIENCE, self.rolling_up.lock()).await;
        let _nobody_tells = nobody_tells.map_err(|_| {
            AppError::Busy(
                "this server is telling the one above of its servers: try again in a minute".to_owned(),
            )
        })?;
        let _order = self.live.in_order().await;
        let unknown =
            || AppError::NotFound(format!("there is no downstream server {id}; `downstream list` shows all"));
        let branch = self.store.server_tree().await?.subtree(id);
        let mut servers = self.store.downstream_servers().await?;
        servers.retain(|one| branch.contains(&one.id));
        servers.sort_by_key(|one| one.id != id);
        let [server, below @ ..] = servers.as_slice() else { return Err(unknown()) };
        let unseen = |one: &&DownstreamServer| seen.is_some_and(|seen| !seen.contains(&one.id));
        let unseen: Vec<&str> = below.iter().filter(unseen).map(|one| one.name.as_str()).collect();
        if !unseen.is_empty() {
            return Err(AppError::Refused(others_below(&server.name, &unseen)));
        }
        let forgotten =
            self.store.delete_servers(&server.name, &servers, &operator.name, self.clock.now()).await?;
        self.live.forget(&forgotten);
        let (name, computers) = (server.name.clone(), forgotten.len() as u64);
        tracing::info!(server = name, below = below.len(), computers, "a downstream server was deleted");
        Ok(DeletedServer { name, below: below.iter().map(|one| one.name.clone()).collect(), computers })
    }
}
