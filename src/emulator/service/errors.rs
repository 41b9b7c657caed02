//! Refusals: the reason for which a request is refused, and its error object.

use serde_json::json;

use super::message::Answer;
use crate::emulator::body::replace;
use crate::emulator::{new_id, now};
use crate::http::message::{Body, Request};

/// The code of a call that is unknown or has ended. The service has digits, as text, for it.
const NO_CALL: &str = "8523";

/// What a refusal is about, where somebody needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    UnknownCall,
    EndedCall,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    status: u16,
    code: &'static str,
    message: String,
    field: Option<(&'static str, String)>,
}

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            reason: Reason::Other,
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

    pub(super) fn no_participant(id: &str) -> Self {
        Self::new(404, "8538", format!("The participant {id} does not exist."))
    }

    pub(super) fn no_call(id: &str) -> Self {
        Self {
            reason: Reason::UnknownCall,
            ..Self::new(404, NO_CALL, format!("The call {id} does not exist."))
        }
    }

    pub(super) fn ended(id: &str) -> Self {
        Self {
            reason: Reason::EndedCall,
            ..Self::new(404, NO_CALL, format!("The call {id} has ended."))
        }
    }

    /// The method is not allowed; `allow` lists the methods of the path.
    pub(super) fn method(allow: &str) -> Self {
        let mut refusal = Self::new(405, "MethodNotAllowed", format!("Allowed here: {allow}."));
        refusal.field = Some(("Allow", allow.to_owned()));
        refusal
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "7504", message)
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

    /// The answer, which repeats the id that the client gave to its request.
    pub(super) fn answer(self, request: &Request) -> Answer {
        let mut answer = Answer::from(self);
        if let (Some(id), Some(body)) = (
            request.headers.get("Client-Request-Id"),
            answer.content.json_mut(),
        ) {
            replace(body, "/error/innerError/client-request-id", id);
        }
        answer
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let id = new_id();
        let mut answer = Self::new(refusal.status);
        answer.fields.extend(refusal.field);
        answer.content = Body::Json(json!({
            "error": {
                "code": refusal.code,
                "message": refusal.message,
                "innerError": {"date": now(), "request-id": id, "client-request-id": id},
            }
        }));
        answer
    }
}
