//! The scenarios that the exchanges of a conversation show.

use std::collections::HashMap;

use crate::api::resource;
use crate::cassette::format::{Direction, Exchange};
use crate::contract::change;
use crate::contract::change::{Change, Signature};
use crate::http::message::Body;
use crate::judge::Case;
use crate::scenario::format::Step;

/// The steps of scenarios, by the method and the path of their first request.
pub(super) struct Coverage<'a> {
    cases: Vec<(&'a Case, Steps)>,
    /// The places of the scenarios with a request, by its method and shape.
    by_request: HashMap<(String, String), Vec<usize>>,
}

/// The requests of a conversation with the statuses of their answers, and the changes of its notifications.
#[derive(Debug, Default)]
struct Steps {
    requests: Vec<(String, String, Option<u16>)>,
    changes: Vec<Signature>,
}

impl<'a> Coverage<'a> {
    pub(super) fn new(cases: &'a [Case]) -> Self {
        let cases: Vec<_> = cases
            .iter()
            .map(|case| (case, Steps::of_case(case)))
            .collect();
        let mut by_request: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, (_, steps)) in cases.iter().enumerate() {
            if let Some((method, shape, _)) = steps.requests.first() {
                let key = (method.clone(), shape.clone());
                by_request.entry(key).or_default().push(at);
            }
        }
        Self { cases, by_request }
    }

    /// The ids of the scenarios whose steps are all among the exchanges, requests in their order.
    pub(super) fn of<'e>(&self, exchanges: impl Iterator<Item = &'e Exchange>) -> Vec<String> {
        let shown = Steps::of_exchanges(exchanges);
        let mut places: Vec<usize> = Vec::new();
        for (method, shape, _) in &shown.requests {
            let key = (method.clone(), shape.clone());
            places.extend(self.by_request.get(&key).into_iter().flatten());
        }
        places.sort_unstable();
        places.dedup();
        let cases = places.into_iter().map(|at| &self.cases[at]);
        let covered = cases.filter(|(_, steps)| steps.are_among(&shown));
        covered
            .map(|(case, _)| case.scenario.id.as_str().to_owned())
            .collect()
    }
}

/// Any documented success stands for another.
fn is_success(status: Option<u16>) -> bool {
    status.is_some_and(|it| (200..300).contains(&it))
}

impl Steps {
    fn of_case(case: &Case) -> Self {
        let mut steps = Self::default();
        for (at, step) in case.scenario.script.steps.iter().enumerate() {
            match step {
                Step::Request(request) => {
                    let shape = case.outline().step(at).shape.clone();
                    steps.requests.push((request.method.clone(), shape, None));
                }
                Step::Response(response) => {
                    if let Some((_, _, status)) = steps.requests.last_mut() {
                        *status = Some(response.status);
                    }
                }
                Step::Notification(_) => {
                    steps
                        .changes
                        .extend(case.outline().step(at).signature.iter().cloned());
                }
                Step::Refusal(_) => {}
            }
        }
        steps
    }

    fn of_exchanges<'e>(exchanges: impl Iterator<Item = &'e Exchange>) -> Self {
        let mut steps = Self::default();
        for exchange in exchanges {
            let request = &exchange.request;
            match (exchange.direction, &request.body) {
                (Direction::Request, _) => {
                    let status = exchange.response.as_ref().map(|it| it.status);
                    let shape = resource::shape_of(&request.target);
                    steps.requests.push((request.method.clone(), shape, status));
                }
                (Direction::Notification, Body::Json(body)) => {
                    let entries = change::entries(body).into_iter().flatten();
                    let changes = entries.map(|entry| Change::read(entry).signature());
                    steps.changes.extend(changes);
                }
                (Direction::Notification, _) => {}
            }
        }
        steps
    }

    fn are_among(&self, shown: &Self) -> bool {
        let mut requests = shown.requests.iter();
        let has_requests = self.requests.iter().all(|(method, shape, status)| {
            requests.any(|(other, at, answered)| {
                other == method
                    && at == shape
                    && (status.is_none() || is_success(*answered) == is_success(*status))
            })
        });
        let mut changes: Vec<_> = shown.changes.iter().collect();
        has_requests
            && self.changes.iter().all(|change| {
                let found = changes.iter().position(|other| *other == change);
                found.map(|at| changes.swap_remove(at)).is_some()
            })
    }
}
