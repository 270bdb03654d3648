//! Who may administer a server, whichever role it has, and how far: accounts with passwords, and tokens for
//! programs.

mod accounts;
mod lockout;
mod passwords;
mod permission;

use std::net::IpAddr;
use std::sync::Arc;

use headwater_api::Role;
use headwater_model::Timestamp;
use headwater_store::{Grant, TokenKind, TokenRow};
use headwater_words::operator::role as word;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use passwords::{Passwords, hash};

pub use permission::{Action, Asking, GroupPath, Operator, Refused, Scope, decide};

/// Why somebody cannot be let in, or made known.
#[derive(Debug, thiserror::Error)]
pub enum OperatorsError {
    /// A field of the request, by its name, is not accepted.
    #[error("{what}")]
    Invalid { field: &'static str, what: String },
    #[error("{0}")]
    NotFound(String),
    /// It is in order, and cannot be done as things are.
    #[error("{0}")]
    Conflict(String),
    #[error("the database failed")]
    Store(#[from] headwater_store::Error),
    #[error("{0}")]
    Internal(&'static str),
}

type Result<T, E = OperatorsError> = std::result::Result<T, E>;

/// Why a name and a password let nobody in. It is the same for a name that has an account and for one that
/// has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotLetIn {
    #[error("the name or the password is wrong")]
    Wrong,
    /// None is looked at for so many seconds, from that address
    #[error("too many wrong passwords came from there: try again in {0} s")]
    Later(i64),
    /// or for that name.
    #[error("too many wrong passwords were given for this name: no password is taken for {} min", minutes(*.0))]
    Locked(i64),
}

fn minutes(seconds: i64) -> i64 {
    (seconds + 59).div_euclid(60)
}

/// The token of somebody who signed in.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub token: String,
    pub expires_at: Timestamp,
}

/// The account that a new server makes, with a password that is shown once.
#[derive(Debug)]
pub struct FirstAdministrator {
    pub name: &'static str,
    pub password: String,
}

const ADMINISTRATOR: &str = "admin";
/// The name of the token that the commands on the server's own machine use.
const LOCAL_TOKEN: &str = "local commands";
const SESSION_SECONDS: i64 = 12 * 3600;
/// So long after the password was given nobody is asked for it again.
const PRESENT_SECONDS: i64 = 300;
/// The use of a program's token is written down no more often.
const USE_NOTED_SECONDS: i64 = 300;
/// The longest password that is looked at, in bytes.
const PASSWORD_BYTES_MAX: usize = 1024;
/// The shortest password that somebody may choose.
const PASSWORD_CHARS_MIN: usize = 12;
/// The longest name of an account or a token: what a table shows in a column.
const NAME_CHARS_MAX: usize = 64;

/// The accounts and tokens of a server.
#[derive(Debug, Clone)]
pub struct Operators {
    store: headwater_store::Operators,
    passwords: Arc<Passwords>,
}

impl Operators {
    pub fn new(store: headwater_store::Operators) -> Self {
        Self { store, passwords: Arc::new(Passwords::new()) }
    }

    pub async fn has_accounts(&self) -> Result<bool> {
        Ok(self.store.has_accounts().await?)
    }

    /// Makes the first account if there is none, with the password given or a new one.
    pub async fn first_administrator(
        &self,
        given: Option<String>,
        now: Timestamp,
    ) -> Result<Option<FirstAdministrator>> {
        if self.has_accounts().await? {
            return Ok(None);
        }
        let password = match given {
            Some(given) => given,
            None => readable(&random::<20>()?),
        };
        let new = headwater_api::NewOperator {
            name: ADMINISTRATOR.to_owned(),
            role: Role::Administrator,
            groups: Vec::new(),
            password: password.clone(),
        };
        self.create(&new, "headwater", now).await?;
        Ok(Some(FirstAdministrator { name: ADMINISTRATOR, password }))
    }

    /// A new token for the commands on this machine, in place of the last one. It may do everything, whatever
    /// becomes of accounts.
    pub async fn local_token(&self, now: Timestamp) -> Result<String> {
        self.new_token(TokenKind::Local, LOCAL_TOKEN, ADMINISTRATOR, None, now).await
    }

    /// Lets in who knows the password of an account.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<Result<SignedIn, NotLetIn>> {
        let operator = match self.check_password(name, password, from, now).await? {
            Ok(operator) => operator,
            Err(kept) => return Ok(Err(kept)),
        };
        let expires_at = now.plus_seconds(SESSION_SECONDS);
        let number = format!("session {}", readable(&random::<8>()?));
        let token =
            self.new_token(TokenKind::Session, &number, &operator.name, Some(expires_at), now).await?;
        Ok(Ok(SignedIn { token, expires_at }))
    }

