//! Who may administer: accounts and tokens, both as hashes.

use headwater_model::Timestamp;
use sqlx::{AnyPool, Row};

use crate::{Result, rows};

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenOwner {
    pub operator: String,
    pub expires_at: Option<Timestamp>,
}

/// The accounts and tokens of one server, whichever role it has.
#[derive(Debug, Clone)]
pub struct Operators {
    read: AnyPool,
    write: AnyPool,
}

impl Operators {
    pub(crate) fn new(read: &AnyPool, write: &AnyPool) -> Self {
        Self { read: read.clone(), write: write.clone() }
    }

    /// Adds an account unless one of that name exists; says whether it was added.
    pub async fn add_operator(&self, name: &str, password_hash: &str, now: Timestamp) -> Result<bool> {
        let done = sqlx::query(
            "INSERT INTO operators (name, password_hash, created_at) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO NOTHING",
        )
        .bind(name.to_owned())
        .bind(password_hash.to_owned())
        .bind(now.as_micros())
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    pub async fn has_operators(&self) -> Result<bool> {
        let row = sqlx::query("SELECT COUNT(*) FROM operators").fetch_one(&self.read).await?;
        Ok(row.try_get::<i64, _>(0)? > 0)
    }

    pub async fn password_hash(&self, name: &str) -> Result<Option<String>> {
        let row = sqlx::query("SELECT password_hash FROM operators WHERE name = $1")
            .bind(rows::text(name))
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| Ok(row.try_get(0)?)).transpose()
    }

    /// Adds a token by the SHA-256 of its text, in place of the operator's one of the same name.
    pub async fn add_token(
        &self,
        token_hash: &[u8; 32],
        name: &str,
        owner: &TokenOwner,
        now: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        sqlx::query("DELETE FROM tokens WHERE (name = $1 AND operator = $2) OR expires_at < $3")
            .bind(name.to_owned())
            .bind(owner.operator.clone())
            .bind(now.as_micros())
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO tokens (token_hash, name, operator, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(token_hash.to_vec())
        .bind(name.to_owned())
        .bind(owner.operator.clone())
        .bind(now.as_micros())
        .bind(owner.expires_at.map(Timestamp::as_micros))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn remove_token(&self, token_hash: &[u8; 32]) -> Result<()> {
        let sql = "DELETE FROM tokens WHERE token_hash = $1";
        sqlx::query(sql).bind(token_hash.to_vec()).execute(&self.write).await?;
        Ok(())
    }

    pub async fn token_owner(&self, token_hash: &[u8; 32]) -> Result<Option<TokenOwner>> {
        let row = sqlx::query("SELECT operator, expires_at FROM tokens WHERE token_hash = $1")
            .bind(token_hash.to_vec())
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| Ok(TokenOwner { operator: row.try_get(0)?, expires_at: rows::optional_time(&row, 1)? }))
            .transpose()
    }
}
