//! Compares prose with examples: statuses, header fields, path templates, annotations.

use crate::http::message::Body;

use super::super::annotation::Annotation;
use super::super::contract::{cell, operation};
use super::super::json::property;
use super::super::message::{Message, Part};
use super::super::operations;
use super::super::prose::{Section, Text};
use super::super::remark::Remark;
use super::super::text::{find_word, sentences};
use super::rules;
use super::view::{Template, View};

pub(super) fn check(view: &View<'_, '_>, found: &mut Vec<Remark>) {
    statuses(view, found);
    headers(view, found);
    paths(view, found);
    for message in view.messages {
        annotation(view, message, found);
    }
}

/// The answers to the requests for the operation of the page.
fn own_answers<'v, 'a>(view: &'v View<'_, 'a>) -> impl Iterator<Item = (&'v Message<'a>, u16)> {
    let own = view.exchanges.iter().filter(|it| it.is_own);
    own.flat_map(|exchange| &exchange.answers)
        .filter_map(|index| match view.messages[*index].part {
            Part::Response { status } => Some((&view.messages[*index], status)),
            _ => None,
        })
}

/// Success statuses of examples that the prose does not name.
fn statuses(view: &View<'_, '_>, found: &mut Vec<Remark>) {
    let statuses = &view.page.statuses;
    let Some(first) = statuses.first() else {
        return;
    };
    let promised: Vec<_> = statuses.iter().map(|it| it.status.to_string()).collect();
    let promised = promised.join(" or ");
    for (message, status) in own_answers(view) {
        let is_known = statuses.iter().any(|it| it.status == status);
        if is_known || !(200..300).contains(&status) {
            continue;
        }
        let lines = [view.start_line(message), first.line];
        let message = format!("the example answers {status}, but the prose promises {promised}");
        found.push(view.pair(&rules::STATUS_DIFFERS, lines, message));
    }
}

/// Header fields of responses.
const FIELDS: [&str; 5] = [
    "Location",
    "Retry-After",
    "Content-Location",
    "Operation-Location",
    "WWW-Authenticate",
];

fn headers(view: &View<'_, '_>, found: &mut Vec<Remark>) {
    let answers: Vec<_> = own_answers(view)
        .filter(|(_, status)| (200..300).contains(status))
        .collect();
    if answers.is_empty() {
        return;
    }
    let paragraphs = view.prose.paragraphs.iter();
    for paragraph in paragraphs.filter(|it| it.section == Section::Response) {
        let promised = { FIELDS.into_iter() }.filter(|field| promises(&paragraph.text, field));
        for field in promised {
            if answers.iter().all(|(it, _)| it.header(field).is_none()) {
                let message = format!("the prose promises `{field}`, which no example shows");
                found.push(view.remark(&rules::HEADER_PROMISED, paragraph.line, message));
            }
        }
    }
}

/// True for a text that names a header field. A name of one word, such as `Location`, may be a word of the language; it
/// is that of the field in a code span, and in a sentence that names a status.
fn promises(text: &Text, field: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let has = |text: &str| find_word(text, field, is_part).is_some();
    let is_success = |word: &str| word.parse().is_ok_and(|it| (200..=208).contains(&it));
    let names_status = |text: &str| text.split(|c| !is_part(c)).any(is_success);
    let plain = text.plain();
    let mut sentences = sentences(&plain).into_iter().filter(|it| has(it));
    text.codes().any(has) || sentences.any(|it| field.contains('-') || names_status(it))
}

/// The first request that is annotated as an example, if none of these requests has a documented path and method. If one
/// has, the others are steps of a longer flow.
fn paths(view: &View<'_, '_>, found: &mut Vec<Remark>) {
    let Some(first) = view.templates.first() else {
        return;
    };
    let is_example = |message: &Message<'_>| {
        let mut annotations = annotations(view, message);
        annotations.any(|it| it.block_type == "request" && it.name.is_some())
    };
    let mut wrong = None;
    for message in view.messages.iter().filter(|it| is_example(it)) {
        let Part::Request { method, target } = message.part else {
            continue;
        };
        if message.is_foreign {
            continue;
        }
        let is_same = |it: &&Template<'_>| operation::is_instance(target, it.target);
        let same: Vec<_> = view.templates.iter().filter(is_same).collect();
        if same.iter().any(|it| it.method == method) {
            return;
        }
        wrong.get_or_insert_with(|| {
            let line = view.start_line(message);
            match same.first() {
                None => {
                    let message = format!("`{target}` is none of the documented paths");
                    view.pair(&rules::PATH_DIFFERS, [line, first.line], message)
                }
                Some(it) => {
                    let message = format!(
                        "the example has {method}, but the template has {}",
                        it.method
                    );
                    view.pair(&rules::METHOD_DIFFERS, [line, it.line], message)
                }
            }
        });
    }
    found.extend(wrong);
}

fn annotations<'v>(
    view: &View<'v, '_>,
    message: &Message<'_>,
) -> impl Iterator<Item = &'v Annotation> {
    let [head, body] = [message.code_block, message.body_block]
        .map(|index| view.page.code_blocks[index].annotation.as_ref());
    let body = body.filter(|_| message.body_block != message.code_block);
    head.into_iter().chain(body)
}

/// Compares the annotations of a message with its kind and with the type in its body.
fn annotation(view: &View<'_, '_>, message: &Message<'_>, found: &mut Vec<Remark>) {
    for annotation in annotations(view, message) {
        let (kind, wrong) = match message.part {
            Part::Request { .. } => ("request", "response"),
            Part::Response { .. } => ("response", "request"),
            // It is a request to the bot.
            Part::Notification { .. } => ("notification", "response"),
        };
        let said = annotation.block_type.as_str();
        if said == wrong {
            let line = view.start_line(message);
            let message = format!("this is a {kind}, but its annotation says {said}");
            found.push(view.pair(&rules::ANNOTATION_DIFFERS, [line, annotation.line], message));
        }
        found.extend(annotated_type(view, message, annotation));
    }
}

fn annotated_type(
    view: &View<'_, '_>,
    message: &Message<'_>,
    annotation: &Annotation,
) -> Option<Remark> {
    let said = annotation
        .odata_type
        .as_deref()
        .filter(|it| it.contains('.'))?;
    let Body::Json(body) = &message.body else {
        return None;
    };
    let items = property(body, "value").as_array();
    if annotation.is_collection && items.is_none() {
        let lines = [message.printed.line, annotation.line];
        let message = "the annotation says that this is a collection, but there is no `value`";
        return Some(view.pair(&rules::ANNOTATION_DIFFERS, lines, message));
    }
    let is_list = annotation.is_collection && items.is_some();
    let entity = items
        .filter(|_| is_list)
        .map_or(Some(body), |items| items.first())?;
    let shown = property(entity, "@odata.type").as_str()?;
    let (said, shown) = (cell::bare_type(said), cell::bare_type(shown));
    if said.eq_ignore_ascii_case(shown) || is_family(said, shown) {
        return None;
    }
    let line = view.line_with(shown, message.printed.line)?;
    let message = format!("the body is of type {shown}, but its annotation says {said}");
    Some(view.pair(&rules::ANNOTATION_DIFFERS, [line, annotation.line], message))
}

/// True if one of two types may be derived from the other: every operation is derived from the general one.
fn is_family(one: &str, other: &str) -> bool {
    let is_operation = |name: &str| name.ends_with("Operation");
    let is_general = |name: &str| operations::is_general(name);
    is_operation(one) && is_operation(other) && (is_general(one) || is_general(other))
}
