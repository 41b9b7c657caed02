//! The facts of an operation page: path templates, parameters and answers.

use serde_json::Value;

use crate::api::resource;
use crate::contract::extracted::Origin;
use crate::http::message::Body;

use super::super::head;
use super::super::head::Start;
use super::super::json::property;
use super::super::markdown::{CodeBlock, Page};
use super::super::message::{Message, Messages, Part};
use super::super::prose::{Piece, Prose, Section, Text};
use super::cell;
use super::printed;
use super::printed::{Member, TableRow};

/// The description of an operation on a page.
#[derive(Debug)]
pub(in crate::extract) struct OperationFacts {
    pub(in crate::extract) method: String,
    pub(in crate::extract) paths: Vec<String>,
    /// The pages of resources that the section of the request body links to.
    pub(in crate::extract) body: Vec<String>,
    pub(in crate::extract) rows: Vec<TableRow>,
    /// The properties of the examples' request bodies.
    pub(in crate::extract) members: Vec<Member>,
    pub(in crate::extract) answers: Vec<AnswerFacts>,
    /// The first line of the code block of the path templates, counted from 1.
    pub(in crate::extract) line: usize,
}

/// An answer as one text prints it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::extract) struct AnswerFacts {
    pub(in crate::extract) status: u16,
    pub(in crate::extract) of: AnswerType,
    pub(in crate::extract) collection: bool,
    /// Counted from 1.
    pub(in crate::extract) line: usize,
}

/// The type of an answer's body.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::extract) enum AnswerType {
    /// In prose: the pages that the paragraph of the status links to.
    Linked(Vec<String>),
    /// In an example: the name in the body, else in the annotation.
    Named(Option<String>),
}

impl AnswerType {
    pub(in crate::extract) const fn origin(&self) -> Origin {
        match self {
            Self::Linked(_) => Origin::Prose,
            Self::Named(_) => Origin::Example,
        }
    }
}

/// `None` if the page has no path template in the section of the request.
pub(super) fn read(
    page: &Page<'_>,
    messages: &Messages<'_>,
    prose: &Prose,
) -> Option<OperationFacts> {
    let mut templates = page
        .code_blocks
        .iter()
        .filter(|it| prose.section_of_code_block(it.line) == Section::HttpRequest)
        .flat_map(|code_block| {
            let lines = code_block.text.lines().filter_map(head::start);
            lines.map(move |start| (code_block.line, start))
        })
        .filter_map(|(line, start)| match start {
            Start::Request { method, target } => Some((line, method, target)),
            Start::Response { .. } => None,
        })
        .peekable();
    let (line, method, _) = *templates.peek()?;
    let mut paths: Vec<String> = Vec::new();
    for (_, _, target) in templates.filter(|(_, other, _)| *other == method) {
        if !paths.iter().any(|path| path == target) {
            paths.push(target.to_owned());
        }
    }
    let is_own = |target: &str| paths.iter().any(|path| is_instance(target, path));
    let (members, mut answers) = examples(&page.code_blocks, &messages.list, method, is_own);
    answers.extend(statuses(prose));
    let body = prose.paragraphs.iter();
    Some(OperationFacts {
        method: method.to_owned(),
        body: body
            .filter(|paragraph| paragraph.section == Section::RequestBody)
            .flat_map(|paragraph| paragraph.text.links())
            .collect(),
        rows: printed::rows(&prose.tables, Section::RequestBody),
        members,
        answers,
        line,
        paths,
    })
}

/// True if a target has the form of a path template. The part before `calls` has several spellings.
pub(in crate::extract) fn is_instance(target: &str, template: &str) -> bool {
    let (target, template) = (segments(target), segments(template));
    let mut pairs = target.iter().zip(&template);
    target.len() == template.len()
        && pairs.all(|(segment, placeholder)| {
            placeholder.starts_with('{') || segment.eq_ignore_ascii_case(placeholder)
        })
}

