//! A recorded or live request as it is matched, with its keys. A key is a hash of 128 bits, whose seed is new in each
//! process.

use std::borrow::Cow;

use super::content::{Content, plain_number};
use super::target::{Own, api_resource, normal_path, query_of};
use super::texts::outline;
use crate::api::address::authority;
use crate::api::resource;
use crate::cassette::raw::{RawBody, RawRequest};
use crate::contract::shape::{bare_type, canonical};
use crate::http::message::{Headers, media_type};
use crate::redact;
use crate::replay::values;
use crate::replay::values::{Key, Piece, TextKind, nested, pieces};

/// A request, its body without content coding.
#[derive(Debug, Clone)]
pub(in crate::replay) struct ComparedRequest<'a> {
    pub method: &'a str,
    pub target: &'a str,
    /// In small letters.
    pub host: Option<String>,
    pub headers: &'a Headers,
    pub content_type: Option<&'a str>,
    pub body: ComparedBody<'a>,
}

/// A body that was recorded, or that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::replay) enum ComparedBody<'a> {
    Bytes(Cow<'a, [u8]>),
    /// JSON by the recording, whatever its media type.
    Json(&'a str),
    Omitted {
        length: u64,
        /// Empty where it is not known.
        sha256: &'a str,
    },
    NotBase64,
}

impl<'a> From<&'a RawBody<'_>> for ComparedBody<'a> {
    fn from(body: &'a RawBody<'_>) -> Self {
        match body {
            RawBody::Json(json) => Self::Json(json.get()),
            RawBody::Omitted { length, sha256 } => Self::Omitted {
                length: *length,
                sha256,
            },
            other => other.bytes().map_or(Self::NotBase64, Self::Bytes),
        }
    }
}

impl ComparedBody<'_> {
    /// The values of the body; none where its bytes are not at hand.
    pub(in crate::replay) fn content(&self, content_type: Option<&str>) -> Option<Content<'_>> {
        match self {
            Self::Bytes(bytes) => Some(Content::read(content_type, bytes)),
            Self::Json(json) => {
                Some(Content::json(json).unwrap_or_else(|| Content::Text((*json).into())))
            }
            Self::Omitted { .. } | Self::NotBase64 => None,
        }
    }
}

impl<'a> ComparedRequest<'a> {
    pub(in crate::replay) fn recorded(request: &'a RawRequest<'_>) -> Self {
        Self {
            method: &request.method,
            target: &request.target,
            host: authority(
                request.wire.authority.as_deref(),
                request.headers.get("host"),
            ),
            headers: &request.headers,
            content_type: request.headers.get("content-type"),
            body: ComparedBody::from(&request.body),
        }
    }

    /// A request to this target, a path or a whole URL.
    pub(in crate::replay) fn live(
        method: &'a str,
        target: &'a str,
        headers: &'a Headers,
        body: &'a [u8],
    ) -> Self {
        let named = resource::behind_scheme(target);
        let named = named.map(|it| it.split(['/', '?', '#']).next().unwrap_or_default());
        Self {
            method,
            target: path_and_query(target),
            host: authority(named, headers.get("host")),
            headers,
            content_type: headers.get("content-type"),
            body: ComparedBody::Bytes(body.into()),
        }
    }

    /// The addresses of the service, as this request names it.
    pub(in crate::replay) fn own(&self) -> Own {
        Own::at(self.host.clone())
    }

    pub(in crate::replay) fn media_type(&self) -> Option<Cow<'_, str>> {
        self.content_type.map(media_type)
    }

    pub(in crate::replay) fn content(&self) -> Option<Content<'_>> {
        self.body.content(self.content_type)
    }

    /// The keys of the request, with this media type, and this content in the place of its own.
    pub(in crate::replay) fn key(
        &self,
        media_type: Option<&str>,
        content: Option<&Content<'_>>,
    ) -> RequestKey {
        let own = self.own();
        let mut canonical = Canonical {
            own: &own,
            bytes: Vec::with_capacity(512),
            ids: Vec::new(),
            needs_comparison: content.is_none(),
        };
        canonical.put(b'm', self.method.as_bytes());
        canonical.path(self.target);
        canonical.content("", &Content::form(query_of(self.target).as_bytes()));
        canonical.put(b'c', media_type.unwrap_or_default().as_bytes());
        if let Some(content) = content {
            canonical.content("", content);
        }
        let loose = Key::of_bytes(&canonical.bytes);
        for id in &canonical.ids {
            id.write(&mut canonical.bytes);
        }
        // A path to the letter goes first.
        canonical.put(b'/', resource::path_of(self.target).as_bytes());
        RequestKey {
            exact: Key::of_bytes(&canonical.bytes),
            loose,
            path: self.path_key(),
            ids: canonical.ids,
            needs_comparison: canonical.needs_comparison,
        }
    }

    /// The key of the method and the path, which has no identifiers and none of the prefixes of the
    /// calling API.
    fn path_key(&self) -> Key {
        let shape = match api_resource(self.target) {
            Some(_) => resource::shape_of(self.target),
            None => path_shape(self.target),
        };
        let shape = if redact::pseudonyms(self.target).next().is_some() {
            // Any path may be the live one.
            String::new()
        } else {
            shape
        };
        Key::of_bytes(format!("{} {shape}", self.method).as_bytes())
    }

    /// The keys of the paths under which the recorded requests are that this one may be.
    pub(in crate::replay) fn path_keys(&self) -> [Key; 2] {
        let any = Key::of_bytes(format!("{} ", self.method).as_bytes());
        [self.path_key(), any]
    }
}

