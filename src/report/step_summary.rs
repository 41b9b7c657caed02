//! The summary of a run for the page of a GitHub job, in Markdown (`GITHUB_STEP_SUMMARY`).
//!
//! Text of a party or a project is in code blocks, whose fences are longer than any fence in the text.

use std::fmt::Write as _;

use super::annotations::sentences;
use super::groups::{self, Group};
use super::html::title;
use super::text::{Log, shown};
use crate::judge::verdict::{Run, Summary};

/// The most causes of a summary, and the most scenarios and lines of a cause. A step has 1 MiB.
const MOST_CAUSES: usize = 10;
const MOST_SCENARIOS: usize = 20;
const MOST_LINES: usize = 30;

/// The longest line.
const MOST_CHARACTERS: usize = 400;

pub(crate) fn render(run: &Run) -> String {
    let mut text = format!(
        "## confcall\n\n{}\n{}",
        block(&title(run)),
        counts(&run.summary)
    );
    for error in &run.errors {
        let _ = write!(text, "\n{}", block(error));
    }
    text.push_str(&causes("Failures", &groups::failures(run)));
    text.push_str(&causes("Warnings", &groups::warnings(run)));
    let seed = run.seed.map(|it| format!(" · seed {it}"));
    let seed = seed.unwrap_or_default();
    let _ = writeln!(text, "\nconfcall {}{seed}\n", run.confcall);
    text
}

fn counts(summary: &Summary) -> String {
    let Summary {
        pass,
        fail,
        known,
        inconclusive,
        error,
        skip,
        warnings,
    } = summary;
    format!(
        "| pass | fail | known | inconclusive | error | skip | warnings |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n\
         | {pass} | {fail} | {known} | {inconclusive} | {error} | {skip} | {warnings} |\n"
    )
}

/// A block for each cause, and below it the scenarios, which are filters of another run.
fn causes(heading: &str, groups: &[Group<'_>]) -> String {
    if groups.is_empty() {
        return String::new();
    }
    let mut text = format!("\n### {heading}\n");
    for group in groups.iter().take(MOST_CAUSES) {
        let names = group.results.iter().map(|it| it.scenario.as_str());
        let names: Vec<_> = names.take(MOST_SCENARIOS).collect();
        let count = group.results.len();
        let role = group.example().role;
        let plural = if count == 1 { "" } else { "s" };
        let _ = write!(
            text,
            "\n{}\n<details><summary>{count} scenario{plural} of the {role}</summary>\n\n{}",
            block(&sentences(group)),
            block(&names.join("\n"))
        );
        if count > names.len() {
            let _ = writeln!(text, "\nand {} more", count - names.len());
        }
        text.push_str("\n</details>\n");
    }
    if groups.len() > MOST_CAUSES {
        let _ = writeln!(text, "\nand {} other causes", groups.len() - MOST_CAUSES);
    }
    text
}

/// A code block with this text, or the beginning of it.
fn block(text: &str) -> String {
    let text = shown(text, false, Log::People);
    let mut lines = text.lines();
    let mut shortened = String::new();
    for line in lines.by_ref().take(MOST_LINES) {
        match line.char_indices().nth(MOST_CHARACTERS) {
            None => shortened.push_str(line),
            Some((end, _)) => {
                shortened.push_str(&line[..end]);
                shortened.push('…');
            }
        }
        shortened.push('\n');
    }
    if lines.next().is_some() {
        shortened.push_str("…\n");
    }
    let ticks = shortened.split(|it| it != '`').map(str::len).max();
    let fence = "`".repeat(ticks.unwrap_or(0).max(2) + 1);
    format!("{fence}text\n{shortened}{fence}\n")
}

#[cfg(test)]
mod tests {
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    use super::*;
    use crate::api::party::Party;
    use crate::judge::verdict::{JudgedTarget, ScenarioResult, Verdict};

    #[test]
    fn text_of_others_stays_in_code_blocks() {
        let hostile = "evil </details> <script>alert(1)</script>\n````\n# evil\n~~~\n| evil |\n[evil](javascript:evil)\r\u{202e}";
        let name = "evil`/\n```\nevil";
        let result = ScenarioResult::new(name, Party::Bot, Verdict::Inconclusive, hostile);
        let target = JudgedTarget {
            role: None,
            url: Some(hostile.to_owned()),
        };
        let mut run = Run::new(target, vec![result]);
        run.errors.push(hostile.to_owned());
        let text = render(&run);
        let mut is_code = false;
        let mut seen = 0;
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::CodeBlock(_)) => is_code = true,
                Event::End(TagEnd::CodeBlock) => is_code = false,
                Event::Text(it) | Event::Html(it) | Event::InlineHtml(it) | Event::Code(it) => {
                    let is_evil = it.contains("evil") || it.contains("script");
                    assert!(is_code || !is_evil, "{it} in\n{text}");
                    seen += usize::from(is_evil);
                }
                _ => {}
            }
        }
        assert!(seen > 3, "{text}");
        assert!(!text.contains(['\r', '\u{202e}']), "{text}");
    }

    #[test]
    fn a_summary_has_the_counts_and_the_filters_of_each_cause() {
        let failed =
            |name: String| ScenarioResult::new(name, Party::Bot, Verdict::Inconclusive, "late");
        let results = (0..25).map(|at| failed(format!("page/{at:02}")));
        let text = render(&Run::new(JudgedTarget::default(), results.collect()));
        assert!(text.contains("| 0 | 0 | 0 | 25 | 0 | 0 | 0 |"), "{text}");
        assert!(text.contains("```text\nlate\n```"), "{text}");
        assert!(text.contains("page/00\npage/01\n"), "{text}");
        assert!(text.contains("\nand 5 more\n"), "{text}");
        assert!(text.len() < 2000, "{text}");
    }
}
