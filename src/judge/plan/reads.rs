//! Reads beyond the scenario: they show whether a request had its effect.
//!
//! The monitor has the effects that only a read shows, and judges the answers. This module decides what is read, and
//! when.

use std::collections::HashSet;

use serde_json::Value;

use crate::api::identifier;
use crate::api::template;
use crate::contract::operation::{self, Segment};
use crate::contract::shape::lookup;
use crate::http::message::{Body, Headers, Request};
use crate::judge::bindings::Bindings;
use crate::judge::monitor::Monitor;
use crate::judge::monitor::reads::Reading;

/// The reads that were sent; each is sent once, and once more if its answer contradicts the effect.
#[derive(Debug, Default)]
pub(super) struct Reads {
    sent: HashSet<(u64, String, bool)>,
}

impl Reads {
    /// A read of an effect that nothing has shown yet.
    pub(super) fn next(&mut self, monitor: &Monitor) -> Option<Reading> {
        monitor.unread(false).filter(|it| self.is_new(it, false))
    }

    /// A read of an effect once more: a service may take a while.
    pub(super) fn again(&mut self, monitor: &Monitor) -> Option<Reading> {
        monitor.unread(true).filter(|it| self.is_new(it, true))
    }

    /// The read of a call before a request whose effect is about the bot's own participant: it names the participant.
    pub(super) fn before(
        &mut self,
        monitor: &Monitor,
        method: &str,
        target: &str,
    ) -> Option<Reading> {
        let (operation, ids) = operation::of_request(method, target)?;
        let call = ids.call.filter(|call| monitor.lacks_bot(operation, call))?;
        let mut reads = operation::operations().iter();
        let reading = Reading {
            operation: reads.find(|it| it.is_read() && it.answer.as_deref() == Some("call"))?,
            exchange: 0,
            call: call.to_owned(),
            item: None,
        };
        Some(reading).filter(|it| self.is_new(it, false))
    }

    fn is_new(&mut self, reading: &Reading, is_again: bool) -> bool {
        let item = reading.item.as_ref().unwrap_or(&reading.call);
        self.sent.insert((reading.exchange, item.clone(), is_again))
    }
}

/// The request of a read. The prefix is the part of the paths before `/calls`.
pub(super) fn request(reading: &Reading, prefix: &str, token: &str) -> Request {
    let mut target = prefix.to_owned();
    for segment in &reading.operation.request.path {
        target.push('/');
        target.push_str(match segment {
            Segment::Literal(literal) => literal,
            Segment::Id(role) if role == "call" => &reading.call,
            Segment::Id(_) => reading.item.as_deref().unwrap_or_default(),
        });
    }
    Request {
        method: reading.operation.request.method.clone(),
        target,
        headers: Headers::from_iter([("Authorization", format!("Bearer {token}"))]),
        body: Body::Empty,
    }
}

/// The id of a documented item that exists, by what was known before, and that the list does not have.
pub(super) fn absent(bindings: &Bindings, documented: &Value, actual: &Value) -> Option<String> {
    let ids = |list: &Value| -> Vec<String> {
        let items = lookup(list, "value").and_then(|(_, items)| items.as_array());
        let ids = items
            .into_iter()
            .flatten()
            .filter_map(|item| lookup(item, "id"));
        ids.filter_map(|(_, id)| id.as_str().map(ToOwned::to_owned))
            .collect()
    };
    let listed = ids(actual);
    let documented = ids(documented);
    let mut known = documented
        .iter()
        .filter_map(|id| bindings.get(template::sole_variable(id)?));
    known
        .find(|known| !listed.iter().any(|id| identifier::same(id, known)))
        .map(ToOwned::to_owned)
}
