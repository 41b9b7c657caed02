//! Checks that a text is JSON, and that a line of a cassette can hold it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::http::message::DEEPEST;

/// True if the text is JSON of no more levels than a reader of cassettes takes.
pub(super) fn fits_a_line(text: &str) -> bool {
    let mut json = serde_json::Deserializer::from_str(text);
    Depth(DEEPEST)
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .is_ok()
}

/// The levels of nesting that are left.
struct Depth(usize);

impl Depth {
    fn deeper<E: Error>(&self) -> Result<usize, E> {
        let depth = self.0.checked_sub(1);
        depth.ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        while items.next_element_seed(Depth(depth))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut properties: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        while properties.next_key_seed(Depth(depth))?.is_some() {
            properties.next_value_seed(Depth(depth))?;
        }
        Ok(())
    }
}
