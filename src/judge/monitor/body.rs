//! Compares a JSON value with a resource type of the contract: JSON types, words, `@odata.type`.
//!
//! The only required properties that are judged here are the kind and the id of people. Properties that no page lists
//! are not judged at all.

use serde_json::{Map, Value, json};

use super::conversation::breach;
use crate::contract::change::{Change, Subject};
use crate::contract::extracted::{Kind as JsonKind, Property};
use crate::contract::operation::Operation;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{JsonType, bare_type, entities, lookup};
use crate::contract::types;
use crate::diagnostic::pointer::{Path, Pointer};
use crate::judge::Breach;

/// A value that no page documents.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mismatch {
    pub pointer: Pointer,
    pub kind: Kind,
    pub expected: Value,
    pub actual: Value,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Another JSON type.
    Type,
    /// A word that is not listed.
    Word,
    /// An `@odata.type` that no page prints for this kind of object.
    UnknownType,
    /// A text that is longer than the page allows.
    Length,
    /// A person without an identity that has an id.
    Nobody,
}

/// The part of an exchange that has the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Request,
    Answer,
    Notification,
}

impl Part {
    const fn rule(self) -> Rule {
        match self {
            Self::Request => Rule::RequestBody,
            Self::Answer => Rule::ResponseBody,
            Self::Notification => Rule::NotificationBody,
        }
    }
}

impl Mismatch {
    /// The violation in a body of this part of an exchange.
    pub(super) fn breach(self, part: Part, exchange: u64) -> Breach {
        let requirement = match (self.kind, part) {
            (Kind::Length, Part::Request) => Requirement::InviteContextLimit,
            (Kind::UnknownType, Part::Request) => Requirement::RequestType,
            (Kind::UnknownType, Part::Answer | Part::Notification) => Requirement::TypeKind,
            (_, Part::Request) => Requirement::RequestBody,
            (_, Part::Answer) => Requirement::AnswerBody,
            (_, Part::Notification) => Requirement::NotificationBody,
        };
        let rule = match (self.kind, part) {
            (Kind::Length, Part::Request) => Rule::Limit,
            _ => part.rule(),
        };
        let values = (self.expected, self.actual);
        breach(
            requirement,
            rule,
            exchange,
            self.pointer,
            values,
            self.message,
        )
    }
}

/// What a comparison found.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub found: Vec<Mismatch>,
    /// Remarks on values that follow one documented alternative of several.
    pub notes: Vec<String>,
    /// The value has an `@odata.type`.
    pub has_types: bool,
}

/// Compares the body of a request.
pub(super) fn of_request(operation: &Operation, body: &Value) -> Compared {
    let mut walk = Compared::default();
    let root = Pointer::root();
    match &operation.body {
        Some(name) => walk.object(name, body, Path::At(&root)),
        None => walk.parameters(&operation.pages, body, Path::At(&root)),
    }
    walk
}

/// Compares the body of an answer.
pub(super) fn of_answer(operation: &Operation, body: &Value) -> Compared {
    let mut walk = Compared::default();
    let root = Pointer::root();
    let Some(name) = &operation.answer else {
        return walk;
    };
    if operation.is_list {
        walk.printed(body, Path::At(&root));
        if let Some((_, items)) = lookup(body, "value") {
            for (index, item) in entities(items).enumerate() {
                let value = Path::At(&root);
                let value = Path::Key(&value, "value");
                walk.object(name, item, Path::Index(&value, index));
            }
        }
    } else {
        walk.object(name, body, Path::At(&root));
    }
    walk.without_lengths()
}

/// Compares the type of the collection in a notification.
pub(super) fn of_collection(body: &Value) -> Compared {
    let mut walk = Compared::default();
    walk.wrapper("commsNotifications", body, Path::At(&Pointer::root()));
    walk
}

/// Compares a change at this place, and its entities.
pub(super) fn of_change(change: &Change<'_>, at: &Pointer) -> Compared {
    let mut walk = Compared::default();
    walk.wrapper("commsNotification", change.entry, Path::At(at));
    let name = match change.subject {
        Subject::Call => Some("call"),
        Subject::Operation => Some("commsOperation"),
        Subject::Roster => Some("participant").filter(|_| change.change_type != "deleted"),
        Subject::Other => None,
    };
    let data = at.key("resourceData");
    let is_list = change.data().is_array();
    for (index, entity) in entities(change.data()).enumerate() {
        let at = Path::At(&data);
        let item = Path::Index(&at, index);
        let at = if is_list { item } else { at };
        match name {
            Some(name) => walk.object(name, entity, at),
            None => {
                walk.printed(entity, at);
            }
        }
    }
    walk.without_lengths()
}

impl Compared {
    /// A service gives back what it got, however long it is.
    fn without_lengths(mut self) -> Self {
        self.found.retain(|it| it.kind != Kind::Length);
        self
    }

    fn add(&mut self, at: Path<'_>, kind: Kind, expected: Value, actual: &Value) {
        let pointer = at.pointer();
        let message = match kind {
            Kind::Type => format!(
                "{pointer} is {}, expected {}",
                JsonType::of(actual).as_str(),
                JsonType::of(&expected).as_str()
            ),
            Kind::Word => {
                format!("{pointer} is {actual}, which is not one of the documented values")
            }
            Kind::UnknownType => {
                format!("{pointer} is {actual}, which no page prints for {expected}")
            }
            Kind::Nobody => {
                format!("{pointer} names nobody, because it has no kind of identity with an id")
            }
            Kind::Length => {
                format!("{pointer} has {actual} characters; at most {expected} are allowed")
            }
        };
        self.found.push(Mismatch {
            pointer,
            kind,
            expected,
            actual: actual.clone(),
            message,
        });
    }

