//! Report redaction: removes secrets of the parties from reports and messages. Recordings of other
//! tools and live parties contain secrets. Judges see the original messages.

use std::sync::Arc;

use serde_json::Value;

use super::recording::check::NotCovered;
use super::verdict::{Run, Traffic, TrafficMessage, Violation};
use crate::cassette::recording::Recording;
use crate::redact::Redactor;

/// Replaces the secrets in a report.
pub(crate) fn run(run: &mut Run, redactor: &Redactor) {
    if let Some(url) = &mut run.target.url {
        *url = redactor.in_text(url);
    }
    for text in run.errors.iter_mut().chain(&mut run.notes) {
        *text = redactor.in_text(text);
    }
    let before = redactor.learnt();
    results(run, redactor);
    if redactor.learnt() != before {
        // A secret that was found last may also be in an earlier text.
        results(run, redactor);
    }
}

fn results(run: &mut Run, redactor: &Redactor) {
    for it in run.load.iter_mut().flat_map(|it| &mut it.mixed_up) {
        let name = name_in(&it.pointer);
        it.expected = redactor.in_value(name, &it.expected);
        it.actual = redactor.in_value(name, &it.actual);
    }
    for result in &mut run.results {
        messages(&mut result.traffic, redactor);
        for violation in result.failures.iter_mut().chain(&mut result.warnings) {
            replace_in_violation(violation, redactor);
        }
        let texts = result.notes.iter_mut().chain(&mut result.output);
        let texts = texts.chain([&mut result.reason]);
        texts.for_each(|text| *text = in_report(text, redactor));
    }
}

/// Replaces the secrets in the report of uncovered exchanges.
pub(crate) fn not_covered(not_covered: &mut [NotCovered], redactor: &Redactor) {
    for exchange in not_covered {
        exchange.request = in_report(&exchange.request, redactor);
    }
}

/// The recording as confcall would have written it; a secret that is found late is replaced in
/// earlier exchanges too. A recording by confcall is unchanged.
pub(crate) fn recording(recording: Recording, redactor: &Redactor) -> Recording {
    let before = redactor.learnt();
    let redact = |exchange| redactor.redact(exchange).into_inner();
    let recording = recording.map(redact);
    if redactor.learnt() == before {
        recording
    } else {
        recording.map(redact)
    }
}

/// Replaces the secrets in messages, including earlier uses of a secret that is found late.
/// Messages are shared with the judge; one without a secret stays shared.
pub(crate) fn traffic(traffic: &mut [Traffic], redactor: &Redactor) {
    let before = redactor.learnt();
    messages(traffic, redactor);
    if redactor.learnt() != before {
        messages(traffic, redactor);
    }
}

fn messages(traffic: &mut [Traffic], redactor: &Redactor) {
    for it in traffic {
        message(&mut it.message, redactor);
    }
}

fn message(message: &mut TrafficMessage, redactor: &Redactor) {
    match message {
        TrafficMessage::Request(request) => {
            if let Some(redacted) = redactor.request(request) {
                *request = Arc::new(redacted);
            }
        }
        TrafficMessage::Response(response) => {
            if let Some(redacted) = redactor.response(response) {
                *response = Arc::new(redacted);
            }
        }
        TrafficMessage::Event(text) => *text = redactor.in_text(text),
    }
}

fn replace_in_violation(violation: &mut Violation, redactor: &Redactor) {
    let name = name_in(violation.pointer.as_str());
    for value in [&mut violation.expected, &mut violation.actual] {
        // A whole body may be running text.
        if let Value::String(text) = value {
            *text = in_report(text, redactor);
        }
        *value = redactor.in_value(name, value);
    }
    violation.message = in_report(&violation.message, redactor);
}

/// The name of the value that a pointer leads to. An item of a list, a field of a form and a part of several have a
/// number behind their name, and a part has `content` behind that.
fn name_in(pointer: &str) -> &str {
    let mut names = pointer.rsplit('/').peekable();
    let is_number = |it: &&str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
    let last = names.next().unwrap_or_default();
    let is_content = last == "content" && names.peek().is_some_and(is_number);
    if is_content || is_number(&last) {
        names.find(|it| !is_number(it)).unwrap_or(last)
    } else {
        last
    }
}

/// The text without its secrets, and without those of the request lines in it.
fn in_report(text: &str, redactor: &Redactor) -> String {
    redactor.in_text(&in_targets(text, redactor))
}

