//! Compares a body with the shape of its kind: types, presence, words, `@odata.type`.
//!
//! Correlation is not judged here: see [`super::people`] and the state machines.

use serde_json::{Value, json};

use crate::contract::shape;
use crate::contract::shape::{JsonType, Shape};
use crate::contract::words;
use crate::diagnostic::pointer::{Path, Pointer};

/// A value that the examples do not allow.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mismatch {
    /// The place in the body.
    pub pointer: Pointer,
    /// The kind of mismatch.
    pub kind: MismatchKind,
    pub expected: Value,
    /// The actual value; null if missing.
    pub actual: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum MismatchKind {
    /// Another JSON type than documented.
    Type,
    /// A property of every example is missing or null.
    Missing,
    /// A protocol word that no page lists for this place.
    Word,
    /// Text that is not a timestamp where only timestamps are printed.
    Time,
    /// An `@odata.type` that is not printed for this kind of object.
    OdataType,
}

impl MismatchKind {
    /// The sentence for people.
    pub(crate) fn describe(self, pointer: &Pointer, expected: &Value, actual: &Value) -> String {
        let place = if pointer.as_str().is_empty() {
            "the body"
        } else {
            pointer.as_str()
        };
        match self {
            Self::Type => format!(
                "{place} is {}, expected {}",
                JsonType::of(actual).as_str(),
                JsonType::of(expected).as_str()
            ),
            Self::Missing => format!("{place} is missing, but every documented example has it"),
            Self::Word => format!("{place} is {actual}, which is not one of the documented values"),
            Self::Time => format!("{place} is {actual}, which is not a date with a time"),
            Self::OdataType => format!("{place} is {actual}, expected {expected}"),
        }
    }
}

/// The sender of the message, and the request that it answers.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// A bot chooses its own types.
    pub of_bot: bool,
    /// True if the request has a property of that name: a message never has to echo a property that
    /// the request omits.
    pub given: &'a dyn Fn(&str) -> bool,
    /// The properties that only echo the request, beside those that do so in every message.
    pub echoes: &'a [String],
    /// The `@odata.type`s that the page prints for the kind of object at a place.
    pub odata_types: &'a dyn Fn(&[&str]) -> Vec<String>,
}

/// Properties that only echo the request, in every message.
const ECHOES: [&str; 2] = ["clientContext", "replacesCallId"];
/// Properties that are often absent although the examples show them.
pub(super) const OFTEN_ABSENT: [&str; 8] = [
    "callback",
    "displayName",
    "endpointType",
    "identityProvider",
    "language",
    "languageId",
    "region",
    "tenantId",
];

/// `at` is the place of the body in the message.
pub(crate) fn compare(
    shape: &Shape,
    actual: &Value,
    rules: Rules<'_>,
    at: &Pointer,
) -> Vec<Mismatch> {
    let mut walk = Walk {
        rules,
        place: Vec::new(),
        found: Vec::new(),
    };
    walk.value(shape, actual, Path::At(at));
    walk.found
}

