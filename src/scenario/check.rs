//! Consistency of scripts that fit the file format.

use std::collections::BTreeSet;

use serde_json::Value;

use super::format::{HeaderFields, Kind, ProviderState, Script, Step, Token, Variable, body};
use super::parse::MOST_SHOWN;
use crate::api::party::Party;
use crate::api::resource::percent_encoded;
use crate::api::template::{Part, is_name, parts};
use crate::contract::requirement::Requirement;
use crate::diagnostic::closest;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::{Body, is_token};

/// An inconsistency in a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub pointer: Pointer,
    /// The problem is the property's name, not its value.
    pub at_key: bool,
    /// The wrong part of the value; none for all of it.
    pub part: Option<String>,
    pub message: String,
    pub remedy: String,
}

/// All problems, in the order of the script.
pub(crate) fn problems(script: &Script) -> Vec<Problem> {
    let mut check = Check {
        script,
        used: BTreeSet::new(),
        controls: BTreeSet::new(),
        problems: Vec::new(),
    };
    check.source();
    check.locales();
    check.given();
    check.variables();
    check.steps();
    check.unused();
    check.problems
}

/// The request before a step.
#[derive(Debug, Clone, Copy)]
enum Preceding {
    /// No request before it.
    Nothing,
    /// Right before it.
    Now,
    /// Further up.
    Before,
    /// A refused request.
    Refused,
}

