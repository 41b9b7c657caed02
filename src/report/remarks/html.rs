//! Remarks as one self-contained page, with the contracts of both texts side by side. It needs no script.

use askama::Template;

use super::{PageContracts, PageReport, address};
use crate::api::party::Party;
use crate::extract::drift::{ContractCell, ContractPart, ContractRow, Effect};
use crate::extract::remark::{Remark, Severity};
use crate::report::ReportError;
use crate::report::html::{Style, policy};
use crate::report::list::counted;
use crate::report::text::{Log, shown};

/// The most rows of contracts, so that a browser opens the page at once. The first pages have theirs.
const MOST_ROWS: usize = 4000;

/// The most pages whose contracts are unfolded.
const MOST_OPEN: usize = 3;

/// The report as a page.
pub(crate) fn render(report: &PageReport) -> Result<String, ReportError> {
    let page = || {
        let style = Style.render()?;
        let document = Document {
            report,
            policy: policy(&style, ""),
            style,
            counts: counts(report),
            sentences: report.sentences().collect(),
            pages: pages(report),
        };
        document.render()
    };
    let page = page().map_err(|error| ReportError(error.into()))?;
    // Text of pages may reverse the direction of what follows it.
    Ok(shown(&page, false, Log::People))
}

#[derive(Template)]
#[template(path = "remarks.html")]
struct Document<'r> {
    report: &'r PageReport,
    policy: String,
    style: String,
    counts: Vec<Count>,
    sentences: Vec<&'r str>,
    pages: Vec<ShownPage<'r>>,
}

struct Count {
    number: usize,
    word: String,
    class: &'static str,
}

/// A page with remarks.
struct ShownPage<'r> {
    name: &'r str,
    remarks: &'r [Remark],
    contracts: Option<&'r PageContracts>,
    is_open: bool,
    /// True if its contracts are not shown, because those of other pages are.
    is_left_out: bool,
}

fn counts(report: &PageReport) -> Vec<Count> {
    let broken = |party: Party| {
        let remarks = report.remarks.iter();
        let number = remarks.filter(|it| it.breaks == Some(party)).count();
        (number > 0).then(|| Count {
            number,
            word: format!("break a {party}"),
            class: "fail",
        })
    };
    let levels = [Severity::Error, Severity::Warning, Severity::Note].map(|level| {
        let number = report.count(level);
        let counted = counted(number, level.into());
        Count {
            number,
            word: counted.split(' ').skip(1).collect(),
            class: class(level),
        }
    });
    let broken = [Party::Bot, Party::Service].into_iter().filter_map(broken);
    levels.into_iter().chain(broken).collect()
}

fn pages(report: &PageReport) -> Vec<ShownPage<'_>> {
    let mut room = MOST_ROWS;
    let mut open = MOST_OPEN;
    let pages = report.by_page().map(|remarks| {
        let name = remarks[0].place.page.as_str();
        let known = report.contracts.iter().find(|it| it.new == name);
        let rows = |it: &PageContracts| it.parts.iter().map(|it| it.rows.len()).sum::<usize>();
        let contracts = known.filter(|it| rows(it) <= room);
        room -= contracts.map_or(0, rows);
        let is_open = contracts.is_some() && open > 0;
        open -= usize::from(is_open);
        ShownPage {
            name,
            remarks,
            contracts,
            is_open,
            is_left_out: known.is_some() && contracts.is_none(),
        }
    });
    pages.collect()
}

const fn class(level: Severity) -> &'static str {
    match level {
        Severity::Error => "fail",
        Severity::Warning => "known",
        Severity::Note => "skip",
    }
}

/// The parts of a message, each with whether it is a code span.
fn pieces(message: &str) -> impl Iterator<Item = (bool, &str)> {
    let is_paired = message.matches('`').count().is_multiple_of(2);
    let parts = message.splitn(if is_paired { usize::MAX } else { 1 }, '`');
    parts
        .enumerate()
        .map(|(index, text)| (index % 2 == 1, text))
}

