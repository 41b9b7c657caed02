//! Faults in what is refused: requests that are misread so that nothing is wrong with them, or so
//! that something is, and the refusals themselves.

use serde_json::{Value, json};

use super::Fault;
use crate::emulator::content::Content;
use crate::emulator::edit::{remove, set};
use crate::emulator::fresh_id;
use crate::emulator::service::draft::Draft;
use crate::emulator::service::refusal::{CALL_ENDED, NO_CALL, Refusal};
use crate::http::message::{Headers, Payload, Request};

/// The request as a service with this fault takes it, where it takes it for another.
pub(in crate::emulator::service) fn misread(
    fault: Option<Fault>,
    request: &Request,
    token: Option<&str>,
) -> Option<Request> {
    let fault = fault?;
    let mut heard = request.clone();
    head(fault, &mut heard, token);
    if request.target.ends_with("/participants/invite") {
        invitation(fault, &mut heard);
    }
    (heard != *request).then_some(heard)
}

/// The invitation that a service carries out which it has refused.
pub(in crate::emulator::service) fn taken_all_the_same(
    fault: Option<Fault>,
    request: &Request,
) -> Option<Request> {
    if fault != Some(Fault::RefusesAndInvites) {
        return None;
    }
    misread(Some(Fault::SixTaken), request, None)
}

/// How a request is refused.
pub(in crate::emulator::service) fn refused(fault: Option<Fault>, refusal: Refusal) -> Draft {
    let is_taken = match fault {
        Some(Fault::UnknownCallTaken) => refusal.is(NO_CALL),
        Some(Fault::EndedCallTaken) => refusal.is(CALL_ENDED),
        _ => false,
    };
    let mut draft = Draft::from(refusal);
    if is_taken {
        return Draft::new(202);
    }
    if fault == Some(Fault::RefusalServerError) {
        draft.status = 500;
    }
    let Some(body) = draft.content.json_mut() else {
        return draft;
    };
    match fault {
        Some(Fault::RefusalWithoutError) => *body = json!({"message": "That was wrong."}),
        Some(Fault::RefusalWithoutCode) => drop(remove(body, "/error/code")),
        Some(Fault::RefusalMessageEmpty) => set(body, "/error/message", ""),
        Some(Fault::RefusalTorn) => draft.content = Content::Text("{\"error\": {".to_owned()),
        _ => {}
    }
    draft
}

/// Method, path and header fields.
fn head(fault: Fault, heard: &mut Request, token: Option<&str>) {
    let bearer = || format!("Bearer {}", token.unwrap_or("any"));
    match fault {
        Fault::TokenIgnored if heard.headers.get("Authorization").is_none() => {
            heard.headers.push("Authorization", bearer());
        }
        Fault::TokenUnchecked if heard.headers.get("Authorization").is_some() => {
            replace(&mut heard.headers, "Authorization", bearer());
        }
        Fault::MediaTypeIgnored => {
            replace(
                &mut heard.headers,
                "Content-Type",
                "application/json".to_owned(),
            );
        }
        Fault::DeprecatedPathGone => heard.target = heard.target.replace("/app/", "/gone/"),
        _ => {}
    }
}

fn replace(headers: &mut Headers, name: &str, value: String) {
    let others = headers
        .iter()
        .filter(|(other, _)| !other.eq_ignore_ascii_case(name));
    let mut all: Headers = others.collect();
    all.push(name, value);
    *headers = all;
}

/// What an invitation asks for.
fn invitation(fault: Fault, heard: &mut Request) {
    match (fault, &mut heard.body) {
        (Fault::MethodIgnored, _) => "POST".clone_into(&mut heard.method),
        (Fault::MalformedTaken, body @ Payload::Text { .. })
        | (Fault::EmptyTaken, body @ Payload::Empty) => {
            *body = Payload::Json(json!({"participants": [somebody()]}));
        }
        (fault, Payload::Json(body)) => {
            people(fault, body);
            context(fault, body);
        }
        _ => {}
    }
}

fn people(fault: Fault, body: &mut Value) {
    let Some(Value::Array(people)) = body.get_mut("participants") else {
        return;
    };
    match fault {
        Fault::NobodyTaken if people.is_empty() => people.push(somebody()),
        Fault::SixTaken => people.truncate(5),
        Fault::SeveralReplacingRefused => {
            let replaces = |it: &Value| it["replacesCallId"].is_string();
            if people.len() > 1 && people.iter().all(replaces) {
                people.clear();
            }
        }
        _ => {}
    }
}

fn context(fault: Fault, body: &mut Value) {
    let Some(Value::String(context)) = body.get_mut("clientContext") else {
        return;
    };
    match fault {
        Fault::LongContextTaken => *context = context.chars().take(256).collect(),
        Fault::ContextLimitEarly if context.chars().count() == 256 => context.push('!'),
        _ => {}
    }
}

fn somebody() -> Value {
    json!({"identity": {"user": {"id": fresh_id()}}})
}
