//! Compares a live message with a recorded one.
//!
//! Everything that was recorded must be there and be the same. Values that differ from run to run must differ in the
//! same way everywhere. Additions do not count as differences.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::mem::discriminant;

use serde_json::Value;
use serde_json::json as value;
use sha2::{Digest as _, Sha256};

use super::at::At;
use super::compared::{ComparedBody, ComparedRequest};
use super::content::{Content, is_same_number};
use super::target::{Own, query_of};
use crate::contract::shape::{bare_type, canonical};
use crate::diagnostic::pointer::Pointer;
use crate::http::message::media_type;
use crate::redact;
use crate::redact::ContentType;
use crate::replay::rules::{Compare, Decision, ExchangeRules, Rules};
use crate::replay::values::mapping::Mapping;
use crate::replay::values::{Key, TextKind, text_kind};

const CONTENT_TYPE: &str = "content-type";

/// A difference between a live message and the recorded one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub part: Part,
    pub pointer: Pointer,
    /// The pointer with `*` for the index of each item.
    pub pattern: Pointer,
    /// The recorded value, with known identifiers replaced by this run's, unless a rule demands the
    /// recorded ones.
    pub expected: Value,
    /// The live value; none where it is missing.
    pub actual: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    RequestLine,
    /// A header field, its name in small letters.
    Header(String),
    Body,
}

/// The differences of two messages, and the pairs of values that they imply.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub differences: Vec<Difference>,
    pub(super) learnt: Mapping,
    pub(super) rules: ExchangeRules,
    /// The service's own addresses in the recorded message, and in the live one.
    pub(super) recorded_own: Own,
    pub(super) live_own: Own,
    /// True if a recorded timestamp must have one live timestamp.
    pub(super) pairs_times: bool,
    /// The identifier of the innermost object around a value, and the pointer to this object.
    pub(super) entity: Option<(Key, String)>,
}

impl Comparison {
    /// A comparison of messages of an exchange with these rules.
    pub(in crate::replay) fn by(rules: ExchangeRules) -> Self {
        Self {
            rules,
            ..Self::default()
        }
    }

    /// The same comparison, of messages of a live service: it dates what it has, and keeps the date.
    pub(in crate::replay) fn pairing_times(self) -> Self {
        Self {
            pairs_times: true,
            ..self
        }
    }

    /// A comparison that has come to this difference.
    pub(in crate::replay) fn with(difference: Difference) -> Self {
        Self {
            differences: vec![difference],
            ..Self::default()
        }
    }

    /// True if two values are the same by these rules, whatever their identifiers.
    pub(in crate::replay) fn is_alike(rules: &Rules, recorded: &Value, live: &Value) -> bool {
        let mut comparison = Self::by(rules.of_request("", ""));
        let [recorded, live] = [recorded, live].map(Content::of_value);
        comparison.contents(&Mapping::default(), &recorded, &live);
        comparison.differences.is_empty()
    }

    /// The same for messages in which the service has these addresses.
    pub(in crate::replay) fn between(
        rules: ExchangeRules,
        recorded_own: Own,
        live_own: Own,
    ) -> Self {
        Self {
            rules,
            recorded_own,
            live_own,
            ..Self::default()
        }
    }

    /// Compares a live request with the recorded one: path, query, media type, body, and what the rules
    /// name.
    pub(in crate::replay) fn of_requests(
        rules: &Rules,
        mapping: &Mapping,
        recorded: &ComparedRequest<'_>,
        live: &ComparedRequest<'_>,
    ) -> Self {
        let mut comparison = Self::of_extended(rules, mapping, recorded, live);
        let is_request_line = |it: &Difference| it.part == Part::RequestLine;
        if !comparison.differences.iter().any(is_request_line)
            && comparison.adds_parameter(recorded.target, live.target)
        {
            comparison.differ_in_request_line(mapping, recorded, live);
        }
        comparison
    }

    /// The same for a live request that may have further parameters in its query.
    pub(in crate::replay) fn of_extended(
        rules: &Rules,
        mapping: &Mapping,
        recorded: &ComparedRequest<'_>,
        live: &ComparedRequest<'_>,
    ) -> Self {
        let rules = rules.of_request(recorded.method, recorded.target);
        let mut comparison = Self::between(rules, recorded.own(), live.own());
        let is_same_path = comparison.paths(mapping, recorded.target, live.target);
        let is_same_query = comparison.queries(mapping, recorded.target, live.target);
        if !(is_same_path && is_same_query && recorded.method == live.method) {
            comparison.differ_in_request_line(mapping, recorded, live);
        }
        comparison.fields(mapping, recorded.headers, live.headers, &[]);
        if let ComparedBody::Bytes(bytes) = &live.body {
            let types = (recorded.content_type, live.content_type);
            comparison.bodies(mapping, &recorded.body, bytes, types);
        }
        comparison
    }

