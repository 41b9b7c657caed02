//! Reads a page as a contract that can be compared.

use std::collections::BTreeSet;

use crate::api::resource;
use crate::contract::extracted::{Kind, Origin};
use crate::diagnostic::Diagnostic;
use crate::scenario::format::Translation;
use foldhash::HashMap;

use super::super::contract::operation::AnswerType;
use super::super::contract::printed::Printed;
use super::super::contract::{self, Content, Facts, cell};
use super::super::conversation;
use super::super::conversation::Run;
use super::super::inventory::Findings;
use super::super::markdown;
use super::super::message;
use super::super::message::{Message, Messages, Part};
use super::super::metadata::{PageDefaults, PageKey};
use super::super::outline::Place;
use super::super::prose;
use super::super::prose::{Prose, Row, Section, Text};
use super::super::script::Context;
use super::super::{api_version, context, names, places, scripts, text};
use super::Documented;
use super::note;
use super::note::{Limit, Note};
use super::sample;
use super::sample::{Sample, SamplePart, Samples};
use super::scenario::{Scenario, Step};
use super::tables;
use super::tables::{Header, Permissions};
use super::text::SourceText;

/// A page as a contract.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// The stem of the file name.
    pub name: String,
    pub api: String,
    pub locale: String,
    pub(super) source: SourceText,
    /// True if its prose is English, the source language. Pages with their source text count too.
    pub(super) is_english: bool,
    pub(super) method: Option<String>,
    pub(super) paths: Vec<Path>,
    pub(super) permissions: Vec<Permissions>,
    pub(super) headers: Vec<Header>,
    /// The word for "required" in its language, if the page shows it.
    pub(super) required_word: Option<String>,
    /// The parameters of an operation, or the properties of a resource type.
    pub(super) parameters: Vec<Parameter>,
    /// The name of the resource type that the page describes.
    pub(super) resource: Option<String>,
    /// The success statuses of the prose, each with its line.
    pub(super) statuses: Vec<(u16, usize)>,
    /// The pages of the types that the prose about the answer links to, each with its line.
    pub(super) answers: Vec<(String, usize)>,
    pub(super) messages: Vec<Sample>,
    pub(super) scenarios: Vec<Scenario>,
    /// The anchors of all headings.
    pub(super) anchors: BTreeSet<String>,
    pub(super) notes: Vec<Note>,
    pub(super) limits: Vec<Limit>,
}

/// A path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    /// As printed.
    pub(super) text: String,
    pub(super) is_deprecated: bool,
    /// The first line of the code block, or the line of the note that deprecates it; counted from 1.
    pub(super) line: usize,
}

/// A parameter or a property as one text prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// The name in its table, which may be a translation.
    pub(super) printed: Option<String>,
    /// True if a table lists it.
    pub(super) is_listed: bool,
    /// True if the JSON of the page has it.
    pub(super) is_shown: bool,
    /// Of the table, else of the JSON.
    pub(super) kind: Option<Kind>,
    /// Of the table.
    pub(super) declared: Option<Kind>,
    /// The type as the table prints it.
    pub(super) type_cell: String,
    pub(super) collection: Collection,
    /// The pages of its types.
    pub(super) pages: BTreeSet<String>,
    pub(super) words: Vec<String>,
    /// True if the words are those of the table.
    pub(super) are_words_listed: bool,
    pub(super) description: String,
    /// The code spans of the description.
    pub(super) codes: Vec<String>,
    /// Counted from 1.
    pub(super) line: usize,
}

/// Whether a parameter or a property has several values. `None` where nothing says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Collection {
    pub(super) in_table: Option<bool>,
    pub(super) in_json: Option<bool>,
}

