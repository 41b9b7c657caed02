//! The part of a group of exchanges that a scenario may cover.

use super::transcript::{CapturedExchange, Transcript};
use crate::cassette::format::{CausedBy, Direction};
use crate::contract::change::{Signature, Subject};
use crate::judge::Case;
use crate::scenario::format::Step;

/// The part of a group that one scenario may cover. Exchanges are indices in the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub exchanges: Vec<usize>,
    /// The exchange of each request step, up to the first missing one.
    pub requests: Vec<usize>,
    /// Every request step has an exchange.
    pub is_complete: bool,
}

/// The segment at the start of a group; none if the scenario cannot begin there.
pub(super) fn begin(case: &Case, transcript: &Transcript, group: &[usize]) -> Option<Segment> {
    let script = &case.scenario.script;
    let is_request_of = |step: usize, captured: &CapturedExchange| {
        matches!(&script.steps[step], Step::Request(request)
            if captured.direction == Direction::Request
                && captured.request.method == request.method
                && captured.shape() == case.outline().step(step).shape)
    };
    let first = transcript.get(*group.first()?);
    let begins = match script.steps.first()? {
        Step::Request(_) => is_request_of(0, first),
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
        let captured = transcript.get(index);
        if captured.direction == Direction::Request {
            match next {
                Some(step) if is_request_of(step, captured) => {
                    requests.push(index);
                    next = wanted.next();
                }
                // GET and HEAD change nothing.
                _ if matches!(captured.request.method.as_str(), "GET" | "HEAD") => {}
                _ => break,
            }
        }
        end += 1;
    }
    let (inside, late) = group.split_at(end);
    // Exchanges are sorted by number.
    let is_inside = |number: u64| {
        let found = inside.binary_search_by_key(&number, |index| transcript.get(*index).number);
        found.is_ok()
    };
    let mut exchanges = inside.to_vec();
    exchanges.extend(
        late.iter()
            .copied()
            .filter(|index| certain_cause(transcript.get(*index)).is_some_and(is_inside)),
    );
    Some(Segment {
        exchanges,
        requests,
        is_complete: next.is_none(),
    })
}

/// The known cause of a notification.
fn certain_cause(captured: &CapturedExchange) -> Option<u64> {
    let cause = captured.cause.as_ref()?;
    let is_sure = matches!(cause.by, CausedBy::Operation | CausedBy::Context);
    (is_sure && captured.direction == Direction::Notification).then_some(cause.exchange)
}

/// True if one of the entries creates a call.
fn brings_a_call(signatures: &[Signature]) -> bool {
    let brings = |it: &Signature| it.subject == Subject::Call && it.change_type == "created";
    signatures.iter().any(brings)
}
