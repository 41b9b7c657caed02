//! Compares the header fields that rules name, and those with addresses that a client follows.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;
use serde_json::json as value;

use super::at::At;
use super::comparison::{Comparison, Difference, Part};
use crate::diagnostic::pointer::Pointer;
use crate::http::message::Headers;
use crate::replay::rules::Compare;
use crate::replay::values::has_variable;
use crate::replay::values::mapping::Mapping;

impl Comparison {
    /// Compares the header fields that rules name, and those in `followed`, which name addresses.
    pub(in crate::replay) fn fields(
        &mut self,
        mapping: &Mapping,
        recorded: &Headers,
        live: &Headers,
        followed: &[&str],
    ) {
        if followed.is_empty() && self.rules.is_empty() {
            return;
        }
        let mut seen = HashSet::new();
        for (name, _) in recorded.iter() {
            let name = name.to_ascii_lowercase();
            let compare = self.rules.of_header(&name);
            let is_compared = compare.is_some() || followed.contains(&&*name);
            if is_compared && seen.insert(name.clone()) {
                self.field(mapping, &name, [recorded, live], compare);
            }
        }
    }

    /// Learns the values that the other fields of an answer give: a secret or an identifier in a cookie or in a field of
    /// any name. Whatever else differs in them is no difference.
    pub(in crate::replay) fn learn_fields(
        &mut self,
        mapping: &Mapping,
        recorded: &Headers,
        live: &Headers,
        followed: &[&str],
    ) {
        if !recorded.iter().any(|(_, value)| has_variable(value)) {
            return;
        }
        let mut given_live: HashMap<(String, &str), VecDeque<&str>> = HashMap::new();
        for (name, value) in live.iter() {
            let name = name.to_ascii_lowercase();
            let (key, value) = given(&name, value);
            given_live.entry((name, key)).or_default().push_back(value);
        }
        for (name, value) in recorded.iter() {
            let name = name.to_ascii_lowercase();
            if followed.contains(&&*name) || self.rules.of_header(&name).is_some() {
                continue;
            }
            let (key, value) = given(&name, value);
            let live = given_live.get_mut(&(name, key));
            let live = live.and_then(VecDeque::pop_front);
            if let (true, Some(live)) = (has_variable(value), live) {
                let learnt = self.learnt.clone();
                if !self.texts(mapping, "", value, live, At::Other) {
                    self.learnt = learnt;
                }
            }
        }
    }

    /// Compares the values of a field, in their order.
    fn field(
        &mut self,
        mapping: &Mapping,
        name: &str,
        headers: [&Headers; 2],
        compare: Option<Compare>,
    ) {
        let [recorded, live] = headers.map(|it| {
            let fields = it.iter();
            let fields = fields.filter(|(own, _)| own.eq_ignore_ascii_case(name));
            fields.map(|(_, value)| value).collect::<Vec<_>>()
        });
        for (at, recorded) in recorded.iter().enumerate() {
            let live = live.get(at).copied();
            let is_same = match (compare, live) {
                (Some(Compare::Ignore), _) | (Some(Compare::Shape), Some(_)) => true,
                (_, None) => false,
                (Some(Compare::Exact), Some(live)) => {
                    self.is_exact(mapping, "", recorded, live, At::Other)
                }
                (None, Some(live)) => self.addresses(mapping, name, recorded, live),
            };
            if !is_same {
                let expected = match compare {
                    None => mapping.translated(recorded),
                    Some(_) => (*recorded).to_owned(),
                };
                self.differ_in_field(name, value!(expected), live.map(Value::from));
            }
        }
        if let (Some(Compare::Exact), Some(added)) = (compare, live.get(recorded.len())) {
            self.differ_in_field(name, Value::Null, Some(value!(added)));
        }
    }

    pub(super) fn differ_in_field(&mut self, name: &str, expected: Value, actual: Option<Value>) {
        self.differences.push(Difference {
            part: Part::Header(name.to_owned()),
            pointer: Pointer::root(),
            pattern: Pointer::root(),
            expected,
            actual,
        });
    }
}

/// The name of a cookie that a field sets, and its value (RFC 6265 section 4.1.1); of another field, all of it.
fn given<'a>(field: &str, value: &'a str) -> (&'a str, &'a str) {
    if field != "set-cookie" {
        return ("", value);
    }
    let pair = value.split(';').next().unwrap_or(value);
    pair.split_once('=').unwrap_or(("", pair))
}
