//! What a Linkage keeps in its folder: its key, and what its managing server gave it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_api::linkage::{Revocations, SignedRevocations};
use headwater_link::{Code, Key, KeyError, Paired, PublicKey, open_revocations};
use headwater_model::LinkageId;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("`{path}` cannot be read or written")]
    Io { path: PathBuf, source: io::Error },
    #[error("`{path}` is damaged; restore it from a backup, or delete it and pair this Linkage once more")]
    Damaged { path: PathBuf },
    #[error("no Linkage ran in `{folder}`; name its folder with --data")]
    None { folder: PathBuf },
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The file, whose bytes are in base64.
#[derive(Serialize, Deserialize)]
struct Kept {
    linkage: String,
    key: String,
    paired: Option<KeptPairing>,
    /// The managing server that revoked the key before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_by: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct KeptPairing {
    authority: String,
    manager_key: String,
    certificate: String,
    manager: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revocations: Option<SignedRevocations>,
}

/// What a Linkage knows of itself and of whom it trusts.
#[derive(Debug, Clone)]
struct Known {
    id: LinkageId,
    key: Arc<Key>,
    trusted: Option<Trusted>,
    revoked_by: Option<String>,
}

/// The managing server, and whom it trusts no more.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trusted {
    paired: Paired,
    revocations: Option<SignedRevocations>,
    revoked: Vec<LinkageId>,
}

impl Known {
    fn generate(revoked_by: Option<String>) -> Result<Self, StateError> {
        let mut id = [0; 16];
        SystemRandom::new().fill(&mut id).map_err(|_| KeyError::Damaged)?;
        id[6] = id[6] & 0x0f | 0x40;
        id[8] = id[8] & 0x3f | 0x80;
        let key = Arc::new(Key::generate()?);
        Ok(Self { id: LinkageId::from_bytes(id), key, trusted: None, revoked_by })
    }
}

/// The state with its file.
pub(crate) struct State {
    folder: PathBuf,
    known: Mutex<Known>,
}

const FILE: &str = "linkage.json";
/// The pairing code, for who may read the folder.
const CODE_FILE: &str = "pairing-code";

