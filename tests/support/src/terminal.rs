//! A program on a terminal of its own.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A program whose standard streams are a terminal of 100 columns. It is killed when dropped.
pub struct Terminal {
    pub child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    /// All that was written to the terminal so far.
    pub text: String,
}

/// How long a test waits for a text.
const PATIENCE: Duration = Duration::from_mins(1);

impl Terminal {
    pub fn start(command: &mut Command) -> Self {
        Self::with(command, &[])
    }

    /// With variables of its environment.
    pub fn with(command: &mut Command, variables: &[(&str, &str)]) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let size = Winsize {
            ws_row: 40,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&controller, size).unwrap();
        let user = || {
            let mut options = OpenOptions::new();
            options.read(true).write(true);
            options.open(name.to_str().unwrap()).unwrap()
        };
        let child = command
            .stdin(user())
            .stdout(user())
            .stderr(user())
            .env("TERM", "xterm")
            .env_remove("CI")
            .env_remove("TF_BUILD")
            .env_remove("NO_COLOR")
            .envs(variables.iter().copied())
            .spawn()
            .unwrap();
        // The command holds the terminal open, which would never end.
        command.stdin(std::process::Stdio::null());
        command.stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        let keyboard = File::from(controller);
        let mut read = keyboard.try_clone().unwrap();
        let (sender, screen) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The last user of the terminal closes it, which is an error here.
            while let Ok(length @ 1..) = read.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            keyboard,
            screen,
            text: String::new(),
        }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until a text is written after a place in [`text`](Self::text). Returns the place after it.
    pub fn wait_for(&mut self, text: &str, from: usize) -> usize {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.text[from..].find(text) {
                return from + at + text.len();
            }
            let left = end.saturating_duration_since(Instant::now());
            let Ok(more) = self.screen.recv_timeout(left) else {
                panic!("`{text}` is not on the terminal: {}", self.text);
            };
            self.text.push_str(&String::from_utf8_lossy(&more));
        }
    }

    /// Waits for the end of the program. Returns its exit code and all that it wrote.
    pub fn end(mut self) -> (Option<i32>, String) {
        while let Ok(more) = self.screen.recv_timeout(PATIENCE) {
            self.text.push_str(&String::from_utf8_lossy(&more));
        }
        (self.child.wait().unwrap().code(), self.text.clone())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
