//! The body of a message before it is written.

use bytes::Bytes;
use serde_json::Value;

use super::writing::Writing;

/// What a body holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Content {
    /// No bytes.
    #[default]
    Nothing,
    /// A JSON value, written in whatever manner the party has.
    Json(Value),
    /// Text, to the letter.
    Text(String),
}

impl Content {
    /// The JSON value, where there is one.
    pub(super) const fn json_mut(&mut self) -> Option<&mut Value> {
        match self {
            Self::Json(value) => Some(value),
            _ => None,
        }
    }

    /// The bytes, JSON in this manner.
    pub(super) fn bytes(&self, writing: Writing) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::Json(value) => writing.write(value).into(),
            Self::Text(text) => text.clone().into(),
        }
    }
}
