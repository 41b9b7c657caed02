//! The values of recorded messages that differ from run to run.
//!
//! [`text_kind`] classifies a text: an identifier, a path, an address, a time, or fixed. [`mapping`] pairs recorded
//! values with live ones, `times` timestamps. [`generated`] makes new values in place of the choices of the recorded
//! bot.

pub(crate) mod generated;
pub(crate) mod mapping;
mod times;

use std::collections::HashSet;
use std::hash::BuildHasher as _;
use std::sync::LazyLock;

use foldhash::fast;
use foldhash::quality::RandomState;

use super::matching::compared::{ComparedBody, ComparedRequest};
use super::matching::content::Content;
use super::matching::target::{api_resource, is_address_field, query_of};
use crate::api::identifier;
use crate::api::identifier::Normal;
use crate::api::resource;
use crate::api::resource::Resource;
use crate::cassette::format::Direction;
use crate::cassette::raw::RawExchange;
use crate::contract::shape::is_time_text;
use crate::http::message::Headers;
use crate::redact;

/// The text that a replay expects in the place of a recorded one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextKind {
    Fixed,
    /// The identifier that is paired with the recorded one.
    Id,
    /// That run's callback address of the bot.
    Address,
    /// A path of the API of the same shape; the identifiers in it are compared as such.
    Path,
    Time,
}

const PSEUDONYM: &str = "redacted-";

pub(crate) fn text_kind(name: &str, text: &str) -> TextKind {
    match path(text) {
        Some(_) => TextKind::Path,
        None => kind_of_other(name, text),
    }
}

/// The resource of a text that is a path of the API.
pub(super) fn path(text: &str) -> Option<Resource> {
    text.contains('/').then(|| api_resource(text)).flatten()
}

/// The kind of a property's text that is no path.
pub(super) fn kind_of_other(name: &str, text: &str) -> TextKind {
    match name {
        _ if text.is_empty() => return TextKind::Fixed,
        "callback" | "callbackUri" => return TextKind::Address,
        "id" | "clientContext" | "replacesCallId" | "threadId" | "messageId" | "tenantId"
        | "chainId" | "callChainId" => return TextKind::Id,
        _ => {}
    }
    if text.starts_with(PSEUDONYM) || identifier::is_guid(text) {
        TextKind::Id
    } else if is_time_text(text) {
        TextKind::Time
    } else {
        TextKind::Fixed
    }
}

/// The identifiers of a path of the API, in their order; of another path, its GUIDs.
pub(crate) fn ids_of_path(target: &str) -> Vec<String> {
    match api_resource(target) {
        Some(resource) => ids_of(resource),
        None => ids_in(resource::path_of(target)).collect(),
    }
}

/// The GUIDs in a running text.
fn ids_in(text: &str) -> impl Iterator<Item = String> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Id(id) => Some(id.to_owned()),
        Piece::Text(_) | Piece::Time(_) => None,
    })
}

/// The pseudonyms in a running text.
fn pseudonyms_in(text: &str) -> impl Iterator<Item = String> {
    redact::pseudonyms(text).map(|place| text[place].to_owned())
}

/// True if a text has a value that may be another one in each run, and that nothing but the text says.
pub(super) fn has_variable(text: &str) -> bool {
    ids_in(text).chain(pseudonyms_in(text)).next().is_some()
}

/// A piece of a running text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    /// A GUID.
    Id(&'a str),
    /// A timestamp of RFC 3339.
    Time(&'a str),
}

/// The length of a short timestamp, which is shorter than a GUID.
const SHORTEST: usize = 19;

/// The pieces of a running text, in their order.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut begin, mut at) = (Vec::new(), 0, 0);
    let bytes = text.as_bytes();
    while at + SHORTEST <= bytes.len() {
        let begins = bytes[at].is_ascii_hexdigit();
        let Some(piece) = begins.then(|| variable_at(text, at)).flatten() else {
            // A piece begins where a word does.
            let is_part = |it: &&u8| it.is_ascii_alphanumeric();
            at += bytes[at..].iter().take_while(is_part).count().max(1);
            continue;
        };
        if begin < at {
            pieces.push(Piece::Text(&text[begin..at]));
        }
        pieces.push(piece);
        let (Piece::Text(it) | Piece::Id(it) | Piece::Time(it)) = piece;
        at += it.len();
        begin = at;
    }
    if begin < text.len() || pieces.is_empty() {
        pieces.push(Piece::Text(&text[begin..]));
    }
    pieces
}

