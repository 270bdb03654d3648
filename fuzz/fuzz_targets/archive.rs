#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_packages::oracle::fuzz_archive(data));
