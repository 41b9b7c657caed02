//! Tries each thing that a run needs, in the order of a run.
//!
//! For: [`examine`], which shows one [`Check`] after the other, with the cause and the remedy of each failure. Not for:
//! judging. The last check plays one scenario, and takes from its result only whether the bot's request came.

mod probes;
mod trigger;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::options::Options;
use super::target::Target;
use crate::diagnostic::Remedy;

/// A thing that a run needs, and how its trial ended.
#[derive(Debug)]
pub(crate) struct Check {
    pub name: &'static str,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    /// It works. The text says what was seen.
    Ok(String),
    /// It was not tried, for this reason.
    Skipped(String),
    Failed(Problem),
}

/// The cause of a failed check.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub(crate) struct Problem {
    cause: String,
    remedy: Option<String>,
    pub origin: Origin,
}

impl Remedy for Problem {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        self.remedy.as_deref().map(Cow::Borrowed)
    }
}

/// The side on which a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Configuration,
    Environment,
    Target,
}

impl Problem {
    fn new(origin: Origin, cause: impl fmt::Display, remedy: impl Into<String>) -> Self {
        Self {
            cause: cause.to_string(),
            remedy: Some(remedy.into()),
            origin,
        }
    }

    /// The problem of an error, with its own remedy.
    fn of(origin: Origin, error: &dyn Remedy) -> Self {
        Self {
            cause: error.to_string(),
            remedy: error.remedy().map(Into::into),
            origin,
        }
    }
}

/// The outcome of a check that is not [`Outcome::Ok`].
#[derive(Debug)]
enum Stopped {
    Skipped(String),
    Failed(Problem),
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem)
    }
}

/// A thing that works, with what was seen of it.
type Tried<T> = Result<(T, String), Stopped>;

/// Shows each check when it has ended.
struct Checks<'a> {
    show: &'a mut dyn FnMut(Check),
}

impl Checks<'_> {
    /// Shows the outcome of a check. Returns the thing that was tried, if it works.
    fn take<T>(&mut self, name: &'static str, tried: Tried<T>) -> Option<T> {
        let (thing, outcome) = match tried {
            Ok((thing, seen)) => (Some(thing), Outcome::Ok(seen)),
            Err(Stopped::Skipped(reason)) => (None, Outcome::Skipped(reason)),
            Err(Stopped::Failed(problem)) => (None, Outcome::Failed(problem)),
        };
        (self.show)(Check { name, outcome });
        thing
    }
}

/// A thing that another check needs; a reason to skip that check if the thing does not work.
fn needed<T>(thing: Option<T>, name: &str) -> Result<T, Stopped> {
    thing.ok_or_else(|| Stopped::Skipped(format!("it needs `{name}`")))
}

/// Tries each thing that a run against the target needs. A target that confcall starts is ended again.
pub(crate) async fn examine(
    options: &Arc<Options>,
    target: &Target,
    interrupt: &CancellationToken,
    show: &mut dyn FnMut(Check),
) {
    let mut checks = Checks { show };
    let session = checks.take("listener", probes::listener(options, target).await);
    let address = probes::address(options, target, session.as_ref()).await;
    checks.take("address", address);
    let running = probes::program(options, target, session.as_ref(), interrupt).await;
    let running = checks.take("program", running);
    let reached = probes::target(options, target, running.as_ref()).await;
    let answer = checks.take("target", reached);
    checks.take(
        "proxy",
        probes::proxy(options, target, session.as_ref()).await,
    );
    let token = probes::token(options, target, session.as_ref(), answer.as_ref()).await;
    checks.take("token", token);
    checks.take("clock", probes::clock(answer.as_ref()));
    let address = session.as_ref().map(|it| probes::address_for(target, it));
    let triggered = match needed(answer, "target") {
        Ok(_) => trigger::trigger(options, target, session, running.as_ref(), interrupt).await,
        Err(skipped) => Err(skipped),
    };
    let triggered = checks.take("trigger", triggered);
    let variables = probes::proxy_variables(options, target, address, triggered.is_some());
    checks.take("proxy variables", variables);
    if let Some(running) = running {
        // A program that has to be killed is no problem of the checks. A run warns about it.
        let _: Option<String> = running.end().await;
    }
}
