//! Who may administer: accounts and tokens, both as hashes, and wrong passwords. Roles and scopes are words
//! that are not looked into here.

use headwater_model::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Row};

use crate::history::{Change, record};
use crate::{Result, manager, rows};

/// The role that at least one account has which is not disabled.
const ADMINISTRATOR: &str = "administrator";

/// What an account may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub role: String,
    /// Names and ids of groups, each on a line; `None` for all.
    pub scope: Option<String>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    pub name: String,
    pub grant: Grant,
    pub disabled: bool,
    pub created_at: Timestamp,
    /// Its password, as it can be verified.
    pub password_hash: String,
}

/// Wrong passwords that were given for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    pub count: i64,
    /// The first of them.
    pub since: Timestamp,
    pub locked_until: Option<Timestamp>,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A person who signed in.
    Session,
    /// A program.
    Program,
    /// The commands on the server's own machine.
    Local,
}

impl TokenKind {
    fn number(self) -> i64 {
        match self {
            Self::Session => 0,
            Self::Program => 1,
            Self::Local => 2,
        }
    }

    fn of(number: i64) -> Result<Self> {
        [Self::Session, Self::Program, Self::Local]
            .into_iter()
            .find(|kind| kind.number() == number)
            .ok_or_else(|| crate::Error::Row {
                table: "tokens",
                reason: format!("a token of the kind {number}"),
            })
    }
}

/// A token, but for its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    pub kind: TokenKind,
    pub name: String,
    pub operator: String,
    /// The most that it may do.
    pub grant: Grant,
    pub description: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

/// A change of an account or a token, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountChange {
    pub at: Timestamp,
    pub by: String,
    pub what: &'static str,
    /// The account, or the token.
    pub detail: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// What became of a change of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountOutcome {
    Done,
    /// There is none of that name.
    Unknown,
    /// Nobody would be left who may do everything: nothing was changed.
    LastAdministrator,
}

/// Where a database keeps the record of what operators did.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Record {
    Changes,
    Audit,
}

/// The accounts and tokens of one server, whichever role it has.
#[derive(Debug, Clone)]
pub struct Operators {
    read: AnyPool,
    write: AnyPool,
    record: Record,
}

impl Operators {
    pub(crate) fn new(read: &AnyPool, write: &AnyPool, record: Record) -> Self {
        Self { read: read.clone(), write: write.clone(), record }
    }

    /// Adds an account unless one of that name exists; says whether it was added.
    pub async fn add_account(&self, new: &AccountRow, change: AccountChange) -> Result<bool> {
        let mut transaction = self.write.begin().await?;
        let done = sqlx::query(
            "INSERT INTO operators (name, password_hash, created_at, role, scope, disabled) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING",
        )
        .bind(rows::text(&new.name))
        .bind(new.password_hash.clone())
        .bind(new.created_at.as_micros())
        .bind(new.grant.role.clone())
        .bind(new.grant.scope.as_deref().map(rows::text))
        .bind(i64::from(new.disabled))
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.write_down(&mut transaction, change).await?;
        transaction.commit().await?;
        Ok(true)
    }

    pub async fn has_accounts(&self) -> Result<bool> {
        let row = sqlx::query("SELECT COUNT(*) FROM operators").fetch_one(&self.read).await?;
        Ok(row.try_get::<i64, _>(0)? > 0)
    }

