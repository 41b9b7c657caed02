//! Messages that confcall sends as the service, with corrections of inconsistent examples.

use std::sync::Arc;

use serde_json::{Value, json};

use super::json_headers;
use crate::api::resource::Resource;
use crate::contract::change::{Change, Subject};
use crate::contract::shape::lookup;
use crate::http::message::{Body, Headers, Request, Response};
use crate::judge::record::Record;
use crate::judge::service::roster_path;
use crate::scenario::format::{HeaderFields, NotificationStep, ResponseStep};

/// A documented notification with its variables filled in. Outside of a literal
/// run, errors of the page are corrected: the path of a roster, a null id of an operation.
pub(in crate::judge) fn notification(record: &mut Record, step: &NotificationStep) -> Arc<Request> {
    let target = record.bindings.fill(&step.target);
    let mut headers = filled_headers(record, &step.headers);
    headers.push("Authorization", format!("Bearer {}", record.options.token));
    let mut body = record.bindings.fill_body(&step.body);
    // Some pages print changes without a head.
    if headers.get("content-type").is_none() && !body.is_empty() && !record.options.literal {
        headers.push("Content-Type", "application/json");
    }
    if let Some(body) = body.json_mut()
        && !record.options.literal
    {
        agree(body);
    }
    Arc::new(Request {
        method: step.method.clone(),
        target,
        headers,
        body,
    })
}

/// A documented answer with its variables filled in.
pub(in crate::judge) fn answer(record: &mut Record, step: &ResponseStep) -> Arc<Response> {
    Arc::new(Response {
        status: step.status,
        headers: filled_headers(record, &step.headers),
        body: record.bindings.fill_body(&step.body),
    })
}

/// A refusal with an error object of the API.
pub(in crate::judge) fn error(status: u16, code: &str, message: &str) -> Response {
    Response {
        status,
        headers: json_headers(),
        body: Body::Json(json!({"error": {"code": code, "message": message}})),
    }
}

/// The answer to an undocumented request.
pub(in crate::judge) fn accepted() -> Response {
    empty(202)
}

pub(in crate::judge) fn no_content() -> Response {
    empty(204)
}

pub(in crate::judge) fn resource(named: &Resource, state: &str) -> Response {
    let body = match named {
        Resource::Operation { operation, .. } => json!({
            "@odata.type": "#microsoft.graph.commsOperation",
            "id": operation,
            "status": "completed",
        }),
        Resource::Participants(_) => json!({"value": []}),
        Resource::Participant { participant, .. } => json!({
            "@odata.type": "#microsoft.graph.participant",
            "id": participant,
        }),
        other => json!({
            "@odata.type": "#microsoft.graph.call",
            "id": other.call(),
            "state": state,
        }),
    };
    Response {
        status: 200,
        headers: json_headers(),
        body: Body::Json(body),
    }
}

/// The answer to a GET of a resource of another API.
pub(in crate::judge) fn nothing_known() -> Response {
    Response {
        status: 200,
        headers: json_headers(),
        body: Body::Json(json!({})),
    }
}

fn empty(status: u16) -> Response {
    Response {
        status,
        headers: Headers::new(),
        body: Body::Empty,
    }
}

fn filled_headers(record: &mut Record, fields: &HeaderFields) -> Headers {
    fields
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("authorization"))
        .map(|(name, value)| (name.clone(), record.bindings.fill(value)))
        .collect()
}

/// Corrects the ids that correlation requires and variables cannot express.
fn agree(body: &mut Value) {
    let Some(entries) = body.get_mut("value").and_then(Value::as_array_mut) else {
        return;
    };
    for entry in entries {
        let (subject, operation) = {
            let change = Change::read(entry);
            (change.subject, change.operation().map(str::to_owned))
        };
        match subject {
            Subject::Roster => {
                for name in ["resource", "resourceUrl"] {
                    let path = lookup(entry, name).and_then(|(_, value)| value.as_str());
                    if let Some(path) = path.and_then(roster_path) {
                        entry[name] = json!(path);
                    }
                }
            }
            Subject::Operation => {
                let id = entry.pointer_mut("/resourceData/id");
                if let (Some(id @ Value::Null), Some(operation)) = (id, operation) {
                    *id = json!(operation);
                }
            }
            _ => {}
        }
    }
}
