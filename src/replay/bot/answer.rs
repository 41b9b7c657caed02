//! Compares the answer of a live service with the recorded one.

use bytes::Bytes;
use serde_json::json;

use crate::cassette::raw::{RawBody, RawResponse};
use crate::contract::rule::Rule;
use crate::diagnostic::Diagnostic;
use crate::http::message::{Body, Headers, Response};
use crate::replay::matching::compared::ComparedBody;
use crate::replay::matching::comparison::{Comparison, Part};
use crate::replay::matching::target::{ADDRESS_FIELDS, Own};
use crate::replay::outcome::Outcome;
use crate::replay::recording::Index;
use crate::replay::update::LiveMessage;
use crate::replay::values::mapping::Mapping;

/// The answer of a live service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LiveAnswer<'a> {
    pub status: u16,
    pub headers: &'a Headers,
    /// The body without its content coding.
    pub body: &'a [u8],
    /// The body as it came.
    pub raw: &'a [u8],
    pub trailers: &'a Headers,
    pub reason: Option<&'a str>,
    /// The addresses of the service.
    pub own: &'a Own,
}

impl LiveAnswer<'_> {
    /// The answer as a recording may keep it.
    pub(super) fn message(&self) -> LiveMessage {
        let coding = self.headers.get("content-encoding");
        LiveMessage {
            status: self.status,
            headers: self.headers.clone(),
            body: Bytes::copy_from_slice(self.body),
            coding: coding.filter(|_| self.body != self.raw).map(str::to_owned),
            trailers: self.trailers.clone(),
            reason: self.reason.map(str::to_owned),
            own: self.own.clone(),
            ..LiveMessage::default()
        }
    }

    /// The answer as reports show it.
    pub(super) fn shown(&self) -> Response {
        Response {
            status: self.status,
            headers: self.headers.clone(),
            body: Body::written(self.body),
        }
    }
}

/// Adds the differences to the outcome, and the pairs of values to the mapping. Returns the recorded status
/// if the live one is another.
/// Errors: the recording was changed.
pub(super) fn compare(
    outcome: &mut Outcome,
    mapping: &mut Mapping,
    recording: &Index,
    exchange: usize,
    live: LiveAnswer<'_>,
) -> Result<Option<u16>, Diagnostic> {
    let number = recording.number(exchange);
    let compared = recording.load_raw(exchange, |it| {
        let recorded = it.response.as_ref()?;
        if live.status != recorded.status {
            return Some(Compared::Status(recorded.status));
        }
        let rules = recording.rules();
        let rules = rules.of_request(&it.request.method, &it.request.target);
        let mut comparison = Comparison::between(rules, recording.own(it), live.own.clone()).pairing_times();
        comparison.fields(mapping, &recorded.headers, live.headers, &ADDRESS_FIELDS);
        body(&mut comparison, mapping, recorded, live);
        comparison.learn_fields(mapping, &recorded.headers, live.headers, &ADDRESS_FIELDS);
        let is_unknown = matches!(&recorded.body, RawBody::Omitted { sha256, .. } if sha256.is_empty())
            || recorded.body.bytes().is_err() && matches!(recorded.body, RawBody::Base64(_));
        Some(Compared::Message {
            comparison: Box::new(comparison),
            is_unknown,
        })
    })?;
    match compared {
        None => {}
        Some(Compared::Status(status)) => {
            let message = format!(
                "the status of the response is {}, but {status} was recorded",
                live.status
            );
            let pair = (json!(status), json!(live.status));
            outcome.fail(recording, exchange, Rule::ResponseStatus, pair, message);
            return Ok(Some(status));
        }
        Some(Compared::Message {
            mut comparison,
            is_unknown,
        }) => {
            if is_unknown {
                outcome.note(format!(
                    "the response body of exchange {number} was not recorded, so it is not compared"
                ));
            }
            let differences = std::mem::take(&mut comparison.differences);
            comparison.commit(mapping);
            let rule = |part: &Part| match part {
                Part::Header(_) => Rule::ResponseHeader,
                Part::RequestLine | Part::Body => Rule::ResponseBody,
            };
            outcome.fail_by(recording, exchange, rule, differences);
        }
    }
    Ok(None)
}

/// The result of a comparison.
enum Compared {
    /// The recorded status is another one.
    Status(u16),
    Message {
        comparison: Box<Comparison>,
        /// True if the recorded body is not known.
        is_unknown: bool,
    },
}

fn body(
    comparison: &mut Comparison,
    mapping: &Mapping,
    recorded: &RawResponse<'_>,
    live: LiveAnswer<'_>,
) {
    let types = [&recorded.headers, live.headers].map(|it| it.get("content-type"));
    let bytes = match &recorded.body {
        // The length and the digest are those of the bytes on the wire.
        RawBody::Omitted { .. } => live.raw,
        _ => live.body,
    };
    let given = ComparedBody::from(&recorded.body);
    comparison.bodies(mapping, &given, bytes, (types[0], types[1]));
}
