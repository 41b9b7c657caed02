//! A parsed page with the positions of its parts in the text, for checks.

use serde_json::Value;

use crate::diagnostic::json;
use crate::diagnostic::pointer::{Path, Pointer};

use super::super::contract::operation;
use super::super::conversation::{Run, items};
use super::super::head;
use super::super::head::Start;
use super::super::json::property;
use super::super::markdown::Page;
use super::super::message::{Message, Part, Printed};
use super::super::prose::{Prose, Section};
use super::super::remark::{PageRule, Remark};

/// A page before its bodies move into scenarios.
pub(super) struct View<'v, 'a> {
    pub(super) file: &'v str,
    /// The lines of the text.
    pub(super) lines: &'v [&'v str],
    pub(super) page: &'v Page<'a>,
    pub(super) prose: &'v Prose,
    pub(super) messages: &'v [Message<'a>],
    pub(super) exchanges: Vec<Exchange>,
    pub(super) templates: Vec<Template<'v>>,
}

/// A request with its effects, as indices of messages.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Exchange {
    /// `None` for notifications before the first request.
    pub(super) request: Option<usize>,
    pub(super) answers: Vec<usize>,
    pub(super) notifications: Vec<usize>,
    /// True if the request is for the operation of the page.
    pub(super) is_own: bool,
}

/// A path template in the section of the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Template<'v> {
    pub(super) method: &'v str,
    pub(super) target: &'v str,
    /// Counted from 1.
    pub(super) line: usize,
}

impl<'v, 'a> View<'v, 'a> {
    pub(super) fn new(
        file: &'v str,
        lines: &'v [&'v str],
        page: &'v Page<'a>,
        prose: &'v Prose,
        messages: &'v [Message<'a>],
        runs: &[Run],
    ) -> Self {
        let mut view = Self {
            file,
            lines,
            page,
            prose,
            messages,
            exchanges: Vec::new(),
            templates: Vec::new(),
        };
        view.templates = view.templates();
        view.exchanges = view.exchanges(runs);
        view
    }

    fn templates(&self) -> Vec<Template<'v>> {
        let code_blocks = self.page.code_blocks.iter();
        let in_section = code_blocks
            .filter(|it| self.prose.section_of_code_block(it.line) == Section::HttpRequest);
        let all = in_section.flat_map(|code_block| {
            let lines = code_block.text.lines().enumerate();
            lines.filter_map(|(number, line)| match head::start(line)? {
                Start::Request { method, target } => Some(Template {
                    method,
                    target,
                    line: code_block.line + 1 + number,
                }),
                Start::Response { .. } => None,
            })
        });
        all.collect()
    }

    fn exchanges(&self, runs: &[Run]) -> Vec<Exchange> {
        let mut exchanges: Vec<Exchange> = Vec::new();
        for run in runs {
            let mut exchange = Exchange::default();
            for &index in &run.messages {
                match self.messages[index].part {
                    Part::Request { .. } => {
                        let before = std::mem::take(&mut exchange);
                        exchanges.push(before);
                        exchange.request = Some(index);
                        exchange.is_own = self.is_own(index);
                    }
                    Part::Response { .. } => exchange.answers.push(index),
                    Part::Notification { .. } => exchange.notifications.push(index),
                }
            }
            exchanges.push(exchange);
        }
        exchanges.retain(|it| *it != Exchange::default());
        exchanges
    }

    /// True for a request that has the form of a path template, or for any request of the API if the page has no
    /// template.
    fn is_own(&self, index: usize) -> bool {
        let Part::Request { method, target } = self.messages[index].part else {
            return false;
        };
        let mut templates = self.templates.iter();
        // `participants/invite` has the form of `participants/{id}`.
        let is_own =
            templates.any(|it| it.method == method && operation::is_instance(target, it.target));
        !self.messages[index].is_foreign && (self.templates.is_empty() || is_own)
    }

    pub(super) fn remark(
        &self,
        rule: &'static PageRule,
        line: usize,
        message: impl Into<String>,
    ) -> Remark {
        Remark::new(rule, self.file, line, message)
    }

    /// A remark with a second line in the page.
    pub(super) fn pair(
        &self,
        rule: &'static PageRule,
        [line, other]: [usize; 2],
        message: impl Into<String>,
    ) -> Remark {
        self.remark(rule, line, message).beside(self.file, other)
    }

    /// The line of the start line of a message, or of the body of a notification without a head.
    pub(super) fn start_line(&self, message: &Message<'_>) -> usize {
        let is_start = |line: &str| match (message.part, head::start(line)) {
            (Part::Response { status }, Some(Start::Response { status: other })) => status == other,
            (
                Part::Request { method, target } | Part::Notification { method, target },
                Some(Start::Request {
                    method: other,
                    target: at,
                }),
            ) => (method, target) == (other, at),
            _ => false,
        };
        let mut below = self.lines.iter().skip(message.line);
        let found = below.position(|line| is_start(line));
        found.map_or(message.line, |number| message.line + number + 1)
    }

    /// The line of a header field of a message.
    pub(super) fn header_line(&self, message: &Message<'_>, name: &str) -> usize {
        let start = self.start_line(message);
        let mut below = self.lines.iter().skip(start);
        let found = below.position(|line| {
            let field = line.trim_start().split_once(':');
            field.is_some_and(|(other, _)| other.eq_ignore_ascii_case(name))
        });
        found.map_or(start, |number| start + number + 1)
    }

    /// The line of a value in the body of a message.
    pub(super) fn body_line(message: &Message<'_>, pointer: &Pointer) -> usize {
        BodyLines::of(message).at(pointer)
    }

    /// The first line, from a line on, that has a text as a whole word.
    pub(super) fn line_with(&self, text: &str, from: usize) -> Option<usize> {
        super::ids::line_with(self.lines, text, from, usize::MAX)
    }

    /// The change notifications of a message, each with its pointer.
    pub(super) fn changes<'m>(
        message: &'m Message<'_>,
    ) -> impl Iterator<Item = (Pointer, &'m Value)> {
        let changes = message.body.json().map(items).unwrap_or_default();
        let root = Pointer::root().key("value");
        let changes = changes.iter().enumerate();
        changes.map(move |(index, item)| (root.index(index), item))
    }
}

