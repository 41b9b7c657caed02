//! Recorded requests, found by what a live request is, without a scan.
//!
//! Each recording stands under four marks, from the nearest to the widest: everything that the
//! request says; the same but for values that the bot made up; the same but for all values that
//! differ from run to run; method and path alone. A mark is a number that a hash makes: what is
//! found is still to be compared, but for what is [the same](Shelf::same).

use super::fingerprint::{Fingerprint, Fingerprints, LEVELS};
use crate::replay::recording::chunk::{Entries, Entry};
use crate::replay::values::{Key, Keys};

/// How many recordings of one mark are compared at most.
const LOOKS: usize = 64;

/// The recorded requests, by their marks.
#[derive(Debug)]
pub(in crate::replay) struct RequestIndex {
    levels: [Level; LEVELS],
    /// What tells of each exchange whether a request of the nearest mark is the same; 0 where it
    /// takes more.
    exact: Vec<u64>,
    /// Values that the recorded service made up, in order: a live bot has them from it.
    issued: Vec<Key>,
    served: Vec<bool>,
}

/// The recordings under the marks of one level, in the order of the marks and of the recording.
#[derive(Debug)]
struct Level {
    marks: Vec<u64>,
    /// The place of each in the recording.
    places: Vec<u32>,
    /// For each, the next one that may not be served yet. Served ones are passed over once.
    next: Vec<u32>,
}

impl RequestIndex {
    /// The shelf of the recorded requests. `issued` are the values that the recorded service made
    /// up.
    pub(in crate::replay) fn new(entries: &Entries, issued: &Keys) -> Self {
        // One level after the other, which takes less room than all at once.
        let levels = std::array::from_fn(|level| {
            let requests = (0..).zip(entries.taken());
            let marks = requests.filter_map(|(index, taken)| {
                let numbers = taken.entry.numbers.as_ref()?;
                let is_issued = |key| issued.contains(&key);
                Some((numbers.mark(level, taken.asked, is_issued), index))
            });
            Level::ordered(marks.collect())
        });
        let exact = |entry: &Entry| entry.numbers.and_then(|it| it.exact).unwrap_or(0);
        let exact: Vec<u64> = entries.iter().map(exact).collect();
        let served = vec![false; exact.len()];
        let mut issued: Vec<Key> = issued.iter().copied().collect();
        issued.sort_unstable();
        Self {
            levels,
            exact,
            issued,
            served,
        }
    }

    pub(in crate::replay) fn marks(&self, print: &Fingerprint) -> Fingerprints {
        let is_issued = |key| self.issued.binary_search(&key).is_ok();
        std::array::from_fn(|level| print.numbers.mark(level, &print.ids, is_issued))
    }

    /// The recording that a live request is, without a comparison: where it was not served, or may
    /// be again and stands alone.
    pub(in crate::replay) fn same(
        &mut self,
        print: &Fingerprint,
        may_be_again: bool,
    ) -> Option<usize> {
        let exact = print.numbers.exact?;
        let mark = print.numbers.nearest();
        let level = &mut self.levels[0];
        let range = level.range(mark);
        let at = if may_be_again && range.len() == 1 {
            range.start
        } else {
            level.find(range.start, range.end, &self.served)
        };
        let index = *level.places.get(at).filter(|_| at < range.end)? as usize;
        (self.exact[index] == exact).then_some(index)
    }

    /// Whether one recording alone has this as its nearest mark.
    pub(in crate::replay) fn is_alone(&self, mark: u64) -> bool {
        self.levels[0].range(mark).len() == 1
    }

    /// The recordings that a request with these marks may be, nearest first, that were not served.
    pub(in crate::replay) fn candidates(&mut self, marks: &Fingerprints) -> Vec<usize> {
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
    pub(in crate::replay) fn alike(&self, marks: &Fingerprints) -> Vec<usize> {
        let level = &self.levels[LEVELS - 1];
        let range = level.range(marks[LEVELS - 1]);
        let alike = level.places[range].iter().take(LOOKS);
        alike.map(|index| *index as usize).collect()
    }

    /// The first recording of each method and path, in the order of the recording.
    pub(in crate::replay) fn kinds(&self) -> Vec<usize> {
        let level = &self.levels[LEVELS - 1];
        let mut kinds = Vec::new();
        let mut at = 0;
        while let Some(mark) = level.marks.get(at) {
            kinds.push(level.places[at] as usize);
            at = level.range(*mark).end;
        }
        kinds.sort_unstable();
        kinds
    }

    pub(in crate::replay) fn serve(&mut self, index: usize) {
        self.served[index] = true;
    }

    /// The recordings with these marks may be served once more.
    pub(in crate::replay) fn begin_again(&mut self, marks: &Fingerprints) {
        for (level, mark) in self.levels.iter_mut().zip(marks) {
            for at in level.range(*mark) {
                self.served[level.places[at] as usize] = false;
                level.next[at] = u32::try_from(at).unwrap_or(u32::MAX);
            }
        }
    }

    pub(in crate::replay) fn is_served(&self, index: usize) -> bool {
        self.served[index]
    }
}

impl Level {
    fn ordered(mut marks: Vec<(u64, u32)>) -> Self {
        marks.sort_unstable();
        Self {
            marks: marks.iter().map(|(mark, _)| *mark).collect(),
            places: marks.iter().map(|(_, place)| *place).collect(),
            next: (0..).take(marks.len()).collect(),
        }
    }

