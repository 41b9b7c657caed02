//! How the service refuses: a status and the API's error object.

use serde_json::json;

use super::draft::Draft;
use crate::emulator::content::Content;
use crate::emulator::{fresh_id, time};

/// The code where no such call is known.
pub(super) const NO_CALL: &str = "CallNotFound";

/// The code where the call has ended.
pub(super) const CALL_ENDED: &str = "CallEnded";

/// A request that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    field: Option<(&'static str, String)>,
}

impl Refusal {
    /// Whether it is refused for this: the error's code.
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