fn place(remark: &Remark) -> String {
    let own = match remark.place.line {
        0 => None,
        line => Some(format!("line {line}")),
    };
    let other = remark.other.as_ref();
    let other = other.map(|it| address(it, &remark.place.page));
    own.into_iter().chain(other).collect::<Vec<_>>().join(", ")
}

/// The class of a row with a change, and the effect in words.
const fn effect(row: &ContractRow) -> Option<(&'static str, &'static str)> {
    Some(match row.effect {
        None => return None,
        Some(Effect::Breaking(Party::Bot)) => ("changed", "breaks a bot"),
        Some(Effect::Breaking(Party::Service)) => ("changed", "breaks a service"),
        Some(Effect::Compatible) => ("compatible", "compatible"),
        Some(Effect::Renamed) => ("compatible", "renamed"),
    })
}

/// The number of rows with a change.
fn changed(part: &ContractPart) -> usize {
    part.rows.iter().filter(|it| it.effect.is_some()).count()
}

/// How the rows of a part differ.
fn summary(part: &ContractPart) -> String {
    let (all, changed) = (part.rows.len(), changed(part));
    let only = |side: usize| part.rows.iter().all(|row| sides(row)[1 - side].is_none());
    match changed {
        1.. => format!("{changed} of {all} changed"),
        _ if only(0) => format!("{all}, only in the old text"),
        _ if only(1) => format!("{all}, only in the new text"),
        _ => format!("{all}, none changed"),
    }
}

fn sides(row: &ContractRow) -> [Option<&ContractCell>; 2] {
    [&row.old, &row.new].map(Option::as_ref)
}

fn line(cell: &ContractCell) -> String {
    match cell.line {
        0 => String::new(),
        line => line.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    const HOSTILE: &str = "<script>\"'&\u{202e}\u{0}</style>";

    fn cell(text: &str) -> ContractCell {
        ContractCell {
            text: text.to_owned(),
            line: 7,
        }
    }

    fn report() -> PageReport {
        let row = |name: &str, effect| ContractRow {
            name: name.to_owned(),
            old: Some(cell("200")),
            new: Some(cell("202")),
            effect,
        };
        let rows = vec![
            row("status in prose", Some(Effect::Breaking(Party::Bot))),
            row(HOSTILE, None),
        ];
        let mut report = samples::report();
        report.contracts.push(PageContracts {
            old: "old/b c.md".to_owned(),
            new: "new/b c.md".to_owned(),
            parts: vec![ContractPart {
                title: "Answer".to_owned(),
                rows,
            }],
        });
        report
    }

    #[test]
    fn the_contracts_are_side_by_side_under_their_remarks() {
        let page = render(&report()).unwrap();
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
        assert!(at("is &#60;gone&#62;") < at("<th scope=\"row\">status in prose"));
        assert!(page.contains("<tr class=\"changed\">"), "{page}");
        assert!(page.contains("breaks a bot"), "{page}");
        assert!(page.contains("two texts are not one"), "{page}");
    }

    #[test]
    fn text_of_pages_is_no_markup_and_there_is_no_script() {
        let mut report = report();
        report.notes.push(HOSTILE.to_owned());
        for remark in &mut report.remarks {
            HOSTILE.clone_into(&mut remark.message);
            HOSTILE.clone_into(&mut remark.place.page);
        }
        let page = render(&report).unwrap();
        assert!(!page.contains("<script"), "{page}");
        assert_eq!(page.matches("</style>").count(), 1);
        assert!(!page.contains(['\u{202e}', '\0']));
    }

    #[test]
    fn the_rows_of_a_page_are_bounded() {
        let mut report = report();
        let part = &mut report.contracts[0].parts[0];
        part.rows = vec![part.rows[0].clone(); MOST_ROWS + 1];
        let page = render(&report).unwrap();
        assert!(!page.contains("<table"), "{page}");
        assert!(page.contains("The contracts are not shown"), "{page}");
    }
}
