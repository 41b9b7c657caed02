//! A cache of texts that a redactor left unchanged, because parties send the same header fields and bodies again and
//! again.

use std::hash::BuildHasher as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The longest text in bytes that is kept.
const LONGEST: usize = 8192;

/// Texts without secrets, each with what else is known of it. Each has one place, which the next text with this place
/// takes.
pub(super) struct Recent<T> {
    entries: Mutex<Vec<Option<Entry<T>>>>,
    hasher: foldhash::fast::RandomState,
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
        Self {
            entries: Mutex::new(std::iter::repeat_with(|| None).take(places).collect()),
            hasher: foldhash::fast::RandomState::default(),
        }
    }

    /// What is known of a text that was searched when the same secrets were known.
    pub(super) fn get(&self, of: &str, text: &[u8], learnt: u64) -> Option<T> {
        let entries = self.entries();
        let entry = entries[self.place(of, text, entries.len())].as_ref();
        let entry = entry.filter(|it| it.learnt == learnt && *it.of == *of && *it.text == *text);
        entry.map(|it| it.known)
    }

    /// Keeps a text in which nothing was found.
    pub(super) fn keep(&self, of: &str, text: &[u8], learnt: u64, known: T) {
        if text.len() > LONGEST {
            return;
        }
        let entry = Entry {
            of: of.into(),
            text: text.into(),
            learnt,
            known,
        };
        let mut entries = self.entries();
        let place = self.place(of, text, entries.len());
        entries[place] = Some(entry);
    }

    fn place(&self, of: &str, text: &[u8], places: usize) -> usize {
        let place = self.hasher.hash_one((of, text)) % places as u64;
        usize::try_from(place).unwrap_or(0)
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Option<Entry<T>>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_again_by_all_that_was_kept_with_it() {
        let recent = Recent::new(64);
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
        recent.keep("", &long, 0, ());
        assert_eq!(recent.get("", &long, 0), None);
        recent.keep("", &long[1..], 0, ());
        assert_eq!(recent.get("", &long[1..], 0), Some(()));
    }
}