/// The lines of the values in the body of a message.
pub(super) struct BodyLines<'a> {
    printed: Printed<'a>,
    document: Option<jsonc_parser::ast::Value<'a>>,
}

impl<'a> BodyLines<'a> {
    pub(super) fn of(message: &Message<'a>) -> Self {
        let printed = message.printed;
        Self {
            printed,
            document: json::parse_with_comments(printed.text).ok().flatten(),
        }
    }

    /// The line of a value, or that of its name if it has one; else the first line of the body.
    pub(super) fn at(&self, pointer: &Pointer) -> usize {
        let found = self.document.as_ref();
        let found = found.and_then(|it| json::locate(it, pointer));
        let start = found.map_or(0, |it| it.key.map_or(it.value.start, |key| key.start));
        self.printed.line + super::super::text::newlines(&self.printed.text[..start])
    }
}

/// Calls a function for each object in JSON, with its pointer and the name of the property that has it.
pub(super) fn objects<'j>(
    value: &'j Value,
    at: &Path<'_>,
    name: &'j str,
    found: &mut dyn FnMut(&Path<'_>, &'j str, &'j Value),
) {
    match value {
        Value::Object(properties) => {
            found(at, name, value);
            for (name, value) in properties {
                objects(value, &Path::Key(at, name), name, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                objects(item, &Path::Index(at, index), name, found);
            }
        }
        _ => {}
    }
}

/// The text of a property; none if the property is absent, empty or not a text.
pub(super) fn text<'j>(object: &'j Value, name: &str) -> Option<&'j str> {
    property(object, name)
        .as_str()
        .filter(|text| !text.is_empty())
}
