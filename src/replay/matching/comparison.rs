//! Compares a live message with a recorded one.
//!
//! Everything that was recorded must be there and be the same. Values that differ from run to run
//! must differ in the same way everywhere. Additions are no difference.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::api::resource;
use crate::api::resource::Resource;
use crate::contract::shape::{bare_type, lookup};
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Request};
use crate::redact;
use crate::replay::values;
use crate::replay::values::TextKind;
use crate::replay::values::mapping::Mapping;

/// A difference between a live message and the recorded one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub part: Part,
    pub pointer: Pointer,
    /// The recorded value, with known identifiers replaced by this run's.
    pub expected: Value,
    /// The live value; null where it is missing.
    pub actual: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    RequestLine,
    Body,
}

/// The differences of two messages, and the pairs of values that they imply.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub differences: Vec<Difference>,
    learnt: Mapping,
}

impl Comparison {
    /// Compares a live request with the recorded one: path, query and body.
    pub(crate) fn of_requests(mapping: &Mapping, recorded: &Request, live: &Request) -> Self {
        let mut comparison = Self::default();
        let is_same_path = match Resource::parse(&recorded.target) {
            Some(_) => comparison.texts(mapping, "", &recorded.target, &live.target),
            None => resource::shape_of(&recorded.target) == resource::shape_of(&live.target),
        };
        let is_same_query = comparison.queries(mapping, &recorded.target, &live.target);
        if !(is_same_path && is_same_query) {
            let target = mapping.translated(&recorded.target);
            comparison.differences.push(Difference {
                part: Part::RequestLine,
                pointer: Pointer::root(),
                expected: json!(format!("{} {target}", recorded.method)),
                actual: json!(format!("{} {}", live.method, live.target)),
            });
        }
        match &recorded.body {
            Body::Json(body) => comparison.bodies(mapping, Some(body), live.body.json()),
            Body::Text(text) => {
                let body = match &live.body {
                    Body::Text(text) => json!(text),
                    Body::Json(value) => value.clone(),
                    Body::Empty | Body::Bytes(_) | Body::Omitted(_) => Value::Null,
                };
                comparison.bodies(mapping, Some(&json!(text)), Some(&body));
            }
            Body::Empty | Body::Bytes(_) | Body::Omitted(_) => {}
        }
        comparison
    }

    pub(crate) fn of_bodies(
        mapping: &Mapping,
        recorded: Option<&Value>,
        live: Option<&Value>,
    ) -> Self {
        let mut comparison = Self::default();
        comparison.bodies(mapping, recorded, live);
        comparison
    }

    pub(crate) fn bodies(
        &mut self,
        mapping: &Mapping,
        recorded: Option<&Value>,
        live: Option<&Value>,
    ) {
        match (recorded, live) {
            (Some(recorded), Some(live)) => self.value(mapping, "", recorded, live, At::Root),
            (Some(recorded), None) => self.differ(mapping, At::Root, recorded, &Value::Null),
            (None, _) => {}
        }
    }

    /// Compares two texts of a property with this name; true if they agree.
    pub(crate) fn texts(
        &mut self,
        mapping: &Mapping,
        name: &str,
        recorded: &str,
        live: &str,
    ) -> bool {
        match values::text_kind(name, recorded) {
            TextKind::Fixed => recorded == live || self.redacted(mapping, recorded, live),
            TextKind::Time => values::text_kind(name, live) == TextKind::Time,
            TextKind::Id => self.ids(mapping, recorded, live),
            TextKind::Address => {
                if mapping.live(recorded) != Some(live) {
                    self.learnt.redirect(recorded, live);
                }
                true
            }
            TextKind::Path if recorded == live => values::ids_of_path(recorded)
                .iter()
                .all(|id| self.ids(mapping, id, id)),
            TextKind::Path => {
                let (of_recorded, of_live) =
                    (values::ids_of_path(recorded), values::ids_of_path(live));
                resource::shape_of(recorded) == resource::shape_of(live)
                    && of_recorded.len() == of_live.len()
                    && of_recorded
                        .iter()
                        .zip(&of_live)
                        .all(|(recorded, live)| self.ids(mapping, recorded, live))
            }
        }
    }

