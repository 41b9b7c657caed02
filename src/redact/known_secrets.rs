//! The secrets found so far, which are replaced under any other name too.
//!
//! Of a secret only three values are stored: the offset of its longest run of letters and digits,
//! and seeded hashes of that run and of the whole. A text is searched for the runs in one pass.
//! Short secrets are not stored, as they occur in texts by chance.

use std::hash::{BuildHasher as _, Hasher as _};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use foldhash::HashMap;
use foldhash::quality::FixedState;

/// The number of secrets in each of the two generations.
const REMEMBERED: usize = 4096;

/// The number of secrets with the same longest run.
const ALIKE: usize = 4;

/// The shortest run in bytes that is searched for.
const SHORTEST_RUN: usize = 4;

pub(super) struct KnownSecrets {
    seed: FixedState,
    generations: RwLock<Generations>,
    learnt: AtomicU64,
    /// A bit for each length of a longest run: most runs of a text have none of these lengths.
    lengths: AtomicU64,
}

/// The bit of a run's length. All runs of 63 bytes and more share one.
fn bit(run: &Range<usize>) -> u64 {
    1 << run.len().min(63)
}

#[derive(Default)]
struct Generations {
    young: HashMap<u64, Vec<Trace>>,
    old: HashMap<u64, Vec<Trace>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Trace {
    /// The offset of its longest run, in bytes.
    before: usize,
    length: usize,
    whole: u64,
}

impl KnownSecrets {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed: FixedState::with_seed(seed),
            generations: RwLock::default(),
            learnt: AtomicU64::new(0),
            lengths: AtomicU64::new(0),
        }
    }

    /// The number of secrets found so far.
    pub(super) fn learnt(&self) -> u64 {
        self.learnt.load(Ordering::Acquire)
    }

    /// Stores a secret, unless it is so short that it may occur by chance.
    pub(super) fn learn(&self, secret: &str) {
        let is_long = secret.len() >= 16;
        if !is_long && (secret.len() < 8 || !secret.bytes().any(|b| b.is_ascii_digit())) {
            return;
        }
        let Some(run) = runs(secret).rev().max_by_key(Range::len) else {
            return;
        };
        if run.len() < SHORTEST_RUN {
            return;
        }
        let key = self.hash(&secret[run.clone()]);
        let trace = Trace {
            before: run.start,
            length: secret.len(),
            whole: self.hash(secret),
        };
        let holds = |traces: Option<&Vec<Trace>>| traces.is_some_and(|it| it.contains(&trace));
        {
            let generations = self.generations.read();
            let generations = generations.unwrap_or_else(PoisonError::into_inner);
            if holds(generations.young.get(&key)) {
                return;
            }
        }
        self.lengths.fetch_or(bit(&run), Ordering::Release);
        let generations = self.generations.write();
        let mut generations = generations.unwrap_or_else(PoisonError::into_inner);
        let is_new = !holds(generations.old.get(&key));
        if generations.young.len() >= REMEMBERED {
            generations.old = std::mem::take(&mut generations.young);
        }
        let alike = generations.young.entry(key).or_default();
        if !alike.contains(&trace) {
            alike.truncate(ALIKE - 1);
            alike.insert(0, trace);
        }
        if is_new {
            self.learnt.fetch_add(1, Ordering::Release);
        }
    }

    /// The ranges of known secrets in the text, in order, without overlaps.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let lengths = self.lengths.load(Ordering::Acquire);
        if lengths == 0 {
            return found;
        }
        let mut runs = runs(text).filter(|it| lengths & bit(it) != 0).peekable();
        if runs.peek().is_none() {
            return found;
        }
        let generations = self.generations.read();
        let generations = generations.unwrap_or_else(PoisonError::into_inner);
        for run in runs {
            if found.last().is_some_and(|it| run.start < it.end) {
                continue;
            }
            let key = self.hash(&text[run.clone()]);
            let traces = [&generations.young, &generations.old]
                .into_iter()
                .filter_map(|it| it.get(&key))
                .flatten();
            let place = traces
                .filter_map(|trace| {
                    let start = run.start.checked_sub(trace.before)?;
                    let place = start..start + trace.length;
                    let is_it = self.hash(text.get(place.clone())?) == trace.whole;
                    is_it.then_some(place)
                })
                .max_by_key(Range::len);
            if let Some(place) = place {
                // One that reaches further back holds those found before.
                while found.last().is_some_and(|it| place.start < it.end) {
                    found.pop();
                }
                found.push(place);
            }
        }
        found
    }

    fn hash(&self, text: &str) -> u64 {
        let mut hasher = self.seed.build_hasher();
        hasher.write(text.as_bytes());
        hasher.finish()
    }
}

/// The runs of letters and digits of a text.
fn runs(text: &str) -> impl DoubleEndedIterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    bytes
        .split(|b| !b.is_ascii_alphanumeric())
        .filter(|run| !run.is_empty())
        .map(move |run| {
            let start = run.as_ptr() as usize - bytes.as_ptr() as usize;
            start..start + run.len()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_again_wherever_its_longest_run_ends_with_it() {
        let known = KnownSecrets::new(7);
        assert!(known.find("a hunter2-Pa55phrase").is_empty());
        for secret in [
            "hunter2-Pa55phrase",
            "+/a/b+Pa55",
            "user:hunter2-Pa55phrase",
        ] {
            known.learn(secret);
            known.learn(secret);
        }
        assert_eq!(known.learnt(), 3);
        for (text, found) in [
            ("hunter2-Pa55phrase", &["hunter2-Pa55phrase"][..]),
            ("/x/hunter2-Pa55phrase/\u{e9}", &["hunter2-Pa55phrase"]),
            ("user:hunter2-Pa55phrase", &["user:hunter2-Pa55phrase"]),
            ("=+/a/b+Pa55&+/a/b+Pa55", &["+/a/b+Pa55", "+/a/b+Pa55"]),
            ("hunter2-Pa55phrases hunter3-Pa55phrase", &[]),
            ("", &[]),
        ] {
            let places = known.find(text).into_iter();
            let secrets: Vec<_> = places.map(|place| &text[place]).collect();
            assert_eq!(secrets, found, "{text}");
        }
    }

    #[test]
    fn what_is_short_is_not_remembered() {
        let known = KnownSecrets::new(7);
        for text in [
            "",
            "1234567",
            "password",
            "a-b-c-d-e-f-g-h-1",
            "\u{e9}\u{e9}\u{e9}\u{e9}1",
        ] {
            known.learn(text);
        }
        assert_eq!(known.learnt(), 0);
    }

    #[test]
    fn the_last_ones_are_remembered_and_memory_is_bounded() {
        let known = KnownSecrets::new(7);
        let secret = |number: usize| format!("secret{number:010}");
        for number in 0..REMEMBERED * 5 {
            known.learn(&secret(number));
        }
        assert_eq!(known.find(&secret(REMEMBERED * 5 - 1)).len(), 1);
        assert_eq!(known.find(&secret(REMEMBERED * 4)).len(), 1);
        assert_eq!(known.find(&secret(0)).len(), 0);
        let generations = known.generations.read().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 2 * REMEMBERED);
    }
}
