//! JSON pointers (RFC 6901), built while a comparison walks into a body.

use std::borrow::Cow;
use std::fmt;

/// A place inside a JSON document. The empty pointer is the whole document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pointer(String);

impl Pointer {
    /// The pointer to the whole document.
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// The text must be a valid pointer.
    pub const fn from_text(text: String) -> Self {
        Self(text)
    }

    /// True for this value or a part of it: the other pointer, or one that begins with it.
    #[must_use]
    pub(crate) fn is_in(&self, other: &Self) -> bool {
        let below = self.0.strip_prefix(&other.0);
        below.is_some_and(|it| it.is_empty() || it.starts_with('/'))
    }

    /// This pointer extended by one property name, escaped as RFC 6901 section 3 asks.
    #[must_use]
    pub fn key(&self, name: &str) -> Self {
        let mut text = String::with_capacity(self.0.len() + 1 + name.len());
        text.push_str(&self.0);
        push_key(&mut text, name);
        Self(text)
    }

    /// This pointer extended by one array index, counted from 0.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Path::Index(&Path::At(self), index).pointer()
    }

    /// This pointer extended by another, relative to it.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        Self(format!("{}{}", self.0, below.0))
    }

    /// True if the other place is this one, or inside it.
    pub(crate) fn contains(&self, other: &Self) -> bool {
        let below = other.0.strip_prefix(&self.0);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The text, as in RFC 6901.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A pointer that is extended during a walk of a document. It borrows its parts, and its text is
/// built on demand.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'a> {
    /// The start of the walk.
    At(&'a Pointer),
    /// A property of the value above.
    Key(&'a Self, &'a str),
    /// An item of the array above, counted from 0.
    Index(&'a Self, usize),
}

impl Path<'_> {
    pub(crate) fn pointer(&self) -> Pointer {
        let mut text = String::new();
        self.write(&mut text);
        Pointer(text)
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::At(pointer) => text.push_str(&pointer.0),
            Self::Key(above, name) => {
                above.write(text);
                push_key(text, name);
            }
            Self::Index(above, index) => {
                above.write(text);
                text.push('/');
                text.push_str(&index.to_string());
            }
        }
    }
}

/// Appends a property name, escaped as RFC 6901 section 3 asks.
fn push_key(text: &mut String, name: &str) {
    text.push('/');
    text.push_str(&escaped(name));
}

/// A property name, escaped as RFC 6901 section 3 asks.
pub(crate) fn escaped(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) {
        name.replace('~', "~0").replace('/', "~1").into()
    } else {
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_escapes_what_rfc_6901_escapes() {
        let pointer = Pointer::root().key("a/b").index(3).key("m~n");
        let root = Pointer::root();
        let above = Path::Key(&Path::At(&root), "a/b");
        assert_eq!(Path::Key(&Path::Index(&above, 3), "m~n").pointer(), pointer);
        assert_eq!(pointer.as_str(), "/a~1b/3/m~0n");
        assert_eq!(
            serde_json::json!({"a/b": [0, 1, 2, {"m~n": "found"}]}).pointer(pointer.as_str()),
            Some(&serde_json::json!("found"))
        );
    }
}
