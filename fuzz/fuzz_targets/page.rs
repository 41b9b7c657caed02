//! Fuzzes [`confcall_fuzz::page::holds`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| confcall_fuzz::page::holds(bytes));
