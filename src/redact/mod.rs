//! Redaction: what is secret in an exchange becomes a pseudonym before anything is written.
//!
//! A pseudonym is `redacted-<kind>-<12 hexadecimal digits>`, the digits a keyed hash of the value
//! (HMAC-SHA256): one value has one pseudonym wherever it stands, so that correlation survives.
//! Header fields are kept by an allow-list. Elsewhere secrets are found by name (`secret_names`) and by
//! shape (`secret_shapes`): in JSON, in `documents` and in running text (`scanner`). A secret that was
//! found once is replaced under any name (`known_secrets`). Not for: the source of the key, and files.

mod caches;
mod documents;
mod json;
mod known_secrets;
mod line;
mod pseudonyms;
mod scanner;
mod secret_names;
mod secret_shapes;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::Sha256;

use self::caches::{NegativeCache, Pseudonyms};
pub(crate) use self::documents::attribute;
use self::known_secrets::KnownSecrets;
pub(crate) use self::line::{
    Line, UnredactedBody, UnredactedExchange, UnredactedField, UnredactedMessage,
};
use self::pseudonyms::{DIGITS, PREFIX};
pub(crate) use self::pseudonyms::{is_pseudonym, pseudonym_at_start, pseudonyms};
pub(crate) use self::secret_names::ProjectRedaction;
use crate::cassette::format::{Exchange, Wire};
use crate::http::message::{Body, Headers, Request, Response};

/// A value without secrets. Only a [`Redactor`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Redacted<T>(T);

impl<T> Redacted<T> {
    pub(crate) const fn get(&self) -> &T {
        &self.0
    }

    /// The value without the type that marks it as redacted.
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

/// Makes pseudonyms under one key.
pub(crate) struct Redactor {
    key: Hmac<Sha256>,
    known_secrets: KnownSecrets,
    negative_cache: NegativeCache,
    pseudonyms: Pseudonyms,
    project: ProjectRedaction,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

fn digest(key: &Hmac<Sha256>, value: &str) -> [u8; 32] {
    let mut mac = key.clone();
    mac.update(value.as_bytes());
    mac.finalize().into_bytes().into()
}

impl Redactor {
    /// `key` is 32 random bytes, new for each cassette and never stored: pseudonyms cannot be
    /// computed without it.
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self::with(key, ProjectRedaction::default())
    }

    pub(crate) fn with(key: [u8; 32], project: ProjectRedaction) -> Self {
        match Hmac::new_from_slice(&key) {
            Ok(key) => {
                // Of a digest, these bytes are in no pseudonym.
                let digest = &digest(&key, "seed")[24..];
                let seed = digest
                    .iter()
                    .fold(0, |seed, byte| seed << 8 | u64::from(*byte));
                Self {
                    key,
                    known_secrets: KnownSecrets::new(seed),
                    negative_cache: NegativeCache::new(seed),
                    pseudonyms: Pseudonyms::new(seed),
                    project,
                }
            }
            Err(error) => unreachable!("HMAC takes keys of any length: {error}"),
        }
    }

    /// Replaces every secret in the request and the response, and every secret of an earlier
    /// exchange.
    pub(crate) fn redact(&self, mut exchange: Exchange) -> Redacted<Exchange> {
        let before = self.learnt();
        self.replace(&mut exchange);
        if self.learnt() != before {
            // What was found last may stand in what was read first.
            self.replace(&mut exchange);
        }
        Redacted(exchange)
    }

    /// The number of secrets found so far. While it is unchanged, a second redaction of one
    /// exchange changes nothing.
    pub(crate) fn learnt(&self) -> u64 {
        self.known_secrets.learnt()
    }

    /// `None` if the request has no secret.
    pub(crate) fn request(&self, request: &Request) -> Option<Request> {
        let target = self.redacted_text(&request.target);
        let (headers, body) = (self.headers(&request.headers), self.body(&request.body));
        let is_changed = target.is_some() || headers.is_some() || body.is_some();
        is_changed.then(|| Request {
            method: request.method.clone(),
            target: target.unwrap_or_else(|| request.target.clone()),
            headers: headers.unwrap_or_else(|| request.headers.clone()),
            body: body.unwrap_or_else(|| request.body.clone()),
        })
    }

    /// `None` if the response has no secret.
    pub(crate) fn response(&self, response: &Response) -> Option<Response> {
        let (headers, body) = (self.headers(&response.headers), self.body(&response.body));
        let is_changed = headers.is_some() || body.is_some();
        is_changed.then(|| Response {
            status: response.status,
            headers: headers.unwrap_or_else(|| response.headers.clone()),
            body: body.unwrap_or_else(|| response.body.clone()),
        })
    }

    /// Replaces the secrets that are found by their shape, and known secrets.
    pub(crate) fn in_text(&self, text: &str) -> String {
        self.redacted_text(text).unwrap_or_else(|| text.to_owned())
    }

    /// Replaces every secret in the value of a property with this name.
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

    /// The pseudonym of a secret, which is known from then on.
    fn secret(&self, value: &str) -> String {
        if !is_pseudonym(value) {
            self.known_secrets.learn(value);
        }
        self.pseudonym(value)
    }

