//! Notes and numbers in the prose of a page, each with the part of the page that it is about.

use std::collections::BTreeSet;

use super::super::markdown;
use super::super::number::Number;
use super::super::prose::{Paragraph, Prose, Row, Section};
use super::super::statement;
use super::page::Page;

/// A note: a paragraph in a block quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// `None` if it is about one message, or about the examples as such.
    pub(super) about: Option<About>,
    /// Without its markup.
    pub(super) text: String,
    /// Code spans, links, names in camel case and numbers.
    pub(super) names: BTreeSet<String>,
    /// The names in code spans.
    pub(super) codes: BTreeSet<String>,
    /// The standards that it names.
    pub(super) standards: Vec<String>,
    /// True if it deprecates a path of the page.
    pub(super) deprecates: bool,
    /// Counted from 1.
    pub(super) line: usize,
}

/// A number in prose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Limit {
    /// `None` if its paragraph is about one message, or about the examples as such. It limits nothing.
    pub(super) about: Option<About>,
    /// The text of its paragraph or cell, without markup.
    pub(super) text: String,
    pub(super) number: Number,
    /// The parameter of its row, else the names in its sentence, else those in its paragraph.
    pub(super) names: BTreeSet<String>,
    /// Counted from 1.
    pub(super) line: usize,
}

/// The part of a page that prose is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum About {
    /// A conversation, by its index.
    Scenario(usize),
    /// A section, by its anchor; empty above the first heading of the second level.
    Section(String),
}

/// The notes and the numbers of a page. Its conversations and parameters must already be in `read`.
pub(super) fn read(
    page: &markdown::Page<'_>,
    prose: &Prose,
    read: &Page,
) -> (Vec<Note>, Vec<Limit>) {
    let mut notes = Vec::new();
    let mut limits = Vec::new();
    for paragraph in &prose.paragraphs {
        let sentences = statement::sentences(&paragraph.text, &read.locale);
        let names_standard = sentences.iter().any(|it| !it.standards.is_empty());
        let about = about(page, read, paragraph, names_standard);
        let all: BTreeSet<String> = sentences
            .iter()
            .flat_map(|it| it.names.iter().cloned())
            .collect();
        let codes: BTreeSet<String> = sentences
            .iter()
            .flat_map(|it| it.codes.iter().cloned())
            .collect();
        for sentence in &sentences {
            limits.extend(sentence.numbers.iter().map(|number| Limit {
                about: about.clone(),
                text: paragraph.text.plain(),
                number: number.clone(),
                names: if sentence.names.is_empty() {
                    all.clone()
                } else {
                    sentence.names.clone()
                },
                line: paragraph.line,
            }));
        }
        if paragraph.is_note {
            let mut paths = read.paths.iter().filter(|it| it.is_deprecated);
            let deprecates = paths.any(|it| it.line == paragraph.line);
            notes.push(Note {
                about,
                text: paragraph.text.plain(),
                names: all,
                codes,
                standards: sentences.into_iter().flat_map(|it| it.standards).collect(),
                deprecates,
                line: paragraph.line,
            });
        }
    }
    for section in [Section::RequestBody, Section::Properties] {
        let tables = prose.tables.iter().filter(|it| it.section == section);
        for row in tables.flat_map(|table| &table.rows) {
            limits.extend(of_row(row, read));
        }
    }
    (notes, limits)
}

/// The numbers in the description of a parameter.
fn of_row<'r>(row: &'r Row, read: &'r Page) -> impl Iterator<Item = Limit> + 'r {
    // They are in the order of lines.
    let at = read.parameters.partition_point(|it| it.line < row.line);
    let parameter = read.parameters.get(at).filter(|it| it.line == row.line);
    let name = parameter.map(|it| it.name.clone()).unwrap_or_default();
    let descriptions = row.cells.iter().skip(2);
    let sentences = descriptions.flat_map(|it| statement::sentences(it, &read.locale));
    let numbers = sentences.flat_map(|it| it.numbers);
    numbers.map(move |number| Limit {
        about: Some(About::Section(format!("parameter {name}"))),
        text: String::new(),
        number,
        names: BTreeSet::from([name.clone()]),
        line: row.line,
    })
}

/// `None` for a paragraph about the examples as such, or about the message that follows it, unless it names a standard.
fn about(
    page: &markdown::Page<'_>,
    read: &Page,
    paragraph: &Paragraph,
    names_standard: bool,
) -> Option<About> {
    let section = page.section_at(paragraph.line);
    let above: Vec<_> = page.outline.enclosing_with_index(section).collect();
    // Sections of the contract, such as that of the response, are not about one message.
    let is_example = paragraph.section == Section::Other && !names_standard;
    if is_example && above.first().is_some_and(|(_, it)| it.is_of_a_message) {
        let start = section.map_or(0, |section| page.heading_lines[section]);
        let mut blocks = page.code_blocks.iter();
        if !blocks.any(|it| (start..paragraph.line).contains(&it.line)) {
            return None;
        }
    }
    for (index, heading) in &above {
        if heading.is_general_for_examples() {
            return None;
        }
        let mut scenarios = read.scenarios.iter();
        if let Some(scenario) = scenarios.position(|it| it.sections.contains(index)) {
            return Some(About::Scenario(scenario));
        }
    }
    // The title of the page is the outermost.
    let second = above.iter().rev().nth(1);
    let anchor = second.map_or("", |(_, heading)| heading.anchor.as_str());
    Some(About::Section(anchor.to_owned()))
}
