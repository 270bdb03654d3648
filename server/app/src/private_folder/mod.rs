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

/// Writes a file that nobody else can read, in place of an earlier one. It belongs to whom its folder does: a command
/// of the administrator's leaves nothing that the service cannot read.
pub fn write_secret(path: &Path, secret: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    // Whoever may write into the folder may have put a link there, to a file that is none of theirs.
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = platform::for_owner_only(&mut options).open(&fresh)?;
    file.write_all(secret)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    platform::give_to_owner_of(folder, &file)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    // Or the earlier one is there again after the power failed.
    headwater_content::sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_secret_belongs_to_whom_its_folder_does() {
        use std::os::unix::fs::{MetadataExt as _, chown};

        let folder = tempfile::tempdir().expect("a folder");
        let is_root = folder.path().metadata().expect("is there").uid() == 0;
        let owner =
            if is_root { (4711, 4712) } else { (folder.path().metadata().expect("is there").uid(), 0) };
        if is_root {
            chown(folder.path(), Some(owner.0), Some(owner.1)).expect("is given away");
        }
        let path = folder.path().join("linkage.json");
        write_secret(&path, b"secret").expect("is written");
        let written = path.metadata().expect("is there");
        assert_eq!((written.uid(), written.mode() & 0o777), (owner.0, 0o600));
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_follows_no_link_and_takes_no_rights_of_what_was_there() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        let folder = tempfile::tempdir().expect("a folder");
        let (path, fresh) = (folder.path().join("linkage.json"), folder.path().join("linkage.new"));
        let other = folder.path().join("passwd");
        std::fs::write(&other, "root").expect("is written");
        symlink(&other, &fresh).expect("is linked");
        write_secret(&path, b"secret").expect("is written");
        assert_eq!(std::fs::read_to_string(&other).expect("is read"), "root");
        std::fs::write(&fresh, "half").expect("is written");
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o666)).expect("is opened");
        write_secret(&path, b"secret").expect("is written");
        let mode = path.metadata().expect("is there").permissions().mode();
        assert_eq!((mode & 0o777, std::fs::read(&path).expect("is read")), (0o600, b"secret".to_vec()));
    }

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
