//! Redaction: each secret in an exchange becomes a pseudonym before anything is written.
//!
//! A pseudonym is `redacted-<kind>-<12 hexadecimal digits>`. The digits are a keyed hash of the value (HMAC-SHA256).
//! One value has one pseudonym in every place, so that equal values stay equal.
//!
//! The rules are data (`data/`, read by `rules`). `scan` finds secrets in a text by their shapes (`token`) and names
//! (`assigned`); `value` finds the end of the value of a name, and `expression` the secret texts of an expression;
//! `embedded` finds JSON in other text, by the tokens of `lexer`; `json` (with `frame`), `markup`, `table`, `url`, `sql`, `places` and `binary` have the grammars of places; `view`, `coded`, `bytes`
//! and `gzip` decode. A secret that was found once is replaced under any name (`known_secrets`). `recent` and `seen`
//! are caches of texts without secrets, and of what the rules say about short texts. Not for: the source of the key,
//! and files.

mod assigned;
mod binary;
mod bytes;
mod coded;
mod embedded;
mod engine;
mod expression;
mod frame;
mod gzip;
mod harmless;
mod json;
mod json_check;
mod known_secrets;
mod lexer;
mod line;
mod markup;
mod names;
mod places;
mod project;
mod pseudonyms;
mod recent;
mod rules;
mod scan;
mod seen;
mod sql;
mod table;
#[cfg(test)]
mod tests;
mod token;
mod url;
mod value;
mod view;

use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use self::bytes::{ContentType, secrets_in_place};
pub(crate) use self::engine::Redactor;
pub(crate) use self::line::{
    Line, UnredactedBody, UnredactedExchange, UnredactedField, UnredactedMessage,
};
pub(crate) use self::markup::attribute;
pub(crate) use self::project::ProjectRedaction;
pub(crate) use self::pseudonyms::{is_pseudonym, pseudonym_at_start, pseudonyms};
use self::scan::{DEPTH, Kind};
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

impl Redactor {
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

    /// `None` if the request has no secret.
    pub(crate) fn request(&self, request: &Request) -> Option<Request> {
        let target = self.redacted_target(&request.target);
        let of = content_type(&request.headers);
        let (headers, body) = (self.headers(&request.headers), self.body(&request.body, of));
        let is_changed = target.is_some() || headers.is_some() || body.is_some();
        is_changed.then(|| Request {
            target: target.unwrap_or_else(|| request.target.clone()),
            headers: headers.unwrap_or_else(|| request.headers.clone()),
            body: body.unwrap_or_else(|| request.body.clone()),
            ..request.clone()
        })
    }

    /// `None` if the response has no secret.
    pub(crate) fn response(&self, response: &Response) -> Option<Response> {
        let of = content_type(&response.headers);
        let (headers, body) = (
            self.headers(&response.headers),
            self.body(&response.body, of),
        );
        let is_changed = headers.is_some() || body.is_some();
        is_changed.then(|| Response {
            headers: headers.unwrap_or_else(|| response.headers.clone()),
            body: body.unwrap_or_else(|| response.body.clone()),
            ..response.clone()
        })
    }

    /// Replaces every secret in the value of a property with this name.
    pub(crate) fn in_value(&self, name: &str, value: &Value) -> Value {
        let property = match self.json(&json!({name: value})) {
            None => return value.clone(),
            Some((Body::Json(Value::Object(property)), _)) => property.into_iter().next(),
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

    fn wire(&self, wire: &mut Wire) {
        for (name, value) in wire.trailers.iter_mut() {
            if let Some(redacted) = self.field(name, value) {
                *value = redacted;
            }
        }
        for text in [&mut wire.coding, &mut wire.reason].into_iter().flatten() {
            self.text(text);
        }
        if let Some(authority) = &mut wire.authority
            && let Some(redacted) = self.redacted_text(&format!("//{authority}"))
        {
            redacted.trim_start_matches('/').clone_into(authority);
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

    /// `None` if the body has no secret. `of` is the value of the field `Content-Type`.
    pub(crate) fn body(&self, body: &Body, of: ContentType<'_>) -> Option<Body> {
        self.body_with_rules(body, of).map(|it| it.0)
    }

    /// The same, with the rules by which its secrets were found.
    pub(crate) fn body_with_rules(
        &self,
        body: &Body,
        of: ContentType<'_>,
    ) -> Option<(Body, Vec<String>)> {
        match body {
            Body::Json(value) => self.json(value),
            Body::Text(text) => {
                let (redacted, rules) = self.redacted_coded(text.as_bytes(), of, DEPTH)?;
                Some((Body::Text(String::from_utf8(redacted).ok()?), rules))
            }
            Body::Bytes(bytes) => {
                let (redacted, rules) = self.redacted_coded(bytes, of, DEPTH)?;
                Some((Body::Bytes(redacted), rules))
            }
            Body::Empty | Body::Omitted(_) => None,
        }
    }

    fn json(&self, value: &Value) -> Option<(Body, Vec<String>)> {
        let (redacted, rules) = self.with_rules(&value.to_string(), Kind::Json)?;
        let body = match serde_json::from_str(&redacted) {
            Ok(redacted) => Body::Json(redacted),
            // Deeper than what any parser has made.
            Err(_) => Body::Text(redacted),
        };
        Some((body, rules))
    }
}

pub(crate) fn content_type(headers: &Headers) -> ContentType<'_> {
    ContentType(headers.get("content-type"))
}
