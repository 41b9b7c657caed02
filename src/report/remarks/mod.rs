//! Reports of `confcall lint` and `confcall drift`: remarks on pages as text, JSON, Markdown, SARIF and HTML.

pub(crate) mod baseline;
mod html;
mod json;
mod markdown;
mod sarif;
mod text;

use super::list::counted;
use crate::extract::drift::ContractPart;
use crate::extract::remark::{PagePlace, Remark, Severity};

pub(crate) use self::html::render as html;
pub(crate) use self::json::Document;
pub(crate) use self::json::render as json;
pub(crate) use self::markdown::render as markdown;
pub(crate) use self::sarif::render as sarif;
pub(crate) use self::text::render as text;

/// The result of a command that reports on pages.
#[derive(Debug, Clone)]
pub(crate) struct PageReport {
    /// The name of the command.
    pub command: &'static str,
    /// The number of pages that were read.
    pub pages: usize,
    /// Sentences before the remarks, without a full stop, such as how the pages are compared.
    pub preface: Vec<String>,
    /// In order ([`crate::extract::remark::sorted`]).
    pub remarks: Vec<Remark>,
    /// Sentences behind the remarks, without a full stop, such as known remarks that are gone.
    pub notes: Vec<String>,
    /// The contracts of pages with changes, in the order of pages; only for a report that shows them.
    pub contracts: Vec<PageContracts>,
}

/// The contracts of two texts of a page, side by side.
#[derive(Debug, Clone)]
pub(crate) struct PageContracts {
    /// The names of the old and the new page.
    pub old: String,
    pub new: String,
    pub parts: Vec<ContractPart>,
}

impl PageReport {
    fn count(&self, level: Severity) -> usize {
        self.remarks.iter().filter(|it| it.level == level).count()
    }

    /// `2 errors, 1 warning, 0 notes in 5 pages`.
    fn summary(&self) -> String {
        let pages = counted(self.pages, "page");
        let count = |level| counted(self.count(level), level.into());
        let counts = [Severity::Error, Severity::Warning, Severity::Note].map(count);
        format!("{} in {pages}", counts.join(", "))
    }

    /// The sentences about the whole report.
    fn sentences(&self) -> impl Iterator<Item = &str> {
        self.preface.iter().chain(&self.notes).map(String::as_str)
    }

    /// The remarks by page, in their order.
    fn by_page(&self) -> impl Iterator<Item = &[Remark]> {
        self.remarks.chunk_by(|a, b| a.place.page == b.place.page)
    }
}

/// The reference to the second place of a remark, for the end of a sentence; empty if there is none.
fn see(remark: &Remark) -> String {
    let address = |other| address(other, &remark.place.page);
    let other = remark.other.as_ref().map(address);
    other.map_or_else(String::new, |it| format!(", see {it}"))
}

/// The party that a change breaks.
fn breaks(remark: &Remark) -> Option<String> {
    remark.breaks.map(|party| format!("breaks a {party}"))
}

/// The most recordings that a text for people names.
const MOST_NAMES: usize = 3;

/// What a change touches, in words; none if it touches nothing.
fn touched(remark: &Remark) -> Option<String> {
    let touched = &remark.touched;
    if touched.is_nothing() {
        return None;
    }
    let parts = [
        (&touched.scenarios, "built-in scenario"),
        (&touched.known_failures, "known failure"),
        (&touched.cassettes, "cassette"),
    ];
    let parts = parts.into_iter().filter(|(all, _)| !all.is_empty());
    let parts: Vec<_> = parts.map(|(all, noun)| counted(all.len(), noun)).collect();
    let mut names: Vec<_> = touched.cassettes.iter().take(MOST_NAMES).cloned().collect();
    if let Some(others @ 1..) = touched.cassettes.len().checked_sub(MOST_NAMES) {
        names.push(format!("and {others} more"));
    }
    let touched = format!("touches {}", parts.join(", "));
    Some(match names.as_slice() {
        [] => touched,
        names => format!("{touched} ({})", names.join(", ")),
    })
}

/// The address of a place, in a remark on `page`: only the line if the place is on the same page.
fn address(place: &PagePlace, page: &str) -> String {
    match (place.page == page, place.line) {
        (true, line) => format!("line {line}"),
        (false, 0) => place.page.clone(),
        (false, line) => format!("{}:{line}", place.page),
    }
}

#[cfg(test)]
pub(super) mod samples {
    use super::PageReport;
    use crate::api::party::Party;
    use crate::extract::remark::{PageRule, Remark, RemarkKind, Severity};

    pub(in crate::report) static FINDING: PageRule = PageRule {
        id: "wrong-length",
        kind: RemarkKind::Finding,
        level: Severity::Warning,
        breaks: None,
        text: "A length is not that of the body.",
        remedy: "Correct the length.",
    };

    static CHANGE: PageRule = PageRule {
        id: "path-removed",
        kind: RemarkKind::Change,
        level: Severity::Error,
        breaks: Some("bots"),
        text: "A path is gone.",
        remedy: "Keep the path.",
    };

    /// A report with a remark of each kind.
    pub(in crate::report) fn report() -> PageReport {
        let mut change = Remark::new(&CHANGE, "new/b c.md", 0, "`GET /a|b` is <gone>");
        change = change.beside("old/b c.md", 4);
        change.breaks = Some(Party::Bot);
        change.touched.scenarios = vec!["page/beta@2026-01/one".to_owned()];
        change.touched.cassettes = vec!["a.jsonl".to_owned()];
        PageReport {
            command: "lint",
            pages: 3,
            preface: vec!["two texts are compared".to_owned()],
            remarks: vec![
                Remark::new(&FINDING, "a.md", 9, "the length is 3, not 4").beside("a.md", 12),
                change,
            ],
            notes: vec!["two texts are not one".to_owned()],
            contracts: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_each_level() {
        let report = samples::report();
        assert_eq!(report.summary(), "1 error, 1 warning, 0 notes in 3 pages");
        assert_eq!(report.by_page().count(), 2);
    }
}
