//! The fingerprint of a request: hashes that find its recording without a comparison.
//!
//! The order of properties makes no difference. A body is hashed while it is read, from bytes or
//! from a value: nothing is built of it.

use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher as _, Hash};

use foldhash::quality::FixedState;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::api::resource;
use crate::api::resource::Resource;
use crate::contract::shape::canonical;
use crate::http::message::Body;
use crate::replay::values;
use crate::replay::values::{Key, TextKind};

/// How much of a request a hash covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::replay) enum Precision {
    Everything,
    /// Without the identifiers that the bot chose.
    WithoutChosen,
    /// Without the values that differ from run to run.
    Fixed,
    MethodAndPath,
}

impl Precision {
    /// From the nearest to the widest.
    pub(in crate::replay) const ALL: [Self; 4] = [
        Self::Everything,
        Self::WithoutChosen,
        Self::Fixed,
        Self::MethodAndPath,
    ];
}

/// The hashes of a request in [all precisions](Precision::ALL).
pub(in crate::replay) type PrecisionHashes = [u64; Precision::ALL.len()];

/// Fixed seeds suffice: hashes are compared within one run only.
const SEEDS: [FixedState; 2] = [FixedState::with_seed(3), FixedState::with_seed(4)];

/// The hashes of a request, and its identifiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::replay) struct Fingerprint {
    pub(in crate::replay) hashes: Hashes,
    /// Sorted, each once.
    pub(in crate::replay) ids: Vec<Key>,
}

/// The hashes of a request, from which those of the precisions are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::replay) struct Hashes {
    all: u64,
    fixed: u64,
    method_and_path: u64,
    /// Two requests are identical if they have the same `exact` and the same hash of
    /// [`Precision::Everything`], and their identifiers map to themselves. `None` if a comparison is
    /// needed.
    pub(in crate::replay) exact: Option<u64>,
}

impl Fingerprint {
    pub(in crate::replay) fn of(method: &str, target: &str, body: &Body) -> Self {
        let mut seen = Seen::default();
        let body = match body {
            Body::Empty => ValueHash::NONE,
            Body::Json(value) => {
                let reader = ValueSeed {
                    name: "",
                    seen: &mut seen,
                };
                reader
                    .deserialize(value)
                    .map_or(ValueHash::NONE, Hashed::value_hash)
            }
            Body::Text(_) | Body::Bytes(_) | Body::Omitted(_) => {
                seen.needs_comparison = true;
                ValueHash::NONE
            }
        };
        Self::with(method, target, body, seen)
    }

    /// The fingerprint of a request with a body of JSON or none; `None` for any other body.
    pub(in crate::replay) fn of_bytes(method: &str, target: &str, body: &[u8]) -> Option<Self> {
        let mut seen = Seen::default();
        if body.is_empty() {
            return Some(Self::with(method, target, ValueHash::NONE, seen));
        }
        let mut bytes = serde_json::Deserializer::from_slice(body);
        let reader = ValueSeed {
            name: "",
            seen: &mut seen,
        };
        let body = reader.deserialize(&mut bytes).ok()?.value_hash();
        bytes.end().ok()?;
        Some(Self::with(method, target, body, seen))
    }

    fn with(method: &str, target: &str, body: ValueHash, mut seen: Seen) -> Self {
        let (shape, ids) = if let Some(resource) = Resource::parse(target) {
            seen.needs_comparison |= !target.contains('/');
            path_hash(resource, &mut seen.ids)
        } else {
            let ids = values::ids_of_path(target);
            // The comparison does not look at them.
            seen.needs_comparison |= !ids.is_empty();
            let shape = of_text(&resource::shape_of(target));
            (shape, of_ids(&ids, &mut seen.ids))
        };
        let method_and_path = mix(0, (method, shape.fixed));
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let query = mix(0, query);
        let exact = mix(1, (method, shape.exact, ids.exact, body.exact));
        seen.ids.sort_unstable();
        seen.ids.dedup();
        let hashes = Hashes {
            all: mix(0, (method_and_path, query, ids.all, body.all)),
            fixed: mix(0, (method_and_path, query, body.fixed)),
            method_and_path,
            exact: (!seen.needs_comparison).then_some(exact),
        };
        Self {
            hashes,
            ids: seen.ids,
        }
    }
}

