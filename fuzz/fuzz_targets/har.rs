//! Fuzzes [`confcall_fuzz::har::holds`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| confcall_fuzz::har::holds(bytes));
