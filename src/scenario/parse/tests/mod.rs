mod broken;

use self::broken::BROKEN;
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

/// The steps added to the good file, which judges a service, and the diagnostic.
const REFUSALS: [(&str, &str, &str); 12] = [
    (
        r#"{ "refusal": { "line": 9, "statuses": [400] } }"#,
        "12:7: a refusal must directly follow a request",
        "add the request before the refusal",
    ),
    (
        r#"REQUEST, { "refusal": { "line": 9, "statuses": [] } }"#,
        "the refusal has no status",
        "such as `[400]`",
    ),
    (
        r#"REQUEST, { "refusal": { "line": 9, "statuses": [400, 200] } }"#,
        "200 is not the status of a refusal",
        "from 400 to 599",
    ),
    (
        r#"REQUEST, { "refusal": { "line": 9, "statuses": [400, 400] } }"#,
        "400 is listed twice",
        "remove one of the two",
    ),
    (
        r#"REQUEST, { "refusal": { "line": 0, "statuses": [400] } }"#,
        "lines are counted from 1",
        "",
    ),
    (
        r#"REQUEST, { "refusal": { "line": 9, "statuses": [400], "requirement": "refusal.no-tokn" } }"#,
        "`refusal.no-tokn` is not a requirement of a service",
        "did you mean `refusal.no-token`?",
    ),
    (
        r#"REQUEST, { "refusal": { "line": 9, "statuses": [400], "requirement": "request.token" } }"#,
        "`request.token` is not a requirement of a service",
        "",
    ),
    (
        r#"REQUEST, REFUSAL, { "response": { "line": 9, "status": 200 } }"#,
        "a response needs a request before it",
        "",
    ),
    (
        r#"REQUEST, REFUSAL, { "notification": { "line": 9, "method": "POST", "target": "/", "body_line": 9, "body": 1 } }"#,
        "a notification cannot follow a refusal",
        "add a request before the notification",
    ),
    (
        "REQUEST, REFUSAL, REFUSAL",
        "a refusal must directly follow a request",
        "",
    ),
    (
        r#"REQUEST, { "refusal": [9, [400]] }"#,
        "a refusal must be an object",
        r#"write `{"line": 1, "statuses": [400]}`"#,
    ),
    (
        r#"{ "request": { "line": 9, "method": "POST", "target": "/", "token": "other" } }"#,
        "unknown word `other`, expected one of `own`, `foreign`, `none`",
        "",
    ),
];

