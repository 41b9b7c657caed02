//! A place in a message, built while a comparison walks to it.

use std::borrow::Cow;

use crate::diagnostic::pointer::{Pointer, escaped};
use crate::replay::rules::MessagePlace;

/// A place in a message. It becomes a pointer only where something differs.
#[derive(Debug, Clone, Copy)]
pub(in crate::replay) enum At<'a> {
    Body,
    Query,
    /// A header field, or a path.
    Other,
    Property(&'a Self, &'a str),
    Item(&'a Self, usize),
}

impl At<'_> {
    pub(super) fn pointer(self) -> Pointer {
        match self {
            Self::Body | Self::Query | Self::Other => Pointer::root(),
            Self::Property(above, name) => above.pointer().key(name),
            Self::Item(above, index) => above.pointer().index(index),
        }
    }

    /// The pointer with `*` for the index of each item: the place in every message of this form.
    pub(super) fn pattern(self) -> Pointer {
        match self {
            Self::Body | Self::Query | Self::Other => Pointer::root(),
            Self::Property(above, name) => above.pattern().key(name),
            Self::Item(above, _) => above.pattern().key("*"),
        }
    }

    /// The place as rules name it.
    pub(super) fn place(&self) -> MessagePlace<'_> {
        if let Self::Property(Self::Query, name) = self {
            return MessagePlace::Query(name);
        }
        let mut segments = Vec::new();
        let mut at = self;
        loop {
            at = match at {
                Self::Body => break,
                Self::Query | Self::Other => return MessagePlace::Other,
                Self::Property(above, name) => {
                    segments.push(escaped(name));
                    above
                }
                Self::Item(above, index) => {
                    segments.push(Cow::Owned(index.to_string()));
                    above
                }
            };
        }
        segments.reverse();
        MessagePlace::Body(segments)
    }
}
