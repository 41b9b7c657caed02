//! The events of a run, for observers that show them while the run is played.

use std::fmt;
use std::io;

use super::options::{Options, TargetProgram};
use super::session::Session;
use crate::api::party::Party;
use crate::judge::verdict::{Selected, Traffic};

/// Shows a run while it is played. Conversations that are played side by side send their events at the same time.
pub(crate) trait Observer: fmt::Debug + Send + Sync {
    /// The listeners are open. `program` is none for a target that runs already.
    fn opened(&self, _session: &Session, _program: Option<&TargetProgram>) -> io::Result<()> {
        Ok(())
    }

    fn warn(&self, _warning: &str) {}

    fn event(&self, _event: RunEvent<'_>) {}
}

/// Shows nothing.
#[derive(Debug)]
pub(crate) struct Unobserved;

impl Observer for Unobserved {}

/// One thing that happens in a run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RunEvent<'a> {
    /// The run will have a result for each of these, in this order.
    Selected(&'a Options, &'a [Selected]),
    /// A program was started that is the target, and is not ready yet.
    Starting(&'a str),
    /// A line of the target's output.
    Output(&'a str),
    /// So many conversations will be played, besides those that were announced before.
    Planned(usize),
    /// A conversation waits for a message of the target: the number of the step, from 1, and its kind. None while its
    /// provider states are brought about.
    Waiting(Playing<'a>, Option<(usize, &'a str)>),
    /// Messages came or went.
    Messages(Playing<'a>, &'a [Traffic]),
    /// A conversation was played.
    Played(Playing<'a>, Ending),
    /// Everything was played, and surplus messages may still come.
    Settling,
}

/// A conversation that is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Playing<'a> {
    pub scenario: &'a str,
    pub role: Party,
    /// Distinguishes it from others of the scenario.
    pub number: u64,
}

/// How a conversation was played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Nothing is wrong so far.
    Good,
    /// It failed, or could not be judged.
    Failed,
    /// It is played again later, apart from others.
    Postponed,
}
