//! Remarks as Markdown, for release notes and pull requests.

use std::fmt::Write as _;

use super::{PageReport, breaks, see, touched};
use crate::diagnostic::place::printable;
use crate::extract::remark::Remark;

/// A section for each page, with a list of its remarks.
pub(crate) fn render(report: &PageReport) -> String {
    let mut text = String::new();
    for sentence in &report.preface {
        let _ = writeln!(text, "{}.\n", escaped(sentence));
    }
    for page in report.by_page() {
        let _ = writeln!(text, "## {}\n", code(&page[0].place.page));
        for remark in page {
            let _ = writeln!(text, "- {}", item(remark));
        }
        text.push('\n');
    }
    for note in &report.notes {
        let _ = writeln!(text, "{}.\n", escaped(note));
    }
    let _ = writeln!(text, "{}.", report.summary());
    text
}

fn item(remark: &Remark) -> String {
    let breaks = breaks(remark).map_or_else(String::new, |it| format!("{it}, "));
    let at = match remark.place.line {
        0 => String::new(),
        line => format!(", line {line}"),
    };
    let touched = touched(remark).map_or_else(String::new, |it| format!("; {}", escaped(&it)));
    format!(
        "**{breaks}{}** {}: {}{at}{}{touched}",
        remark.level,
        code(remark.rule.id),
        escaped(&remark.message),
        escaped(&see(remark))
    )
}

/// A code span, whatever backticks are in the text (`CommonMark` 0.31.2 section 6.1).
fn code(text: &str) -> String {
    let text = printable(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let marker = "`".repeat(longest + 1);
    let blank = if longest > 0 { " " } else { "" };
    format!("{marker}{blank}{text}{blank}{marker}")
}

/// Text that Markdown shows unchanged, apart from its code spans.
fn escaped(text: &str) -> String {
    let text = printable(text);
    let is_paired = text.matches('`').count().is_multiple_of(2);
    let mut escaped = String::with_capacity(text.len());
    let mut is_code = false;
    for c in text.chars() {
        is_code ^= c == '`' && is_paired;
        // Entities are decoded outside of code spans (`CommonMark` 0.31.2 section 6.1).
        if !is_code && "\\*_[]<>#|~&`".contains(c) && !(c == '`' && is_paired) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn remarks_are_a_list_for_each_page() {
        assert_eq!(
            render(&samples::report()),
            "two texts are compared.\n\n## `a.md`\n\n- **warning** `wrong-length`: the length is 3, not 4, line 9, see line 12\n\n\
             ## `new/b c.md`\n\n\
             - **breaks a bot, error** `path-removed`: `GET /a|b` is \\<gone\\>, see old/b c.md:4; touches 1 built-in scenario, 1 cassette (a.jsonl)\n\n\
             two texts are not one.\n\n1 error, 1 warning, 0 notes in 3 pages.\n"
        );
    }

    #[test]
    fn text_of_pages_is_no_markup() {
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(escaped("*a* `b*` [c](d)"), "\\*a\\* `b*` \\[c\\](d)");
        assert_eq!(escaped("a ` b"), "a \\` b");
        assert_eq!(escaped("&lt;b&gt; `&amp;`"), "\\&lt;b\\&gt; `&amp;`");
        assert_eq!(escaped("a\nb"), "a\u{fffd}b");
    }
}
