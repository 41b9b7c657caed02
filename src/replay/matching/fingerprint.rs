//! What a request is, in numbers that a hash makes of it, without regard to the order of properties.
//!
//! A body is read as it comes, from bytes or from a value: nothing is built of it.

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

/// How many marks a request has.
pub(in crate::replay) const LEVELS: usize = 4;

/// A request at every level, from the nearest to the widest: everything that it says; the same but
/// for values that the bot made up; the same but for all values that differ from run to run; method
/// and path alone.
pub(in crate::replay) type Fingerprints = [u64; LEVELS];

/// Marks are compared within one run only.
const SEEDS: [FixedState; 2] = [FixedState::with_seed(3), FixedState::with_seed(4)];

/// A request in numbers, and what identifies something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::replay) struct Fingerprint {
    pub(in crate::replay) numbers: Numbers,
    /// The identifiers in it, in their order, each once.
    pub(in crate::replay) ids: Vec<Key>,
}

/// What a request says, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::replay) struct Numbers {
    all: u64,
    fixed: u64,
    line: u64,
    /// Where two requests have the same of this and of the nearest mark, and their identifiers stand
    /// for themselves, nothing departs. None where more than that tells whether they are the same.
    pub(in crate::replay) exact: Option<u64>,
}

impl Fingerprint {
    pub(in crate::replay) fn of(method: &str, target: &str, body: &Body) -> Self {
        let mut seen = Seen::default();
        let body = match body {
            Body::Empty => Lanes::NONE,
            Body::Json(value) => {
                let part = Part {
                    name: "",
                    seen: &mut seen,
                };
                part.deserialize(value).map_or(Lanes::NONE, Read::lanes)
            }
            Body::Text(_) | Body::Bytes(_) | Body::Omitted(_) => {
                seen.takes_more = true;
                Lanes::NONE
            }
        };
        Self::with(method, target, body, seen)
    }

    /// The print of a request of which the body is these bytes; none where they are no JSON.
    pub(in crate::replay) fn of_bytes(method: &str, target: &str, body: &[u8]) -> Option<Self> {
        let mut seen = Seen::default();
        if body.is_empty() {
            return Some(Self::with(method, target, Lanes::NONE, seen));
        }
        let mut bytes = serde_json::Deserializer::from_slice(body);
        let part = Part {
            name: "",
            seen: &mut seen,
        };
        let body = part.deserialize(&mut bytes).ok()?.lanes();
        bytes.end().ok()?;
        Some(Self::with(method, target, body, seen))
    }

    fn with(method: &str, target: &str, body: Lanes, mut seen: Seen) -> Self {
        let (shape, ids) = if let Some(resource) = Resource::parse(target) {
            seen.takes_more |= !target.contains('/');
            path_lanes(resource, &mut seen.ids)
        } else {
            let ids = values::ids_of_path(target);
            // The comparison does not ask for them.
            seen.takes_more |= !ids.is_empty();
            let shape = text(&resource::shape_of(target));
            (shape, of_ids(&ids, &mut seen.ids))
        };
        let line = mix(0, (method, shape.fixed));
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let query = mix(0, query);
        let exact = mix(1, (method, shape.exact, ids.exact, body.exact));
        seen.ids.sort_unstable();
        seen.ids.dedup();
        let numbers = Numbers {
            all: mix(0, (line, query, ids.all, body.all)),
            fixed: mix(0, (line, query, body.fixed)),
            line,
            exact: (!seen.takes_more).then_some(exact),
        };
        Self {
            numbers,
            ids: seen.ids,
        }
    }
}

impl Numbers {
    /// The mark of a level; `ids` are the identifiers of the request, and it is told which of them
    /// the recorded service made up.
    pub(in crate::replay) fn mark(
        &self,
        level: usize,
        ids: &[Key],
        is_issued: impl Fn(Key) -> bool,
    ) -> u64 {
        match level {
            0 => self.all,
            1 => {
                let issued = ids.iter().filter(|key| is_issued(**key));
                let told = issued.fold(0_u64, |sum, key| sum.wrapping_add(mix(0, key)));
                mix(0, (self.fixed, told))
            }
            2 => self.fixed,
            _ => self.line,
        }
    }

