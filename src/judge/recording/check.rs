//! Judges a whole recording by the contract.

use std::collections::HashMap;

use super::coverage::Coverage;
use super::results;
use crate::cassette::format::{Direction, Exchange};
use crate::cassette::recording::Recording;
use crate::judge::monitor;
use crate::judge::monitor::conversation::Conversation;
use crate::judge::monitor::{AtEnd, Ending, Monitor};
use crate::judge::verdict::ScenarioResult;
use crate::judge::{Case, Options};

#[derive(Debug, Clone, Default)]
pub(crate) struct Checked {
    /// The conversations in the order of their start, one result for each party. A passing result
    /// has no messages, as no report shows them.
    pub results: Vec<ScenarioResult>,
    pub not_covered: Vec<NotCovered>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotCovered {
    pub number: u64,
    /// The direction of its request.
    pub direction: Direction,
    /// `POST /app/calls`
    pub request: String,
    /// None if there was no answer.
    pub status: Option<u16>,
}

/// Judges a recording by conversation and party, and says which scenarios its conversations show.
///
/// `name` stands before the names of the conversations: `call.jsonl/invite-2`.
pub(crate) fn check(
    name: &str,
    recording: &Recording,
    cases: &[Case],
    options: &Options,
) -> Checked {
    let exchanges = recording.exchanges();
    let observed = observe(recording, options);
    let at: HashMap<u64, usize> = exchanges
        .iter()
        .enumerate()
        .map(|(at, exchange)| (exchange.number, at))
        .collect();
    let get = |number: &u64| &exchanges[at[number]];
    let mut shown = shown(&observed.conversations, &get, cases);
    let mut results = Vec::new();
    for conversation in observed.conversations {
        let of_conversation: Vec<&Exchange> = conversation.exchanges.iter().map(get).collect();
        let covers = shown.remove(&conversation.exchanges[0]).unwrap_or_default();
        let mut both = results::of_conversation(
            conversation,
            (name, "recording"),
            &of_conversation,
            options.strict,
        );
        for result in &mut both {
            result.covers.clone_from(&covers);
        }
        results.extend(both);
    }
    let not_covered = observed
        .not_covered
        .iter()
        .map(|number| NotCovered::new(get(number)));
    Checked {
        results,
        not_covered: not_covered.collect(),
    }
}

/// The scenarios that conversations show, by the first exchange. Conversations about calls that replace each other
/// count together, with the first of them.
fn shown<'e>(
    conversations: &[Conversation],
    get: &impl Fn(&u64) -> &'e Exchange,
    cases: &[Case],
) -> HashMap<u64, Vec<String>> {
    let coverage = Coverage::new(cases);
    let mut by_call = HashMap::new();
    let mut groups: Vec<Vec<u64>> = Vec::new();
    for conversation in conversations {
        let related = conversation.calls.iter().chain(&conversation.replaces);
        let known = related.clone().find_map(|call| by_call.get(call).copied());
        let group = known.unwrap_or(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        for call in related {
            by_call.insert(call, group);
        }
        groups[group].extend(&conversation.exchanges);
    }
    let covered = groups.into_iter().filter_map(|mut group| {
        let first = *group.first()?;
        group.sort_unstable();
        Some((first, coverage.of(group.iter().map(get))))
    });
    covered.collect()
}

/// Sends the exchanges through a monitor, in the order of time.
fn observe(recording: &Recording, options: &Options) -> monitor::Observed {
    let exchanges = recording.exchanges();
    // A start comes before an end of the same time, but for the end of an earlier exchange.
    let mut events: Vec<(u64, usize, bool)> = Vec::with_capacity(exchanges.len() * 2);
    for (at, exchange) in exchanges.iter().enumerate() {
        events.push((exchange.at_ms, at, false));
        events.push((exchange.at_ms.saturating_add(exchange.took_ms), at, true));
    }
    events.sort_by_key(|(time, at, is_end)| (*time, *at, *is_end));
    let mut monitor = Monitor::new(monitor::Options {
        sees_notifications: recording.records(Direction::Notification),
        patience: monitor::PATIENCE,
        edition: options.edition.clone(),
        callback: None,
        at_end: AtEnd::Inconclusive,
    });
    let mut last = 0;
    for (time, at, is_end) in events {
        let exchange = &exchanges[at];
        let number = exchange.number;
        last = last.max(time);
        match (exchange.direction, is_end) {
            (Direction::Request, false) => monitor.request(time, number, &exchange.request),
            (Direction::Request, true) => monitor.answer(time, number, ending(exchange)),
            (Direction::Notification, false) => {
                monitor.notification(time, number, &exchange.request);
            }
            (Direction::Notification, true) => {
                monitor.acknowledgement(time, number, ending(exchange));
            }
        }
    }
    monitor.finish(last)
}

pub(super) fn ending(exchange: &Exchange) -> Ending<'_> {
    match (&exchange.response, &exchange.broke) {
        (_, Some(cause)) => Ending::Broken(cause),
        (Some(response), None) => Ending::Response(response),
        (None, None) => Ending::Unknown,
    }
}

impl NotCovered {
    pub(super) fn new(exchange: &Exchange) -> Self {
        let request = &exchange.request;
        Self {
            number: exchange.number,
            direction: exchange.direction,
            request: format!("{} {}", request.method, request.target),
            status: exchange.response.as_ref().map(|response| response.status),
        }
    }
}
