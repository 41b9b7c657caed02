//! Child processes that end with the test.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A child process, killed when dropped.
pub struct Process {
    pub child: Child,
    /// The last word of each line that the process printed at its start, such as an address.
    pub addresses: Vec<String>,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    /// Starts a process and reads the first lines of its standard output.
    pub fn start(command: &mut Command, lines: usize) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut address = || {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            let word = line.split_whitespace().next_back();
            word.unwrap_or_else(|| panic!("no address: `{line}`"))
                .to_owned()
        };
        let addresses = (0..lines).map(|_| address()).collect();
        Self {
            child,
            addresses,
            stdout,
        }
    }

    /// The only address.
    pub fn url(&self) -> &str {
        &self.addresses[0]
    }

    /// Ends the process by SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Reads lines until one has the text. Returns them.
    pub fn wait_for(&mut self, text: &str) -> String {
        let mut read = String::new();
        while !read.contains(text) {
            let end = self.stdout.read_line(&mut read).unwrap();
            assert_ne!(end, 0, "`{text}` is not printed: {read}");
        }
        read
    }

    /// Reads what else the process prints, until it closes its standard output.
    pub fn read_to_end(&mut self) -> String {
        let mut text = String::new();
        self.stdout.read_to_string(&mut text).unwrap();
        text
    }

    /// Waits for the end of the process. Returns its exit code and what it printed after its start.
    pub fn end(mut self) -> (Option<i32>, String) {
        let text = self.read_to_end();
        (self.child.wait().unwrap().code(), text)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
