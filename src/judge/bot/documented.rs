//! A request that matches a documented one: its method, target, head and body.

use super::BotJudge;

use serde_json::{Value, json};

use crate::api::resource;
use crate::api::resource::Resource;
use crate::api::template;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::diagnostic::pointer::{Path, Pointer};
use crate::http::message::{Body, Request};
use crate::judge::bindings;
use crate::judge::compare::{Rules, compare};
use crate::judge::record::{Breach, text, unreadable};
use crate::judge::service::{is_bearer, relative};
use crate::scenario::format::{Kind, RequestStep};

impl BotJudge {
    /// Returns false if the documented answer would make no sense.
    pub(super) fn judge_request(
        &mut self,
        at: usize,
        step: &RequestStep,
        request: &Request,
    ) -> bool {
        self.record.check(Requirement::RequestMethod);
        if request.method != step.method {
            self.record.report(Breach::new(
                Requirement::RequestMethod,
                Rule::RequestMethod,
                Some(at),
                json!(step.method),
                json!(request.method),
                format!("the request is a {}", request.method),
            ));
            return false;
        }
        if !self.judge_target(at, step, request) {
            return false;
        }
        self.judge_head(at, step, request);
        self.judge_body(at, step, request)
    }

    pub(super) fn judge_target(
        &mut self,
        at: usize,
        step: &RequestStep,
        request: &Request,
    ) -> bool {
        self.record.check(Requirement::RequestTarget);
        let expected = self.record.bindings.fill(&relative(&step.target));
        let conforms = match (Resource::parse(&expected), Resource::parse(&request.target)) {
            (Some(expected), Some(actual)) => {
                expected.same(&actual) && is_documented_prefix(&request.target)
            }
            (None, None) => {
                let path = relative(&request.target);
                resource::path_of(&path) == resource::path_of(&expected)
            }
            _ => false,
        };
        if !conforms {
            self.record.report(Breach::new(
                Requirement::RequestTarget,
                Rule::RequestTarget,
                Some(at),
                json!(expected),
                json!(request.target),
                format!("the request goes to {}", request.target),
            ));
        }
        conforms
    }

    pub(super) fn judge_head(&mut self, at: usize, step: &RequestStep, request: &Request) {
        self.record.check(Requirement::RequestToken);
        let token = request.headers.get("authorization");
        let fields = request.headers.iter();
        let count = fields
            .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"))
            .count();
        if count > 1 || !token.is_some_and(is_bearer) {
            self.record.report(Breach::new(
                Requirement::RequestToken,
                Rule::RequestHeader,
                Some(at),
                json!("Bearer …"),
                text(token),
                match count {
                    0 | 1 => "the request carries no bearer token".into(),
                    _ => format!("the request carries {count} Authorization fields"),
                },
            ));
        }
        // A missing body is reported separately.
        if step.body.is_empty() || request.body.is_empty() {
            return;
        }
        self.record.check(Requirement::RequestMediaType);
        let documented = step
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            .map_or("application/json", |(_, value)| essence(value));
        let media_type = request.headers.media_type();
        if !media_type
            .as_deref()
            .is_some_and(|it| it.eq_ignore_ascii_case(documented))
        {
            self.record.report(Breach::new(
                Requirement::RequestMediaType,
                Rule::RequestHeader,
                Some(at),
                json!(documented),
                text(media_type.as_deref()),
                format!(
                    "Content-Type is {}",
                    media_type.as_deref().unwrap_or("missing")
                ),
            ));
        }
    }

    pub(super) fn judge_body(&mut self, at: usize, step: &RequestStep, request: &Request) -> bool {
        let Body::Json(template) = &step.body else {
            return true;
        };
        self.record.check(Requirement::RequestBody);
        let case = self.record.case.clone();
        case.outline()
            .step(at)
            .bind_body_variables(&mut self.record.bindings);
        let Body::Json(actual) = &request.body else {
            let (actual, message) = match &request.body {
                Body::Empty => (Value::Null, "the request has no body".to_owned()),
                other => unreadable(other),
            };
            let expected = self.record.bindings.fill_json(template);
            self.record.report(Breach::new(
                Requirement::RequestBody,
                Rule::RequestBody,
                Some(at),
                expected,
                actual,
                message,
            ));
            return false;
        };
        if is_invitation(&case.outline().step(at).shape) {
            self.judge_invitation(at, step, template, actual);
        } else {
            self.judge_shape(at, actual);
            self.correlate(at, template, actual, Path::At(&Pointer::root()));
            self.judge_media(at, template, actual);
        }
        true
    }

