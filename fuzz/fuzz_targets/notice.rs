//! `cargo +nightly fuzz run notice --features libfuzzer`
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trimtab_fuzz::notice(data));
