//! Fuzzes [`confcall::fuzz::cassette::holds`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| confcall::fuzz::cassette::holds(bytes));