impl State {
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let path = folder.join(FILE);
        let damaged = || StateError::Damaged { path: path.clone() };
        let known = match std::fs::read(&path) {
            Ok(bytes) => {
                let kept: Kept = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
                let key = Key::from_secret(&STANDARD.decode(kept.key).map_err(|_| damaged())?)?;
                Known {
                    id: kept.linkage.parse().map_err(|_| damaged())?,
                    key: Arc::new(key),
                    trusted: kept.paired.map(|paired| read(paired).ok_or_else(damaged)).transpose()?,
                    revoked_by: kept.revoked_by,
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let known = Known::generate(None)?;
                write(folder, &known)?;
                known
            }
            Err(source) => return Err(StateError::Io { path, source }),
        };
        Ok(Self { folder: folder.to_owned(), known: Mutex::new(known) })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn id(&self) -> LinkageId {
        self.known().id
    }

    pub fn key(&self) -> Arc<Key> {
        self.known().key.clone()
    }

    pub fn paired(&self) -> Option<Paired> {
        self.known().trusted.as_ref().map(|trusted| trusted.paired.clone())
    }

    /// The managing server that revoked the key before this one, until it is paired again.
    pub fn revoked_by(&self) -> Option<String> {
        self.known().revoked_by.clone()
    }

    /// The list that the managing server signed.
    pub fn revocations(&self) -> Option<SignedRevocations> {
        self.known().trusted.as_ref().and_then(|trusted| trusted.revocations.clone())
    }

    pub fn is_revoked(&self, linkage: LinkageId) -> bool {
        self.known().trusted.as_ref().is_some_and(|trusted| trusted.revoked.contains(&linkage))
    }

    /// Keeps what was changed before anybody hears of it.
    fn change(&self, change: impl FnOnce(&mut Known)) -> Result<(), StateError> {
        let mut known = self.known();
        let mut next = known.clone();
        change(&mut next);
        write(&self.folder, &next)?;
        *known = next;
        Ok(())
    }

    pub fn pair(&self, paired: Paired) -> Result<(), StateError> {
        self.change(|known| {
            known.trusted = Some(Trusted { paired, revocations: None, revoked: Vec::new() });
            known.revoked_by = None;
        })?;
        self.show_code(None)
    }

    /// Uses another certificate, if it still has a managing server.
    pub fn renew(&self, renewed: Paired) -> Result<(), StateError> {
        self.change(|known| {
            if let Some(trusted) = &mut known.trusted {
                trusted.paired = renewed;
            }
        })
    }

    /// Keeps a list, unless it lacks one of the list before; says whether it was kept.
    pub fn revoke(&self, signed: SignedRevocations, list: Revocations) -> Result<bool, StateError> {
        let mut kept = false;
        self.change(|known| {
            let Some(trusted) = &mut known.trusted else { return };
            kept = trusted.revoked.iter().all(|one| list.linkages.contains(one));
            if kept {
                trusted.revocations = Some(signed);
                trusted.revoked = list.linkages;
            }
        })?;
        Ok(kept)
    }

    pub fn unpair(&self) -> Result<(), StateError> {
        self.change(|known| known.trusted = None)
    }

    /// With another key and id, and without a managing server.
    pub fn begin_anew(&self, revoked_by: Option<String>) -> Result<(), StateError> {
        let new = Known::generate(revoked_by)?;
        self.change(|known| *known = new)
    }

    /// Leaves the code where only the account of the Linkage reads it, or takes it away.
    pub fn show_code(&self, code: Option<&Code>) -> Result<(), StateError> {
        match code {
            Some(code) => write_secret(&self.folder.join(CODE_FILE), code.shown().as_bytes()),
            None => match std::fs::remove_file(self.folder.join(CODE_FILE)) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    Err(StateError::Io { path: self.folder.join(CODE_FILE), source })
                }
                _ => Ok(()),
            },
        }
    }
}

fn write(folder: &Path, known: &Known) -> Result<(), StateError> {
    let kept = Kept {
        linkage: known.id.to_string(),
        key: STANDARD.encode(known.key.secret()),
        paired: known.trusted.as_ref().map(|Trusted { paired, revocations, .. }| KeptPairing {
            authority: STANDARD.encode(&paired.authority),
            manager_key: STANDARD.encode(paired.manager_key.as_bytes()),
            certificate: STANDARD.encode(&paired.certificate),
            manager: paired.manager.clone(),
            revocations: revocations.clone(),
        }),
        revoked_by: known.revoked_by.clone(),
    };
    write_secret(&folder.join(FILE), &serde_json::to_vec_pretty(&kept).unwrap_or_default())
}

pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    headwater_app::write_secret(path, bytes)
        .map_err(|source| StateError::Io { path: path.to_owned(), source })
}

/// The code that a Linkage shows in its folder, if it waits for a managing server.
pub fn shown_code(folder: &Path) -> Result<Option<String>, StateError> {
    let path = folder.join(CODE_FILE);
    match std::fs::read_to_string(&path) {
        Ok(code) => Ok(Some(code)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StateError::Io { path, source }),
    }
}

/// The fingerprint of a Linkage, and the name of its managing server if it has one; nothing where none ran.
pub fn shown_identity(folder: &Path) -> Result<Option<(String, Option<String>)>, StateError> {
    if !folder.join(FILE).exists() {
        return Ok(None);
    }
    let state = State::open(folder)?;
    Ok(Some((state.key().public().fingerprint(), state.paired().map(|paired| paired.manager))))
}

