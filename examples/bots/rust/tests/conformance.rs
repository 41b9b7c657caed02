//! The documented conversations, each a test of its own.

fn main() -> std::process::ExitCode {
    confcall::suite::project(env!("CARGO_MANIFEST_DIR"))
        .program(env!("CARGO_BIN_EXE_invite-bot"))
        .main()
}
