//! Microsoft's real data, which stands beside the project and is no part of it.

use std::path::PathBuf;

/// A file or folder of the real data, or `None`, said aloud, where it is missing.
///
/// # Panics
/// Where it is missing in CI, which must not skip tests in silence.
#[allow(clippy::print_stderr)]
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("HEADWATER_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is missing", path.display());
    eprintln!("skipped: {} is missing", path.display());
    None
}
