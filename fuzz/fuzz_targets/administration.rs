#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_wsus::oracle::fuzz_administration(data));
