//! Compares the answer of a live service with the recorded one.

use serde_json::{Value, json};

use crate::api::resource;
use crate::contract::rule::Rule;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Omission, Response};
use crate::replay::matching::comparison::{Comparison, Difference, Part};
use crate::replay::outcome::Outcome;
use crate::replay::recording::Index;
use crate::replay::values::mapping::Mapping;

/// Adds the differences to the outcome, and the pairs of values to the mapping.
pub(super) fn compare(
    outcome: &mut Outcome,
    mapping: &mut Mapping,
    recording: &Index,
    exchange: usize,
    (recorded, live): (&Response, &Response),
) {
    let mut fail = |rule, pair, message: &str| {
        outcome.fail(recording, exchange, rule, pair, message.to_owned());
    };
    if live.status != recorded.status {
        let pair = (json!(recorded.status), json!(live.status));
        let message = format!(
            "the answer is {}, recorded was {}",
            live.status, recorded.status
        );
        fail(Rule::ResponseStatus, pair, &message);
        return;
    }
    let mut comparison = Comparison::default();
    let location = location(&mut comparison, mapping, recorded, live);
    body(&mut comparison, mapping, recorded, live);
    let differences = std::mem::take(&mut comparison.differences);
    comparison.commit(mapping);
    let recorded_type = recorded.headers.media_type();
    let live_type = live.headers.media_type();
    if recorded_type.is_some() && recorded_type != live_type {
        let pair = (json!(recorded_type), json!(live_type));
        let message = "Content-Type is not what was recorded";
        fail(Rule::ResponseHeader, pair, message);
    }
    if let Some(pair) = location {
        let message = "Location is not what was recorded";
        fail(Rule::ResponseHeader, pair, message);
    }
    if matches!(
        recorded.body,
        Body::Omitted(Omission::NotKept { .. } | Omission::NotInFile { .. })
    ) {
        let number = recording.number(exchange);
        outcome.note(format!(
            "the body of the answer of exchange {number} was not kept, and is not compared"
        ));
    }
    outcome.fail_by(recording, exchange, Rule::ResponseBody, differences);
}

fn body(comparison: &mut Comparison, mapping: &Mapping, recorded: &Response, live: &Response) {
    match (&recorded.body, &live.body) {
        (Body::Json(body), live) => comparison.bodies(mapping, Some(body), live.json()),
        (Body::Text(text), Body::Text(live)) if comparison.texts(mapping, "", text, live) => {}
        (Body::Text(text), live) => comparison.differences.push(Difference {
            part: Part::Body,
            pointer: Pointer::root(),
            expected: json!(text),
            actual: match live {
                Body::Text(text) => json!(text),
                other => other.json().cloned().unwrap_or_default(),
            },
        }),
        (Body::Omitted(_) | Body::Empty | Body::Bytes(_), _) => {}
    }
}

/// The recorded and the live `Location`, where they differ.
fn location(
    comparison: &mut Comparison,
    mapping: &Mapping,
    recorded: &Response,
    live: &Response,
) -> Option<(Value, Value)> {
    let is_location = |name: &str| name.eq_ignore_ascii_case("location");
    let mut fields = recorded.headers.iter();
    let (_, recorded) = fields.find(|(name, _)| is_location(name))?;
    let live = live.headers.get("location");
    let is_same = live.is_some_and(|live| {
        comparison.texts(mapping, "Location", recorded, live)
            || resource::path_of(recorded) == resource::path_of(live)
    });
    (!is_same).then(|| (json!(mapping.translated(recorded)), json!(live)))
}