/// The segments of a path from `calls` on; of another path, all but the API version.
fn segments(target: &str) -> Vec<&str> {
    let segments = resource::path_of(target).split('/').map(cell::bare_type);
    let version = resource::version_of(target);
    let segments: Vec<_> = segments
        .filter(|segment| !segment.is_empty() && Some(*segment) != version)
        .collect();
    let calls = segments.iter().position(|segment| *segment == "calls");
    segments[calls.unwrap_or(0)..].to_vec()
}

/// The properties of the page's own requests in its examples, and the answers to them.
fn examples(
    code_blocks: &[CodeBlock<'_>],
    messages: &[Message<'_>],
    method: &str,
    is_own: impl Fn(&str) -> bool,
) -> (Vec<Member>, Vec<AnswerFacts>) {
    let mut members: Vec<Member> = Vec::new();
    let mut answers = Vec::new();
    let mut is_answered = true;
    for message in messages {
        match message.part {
            Part::Request {
                method: other,
                target,
            } => {
                is_answered = other != method || !is_own(target);
                let Body::Json(body) = &message.body else {
                    continue;
                };
                if is_answered {
                    continue;
                }
                let code_block = &code_blocks[message.body_block];
                for member in printed::members(body, &code_block.text, code_block.line + 1) {
                    match members.iter_mut().find(|it| it.name == member.name) {
                        None => members.push(member),
                        Some(known) if known.kind.is_none() => *known = member,
                        Some(_) => {}
                    }
                }
            }
            Part::Response { status } if !is_answered => {
                is_answered = true;
                answers.push(answer(status, message, code_blocks));
            }
            _ => {}
        }
    }
    (members, answers)
}

fn answer(status: u16, message: &Message<'_>, code_blocks: &[CodeBlock<'_>]) -> AnswerFacts {
    let annotations = [message.code_block, message.body_block]
        .map(|code_block| code_blocks[code_block].annotation.as_ref());
    let annotation = annotations.into_iter().flatten().next();
    let null = Value::Null;
    let body = match &message.body {
        Body::Json(body) => body,
        _ => &null,
    };
    let items = property(body, "value").as_array();
    let entity = items.map_or(Some(body), |items| items.first());
    let in_body = entity.and_then(|entity| property(entity, "@odata.type").as_str());
    let annotated = annotation.and_then(|annotation| annotation.odata_type.as_deref());
    // An annotation may say `None`, which has no namespace.
    let annotated = annotated.filter(|name| name.contains('.'));
    AnswerFacts {
        status,
        of: AnswerType::Named(
            in_body
                .or(annotated)
                .map(|name| cell::bare_type(name).to_owned()),
        ),
        collection: items.is_some() || annotation.is_some_and(|it| it.is_collection),
        line: message.line,
    }
}

/// The statuses in the prose under the heading of the response.
fn statuses(prose: &Prose) -> impl Iterator<Item = AnswerFacts> {
    let paragraphs = prose.paragraphs.iter();
    let in_section = paragraphs.filter(|paragraph| paragraph.section == Section::Response);
    in_section.flat_map(|paragraph| {
        statuses_in(&paragraph.text)
            .into_iter()
            .map(|status| AnswerFacts {
                status,
                of: AnswerType::Linked(paragraph.text.links().collect()),
                collection: false,
                line: paragraph.line,
            })
    })
}

/// The statuses of a text: three digits and a reason phrase in capitals, such as `201 Created`; in a code span also
/// without the phrase.
fn statuses_in(text: &Text) -> Vec<u16> {
    let mut found = Vec::new();
    for piece in &text.pieces {
        let (printed, is_code) = match piece {
            Piece::Plain(text) => (text, false),
            Piece::Code(code) => (code, true),
            Piece::Link { .. } => continue,
        };
        let mut words = printed.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let has_phrase = words
                .peek()
                .is_some_and(|next| next.starts_with(|c: char| c.is_ascii_uppercase()));
            let is_status = word.len() == 3 && (has_phrase || is_code);
            let status: Option<u16> = word.parse().ok().filter(|_| is_status);
            found.extend(status.filter(|status| (100..600).contains(status)));
        }
    }
    found
}
