//! Messages of the service before they are written: answers, and posts to a callback.

use serde_json::Value;

use crate::http::Reply;
use crate::http::message::Body;

#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    /// Written only with a body.
    pub(super) media_type: Option<&'static str>,
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) content: Body,
    /// Sent in place of this answer.
    pub(super) instead: Option<Reply>,
}

impl Answer {
    pub(super) const fn new(status: u16) -> Self {
        Self {
            status,
            location: None,
            media_type: Some("application/json"),
            fields: Vec::new(),
            content: Body::Empty,
            instead: None,
        }
    }

    pub(super) fn json(status: u16, body: Value) -> Self {
        let mut answer = Self::new(status);
        answer.content = Body::Json(body);
        answer
    }
}

/// A request to a bot's callback.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) media_type: Option<&'static str>,
    pub(super) content: Body,
}
