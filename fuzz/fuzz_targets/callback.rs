//! Fuzzes [`confcall::fuzz::callback::holds`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| confcall::fuzz::callback::holds(bytes));
