//! What fits the format of scenario files and makes no sense.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::message::{Body, HeaderFields, TEXT};
use crate::model::scenario::{Script, Step};
use crate::model::template::{Part, is_name, parts};
use crate::text::diagnostic::closest;
use crate::text::pointer::Pointer;

/// Something in a script that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where in the file.
    pub pointer: Pointer,
    /// Whether the property's name is meant, not its value.
    pub at_key: bool,
    /// The part of the value that is meant; none for the whole.
    pub part: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// Everything in a script that makes no sense, in the order of its parts.
pub fn problems(script: &Script) -> Vec<Problem> {
    let mut check = Check {
        script,
        used: BTreeSet::new(),
        problems: Vec::new(),
    };
    if script.source.trim().is_empty() {
        check.wrong(Pointer::root().key("source"), "the page has no name");
    }
    check.variables();
    check.steps();
    check.unused();
    check.problems
}

struct Check<'a> {
    script: &'a Script,
    used: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn variables(&mut self) {
        for (name, variable) in &self.script.variables {
            let pointer = Pointer::root().key("variables").key(name);
            if !is_name(name) {
                let message = format!("`{name}` cannot name a variable");
                let rule = "lower-case letters, digits and hyphens, a letter first";
                self.wrong_key(pointer.clone(), message, Some(rule.to_owned()));
            }
            let Some(other) = &variable.same_as else {
                continue;
            };
            let pointer = pointer.key("same_as");
            match self.script.variables.get(other) {
                None => self.undeclared(pointer, other, None),
                Some(_) if other == name => {
                    self.wrong(pointer, format!("`{name}` is the same as itself"));
                }
                Some(declared) if declared.same_as.is_some() => self.wrong(
                    pointer,
                    format!("`{other}` is itself the same as another variable"),
                ),
                Some(_) => {}
            }
        }
    }

    fn steps(&mut self) {
        let pointer = Pointer::root().key("steps");
        if self.script.steps.is_empty() {
            self.wrong(pointer.clone(), "a scenario has at least one step");
        }
        let mut asked = false;
        for (index, step) in self.script.steps.iter().enumerate() {
            let pointer = pointer.index(index).key(step.kind());
            if step.line() == 0 {
                self.wrong(pointer.key("line"), "lines count from 1");
            }
            match step {
                Step::Request(request) => {
                    asked = true;
                    self.method(&pointer, &request.method);
                    self.text(&pointer.key("target"), &request.target);
                }
                Step::Response(response) => {
                    if !asked {
                        let message = "a response needs a request before it".to_owned();
                        self.wrong_key(pointer.clone(), message, None);
                    }
                    self.status(pointer.key("status"), response.status);
                    for (index, or) in response.or.iter().enumerate() {
                        self.status(pointer.key("or").index(index).key("status"), or.status);
                    }
                }
                Step::Notification(notification) => {
                    self.method(&pointer, &notification.method);
                    self.text(&pointer.key("target"), &notification.target);
                }
            }
            self.headers(&pointer.key("headers"), step.headers());
            self.body(&pointer.key("body"), step.body());
        }
    }

    fn method(&mut self, step: &Pointer, method: &str) {
        let upper = method.to_ascii_uppercase();
        if method != upper || method.is_empty() || !method.bytes().all(|b| b.is_ascii_alphabetic())
        {
            let remedy = if method == upper { "POST" } else { &upper };
            let problem = problem(step.key("method"), format!("`{method}` is no method"));
            self.problems.push(Problem {
                remedy: Some(format!("write `{remedy}`")),
                ..problem
            });
        }
    }

    fn status(&mut self, pointer: Pointer, status: u16) {
        if !(100..600).contains(&status) {
            self.wrong(
                pointer,
                format!("{status} is no status code, which are 100 to 599"),
            );
        }
    }

    fn headers(&mut self, pointer: &Pointer, headers: &HeaderFields) {
        for (name, value) in headers {
            self.text(&pointer.key(name), value);
        }
    }

    fn body(&mut self, pointer: &Pointer, body: Option<&Body>) {
        match body {
            None => {}
            Some(Body::Text(text)) => self.text(&pointer.key(TEXT), text),
            Some(Body::Json(value)) => self.json(pointer, value),
        }
    }

    fn json(&mut self, pointer: &Pointer, value: &Value) {
        match value {
            Value::String(text) => self.text(pointer, text),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.json(&pointer.index(index), item);
                }
            }
            Value::Object(properties) => {
                for (name, item) in properties {
                    self.json(&pointer.key(name), item);
                }
            }
            _ => {}
        }
    }

    /// A text with variables in it.
    fn text(&mut self, pointer: &Pointer, text: &str) {
        for part in parts(text) {
            let Part::Variable(name) = part else { continue };
            self.used.insert(name.to_owned());
            if !self.script.variables.contains_key(name) {
                self.undeclared(pointer.clone(), name, Some(format!("{{{name}}}")));
            }
        }
    }

    /// Variables which no step holds, and none that is held is the same as.
    fn unused(&mut self) {
        let variables = &self.script.variables;
        let through = |name: &str| {
            variables
                .iter()
                .any(|(other, it)| it.same_as.as_deref() == Some(name) && self.used.contains(other))
        };
        let unused: Vec<&String> = variables
            .keys()
            .filter(|name| !self.used.contains(*name) && !through(name))
            .collect();
        for name in unused {
            let message = format!("nothing uses the variable `{name}`");
            let remedy = format!("take it away, or write `{{{name}}}` where it stands");
            let pointer = Pointer::root().key("variables").key(name);
            self.wrong_key(pointer, message, Some(remedy));
        }
    }

    fn undeclared(&mut self, pointer: Pointer, name: &str, part: Option<String>) {
        let declared = self.script.variables.keys().map(String::as_str);
        let shown = part.clone().unwrap_or_else(|| name.to_owned());
        let remedy = match closest(name, declared.filter(|other| *other != name)) {
            Some(close) => format!("did you mean `{}`?", shown.replace(name, close)),
            None => format!(
                "declare it under `variables`, or write `{{{{{name}}}}}` for the text itself"
            ),
        };
        self.problems.push(Problem {
            part,
            remedy: Some(remedy),
            ..problem(pointer, format!("`{shown}` is not among the variables"))
        });
    }

    fn wrong(&mut self, pointer: Pointer, message: impl Into<String>) {
        self.problems.push(problem(pointer, message.into()));
    }

    fn wrong_key(&mut self, pointer: Pointer, message: String, remedy: Option<String>) {
        self.problems.push(Problem {
            at_key: true,
            remedy,
            ..problem(pointer, message)
        });
    }
}

const fn problem(pointer: Pointer, message: String) -> Problem {
    Problem {
        pointer,
        at_key: false,
        part: None,
        message,
        remedy: None,
    }
}