    fn pseudonym(&self, value: &str) -> String {
        if value.is_empty() || is_pseudonym(value) {
            return value.to_owned();
        }
        self.pseudonyms.get_or_insert(value, || {
            let mut pseudonym = format!("{PREFIX}{}-", secret_shapes::kind(value));
            for byte in &digest(&self.key, value)[..DIGITS / 2] {
                // Writing to a string cannot fail.
                let _ = write!(pseudonym, "{byte:02x}");
            }
            pseudonym
        })
    }

    fn wire(&self, wire: &mut Wire) {
        for (name, value) in wire.trailers.iter_mut() {
            if let Some(redacted) = self.field(name, value) {
                *value = redacted;
            }
        }
        let texts = [&mut wire.coding, &mut wire.reason, &mut wire.authority];
        for text in texts.into_iter().flatten() {
            self.text(text);
        }
    }

    fn headers(&self, headers: &Headers) -> Option<Headers> {
        let redacted: Vec<_> = headers
            .iter()
            .map(|(name, value)| self.field(name, value))
            .collect();
        redacted.iter().any(Option::is_some).then(|| {
            let mut headers = headers.clone();
            for ((_, value), redacted) in headers.iter_mut().zip(redacted) {
                if let Some(redacted) = redacted {
                    *value = redacted;
                }
            }
            headers
        })
    }

    fn text(&self, text: &mut String) {
        if let Some(redacted) = self.redacted_text(text) {
            *text = redacted;
        }
    }

    /// The redacted value of a header field; `None` if it is unchanged. Credentials keep their
    /// scheme.
    pub(crate) fn field(&self, name: &str, value: &str) -> Option<String> {
        if secret_names::is_kept(name) || self.project.keeps(name) {
            return self.redacted_text(value);
        }
        Some(match name.to_ascii_lowercase().as_str() {
            "authorization" | "proxy-authorization" => match value.split_once(' ') {
                Some((scheme, credentials)) if secret_names::is_scheme(scheme.as_bytes()) => {
                    format!("{scheme} {}", self.credentials(scheme, credentials.trim()))
                }
                _ => {
                    // After a scheme of its own maker's, any word may be the secret.
                    let mut words = value.split([' ', ',', '=', '"']);
                    words.by_ref().take(1).for_each(drop);
                    words.for_each(|word| self.known_secrets.learn(word));
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
                    let redacted = self.redacted_text(attributes);
                    let attributes = redacted.as_deref().unwrap_or(attributes);
                    format!("{};{attributes}", self.cookie(pair))
                }
                None => self.cookie(value),
            },
            name if secret_names::is_secret_field(name) || self.project.are_about(name) => {
                self.secret(value)
            }
            // Not kept, but not known to be secret either: elsewhere it may stay.
            _ => {
                self.redacted_text(value);
                self.pseudonym(value)
            }
        })
    }

    /// The password of `Basic` credentials is a secret by itself too.
    fn credentials(&self, scheme: &str, credentials: &str) -> String {
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(pair) = STANDARD.decode(credentials)
            && let Ok(pair) = std::str::from_utf8(&pair)
            && let Some((_, password)) = pair.split_once(':')
        {
            self.known_secrets.learn(password);
        }
        self.secret(credentials)
    }

    fn cookie(&self, pair: &str) -> String {
        match pair.split_once('=') {
            Some((name, value)) => {
                // The value is learnt first, should the name hold it too.
                let value = self.secret(value);
                let redacted = self.redacted_text(name);
                format!("{}={value}", redacted.as_deref().unwrap_or(name))
            }
            None => self.secret(pair),
        }
    }

    fn is_secret(&self, name: &str) -> bool {
        secret_names::is_secret(name) || self.project.are_about(name)
    }

    /// `None` if the body has no secret.
    pub(crate) fn body(&self, body: &Body) -> Option<Body> {
        match body {
            Body::Json(value) => self.json(value),
            Body::Text(text) => self.redacted_text(text).map(Body::Text),
            Body::Bytes(bytes) => self.redacted_bytes(bytes).map(Body::Bytes),
            Body::Empty | Body::Omitted(_) => None,
        }
    }

    fn json(&self, value: &Value) -> Option<Body> {
        if !self.may_hold_secret(value) {
            return None;
        }
        let mut out = Vec::new();
        if self.write_value(value, &mut out) == Some(false) {
            return None;
        }
        if let Ok(redacted) = serde_json::from_slice(&out) {
            return Some(Body::Json(redacted));
        }
        // Deeper than what any parser has made.
        let text = value.to_string();
        Some(Body::Text(self.redacted_text(&text).unwrap_or(text)))
    }

    /// Redacts bytes that are not UTF-8; `None` if they hold no secret.
    fn redacted_bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        // A byte is a character here, so that text amid other bytes is found.
        let text: String = bytes.iter().copied().map(char::from).collect();
        let redacted = self.redacted_text(&text)?;
        let bytes = redacted.chars().map(|c| u8::try_from(c).unwrap_or(b'?'));
        Some(bytes.collect())
    }
}