    fn differ_in_request_line(
        &mut self,
        mapping: &Mapping,
        recorded: &ComparedRequest<'_>,
        live: &ComparedRequest<'_>,
    ) {
        let target = self.expected_target(mapping, recorded.target);
        self.differences.push(Difference {
            part: Part::RequestLine,
            pointer: Pointer::root(),
            pattern: Pointer::root(),
            expected: value!(format!("{} {target}", recorded.method)),
            actual: Some(value!(format!("{} {}", live.method, live.target))),
        });
    }

    /// The recorded target with this run's identifiers. A query of which a rule demands a part to the letter
    /// stays as it is.
    fn expected_target(&self, mapping: &Mapping, target: &str) -> String {
        let is_exact = |name: &str| {
            let decision = self.decide(At::Property(&At::Query, name), None);
            decision.is_some_and(|it| it.compare == Compare::Exact)
        };
        let query = Content::form(query_of(target).as_bytes());
        match (query, target.split_once('?')) {
            (Content::Object(parameters), Some((path, query)))
                if parameters.iter().any(|(name, _)| is_exact(name)) =>
            {
                format!("{}?{query}", mapping.translated(path))
            }
            _ => mapping.translated(target),
        }
    }

    /// Compares bodies and their media types. `live` is without content coding.
    pub(in crate::replay) fn bodies(
        &mut self,
        mapping: &Mapping,
        recorded: &ComparedBody<'_>,
        live: &[u8],
        types: (Option<&str>, Option<&str>),
    ) {
        let (recorded_type, live_type) = (types.0.map(media_type), types.1.map(media_type));
        let is_same_type = recorded_type == live_type;
        let is_by_rule = self.rules.of_header(CONTENT_TYPE).is_some();
        if recorded_type.is_some() && !is_same_type && !is_by_rule {
            let live_type = live_type.map(Value::from);
            self.differ_in_field(CONTENT_TYPE, value!(recorded_type), live_type);
        }
        let expected = match recorded {
            ComparedBody::Omitted { length, sha256 } => return self.omitted(*length, sha256, live),
            other => other.content(types.0),
        };
        let is_json = matches!(recorded, ComparedBody::Json(_));
        let as_json = || Content::json(std::str::from_utf8(live).ok()?);
        let actual = as_json().filter(|_| is_json).unwrap_or_else(|| {
            // A content of another type is shown as the recorded one would be.
            let read_as = if is_same_type {
                types.1
            } else {
                types.0.or(types.1)
            };
            Content::read(read_as, live)
        });
        match (expected, recorded) {
            (Some(Content::Bytes(_) | Content::Text(_)), ComparedBody::Bytes(recorded))
                if is_no_utf8_text(recorded) && self.bytes(mapping, recorded, live, types.0) => {}
            (Some(expected), _) => self.contents(mapping, &expected, &actual),
            (None, _) => {}
        }
    }

    /// Compares a body with the length and the digest of one that was not kept.
    fn omitted(&mut self, length: u64, sha256: &str, live: &[u8]) {
        if sha256.is_empty() {
            return;
        }
        let about = |length: u64, digest: &str| format!("{length} bytes, SHA-256 {digest}");
        let live = about(live.len() as u64, &sha256_of(live));
        let recorded = about(length, &sha256.to_ascii_lowercase());
        if live != recorded {
            self.differences.push(Difference {
                part: Part::Body,
                pointer: Pointer::root(),
                pattern: Pointer::root(),
                expected: value!(recorded),
                actual: Some(value!(live)),
            });
        }
    }

    fn contents(&mut self, mapping: &Mapping, recorded: &Content<'_>, live: &Content<'_>) {
        self.contents_at(mapping, recorded, live, At::Body);
    }

    /// Compares contents that stand at this place of a body.
    pub(in crate::replay) fn contents_at(
        &mut self,
        mapping: &Mapping,
        recorded: &Content<'_>,
        live: &Content<'_>,
        at: At<'_>,
    ) {
        self.value(mapping, "", recorded, live, at, None);
    }

    pub(crate) fn learns_nothing(&self) -> bool {
        self.learnt.is_empty()
    }

    pub(crate) fn commit(self, mapping: &mut Mapping) {
        mapping.extend(self.learnt);
    }

