//! The scenarios that the exchanges of a conversation show.

use std::hash::Hash;
use std::sync::Arc;

use foldhash::HashMap;
use serde_json::Value;

use super::Shared;
use super::pattern::Pattern;
use crate::api::identifier::Normal;
use crate::api::resource;
use crate::api::resource::Resource;
use crate::api::template;
use crate::cassette::format::Direction;
use crate::contract::change;
use crate::contract::change::{Change, Signature, Subject};
use crate::contract::operation;
use crate::contract::shape::{entities, lookup};
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
    /// The changes before the first request.
    before: Vec<ScenarioChange>,
}

#[derive(Debug)]
struct ScenarioRequest {
    pattern: u32,
    /// None where a scenario prints no answer.
    answer: Option<Answer>,
    /// The changes until the next request.
    changes: Vec<ScenarioChange>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ScenarioChange {
    number: u32,
    /// It is about the comms operation that the request before it began.
    is_of_request: bool,
    /// It is an outcome of the request before it, which moves a call.
    is_outcome: bool,
}

/// The requests of a conversation with their answers, and the changes of its notifications.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// In their order; only those that a scenario has too.
    requests: Vec<ShownRequest>,
    /// In their order; only those that a scenario has too, and outcomes.
    changes: Vec<ShownChange>,
}

#[derive(Debug)]
struct ShownRequest {
    /// The number of the exchange.
    at: u64,
    /// The patterns that the request fits.
    patterns: Vec<u32>,
    answer: Option<Answer>,
    call: Option<Normal<'static>>,
    /// The comms operation in the answer.
    operation: Option<Normal<'static>>,
}

#[derive(Debug)]
struct ShownChange {
    /// The number of the exchange.
    at: u64,
    /// None for one that no scenario has.
    number: Option<u32>,
    call: Option<Normal<'static>>,
    operation: Option<Normal<'static>>,
    is_outcome: bool,
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
                        let (call, operation) = resources(exchange);
                        steps.requests.push(ShownRequest {
                            at: exchange.number,
                            patterns,
                            answer: status.map(Answer::of),
                            call,
                            operation,
                        });
                    }
                }
                (Direction::Notification, Body::Json(body)) => {
                    let entries = change::entries(body).into_iter().flatten();
                    let changes = entries.map(|entry| self.shown_change(exchange.number, entry));
                    let has_use = |it: &ShownChange| it.number.is_some() || it.is_outcome;
                    steps.changes.extend(changes.filter(has_use));
                }
                (Direction::Notification, _) => {}
            }
        }
        steps
    }

    fn shown_change(&self, at: u64, entry: &Value) -> ShownChange {
        let change = Change::read(entry);
        let id = |id: &str| Normal::of(id).into_owned();
        let is_outcome = is_outcome(&change);
        ShownChange {
            at,
            is_outcome,
            call: change.call().map(id),
            operation: change.operations().first().map(|it| id(it)),
            number: self.changes.0.get(&change.signature()).copied(),
        }
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
        let variable = |id: &str| template::sole_variable(id).map(ToOwned::to_owned);
        // The variable of the comms operation that the last request began.
        let mut operation: Option<String> = None;
        let mut moves_call = false;
        for (at, step) in case.scenario.script.steps.iter().enumerate() {
            match step {
                Step::Request(request) => {
                    operation = None;
                    let found = operation::of_request(&request.method, &request.target);
                    moves_call = found.is_some_and(|(operation, _)| operation.moves_call());
                    steps.requests.push(ScenarioRequest {
                        pattern: self.pattern(case, request),
                        answer: None,
                        changes: Vec::new(),
                    });
                }
                Step::Response(response) => {
                    if let Some(request) = steps.requests.last_mut() {
                        request.answer = Some(Answer::of(response.status));
                    }
                    let id = response
                        .body
                        .json()
                        .and_then(|body| lookup(body, "id")?.1.as_str());
                    operation = id.and_then(variable);
                }
                Step::Notification(_) => {
                    let entries = case.outline().step(at).entries.iter();
                    for entry in entries.filter(|entry| !entry.is_whole()) {
                        let next = u32::try_from(self.changes.0.len()).unwrap_or(u32::MAX);
                        let change = ScenarioChange {
                            number: self.changes.add(entry.signature.clone(), next),
                            is_of_request: operation.is_some() && entry.operation == operation,
                            is_outcome: moves_call && is_outcome(&Change::read(&entry.printed)),
                        };
                        let request = steps.requests.last_mut();
                        let changes = request.map_or(&mut steps.before, |it| &mut it.changes);
                        changes.push(change);
                    }
                }
                Step::Refusal(_) => {}
            }
        }
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
        let has_before = shown.have(&self.before, None);
        has_before
            && self.requests.iter().all(|covered| {
                requests.any(|it| {
                    let is_any = covered.answer.is_none();
                    it.patterns.contains(&covered.pattern)
                        && (is_any || it.answer == covered.answer)
                        && shown.have(&covered.changes, Some(it))
                })
            })
    }
}

