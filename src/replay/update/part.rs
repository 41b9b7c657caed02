//! Decides whether the same message of two lines is unchanged.

use crate::cassette::format::Wire;
use crate::cassette::raw::{RawBody, RawExchange, RawRequest, RawResponse};
use crate::diagnostic::pointer::Pointer;
use crate::http::message::Headers;
use crate::replay::matching::at::At;
use crate::replay::matching::compared::ComparedBody;
use crate::replay::matching::comparison::Comparison;
use crate::replay::matching::content::Content;
use crate::replay::outgoing::CONNECTION_FIELDS;
use crate::replay::rules::{Compare, ExchangeRules};
use crate::replay::values::mapping::Mapping;

/// The header fields that say nothing about the message.
const PASSING: [&str; 1] = ["date"];

/// The message of an exchange that is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Request,
    Response,
}

/// A message of a line.
struct Message<'a> {
    headers: &'a Headers,
    body: &'a RawBody<'a>,
    wire: &'a Wire,
}

impl Part {
    pub(super) fn pointer(self) -> Pointer {
        Pointer::root().key(match self {
            Self::Request => "request",
            Self::Response => "response",
        })
    }

    /// True if this message of two lines is the same but for what may differ. A known value is another one
    /// than any other value.
    pub(super) fn is_same(
        self,
        rules: &ExchangeRules,
        known: &Mapping,
        [old, new]: [&RawExchange<'_>; 2],
    ) -> bool {
        if self == Self::Request {
            let (old, new) = (&old.request, &new.request);
            return old.method == new.method
                && is_same_text(known, &old.target, &new.target)
                && Message::of_request(old).is_same(&Message::of_request(new), rules, known);
        }
        let (Some(old), Some(new)) = (&old.response, &new.response) else {
            return false;
        };
        old.status == new.status
            && Message::of_response(old).is_same(&Message::of_response(new), rules, known)
    }
}

impl<'a> Message<'a> {
    const fn of_request(request: &'a RawRequest<'a>) -> Self {
        Self {
            headers: &request.headers,
            body: &request.body,
            wire: &request.wire,
        }
    }

    const fn of_response(response: &'a RawResponse<'a>) -> Self {
        Self {
            headers: &response.headers,
            body: &response.body,
            wire: &response.wire,
        }
    }

    fn is_same(&self, new: &Self, rules: &ExchangeRules, known: &Mapping) -> bool {
        self.has_body_of(new, rules, known)
            && new.has_body_of(self, rules, known)
            && self.has_fields_of(new, rules)
            && new.has_fields_of(self, rules)
            && self.wire.coding == new.wire.coding
            && self.wire.reason == new.wire.reason
            && self.wire.trailers == new.wire.trailers
    }

    /// True if all of this body is in the other one.
    fn has_body_of(&self, other: &Self, rules: &ExchangeRules, known: &Mapping) -> bool {
        let (recorded, live) = (
            ComparedBody::from(self.body),
            ComparedBody::from(other.body),
        );
        let kind = self.headers.get("content-type");
        let Ok(bytes) = other.body.bytes() else {
            return recorded == live;
        };
        let mut comparison = Comparison::by(rules.clone());
        let types = (kind, other.headers.get("content-type"));
        comparison.bodies(known, &recorded, &bytes, types);
        comparison.differences.is_empty()
    }

    /// True if the other message has the fields of this one with the same values.
    fn has_fields_of(&self, other: &Self, rules: &ExchangeRules) -> bool {
        let values = |of: &'a Headers, name: &str| {
            let fields = of.iter();
            let fields = fields.filter(|(own, _)| own.eq_ignore_ascii_case(name));
            fields.map(|(_, value)| value).collect::<Vec<_>>()
        };
        self.headers.iter().all(|(name, _)| {
            let is_it = |it: &&str| name.eq_ignore_ascii_case(it);
            let is_passing = PASSING.iter().any(is_it) || CONNECTION_FIELDS.iter().any(is_it);
            let is_by_rule = matches!(
                rules.of_header(name),
                Some(Compare::Ignore | Compare::Shape)
            );
            let [own, others] = [self.headers, other.headers].map(|it| values(it, name));
            let mut pairs = own.iter().zip(&others);
            is_passing
                || is_by_rule
                || own.len() == others.len()
                    && pairs.all(|(one, other)| {
                        is_alike(one, other) || is_http_date(one) && is_http_date(other)
                    })
        })
    }
}

/// True if two texts are the same but for identifiers and timestamps.
fn is_alike(one: &str, other: &str) -> bool {
    is_same_text(&Mapping::default(), one, other)
}

fn is_same_text(known: &Mapping, one: &str, other: &str) -> bool {
    let mut comparison = Comparison::default();
    let [one, other] = [one, other].map(|it| Content::Text(it.into()));
    comparison.contents_at(known, &one, &other, At::Body);
    comparison.differences.is_empty()
}

/// True for a date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
fn is_http_date(text: &str) -> bool {
    text.len() == 29 && text.ends_with(" GMT") && text.as_bytes()[3] == b','
}
