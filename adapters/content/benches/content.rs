//! What the store costs beside the network: digests of a file, and ranges as a fleet asks for them.

// A bench stops at the first thing that goes wrong, as a test does.
#![allow(clippy::unwrap_used)]

use std::ops::Range;

use divan::counter::BytesCount;
use futures_util::TryStreamExt as _;
use headwater_content::{ContentFile, ContentStore, Expected, FileDigests};

const MIB: usize = 1 << 20;
const FILES: usize = 128;
const RANGES_PER_FILE: usize = 4;

fn main() {
    divan::main();
}

/// SHA-1 and SHA-256 together, which bound how fast a download is staged.
#[divan::bench]
fn digests(bencher: divan::Bencher<'_, '_>) {
    let bytes = vec![7; 64 * MIB];
    bencher.counter(BytesCount::new(bytes.len())).bench(|| FileDigests::of(&bytes[..]).unwrap());
}

/// 128 files, ranges of 1 MiB in an order that no read-ahead guesses (fact 38), from memory.
#[divan::bench]
fn shuffled_ranges(bencher: divan::Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    let files = fill(&ContentStore::open(folder.path()).unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let requests = FILES * RANGES_PER_FILE;
    bencher.counter(BytesCount::new(requests * MIB)).bench(|| {
        runtime.block_on(async {
            for request in 0..requests {
                // 197 has no factor in common with the count, so that every range comes once.
                let place = request * 197 % requests;
                read(&files[place / RANGES_PER_FILE], place % RANGES_PER_FILE).await;
            }
        });
    });
}

async fn read(file: &ContentFile, index: usize) {
    let start = (index * MIB) as u64;
    let range: Range<u64> = start..start + MIB as u64;
    let len = file.stream(range).try_fold(0, async |sum, chunk| Ok(sum + chunk.len())).await.unwrap();
    assert_eq!(len, MIB);
}

fn fill(store: &ContentStore) -> Vec<ContentFile> {
    let fill_one = |seed: usize| {
        let bytes = vec![seed as u8; RANGES_PER_FILE * MIB];
        let FileDigests { sha1, sha256, size_bytes } = FileDigests::of(&bytes[..]).unwrap();
        let mut staged = store.stage(Expected { sha1, sha256: Some(sha256), size_bytes }).unwrap();
        staged.write(&bytes).unwrap();
        staged.finish().unwrap();
        store.open_verified(&sha256).unwrap().unwrap()
    };
    (0..FILES).map(fill_one).collect()
}