impl Page {
    /// Reads a page. `file` names it; the defaults and the parts of `file` replace missing metadata.
    ///
    /// # Errors
    ///
    /// The page is not UTF-8.
    pub(crate) fn read(
        file: &str,
        bytes: &[u8],
        defaults: &PageDefaults,
    ) -> Result<Self, Diagnostic> {
        let text = text::decode(file, bytes)?;
        // Extraction reports these.
        let mut ignored = Findings::new(file);
        let (mut page, prose) = prose::read_page(&text, &mut ignored);
        let mut messages = message::read(&page.code_blocks, &mut ignored);
        let places = places(&mut page.outline, &page.code_blocks, &messages.list);
        let runs = conversation::gather(&messages.list, &places, &mut ignored).runs;
        let api = messages.list.iter().find_map(api_version);
        let key = PageKey::new(file, &page.metadata, defaults, api, &mut ignored);
        let facts = contract::facts(file, file, &page, &messages, &prose, &key);
        let context = context(&page, &messages);
        let samples = samples(&page, &messages, &context);
        let names = names(&page, &messages.list, &runs, &key);
        let mut scenarios = scenarios(&page, &messages.list, &runs, &samples);
        let blocks = messages.list.iter().map(|message| message.code_block);
        let with_messages: BTreeSet<usize> = blocks
            .flat_map(|block| {
                let section = page.code_blocks[block].section;
                page.outline.enclosing_with_index(section)
            })
            .map(|(section, _)| section)
            .collect();
        let translation = Translation {
            locale: String::new(),
            file: String::new(),
            lines: Vec::new(),
        };
        let scripts = scripts(&page, &runs, &mut messages, &translation, &mut ignored);
        let parts = scenarios.iter_mut().zip(&runs).zip(names).zip(scripts);
        for (((scenario, run), name), script) in parts {
            scenario.name = name;
            scenario.given = script.given;
            (scenario.sections, scenario.preparations) =
                sections(&page, run, &places, &with_messages);
            scenario.line = heading_line(&page, &scenario.sections)
                .or(scenario.steps.first().map(|step| step.line));
            if let Some((_, line)) = &mut scenario.annotated {
                *line = line_of(&text, *line, "\"name\"");
            }
        }
        let mut read = Self {
            name: key.page.clone(),
            source: SourceText::new(&page.metadata, &key),
            is_english: prose.is_bilingual() || key.locale.starts_with("en"),
            api: key.api,
            locale: key.locale,
            method: None,
            paths: Vec::new(),
            permissions: tables::permissions(&prose),
            headers: tables::headers(&prose),
            required_word: tables::required_word(&prose),
            parameters: Vec::new(),
            resource: None,
            statuses: Vec::new(),
            answers: Vec::new(),
            messages: samples.list,
            scenarios,
            anchors: page.outline.anchors().map(str::to_owned).collect(),
            notes: Vec::new(),
            limits: Vec::new(),
        };
        if let Some(facts) = &facts {
            read.add(facts, &text, &prose);
        }
        (read.notes, read.limits) = note::read(&page, &prose, &read);
        Ok(read)
    }

    pub(super) fn documented(&self) -> Documented {
        let method = self.method.as_deref().unwrap_or_default();
        let paths = self.paths.iter().map(|it| sample::shape_of(&it.text));
        let paths = paths.map(|shape| format!("{method} {shape}"));
        let own = self.messages.iter().filter_map(|it| match &it.part {
            SamplePart::Request { form, is_own: true } => Some(form.clone()),
            _ => None,
        });
        Documented {
            name: self.name.clone(),
            api: self.api.clone(),
            is_of_resource: self.resource.is_some(),
            requests: paths.chain(own).collect(),
        }
    }

    /// The request of the page's own operation in a conversation.
    pub(super) fn own_request(&self, scenario: &Scenario) -> Option<&Sample> {
        let samples = scenario
            .steps
            .iter()
            .map(|step| &self.messages[step.message]);
        let is_own = |it: &&Sample| matches!(it.part, SamplePart::Request { is_own: true, .. });
        samples.rev().find(is_own)
    }

    /// True for the form of the page's own request.
    pub(super) fn is_own(&self, form: &str) -> bool {
        let mut parts = self.messages.iter().map(|it| &it.part);
        parts.any(|part| {
            matches!(part, SamplePart::Request { form: other, is_own: true } if other == form)
        })
    }

