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

/// The replaced text, its replacement, and the first lines of the diagnostic.
const BROKEN: [(&str, &str, &str, &str); 60] = [
    (
        r#""status""#,
        r#""staus""#,
        "11:32: unknown field `staus`, expected one of `line`, `status`, `headers`, `body`, `or`",
        "did you mean `status`?",
    ),
    (
        r#""response""#,
        r#""reponse""#,
        "11:7: unknown word `reponse`, expected one of `request`, `response`, `notification`",
        "did you mean `response`?",
    ),
    (
        r#""kind": "call", "value": "42""#,
        r#""kind": "cal", "value": "42""#,
        "6:23: unknown word `cal`",
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
        r#"{ "response":"#,
        r#"{ "request": {}, "request":"#,
        "11:5: a step holds one message",
        "give each message braces of its own",
    ),
    (
        r#""steps": ["#,
        r#""steps": [{},"#,
        "9:13: a step holds one message",
        r#"write `{"request": {…}}`"#,
    ),
    (
        r#""steps": ["#,
        r#""steps": [null,"#,
        "9:13: a step is an object in braces",
        r#"write `{"request": {…}}`"#,
    ),
    (
        r#""steps": ["#,
        r#""steps": ["request","#,
        "9:13: a step is an object in braces",
        r#"write `{"request": {…}}`"#,
    ),
    (
        r#"{ "line": 9, "status": 202, "headers": { "Location": "/calls/{other}" } }"#,
        r#"[9, 202, {"Location": "/calls/{other}"}, null, []]"#,
        "11:19: a response is an object in braces",
        r#"write `{"line": 1, "status": 200}`"#,
    ),
    (
        r#"{ "kind": "call", "value": "42" }"#,
        r#"["call", "42", null]"#,
        "6:13: a variable is an object in braces",
        r#"write `{"kind": "call", "value": "…"}`"#,
    ),
    (
        r#""status": 202"#,
        r#""status": 202, "or": [[201, 4]]"#,
        "11:54: a status of the prose is an object in braces",
        r#"write `{"status": 202, "line": 1}`"#,
    ),
    (
        r#"/answer" }"#,
        r#"/answer", "headers": [] }"#,
        "10:98: invalid type: array, expected an object",
        "write it in braces, `{…}`",
    ),
    (
        r#""steps": ["#,
        r#""steps": {}, "tags": ["#,
        "9:12: invalid type: object, expected an array",
        "write it in brackets, `[…]`",
    ),
    (
        r#""status": 202"#,
        r#""status": 202, "status": 203"#,
        r#"11:47: "status" comes twice in one object"#,
        "keep one of the two",
    ),
    (
        r#""version": 1"#,
        r#""version": 1, "version": 1"#,
        r#"3:17: "version" comes twice in one object"#,
        "keep one of the two",
    ),
    (
        r#"/answer" }"#,
        r#"/answer", "body": {"a": 1, "\u0061": 2} }"#,
        r#"10:104: "\u0061" comes twice in one object"#,
        "keep one of the two",
    ),
    (
        r#""other": {"#,
        r#""call": { "kind": "user", "value": "1" }, "other": {"#,
        r#"7:5: "call" comes twice in one object"#,
        "keep one of the two",
    ),
    (
        r#""headers": {"#,
        r#""headers": { "Location": "/","#,
        r#"11:77: "Location" comes twice in one object"#,
        "keep one of the two",
    ),
    (
        r#"/answer" }"#,
        r#"/answer", "body": 1e400 }"#,
        "10:95: number out of range",
        "write a number below 1e308",
    ),
    (
        r#"/answer" }"#,
        r#"/answer", "body": "\ud800" }"#,
        "10:96: half of a surrogate pair in a hex escape",
        "is two escapes",
    ),
    (
        r#""version": 1"#,
        r#""version": 1e999"#,
        "3:14: version 1e999 of the format is unknown",
        "this confcall reads version 1",
    ),
    (
        "]\n}",
        "],\n}",
        "12:4: trailing comma",
        "take this comma away",
    ),
    (
        r#""version""#,
        "'version'",
        "3:3: a string in single quotes",
        "double quotes",
    ),
    (
        "{\n",
        "// hi\n{",
        "1:1: expected value",
        "JSON has no comments",
    ),
    (
        "]\n}\n",
        "]\n}\n{}",
        "14:1: trailing characters",
        "a file holds one scenario",
    ),
    (
        r#"/answer" }"#,
        r#"/answer", "body": {"$text": "{cal}"} }"#,
        "10:106: `{cal}` is not among the variables",
        "did you mean `{call}`?",
    ),
    (
        r#""status": 202"#,
        r#""status": 99999"#,
        "11:42: invalid value: integer `99999`, expected a whole number up to 65535",
        "write digits alone",
    ),
    (
        r#""status": 202"#,
        r#""status": 2.5"#,
        "11:42: invalid type: fraction `2.5`, expected a whole number",
        "write digits alone",
    ),
    (
        r#""page.md""#,
        "4",
        "4:13: invalid type: integer `4`, expected a string",
        "write it in double quotes",
    ),
    (
        r#""kind": "call""#,
        r#""kind": null"#,
        "6:23: invalid type: null, expected a word",
        "write the word in double quotes",
    ),
    (
        r#""page.md""#,
        "\"page\t.md\"",
        "4:18: control character U+0009 in a string",
        r"`\u001b`",
    ),
    (
        r#""page.md","#,
        "\"page.md,",
        "4:22: control character U+000A in a string",
        r"`\n`",
    ),
    (
        "\n  \"steps\"",
        "\n\u{a0}\"steps\"",
        "9:1: white space U+00A0 between values",
        "write blanks",
    ),
    (
        r#""steps": ["#,
        r#""steps": [steps, "#,
        "9:13: expected value",
        "a string in double quotes",
    ),
    (
        r#""version":"#,
        r#""version""#,
        "3:13: expected `:`",
        "write a colon",
    ),
    (
        r#""version": 1"#,
        r#""version": .1"#,
        "3:14: invalid number",
        "`0.5`",
    ),
    (
        r#""page.md""#,
        r#""page\.md""#,
        "4:18: invalid escape",
        r"`\\`",
    ),
    (
        r#""page.md""#,
        r#""page\u12.md""#,
        "4:18: invalid hex escape",
        "four digits",
    ),
    (
        r#""line": 1"#,
        r#""line":"#,
        "10:27: expected value",
        "write a string in double quotes, a number",
    ),
    (
        "]\n}\n",
        "]\n, \"tags\"",
        "13:9: the file ends inside a value",
        "close what is open",
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

/// The steps added to the good file, which judges a service, and the diagnostic.
const REFUSALS: [(&str, &str, &str); 12] = [
    (
        r#"{ "refusal": { "line": 9, "statuses": [400] } }"#,
        "12:7: a refusal needs a request right before it",
        "write the request that it refuses before it",
    ),
    (
        r#"REQUEST, { "refusal": { "line": 9, "statuses": [] } }"#,
        "a refusal has a status",
        "such as `[400]`",
    ),
    (
        r#"REQUEST, { "refusal": { "line": 9, "statuses": [400, 200] } }"#,
        "200 refuses nothing",
        "from 400 to 599",
    ),
    (
        r#"REQUEST, { "refusal": { "line": 9, "statuses": [400, 400] } }"#,
        "400 comes twice",
        "take one of the two away",
    ),
    (
        r#"REQUEST, { "refusal": { "line": 0, "statuses": [400] } }"#,
        "lines count from 1",
        "",
    ),
    (
        r#"REQUEST, { "refusal": { "line": 9, "statuses": [400], "requirement": "refusal.no-tokn" } }"#,
        "`refusal.no-tokn` is no requirement of a service",
        "did you mean `refusal.no-token`?",
    ),
    (
        r#"REQUEST, { "refusal": { "line": 9, "statuses": [400], "requirement": "request.token" } }"#,
        "`request.token` is no requirement of a service",
        "",
    ),
    (
        r#"REQUEST, REFUSAL, { "response": { "line": 9, "status": 200 } }"#,
        "a response needs a request before it",
        "",
    ),
    (
        r#"REQUEST, REFUSAL, { "notification": { "line": 9, "method": "POST", "target": "/", "body_line": 9, "body": 1 } }"#,
        "nothing follows a refusal",
        "write a request before the notification",
    ),
    (
        "REQUEST, REFUSAL, REFUSAL",
        "a refusal needs a request right before it",
        "",
    ),
    (
        r#"REQUEST, { "refusal": [9, [400]] }"#,
        "a refusal is an object in braces",
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
            assert!(shown.contains("only a service is judged"), "{shown}");
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
            .starts_with("f.json:9:95: lines count from 1"),
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
fn everything_unsound_is_told_at_once() {
    let text = GOOD.replace("202", "42").replace("POST", "post");
    assert_eq!(read("f.json", text.as_bytes()).unwrap_err().len(), 2);
}

#[test]
fn what_is_no_object_at_all_is_told() {
    for (text, message) in [
        (
            "",
            "f.json:1:1: the file is empty\n  = help: a scenario has at least",
        ),
        (" \n\n", "f.json:1:1: the file is empty\n"),
        ("null", "f.json:1:1: a scenario is an object in braces"),
        ("[]", "f.json:1:1: a scenario is an object in braces"),
        ("\"x\"", "f.json:1:1: a scenario is an object in braces"),
    ] {
        let shown = read("f.json", text.as_bytes()).unwrap_err()[0].to_string();
        assert!(shown.starts_with(message), "{shown}");
        assert!(shown.contains("= help: "), "{shown}");
    }
}

#[test]
fn what_is_too_deep_is_told_as_such() {
    for (open, close) in [("[", "]"), ("{\"b\":", "}")] {
        let deep = format!("{}1{}", open.repeat(3000), close.repeat(3000));
        let text = GOOD.replace("/answer\" }", &format!("/answer\", \"body\": {deep} }}"));
        let shown = read("f.json", text.as_bytes()).unwrap_err()[0].to_string();
        assert!(shown.contains("too deeply nested"), "{shown}");
    }
}

#[test]
fn of_many_problems_some_are_told_and_the_others_counted() {
    let step = r#"{ "request": { "line": 0, "method": "post", "target": "/{x}" } },"#;
    let steps = format!("\"steps\": [{}", step.repeat(1000));
    let diagnostics = read("f.json", GOOD.replace("\"steps\": [", &steps).as_bytes()).unwrap_err();
    assert_eq!(diagnostics.len(), MOST_SHOWN + 1);
    assert!(
        diagnostics[0]
            .to_string()
            .starts_with("f.json:9:36: lines count from 1")
    );
    let last = diagnostics[MOST_SHOWN].to_string();
    assert_eq!(
        last,
        "f.json: and 2980 more problems\n  = help: mend these first; many have one cause"
    );
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
