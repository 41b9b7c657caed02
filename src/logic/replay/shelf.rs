//! Recorded requests, found by what a live request is, without a scan.
//!
//! Each recording stands under four marks, from the nearest to the widest: everything that the
//! request says; the same but for values that the bot made up; the same but for all values that
//! differ from run to run; method and path alone. A mark is a number that a hash makes: what is
//! found is still to be compared.

use std::hash::{BuildHasher as _, Hash, Hasher as _};

use foldhash::quality::{FixedState, FoldHasher};

use serde_json::Value;

use super::mapping::{self, Role};
use super::origins::Origins;
use crate::logic::judge::shape::canonical;
use crate::model::cassette::{Direction, Exchange};
use crate::model::identifier::{ById, Normal};
use crate::model::message::Payload;
use crate::model::resource;

/// How many marks a request has.
const LEVELS: usize = 4;

/// How many recordings of one mark are compared at most.
const LOOKS: usize = 64;

#[derive(Debug)]
pub(super) struct Shelf {
    levels: [Level; LEVELS],
    /// Values that the recorded service made up: a live bot has them from it.
    issued: ById<String>,
    /// Values that the recorded bot made up, each with the exchange that has it first.
    made: Vec<(usize, String)>,
    served: Vec<bool>,
}

/// The recordings under the marks of one level, in the order of the marks and of the recording.
#[derive(Debug, Default)]
struct Level {
    marks: Vec<(u64, u32)>,
    /// For each, the next one that may not be served yet. Served ones are passed over once.
    next: Vec<u32>,
}

/// Marks are compared within one run only, and what they find is compared again.
const SEED: FixedState = FixedState::with_seed(0);

/// What a request is, at every level.
pub(super) type Marks = [u64; LEVELS];

impl Shelf {
    pub(super) fn new(exchanges: &[Exchange]) -> Self {
        let Origins {
            service: issued,
            made,
            ..
        } = Origins::of(exchanges);
        let mut levels: [Level; LEVELS] = Default::default();
        for (index, exchange) in exchanges.iter().enumerate() {
            if exchange.direction != Direction::Request {
                continue;
            }
            let request = &exchange.request;
            let body = request.body.json();
            let marks = marks(&request.method, &request.target, body, &issued);
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            for (level, mark) in levels.iter_mut().zip(marks) {
                level.marks.push((mark, index));
            }
        }
        for level in &mut levels {
            level.marks.sort_unstable();
            level.next = (0..).take(level.marks.len()).collect();
        }
        Self {
            levels,
            issued,
            made,
            served: vec![false; exchanges.len()],
        }
    }

    pub(super) fn marks(&self, method: &str, target: &str, body: &Payload) -> Marks {
        marks(method, target, body.json(), &self.issued)
    }

    /// The values that the recorded service made up.
    pub(super) fn issued(&self) -> impl Iterator<Item = &str> {
        self.issued.values().map(String::as_str)
    }

    /// The values that the recorded bot made up for this request.
    pub(super) fn made_in(&self, index: usize) -> impl Iterator<Item = &str> {
        let from = self.made.partition_point(|(other, _)| *other < index);
        let of_it = self.made[from..].iter();
        of_it
            .take_while(move |(other, _)| *other == index)
            .map(|(_, value)| value.as_str())
    }

    /// Whether one recording alone has the nearest of these marks.
    pub(super) fn is_alone(&self, marks: &Marks) -> bool {
        self.levels[0].range(marks[0]).len() == 1
    }

    /// The recordings that a request with these marks may be, nearest first, that were not served.
    pub(super) fn candidates(&mut self, marks: &Marks) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        for (at, (level, mark)) in self.levels.iter_mut().zip(marks).enumerate() {
            for index in level.unserved(*mark, &self.served) {
                if !found.contains(&index) {
                    found.push(index);
                }
            }
            // An exact match is the one; further looks are for what differs.
            if at == 0 && !found.is_empty() {
                break;
            }
        }
        found
    }

    /// Every recording of the same method and path, served or not.
    pub(super) fn alike(&self, marks: &Marks) -> Vec<usize> {
        let level = &self.levels[LEVELS - 1];
        let range = level.range(marks[LEVELS - 1]);
        let alike = level.marks[range].iter().take(LOOKS);
        alike.map(|(_, index)| *index as usize).collect()
    }

    pub(super) fn serve(&mut self, index: usize) {
        self.served[index] = true;
    }

    /// The recordings with these marks may be served once more.
    pub(super) fn begin_again(&mut self, marks: &Marks) {
        for (level, mark) in self.levels.iter_mut().zip(marks) {
            for at in level.range(*mark) {
                self.served[level.marks[at].1 as usize] = false;
                level.next[at] = u32::try_from(at).unwrap_or(u32::MAX);
            }
        }
    }

    pub(super) fn is_served(&self, index: usize) -> bool {
        self.served[index]
    }
}

impl Level {
    fn range(&self, mark: u64) -> std::ops::Range<usize> {
        let from = self.marks.partition_point(|(other, _)| *other < mark);
        let to = from + self.marks[from..].partition_point(|(other, _)| *other == mark);
        from..to
    }

    fn unserved(&mut self, mark: u64, served: &[bool]) -> Vec<usize> {
        let range = self.range(mark);
        let mut found = Vec::new();
        let mut at = range.start;
        while at < range.end && found.len() < LOOKS {
            at = self.find(at, range.end, served);
            if at < range.end {
                found.push(self.marks[at].1 as usize);
                at += 1;
            }
        }
        found
    }

