#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_model::oracle::fuzz_values(data));
