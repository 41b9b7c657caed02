//! Planted secrets, through the binary: each stands once in a conversation, and nowhere in what is
//! left of it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

mod recorder;

use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::hash::BuildHasher as _;
use std::io::{BufReader, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use recorder::{Recorder, confcall, connect, party, read};

/// Where a secret stands in a message.
enum Place {
    /// In this header field.
    Field(&'static str),
    /// In this trailer field.
    Trailer(&'static str),
    /// In a body of this type.
    Body(&'static str),
    /// In the target of a request, in the `Location` of an answer.
    Target,
}

use Place::{Body, Field, Target, Trailer};

const JSON: Place = Body("application/json");
const TEXT: Place = Body("text/plain");
const FORM: Place = Body("application/x-www-form-urlencoded");

/// What is written around a secret.
type Written = fn(&str) -> String;

/// The kinds and places of secrets. `§` is the secret.
const PLANTED: &[(&str, Place, &str, Written)] = &[
    ("a bearer token", Field("Authorization"), "Bearer §", plain),
    (
        "a bearer token in lower case",
        Field("authorization"),
        "bearer §",
        plain,
    ),
    ("basic credentials", Field("Authorization"), "Basic ", basic),
    (
        "a token of SPNEGO",
        Field("Authorization"),
        "Negotiate §",
        plain,
    ),
    (
        "a scheme of one's own",
        Field("Authorization"),
        "Own §",
        plain,
    ),
    (
        "a signature of requests",
        Field("Authorization"),
        "AWS4-HMAC-SHA256 Credential=a/b, Signature=§",
        plain,
    ),
    (
        "credentials without a scheme",
        Field("Authorization"),
        "§",
        plain,
    ),
    (
        "credentials for a proxy",
        Field("Proxy-Authorization"),
        "Basic ",
        basic,
    ),
    ("a key of an API", Field("X-Api-Key"), "§", plain),
    (
        "a key of a subscription",
        Field("Ocp-Apim-Subscription-Key"),
        "§",
        plain,
    ),
    ("a key of a function", Field("x-functions-key"), "§", plain),
    ("a token against forgery", Field("X-CSRF-Token"), "§", plain),
    ("a field that nobody knows", Field("X-Whatever"), "§", plain),
    (
        "the address that a page was on",
        Field("Referer"),
        "https://h/?code=§",
        plain,
    ),
    ("a cookie", Field("Cookie"), "a=1; session=§; b=2", plain),
    (
        "a cookie that is set",
        Field("Set-Cookie"),
        "session=§; Path=/; HttpOnly",
        plain,
    ),
    (
        "a token in a kept field",
        Field("User-Agent"),
        "bot/1 (token=§)",
        plain,
    ),
    (
        "user and password in a URL",
        Field("Location"),
        "https://user:§@h/a",
        plain,
    ),
    (
        "a link with a signature",
        Field("Link"),
        "<https://h/a?sig=§>; rel=next",
        plain,
    ),
    ("a JWT in a field", Field("X-Request-Id"), "", jwt),
    (
        "a trailer that nobody knows",
        Trailer("X-Digest"),
        "§",
        plain,
    ),
    (
        "a token in a trailer",
        Trailer("Server"),
        "a token=§",
        plain,
    ),
    ("a signature in a query", Target, "/blob?sv=1&sig=§", plain),
    ("`rt` in a query", Target, "/a?rt=§&b=1", plain),
    ("`rc` in a query", Target, "/a?b=1&rc=§", plain),
    (
        "a code in a query",
        Target,
        "/callback?code=§&state=1",
        plain,
    ),
    (
        "an access token in a query",
        Target,
        "/a?access_token=§",
        plain,
    ),
    (
        "a name that is percent-encoded",
        Target,
        "/a?access%5Ftoken=§",
        plain,
    ),
    (
        "a value that is percent-encoded",
        Target,
        "/a?token=",
        percent,
    ),
    (
        "a URL in a query",
        Target,
        "/go?to=https%3A%2F%2Fh%2Fa%3Fsig%3D§",
        plain,
    ),
    ("a JWT in a path", Target, "/a/", jwt),
    ("a key of a maker in a path", Target, "/a/ghp_§/b", plain),
    ("a password", JSON, r#"{"user":{"password":"§"}}"#, plain),
    (
        "a list of passwords",
        JSON,
        r#"{"passwords":1,"password":["a","§"]}"#,
        plain,
    ),
    ("a client's secret", JSON, r#"{"client_secret":"§"}"#, plain),
    ("a key of an API in JSON", JSON, r#"{"apiKey":"§"}"#, plain),
    (
        "an access token",
        JSON,
        r#"{"token_type":"Bearer","expires_in":1,"access_token":"§"}"#,
        plain,
    ),
    (
        "a refresh token",
        JSON,
        r#"{"refresh_token":"§","scope":"a"}"#,
        plain,
    ),
    ("an id token", JSON, r#"{"idToken":"§"}"#, plain),
    (
        "a signed URL in JSON",
        JSON,
        r#"{"uri":"https://h/a?sv=1&sig=§&se=2"}"#,
        plain,
    ),
    (
        "`rt` in a URL in JSON",
        JSON,
        r#"{"a":[{"uri":"https://h/a?rt=§"}]}"#,
        plain,
    ),
    (
        "a code in a URL in JSON",
        JSON,
        r#"{"uri":"https://h/a?code=§"}"#,
        plain,
    ),
    ("a JWT under a harmless name", JSON, "", jwt_property),
    (
        "a bearer token in a text",
        JSON,
        r#"{"message":"sent Authorization: Bearer § to h"}"#,
        plain,
    ),
    ("JSON in a string", JSON, "", nested),
    ("JSON in base64", JSON, "", wrapped),
    ("JSON in base64 for URLs", JSON, "", wrapped_for_urls),
    (
        "a storage account",
        JSON,
        r#"{"c":"AccountName=a;AccountKey=§;EndpointSuffix=b"}"#,
        plain,
    ),
    (
        "a queue",
        JSON,
        r#"{"c":"Endpoint=sb://h/;SharedAccessKeyName=a;SharedAccessKey=§"}"#,
        plain,
    ),
    (
        "a database",
        JSON,
        r#"{"c":"Server=a;User Id=b;Password=§;"}"#,
        plain,
    ),
    (
        "a database by its URL",
        JSON,
        r#"{"c":"postgres://user:§@h:5432/a"}"#,
        plain,
    ),
    (
        "a private key",
        JSON,
        r#"{"a":"-----BEGIN PRIVATE KEY-----\n§\n-----END PRIVATE KEY-----\n"}"#,
        plain,
    ),
    (
        "a private key in a text",
        TEXT,
        "-----BEGIN EC PRIVATE KEY-----\r\n§\r\n-----END EC PRIVATE KEY-----",
        plain,
    ),
    (
        "a name of a property",
        JSON,
        r#"{"https://h/?sig=§":1}"#,
        plain,
    ),
    ("JSON that is broken", JSON, r#"{"password": "§", "#, plain),
    ("JSON of another type", TEXT, r#"{"password":"§"}"#, plain),
    (
        "a grant by password",
        FORM,
        "grant_type=password&username=a&password=§",
        plain,
    ),
    (
        "a grant by code",
        FORM,
        "grant_type=authorization_code&code=§",
        plain,
    ),
    (
        "a client's assertion",
        FORM,
        "client_assertion=§&a=b",
        plain,
    ),
    (
        "a form that is percent-encoded",
        FORM,
        "a=b&client_secret=",
        percent,
    ),
    ("a line of a log", TEXT, "12:00 password: §", plain),
    ("a settings file", TEXT, "API_KEY=§\nb=c", plain),
    (
        "bytes that are no text",
        Body("application/octet-stream"),
        "\u{0}\u{1} token=§ ",
        bytes,
    ),
    (
        "events",
        Body("text/event-stream"),
        "data: {\"token\":\"§\"}\n\n",
        plain,
    ),
];

fn plain(secret: &str) -> String {
    secret.to_owned()
}

fn basic(secret: &str) -> String {
    STANDARD.encode(format!("user:{secret}"))
}

fn percent(secret: &str) -> String {
    secret.bytes().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02X}").unwrap();
        text
    })
}

fn jwt(secret: &str) -> String {
    let [head, claims] =
        [r#"{"alg":"HS256"}"#, r#"{"sub":"1"}"#].map(|it| URL_SAFE_NO_PAD.encode(it));
    format!("{head}.{claims}.{secret}")
}

fn jwt_property(secret: &str) -> String {
    json!({"note": jwt(secret)}).to_string()
}

fn nested(secret: &str) -> String {
    let inner = json!({"inner": json!({"password": secret}).to_string()});
    json!({"appData": inner.to_string()}).to_string()
}

fn wrapped(secret: &str) -> String {
    json!({"data": STANDARD.encode(json!({"accessToken": secret}).to_string())}).to_string()
}

fn wrapped_for_urls(secret: &str) -> String {
    json!({"data": URL_SAFE_NO_PAD.encode(format!("??>> https://h/?sig={secret}"))}).to_string()
}

/// Begins with a byte that is no UTF-8, once it is sent as Latin-1.
fn bytes(secret: &str) -> String {
    format!("\u{ff}{secret}")
}

/// A new secret of letters and digits.
fn secret() -> String {
    let chance = || RandomState::new().hash_one(0);
    format!("Zq{:016x}{:016x}", chance(), chance())
}

/// What stands in this place, with this secret in it.
fn text(pattern: &str, written: Written, secret: &str) -> String {
    if pattern.contains('§') && !pattern.starts_with('\u{0}') {
        pattern.replace('§', secret)
    } else if pattern.contains('§') {
        written("") + &pattern.replace('§', secret)
    } else {
        format!("{pattern}{}", written(secret))
    }
}

/// A message: its first line up to the target or after the version, and what is planted.
fn message(is_request: bool, status: &str, place: &Place, planted: &str) -> Vec<u8> {
    let (mut fields, mut body, mut target) = (String::new(), "{}", "/a");
    let mut kind = "application/json";
    match place {
        Field(name) => fields = format!("{name}: {planted}\r\n"),
        Target if is_request => target = planted,
        Target => fields = format!("Location: https://h{planted}\r\n"),
        Body(media) => (kind, body) = (media, planted),
        Trailer(_) => {}
    }
    // A character is a byte here.
    let body: Vec<u8> = body.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let first = if is_request {
        format!("POST {target} HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE")
    } else {
        format!("HTTP/1.1 {status}")
    };
    let mut message = format!("{first}\r\nContent-Type: {kind}\r\n{fields}").into_bytes();
    if let Trailer(name) = place {
        let head = format!("Trailer: {name}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n");
        message.extend(head.as_bytes());
        message.extend(&body);
        message.extend(format!("\r\n0\r\n{name}: {planted}\r\n\r\n").as_bytes());
    } else {
        message.extend(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        message.extend(&body);
    }
    message
}

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
        let said = [output.stdout, output.stderr].concat();
        left.push((format!("{arguments:?}"), String::from_utf8(said).unwrap()));
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
    let said = conversation.recorder.kill();
    assert!(secrets.len() > 300);
    let mut left = leavings(&cassette);
    left.push(("what record said".into(), said));
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
    let said = conversation.recorder.kill();
    let mut left = leavings(&cassette);
    left.push(("what record said".into(), said));
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
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("own.toml:2:1"), "{said}");
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
    let said = conversation.recorder.kill();
    let mut left = leavings(&cassette);
    left.push(("what record said".into(), said));

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
    left.extend(leavings(&cassette));
    let said = Conversation::start(&cassette, &["--append"])
        .recorder
        .kill();
    assert!(said.contains("torn"), "{said}");
    left.push(("what record said of a torn line".into(), said));
    assert_gone(&secrets, &left);
}
