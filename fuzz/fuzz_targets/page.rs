//! Fuzzes [`confcall::fuzz::page::holds`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| confcall::fuzz::page::holds(bytes));
