//! Texts of which pieces are replaced.

use std::ops::Range;

/// A text that is taken over piece by piece, and copied from the first piece on that changes.
pub(super) struct Spliced<'a> {
    text: &'a str,
    taken: usize,
    copy: Option<String>,
}

impl<'a> Spliced<'a> {
    pub(super) const fn of(text: &'a str) -> Self {
        Self {
            text,
            taken: 0,
            copy: None,
        }
    }

    /// Puts something into the place of a range that stands behind those before.
    pub(super) fn replace(&mut self, place: Range<usize>, with: &str) {
        let copy = self
            .copy
            .get_or_insert_with(|| String::with_capacity(self.text.len() + with.len()));
        copy.push_str(&self.text[self.taken..place.start]);
        copy.push_str(with);
        self.taken = place.end;
    }

    /// The text, where something was replaced.
    pub(super) fn end(mut self) -> Option<String> {
        if let Some(copy) = &mut self.copy {
            copy.push_str(&self.text[self.taken..]);
        }
        self.copy
    }
}

/// Where a part of a text stands in it.
pub(super) fn place_in(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}
