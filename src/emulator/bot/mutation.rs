//! Where the bot's deliberate faults happen: in its requests, in how it sends them again, in what it
//! takes, and in its acknowledgements. Without a fault no function does anything.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::callback::Entry;
use super::guard::Flaw;
use super::memory::Memory;
use super::mutant::BotMutant as Mutant;
use super::request_builder::RequestBuilder;
use crate::api::resource::Resource;
use crate::emulator::content::Content;
use crate::emulator::edit::{remove, replace, set};
use crate::emulator::fresh_id;
use crate::http::message::{Headers, Response};
use crate::http::{Reply, SendError};

/// The requests that a trigger leads to: one, before this.
pub(super) fn builders(mutant: Option<Mutant>, builders: &mut Vec<RequestBuilder>) {
    let Some(mutant) = mutant else { return };
    for builder in builders.iter_mut() {
        head(mutant, builder);
        if let Content::Json(body) = &mut builder.content {
            participants(mutant, body);
            properties(mutant, body);
        }
        text(mutant, builder);
    }
    match mutant {
        Mutant::NeverSends => builders.clear(),
        Mutant::Twice => builders.extend(builders.clone()),
        Mutant::HangsUpEarly => follow(builders, "DELETE", ""),
        Mutant::Mutes => follow(builders, "POST", "/participants/muteAll"),
        _ => {}
    }
}

/// The answer to a notification in place of the right one. `roster` says whether it is about one.
pub(super) fn acknowledgement(mutant: Option<Mutant>, roster: bool) -> Option<Reply> {
    Some(match mutant? {
        Mutant::Refuses500 => Reply::status(500),
        Mutant::Refuses404 => Reply::status(404),
        Mutant::Refuses400 => Reply::status(400),
        Mutant::RefusesRoster if roster => Reply::status(500),
        Mutant::Redirects => Reply::text(302, Headers::from_iter([("Location", "/elsewhere")]), ""),
        Mutant::Hangs => Reply::hang(),
        Mutant::Resets => Reply::reset(),
        Mutant::Noise => Reply::raw("220 ready when you are\r\n"),
        Mutant::Truncated => Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"a\""),
        _ => return None,
    })
}

/// Whether a notification's token is taken in spite of this.
pub(super) fn overlooks(mutant: Option<Mutant>, flaw: Flaw) -> bool {
    let overlooked = match mutant {
        Some(Mutant::TokenOptional) => Flaw::Missing,
        Some(Mutant::TakesUnsigned) => Flaw::Unsigned,
        Some(Mutant::AnySignature) => Flaw::Signature,
        Some(Mutant::AnyTime) => Flaw::Expired,
        Some(Mutant::AnyAudience) => Flaw::Audience,
        _ => return false,
    };
    flaw == overlooked
}

/// How long the bot waits for an answer, where that is not long enough.
pub(super) fn patience(mutant: Option<Mutant>) -> Option<Duration> {
    (mutant == Some(Mutant::Impatient)).then_some(Duration::from_millis(1800))
}

/// How long the bot waits before it sends a request again, `None` where it does not. `may` is there as
/// long as it may, `told` is what it should do.
pub(super) fn again(
    mutant: Option<Mutant>,
    sent: &Result<Response, SendError>,
    (may, told): (Option<Duration>, Option<Duration>),
    builder: &mut RequestBuilder,
) -> Option<Duration> {
    let status = sent.as_ref().map_or(0, |response| response.status);
    match mutant {
        Some(Mutant::Impatient) if matches!(sent, Err(SendError::Timeout(_))) => {
            make_new(builder);
            may.map(|_| Duration::ZERO)
        }
        Some(Mutant::AsksOtherwise) if sent.is_err() => {
            make_new(builder);
            told
        }
        Some(Mutant::IgnoresRetryAfter) if status == 429 => told.map(|_| Duration::ZERO),
        Some(Mutant::GivesUp503) if status == 503 => None,
        Some(Mutant::GivesUpBroken) if sent.is_err() => None,
        _ => told,
    }
}