/// The text without the secrets of the request lines and paths in it: a segment of a path may be secret by its place.
fn in_targets(text: &str, redactor: &Redactor) -> String {
    let words = text.split_inclusive([' ', '`', '"', '\n']);
    words
        .map(|word| {
            let target = word.trim_end_matches([' ', '`', '"', '\n']);
            let redacted = target
                .starts_with('/')
                .then(|| redactor.redacted_target(target));
            match redacted.flatten() {
                Some(redacted) => redacted + &word[target.len()..],
                None => word.to_owned(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::party::Party;
    use crate::contract::rule::{Level, Rule};
    use crate::diagnostic::pointer::Pointer;
    use crate::http::message::{Body, Headers, Request};
    use crate::judge::verdict::{Basis, JudgedTarget, ScenarioResult, Source, Verdict};
    use serde_json::json;

    #[test]
    fn a_message_without_a_secret_is_not_copied() {
        let secret = "0123456789abcdef0123456789abcdef";
        let of = |target: &str| {
            Traffic::new(
                Party::Bot,
                None,
                TrafficMessage::Request(Arc::new(Request::new("GET", target))),
            )
        };
        let mut all = vec![of("/plain"), of(&format!("/a?sig={secret}"))];
        let before = all.clone();
        traffic(&mut all, &Redactor::new([7; 32]));
        let shares = |at: usize| match (&all[at].message, &before[at].message) {
            (TrafficMessage::Request(now), TrafficMessage::Request(then)) => Arc::ptr_eq(now, then),
            _ => false,
        };
        assert_eq!((shares(0), shares(1)), (true, false));
    }

    #[test]
    fn a_violation_shows_no_secret_of_a_form_or_a_text() {
        let secret = "Kq7vRz2mXw9pLt4b";
        for (pointer, expected) in [
            ("/password/0", secret.to_owned()),
            ("/password/0/content", secret.to_owned()),
            ("", format!("setx GITLAB_TOKEN {secret} /M")),
        ] {
            let mut violation = Violation {
                expected: json!(expected),
                ..Violation::sample(Rule::RequestBody, pointer)
            };
            replace_in_violation(&mut violation, &Redactor::new([7; 32]));
            assert!(
                !violation.expected.to_string().contains(secret),
                "{pointer}"
            );
        }
    }

    #[test]
    fn a_value_has_the_name_before_its_number() {
        for (pointer, name) in [
            ("", ""),
            ("/a/pin", "pin"),
            ("/pins/0", "pins"),
            ("/pin/0/content", "pin"),
            ("/pins/1/2", "pins"),
            ("/0", ""),
            ("/a/content", "content"),
        ] {
            assert_eq!(name_in(pointer), name, "{pointer}");
        }
    }

    #[test]
    fn no_part_of_a_result_has_a_secret() {
        let secret = "0123456789abcdef0123456789abcdef";
        let request = Request {
            method: "POST".to_owned(),
            target: format!("/a?access_token={secret}"),
            headers: Headers::from_iter([("Location", format!("https://h/?sig={secret}"))]),
            body: Body::Json(json!({"password": secret, "plain": "plain"})),
        };
        let mut result =
            ScenarioResult::new("a", Party::Bot, Verdict::Fail, format!("sent {secret}"));
        result.traffic.push(Traffic::new(
            Party::Bot,
            None,
            TrafficMessage::Request(request.into()),
        ));
        result.notes.push(format!("noted {secret}"));
        result.failures.push(Violation {
            rule: Rule::RequestBody,
            level: Level::Must,
            requirement: Basis::Exchange(1),
            step: None,
            pointer: Pointer::root().key("a").key("pin"),
            expected: json!("4711"),
            actual: json!([4712, secret]),
            source: Source {
                file: "a".to_owned(),
                line: 1,
            },
            message: format!("`POST /?sig={secret}` came"),
        });
        let target = JudgedTarget {
            role: None,
            url: None,
        };
        let of_path = "wYFITbo9DnlD7H3TQlrXdv8dVgLF1n0ZN";
        let line = format!("POST /reset-password/{of_path}");
        result.notes.push(format!("`{line}` was passed over"));
        result.failures.push(Violation {
            pointer: Pointer::root(),
            expected: json!(line),
            actual: json!("PUT /reset-password"),
            message: format!("the nearest is `{line}`"),
            ..result.failures[0].clone()
        });
        let mut report = Run::new(target, vec![result]);
        run(&mut report, &Redactor::new([7; 32]));
        let text = format!("{report:?}");
        for secret in [secret, "4711", "4712", of_path] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("plain") && text.contains("redacted-secret-"));
    }
}
