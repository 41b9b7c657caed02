//! A cache of texts that a redactor left unchanged, because parties send the same header fields and bodies again and
//! again.

use std::hash::BuildHasher as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The longest text in bytes that is kept.
const LONGEST: usize = 8192;

/// Texts without secrets, each with what else is known of it. Each has one place, which the next text with this place
/// takes if it comes twice in a row: most texts come once.
pub(super) struct Recent<T> {
    places: Mutex<Vec<Place<T>>>,
    hasher: foldhash::fast::RandomState,
}

struct Place<T> {
    /// The hash of the text that came last.
    last: u64,
    entry: Option<Entry<T>>,
}

struct Entry<T> {
    /// The name of the header field, or the media type of the body.
    of: Box<str>,
    text: Box<[u8]>,
    /// The number of secrets that were known when the text was searched.
    learnt: u64,
    known: T,
}

impl<T: Copy> Recent<T> {
    /// Keeps at most this number of texts.
    pub(super) fn new(places: usize) -> Self {
        let empty = || Place {
            last: 0,
            entry: None,
        };
        Self {
            places: Mutex::new(std::iter::repeat_with(empty).take(places).collect()),
            hasher: foldhash::fast::RandomState::default(),
        }
    }

    /// What is known of a text that was searched when the same secrets were known.
    pub(super) fn get(&self, of: &str, text: &[u8], learnt: u64) -> Option<T> {
        let hash = self.hasher.hash_one((of, text));
        let places = self.places();
        let entry = places[place(hash, places.len())].entry.as_ref();
        let entry = entry.filter(|it| it.learnt == learnt && *it.of == *of && *it.text == *text);
        entry.map(|it| it.known)
    }

    /// Notes a text in which nothing was found, and keeps it if it comes for the second time.
    pub(super) fn keep(&self, of: &str, text: &[u8], learnt: u64, known: T) {
        if text.len() > LONGEST {
            return;
        }
        let hash = self.hasher.hash_one((of, text));
        let mut places = self.places();
        let index = place(hash, places.len());
        let place = &mut places[index];
        if place.last != hash {
            place.last = hash;
            return;
        }
        place.entry = Some(Entry {
            of: of.into(),
            text: text.into(),
            learnt,
            known,
        });
    }

    fn places(&self) -> MutexGuard<'_, Vec<Place<T>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(hash: u64, places: usize) -> usize {
    usize::try_from(hash % places as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_again_by_all_that_was_kept_with_it() {
        let recent = Recent::new(64);
        recent.keep("server", b"a", 1, 'x');
        assert_eq!(recent.get("server", b"a", 1), None);
        recent.keep("server", b"a", 1, 'x');
        assert_eq!(recent.get("server", b"a", 1), Some('x'));
        for (of, text, learnt) in [("date", "a", 1), ("server", "b", 1), ("server", "a", 2)] {
            assert_eq!(recent.get(of, text.as_bytes(), learnt), None);
        }
    }

    #[test]
    fn long_texts_are_not_kept() {
        let recent = Recent::new(64);
        let long = vec![b'a'; LONGEST + 1];
        for _ in 0..2 {
            recent.keep("", &long, 0, ());
            recent.keep("", &long[1..], 0, ());
        }
        assert_eq!(recent.get("", &long, 0), None);
        assert_eq!(recent.get("", &long[1..], 0), Some(()));
    }
}
