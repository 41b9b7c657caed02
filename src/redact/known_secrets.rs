//! The secrets found so far, which are replaced under any other name too.
//!
//! The latest ones are kept in memory, indexed by their longest run of letters and digits. A text is searched for such
//! runs in one pass. Short secrets and words of HTTP are not kept, because they occur in texts by chance.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use super::rules::rules;

/// The number of secrets in each of the two generations.
const REMEMBERED: usize = 4096;

/// The number of secrets with the same longest run.
const ALIKE: usize = 4;

/// The shortest run in bytes that is searched for.
const SHORTEST_RUN: usize = 4;

#[derive(Default)]
pub(super) struct KnownSecrets {
    generations: RwLock<Generations>,
    learnt: AtomicU64,
    /// A bit for each length of a longest run: most runs of a text have none of these lengths.
    lengths: AtomicU64,
}

/// The bit of a run's length. All runs of 63 bytes and more share one.
fn bit(run: &Range<usize>) -> u64 {
    1 << run.len().min(63)
}

/// Secrets by their longest runs, in lower case.
#[derive(Default)]
struct Generations {
    young: HashMap<String, Vec<Known>>,
    old: HashMap<String, Vec<Known>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Known {
    secret: String,
    /// The offset of its longest run, in bytes.
    before: usize,
    /// True for an identifier, whose case does not count.
    is_caseless: bool,
}

impl KnownSecrets {
    /// The number of secrets found so far.
    pub(super) fn learnt(&self) -> u64 {
        self.learnt.load(Ordering::Acquire)
    }

    /// Stores a secret, unless it is so short that it may occur by chance, or a word of HTTP.
    pub(super) fn learn(&self, secret: &str) {
        let is_long = secret.len() >= 16;
        if (!is_long && (secret.len() < 8 || !secret.bytes().any(|b| b.is_ascii_digit())))
            || is_word_of_http(secret)
        {
            return;
        }
        let Some(run) = runs(secret).rev().max_by_key(Range::len) else {
            return;
        };
        if run.len() < SHORTEST_RUN {
            return;
        }
        let key = secret[run.clone()].to_ascii_lowercase();
        let known = Known {
            secret: secret.to_owned(),
            before: run.start,
            is_caseless: super::harmless::is_guid(secret),
        };
        let holds =
            |known_here: Option<&Vec<Known>>| known_here.is_some_and(|it| it.contains(&known));
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
        if !alike.contains(&known) {
            alike.truncate(ALIKE - 1);
            alike.insert(0, known);
        }
        if is_new {
            self.learnt.fetch_add(1, Ordering::Release);
        }
    }

    /// The ranges of known secrets in the text, in order, without overlaps, each with the secret.
    pub(super) fn find(&self, text: &str) -> Vec<(Range<usize>, String)> {
        let mut found: Vec<(Range<usize>, String)> = Vec::new();
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
            if found.last().is_some_and(|it| run.start < it.0.end) {
                continue;
            }
            let key = text[run.clone()].to_ascii_lowercase();
            let known = [&generations.young, &generations.old]
                .into_iter()
                .filter_map(|it| it.get(&key))
                .flatten();
            let place = known
                .filter_map(|known| {
                    let start = run.start.checked_sub(known.before)?;
                    let place = start..start + known.secret.len();
                    let here = text.get(place.clone())?;
                    let is_it = here == known.secret
                        || (known.is_caseless && here.eq_ignore_ascii_case(&known.secret));
                    is_it.then(|| (place, known.secret.clone()))
                })
                .max_by_key(|it| it.0.len());
            if let Some((place, secret)) = place {
                // One that reaches further back holds those found before.
                while found.last().is_some_and(|it| place.start < it.0.end) {
                    found.pop();
                }
                found.push((place, secret));
            }
        }
        found
    }
}

/// True for a media type, a method, the name of a field and the like.
fn is_word_of_http(text: &str) -> bool {
    let http = &rules().http;
    let is = |word: &String| word.eq_ignore_ascii_case(text);
    let is_type = text.split_once('/').is_some_and(|(kind, subtype)| {
        let is_subtype = |it: u8| it.is_ascii_alphanumeric() || b"-+._; =".contains(&it);
        http.types.iter().any(|it| it.eq_ignore_ascii_case(kind)) && subtype.bytes().all(is_subtype)
    });
    let is_field = || {
        let is_part = |it: &str| it.bytes().all(|it| it.is_ascii_alphabetic()) && it.len() < 16;
        text.starts_with(['X', 'x']) && text[1..].starts_with('-') && text.split('-').all(is_part)
    };
    is_type || http.words.iter().any(is) || http.kept.iter().any(is) || is_field()
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
        let known = KnownSecrets::default();
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
            let secrets: Vec<_> = places.map(|(place, _)| &text[place]).collect();
            assert_eq!(secrets, found, "{text}");
        }
    }

    #[test]
    fn what_is_short_and_the_words_of_http_are_not_remembered() {
        let known = KnownSecrets::default();
        for text in [
            "",
            "1234567",
            "password",
            "a-b-c-d-e-f-g-h-1",
            "\u{e9}\u{e9}\u{e9}\u{e9}1",
            "application/json",
            "application/vnd.api+json",
            "OPTIONS",
            "Proxy-Authorization",
            "X-Correlation-Id",
            "x-some-field-of-ours",
            "HTTP/1.1",
        ] {
            known.learn(text);
        }
        assert_eq!(known.learnt(), 0);
    }

    #[test]
    fn the_last_ones_are_remembered_and_memory_is_bounded() {
        let known = KnownSecrets::default();
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
