//! Fuzzes [`confcall::fuzz::scenario::holds`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| confcall::fuzz::scenario::holds(bytes));
