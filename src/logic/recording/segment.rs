//! What of a group of exchanges a scenario may be about.

use std::collections::HashSet;

use crate::logic::judge::notice::{self, Notice, Subject};
use crate::model::cassette::{CausedBy, Content, Direction, Exchange};
use crate::model::resource;
use crate::model::scenario::{NotificationStep, RequestStep, Script, Step};

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
    script: &Script,
    exchanges: &[Exchange],
    group: &[usize],
    at: usize,
) -> Option<Segment> {
    let first = &exchanges[group[at]];
    let begins = match script.steps.first()? {
        Step::Request(step) => is_asked(step, first),
        Step::Notification(step) => brings_a_call(step, first),
        Step::Response(_) | Step::Refusal(_) => false,
    };
    if !begins {
        return None;
    }
    let mut requests = Vec::new();
    let mut end = at;
    let mut wanted = script.steps.iter().filter_map(|step| match step {
        Step::Request(step) => Some(step),
        _ => None,
    });
    let mut next = wanted.next();
    while let Some(&index) = group.get(end) {
        let exchange = &exchanges[index];
        if exchange.direction == Direction::Request {
            match next {
                Some(step) if is_asked(step, exchange) => {
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

fn is_asked(step: &RequestStep, exchange: &Exchange) -> bool {
    exchange.direction == Direction::Request
        && exchange.request.method == step.method
        && resource::shape_of(&exchange.request.target) == resource::shape_of(&step.target)
}

/// Whether both are notifications that bring a call into being.
fn brings_a_call(step: &NotificationStep, exchange: &Exchange) -> bool {
    let brings = |body: &serde_json::Value| {
        notice::entries(body).is_some_and(|entries| {
            entries
                .iter()
                .map(Notice::read)
                .any(|notice| notice.subject == Subject::Call && notice.change == "created")
        })
    };
    let Content::Json(body) = &exchange.request.body else {
        return false;
    };
    exchange.direction == Direction::Notification
        && brings(body)
        && step.body.json().is_some_and(brings)
}
