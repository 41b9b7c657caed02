//! The `confcall` command.
fn main() {}