impl Hashes {
    /// The hash of a precision. `ids` are the identifiers of the request; `is_issued` is true for those
    /// that the recorded service chose.
    pub(in crate::replay) fn at(
        &self,
        precision: Precision,
        ids: &[Key],
        is_issued: impl Fn(Key) -> bool,
    ) -> u64 {
        match precision {
            Precision::Everything => self.all,
            Precision::WithoutChosen => {
                let issued = ids.iter().filter(|key| is_issued(**key));
                let sum = issued.fold(0_u64, |sum, key| sum.wrapping_add(mix(0, key)));
                mix(0, (self.fixed, sum))
            }
            Precision::Fixed => self.fixed,
            Precision::MethodAndPath => self.method_and_path,
        }
    }

    pub(in crate::replay) const fn everything(&self) -> u64 {
        self.all
    }
}

/// The hashes of a value: all of it, without what differs from run to run, and as it is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ValueHash {
    all: u64,
    fixed: u64,
    exact: u64,
}

impl ValueHash {
    const NONE: Self = Self {
        all: 0,
        fixed: 0,
        exact: 0,
    };

    fn of(kind: Kind, number: u64) -> Self {
        Self {
            all: mix(0, (kind as u64, number)),
            fixed: mix(0, (kind as u64, number)),
            exact: mix(1, (kind as u64, number)),
        }
    }

    /// The hash of a sequence.
    fn then(self, other: Self) -> Self {
        Self {
            all: mix(0, (self.all, other.all)),
            fixed: mix(0, (self.fixed, other.fixed)),
            exact: mix(1, (self.exact, other.exact)),
        }
    }

    /// The hash of a set.
    const fn with(self, other: Self) -> Self {
        Self {
            all: self.all.wrapping_add(other.all),
            fixed: self.fixed.wrapping_add(other.fixed),
            exact: self.exact.wrapping_add(other.exact),
        }
    }
}

/// Hashed with a value, so that values of different kinds differ.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Null,
    Bool,
    Number,
    Array,
    Object,
    Time,
}

fn mix(seed: usize, what: impl Hash) -> u64 {
    SEEDS[seed].hash_one(what)
}

fn of_text(text: &str) -> ValueHash {
    let loose = mix(0, text);
    ValueHash {
        all: loose,
        fixed: loose,
        exact: mix(1, text),
    }
}

fn id(id: &str, ids: &mut Vec<Key>) -> ValueHash {
    let key = Key::of(id);
    ids.push(key);
    ValueHash {
        all: mix(0, key),
        fixed: 0,
        exact: mix(1, key),
    }
}

fn of_ids(list: &[String], ids: &mut Vec<Key>) -> ValueHash {
    list.iter()
        .fold(ValueHash::NONE, |hash, one| hash.then(id(one, ids)))
}

/// The hash of a path without its identifiers, and that of the identifiers.
fn path_hash(resource: Resource, ids: &mut Vec<Key>) -> (ValueHash, ValueHash) {
    let shape = match &resource {
        Resource::Calls => of_text("calls"),
        Resource::Call(_) => of_text("calls/{}"),
        Resource::Operation { .. } => of_text("calls/{}/operations/{}"),
        Resource::Participants(_) => of_text("calls/{}/participants"),
        Resource::Participant { .. } => of_text("calls/{}/participants/{}"),
        Resource::Action { action, .. } => of_text(action).then(of_text("calls/{}")),
    };
    (shape, of_ids(&values::ids_of(resource), ids))
}

#[derive(Debug, Default)]
struct Seen {
    /// Equal fingerprints do not prove that two requests are the same.
    needs_comparison: bool,
    ids: Vec<Key>,
}

enum Hashed {
    Null,
    /// An `@odata.type`, which a sender may leave out.
    Type(u64),
    Value(ValueHash),
}

impl Hashed {
    fn value_hash(self) -> ValueHash {
        match self {
            Self::Null => ValueHash::of(Kind::Null, 0),
            Self::Type(exact) => ValueHash {
                exact,
                ..ValueHash::NONE
            },
            Self::Value(hash) => hash,
        }
    }
}

