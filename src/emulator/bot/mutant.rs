//! The mutants of the built-in bot: their table, and what each mutant changes in the requests of the bot, in their
//! repetition, in the notifications that the bot accepts, and in its acknowledgements.
//!
//! Every function does nothing for a bot without a mutant.

use std::time::Duration;

use serde_json::{Value, json};

use super::notification::{Entry, Memory};
use super::request::RequestBuilder;
use super::verification::Flaw;
use crate::api::resource::Resource;
use crate::emulator::body::{make_device, remove, replace, set};
use crate::emulator::new_id;
use crate::http::message::{Body, Headers, Response};
use crate::http::{Reply, SendError};

use BotMutant as Mutant;

catalogue! {
    /// One deliberate fault of the bot.
    BotMutant {
        Get = "request-get", "Sends its requests with GET and no body.";
        Put = "request-put", "Sends its requests with PUT.";
        Delete = "request-delete", "Sends DELETE instead of its requests.";
        OtherAction = "request-other-action", "Sends its requests to a path that the API does not have.";
        OtherCall = "request-other-call", "Sends its invitations and answers to a call that does not exist.";
        OutsideApi = "request-outside-api", "Sends its requests to the root of the service.";
        NoToken = "token-missing", "Sends no `Authorization`.";
        BasicToken = "token-basic", "Sends `Authorization` of another scheme.";
        EmptyToken = "token-empty", "Sends a bearer token without characters.";
        NotJson = "request-text-plain", "Declares its JSON as text/plain.";
        Untyped = "request-without-content-type", "Leaves out `Content-Type`.";
        InvalidJson = "request-invalid-json", "Its bodies end with a stray comma before the last brace.";
        NoBody = "request-empty-body", "Sends no body.";
        BodyArray = "request-array", "Its bodies are collections that hold the body.";
        ParticipantsMissing = "participants-missing", "An invitation has no `participants`.";
        ParticipantsEmpty = "participants-empty", "An invitation names nobody.";
        ParticipantsObject = "participants-object", "`participants` is an object instead of a collection.";
        ParticipantOther = "participant-other-id", "Invites somebody else.";
        ParticipantKind = "participant-other-kind", "Invites under another kind of identity.";
        ParticipantExtra = "participant-extra", "Invites one person too many.";
        ParticipantLost = "participant-lost", "Invites one person less if there are several.";
        SixParticipants = "participants-six", "Invites six participants at once.";
        IdentityMissing = "identity-missing", "The invited have no `identity`.";
        IdentityText = "identity-text", "The identity of the invited is a string.";
        IdNumber = "identity-id-number", "The ids of the invited are numbers.";
        ReplacesDropped = "replaced-call-dropped", "Leaves out `replacesCallId`.";
        ReplacesOther = "replaced-call-other", "Replaces another call.";
        ReplacesNumber = "replaced-call-number", "`replacesCallId` is a number.";
        ContextLong = "context-257", "Gives a `clientContext` of 257 characters.";
        ContextNumber = "context-number", "Gives a `clientContext` that is a number.";
        EndpointNumber = "endpoint-type-number", "Gives an `endpointType` that is a number.";
        Twice = "request-twice", "Sends every request twice.";
        NeverSends = "never-sends", "Accepts every trigger and does nothing.";
        CallbackNumber = "callback-number", "Names a callback that is a number.";
        ModalitiesText = "modalities-text", "The modalities that it accepts or requests are a string.";
        Refuses500 = "acknowledges-500", "Answers notifications with 500.";
        Refuses404 = "acknowledges-404", "Answers notifications with 404.";
        Refuses400 = "acknowledges-400", "Answers notifications with 400.";
        Redirects = "acknowledges-302", "Answers notifications with a redirection.";
        RefusesRoster = "acknowledges-roster-500", "Answers rosters with 500, and other notifications correctly.";
        Hangs = "acknowledgement-hangs", "Accepts notifications and never answers them.";
        Resets = "acknowledgement-reset", "Resets the connection instead of an acknowledgement.";
        Noise = "acknowledgement-no-http", "Answers notifications with bytes that are not HTTP.";
        Truncated = "acknowledgement-truncated", "Its acknowledgement ends before the length that it announced.";
        AnswerFirst = "acknowledges-after-answer", "Acknowledges nothing about a call while a request about it has no response.";
        InvitesAgain = "invites-again-on-repetition", "Invites again when a notification is sent twice.";
        OneChange = "refuses-several-changes", "Answers 400 to a notification of several changes.";
        EndFirst = "refuses-roster-before-end", "Answers 409 to a roster before the end of the invitation.";
        KnownProperties = "refuses-unknown-properties", "Answers 400 to a change with a property that it does not know.";
        KnownResources = "refuses-unknown-resources", "Answers 404 to a change of a resource that it does not know.";
        KnownWords = "refuses-unknown-words", "Answers 400 to a state or status that it does not know.";
        TokenOptional = "takes-missing-token", "Verifies the token of a notification only if it has one.";
        TakesUnsigned = "takes-unsigned-token", "Accepts an unsigned token.";
        AnySignature = "takes-foreign-key", "Accepts a token that is signed with any key.";
        AnyTime = "takes-expired-token", "Accepts a token that has expired.";
        AnyAudience = "takes-other-audience", "Accepts a token that is for another application.";
        AsksOtherwise = "asks-again-otherwise", "Uses another `clientContext` when it repeats a request after a lost response.";
        TriesFailed = "invites-again-after-failure", "Invites again when an invitation that replaces no call has failed.";
        Impatient = "impatient", "Invites again when a response takes longer than 1.8 s.";
        IgnoresRetryAfter = "ignores-retry-after", "Repeats a request at once and ignores `Retry-After`.";
        GivesUp503 = "gives-up-on-503", "Does not repeat a request after 503.";
        GivesUpBroken = "gives-up-on-reset", "Does not repeat a request when the connection is reset.";
    }
}

