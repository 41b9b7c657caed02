//! What answering a request takes of a recorded exchange, of which JSON stays as it stands.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cassette::format::Content;

/// Of an exchange what answering it takes.
#[derive(Debug, Deserialize)]
pub(super) struct Answering<'a> {
    /// How it broke, or left HTTP behind.
    #[serde(default)]
    pub(super) broke: Option<String>,
    pub(super) took_ms: u64,
    #[serde(borrow, default)]
    pub(super) response: Option<Answered<'a>>,
}

/// A recorded response, its body as it stands in the line.
#[derive(Debug, Deserialize)]
pub(super) struct Answered<'a> {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    #[serde(borrow, default)]
    pub(super) body: Standing<'a>,
}

/// A recorded body, of which JSON is not read further: the [`Content`] of a line.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Standing<'a> {
    #[default]
    Empty,
    #[serde(borrow)]
    Json(&'a RawValue),
    Text(String),
    Base64(String),
    Omitted {
        length: u64,
        sha256: String,
    },
}

impl Standing<'_> {
    /// The JSON as it stands.
    pub(super) fn json(&self) -> Option<&[u8]> {
        match self {
            Self::Json(value) => Some(value.get().as_bytes()),
            _ => None,
        }
    }

    /// The body, read.
    pub(super) fn content(&self) -> Content {
        match self {
            Self::Empty => Content::Empty,
            Self::Json(value) => {
                serde_json::from_str(value.get()).map_or(Content::Empty, Content::Json)
            }
            Self::Text(text) => Content::Text(text.clone()),
            Self::Base64(text) => Content::Base64(text.clone()),
            Self::Omitted { length, sha256 } => Content::Omitted {
                length: *length,
                sha256: sha256.clone(),
            },
        }
    }
}
