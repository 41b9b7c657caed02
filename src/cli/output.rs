//! Standard output and error: colour, width, and closed pipes.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::LazyLock;

use clap::ValueEnum;

use super::{environment, progress};
use crate::judge::verdict::Run;
use crate::redact::Redactor;
use crate::report::annotations;
use crate::report::text::{Log, Look, escaped, shown};

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

    /// Writes text for people. Text of the other party can control neither the terminal nor a CI runner.
    pub(crate) fn print(self, text: &str) -> io::Result<()> {
        self.print_raw(&shown(text, self.look.colour, Log::of_environment()))
    }

    /// Writes JSON. Its values stay, but no character of it controls a terminal or a CI runner.
    pub(crate) fn print_json(self, text: &str) -> io::Result<()> {
        self.print_raw(&escaped(text))
    }

    /// Writes the results of a run, and its annotations.
    pub(crate) fn print_run(self, text: &str, run: &Run) -> io::Result<()> {
        self.print(text)?;
        if environment::is_github_actions() {
            self.print_raw(&annotations::render(run))?;
        }
        Ok(())
    }

    /// Writes text as it is. A closed pipe (`confcall list | head`) is no failure.
    #[expect(
        clippy::unused_self,
        reason = "text goes out through the value that knows whether it may have colours"
    )]
    pub(crate) fn print_raw(self, text: &str) -> io::Result<()> {
        let written = progress::above(|| {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        });
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }
}

impl Log {
    fn of_environment() -> Self {
        if environment::is_github_actions() || environment::is_azure_pipelines() {
            Self::Runner
        } else {
            Self::People
        }
    }
}

/// The redactor of messages; none where the system has no random bytes for its key.
static REDACTOR: LazyLock<Option<Redactor>> = LazyLock::new(|| {
    let mut key = [0; 32];
    getrandom::fill(&mut key).ok().map(|()| Redactor::new(key))
});

/// A message without secrets: it may quote addresses, which may have credentials in them.
pub(crate) fn redacted(text: &str) -> String {
    let redactor = REDACTOR.as_ref();
    redactor.map_or_else(|| text.to_owned(), |it| it.in_text(text))
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
    let text = shown(&redacted(text), false, Log::of_environment());
    let _ = progress::above(|| writeln!(io::stderr().lock(), "{text}"));
}
