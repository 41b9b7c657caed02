//! Fuzzes [`confcall_fuzz::cassette::holds`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| confcall_fuzz::cassette::holds(bytes));
