//! Faults in what is refused: requests that are misread so that nothing is wrong with them, or so
//! that something is, and the refusals themselves.

use serde_json::{Value, json};

use super::Mutant;
use crate::emulator::content::Content;
use crate::emulator::edit::{remove, set};
use crate::emulator::fresh_id;
use crate::emulator::service::draft::Draft;
use crate::emulator::service::refusal::{CALL_ENDED, NO_CALL, Refusal};
use crate::http::message::{Headers, Payload, Request};

/// The request as a service with this fault takes it, where it takes it for another.
pub(in crate::emulator::service) fn misread(
    mutant: Option<Mutant>,
    request: &Request,
    token: Option<&str>,
) -> Option<Request> {
    let mutant = mutant?;
    let mut heard = request.clone();
    head(mutant, &mut heard, token);
    if request.target.ends_with("/participants/invite") {
        invitation(mutant, &mut heard);
    }
    (heard != *request).then_some(heard)
}

/// The invitation that a service carries out which it has refused.
pub(in crate::emulator::service) fn taken_all_the_same(
    mutant: Option<Mutant>,
    request: &Request,
) -> Option<Request> {
    if mutant != Some(Mutant::RefusesAndInvites) {
        return None;
    }
    misread(Some(Mutant::SixTaken), request, None)
}

/// How a request is refused.
pub(in crate::emulator::service) fn refused(mutant: Option<Mutant>, refusal: Refusal) -> Draft {
    let is_taken = match mutant {
        Some(Mutant::UnknownCallTaken) => refusal.is(NO_CALL),
        Some(Mutant::EndedCallTaken) => refusal.is(CALL_ENDED),
        _ => false,
    };
    let mut draft = Draft::from(refusal);
    if is_taken {
        return Draft::new(202);
    }
    if mutant == Some(Mutant::RefusalServerError) {
        draft.status = 500;
    }
    let Some(body) = draft.content.json_mut() else {
        return draft;
    };
    match mutant {
        Some(Mutant::RefusalWithoutError) => *body = json!({"message": "That was wrong."}),
        Some(Mutant::RefusalWithoutCode) => drop(remove(body, "/error/code")),
        Some(Mutant::RefusalMessageEmpty) => set(body, "/error/message", ""),
        Some(Mutant::RefusalTorn) => draft.content = Content::Text("{\"error\": {".to_owned()),
        _ => {}
    }
    draft
}

/// Method, path and header fields.
fn head(mutant: Mutant, heard: &mut Request, token: Option<&str>) {
    let bearer = || format!("Bearer {}", token.unwrap_or("any"));
    match mutant {
        Mutant::TokenIgnored if heard.headers.get("Authorization").is_none() => {
            heard.headers.push("Authorization", bearer());
        }
        Mutant::TokenUnchecked if heard.headers.get("Authorization").is_some() => {
            replace(&mut heard.headers, "Authorization", bearer());
        }
        Mutant::MediaTypeIgnored => {
            replace(
                &mut heard.headers,
                "Content-Type",
                "application/json".to_owned(),
            );
        }
        Mutant::DeprecatedPathGone => heard.target = heard.target.replace("/app/", "/gone/"),
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
fn invitation(mutant: Mutant, heard: &mut Request) {
    match (mutant, &mut heard.body) {
        (Mutant::MethodIgnored, _) => "POST".clone_into(&mut heard.method),
        (Mutant::MalformedTaken, body @ Payload::Text { .. })
        | (Mutant::EmptyTaken, body @ Payload::Empty) => {
            *body = Payload::Json(json!({"participants": [somebody()]}));
        }
        (mutant, Payload::Json(body)) => {
            people(mutant, body);
            context(mutant, body);
        }
        _ => {}
    }
}

fn people(mutant: Mutant, body: &mut Value) {
    let Some(Value::Array(people)) = body.get_mut("participants") else {
        return;
    };
    match mutant {
        Mutant::NobodyTaken if people.is_empty() => people.push(somebody()),
        Mutant::SixTaken => people.truncate(5),
        Mutant::SeveralReplacingRefused => {
            let replaces = |it: &Value| it["replacesCallId"].is_string();
            if people.len() > 1 && people.iter().all(replaces) {
                people.clear();
            }
        }
        _ => {}
    }
}

fn context(mutant: Mutant, body: &mut Value) {
    let Some(Value::String(context)) = body.get_mut("clientContext") else {
        return;
    };
    match mutant {
        Mutant::LongContextTaken => *context = context.chars().take(256).collect(),
        Mutant::ContextLimitEarly if context.chars().count() == 256 => context.push('!'),
        _ => {}
    }
}

fn somebody() -> Value {
    json!({"identity": {"user": {"id": fresh_id()}}})
}
