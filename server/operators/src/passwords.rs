//! Passwords, which are known by their hashes only. To hash takes much memory and time on purpose: so few
//! are hashed at once, what was verified is remembered for a while, and who guesses has to wait.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use headwater_model::Timestamp;
use ring::hmac;
use ring::rand::SystemRandom;
use tokio::sync::Semaphore;

use crate::{OperatorsError, Result};

/// Passwords that are hashed at the same time: each takes 19 MB and a processor.
const HASHING_MAX: usize = 2;
/// How long a password that comes with each request is not hashed again.
const REMEMBERED_SECONDS: i64 = 300;
/// Verified passwords that are remembered: many more than a server has operators.
const REMEMBERED_MAX: usize = 256;
/// A try that fails is a debt of its address, which is paid off by waiting so long,
const TRY_SECONDS: i64 = 10;
/// and so many tries may be owed: enough for a mistyped password, and 8,640 guesses a day after that.
const TRIES_OWED_MAX: i64 = 5;
/// Addresses whose debts are known; beyond that the smallest debt is forgotten.
const ADDRESSES_MAX: usize = 4_096;

/// What a server knows of passwords beyond their hashes; lost when it stops.
#[derive(Debug)]
pub(crate) struct Passwords {
    /// Of this process only; without one nothing is remembered.
    key: Option<hmac::Key>,
    hashing: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When each was verified.
    verified: HashMap<Proof, Timestamp>,
    /// When each address has paid off what it owes.
    debts: HashMap<IpAddr, Timestamp>,
}

/// An account, its hash and a password, in a form from which none of them can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Proof([u8; 32]);