/// The identifier or the timestamp that begins here.
fn variable_at(text: &str, at: usize) -> Option<Piece<'_>> {
    let ends = |end: usize| {
        let next = text.as_bytes().get(end);
        next.is_none_or(|it| !it.is_ascii_alphanumeric())
    };
    for length in [36, 32] {
        let id = text.get(at..at + length).filter(|_| ends(at + length));
        let is_whole = |it: &&str| !it.contains('-') || it.as_bytes()[8] == b'-';
        if let Some(id) = id.filter(is_whole).filter(|it| identifier::is_guid(it)) {
            return Some(Piece::Id(id));
        }
    }
    let time = &text.as_bytes()[at..];
    let is_digit = |it: &&u8| it.is_ascii_digit();
    let mut length = SHORTEST;
    if !matches!(time.get(10), Some(b'T' | b't')) || !is_time_text(text.get(at..at + length)?) {
        return None;
    }
    if time.get(length) == Some(&b'.') {
        length += 1 + time[length + 1..].iter().take_while(is_digit).count();
    }
    match time.get(length) {
        Some(b'Z' | b'z') => length += 1,
        Some(b'+' | b'-') => length += 6,
        _ => {}
    }
    let time = text.get(at..at + length).filter(|_| ends(at + length))?;
    is_time_text(time).then_some(Piece::Time(time))
}

/// The identifiers of a resource, in the order of its path.
pub(super) fn ids_of(resource: Resource) -> Vec<String> {
    match resource {
        Resource::Operation { call, operation } => vec![call, operation],
        Resource::Participant { call, participant } => vec![call, participant],
        Resource::Call(call) | Resource::Participants(call) | Resource::Action { call, .. } => {
            vec![call]
        }
        Resource::Calls => Vec::new(),
    }
}

/// True for a segment of a path that is an identifier of another form than a GUID. A word or a version is none.
fn is_like_id(segment: &str) -> bool {
    const LENGTHS: std::ops::RangeInclusive<usize> = 8..=64;
    let of_id = |it: u8| it.is_ascii_alphanumeric() || b"-_".contains(&it);
    LENGTHS.contains(&segment.len())
        && segment.bytes().any(|it| it.is_ascii_digit())
        && segment.bytes().all(of_id)
        && !identifier::is_guid(segment)
}

/// The values of one message that differ from run to run, as they stand in it.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) ids: Vec<String>,
    pub(super) addresses: Vec<String>,
    /// The GUIDs and pseudonyms that an answer gives elsewhere: in any field, or within a text.
    pub(super) given: Vec<String>,
}

impl Values {
    /// The values of a request to this target, or of an answer.
    pub(super) fn of(target: Option<&str>, headers: &Headers, content: &Content<'_>) -> Self {
        let mut values = Self::default();
        if let Some(target) = target {
            values.ids.extend(ids_of_path(target));
            if api_resource(target).is_none() {
                let segments = resource::path_of(target).split('/');
                let like_ids = segments.filter(|it| is_like_id(it));
                values.ids.extend(like_ids.map(str::to_owned));
            }
            Content::form(query_of(target).as_bytes())
                .each_text("", &mut |name, text| values.add(name, text));
        } else {
            for (name, value) in headers.iter() {
                if is_address_field(name) {
                    values.ids.extend(ids_of_path(value));
                }
                values
                    .given
                    .extend(ids_in(value).chain(pseudonyms_in(value)));
            }
            content.each_text("", &mut |_, text| values.given.extend(pseudonyms_in(text)));
        }
        content.each_text("", &mut |name, text| values.add(name, text));
        values
    }

    /// Those of the request of an exchange, and of its answer, if it is that of the service.
    pub(super) fn of_exchange(exchange: &RawExchange<'_>) -> Vec<Self> {
        let compared = ComparedRequest::recorded(&exchange.request);
        let content = compared.content().unwrap_or(Content::Empty);
        let target = Some(compared.target);
        let mut all = vec![Self::of(target, &exchange.request.headers, &content)];
        let answers = exchange.response.iter();
        for response in answers.filter(|_| exchange.direction == Direction::Request) {
            let given = ComparedBody::from(&response.body);
            let content = given.content(response.headers.get("content-type"));
            let content = content.unwrap_or(Content::Empty);
            all.push(Self::of(None, &response.headers, &content));
        }
        all
    }

