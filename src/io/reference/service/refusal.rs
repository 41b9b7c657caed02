//! How the service refuses: a status and the API's error object.

use serde_json::json;

use super::draft::{Content, Draft};
use crate::io::reference::{fresh_id, time};

/// A request that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    field: Option<(&'static str, String)>,
}

impl Refusal {
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

    /// The path is right and the method is not; `allow` lists those that are.
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

impl From<Refusal> for Draft {
    fn from(refusal: Refusal) -> Self {
        let mut draft = Self::new(refusal.status);
        draft.fields.extend(refusal.field);
        draft.content = Content::Json(json!({
            "error": {
                "code": refusal.code,
                "message": refusal.message,
                "innerError": {"request-id": fresh_id(), "date": time::now()},
            }
        }));
        draft
    }
}
