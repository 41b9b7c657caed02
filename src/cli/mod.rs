//! The command line, which is the entry of the binary.
//!
//! For: reading arguments and the environment, deciding on colour and width, writing reports, and exit codes. Not for:
//! functions that a program calls as a library.
//!
//! Each command is a file of its own, with its arguments, and a function that gives an [`Exit`] or
//! a [`Failure`].

/// The request that ends a command, in its help.
#[cfg(unix)]
macro_rules! end_request {
    () => {
        "SIGTERM or Ctrl-C"
    };
}
#[cfg(windows)]
macro_rules! end_request {
    () => {
        "Ctrl-C or Ctrl-Break"
    };
}

pub(crate) mod accept;
pub(crate) mod arguments;
pub(crate) mod ca;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod environment;
pub(crate) mod events;
pub(crate) mod exit;
pub(crate) mod explain;
pub(crate) mod extract;
pub(crate) mod failure;
pub(crate) mod github;
pub(crate) mod init;
pub(crate) mod last_run;
pub(crate) mod lint;
pub(crate) mod list;
pub(crate) mod live;
pub(crate) mod merge;
pub(crate) mod monitor;
pub(crate) mod options;
pub(crate) mod output;
pub(crate) mod pager;
pub(crate) mod progress;
pub(crate) mod project;
pub(crate) mod record;
pub(crate) mod recordings;
pub(crate) mod remarks;
pub(crate) mod replay;
pub(crate) mod reports;
pub(crate) mod run;
pub(crate) mod scenarios;
pub(crate) mod schema;
pub(crate) mod selftest;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod snapshots;
pub(crate) mod target;
pub(crate) mod tls;
pub(crate) mod usage;
pub(crate) mod watch;

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{io, thread};

use clap::Parser as _;
use tokio::runtime::Runtime;

use self::arguments::{Cli, Command};
use self::exit::Exit;
use self::failure::{EnvironmentError, Failure};
use self::output::Output;
use crate::diagnostic::with_remedy;
#[cfg(target_os = "linux")]
use crate::runner::process::launcher;
use tokio_util::sync::CancellationToken;

/// The `confcall` binary.
pub fn main() -> ExitCode {
    panic::set_hook(Box::new(|info| {
        HAS_PANICKED.store(true, Ordering::Relaxed);
        output::error(with_remedy(info, failure::REPORT_IT));
    }));
    guarded(|| {
        let arguments: Vec<_> = std::env::args_os().collect();
        #[cfg(target_os = "linux")]
        if let Some(error) = launcher::become_program(&arguments) {
            output::error(format!("the program cannot be started: {error}"));
            return Exit::Environment;
        }
        if let Some(exit) = completions::answer() {
            return exit;
        }
        let arguments = arguments::with_default_command(arguments);
        match Cli::try_parse_from(&arguments) {
            Ok(cli) => execute(cli),
            Err(error) => {
                let error = arguments::explained(error, &arguments);
                // Help and version go to standard output; a reader that went away is no failure.
                let _ = error.print();
                if error.use_stderr() {
                    reports::refuse(&arguments, &error.to_string());
                    remarks::refuse(&arguments);
                    Exit::Usage
                } else {
                    Exit::Success
                }
            }
        }
    })
    .into()
}

fn runtime() -> Result<Runtime, Failure> {
    built(tokio::runtime::Builder::new_multi_thread())
}

/// A runtime for a command whose work is all in the future that it blocks on. On one processor, a scheduler for several
/// threads costs 7 % of the time of an exchange.
fn server_runtime() -> Result<Runtime, Failure> {
    let processors = std::thread::available_parallelism();
    let is_one = processors.is_ok_and(|count| count.get() == 1);
    built(if is_one {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    })
}

fn built(mut builder: tokio::runtime::Builder) -> Result<Runtime, Failure> {
    builder
        .enable_all()
        .build()
        .map_err(|error| EnvironmentError::Threads(error).into())
}

/// Cancels on Ctrl-C, SIGTERM, SIGQUIT and SIGHUP, on Windows on Ctrl-C, Ctrl-Break and the end of the console, so that work that is under way ends whole. The signals are caught
/// from here on, not only once the task runs.
fn interrupt_on_signals(interrupt: &CancellationToken) {
    let interrupt = interrupt.clone();
    let signalled = signalled();
    tokio::spawn(async move {
        signalled.await;
        interrupt.cancel();
    });
}

