//! Fuzzes [`confcall_fuzz::scenario::holds`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| confcall_fuzz::scenario::holds(bytes));
