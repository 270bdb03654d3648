//! Folders and files for the server's account alone, by the means of each system.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;
#[cfg(windows)]
pub use windows::{ADMINISTRATORS, SYSTEM, icacls};

/// Makes the folder, for the server's account alone: it holds keys. One that is there stays as it is.
pub fn make_private(folder: &Path) -> io::Result<()> {
    platform::make_private(folder)
}

/// Writes a file that nobody else can read, in place of an earlier one.
pub fn write_secret(path: &Path, secret: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    let mut file = platform::for_owner_only(&mut options).open(&fresh)?;
    file.write_all(secret)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    // Or the earlier one is there again after the power failed.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    headwater_content::sync_folder(folder.unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_takes_the_place_of_an_earlier_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("a/b");
        make_private(&inner).expect("is made");
        make_private(&inner).expect("is there");
        let path = inner.join("key.pem");
        for secret in ["first, which is longer", "second"] {
            write_secret(&path, secret.as_bytes()).expect("is written");
            assert_eq!(std::fs::read_to_string(&path).expect("is read"), secret);
        }
        assert_eq!(std::fs::read_dir(&inner).expect("is read").count(), 1);
    }
}
