//! The database behind one concrete [`Store`]; every statement of SQL lives here.
//!
//! SQLite runs with a write-ahead log and `synchronous = FULL`, so what a call has returned is
//! durable. Statements keep to what PostgreSQL understands too. One connection writes, several
//! read.

mod catalogue;
mod computers;
mod content;
mod decisions;
mod deployments;
mod downstream;
mod history;
mod operators;
mod replica;
mod rollup;
mod rollup_told;
mod rows;
mod runs;
mod schema;
mod server;
mod status;
mod upstream;

use std::path::Path;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, Executor};

pub use catalogue::{DerivedFacts, NewRevision, Quarantined, RevisionRow};
pub use computers::{ComputerDetails, ComputerFilter, ComputerRow, ComputerWrite, Enrolled, Rosters};
pub use content::{AbsentFile, HeldFile};
pub use decisions::{ApprovalRow, Decline, GroupDeletion, GroupError, NewApproval, NewGroup};
pub use deployments::SharedDecisions;
pub use downstream::DownstreamServer;
pub use history::Change;
pub use operators::TokenOwner;
pub use rollup::Received;
pub use rollup_told::{Acknowledged, ToldRow};
pub use runs::{RunQuarantine, RunRow, RunState, RunStep};
pub use server::{CookieKey, Server};
pub use status::{Report, StatusChange, Written};
pub use upstream::{Anchors, UpstreamFilter, UpstreamMode, UpstreamSetting};

/// Why the database could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("the database has schema {found}, this version knows {known}; use a newer headwater")]
    NewerSchema { found: i64, known: i64 },
    #[error("a row of `{table}` cannot be read: {reason}")]
    Row { table: &'static str, reason: String },
}

pub type Result<T> = std::result::Result<T, Error>;

/// A handle on the database; clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    read: AnyPool,
    write: AnyPool,
}

/// Readers beside the one writer.
const READERS: u32 = 4;

impl Store {
    /// Opens or creates the SQLite database at `file` and brings its schema up to date.
    pub async fn open(file: &Path) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let write = pool(1, &url).await?;
        schema::migrate(&write).await?;
        let read = pool(READERS, &url).await?;
        Ok(Self { read, write })
    }

    /// Writes a whole and consistent copy of a database to a file that does not exist yet. A server may
    /// work on it, perhaps an older one, so the schema stays as it is.
    pub async fn back_up(file: &Path, target: &Path) -> Result<()> {
        let database = open_pool(file).await?;
        schema::version(&database).await?;
        sqlx::query("VACUUM INTO $1").bind(target.display().to_string()).execute(&database).await?;
        database.close().await;
        Ok(())
    }

    /// Waits for what is being written and closes the file.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

/// One connection to a database that exists.
async fn open_pool(file: &Path) -> Result<AnyPool> {
    sqlx::any::install_default_drivers();
    pool(1, &format!("sqlite://{}?mode=rw", file.display())).await
}

async fn pool(connections: u32, url: &str) -> Result<AnyPool> {
    let pool = AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(60))
        .after_connect(|connection: &mut AnyConnection, _| {
            Box::pin(async move {
                let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                                PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 10000; \
                                PRAGMA cache_size = -16384";
                connection.execute(settings).await.map(|_| ())
            })
        })
        .connect(url)
        .await?;
    Ok(pool)
}
