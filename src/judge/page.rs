//! Documentation of one page, merged from all its scenarios: the answers to each request, and the
//! shape of each kind of message.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::api::resource;
use crate::api::template;
use crate::contract::change;
use crate::contract::change::{Change, Subject};
use crate::contract::shape::{Shape, bare_type, entities};
use crate::http::message::{Body, media_type};
use crate::scenario::format::{RequestStep, ResponseStep, Scenario, Script, Step, Variable};

/// The knowledge of one page, edition and locale.
#[derive(Debug, Default)]
pub(crate) struct Page {
    requests: HashMap<String, Shape>,
    answers: HashMap<String, Vec<Answer>>,
    bodies: HashMap<String, HashMap<u16, Shape>>,
    entries: HashMap<String, Shape>,
    envelope: Shape,
    odata_types: HashMap<String, BTreeSet<String>>,
}

/// One documented answer to a request: a whole message, never mixed with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub status: u16,
    /// The line of the example, or of the sentence, that documents it.
    pub line: usize,
    /// The printed media type.
    pub media_type: Option<String>,
    /// The example has a `Location`.
    pub has_location: bool,
    /// The example has a body.
    pub has_body: bool,
}

impl Page {
    /// Merges the scenarios of one page. All must belong to the same page.
    pub(crate) fn of<'a>(scenarios: impl IntoIterator<Item = &'a Scenario>) -> Self {
        let mut page = Self::default();
        for scenario in scenarios {
            page.add(&scenario.script);
        }
        page
    }

    fn add(&mut self, script: &Script) {
        let mut request: Option<String> = None;
        for (at, step) in script.steps.iter().enumerate() {
            match step {
                // A refused request documents no shape.
                Step::Request(_) if script.is_refused(at) => request = None,
                Step::Request(step) => {
                    let key = request_key(step);
                    if let Some(body) = step.body.json() {
                        let body = printed(script, body);
                        self.requests.entry(key.clone()).or_default().add(&body);
                        self.collect_types(&body, "request");
                    }
                    request = Some(key);
                }
                Step::Response(step) => {
                    if let Some(key) = &request {
                        self.add_answer(script, key, step);
                    }
                }
                Step::Refusal(_) => {}
                Step::Notification(step) => {
                    if let Body::Json(body) = &step.body {
                        self.add_notification(&printed(script, body));
                    }
                }
            }
        }
    }

    fn add_answer(&mut self, script: &Script, request: &str, step: &ResponseStep) {
        let body = step.body.json();
        let header = |name: &str| {
            step.headers
                .iter()
                .find(|(other, _)| other.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        };
        let answer = Answer {
            status: step.status,
            line: step.line,
            media_type: header("content-type").map(|value| media_type(value).into_owned()),
            has_location: header("location").is_some(),
            has_body: !step.body.is_empty(),
        };
        let answers = self.answers.entry(request.to_owned()).or_default();
        for prose in &step.or {
            answers.push(Answer {
                status: prose.status,
                line: prose.line,
                ..answer.clone()
            });
        }
        answers.push(answer);
        if let Some(body) = body {
            let body = printed(script, body);
            let statuses = step.or.iter().map(|prose| prose.status);
            let bodies = self.bodies.entry(request.to_owned()).or_default();
            for status in statuses.chain([step.status]) {
                bodies.entry(status).or_default().add(&body);
            }
            self.collect_types(&body, ANSWER);
        }
    }

    fn add_notification(&mut self, body: &Value) {
        let mut envelope = body.clone();
        if let Some(properties) = envelope.as_object_mut() {
            properties.shift_remove("value");
        }
        self.envelope.add(&envelope);
        for entry in change::entries(body).into_iter().flatten() {
            let change = Change::read(entry);
            self.entries.entry(change.kind()).or_default().add(entry);
            self.collect_types(entry, family_of_subject(change.subject));
        }
    }

    fn collect_types(&mut self, body: &Value, root: &str) {
        let mut place = Vec::new();
        collect(body, root, &mut place, &mut |family, printed| {
            self.odata_types
                .entry(family.to_owned())
                .or_default()
                .insert(bare_type(printed).to_owned());
        });
    }

    pub(crate) fn answers(&self, request: &str) -> &[Answer] {
        self.answers.get(request).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn request_body(&self, request: &str) -> Option<&Shape> {
        self.requests.get(request)
    }

    pub(crate) fn answer_body(&self, request: &str, status: u16) -> Option<&Shape> {
        self.bodies.get(request)?.get(&status)
    }

    /// The shape of a notification's entry of a kind ([`Change::kind`]).
    pub(crate) fn entry(&self, kind: &str) -> Option<&Shape> {
        self.entries.get(kind)
    }

    /// The shape of a notification's body around its entries.
    pub(crate) const fn envelope(&self) -> &Shape {
        &self.envelope
    }

    /// The `@odata.type`s that the page prints for the kind of object at a place in a message
    /// whose outermost object is of the family `root`.
    pub(crate) fn odata_types(&self, root: &str, place: &[&str]) -> Vec<String> {
        self.odata_types
            .get(family(root, place))
            .map(|types| types.iter().cloned().collect())
            .unwrap_or_default()
    }
}

/// Method and shape of a request, the same for every documented spelling.
pub(crate) fn request_key(step: &RequestStep) -> String {
    format!("{} {}", step.method, resource::shape_of(&step.target))
}

/// A body as the page prints it: every variable with its documented value.
pub(crate) fn printed(script: &Script, body: &Value) -> Value {
    template::fill_json(body, &|name| {
        script.variables.get(name).map(Variable::printed)
    })
}

/// The family of an answer's body: an operation, without the notification around it.
pub(crate) const ANSWER: &str = "answer";

/// The family of objects that an entry's `resourceData` holds.
pub(crate) const fn family_of_subject(subject: Subject) -> &'static str {
    match subject {
        Subject::Call => "call",
        Subject::Operation => "operation",
        Subject::Roster => "participant",
        Subject::Other => "other",
    }
}

/// The kind of an object, derived from the property that holds it.
fn family<'a>(root: &'a str, place: &[&'a str]) -> &'a str {
    match place.last() {
        None if root == ANSWER => family_of_subject(Subject::Operation),
        None if root == "request" => root,
        None => "notification",
        Some(&"resourceData") => root,
        Some(
            &("user"
            | "application"
            | "phone"
            | "guest"
            | "device"
            | "encrypted"
            | "onPremises"
            | "applicationInstance"),
        ) => "identity",
        Some(name) => name,
    }
}

fn collect<'a>(
    body: &'a Value,
    root: &'a str,
    place: &mut Vec<&'a str>,
    found: &mut impl FnMut(&str, &str),
) {
    match body {
        Value::Object(properties) => {
            if let Some(printed) = properties.get("@odata.type").and_then(Value::as_str) {
                found(family(root, place), printed);
            }
            for (name, value) in properties {
                place.push(name);
                collect(value, root, place, found);
                place.pop();
            }
        }
        Value::Array(_) => entities(body).for_each(|item| collect(item, root, place, found)),
        _ => {}
    }
}