/// The good file, judging a service, with additional steps.
fn refusing(more: &str) -> String {
    let more = more
        .replace(
            "REQUEST",
            r#"{ "request": { "line": 9, "method": "POST", "target": "/" } }"#,
        )
        .replace(
            "REFUSAL",
            r#"{ "refusal": { "line": 9, "statuses": [400] } }"#,
        );
    GOOD.replace("\n  ]\n", &format!(",\n    {more}\n  ]\n"))
        .replace(r#""version": 1,"#, r#""version": 1, "judges": "service","#)
}

#[test]
fn a_refusal_is_of_the_request_before_it() {
    let good = refusing("REQUEST, REFUSAL");
    let script = read("f.json", good.as_bytes()).unwrap();
    assert!(script.is_refused(2) && !script.is_refused(0));
    for (more, message, remedy) in REFUSALS {
        let diagnostics = read("f.json", refusing(more).as_bytes()).unwrap_err();
        let shown = diagnostics[0].to_string();
        assert!(shown.contains(message), "{more}: {shown}");
        assert!(shown.contains(remedy), "{more}: {shown}");
    }
}

#[test]
fn what_a_bot_cannot_be_judged_by_judges_a_service_alone() {
    for more in [
        "REQUEST, REFUSAL",
        r#"{ "request": { "line": 9, "method": "POST", "target": "/", "token": "none" } }"#,
    ] {
        let file = refusing(more);
        assert!(read("f.json", file.as_bytes()).is_ok());
        for other in ["", r#""judges": "bot","#] {
            let file = file.replace(r#""judges": "service","#, other);
            let diagnostics = read("f.json", file.as_bytes()).unwrap_err();
            let shown = diagnostics[0].to_string();
            assert!(
                shown.contains("a scenario that judges only the service"),
                "{shown}"
            );
            assert!(shown.contains(r#"write `"judges": "service"`"#), "{shown}");
        }
    }
}

#[test]
fn every_diagnostic_has_a_remedy() {
    for (good, bad, ..) in BROKEN {
        let text = GOOD.replacen(good, bad, 1);
        for diagnostic in read("f.json", text.as_bytes()).unwrap_err() {
            assert!(diagnostic.remedy.is_some(), "{diagnostic}");
        }
    }
}

#[test]
fn a_notification_has_the_line_of_its_body() {
    let notification = r#"{ "notification": { "line": 9, "method": "POST", "target": "{call}", "body_line": 0, "body": 1 } },"#;
    let text = GOOD.replace("\"steps\": [", &format!("\"steps\": [{notification}"));
    let diagnostics = read("f.json", text.as_bytes()).unwrap_err();
    assert_eq!(diagnostics.len(), 1);
    assert!(
        diagnostics[0]
            .to_string()
            .starts_with("f.json:9:95: lines are counted from 1"),
        "{}",
        diagnostics[0]
    );
}

#[test]
fn what_makes_sense_is_let_through() {
    for (good, bad) in [
        (r#""POST""#, r#""M-SEARCH""#),
        ("/app/calls/{call}", "{call}"),
        (
            "/app/calls/{call}",
            "https://graph.example/app/calls/{call}",
        ),
        ("/answer\"", "/{\""),
        ("/answer\"", "/{{User}}/{a,b}\""),
        (r#""Location": "/"#, r#""X": "a\tb é", "Location": "/"#),
        (
            r#""kind": "call", "value": "42""#,
            r#""kind": "context", "value": """#,
        ),
        (
            r#""kind": "call", "value": "42""#,
            r#""kind": "text", "value": "{id | userPrincipalName}""#,
        ),
    ] {
        let text = GOOD.replacen(good, bad, 1);
        assert_ne!(text, GOOD, "{good}");
        if let Err(diagnostics) = read("f.json", text.as_bytes()) {
            panic!("{bad}: {}", diagnostics[0]);
        }
    }
}

#[test]
fn everything_unsound_is_reported_at_once() {
    let text = GOOD.replace("202", "42").replace("POST", "post");
    assert_eq!(read("f.json", text.as_bytes()).unwrap_err().len(), 2);
}

#[test]
fn what_is_no_object_at_all_is_reported() {
    for (text, message) in [
        (
            "",
            "f.json:1:1: the file is empty\n  = help: a scenario has at least",
        ),
        (" \n\n", "f.json:1:1: the file is empty\n"),
        ("null", "f.json:1:1: a scenario must be an object"),
        ("[]", "f.json:1:1: a scenario must be an object"),
        ("\"x\"", "f.json:1:1: a scenario must be an object"),
    ] {
        let shown = read("f.json", text.as_bytes()).unwrap_err()[0].to_string();
        assert!(shown.starts_with(message), "{shown}");
        assert!(shown.contains("= help: "), "{shown}");
    }
}

#[test]
fn what_is_too_deep_is_reported_as_such() {
    for (open, close) in [("[", "]"), ("{\"b\":", "}")] {
        let deep = format!("{}1{}", open.repeat(3000), close.repeat(3000));
        let text = GOOD.replace("/answer\" }", &format!("/answer\", \"body\": {deep} }}"));
        let shown = read("f.json", text.as_bytes()).unwrap_err()[0].to_string();
        assert!(shown.contains("too deeply nested"), "{shown}");
    }
}

#[test]
fn of_many_problems_some_are_reported_and_the_others_counted() {
    let step = r#"{ "request": { "line": 0, "method": "post", "target": "/{x}" } },"#;
    let steps = format!("\"steps\": [{}", step.repeat(1000));
    let diagnostics = read("f.json", GOOD.replace("\"steps\": [", &steps).as_bytes()).unwrap_err();
    assert_eq!(diagnostics.len(), MOST_SHOWN + 1);
    assert!(
        diagnostics[0]
            .to_string()
            .starts_with("f.json:9:36: lines are counted from 1")
    );
    let last = diagnostics[MOST_SHOWN].to_string();
    assert_eq!(
        last,
        "f.json: and 2980 more problems\n  = help: correct these first; many problems may have the same cause"
    );
}

#[test]
fn latin_1_is_reported_with_its_place() {
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

#[test]
fn many_variables_are_checked_in_one_pass() {
    let many = 50_000;
    let variables = (0..many).map(|it| format!(r#""v{it}": {{"kind": "text", "value": "\n"}}, "#));
    let fields = (0..many).map(|it| format!(r#""X-{it}": "{{v{it}}}", "#));
    let text = GOOD
        .replace(
            r#""variables": {"#,
            &format!(r#""variables": {{ {}"#, variables.collect::<String>()),
        )
        .replace(
            r#""headers": {"#,
            &format!(r#""headers": {{ {}"#, fields.collect::<String>()),
        );
    let diagnostics = read("f.json", text.as_bytes()).unwrap_err();
    let last = diagnostics[MOST_SHOWN].to_string();
    assert!(
        last.contains(&format!("and {} more", many - MOST_SHOWN)),
        "{last}"
    );
}