struct Walk<'a> {
    rules: Rules<'a>,
    /// The documented names of the enclosing properties.
    place: Vec<&'a str>,
    found: Vec<Mismatch>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, shape: &'a Shape, actual: &Value, at: Path<'_>) {
        let actual_type = JsonType::of(actual);
        if !shape.is_shown() || actual.is_null() {
            return;
        }
        if !shape.types().contains(&actual_type) {
            self.push(at, MismatchKind::Type, shape.sample(), actual);
            return;
        }
        match actual {
            Value::Object(_) => self.object(shape, actual, at),
            Value::Array(items) => {
                if let Some(item_shape) = shape.items() {
                    for (index, item) in items.iter().enumerate() {
                        let below = Path::Index(&at, index);
                        // A null property counts as missing; a null member is a member.
                        if item.is_null() && item_shape.is_shown() {
                            self.push(below, MismatchKind::Type, item_shape.sample(), item);
                        }
                        self.value(item_shape, item, below);
                    }
                }
            }
            Value::String(text) => self.text(shape, text, at),
            _ => {}
        }
    }

    fn object(&mut self, shape: &'a Shape, actual: &Value, at: Path<'_>) {
        let one_suffices = ["resource", "resourceUrl"];
        for (name, property, in_all) in shape.properties() {
            match shape::lookup(actual, name) {
                Some((_, value)) if name == "@odata.type" => {
                    self.odata_type(property, value, Path::Key(&at, name));
                }
                Some((written, value)) => {
                    self.place.push(name);
                    let below = Path::Key(&at, written);
                    if name == "resourceData" {
                        self.entities(property, value, below);
                    } else {
                        self.value(property, value, below);
                    }
                    self.place.pop();
                }
                None if !in_all || name.starts_with("@odata.") || self.may_be_absent(name) => {}
                None if self.is_echo(name) && !(self.rules.given)(name) => {}
                None if one_suffices.contains(&name)
                    && one_suffices
                        .iter()
                        .any(|n| shape::lookup(actual, n).is_some()) => {}
                None => {
                    let kind = MismatchKind::Missing;
                    self.push(Path::Key(&at, name), kind, property.sample(), &Value::Null);
                }
            }
        }
    }

    fn is_echo(&self, name: &str) -> bool {
        ECHOES.contains(&name) || self.rules.echoes.iter().any(|it| it == name)
    }

    /// True for a property that real messages leave out, a kind of identity beside others, and the id of an entity
    /// that its path names too.
    fn may_be_absent(&self, name: &str) -> bool {
        let parent = self.place.last().copied();
        OFTEN_ABSENT.contains(&name)
            || parent == Some("identity")
            || (parent == Some("resourceData") && name == "id")
    }

    fn entities(&mut self, shape: &'a Shape, actual: &Value, at: Path<'_>) {
        if !matches!(actual, Value::Array(_) | Value::Object(_)) {
            self.push(at, MismatchKind::Type, shape.sample(), actual);
            return;
        }
        let Some(entity_shape) = shape.items() else {
            return;
        };
        for (index, entity) in shape::entities(actual).enumerate() {
            let below = if actual.is_array() {
                Path::Index(&at, index)
            } else {
                at
            };
            if entity.is_object() {
                self.value(entity_shape, entity, below);
            } else {
                self.push(below, MismatchKind::Type, entity_shape.sample(), entity);
            }
        }
    }

    fn text(&mut self, shape: &Shape, text: &str, at: Path<'_>) {
        if shape.only_times() && !shape::is_time_text(text) {
            self.push(at, MismatchKind::Time, shape.sample(), &json!(text));
        }
        if let Some(listed) = words::listed_for(&self.place)
            && !words::is_listed(text, listed)
        {
            self.push(at, MismatchKind::Word, json!(listed), &json!(text));
        }
    }

    fn odata_type(&mut self, shape: &Shape, actual: &Value, at: Path<'_>) {
        let Some(text) = actual.as_str() else {
            self.push(at, MismatchKind::Type, shape.sample(), actual);
            return;
        };
        let bare = shape::bare_type(text);
        if self.rules.of_bot || shape.odata_types().contains(bare) {
            return;
        }
        let printed = (self.rules.odata_types)(&self.place);
        if !printed.iter().any(|other| other == bare) {
            self.push(at, MismatchKind::OdataType, shape.sample(), actual);
        }
    }

    fn push(&mut self, at: Path<'_>, kind: MismatchKind, expected: Value, actual: &Value) {
        self.found.push(Mismatch {
            pointer: at.pointer(),
            kind,
            expected,
            actual: actual.clone(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(examples: &[Value], actual: &Value, of_bot: bool) -> Vec<(String, MismatchKind)> {
        let mut shape = Shape::default();
        for example in examples {
            shape.add(example);
        }
        let rules = Rules {
            of_bot,
            given: &|name| name == "clientContext",
            echoes: &["source".to_owned()],
            odata_types: &|_| vec!["x.elsewhere".to_owned()],
        };
        compare(&shape, actual, rules, &Pointer::root())
            .into_iter()
            .map(|mismatch| (mismatch.pointer.to_string(), mismatch.kind))
            .collect()
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table, a row a case")]
    fn a_table_of_comparisons() {
        use MismatchKind::{Missing, OdataType, Time, Type, Word};
        type Row = (
            &'static str,
            Value,
            Value,
            bool,
            Vec<(&'static str, MismatchKind)>,
        );
        let table: Vec<Row> = vec![
            ("the same", json!({"a": 1}), json!({"a": 2}), false, vec![]),
            (
                "added properties",
                json!({"a": 1}),
                json!({"b": 0, "a": 2}),
                false,
                vec![],
            ),
            (
                "number spelling",
                json!({"a": 500}),
                json!({"a": 5e2}),
                false,
                vec![],
            ),
            (
                "another type",
                json!({"a": 1}),
                json!({"a": "1"}),
                false,
                vec![("/a", Type)],
            ),
            (
                "missing",
                json!({"a": 1}),
                json!({}),
                false,
                vec![("/a", Missing)],
            ),
            (
                "null is missing",
                json!({"a": 1}),
                json!({"a": null}),
                false,
                vec![("/a", Missing)],
            ),
            (
                "documented null, filled",
                json!({"a": null}),
                json!({"a": 3}),
                false,
                vec![],
            ),
            (
                "documented null, absent",
                json!({"a": null}),
                json!({}),
                false,
                vec![],
            ),
            (
                "tags",
                json!({"@odata.etag": "1", "@odata.id": "2"}),
                json!({}),
                false,
                vec![],
            ),
            (
                "echo given",
                json!({"clientContext": "c"}),
                json!({}),
                false,
                vec![("/clientContext", Missing)],
            ),
            (
                "echo not given",
                json!({"region": "r"}),
                json!({}),
                false,
                vec![],
            ),
            (
                "echo of this operation not given",
                json!({"source": {"identity": {}}}),
                json!({}),
                false,
                vec![],
            ),
            (
                "one of two",
                json!({"resource": "/r", "resourceUrl": "/r"}),
                json!({"resourceUrl": "/r"}),
                false,
                vec![],
            ),
            (
                "none of two",
                json!({"resource": "/r"}),
                json!({}),
                false,
                vec![("/resource", Missing)],
            ),
            (
                "subcode",
                json!({"subCode": 1}),
                json!({"subcode": 0}),
                false,
                vec![],
            ),
            (
                "word",
                json!({"status": "Running"}),
                json!({"status": "running"}),
                false,
                vec![],
            ),
            (
                "no word",
                json!({"status": "Running"}),
                json!({"status": "busy"}),
                false,
                vec![("/status", Word)],
            ),
            (
                "time",
                json!({"at": "2018-09-06T15:58:41Z"}),
                json!({"at": "now"}),
                false,
                vec![("/at", Time)],
            ),
            (
                "type of the page",
                json!({"@odata.type": "#x.a"}),
                json!({"@odata.type": "x.a"}),
                false,
                vec![],
            ),
            (
                "type elsewhere",
                json!({"@odata.type": "x.a"}),
                json!({"@odata.type": "#x.elsewhere"}),
                false,
                vec![],
            ),
            (
                "other type",
                json!({"@odata.type": "x.a"}),
                json!({"@odata.type": "x.b"}),
                false,
                vec![("/@odata.type", OdataType)],
            ),
            (
                "no type",
                json!({"@odata.type": "x.a"}),
                json!({}),
                false,
                vec![],
            ),
            (
                "often absent",
                json!({"identity": {"user": {"id": "1", "displayName": "n"}}}),
                json!({"identity": {"guest": {"id": "1"}}}),
                false,
                vec![],
            ),
            (
                "entity for collection",
                json!({"resourceData": [{"a": 1}]}),
                json!({"resourceData": {"a": "x"}}),
                false,
                vec![("/resourceData/a", Type)],
            ),
            (
                "collection for entity",
                json!({"resourceData": {"a": 1}}),
                json!({"resourceData": [{"a": 1}, {}]}),
                false,
                vec![("/resourceData/1/a", Missing)],
            ),
            (
                "no entity",
                json!({"resourceData": {"a": 1}}),
                json!({"resourceData": 3}),
                false,
                vec![("/resourceData", Type)],
            ),
        ];
        for (name, example, actual, of_bot, expected) in table {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(pointer, kind)| (pointer.to_owned(), kind))
                .collect();
            assert_eq!(found(&[example], &actual, of_bot), expected, "{name}");
        }
    }
}