/// Cancels when standard input ends. The thread ends with the process: no call interrupts the reading.
fn interrupt_with_stdin(interrupt: &CancellationToken) {
    let interrupt = interrupt.clone();
    thread::spawn(move || {
        // An input that cannot be read has ended too.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        interrupt.cancel();
    });
}

#[cfg(unix)]
fn signalled() -> impl Future<Output = ()> + Send {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    /// Never ready if the signal cannot be caught; the run then ends without it.
    async fn received(signal: std::io::Result<Signal>) {
        match signal {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    }
    let terminate = signal(SignalKind::terminate());
    let interrupt = signal(SignalKind::interrupt());
    let quit = signal(SignalKind::quit());
    // `nohup` has this one ignored, which catching it would undo.
    let hangup = (!environment::ignores_hangup()).then(|| signal(SignalKind::hangup()));
    async move {
        tokio::select! {
            () = received(terminate) => {}
            () = received(interrupt) => {}
            () = received(quit) => {}
            () = received(hangup.unwrap_or_else(|| Err(std::io::ErrorKind::Unsupported.into()))) => {}
        }
    }
}

#[cfg(windows)]
fn signalled() -> impl Future<Output = ()> + Send {
    use tokio::signal::windows;
    let interrupt = windows::ctrl_c();
    let end = windows::ctrl_break();
    let close = windows::ctrl_close();
    let shutdown = windows::ctrl_shutdown();
    async move {
        // One that cannot be caught is never ready; the run then ends without it.
        tokio::select! {
            Some(()) = async { interrupt.ok()?.recv().await } => {}
            Some(()) = async { end.ok()?.recv().await } => {}
            Some(()) = async { close.ok()?.recv().await } => {}
            Some(()) = async { shutdown.ok()?.recv().await } => {}
            else => std::future::pending().await,
        }
    }
}

/// Set by a panic of any thread: the others go on.
static HAS_PANICKED: AtomicBool = AtomicBool::new(false);

/// A panic is a defect of confcall, and ends as one. The hook has shown it.
fn guarded(work: impl FnOnce() -> Exit) -> Exit {
    exit_after_panics(panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Exit::Defect))
}

/// The exit, which is a defect once a thread has panicked.
fn exit_after_panics(exit: Exit) -> Exit {
    if HAS_PANICKED.load(Ordering::Relaxed) {
        exit.worse(Exit::Defect)
    } else {
        exit
    }
}

fn execute(cli: Cli) -> Exit {
    let output = Output::new(cli.color);
    command(cli.command, output).unwrap_or_else(|failure| {
        failure.tell();
        failure.exit()
    })
}

fn command(command: Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::Run(arguments) => run::command(*arguments, output),
        Command::Doctor(arguments) => doctor::command(*arguments, output),
        Command::List(arguments) => list::command(&arguments, output),
        Command::Show(arguments) => show::command(&arguments, output),
        Command::Serve(arguments) => serve::command(*arguments, output),
        Command::Record(arguments) => record::command(*arguments, output),
        Command::Monitor(arguments) => monitor::command(&arguments, output),
        Command::Ca(arguments) => ca::command(&arguments, output),
        Command::Replay(arguments) => replay::command(*arguments, output),
        Command::Init(arguments) => init::command(arguments, output),
        Command::Merge(arguments) => merge::command(&arguments, output),
        Command::Accept(arguments) => accept::command(&arguments, output),
        Command::Check(arguments) => check::command(&arguments, output),
        Command::Extract(arguments) => extract::command(&arguments, output),
        Command::Drift(arguments) => drift::command(&arguments, output),
        Command::Lint(arguments) => lint::command(&arguments, output),
        Command::Selftest(arguments) => selftest::command(&arguments, output),
        Command::Explain(arguments) => explain::command(&arguments, output),
        Command::Schema(arguments) => schema::command(&arguments, output),
        Command::Completions(arguments) => completions::command(&arguments, output),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_defect() {
        assert_eq!(guarded(|| panic!("expected by this test")), Exit::Defect);
        assert_eq!(guarded(|| Exit::Failed), Exit::Failed);
        let elsewhere = || {
            HAS_PANICKED.store(true, Ordering::Relaxed);
            Exit::Success
        };
        assert_eq!(guarded(elsewhere), Exit::Defect);
        HAS_PANICKED.store(false, Ordering::Relaxed);
    }
}
