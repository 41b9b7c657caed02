//! Fuzzes [`confcall::fuzz::har::holds`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| confcall::fuzz::har::holds(bytes));
