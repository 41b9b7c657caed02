//! Generates new values in place of the choices of the recorded bot, so that two replays against one service do not
//! collide. Not for: people, tenants and threads, which the service knows, and calls, which it creates.

use std::hash::BuildHasher as _;

use foldhash::quality::FixedState;
use serde_json::Value;

use super::mapping::SEPARATORS;
use crate::api::identifier;
use crate::http::message::Request;

/// Generates one value of this run for each recorded value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Generator(u128);

/// The header fields in which a bot identifies its requests.
const FIELDS: [&str; 2] = ["client-request-id", "x-ms-client-request-id"];

/// The prefix of the first segment of the callback's path.
const RUN: &str = "run-";

/// The hexadecimal digits of the run's number behind the prefix.
const DIGITS: usize = 12;

impl Generator {
    /// `seed` is random, and different in each run.
    pub(crate) const fn new(seed: u128) -> Self {
        Self(seed)
    }

    /// The callback of this run below an address that confcall listens on.
    pub(crate) fn callback(self, address: &str) -> String {
        let number = &format!("{:032x}", self.0)[..DIGITS];
        format!("{}/{RUN}{number}", address.trim_end_matches('/'))
    }

    /// The value for a recorded one: a GUID, spelled as that one. A longer text keeps its beginning
    /// and its length.
    pub(in crate::replay) fn value(self, recorded: &str) -> String {
        let digits = format!("{:032x}", self.number(recorded));
        let mut id = if identifier::is_guid(recorded) && !recorded.contains('-') {
            digits
        } else {
            let parts = [
                &digits[..8],
                &digits[8..12],
                &digits[12..16],
                &digits[16..20],
            ];
            format!("{}-{}", parts.join("-"), &digits[20..])
        };
        if identifier::is_guid(recorded) && recorded.bytes().any(|it| it.is_ascii_uppercase()) {
            id.make_ascii_uppercase();
        }
        let before = recorded.chars().count().saturating_sub(id.len());
        recorded.chars().take(before).chain(id.chars()).collect()
    }

    /// A GUID of version 4 (RFC 9562 section 5.4), the same for the same text.
    fn number(self, text: &str) -> u128 {
        let half = |seed: u128| {
            let seed = u64::try_from(seed & u128::from(u64::MAX)).unwrap_or(0);
            u128::from(FixedState::with_seed(seed).hash_one(text))
        };
        let number = half(self.0 >> 64) << 64 | half(self.0);
        let number = number & !(0xf << 76) | 0x4 << 76;
        number & !(0x3 << 62) | 0x2 << 62
    }
}

pub(in crate::replay) fn is_of_a_run(path: &str) -> bool {
    let first = path.split('/').nth(1);
    let number = first.and_then(|it| it.strip_prefix(RUN));
    number.is_some_and(|it| it.len() == DIGITS && it.bytes().all(|it| it.is_ascii_hexdigit()))
}

/// The values that a bot chose for a request: its client contexts, and the identifier of the
/// request. A value that also occurs elsewhere in the request was not chosen for it.
pub(in crate::replay) fn chosen(request: &Request) -> Vec<&str> {
    let fields = request.headers.iter();
    let named = fields.filter(|(name, _)| FIELDS.iter().any(|it| name.eq_ignore_ascii_case(it)));
    let mut chosen: Vec<&str> = named.map(|(_, value)| value).collect();
    let mut others = Vec::new();
    if let Some(body) = request.body.json() {
        texts("", body, &mut |name, text| match name {
            "clientContext" => chosen.push(text),
            _ => others.push(text),
        });
    }
    others.extend(request.target.split(SEPARATORS));
    let is_free = |it: &&str| !others.contains(it);
    chosen.retain(|it| !it.is_empty() && is_free(it));
    chosen
}

fn texts<'a>(name: &'a str, value: &'a Value, take: &mut impl FnMut(&'a str, &'a str)) {
    match value {
        Value::String(text) => take(name, text),
        Value::Array(items) => items.iter().for_each(|it| texts(name, it, take)),
        Value::Object(properties) => {
            for (name, value) in properties {
                texts(name, value, take);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::{Body, Headers};
    use serde_json::json;

    #[test]
    fn each_run_has_a_value_of_its_own() {
        let [one, other] = [1, 1 << 100].map(Generator::new);
        let long = format!("{}é", "x".repeat(255));
        for (recorded, length) in [
            ("x", 36),
            ("57dab8b1-894c-409a-b240-bd8beae78896", 36),
            ("57DAB8B1894C409AB240BD8BEAE78896", 32),
            (&*long, 256),
        ] {
            let value = one.value(recorded);
            assert!(length > 36 || identifier::is_guid(&value), "{value}");
            assert_eq!(value.chars().count(), length, "{value}");
            assert_eq!(value, one.value(recorded));
            assert_ne!(value, other.value(recorded));
        }
        let callback = one.callback("http://127.0.0.1:1/");
        assert_eq!(callback, "http://127.0.0.1:1/run-000000000000");
        assert!(is_of_a_run("/run-0123456789ab/callback/1"));
        assert!(!is_of_a_run("/run-0101/1") && !is_of_a_run("/callback/1"));
    }

    #[test]
    fn a_bot_chooses_contexts_and_identifiers_of_requests() {
        let mut request = Request::new("POST", "/app/calls");
        request.headers = Headers::from_iter([("Client-Request-Id", "r"), ("Accept", "a")]);
        request.body = Body::Json(json!({
            "clientContext": "c", "id": "i", "more": [{"clientContext": "d"}, {"clientContext": ""},
                {"clientContext": "i"}, {"clientContext": "calls"}],
        }));
        assert_eq!(chosen(&request), ["r", "c", "d"]);
    }
}
