#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_http::oracle::fuzz_content_path(data));
