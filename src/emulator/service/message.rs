//! Messages of the service before they are written: answers, refusals, and posts to a callback.

use serde_json::{Value, json};

use crate::emulator::{new_id, now};
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

pub(super) const NO_CALL: &str = "CallNotFound";
pub(super) const CALL_ENDED: &str = "CallEnded";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    field: Option<(&'static str, String)>,
}

impl Refusal {
    /// Compares the error code.
    pub(super) fn is(&self, code: &str) -> bool {
        self.code == code
    }

    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            field: None,
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn unauthorized(message: impl Into<String>) -> Self {
        let mut refusal = Self::new(401, "InvalidAuthenticationToken", message);
        refusal.field = Some(("WWW-Authenticate", "Bearer".to_owned()));
        refusal
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "NotFound", message)
    }

    pub(super) fn no_call(id: &str) -> Self {
        Self::new(404, NO_CALL, format!("There is no call {id}."))
    }

    pub(super) fn ended(id: &str) -> Self {
        Self::new(404, CALL_ENDED, format!("The call {id} has ended."))
    }

    /// The method is not allowed; `allow` lists the methods of the path.
    pub(super) fn method(allow: &str) -> Self {
        let mut refusal = Self::new(405, "MethodNotAllowed", format!("Allowed here: {allow}."));
        refusal.field = Some(("Allow", allow.to_owned()));
        refusal
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "Conflict", message)
    }

    pub(super) fn media_type(found: Option<&str>) -> Self {
        let found = found.map_or("no Content-Type".to_owned(), |found| format!("`{found}`"));
        let message = format!("The body must be application/json, not {found}.");
        Self::new(415, "UnsupportedMediaType", message)
    }

    pub(super) fn server_error(message: impl Into<String>) -> Self {
        Self::new(500, "InternalServerError", message)
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let mut answer = Self::new(refusal.status);
        answer.fields.extend(refusal.field);
        answer.content = Body::Json(json!({
            "error": {
                "code": refusal.code,
                "message": refusal.message,
                "innerError": {"request-id": new_id(), "date": now()},
            }
        }));
        answer
    }
}
