//! The server that updates are taken from, and how far they were taken.

use headwater_model::Timestamp;
use sqlx::{AnyConnection, Row};

use crate::content::forget_failures;
use crate::history::{Change, record};
use crate::server::next_stamp;
use crate::{Error, Result, Store, rows};

/// What is taken from the upstream server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamMode {
    /// Updates, and everything that was decided about them.
    Replica,
    /// Updates only.
    Autonomous,
}

/// Which updates are wanted; an empty list is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpstreamFilter {
    /// Ids or titles.
    pub products: Vec<String>,
    /// Ids or titles.
    pub classifications: Vec<String>,
    /// Such as `en`.
    pub languages: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamSetting {
    pub url: String,
    /// The authority of its certificate, in PEM; `None` for the public ones.
    pub ca_pem: Option<String>,
    pub mode: UpstreamMode,
    pub filter: UpstreamFilter,
    /// Another one after each change; what was asked before it says nothing about it.
    pub generation: i64,
}

/// The upstream server's own marks of what is here already. `None` for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anchors {
    pub configuration: Option<String>,
    pub revisions: Option<String>,
    pub deployments: Option<String>,
}

impl Store {
    pub async fn upstream(&self) -> Result<Option<UpstreamSetting>> {
        let mut transaction = self.read.begin().await?;
        let row = sqlx::query("SELECT url, mode, generation, ca_pem FROM upstream")
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let mut filter = UpstreamFilter::default();
        let found = sqlx::query("SELECT kind, value FROM upstream_filter ORDER BY kind, position")
            .fetch_all(&mut *transaction)
            .await?;
        for row in &found {
            let list = match row.try_get::<i64, _>(0)? {
                0 => &mut filter.products,
                1 => &mut filter.classifications,
                _ => &mut filter.languages,
            };
            list.push(row.try_get(1)?);
        }
        transaction.commit().await?;
        Ok(Some(UpstreamSetting {
            url: row.try_get(0)?,
            ca_pem: row.try_get(3)?,
            mode: mode_from(row.try_get(1)?)?,
            filter,
            generation: row.try_get(2)?,
        }))
    }

    pub async fn upstream_anchors(&self) -> Result<Anchors> {
        let row =
            sqlx::query("SELECT configuration_anchor, revision_anchor, deployment_anchor FROM upstream")
                .fetch_optional(&self.read)
                .await?;
        let Some(row) = row else { return Ok(Anchors::default()) };
        Ok(Anchors {
            configuration: row.try_get(0)?,
            revisions: row.try_get(1)?,
            deployments: row.try_get(2)?,
        })
    }

