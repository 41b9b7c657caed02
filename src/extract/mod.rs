//! Extraction: reads API reference pages into scenarios. It uses the structure of a page, its anchors and the
//! content of its code blocks, never words of its language.
//!
//! For: one page at a time, from bytes to scenarios, an inventory of every code block, and findings. Not for:
//! files, and judging the content of a page.
//!
//! The path of a page through the modules:
//!
//! 1. `text` decodes the bytes.
//! 2. `markdown` reads headings (`outline`), code blocks and annotations (`annotation`) in one pass;
//!    `metadata` reads the block above them.
//! 3. `message` finds the messages in the code blocks: `head` reads start lines and header fields, `json`
//!    bodies. `inventory` has a row for each code block, and the findings.
//! 4. `conversation` groups the messages.
//! 5. `script` writes each conversation as a scenario: `places` finds the values that vary, `binding` the
//!    values that must agree, `people` the invited, `variables` keeps the table.
//!
//! [`contract`] makes the contract of many pages.

pub(crate) mod contract;

mod annotation;
mod binding;
mod conversation;
mod head;
mod inventory;
mod json;
mod markdown;
mod message;
mod metadata;
mod outline;
mod people;
mod places;
mod script;
mod text;
mod variables;

use foldhash::{HashMap, HashSet};

use crate::api::resource;
use crate::diagnostic::Diagnostic;
use crate::scenario::format::{Scenario, ScenarioId, Script};

pub(crate) use self::inventory::Finding;
#[cfg(test)]
pub(crate) use self::inventory::Kind;
pub(crate) use self::inventory::Row;
pub(crate) use self::metadata::{Edition, Locale, PageDefaults};

use self::conversation::Run;
use self::inventory::Findings;
use self::markdown::Page;
use self::message::{Message, Messages, Part};
use self::metadata::PageKey;
use self::outline::SectionName;
use self::script::Prose;

/// The content of one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extraction {
    /// The documented conversations, in the order of the page. Their scripts name no schema.
    pub scenarios: Vec<Scenario>,
    /// Every code block, in the order of the page.
    pub inventory: Vec<Row>,
    /// Errors of the page, in the order of its lines.
    pub findings: Vec<Finding>,
}

/// Extracts a page: an API reference page in Markdown, as bytes.
///
/// `file` names the page in rows, in findings and in the `source` of scenarios. The defaults, then the parts of that
/// path replace a missing edition, locale or API version in the page's metadata.
///
/// # Errors
///
/// The page is not UTF-8: line and column of the first invalid byte, and the probable encoding. Any other
/// problem is a finding.
pub(crate) fn page(
    file: &str,
    bytes: &[u8],
    defaults: &PageDefaults,
) -> Result<Extraction, Diagnostic> {
    let text = text::decode(file, bytes)?;
    let mut findings = Findings::new(file);
    let page = markdown::read(&text, &mut findings);
    let mut messages = message::read(&page.code_blocks, &mut findings);
    let conversations = conversation::gather(&messages.list, &mut findings);

    let mut served = vec![Vec::new(); page.code_blocks.len()];
    let mut scenarios = Vec::with_capacity(conversations.runs.len());
    if !conversations.runs.is_empty() {
        let api = messages.list.iter().find_map(api_version);
        let key = PageKey::new(file, &page.metadata, defaults, api, &mut findings);
        let names = names(&page, &messages.list, &conversations.runs, &key);
        let prose = prose(&page, &messages);
        let mut readers = vec![0; messages.list.len()];
        for index in conversations.runs.iter().flat_map(|run| &run.messages) {
            readers[*index] += 1;
        }
        for (run, name) in conversations.runs.iter().zip(names) {
            let id = key.id(&name);
            for message in run.messages.iter().map(|index| &messages.list[*index]) {
                for code_block in [message.code_block, message.body_block] {
                    if served[code_block].last() != Some(&id) {
                        served[code_block].push(id.clone());
                    }
                }
            }
            let list = &mut messages.list;
            let script = script::write(file, run, list, &mut readers, &prose, &mut findings);
            scenarios.push(Scenario {
                id: ScenarioId::new(id),
                script: script.into(),
            });
        }
    }

    let mut listings = messages.listings;
    for (index, why) in conversations.unused {
        let message = &messages.list[index];
        for code_block in [message.code_block, message.body_block] {
            listings[code_block] = listings[code_block].because(why);
        }
    }
    let rows = listings.into_iter().zip(&page.code_blocks).zip(served);
    Ok(Extraction {
        scenarios,
        inventory: rows
            .map(|((listing, code_block), ids)| listing.row(file, code_block.line, ids))
            .collect(),
        findings: findings.finish(),
    })
}

/// The text of a scenario file: pretty JSON that ends in a line feed. `schema_path` is the path of the
/// format's JSON Schema, relative to the file, for `$schema`.
pub(crate) fn to_json(script: &Script, schema_path: &str) -> String {
    let script = Script {
        schema: Some(schema_path.to_owned()),
        ..script.clone()
    };
    let mut text = serde_json::to_string_pretty(&script).expect("a script is JSON");
    text.push('\n');
    text
}

fn api_version(message: &Message<'_>) -> Option<&'static str> {
    match message.part {
        Part::Request { target, .. } if target.contains("://") => resource::version_of(target),
        _ => None,
    }
}

/// The statuses of the page's own operation that occur only in its prose.
fn prose(page: &Page<'_>, messages: &Messages<'_>) -> Prose {
    let mut shapes: HashSet<String> = messages
        .templates
        .iter()
        .map(|target| resource::shape_of(target))
        .collect();
    let mut examples = HashSet::default();
    let mut is_own = false;
    for message in &messages.list {
        match message.part {
            Part::Request { target, .. } => {
                let shape = resource::shape_of(target);
                if shapes.is_empty() {
                    shapes.insert(shape.clone());
                }
                is_own = shapes.contains(&shape);
            }
            Part::Response { status } if is_own => {
                examples.insert(status);
            }
            _ => {}
        }
    }
    let mut statuses = page.statuses.clone();
    statuses.retain(|prose| !examples.contains(&prose.status));
    Prose { shapes, statuses }
}

fn names(page: &Page<'_>, messages: &[Message<'_>], runs: &[Run], key: &PageKey) -> Vec<String> {
    let mut taken = HashSet::default();
    // The last number of each name, so that a frequent name costs little.
    let mut numbers: HashMap<String, usize> = HashMap::default();
    let mut names = Vec::with_capacity(runs.len());
    for run in runs {
        let section = page.code_blocks[messages[run.named_by].code_block].section;
        let name = match page.outline.name(section) {
            SectionName::Own(name) => name,
            SectionName::General => annotated(page, messages, run).unwrap_or(&key.page),
        };
        let name = metadata::file_name(name);
        let number = numbers.entry(name.to_lowercase()).or_insert(0);
        let mut unique = name.clone();
        loop {
            *number += 1;
            if *number > 1 {
                unique = format!("{name}-{number}");
            }
            if taken.insert(unique.to_lowercase()) {
                break;
            }
        }
        names.push(unique);
    }
    names
}

/// The `name` in the annotation of a conversation's first request.
fn annotated<'a>(page: &'a Page<'_>, messages: &[Message<'_>], run: &Run) -> Option<&'a str> {
    let members = run.messages.iter().map(|index| &messages[*index]);
    let request = members
        .filter(|message| matches!(message.part, Part::Request { .. }))
        .map(|message| [message.code_block, message.body_block])
        .next()?;
    request.into_iter().find_map(|code_block| {
        page.code_blocks[code_block]
            .annotation
            .as_ref()?
            .name
            .as_deref()
    })
}
