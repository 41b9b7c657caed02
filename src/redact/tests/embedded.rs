//! JSON within other text. `%` is a document with a secret, as the text around it has it.

use serde_json::json;

use super::places::{SECRETS, redacted};
use super::{Redactor, STANDARD};
use base64::Engine as _;

/// The secret is in each of these by a name beside it, by a name with an escape, or by what is around it.
const DOCUMENTS: &[&str] = &[
    r#"{"name":"DB_PASSWORD","value":"§"}"#,
    r#"{"value":"§","a":[1,-2.5,null],"key":"apiToken"}"#,
    r#"{"key":"api_key","value":["§"]}"#,
    r#"{"headers":[{"name":"Authorization","value":"Own §"}]}"#,
    r#"[{"op":"replace","path":"/account/password","value":"§"}]"#,
    r#"{"passwo\u0072d":"§"}"#,
    r#"{"name":"DB_PASS\u0057ORD","value":"a§"}"#,
    r#"{"password":"a\"b§"}"#,
    r#"{"kty":"OKP","crv":"Ed25519","d":"§"}"#,
    "{ \"name\" : \"DB_PASSWORD\" ,\n  \"value\" : \"§\" }",
];

fn in_string(document: &str) -> String {
    let quoted = json!(document).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn in_single_quotes(document: &str) -> String {
    document.replace('"', "'").replace("\\'", "\\\"")
}

#[track_caller]
fn is_gone(media: &str, around: &str, written: fn(&str) -> String) {
    for document in DOCUMENTS {
        for secret in SECRETS {
            let document = document.replace('§', secret);
            let text = around.replace('%', &written(&document));
            let redacted = redacted(media, &text).unwrap_or_else(|| panic!("{text} stays"));
            let tail = &secret[secret.len() - 8..];
            assert!(!redacted.contains(tail), "{redacted}");
            let (before, behind) = around.split_once('%').unwrap();
            let is_kept = redacted.starts_with(before) && redacted.ends_with(behind);
            assert!(is_kept, "{redacted}");
        }
    }
}

#[test]
fn secrets_of_json_in_other_text_are_gone() {
    for (media, around) in [
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: application/json\r\n\r\n%\r\n--b--\r\n",
        ),
        ("text/event-stream", "event: x\ndata: %\n\ndata: 1\n\n"),
        ("application/x-ndjson", "{\"a\":1}\n%\n{\"b\":2}\n"),
        ("application/json-seq", "\u{1e}%\n"),
        ("text/plain", "2026-11-30 INFO sent %"),
        ("text/plain", "[2026-11-30] INFO sent: % (took 2 ms)"),
        ("text/plain", "%"),
        ("", "%"),
        ("application/javascript", "callback(%);"),
        ("application/json", ")]}',\n%"),
        ("application/json", "/* a \"comment */ %"),
        ("application/json", "// it's a comment\n%"),
        ("text/html", "<script>var a = %;</script>"),
        ("text/csv", "a,b\n1,%\n"),
        ("application/yaml", "a: b\nc: %\nd: e\n"),
        ("application/octet-stream", "\u{1}%\u{2}"),
        ("text/plain", "x {a} [b] {\"c} %"),
        ("text/plain", "x {\"a\" is \"%\" here"),
        ("text/plain", "x=[1,2 %"),
        // What is cut off.
        ("text/plain", "x {\"b\": [1, %"),
        // What programs print.
        ("text/plain", "x {'a': None, b: [True,], 'c': %, } y"),
    ] {
        is_gone(media, around, str::to_owned);
    }
    for (media, around) in [
        ("text/plain", "level=info msg=\"sent % ok\" n=1"),
        ("application/json", "{\"message\":\"sent % ok\"}"),
    ] {
        is_gone(media, around, in_string);
    }
    is_gone("application/json", "{\"m\":\"a %\"}", |it| {
        in_string(&in_string(it))
    });
    for media in ["text/plain", "application/json"] {
        is_gone(media, "%", in_single_quotes);
        is_gone(media, "x % y", in_single_quotes);
    }
}

/// What follows JSON is text.
#[test]
fn secrets_behind_json_are_gone() {
    for media in ["text/plain", "application/json", "application/x-ndjson", ""] {
        for before in [
            "{}\n",
            "\u{feff}{}\n",
            "{\"a\":1} ",
            "{\"a\":\"b\\n\"}\n",
            "[{\"a\":1}]\n",
            "{\"a\":1,}\n",
            "{\"a\":[1,2\n",
            "{\"a\":1}\n{\"b\":2}\n",
            "\"a\"\n",
        ] {
            for behind in [
                "Authorization: Bearer q8Zr4TnW2xLk9Vb3",
                "password: Wolke!xLk9Vb3",
                "user=bob password=\"Wolke!xLk9Vb3\"",
                "String password = \"Wolke!xLk9Vb3\";",
            ] {
                let text = format!("{before}{behind}");
                let redacted = redacted(media, &text).unwrap_or_else(|| panic!("{text} stays"));
                assert!(!redacted.contains("xLk9Vb3"), "{redacted}");
                assert!(redacted.starts_with(before), "{redacted}");
            }
        }
    }
}