    /// True if the live text is the recorded one with one value for each pseudonym. Like redaction,
    /// this decodes base64, and JSON, which redaction spells anew.
    fn redacted(&mut self, mapping: &Mapping, recorded: &str, live: &str) -> bool {
        if redact::pseudonyms(recorded).next().is_none() {
            let (Some(recorded), Some(live)) = (unwrapped(recorded), unwrapped(live)) else {
                return false;
            };
            return self.redacted(mapping, &recorded, &live);
        }
        if recorded.starts_with(['{', '['])
            && let Ok(recorded) = serde_json::from_str(recorded)
            && let Ok(live) = serde_json::from_str(live)
        {
            let before = self.differences.len();
            self.value(mapping, "", &recorded, &live, At::Root);
            let is_same = self.differences.len() == before;
            self.differences.truncate(before);
            return is_same;
        }
        self.filled(mapping, recorded, live)
    }

    /// The same for plain text.
    fn filled(&mut self, mapping: &Mapping, recorded: &str, live: &str) -> bool {
        let (mut read, mut rest) = (0, live);
        let mut pseudonyms = redact::pseudonyms(recorded).peekable();
        while let Some(place) = pseudonyms.next() {
            let Some(behind) = rest.strip_prefix(&recorded[read..place.start]) else {
                return false;
            };
            let end = pseudonyms.peek().map_or(recorded.len(), |next| next.start);
            let following = &recorded[place.end..end];
            let length = match following {
                "" => Some(behind.len()),
                // The text behind the last one is matched at the end, wherever else it may occur.
                _ if end == recorded.len() => behind.strip_suffix(following).map(str::len),
                _ => behind.find(following),
            };
            let Some(length) = length.filter(|length| *length > 0) else {
                return false;
            };
            if !self.ids(mapping, &recorded[place.clone()], &behind[..length]) {
                return false;
            }
            (read, rest) = (place.end, &behind[length..]);
        }
        rest == &recorded[read..]
    }

    /// Compares the queries of two targets: every recorded parameter must be there.
    pub(crate) fn queries(&mut self, mapping: &Mapping, recorded: &str, live: &str) -> bool {
        let [recorded, live] = [recorded, live].map(|target| {
            let query = target.split_once('?').map_or("", |(_, query)| query);
            form_urlencoded::parse(query.as_bytes())
        });
        let mut live: Vec<_> = live.collect();
        recorded.into_iter().all(|(name, value)| {
            let found = live.iter().position(|(other, live)| {
                *other == name && self.texts(mapping, &name, &value, live)
            });
            found.map(|at| live.remove(at)).is_some()
        })
    }

    pub(crate) fn learns_nothing(&self) -> bool {
        self.learnt.is_empty()
    }

    pub(crate) fn commit(self, mapping: &mut Mapping) {
        mapping.extend(self.learnt);
    }

    fn ids(&mut self, mapping: &Mapping, recorded: &str, live: &str) -> bool {
        let agrees = mapping.agrees(recorded, live) && self.learnt.agrees(recorded, live);
        if agrees && mapping.live(recorded).is_none() {
            self.learnt.learn(recorded, live);
        }
        agrees
    }

    fn value(&mut self, mapping: &Mapping, name: &str, recorded: &Value, live: &Value, at: At<'_>) {
        let is_same = match (recorded, live) {
            (Value::Object(properties), Value::Object(_)) => {
                for (name, recorded) in properties.iter().filter(|(_, it)| !it.is_null()) {
                    let at = At::Property(&at, name);
                    match lookup(live, name) {
                        Some((_, live)) => self.value(mapping, name, recorded, live, at),
                        None => self.differ(mapping, at, recorded, &Value::Null),
                    }
                }
                true
            }
            (Value::Array(recorded), Value::Array(live)) if recorded.len() == live.len() => {
                for (index, (recorded, live)) in recorded.iter().zip(live).enumerate() {
                    self.value(mapping, name, recorded, live, At::Item(&at, index));
                }
                true
            }
            (Value::String(recorded), Value::String(live)) if name == "@odata.type" => {
                bare_type(recorded) == bare_type(live)
            }
            (Value::String(recorded), Value::String(live)) => {
                self.texts(mapping, name, recorded, live)
            }
            (Value::Number(recorded), Value::Number(live)) => recorded.as_f64() == live.as_f64(),
            _ => recorded == live,
        };
        if !is_same {
            self.differ(mapping, at, recorded, live);
        }
    }

    fn differ(&mut self, mapping: &Mapping, at: At<'_>, recorded: &Value, live: &Value) {
        self.differences.push(Difference {
            part: Part::Body,
            pointer: at.pointer(),
            expected: mapping.translated_json(recorded),
            actual: live.clone(),
        });
    }
}

/// The decoded text, if `text` is base64.
fn unwrapped(text: &str) -> Option<String> {
    let mut codings = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].iter();
    let bytes = codings.find_map(|coding| coding.decode(text).ok())?;
    String::from_utf8(bytes).ok()
}

/// A place in a body. It becomes a pointer only where something differs.
#[derive(Clone, Copy)]
enum At<'a> {
    Root,
    Property(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
}

