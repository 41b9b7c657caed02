//! The scenarios that the exchanges of a conversation show.

use std::hash::Hash;
use std::sync::Arc;

use foldhash::HashMap;

use super::Shared;
use crate::api::resource;
use crate::cassette::format::Direction;
use crate::contract::change;
use crate::contract::change::{Change, Signature};
use crate::http::message::Body;
use crate::judge::Case;
use crate::scenario::format::Step;

/// The steps of scenarios, by their first request.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// The ids of the scenarios, each with its steps.
    scenarios: Vec<(String, Steps)>,
    /// The scenarios that begin with a request, by the request.
    beginning: HashMap<u32, Vec<usize>>,
    requests: Numbers<(String, String)>,
    changes: Numbers<Signature>,
}

/// A number for each request, by method and shape, or for each change.
#[derive(Debug)]
struct Numbers<T>(HashMap<T, u32>);

/// The requests of a conversation with the success of their answers, and the changes of its notifications: only those
/// that a scenario has too.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// In their order.
    requests: Vec<CoveredRequest>,
    /// Sorted.
    changes: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct CoveredRequest {
    /// The number of the exchange, or of the step.
    at: u64,
    request: u32,
    /// None where a scenario prints no answer.
    has_succeeded: Option<bool>,
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<T: Eq + Hash> Numbers<T> {
    fn add(&mut self, key: T) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(key).or_insert(next)
    }

    fn get(&self, key: &T) -> Option<u32> {
        self.0.get(key).copied()
    }
}

impl Coverage {
    pub(crate) fn new(cases: &[Case]) -> Self {
        let mut coverage = Self::default();
        for case in cases {
            let steps = coverage.steps_of_case(case);
            if let Some(first) = steps.requests.first() {
                let at = coverage.scenarios.len();
                coverage
                    .beginning
                    .entry(first.request)
                    .or_default()
                    .push(at);
            }
            let id = case.scenario.id.as_str().to_owned();
            coverage.scenarios.push((id, steps));
        }
        coverage
    }

    /// The number of scenarios.
    pub(crate) const fn len(&self) -> usize {
        self.scenarios.len()
    }

    /// The places of the scenarios whose steps are all among those of a conversation, requests in their order.
    pub(super) fn of(&self, shown: &Steps) -> Vec<usize> {
        let mut requests: Vec<u32> = shown.requests.iter().map(|it| it.request).collect();
        requests.sort_unstable();
        requests.dedup();
        let begun = requests.iter().filter_map(|it| self.beginning.get(it));
        let mut begun: Vec<usize> = begun.flatten().copied().collect();
        begun.sort_unstable();
        begun.retain(|at| self.scenarios[*at].1.are_among(shown));
        begun
    }

    /// The ids of scenarios, by their places.
    pub(super) fn ids(&self, places: &[usize]) -> Arc<[String]> {
        let ids = places.iter().map(|at| self.scenarios[*at].0.clone());
        ids.collect()
    }

    pub(super) fn steps<'e>(&self, exchanges: impl IntoIterator<Item = &'e Shared>) -> Steps {
        let mut steps = Steps::default();
        if self.scenarios.is_empty() {
            return steps;
        }
        for exchange in exchanges {
            let request = &exchange.request;
            match (exchange.direction, &request.body) {
                (Direction::Request, _) => {
                    let key = (request.method.clone(), resource::shape_of(&request.target));
                    let status = exchange.response.as_ref().map(|it| it.status);
                    let covered = self.requests.get(&key).map(|request| CoveredRequest {
                        at: exchange.number,
                        request,
                        has_succeeded: Some(status.is_some_and(is_success)),
                    });
                    steps.requests.extend(covered);
                }
                (Direction::Notification, Body::Json(body)) => {
                    let entries = change::entries(body).into_iter().flatten();
                    let changes = entries.map(|entry| Change::read(entry).signature());
                    steps
                        .changes
                        .extend(changes.filter_map(|it| self.changes.get(&it)));
                }
                (Direction::Notification, _) => {}
            }
        }
        steps.changes.sort_unstable();
        steps
    }

    fn steps_of_case(&mut self, case: &Case) -> Steps {
        let mut steps = Steps::default();
        for (at, step) in case.scenario.script.steps.iter().enumerate() {
            match step {
                Step::Request(request) => {
                    let shape = case.outline().step(at).shape.clone();
                    steps.requests.push(CoveredRequest {
                        at: at as u64,
                        request: self.requests.add((request.method.clone(), shape)),
                        has_succeeded: None,
                    });
                }
                Step::Response(response) => {
                    if let Some(covered) = steps.requests.last_mut() {
                        covered.has_succeeded = Some(is_success(response.status));
                    }
                }
                Step::Notification(_) => {
                    let entries = case.outline().step(at).entries.iter();
                    let entries = entries.filter(|entry| !entry.is_whole());
                    let signature = entries.map(|entry| entry.signature.clone());
                    steps
                        .changes
                        .extend(signature.map(|it| self.changes.add(it)));
                }
                Step::Refusal(_) => {}
            }
        }
        steps.changes.sort_unstable();
        steps
    }
}

/// Any documented success stands for another.
fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

impl Steps {
    fn are_among(&self, shown: &Self) -> bool {
        let mut requests = shown.requests.iter();
        let has_requests = self.requests.iter().all(|covered| {
            requests.any(|it| {
                let is_any = covered.has_succeeded.is_none();
                it.request == covered.request
                    && (is_any || it.has_succeeded == covered.has_succeeded)
            })
        });
        let mut changes = shown.changes.iter();
        has_requests
            && self
                .changes
                .iter()
                .all(|change| changes.any(|it| it == change))
    }

    /// Takes over the steps of another conversation.
    pub(super) fn absorb(&mut self, other: Self) {
        self.requests.extend(other.requests);
        self.requests.sort_by_key(|it| it.at);
        self.changes.extend(other.changes);
        self.changes.sort_unstable();
    }
}