#[test]
fn json_of_an_event_in_several_lines_is_one_document() {
    for secret in SECRETS {
        let text =
            format!("data: {{\"name\":\"DB_PASSWORD\",\ndata:  \"value\":\"{secret}\"}}\n\n");
        let redacted = redacted("text/event-stream", &text).unwrap();
        assert!(!redacted.contains(&secret[4..]), "{redacted}");
    }
}

#[test]
fn what_is_cut_off_within_a_value_is_gone() {
    for text in [
        "sent {\"name\":\"DB_PASSWORD\",\"value\":\"q8Zr4TnW2xLk9Vb3",
        "sent {\"name\":\"DB_PASSWORD\",\"value\":\"q8Zr4TnW2xLk9Vb3\"...",
        "msg=\"sent {\\\"name\\\":\\\"DB_PASSWORD\\\",\\\"value\\\":\\\"q8Zr4TnW2xLk9Vb3\" n=1",
    ] {
        let redacted = redacted("text/plain", text).expect(text);
        assert!(!redacted.contains("xLk9Vb3"), "{redacted}");
    }
}

#[test]
fn secrets_of_expressions_in_objects_of_programs_are_gone() {
    for text in [
        "fetch(u, {headers: {'Authorization': 'Bearer ' + 'q8Zr4TnW2xLk9Vb3'}})",
        "call({'a': 1, \"token\": read() || \"q8Zr4TnW2xLk9Vb3\"})",
        "call({user: 'a', url: 'https://bot:' + 'b', password: decrypt('q8Zr4TnW2xLk9Vb3')})",
    ] {
        let redacted = redacted("text/plain", text).expect(text);
        assert!(!redacted.contains("xLk9Vb3"), "{redacted}");
    }
}

#[test]
fn brackets_of_programs_and_prose_stay() {
    for text in [
        "const {password, token} = options; use({password: password, token})",
        "{% if password %}{{ password }}{% endif %}",
        "see [the password](https://h/a) and {password} [1]",
        "x {\"name\":\"password\",\"required\":true,\"value\":\"\"} y",
        "x {\"name\":\"title\",\"value\":\"Q8zr4TnW\"} y",
        "x {\"op\":\"replace\",\"path\":\"/a/displayName\",\"value\":\"Zoe Q8Zr4\"} y",
        "interface Login { user: string; password: string }",
    ] {
        assert_eq!(redacted("text/plain", text), None, "{text}");
    }
}

/// A body that is JSON is read as JSON, whatever its type says: so does who reads the cassette.
#[test]
fn a_body_that_is_one_value_of_json_is_the_same_under_any_type() {
    for text in [
        r#""/reset-password/q8Zr4TnW2xLk9Vb3""#,
        r#""passwo\u0072d=q8Zr4TnW2xLk9Vb3""#,
        r#""user,password\na,q8Zr4TnW2xLk9Vb3""#,
        r#""token=q8Zr4TnW2xLk9Vb3""#,
        r#"{"kty":"OKP","d":"q8Zr4TnW2xLk9Vb3"}"#,
        r#"["password","q8Zr4TnW2xLk9Vb3"]"#,
    ] {
        let as_json = redacted("application/json", text).expect(text);
        for media in [
            "",
            "text/plain",
            "text/csv",
            "text/html",
            "application/x-ndjson",
            "application/yaml",
            "application/x-www-form-urlencoded",
            "application/octet-stream",
        ] {
            assert_eq!(redacted(media, text).as_ref(), Some(&as_json), "{media}");
        }
    }
}

/// None of these takes longer than its length allows. With each bracket read up to the end, each would take minutes.
#[test]
fn brackets_that_do_not_end_are_survived() {
    const LENGTH: usize = 400_000;
    let redactor = Redactor::new([7; 32]);
    for unit in [
        "{",
        "[",
        "{\"a\":",
        "{\"a\":[",
        "{\"{\":",
        "{\"",
        "{'",
        "{\\\"",
        "x {\\\"a\\\":",
        "{\"a\":{\"a\":1}x",
        "{\"a\":\"",
        "x \"password\":{ ",
        "x \"secrets\":[",
        "{/*",
        "{x://",
        "{x: //",
        "x \"password\":{ //",
        "x://%7B",
        "see {http://h.example/x} and ",
    ] {
        let text = unit.repeat(LENGTH / unit.len());
        for before in ["", "x {\"a\":\""] {
            redactor.redacted_text(&format!("{before}{text}\" z"));
        }
    }
    let mut text = "token {\"password\":\"q\"}".to_owned();
    for _ in 0..9 {
        text = format!("x {{\"a\":\"{}\"}} %41", STANDARD.encode(text));
    }
    redactor.redacted_text(&text.repeat(40));
}
