//! Where tests find real documents and conversations.

use std::path::PathBuf;

/// The folder `wsus-data`. Without it a test has nothing to say, except in CI, where that is an error.
pub(crate) fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("HEADWATER_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = shared.join("wsus-data");
    if folder.exists() {
        return Some(folder);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{} is missing", folder.display());
    println!("skipped: {} is missing", folder.display());
    None
}

/// The files of `folder`/`name` whose names end in `suffix`, with their content.
pub(crate) fn files(name: &str, suffix: &str) -> Vec<(String, Vec<u8>)> {
    let Some(folder) = folder() else { return Vec::new() };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder.join(name)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(suffix) {
            #[expect(clippy::disallowed_methods, reason = "a test reads real data")]
            files.push((name, std::fs::read(path).unwrap()));
        }
    }
    files
}
