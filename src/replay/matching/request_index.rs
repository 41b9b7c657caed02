//! The recorded requests, found by their hashes without a scan.
//!
//! Each recording stands under its hash of every [`Precision`]. Two requests may share a hash: what is
//! found is still to be compared, unless it is [identical](RequestIndex::find_identical).

use super::fingerprint::{Fingerprint, Hashes, Precision, PrecisionHashes};
use crate::replay::values::{Key, Keys};

/// The number of recordings with one hash that are compared.
const MOST_CANDIDATES: usize = 64;

/// How often a recorded request may be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Serving {
    /// A recorded request that the bot never sends is missing.
    Once,
    /// Recordings are served again once all of one request were served, and none is missing.
    Repeated,
}

/// The recorded requests, by their hashes. An exchange is known by its position in the recording.
#[derive(Debug)]
pub(in crate::replay) struct RequestIndex {
    by_precision: [PrecisionIndex; Precision::ALL.len()],
    /// The exact hash of each exchange; 0 if a comparison is needed.
    exact: Vec<u64>,
    /// The values that the recorded service chose, sorted. A live bot receives them in this replay.
    issued: Vec<Key>,
    served: Vec<bool>,
}

/// The recordings by their hashes of one precision, sorted by hash, then by position.
#[derive(Debug)]
struct PrecisionIndex {
    hashes: Vec<u64>,
    exchanges: Vec<u32>,
    /// For each, the next one that may be unserved: served ones are skipped once.
    next: Vec<u32>,
}

impl RequestIndex {
    /// Indexes the exchanges of a recording in their order: the hashes of each request with its
    /// identifiers, `None` for a notification. `issued` are the values that the recorded service
    /// chose.
    pub(in crate::replay) fn new<'a>(
        exchanges: impl Iterator<Item = Option<(Hashes, &'a [Key])>> + Clone,
        issued: &Keys,
    ) -> Self {
        // One precision after the other, which takes less memory than all at once.
        let by_precision = Precision::ALL.map(|precision| {
            let requests = (0..).zip(exchanges.clone());
            let hashes = requests.filter_map(|(index, request)| {
                let (hashes, ids) = request?;
                Some((
                    hashes.at(precision, ids, |key| issued.contains(&key)),
                    index,
                ))
            });
            PrecisionIndex::sorted(hashes.collect())
        });
        let exact = |request: Option<(Hashes, _)>| request.and_then(|(it, _)| it.exact);
        let exact: Vec<u64> = exchanges.map(|it| exact(it).unwrap_or(0)).collect();
        let served = vec![false; exact.len()];
        let mut issued: Vec<Key> = issued.iter().copied().collect();
        issued.sort_unstable();
        Self {
            by_precision,
            exact,
            issued,
            served,
        }
    }

    pub(in crate::replay) fn hashes(&self, fingerprint: &Fingerprint) -> PrecisionHashes {
        let is_issued = |key| self.issued.binary_search(&key).is_ok();
        Precision::ALL.map(|precision| {
            fingerprint
                .hashes
                .at(precision, &fingerprint.ids, is_issued)
        })
    }

    /// The recording that is identical to a live request, found without a comparison: an unserved
    /// one, or the only one where it may be served repeatedly.
    pub(in crate::replay) fn find_identical(
        &mut self,
        fingerprint: &Fingerprint,
        serving: Serving,
    ) -> Option<usize> {
        let exact = fingerprint.hashes.exact?;
        let entries = &mut self.by_precision[0];
        let range = entries.range(fingerprint.hashes.everything());
        let at = if serving == Serving::Repeated && range.len() == 1 {
            range.start
        } else {
            entries.find_unserved(range.start, range.end, &self.served)
        };
        let index = *entries.exchanges.get(at).filter(|_| at < range.end)? as usize;
        (self.exact[index] == exact).then_some(index)
    }

    /// True if exactly one recording has this hash of [`Precision::Everything`].
    pub(in crate::replay) fn is_unique(&self, everything: u64) -> bool {
        self.by_precision[0].range(everything).len() == 1
    }

    /// The unserved recordings that a request with these hashes may be, nearest first.
    pub(in crate::replay) fn candidates(&mut self, hashes: &PrecisionHashes) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        for (at, (entries, hash)) in self.by_precision.iter_mut().zip(hashes).enumerate() {
            for index in entries.unserved(*hash, &self.served) {
                if !found.contains(&index) {
                    found.push(index);
                }
            }
            // Where something has the same hash of everything, wider ones are not needed.
            if at == 0 && !found.is_empty() {
                break;
            }
        }
        found
    }

    /// The recordings of the same method and path, served or not.
    pub(in crate::replay) fn of_same_path(&self, hashes: &PrecisionHashes) -> Vec<usize> {
        let same = self.with_hash(Precision::MethodAndPath, hashes);
        same.take(MOST_CANDIDATES).collect()
    }

    /// The recordings with the same hash of a precision, served or not.
    pub(in crate::replay) fn with_hash(
        &self,
        precision: Precision,
        hashes: &PrecisionHashes,
    ) -> impl Iterator<Item = usize> {
        let places = Precision::ALL.iter().zip(&self.by_precision).zip(hashes);
        let mut places = places.filter(move |((it, _), _)| **it == precision);
        let found = places.next().map(|((_, entries), hash)| {
            let range = entries.range(*hash);
            &entries.exchanges[range]
        });
        found.into_iter().flatten().map(|index| *index as usize)
    }

    /// The first recording of each method and path, in the order of the recording.
    pub(in crate::replay) fn first_of_each_path(&self) -> Vec<usize> {
        let [.., entries] = &self.by_precision;
        let mut firsts = Vec::new();
        let mut at = 0;
        while let Some(hash) = entries.hashes.get(at) {
            firsts.push(entries.exchanges[at] as usize);
            at = entries.range(*hash).end;
        }
        firsts.sort_unstable();
        firsts
    }

    pub(in crate::replay) fn mark_served(&mut self, index: usize) {
        self.served[index] = true;
    }

    /// Makes the recordings with these hashes available again.
    pub(in crate::replay) fn begin_again(&mut self, hashes: &PrecisionHashes) {
        for (entries, hash) in self.by_precision.iter_mut().zip(hashes) {
            for at in entries.range(*hash) {
                self.served[entries.exchanges[at] as usize] = false;
                entries.next[at] = u32::try_from(at).unwrap_or(u32::MAX);
            }
        }
    }

    pub(in crate::replay) fn is_served(&self, index: usize) -> bool {
        self.served[index]
    }
}

