//! A violation, with the expected and the actual value, and the page behind it.

use askama::Template;

use super::difference;
use super::difference::Row as Compared;
use super::page::Excerpt;
use crate::contract::rule::{Level, Rule};
use crate::judge::verdict::{Basis, Violation};
use crate::report::Pages;

#[derive(Template)]
#[template(path = "violation.html")]
pub(super) struct ShownViolation {
    number: usize,
    rule: Rule,
    level: &'static str,
    step: Option<usize>,
    pointer: String,
    message: String,
    rows: Vec<Compared>,
    requirement: Basis,
    sentence: &'static str,
    source: String,
    /// The lines of the page, if the page is at hand.
    excerpt: Option<Excerpt>,
}

impl ShownViolation {
    /// A violation with its number. One whose messages are left out has only sentences.
    pub(super) fn of(
        (number, violation): (usize, &Violation),
        is_left_out: bool,
        pages: Pages<'_>,
    ) -> Self {
        let source = &violation.source;
        let (sentence, standard) = match violation.requirement {
            Basis::Requirement(it) => (it.text(), it.standard()),
            Basis::Exchange(_) | Basis::Snapshot => ("", ""),
        };
        Self {
            number,
            rule: violation.rule,
            level: match violation.level {
                Level::Must => "must",
                Level::Should => "should",
            },
            step: violation.step,
            pointer: violation.pointer.as_str().to_owned(),
            message: violation.message.clone(),
            rows: if is_left_out {
                Vec::new()
            } else {
                difference::rows(&violation.expected, &violation.actual)
            },
            requirement: violation.requirement,
            sentence,
            source: match (source.file.as_str(), source.line) {
                ("", _) => standard.to_owned(),
                (file, 0) => file.to_owned(),
                (file, line) => format!("{file}:{line}"),
            },
            excerpt: if is_left_out {
                None
            } else {
                pages(&source.file).and_then(|it| Excerpt::of(&it, source.line))
            },
        }
    }
}
