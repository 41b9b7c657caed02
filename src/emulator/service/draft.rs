//! A message of the service before it is written: an answer, or a post to a callback.

use serde_json::Value;

use crate::emulator::content::Content;
use crate::http::Reply;

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    /// Written only where there is a body.
    pub(super) media_type: Option<&'static str>,
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) content: Content,
    /// What is done in place of an answer.
    pub(super) instead: Option<Reply>,
}

impl Draft {
    /// An answer without a body.
    pub(super) const fn new(status: u16) -> Self {
        Self {
            status,
            location: None,
            media_type: Some("application/json"),
            fields: Vec::new(),
            content: Content::Nothing,
            instead: None,
        }
    }

    /// An answer with a JSON body.
    pub(super) fn json(status: u16, body: Value) -> Self {
        let mut draft = Self::new(status);
        draft.content = Content::Json(body);
        draft
    }
}

/// A post to a bot's callback.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) media_type: Option<&'static str>,
    pub(super) content: Content,
}