/// The path and the query of a target.
fn path_and_query(target: &str) -> &str {
    match resource::behind_scheme(target) {
        Some(rest) => rest.find(['/', '?']).map_or("/", |at| &rest[at..]),
        None => target,
    }
}

/// A path without its identifiers.
pub(in crate::replay) fn path_shape(target: &str) -> String {
    let path = normal_path(target);
    let shape = pieces(&path).into_iter().map(|piece| match piece {
        Piece::Text(text) => text,
        Piece::Id(_) => "{}",
        Piece::Time(_) => "{time}",
    });
    shape.collect()
}

/// The keys of a request. Two requests with the same `exact` key are equal; two with the same `loose`
/// key are, if their identifiers stand for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::replay) struct RequestKey {
    pub exact: Key,
    pub loose: Key,
    pub path: Key,
    /// In their order.
    pub ids: Vec<Key>,
    /// Equal keys do not prove that two requests are the same.
    pub needs_comparison: bool,
}

/// All that is compared of a request in one spelling, without its identifiers and times.
struct Canonical<'a> {
    own: &'a Own,
    bytes: Vec<u8>,
    ids: Vec<Key>,
    needs_comparison: bool,
}

impl Canonical<'_> {
    fn put(&mut self, tag: u8, bytes: &[u8]) {
        self.bytes.push(tag);
        self.bytes.extend((bytes.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(bytes);
    }

    fn path(&mut self, target: &str) {
        let of_api = api_resource(target).map(values::ids_of).unwrap_or_default();
        let path = normal_path(target);
        for segment in path.split('/') {
            if of_api.iter().any(|id| id == segment) {
                self.id(segment);
            } else {
                self.running(segment);
            }
        }
    }

    fn id(&mut self, id: &str) {
        self.bytes.push(b'i');
        self.ids.push(Key::of(id));
        self.needs_comparison |= redact::is_pseudonym(id);
    }

    fn content(&mut self, name: &str, content: &Content<'_>) {
        match content {
            Content::Empty => self.bytes.push(b'e'),
            Content::Null => self.bytes.push(b'0'),
            Content::Bool(is) => self.bytes.push(if *is { b'y' } else { b'n' }),
            Content::Number(number) => {
                let (is_negative, digits, power) = plain_number(number);
                self.put(if is_negative { b'-' } else { b'+' }, digits.as_bytes());
                self.bytes.extend(power.to_le_bytes());
            }
            Content::Text(text) => self.text(name, text),
            Content::Bytes(bytes) => self.put(b'b', bytes),
            Content::List(items) => {
                self.put(b'[', &(items.len() as u64).to_le_bytes());
                for item in items {
                    self.content(name, item);
                }
            }
            Content::Object(properties) => {
                let present = properties.iter().filter(|(_, it)| *it != Content::Null);
                let mut present: Vec<_> = present
                    .map(|(name, value)| (canonical(name), name, value))
                    .collect();
                present.sort_by_key(|(canonical, name, _)| (*canonical, *name));
                self.put(b'{', &(present.len() as u64).to_le_bytes());
                for (at, (canonical, name, value)) in present.iter().enumerate() {
                    // Of a property that has two names, both may be there.
                    let is_other =
                        |it: &(&str, &Cow<'_, str>, _)| it.0 == *canonical && it.1 != *name;
                    let near = [at.wrapping_sub(1), at + 1];
                    let has_other = near.iter().any(|at| present.get(*at).is_some_and(is_other));
                    let name_of = if has_other { name } else { *canonical };
                    self.put(b':', name_of.as_bytes());
                    self.content(name, value);
                }
            }
        }
    }

    fn text(&mut self, name: &str, text: &str) {
        if name == "@odata.type" {
            return self.put(b'T', bare_type(text).as_bytes());
        }
        match values::text_kind(name, text) {
            TextKind::Id => self.id(text),
            TextKind::Time => self.bytes.push(b't'),
            TextKind::Address => {
                // The comparison learns it.
                self.needs_comparison = true;
                self.bytes.push(b'a');
            }
            TextKind::Path => {
                self.put(b'p', resource::shape_of(text).as_bytes());
                for id in values::ids_of_path(text) {
                    self.id(&id);
                }
            }
            TextKind::Fixed => {
                self.needs_comparison |= redact::pseudonyms(text).next().is_some();
                let path = self.own.path_in(text);
                if let Some(path) = path {
                    self.bytes.push(b'o');
                    self.running(path);
                } else if let Some(json) = nested(text) {
                    self.put(b'j', outline(text).as_bytes());
                    self.content(name, &json);
                } else {
                    self.running(text);
                }
            }
        }
    }

    fn running(&mut self, text: &str) {
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => self.put(b'"', text.as_bytes()),
                Piece::Id(id) => self.id(id),
                Piece::Time(_) => self.bytes.push(b't'),
            }
        }
    }
}
