//! Each documented conversation is a test.

fn main() -> std::process::ExitCode {
    confcall::suite::project(env!("CARGO_MANIFEST_DIR"))
        .program(env!("CARGO_BIN_EXE_invite-bot"))
        .main()
}
