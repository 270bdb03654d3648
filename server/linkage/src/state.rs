//! What a Linkage keeps in its folder: its key, and what its managing server gave it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_link::{Code, Key, KeyError, Paired, PublicKey};
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
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The file, whose bytes are in base64.
#[derive(Serialize, Deserialize)]
struct Kept {
    linkage: String,
    key: String,
    paired: Option<KeptPairing>,
}

#[derive(Serialize, Deserialize)]
struct KeptPairing {
    authority: String,
    manager_key: String,
    certificate: String,
    manager: String,
}

/// The state with its file.
pub(crate) struct State {
    folder: PathBuf,
    id: LinkageId,
    key: Key,
    paired: Mutex<Option<Paired>>,
}

const FILE: &str = "linkage.json";
/// The pairing code, for who may read the folder.
const CODE_FILE: &str = "pairing-code";

impl State {
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let path = folder.join(FILE);
        let damaged = || StateError::Damaged { path: path.clone() };
        match std::fs::read(&path) {
            Ok(bytes) => {
                let kept: Kept = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
                let key = Key::from_secret(&STANDARD.decode(kept.key).map_err(|_| damaged())?)?;
                let id = kept.linkage.parse().map_err(|_| damaged())?;
                let paired = kept.paired.map(|paired| read(&paired).ok_or_else(damaged)).transpose()?;
                Ok(Self { folder: folder.to_owned(), id, key, paired: Mutex::new(paired) })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut id = [0; 16];
                SystemRandom::new().fill(&mut id).map_err(|_| KeyError::Damaged)?;
                id[6] = id[6] & 0x0f | 0x40;
                id[8] = id[8] & 0x3f | 0x80;
                let state = Self {
                    folder: folder.to_owned(),
                    id: LinkageId::from_bytes(id),
                    key: Key::generate()?,
                    paired: Mutex::new(None),
                };
                state.write(None)?;
                Ok(state)
            }
            Err(source) => Err(StateError::Io { path, source }),
        }
    }

    pub fn id(&self) -> LinkageId {
        self.id
    }

    pub fn key(&self) -> &Key {
        &self.key
    }

    pub fn paired(&self) -> Option<Paired> {
        self.paired.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn pair(&self, paired: Paired) -> Result<(), StateError> {
        self.write(Some(&paired))?;
        self.show_code(None)?;
        *self.paired.lock().unwrap_or_else(PoisonError::into_inner) = Some(paired);
        Ok(())
    }

    pub fn unpair(&self) -> Result<(), StateError> {
        self.write(None)?;
        *self.paired.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    /// Leaves the code where only the account of the Linkage reads it, or takes it away.
    pub fn show_code(&self, code: Option<&Code>) -> Result<(), StateError> {
        match code {
            Some(code) => self.write_secret(CODE_FILE, code.shown().as_bytes()),
            None => match std::fs::remove_file(self.folder.join(CODE_FILE)) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    Err(StateError::Io { path: self.folder.join(CODE_FILE), source })
                }
                _ => Ok(()),
            },
        }
    }

    fn write(&self, paired: Option<&Paired>) -> Result<(), StateError> {
        let kept = Kept {
            linkage: self.id.to_string(),
            key: STANDARD.encode(self.key.secret()),
            paired: paired.map(|paired| KeptPairing {
                authority: STANDARD.encode(&paired.authority),
                manager_key: STANDARD.encode(paired.manager_key.as_bytes()),
                certificate: STANDARD.encode(&paired.certificate),
                manager: paired.manager.clone(),
            }),
        };
        self.write_secret(FILE, &serde_json::to_vec_pretty(&kept).unwrap_or_default())
    }

    fn write_secret(&self, name: &str, bytes: &[u8]) -> Result<(), StateError> {
        let path = self.folder.join(name);
        headwater_app::write_secret(&path, bytes).map_err(|source| StateError::Io { path, source })
    }
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

/// Forgets the managing server of a Linkage that does not run.
pub fn forget_manager(folder: &Path) -> Result<(), StateError> {
    State::open(folder)?.unpair()
}

fn read(kept: &KeptPairing) -> Option<Paired> {
    Some(Paired {
        authority: STANDARD.decode(&kept.authority).ok()?,
        manager_key: PublicKey::from_bytes(STANDARD.decode(&kept.manager_key).ok()?).ok()?,
        certificate: STANDARD.decode(&kept.certificate).ok()?,
        manager: kept.manager.clone(),
    })
}

#[cfg(test)]
mod tests {
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
        forget_manager(folder.path()).expect("forgets");
        assert_eq!(State::open(folder.path()).expect("opens").paired(), None);
    }

    #[test]
    fn a_damaged_file_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE), "{").expect("writes");
        let refused = State::open(folder.path()).err().expect("is refused");
        assert!(refused.to_string().contains("restore it from a backup"), "{refused}");
    }
}
