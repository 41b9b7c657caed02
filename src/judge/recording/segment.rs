//! What of a group of exchanges a scenario may be about.

use super::transcript::{CapturedExchange, Transcript};
use crate::cassette::format::{CausedBy, Direction};
use crate::contract::change::{Signature, Subject};
use crate::judge::Case;
use crate::scenario::format::Step;

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

/// The segment at the front of a group, where the scenario may begin there.
pub(super) fn begin(case: &Case, transcript: &Transcript, group: &[usize]) -> Option<Segment> {
    let script = &case.scenario.script;
    let is_asked = |step: usize, heard: &CapturedExchange| {
        matches!(&script.steps[step], Step::Request(request)
            if heard.direction == Direction::Request
                && heard.request.method == request.method
                && heard.shape() == case.outline().step(step).shape)
    };
    let first = transcript.get(*group.first()?);
    let begins = match script.steps.first()? {
        Step::Request(_) => is_asked(0, first),
        Step::Notification(_) => {
            first.direction == Direction::Notification
                && brings_a_call(&case.outline().step(0).signature)
                && brings_a_call(first.signature())
        }
        Step::Response(_) | Step::Refusal(_) => false,
    };
    if !begins {
        return None;
    }
    let mut requests = Vec::new();
    let mut end = 0;
    let mut wanted =
        (0..script.steps.len()).filter(|step| matches!(script.steps[*step], Step::Request(_)));
    let mut next = wanted.next();
    while let Some(&index) = group.get(end) {
        let heard = transcript.get(index);
        if heard.direction == Direction::Request {
            match next {
                Some(step) if is_asked(step, heard) => {
                    requests.push(index);
                    next = wanted.next();
                }
                // Looking at something changes nothing.
                _ if matches!(heard.request.method.as_str(), "GET" | "HEAD") => {}
                _ => break,
            }
        }
        end += 1;
    }
    let (inside, late) = group.split_at(end);
    // The exchanges of a recording stand in the order of their numbers.
    let is_inside = |number: u64| {
        let found = inside.binary_search_by_key(&number, |index| transcript.get(*index).number);
        found.is_ok()
    };
    let mut exchanges = inside.to_vec();
    exchanges.extend(
        late.iter()
            .copied()
            .filter(|index| told_cause(transcript.get(*index)).is_some_and(is_inside)),
    );
    Some(Segment {
        exchanges,
        requests,
        is_complete: next.is_none(),
    })
}

/// The exchange that surely brought about a notification.
fn told_cause(heard: &CapturedExchange) -> Option<u64> {
    let cause = heard.cause.as_ref()?;
    let is_sure = matches!(cause.by, CausedBy::Operation | CausedBy::Context);
    (is_sure && heard.direction == Direction::Notification).then_some(cause.exchange)
}

/// Whether one of these brings a call into being.
fn brings_a_call(told: &[Signature]) -> bool {
    let brings = |it: &Signature| it.subject == Subject::Call && it.change_type == "created";
    told.iter().any(brings)
}