    /// Compares two values of a property with this name. `above` is how the rules say that the value is
    /// compared which they are a part of.
    pub(super) fn value(
        &mut self,
        mapping: &Mapping,
        name: &str,
        recorded: &Content<'_>,
        live: &Content<'_>,
        at: At<'_>,
        above: Option<Decision>,
    ) {
        let decision = self.decide(at, above);
        let compare = decision.map(|it| it.compare);
        let is_same = match (recorded, live) {
            (Content::Object(properties), Content::Object(others)) => {
                let outer = self.entity.clone();
                if let Some(id) = id_of(properties).filter(|_| self.pairs_times) {
                    self.entity = Some((Key::of(id), at.pointer().to_string()));
                }
                self.properties(mapping, properties, others, at, decision);
                self.entity = outer;
                true
            }
            (Content::List(recorded), Content::List(live)) if compare == Some(Compare::Shape) => {
                self.items_of_shape(mapping, name, recorded, live, at, decision);
                true
            }
            (Content::List(recorded), Content::List(live))
                if recorded.len() == live.len() || compare == Some(Compare::Ignore) =>
            {
                for (index, (recorded, live)) in recorded.iter().zip(live).enumerate() {
                    let at = At::Item(&at, index);
                    self.value(mapping, name, recorded, live, at, decision);
                }
                true
            }
            _ => match compare {
                Some(Compare::Ignore) => true,
                Some(Compare::Shape) => self.is_of_type(mapping, name, recorded, live, at),
                _ => self.is_same_leaf(mapping, name, recorded, live, at, compare),
            },
        };
        if !is_same {
            let live = (*live != Content::Empty).then(|| live.shown());
            self.differ(mapping, at, decision, (recorded, live));
        }
    }

    fn is_same_leaf(
        &mut self,
        mapping: &Mapping,
        name: &str,
        recorded: &Content<'_>,
        live: &Content<'_>,
        at: At<'_>,
        compare: Option<Compare>,
    ) -> bool {
        match (recorded, live) {
            (Content::Text(recorded), Content::Text(live)) if compare == Some(Compare::Exact) => {
                self.is_exact(mapping, name, recorded, live, at)
            }
            (Content::Text(recorded), Content::Text(live)) if name == "@odata.type" => {
                bare_type(recorded) == bare_type(live)
            }
            (Content::Text(recorded), Content::Text(live)) => {
                self.texts(mapping, name, recorded, live, at)
            }
            // Redaction makes a text of a number that is secret.
            (Content::Text(recorded), Content::Number(live)) if redact::is_pseudonym(recorded) => {
                self.ids(mapping, recorded, live)
            }
            (Content::Number(recorded), Content::Number(live)) => is_same_number(recorded, live),
            (Content::Bytes(recorded), Content::Bytes(live)) => {
                recorded == live || self.bytes(mapping, recorded, live, None)
            }
            _ => recorded == live,
        }
    }

    /// True if the live bytes are the recorded ones with one secret for each pseudonym, in whatever charset.
    fn bytes(
        &mut self,
        mapping: &Mapping,
        recorded: &[u8],
        live: &[u8],
        content_type: Option<&str>,
    ) -> bool {
        let pairs = redact::secrets_in_place(recorded, live, ContentType(content_type));
        pairs.is_some_and(|pairs| {
            let mut pairs = pairs.iter();
            pairs.all(|(pseudonym, secret)| self.ids(mapping, pseudonym, secret))
        })
    }

    /// True if the texts are the same to the letter. What is behind a pseudonym is not known.
    pub(super) fn is_exact(
        &mut self,
        mapping: &Mapping,
        name: &str,
        recorded: &str,
        live: &str,
        at: At<'_>,
    ) -> bool {
        recorded == live
            || redact::pseudonyms(recorded).next().is_some()
                && self.texts(mapping, name, recorded, live, at)
    }

    /// True if the values have the same JSON type.
    fn is_of_type(
        &mut self,
        mapping: &Mapping,
        name: &str,
        recorded: &Content<'_>,
        live: &Content<'_>,
        at: At<'_>,
    ) -> bool {
        if let (Content::Text(recorded), Content::Text(live)) = (recorded, live)
            && text_kind(name, recorded) != TextKind::Time
        {
            // Later messages may have an identifier that stands here.
            self.texts(mapping, name, recorded, live, at);
        }
        discriminant(recorded) == discriminant(live)
    }

