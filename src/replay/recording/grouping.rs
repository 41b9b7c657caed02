//! Groups of exchanges about the same calls.

use std::hash::Hash;

use foldhash::HashMap;
use serde_json::Value;

use crate::api::identifier;
use crate::api::resource::Resource;
use crate::cassette::format::Exchange;
use crate::http::message::Body;
use crate::judge::people::call_of;

/// Groups exchanges incrementally by the calls that they share. `C` identifies a call.
#[derive(Debug)]
pub(crate) struct Grouping<C> {
    parents: Vec<u32>,
    first_of: HashMap<C, u32>,
}

impl<C> Default for Grouping<C> {
    fn default() -> Self {
        Self {
            parents: Vec::new(),
            first_of: HashMap::default(),
        }
    }
}

impl<C: Eq + Hash> Grouping<C> {
    /// Adds the next exchange, with the calls that it is about.
    ///
    /// # Panics
    ///
    /// At more than `u32::MAX` exchanges.
    pub(crate) fn add(&mut self, calls: impl IntoIterator<Item = C>) {
        let index = u32::try_from(self.parents.len()).expect("a recording that fits into memory");
        self.parents.push(index);
        for call in calls {
            let first = *self.first_of.entry(call).or_insert(index);
            let (one, other) = (self.root(first), self.root(index));
            self.parents[one.max(other) as usize] = one.min(other);
        }
    }

    fn root(&mut self, mut index: u32) -> u32 {
        while self.parents[index as usize] != index {
            let parent = self.parents[index as usize];
            self.parents[index as usize] = self.parents[parent as usize];
            index = parent;
        }
        index
    }

    /// The number of each exchange's group, in the order of the groups' first exchange.
    pub(crate) fn numbers(mut self) -> Vec<u32> {
        let mut next = 0;
        let mut numbers: Vec<u32> = Vec::with_capacity(self.parents.len());
        for index in (0..).take(self.parents.len()) {
            let root = self.root(index);
            if root == index {
                numbers.push(next);
                next += 1;
            } else {
                numbers.push(numbers[root as usize]);
            }
        }
        numbers
    }
}

/// Normalized.
pub(crate) fn calls(exchange: &Exchange) -> Vec<String> {
    let mut calls = Vec::new();
    each_call(exchange, &mut |call| calls.push(identifier::normal(call)));
    calls
}

/// Visits the calls that an exchange is about, as they are written.
fn each_call(exchange: &Exchange, visit: &mut impl FnMut(&str)) {
    let request = &exchange.request;
    let target = Resource::parse(&request.target);
    if let Some(call) = target.as_ref().and_then(Resource::call) {
        visit(call);
    }
    named_in_body(&request.body, visit);
    if let Some(response) = &exchange.response {
        let headers = response.headers.iter();
        for (_, to) in headers.filter(|(name, _)| name.eq_ignore_ascii_case("location")) {
            call_in(to, visit);
        }
        named_in_body(&response.body, visit);
        if let (Body::Json(body), 201, Some(Resource::Calls)) =
            (&response.body, response.status, &target)
        {
            body["id"].as_str().into_iter().for_each(visit);
        }
    }
}

fn call_in(path: &str, visit: &mut impl FnMut(&str)) {
    if let Some(call) = Resource::parse(path).as_ref().and_then(Resource::call) {
        visit(call);
    }
}

fn named_in_body(body: &Body, visit: &mut impl FnMut(&str)) {
    if let Body::Json(body) = body {
        named_in(body, visit);
    }
}

fn named_in(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::Object(properties) => {
            for (name, property) in properties {
                match (name.as_str(), property.as_str()) {
                    ("resource" | "resourceUrl" | "@odata.id", Some(path)) => {
                        call_in(path, visit);
                    }
                    ("replacesCallId", Some(replaced)) => visit(&call_of(replaced)),
                    _ => named_in(property, visit),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named_in(item, visit)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::format::Direction;
    use crate::http::message::{Request, Response};
    use serde_json::json;

    fn exchange(number: u64, target: &str, body: &Value, answer: &Value) -> Exchange {
        let mut request = Request::new("POST", target);
        request.body = Body::Json(body.clone());
        let mut response = Response::new(201);
        response.body = Body::Json(answer.clone());
        Exchange {
            response: Some(response),
            ..Exchange::new(number, Direction::Request, request)
        }
    }

    #[test]
    fn exchanges_are_grouped_by_call() {
        let replaces = json!({"participants": [{"replacesCallId": "/app/calls/9"}]});
        let notification = json!({"value": [{"resource": "/app/calls/9"}]});
        let none = json!({});
        let invite = "/communications/calls/1/participants/invite";
        let list = [
            exchange(1, "/beta/app/calls", &none, &json!({"id": "1"})),
            exchange(2, "/app/calls/2/answer", &none, &none),
            exchange(3, invite, &replaces, &none),
            exchange(4, "/me", &none, &none),
            exchange(5, "/callback", &notification, &none),
        ];
        let mut grouping = Grouping::default();
        for exchange in &list {
            grouping.add(calls(exchange));
        }
        assert_eq!(grouping.numbers(), [0, 1, 0, 2, 0]);
    }
}