/// Changes the requests of a trigger: one before this, any number after.
pub(super) fn change_requests(mutant: Option<Mutant>, builders: &mut Vec<RequestBuilder>) {
    let Some(mutant) = mutant else { return };
    for builder in builders.iter_mut() {
        head(mutant, builder);
        if let Body::Json(body) = &mut builder.content {
            participants(mutant, body);
            properties(mutant, body);
        }
        text(mutant, builder);
    }
    match mutant {
        Mutant::NeverSends => builders.clear(),
        Mutant::Twice => builders.extend(builders.clone()),
        _ => {}
    }
}

pub(super) fn acknowledgement(mutant: Option<Mutant>, entries: &[Entry<'_>]) -> Option<Reply> {
    let is_roster = |entry: &Entry<'_>| matches!(entry.resource, Some(Resource::Participants(_)));
    Some(match mutant? {
        Mutant::Refuses500 => Reply::status(500),
        Mutant::Refuses404 => Reply::status(404),
        Mutant::Refuses400 => Reply::status(400),
        Mutant::RefusesRoster if entries.iter().any(is_roster) => Reply::status(500),
        Mutant::Redirects => Reply::text(302, Headers::from_iter([("Location", "/elsewhere")]), ""),
        Mutant::Hangs => Reply::hang(),
        Mutant::Resets => Reply::reset(),
        Mutant::Noise => Reply::raw("220 ready when you are\r\n"),
        Mutant::Truncated => Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"a\""),
        _ => return None,
    })
}

/// The flaw of a notification's token that the bot overlooks.
pub(super) fn overlooked_flaw(mutant: Option<Mutant>) -> Option<Flaw> {
    match mutant? {
        Mutant::TokenOptional => Some(Flaw::Missing),
        Mutant::TakesUnsigned => Some(Flaw::Unsigned),
        Mutant::AnySignature => Some(Flaw::Signature),
        Mutant::AnyTime => Some(Flaw::Expired),
        Mutant::AnyAudience => Some(Flaw::Audience),
        _ => None,
    }
}

pub(super) fn timeout(mutant: Option<Mutant>) -> Option<Duration> {
    (mutant == Some(Mutant::Impatient)).then_some(Duration::from_millis(1800))
}

/// The delay before a further attempt, if there is one. `pause` is set while attempts are left; `right` is
/// the delay of a bot without a mutant.
pub(super) fn retry_delay(
    mutant: Option<Mutant>,
    sent: &Result<Response, SendError>,
    (pause, right): (Option<Duration>, Option<Duration>),
    builder: &mut RequestBuilder,
) -> Option<Duration> {
    let status = sent.as_ref().map_or(0, |response| response.status);
    match mutant {
        Some(Mutant::Impatient) if matches!(sent, Err(SendError::Timeout(_))) => {
            change_context(builder);
            pause.map(|_| Duration::ZERO)
        }
        Some(Mutant::AsksOtherwise) if sent.is_err() => {
            change_context(builder);
            right
        }
        Some(Mutant::IgnoresRetryAfter) if status == 429 => right.map(|_| Duration::ZERO),
        Some(Mutant::GivesUp503) if status == 503 => None,
        Some(Mutant::GivesUpBroken) if sent.is_err() => None,
        _ => right,
    }
}

