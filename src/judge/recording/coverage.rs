//! The scenarios that the exchanges of a conversation show.

use std::hash::Hash;
use std::sync::Arc;

use foldhash::HashMap;

use super::Shared;
use super::pattern::Pattern;
use crate::api::resource;
use crate::cassette::format::Direction;
use crate::contract::change;
use crate::contract::change::{Change, Signature};
use crate::contract::operation;
use crate::http::message::{Body, Request};
use crate::judge::Case;
use crate::scenario::format::{RequestStep, Step};

/// The steps of scenarios, by their first request.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// The ids of the scenarios, each with its steps.
    scenarios: Vec<(String, ScenarioSteps)>,
    /// The scenarios that begin with a request, by its pattern.
    beginning: HashMap<u32, Vec<usize>>,
    patterns: HashMap<RequestKey, Numbers<Pattern>>,
    /// The number of all patterns.
    known: u32,
    changes: Numbers<Signature>,
}

/// The part of a request that selects its patterns.
#[derive(Debug, PartialEq, Eq, Hash)]
enum RequestKey {
    /// The name of an operation of the contract.
    Operation(&'static str),
    /// The method and the shape of a request that the contract does not have.
    Other(String, String),
}

/// A number for each pattern, or for each change.
#[derive(Debug)]
struct Numbers<T>(HashMap<T, u32>);

#[derive(Debug, Default)]
struct ScenarioSteps {
    /// In their order.
    requests: Vec<ScenarioRequest>,
    /// Sorted.
    changes: Vec<u32>,
}

#[derive(Debug)]
struct ScenarioRequest {
    pattern: u32,
    /// None where a scenario prints no answer.
    answer: Option<Answer>,
}

/// The requests of a conversation with their answers, and the changes of its notifications: only those that a scenario
/// has too.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// In their order.
    requests: Vec<ShownRequest>,
    /// Sorted.
    changes: Vec<u32>,
}

#[derive(Debug)]
struct ShownRequest {
    /// The number of the exchange.
    at: u64,
    /// The patterns that the request fits.
    patterns: Vec<u32>,
    answer: Option<Answer>,
}

/// Any documented success counts as any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Success,
    Other(u16),
}

impl Answer {
    const fn of(status: u16) -> Self {
        match status {
            200..300 => Self::Success,
            status => Self::Other(status),
        }
    }
}

impl RequestKey {
    fn of(method: &str, target: &str) -> Self {
        match operation::of_request(method, target) {
            Some((operation, _)) => Self::Operation(&operation.name),
            None => Self::Other(method.to_owned(), resource::shape_of(target)),
        }
    }
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<T: Eq + Hash> Numbers<T> {
    /// The number of a key, which is `next` if it is new.
    fn add(&mut self, key: T, next: u32) -> u32 {
        *self.0.entry(key).or_insert(next)
    }
}

impl Coverage {
    pub(crate) fn new(cases: &[Case]) -> Self {
        let mut coverage = Self::default();
        for case in cases {
            let steps = coverage.steps_of_case(case);
            if let Some(first) = steps.requests.first() {
                let at = coverage.scenarios.len();
                let begun = coverage.beginning.entry(first.pattern);
                begun.or_default().push(at);
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
        let mut patterns: Vec<u32> = shown
            .requests
            .iter()
            .flat_map(|it| &it.patterns)
            .copied()
            .collect();
        patterns.sort_unstable();
        patterns.dedup();
        let begun = patterns.iter().filter_map(|it| self.beginning.get(it));
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
                    let patterns = self.patterns_of(request);
                    if !patterns.is_empty() {
                        let status = exchange.response.as_ref().map(|it| it.status);
                        steps.requests.push(ShownRequest {
                            at: exchange.number,
                            patterns,
                            answer: status.map(Answer::of),
                        });
                    }
                }
                (Direction::Notification, Body::Json(body)) => {
                    let entries = change::entries(body).into_iter().flatten();
                    let changes = entries.map(|entry| Change::read(entry).signature());
                    let known = changes.filter_map(|it| self.changes.0.get(&it));
                    steps.changes.extend(known);
                }
                (Direction::Notification, _) => {}
            }
        }
        steps.changes.sort_unstable();
        steps
    }

    fn patterns_of(&self, request: &Request) -> Vec<u32> {
        let key = RequestKey::of(&request.method, &request.target);
        let patterns = self.patterns.get(&key).into_iter();
        let patterns = patterns.flat_map(|it| &it.0);
        let fitting = patterns.filter(|(pattern, _)| pattern.fits(request));
        fitting.map(|(_, number)| *number).collect()
    }

    fn steps_of_case(&mut self, case: &Case) -> ScenarioSteps {
        let mut steps = ScenarioSteps::default();
        for (at, step) in case.scenario.script.steps.iter().enumerate() {
            match step {
                Step::Request(request) => steps.requests.push(ScenarioRequest {
                    pattern: self.pattern(case, request),
                    answer: None,
                }),
                Step::Response(response) => {
                    if let Some(request) = steps.requests.last_mut() {
                        request.answer = Some(Answer::of(response.status));
                    }
                }
                Step::Notification(_) => {
                    let entries = case.outline().step(at).entries.iter();
                    for entry in entries.filter(|entry| !entry.is_whole()) {
                        let next = u32::try_from(self.changes.0.len()).unwrap_or(u32::MAX);
                        let signature = entry.signature.clone();
                        steps.changes.push(self.changes.add(signature, next));
                    }
                }
                Step::Refusal(_) => {}
            }
        }
        steps.changes.sort_unstable();
        steps
    }

    fn pattern(&mut self, case: &Case, request: &RequestStep) -> u32 {
        let operation = operation::of_request(&request.method, &request.target);
        let operation = operation.map(|(operation, _)| operation);
        let pattern = Pattern::of(&case.scenario.id, request, operation);
        let key = RequestKey::of(&request.method, &request.target);
        let number = self
            .patterns
            .entry(key)
            .or_default()
            .add(pattern, self.known);
        self.known = self.known.max(number + 1);
        number
    }
}

impl ScenarioSteps {
    fn are_among(&self, shown: &Steps) -> bool {
        let mut requests = shown.requests.iter();
        let has_requests = self.requests.iter().all(|covered| {
            requests.any(|it| {
                let is_any = covered.answer.is_none();
                it.patterns.contains(&covered.pattern) && (is_any || it.answer == covered.answer)
            })
        });
        let mut changes = shown.changes.iter();
        has_requests
            && self
                .changes
                .iter()
                .all(|change| changes.any(|it| it == change))
    }
}

impl Steps {
    /// Takes over the steps of another conversation.
    pub(super) fn absorb(&mut self, other: Self) {
        self.requests.extend(other.requests);
        self.requests.sort_by_key(|it| it.at);
        self.changes.extend(other.changes);
        self.changes.sort_unstable();
    }
}