    /// The nearest mark.
    pub(in crate::replay) const fn nearest(&self) -> u64 {
        self.all
    }
}

/// What a value is at the levels that look into bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lanes {
    all: u64,
    fixed: u64,
    exact: u64,
}

impl Lanes {
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

    /// This one, and then another.
    fn then(self, other: Self) -> Self {
        Self {
            all: mix(0, (self.all, other.all)),
            fixed: mix(0, (self.fixed, other.fixed)),
            exact: mix(1, (self.exact, other.exact)),
        }
    }

    /// This one and another, in no order.
    const fn with(self, other: Self) -> Self {
        Self {
            all: self.all.wrapping_add(other.all),
            fixed: self.fixed.wrapping_add(other.fixed),
            exact: self.exact.wrapping_add(other.exact),
        }
    }
}

/// What a value is, so that those of different kinds differ.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Null,
    Bool,
    Number,
    Array,
    Object,
    Passing,
}

fn mix(lane: usize, what: impl Hash) -> u64 {
    SEEDS[lane].hash_one(what)
}

fn text(text: &str) -> Lanes {
    let loose = mix(0, text);
    Lanes {
        all: loose,
        fixed: loose,
        exact: mix(1, text),
    }
}

fn id(id: &str, ids: &mut Vec<Key>) -> Lanes {
    let key = Key::of(id);
    ids.push(key);
    Lanes {
        all: mix(0, key),
        fixed: 0,
        exact: mix(1, key),
    }
}

fn of_ids(list: &[String], ids: &mut Vec<Key>) -> Lanes {
    list.iter()
        .fold(Lanes::NONE, |lanes, one| lanes.then(id(one, ids)))
}

/// The form of a path, and the identifiers in it.
fn path_lanes(resource: Resource, ids: &mut Vec<Key>) -> (Lanes, Lanes) {
    let form = match &resource {
        Resource::Calls => text("calls"),
        Resource::Call(_) => text("calls/{}"),
        Resource::Operation { .. } => text("calls/{}/operations/{}"),
        Resource::Participants(_) => text("calls/{}/participants"),
        Resource::Participant { .. } => text("calls/{}/participants/{}"),
        Resource::Action { action, .. } => text(action).then(text("calls/{}")),
    };
    (form, of_ids(&values::ids_of(resource), ids))
}

/// What was seen of a request on the way.
#[derive(Debug, Default)]
struct Seen {
    /// It takes more than the print to tell whether it is the same.
    takes_more: bool,
    ids: Vec<Key>,
}

/// A value that was read.
enum Read {
    Null,
    /// The type of an object, which nobody need give.
    Type(u64),
    Some(Lanes),
}

impl Read {
    fn lanes(self) -> Lanes {
        match self {
            Self::Null => Lanes::of(Kind::Null, 0),
            Self::Type(exact) => Lanes {
                exact,
                ..Lanes::NONE
            },
            Self::Some(lanes) => lanes,
        }
    }
}

