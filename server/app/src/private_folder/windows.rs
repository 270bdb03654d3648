use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// LocalSystem, by its identifier: names differ between languages of Windows.
pub const SYSTEM: &str = "*S-1-5-18";
/// The group of administrators of the machine.
pub const ADMINISTRATORS: &str = "*S-1-5-32-544";
/// Whoever owns the file or folder (OWNER RIGHTS).
const OWNER: &str = "*S-1-3-4";

/// Whoever makes the folder owns it; what is made inside inherits its rights.
pub fn make_private(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    let grants = [OWNER, SYSTEM, ADMINISTRATORS].map(|who| format!("{who}:(OI)(CI)F"));
    let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
    let private = icacls(folder, &[&["/inheritance:r", "/grant:r"], &*grants].concat());
    if private.is_err() {
        // The next start would take the folder as it is.
        let _ = std::fs::remove_dir(folder);
    }
    private
}

/// A file has the rights that its folder hands down: another list needs calls that are not safe code.
pub fn for_owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// What is made in a folder inherits its rights.
pub fn give_to_owner_of(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

/// Changes who may do what with a file or folder, by Windows' own program.
pub fn icacls(path: &Path, arguments: &[&str]) -> io::Result<()> {
    let root = std::env::var_os("SystemRoot").map_or_else(|| PathBuf::from(r"C:\Windows"), PathBuf::from);
    // By its full path, so that no other program of this name is run.
    let icacls = root.join(r"System32\icacls.exe");
    // A path that begins with a slash would be an option.
    let output = Command::new(icacls).arg(std::path::absolute(path)?).args(arguments).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!(
            "its rights cannot be set; it must be on a volume of NTFS, in a folder that is yours. icacls said: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
    }
}