/// The status that refuses a notification which a bot without a mutant accepts.
pub(super) fn refusal_status(
    mutant: Option<Mutant>,
    entries: &[Entry<'_>],
    memory: &Memory,
) -> Option<u16> {
    let words = ["state", "status"];
    let has_unknown_word = |entry: &Entry<'_>| {
        let mut found = words
            .iter()
            .filter_map(|name| entry.data.get(name)?.as_str());
        found.any(|word| !WORDS.iter().any(|it| it.eq_ignore_ascii_case(word)))
    };
    let any = |is_refused: &dyn Fn(&Entry<'_>) -> bool| entries.iter().any(is_refused);
    match mutant? {
        Mutant::OneChange if entries.len() > 1 => Some(400),
        Mutant::EndFirst if any(&|it| memory.is_early_roster(it.resource.as_ref())) => Some(409),
        Mutant::KnownProperties if any(&|it| it.has_unknown_properties(&PROPERTIES)) => Some(400),
        Mutant::KnownResources
            if any(&|it| matches!(it.resource, Some(Resource::Action { .. }))) =>
        {
            Some(404)
        }
        Mutant::KnownWords if any(&has_unknown_word) => Some(400),
        _ => None,
    }
}

/// Documented properties of a change.
const PROPERTIES: [&str; 5] = [
    "@odata.type",
    "changeType",
    "resource",
    "resourceUrl",
    "resourceData",
];

/// Documented states of calls and operations.
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

/// Turns an invitation into another one by a new client context.
fn change_context(builder: &mut RequestBuilder) {
    if let Body::Json(body) = &mut builder.content {
        replace(body, "/clientContext", new_id());
    }
}

/// Method, URL and header fields.
fn head(mutant: Mutant, builder: &mut RequestBuilder) {
    match mutant {
        Mutant::Get => {
            builder.method = "GET";
            builder.content = Body::Empty;
        }
        Mutant::Put => builder.method = "PUT",
        Mutant::Delete => {
            builder.method = "DELETE";
            builder.content = Body::Empty;
        }
        Mutant::OtherAction => builder.url.push_str("/please"),
        Mutant::OtherCall => {
            if let Some(call) = Resource::parse(&builder.url)
                .as_ref()
                .and_then(Resource::call)
            {
                builder.url = builder.url.replace(call, &new_id());
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
        Mutant::NoBody => builder.content = Body::Empty,
        _ => {}
    }
}

/// The body as a whole.
fn text(mutant: Mutant, builder: &mut RequestBuilder) {
    if let (Mutant::InvalidJson, Body::Json(body)) = (mutant, &builder.content) {
        let text = body.to_string();
        builder.content = Body::Text(format!("{},}}", text.trim_end_matches('}')));
    }
}

fn participants(mutant: Mutant, body: &mut Value) {
    let Some(Value::Array(invitees)) = body.get_mut("participants") else {
        return;
    };
    match mutant {
        Mutant::ParticipantsEmpty => invitees.clear(),
        Mutant::ParticipantExtra => add_uninvited(invitees, 1),
        Mutant::SixParticipants => add_uninvited(invitees, 6usize.saturating_sub(invitees.len())),
        Mutant::ParticipantLost if invitees.len() > 1 => drop(invitees.pop()),
        _ => invitees
            .iter_mut()
            .for_each(|invitee| participant(mutant, invitee)),
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

fn participant(mutant: Mutant, invitee: &mut Value) {
    match mutant {
        Mutant::ParticipantOther => rename(invitee, &new_id().into()),
        Mutant::IdNumber => rename(invitee, &json!(4711)),
        Mutant::ParticipantKind => {
            if let Some(set) = invitee.get_mut("identity").and_then(Value::as_object_mut) {
                make_device(set);
            }
        }
        Mutant::IdentityMissing => drop(remove(invitee, "/identity")),
        Mutant::IdentityText => replace(invitee, "/identity", "somebody"),
        Mutant::ReplacesDropped => drop(remove(invitee, "/replacesCallId")),
        Mutant::ReplacesOther => replace(invitee, "/replacesCallId", new_id()),
        Mutant::ReplacesNumber => replace(invitee, "/replacesCallId", 4711),
        Mutant::EndpointNumber => set(invitee, "/endpointType", 1),
        _ => {}
    }
}

/// All other properties of a body.
fn properties(mutant: Mutant, body: &mut Value) {
    let invites = body.get("participants").is_some();
    match mutant {
        Mutant::BodyArray => *body = json!([body.take()]),
        Mutant::ContextLong if invites => set(body, "/clientContext", "κ".repeat(257)),
        Mutant::ContextNumber if invites => set(body, "/clientContext", 4711),
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

fn add_uninvited(invitees: &mut Vec<Value>, count: usize) {
    let mut uninvited = invitees.first().cloned().unwrap_or_default();
    for _ in 0..count {
        rename(&mut uninvited, &new_id().into());
        invitees.push(uninvited.clone());
    }
}

fn rename(invitee: &mut Value, id: &Value) {
    if let Some(Value::Object(set)) = invitee.get_mut("identity") {
        for identity in set.values_mut().filter_map(Value::as_object_mut) {
            identity.insert("id".to_owned(), id.clone());
        }
    }
}
