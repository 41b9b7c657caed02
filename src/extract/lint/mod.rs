//! Lint: findings in pages, by structure and content, never by words of a language.
//!
//! For: contradictions within a page, and between a page and the resource pages; parts of a wrong form; and the damage
//! that translations show. Not for: changes between texts.
//!
//! 1. `view` has the positions of the parts of a parsed page.
//! 2. `prose`, `ids`, `people` and `echo` check one page; [`rules`] has the rules of their findings.
//! 3. `resources` compares all pages with the resource pages among them.

mod echo;
mod ids;
mod people;
mod prose;
mod resources;
pub(crate) mod rules;
mod view;

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::scenario::format::Translation as Source;

use super::contract::{self, Facts};
use super::damage;
use super::damage::{Damage, Translation};
use super::inventory::{FindingKind, Findings};
use super::message::{Message, Part};
use super::metadata::{PageDefaults, PageKey};
use super::remark::{Remark, sorted};
use super::{api_version, conversations, message, prose as page_prose, scripts, text};

use self::resources::{Object, Types};
use self::view::View;

/// One page: its findings, and the parts that are compared with other pages.
#[derive(Debug)]
pub(crate) struct LintedPage {
    file: String,
    api: String,
    locale: String,
    /// The stem of the file name, in lower case.
    name: String,
    remarks: Vec<Remark>,
    bodies: Vec<Object>,
    facts: Option<Facts>,
    translation: Translation,
}

/// Reads a page, and finds what it shows without other pages. The defaults replace missing metadata.
///
/// # Errors
///
/// The page is not UTF-8.
pub(crate) fn read(
    file: &str,
    bytes: &[u8],
    defaults: &PageDefaults,
) -> Result<LintedPage, Diagnostic> {
    let text = text::decode(file, bytes)?;
    let lines: Vec<&str> = text.lines().collect();
    let mut findings = Findings::new(file);
    let (mut page, prose) = page_prose::read_page(&text, &mut findings);
    let mut messages = message::read(&page.code_blocks, &mut findings);
    let (outline, code_blocks) = (&mut page.outline, &page.code_blocks);
    let conversations = conversations(outline, code_blocks, &messages, &mut findings);
    let api = messages.list.iter().find_map(api_version);
    let mut ignored = Findings::new(file);
    let key = PageKey::new(file, &page.metadata, defaults, api, &mut ignored);

    let mut remarks = Vec::new();
    let runs = &conversations.runs;
    let view = View::new(file, &lines, &page, &prose, &messages.list, runs);
    self::prose::check(&view, &mut remarks);
    ids::check(&view, &mut remarks);
    people::check(&view, &mut remarks);
    echo::check(&view, &mut remarks);
    heads(&view, &mut remarks);
    let outline = ids::Outline::of(&view);
    let bodies = resources::bodies(&messages.list);
    let facts = contract::facts(file, file, &page, &messages, &prose, &key);

    let source = Source {
        locale: key.locale.clone(),
        file: file.to_owned(),
        lines: Vec::new(),
    };
    let _ = scripts(&page, runs, &mut messages, &source, &mut findings);
    let contradictions = std::mem::take(&mut findings.contradictions);
    let contradictions = contradictions.iter();
    remarks.extend(contradictions.filter_map(|it| outline.remark(file, &lines, it)));
    remarks.extend(of_extraction(file, findings, &remarks));
    Ok(LintedPage {
        file: file.to_owned(),
        name: key.page.to_lowercase(),
        api: key.api,
        locale: key.locale,
        remarks,
        bodies,
        facts: facts.filter(Facts::is_resource),
        translation: Translation::read(file, &page, prose),
    })
}

/// The findings that extraction reports too.
fn of_extraction(file: &str, findings: Findings<'_>, known: &[Remark]) -> Vec<Remark> {
    let found = findings.finish().into_iter();
    let found = found.filter_map(|finding| {
        let rule = rules::of_extraction(finding.kind)?;
        let is_known = finding.kind == FindingKind::Orphan
            && known.iter().any(|it| {
                it.rule == &rules::NOTIFICATION_WITHOUT_HEAD && it.place.line == finding.line
            });
        let remark = Remark::new(rule, file, finding.line, finding.message);
        (!is_known).then_some(remark)
    });
    found.collect()
}

/// Notifications without a head, and acknowledgements that only some notifications have.
fn heads(view: &View<'_, '_>, found: &mut Vec<Remark>) {
    let is_notification = |message: &Message<'_>| matches!(message.part, Part::Notification { .. });
    let mut acknowledged = None;
    let mut open = Vec::new();
    for (index, message) in view.messages.iter().enumerate() {
        if !is_notification(message) {
            continue;
        }
        if matches!(message.part, Part::Notification { method: "", .. }) {
            let text = "the notification has no start line and no header";
            let line = message.line;
            found.push(view.remark(&rules::NOTIFICATION_WITHOUT_HEAD, line, text));
        }
        let next = view.messages.get(index + 1);
        match next.map(|it| (it, it.part)) {
            Some((next, Part::Response { .. })) => {
                acknowledged.get_or_insert(view.start_line(next));
            }
            _ => open.push(message),
        }
    }
    if let Some(other) = acknowledged {
        for message in open {
            let lines = [view.start_line(message), other];
            let text = "the notification has no acknowledgement, but another notification has one";
            found.push(view.pair(&rules::ACKNOWLEDGEMENT_MISSING, lines, text));
        }
    }
}

/// All remarks on pages: those of each page, those of the resource pages among them, and the damage that translations of
/// one text show.
pub(crate) fn finish(mut pages: Vec<LintedPage>) -> Vec<Remark> {
    let facts = pages.iter_mut().filter_map(|page| page.facts.take());
    let (extracted, _) = contract::merge(facts.collect());
    let types = Types::of(&extracted);
    let mut remarks = Vec::new();
    let mut damaged = between(&pages);
    for page in &mut pages {
        remarks.append(&mut page.remarks);
        damaged.extend_from_slice(damage::of_page(&page.translation));
        let versions = [page.api.as_str(), page.locale.as_str()];
        let found = resources::compare(&page.file, versions, &page.bodies, &types);
        remarks.extend(found);
    }
    remarks.extend(damage::remarks(damaged));
    sorted(remarks)
}

/// The damage in translations of one text.
fn between(pages: &[LintedPage]) -> Vec<Damage> {
    let mut texts: BTreeMap<(&str, &str), Vec<&LintedPage>> = BTreeMap::new();
    for page in pages {
        if let Some(source) = page.translation.source() {
            texts.entry((source, &page.name)).or_default().push(page);
        }
    }
    let mut found = Vec::new();
    for pages in texts.values() {
        for (index, one) in pages.iter().enumerate() {
            for other in &pages[index + 1..] {
                found.extend(damage::between(&one.translation, &other.translation));
            }
        }
    }
    found
}
