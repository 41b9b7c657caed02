//! The HTML report of a run: one self-contained page.

use std::fmt::Write as _;

use super::terminal;
use super::text::Look;
use crate::judge::verdict::{Run, ScenarioResult, Verdict};

pub(crate) fn render(run: &Run) -> String {
    let judged = match (&run.target.role, &run.target.url) {
        (Some(role), Some(url)) => format!("{role} at {url}"),
        (Some(role), None) => format!("the built-in {role}"),
        (None, Some(url)) => url.clone(),
        (None, None) => "the built-in pair".to_owned(),
    };
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>confcall: {judged}</title>\n\
         <style>{STYLE}</style>\n<h1>{judged}</h1>\n<p>{}</p>\n",
        summary(run),
        judged = escaped(&judged),
    );
    for error in &run.errors {
        let _ = writeln!(page, "<p class=\"fail\">{}</p>", escaped(error));
    }
    for note in &run.notes {
        let _ = writeln!(page, "<p>{}</p>", escaped(note));
    }
    for result in &run.results {
        page.push_str(&block(result));
    }
    page
}

/// Light or dark, by the reader's system.
const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}\
details,.plain{border-left:.3rem solid gray;margin:.2rem 0;padding:.1rem .6rem}\
summary{cursor:pointer}\
pre{overflow-x:auto;font-size:.85rem}\
p.fail{white-space:pre-wrap}\
.pass{border-color:seagreen}\
.fail,.inconclusive,.error{border-color:crimson}\
.known,.skip{border-color:goldenrod}\
b{display:inline-block;min-width:7rem}";

fn summary(run: &Run) -> String {
    let counts = &run.summary;
    let counts = [
        (counts.pass, Verdict::Pass),
        (counts.fail, Verdict::Fail),
        (counts.known, Verdict::Known),
        (counts.inconclusive, Verdict::Inconclusive),
        (counts.error, Verdict::Error),
        (counts.skip, Verdict::Skip),
    ];
    let counts = counts.map(|(count, verdict)| format!("{count} {}", verdict.as_str()));
    counts.join(", ")
}

/// A result. Everything but a plain pass can be unfolded; failures are unfolded.
fn block(result: &ScenarioResult) -> String {
    let verdict = result.verdict.as_str();
    let name = format!(
        "<b>{verdict}</b>{} {} <small>{} ms</small>",
        result.role,
        escaped(&result.scenario),
        result.duration_ms
    );
    let details = terminal::details(result, Look::PLAIN);
    if result.verdict == Verdict::Pass && result.warnings.is_empty() {
        return format!("<div class=\"plain {verdict}\">{name}</div>\n");
    }
    let open = match result.verdict {
        Verdict::Fail | Verdict::Inconclusive | Verdict::Error => " open",
        Verdict::Pass | Verdict::Known | Verdict::Skip => "",
    };
    format!(
        "<details class=\"{verdict}\"{open}><summary>{name}</summary><pre>{}</pre></details>\n",
        escaped(&details)
    )
}

/// Text escaped for elements and quoted attributes of HTML.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    let text = text.replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::party::Party;
    use crate::judge::verdict::JudgedTarget;

    fn result(verdict: Verdict, reason: &str) -> ScenarioResult {
        ScenarioResult {
            duration_ms: 7,
            ..ScenarioResult::new("page/<one>", Party::Bot, verdict, reason)
        }
    }

    #[test]
    fn problems_are_shown_and_text_is_no_markup() {
        let target = JudgedTarget {
            role: Some(Party::Bot),
            url: Some("http://h/?a=\"b\"&c".into()),
        };
        let results = vec![
            result(Verdict::Pass, ""),
            result(Verdict::Inconclusive, "<script>alert(1)</script>"),
            result(Verdict::Skip, "not claimed"),
        ];
        let mut run = Run::new(target, results);
        run.errors.push("matches <nothing>".into());
        let page = render(&run);
        assert!(
            !page.contains("<script") && !page.contains("<one>"),
            "{page}"
        );
        assert!(
            page.contains("bot at http://h/?a=&quot;b&quot;&amp;c"),
            "{page}"
        );
        assert!(page.contains("1 pass, 0 fail, 0 known, 1 inconclusive, 0 error, 1 skip"));
        assert!(page.contains("matches &lt;nothing&gt;") && page.contains("not claimed"));
        assert!(
            page.contains("<details class=\"inconclusive\" open>"),
            "{page}"
        );
        assert!(page.contains("<details class=\"skip\">"), "{page}");
        assert!(page.contains("<div class=\"plain pass\">"), "{page}");
    }
}