/// Refuses a folder in which no Linkage ever ran, such as one that is misspelt.
pub fn must_have_run(folder: &Path) -> Result<(), StateError> {
    match folder.join(FILE).exists() {
        true => Ok(()),
        false => Err(StateError::None { folder: folder.to_owned() }),
    }
}

/// The same for a Linkage that does not run.
pub(crate) fn begin_anew(folder: &Path) -> Result<(), StateError> {
    State::open(folder)?.begin_anew(None)
}

fn read(kept: KeptPairing) -> Option<Trusted> {
    let paired = Paired {
        authority: STANDARD.decode(&kept.authority).ok()?,
        manager_key: PublicKey::from_bytes(STANDARD.decode(&kept.manager_key).ok()?).ok()?,
        certificate: STANDARD.decode(&kept.certificate).ok()?,
        manager: kept.manager,
    };
    let revoked = match &kept.revocations {
        Some(signed) => open_revocations(signed, &paired.manager_key).ok()?.linkages,
        None => Vec::new(),
    };
    Some(Trusted { paired, revocations: kept.revocations, revoked })
}

#[cfg(test)]
mod tests {
    use headwater_link::sign_revocations;

    use super::*;

    #[test]
    fn what_is_kept_is_there_at_the_next_start_and_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = State::open(folder.path()).expect("opens");
        let key = Key::generate().expect("a key");
        let paired = Paired {
            authority: vec![1],
            manager_key: key.public(),
            certificate: vec![2],
            manager: "hq".to_owned(),
        };
        let code = Code::generate().expect("a code");
        first.show_code(Some(&code)).expect("writes");
        assert_eq!(shown_code(folder.path()).expect("reads"), Some(code.shown()));
        first.pair(paired.clone()).expect("writes");
        assert_eq!(shown_code(folder.path()).expect("reads"), None);
        let shown = (first.key().public().fingerprint(), Some("hq".to_owned()));
        assert_eq!(shown_identity(folder.path()).expect("reads"), Some(shown));

        let second = State::open(folder.path()).expect("opens");
        assert_eq!((second.id(), second.paired()), (first.id(), Some(paired)));
        assert_eq!(second.key().public(), first.key().public());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(folder.path().join(FILE)).expect("a file").permissions().mode();
            assert_eq!(mode & 0o077, 0);
        }
        begin_anew(folder.path()).expect("forgets");
        let third = State::open(folder.path()).expect("opens");
        assert_eq!(third.paired(), None);
        assert_ne!((third.id(), third.key().public()), (first.id(), first.key().public()));
    }

    #[test]
    fn who_was_revoked_stays_so_whichever_list_comes_late() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = State::open(folder.path()).expect("opens");
        let manager = Key::generate().expect("a key");
        let paired = Paired {
            authority: vec![1],
            manager_key: manager.public(),
            certificate: vec![2],
            manager: "hq".to_owned(),
        };
        state.pair(paired).expect("writes");
        let ids = |numbers: &[u128]| numbers.iter().map(|n| LinkageId::from_u128(*n)).collect::<Vec<_>>();
        let revoke = |numbers: &[u128]| {
            let list = Revocations { linkages: ids(numbers) };
            let signed = sign_revocations(&list, &manager).expect("signs");
            state.revoke(signed, list).expect("writes")
        };
        assert!(revoke(&[7]));
        assert!(revoke(&[8, 7]));
        assert!(!revoke(&[7, 9]), "a list that lacks one is of earlier, or not the managing server's word");
        for state in [&state, &State::open(folder.path()).expect("opens")] {
            let revoked = ids(&[7, 8, 9]).into_iter().map(|id| state.is_revoked(id)).collect::<Vec<_>>();
            assert_eq!(revoked, [true, true, false]);
        }
    }

    #[test]
    fn a_damaged_file_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE), "{").expect("writes");
        let refused = State::open(folder.path()).err().expect("is refused");
        assert!(refused.to_string().contains("restore it from a backup"), "{refused}");
    }
}
