//! A filter: a part of an id, or a glob over the whole id.

use std::fmt;

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Deserializer};

use crate::scenario::format::INJECTION_MARK;

/// Matches a part of an id, or a glob over the whole id.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    text: String,
    glob: Option<GlobMatcher>,
}

#[derive(Debug, thiserror::Error)]
#[error("no glob: {}", .0.kind())]
pub struct GlobError(#[from] globset::Error);

impl Filter {
    /// A filter with `*`, `?`, `[` or `{` is a glob over whole ids; `*` also matches `/`.
    pub(crate) fn parse(text: &str) -> Result<Self, GlobError> {
        let glob = if text.contains(['*', '?', '[', '{']) {
            Some(Glob::new(text)?.compile_matcher())
        } else {
            None
        };
        let text = text.to_owned();
        Ok(Self { text, glob })
    }

    /// True for a filter of fault injection: plain ids have no `~`.
    pub(crate) fn names_injection(&self) -> bool {
        self.text.contains(INJECTION_MARK)
    }

    /// True if the filter has the whole name of this kind of fault injection.
    pub(crate) fn names(&self, injection: &str) -> bool {
        self.text.contains(&format!("{INJECTION_MARK}{injection}"))
    }

    /// True if the id has this part, or matches this glob.
    pub(crate) fn takes(&self, id: &str) -> bool {
        match &self.glob {
            Some(glob) => glob.is_match(id),
            None => id.contains(&self.text),
        }
    }

    /// True if the filter is this path or the last segments of it, or a glob that matches either.
    pub(crate) fn is_path(&self, path: &str) -> bool {
        let tails = path.match_indices(['/', '\\']);
        let mut tails = tails.map(|(at, separator)| &path[at + separator.len()..]);
        self.is(path) || tails.any(|it| self.is(it))
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// True if the filter is the whole text, or a glob that matches it.
    pub(crate) fn is(&self, text: &str) -> bool {
        match &self.glob {
            Some(glob) => glob.is_match(text),
            None => text == self.text,
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Filter {}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
