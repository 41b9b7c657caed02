//! A notification as a message: its head, its body, and the owners of its entries.

use std::sync::Arc;

use serde_json::{Value, json};

use super::expect::Expected;
use super::{Arrival, ServiceJudge};
use crate::api::party::Party;
use crate::contract::change;
use crate::contract::change::{Change, Subject};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::diagnostic::pointer::{Path, Pointer};
use crate::http::message::{Body, Request, media_type};
use crate::judge::ExchangeId;
use crate::judge::compare::{Rules, compare};
use crate::judge::record::{Breach, text, unreadable};
use crate::judge::verdict::TrafficMessage;
use crate::scenario::format::Step;

impl ServiceJudge {
    /// Judges the message itself, then each of its entries.
    pub(super) fn on_notification(&mut self, exchange: ExchangeId, request: &Arc<Request>) {
        let entries = request.body.json().and_then(change::entries);
        let mut first = entries.and_then(|it| it.first()).map(Change::read);
        let step = self.step_for(first.as_ref().map(|it| it.subject));
        let message = TrafficMessage::Request(Arc::clone(request));
        self.record.traffic(Party::Service, step, message);
        if self.is_stopped || self.record.is_given_up() {
            return;
        }
        self.received.insert(exchange, Arc::clone(request));
        if let Some(at) = self
            .redeliverable
            .iter()
            .position(|lost| lost.body == request.body)
        {
            self.redeliverable.remove(at);
            self.record
                .note("a notification was sent again, as its acknowledgement had been lost");
            return;
        }
        self.judge_head(step, request);
        if matches!(request.method.as_str(), "GET" | "HEAD") && request.body.is_empty() {
            // A request with the wrong method has no body.
            self.has_unreadable = true;
            return;
        }
        let whole = self.position(Expected::is_whole);
        let Some(body) = self.readable_body(step, request) else {
            return;
        };
        let page = Arc::clone(&self.record.case.page);
        let rules = Rules {
            of_bot: false,
            given: &|_| false,
            odata_types: &|place| page.odata_types("notification", place),
        };
        let mut found = compare(page.envelope(), body, rules, &Pointer::root());
        if step.is_none() {
            // Only values of an additional notification are judged, not missing properties.
            found.retain(|mismatch| !mismatch.kind.is_absence());
        }
        self.record.report_all(
            found,
            Rule::NotificationBody,
            Requirement::NotificationBody,
            step,
            None,
        );
        if let Some(index) = whole.filter(|_| change::entries(body).is_none()) {
            self.expected[index].is_done = true;
            let expected = Arc::clone(&self.expected[index].entry);
            self.correlate(
                expected.step,
                &expected.template,
                body,
                Path::At(&Pointer::root()),
            );
            return;
        }
        for (index, entry) in change::collection(body).into_iter().flatten().enumerate() {
            if entry.is_object() {
                let change = first.take().unwrap_or_else(|| Change::read(entry));
                let arrival = Arrival {
                    notification: Arc::clone(request),
                    index,
                };
                self.on_change(&arrival, &change);
            } else {
                self.no_entry(step, entry, index);
            }
        }
    }

    /// Reports a member of `value` that is not an object.
    pub(super) fn no_entry(&mut self, step: Option<usize>, entry: &Value, index: usize) {
        let breach = Breach::new(
            Requirement::NotificationBody,
            Rule::NotificationBody,
            step,
            json!("an object"),
            entry.clone(),
            "a member of value is no object".into(),
        );
        self.record
            .report(breach.at(Pointer::root().key("value").index(index)));
    }

    /// The most likely step of a notification, for reports.
    fn step_for(&self, subject: Option<Subject>) -> Option<usize> {
        let waiting = || self.expected.iter().filter(|e| !e.is_done);
        waiting()
            .find(|e| Some(e.subject) == subject)
            .or_else(|| waiting().next())
            .map(|e| e.step)
    }

    pub(super) fn judge_head(&mut self, step: Option<usize>, request: &Request) {
        self.record.check(Requirement::NotificationMethod);
        let (documented, documented_type) = self.documented_head(step);
        if request.method != documented {
            self.record.report(Breach::new(
                Requirement::NotificationMethod,
                Rule::NotificationMethod,
                step,
                json!(documented),
                json!(request.method),
                format!("the notification is a {}", request.method),
            ));
        }
        self.record.check(Requirement::NotificationMediaType);
        let media_type = request.headers.media_type();
        if media_type.as_ref() != Some(&documented_type) {
            self.record.report(Breach::new(
                Requirement::NotificationMediaType,
                Rule::NotificationHeader,
                step,
                json!(documented_type),
                text(media_type.as_deref()),
                format!(
                    "Content-Type of the notification is {}",
                    media_type.as_deref().unwrap_or("missing")
                ),
            ));
        }
        let prints_token = self.record.steps().iter().any(|step| {
            matches!(step, Step::Notification(step)
                if step.headers.keys().any(|name| name.eq_ignore_ascii_case("authorization")))
        });
        if prints_token {
            self.record.check(Requirement::NotificationToken);
            let token = request.headers.get("authorization");
            if !token.is_some_and(is_bearer) {
                self.record.report(Breach::new(
                    Requirement::NotificationToken,
                    Rule::NotificationHeader,
                    step,
                    json!("Bearer …"),
                    text(token),
                    "the notification carries no bearer token, the page prints one".into(),
                ));
            }
        }
    }

