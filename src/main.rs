//! The `confcall` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    confcall::entry::main()
}