impl PrecisionIndex {
    fn sorted(mut hashes: Vec<(u64, u32)>) -> Self {
        hashes.sort_unstable();
        Self {
            hashes: hashes.iter().map(|(hash, _)| *hash).collect(),
            exchanges: hashes.iter().map(|(_, index)| *index).collect(),
            next: (0..).take(hashes.len()).collect(),
        }
    }

    fn range(&self, hash: u64) -> std::ops::Range<usize> {
        let from = self.hashes.partition_point(|other| *other < hash);
        let to = from + self.hashes[from..].partition_point(|other| *other == hash);
        from..to
    }

    fn unserved(&mut self, hash: u64, served: &[bool]) -> Vec<usize> {
        let range = self.range(hash);
        let mut found = Vec::new();
        let mut at = range.start;
        while at < range.end && found.len() < MOST_CANDIDATES {
            at = self.find_unserved(at, range.end, served);
            if at < range.end {
                found.push(self.exchanges[at] as usize);
                at += 1;
            }
        }
        found
    }

    /// The first place from `from` on whose recording is unserved; `end` where there is none.
    fn find_unserved(&mut self, from: usize, end: usize, served: &[bool]) -> usize {
        let mut at = from;
        while at < end {
            let next = self.next[at] as usize;
            if next != at {
                at = next;
            } else if served[self.exchanges[at] as usize] {
                self.next[at] = u32::try_from(at + 1).unwrap_or(u32::MAX);
            } else {
                break;
            }
        }
        // The next search from the same place goes straight there.
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
    use crate::http::message::Body;
    use serde_json::{Value, json};

    const ISSUED: [&str; 2] = ["op-1", "op-2"];

    fn request_index(requests: &[(&str, Value)]) -> RequestIndex {
        let requests = requests.iter();
        let requests = requests.map(|(target, body)| fingerprint(target, body));
        let requests: Vec<Fingerprint> = requests.collect();
        let exchanges = requests.iter().map(|it| Some((it.hashes, &*it.ids)));
        RequestIndex::new(exchanges, &ISSUED.map(Key::of).into_iter().collect())
    }

    fn fingerprint(target: &str, body: &Value) -> Fingerprint {
        Fingerprint::of("POST", target, &Body::Json(body.clone()))
    }

    fn found(request_index: &mut RequestIndex, target: &str, body: &Value) -> Vec<usize> {
        let hashes = request_index.hashes(&fingerprint(target, body));
        request_index.candidates(&hashes)
    }

    #[test]
    fn the_nearest_comes_first_and_each_once() {
        let context = |text: &str| json!({"clientContext": text, "n": 1});
        let mut request_index = request_index(&[
            ("/app/calls/1/x", context("a")),
            ("/app/calls/1/x", context("b")),
            ("/app/calls/1/x", json!({"n": 2})),
            ("/app/calls/1/operations/op-1", json!({})),
        ]);
        let other_order = json!({"n": 1.0, "extra": null, "clientContext": "b"});
        assert_eq!(
            found(&mut request_index, "/beta/app/calls/1/x", &other_order),
            [1]
        );
        assert_eq!(
            found(&mut request_index, "/app/calls/1/x", &context("new")),
            [0, 1, 2]
        );
        request_index.mark_served(0);
        assert_eq!(
            found(&mut request_index, "/app/calls/1/x", &context("new")),
            [1, 2]
        );
        assert_eq!(
            found(&mut request_index, "/app/calls/1/x", &json!({"n": 3})),
            [1, 2]
        );
        assert!(found(&mut request_index, "/app/calls/1/y", &json!({})).is_empty());
        assert_eq!(request_index.first_of_each_path(), [0, 3]);
    }

    #[test]
    fn served_repeats_are_skipped_once() {
        let mut request_index = request_index(&vec![("/app/calls/1/x", json!({})); 1000]);
        let same = fingerprint("/app/calls/1/x", &json!({}));
        for expected in 0..1000 {
            let hashes = request_index.hashes(&same);
            assert_eq!(request_index.candidates(&hashes).first(), Some(&expected));
            assert_eq!(
                request_index.find_identical(&same, Serving::Repeated),
                Some(expected)
            );
            request_index.mark_served(expected);
        }
        assert_eq!(request_index.find_identical(&same, Serving::Repeated), None);
        let hashes = request_index.hashes(&same);
        assert!(request_index.candidates(&hashes).is_empty());
        request_index.begin_again(&hashes);
        assert_eq!(request_index.candidates(&hashes).first(), Some(&0));
    }
}
