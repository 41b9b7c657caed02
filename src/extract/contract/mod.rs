//! The contract of pages: operations and resource types, from the structure of many pages.
//!
//! For: the facts that pages print in JSON templates, tables, path templates and examples, merged over the editions and
//! locales of one API version. Not for: facts that only sentences state.
//!
//! 1. `cell` reads types, words and numbers in the prose of a page.
//! 2. `resource` and `operation` take the facts of one page; `printed` brings its JSON and its tables together.
//! 3. `merge` makes one contract of the facts of all pages: `base` finds base types, `property` merges the property
//!    that several texts print.
//! 4. `layout` writes the file.

mod base;
pub(super) mod cell;
mod layout;
mod merge;
pub(super) mod operation;
pub(super) mod printed;
mod property;
pub(super) mod resource;

use crate::contract::extracted::{Extracted, Source};
use crate::diagnostic::Diagnostic;

use self::operation::OperationFacts;
use self::printed::Printed;
use self::resource::ResourceFacts;
use super::inventory::{Finding, FindingKind, Findings};
use super::markdown::Page;
use super::message::Messages;
use super::metadata::{PageDefaults, PageKey};
use super::prose::Prose;
use super::{api_version, message, prose, text};

pub(crate) use self::layout::to_json;

/// The part of the contract that one page documents.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The page's name in findings.
    file: String,
    /// The stem of the page's file name, in lower case.
    page: String,
    api: String,
    source: Source,
    content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Operation(OperationFacts),
    Resource(ResourceFacts),
}

/// Reads a page. `None` if it documents no operation and no resource type.
///
/// `file` names the page in findings, `source` in the contract. The defaults, then the parts of `source` replace a
/// missing edition, locale or API version in the page's metadata.
///
/// # Errors
///
/// The page is not UTF-8.
pub(crate) fn read(
    file: &str,
    source: &str,
    bytes: &[u8],
    defaults: &PageDefaults,
) -> Result<Option<Facts>, Diagnostic> {
    let text = text::decode(file, bytes)?;
    // Extraction of scenarios reports these.
    let mut ignored = Findings::new(file);
    let (page, prose) = prose::read_page(&text, &mut ignored);
    let messages = message::read(&page.code_blocks, &mut ignored);
    let api = messages.list.iter().find_map(api_version);
    let key = PageKey::new(source, &page.metadata, defaults, api, &mut ignored);
    Ok(facts(file, source, &page, &messages, &prose, &key))
}

/// The facts of a parsed page. `None` if it documents no operation and no resource type.
pub(super) fn facts(
    file: &str,
    source: &str,
    page: &Page<'_>,
    messages: &Messages<'_>,
    prose: &Prose,
    key: &PageKey,
) -> Option<Facts> {
    let content = match operation::read(page, messages, prose) {
        Some(operation) => Some(Content::Operation(operation)),
        None => resource::read(page, prose).map(Content::Resource),
    };
    content.map(|content| Facts {
        file: file.to_owned(),
        page: key.page.to_lowercase(),
        api: key.api.clone(),
        source: Source {
            file: source.to_owned(),
            line: match &content {
                Content::Operation(operation) => operation.line,
                Content::Resource(resource) => resource.line,
            },
            edition: key.edition.clone(),
            locale: key.locale.clone(),
        },
        content,
    })
}

impl Facts {
    pub(super) const fn content(&self) -> &Content {
        &self.content
    }

    /// The parameters or properties of the page: its JSON and its tables brought together.
    pub(super) fn properties(&self) -> Vec<Printed> {
        let (members, rows) = match &self.content {
            Content::Operation(operation) => (&operation.members, &operation.rows),
            Content::Resource(resource) => (&resource.members, &resource.rows),
        };
        printed::pair(self, members.clone(), rows.clone(), &mut Notes::default())
    }

    /// True for the facts of a resource type.
    pub(super) const fn is_resource(&self) -> bool {
        matches!(self.content, Content::Resource(_))
    }
}

/// Makes one contract of what pages say. Findings are contradictions between the texts of one page, or within one.
pub(crate) fn merge(facts: Vec<Facts>) -> (Extracted, Vec<Finding>) {
    let mut notes = Notes::default();
    let extracted = merge::merge(facts, &mut notes);
    let mut findings = notes.findings;
    findings.sort_by(|a, b| (&a.file, a.line, &a.message).cmp(&(&b.file, b.line, &b.message)));
    findings.dedup();
    (extracted, findings)
}

/// The findings of all pages so far.
#[derive(Debug, Default)]
struct Notes {
    findings: Vec<Finding>,
}

impl Notes {
    fn push(&mut self, facts: &Facts, line: usize, kind: FindingKind, message: impl Into<String>) {
        self.findings.push(Finding {
            file: facts.file.clone(),
            line,
            kind,
            message: message.into(),
        });
    }
}
