//! Who may administer a server, whichever role it has: an account with a password, and tokens for programs.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use headwater_model::Timestamp;
use headwater_store::TokenOwner;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

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
}

impl Operators {
    pub fn new(store: headwater_store::Operators) -> Self {
        Self { store }
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
        let password = password.to_owned();
        let known = tokio::task::spawn_blocking(move || verify(&password, stored.as_deref()))
            .await
            .map_err(|_| OperatorsError::Internal("hashing was stopped"))?;
        if !known {
            return Ok(None);
        }
        let expires_at = now.plus_seconds(SESSION_SECONDS);
        let owner = TokenOwner { operator: name.to_owned(), expires_at: Some(expires_at) };
        let number = readable(&random::<8>()?);
        Ok(Some((self.new_token(&format!("session {number}"), owner, now).await?, expires_at)))
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

fn hash(password: &str, salt: &[u8]) -> Result<String> {
    let failed = |_| OperatorsError::Internal("the password could not be hashed");
    let salt = SaltString::encode_b64(salt).map_err(failed)?;
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt).map_err(failed)?.to_string())
}

/// Takes about the same time whether or not the account exists.
fn verify(password: &str, stored: Option<&str>) -> bool {
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                          AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    match PasswordHash::new(stored.unwrap_or(NOBODY)) {
        Ok(hash) => Argon2::default().verify_password(password.as_bytes(), &hash).is_ok(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_only() {
        let stored = hash("correct horse", &[7; 16]).expect("hashes");
        assert!(!stored.contains("horse"));
        assert!(verify("correct horse", Some(&stored)));
        assert!(!verify("correct hors", Some(&stored)));
        assert!(!verify("", None));
    }
}