impl At<'_> {
    fn pointer(self) -> Pointer {
        match self {
            Self::Root => Pointer::root(),
            Self::Property(above, name) => above.pointer().key(name),
            Self::Item(above, index) => above.pointer().index(index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(recorded: &Value, live: &Value) -> Vec<String> {
        let mut mapping = Mapping::default();
        mapping.learn("op-1", "op-2");
        Comparison::of_bodies(&mapping, Some(recorded), Some(live))
            .differences
            .iter()
            .map(|it| it.pointer.to_string())
            .collect()
    }

    #[test]
    fn values_that_differ_from_run_to_run_differ_alike() {
        let none: [&str; 0] = [];
        for (recorded, live, expected) in [
            (
                json!({"id": "op-1"}),
                json!({"id": "op-2", "new": 1}),
                &none[..],
            ),
            (json!({"id": "op-1"}), json!({"id": "op-3"}), &["/id"]),
            (json!({"id": "op-9"}), json!({"id": "op-2"}), &["/id"]),
            (
                json!([{"id": "a"}, {"id": "a"}]),
                json!([{"id": "b"}, {"id": "c"}]),
                &["/1/id"],
            ),
            (
                json!([{"id": "a"}, {"id": "b"}]),
                json!([{"id": "c"}, {"id": "c"}]),
                &["/1/id"],
            ),
            (json!({"a": null, "n": 1}), json!({"n": 1.0}), &none[..]),
            (json!({"a": "x", "b": 1}), json!({"a": "y"}), &["/a", "/b"]),
            (json!({"a": [1]}), json!({"a": [1, 2]}), &["/a"]),
            (
                json!({"resource": "/app/calls/1/operations/op-1"}),
                json!({"resource": "/communications/calls/7/operations/op-2"}),
                &none[..],
            ),
            (
                json!({"resource": "/app/calls/1"}),
                json!({"resource": "/app/calls/1/participants"}),
                &["/resource"],
            ),
        ] {
            assert_eq!(differences(&recorded, &live), expected, "{recorded} {live}");
        }
    }

    #[test]
    fn a_pseudonym_within_a_text_stands_for_one_value() {
        let [one, other] = ["redacted-secret-0123456789ab", "redacted-key-ba9876543210"];
        for (recorded, live, is_same) in [
            (
                json!([format!("https://h/?sig={one}&a=1")]),
                json!(["https://h/?sig=x&a=1"]),
                true,
            ),
            (
                json!([format!("https://h/?sig={one}&a=1")]),
                json!(["https://h/?sig=x&a=2"]),
                false,
            ),
            (
                json!([format!("https://h/?sig={one}")]),
                json!(["https://h/?sig="]),
                false,
            ),
            (json!([format!("Bearer {one}")]), json!(["Bearer x"]), true),
            (
                json!([one, format!("Bearer {one}")]),
                json!(["x", "Bearer x"]),
                true,
            ),
            (
                json!([one, format!("Bearer {one}")]),
                json!(["x", "Bearer y"]),
                false,
            ),
            (
                json!([format!("a={one};b={other};")]),
                json!(["a=1;b=2;"]),
                true,
            ),
            (
                json!([format!("a={one};b={one};")]),
                json!(["a=1;b=2;"]),
                false,
            ),
        ] {
            let alike = |recorded: &Value, live: &Value| differences(recorded, live).is_empty();
            assert_eq!(alike(&recorded, &live), is_same, "{recorded} {live}");
            let texts = [recorded.to_string(), live.to_string().replace(',', ", ")];
            let [recorded, live] = texts.each_ref().map(|it| json!(it));
            assert_eq!(alike(&recorded, &live), is_same, "{recorded} {live}");
            let [recorded, live] = texts.map(|it| json!(STANDARD.encode(it)));
            assert_eq!(alike(&recorded, &live), is_same, "{recorded} {live}");
        }
    }

    #[test]
    fn recorded_parameters_of_a_query_must_be_there() {
        let secret = "redacted-secret-0123456789ab";
        for (recorded, live, is_same) in [
            ("/a", "/a?b=1", true),
            ("/a?b=1&c=%2F", "/a?c=/&b=1&d", true),
            ("/a?b=1", "/a?b=2", false),
            ("/a?b=1&b=1", "/a?b=1", false),
            ("/a?b", "/a", false),
            (&format!("/a?sig={secret}"), "/a?sig=x", true),
        ] {
            let same = Comparison::default().queries(&Mapping::default(), recorded, live);
            assert_eq!(same, is_same, "{recorded} {live}");
        }
    }
}
