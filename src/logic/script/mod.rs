//! From the text of a scenario file to a script that holds together, or to what is wrong with it
//! and where.
//!
//! `parse` finds what does not fit the format, `soundness` what fits and makes no sense.

mod parse;
mod soundness;

pub use soundness::{Problem, problems};

use crate::model::scenario::Script;
use crate::text::diagnostic::Diagnostic;
use crate::text::json::locate;
use crate::text::place::Place;

/// Reads the bytes of a scenario file. `file` is its name in diagnostics.
///
/// # Errors
///
/// Everything that is wrong with it. A file that does not fit the format has one diagnostic, as
/// what stands behind the first is guesswork.
pub fn read(file: &str, bytes: &[u8]) -> Result<Script, Vec<Diagnostic>> {
    let text = utf8(file, bytes).map_err(|diagnostic| vec![*diagnostic])?;
    let script = parse::script(file, text).map_err(|diagnostic| vec![*diagnostic])?;
    let problems = problems(&script);
    if problems.is_empty() {
        return Ok(script);
    }
    Err(problems
        .into_iter()
        .map(|problem| Diagnostic {
            remedy: problem.remedy.clone(),
            ..place_of(&problem, text).complain(file, text, &problem.message)
        })
        .collect())
}

/// The text of a file, without a byte order mark.
///
/// # Errors
///
/// The first byte that is no UTF-8.
fn utf8<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Box<Diagnostic>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let (good, bad) = bytes.split_at(error.valid_up_to());
        let place = Place::of_offset(std::str::from_utf8(good).unwrap_or_default(), good.len());
        let byte = bad.first().copied().unwrap_or_default();
        let message = format!("byte {byte:#04x} is no UTF-8");
        Box::new(Diagnostic {
            remedy: Some("save the file as UTF-8".to_owned()),
            ..place.complain(file, "", message)
        })
    })
}

