//! Redaction: what is secret in an exchange becomes a pseudonym before anything is written.
//!
//! A pseudonym is `redacted-<kind>-<12 hexadecimal digits>`, the digits a keyed hash of the value
//! (HMAC-SHA256): one value has one pseudonym wherever it stands, so that correlation survives.
//! Headers are kept by an allow-list (`names`); elsewhere secrets are found by the name that they
//! stand under and by their shape (`shape`, in `words`; `parts` of forms; `markup`), and those that
//! were found are known again under any name (`known`). Not for: where the key comes from, and what is written.

mod json;
mod known_secret;
mod line;
mod markup;
mod names;
mod negative_cache;
mod parts;
mod pseudonym;
mod rules;
mod shape;
mod spliced;
#[cfg(test)]
mod tests;
mod words;

use std::fmt::Write as _;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use memchr::memmem;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;

use self::json::Limits;
use self::known_secret::Known;
pub(crate) use self::line::{Line, UnredactedBody, UnredactedExchange, UnredactedMessage};
use self::negative_cache::NegativeCache;
use self::pseudonym::Pseudonyms;
pub(crate) use self::rules::Rules;
use crate::cassette::format::{Exchange, Wire};
use crate::http::message::{Body, Headers, Request, Response};

/// A value without secrets. Only a [`Redactor`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// The value.
    pub(crate) const fn get(&self) -> &T {
        &self.0
    }

    /// The value alone: from here on nothing says that it is redacted.
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

