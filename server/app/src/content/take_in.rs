//! Taking in the files of a package that lies on this machine.

use std::collections::HashSet;
use std::sync::Arc;

use headwater_content::{Error, FileDigests};
use headwater_model::Sha1Digest;
use headwater_packages::PackedFile;

use super::{Content, expected};
use crate::error::AppError;
use crate::live::Served;

/// What became of a file.
#[derive(Debug)]
pub(crate) enum TakenIn {
    /// It is in the folder now, and still to be noted.
    Added(FileDigests),
    /// It was here before.
    Held,
    /// It belongs to no update, for this reason.
    Refused(String),
}

/// What the updates of a catalogue announce of their files.
pub(crate) struct Announced {
    served: Arc<Served>,
    sizes: HashSet<u64>,
}

impl Announced {
    pub fn by(served: Arc<Served>) -> Self {
        let sizes = served.catalogue.files().map(|file| file.size_bytes).collect();
        Self { served, sizes }
    }
}

impl Content {
    /// Reads a file, and keeps it if an update announces its digests. Waits for the disk.
    pub fn take_in(&self, announced: &Announced, packed: PackedFile<'_>) -> Result<TakenIn, AppError> {
        let catalogue = &announced.served.catalogue;
        let named = name_on_the_wire(&packed.name).and_then(|sha1| catalogue.file(sha1));
        if named.is_some_and(|file| file.size_bytes == packed.size_bytes && self.holds(file)) {
            return Ok(TakenIn::Held);
        }
        if !announced.sizes.contains(&packed.size_bytes) {
            return Ok(TakenIn::Refused(match named {
                Some(file) => {
                    format!("it has {} bytes, its update announces {}", packed.size_bytes, file.size_bytes)
                }
                None => format!("no update of the catalogue has a file of {} bytes", packed.size_bytes),
            }));
        }
        let mut found = None;
        let received = self.files.receive(packed.bytes, packed.size_bytes, |digests| {
            found = Some(digests.sha1);
            catalogue.file(digests.sha1).map(expected)
        });
        match received {
            Ok(Some(digests)) => {
                let held = self.held().get(&digests.sha1).map(|held| held.sha256);
                Ok(if held == Some(digests.sha256) { TakenIn::Held } else { TakenIn::Added(digests) })
            }
            Ok(None) => {
                let found = found.map(|sha1| sha1.to_string()).unwrap_or_default();
                Ok(TakenIn::Refused(match named {
                    Some(_) => format!("it is named after a file of an update, but its SHA-1 is {found}"),
                    None => format!("no update of the catalogue names its SHA-1 {found}"),
                }))
            }
            Err(error @ (Error::WrongSha256 { .. } | Error::Incomplete { .. })) => {
                Ok(TakenIn::Refused(error.to_string()))
            }
            Err(Error::Unreadable(source)) => Err(AppError::Io { path: packed.name, source }),
            Err(error) => Err(error.into()),
        }
    }
}

/// The SHA-1 in a file's name: alone, as in content folders (fact 34), or at its end after `_`, as Microsoft
/// names what is downloaded (fact 48).
fn name_on_the_wire(name: &str) -> Option<Sha1Digest> {
    let file = name.rsplit(['/', '\\']).next()?;
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    stem.rsplit('_').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_tell_the_digest() {
        let digest = "86542c97261c46d5b379a43ec895f97eaf409ba2".parse().ok();
        for name in [
            "A2/86542C97261C46D5B379A43EC895F97EAF409BA2.cab",
            r"WsusContent\A2\86542C97261C46D5B379A43EC895F97EAF409BA2.cab",
            "windows10.0-kb5000_86542c97261c46d5b379a43ec895f97eaf409ba2.cab",
            "86542c97261c46d5b379a43ec895f97eaf409ba2",
        ] {
            assert_eq!(name_on_the_wire(name), digest, "{name}");
        }
        for name in ["", "update.cab", "86542c97.cab", "86542c97261c46d5b379a43ec895f97eaf409ba2/update.cab"]
        {
            assert_eq!(name_on_the_wire(name), None, "{name}");
        }
    }
}