impl Passwords {
    pub fn new() -> Self {
        Self {
            key: hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok(),
            hashing: Arc::new(Semaphore::new(HASHING_MAX)),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is the password behind the hash.
    pub async fn verify(&self, password: &str, stored: Option<String>) -> Result<bool> {
        const STOPPED: OperatorsError = OperatorsError::Internal("hashing was stopped");
        let place = self.hashing.clone().acquire_owned().await.map_err(|_| STOPPED)?;
        let password = password.to_owned();
        let verified = tokio::task::spawn_blocking(move || {
            // Held to the end of the work, which goes on even if nobody waits for it any more.
            let _place = place;
            verify(&password, stored.as_deref())
        });
        verified.await.map_err(|_| STOPPED)
    }

    /// Another password or another hash is another proof: whoever changes a password ends what is
    /// remembered of it.
    pub fn proof(&self, name: &str, password: &str, stored: &str) -> Option<Proof> {
        let mut context = hmac::Context::with_key(self.key.as_ref()?);
        for text in [name, password, stored] {
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        }
        let mut proof = [0; 32];
        proof.copy_from_slice(context.sign().as_ref());
        Some(Proof(proof))
    }

    pub fn is_remembered(&self, proof: Proof, now: Timestamp) -> bool {
        self.state().verified.get(&proof).is_some_and(|since| is_fresh(*since, now))
    }

    pub fn remember(&self, proof: Proof, now: Timestamp) {
        let verified = &mut self.state().verified;
        verified.retain(|_, since| is_fresh(*since, now));
        if verified.len() < REMEMBERED_MAX {
            verified.insert(proof, now);
        }
    }

    /// Lets an address try, and has it owe for that until [`Passwords::forgive`]. Where it owes too
    /// much, the answer is how many seconds it has to wait.
    pub fn owe(&self, from: IpAddr, now: Timestamp) -> Result<(), i64> {
        let from = network(from);
        let debts = &mut self.state().debts;
        debts.retain(|_, paid| *paid > now);
        let paid = debts.get(&from).copied().unwrap_or(now).plus_seconds(TRY_SECONDS);
        let too_much = seconds_between(now, paid) - TRIES_OWED_MAX * TRY_SECONDS;
        if too_much > 0 {
            return Err(too_much);
        }
        if debts.len() >= ADDRESSES_MAX
            && let Some(least) = debts.iter().min_by_key(|(_, paid)| **paid).map(|(address, _)| *address)
        {
            debts.remove(&least);
        }
        debts.insert(from, paid);
        Ok(())
    }

    /// Takes back what one try made an address owe.
    pub fn forgive(&self, from: IpAddr) {
        if let Some(paid) = self.state().debts.get_mut(&network(from)) {
            *paid = paid.plus_seconds(-TRY_SECONDS);
        }
    }
}

/// A clock that was set back makes nothing fresh.
fn is_fresh(since: Timestamp, now: Timestamp) -> bool {
    since <= now && now < since.plus_seconds(REMEMBERED_SECONDS)
}

/// Whole seconds, rounded up.
pub(crate) fn seconds_between(from: Timestamp, to: Timestamp) -> i64 {
    (to.as_micros() - from.as_micros() + 999_999).div_euclid(1_000_000)
}

/// Whoever has an IPv6 address has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

pub(crate) fn hash(password: &str, salt: &[u8]) -> Result<String> {
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

    const NOW: Timestamp = Timestamp::EPOCH;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_password_is_known_by_its_hash_only() {
        let stored = hash("correct horse", &[7; 16]).expect("hashes");
        assert!(!stored.contains("horse"));
        assert!(verify("correct horse", Some(&stored)));
        assert!(!verify("correct hors", Some(&stored)));
        assert!(!verify("", None));
    }

    #[test]
    fn what_was_verified_is_remembered_for_five_minutes_and_for_this_password_only() {
        let passwords = Passwords::new();
        let proof = |name, password, hash| passwords.proof(name, password, hash).expect("randomness");
        let known = proof("anna", "secret", "hash");
        assert!(!format!("{known:?}").contains("secret"));
        passwords.remember(known, NOW);
        assert!(passwords.is_remembered(known, NOW.plus_seconds(299)));
        assert!(!passwords.is_remembered(known, NOW.plus_seconds(300)));
        assert!(!passwords.is_remembered(known, NOW.plus_seconds(-1)));
        for (name, password, hash) in
            [("anna", "secre", "hash"), ("ann", "asecret", "hash"), ("anna", "secret", "new hash")]
        {
            assert!(!passwords.is_remembered(proof(name, password, hash), NOW), "{name} {password} {hash}");
        }
        let elsewhere = Passwords::new().proof("anna", "secret", "hash").expect("randomness");
        assert_ne!(elsewhere, known, "another process has another key");
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let passwords = Passwords::new();
        for number in 0..2 * REMEMBERED_MAX {
            passwords.remember(passwords.proof(&number.to_string(), "", "").expect("randomness"), NOW);
        }
        assert_eq!(passwords.state().verified.len(), REMEMBERED_MAX);
        for number in 0..2 * ADDRESSES_MAX as u32 {
            passwords.owe(IpAddr::V4(number.into()), NOW).expect("a first try");
        }
        assert_eq!(passwords.state().debts.len(), ADDRESSES_MAX);
    }

    #[test]
    fn who_guesses_waits_and_nobody_else() {
        let passwords = Passwords::new();
        let guesser = address("2001:db8::1");
        for _ in 0..5 {
            assert_eq!(passwords.owe(guesser, NOW), Ok(()));
        }
        assert_eq!(passwords.owe(guesser, NOW), Err(10));
        assert_eq!(passwords.owe(address("2001:db8::ffff"), NOW), Err(10), "the same network");
        assert_eq!(passwords.owe(address("2001:db8:0:1::1"), NOW), Ok(()));
        assert_eq!(passwords.owe(guesser, NOW.plus_seconds(10)), Ok(()));
        assert_eq!(passwords.owe(guesser, NOW.plus_seconds(10)), Err(10));
        passwords.forgive(guesser);
        assert_eq!(passwords.owe(guesser, NOW.plus_seconds(10)), Ok(()), "a right password is no guess");
    }
}