/// Makes pseudonyms under one key.
pub(crate) struct Redactor {
    key: Hmac<Sha256>,
    known: Known,
    harmless: NegativeCache,
    made: Pseudonyms,
    rules: Rules,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

/// What every pseudonym begins with.
const PREFIX: &str = "redacted-";

/// What secrets are called in their pseudonyms.
const KINDS: [&str; 3] = ["jwt", "key", "secret"];

/// How many hexadecimal digits every pseudonym ends with.
const DIGITS: usize = 12;

/// The length of the pseudonym that a text begins with.
pub(crate) fn pseudonym_at_start(text: &str) -> Option<usize> {
    let lengths = KINDS.map(|kind| PREFIX.len() + kind.len() + 1 + DIGITS);
    let mut lengths = lengths.into_iter();
    lengths.find(|length| text.get(..*length).is_some_and(is_pseudonym))
}

/// Whether a value is a pseudonym, and nothing else.
pub(crate) fn is_pseudonym(value: &str) -> bool {
    let kind_and_digits = value
        .strip_prefix(PREFIX)
        .and_then(|it| it.rsplit_once('-'));
    kind_and_digits.is_some_and(|(kind, digits)| {
        KINDS.contains(&kind)
            && digits.len() == DIGITS
            && digits
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Where pseudonyms stand in a text.
pub(crate) fn pseudonyms(text: &str) -> impl Iterator<Item = Range<usize>> {
    memmem::find_iter(text.as_bytes(), PREFIX).filter_map(|start| {
        KINDS.into_iter().find_map(|kind| {
            let end = start + PREFIX.len() + kind.len() + 1 + DIGITS;
            is_pseudonym(text.get(start..end)?).then_some(start..end)
        })
    })
}

fn digest(key: &Hmac<Sha256>, value: &str) -> [u8; 32] {
    let mut mac = key.clone();
    mac.update(value.as_bytes());
    mac.finalize().into_bytes().into()
}

impl Redactor {
    /// A redactor whose pseudonyms can be made again only by who has the key: 32 random bytes,
    /// new for each cassette and stored nowhere.
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self::with(key, Rules::default())
    }

    /// The same under rules of its user's.
    pub(crate) fn with(key: [u8; 32], rules: Rules) -> Self {
        match Hmac::new_from_slice(&key) {
            Ok(key) => {
                // Of a digest, these bytes are in no pseudonym.
                let digest = &digest(&key, "seed")[24..];
                let seed = digest
                    .iter()
                    .fold(0, |seed, byte| seed << 8 | u64::from(*byte));
                Self {
                    key,
                    known: Known::new(seed),
                    harmless: NegativeCache::new(seed),
                    made: Pseudonyms::new(seed),
                    rules,
                }
            }
            Err(error) => unreachable!("HMAC takes keys of any length: {error}"),
        }
    }

    /// The exchange with every secret replaced, in request and response alike, and with every one
    /// that an exchange before gave away.
    pub(crate) fn redact(&self, mut exchange: Exchange) -> Redacted<Exchange> {
        let before = self.learnt();
        self.replace(&mut exchange);
        if self.learnt() != before {
            // What was found last may stand in what was read first.
            self.replace(&mut exchange);
        }
        Redacted(exchange)
    }

    /// How many secrets are known. Where that has not changed, another redaction of the same changes
    /// nothing.
    pub(crate) fn learnt(&self) -> u64 {
        self.known.learnt()
    }

    /// The request with every secret replaced; none where it has no secret.
    pub(crate) fn request(&self, request: &Request) -> Option<Request> {
        let target = self.mended(&request.target);
        let (headers, body) = (self.headers(&request.headers), self.body(&request.body));
        let is_changed = target.is_some() || headers.is_some() || body.is_some();
        is_changed.then(|| Request {
            method: request.method.clone(),
            target: target.unwrap_or_else(|| request.target.clone()),
            headers: headers.unwrap_or_else(|| request.headers.clone()),
            body: body.unwrap_or_else(|| request.body.clone()),
        })
    }

    /// The response with every secret replaced; none where it has no secret.
    pub(crate) fn response(&self, response: &Response) -> Option<Response> {
        let (headers, body) = (self.headers(&response.headers), self.body(&response.body));
        let is_changed = headers.is_some() || body.is_some();
        is_changed.then(|| Response {
            status: response.status,
            headers: headers.unwrap_or_else(|| response.headers.clone()),
            body: body.unwrap_or_else(|| response.body.clone()),
        })
    }

    /// The text with every secret replaced that its shape gives away, or that was given away before.
    pub(crate) fn in_text(&self, text: &str) -> String {
        self.mended(text).unwrap_or_else(|| text.to_owned())
    }

    /// The value of a property of this name, with every secret in it replaced.
    pub(crate) fn in_value(&self, name: &str, value: &Value) -> Value {
        let property = match self.json(&json!({name: value})) {
            None => return value.clone(),
            Some(Body::Json(Value::Object(property))) => property.into_iter().next(),
            Some(_) => None,
        };
        property.map_or(Value::Null, |(_, value)| value)
    }

    fn replace(&self, exchange: &mut Exchange) {
        if let Some(request) = self.request(&exchange.request) {
            exchange.request = request;
        }
        self.wire(&mut exchange.request_wire);
        if let Some(response) = &mut exchange.response
            && let Some(redacted) = self.response(response)
        {
            *response = redacted;
        }
        self.wire(&mut exchange.response_wire);
        if let Some(broke) = &mut exchange.broke {
            self.text(broke);
        }
    }

    /// The pseudonym of a value that is a secret, which is remembered.
    fn secret(&self, value: &str) -> String {
        if !is_pseudonym(value) {
            self.known.learn(value);
        }
        self.pseudonym(value)
    }

    /// The pseudonym of a value; a pseudonym is its own.
    fn pseudonym(&self, value: &str) -> String {
        if value.is_empty() || is_pseudonym(value) {
            return value.to_owned();
        }
        self.made.of(value, || {
            let mut pseudonym = format!("{PREFIX}{}-", shape::kind(value));
            for byte in &digest(&self.key, value)[..DIGITS / 2] {
                // Writing to a string cannot fail.
                let _ = write!(pseudonym, "{byte:02x}");
            }
            pseudonym
        })
    }

    fn wire(&self, wire: &mut Wire) {
        for (name, value) in &mut wire.trailers {
            if let Some(redacted) = self.field(name, value) {
                *value = redacted;
            }
        }
        if let Some(coding) = &mut wire.coding {
            self.text(coding);
        }
    }

    fn headers(&self, headers: &Headers) -> Option<Headers> {
        let redacted: Vec<_> = headers
            .iter()
            .map(|(name, value)| self.field(name, value))
            .collect();
        redacted.iter().any(Option::is_some).then(|| {
            let fields = headers.iter().zip(redacted);
            fields
                .map(|((name, value), redacted)| {
                    (name, redacted.unwrap_or_else(|| value.to_owned()))
                })
                .collect()
        })
    }

    /// A text, with every secret replaced that its name or shape gives away.
    fn text(&self, text: &mut String) {
        if let Some(redacted) = self.mended(text) {
            *text = redacted;
        }
    }

    /// The value of a header field, where it changes. Names are kept, and of credentials the
    /// scheme.
    fn field(&self, name: &str, value: &str) -> Option<String> {
        if names::is_kept(name) || self.rules.keeps(name) {
            return self.mended(value);
        }
        Some(match name.to_ascii_lowercase().as_str() {
            "authorization" | "proxy-authorization" => match value.split_once(' ') {
                Some((scheme, credentials)) if names::is_scheme(scheme.as_bytes()) => {
                    format!("{scheme} {}", self.credentials(scheme, credentials.trim()))
                }
                _ => {
                    // After a scheme of its own maker's, any word may be the secret.
                    let mut words = value.split([' ', ',', '=', '"']);
                    words.by_ref().take(1).for_each(drop);
                    words.for_each(|word| self.known.learn(word));
                    self.secret(value)
                }
            },
            "cookie" => value
                .split(';')
                .map(|pair| self.cookie(pair))
                .collect::<Vec<_>>()
                .join(";"),
            "set-cookie" => match value.split_once(';') {
                Some((pair, attributes)) => {
                    let mended = self.mended(attributes);
                    let attributes = mended.as_deref().unwrap_or(attributes);
                    format!("{};{attributes}", self.cookie(pair))
                }
                None => self.cookie(value),
            },
            name if names::is_secret_field(name) || self.rules.are_about(name) => {
                self.secret(value)
            }
            // Not kept, but not known to be secret either: elsewhere it may stay.
            _ => {
                self.mended(value);
                self.pseudonym(value)
            }
        })
    }

    /// Credentials. The password in those of `Basic` is a secret by itself too.
    fn credentials(&self, scheme: &str, credentials: &str) -> String {
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(pair) = STANDARD.decode(credentials)
            && let Ok(pair) = std::str::from_utf8(&pair)
            && let Some((_, password)) = pair.split_once(':')
        {
            self.known.learn(password);
        }
        self.secret(credentials)
    }

    fn cookie(&self, pair: &str) -> String {
        match pair.split_once('=') {
            Some((name, value)) => {
                // The value is learnt first, should the name hold it too.
                let value = self.secret(value);
                let mended = self.mended(name);
                format!("{}={value}", mended.as_deref().unwrap_or(name))
            }
            None => self.secret(pair),
        }
    }

    /// Whether a value of this name is a secret, wherever it stands.
    fn is_secret(&self, name: &str) -> bool {
        names::is_secret(name) || self.rules.are_about(name)
    }

    /// The body with every secret replaced, where there is any.
    fn body(&self, body: &Body) -> Option<Body> {
        match body {
            Body::Json(value) => self.json(value),
            Body::Text(text) => self.mended(text).map(Body::Text),
            Body::Bytes(bytes) => self.mended_bytes(bytes).map(Body::Bytes),
            Body::Empty | Body::Omitted(_) => None,
        }
    }

    fn json(&self, value: &Value) -> Option<Body> {
        let (text, mut out) = (value.to_string(), Vec::new());
        if self.write_json(&text, Limits::PARSED, &mut out) == Some(false) {
            return None;
        }
        Some(match serde_json::from_slice(&out) {
            Ok(redacted) => Body::Json(redacted),
            // Deeper than what any parser has made.
            Err(_) => Body::Text(self.mended(&text).unwrap_or(text)),
        })
    }

    /// Bytes that are no text, with every secret in them replaced, where there is any.
    fn mended_bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        // A byte is a character here, so that text amid other bytes is found.
        let text: String = bytes.iter().copied().map(char::from).collect();
        let redacted = self.mended(&text)?;
        let bytes = redacted.chars().map(|c| u8::try_from(c).unwrap_or(b'?'));
        Some(bytes.collect())
    }
}
