//! Where the bot's deliberate faults happen: in its requests, in how it sends them again, in what it
//! takes, and in its acknowledgements. Without a fault no function does anything.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::callback::Entry;
use super::guard::Flaw;
use super::memory::Memory;
use super::mutant::BotFault as Fault;
use super::request_builder::Errand;
use crate::api::resource::Resource;
use crate::emulator::content::Content;
use crate::emulator::edit::{remove, replace, set};
use crate::emulator::fresh_id;
use crate::http::message::{Headers, Response};
use crate::http::{Reply, SendError};

/// The requests that a cue leads to: one, before this.
pub(super) fn errands(fault: Option<Fault>, errands: &mut Vec<Errand>) {
    let Some(fault) = fault else { return };
    for errand in errands.iter_mut() {
        head(fault, errand);
        if let Content::Json(body) = &mut errand.content {
            participants(fault, body);
            properties(fault, body);
        }
        text(fault, errand);
    }
    match fault {
        Fault::NeverSends => errands.clear(),
        Fault::Twice => errands.extend(errands.clone()),
        Fault::HangsUpEarly => follow(errands, "DELETE", ""),
        Fault::Mutes => follow(errands, "POST", "/participants/muteAll"),
        _ => {}
    }
}

/// The answer to a notification in place of the right one. `roster` says whether it is about one.
pub(super) fn acknowledgement(fault: Option<Fault>, roster: bool) -> Option<Reply> {
    Some(match fault? {
        Fault::Refuses500 => Reply::status(500),
        Fault::Refuses404 => Reply::status(404),
        Fault::Refuses400 => Reply::status(400),
        Fault::RefusesRoster if roster => Reply::status(500),
        Fault::Redirects => Reply::text(302, Headers::from_iter([("Location", "/elsewhere")]), ""),
        Fault::Hangs => Reply::hang(),
        Fault::Resets => Reply::reset(),
        Fault::Noise => Reply::raw("220 ready when you are\r\n"),
        Fault::Truncated => Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"a\""),
        _ => return None,
    })
}

/// Whether a notification's token is taken in spite of this.
pub(super) fn overlooks(fault: Option<Fault>, flaw: Flaw) -> bool {
    let overlooked = match fault {
        Some(Fault::TokenOptional) => Flaw::Missing,
        Some(Fault::TakesUnsigned) => Flaw::Unsigned,
        Some(Fault::AnySignature) => Flaw::Signature,
        Some(Fault::AnyTime) => Flaw::Expired,
        Some(Fault::AnyAudience) => Flaw::Audience,
        _ => return false,
    };
    flaw == overlooked
}

/// How long the bot waits for an answer, where that is not long enough.
pub(super) fn patience(fault: Option<Fault>) -> Option<Duration> {
    (fault == Some(Fault::Impatient)).then_some(Duration::from_millis(1800))
}

/// How long the bot waits before it sends a request again, `None` where it does not. `may` is there as
/// long as it may, `told` is what it should do.
pub(super) fn again(
    fault: Option<Fault>,
    sent: &Result<Response, SendError>,
    (may, told): (Option<Duration>, Option<Duration>),
    errand: &mut Errand,
) -> Option<Duration> {
    let status = sent.as_ref().map_or(0, |response| response.status);
    match fault {
        Some(Fault::Impatient) if matches!(sent, Err(SendError::Timeout(_))) => {
            make_new(errand);
            may.map(|_| Duration::ZERO)
        }
        Some(Fault::AsksOtherwise) if sent.is_err() => {
            make_new(errand);
            told
        }
        Some(Fault::IgnoresRetryAfter) if status == 429 => told.map(|_| Duration::ZERO),
        Some(Fault::GivesUp503) if status == 503 => None,
        Some(Fault::GivesUpBroken) if sent.is_err() => None,
        _ => told,
    }
}

