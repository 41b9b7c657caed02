//! `confcall run --watch`: plays again when a file of the project changes.
//!
//! After a change, the scenarios that failed are played first, and all scenarios once these pass. A change during a run
//! ends the run, and the next run begins. `files` finds changes, `keys` reads the keyboard.

mod files;
mod keys;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use self::files::{Changes, Watched};
use self::keys::Keys;
use super::exit::Exit;
use super::failure::{EnvironmentError, Failure};
use super::last_run::is_failed;
use super::output::Output;
use super::reports::reporting;
use super::run::{Arguments, run};
use super::runtime;
use crate::diagnostic::path::Shown as _;
use crate::diagnostic::place::printable;
use crate::scenario::selection::Filter;

/// The reason to play again, or to end.
#[derive(Debug)]
enum Cause {
    /// These files have changed.
    Changed(Vec<PathBuf>),
    Key(u8),
    /// A signal ends confcall.
    Signal,
}

/// The scenarios of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    /// Those that failed in the run before.
    Failed,
}

/// What the threads that wait for a cause share with the runs.
#[derive(Debug)]
struct Shared {
    causes: Sender<Cause>,
    current: Mutex<Current>,
}

/// The run that is played.
#[derive(Debug, Default)]
struct Current {
    /// Ends it; none between runs.
    ends: Option<CancellationToken>,
    /// When the last one ended.
    ended: Option<Instant>,
}

/// What a target writes when it ends is seen for so long.
const LAST_WORDS: Duration = Duration::from_millis(500);

impl Shared {
    /// True if a run is played.
    fn is_playing(&self) -> bool {
        self.current().ends.is_some()
    }

    /// True if the target of a run may be writing files.
    fn has_target(&self) -> bool {
        let current = self.current();
        let is_fresh = |it: Instant| it.elapsed() < LAST_WORDS;
        current.ends.is_some() || current.ended.is_some_and(is_fresh)
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the run that is played, and passes the cause on.
    fn end_run(&self, cause: Cause) {
        if let Some(ends) = &self.current().ends {
            ends.cancel();
        }
        // The receiver may be gone.
        let _ = self.causes.send(cause);
    }
}

pub(super) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let (sender, causes) = channel();
    let shared = Arc::new(Shared {
        causes: sender,
        current: Mutex::default(),
    });
    let runtime = runtime()?;
    let signal = CancellationToken::new();
    runtime.block_on(async { super::interrupt_on_signals(&signal) });
    runtime.spawn({
        let shared = Arc::clone(&shared);
        async move {
            signal.cancelled().await;
            shared.end_run(Cause::Signal);
        }
    });
    let keys = Keys::read({
        let shared = Arc::clone(&shared);
        move |key| match key {
            b'q' => shared.end_run(Cause::Key(key)),
            b'a' | b'f' if !shared.is_playing() => shared.end_run(Cause::Key(key)),
            // A run that is played goes on.
            _ => {}
        }
    });
    let changes = Arc::new(Changes::of(Watched::of(arguments)));
    thread::spawn({
        let (shared, changes) = (Arc::clone(&shared), Arc::clone(&changes));
        move || {
            loop {
                let files = changes.wait(|| shared.has_target());
                shared.end_run(Cause::Changed(files));
            }
        }
    });
    let mut watch = Watch {
        arguments,
        output,
        shared,
        causes,
        changes,
        has_keys: keys.is_some(),
        failed: Vec::new(),
    };
    let exit = watch.run();
    drop(keys);
    runtime.shutdown_background();
    exit
}

struct Watch<'a> {
    arguments: &'a Arguments,
    output: Output,
    shared: Arc<Shared>,
    causes: Receiver<Cause>,
    changes: Arc<Changes>,
    has_keys: bool,
    /// The scenarios that failed, by id.
    failed: Vec<String>,
}

impl Watch<'_> {
    /// Plays until a key or a signal ends it. Returns the exit of the last run, or that of an interrupt.
    fn run(&mut self) -> Result<Exit, Failure> {
        let mut part = Part::All;
        loop {
            let exit = self.play(part);
            let cause = match self.causes.try_recv() {
                Ok(cause) => cause,
                Err(_) if part == Part::Failed && exit == Exit::Success => {
                    self.output
                        .print("\nthe failed scenarios pass; playing everything\n")?;
                    part = Part::All;
                    continue;
                }
                Err(_) => {
                    self.output.print(&self.prompt())?;
                    let cause = self.causes.recv();
                    cause.unwrap_or(Cause::Signal)
                }
            };
            part = match cause {
                Cause::Signal => return Ok(Exit::Interrupted),
                Cause::Key(b'q') => return Ok(exit),
                Cause::Key(b'f') | Cause::Changed(_) if !self.failed.is_empty() => Part::Failed,
                Cause::Key(_) | Cause::Changed(_) => Part::All,
            };
            let mut text = String::new();
            if let Cause::Changed(files) = &cause {
                text = format!("\nchanged: {}\n", named(files));
            }
            if part == Part::Failed {
                let count = self.failed.len();
                let _ = writeln!(text, "first playing the failed scenarios ({count})");
            }
            self.output.print(&text)?;
        }
    }

    fn prompt(&self) -> String {
        let count = self.changes.count();
        let keys = if self.has_keys {
            "; a plays everything, f what failed, q ends"
        } else {
            ""
        };
        format!("\nwatching {count} files{keys}\n")
    }

    /// Plays once. A failure is shown, and the next change may mend it.
    fn play(&mut self, part: Part) -> Exit {
        self.changes.watch(Watched::of(self.arguments));
        let mut arguments = self.arguments.clone();
        if part == Part::Failed {
            let filters = self.failed.iter().filter_map(|id| Filter::parse(id).ok());
            arguments.which.filters = filters.collect();
        }
        let current = CancellationToken::new();
        self.shared.current().ends = Some(current.clone());
        let wanted = arguments.report.clone();
        let output = self.output;
        let played = reporting(&wanted, &[], output, |reports, output| {
            let finished = run(arguments, &current, reports, output)?;
            if current.is_cancelled() {
                return Err(EnvironmentError::Superseded.into());
            }
            let failed = finished.run.results.iter();
            let failed = failed.filter(|it| is_failed(it.verdict));
            self.failed = failed.map(|it| it.scenario.clone()).collect();
            self.failed.dedup();
            Ok(finished)
        });
        *self.shared.current() = Current {
            ends: None,
            ended: Some(Instant::now()),
        };
        played.unwrap_or_else(|failure| {
            if let Failure::Environment(EnvironmentError::Superseded) = failure {
                return Exit::Interrupted;
            }
            failure.tell();
            failure.exit()
        })
    }
}

/// The first of the files that have changed, and the number of the others.
fn named(files: &[PathBuf]) -> String {
    let here = files::absolute(Path::new("."));
    let first = files.first().map(|it| it.strip_prefix(here).unwrap_or(it));
    let first = printable(&first.unwrap_or(Path::new("")).shown());
    match files.len() {
        0 | 1 => first,
        count => format!("{first} and {} more", count - 1),
    }
}
