//! What must hold for every input; run by the fuzzer and, shortly, by the tests.

use std::io::{self, Cursor};

use crate::export::Export;
use crate::records::Records;
use crate::{Entry, archive};

/// A file that claims to be an export gives documents or an error.
pub fn fuzz_export(data: &[u8]) {
    if let Ok(export) = Export::open(Cursor::new(data)) {
        let _ = export.read(&mut |_| Ok::<(), ()>(()));
    }
}

/// A stream that claims to be an archive gives entries no longer than itself, or an error.
pub fn fuzz_archive(data: &[u8]) {
    let mut taken = 0;
    let _ = archive::read(data, &mut |entry| {
        taken += match entry {
            Entry::Document(document) => document.xml.len() as u64,
            Entry::File(file) => io::copy(file.bytes, &mut io::sink()).unwrap_or(0),
        };
        Ok::<(), ()>(())
    });
    // UTF-16 is half again as long in UTF-8.
    assert!(taken <= data.len() as u64 * 3 / 2);
}

/// Records give back the bytes they were read from, as far as they are whole.
pub fn fuzz_records(data: &[u8]) {
    let mut records = Records::new(data);
    let mut written = String::new();
    while let Ok(Some(document)) = records.next() {
        let units = document.xml.encode_utf16().count();
        let identity = document.identity.unwrap_or_else(|| panic!("a record without identity"));
        written += &format!("{},{:08x},{units:08x},{}\r\n", identity.id, identity.revision, document.xml);
    }
    assert!(data.len() >= written.len());
    assert!(written.as_bytes().eq_ignore_ascii_case(&data[..written.len()]));
}
