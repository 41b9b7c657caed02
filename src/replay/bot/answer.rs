//! Compares the answer of a live service with the recorded one.

use serde_json::{Value, json};

use crate::cassette::raw::{RawBody, RawResponse};
use crate::contract::rule::Rule;
use crate::diagnostic::Diagnostic;
use crate::http::message::{Body, Headers, Response};
use crate::replay::matching::asked::Given;
use crate::replay::matching::comparison::{Comparison, Part};
use crate::replay::matching::target::{ADDRESS_FIELDS, Own};
use crate::replay::outcome::Outcome;
use crate::replay::recording::Index;
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
    /// The addresses of the service.
    pub own: &'a Own,
}

impl LiveAnswer<'_> {
    /// The answer as reports show it.
    pub(super) fn shown(&self) -> Response {
        Response {
            status: self.status,
            headers: self.headers.clone(),
            body: Body::from_bytes(self.body),
        }
    }
}

/// Adds the differences to the outcome, and the pairs of values to the mapping.
/// Errors: the recording was changed.
pub(super) fn compare(
    outcome: &mut Outcome,
    mapping: &mut Mapping,
    recording: &Index,
    exchange: usize,
    live: LiveAnswer<'_>,
) -> Result<(), Diagnostic> {
    let number = recording.number(exchange);
    let compared = recording.load_raw(exchange, |it| {
        let recorded = it.response.as_ref()?;
        if live.status != recorded.status {
            return Some(Compared::Status(recorded.status));
        }
        let mut comparison = Comparison::between(recording.own(it), live.own.clone());
        let fields = fields(&mut comparison, mapping, recorded, live.headers);
        body(&mut comparison, mapping, recorded, live);
        let is_unknown = matches!(&recorded.body, RawBody::Omitted { sha256, .. } if sha256.is_empty())
            || recorded.body.bytes().is_err() && matches!(recorded.body, RawBody::Base64(_));
        Some(Compared::Message {
            comparison: Box::new(comparison),
            fields,
            is_unknown,
        })
    })?;
    let mut fail = |rule, pair, message: &str| {
        outcome.fail(recording, exchange, rule, pair, message.to_owned());
    };
    match compared {
        None => {}
        Some(Compared::Status(status)) => {
            let message = format!("the answer is {}, recorded was {status}", live.status);
            let pair = (json!(status), json!(live.status));
            fail(Rule::ResponseStatus, pair, &message);
        }
        Some(Compared::Message {
            mut comparison,
            fields,
            is_unknown,
        }) => {
            let differences = std::mem::take(&mut comparison.differences);
            comparison.commit(mapping);
            let (types, differences): (Vec<_>, Vec<_>) = differences
                .into_iter()
                .partition(|it| it.part == Part::ContentType);
            for it in types {
                let message = "Content-Type is not what was recorded";
                fail(Rule::ResponseHeader, (it.expected, it.actual), message);
            }
            for (name, pair) in fields {
                let message = format!("{name} is not what was recorded");
                fail(Rule::ResponseHeader, pair, &message);
            }
            if is_unknown {
                outcome.note(format!(
                    "the body of the answer of exchange {number} was not kept, and is not compared"
                ));
            }
            outcome.fail_by(recording, exchange, Rule::ResponseBody, differences);
        }
    }
    Ok(())
}

/// The result of a comparison.
enum Compared {
    /// The recorded status is another one.
    Status(u16),
    Message {
        comparison: Box<Comparison>,
        /// The fields that differ, with the recorded and the live value.
        fields: Vec<(String, (Value, Value))>,
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
    let given = Given::from(&recorded.body);
    comparison.bodies(mapping, &given, bytes, (types[0], types[1]));
}

/// The fields whose addresses differ.
fn fields(
    comparison: &mut Comparison,
    mapping: &Mapping,
    recorded: &RawResponse<'_>,
    live: &Headers,
) -> Vec<(String, (Value, Value))> {
    let mut differing = Vec::new();
    for name in ADDRESS_FIELDS {
        let values = |headers: &Headers| {
            let fields = headers
                .iter()
                .filter(|(it, _)| it.eq_ignore_ascii_case(name));
            fields
                .map(|(_, value)| value.to_owned())
                .collect::<Vec<_>>()
        };
        let mut live = values(live).into_iter();
        for recorded in values(&recorded.headers) {
            let live = live.next();
            let is_same = live
                .as_ref()
                .is_some_and(|live| comparison.addresses(mapping, name, &recorded, live));
            if !is_same {
                let name = headers_name(name);
                differing.push((name, (json!(mapping.translated(&recorded)), json!(live))));
            }
        }
    }
    differing
}

/// The name of a field as the standards write it.
fn headers_name(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    });
    words.collect::<Vec<_>>().join("-")
}
