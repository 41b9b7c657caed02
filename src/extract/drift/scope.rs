//! The scope of a change: the messages of scenarios and recordings that the change is about.

use std::collections::BTreeSet;

use crate::api::resource;
use crate::cassette::format::{Direction, Exchange};
use crate::scenario::format::{ProviderState, Scenario, ScenarioId, Step};

use super::super::message::Part;
use super::Documented;
use super::body::{self, Shape};
use super::sample::{Sample, SamplePart, Samples, Subject};

/// The messages that a change is about, by their operation, part or property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The requests of the page's operation, because nothing in a message decides more.
    Operation,
    /// Requests of this form.
    Request(String),
    /// Answers to requests of this form, or to the page's operation, with one of these statuses. Without statuses, with any.
    Answer {
        to: Option<String>,
        statuses: Vec<u16>,
    },
    /// Messages with this header field.
    Header { part: &'static str, name: String },
    /// Bodies of a kind that have a property.
    Property(Subject, String),
    /// Bodies of a kind that have the object which a property is in.
    ObjectOf(Subject, String),
    /// Requests of the page's operation that have a parameter, with this word if there is one.
    Parameter { name: String, word: Option<String> },
    /// Objects of a type, with this property if there is one.
    Member { of: String, name: Option<String> },
    /// Messages that have a property or an object of a type with one of these names.
    Names(BTreeSet<String>),
    /// Conversations with one of these names.
    Scenario(Vec<String>),
    /// Conversations that need a provider state.
    State(ProviderState),
}

/// A scenario or a recording that changes may touch.
#[derive(Debug)]
pub(crate) struct Conversation {
    /// The name in the id of a scenario. A recording has none.
    name: Option<String>,
    given: Vec<ProviderState>,
    messages: Vec<Sample>,
}

impl Conversation {
    pub(crate) fn of_scenario(scenario: &Scenario) -> Self {
        let mut samples = Samples::default();
        for step in &scenario.script.steps {
            let (part, headers, body) = match step {
                Step::Request(it) => {
                    let (method, target) = (&it.method, &it.target);
                    (Part::Request { method, target }, &it.headers, &it.body)
                }
                Step::Response(it) => {
                    let status = it.status;
                    (Part::Response { status }, &it.headers, &it.body)
                }
                Step::Notification(it) => {
                    let (method, target) = (&it.method, &it.target);
                    (Part::Notification { method, target }, &it.headers, &it.body)
                }
                // A refusal rests on no page.
                Step::Refusal(_) => continue,
            };
            let headers = headers.keys().map(String::as_str);
            samples.push(part, headers, body, |_| false, ("", 0), 0);
        }
        Self {
            name: Some(scenario.id.name().to_owned()),
            given: scenario.script.given.clone(),
            messages: samples.list,
        }
    }

    pub(crate) fn of_recording<'e>(exchanges: impl IntoIterator<Item = &'e Exchange>) -> Self {
        let mut samples = Samples::default();
        // Messages in front of the first request with a version have that version.
        let (mut first, mut version) = (None, None);
        let mut versions = Vec::new();
        for exchange in exchanges {
            let request = &exchange.request;
            let (method, target) = (request.method.as_str(), request.target.as_str());
            let is_request = exchange.direction == Direction::Request;
            let part = if is_request {
                Part::Request { method, target }
            } else {
                Part::Notification { method, target }
            };
            let headers = request.headers.iter().map(|(name, _)| name);
            samples.push(part, headers, &request.body, |_| false, ("", 0), 0);
            if is_request {
                version = resource::version_of(target).or(version);
                first = first.or(version);
            }
            versions.resize(samples.list.len(), version);
            if let Some(response) = exchange.response.as_ref().filter(|_| is_request) {
                let status = response.status;
                let headers = response.headers.iter().map(|(name, _)| name);
                let part = Part::Response { status };
                samples.push(part, headers, &response.body, |_| false, ("", 0), 0);
                versions.push(version);
            }
        }
        for (sample, version) in samples.list.iter_mut().zip(versions) {
            sample.api = version.or(first);
        }
        Self {
            name: None,
            given: Vec::new(),
            messages: samples.list,
        }
    }
}

impl Documented {
    /// True for a scenario of the page, or of any page of its API version if the page is of a resource type.
    pub(crate) fn is_of(&self, id: &ScenarioId) -> bool {
        let is_of_page = self.is_of_resource || id.page() == self.name;
        is_of_page && id.api() == Some(&self.api)
    }

    /// True if a conversation has a request of the page's operation. A page of a resource type is part of any conversation
    /// of its API version.
    pub(crate) fn is_in(&self, conversation: &Conversation) -> bool {
        let mut messages = conversation
            .messages
            .iter()
            .filter(|it| self.has_api_of(it));
        messages.any(|it| self.is_of_resource || self.is_own_request(it))
    }

