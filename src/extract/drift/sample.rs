//! Messages as they are compared: the parts of one message, and the kinds of bodies in it.
//!
//! Messages of examples, of scenarios and of recordings are read alike.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api::{identifier, resource};
use crate::contract::change;
use crate::http::message::Body;

use super::super::contract::cell;
use super::super::json::property;
use super::super::message::Part;
use super::body::{Collector, Shape};
use super::scenario::{StepKind, people_of};

/// A message of an example.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) part: SamplePart,
    /// Names of header fields, without those that follow from the body.
    pub(super) headers: BTreeSet<String>,
    /// Its bodies, each with its kind.
    pub(super) shapes: Vec<(Subject, Shape)>,
    /// The kinds of the people in it, and whether there are several.
    pub(super) people: (BTreeSet<String>, bool),
    pub(super) has_body: bool,
    /// The API version of a message in a recording, if its requests show it.
    pub(super) api: Option<&'static str>,
    /// The second line of the code block, counted from 1.
    pub(super) line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SamplePart {
    /// The form of the request, and whether it is for the page's own operation.
    Request {
        form: String,
        is_own: bool,
    },
    /// The status, and the form of the request.
    Answer {
        status: u16,
        to: String,
    },
    Notification,
}

impl SamplePart {
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Request { .. } => "request",
            Self::Answer { .. } => "answer",
            Self::Notification => "notification",
        }
    }
}

/// The kind of a body: properties are compared within one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Subject {
    /// The body of a request, by the form of the request.
    Request(String),
    /// The body of an answer, by the form of the request. Refusals are a kind of their own.
    Answer { to: String, is_refusal: bool },
    /// The body of every notification, without the data.
    Notification,
    /// The data of a notification, by the kind of its entry.
    Data(String),
}

/// The path of a request without host, version and identifiers, those of participants too.
pub(super) fn shape_of(target: &str) -> String {
    let shape = resource::shape_of(target);
    let parts = shape.split('/').map(|part| {
        let is_id = part.starts_with('{') || identifier::is_guid(part);
        if is_id { "{}" } else { part }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The messages of one text, in their order.
#[derive(Debug, Default)]
pub(super) struct Samples {
    pub(super) list: Vec<Sample>,
    /// The form of the last request.
    request: String,
}

impl Samples {
    /// Adds a message. `text` is the printed body with the line of its first line; `line` is that of the message.
    pub(super) fn push<'n>(
        &mut self,
        part: Part<'_>,
        headers: impl Iterator<Item = &'n str>,
        body: &Body,
        is_own: impl FnOnce(&str) -> bool,
        text: (&str, usize),
        line: usize,
    ) {
        let mut sample = Sample {
            part: SamplePart::Notification,
            headers: headers
                .map(str::to_ascii_lowercase)
                .filter(|name| !matches!(name.as_str(), "content-type" | "content-length"))
                .collect(),
            shapes: Vec::new(),
            people: <_>::default(),
            has_body: !body.is_empty(),
            api: None,
            line,
        };
        let mut collector = Collector::new(text.0, text.1);
        let body = body.json().unwrap_or(&Value::Null);
        match part {
            Part::Request { method, target } => {
                let shape = shape_of(target);
                let is_own = is_own(&shape);
                let form = format!("{method} {shape}");
                self.request.clone_from(&form);
                sample.people = people_of(body);
                sample.add(Subject::Request(form.clone()), body, &mut collector);
                sample.part = SamplePart::Request { form, is_own };
            }
            Part::Response { status } => {
                let to = self.request.clone();
                let subject = Subject::Answer {
                    to: to.clone(),
                    is_refusal: status >= 400,
                };
                sample.add(subject, body, &mut collector);
                sample.part = SamplePart::Answer { status, to };
            }
            Part::Notification { .. } => sample.add_notification(body, &mut collector),
        }
        self.list.push(sample);
    }
}

impl Sample {
    /// The kind of the message as a step of a conversation.
    pub(super) fn kind(&self) -> StepKind {
        match &self.part {
            SamplePart::Request { form, .. } => StepKind::Request(form.clone()),
            SamplePart::Answer { .. } => StepKind::Answer,
            SamplePart::Notification => {
                let mut entries: Vec<&str> = Vec::new();
                for (subject, _) in &self.shapes {
                    if let Subject::Data(kind) = subject
                        && !entries.contains(&kind.as_str())
                    {
                        entries.push(kind);
                    }
                }
                StepKind::Notification(entries.join(" + "))
            }
        }
    }

    fn add(&mut self, subject: Subject, body: &Value, collector: &mut Collector<'_>) {
        let mut shape = Shape::default();
        collector.collect(body, "", &mut shape);
        self.shapes.push((subject, shape));
    }

    fn add_notification(&mut self, body: &Value, collector: &mut Collector<'_>) {
        let mut around = Shape::default();
        let mut data = Vec::new();
        collector.collect_around(body, &mut around, &mut |entry, collector| {
            let mut shape = Shape::default();
            collector.collect(change::data(entry), "", &mut shape);
            data.push((Subject::Data(kind(entry)), shape));
        });
        self.shapes.push((Subject::Notification, around));
        self.shapes.append(&mut data);
    }
}

/// The kind of an entry of a notification: its resource, the change, and the state of the resource.
fn kind(entry: &Value) -> String {
    let read = change::Change::read(entry);
    let kind = read.kind();
    if read.subject != change::Subject::Other {
        return kind.trim_end().to_owned();
    }
    let paths = ["resourceUrl", "resource"].into_iter();
    let mut paths = paths.filter_map(|name| property(entry, name).as_str());
    let path = paths.next().unwrap_or_default();
    let mut names = path.rsplit('/').filter(|part| cell::is_identifier(part));
    let name = names.next().unwrap_or("other");
    kind.trim_end().replacen("other", name, 1)
}