    fn range(&self, mark: u64) -> std::ops::Range<usize> {
        let from = self.marks.partition_point(|other| *other < mark);
        let to = from + self.marks[from..].partition_point(|other| *other == mark);
        from..to
    }

    fn unserved(&mut self, mark: u64, served: &[bool]) -> Vec<usize> {
        let range = self.range(mark);
        let mut found = Vec::new();
        let mut at = range.start;
        while at < range.end && found.len() < LOOKS {
            at = self.find(at, range.end, served);
            if at < range.end {
                found.push(self.places[at] as usize);
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
            } else if served[self.places[at] as usize] {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::format::{Direction, Exchange};
    use crate::cassette::recording::Recording;
    use crate::http::message::Body;
    use crate::replay::recording::Indexed;
    use serde_json::{Value, json};

    fn exchange(number: u64, target: &str, body: &Value) -> Exchange {
        serde_json::from_value(json!({
            "number": number, "direction": "request", "at_ms": 0, "took_ms": 0,
            "request": {"method": "POST", "target": target, "headers": [], "body": {"json": body}},
            "response": {"status": 200, "headers": [], "body": {"json": {"id": format!("op-{number}")}}},
        }))
        .unwrap()
    }

    fn request_index(list: Vec<Exchange>) -> RequestIndex {
        let recording = Recording::new("a", vec![Direction::Request], (2..).zip(list));
        Indexed::of(&recording).request_index
    }

    fn print(target: &str, body: &Value) -> Fingerprint {
        Fingerprint::of("POST", target, &Body::Json(body.clone()))
    }

    fn found(request_index: &mut RequestIndex, target: &str, body: &Value) -> Vec<usize> {
        let marks = request_index.marks(&print(target, body));
        request_index.candidates(&marks)
    }

    #[test]
    fn the_nearest_comes_first_and_each_once() {
        let context = |text: &str| json!({"clientContext": text, "n": 1});
        let list = vec![
            exchange(1, "/app/calls/1/x", &context("a")),
            exchange(2, "/app/calls/1/x", &context("b")),
            exchange(3, "/app/calls/1/x", &json!({"n": 2})),
            exchange(4, "/app/calls/1/operations/op-1", &json!({})),
        ];
        let mut request_index = request_index(list);
        let other_order = json!({"n": 1.0, "extra": null, "clientContext": "b"});
        assert_eq!(
            found(&mut request_index, "/beta/app/calls/1/x", &other_order),
            [1]
        );
        assert_eq!(
            found(&mut request_index, "/app/calls/1/x", &context("new")),
            [0, 1, 2]
        );
        request_index.serve(0);
        assert_eq!(
            found(&mut request_index, "/app/calls/1/x", &context("new")),
            [1, 2]
        );
        assert_eq!(
            found(&mut request_index, "/app/calls/1/x", &json!({"n": 3})),
            [1, 2]
        );
        assert!(found(&mut request_index, "/app/calls/1/y", &json!({})).is_empty());
        let mut issued = ["op-1", "op-2", "op-3", "op-4"].map(Key::of);
        issued.sort_unstable();
        assert_eq!(request_index.issued, issued);
        assert_eq!(request_index.kinds(), [0, 3]);
    }

    #[test]
    fn repeats_are_passed_over_once() {
        let list: Vec<_> = (0..1000)
            .map(|number| exchange(number, "/app/calls/1/x", &json!({})))
            .collect();
        let mut request_index = request_index(list);
        let same = print("/app/calls/1/x", &json!({}));
        for expected in 0..1000 {
            let marks = request_index.marks(&same);
            assert_eq!(request_index.candidates(&marks).first(), Some(&expected));
            assert_eq!(request_index.same(&same, true), Some(expected));
            request_index.serve(expected);
        }
        assert_eq!(request_index.same(&same, true), None);
        let marks = request_index.marks(&same);
        assert!(request_index.candidates(&marks).is_empty());
        request_index.begin_again(&marks);
        assert_eq!(request_index.candidates(&marks).first(), Some(&0));
    }
}