fn place_of(problem: &Problem, text: &str) -> Place {
    let Some(found) = locate(text, &problem.pointer) else {
        return Place::of_offset(text, 0);
    };
    let value = text.get(found.value.clone()).unwrap_or_default();
    let within = problem.part.as_ref().and_then(|part| value.find(part));
    let start = match (within, found.key) {
        (Some(at), _) => found.value.start + at,
        (None, Some(key)) if problem.at_key => key.start,
        (None, _) => found.value.start,
    };
    Place::of_offset(text, start)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{
  "$schema": "../scenario.schema.json",
  "version": 1,
  "source": "page.md",
  "variables": {
    "call": { "kind": "call", "value": "42" },
    "other": { "kind": "call", "value": "43", "same_as": "call" }
  },
  "steps": [
    { "request": { "line": 1, "method": "POST", "target": "/app/calls/{call}/answer" } },
    { "response": { "line": 9, "status": 202, "headers": { "Location": "/calls/{other}" } } }
  ]
}
"#;

    #[test]
    fn a_good_file_reads() {
        assert_eq!(read("good.json", GOOD.as_bytes()).unwrap().steps.len(), 2);
        let marked = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
        assert!(read("good.json", marked.as_bytes()).is_ok());
    }

    /// What is replaced in the good file, by what, and the first lines of the complaint.
    const BROKEN: [(&str, &str, &str, &str); 25] = [
        (
            r#""status""#,
            r#""staus""#,
            "11:32: unknown field `staus`, expected one of `line`, `status`, `headers`, `body`, `or`",
            "did you mean `status`?",
        ),
        (
            r#""response""#,
            r#""reponse""#,
            "11:7: unknown variant `reponse`, expected one of `request`, `response`, `notification`",
            "did you mean `response`?",
        ),
        (
            r#""kind": "call", "value": "42""#,
            r#""kind": "cal", "value": "42""#,
            "6:23: unknown variant `cal`",
            "did you mean `call`?",
        ),
        (
            r#""method": "POST", "#,
            "",
            "10:18: missing field `method`",
            "add `\"method\": …` here",
        ),
        (
            r#""line": 9"#,
            r#""line": "9""#,
            "11:29: invalid type: string \"9\", expected a whole number",
            "",
        ),
        (
            r#""line": 9"#,
            r#""line": -9"#,
            "11:29: invalid value: integer `-9`, expected a whole number",
            "",
        ),
        (
            r#""status": 202"#,
            r#""status": 99999"#,
            "11:42: invalid value: integer `99999`, expected a whole number",
            "",
        ),
        (
            r#""version": 1"#,
            r#""version": 2, "new": {}"#,
            "3:14: version 2 of the format is unknown",
            "this confcall reads version 1",
        ),
        (
            r#""version": 1"#,
            r#""version": 0"#,
            "3:14: version 0 of the format is unknown",
            "this confcall reads version 1",
        ),
        (
            "{call}",
            "{cal}",
            "10:71: `{cal}` is not among the variables",
            "did you mean `{call}`?",
        ),
        (
            "{other}",
            "{zzz}",
            "11:80: `{zzz}` is not among the variables",
            "declare it under `variables`, or write `{{zzz}}` for the text itself",
        ),
        (
            "{other}",
            "{call}",
            "7:5: nothing uses the variable `other`",
            "",
        ),
        (
            r#""same_as": "call""#,
            r#""same_as": "cll""#,
            "7:58: `cll` is not among the variables",
            "did you mean `call`?",
        ),
        (
            r#""same_as": "call""#,
            r#""same_as": "other""#,
            "7:58: `other` is the same as itself",
            "",
        ),
        (
            r#""42""#,
            r#""42", "same_as": "other""#,
            "6:57: `other` is itself the same as another variable",
            "",
        ),
        (
            r#""status": 202"#,
            r#""status": 600"#,
            "11:42: 600 is no status code, which are 100 to 599",
            "",
        ),
        (
            r#""method": "POST""#,
            r#""method": "post""#,
            "10:41: `post` is no method",
            "write `POST`",
        ),
        (
            r#""line": 9"#,
            r#""line": 0"#,
            "11:29: lines count from 1",
            "",
        ),
        (
            r#""steps": ["#,
            r#""steps": [], "stepz": ["#,
            "9:16: unknown field `stepz`",
            "did you mean `steps`?",
        ),
        ("]\n}", "]", "13:1: the file ends inside an object", ""),
        (
            r#"{ "line": 1,"#,
            r#"{ "line": 1 "#,
            "10:31: expected `,` or `}`",
            "",
        ),
        (
            r#"{ "response":"#,
            r#"{ "request": {"line": 1, "method": "GET", "target": "/"}, "response":"#,
            "11:5: a step holds one message",
            "give each message braces of its own",
        ),
        (r#""page.md""#, r#""""#, "4:13: the page has no name", ""),
        (
            r#"/answer" }"#,
            r#"/answer", "body": {"a/b": ["x {cal}"]} }"#,
            "10:107: `{cal}` is not among the variables",
            "did you mean `{call}`?",
        ),
        (
            r#"/answer" }"#,
            r#"/answer", "body": {"$text": "{cal}"} }"#,
            "10:106: `{cal}` is not among the variables",
            "did you mean `{call}`?",
        ),
    ];

    #[test]
    fn what_is_wrong_has_a_place_and_a_remedy() {
        let mut wrong = Vec::new();
        for (good, bad, message, remedy) in BROKEN {
            let text = GOOD.replacen(good, bad, 1);
            assert_ne!(text, GOOD, "{good}");
            let shown = read("f.json", text.as_bytes())
                .map_or_else(|diagnostics| diagnostics[0].to_string(), |_| String::new());
            if !shown.starts_with(&format!("f.json:{message}")) || !shown.contains(remedy) {
                wrong.push(format!("{bad} should be {message}, {remedy}:\n{shown}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }

    #[test]
    fn everything_unsound_is_told_at_once() {
        let text = GOOD.replace("202", "42").replace("POST", "post");
        assert_eq!(read("f.json", text.as_bytes()).unwrap_err().len(), 2);
    }

    #[test]
    fn latin_1_is_told_with_its_place() {
        let mut bytes = GOOD.replace("page.md", "p#.md").into_bytes();
        let at = bytes.iter().position(|b| *b == b'#').unwrap();
        bytes[at] = 0xe9;
        let diagnostics = read("f.json", &bytes).unwrap_err();
        assert_eq!(
            diagnostics[0].to_string(),
            "f.json:4:15: byte 0xe9 is no UTF-8\n  = help: save the file as UTF-8"
        );
    }

    #[test]
    fn every_truncation_is_survived() {
        for end in 0..GOOD.len() - 2 {
            assert!(read("f.json", &GOOD.as_bytes()[..end]).is_err());
        }
    }
}