    fn add(&mut self, name: &str, text: &str) {
        match text_kind(name, text) {
            TextKind::Id => self.ids.push(text.to_owned()),
            TextKind::Path => self.ids.extend(ids_of_path(text)),
            TextKind::Address => self.addresses.push(text.to_owned()),
            TextKind::Time => {}
            TextKind::Fixed => match nested(text) {
                Some(json) => json.each_text(name, &mut |name, text| self.add(name, text)),
                None => self.ids.extend(ids_in(text)),
            },
        }
    }
}

/// The JSON object or array in a text.
pub(super) fn nested(text: &str) -> Option<Content<'_>> {
    text.starts_with(['{', '['])
        .then(|| Content::json(text))
        .flatten()
}

/// An identifier in 128 bits: the number of a GUID, the hash of another text. Equal keys mean the
/// [same](identifier::same) identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key([u64; 2]);

pub(super) type Keys = HashSet<Key, fast::FixedState>;

/// New in each process, so that nobody can make two texts of one key.
static SEEDS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);

impl Key {
    pub(super) fn of(id: &str) -> Self {
        match Normal::of(id) {
            Normal::Guid(number) => {
                let low = u64::try_from(number & u128::from(u64::MAX)).unwrap_or(0);
                let high = u64::try_from(number >> 64).unwrap_or(0);
                Self([low, high])
            }
            Normal::Text(text) => Self(SEEDS.each_ref().map(|seed| seed.hash_one(&*text))),
        }
    }

    /// The key of this one together with a text.
    pub(super) fn with(self, text: &str) -> Self {
        Self(SEEDS.each_ref().map(|seed| seed.hash_one((self.0, text))))
    }

    pub(super) fn write(self, into: &mut Vec<u8>) {
        into.extend(self.0.iter().flat_map(|half| half.to_le_bytes()));
    }

    /// The key of these bytes, such as all that is compared of a request.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        Self(SEEDS.each_ref().map(|seed| seed.hash_one(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "57dab8b1-894c-409a-b240-bd8beae78896";

    #[test]
    fn the_kind_of_a_text() {
        for (name, text, expected) in [
            ("status", "running", TextKind::Fixed),
            ("id", "", TextKind::Fixed),
            ("callback", "", TextKind::Fixed),
            ("id", "op-1", TextKind::Id),
            ("x", GUID, TextKind::Id),
            ("x", "redacted-secret-0123", TextKind::Id),
            ("resource", "/app/calls/1", TextKind::Path),
            ("at", "2026-01-01T00:00:00Z", TextKind::Time),
            ("at", "2026-02-29T00:00:00Z", TextKind::Fixed),
            ("at", "2026-01-01T24:00:00Z", TextKind::Fixed),
        ] {
            assert_eq!(text_kind(name, text), expected, "{name}: {text}");
        }
    }

    #[test]
    fn a_running_text_has_ids_and_times() {
        let text = format!("call {GUID}, at 2026-01-01T00:00:00.5Z; x{GUID} {GUID}0 é");
        let expected = [
            Piece::Text("call "),
            Piece::Id(GUID),
            Piece::Text(", at "),
            Piece::Time("2026-01-01T00:00:00.5Z"),
            Piece::Text(&text[text.find("; x").unwrap()..]),
        ];
        assert_eq!(pieces(&text), expected);
        assert_eq!(pieces(""), [Piece::Text("")]);
        assert_eq!(pieces(GUID), [Piece::Id(GUID)]);
    }

    #[test]
    fn keys_are_equal_where_identifiers_are_the_same() {
        let guid = Key::of(GUID);
        assert_eq!(guid, Key::of("57DAB8B1894C409AB240BD8BEAE78896"));
        assert_ne!(guid, Key::of("57dab8b1-894c-409a-b240-bd8beae78897"));
        assert_ne!(Key::of("a"), Key::of("A"));
    }
}
