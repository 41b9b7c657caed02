//! Deserializes JSON with places into the types of the file format.
//!
//! Every error is a [`Cause`] at the offset of its value, or of its property name.

use std::collections::HashSet;
use std::slice::Iter;

use jsonc_parser::ast::{ObjectProp, Value};
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use super::error::{Cause, Expected, Mismatch, Object};
use crate::diagnostic::json::{key_of, range};

pub(super) fn read<'de, T: Deserialize<'de>>(
    text: &'de str,
    value: &'de Value<'de>,
) -> Result<T, Mismatch> {
    T::deserialize(Node { text, value })
}

/// The Rust type whose words are too many to list.
const REQUIREMENT: &str = "Requirement";

#[derive(Clone, Copy)]
struct Node<'de> {
    text: &'de str,
    value: &'de Value<'de>,
}

impl<'de> Node<'de> {
    fn start(self) -> usize {
        range(self.value).start
    }

    fn written(self) -> &'de str {
        self.text.get(range(self.value)).unwrap_or_default()
    }

    fn number(self, written: &str) -> Result<serde_json::Number, Mismatch> {
        let number = serde_json::from_str(written);
        number.map_err(|_| Mismatch::from(Cause::Range).at(self.start()))
    }

    /// This value where another is expected.
    fn unexpected(self, expected: Expected) -> Mismatch {
        let written = self.written();
        let is_whole = !written.contains(['.', 'e', 'E']);
        let found = match self.value {
            Value::StringLit(_) => format!("string {written}"),
            Value::NumberLit(_) if is_whole => format!("integer `{written}`"),
            Value::NumberLit(_) => format!("fraction `{written}`"),
            Value::BooleanLit(_) => format!("boolean `{written}`"),
            Value::Object(_) => "object".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::NullKeyword(_) => "null".to_owned(),
        };
        let is_number = matches!(self.value, Value::NumberLit(_)) && is_whole;
        let is_type = !(is_number && matches!(expected, Expected::Whole(_)));
        let cause = Cause::Unexpected {
            found,
            is_type,
            expected,
        };
        Mismatch::from(cause).at(self.start())
    }

    fn whole<V: Visitor<'de>>(self, most: u64, visitor: V) -> Result<V::Value, Mismatch> {
        let number = match self.value {
            Value::NumberLit(number) => self.number(number.value)?.as_u64(),
            _ => None,
        };
        match number.filter(|number| *number <= most) {
            Some(number) => visitor.visit_u64(number),
            None => Err(self.unexpected(Expected::Whole(most))),
        }
    }

    fn array<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let Value::Array(array) = self.value else {
            return Err(self.unexpected(Expected::Array));
        };
        let read = visitor.visit_seq(Items {
            text: self.text,
            rest: array.elements.iter(),
        });
        read.map_err(|error| error.at(self.start()))
    }

    fn object<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let Value::Object(object) = self.value else {
            return Err(self.unexpected(Expected::Object));
        };
        let read = visitor.visit_map(Properties {
            text: self.text,
            rest: object.properties.iter(),
            value: None,
            names: HashSet::new(),
        });
        read.map_err(|error| error.at(self.start()))
    }
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.value {
            Value::NullKeyword(_) => visitor.visit_unit(),
            Value::BooleanLit(literal) => visitor.visit_bool(literal.value),
            Value::StringLit(literal) => visitor.visit_str(&literal.value),
            Value::NumberLit(literal) => {
                let number = self.number(literal.value)?;
                let read = number.deserialize_any(visitor);
                read.map_err(|error| Mismatch::custom(error).at(self.start()))
            }
            Value::Array(_) => self.array(visitor),
            Value::Object(_) => self.object(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.value {
            Value::NullKeyword(_) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.value {
            Value::StringLit(literal) => visitor.visit_str(&literal.value),
            _ => Err(self.unexpected(Expected::String)),
        }
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.whole(u16::MAX.into(), visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.whole(u32::MAX.into(), visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.whole(u64::MAX, visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.array(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.object(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        kind: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match (Object::of(kind), self.value) {
            (_, Value::Object(_)) | (None, _) => self.object(visitor),
            (Some(object), _) => Err(Mismatch::from(Cause::NoObject(object)).at(self.start())),
        }
    }

    /// Reads a word, or an object whose only property names the variant.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        kind: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let read = match (Object::of(kind), self.value) {
            (None, Value::StringLit(word))
                if kind == REQUIREMENT && !known.contains(&&*word.value) =>
            {
                Err(Cause::Requirement(word.value.to_string()).into())
            }
            (None, Value::StringLit(word)) => visitor.visit_enum(StrDeserializer::new(&word.value)),
            (None, _) => Err(self.unexpected(Expected::Word)),
            (Some(_), Value::Object(object)) => match object.properties.as_slice() {
                [property] => visitor.visit_enum(Variant {
                    text: self.text,
                    property,
                }),
                properties => Err(Cause::Messages(properties.len()).into()),
            },
            (Some(object), _) => Err(Cause::NoObject(object).into()),
        };
        read.map_err(|error| error.at(self.start()))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u128 f32 f64 char str bytes byte_buf unit unit_struct
        newtype_struct tuple tuple_struct identifier ignored_any
    }
}

struct Items<'de> {
    text: &'de str,
    rest: Iter<'de, Value<'de>>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mismatch> {
        let text = self.text;
        let next = self.rest.next();
        next.map(|value| seed.deserialize(Node { text, value }))
            .transpose()
    }
}

struct Properties<'de> {
    text: &'de str,
    rest: Iter<'de, ObjectProp<'de>>,
    /// The value of the last name.
    value: Option<&'de Value<'de>>,
    names: HashSet<&'de str>,
}

impl<'de> MapAccess<'de> for Properties<'de> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mismatch> {
        let Some(property) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(&property.value);
        if !self.names.insert(property.name.as_str()) {
            let written = self.text.get(key_of(property)).unwrap_or_default();
            let repeated = Mismatch::from(Cause::Repeated(written.to_owned()));
            return Err(repeated.at(key_of(property).start));
        }
        seed.deserialize(name(property))
            .map(Some)
            .map_err(|error| error.at(key_of(property).start))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        let text = self.text;
        let value = self
            .value
            .take()
            .ok_or_else(|| Mismatch::custom("a name is read first"))?;
        seed.deserialize(Node { text, value })
    }
}

fn name<'de>(property: &'de ObjectProp<'de>) -> StrDeserializer<'de, Mismatch> {
    StrDeserializer::new(property.name.as_str())
}

struct Variant<'de> {
    text: &'de str,
    property: &'de ObjectProp<'de>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Mismatch;
    type Variant = Node<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Node<'de>), Mismatch> {
        let (text, value) = (self.text, &self.property.value);
        let variant = seed.deserialize(name(self.property));
        variant
            .map(|variant| (variant, Node { text, value }))
            .map_err(|error| error.at(key_of(self.property).start))
    }
}

impl<'de> VariantAccess<'de> for Node<'de> {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        Err(self.unexpected(Expected::Word))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mismatch> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.array(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.object(visitor)
    }
}
