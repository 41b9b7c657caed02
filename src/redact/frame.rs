//! What a walk over JSON knows of the objects and arrays that are open.

use std::ops::Range;

use super::names::Named;

/// What is known of a value by the names above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Above {
    Nothing,
    /// The value has a secret name, or stands below one.
    Secret(Named),
}

/// A string or another scalar.
#[derive(Debug, Clone)]
pub(super) struct Scalar {
    /// Without the quotes.
    pub inner: Range<usize>,
    pub is_string: bool,
    pub has_escapes: bool,
}

/// What an object says of an operation of JSON Patch (RFC 6902).
#[derive(Debug, Clone, Copy)]
pub(super) struct Patch {
    pub has_op: bool,
    /// The rule of the property that the path ends in.
    pub named: Option<Named>,
}

impl Patch {
    const NONE: Self = Self {
        has_op: false,
        named: None,
    };

    /// The rule of its value.
    pub(super) fn value(self) -> Option<Named> {
        self.named.filter(|_| self.has_op)
    }
}

/// An object or an array that is open.
pub(super) struct Frame {
    pub is_object: bool,
    /// The name or the index of the container, where the project has pointers.
    pub step: Option<String>,
    pub above: Above,
    /// True for an array below this name of flags and their arguments, or of names and values.
    pub previous: Option<Scalar>,
    /// The rule of the name that a property `name` or `key` holds.
    pub names: Option<Named>,
    /// The values that such a name is for.
    pub values: Vec<Scalar>,
    /// The parts of a key, in an object that says `kty`.
    pub key_parts: Vec<Scalar>,
    pub is_key: bool,
    pub patch: Patch,
    pub is_in_block: bool,
    pub items: usize,
}

impl Frame {
    pub(super) const fn new(is_object: bool, above: Above) -> Self {
        Self {
            is_object,
            step: None,
            above,
            previous: None,
            names: None,
            values: Vec::new(),
            key_parts: Vec::new(),
            is_key: false,
            patch: Patch::NONE,
            is_in_block: false,
            items: 0,
        }
    }
}
