//! Finds the exchange that caused another: by operation, then client context and call, then call,
//! then the chain ids of the headers.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use super::format::{Cause, CausedBy, Direction};
use crate::api::identifier;
use crate::api::resource::Resource;
use crate::http::message::Headers;

/// The number of links that are stored. The oldest are dropped, so that memory is bounded.
const MOST: usize = 16 * 1024;

const CHAINS: [&str; 5] = [
    "scenario-id",
    "client-request-id",
    "x-ms-correlation-id",
    "x-ms-correlation-request-id",
    "x-microsoft-skype-chain-id",
];

/// A link between exchanges: an operation, a context on a call, a call, a chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Link(u8, String);

const STRENGTH: [CausedBy; 4] = [
    CausedBy::Operation,
    CausedBy::Context,
    CausedBy::Call,
    CausedBy::Chain,
];

/// The links of a message: those in its target (or `Location`), fields and body.
pub(crate) fn links(target: &str, fields: &Headers, body: Option<&Value>) -> Vec<Link> {
    let mut links = Vec::new();
    let mut contexts = Vec::new();
    let mut targets = vec![target.to_owned()];
    for (name, value) in fields.iter() {
        if name.eq_ignore_ascii_case("location") {
            targets.push(value.to_owned());
        } else if CHAINS.iter().any(|chain| name.eq_ignore_ascii_case(chain)) {
            links.push(Link(3, value.to_owned()));
        }
    }
    if let Some(body) = body {
        read(body, &mut targets, &mut contexts);
    }
    let resources: Vec<_> = targets
        .iter()
        .filter_map(|it| Resource::parse(it))
        .collect();
    for resource in &resources {
        if let Resource::Operation { operation, .. } = resource {
            links.push(Link(0, identifier::normal(operation)));
        }
        if let Some(call) = resource.call().map(identifier::normal) {
            let with_context = |context: &String| Link(1, format!("{call}\n{context}"));
            links.extend(contexts.iter().map(with_context));
            links.push(Link(2, call));
        }
    }
    links.sort();
    links.dedup();
    links
}

/// The path of a call from its path or id.
fn path_to(call: &str) -> String {
    if call.contains('/') {
        call.to_owned()
    } else {
        format!("/calls/{call}")
    }
}

fn read(value: &Value, targets: &mut Vec<String>, contexts: &mut Vec<String>) {
    match value {
        Value::Object(properties) => {
            for (name, property) in properties {
                match (name.as_str(), property.as_str()) {
                    ("resource" | "resourceUrl" | "@odata.id", Some(target)) => {
                        targets.push(target.to_owned());
                    }
                    ("replacesCallId", Some(call)) => targets.push(path_to(call)),
                    ("clientContext", Some(context)) => contexts.push(context.to_owned()),
                    _ => read(property, targets, contexts),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| read(item, targets, contexts)),
        _ => {}
    }
}

/// The links of the exchanges so far.
#[derive(Debug, Default)]
pub(crate) struct Causes {
    last: HashMap<Key, Noted>,
    /// Sorted by time. A link that was noted again has two entries.
    order: VecDeque<(Key, u64)>,
    count: u64,
}

type Key = (Direction, Link);

#[derive(Debug)]
struct Noted {
    exchange: u64,
    /// The value of [`Causes::count`] then.
    at: u64,
}

impl Causes {
    pub(crate) fn note(&mut self, direction: Direction, number: u64, links: &[Link]) {
        for link in links {
            self.count += 1;
            let key = (direction, link.clone());
            let noted = Noted {
                exchange: number,
                at: self.count,
            };
            self.last.insert(key.clone(), noted);
            self.order.push_back((key, self.count));
        }
        self.forget_the_oldest();
    }

    fn forget_the_oldest(&mut self) {
        let is_last = |last: &HashMap<Key, Noted>, (key, at): &(Key, u64)| {
            last.get(key).is_some_and(|noted| noted.at == *at)
        };
        if self.order.len() > 2 * MOST {
            self.order.retain(|entry| is_last(&self.last, entry));
        }
        while self.last.len() > MOST {
            let Some(oldest) = self.order.pop_front() else {
                return;
            };
            if is_last(&self.last, &oldest) {
                self.last.remove(&oldest.0);
            }
        }
    }

    /// The last earlier exchange of the other direction with the strongest common link.
    pub(crate) fn of(&self, direction: Direction, number: u64, links: &[Link]) -> Option<Cause> {
        let other = match direction {
            Direction::Request => Direction::Notification,
            Direction::Notification => Direction::Request,
        };
        links.iter().find_map(|link| {
            let exchange = self.last.get(&(other, link.clone()))?.exchange;
            let by = STRENGTH[usize::from(link.0)];
            (exchange < number).then_some(Cause { exchange, by })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_call_that_is_named_again_is_not_forgotten() {
        let mut causes = Causes::default();
        let call = |number: usize| links(&format!("/app/calls/{number}"), &Headers::new(), None);
        let most = u64::try_from(MOST).unwrap();
        causes.note(Direction::Request, 1, &call(0));
        for number in 1..MOST {
            causes.note(Direction::Request, 2, &call(number));
        }
        // Named again and again, it takes no more room than once.
        for _ in 0..3 * MOST {
            causes.note(Direction::Request, 3, &call(0));
        }
        assert!(causes.order.len() <= 2 * MOST && causes.last.len() == MOST);
        for number in MOST..2 * MOST - 1 {
            causes.note(Direction::Request, 4, &call(number));
        }
        let of = |number| causes.of(Direction::Notification, most, &call(number));
        assert_eq!(of(0).map(|cause| cause.exchange), Some(3));
        assert_eq!(of(1), None);
    }

    #[test]
    fn the_strongest_link_decides_the_cause() {
        let mut causes = Causes::default();
        let chain = Headers::from_iter([("scenario-id", "s")]);
        let context = json!({"clientContext": "c"});
        for (number, target, body) in [
            (1, "/app/calls/1/operations/9", None),
            (2, "/app/calls/1/participants/invite", Some(&context)),
            (3, "/app/calls/1/answer", None),
        ] {
            causes.note(
                Direction::Request,
                number,
                &links(target, &Headers::new(), body),
            );
        }
        causes.note(Direction::Request, 4, &links("/x", &chain, None));
        for (body, exchange, by) in [
            (
                json!({"resource": "/app/calls/1/operations/9"}),
                1,
                CausedBy::Operation,
            ),
            (
                json!({"value": [{"resourceUrl": "/calls/1", "resourceData": context}]}),
                2,
                CausedBy::Context,
            ),
            (
                json!({"resource": "/app/calls/1/participants"}),
                3,
                CausedBy::Call,
            ),
            (json!({}), 4, CausedBy::Chain),
        ] {
            let links = links("/callback", &chain, Some(&body));
            let cause = causes.of(Direction::Notification, 9, &links);
            assert_eq!(cause, Some(Cause { exchange, by }));
        }
        assert_eq!(
            causes.of(Direction::Request, 9, &links("/x", &chain, None)),
            None
        );
    }
}
