//! `cargo +nightly fuzz run policy --features libfuzzer`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trimtab_fuzz::policy(data));
