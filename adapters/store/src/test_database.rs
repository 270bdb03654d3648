//! Databases for the tests of this crate, each of which runs on both engines.

use tempfile::TempDir;

use crate::{Place, Store};

/// A new and empty database.
pub(crate) struct TestDatabase {
    place: Place,
    /// Empty for SQLite.
    url: String,
    _folder: Option<TempDir>,
}

impl TestDatabase {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::file(folder.path().join("test.sqlite"));
        Self { place, url: String::new(), _folder: Some(folder) }
    }

    /// `None`, said aloud, where there is no PostgreSQL.
    pub(crate) fn postgres() -> Option<Self> {
        let url = headwater_private_postgres::database()?;
        Some(Self { place: url.parse().expect("a URL"), url, _folder: None })
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The same database for another role of PostgreSQL.
    pub(crate) fn place_as(&self, role: &str) -> Place {
        self.url.replace("postgres@", &format!("{role}@")).parse().expect("a URL")
    }

    /// A schema of the same database.
    pub(crate) fn place_in(&self, schema: &str) -> Place {
        format!("{}&options[search_path]={schema}", self.url).parse().expect("a URL")
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.place).await.expect("opens")
    }
}

/// Makes two tests of every function that takes a [`TestDatabase`].
macro_rules! on_both_engines {
    ($($test:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::test_database::TestDatabase::sqlite()).await;
            })*
        }

        mod on_postgres {
            $(#[tokio::test]
            #[cfg_attr(windows, ignore = "the server of PostgreSQL is started by a shell")]
            async fn $test() {
                if let Some(database) = crate::test_database::TestDatabase::postgres() {
                    super::$test(database).await;
                }
            })*
        }
    };
}
pub(crate) use on_both_engines;