    /// The `@odata.type` of an object, without its namespace. One that is no text is a mismatch.
    fn printed<'v>(&mut self, value: &'v Value, at: Path<'_>) -> Option<&'v str> {
        let (_, printed) = lookup(value, TYPE)?;
        let Some(text) = printed.as_str() else {
            self.add(
                Path::Key(&at, TYPE),
                Kind::Type,
                json!("#microsoft.graph.…"),
                printed,
            );
            return None;
        };
        self.has_types = true;
        Some(bare_type(text).rsplit('.').next().unwrap_or(text))
    }

    /// The `@odata.type` of an object that has no resource type of its own is this one.
    fn wrapper(&mut self, documented: &str, value: &Value, at: Path<'_>) {
        let printed = self.printed(value, at);
        if let Some(printed) = printed.filter(|it| !it.eq_ignore_ascii_case(documented)) {
            self.add(
                Path::Key(&at, TYPE),
                Kind::UnknownType,
                json!(documented),
                &json!(printed),
            );
        }
    }

    fn parameters(&mut self, pages: &[String], body: &Value, at: Path<'_>) {
        self.printed(body, at);
        for (name, value) in body.as_object().into_iter().flatten() {
            let listed = types::parameter(pages, name);
            self.property(&listed, value, Path::Key(&at, name));
        }
    }

    fn object(&mut self, documented: &str, value: &Value, at: Path<'_>) {
        let Some(properties) = value.as_object() else {
            if !value.is_null() {
                self.add(at, Kind::Type, json!({}), value);
            }
            return;
        };
        let mut name = documented;
        if let Some(printed) = self.printed(value, at) {
            let is_documented = printed.eq_ignore_ascii_case(documented)
                || types::is_known(printed) && types::may_stand_for(printed, documented);
            if is_documented {
                name = printed;
            } else {
                let at = Path::Key(&at, TYPE);
                self.add(at, Kind::UnknownType, json!(documented), &json!(printed));
            }
        }
        let documented = types::properties(name);
        let found = self.found.len();
        for (property, value) in properties {
            let digits = value.as_str().map(str::parse::<i64>);
            if digits.is_some_and(|it| it.is_ok()) && types::may_be_text(name, property) {
                let note = format!(
                    "{property} is a text, as in an example of the pages; the page of {name} has a number"
                );
                self.notes.push(note);
                continue;
            }
            let listed = types::variants(documented, property);
            self.property(listed, value, Path::Key(&at, property));
        }
        if types::is_person(name) && self.found.len() == found {
            let identity = properties.get("identity").unwrap_or(&Value::Null);
            let mut kinds = identity.as_object().into_iter().flat_map(Map::values);
            let has_id = |who: &Value| lookup(who, "id").is_some_and(|(_, id)| id != "");
            if !kinds.any(has_id) {
                let at = Path::Key(&at, "identity");
                self.add(at, Kind::Nobody, json!({"user": {"id": "…"}}), identity);
            }
        }
    }

    /// Compares a value with the documented variants of a property; any of them may fit.
    fn property(&mut self, listed: &[&'static Property], value: &Value, at: Path<'_>) {
        if value.is_null() || listed.is_empty() {
            return;
        }
        let mut first = None;
        for property in listed {
            let mut walk = Self::default();
            walk.variant(property, value, at);
            self.has_types |= walk.has_types;
            if walk.found.is_empty() {
                self.notes.extend(walk.notes);
                return;
            }
            first.get_or_insert(walk.found);
        }
        self.found.extend(first.unwrap_or_default());
    }

    fn variant(&mut self, property: &Property, value: &Value, at: Path<'_>) {
        if !property.collection {
            self.item(property, value, at);
            return;
        }
        let Some(items) = value.as_array() else {
            self.add(at, Kind::Type, json!([]), value);
            return;
        };
        for (index, item) in items.iter().enumerate() {
            self.item(property, item, Path::Index(&at, index));
        }
    }

    fn item(&mut self, property: &Property, value: &Value, at: Path<'_>) {
        match (property.kind, value) {
            (JsonKind::Object, Value::Object(_)) => {
                if let Some(name) = &property.resource {
                    self.object(name, value, at);
                }
            }
            (JsonKind::String, Value::String(word)) => {
                let words = &property.words;
                let is_closed = !words.is_empty() && !words.iter().any(|it| it == OPEN);
                if is_closed && !words.iter().any(|it| it.eq_ignore_ascii_case(word)) {
                    self.add(at, Kind::Word, json!(words), value);
                }
                let length = word.chars().count();
                if property
                    .max_length
                    .is_some_and(|most| length > most as usize)
                {
                    self.add(at, Kind::Length, json!(property.max_length), &json!(length));
                }
            }
            (JsonKind::Boolean, Value::Bool(_)) | (JsonKind::Number, Value::Number(_)) => {}
            (kind, _) => {
                let sample = match kind {
                    JsonKind::Object => json!({}),
                    JsonKind::String => json!(""),
                    JsonKind::Boolean => json!(true),
                    JsonKind::Number => json!(0),
                };
                self.add(at, Kind::Type, sample, value);
            }
        }
    }
}

/// The property with the type of an object.
const TYPE: &str = "@odata.type";

/// An enumeration with this word may grow.
const OPEN: &str = "unknownFutureValue";
