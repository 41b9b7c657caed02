//! Remarks as text for people, grouped by page.

use std::fmt::Write as _;

use super::{PageReport, breaks, see, touched};
use crate::diagnostic::place::printable;
use crate::extract::remark::{Remark, Severity};
use crate::report::text::Look;

/// The preface, the remarks of each page under its name, then the notes and the number of remarks.
pub(crate) fn render(report: &PageReport, look: Look) -> String {
    let mut text = String::new();
    for sentence in &report.preface {
        let _ = writeln!(text, "{}", printable(sentence));
    }
    if !report.preface.is_empty() {
        text.push('\n');
    }
    for page in report.by_page() {
        let name = printable(&page[0].place.page);
        let _ = writeln!(text, "{}", look.bold(&name));
        for remark in page {
            text.push_str(&line(remark, look));
        }
        text.push('\n');
    }
    for note in &report.notes {
        let _ = writeln!(text, "{}", printable(note));
    }
    let _ = writeln!(text, "{}", report.summary());
    text
}

fn line(remark: &Remark, look: Look) -> String {
    let at = match remark.place.line {
        0 => String::new(),
        line => line.to_string(),
    };
    let level = format!("{:<7}", remark.level.to_string());
    let level = match remark.level {
        Severity::Error => look.failure(&level),
        Severity::Warning => look.warning(&level),
        Severity::Note => look.dim(&level),
    };
    let breaks = breaks(remark).map_or_else(String::new, |it| format!(" ({it})"));
    let message = printable(&format!("{}{breaks}{}", remark.message, see(remark)));
    let id = look.dim(remark.rule.id);
    let touched = touched(remark).map_or_else(String::new, |it| {
        format!("{:17}{}\n", "", look.dim(&printable(&it)))
    });
    format!("{at:>6}  {level}  {message}  {id}\n{touched}")
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn remarks_stand_under_their_page() {
        assert_eq!(
            render(&samples::report(), Look::PLAIN),
            "two texts are compared\n\na.md\n     9  warning  the length is 3, not 4, see line 12  wrong-length\n\n\
             new/b c.md\n        error    `GET /a|b` is <gone> (breaks a bot), see old/b c.md:4  path-removed\n\
             \x20                touches 1 built-in scenario, 1 cassette (a.jsonl)\n\n\
             two texts are not one\n1 error, 1 warning, 0 notes in 3 pages\n"
        );
    }

    #[test]
    fn colours_are_those_of_the_entry() {
        let look = Look {
            colour: true,
            ..Look::PLAIN
        };
        let text = render(&samples::report(), look);
        assert!(text.contains(&look.warning("warning")), "{text}");
        assert!(text.contains(&look.bold("a.md")), "{text}");
    }
}
