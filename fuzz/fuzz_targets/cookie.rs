#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_app::oracle::fuzz_cookie(data));