    /// Names the upstream server; nothing that is here counts as taken from it. The filter stays.
    /// Files that another source did not give are asked for at once.
    pub async fn set_upstream(
        &self,
        url: &str,
        ca_pem: Option<&str>,
        mode: UpstreamMode,
        by: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        let generation = next_stamp(&mut transaction).await?;
        let before = describe(&mut transaction).await?;
        sqlx::query(
            "INSERT INTO upstream (one, url, mode, generation, ca_pem) VALUES (1, $1, $2, $3, $4) \
             ON CONFLICT (one) DO UPDATE SET url = excluded.url, mode = excluded.mode, \
             generation = excluded.generation, ca_pem = excluded.ca_pem, configuration_anchor = NULL, revision_anchor = NULL, \
             deployment_anchor = NULL",
        )
        .bind(url.to_owned())
        .bind(mode_number(mode))
        .bind(generation)
        .bind(ca_pem.map(rows::text))
        .execute(&mut *transaction)
        .await?;
        forget_failures(&mut transaction).await?;
        record_setting(&mut transaction, "set upstream", before, by, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Replaces the filter. All revisions are looked at again, for others may be wanted now.
    pub async fn set_upstream_filter(&self, filter: &UpstreamFilter, by: &str, now: Timestamp) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        let generation = next_stamp(&mut transaction).await?;
        let before = describe(&mut transaction).await?;
        sqlx::query("DELETE FROM upstream_filter").execute(&mut *transaction).await?;
        let lists = [&filter.products, &filter.classifications, &filter.languages];
        for (kind, list) in (0_i64..).zip(lists) {
            for (position, value) in (0_i64..).zip(list) {
                sqlx::query("INSERT INTO upstream_filter (kind, position, value) VALUES ($1, $2, $3)")
                    .bind(kind)
                    .bind(position)
                    .bind(rows::text(value))
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        sqlx::query("UPDATE upstream SET generation = $1, revision_anchor = NULL")
            .bind(generation)
            .execute(&mut *transaction)
            .await?;
        record_setting(&mut transaction, "filter upstream", before, by, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Takes from no server any more. Says whether there was one.
    pub async fn clear_upstream(&self, by: &str, now: Timestamp) -> Result<bool> {
        let mut transaction = self.write.begin().await?;
        let before = describe(&mut transaction).await?;
        let done = sqlx::query("DELETE FROM upstream").execute(&mut *transaction).await?.rows_affected();
        sqlx::query("DELETE FROM upstream_filter").execute(&mut *transaction).await?;
        if done > 0 {
            record_setting(&mut transaction, "clear upstream", before, by, now).await?;
        }
        transaction.commit().await?;
        Ok(done > 0)
    }

    /// Moves the anchors of categories and revisions, after everything that they cover is stored.
    /// Says `false`, and does nothing, if the setting has changed since `generation`.
    pub async fn advance_anchors(
        &self,
        configuration: &str,
        revisions: &str,
        generation: i64,
    ) -> Result<bool> {
        let done = sqlx::query(
            "UPDATE upstream SET configuration_anchor = $1, revision_anchor = $2 WHERE generation = $3",
        )
        .bind(configuration.to_owned())
        .bind(revisions.to_owned())
        .bind(generation)
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Forgets the anchors: the upstream server is another one than before ([MS-WSUSSS] 2.2.9.3).
    pub async fn reset_anchors(&self, generation: i64) -> Result<()> {
        sqlx::query(
            "UPDATE upstream SET configuration_anchor = NULL, revision_anchor = NULL, \
             deployment_anchor = NULL WHERE generation = $1",
        )
        .bind(generation)
        .execute(&self.write)
        .await?;
        Ok(())
    }
}

/// Whether the setting is still the one that a run began with.
pub(crate) async fn is_current(connection: &mut AnyConnection, generation: i64) -> Result<bool> {
    let row = sqlx::query("SELECT 1 FROM upstream WHERE generation = $1")
        .bind(generation)
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

/// The setting in words, for the record.
async fn describe(connection: &mut AnyConnection) -> Result<Option<String>> {
    let row = sqlx::query("SELECT url, mode FROM upstream").fetch_optional(&mut *connection).await?;
    let Some(row) = row else { return Ok(None) };
    let mode = match mode_from(row.try_get(1)?)? {
        UpstreamMode::Replica => "replica",
        UpstreamMode::Autonomous => "autonomous",
    };
    let mut words = format!("{mode} of {}", row.try_get::<String, _>(0)?);
    let filter = sqlx::query("SELECT value FROM upstream_filter ORDER BY kind, position")
        .fetch_all(&mut *connection)
        .await?;
    for row in &filter {
        words += ", ";
        words += &row.try_get::<String, _>(0)?;
    }
    Ok(Some(words))
}

async fn record_setting(
    connection: &mut AnyConnection,
    what: &str,
    before: Option<String>,
    by: &str,
    now: Timestamp,
) -> Result<()> {
    let after = describe(connection).await?;
    let (by, what) = (by.to_owned(), what.to_owned());
    record(
        connection,
        Change { at: now, by, what, update: None, group: None, detail: String::new(), before, after },
    )
    .await
}

fn mode_number(mode: UpstreamMode) -> i64 {
    match mode {
        UpstreamMode::Replica => 0,
        UpstreamMode::Autonomous => 1,
    }
}

fn mode_from(number: i64) -> Result<UpstreamMode> {
    match number {
        0 => Ok(UpstreamMode::Replica),
        1 => Ok(UpstreamMode::Autonomous),
        other => Err(Error::Row { table: "upstream", reason: format!("a mode {other}") }),
    }
}