    fn add(&mut self, facts: &Facts, text: &str, prose: &Prose) {
        let properties = facts.properties();
        let section = match facts.content() {
            Content::Operation(operation) => {
                self.method = Some(operation.method.clone());
                self.paths = paths(&operation.paths, prose);
                for path in self.paths.iter_mut().filter(|it| !it.is_deprecated) {
                    path.line = line_of(text, operation.line, &path.text);
                }
                for answer in &operation.answers {
                    let is_success = (200..300).contains(&answer.status);
                    let is_new = self.statuses.iter().all(|it| it.0 != answer.status);
                    if answer.of.origin() == Origin::Prose && is_success && is_new {
                        self.statuses.push((answer.status, answer.line));
                    }
                    if let AnswerType::Linked(pages) = &answer.of {
                        let pages = pages.iter().map(|page| (page.clone(), answer.line));
                        self.answers.extend(pages);
                    }
                }
                Section::RequestBody
            }
            Content::Resource(resource) => {
                self.resource = Some(resource.name.clone());
                Section::Properties
            }
        };
        let rows_by_line: HashMap<usize, &Row> =
            rows(prose, section).map(|row| (row.line, row)).collect();
        let known: BTreeSet<usize> = properties
            .iter()
            .filter_map(|it| it.row.as_ref())
            .map(|row| row.line)
            .collect();
        let parameter = |it: &Printed| {
            let row = it.row.as_ref().and_then(|row| rows_by_line.get(&row.line));
            Parameter::new(it, row.copied())
        };
        self.parameters = properties.iter().map(parameter).collect();
        // Rows with a translated name, for which the JSON shows no member.
        let unknown = rows(prose, section).filter(|row| !known.contains(&row.line));
        self.parameters.extend(unknown.filter_map(|row| {
            let name = row.cells.first()?.plain();
            Some(Parameter {
                printed: Some(name.clone()),
                name,
                is_listed: true,
                is_shown: false,
                kind: None,
                declared: None,
                type_cell: row.cells.get(1)?.plain(),
                collection: Collection::default(),
                pages: row.cells.get(1)?.links().collect(),
                words: Vec::new(),
                are_words_listed: true,
                description: row.cells.get(2)?.plain(),
                codes: codes(row),
                line: row.line,
            })
        }));
        self.parameters.sort_by_key(|it| it.line);
    }
}

fn rows(prose: &Prose, section: Section) -> impl Iterator<Item = &Row> {
    let tables = prose.tables.iter().filter(move |it| it.section == section);
    let rows = tables.flat_map(|table| &table.rows);
    rows.filter(|row| row.cells.len() >= 3)
}

/// The code spans in the description of a row.
fn codes(row: &Row) -> Vec<String> {
    let codes = row.cells.get(2).into_iter().flat_map(Text::codes);
    codes.map(str::to_owned).collect()
}

impl Parameter {
    /// `cells` is its row with at least three cells.
    fn new(printed: &Printed, cells: Option<&Row>) -> Self {
        let plain = |column: usize| cells.map_or(String::new(), |it| it.cells[column].plain());
        let row = printed.row.as_ref();
        let json = printed.json.as_ref();
        let mut words: Vec<String> = json.map(|it| it.words.clone()).unwrap_or_default();
        let are_words_listed = words.is_empty();
        if are_words_listed {
            words = row.map(|it| it.words.clone()).unwrap_or_default();
        }
        let declared = row.and_then(|it| it.of.kind);
        Self {
            name: printed.name.clone(),
            printed: row.map(|it| it.name.clone()),
            is_listed: row.is_some(),
            is_shown: json.is_some(),
            kind: declared.or(json.and_then(|it| it.kind)),
            declared,
            type_cell: plain(1),
            collection: Collection {
                in_table: row.and_then(|it| it.of.collection),
                in_json: json.map(|it| it.collection),
            },
            pages: row
                .map(|it| it.of.pages.iter().cloned().collect())
                .unwrap_or_default(),
            words,
            are_words_listed,
            description: plain(2),
            codes: cells.map(codes).unwrap_or_default(),
            line: printed.line(),
        }
    }

    /// True for a name that may be that of a property.
    pub(super) fn is_named(&self) -> bool {
        cell::is_identifier(&self.name) || self.name.starts_with('@')
    }
}

