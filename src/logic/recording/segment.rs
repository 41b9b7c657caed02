//! What of a group of exchanges a scenario may be about.

use std::collections::HashSet;

use super::transcript::Transcript;
use crate::logic::judge::Case;
use crate::logic::judge::notice::{Signs, Subject};
use crate::model::cassette::{CausedBy, Direction, Exchange};
use crate::model::scenario::Step;

/// A part of a group, held against one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// Its exchanges, by their places in the recording.
    pub exchanges: Vec<usize>,
    /// The exchange of each request step, as far as they are there.
    pub requests: Vec<usize>,
    /// Whether no request step is left over.
    pub is_complete: bool,
}

/// The segment that begins at a place of a group, where the scenario may begin there.
pub(super) fn begin(
    case: &Case,
    transcript: &Transcript<'_>,
    group: &[usize],
    at: usize,
) -> Option<Segment> {
    let exchanges = transcript.exchanges();
    let script = &case.scenario.script;
    let is_asked = |step: usize, index: usize| {
        matches!(&script.steps[step], Step::Request(request)
            if exchanges[index].direction == Direction::Request
                && exchanges[index].request.method == request.method
                && transcript.shape(index) == case.outline().step(step).shape)
    };
    let begins = match script.steps.first()? {
        Step::Request(_) => is_asked(0, group[at]),
        Step::Notification(_) => {
            exchanges[group[at]].direction == Direction::Notification
                && brings_a_call(&case.outline().step(0).signs)
                && brings_a_call(transcript.signs(group[at]))
        }
        Step::Response(_) | Step::Refusal(_) => false,
    };
    if !begins {
        return None;
    }
    let mut requests = Vec::new();
    let mut end = at;
    let mut wanted =
        (0..script.steps.len()).filter(|step| matches!(script.steps[*step], Step::Request(_)));
    let mut next = wanted.next();
    while let Some(&index) = group.get(end) {
        let exchange = &exchanges[index];
        if exchange.direction == Direction::Request {
            match next {
                Some(step) if is_asked(step, index) => {
                    requests.push(index);
                    next = wanted.next();
                }
                // Looking at something changes nothing.
                _ if matches!(exchange.request.method.as_str(), "GET" | "HEAD") => {}
                _ => break,
            }
        }
        end += 1;
    }
    let mut chosen = group[at..end].to_vec();
    let numbers = |of: &[usize]| -> HashSet<u64> {
        of.iter().map(|index| exchanges[*index].number).collect()
    };
    let inside = numbers(&chosen);
    let earlier = numbers(&group[..at]);
    chosen.retain(|index| told_cause(&exchanges[*index]).is_none_or(|it| !earlier.contains(&it)));
    let late = group[end..].iter().copied();
    chosen.extend(late.filter(|index| {
        told_cause(&exchanges[*index]).is_some_and(|cause| inside.contains(&cause))
    }));
    Some(Segment {
        exchanges: chosen,
        requests,
        is_complete: next.is_none(),
    })
}

/// The exchange that surely brought about a notification.
fn told_cause(exchange: &Exchange) -> Option<u64> {
    let cause = exchange.cause.as_ref()?;
    let is_sure = matches!(cause.by, CausedBy::Operation | CausedBy::Context);
    (is_sure && exchange.direction == Direction::Notification).then_some(cause.exchange)
}

/// Whether one of these brings a call into being.
fn brings_a_call(told: &[Signs]) -> bool {
    let brings = |it: &Signs| it.subject == Subject::Call && it.change == "created";
    told.iter().any(brings)
}