    /// The documented method and media type of a step.
    pub(super) fn documented_head(&self, step: Option<usize>) -> (String, String) {
        let Some(Step::Notification(step)) = step.and_then(|step| self.record.steps().get(step))
        else {
            return ("POST".to_owned(), "application/json".to_owned());
        };
        let is_media_type = |name: &str| name.eq_ignore_ascii_case("content-type");
        let documented = step.headers.iter().find(|(name, _)| is_media_type(name));
        let documented = documented.map_or("application/json", |(_, value)| value);
        (step.method.clone(), media_type(documented))
    }

    pub(super) fn readable_body<'a>(
        &mut self,
        step: Option<usize>,
        request: &'a Request,
    ) -> Option<&'a Value> {
        self.record.check(Requirement::NotificationBody);
        let expected = "a collection of changes under value";
        let (actual, message) = match &request.body {
            Body::Json(body) if change::collection(body).is_some() => return Some(body),
            Body::Json(body) if self.position(Expected::is_whole).is_some() => {
                return Some(body);
            }
            Body::Json(body) => (body.clone(), format!("the body is not {expected}")),
            Body::Empty => (Value::Null, "the notification has no body".to_owned()),
            Body::Text(_) if self.take_text() => return None,
            other => unreadable(other),
        };
        self.has_unreadable = true;
        self.record.report(Breach::new(
            Requirement::NotificationBody,
            Rule::NotificationBody,
            step,
            json!(expected),
            actual,
            message,
        ));
        None
    }

    /// Accepts any text as the documented one.
    pub(super) fn take_text(&mut self) -> bool {
        let index = self.position(|e| e.template.is_null());
        if let Some(index) = index {
            self.expected[index].is_done = true;
        }
        index.is_some()
    }

    /// Dispatches one entry by its subject.
    pub(super) fn on_entry(&mut self, arrival: &Arrival) {
        self.on_change(arrival, &Change::read(arrival.entry()));
    }

    fn on_change(&mut self, arrival: &Arrival, change: &Change<'_>) {
        let at = arrival.place();
        self.record.check(Requirement::NotificationAbout);
        if self.expects_refusal() && change.subject != Subject::Call {
            self.held.push(arrival.clone());
            return;
        }
        if self.concerns_refused_request(change) {
            self.follows_a_refusal(change, &at);
            return;
        }
        match change.subject {
            Subject::Operation => self.on_operation(arrival, change, &at),
            Subject::Roster => self.on_roster(arrival, change, &at),
            Subject::Call => self.on_call(arrival, change, &at),
            Subject::Other if self.awaits_other(change) => self.on_other(change, &at),
            Subject::Other if change.resource.is_none() && change.names_no_resource() => {
                let index = self.expected.iter().position(|e| !e.is_done);
                match index {
                    Some(index) => self.match_entry(index, change, &at),
                    None => self.unexpected(change, &at, "it names no resource"),
                }
            }
            Subject::Other => self.unexpected(change, &at, "it is about nothing of this API"),
        }
    }

    pub(super) fn awaits_other(&self, change: &Change<'_>) -> bool {
        self.position(|e| e.subject == Subject::Other && e.change_type == change.change_type)
            .is_some()
    }

    /// Judges a notification of another API: it is matched by its change, its variables compared
    /// with the example.
    pub(super) fn on_other(&mut self, change: &Change<'_>, at: &Pointer) {
        let index =
            self.position(|e| e.subject == Subject::Other && e.change_type == change.change_type);
        if let Some(index) = index {
            let expected = Arc::clone(&self.expected[index].entry);
            self.match_entry(index, change, at);
            self.correlate(
                expected.step,
                &expected.template,
                change.entry,
                Path::At(at),
            );
        }
    }
}

/// True for a bearer token (RFC 6750 section 2.1).
pub(crate) fn is_bearer(value: &str) -> bool {
    value.split_once(' ').is_some_and(|(scheme, token)| {
        let token = token.trim();
        let is_placeholder = token.starts_with(['{', '<']);
        scheme.eq_ignore_ascii_case("bearer")
            && !token.is_empty()
            && !is_placeholder
            && !token.contains(char::is_whitespace)
    })
}
