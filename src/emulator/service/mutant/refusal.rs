//! Mutants of refusals: requests that are misread, so that a wrong one is accepted or a right one refused,
//! and the refusals themselves.

use serde_json::{Value, json};

use super::Mutant;
use crate::emulator::body::{remove, set};
use crate::emulator::new_id;
use crate::emulator::service::errors::{Reason, Refusal};
use crate::emulator::service::message::Answer;
use crate::http::message::{Body, Headers, Request};

/// The misread request, for a mutant that misreads it.
pub(in crate::emulator::service) fn misread(
    mutant: Option<Mutant>,
    request: &Request,
    token: Option<&str>,
) -> Option<Request> {
    let mutant = mutant?;
    let mut read = request.clone();
    head(mutant, &mut read, token);
    if request.target.ends_with("/participants/invite") {
        invitation(mutant, &mut read);
    }
    (read != *request).then_some(read)
}

/// The refused invitation that the mutant carries out.
pub(in crate::emulator::service) fn accepted_refusal(
    mutant: Option<Mutant>,
    request: &Request,
) -> Option<Request> {
    if mutant != Some(Mutant::RefusesAndInvites) {
        return None;
    }
    misread(Some(Mutant::SixTaken), request, None)
}

pub(in crate::emulator::service) fn refused(
    mutant: Option<Mutant>,
    refusal: Refusal,
    request: &Request,
) -> Answer {
    let is_accepted = match mutant {
        Some(Mutant::UnknownCallTaken) => refusal.reason == Reason::UnknownCall,
        Some(Mutant::EndedCallTaken) => refusal.reason == Reason::EndedCall,
        _ => false,
    };
    let mut answer = refusal.answer(request);
    if is_accepted {
        return Answer::new(202);
    }
    if mutant == Some(Mutant::RefusalServerError) {
        answer.status = 500;
    }
    let Some(body) = answer.content.json_mut() else {
        return answer;
    };
    match mutant {
        Some(Mutant::RefusalWithoutError) => *body = json!({"message": "That was wrong."}),
        Some(Mutant::RefusalWithoutCode) => drop(remove(body, "/error/code")),
        Some(Mutant::RefusalMessageEmpty) => set(body, "/error/message", ""),
        Some(Mutant::RefusalTorn) => answer.content = Body::Text("{\"error\": {".to_owned()),
        _ => {}
    }
    answer
}

/// Method, path and header fields.
fn head(mutant: Mutant, read: &mut Request, token: Option<&str>) {
    let bearer = || format!("Bearer {}", token.unwrap_or("any"));
    match mutant {
        Mutant::TokenIgnored if read.headers.get("Authorization").is_none() => {
            read.headers.push("Authorization", bearer());
        }
        Mutant::TokenUnchecked if read.headers.get("Authorization").is_some() => {
            replace(&mut read.headers, "Authorization", bearer());
        }
        Mutant::MediaTypeIgnored => {
            replace(
                &mut read.headers,
                "Content-Type",
                "application/json".to_owned(),
            );
        }
        Mutant::DeprecatedPathGone => read.target = read.target.replace("/app/", "/gone/"),
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

fn invitation(mutant: Mutant, read: &mut Request) {
    match (mutant, &mut read.body) {
        (Mutant::MethodIgnored, _) => "POST".clone_into(&mut read.method),
        (Mutant::MalformedTaken, body @ Body::Text(_))
        | (Mutant::EmptyTaken, body @ Body::Empty) => {
            *body = Body::Json(json!({"participants": [invitee()]}));
        }
        (mutant, Body::Json(body)) => {
            invitees(mutant, body);
            context(mutant, body);
        }
        _ => {}
    }
}

fn invitees(mutant: Mutant, body: &mut Value) {
    let Some(Value::Array(invitees)) = body.get_mut("participants") else {
        return;
    };
    match mutant {
        Mutant::NobodyTaken if invitees.is_empty() => invitees.push(invitee()),
        Mutant::SixTaken => invitees.truncate(5),
        Mutant::SeveralReplacingRefused => {
            let replaces = |it: &Value| it["replacesCallId"].is_string();
            if invitees.len() > 1 && invitees.iter().all(replaces) {
                invitees.clear();
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

fn invitee() -> Value {
    json!({"identity": {"user": {"id": new_id()}}})
}
