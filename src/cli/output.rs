//! Standard output and error: colour, width, and readers that go away.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use clap::ValueEnum;

use super::environment;
use crate::diagnostic::place::printable;
use crate::report::text::Look;

/// When output is coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub look: Look,
}

impl Output {
    pub(crate) fn new(when: Color) -> Self {
        let colour = match when {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let choice = anstream::AutoStream::choice(&io::stdout());
                choice != anstream::ColorChoice::Never
            }
        };
        let width = environment::columns();
        Self {
            look: Look { colour, width },
        }
    }

    /// Writes text. A reader that has gone away (`confcall list | head`) is no failure.
    #[expect(
        clippy::unused_self,
        reason = "text goes out through the value that knows whether it may have colours"
    )]
    pub(crate) fn print(self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }
}

pub(crate) fn error(message: impl Display) {
    say(&format!("error: {message}"));
}

pub(crate) fn warn(message: impl Display) {
    say(&format!("warning: {message}"));
}

/// Writes text and a line feed to standard error. Control characters of names and messages of others
/// do not reach the terminal. A failure cannot be shown anywhere else, and is ignored.
pub(crate) fn say(text: &str) {
    let lines: Vec<_> = text.split('\n').map(printable).collect();
    let _ = writeln!(io::stderr().lock(), "{}", lines.join("\n"));
}
