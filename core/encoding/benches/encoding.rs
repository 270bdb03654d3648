//! Both encodings over text that looks like updates.
//!
//! Aims: xpress encodes above 200 MB/s and decodes above 500 MB/s, cabinets pack above 20 MB/s.

use divan::Bencher;
use divan::counter::BytesCount;
use headwater_encoding::{cabinet, xpress};

fn main() {
    divan::main();
}

/// About `bytes` of Core fragments: fixed element names, changing ids, numbers and registry paths.
fn fragments(bytes: usize) -> Vec<u8> {
    let mut seed = 0x1234_5678_9ABC_DEF0_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut text = String::with_capacity(bytes + 1024);
    while text.len() < bytes {
        let (a, b, c) = (random(), random(), random());
        text += &format!(
            "<UpdateIdentity UpdateID=\"{:08x}-{:04x}-{:04x}-{:016x}\" RevisionNumber=\"{}\" />\
             <Properties UpdateType=\"Software\" ExplicitlyDeployable=\"true\" />",
            a >> 32,
            a & 0xFFFF,
            b >> 48,
            b & 0xFFFF_FFFF_FFFF,
            c % 300
        );
        for rule in 0..c % 6 {
            text += &format!(
                "<b.RegSzToVersion Key=\"HKEY_LOCAL_MACHINE\" Subkey=\"SOFTWARE\\Microsoft\\Windows NT\\\
                 CurrentVersion\\Component{}\" Value=\"Version\" Comparison=\"GreaterThanOrEqualTo\" \
                 Data=\"10.0.{}.{}\" />",
                (a >> rule) % 900,
                b % 30_000,
                (c >> rule) % 9_000
            );
        }
    }
    text.into_bytes()
}

#[divan::bench(args = [500, 2_000, 60_000, 4_000_000])]
fn xpress_encode(bencher: Bencher, bytes: usize) {
    let input = fragments(bytes);
    let mut out = Vec::with_capacity(2 * input.len());
    bencher.counter(BytesCount::of_slice(&input)).bench_local(|| {
        out.clear();
        xpress::encode(divan::black_box(&input), &mut out);
        out.len()
    });
}

#[divan::bench(args = [500, 2_000, 60_000, 4_000_000])]
fn xpress_decode(bencher: Bencher, bytes: usize) {
    let input = fragments(bytes);
    let mut stream = Vec::new();
    xpress::encode(&input, &mut stream);
    bencher
        .counter(BytesCount::of_slice(&input))
        .bench_local(|| xpress::decode(divan::black_box(&stream), input.len()));
}

/// The bytes are those of the document in UTF-16.
#[divan::bench(args = [6_000, 60_000, 4_000_000])]
fn cabinet_pack(bencher: Bencher, bytes: usize) {
    let document = utf16le(&fragments(bytes / 2));
    bencher
        .counter(BytesCount::of_slice(&document))
        .bench_local(|| cabinet::pack_blob(divan::black_box(&document)));
}

#[divan::bench(args = [6_000, 60_000, 4_000_000])]
fn cabinet_unpack(bencher: Bencher, bytes: usize) {
    let document = utf16le(&fragments(bytes / 2));
    let packed = cabinet::pack_blob(&document).unwrap_or_default();
    bencher
        .counter(BytesCount::of_slice(&document))
        .bench_local(|| cabinet::unpack_document(divan::black_box(&packed), document.len()));
}

fn utf16le(ascii: &[u8]) -> Vec<u8> {
    ascii.iter().flat_map(|byte| [*byte, 0]).collect()
}
