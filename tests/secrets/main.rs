//! Planted secrets, through the binary: each stands once in a conversation, and nowhere in what is
//! left of it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

mod planted;
#[path = "../recorder/mod.rs"]
mod recorder;

use std::fs::OpenOptions;
use std::io::{BufReader, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confcall_test_support::http::{connect, party, read};
use serde_json::json;

use planted::Place::{self, Field, Target, Trailer};
use planted::{FORM, JSON, PLANTED, TEXT, Written, basic, message, percent, plain, secret, text};
use recorder::{Recorder, confcall};

/// A recorder between parties whose next answer the test decides.
struct Conversation {
    recorder: Recorder,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Conversation {
    fn start(cassette: &Path, more: &[&str]) -> Self {
        let answer = Arc::new(Mutex::new(Vec::new()));
        let next = Arc::clone(&answer);
        let party = party("127.0.0.1:0", move |stream| {
            let mut stream = BufReader::new(stream);
            while read(&mut stream)?.is_some() {
                let answer = next.lock().unwrap().clone();
                stream.get_mut().write_all(&answer)?;
                if read(&mut &answer[..])?.is_none() {
                    break;
                }
            }
            Ok(())
        });
        let (service, bot) = (
            format!("http://{party}"),
            format!("http://{party}/callback"),
        );
        let arguments = [&["--service", &service, "--bot", &bot], more].concat();
        let recorder = Recorder::start(cassette, &arguments, 2);
        Self { recorder, answer }
    }

    /// One exchange, from the bot (0) or to it (1). Returns what the client was answered.
    fn exchange(&self, direction: usize, request: &[u8], answer: &[u8]) -> Vec<u8> {
        *self.answer.lock().unwrap() = answer.to_vec();
        let mut stream = BufReader::new(connect(&self.recorder.addresses[direction]));
        stream.get_mut().write_all(request).unwrap();
        let answered = read(&mut stream).unwrap();
        answered.map_or_else(Vec::new, |it| [it.head.into_bytes(), it.body].concat())
    }
}

/// The forms in which a secret is searched for: as it is, percent-encoded, and in base64 whatever
/// stands before it.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned(), percent(secret)];
    for before in ["", "a", "ab"] {
        let coded = STANDARD.encode(format!("{before}{secret}"));
        // What is around it changes up to four characters at either end.
        forms.push(coded[4..coded.len() - 4].to_owned());
    }
    forms
}

/// Everything that a recording leaves and that confcall says of it.
fn leavings(cassette: &Path) -> Vec<(String, String)> {
    let mut left = vec![(
        "the cassette".to_owned(),
        String::from_utf8(std::fs::read(cassette).unwrap()).unwrap(),
    )];
    for arguments in [
        &["check"][..],
        &["check", "--strict"],
        &["show"],
        &["show", "--format", "har"],
    ] {
        let output = confcall().args(arguments).arg(cassette).output().unwrap();
        let code = output.status.code();
        assert!(code.is_some_and(|it| it < 2), "{arguments:?}: {output:?}");
        let printed = [output.stdout, output.stderr].concat();
        left.push((
            format!("{arguments:?}"),
            String::from_utf8(printed).unwrap(),
        ));
    }
    left
}

fn assert_gone(secrets: &[(String, String)], left: &[(String, String)]) {
    let mut found = Vec::new();
    for (name, secret) in secrets {
        for form in forms(secret) {
            for (place, text) in left {
                if let Some(at) = text.find(&form) {
                    let line = text[..at].rfind('\n').map_or(0, |it| it + 1);
                    let line = &text[line..at + form.len()];
                    found.push(format!("{name}, in {place}: …{line}\n"));
                }
            }
        }
    }
    assert!(
        found.is_empty(),
        "{} found:\n{}",
        found.len(),
        found.concat()
    );
}

#[test]
fn planted_secrets_are_nowhere_in_either_direction() {
    let folder = tempfile::tempdir().unwrap();
    let cassette = folder.path().join("a.jsonl");
    let conversation = Conversation::start(&cassette, &[]);
    let ok = message(false, "200 OK", &JSON, "{}");
    let mut secrets = Vec::new();
    for (name, place, pattern, written) in PLANTED {
        let mut plant = |side: &str| {
            let secret = secret();
            let planted = text(pattern, *written, &secret);
            secrets.push((format!("{name}, {side}"), secret));
            planted
        };
        for direction in [0, 1] {
            let request = message(true, "", place, &plant("in a request"));
            let answered = conversation.exchange(direction, &request, &ok);
            assert!(
                answered.starts_with(b"HTTP/1.1 200"),
                "{name}: {}",
                answered.escape_ascii()
            );
            let plain = message(true, "", &JSON, "{}");
            for status in ["200 OK", "401 Unauthorized"] {
                let planted = plant(status);
                let answer = message(false, status, place, &planted);
                let answered = conversation.exchange(direction, &plain, &answer);
                let reached = String::from_utf8_lossy(&answered).into_owned();
                let is_hop = matches!(place, Field("Proxy-Authorization"));
                assert!(
                    is_hop || reached.contains(&planted) || planted.contains('\u{ff}'),
                    "{name}: {reached}"
                );
            }
        }
    }
    let printed = conversation.recorder.kill();
    assert!(secrets.len() > 300);
    let mut left = leavings(&cassette);
    left.push(("what record said".into(), printed));
    assert_gone(&secrets, &left);
}

#[test]
fn a_secret_that_is_echoed_under_harmless_names_is_known_again() {
    let folder = tempfile::tempdir().unwrap();
    let cassette = folder.path().join("a.jsonl");
    let conversation = Conversation::start(&cassette, &[]);
    let ok = message(false, "200 OK", &JSON, "{}");
    let mut secrets = Vec::new();
    let sources: &[(&str, Place, &str, Written)] = &[
        ("a bearer token", Field("Authorization"), "Bearer §", plain),
        (
            "a scheme of one's own",
            Field("Authorization"),
            "Own id=\"a\", key=\"§\"",
            plain,
        ),
        (
            "the password of basic credentials",
            Field("Authorization"),
            "Basic ",
            basic,
        ),
        ("a cookie", Field("Cookie"), "a=b; s=§", plain),
        ("a key of an API", Field("X-Api-Key"), "§", plain),
        ("a signature in a query", Target, "/a?sig=§", plain),
        ("a password", JSON, r#"{"password":"§"}"#, plain),
        ("a code in a form", FORM, "code=§", plain),
    ];
    let echoes: &[(Place, &str, Written)] = &[
        (JSON, r#"{"you":"§"}"#, plain),
        (JSON, r#"{"a":["it was '§', see"]}"#, plain),
        (JSON, r#"{"§":1}"#, plain),
        (JSON, "", |secret| {
            json!({"a": json!({"b": secret}).to_string()}).to_string()
        }),
        (JSON, "", |secret| {
            json!({"a": STANDARD.encode(format!("you are {secret}."))}).to_string()
        }),
        (TEXT, "hello §!", plain),
        (Target, "/users/§/calls", plain),
        (Target, "/users?q=", percent),
        (Field("Location"), "/users/§", plain),
        (Field("Request-Id"), "§", plain),
        (Trailer("Server"), "§", plain),
    ];
    for (name, place, pattern, written) in sources {
        for (index, (echo, echoed, echoing)) in echoes.iter().enumerate() {
            let secret = secret();
            let (planted, returned) = (
                text(pattern, *written, &secret),
                text(echoed, *echoing, &secret),
            );
            secrets.push((format!("{name}, echo {index}"), secret));
            let request = message(true, "", place, &planted);
            let answer = message(false, "200 OK", echo, &returned);
            conversation.exchange(0, &request, &answer);
            // And later, the other way, by who never was told.
            let request = message(true, "", echo, &returned);
            conversation.exchange(1, &request, &ok);
            conversation.exchange(1, &message(true, "", &JSON, "{}"), &answer);
        }
    }
    let printed = conversation.recorder.kill();
    let mut left = leavings(&cassette);
    left.push(("what record said".into(), printed));
    assert_gone(&secrets, &left);
}

#[test]
fn what_the_configuration_names_is_replaced_too() {
    let folder = tempfile::tempdir().unwrap();
    let cassette = folder.path().join("a.jsonl");
    let config = folder.path().join("own.toml");
    std::fs::write(
        &config,
        "[redaction]\nphones = true\nsecret = [\"badge\"]\n",
    )
    .unwrap();
    let conversation = Conversation::start(&cassette, &["--config", config.to_str().unwrap()]);
    let phone = "+14255550123".to_owned();
    let badge = secret();
    let body = text(
        r#"{"badge":"§","say":"call +14255550123","id":"kept-4711"}"#,
        plain,
        &badge,
    );
    let ok = message(false, "200 OK", &JSON, &body);
    for direction in [0, 1] {
        conversation.exchange(direction, &message(true, "", &JSON, &body), &ok);
    }
    conversation.recorder.kill();
    let recorded = std::fs::read_to_string(&cassette).unwrap();
    assert_eq!(recorded.matches("kept-4711").count(), 4, "{recorded}");
    let secrets = [("a phone".to_owned(), phone), ("a badge".into(), badge)];
    std::fs::remove_file(config).unwrap();
    assert_gone(&secrets, &leavings(&cassette));
}

#[test]
fn a_configuration_that_is_none_ends_the_recorder_at_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("own.toml");
    std::fs::write(&config, "[redaction]\nphone = true\n").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_confcall"))
        .args([
            "record",
            "--service",
            "http://127.0.0.1:9",
            "--cassette",
            "a.jsonl",
        ])
        .arg("--config")
        .arg(&config)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{printed}");
    assert!(printed.contains("own.toml:2:1"), "{printed}");
    assert!(!folder.path().join("a.jsonl").exists());
}

#[test]
fn what_is_broken_or_torn_holds_no_secret_either() {
    let folder = tempfile::tempdir().unwrap();
    let cassette = folder.path().join("a.jsonl");
    let conversation = Conversation::start(&cassette, &[]);
    let mut secrets = Vec::new();
    let mut plant = |name: &str| {
        let secret = secret();
        secrets.push((name.to_owned(), secret.clone()));
        secret
    };
    for direction in [0, 1] {
        // The upstream breaks off in the middle of its body, in its head, and before it.
        let whole = [r#"{"password":""#, &plant("a half body"), "\""].concat();
        let mut half = message(false, "200 OK", &JSON, &format!("{whole}, \"b\": 1}}"));
        half.truncate(half.len() - 5);
        let head = format!("HTTP/1.1 200 OK\r\nX-Token: {}\r\n", plant("a half head"));
        let nonsense = format!("token={}\r\n\r\n", plant("no head"));
        for answer in [&half[..], head.as_bytes(), nonsense.as_bytes(), b""] {
            let token = format!("Bearer {}", plant("a request without an answer"));
            let request = message(true, "", &Field("Authorization"), &token);
            conversation.exchange(direction, &request, answer);
        }
        // The client breaks off.
        let target = format!("/a?sig={}", plant("a half request"));
        let mut request = message(true, "", &Target, &target);
        request.truncate(request.len() - 1);
        let stream = connect(&conversation.recorder.addresses[direction]);
        (&stream).write_all(&request).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = read(&mut BufReader::new(stream));
    }
    let printed = conversation.recorder.kill();
    let mut left = leavings(&cassette);
    left.push(("what record said".into(), printed));

    // A line that is torn anywhere.
    let bytes = std::fs::read(&cassette).unwrap();
    let file = OpenOptions::new().write(true).open(&cassette).unwrap();
    let last = bytes
        .trim_ascii_end()
        .rsplit(|it| *it == b'\n')
        .next()
        .unwrap()
        .len();
    file.set_len((bytes.len() - last / 3) as u64).unwrap();
    drop(file);
    left.extend(leavings(&cassette));
    let printed = Conversation::start(&cassette, &["--append"])
        .recorder
        .kill();
    assert!(printed.contains("is incomplete"), "{printed}");
    left.push(("what record said of a torn line".into(), printed));
    assert_gone(&secrets, &left);
}

/// What another tool recorded, or a person wrote, has its secrets: reports go further than the file.
#[test]
fn reports_on_what_others_recorded_have_no_secret_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let cassette = folder.path().join("a.jsonl");
    let secrets =
        ["in the target", "in a body", "in a header field"].map(|name| (name.to_owned(), secret()));
    let [target, body, field] = secrets.each_ref().map(|(_, secret)| secret);
    let exchange = json!({
        "number": 1, "direction": "request", "at_ms": 0, "took_ms": 0,
        "request": {"method": "POST", "target": format!("/a?access_token={target}"),
            "headers": [["Cookie", format!("a={field}")]], "body": {"json": {"password": body}}},
        "response": {"status": 200, "headers": []},
    });
    let header = json!({"version": 1, "directions": ["request"]});
    std::fs::write(&cassette, format!("{header}\n{exchange}\n")).unwrap();
    let reports = ["json", "junit", "html", "events"].map(|kind| (kind, folder.path().join(kind)));
    let mut left = Vec::new();
    for arguments in [
        &["check", "--strict"][..],
        &["replay", "--deadline", "50ms"],
    ] {
        let mut command = confcall();
        command.args(arguments).arg(&cassette);
        for (kind, path) in &reports {
            command
                .arg("--report")
                .arg(format!("{kind}={}", path.display()));
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(
            printed.contains("POST /a?access_token=redacted-"),
            "{printed}"
        );
        left.push((format!("{arguments:?}"), printed));
        for (kind, path) in &reports {
            let text = std::fs::read_to_string(path).unwrap();
            left.push((format!("{arguments:?}, {kind}"), text));
        }
    }
    for format in ["text", "har"] {
        let output = confcall()
            .args(["show", "--format", format])
            .arg(&cassette)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        left.push((
            format!("show, {format}"),
            String::from_utf8(output.stdout).unwrap(),
        ));
    }
    assert_gone(&secrets, &left);
}