    /// The first place from `at` on whose recording was not served.
    fn find(&mut self, from: usize, end: usize, served: &[bool]) -> usize {
        let mut at = from;
        while at < end {
            let next = self.next[at] as usize;
            if next != at {
                at = next;
            } else if served[self.marks[at].1 as usize] {
                self.next[at] = u32::try_from(at + 1).unwrap_or(u32::MAX);
            } else {
                break;
            }
        }
        let mut passed = from;
        while passed < at && passed < end {
            let next = self.next[passed] as usize;
            self.next[passed] = u32::try_from(at).unwrap_or(u32::MAX);
            passed = next.max(passed + 1);
        }
        at
    }
}

fn marks(method: &str, target: &str, body: Option<&Value>, issued: &ById<String>) -> Marks {
    let mut hashers: [FoldHasher<'_>; LEVELS] = std::array::from_fn(|_| SEED.build_hasher());
    let path = resource::shape_of(target);
    for hasher in &mut hashers {
        (method, &path).hash(hasher);
    }
    let mut hashing = Hashing {
        hashers: &mut hashers,
        issued,
    };
    let query = target.split_once('?').map_or("", |(_, query)| query);
    hashing.fixed(query);
    for id in mapping::ids_of_path(target) {
        hashing.id(&id);
    }
    if let Some(body) = body {
        hashing.value("", body);
    }
    hashers.map(|hasher| hasher.finish())
}

struct Hashing<'a> {
    hashers: &'a mut [FoldHasher<'static>; LEVELS],
    issued: &'a ById<String>,
}

impl Hashing<'_> {
    /// What is the same in every run, at all levels but the widest.
    fn fixed(&mut self, part: impl Hash) {
        for hasher in &mut self.hashers[..LEVELS - 1] {
            part.hash(hasher);
        }
    }

    fn id(&mut self, text: &str) {
        let id = Normal::of(text);
        id.hash(&mut self.hashers[0]);
        if self.issued.contains_key(&id) {
            id.hash(&mut self.hashers[1]);
        }
    }

    fn value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::Bool(is) => self.fixed(is),
            // As the comparison sees them: 1 is 1.0.
            Value::Number(number) => self.fixed(number.as_f64().unwrap_or(0.0).to_bits()),
            Value::String(_) if name == "@odata.type" => {}
            Value::String(text) => match mapping::role(name, text) {
                Role::Fixed => self.fixed(text),
                Role::Id => self.id(text),
                Role::Passing => {}
                // The one that was told it comes first; another may take its place.
                Role::Address => text.hash(&mut self.hashers[0]),
                Role::Path => {
                    self.fixed(resource::shape_of(text));
                    for id in mapping::ids_of_path(text) {
                        self.id(&id);
                    }
                }
            },
            Value::Array(items) => {
                self.fixed(items.len());
                for item in items {
                    self.value(name, item);
                }
            }
            Value::Object(properties) => {
                let mut sorted: Vec<_> = properties
                    .iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| (canonical(name), value))
                    .collect();
                sorted.sort_by_key(|(name, _)| *name);
                for (name, value) in sorted {
                    if name != "@odata.type" {
                        self.fixed(name);
                    }
                    self.value(name, value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn exchange(number: u64, target: &str, body: &Value) -> Exchange {
        serde_json::from_value(json!({
            "number": number, "direction": "request", "at_ms": 0, "took_ms": 0,
            "request": {"method": "POST", "target": target, "headers": [], "body": {"json": body}},
            "response": {"status": 200, "headers": [], "body": {"json": {"id": format!("op-{number}")}}},
        }))
        .unwrap()
    }

    fn found(shelf: &mut Shelf, target: &str, body: Value) -> Vec<usize> {
        let marks = shelf.marks("POST", target, &Payload::Json(body));
        shelf.candidates(&marks)
    }

    #[test]
    fn the_nearest_comes_first_and_each_once() {
        let context = |text: &str| json!({"clientContext": text, "n": 1});
        let list = [
            exchange(1, "/app/calls/1/x", &context("a")),
            exchange(2, "/app/calls/1/x", &context("b")),
            exchange(3, "/app/calls/1/x", &json!({"n": 2})),
            exchange(4, "/app/calls/1/operations/op-1", &json!({})),
        ];
        let mut shelf = Shelf::new(&list);
        let other_order = json!({"n": 1.0, "extra": null, "clientContext": "b"});
        assert_eq!(found(&mut shelf, "/beta/app/calls/1/x", other_order), [1]);
        assert_eq!(
            found(&mut shelf, "/app/calls/1/x", context("new")),
            [0, 1, 2]
        );
        shelf.serve(0);
        assert_eq!(found(&mut shelf, "/app/calls/1/x", context("new")), [1, 2]);
        assert_eq!(found(&mut shelf, "/app/calls/1/x", json!({"n": 3})), [1, 2]);
        assert!(found(&mut shelf, "/app/calls/1/y", json!({})).is_empty());
        let mut issued: Vec<_> = shelf.issued().collect();
        issued.sort_unstable();
        assert_eq!(issued, ["op-1", "op-2", "op-3", "op-4"]);
    }

    #[test]
    fn repeats_are_passed_over_once() {
        let list: Vec<_> = (0..1000)
            .map(|number| exchange(number, "/app/calls/1/x", &json!({})))
            .collect();
        let mut shelf = Shelf::new(&list);
        for expected in 0..1000 {
            let marks = shelf.marks("POST", "/app/calls/1/x", &Payload::Json(json!({})));
            assert_eq!(shelf.candidates(&marks).first(), Some(&expected));
            shelf.serve(expected);
        }
        let marks = shelf.marks("POST", "/app/calls/1/x", &Payload::Json(json!({})));
        assert!(shelf.candidates(&marks).is_empty());
        shelf.begin_again(&marks);
        assert_eq!(shelf.candidates(&marks).first(), Some(&0));
    }
}
