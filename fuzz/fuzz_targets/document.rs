#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_catalog::oracle::fuzz_document(data));
