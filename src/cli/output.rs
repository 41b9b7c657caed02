//! Standard output and error: colour, width, and closed pipes.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::LazyLock;

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use terminal_size::terminal_size_of;

use super::pager::Paging;
use super::{environment, progress};
use crate::redact::Redactor;
use crate::report::ReportKind;
use crate::report::text::{Log, Look, escaped, shown};

/// When output is coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set; anywhere, if `CLICOLOR_FORCE` or `FORCE_COLOR` is.
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
    when: Color,
    people: Stream,
}

/// The stream of text for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Output,
    Error,
}

impl Output {
    pub(crate) fn new(when: Color) -> Self {
        Self::on(Stream::Output, when)
    }

    /// The same, with text for people on standard error.
    pub(crate) fn on_standard_error(self) -> Self {
        Self::on(Stream::Error, self.when)
    }

    fn on(people: Stream, when: Color) -> Self {
        let (choice, terminal) = match people {
            Stream::Output => (
                AutoStream::choice(&io::stdout()),
                terminal_size_of(io::stdout()),
            ),
            Stream::Error => (
                AutoStream::choice(&io::stderr()),
                terminal_size_of(io::stderr()),
            ),
        };
        let colour = match when {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => environment::forces_colour() || choice != ColorChoice::Never,
        };
        let width = environment::columns(terminal);
        Self {
            look: Look { colour, width },
            when,
            people,
        }
    }

    /// Writes text for people. Text of the other party can control neither the terminal nor a CI runner.
    pub(crate) fn print(self, text: &str) -> io::Result<()> {
        self.print_commands(&shown(text, self.look.colour, Log::of_environment()))
    }

    /// Writes text for people, on a terminal through a pager.
    pub(crate) fn print_long(self, text: &str, paging: Paging) -> io::Result<()> {
        let text = shown(text, self.look.colour, Log::of_environment());
        if paging.shows(&text) {
            return Ok(());
        }
        self.print_commands(&text)
    }

    /// Writes JSON. Its values stay, but no character of it controls a terminal or a CI runner.
    pub(crate) fn print_json(self, text: &str) -> io::Result<()> {
        self.print_raw(&escaped(text))
    }

    /// Writes text for people that has commands to the runner of a CI job.
    pub(crate) fn print_commands(self, commands: &str) -> io::Result<()> {
        match self.people {
            Stream::Output => write(io::stdout, commands),
            Stream::Error => write(io::stderr, commands),
        }
    }

    /// Writes text as it is. A closed pipe (`confcall list | head`) is no failure.
    #[expect(
        clippy::unused_self,
        reason = "text goes out through the value that knows whether it may have colours"
    )]
    pub(crate) fn print_raw(self, text: &str) -> io::Result<()> {
        write(io::stdout, text)
    }
}

/// Writes a report to standard output, where it may be in the log of a CI runner.
pub(crate) fn print_report(kind: ReportKind, text: &str) -> io::Result<()> {
    let text = match kind {
        ReportKind::Json | ReportKind::Events => escaped(text),
        ReportKind::Junit | ReportKind::Html => shown(text, false, Log::of_environment()),
    };
    write(io::stdout, &text)
}

/// Writes text above the progress.
fn write<W: Write>(to: impl FnOnce() -> W, text: &str) -> io::Result<()> {
    let written = progress::above(|| {
        let mut to = to();
        to.write_all(text.as_bytes()).and_then(|()| to.flush())
    });
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
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
