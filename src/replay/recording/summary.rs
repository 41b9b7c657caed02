//! The summary of a recording, which the recorder prints at its end.

use std::collections::HashSet;
use std::fmt;

use super::{Index, Read};
use crate::cassette::format::Direction;
use crate::cassette::raw::RawExchange;
use crate::diagnostic::Diagnostic;
use crate::replay::outgoing::{NotReplayable, Outgoing, check_request};
use crate::replay::translation::Translation;
use crate::replay::values::mapping::Mapping;

/// The number of exchanges that are named, of those that cannot be replayed.
const NAMED: usize = 20;

/// The numbers of what was recorded, and why some of it cannot be replayed.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    requests: usize,
    notifications: usize,
    calls: usize,
    /// A sentence for each.
    not_replayable: Vec<String>,
}

impl Summary {
    /// Reads all exchanges.
    /// Errors: the file was changed meanwhile.
    pub(crate) fn of(index: &Index) -> Result<Self, Diagnostic> {
        let mut summary = Self::default();
        let mut calls = HashSet::new();
        for at in 0..index.len() {
            let why = index.load_raw(at, |exchange| {
                calls.extend(Read::of(exchange, &[], 0, 1).calls);
                let (method, target) = (&exchange.request.method, &exchange.request.target);
                let number = exchange.number;
                let why = replayable(exchange).err();
                why.map(|it| format!("exchange {number}, `{method} {target}`: {it}"))
            })?;
            summary.not_replayable.extend(why);
            match index.direction(at) {
                Direction::Request => summary.requests += 1,
                Direction::Notification => summary.notifications += 1,
            }
        }
        summary.calls = calls.len();
        Ok(summary)
    }
}

/// Checks that both parties can play their message of an exchange again.
fn replayable(exchange: &RawExchange<'_>) -> Result<(), NotReplayable> {
    let mapping = Mapping::default();
    Outgoing::request(&exchange.request, &mapping, None)?;
    if exchange.direction == Direction::Request {
        check_request(exchange)?;
        let translation = Translation {
            mapping: &mapping,
            moved: None,
        };
        Outgoing::answer(exchange, translation)?;
    }
    Ok(())
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: usize, what: &str| {
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} {what}{plural}")
        };
        let (requests, notifications) = (self.requests, self.notifications);
        if requests + notifications == 0 {
            return f.write_str("nothing was recorded");
        }
        write!(
            f,
            "{}, {}, {}",
            counted(requests, "request"),
            counted(notifications, "notification"),
            counted(self.calls, "call")
        )?;
        let not_replayable = &self.not_replayable;
        if not_replayable.is_empty() {
            return Ok(());
        }
        write!(f, "; not replayable:")?;
        for why in not_replayable.iter().take(NAMED) {
            write!(f, "\n  {why}")?;
        }
        match not_replayable.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}
