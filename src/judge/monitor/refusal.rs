//! Checks of an answer that is no success: its error object, and whether the request justifies it.

use serde_json::{Value, json};

use super::answer::status_breach;
use super::call::{CommsOperation, NotFound};
use super::conversation::breach;
use super::reads::Found;
use super::{Monitor, Pending};
use crate::api::identifier;
use crate::api::identifier::Normal;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::lookup;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, Response, is_json, json_error};

impl Monitor {
    pub(super) fn refused(
        &mut self,
        at: u64,
        exchange: u64,
        pending: &Pending,
        response: &Response,
    ) {
        let status = response.status;
        let is_shown = self.was_read(exchange, pending, &Found::of(response));
        let is_not_found = matches!(status, 404 | 410);
        let is_gone = is_not_found && self.is_over(pending);
        let is_invented = is_not_found && self.is_invented(exchange, pending);
        let is_wrong = pending.is_wrong || pending.has_acted || is_invented;
        let is_for_now = matches!(status, 401 | 429 | 500..);
        let is_refusal = status >= 400;
        let conduct = &mut self.conversation(pending.conversation).service;
        if pending.is_about_deleted && is_refusal {
            conduct.check(Requirement::RefusalEndedCall);
        }
        if is_refusal && matches!(response.body, Body::Json(_)) {
            conduct.check(Requirement::RefusalError);
        }
        let flaws = is_refusal.then(|| error_flaws(response));
        for (at, actual, message) in flaws.into_iter().flatten() {
            let expected = match at.as_str() {
                "" | "/error" => json!({"error": {"code": "…", "message": "…"}}),
                _ => json!("a non-empty string"),
            };
            let values = (expected, actual);
            let breach = breach(
                Requirement::RefusalError,
                Rule::ResponseBody,
                exchange,
                at,
                values,
                message,
            );
            conduct.report(breach, Some(pending.operation));
        }
        if !is_refusal {
            let breach = status_breach(exchange, pending.operation, &[], status);
            conduct.report(breach, Some(pending.operation));
        } else if !is_gone && !is_shown && !is_wrong {
            let again = if is_for_now {
                ", and it was not sent again"
            } else {
                ""
            };
            let reason = format!(
                "exchange {exchange}: the service refused {} with {status}{again}",
                pending.operation.name
            );
            conduct.doubt(exchange, reason);
            if is_not_found {
                self.may_be_over(at, exchange, pending);
            }
        }
        let may_have_acted = !is_refusal || matches!(status, 408 | 429 | 500..);
        if may_have_acted && !is_wrong {
            self.may_have_begun(exchange, pending);
        } else if (is_wrong || status != 401)
            && let (Some(call), Some(context)) = (&pending.call, &pending.context)
            && let Some(call) = self.calls.get_mut(&Normal::of(call).into_owned())
        {
            call.refused.push(context.clone());
        }
        if is_for_now {
            let after = retry_after(response);
            self.may_come_again(at, exchange, pending, (after, false));
        }
    }

    /// The service may have begun a comms operation, although its answer does not show it.
    pub(super) fn may_have_begun(&mut self, exchange: u64, pending: &Pending) {
        let call = pending.call.as_deref();
        let call = call.and_then(|id| self.calls.get_mut(&Normal::of(id).into_owned()));
        if let Some(call) = call.filter(|_| pending.operation.comms_operation().is_some())
            && pending.context_back().is_some()
            && !pending.operation.is_read()
        {
            let possible = pending.begins(exchange, CommsOperation::default());
            call.unanswered.push(possible);
        }
    }

    /// True if the call, or what the request is about below it, is known to have ended.
    fn is_over(&self, pending: &Pending) -> bool {
        let call = pending.call.as_deref();
        let call = call.and_then(|id| self.calls.get(&Normal::of(id).into_owned()));
        let below = pending.below.as_deref();
        call.is_some_and(|call| call.is_ended() || below.is_some_and(|id| call.is_over(id)))
    }

    /// A notification of the end may come later than the refusal.
    fn may_be_over(&mut self, at: u64, exchange: u64, pending: &Pending) {
        let call = pending.call.as_deref();
        let call = call.and_then(|id| self.calls.get_mut(&Normal::of(id).into_owned()));
        if let Some(call) = call {
            call.not_found.push(NotFound {
                exchange,
                at,
                below: pending.below.clone(),
                call_goes_on: false,
            });
        }
    }

    /// The service accepted a request about the call: it did not end before.
    pub(super) fn goes_on_after(&mut self, exchange: u64, pending: &Pending) {
        let call = pending.call.as_deref();
        let call = call.and_then(|id| self.calls.get_mut(&Normal::of(id).into_owned()));
        let refused = call.into_iter().flat_map(|it| &mut it.not_found);
        for earlier in refused.filter(|it| it.exchange < exchange) {
            earlier.call_goes_on = true;
        }
    }

    /// A notification shows that the call has ended, or something below it: the service was right not to find it, if that
    /// was not long ago.
    pub(super) fn was_over(&mut self, at: u64, call: &Normal<'static>, below: Option<&str>) {
        let patience = self.options.patience;
        let Some(call) = self
            .calls
            .get_mut(call)
            .filter(|it| !it.not_found.is_empty())
        else {
            return;
        };
        let place = call.conversation;
        let is_it = |it: &mut NotFound| {
            let is_call = below.is_none() && !it.call_goes_on;
            let is_same = |id: &str| {
                it.below
                    .as_deref()
                    .is_some_and(|it| identifier::same(it, id))
            };
            at.saturating_sub(it.at) < patience && (is_call || below.is_some_and(is_same))
        };
        let explained: Vec<u64> = call
            .not_found
            .extract_if(.., is_it)
            .map(|it| it.exchange)
            .collect();
        let conduct = &mut self.conversation(place).service;
        conduct
            .inconclusive
            .retain(|doubt| !explained.contains(&doubt.exchange));
    }
}

/// The seconds after which a request may be sent again.
pub(super) fn retry_after(response: &Response) -> Option<u64> {
    response.headers.get("retry-after")?.parse().ok()
}

/// What a refusal lacks of an error object with a code and a message. One without JSON needs none.
fn error_flaws(response: &Response) -> Vec<(Pointer, Value, String)> {
    let is_declared_json = response.headers.media_type().is_some_and(|it| is_json(&it));
    let body = match &response.body {
        Body::Json(body) => body,
        Body::Text(text) if is_declared_json => {
            let message = format!("the body of the refusal is not JSON: {}", json_error(text));
            return vec![(Pointer::root(), json!(text), message)];
        }
        Body::Empty | Body::Text(_) | Body::Bytes(_) | Body::Omitted(_) => return Vec::new(),
    };
    let at = Pointer::root().key("error");
    let error = lookup(body, "error").map_or(&Value::Null, |(_, error)| error);
    if !error.is_object() {
        return vec![(
            at,
            error.clone(),
            "the refusal has no error object".to_owned(),
        )];
    }
    let names = ["code", "message"].into_iter().filter_map(|name| {
        let value = lookup(error, name).map_or(&Value::Null, |(_, it)| it);
        let is_missing = value.as_str().is_none_or(str::is_empty);
        let message = format!("the {name} of the error is not a non-empty string");
        is_missing.then(|| (at.key(name), value.clone(), message))
    });
    names.collect()
}
