//! What every example of a message shows, in traffic that no plan compares with the examples: a SHOULD.

use serde_json::Value;

use super::conversation::breach;
use super::entry::Entry;
use super::{Asked, Monitor};
use crate::api::party::Party;
use crate::api::resource::shape_of;
use crate::contract::change::Subject;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::Shape;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::Response;
use crate::judge::Breach;
use crate::judge::compare::{Mismatch, MismatchKind, Rules, compare};

impl Monitor {
    /// Compares the body of a successful answer with those of the examples. What a read shows depends on what made the
    /// resource.
    pub(super) fn shown_in_answer(&mut self, exchange: u64, asked: &Asked, response: &Response) {
        let Some(examples) = self.options.examples.clone() else {
            return;
        };
        let request = &asked.request;
        let key = format!("{} {}", request.method, shape_of(&request.target));
        let shape = examples.answer_body(&key, response.status);
        let shape = shape.filter(|_| !asked.operation.is_read());
        let (Some(shape), Some(body)) = (shape, response.body.json()) else {
            return;
        };
        let origin = (exchange, Rule::ResponseBody);
        let echoes = &asked.operation.echoes;
        let found = absent(shape, body, &Pointer::root(), echoes, origin);
        let conduct = &mut self.conversation(asked.conversation).service;
        conduct.check(Requirement::MessageShown);
        for breach in found {
            conduct.report(breach, Some(asked.operation));
        }
    }

    /// Compares an entry of a notification with those of the examples.
    pub(super) fn shown_in_entry(&mut self, entry: &Entry<'_>) {
        let Some(examples) = self.options.examples.clone() else {
            return;
        };
        // Rosters show the people of all operations.
        let is_compared = matches!(entry.change.subject, Subject::Call | Subject::Operation);
        let shape = examples.entry(&entry.change.kind()).filter(|_| is_compared);
        let Some(shape) = shape else { return };
        let origin = (entry.exchange, Rule::NotificationBody);
        let found = absent(shape, entry.change.entry, &entry.pointer, &[], origin);
        let conduct = &mut self.conversation(entry.conversation).service;
        conduct.check(Requirement::MessageShown);
        for breach in found {
            self.report(entry.conversation, Party::Service, None, breach);
        }
    }
}

/// What the shape has in every example, and the body has not. Echoes of the request are judged as correlation.
fn absent(
    shape: &Shape,
    body: &Value,
    at: &Pointer,
    echoes: &[String],
    (exchange, rule): (u64, Rule),
) -> Vec<Breach> {
    let rules = Rules {
        of_bot: false,
        given: &|_| false,
        echoes,
        odata_types: &|_| Vec::new(),
    };
    let found = compare(shape, body, rules, at).into_iter();
    let found = found.filter(|it| it.kind == MismatchKind::Missing);
    let breach = |it: Mismatch| {
        let message = it.kind.describe(&it.pointer, &it.expected, &it.actual);
        let values = (it.expected, it.actual);
        breach(
            Requirement::MessageShown,
            rule,
            exchange,
            it.pointer,
            values,
            message,
        )
    };
    found.map(breach).collect()
}