/// The refusal of a notification that a good bot takes.
pub(super) fn refused(fault: Option<Fault>, entries: &[Entry<'_>], memory: &Memory) -> Option<u16> {
    let words = ["state", "status"];
    let is_unheard_of = |entry: &Entry<'_>| {
        let mut said = words
            .iter()
            .filter_map(|name| entry.data.get(name)?.as_str());
        said.any(|word| !WORDS.iter().any(|it| it.eq_ignore_ascii_case(word)))
    };
    let any = |is_refused: &dyn Fn(&Entry<'_>) -> bool| entries.iter().any(is_refused);
    match fault? {
        Fault::OneChange if entries.len() > 1 => Some(400),
        Fault::EndFirst if any(&|it| memory.lists_too_early(&it.resource)) => Some(409),
        Fault::KnownProperties if any(&|it| it.has_unknown_properties(&PROPERTIES)) => Some(400),
        Fault::KnownResources if any(&|it| matches!(it.resource, Resource::Action { .. })) => {
            Some(404)
        }
        Fault::KnownWords if any(&is_unheard_of) => Some(400),
        _ => None,
    }
}

/// The properties of a change that the pages print.
const PROPERTIES: [&str; 5] = [
    "@odata.type",
    "changeType",
    "resource",
    "resourceUrl",
    "resourceData",
];

/// The states of calls and operations that the pages print.
const WORDS: [&str; 14] = [
    "incoming",
    "establishing",
    "ringing",
    "established",
    "hold",
    "transferring",
    "transferAccepted",
    "redirecting",
    "terminating",
    "terminated",
    "notStarted",
    "running",
    "completed",
    "failed",
];

/// Makes another invitation of one.
fn make_new(errand: &mut Errand) {
    if let Content::Json(body) = &mut errand.content {
        replace(body, "/clientContext", fresh_id());
    }
}

/// Method, URL and header fields.
fn head(fault: Fault, errand: &mut Errand) {
    match fault {
        Fault::Get => {
            errand.method = "GET";
            errand.content = Content::Nothing;
        }
        Fault::Put => errand.method = "PUT",
        Fault::Delete => {
            errand.method = "DELETE";
            errand.content = Content::Nothing;
        }
        Fault::OtherAction => errand.url.push_str("/please"),
        Fault::OtherCall => {
            if let Some(call) = Resource::parse(&errand.url)
                .as_ref()
                .and_then(Resource::call)
            {
                errand.url = errand.url.replace(call, &fresh_id());
            }
        }
        Fault::OutsideApi => {
            if let Some((prefix, _)) = errand.url.split_once("/calls") {
                let end = prefix
                    .match_indices('/')
                    .nth(2)
                    .map_or(prefix.len(), |(i, _)| i);
                errand.url = format!("{}/", &prefix[..end]);
            }
        }
        Fault::NoToken => errand.authorization = None,
        Fault::BasicToken => errand.authorization = Some("Basic dXNlcjpwYXNz".to_owned()),
        Fault::EmptyToken => errand.authorization = Some("Bearer ".to_owned()),
        Fault::NotJson => errand.media_type = Some("text/plain"),
        Fault::Untyped => errand.media_type = None,
        Fault::NoBody => errand.content = Content::Nothing,
        _ => {}
    }
}

/// The body as a whole.
fn text(fault: Fault, errand: &mut Errand) {
    if let (Fault::InvalidJson, Content::Json(body)) = (fault, &errand.content) {
        let text = body.to_string();
        errand.content = Content::Text(format!("{},}}", text.trim_end_matches('}')));
    }
}

/// Who is invited.
fn participants(fault: Fault, body: &mut Value) {
    let Some(Value::Array(guests)) = body.get_mut("participants") else {
        return;
    };
    match fault {
        Fault::ParticipantsEmpty => guests.clear(),
        Fault::ParticipantExtra => add_strangers(guests, 1),
        Fault::SixParticipants => add_strangers(guests, 6usize.saturating_sub(guests.len())),
        Fault::ParticipantLost if guests.len() > 1 => drop(guests.pop()),
        _ => guests
            .iter_mut()
            .for_each(|guest| participant(fault, guest)),
    }
    match fault {
        Fault::ParticipantsMissing => drop(remove(body, "/participants")),
        Fault::ParticipantsObject => {
            let first = body.pointer("/participants/0").cloned();
            replace(body, "/participants", first);
        }
        _ => {}
    }
}

fn participant(fault: Fault, guest: &mut Value) {
    match fault {
        Fault::ParticipantOther => rename(guest, &fresh_id().into()),
        Fault::IdNumber => rename(guest, &json!(4711)),
        Fault::ParticipantKind => {
            if let Some(set) = guest.get_mut("identity").and_then(Value::as_object_mut) {
                change_kind(set);
            }
        }
        Fault::IdentityMissing => drop(remove(guest, "/identity")),
        Fault::IdentityText => replace(guest, "/identity", "somebody"),
        Fault::ReplacesDropped => drop(remove(guest, "/replacesCallId")),
        Fault::ReplacesOther => replace(guest, "/replacesCallId", fresh_id()),
        Fault::ReplacesNumber => replace(guest, "/replacesCallId", 4711),
        Fault::EndpointNumber => set(guest, "/endpointType", 1),
        _ => {}
    }
}

/// Everything else in a body.
fn properties(fault: Fault, body: &mut Value) {
    let invites = body.get("participants").is_some();
    match fault {
        Fault::BodyArray => *body = json!([body.take()]),
        Fault::ContextLong if invites => set(body, "/clientContext", "κ".repeat(257)),
        Fault::ContextNumber if invites => set(body, "/clientContext", 4711),
        Fault::CallbackMissing => {
            remove(body, "/callback");
            remove(body, "/callbackUri");
        }
        Fault::CallbackNumber => {
            replace(body, "/callback", 4711);
            replace(body, "/callbackUri", 4711);
        }
        Fault::ModalitiesText => {
            for name in [
                "acceptModalities",
                "acceptedModalities",
                "requestedModalities",
            ] {
                replace(body, &format!("/{name}"), "audio");
            }
        }
        _ => {}
    }
}

/// Adds a request about the call of the first one, which must be an invitation.
fn follow(errands: &mut Vec<Errand>, method: &'static str, action: &str) {
    let Some(first) = errands.first() else { return };
    let Some(call) = first.url.strip_suffix("/participants/invite") else {
        return;
    };
    let mut next = first.clone();
    next.method = method;
    next.url = format!("{call}{action}");
    next.content = match method {
        "POST" => Content::Json(json!({})),
        _ => Content::Nothing,
    };
    errands.push(next);
}

fn add_strangers(guests: &mut Vec<Value>, count: usize) {
    let mut stranger = guests.first().cloned().unwrap_or_default();
    for _ in 0..count {
        rename(&mut stranger, &fresh_id().into());
        guests.push(stranger.clone());
    }
}

fn rename(guest: &mut Value, id: &Value) {
    if let Some(Value::Object(set)) = guest.get_mut("identity") {
        for identity in set.values_mut().filter_map(Value::as_object_mut) {
            identity.insert("id".to_owned(), id.clone());
        }
    }
}

fn change_kind(set: &mut Map<String, Value>) {
    let kind = set
        .iter()
        .find(|(_, value)| value.is_object())
        .map(|(kind, _)| kind.clone());
    if let Some(identity) = kind.and_then(|kind| set.shift_remove(&kind)) {
        set.insert("device".to_owned(), identity);
    }
}
