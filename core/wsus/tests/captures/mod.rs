//! Real conversations, which lie outside the project.

use std::path::PathBuf;

/// The text of a captured message, or `None` where the captures are missing.
///
/// Our times end at microseconds, those of the real server at tenths of them: the last digit of
/// seven is cut.
#[allow(clippy::print_stdout, reason = "a skipped test says so aloud")]
pub fn read(name: &str) -> Option<String> {
    let shared = std::env::var_os("HEADWATER_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = shared.join("wsus-data").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text.replace(".9967236Z", ".996723Z")),
        Err(error) if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
            panic!("{}: {error}", path.display())
        }
        Err(_) => {
            println!("skipped: {} is missing", path.display());
            None
        }
    }
}