/// The refusal of a notification that a good bot takes.
pub(super) fn refused(
    mutant: Option<Mutant>,
    entries: &[Entry<'_>],
    memory: &Memory,
) -> Option<u16> {
    let words = ["state", "status"];
    let is_unheard_of = |entry: &Entry<'_>| {
        let mut said = words
            .iter()
            .filter_map(|name| entry.data.get(name)?.as_str());
        said.any(|word| !WORDS.iter().any(|it| it.eq_ignore_ascii_case(word)))
    };
    let any = |is_refused: &dyn Fn(&Entry<'_>) -> bool| entries.iter().any(is_refused);
    match mutant? {
        Mutant::OneChange if entries.len() > 1 => Some(400),
        Mutant::EndFirst if any(&|it| memory.lists_too_early(&it.resource)) => Some(409),
        Mutant::KnownProperties if any(&|it| it.has_unknown_properties(&PROPERTIES)) => Some(400),
        Mutant::KnownResources if any(&|it| matches!(it.resource, Resource::Action { .. })) => {
            Some(404)
        }
        Mutant::KnownWords if any(&is_unheard_of) => Some(400),
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
fn make_new(builder: &mut RequestBuilder) {
    if let Content::Json(body) = &mut builder.content {
        replace(body, "/clientContext", fresh_id());
    }
}

/// Method, URL and header fields.
fn head(mutant: Mutant, builder: &mut RequestBuilder) {
    match mutant {
        Mutant::Get => {
            builder.method = "GET";
            builder.content = Content::Nothing;
        }
        Mutant::Put => builder.method = "PUT",
        Mutant::Delete => {
            builder.method = "DELETE";
            builder.content = Content::Nothing;
        }
        Mutant::OtherAction => builder.url.push_str("/please"),
        Mutant::OtherCall => {
            if let Some(call) = Resource::parse(&builder.url)
                .as_ref()
                .and_then(Resource::call)
            {
                builder.url = builder.url.replace(call, &fresh_id());
            }
        }
        Mutant::OutsideApi => {
            if let Some((prefix, _)) = builder.url.split_once("/calls") {
                let end = prefix
                    .match_indices('/')
                    .nth(2)
                    .map_or(prefix.len(), |(i, _)| i);
                builder.url = format!("{}/", &prefix[..end]);
            }
        }
        Mutant::NoToken => builder.authorization = None,
        Mutant::BasicToken => builder.authorization = Some("Basic dXNlcjpwYXNz".to_owned()),
        Mutant::EmptyToken => builder.authorization = Some("Bearer ".to_owned()),
        Mutant::NotJson => builder.media_type = Some("text/plain"),
        Mutant::Untyped => builder.media_type = None,
        Mutant::NoBody => builder.content = Content::Nothing,
        _ => {}
    }
}

/// The body as a whole.
fn text(mutant: Mutant, builder: &mut RequestBuilder) {
    if let (Mutant::InvalidJson, Content::Json(body)) = (mutant, &builder.content) {
        let text = body.to_string();
        builder.content = Content::Text(format!("{},}}", text.trim_end_matches('}')));
    }
}

/// Who is invited.
fn participants(mutant: Mutant, body: &mut Value) {
    let Some(Value::Array(guests)) = body.get_mut("participants") else {
        return;
    };
    match mutant {
        Mutant::ParticipantsEmpty => guests.clear(),
        Mutant::ParticipantExtra => add_strangers(guests, 1),
        Mutant::SixParticipants => add_strangers(guests, 6usize.saturating_sub(guests.len())),
        Mutant::ParticipantLost if guests.len() > 1 => drop(guests.pop()),
        _ => guests
            .iter_mut()
            .for_each(|guest| participant(mutant, guest)),
    }
    match mutant {
        Mutant::ParticipantsMissing => drop(remove(body, "/participants")),
        Mutant::ParticipantsObject => {
            let first = body.pointer("/participants/0").cloned();
            replace(body, "/participants", first);
        }
        _ => {}
    }
}

fn participant(mutant: Mutant, guest: &mut Value) {
    match mutant {
        Mutant::ParticipantOther => rename(guest, &fresh_id().into()),
        Mutant::IdNumber => rename(guest, &json!(4711)),
        Mutant::ParticipantKind => {
            if let Some(set) = guest.get_mut("identity").and_then(Value::as_object_mut) {
                change_kind(set);
            }
        }
        Mutant::IdentityMissing => drop(remove(guest, "/identity")),
        Mutant::IdentityText => replace(guest, "/identity", "somebody"),
        Mutant::ReplacesDropped => drop(remove(guest, "/replacesCallId")),
        Mutant::ReplacesOther => replace(guest, "/replacesCallId", fresh_id()),
        Mutant::ReplacesNumber => replace(guest, "/replacesCallId", 4711),
        Mutant::EndpointNumber => set(guest, "/endpointType", 1),
        _ => {}
    }
}

/// Everything else in a body.
fn properties(mutant: Mutant, body: &mut Value) {
    let invites = body.get("participants").is_some();
    match mutant {
        Mutant::BodyArray => *body = json!([body.take()]),
        Mutant::ContextLong if invites => set(body, "/clientContext", "κ".repeat(257)),
        Mutant::ContextNumber if invites => set(body, "/clientContext", 4711),
        Mutant::CallbackMissing => {
            remove(body, "/callback");
            remove(body, "/callbackUri");
        }
        Mutant::CallbackNumber => {
            replace(body, "/callback", 4711);
            replace(body, "/callbackUri", 4711);
        }
        Mutant::ModalitiesText => {
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
fn follow(builders: &mut Vec<RequestBuilder>, method: &'static str, action: &str) {
    let Some(first) = builders.first() else {
        return;
    };
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
    builders.push(next);
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
