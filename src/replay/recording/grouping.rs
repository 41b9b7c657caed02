//! Groups of exchanges about the same calls.

use std::hash::Hash;

use crate::api::identifier;
use crate::api::resource::Resource;
use crate::cassette::raw::RawExchange;
use crate::judge::people::call_of;
use crate::replay::matching::content::Content;
use foldhash::HashMap;

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

/// The calls that an exchange with these contents is about, normalized.
pub(crate) fn calls(
    exchange: &RawExchange<'_>,
    request: &Content<'_>,
    response: &Content<'_>,
) -> Vec<String> {
    let mut calls = Vec::new();
    let mut visit = |call: &str| calls.push(identifier::normal(call));
    let target = Resource::parse(&exchange.request.target);
    if let Some(call) = target.as_ref().and_then(Resource::call) {
        visit(call);
    }
    named_in(request, &mut visit);
    if let Some(answer) = &exchange.response {
        let headers = answer.headers.iter();
        for (_, to) in headers.filter(|(name, _)| name.eq_ignore_ascii_case("location")) {
            call_in(to, &mut visit);
        }
        named_in(response, &mut visit);
        if let (201, Some(Resource::Calls)) = (answer.status, &target) {
            response.text_of("id").into_iter().for_each(visit);
        }
    }
    calls
}

fn call_in(path: &str, visit: &mut impl FnMut(&str)) {
    if let Some(call) = Resource::parse(path).as_ref().and_then(Resource::call) {
        visit(call);
    }
}

fn named_in(content: &Content<'_>, visit: &mut impl FnMut(&str)) {
    match content {
        Content::Object(properties) => {
            for (name, property) in properties {
                match (&**name, property) {
                    ("resource" | "resourceUrl" | "@odata.id", Content::Text(path)) => {
                        call_in(path, visit);
                    }
                    ("replacesCallId", Content::Text(replaced)) => visit(&call_of(replaced)),
                    _ => named_in(property, visit),
                }
            }
        }
        Content::List(items) => items.iter().for_each(|item| named_in(item, visit)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn calls_of(target: &str, body: &Value, answer: &Value) -> Vec<String> {
        let line = json!({
            "number": 1, "direction": "request", "at_ms": 0, "took_ms": 0,
            "request": {"method": "POST", "target": target, "headers": []},
            "response": {"status": 201, "headers": []},
        });
        let line = line.to_string();
        let exchange = serde_json::from_str(&line).unwrap();
        calls(
            &exchange,
            &Content::of_value(body),
            &Content::of_value(answer),
        )
    }

    #[test]
    fn exchanges_are_grouped_by_call() {
        let replaces = json!({"participants": [{"replacesCallId": "/app/calls/9"}]});
        let notification = json!({"value": [{"resource": "/app/calls/9"}]});
        let none = json!({});
        let invite = "/communications/calls/1/participants/invite";
        let list = [
            calls_of("/beta/app/calls", &none, &json!({"id": "1"})),
            calls_of("/app/calls/2/answer", &none, &none),
            calls_of(invite, &replaces, &none),
            calls_of("/me", &none, &none),
            calls_of("/callback", &notification, &none),
        ];
        let mut grouping = Grouping::default();
        for calls in list {
            grouping.add(calls);
        }
        assert_eq!(grouping.numbers(), [0, 1, 0, 2, 0]);
    }
}
