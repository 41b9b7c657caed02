//! Fuzzes [`confcall_fuzz::callback::holds`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| confcall_fuzz::callback::holds(bytes));