impl Steps {
    /// True if the conversation has these changes, after a request if there is one. They may precede its answer. The end
    /// of a comms operation is that of the one that the request began. The first outcome of a call that the request moves
    /// is that of the request.
    fn have(&self, documented: &[ScenarioChange], request: Option<&ShownRequest>) -> bool {
        let from = request.map_or(0, |it| it.at);
        let after = &self.changes[self.changes.partition_point(|it| it.at < from)..];
        let same = |one: Option<&Normal<'_>>, other: Option<&Normal<'_>>| match (one, other) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        let mut used: Vec<usize> = Vec::new();
        let mut has_outcome = request.is_none();
        documented.iter().all(|change| {
            let is_its = |it: &ShownChange| {
                let begun = request.filter(|_| change.is_of_request);
                same(
                    it.operation.as_ref(),
                    begun.and_then(|it| it.operation.as_ref()),
                )
            };
            let is_of_call =
                |it: &ShownChange| same(it.call.as_ref(), request.and_then(|it| it.call.as_ref()));
            let is_first = change.is_outcome && !std::mem::replace(&mut has_outcome, true);
            let mut numbered = after.iter().enumerate();
            let found = if is_first {
                let first = numbered.find(|(_, it)| it.is_outcome && is_of_call(it));
                first.filter(|(_, it)| it.number == Some(change.number))
            } else {
                numbered.find(|(at, it)| {
                    it.number == Some(change.number) && is_its(it) && !used.contains(at)
                })
            };
            used.extend(found.map(|(at, _)| at));
            found.is_some()
        })
    }

    /// Takes over the steps of another conversation.
    pub(super) fn absorb(&mut self, other: Self) {
        self.requests.extend(other.requests);
        self.requests.sort_by_key(|it| it.at);
        self.changes.extend(other.changes);
        self.changes.sort_by_key(|it| it.at);
    }
}

/// True for a change that shows how the move of a call turned out: the call has ended, or is established again with a
/// result.
fn is_outcome(change: &Change<'_>) -> bool {
    let is_of_call = change.subject == Subject::Call;
    let is_again = change.word.as_deref() == Some("established");
    let mut data = entities(change.data());
    let has_result = data.any(|it| lookup(it, "resultInfo").is_some());
    is_of_call && (change.change_type == "deleted" || (is_again && has_result))
}

/// The call of a request, and the comms operation that it began.
fn resources(exchange: &Shared) -> (Option<Normal<'static>>, Option<Normal<'static>>) {
    let request = &exchange.request;
    let normal = |id: &str| Normal::of(id).into_owned();
    let answer = exchange.response.as_ref().and_then(|it| it.body.json());
    let id = answer.and_then(|body| lookup(body, "id")?.1.as_str());
    let location = exchange
        .response
        .as_ref()
        .and_then(|it| it.headers.get("location"));
    let made = location.and_then(Resource::parse);
    let Some((operation, ids)) = operation::of_request(&request.method, &request.target) else {
        return (None, None);
    };
    let made = match &made {
        Some(Resource::Operation { operation, .. }) => Some(operation.as_str()),
        Some(Resource::Call(call)) => Some(call.as_str()),
        _ => None,
    };
    let made = id.or(made);
    if operation.creates_call {
        (made.map(normal), None)
    } else {
        let begun = made.filter(|_| operation.makes_something());
        (ids.call.map(normal), begun.map(normal))
    }
}