    /// True if the message has the API version of the page, or does not show its version.
    fn has_api_of(&self, sample: &Sample) -> bool {
        sample.api.is_none_or(|api| api == self.api)
    }

    /// True if a change with this scope touches a conversation that the page is in.
    pub(crate) fn touches(&self, scope: &Scope, conversation: &Conversation) -> bool {
        match (scope, &conversation.name) {
            (Scope::Scenario(names), Some(name)) => names.contains(name),
            // A recording does not name the conversation that it shows.
            (Scope::Scenario(_), None) => true,
            (Scope::State(state), _) => conversation.given.contains(state),
            _ => {
                let mut messages = conversation.messages.iter();
                messages.any(|it| self.has_api_of(it) && self.meets(scope, it))
            }
        }
    }

    fn meets(&self, scope: &Scope, sample: &Sample) -> bool {
        let has = |subject: &Subject, test: &dyn Fn(&Shape) -> bool| {
            let mut shapes = sample.shapes.iter();
            shapes.any(|(other, shape)| self.are_alike(subject, other) && test(shape))
        };
        match scope {
            Scope::Operation => self.is_own_request(sample),
            Scope::Request(form) => {
                matches!(&sample.part, SamplePart::Request { form: other, .. } if other == form)
            }
            Scope::Answer { to, statuses } => match &sample.part {
                SamplePart::Answer { status, to: form } => {
                    let is_to = to.as_ref().map_or_else(
                        || self.requests.contains(form),
                        |to| self.are_one_request(to, form),
                    );
                    is_to && (statuses.is_empty() || statuses.contains(status))
                }
                _ => false,
            },
            Scope::Header { part, name } => {
                sample.part.as_str() == *part && sample.headers.contains(&name.to_lowercase())
            }
            Scope::Property(subject, path) => {
                has(subject, &|shape| shape.properties.contains_key(path))
            }
            Scope::ObjectOf(subject, path) => has(subject, &|shape| shape.has_place_of(path)),
            Scope::Parameter { name, word } => {
                let mut shapes = sample.shapes.iter();
                let is_it = |shape: &Shape| {
                    let seen = shape.properties.get(name);
                    seen.is_some_and(|seen| {
                        word.as_ref().is_none_or(|word| seen.words.contains(word))
                    })
                };
                self.is_own_request(sample) && shapes.any(|(_, shape)| is_it(shape))
            }
            Scope::Member { of, name } => {
                let mut shapes = sample.shapes.iter();
                shapes.any(|(_, shape)| has_member(shape, of, name.as_deref()))
            }
            Scope::Names(names) => {
                let mut shapes = sample.shapes.iter();
                shapes.any(|(_, shape)| has_name(shape, names))
            }
            Scope::Scenario(_) | Scope::State(_) => false,
        }
    }

    fn is_own_request(&self, sample: &Sample) -> bool {
        matches!(&sample.part, SamplePart::Request { form, .. } if self.requests.contains(form))
    }

    /// True for one form, and for two paths of the page's operation.
    fn are_one_request(&self, one: &String, other: &String) -> bool {
        one == other || self.requests.contains(one) && self.requests.contains(other)
    }

    fn are_alike(&self, one: &Subject, other: &Subject) -> bool {
        match (one, other) {
            (Subject::Request(one), Subject::Request(other)) => self.are_one_request(one, other),
            (
                Subject::Answer { to, is_refusal },
                Subject::Answer {
                    to: other,
                    is_refusal: refuses,
                },
            ) => is_refusal == refuses && self.are_one_request(to, other),
            _ => one == other,
        }
    }
}

fn has_member(shape: &Shape, of: &str, name: Option<&str>) -> bool {
    let mut types = shape.properties.iter();
    types.any(|(path, seen)| {
        let object = path.strip_suffix("@odata.type");
        let is_it = |it: &String| it.eq_ignore_ascii_case(of);
        object.is_some_and(|object| {
            let property = name.map(|name| format!("{object}{name}"));
            seen.words.iter().any(is_it)
                && property.is_none_or(|it| shape.properties.contains_key(&it))
        })
    })
}

fn has_name(shape: &Shape, names: &BTreeSet<String>) -> bool {
    let is_named = |it: &str| names.iter().any(|name| name.eq_ignore_ascii_case(it));
    let mut properties = shape.properties.iter();
    properties.any(|(path, seen)| {
        let object = body::parent(path);
        let last = path.strip_prefix(object).unwrap_or(path);
        let last = last.trim_start_matches('.');
        is_named(last) || last == "@odata.type" && seen.words.iter().any(|it| is_named(it))
    })
}