    /// Looks at the password of an account. One that comes with each request is hashed now and then only.
    pub async fn check_password(
        &self,
        name: &str,
        password: &str,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<Result<Operator, NotLetIn>> {
        if password.len() > PASSWORD_BYTES_MAX || name.chars().count() > NAME_CHARS_MAX {
            return Ok(Err(NotLetIn::Wrong));
        }
        let failures = self.store.failures(name).await?;
        let locked = |until| Ok(Err(NotLetIn::Locked(passwords::seconds_between(now, until))));
        if let Some(until) = lockout::locked_until(failures.as_ref(), now) {
            return locked(until);
        }
        let account = self.store.account(name).await?.filter(|account| !account.disabled);
        let stored = account.as_ref().map(|account| account.password_hash.clone());
        let proof = stored.as_deref().and_then(|stored| self.passwords.proof(name, password, stored));
        let right = account.as_ref().map(accounts::operator).transpose()?;
        if let (Some(proof), Some(operator)) = (proof, &right)
            && self.passwords.is_remembered(proof, now)
        {
            return Ok(Ok(operator.clone()));
        }
        if let Err(seconds) = self.passwords.owe(from, now) {
            return Ok(Err(NotLetIn::Later(seconds)));
        }
        let is_right = self.passwords.verify(password, stored).await?;
        // Others may have guessed meanwhile: a guess that was right counts for nothing then.
        let failures = self.store.failures(name).await?;
        if let Some(until) = lockout::locked_until(failures.as_ref(), now) {
            return locked(until);
        }
        let Some(operator) = right.filter(|_| is_right) else {
            let forgotten = now.plus_seconds(-lockout::WITHIN_SECONDS);
            let one_more = |known| lockout::one_more(known, now);
            let failures = self.store.record_failure(name, forgotten, one_more).await?;
            if lockout::locked_until(Some(&failures), now).is_some() {
                // Without the name: people mistake its field for that of the password.
                tracing::warn!(%from, "a name is locked: too many wrong passwords were given for it");
            }
            return Ok(Err(NotLetIn::Wrong));
        };
        self.passwords.forgive(from);
        if failures.is_some() {
            self.store.forget_failures(name).await?;
        }
        if let Some(proof) = proof {
            self.passwords.remember(proof, now);
        }
        Ok(Ok(operator))
    }

    /// Who holds this token, if it is one, has not expired, and its operator may sign in.
    pub async fn operator(&self, token: &str, now: Timestamp) -> Result<Option<Operator>> {
        let hash = token_hash(token);
        let Some(row) = self.store.token(&hash).await? else { return Ok(None) };
        if row.expires_at.is_some_and(|end| end <= now) {
            return Ok(None);
        }
        if row.kind == TokenKind::Local {
            return Ok(Some(Operator::administrator(&row.operator)));
        }
        let account = self.store.account(&row.operator).await?.filter(|account| !account.disabled);
        let Some(account) = account else { return Ok(None) };
        let used = row.last_used_at.map(|at| at.plus_seconds(USE_NOTED_SECONDS));
        if row.kind == TokenKind::Program && used.is_none_or(|noted| noted <= now) {
            self.store.used_token(&hash, now).await?;
        }
        let (own, most) = (accounts::operator(&account)?, accounts::granted(&row.grant)?);
        Ok(Some(Operator { name: own.name, role: own.role.min(most.0), scope: own.scope.and(most.1) }))
    }

    /// Whether whoever shows this token gave the password a moment ago, or is on this machine as the user whom the
    /// server runs as. Whatever gives somebody access asks for that: a token that was stolen is not enough.
    pub async fn is_present(&self, token: &str, now: Timestamp) -> Result<bool> {
        let row = self.store.token(&token_hash(token)).await?;
        Ok(row.is_some_and(|row| match row.kind {
            TokenKind::Local => true,
            TokenKind::Session => row.created_at > now.plus_seconds(-PRESENT_SECONDS),
            TokenKind::Program => false,
        }))
    }

    /// Ends a session: its token lets nobody in any more.
    pub async fn forget(&self, token: &str) -> Result<()> {
        Ok(self.store.remove_token(&token_hash(token)).await?)
    }

    async fn new_token(
        &self,
        kind: TokenKind,
        name: &str,
        operator: &str,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<String> {
        let token = readable(&random::<40>()?);
        let row = TokenRow {
            kind,
            name: name.to_owned(),
            operator: operator.to_owned(),
            grant: Grant { role: word(Role::Administrator).to_owned(), scope: None },
            description: String::new(),
            created_at: now,
            expires_at,
            last_used_at: None,
        };
        self.store.add_token(&token_hash(&token), &row).await?;
        Ok(token)
    }
}

/// Random bytes of the system.
fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| OperatorsError::Internal("the system has no randomness"))?;
    Ok(bytes)
}

fn token_hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

/// Five bits of each random byte, in letters and digits that are not mistaken for each other.
fn readable(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    bytes.iter().map(|byte| LETTERS[usize::from(byte & 31)] as char).collect()
}

#[cfg(test)]
mod tests;
