//! Extraction: reads API reference pages into scenarios. It uses the structure of a page, its anchors and the
//! content of its code blocks, never words of its language.
//!
//! For: one page at a time, from bytes to scenarios, an inventory of every code block, and findings. Not for:
//! files, and judging the content of a page.
//!
//! The path of a page through the modules:
//!
//! 1. `text` decodes the bytes.
//! 2. `markdown` reads headings (`outline`), code blocks and annotations (`annotation`) in one pass. `prose` reads
//!    tables and paragraphs in the same pass. `metadata` reads the block at the head of the page.
//! 3. `message` finds the messages in the code blocks: `head` reads start lines and header fields, `json`
//!    bodies. `inventory` has a row for each code block, and the findings.
//! 4. `conversation` groups the messages; `end` distinguishes the outcomes of one request.
//! 5. `script` writes each conversation as a scenario: `places` finds the values that vary, `binding` the values that
//!    must agree, `operations` the operations in the effects, and `people` the invited people; `variables` has the
//!    table of variables.
//! 6. `translations` merges the scenarios that several languages show with the same messages.
//!
//! [`contract`] makes the contract of many pages.

pub(crate) mod contract;
pub(crate) mod damage;
pub(crate) mod drift;
pub(crate) mod lint;
pub(crate) mod remark;

mod annotation;
mod binding;
mod conversation;
mod end;
mod head;
mod inventory;
mod json;
mod markdown;
mod message;
mod metadata;
mod number;
mod operations;
mod outline;
mod people;
mod places;
mod prose;
mod script;
mod statement;
mod text;
mod translations;
mod variables;

use foldhash::{HashMap, HashSet};

use crate::api::resource;
use crate::diagnostic::Diagnostic;
use crate::scenario::format::{Scenario, ScenarioId, Script, Translation};

pub(crate) use self::inventory::Finding;
#[cfg(test)]
pub(crate) use self::inventory::Kind;
pub(crate) use self::inventory::Row;
pub(crate) use self::metadata::of_page as page_metadata;
pub(crate) use self::metadata::{Edition, Locale, PageDefaults};
pub(crate) use self::translations::{SameLocale, join};

use self::conversation::{Conversations, Run};
use self::inventory::Findings;
use self::markdown::{CodeBlock, Page};
use self::message::{Message, Messages, Part};
use self::metadata::PageKey;
use self::outline::{Outline, Place, SectionName};
use self::script::Context;

/// The content of one page, or of several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extraction {
    /// The documented conversations, in the order of the page. Their scripts name no schema.
    pub scenarios: Vec<Scenario>,
    /// Every code block, in the order of the page.
    pub inventory: Vec<Row>,
    /// Errors of the page, in the order of its lines.
    pub findings: Vec<Finding>,
    /// The API version of the page, unless it is assumed.
    pub api: Option<String>,
}

/// Extracts a page: an API reference page in Markdown, as bytes.
///
/// `file` names the page in rows, in findings and in the `source` of scenarios. The defaults, else the
/// parts of that path, replace a missing edition, locale or API version in the page's metadata.
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
    let mut page = markdown::read(&text, &mut findings);
    let mut messages = message::read(&page.code_blocks, &mut findings);
    let (outline, code_blocks) = (&mut page.outline, &page.code_blocks);
    let conversations = conversations(outline, code_blocks, &messages, &mut findings);

    let mut served = vec![Vec::new(); page.code_blocks.len()];
    let mut scenarios = Vec::with_capacity(conversations.runs.len());
    let mut known_api = None;
    if !conversations.runs.is_empty() {
        let api = messages.list.iter().find_map(api_version);
        let key = PageKey::new(file, &page.metadata, defaults, api, &mut findings);
        known_api = (!key.assumes_api).then(|| key.api.clone());
        let names = names(&page, &messages.list, &conversations.runs, &key);
        let translation = Translation {
            locale: key.locale.clone(),
            file: file.to_owned(),
            lines: Vec::new(),
        };
        let runs = &conversations.runs;
        let scripts = scripts(&page, runs, &mut messages, &translation, &mut findings);
        for ((run, name), script) in runs.iter().zip(names).zip(scripts) {
            let id = key.id(&name);
            for message in run.messages.iter().map(|index| &messages.list[*index]) {
                for code_block in [message.code_block, message.body_block] {
                    if served[code_block].last() != Some(&id) {
                        served[code_block].push(id.clone());
                    }
                }
            }
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
        api: known_api,
    })
}

/// Groups the messages of a page by its headings and their content.
fn conversations(
    outline: &mut Outline,
    code_blocks: &[CodeBlock<'_>],
    messages: &Messages<'_>,
    findings: &mut Findings<'_>,
) -> Conversations {
    let places = places(outline, code_blocks, &messages.list);
    conversation::gather(&messages.list, &places, findings)
}

/// The places of messages in the outline of their page, which becomes final with them.
fn places(
    outline: &mut Outline,
    code_blocks: &[CodeBlock<'_>],
    messages: &[Message<'_>],
) -> Vec<Place> {
    let section = |message: &Message<'_>| code_blocks[message.code_block].section;
    let parts = messages.iter().map(|message| {
        let is_request = matches!(message.part, Part::Request { .. });
        (section(message), is_request)
    });
    outline.settle(parts);
    let places = messages.iter().map(|it| outline.place(section(it)));
    places.collect()
}

/// The scripts of the conversations of a page. The bodies of the messages move into them.
fn scripts(
    page: &Page<'_>,
    runs: &[Run],
    messages: &mut Messages<'_>,
    translation: &Translation,
    findings: &mut Findings<'_>,
) -> Vec<Script> {
    let context = context(page, messages);
    let mut readers = vec![0; messages.list.len()];
    for index in runs.iter().flat_map(|run| &run.messages) {
        readers[*index] += 1;
    }
    let list = &mut messages.list;
    let scripts = runs.iter().map(|run| {
        let translation = translation.clone();
        script::write(translation, run, list, &mut readers, &context, findings)
    });
    scripts.collect()
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

/// The information on the page beside its conversations.
fn context<'a>(page: &Page<'_>, messages: &Messages<'a>) -> Context<'a> {
    let mut shapes: HashSet<String> = messages
        .templates
        .iter()
        .map(|target| resource::shape_of(target))
        .collect();
    let mut examples = HashSet::default();
    let mut callback = None;
    let mut is_own = false;
    for message in &messages.list {
        match message.part {
            Part::Request { .. } if message.is_foreign => is_own = false,
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
            Part::Notification { target, .. } if !target.is_empty() => {
                callback.get_or_insert(target);
            }
            Part::Response { .. } | Part::Notification { .. } => {}
        }
    }
    Context {
        shapes,
        statuses: page.statuses.clone(),
        examples,
        callback,
    }
}

fn names(page: &Page<'_>, messages: &[Message<'_>], runs: &[Run], key: &PageKey) -> Vec<String> {
    let mut taken = HashSet::default();
    // The last number of each name, so that a frequent name costs little.
    let mut numbers: HashMap<String, usize> = HashMap::default();
    let mut names = Vec::with_capacity(runs.len());
    for run in runs {
        // An outcome without a heading of its own has the name of its first message.
        let candidates = [run.named_by, run.messages[0]];
        let own = candidates.into_iter().find_map(|index| {
            let section = page.code_blocks[messages[index].code_block].section;
            match page.outline.name(section) {
                SectionName::Own(name) => Some(name),
                SectionName::General => None,
            }
        });
        let name = own
            .or_else(|| annotated(page, messages, run))
            .unwrap_or(&key.page);
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
