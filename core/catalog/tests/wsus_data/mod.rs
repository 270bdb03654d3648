//! The real documents that stand beside the project and are no part of it.

// Tests read files; the crate does not.
#![allow(clippy::disallowed_methods, clippy::print_stderr, clippy::unwrap_used, dead_code)]

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The folder of real data, or `None`, said aloud, where it is missing.
pub fn wsus_data() -> Option<PathBuf> {
    let root = std::env::var_os("HEADWATER_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let data = root.join("wsus-data");
    if data.is_dir() {
        return Some(data);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is missing", data.display());
    eprintln!("skipped: {} is missing", data.display());
    None
}

pub fn text(path: &str) -> Option<String> {
    let path = wsus_data()?.join(path);
    Some(std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// The whole documents of `documents/`.
pub fn documents() -> Option<Vec<String>> {
    let entries = std::fs::read_dir(wsus_data()?.join("documents")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    paths.sort();
    Some(paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect())
}

/// The documents of the export, each with the id and revision that its record names.
pub fn export() -> Option<&'static [(String, u32, String)]> {
    static EXPORT: OnceLock<Option<Vec<(String, u32, String)>>> = OnceLock::new();
    EXPORT.get_or_init(unpack).as_deref()
}

fn unpack() -> Option<Vec<(String, u32, String)>> {
    let file = std::fs::File::open(wsus_data()?.join("export/wsus-export-2024-07.cab")).unwrap();
    let mut metadata = String::new();
    let mut cabinet = cab::Cabinet::new(file).unwrap();
    cabinet.read_file("metadata.txt").unwrap().read_to_string(&mut metadata).unwrap();
    let mut records = Vec::new();
    let mut rest = metadata.as_str();
    while !rest.is_empty() {
        let (id, revision) = (&rest[..36], u32::from_str_radix(&rest[37..45], 16).unwrap());
        let units = usize::from_str_radix(&rest[46..54], 16).unwrap();
        let mut seen = 0;
        let body = &rest[55..];
        let len = body
            .char_indices()
            .find(|(_, character)| {
                let done = seen == units;
                seen += character.len_utf16();
                done
            })
            .map_or(body.len(), |(at, _)| at);
        records.push((id.to_owned(), revision, body[..len].to_owned()));
        rest = body[len..].strip_prefix("\r\n").unwrap();
    }
    Some(records)
}
