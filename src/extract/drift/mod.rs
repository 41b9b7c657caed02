//! Compares two texts of a page. The result has the changes of the contract with the party that each change breaks, or
//! the damage of a translation.
//!
//! For: two editions, two API versions or two languages of one page. Not for: files, reports, or errors within one page.
//!
//! 1. `pairing` finds the texts of one page in two folders; `text` decides whether two pages are translations of one text
//!    or two texts.
//! 2. `page` reads a page as a contract: `tables` has its headers and permissions, `body` the properties of its
//!    examples, `scenario` its conversations, `note` its notes and numbers. [`super::statement`] reads prose
//!    independently of its language, and [`super::number`] the numbers in it.
//! 3. `align` brings the requests of both texts together. `compare` makes the list of changes, and sets both contracts
//!    side by side. `change` has the kinds of changes, and `rules` the rules of these kinds.
//!
//! [`super::damage`] finds the damage of a translation.

mod align;
mod body;
mod change;
mod compare;
mod note;
mod page;
pub(crate) mod pairing;
pub(crate) mod rules;
mod sample;
mod scenario;
mod scope;
mod tables;
mod text;

use std::collections::BTreeSet;

use crate::api::party::Party;
use crate::diagnostic::Diagnostic;

use super::damage;
use super::damage::Translation;
use super::inventory::Findings;
use super::metadata::PageDefaults;
use super::prose;
use super::remark::Remark;

use self::change::ChangeKind;

pub(crate) use self::change::{Change, Effect};
pub(crate) use self::compare::{ContractCell, ContractPart, ContractRow};
pub(crate) use self::page::Page;
pub(crate) use self::scope::{Conversation, Scope};
pub(crate) use self::text::Relation;

/// Two texts of a page and their differences.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    pub relation: Relation,
    /// Empty for translations of one text.
    pub changes: Vec<Change>,
}

/// A page that has not been parsed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    /// The page's name in reports.
    pub file: &'a str,
    pub bytes: &'a [u8],
}

/// The relation of two texts of a page, and their differences.
#[derive(Debug)]
pub(crate) struct Differences {
    pub relation: Relation,
    /// Changes of two texts, each with its scopes, or damage of two translations, which has none.
    pub remarks: Vec<(Remark, Vec<Scope>)>,
    /// None if the texts are translations of one text.
    pub contracts: Option<Contracts>,
}

/// The contracts of two texts.
#[derive(Debug)]
pub(crate) struct Contracts {
    old: Page,
    new: Page,
    pub changes: Vec<Change>,
}

impl Contracts {
    /// What the old text documents, with its requests also as the new text has them.
    pub(crate) fn documented(&self) -> Documented {
        let mut documented = self.old.documented();
        let aligned = align::aligned(&self.old, &self.new).documented();
        documented.requests.extend(aligned.requests);
        documented
    }

    /// Every part of the contracts that at least one text has, in the order of a contract.
    pub(crate) fn side_by_side(&self) -> Vec<ContractPart> {
        let old = align::aligned(&self.old, &self.new);
        compare::side_by_side(&old, &self.new, &self.changes)
    }
}

/// The requests that a page documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Documented {
    /// The stem of the page's file name.
    pub name: String,
    pub api: String,
    /// True for a resource type, false for an operation.
    pub is_of_resource: bool,
    /// The method and the form of the path, for each path template and for the requests of the examples.
    pub requests: BTreeSet<String>,
}

/// Compares two texts of a page.
///
/// # Errors
///
/// A page is not UTF-8.
pub(crate) fn differences(
    old: Source<'_>,
    new: Source<'_>,
    defaults: &PageDefaults,
) -> Result<Differences, Diagnostic> {
    // Most pages name their source text, so this spares reading their contracts.
    if let Some(relation) = text::of_one_hash(old.bytes, new.bytes) {
        return Ok(Differences {
            relation,
            remarks: damaged(old, new)?,
            contracts: None,
        });
    }
    let one = Page::read(old.file, old.bytes, defaults)?;
    let other = Page::read(new.file, new.bytes, defaults)?;
    let Comparison { relation, changes } = compare(&one, &other);
    if relation.is_one_text {
        return Ok(Differences {
            relation,
            remarks: damaged(old, new)?,
            contracts: None,
        });
    }
    Ok(Differences {
        relation,
        remarks: change::remarks(&changes, old.file, new.file),
        contracts: Some(Contracts {
            old: one,
            new: other,
            changes,
        }),
    })
}

/// What a page documents.
///
/// # Errors
///
/// The page is not UTF-8.
pub(crate) fn documented(
    page: Source<'_>,
    defaults: &PageDefaults,
) -> Result<Documented, Diagnostic> {
    Ok(Page::read(page.file, page.bytes, defaults)?.documented())
}

/// The removal of a page, which breaks bots if no added page documents its requests.
pub(crate) fn removal(
    file: &str,
    page: &Documented,
    added: &[Documented],
) -> Option<(Remark, Vec<Scope>)> {
    let is_in =
        |other: &Documented| other.api == page.api && page.requests.is_subset(&other.requests);
    let is_operation = !page.is_of_resource && !page.requests.is_empty();
    let is_moved = is_operation && added.iter().any(is_in);
    let effect = if is_operation && !is_moved {
        Effect::Breaking(Party::Bot)
    } else {
        Effect::Compatible
    };
    let change = Change::new(ChangeKind::PageRemoved, effect, "page", &page.name);
    let change = if is_moved {
        change.remark("an added page documents its requests")
    } else {
        change.within(Scope::Operation)
    };
    change::remarks(&[change], file, file).pop()
}

/// Compares two texts of a page as contracts.
pub(crate) fn compare(old: &Page, new: &Page) -> Comparison {
    let relation = old.source.relation(&new.source);
    Comparison {
        relation,
        changes: if relation.is_one_text {
            Vec::new()
        } else {
            compare::compare(&align::aligned(old, new), new)
        },
    }
}

/// The damage in two translations of one text.
fn damaged(old: Source<'_>, new: Source<'_>) -> Result<Vec<(Remark, Vec<Scope>)>, Diagnostic> {
    let read = |Source { file, bytes }: Source<'_>| -> Result<Translation, Diagnostic> {
        let text = super::text::decode(file, bytes)?;
        let (page, prose) = prose::read_page(&text, &mut Findings::new(file));
        Ok(Translation::read(file, &page, prose))
    };
    let (old, new) = (read(old)?, read(new)?);
    let mut found = damage::between(&old, &new);
    found.extend_from_slice(damage::of_page(&old));
    found.extend_from_slice(damage::of_page(&new));
    let remarks = damage::remarks(found).into_iter();
    Ok(remarks.map(|it| (it, Vec::new())).collect())
}
