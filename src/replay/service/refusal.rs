//! Requests that nothing recorded fits.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Service};
use crate::api::resource;
use crate::contract::rule::Rule;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::Request;
use crate::replay::Outgoing;
use crate::replay::matching::comparison::{Difference, Part};
use crate::replay::matching::fingerprint::Fingerprints;

impl Service {
    /// Nothing fits, and nothing comes near.
    fn unexpected(&mut self, request: &Request) -> Answer {
        let asked = format!("{} {}", request.method, request.target);
        let message = format!("nothing recorded fits `{asked}`");
        let pair = (Value::Null, json!(asked));
        let rule = Rule::RequestUnexpected;
        self.record
            .report(&self.recorded, 0, rule, pair, message.clone());
        refusal(404, &message, &Value::Null, None)
    }

    /// Nothing fits: the answer shows what comes nearest. Where that was not served, the request came
    /// in its place.
    pub(super) fn refuse(
        &mut self,
        marks: &Fingerprints,
        request: &Request,
    ) -> Result<Answer, Diagnostic> {
        let asked = format!("{} {}", request.method, request.target);
        let Some((index, differences)) = self.nearest(marks, request)? else {
            return Ok(self.unexpected(request));
        };
        let message = format!("nothing recorded fits `{asked}`");
        let recorded = self.recorded.load(index)?.request;
        let number = self.recorded.number(index);
        let shown = json!({
            "exchange": number,
            "request": format!("{} {}", recorded.method, recorded.target),
            "served": self.request_index.is_served(index),
            "differences": differences.iter().map(|it| json!({
                "pointer": it.pointer.as_str(),
                "expected": it.expected,
                "actual": it.actual,
            })).collect::<Vec<_>>(),
        });
        let why = if differences.is_empty() {
            format!("{message} any more: exchange {number}, which it repeats, was served")
        } else {
            format!("{message}; the nearest is exchange {number}")
        };
        let mut place = None;
        let rule = Rule::RequestUnexpected;
        if differences.is_empty() {
            let pair = (Value::Null, json!(asked));
            self.record
                .report(&self.recorded, index, rule, pair, why.clone());
        } else {
            self.record.differ(&self.recorded, index, rule, differences);
            if let Some(last) = self.record.failures.last_mut() {
                last.message = format!("{}: {why}", last.message);
            }
            if !self.request_index.is_served(index) {
                self.replaced.push(index);
                place = Some(index);
            }
        }
        Ok(refusal(404, &why, &shown, place))
    }

    /// The recording that a request departs from least, with how; of the same path where there is
    /// one.
    fn nearest(
        &self,
        marks: &Fingerprints,
        request: &Request,
    ) -> Result<Option<(usize, Vec<Difference>)>, Diagnostic> {
        let mut best: Option<(usize, bool, usize, Vec<Difference>)> = None;
        for index in self.request_index.alike(marks) {
            let differences = self
                .compare(&self.recorded.load(index)?, request)
                .differences;
            let order = (
                differences.len(),
                self.request_index.is_served(index),
                index,
            );
            if best
                .as_ref()
                .is_none_or(|(count, served, other, _)| order < (*count, *served, *other))
            {
                best = Some((order.0, order.1, order.2, differences));
            }
        }
        if let Some((_, _, index, differences)) = best {
            return Ok(Some((index, differences)));
        }
        let line = |method: &str, target: &str| format!("{method} {}", resource::shape_of(target));
        let asked = line(&request.method, &request.target);
        let mut best: Option<(usize, usize, String)> = None;
        for index in self.request_index.kinds().into_iter().take(1000) {
            let recorded = self.recorded.load(index)?.request;
            let distance = strsim::levenshtein(&asked, &line(&recorded.method, &recorded.target));
            if best.as_ref().is_none_or(|(other, ..)| distance < *other) {
                let recorded = format!("{} {}", recorded.method, recorded.target);
                best = Some((distance, index, recorded));
            }
        }
        Ok(best.map(|(_, index, recorded)| {
            let difference = Difference {
                part: Part::RequestLine,
                pointer: Pointer::root(),
                expected: json!(recorded),
                actual: json!(format!("{} {}", request.method, request.target)),
            };
            (index, vec![difference])
        }))
    }
}

pub(super) fn refusal(
    status: u16,
    message: &str,
    nearest: &Value,
    exchange: Option<usize>,
) -> Answer {
    let mut error = json!({"code": "confcall", "message": message});
    if !nearest.is_null() {
        error["nearest"] = nearest.clone();
    }
    Answer {
        status,
        message: Outgoing {
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: json!({"error": error}).to_string().into(),
        },
        took: Duration::ZERO,
        tells: Vec::new(),
        exchange,
        again: None,
    }
}
