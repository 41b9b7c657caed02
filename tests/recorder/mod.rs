//! `confcall record` as a process.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use confcall_test_support::process::Process;

/// `confcall record`, which ends with the test.
pub(crate) struct Recorder {
    pub(crate) process: Process,
    stderr: PathBuf,
    /// Where it listens, HOST:PORT: first for requests, then for notifications.
    pub(crate) addresses: Vec<String>,
}

impl Recorder {
    /// Starts it; it prints so many addresses.
    pub(crate) fn start(cassette: &Path, arguments: &[&str], addresses: usize) -> Self {
        let stderr = cassette.with_extension("stderr");
        let mut command = confcall();
        command.args(["record", "--cassette"]).arg(cassette);
        command.stderr(File::create(&stderr).unwrap());
        let process = Process::start(command.args(arguments), addresses);
        let addresses = process.addresses.iter();
        let addresses = addresses.map(|it| it.strip_prefix("http://").unwrap().to_owned());
        Self {
            addresses: addresses.collect(),
            process,
            stderr,
        }
    }

    /// Ends it by SIGKILL. Returns what it printed meanwhile.
    pub(crate) fn kill(mut self) -> String {
        self.process.kill();
        std::fs::read_to_string(&self.stderr).unwrap() + &self.process.read_to_end()
    }
}

/// The binary, in an environment without settings of a user's.
pub(crate) fn confcall() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_confcall"));
    command.env_remove("CONFCALL_TOKEN");
    command
}