/// A value with the name of its property; items of an array have that of the array.
struct ValueSeed<'a> {
    name: &'a str,
    seen: &'a mut Seen,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Hashed;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Hashed, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Hashed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Hashed, E> {
        Ok(Hashed::Null)
    }

    fn visit_bool<E>(self, is: bool) -> Result<Hashed, E> {
        Ok(Hashed::Value(ValueHash::of(Kind::Bool, u64::from(is))))
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers are compared so")]
    fn visit_u64<E>(self, number: u64) -> Result<Hashed, E> {
        Ok(of_number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers are compared so")]
    fn visit_i64<E>(self, number: i64) -> Result<Hashed, E> {
        Ok(of_number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Hashed, E> {
        Ok(of_number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Hashed, E> {
        if self.name == "@odata.type" {
            return Ok(Hashed::Type(mix(1, text.trim_start_matches('#'))));
        }
        let ids = &mut self.seen.ids;
        if let Some(resource) = values::path(text) {
            let (shape, named) = path_hash(resource, ids);
            return Ok(Hashed::Value(shape.then(named)));
        }
        Ok(Hashed::Value(
            match values::kind_of_other(self.name, text) {
                TextKind::Fixed | TextKind::Path => of_text(text),
                TextKind::Id => id(text, ids),
                TextKind::Time => ValueHash::of(Kind::Time, 0),
                // The comparison learns it.
                TextKind::Address => {
                    self.seen.needs_comparison = true;
                    ValueHash {
                        all: mix(0, text),
                        ..ValueHash::NONE
                    }
                }
            },
        ))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Hashed, A::Error> {
        let mut hash = ValueHash::of(Kind::Array, 0);
        loop {
            let reader = ValueSeed {
                name: self.name,
                seen: &mut *self.seen,
            };
            let Some(read) = items.next_element_seed(reader)? else {
                return Ok(Hashed::Value(hash));
            };
            hash = hash.then(read.value_hash());
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut properties: A) -> Result<Hashed, A::Error> {
        let mut hash = ValueHash::of(Kind::Object, 0);
        while let Some(Name(name)) = properties.next_key()? {
            let read = properties.next_value_seed(ValueSeed {
                name: &name,
                seen: &mut *self.seen,
            })?;
            let exact = mix(1, &*name);
            let property = match read {
                // Null is as good as absent.
                Hashed::Null => continue,
                Hashed::Type(value) => ValueHash {
                    exact: mix(1, (exact, value)),
                    ..ValueHash::NONE
                },
                Hashed::Value(value) => {
                    let loose = mix(0, canonical(&name));
                    let name = ValueHash {
                        all: loose,
                        fixed: loose,
                        exact,
                    };
                    name.then(value)
                }
            };
            hash = hash.with(property);
        }
        Ok(Hashed::Value(hash))
    }
}

/// As for the comparison, 1 is 1.0.
fn of_number(number: f64) -> Hashed {
    Hashed::Value(ValueHash::of(Kind::Number, number.to_bits()))
}

/// The name of a property, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        from.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn fingerprint(body: &str) -> Fingerprint {
        Fingerprint::of_bytes("POST", "/app/calls/1/x", body.as_bytes()).unwrap()
    }

    fn hashes(body: &str) -> Hashes {
        fingerprint(body).hashes
    }

    #[test]
    fn bytes_and_values_have_one_fingerprint() {
        let text = r#"{"a":[1,null,{"id":"x"},"2026-01-01T00:00:00Z"],"b\u0020":{"c":-0.5e1,"resource":"/app/calls/7"}}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        let of_value = Fingerprint::of("POST", "/app/calls/1/x", &Body::Json(value));
        assert_eq!(fingerprint(text), of_value);
        assert!(Fingerprint::of_bytes("POST", "/x", b"{,}").is_none());
        assert!(Fingerprint::of_bytes("POST", "/x", b"{} 1").is_none());
    }

    #[test]
    fn only_equal_requests_have_equal_exact_hashes() {
        let one = hashes(r##"{"a":1,"b":{"id":"x","t":null},"@odata.type":"#t"}"##);
        let same = hashes(r#"{"@odata.type":"t","b":{"id":"x"},"a":1.0}"#);
        assert_eq!((one.all, one.exact), (same.all, same.exact));
        assert!(one.exact.is_some());
        for other in [
            r#"{"a":1,"b":{"id":"y"},"@odata.type":"t"}"#,
            r#"{"a":1,"b":{"id":"x"}}"#,
            r#"{"a":1,"b":{"id":"x"},"@odata.type":"u"}"#,
            r#"{"a":true,"b":{"id":"x"},"@odata.type":"t"}"#,
            r#"{"a":[1],"b":{"id":"x"},"@odata.type":"t"}"#,
            r#"{"a":1,"b":{"id":"x"},"@odata.type":"t","c":{}}"#,
            r#"{"a":1,"id":"x","b":{},"@odata.type":"t"}"#,
        ] {
            assert_ne!(one.exact, hashes(other).exact, "{other}");
        }
        assert_ne!(hashes("[null,1]").exact, hashes("[1,null]").exact);
        assert_ne!(hashes("null").exact, hashes("{}").exact);
        assert_eq!(hashes(r#"{"callback":"http://h/"}"#).exact, None);
    }
}
