//! Who may administer a server, whichever role it has: an account with a password, and tokens for programs.

mod passwords;

use std::net::IpAddr;
use std::sync::Arc;

use headwater_model::Timestamp;
use headwater_store::TokenOwner;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use passwords::{Passwords, hash};

/// Why somebody cannot be let in, or made known.
#[derive(Debug, thiserror::Error)]
pub enum OperatorsError {
    #[error("{0}")]
    Invalid(String),
    #[error("the database failed")]
    Store(#[from] headwater_store::Error),
    #[error("{0}")]
    Internal(&'static str),
}

type Result<T, E = OperatorsError> = std::result::Result<T, E>;

/// Someone who was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    pub name: String,
}

/// What a password was found to be that came with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordCheck {
    Right(Operator),
    Wrong,
    /// Too many wrong ones came from there: none is looked at for so many seconds.
    Later(i64),
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
/// The longest password that is looked at, in bytes.
const PASSWORD_BYTES_MAX: usize = 1024;
/// The shortest password that somebody may choose.
const PASSWORD_CHARS_MIN: usize = 12;

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

    /// Makes the first account if there is none, with the password given or a new one.
    pub async fn first_administrator(
        &self,
        given: Option<String>,
        now: Timestamp,
    ) -> Result<Option<FirstAdministrator>> {
        if self.store.has_operators().await? {
            return Ok(None);
        }
        let password = match given {
            Some(given) if (PASSWORD_CHARS_MIN..=PASSWORD_BYTES_MAX).contains(&given.len()) => given,
            Some(_) => {
                return Err(OperatorsError::Invalid(format!(
                    "the administrator's password has fewer than {PASSWORD_CHARS_MIN} characters, or more \
                     than {PASSWORD_BYTES_MAX}"
                )));
            }
            None => readable(&random::<20>()?),
        };
        let salt = random::<16>()?;
        let hashed = password.clone();
        let hash = tokio::task::spawn_blocking(move || hash(&hashed, &salt))
            .await
            .map_err(|_| OperatorsError::Internal("hashing was stopped"))??;
        self.store.add_operator(ADMINISTRATOR, &hash, now).await?;
        Ok(Some(FirstAdministrator { name: ADMINISTRATOR, password }))
    }

    /// A new token for the commands on this machine, in place of the last one.
    pub async fn local_token(&self, now: Timestamp) -> Result<String> {
        let owner = TokenOwner { operator: ADMINISTRATOR.to_owned(), expires_at: None };
        self.new_token(LOCAL_TOKEN, owner, now).await
    }

    /// Lets in who knows the password of an account.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<Option<(String, Timestamp)>> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Ok(None);
        }
        let stored = self.store.password_hash(name).await?;
        if !self.passwords.verify(password, stored).await? {
            return Ok(None);
        }
        let expires_at = now.plus_seconds(SESSION_SECONDS);
        let owner = TokenOwner { operator: name.to_owned(), expires_at: Some(expires_at) };
        let number = readable(&random::<8>()?);
        Ok(Some((self.new_token(&format!("session {number}"), owner, now).await?, expires_at)))
    }

    /// Looks at the password of a program that sends it with each request: hashed now and then only.
    pub async fn check_password(
        &self,
        name: &str,
        password: &str,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<PasswordCheck> {
        let right = || PasswordCheck::Right(Operator { name: name.to_owned() });
        if password.len() > PASSWORD_BYTES_MAX {
            return Ok(PasswordCheck::Wrong);
        }
        let stored = self.store.password_hash(name).await?;
        let proof = stored.as_deref().and_then(|stored| self.passwords.proof(name, password, stored));
        if proof.is_some_and(|proof| self.passwords.is_remembered(proof, now)) {
            return Ok(right());
        }
        if let Err(seconds) = self.passwords.owe(from, now) {
            return Ok(PasswordCheck::Later(seconds));
        }
        if !self.passwords.verify(password, stored).await? {
            return Ok(PasswordCheck::Wrong);
        }
        self.passwords.forgive(from);
        if let Some(proof) = proof {
            self.passwords.remember(proof, now);
        }
        Ok(right())
    }

    /// Who holds this token, if it is one and has not expired.
    pub async fn operator(&self, token: &str, now: Timestamp) -> Result<Option<Operator>> {
        let owner = self.store.token_owner(&token_hash(token)).await?;
        let alive = owner.filter(|owner| owner.expires_at.is_none_or(|end| end > now));
        Ok(alive.map(|owner| Operator { name: owner.operator }))
    }

    /// Ends a session: its token lets nobody in any more.
    pub async fn forget(&self, token: &str) -> Result<()> {
        Ok(self.store.remove_token(&token_hash(token)).await?)
    }

    async fn new_token(&self, name: &str, owner: TokenOwner, now: Timestamp) -> Result<String> {
        let token = readable(&random::<40>()?);
        self.store.add_token(&token_hash(&token), name, &owner, now).await?;
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