    /// Compares lists of any length: each item must be like the recorded one of its index, else like any
    /// other one.
    fn items_of_shape(
        &mut self,
        mapping: &Mapping,
        name: &str,
        recorded: &[Content<'_>],
        live: &[Content<'_>],
        at: At<'_>,
        decision: Option<Decision>,
    ) {
        let Some(first) = recorded.first() else {
            return;
        };
        for (index, item) in live.iter().enumerate() {
            let at = At::Item(&at, index);
            let own = recorded.get(index).unwrap_or(first);
            let before = self.differences.len();
            self.value(mapping, name, own, item, at, decision);
            let mut found = self.differences.split_off(before);
            for other in recorded {
                if found.is_empty() {
                    break;
                }
                self.value(mapping, name, other, item, at, decision);
                if self.differences.len() == before {
                    found.clear();
                }
                self.differences.truncate(before);
            }
            self.differences.append(&mut found);
        }
    }

    /// How the rules say that a place is compared.
    fn decide(&self, at: At<'_>, above: Option<Decision>) -> Option<Decision> {
        if self.rules.is_empty() {
            return None;
        }
        self.rules.decide(&at.place(), above)
    }

    /// Compares the properties of two objects: a name that comes twice, value by value.
    fn properties(
        &mut self,
        mapping: &Mapping,
        recorded: &[(Cow<'_, str>, Content<'_>)],
        live: &[(Cow<'_, str>, Content<'_>)],
        at: At<'_>,
        above: Option<Decision>,
    ) {
        for (index, (name, value)) in recorded.iter().enumerate() {
            let at = At::Property(&at, name);
            if *value == Content::Null {
                if let (true, [live, ..]) = (
                    values_of(recorded, name).is_empty(),
                    &values_of(live, name)[..],
                ) {
                    self.value(mapping, name, value, live, at, above);
                }
                continue;
            }
            let is_same =
                |it: &&(Cow<'_, str>, Content<'_>)| it.0 == *name && it.1 != Content::Null;
            let before = recorded[..index].iter().filter(is_same).count();
            let after = recorded[index + 1..].iter().filter(is_same).count();
            let found = values_of(live, name);
            let is_ignored = |it: &Self| {
                let decision = it.decide(at, above);
                decision.is_some_and(|it| it.compare == Compare::Ignore)
            };
            match found.get(before) {
                Some(live) => self.value(mapping, name, value, live, at, above),
                None if is_ignored(self) => {}
                None => {
                    let null = live
                        .iter()
                        .any(|it| is_named(it, name) && it.1 == Content::Null);
                    let null = null.then_some(Value::Null);
                    self.differ(mapping, at, self.decide(at, above), (value, null));
                }
            }
            if let (0, Some(added)) = (after, found.get(before + 1))
                && !is_ignored(self)
            {
                // The last one counts for most readers.
                let decision = self.decide(at, above);
                self.differ(mapping, at, decision, (value, Some(added.shown())));
            }
        }
        if self.rules.is_empty() {
            return;
        }
        for (name, value) in live.iter().filter(|(_, it)| *it != Content::Null) {
            let at = At::Property(&at, name);
            let decision = self.decide(at, above);
            let is_exact = decision.is_some_and(|it| it.compare == Compare::Exact);
            if is_exact && !recorded.iter().any(|it| is_named(it, name)) {
                let pair = (&Content::Null, Some(value.shown()));
                self.differ(mapping, at, decision, pair);
            }
        }
    }

    fn differ(
        &mut self,
        mapping: &Mapping,
        at: At<'_>,
        decision: Option<Decision>,
        (recorded, live): (&Content<'_>, Option<Value>),
    ) {
        let expected = match decision {
            Some(it) if it.compare == Compare::Exact => recorded.shown(),
            _ => mapping.translated_json(&recorded.shown()),
        };
        self.differences.push(Difference {
            part: Part::Body,
            pointer: at.pointer(),
            pattern: at.pattern(),
            expected,
            actual: live,
        });
    }
}

/// True for bytes that are no text in UTF-8: ASCII in a wider charset may look like such a text, but for its zeros.
fn is_no_utf8_text(bytes: &[u8]) -> bool {
    memchr::memchr(0, bytes).is_some() || std::str::from_utf8(bytes).is_err()
}

/// The SHA-256 of these bytes, in hexadecimal.
pub(in crate::replay) fn sha256_of(bytes: &[u8]) -> String {
    let mut digest = String::new();
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}

/// True for a property of this name, or of its other name.
fn is_named(property: &(Cow<'_, str>, Content<'_>), name: &str) -> bool {
    canonical(&property.0) == canonical(name)
}

/// The identifier of an object.
fn id_of<'a>(properties: &'a [(Cow<'_, str>, Content<'_>)]) -> Option<&'a str> {
    properties.iter().find_map(|property| match property {
        (name, Content::Text(id) | Content::Number(id)) if name == "id" => Some(&**id),
        _ => None,
    })
}

/// The values of a property, by its name, else by its other name.
fn values_of<'a, 'b>(
    properties: &'a [(Cow<'b, str>, Content<'b>)],
    name: &str,
) -> Vec<&'a Content<'b>> {
    let find = |is_it: &dyn Fn(&str) -> bool| {
        let present = properties.iter().filter(|(_, it)| *it != Content::Null);
        let found = present.filter(|(other, _)| is_it(other));
        found.map(|(_, value)| value).collect::<Vec<_>>()
    };
    let found = find(&|other| other == name);
    if found.is_empty() {
        return find(&|other| canonical(other) == canonical(name));
    }
    found
}
