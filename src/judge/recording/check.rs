//! Judges a whole recording by the contract.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::Shared;
use super::coverage::Coverage;
use super::live;
use super::live::Live;
use crate::cassette::format::{Direction, Exchange};
use crate::judge::Options;
use crate::judge::monitor;
use crate::judge::monitor::{AtEnd, Ending, KnownIds};
use crate::judge::verdict::ScenarioResult;

#[derive(Debug, Clone, Default)]
pub(crate) struct Checked {
    /// The conversations in the order of their start, one result for each party. A passing result
    /// has no messages, as no report shows them.
    pub results: Vec<ScenarioResult>,
    /// The first exchanges outside of the contract.
    pub not_covered: Vec<NotCovered>,
    /// The number of others.
    pub unlisted: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotCovered {
    pub number: u64,
    /// The direction of its request.
    pub direction: Direction,
    /// `POST /app/calls`
    pub request: String,
    /// None if the prompt was not answered.
    pub status: Option<u16>,
}

/// Judges the exchanges of a recording, and lists the scenarios that its conversations show.
#[derive(Debug)]
pub(crate) struct Check {
    live: Live,
    /// The times and the numbers of the exchanges that have not ended.
    ends: BinaryHeap<Reverse<(u64, u64)>>,
    last: u64,
}

impl Check {
    /// `name` precedes the names of the conversations: `call.jsonl/invite-2`. `directions` are those that were
    /// recorded.
    pub(crate) fn new(
        name: &str,
        directions: &[Direction],
        coverage: Arc<Coverage>,
        options: &Options,
    ) -> Self {
        let monitor = monitor::Options {
            sees_notifications: directions.contains(&Direction::Notification),
            sees_requests: directions.contains(&Direction::Request),
            patience: monitor::PATIENCE,
            edition: options.edition.clone(),
            callback: None,
            application_callback: None,
            at_end: AtEnd::Inconclusive,
            ids: KnownIds::Some,
        };
        let options = live::Options {
            name: name.to_owned(),
            of: "recording",
            is_strict: options.strict,
        };
        Self {
            live: Live::new(monitor, coverage, options),
            ends: BinaryHeap::new(),
            last: 0,
        }
    }

    /// Takes the exchange that begins next; of those that begin at one time, that with the lower number.
    pub(crate) fn add(&mut self, exchange: Exchange) {
        let begin = (exchange.at_ms, exchange.number);
        // A start comes before an end of the same time, but for the end of an earlier exchange.
        self.end_before(begin);
        let end = exchange.at_ms.saturating_add(exchange.took_ms);
        self.ends.push(Reverse((end, exchange.number)));
        self.live.began(exchange);
    }

    pub(crate) fn finish(mut self) -> Checked {
        self.end_before((u64::MAX, u64::MAX));
        self.live.finish(self.last)
    }

    fn end_before(&mut self, begin: (u64, u64)) {
        while let Some(Reverse((time, number))) = self.ends.peek().copied()
            && (time, number) <= begin
        {
            self.ends.pop();
            self.last = time;
            self.live.ended_as_recorded(time, number);
            self.live.settle();
        }
    }
}

/// Judges a recording that is in memory.
#[cfg(any(test, fuzzing))]
pub(crate) fn check(
    name: &str,
    recording: &crate::cassette::recording::Recording,
    cases: &[crate::judge::Case],
    options: &Options,
) -> Checked {
    let mut exchanges = recording.exchanges().to_vec();
    exchanges.sort_by_key(|it| (it.at_ms, it.number));
    let mut check = Check::new(
        name,
        recording.directions(),
        Coverage::new(cases).into(),
        options,
    );
    for exchange in exchanges {
        check.add(exchange);
    }
    check.finish()
}

pub(super) fn ending(exchange: &Shared) -> Ending<'_> {
    match (&exchange.response, &exchange.broke) {
        (_, Some(cause)) => Ending::Broken(cause),
        (Some(response), None) => Ending::Response(response),
        (None, None) => Ending::Unknown,
    }
}

impl NotCovered {
    pub(super) fn new(exchange: &Shared) -> Self {
        let request = &exchange.request;
        Self {
            number: exchange.number,
            direction: exchange.direction,
            request: format!("{} {}", request.method, request.target),
            status: exchange.response.as_ref().map(|response| response.status),
        }
    }
}
