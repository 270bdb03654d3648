//! The database behind one concrete [`Store`]; every statement of SQL lives here.
//!
//! It is a SQLite file, or a database of a PostgreSQL server: statements keep to what both understand,
//! and every test runs on both. What a call has returned is durable. One connection writes, several
//! read.

mod catalogue;
mod computer_deletions;
mod computers;
mod content;
mod decisions;
mod deletion;
mod deployments;
mod downstream;
mod history;
mod manager;
mod operators;
mod place;
mod products;
mod replica;
mod rollup;
mod rollup_told;
mod rows;
mod runs;
mod schema;
mod server;
mod status;
mod upstream;

#[cfg(test)]
mod test_database;

use std::path::Path;

use sqlx::{AnyPool, Connection};

pub use catalogue::{DerivedFacts, NewRevision, Quarantined, RevisionRow};
pub use computers::{
    ComputerDetails, ComputerFilter, ComputerRow, ComputerWrite, Contact, Enrolled, Rosters,
};
pub use content::{AbsentFile, HeldFile};
pub use decisions::{ApprovalRow, Decline, GroupDeletion, GroupError, NewApproval, NewGroup};
pub use deletion::LeavingUpdate;
pub use deployments::SharedDecisions;
pub use downstream::DownstreamServer;
pub use history::{AuditFilter, AuditOrder, Change};
pub use manager::{
    AppliedPlanRow, AuditRow, HaltRow, HostGroupRow, KeptSince, LinkRow, LinkageRow, ManagerStore,
    NewHostGroupRow, RelinkRow, RevocationRow, RunKind, SeenStanding, ServerSettingsRow, SightingRow,
    SucceedingRow, SyncRunRow,
};
pub use operators::{
    AccountChange, AccountOutcome, AccountRow, Failures, Grant, Operators, TokenKind, TokenRow,
};
pub use place::{Place, PostgresUrl};
pub use rollup::Received;
pub use rollup_told::{Acknowledged, ToldRow};
pub use runs::{RunQuarantine, RunRow, RunState, RunStep};
pub use server::{CookieKey, Server};
pub use status::{Report, StatusChange, Written};
pub use upstream::{Anchors, UpstreamFilter, UpstreamMode, UpstreamSetting};

use place::Purpose;

/// Why the database could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("the database has schema {found}, this version knows {known}; use a newer headwater")]
    NewerSchema { found: i64, known: i64 },
    #[error("the database belongs to another program: it has a table `{table}`; name an empty one")]
    Foreign { table: String },
    #[error("the database is that of {role}; each role has one of its own")]
    OfAnother { role: &'static str },
    #[error("the tables of the database belong to the role `{owner}`; connect as that role")]
    OtherRole { owner: String },
    #[error("another headwater works on the database; stop it first")]
    InUse,
    #[error("PostgreSQL {found} is too old; use 15 or later")]
    OldPostgres { found: String },
    #[error("the database has the encoding {found}; create it with ENCODING 'UTF8'")]
    Encoding { found: String },
    #[error("the database has no schema of the search path `{path}`; create it with CREATE SCHEMA")]
    NoSchema { path: String },
    #[error("the URL of the database is not valid: {reason}")]
    Url { reason: String },
    #[error("a PostgreSQL database is backed up and restored with pg_dump and pg_restore")]
    NotAFile,
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

/// Copies a SQLite database that exists, as it is at one moment.
async fn copy(place: &Place, target: &Path, schema: &schema::Schema) -> Result<()> {
    if let Place::Postgres(_) = place {
        return Err(Error::NotAFile);
    }
    let mut database = place.connect(Purpose::Read).await?;
    schema::version(&mut database, schema).await?;
    sqlx::query("VACUUM INTO $1").bind(target.display().to_string()).execute(&mut database).await?;
    database.close().await?;
    Ok(())
}

impl Store {
    /// Opens or creates the database and brings its schema up to date.
    pub async fn open(place: &Place) -> Result<Self> {
        let (read, write) = open(place, &schema::UPDATE_SERVER).await?;
        Ok(Self { read, write })
    }

    /// Who may administer this server.
    pub fn operators(&self) -> Operators {
        Operators::new(&self.read, &self.write, operators::Record::Changes)
    }

    /// Writes a whole and consistent copy of a SQLite database that exists to a file that does not exist
    /// yet. A server may work on it, perhaps an older one, so the schema stays as it is.
    pub async fn back_up(place: &Place, target: &Path) -> Result<()> {
        copy(place, target, &schema::UPDATE_SERVER).await
    }

    /// Waits for what is being written and closes the database.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

/// Brings the schema up to date and opens the pools of the readers and of the one writer.
async fn open(place: &Place, schema: &'static schema::Schema) -> Result<(AnyPool, AnyPool)> {
    // Whose it is comes before who works on it: a server of another role may.
    let mut look = place.connect(Purpose::Read).await?;
    schema::must_be_ours(&mut look, place, schema).await?;
    look.close().await?;
    let mut first = place.connect(Purpose::Write).await?;
    schema::migrate(&mut first, place, schema).await?;
    // It holds the one lock of a writer on PostgreSQL.
    first.close().await?;
    let write = place.pool(1, Purpose::Write).await?;
    let read = place.pool(READERS, Purpose::Read).await?;
    Ok((read, write))
}
