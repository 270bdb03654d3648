//! Where a database is, and what a new connection to it is told.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AnyConnection, AnyPool, Connection, Executor, Row};

use crate::{Error, Result};

/// Where a database is. Neither `Display` nor `Debug` tells a password.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// A SQLite file.
    File(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(PostgresUrl),
}

/// A URL such as `postgres://headwater:secret@db.example/headwater?sslmode=verify-full`.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    url: String,
    /// The database and its server, for messages.
    name: String,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Write,
    Read,
}

/// SQLite: durable writes beside readers, foreign keys, patience, 16 MiB of cache.
const SQLITE: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                      PRAGMA busy_timeout = 10000; PRAGMA cache_size = -16384";
/// What was acknowledged is durable, whatever the account's default is.
const POSTGRES: &str = "SET application_name = 'headwater'; SELECT set_config('synchronous_commit', 'on', \
                        false) WHERE current_setting('synchronous_commit') = 'off'";
/// Statements of one transaction see one moment, as SQLite's do.
const POSTGRES_READER: &str =
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
/// The schema belongs to one process: the snapshots in its memory are what is answered from. The number is
/// `headwate` in ASCII, for the schema that every database has; other roles may have others of the same database. A
/// session that has just been lost may hold it for a moment.
const POSTGRES_WRITER: &str = "SET lock_timeout = '5s'; SELECT pg_advisory_lock(7522525836719780965 + \
                               CASE current_schema() WHEN 'public' THEN 0 ELSE hashtext(current_schema()) END); \
                               SET lock_timeout = 0";
/// PostgreSQL's code for a lock that was not given in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// The oldest PostgreSQL that the tests run on, as it tells its version.
const OLDEST_POSTGRES: i64 = 150_000;

impl Place {
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::File(path.as_ref().to_owned())
    }

    /// The URL by which the drivers know it; the file is made if it is missing.
    fn url(&self) -> String {
        match self {
            Self::File(path) => format!("sqlite:{}?mode=rwc", escaped(path)),
            Self::Postgres(server) => server.url.clone(),
        }
    }

    fn settings(&self, purpose: Purpose) -> &'static [&'static str] {
        match (self, purpose) {
            (Self::File(_), _) => &[SQLITE],
            (Self::Postgres(_), Purpose::Read) => &[POSTGRES, POSTGRES_READER],
            (Self::Postgres(_), Purpose::Write) => &[POSTGRES, POSTGRES_WRITER],
        }
    }

    /// One connection outside of any pool, which tells at once what is wrong.
    pub(crate) async fn connect(&self, purpose: Purpose) -> Result<AnyConnection> {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&self.url()).await?;
        if let Self::Postgres(_) = self {
            check_server(&mut connection).await?;
        }
        for settings in self.settings(purpose) {
            connection.execute(*settings).await.map_err(in_use)?;
        }
        Ok(connection)
    }

    pub(crate) async fn pool(&self, connections: u32, purpose: Purpose) -> Result<AnyPool> {
        let settings = self.settings(purpose);
        let mut options = AnyPoolOptions::new();
        if purpose == Purpose::Write {
            // Between two connections nobody would hold the lock.
            options = options.idle_timeout(None).max_lifetime(None);
        }
        let pool = options
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(60))
            .after_connect(move |connection: &mut AnyConnection, _| {
                Box::pin(async move {
                    for settings in settings {
                        connection.execute(*settings).await?;
                    }
                    Ok(())
                })
            })
            .connect(&self.url())
            .await?;
        Ok(pool)
    }
}

/// A path as it stands in a URL, where backslashes, blanks and question marks mean something else.
fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.display().to_string().bytes() {
        match byte.is_ascii_alphanumeric() {
            true => text.push(char::from(byte)),
            // Writing to a `String` does not fail.
            false => drop(write!(text, "%{byte:02X}")),
        }
    }
    text
}

/// Refuses servers on which statements would fail later.
async fn check_server(connection: &mut AnyConnection) -> Result<()> {
    let sql = "SELECT CAST(current_setting('server_version_num') AS BIGINT), \
               current_setting('server_version'), current_setting('server_encoding'), \
               CAST(current_schema() AS TEXT), current_setting('search_path')";
    let row = sqlx::query(sql).fetch_one(connection).await?;
    if row.try_get::<i64, _>(0)? < OLDEST_POSTGRES {
        return Err(Error::OldPostgres { found: row.try_get(1)? });
    }
    let encoding: String = row.try_get(2)?;
    if encoding != "UTF8" {
        return Err(Error::Encoding { found: encoding });
    }
    match row.try_get::<Option<String>, _>(3)? {
        Some(_) => Ok(()),
        None => Err(Error::NoSchema { path: row.try_get(4)? }),
    }
}

