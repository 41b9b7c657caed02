//! The keys that a person presses while files are watched.

use std::io::{BufReader, IsTerminal as _, Read as _, stdin};
use std::thread;

#[cfg(unix)]
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Keys are read without Enter until this is dropped; where the system has no such mode, with it.
#[derive(Debug)]
pub(super) struct Keys {
    /// The settings of the terminal before.
    #[cfg(unix)]
    before: Option<Termios>,
}

impl Keys {
    /// Reads keys in a thread of its own. None without a terminal.
    pub(super) fn read(pressed: impl Fn(u8) + Send + 'static) -> Option<Self> {
        if !stdin().is_terminal() {
            return None;
        }
        let keys = Self::begin();
        thread::spawn(move || {
            for key in BufReader::new(stdin()).bytes().map_while(Result::ok) {
                pressed(key);
            }
        });
        Some(keys)
    }

    #[cfg(unix)]
    fn begin() -> Self {
        let before = tcgetattr(stdin()).ok();
        if let Some(before) = &before {
            let mut without = before.clone();
            without
                .local_modes
                .remove(LocalModes::ICANON | LocalModes::ECHO);
            // Without it, keys come with Enter.
            let _ = tcsetattr(stdin(), OptionalActions::Now, &without);
        }
        Self { before }
    }

    #[cfg(not(unix))]
    fn begin() -> Self {
        Self {}
    }
}

#[cfg(unix)]
impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // The terminal may be gone.
            let _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}
