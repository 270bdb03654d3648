//! `cargo bench -p headwater-packages --bench packages`

use std::path::{Path, PathBuf};

use headwater_packages::{Entry, Package, PackageError};

fn main() {
    divan::main();
}

/// The real export, unpacked to its documents.
#[divan::bench(sample_count = 5)]
fn export(bencher: divan::Bencher<'_, '_>) {
    let root = std::env::var_os("HEADWATER_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join("wsus-data/export/wsus-export-2024-07.cab");
    if path.is_file() {
        bencher.bench(|| bytes_of(&path));
    }
}

fn bytes_of(path: &Path) -> Result<usize, PackageError> {
    let mut bytes = 0;
    Package::open(path)?.read(|entry| {
        if let Entry::Document(document) = entry {
            bytes += document.xml.len();
        }
        Ok::<(), PackageError>(())
    })?;
    Ok(bytes)
}
