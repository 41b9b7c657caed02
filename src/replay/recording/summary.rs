//! The summary of a recording, which the recorder prints at its end.

use std::collections::HashSet;
use std::fmt;

use super::{Index, Read};
use crate::api::resource::path_of;
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
    /// The requests that create a call.
    creates: usize,
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
                let is_create = method == "POST" && path_of(target).ends_with("/calls");
                summary.creates += usize::from(is_create);
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
        if self.calls == 0 && self.creates > 0 {
            f.write_str("; no response names a call: is `--service` the address of the service?")?;
        }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cassette::format::Exchange;
    use crate::cassette::recording::Recording;
    use crate::replay::recording::Indexed;

    #[test]
    fn a_create_without_a_call_in_its_response_is_named() {
        let hint = "; no response names a call: is `--service` the address of the service?";
        for (method, target, body, is_hinted) in [
            ("POST", "/v1.0/communications/calls", json!({}), true),
            (
                "POST",
                "/app/calls?a=b",
                json!({"id": "57dab8b1-894c-409a-b240-bd8beae78896"}),
                false,
            ),
            ("GET", "/v1.0/me", json!({}), false),
        ] {
            let exchange: Exchange = serde_json::from_value(json!({
                "number": 1, "direction": "request", "at_ms": 0, "took_ms": 0,
                "request": {"method": method, "target": target, "headers": []},
                "response": {"status": 201, "headers": [], "body": {"json": body}},
            }))
            .unwrap();
            let recording = Recording::new("a", vec![Direction::Request], [(1, exchange)]);
            let summary = Summary::of(Indexed::of(&recording).index())
                .unwrap()
                .to_string();
            assert_eq!(summary.contains(hint), is_hinted, "{summary}");
        }
    }
}
