//! The progress of a command on a terminal: how much is done, and what confcall waits for.
//!
//! It is the last line of the terminal, on standard error. Other output goes above this line. The line is removed
//! before the result is printed.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::environment;
use crate::diagnostic::place::printable;

/// The line that is shown now: a process has one terminal.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// How often the line is drawn, at least.
pub(super) const REDRAWN_EVERY: Duration = Duration::from_millis(200);

/// A line of progress, until it ends or is dropped. On anything but a terminal it is not shown.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Of steps whose number will be known.
    pub(crate) fn of_steps() -> Self {
        Self::begin(Some(0))
    }

    /// Of work that goes on until it ends.
    pub(crate) fn endless() -> Self {
        Self::begin(None)
    }

    /// A line that is not shown.
    pub(crate) fn hidden() -> Self {
        Self {
            bar: ProgressBar::hidden(),
        }
    }

    fn begin(steps: Option<u64>) -> Self {
        if !environment::shows_progress() {
            return Self::hidden();
        }
        let bar = ProgressBar::with_draw_target(steps, ProgressDrawTarget::stderr());
        let counts = match steps {
            Some(_) => "{spinner} {pos} of {len}  {elapsed}  {wide_msg}",
            None => "{spinner} {elapsed}  {wide_msg}",
        };
        let style = ProgressStyle::with_template(counts);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(REDRAWN_EVERY);
        *shown() = Some(bar.clone());
        Self { bar }
    }

    pub(crate) fn is_shown(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Adds steps to the number of known steps.
    pub(crate) fn add(&self, steps: usize) {
        self.bar.inc_length(steps as u64);
    }

    /// Counts steps as done.
    pub(crate) fn advance(&self, steps: usize) {
        self.bar.inc(steps as u64);
    }

    /// Shows the current work, or the event that confcall waits for.
    pub(crate) fn say<'a>(&self, what: impl Into<Cow<'a, str>>) {
        if self.is_shown() {
            self.bar.set_message(printable(&what.into()));
        }
    }

    /// Clears the line.
    pub(crate) fn end(&self) {
        if self.is_shown() {
            *shown() = None;
            self.bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

fn shown() -> std::sync::MutexGuard<'static, Option<ProgressBar>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints above the line of progress.
pub(super) fn above<T>(print: impl FnOnce() -> T) -> T {
    let bar = shown().clone();
    match bar {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}