fn in_use(error: sqlx::Error) -> Error {
    let code = error.as_database_error().and_then(|error| error.code());
    if code.as_deref() == Some(LOCK_NOT_AVAILABLE) { Error::InUse } else { error.into() }
}

impl FromStr for Place {
    type Err = Error;

    /// Reads the URL of a PostgreSQL database. A reason for a refusal never repeats the URL.
    fn from_str(url: &str) -> Result<Self> {
        let wrong = |reason: &str| Error::Url { reason: reason.to_owned() };
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(wrong("it does not begin with `postgres://`"));
        }
        let options = PgConnectOptions::from_str(url).map_err(|error| match error {
            sqlx::Error::Configuration(source) => Error::Url { reason: source.to_string() },
            _ => wrong("it cannot be read"),
        })?;
        let Some(database) = options.get_database() else { return Err(wrong("it names no database")) };
        let name = match options.get_socket() {
            Some(folder) => format!("{database} on {}", folder.display()),
            None => format!("{database} on {}:{}", options.get_host(), options.get_port()),
        };
        Ok(Self::Postgres(PostgresUrl { url: url.to_owned(), name }))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Postgres(server) => write!(f, "PostgreSQL, database {}", server.name),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::Timestamp;

    use super::*;
    use crate::test_database::{TestDatabase, on_both_engines};
    use crate::{ComputerFilter, Failures, Quarantined, Store};

    on_both_engines!(a_reader_sees_one_moment, text_of_others_may_hold_anything);

    async fn a_reader_sees_one_moment(on: TestDatabase) {
        let store = on.open().await;
        let count = "SELECT COUNT(*) FROM sign_in_failures";
        let mut moment = store.read.begin().await.expect("begins");
        for _ in 0..2 {
            let row = sqlx::query(count).fetch_one(&mut *moment).await.expect("reads");
            assert_eq!(row.try_get::<i64, _>(0).expect("a count"), 0);
            let failure = Failures { count: 1, since: Timestamp::EPOCH, locked_until: None };
            let recorded = store.operators().record_failure("ada", Timestamp::EPOCH, |_| failure).await;
            recorded.expect("writes");
        }
        drop(moment);
        assert!(store.operators().failures("ada").await.expect("reads").is_some());
    }

    async fn text_of_others_may_hold_anything(on: TestDatabase) {
        let store = on.open().await;
        let odd = "a\0'\u{1}\\%_\u{fffe}";
        let refused = Quarantined { document_hash: [1; 8], name: odd.to_owned(), reason: odd.to_owned() };
        store.quarantine(&[refused], Timestamp::EPOCH).await.expect("writes");
        assert_eq!(store.quarantined().await.expect("reads")[0].name, odd.replace('\0', "\u{fffd}"));
        assert_eq!(store.operators().account(odd).await.expect("answers"), None);
        let filter = ComputerFilter { search: Some(odd.to_owned()), limit: 1, ..ComputerFilter::default() };
        assert_eq!(store.computers(&filter).await.expect("answers"), []);
    }

    #[tokio::test]
    #[cfg_attr(windows, ignore = "the server of PostgreSQL is started by a shell")]
    async fn a_database_of_postgres_has_one_writer_and_its_readers_do_not_write() {
        let Some(on) = TestDatabase::postgres() else { return };
        let store = on.open().await;
        let second = Store::open(on.place()).await;
        assert!(matches!(second, Err(Error::InUse)), "{second:?}");
        sqlx::query("DELETE FROM operators").execute(&store.read).await.expect_err("readers only read");
        store.close().await;
        on.open().await;
    }

    #[tokio::test]
    async fn a_file_has_any_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = if cfg!(windows) { "ä b#50%41" } else { r"ä b#50%41?c\d" };
        let place = Place::file(folder.path().join(name));
        Store::open(&place).await.expect("opens").close().await;
        assert!(folder.path().join(name).is_file());
    }

    #[test]
    fn a_place_keeps_its_password_to_itself() {
        let check = |url: &str, name: &str| {
            let place: Place = url.parse().expect("a URL");
            assert_eq!(place.to_string(), format!("PostgreSQL, database {name}"));
            assert!(!format!("{place:?}").contains("secret"), "{place:?}");
        };
        check("postgres://ada:secret@db.example/wsus", "wsus on db.example:5432");
        check("postgresql://ada:secret@db.example:99/wsus?sslmode=require", "wsus on db.example:99");
        check("postgres:///wsus?host=/run/postgresql&password=secret", "wsus on /run/postgresql");
        for url in
            ["ada:secret", "sqlite://secret", "postgres://ada:secret@x:99999/y", "postgres://ada:secret@x"]
        {
            let refused = url.parse::<Place>().expect_err("is refused");
            assert!(!format!("{refused} {refused:?}").contains("secret"), "{refused:?}");
        }
    }
}