/// The path templates. A note deprecates those below the first path that it names, unless all templates are below that
/// path.
fn paths(printed: &[String], prose: &Prose) -> Vec<Path> {
    let paragraphs = prose.paragraphs.iter();
    let deprecated = paragraphs
        .filter(|it| it.section == Section::HttpRequest)
        .find_map(|it| {
            let first = it.text.codes().find(|code| code.starts_with('/'))?;
            Some((first.trim_end_matches('/'), it.line))
        });
    let is_below = |path: &str, prefix: &str| {
        let rest = resource::below_version(path).strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let paths = printed.iter().map(|path| {
        let others = printed
            .iter()
            .any(|other| deprecated.is_some_and(|(prefix, _)| !is_below(other, prefix)));
        let note = deprecated.filter(|(prefix, _)| others && is_below(path, prefix));
        Path {
            text: path.clone(),
            is_deprecated: note.is_some(),
            line: note.map_or(0, |(_, line)| line),
        }
    });
    paths.collect()
}

/// The messages of the examples.
fn samples(page: &markdown::Page<'_>, messages: &Messages<'_>, context: &Context<'_>) -> Samples {
    let shapes: BTreeSet<_> = context
        .shapes
        .iter()
        .map(|it| sample::shape_of(it).to_lowercase())
        .collect();
    let mut samples = Samples::default();
    for message in &messages.list {
        let code_block = &page.code_blocks[message.body_block];
        samples.push(
            message.part,
            message.headers.iter().map(|(name, _)| *name),
            &message.body,
            |shape| !message.is_foreign && shapes.contains(&shape.to_lowercase()),
            (&code_block.text, code_block.line + 1),
            message.line + 1,
        );
    }
    samples
}

/// The conversations, without names, sections and provider states.
fn scenarios(
    page: &markdown::Page<'_>,
    messages: &[Message<'_>],
    runs: &[Run],
    samples: &Samples,
) -> Vec<Scenario> {
    let scenario = |run: &Run| {
        let requests = run
            .messages
            .iter()
            .map(|index| &messages[*index])
            .filter(|message| matches!(message.part, Part::Request { .. }));
        let annotated = requests
            .flat_map(|message| [message.code_block, message.body_block])
            .find_map(|block| {
                let annotation = page.code_blocks[block].annotation.as_ref()?;
                Some((annotation.name.clone()?, annotation.line))
            });
        let steps = run.messages.iter().map(|index| Step {
            kind: samples.list[*index].kind(),
            message: *index,
            line: messages[*index].line + 1,
        });
        let headings = run.messages.iter().flat_map(|index| {
            let section = page.code_blocks[messages[*index].code_block].section;
            page.outline.enclosing_with_index(section)
        });
        Scenario {
            name: String::new(),
            line: None,
            given: Vec::new(),
            steps: steps.collect(),
            annotated,
            headings: headings.map(|(_, it)| it.anchor.clone()).collect(),
            sections: BTreeSet::new(),
            preparations: Vec::new(),
        }
    };
    runs.iter().map(scenario).collect()
}

/// The sections of a conversation: those of its examples and headings. The second part has those without messages.
fn sections(
    page: &markdown::Page<'_>,
    run: &Run,
    places: &[Place],
    with_messages: &BTreeSet<usize>,
) -> (BTreeSet<usize>, Vec<(String, usize)>) {
    let own = run.messages.iter().map(|index| places[*index]);
    let own: BTreeSet<usize> = own
        .flat_map(|place| [place.example, place.heading])
        .flatten()
        .collect();
    let mut preparations = Vec::new();
    for (section, line) in page.heading_lines.iter().enumerate() {
        let mut above = page.outline.enclosing_with_index(Some(section));
        let Some((_, heading)) = above.next() else {
            continue;
        };
        let is_inside = above
            .next()
            .is_some_and(|(outer, it)| own.contains(&outer) && !it.is_general_for_examples());
        if is_inside && !heading.is_of_a_message && !with_messages.contains(&section) {
            preparations.push((heading.anchor.clone(), *line));
        }
    }
    (own, preparations)
}

/// The line of the innermost heading of a conversation, if it is not the general one for examples.
fn heading_line(page: &markdown::Page<'_>, sections: &BTreeSet<usize>) -> Option<usize> {
    let first = sections.iter().find(|section| {
        let mut above = page.outline.enclosing_with_index(Some(**section));
        above
            .next()
            .is_some_and(|(_, it)| !it.is_general_for_examples())
    })?;
    page.heading_lines.get(*first).copied()
}

/// The line of a word in a text, from a line on, counted from 1.
fn line_of(text: &str, from: usize, word: &str) -> usize {
    let lines = text.lines().enumerate().skip(from.saturating_sub(1));
    let found = { lines }.find(|(_, line)| line.contains(word));
    found.map_or(from, |(index, _)| index + 1)
}
