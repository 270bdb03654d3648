#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_ntlm::oracle::fuzz_challenge(data));