/// A value under the name of a property; items of an array have that of the array.
struct Part<'a> {
    name: &'a str,
    seen: &'a mut Seen,
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Read;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Read, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Read, E> {
        Ok(Read::Null)
    }

    fn visit_bool<E>(self, is: bool) -> Result<Read, E> {
        Ok(Read::Some(Lanes::of(Kind::Bool, u64::from(is))))
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers are compared so")]
    fn visit_u64<E>(self, number: u64) -> Result<Read, E> {
        Ok(of_number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers are compared so")]
    fn visit_i64<E>(self, number: i64) -> Result<Read, E> {
        Ok(of_number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Read, E> {
        Ok(of_number(number))
    }

    fn visit_str<E>(self, said: &str) -> Result<Read, E> {
        if self.name == "@odata.type" {
            return Ok(Read::Type(mix(1, said.trim_start_matches('#'))));
        }
        let ids = &mut self.seen.ids;
        if let Some(resource) = values::path(said) {
            let (form, named) = path_lanes(resource, ids);
            return Ok(Read::Some(form.then(named)));
        }
        Ok(Read::Some(match values::kind_of_other(self.name, said) {
            TextKind::Fixed | TextKind::Path => text(said),
            TextKind::Id => id(said, ids),
            TextKind::Time => Lanes::of(Kind::Passing, 0),
            // The one that was told it comes first; another may take its place.
            TextKind::Address => {
                self.seen.takes_more = true;
                Lanes {
                    all: mix(0, said),
                    ..Lanes::NONE
                }
            }
        }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Read, A::Error> {
        let mut lanes = Lanes::of(Kind::Array, 0);
        loop {
            let part = Part {
                name: self.name,
                seen: &mut *self.seen,
            };
            let Some(read) = items.next_element_seed(part)? else {
                return Ok(Read::Some(lanes));
            };
            lanes = lanes.then(read.lanes());
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut properties: A) -> Result<Read, A::Error> {
        let mut lanes = Lanes::of(Kind::Object, 0);
        while let Some(Name(name)) = properties.next_key()? {
            let read = properties.next_value_seed(Part {
                name: &name,
                seen: &mut *self.seen,
            })?;
            let exact = mix(1, &*name);
            let of_it = match read {
                // As if it were not there.
                Read::Null => continue,
                Read::Type(value) => Lanes {
                    exact: mix(1, (exact, value)),
                    ..Lanes::NONE
                },
                Read::Some(value) => {
                    let loose = mix(0, canonical(&name));
                    let name = Lanes {
                        all: loose,
                        fixed: loose,
                        exact,
                    };
                    name.then(value)
                }
            };
            lanes = lanes.with(of_it);
        }
        Ok(Read::Some(lanes))
    }
}

/// As the comparison sees it: 1 is 1.0.
fn of_number(number: f64) -> Read {
    Read::Some(Lanes::of(Kind::Number, number.to_bits()))
}

/// The name of a property, borrowed where it stands as it is.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Taken;
        impl<'de> Visitor<'de> for Taken {
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
        from.deserialize_str(Taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn print(body: &str) -> Fingerprint {
        Fingerprint::of_bytes("POST", "/app/calls/1/x", body.as_bytes()).unwrap()
    }

    fn numbers(body: &str) -> Numbers {
        print(body).numbers
    }

    #[test]
    fn bytes_and_values_have_one_print() {
        let text = r#"{"a":[1,null,{"id":"x"},"2026-01-01T00:00:00Z"],"b\u0020":{"c":-0.5e1,"resource":"/app/calls/7"}}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        let of_value = Fingerprint::of("POST", "/app/calls/1/x", &Body::Json(value));
        assert_eq!(print(text), of_value);
        assert!(Fingerprint::of_bytes("POST", "/x", b"{,}").is_none());
        assert!(Fingerprint::of_bytes("POST", "/x", b"{} 1").is_none());
    }

    #[test]
    fn what_departs_from_nothing_is_exact() {
        let one = numbers(r##"{"a":1,"b":{"id":"x","t":null},"@odata.type":"#t"}"##);
        let same = numbers(r#"{"@odata.type":"t","b":{"id":"x"},"a":1.0}"#);
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
            assert_ne!(one.exact, numbers(other).exact, "{other}");
        }
        assert_ne!(numbers("[null,1]").exact, numbers("[1,null]").exact);
        assert_ne!(numbers("null").exact, numbers("{}").exact);
        assert_eq!(numbers(r#"{"callback":"http://h/"}"#).exact, None);
    }
}