    /// Compares the body with the examples of this request.
    pub(super) fn judge_shape(&mut self, at: usize, actual: &Value) {
        let case = self.record.case.clone();
        let Some(shape) = case.page.request_body(&case.outline().step(at).key) else {
            return;
        };
        let rules = Rules {
            of_bot: true,
            given: &|_| false,
            odata_types: &|_| Vec::new(),
        };
        let found = compare(shape, actual, rules, &Pointer::root());
        self.record.report_all(
            found,
            Rule::RequestBody,
            Requirement::RequestBody,
            Some(at),
            None,
        );
    }

    /// Ids from confcall must return unchanged; ids that the bot generates are bound.
    pub(super) fn correlate(
        &mut self,
        at: usize,
        template: &Value,
        actual: &Value,
        place: Path<'_>,
    ) {
        match (template, actual) {
            (Value::Object(properties), Value::Object(_)) => {
                for (name, template) in properties {
                    if let Some((written, value)) = crate::contract::shape::lookup(actual, name) {
                        self.correlate(at, template, value, Path::Key(&place, written));
                    }
                }
            }
            (Value::Array(templates), Value::Array(items)) => {
                for (index, (template, item)) in templates.iter().zip(items).enumerate() {
                    self.correlate(at, template, item, Path::Index(&place, index));
                }
            }
            (Value::String(template), Value::String(actual)) => {
                let Some(name) = template::sole_variable(template) else {
                    return;
                };
                let kind = self.record.bindings.kind(name);
                let expected = self.record.bindings.value(name);
                if kind == Kind::Context {
                    self.record.bindings.bind(name, actual.as_str());
                    return;
                }
                self.record.check(Requirement::IdsUnchanged);
                if bindings::correlates(kind) && !bindings::same(kind, &expected, actual) {
                    let breach = Breach::new(
                        Requirement::IdsUnchanged,
                        Rule::Correlation,
                        Some(at),
                        json!(expected),
                        json!(actual),
                        format!("{{{name}}} is {actual}, given was {expected}"),
                    );
                    self.record.report(breach.at(place.pointer()));
                }
            }
            _ => {}
        }
    }

    /// A bot that joins without media, as documented, must not negotiate any.
    pub(super) fn judge_media(&mut self, at: usize, template: &Value, actual: &Value) {
        let joins_without = template
            .get("requestedModalities")
            .and_then(Value::as_array)
            .is_some_and(Vec::is_empty)
            && template.get("mediaConfig").is_none();
        if !joins_without {
            return;
        }
        self.record.check(Requirement::MediaAvoided);
        let negotiates = crate::contract::shape::lookup(actual, "mediaConfig").is_some()
            || crate::contract::shape::lookup(actual, "requestedModalities")
                .and_then(|(_, value)| value.as_array())
                .is_some_and(|modalities| !modalities.is_empty());
        if negotiates {
            let breach = Breach::new(
                Requirement::MediaAvoided,
                Rule::RequestBody,
                Some(at),
                json!([]),
                actual
                    .get("requestedModalities")
                    .cloned()
                    .unwrap_or_default(),
                "the bot joins only to transfer, and negotiates media".into(),
            );
            self.record
                .report(breach.at(Pointer::root().key("requestedModalities")));
        }
    }
}

fn essence(content_type: &str) -> &str {
    content_type
        .split(';')
        .next()
        .unwrap_or(content_type)
        .trim()
}

fn is_invitation(shape: &str) -> bool {
    shape == "calls/{}/participants/invite"
}

/// True if a path has a documented prefix: `/app`, `/communications` or `/applications/{id}`, with
/// or without a version, and no empty segment.
fn is_documented_prefix(target: &str) -> bool {
    let path = resource::path_of(target);
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    if segments.contains(&"") {
        return false;
    }
    let Some(calls) = segments.iter().position(|segment| *segment == "calls") else {
        return false;
    };
    let unversioned = match &segments[..calls] {
        ["beta" | "v1.0", rest @ ..] => rest,
        all => all,
    };
    matches!(
        unversioned,
        ["app" | "communications"] | ["applications", _]
    )
}