    /// All accounts, by name.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>> {
        let sql =
            "SELECT name, role, scope, disabled, created_at, password_hash FROM operators ORDER BY name";
        sqlx::query(sql).fetch_all(&self.read).await?.iter().map(account).collect()
    }

    pub async fn account(&self, name: &str) -> Result<Option<AccountRow>> {
        let sql =
            "SELECT name, role, scope, disabled, created_at, password_hash FROM operators WHERE name = $1";
        let row = sqlx::query(sql).bind(rows::text(name)).fetch_optional(&self.read).await?;
        row.as_ref().map(account).transpose()
    }

    /// Gives an account another role and scope, or disables it, which ends its sessions.
    pub async fn change_account(
        &self,
        name: &str,
        grant: &Grant,
        disabled: bool,
        change: AccountChange,
    ) -> Result<AccountOutcome> {
        let mut transaction = self.write.begin().await?;
        let done = sqlx::query("UPDATE operators SET role = $1, scope = $2, disabled = $3 WHERE name = $4")
            .bind(grant.role.clone())
            .bind(grant.scope.as_deref().map(rows::text))
            .bind(i64::from(disabled))
            .bind(rows::text(name))
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(AccountOutcome::Unknown);
        }
        if disabled {
            end_sessions(&mut transaction, name).await?;
        }
        if !has_administrator(&mut transaction).await? {
            return Ok(AccountOutcome::LastAdministrator);
        }
        self.write_down(&mut transaction, change).await?;
        transaction.commit().await?;
        Ok(AccountOutcome::Done)
    }

    /// Gives an account another password, which ends its sessions and what is known of wrong ones.
    pub async fn set_password(
        &self,
        name: &str,
        password_hash: &str,
        change: AccountChange,
    ) -> Result<AccountOutcome> {
        let mut transaction = self.write.begin().await?;
        let done = sqlx::query("UPDATE operators SET password_hash = $1 WHERE name = $2")
            .bind(password_hash.to_owned())
            .bind(rows::text(name))
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(AccountOutcome::Unknown);
        }
        end_sessions(&mut transaction, name).await?;
        forget_failures(&mut transaction, name).await?;
        self.write_down(&mut transaction, change).await?;
        transaction.commit().await?;
        Ok(AccountOutcome::Done)
    }

    /// Removes an account with its tokens, but for the one of the server's own machine.
    pub async fn remove_account(&self, name: &str, change: AccountChange) -> Result<AccountOutcome> {
        let mut transaction = self.write.begin().await?;
        let done = sqlx::query("DELETE FROM operators WHERE name = $1")
            .bind(rows::text(name))
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(AccountOutcome::Unknown);
        }
        sqlx::query("DELETE FROM tokens WHERE operator = $1 AND kind <> $2")
            .bind(rows::text(name))
            .bind(TokenKind::Local.number())
            .execute(&mut *transaction)
            .await?;
        forget_failures(&mut transaction, name).await?;
        if !has_administrator(&mut transaction).await? {
            return Ok(AccountOutcome::LastAdministrator);
        }
        self.write_down(&mut transaction, change).await?;
        transaction.commit().await?;
        Ok(AccountOutcome::Done)
    }

    /// What is known of wrong passwords for a name.
    pub async fn failures(&self, name: &str) -> Result<Option<Failures>> {
        let sql = "SELECT failures, since, locked_until FROM sign_in_failures WHERE name = $1";
        let row = sqlx::query(sql).bind(rows::text(name)).fetch_optional(&self.read).await?;
        row.as_ref().map(|row| failures(row, 0)).transpose()
    }

    /// All names with wrong passwords.
    pub async fn all_failures(&self) -> Result<Vec<(String, Failures)>> {
        let sql = "SELECT name, failures, since, locked_until FROM sign_in_failures ORDER BY name";
        let found = sqlx::query(sql).fetch_all(&self.read).await?;
        found.iter().map(|row| Ok((row.try_get(0)?, failures(row, 1)?))).collect()
    }

    /// Counts one more wrong password as `decide` says, and forgets names whose last lock and first failure
    /// were before `forgotten`.
    pub async fn record_failure(
        &self,
        name: &str,
        forgotten: Timestamp,
        decide: impl FnOnce(Option<Failures>) -> Failures,
    ) -> Result<Failures> {
        let mut transaction = self.write.begin().await?;
        sqlx::query(
            "DELETE FROM sign_in_failures WHERE since < $1 AND (locked_until IS NULL OR locked_until < $1)",
        )
        .bind(forgotten.as_micros())
        .execute(&mut *transaction)
        .await?;
        let sql = "SELECT failures, since, locked_until FROM sign_in_failures WHERE name = $1";
        let row = sqlx::query(sql).bind(rows::text(name)).fetch_optional(&mut *transaction).await?;
        let now = decide(row.as_ref().map(|row| failures(row, 0)).transpose()?);
        sqlx::query(
            "INSERT INTO sign_in_failures (name, failures, since, locked_until) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, since = excluded.since, \
             locked_until = excluded.locked_until",
        )
        .bind(rows::text(name))
        .bind(now.count)
        .bind(now.since.as_micros())
        .bind(now.locked_until.map(Timestamp::as_micros))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(now)
    }

    /// Forgets the wrong passwords for a name, for the right one was given.
    pub async fn forget_failures(&self, name: &str) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        forget_failures(&mut transaction, name).await?;
        Ok(transaction.commit().await?)
    }

    /// The same because an operator says so.
    pub async fn unlock(&self, name: &str, change: AccountChange) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        forget_failures(&mut transaction, name).await?;
        self.write_down(&mut transaction, change).await?;
        Ok(transaction.commit().await?)
    }

    /// Adds a session or the local token by the SHA-256 of its text, in place of the operator's one of the
    /// same name.
    pub async fn add_token(&self, token_hash: &[u8; 32], new: &TokenRow) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        sqlx::query(
            "DELETE FROM tokens WHERE (kind = $1 AND name = $2 AND operator = $3) \
             OR (kind = $4 AND expires_at < $5)",
        )
        .bind(new.kind.number())
        .bind(rows::text(&new.name))
        .bind(rows::text(&new.operator))
        .bind(TokenKind::Session.number())
        .bind(new.created_at.as_micros())
        .execute(&mut *transaction)
        .await?;
        insert_token(&mut transaction, token_hash, new).await?;
        Ok(transaction.commit().await?)
    }

    /// Adds a token of a program; says whether its name was free.
    pub async fn add_program(
        &self,
        token_hash: &[u8; 32],
        new: &TokenRow,
        change: AccountChange,
    ) -> Result<bool> {
        let mut transaction = self.write.begin().await?;
        let taken = sqlx::query("SELECT COUNT(*) FROM tokens WHERE kind = $1 AND name = $2")
            .bind(TokenKind::Program.number())
            .bind(rows::text(&new.name))
            .fetch_one(&mut *transaction)
            .await?;
        if taken.try_get::<i64, _>(0)? > 0 {
            return Ok(false);
        }
        insert_token(&mut transaction, token_hash, new).await?;
        self.write_down(&mut transaction, change).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Ends a program's token; says whether there was one.
    pub async fn remove_program(&self, name: &str, change: AccountChange) -> Result<bool> {
        let mut transaction = self.write.begin().await?;
        let done = sqlx::query("DELETE FROM tokens WHERE kind = $1 AND name = $2")
            .bind(TokenKind::Program.number())
            .bind(rows::text(name))
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.write_down(&mut transaction, change).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The tokens of programs, by name.
    pub async fn programs(&self) -> Result<Vec<TokenRow>> {
        let sql = "SELECT kind, name, operator, role, scope, description, created_at, expires_at, last_used_at \
                   FROM tokens WHERE kind = $1 ORDER BY name";
        let found = sqlx::query(sql).bind(TokenKind::Program.number()).fetch_all(&self.read).await?;
        found.iter().map(token).collect()
    }

    pub async fn remove_token(&self, token_hash: &[u8; 32]) -> Result<()> {
        let sql = "DELETE FROM tokens WHERE token_hash = $1";
        sqlx::query(sql).bind(token_hash.to_vec()).execute(&self.write).await?;
        Ok(())
    }

    /// A token by the SHA-256 of its text.
    pub async fn token(&self, token_hash: &[u8; 32]) -> Result<Option<TokenRow>> {
        let sql = "SELECT kind, name, operator, role, scope, description, created_at, expires_at, last_used_at \
                   FROM tokens WHERE token_hash = $1";
        let row = sqlx::query(sql).bind(token_hash.to_vec()).fetch_optional(&self.read).await?;
        row.as_ref().map(token).transpose()
    }

    /// Remembers that a token is in use.
    pub async fn used_token(&self, token_hash: &[u8; 32], now: Timestamp) -> Result<()> {
        sqlx::query("UPDATE tokens SET last_used_at = $1 WHERE token_hash = $2")
            .bind(now.as_micros())
            .bind(token_hash.to_vec())
            .execute(&self.write)
            .await?;
        Ok(())
    }

    async fn write_down(&self, connection: &mut AnyConnection, change: AccountChange) -> Result<()> {
        let AccountChange { at, by, what, detail, before, after } = change;
        match self.record {
            Record::Audit => {
                let row =
                    manager::AuditRow { at, operator: by, what: what.to_owned(), detail, before, after };
                manager::audit(connection, &row).await
            }
            Record::Changes => {
                let (what, update, group) = (what.to_owned(), None, None);
                record(connection, Change { at, by, what, update, group, detail, before, after }).await
            }
        }
    }
}

async fn insert_token(connection: &mut AnyConnection, token_hash: &[u8; 32], new: &TokenRow) -> Result<()> {
    sqlx::query(
        "INSERT INTO tokens (token_hash, kind, name, operator, role, scope, description, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(token_hash.to_vec())
    .bind(new.kind.number())
    .bind(rows::text(&new.name))
    .bind(rows::text(&new.operator))
    .bind(new.grant.role.clone())
    .bind(new.grant.scope.as_deref().map(rows::text))
    .bind(rows::text(&new.description))
    .bind(new.created_at.as_micros())
    .bind(new.expires_at.map(Timestamp::as_micros))
    .execute(connection)
    .await?;
    Ok(())
}

async fn end_sessions(connection: &mut AnyConnection, name: &str) -> Result<()> {
    sqlx::query("DELETE FROM tokens WHERE operator = $1 AND kind = $2")
        .bind(rows::text(name))
        .bind(TokenKind::Session.number())
        .execute(connection)
        .await?;
    Ok(())
}

async fn forget_failures(connection: &mut AnyConnection, name: &str) -> Result<()> {
    let sql = "DELETE FROM sign_in_failures WHERE name = $1";
    sqlx::query(sql).bind(rows::text(name)).execute(connection).await?;
    Ok(())
}

async fn has_administrator(connection: &mut AnyConnection) -> Result<bool> {
    let sql = "SELECT COUNT(*) FROM operators WHERE role = $1 AND disabled = 0";
    let row = sqlx::query(sql).bind(ADMINISTRATOR).fetch_one(connection).await?;
    Ok(row.try_get::<i64, _>(0)? > 0)
}

fn account(row: &AnyRow) -> Result<AccountRow> {
    Ok(AccountRow {
        name: row.try_get(0)?,
        grant: Grant { role: row.try_get(1)?, scope: row.try_get(2)? },
        disabled: row.try_get::<i64, _>(3)? != 0,
        created_at: rows::time(row, 4)?,
        password_hash: row.try_get(5)?,
    })
}

fn token(row: &AnyRow) -> Result<TokenRow> {
    Ok(TokenRow {
        kind: TokenKind::of(row.try_get(0)?)?,
        name: row.try_get(1)?,
        operator: row.try_get(2)?,
        grant: Grant { role: row.try_get(3)?, scope: row.try_get(4)? },
        description: row.try_get(5)?,
        created_at: rows::time(row, 6)?,
        expires_at: rows::optional_time(row, 7)?,
        last_used_at: rows::optional_time(row, 8)?,
    })
}

fn failures(row: &AnyRow, first: usize) -> Result<Failures> {
    Ok(Failures {
        count: row.try_get(first)?,
        since: rows::time(row, first + 1)?,
        locked_until: rows::optional_time(row, first + 2)?,
    })
}

#[cfg(test)]
#[path = "operators_tests.rs"]
mod tests;
