//! Messages that confcall sends as the other party, with corrections of inconsistent examples.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::resource::{Resource, path_of};
use crate::api::template;
use crate::contract::change::{Change, Subject};
use crate::contract::operation::{self, Operation};
use crate::contract::shape::lookup;
use crate::http::message::{Body, Headers, Request, Response};
use crate::judge::record::Record;
use crate::scenario::format::{
    HeaderFields, Kind, NotificationStep, RequestStep, ResponseStep, Token,
};

/// A token that no service issues.
const FOREIGN_TOKEN: &str = "confcall-of-somebody-else";

/// The request of a step with variables filled in and the token added.
pub(super) fn request(record: &mut Record, step: &RequestStep) -> Request {
    let target = record.bindings.fill(&relative(&step.target));
    let mut headers: Headers = step
        .headers
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("authorization"))
        .map(|(name, value)| (name.clone(), record.bindings.fill(value)))
        .collect();
    let given = authorization_of(record, step);
    let token = match step.token {
        Token::Own => Some(record.options.token.as_str()),
        Token::Foreign => Some(FOREIGN_TOKEN),
        Token::None => None,
    };
    if let Some(authorization) = given.or_else(|| token.map(|it| format!("Bearer {it}"))) {
        headers.push("Authorization", authorization);
    }
    let body = record.bindings.fill_body(&step.body);
    Request {
        method: step.method.clone(),
        target,
        headers,
        body,
    }
}

/// The documented token, where the service gave it in this conversation or before: that of a recording.
fn authorization_of(record: &mut Record, step: &RequestStep) -> Option<String> {
    let mut headers = step.headers.iter();
    let (_, printed) = headers.find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?;
    let is_given = |name: &str| {
        let variable = record.script().variables.get(name);
        variable.is_some_and(|it| it.kind != Kind::Token) && record.bindings.get(name).is_some()
    };
    let is_given = template::variables(printed).any(is_given);
    is_given.then(|| record.bindings.fill(printed))
}

/// A documented target without scheme, host and API version.
pub(in crate::judge) fn relative(target: &str) -> String {
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => target,
    };
    let without = ["/beta/", "/v1.0/"]
        .iter()
        .find_map(|version| path.strip_prefix(version));
    match without {
        Some(rest) => format!("/{rest}"),
        None => path.to_owned(),
    }
}

/// The path of a target, without API version.
pub(in crate::judge) fn path(target: &str) -> String {
    path_of(&relative(target)).to_owned()
}

/// A documented notification with its variables filled in. Outside of a literal
/// run, errors of the page are corrected: the path of a roster, a null id of an operation.
pub(super) fn notification(record: &mut Record, step: &NotificationStep) -> Arc<Request> {
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
pub(super) fn answer(record: &mut Record, step: &ResponseStep) -> Arc<Response> {
    Arc::new(Response {
        status: step.status,
        headers: filled_headers(record, &step.headers),
        body: record.bindings.fill_body(&step.body),
    })
}

/// A refusal with an error object of the API.
pub(super) fn error(status: u16, code: &str, message: &str) -> Response {
    Response {
        status,
        headers: json_headers(),
        body: Body::Json(json!({"error": {"code": code, "message": message}})),
    }
}

/// The answer to an undocumented request.
pub(super) fn accepted() -> Response {
    empty(202)
}

pub(super) fn resource(named: &Resource, state: &str) -> Response {
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
pub(super) fn nothing_known() -> Response {
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

/// The corrected path of a roster.
fn roster_path(path: &str) -> Option<String> {
    match Resource::parse(path)? {
        Resource::Operation { call, .. } => {
            let end = path.find(&call)? + call.len();
            Some(format!("{}/participants", &path[..end]))
        }
        _ => None,
    }
}

fn json_headers() -> Headers {
    Headers::from_iter([("Content-Type", "application/json")])
}

/// The answer of the played service to a request that the scenario does not document.
pub(super) fn answer_to(operation: &Operation, target: &str, exchange: usize) -> Response {
    if operation.is_read() {
        let named = Resource::parse(target).unwrap_or(Resource::Calls);
        return resource(&named, "established");
    }
    let statuses = operation::statuses(operation, None);
    let mut response = Response::new(statuses.first().copied().unwrap_or(202));
    if let Some(answer) = &operation.answer {
        // An id of its own for each exchange.
        let id = format!("c0f1ca11-0000-4000-8000-{exchange:012x}");
        response.headers.push("Content-Type", "application/json");
        response.body = Body::Json(json!({
            "@odata.type": format!("#microsoft.graph.{answer}"),
            "id": id,
            "status": "completed",
        }));
    }
    response
}