struct Check<'a> {
    script: &'a Script,
    used: BTreeSet<String>,
    /// Variables with a reported control character.
    controls: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn source(&mut self) {
        if self.script.source.trim().is_empty() {
            let pointer = Pointer::root().key("source");
            self.wrong(pointer, "`source` is empty", "write the path of the page");
        }
    }

    fn given(&mut self) {
        let states = &self.script.given;
        self.states(&Pointer::root().key("given"), states);
    }

    fn states(&mut self, given: &Pointer, states: &[ProviderState]) {
        for (index, state) in states.iter().enumerate() {
            if states[..index].contains(state) {
                let message = format!("the state `{}` is listed twice", state.as_str());
                self.wrong(given.index(index), message, "remove one of the two");
            }
        }
    }

    /// The lines of the steps are those of `source`; every translation has a line for each step.
    fn locales(&mut self) {
        let locales = &self.script.locales;
        let pointer = Pointer::root().key("locales");
        let steps = self.script.steps.iter().map(Step::line);
        if !locales.is_empty() && !locales.iter().any(|it| it.file == self.script.source) {
            let message = format!("`{}` is not among the locales", self.script.source);
            let remedy = "add the page of `source`, or remove `locales`";
            self.wrong(pointer.clone(), message, remedy);
        }
        for (index, translation) in locales.iter().enumerate() {
            let pointer = pointer.index(index);
            if locales[..index]
                .iter()
                .any(|it| it.locale == translation.locale)
            {
                let message = format!("`{}` is listed twice", translation.locale);
                let remedy = "remove one of the two";
                self.wrong(pointer.key("locale"), message, remedy);
            }
            let (lines, count) = (&translation.lines, self.script.steps.len());
            if lines.len() != count {
                let message = format!("{} lines for {count} steps", lines.len());
                let remedy = "give one line for each step";
                self.wrong(pointer.key("lines"), message, remedy);
            } else if translation.file == self.script.source
                && !steps.clone().eq(lines.iter().copied())
            {
                let message = "these lines differ from the lines of the steps";
                let remedy = "copy the `line` of each step";
                self.wrong(pointer.key("lines"), message, remedy);
            }
            for (number, line) in lines.iter().enumerate() {
                self.line(pointer.key("lines").index(number), *line);
            }
        }
    }

    fn variables(&mut self) {
        for (name, variable) in &self.script.variables {
            let pointer = Pointer::root().key("variables").key(name);
            if !is_name(name) {
                let message = format!("`{name}` is not a valid name of a variable");
                let remedy = "use lower-case letters, digits and hyphens, and begin with a letter";
                self.wrong_key(pointer.clone(), message, remedy);
            }
            if variable.value.as_deref() == Some("") && is_identifier(variable.kind) {
                let message = "a variable of this kind cannot have an empty value";
                self.wrong(
                    pointer.key("value"),
                    message,
                    "write the value that the page prints, or remove `value` if it prints none",
                );
            }
            self.words(&pointer, variable);
            if let Some(other) = &variable.same_as {
                self.same_as(pointer.key("same_as"), name, other);
            }
        }
    }

    fn words(&mut self, variable_at: &Pointer, variable: &Variable) {
        if variable.words.is_empty() && variable.kind == Kind::Word {
            let message = "a variable of the kind `word` needs `words`";
            let remedy = "list the words, such as `\"words\": [\"busy\", \"none\"]`";
            self.wrong(variable_at.key("kind"), message, remedy);
        } else if !variable.words.is_empty() && variable.kind != Kind::Word {
            let message = "only a variable of the kind `word` can have `words`";
            let remedy = "write `\"kind\": \"word\"`, or remove `words`";
            self.wrong_key(variable_at.key("words"), message, remedy);
        }
        if let Some(index) = variable.words.iter().position(String::is_empty) {
            let pointer = variable_at.key("words").index(index);
            self.wrong(pointer, "the word is empty", "remove it");
        }
    }

    fn same_as(&mut self, pointer: Pointer, name: &str, other: &str) {
        match self.script.variables.get(other) {
            None => self.undeclared(pointer, other, None),
            Some(_) if other == name => {
                let remedy = "remove `same_as`, or use another variable";
                self.wrong(
                    pointer,
                    format!("`same_as` of `{name}` is the variable itself"),
                    remedy,
                );
            }
            Some(declared) => {
                if let Some(root) = &declared.same_as {
                    let message = format!("`{other}` has a `same_as` too");
                    let remedy = if root == name {
                        format!("remove `same_as` of either `{name}` or `{other}`")
                    } else {
                        format!("use that variable: `{root}`")
                    };
                    self.wrong(pointer, message, remedy);
                }
            }
        }
    }

    fn steps(&mut self) {
        let pointer = Pointer::root().key("steps");
        if self.script.steps.is_empty() {
            let remedy = "add the first request or notification";
            self.wrong(pointer.clone(), "the scenario has no steps", remedy);
        }
        let mut preceding = Preceding::Nothing;
        for (index, step) in self.script.steps.iter().enumerate() {
            let pointer = pointer.index(index).key(step.kind());
            self.line(pointer.key("line"), step.line());
            match step {
                Step::Request(request) => {
                    preceding = Preceding::Now;
                    if request.token != Token::Own {
                        self.of_services(pointer.key("token"), "such a token");
                    }
                    self.method(&pointer, &request.method);
                    self.target(&pointer.key("target"), &request.target);
                }
                Step::Response(response) => {
                    if matches!(preceding, Preceding::Nothing | Preceding::Refused) {
                        let message = "a response needs a request before it";
                        let remedy = "add the request before the response";
                        self.wrong_key(pointer.clone(), message, remedy);
                    } else {
                        preceding = Preceding::Before;
                    }
                    self.requirement(&pointer, response.requirement);
                    self.status(pointer.key("status"), response.status);
                    for (index, or) in response.or.iter().enumerate() {
                        let pointer = pointer.key("or").index(index);
                        self.status(pointer.key("status"), or.status);
                        self.line(pointer.key("line"), or.line);
                    }
                }
                Step::Notification(notification) => {
                    self.method(&pointer, &notification.method);
                    self.target(&pointer.key("target"), &notification.target);
                    self.line(pointer.key("body_line"), notification.body_line);
                    self.states(&pointer.key("given"), &notification.given);
                    if matches!(preceding, Preceding::Now) {
                        preceding = Preceding::Before;
                    }
                    if matches!(preceding, Preceding::Refused) {
                        let message = "a notification cannot follow a refusal";
                        let remedy =
                            "add a request before the notification, or remove the notification";
                        self.wrong_key(pointer.clone(), message, remedy);
                    }
                }
                Step::Refusal(refusal) => {
                    if !matches!(preceding, Preceding::Now) {
                        let message = "a refusal must directly follow a request";
                        let remedy = "add the request before the refusal";
                        self.wrong_key(pointer.clone(), message, remedy);
                    }
                    preceding = Preceding::Refused;
                    self.of_services(pointer.clone(), "a refusal");
                    self.requirement(&pointer, refusal.requirement);
                    self.refusing(&pointer.key("statuses"), &refusal.statuses);
                }
            }
            if let Some(headers) = step.headers() {
                self.headers(&pointer.key("headers"), headers);
            }
            self.body(&pointer.key("body"), step.body());
        }
    }

    fn line(&mut self, pointer: Pointer, line: usize) {
        if line == 0 {
            let remedy = "write the line on which the code block begins";
            self.wrong(pointer, "lines are counted from 1", remedy);
        }
    }

    fn method(&mut self, step: &Pointer, method: &str) {
        let upper = method.to_ascii_uppercase();
        if method == upper && is_token(method) {
            return;
        }
        let meant = if is_token(&upper) { &upper } else { "POST" };
        let message = format!("`{method}` is not an HTTP method");
        self.wrong(step.key("method"), message, format!("write `{meant}`"));
    }

    /// Checks a request target (RFC 9112 section 3.2).
    fn target(&mut self, pointer: &Pointer, target: &str) {
        self.text(pointer, target);
        let parts = parts(target);
        if let Some(Part::Literal(start)) = parts.first()
            && !start.starts_with('/')
            && !target.contains("://")
        {
            let message = "the target is neither a path nor a URL";
            self.wrong(pointer.clone(), message, "begin it with `/` or `https://`");
        }
        let literals = parts.iter().filter_map(|part| match part {
            Part::Literal(text) => Some(text),
            Part::Variable(_) => None,
        });
        let wrong = |c: &char| c.is_whitespace() || c.is_control();
        if let Some(c) = literals.flat_map(|text| text.chars()).find(wrong) {
            let message = format!("the target contains {}", named(c));
            let remedy = format!("percent-encode it as `{}`", percent_encoded(c));
            self.wrong(pointer.clone(), message, remedy);
        }
        self.controls_of_variables(&parts);
    }

    fn status(&mut self, pointer: Pointer, status: u16) {
        if !(100..600).contains(&status) {
            let message = format!("{status} is not a status code (100 to 599)");
            self.wrong(
                pointer,
                message,
                "write the status code that the page prints",
            );
        }
    }

    /// Checks the statuses of a refusal.
    fn refusing(&mut self, pointer: &Pointer, statuses: &[u16]) {
        if statuses.is_empty() {
            let remedy =
                "list the statuses with which a service refuses the request, such as `[400]`";
            self.wrong(pointer.clone(), "the refusal has no status", remedy);
        }
        for (index, status) in statuses.iter().enumerate() {
            if !(400..600).contains(status) {
                let message = format!("{status} is not the status of a refusal");
                let remedy = "use status codes from 400 to 599";
                self.wrong(pointer.index(index), message, remedy);
            } else if statuses[..index].contains(status) {
                let message = format!("{status} is listed twice");
                self.wrong(pointer.index(index), message, "remove one of the two");
            }
        }
    }

    /// Reports a step that only scenarios of services may have.
    fn of_services(&mut self, pointer: Pointer, what: &str) {
        if self.script.judges != Some(Party::Service) {
            let message =
                format!("{what} is only allowed in a scenario that judges only the service");
            let remedy = "write `\"judges\": \"service\"` at the top of the file";
            self.wrong_key(pointer, message, remedy);
        }
    }

    fn requirement(&mut self, step: &Pointer, named: Option<Requirement>) {
        if let Some(named) = named.filter(|named| !of_services().any(|it| it == *named)) {
            let (message, remedy) = no_requirement(named.id());
            self.wrong(step.key("requirement"), message, remedy);
        }
    }

    fn headers(&mut self, pointer: &Pointer, headers: &HeaderFields) {
        let mut names = BTreeSet::new();
        for (name, value) in headers {
            let pointer = pointer.key(name);
            if !is_token(name) {
                let message = format!("`{name}` is not a valid header name");
                let remedy = "use letters, digits and hyphens, without the colon";
                self.wrong_key(pointer.clone(), message, remedy);
            }
            if !names.insert(name.to_ascii_lowercase()) {
                let message = format!("`{name}` is repeated; header names ignore case");
                self.wrong_key(pointer.clone(), message, "keep one of the two");
            }
            if let Some(c) = value.chars().find(|c| is_control(*c)) {
                let message = format!("the value of the header field contains {}", named(c));
                self.wrong(
                    pointer.clone(),
                    message,
                    "remove it; a header field is one line",
                );
            }
            self.text(&pointer, value);
            self.controls_of_variables(&parts(value));
        }
    }

    /// A header field or a target is one line, including the values of its variables.
    fn controls_of_variables(&mut self, parts: &[Part<'_>]) {
        for part in parts {
            let Part::Variable(name) = part else { continue };
            let value = self.script.variables.get(*name).map(Variable::printed);
            let Some(c) = value.and_then(|value| value.chars().find(|c| is_control(*c))) else {
                continue;
            };
            let pointer = Pointer::root().key("variables").key(name).key("value");
            if self.controls.insert((*name).to_owned()) {
                let message = format!(
                    "the value is used in a target or a header field, but contains {}",
                    named(c)
                );
                self.wrong(pointer, message, "remove it");
            }
        }
    }

    fn body(&mut self, pointer: &Pointer, body: &Body) {
        match body {
            Body::Text(text) => self.text(&pointer.key(body::TEXT), text),
            Body::Json(value) => self.json(pointer, value),
            Body::Empty | Body::Bytes(_) | Body::Omitted(_) => {}
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

    fn text(&mut self, pointer: &Pointer, text: &str) {
        for part in parts(text) {
            let Part::Variable(name) = part else { continue };
            self.used.insert(name.to_owned());
            if !self.script.variables.contains_key(name) {
                self.undeclared(pointer.clone(), name, Some(format!("{{{name}}}")));
            }
        }
        for word in misspelt(text) {
            let name = lower(word);
            let declared = self.script.variables.contains_key(&name);
            let remedy = if declared {
                format!("did you mean `{{{name}}}`?")
            } else {
                format!(
                    "write `{{{name}}}` and declare it, or `{{{{{word}}}}}` for the literal text"
                )
            };
            self.problems.push(Problem {
                pointer: pointer.clone(),
                at_key: false,
                part: Some(format!("{{{word}}}")),
                message: format!("`{{{word}}}` is not a variable, because names are in lower case"),
                remedy,
            });
        }
    }

    /// Reports variables that no step uses, directly or through `same_as`.
    fn unused(&mut self) {
        let variables = &self.script.variables;
        let through: BTreeSet<&str> = variables
            .iter()
            .filter(|(name, _)| self.used.contains(*name))
            .filter_map(|(_, variable)| variable.same_as.as_deref())
            .collect();
        let is_unused =
            |name: &&String| !self.used.contains(*name) && !through.contains(name.as_str());
        // An invalid name is already reported.
        let unused: Vec<&String> = variables
            .keys()
            .filter(|name| is_name(name) && is_unused(name))
            .collect();
        for name in unused {
            let message = format!("the variable `{name}` is not used");
            let remedy = format!("remove it, or write `{{{name}}}` in place of its value");
            let pointer = Pointer::root().key("variables").key(name);
            self.wrong_key(pointer, message, remedy);
        }
    }

    fn undeclared(&mut self, pointer: Pointer, name: &str, part: Option<String>) {
        let declared = self.script.variables.keys().map(String::as_str);
        let shown = part.clone().unwrap_or_else(|| name.to_owned());
        // Checking every variable for every problem would be quadratic.
        let is_shown = self.problems.len() < MOST_SHOWN;
        let others = declared.filter(|other| is_shown && *other != name);
        let remedy = match closest(name, others) {
            Some(close) => format!("did you mean `{}`?", shown.replace(name, close)),
            None => {
                format!("declare it in `variables`, or write `{{{{{name}}}}}` for the literal text")
            }
        };
        self.problems.push(Problem {
            pointer,
            at_key: false,
            part,
            message: format!("the variable `{shown}` is not declared"),
            remedy,
        });
    }

    fn wrong(&mut self, pointer: Pointer, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(Problem {
            pointer,
            at_key: false,
            part: None,
            message: message.into(),
            remedy: remedy.into(),
        });
    }

    fn wrong_key(
        &mut self,
        pointer: Pointer,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.wrong(pointer, message, remedy);
        if let Some(last) = self.problems.last_mut() {
            last.at_key = true;
        }
    }
}

/// The requirements that a step can name.
fn of_services() -> impl Iterator<Item = Requirement> {
    let documented = Requirement::DOCUMENTED.iter().copied();
    documented.filter(|it| it.party() == Party::Service)
}

/// The message and the remedy for a word that is not one of them.
pub(super) fn no_requirement(word: &str) -> (String, String) {
    let message = format!("`{word}` is not a requirement of a service");
    let remedy = match closest(word, of_services().map(Requirement::id)) {
        Some(close) => format!("did you mean `{close}`?"),
        None => "`confcall run --coverage` lists them; remove the key if none fits".to_owned(),
    };
    (message, remedy)
}

/// True if values of this kind identify something. A context or a text may be empty.
const fn is_identifier(kind: Kind) -> bool {
    !matches!(kind, Kind::Context | Kind::Text)
}

/// True if a field value cannot contain it (RFC 9110 section 5.5).
fn is_control(c: char) -> bool {
    c.is_control() && c != '\t'
}

fn named(c: char) -> String {
    match c {
        ' ' => "a space".to_owned(),
        '\r' | '\n' => "a line end".to_owned(),
        c => format!(
            "the control or white space character U+{:04X}",
            u32::from(c)
        ),
    }
}

/// Words in braces that would be variables in lower case.
fn misspelt(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let tail = &rest[at..];
        if tail.starts_with("{{") || tail.starts_with("}}") {
            rest = &tail[2..];
            continue;
        }
        rest = &tail[1..];
        let word = tail.starts_with('{').then(|| rest.split_once('}'));
        if let Some((word, _)) = word.flatten()
            && !is_name(word)
            && is_name(&lower(word))
        {
            words.push(word);
        }
    }
    words
}

fn lower(word: &str) -> String {
    word.to_ascii_lowercase().replace('_', "-")
}
