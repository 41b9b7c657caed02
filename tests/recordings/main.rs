//! `confcall check` and `confcall replay`, through the binary, on recordings that were changed by
//! hand: a difference is reported, with the exchange and the rule.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

mod broken;
mod compared;
#[cfg(unix)]
mod ends;
mod exact;
mod exchanges;
mod files;
mod fresh;
mod live;
mod long;
mod reached;
mod rules;
mod snapshots;
mod suites;
#[cfg(unix)]
mod website;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use confcall_test_support::process::Process;
use serde_json::{Value, json};

const CONVERSATION: &str =
    "participant-invite/beta@2021-02/invite-one-participant-to-an-existing-group-call";

/// A recording, line by line.
struct Tape(Vec<Value>);

impl Tape {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text =
            std::fs::read_to_string(root.join("cassettes").join(format!("{CONVERSATION}.jsonl")));
        let text = text.unwrap();
        Self(
            text.lines()
                .map(|it| serde_json::from_str(it).unwrap())
                .collect(),
        )
    }

    /// The invitation is refused with this status, and nothing follows.
    fn is_refused(&mut self, status: u16) {
        let sent = self.request_to("/invite");
        let body = json!({"error": {"code": "BadRequest", "message": "no"}});
        sent["response"] = json!({"status": status, "body": {"json": body},
            "headers": [["content-type", "application/json"]]});
        self.0.retain(|it| it["direction"] != "notification");
    }

    /// An exchange outside of the contract, minutes later.
    fn goes_on(&mut self) {
        let mut later = self.request_to("/calls").clone();
        later["number"] = json!(500);
        later["at_ms"] = json!(300_000);
        later["request"]["target"] = json!("/v1.0/me/messages");
        later["response"] = json!({"status": 204, "headers": []});
        self.0.push(later);
    }

    /// The first exchange whose request goes to a target that ends so.
    fn request_to(&mut self, end: &str) -> &mut Value {
        let is_it = |it: &&mut Value| {
            it["request"]["target"]
                .as_str()
                .is_some_and(|target| target.ends_with(end))
        };
        self.0.iter_mut().find(is_it).unwrap()
    }

    /// The first exchange whose notification is about a resource with this in its path.
    fn notification_about(&mut self, part: &str) -> &mut Value {
        let is_it = |it: &&mut Value| {
            let resource = it.pointer("/request/body/json/value/0/resource");
            resource
                .and_then(Value::as_str)
                .is_some_and(|path| path.contains(part))
        };
        self.0.iter_mut().find(is_it).unwrap()
    }

    fn write(&self, folder: &Path) -> PathBuf {
        let path = folder.join("tape.jsonl");
        let lines: Vec<String> = self.0.iter().map(|it| format!("{it}\n")).collect();
        std::fs::write(&path, lines.concat()).unwrap();
        path
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_confcall"));
    command.args(arguments).env_remove("CONFCALL_TOKEN");
    command
}

fn confcall(arguments: &[&str]) -> (Option<i32>, String) {
    output_of(&mut command(arguments))
}

fn output_of(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

/// Starts confcall, which prints its address.
fn running(arguments: &[&str]) -> Process {
    Process::start(&mut command(arguments), 1)
}

fn check(tape: &Tape, more: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = tape.write(folder.path());
    let arguments = [
        &["check", path.to_str().unwrap(), "--edition", "2021-02"],
        more,
    ]
    .concat();
    confcall(&arguments)
}

#[test]
fn a_changed_recording_is_recognized_by_rule_and_party() {
    type Change = fn(&mut Tape);
    let changes: [(&str, &str, Change); 9] = [
        ("service", "response.status at step 3", |tape| {
            tape.request_to("/invite")["response"]["status"] = json!(201);
        }),
        ("service", "response.body at step 3", |tape| {
            tape.request_to("/invite")["response"]["status"] = json!(500);
        }),
        ("service", "response.body at step 3, /status", |tape| {
            tape.request_to("/invite")["response"]["body"]["json"]["status"] = json!("walking");
        }),
        ("service", "correlation at step 3, /clientContext", |tape| {
            tape.request_to("/invite")["response"]["body"]["json"]["clientContext"] =
                json!("other");
        }),
        ("service", "notification.missing at step 3", |tape| {
            let number = tape.notification_about("/operations/")["number"].clone();
            tape.0.retain(|it| it["number"] != number);
            tape.goes_on();
        }),
        ("service", "notification.unexpected", |tape| {
            let mut again = tape.notification_about("/operations/").clone();
            again["number"] = json!(1000);
            again["at_ms"] = json!(100_000);
            tape.0.push(again);
        }),
        ("bot", "request.header at step 3", |tape| {
            tape.request_to("/invite")["request"]["headers"] =
                json!([["content-type", "application/json"]]);
        }),
        ("bot", "acknowledgement.status at step 5", |tape| {
            tape.notification_about("/operations/")["response"]["status"] = json!(500);
        }),
        ("bot", "acknowledgement.missing at step 5", |tape| {
            let listed = tape.notification_about("/operations/");
            listed["broke"] = json!("the connection was reset");
            listed.as_object_mut().unwrap().remove("response");
        }),
    ];
    assert_eq!(check(&Tape::new(), &[]).0, Some(0));
    for (party, rule, change) in changes {
        let mut tape = Tape::new();
        change(&mut tape);
        let (code, text) = check(&tape, &[]);
        assert_eq!(code, Some(1), "{rule}: {text}");
        assert!(text.contains(&format!("FAIL {party} ")), "{rule}: {text}");
        assert!(text.contains(&format!("\n  {rule}")), "{rule}: {text}");
    }
}

#[test]
fn a_recording_does_not_show_permissions_nor_what_follows_its_end() {
    type Change = fn(&mut Tape);
    let changes: [(&str, Change); 3] = [
        ("the service refused invite with 400", |tape| {
            tape.is_refused(400);
        }),
        ("the service refused invite with 500", |tape| {
            tape.is_refused(500);
        }),
        ("the end of invite did not come; the traffic ends", |tape| {
            let number = tape.notification_about("/operations/")["number"].clone();
            tape.0.retain(|it| it["number"] != number);
        }),
    ];
    for (reason, change) in changes {
        let mut tape = Tape::new();
        change(&mut tape);
        let (code, text) = check(&tape, &[]);
        assert_eq!(code, Some(1), "{text}");
        assert!(
            text.contains(" 0 failed, 0 known, 1 inconclusive"),
            "{text}"
        );
        assert!(text.contains(reason), "{reason}: {text}");
    }
}

#[test]
fn an_ordinary_conversation_follows_what_is_documented() {
    type Change<'a> = &'a dyn Fn(&mut Tape);
    // Each of these is the beginning of a negative conversation, too.
    let changes: [(Option<i32>, Change<'_>); 4] = [
        (Some(0), &|_| {}),
        (Some(1), &|tape| {
            tape.request_to("/invite")["request"]["body"]["json"]["participants"] = json!([]);
            tape.is_refused(400);
        }),
        (Some(1), &|tape| {
            tape.request_to("/invite")["request"]["headers"] =
                json!([["content-type", "application/json"]]);
            tape.is_refused(400);
        }),
        (Some(0), &|tape| {
            let sent = tape.request_to("/invite");
            let target = sent["request"]["target"].as_str().unwrap();
            let target = target.replace("/communications/", "/app/");
            sent["request"]["target"] = json!(target);
        }),
    ];
    for (code, change) in changes {
        let mut tape = Tape::new();
        change(&mut tape);
        let (actual, text) = check(&tape, &[]);
        assert_eq!(actual, code, "{text}");
        assert!(!text.contains("beta@2021-02/en/"), "{text}");
    }
    let (code, printed) = check(&Tape::new(), &["--tag", "negative"]);
    assert_eq!(code, Some(2));
    assert!(printed.contains("judges a bot"), "{printed}");
}

#[test]
fn what_was_not_recorded_is_untested() {
    let mut tape = Tape::new();
    tape.0[0]["directions"] = json!(["request"]);
    tape.0.retain(|it| it["direction"] != "notification");
    let (code, text) = check(&tape, &[]);
    assert_eq!(code, Some(0), "{text}");
    // The same file without a word of it: the notifications are missing.
    tape.0[0]["directions"] = json!(["request", "notification"]);
    tape.goes_on();
    assert!(check(&tape, &[]).1.contains("notification.missing"));
}

#[test]
fn exchanges_outside_of_the_contract_are_listed_and_not_judged() {
    let mut tape = Tape::new();
    tape.goes_on();
    let (code, text) = check(&tape, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains(" 500 bot     POST /v1.0/me/messages: 204\n"),
        "{text}"
    );
    assert_eq!(check(&tape, &["--strict"]).0, Some(0));
}

#[test]
fn a_har_file_is_judged_as_the_cassette_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = Tape::new().write(folder.path());
    let (code, har) = confcall(&["show", path.to_str().unwrap(), "--format", "har"]);
    assert_eq!(code, Some(0), "{har}");
    let har_file = folder.path().join("tape.har");
    std::fs::write(&har_file, har).unwrap();
    let (code, text) = confcall(&["check", har_file.to_str().unwrap(), "--edition", "2021-02"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("4 passed, 0 failed"), "{text}");
    let (code, text) = confcall(&["show", har_file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("/participants/invite"), "{text}");
}

/// Files that other tools wrote of this conversation (`scripts/har.sh`), with the exchanges that are no
/// part of it.
#[test]
fn what_other_tools_wrote_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let (page, created) = (Some("GET /: 200"), &["create"][..]);
    for (name, not_covered, conversations) in [
        ("chromium-http11", page, created),
        ("chromium-http2", page, created),
        ("playwright-http11", page, created),
        ("playwright-http2", page, created),
        // The second call is the one that the invitation replaces.
        ("mitmproxy", None, &["create", "notifications"]),
    ] {
        let file = format!(
            "{}/tests/fixtures/har/{name}.har",
            env!("CARGO_MANIFEST_DIR")
        );
        let json = format!("json={}", report.display());
        let (code, text) = confcall(&["check", &file, "--edition", "2021-02", "--report", &json]);
        assert_eq!(code, Some(0), "{text}");
        assert!(!text.contains("warning"), "{text}");
        let listed = not_covered.map(|exchange| format!(" 1 bot     {exchange}\n"));
        let is_listed = listed.is_none_or(|it| text.contains(&it));
        assert!(is_listed, "{text}");
        assert_eq!(text.contains("outside"), not_covered.is_some(), "{text}");
        let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
        let results = report["results"].as_array().unwrap();
        let listed = |it: &Value| (it["scenario"].clone(), it["verdict"].clone());
        let of_both = conversations.iter().flat_map(|it| [it, it]);
        let expected = of_both.map(|it| (json!(format!("{name}.har/{it}")), json!("pass")));
        let listed: Vec<_> = results.iter().map(listed).collect();
        assert_eq!(listed, expected.collect::<Vec<_>>());

        // Written again, it is judged alike.
        let (code, har) = confcall(&["show", &file, "--format", "har"]);
        assert_eq!(code, Some(0), "{har}");
        let again = folder.path().join(format!("{name}.har"));
        std::fs::write(&again, har).unwrap();
        let (code, text) = confcall(&["check", again.to_str().unwrap(), "--edition", "2021-02"]);
        assert_eq!(code, Some(0), "{text}");
        let counted = format!("{} passed, 0 failed", listed.len());
        assert!(text.contains(&counted), "{text}");
    }
}

#[test]
fn a_recording_shows_scenarios_of_its_people_and_version() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cassettes/participant-invite");
    let path = folder.path().join("call.jsonl");
    let several = "invite-multiple-participants-to-an-existing-group-call";
    let phone = "invite-one-pstn-participant-to-an-existing-group-call";
    let is_shown = |text: &str, name: &str| text.contains(&format!("/{name}\n"));
    for (name, other) in [(several, phone), (phone, several)] {
        let kept = root.join(format!("beta@2021-02/{name}.jsonl"));
        let kept = std::fs::read_to_string(kept).unwrap();
        for (version, shown) in [("beta", 1), ("v1.0", 0)] {
            std::fs::write(&path, kept.replace("/beta/", &format!("/{version}/"))).unwrap();
            let file = path.to_str().unwrap();
            let (_, text) = confcall(&["check", file, "--api", "beta", "--edition", "2021-02"]);
            assert!(text.contains(&format!("shows {shown} of ")), "{text}");
            assert_eq!(is_shown(&text, name), shown == 1, "{text}");
            assert!(!is_shown(&text, other), "{text}");
        }
    }
}

#[test]
fn a_body_that_a_tool_did_not_keep_is_not_held_against_a_party() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = std::fs::read(root.join("tests/fixtures/har/playwright-http2.har")).unwrap();
    let mut har: Value = serde_json::from_slice(&kept).unwrap();
    let answer = har.pointer_mut("/log/entries/2/response/content").unwrap();
    answer.as_object_mut().unwrap().remove("text").unwrap();
    let mut broken = har.clone();
    let answer = broken.pointer_mut("/log/entries/2/response/content");
    answer.unwrap()["text"] = json!("!");
    broken["log"]["entries"][2]["response"]["content"]["encoding"] = json!("base64");
    let path = folder.path().join("torn.har");
    for (har, why) in [(har, "is not in the file"), (broken, "is not base64")] {
        std::fs::write(&path, har.to_string()).unwrap();
        let (code, text) = confcall(&["check", path.to_str().unwrap(), "--edition", "2021-02"]);
        assert_eq!(code, Some(1), "{text}");
        let counted = "1 passed, 0 failed, 0 known, 1 inconclusive";
        assert!(text.contains(counted), "{text}");
        let why = format!("a body of exchange 3 {why}");
        assert!(text.contains(&why), "{text}");
    }
}

#[test]
fn what_is_no_recording_has_a_place() {
    let folder = tempfile::tempdir().unwrap();
    for (text, printed) in [
        ("", ":1:"),
        ("{\"log\": {\"entries\": [\n{}]}}", ":2:"),
        // A value may go on in the next line.
        ("{\"version\":1,\"directions\":[]}\n{\n{}\n", ":3:1: "),
    ] {
        let path = folder.path().join("broken");
        std::fs::write(&path, text).unwrap();
        let (code, listed) = confcall(&["check", path.to_str().unwrap()]);
        assert_eq!(code, Some(2), "{listed}");
        assert!(listed.contains(printed), "{listed}");
    }
}

/// The recorded bot against the built-in service, which differs in a way.
fn replayed_bot(tape: &Tape, serve: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = tape.write(folder.path());
    let service = running(&[&["serve", "--edition", "2021-02"], serve].concat());
    confcall(&[
        "replay",
        path.to_str().unwrap(),
        "--service",
        service.url(),
        "--given",
        &format!("{}/control/given", service.url().trim_end_matches('/')),
        "--deadline",
        "500ms",
    ])
}

#[test]
fn a_changed_service_differs_from_its_recording() {
    let (code, text) = replayed_bot(&Tape::new(), &[]);
    assert_eq!(code, Some(0), "{text}");
    for (fault, rule) in [
        ("answer-500", "response.status"),
        ("answer-text-plain", "response.header"),
        ("location-of-other-call", "response.header"),
        ("answer-invalid-json", "response.body"),
        ("answer-status-unknown", "response.body, /status"),
        ("answer-context-changed", "response.body, /clientContext"),
        ("answer-participant-extra", "response.body, /participants"),
        ("answer-hangs", "response.missing"),
    ] {
        let (code, text) = replayed_bot(&Tape::new(), &["--mutant", fault]);
        assert_eq!(code, Some(1), "{fault}: {text}");
        assert!(text.contains(&format!("\n  {rule}")), "{fault}: {text}");
    }
    let mut tape = Tape::new();
    let mut more = tape.notification_about("/participants").clone();
    more["number"] = json!(900);
    tape.0.push(more);
    let (code, text) = replayed_bot(&tape, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("\n  notification.missing"), "{text}");

    let mut tape = Tape::new();
    tape.notification_about("/operations/")["request"]["method"] = json!("PUT");
    let (code, text) = replayed_bot(&tape, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("\n  notification.method"), "{text}");
    assert!(text.contains("0 passed, 1 failed"), "{text}");
}

/// The recorded service against confcall as the bot.
fn replayed_service(tape: &Tape, run: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = tape.write(folder.path());
    asked_service(&mut command(&["replay", path.to_str().unwrap()]), run)
}

/// The same, of a command that replays.
fn asked_service(replay: &mut Command, run: &[&str]) -> (Option<i32>, String) {
    // A port that was free a moment ago: the service must know it before the bot is there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let callback = port.local_addr().unwrap().to_string();
    drop(port);
    let bot = format!("http://{callback}");
    // The other confcall reads all scenarios first, which takes a while on a busy machine.
    let service = Process::start(replay.args(["--bot", &bot, "--deadline", "10s"]), 1);
    let only = format!("[p]{}", &CONVERSATION[1..]);
    let sent = [
        "run",
        &only,
        "--service",
        service.url(),
        "--callback-listen",
        &callback,
    ];
    let (code, text) = confcall(&[&sent[..], &["--deadline", "500ms"], run].concat());
    assert!(code.is_some(), "{text}");
    service.end()
}

#[test]
fn a_changed_bot_differs_from_its_recording() {
    let (code, text) = replayed_service(&Tape::new(), &["--settle", "200ms"]);
    assert_eq!(code, Some(0), "{text}");
    let mut tape = Tape::new();
    tape.request_to("/invite")["request"]["body"]["json"]["participants"][0]["@extra"] = json!("x");
    let (code, text) = replayed_service(&tape, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("request.unexpected, /participants/0/@extra"),
        "{text}"
    );
    let mut tape = Tape::new();
    let mut more = tape.request_to("/invite").clone();
    more["number"] = json!(901);
    tape.0.push(more);
    let (code, text) = replayed_service(&tape, &["--settle", "200ms"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("\n  request.missing"), "{text}");
}

/// Asks for what a recorded exchange asked for, with this body. Returns the status and the answer.
fn send_recorded(url: &str, recorded: &Value, body: &Value) -> (u16, Value) {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = &recorded["request"];
    let (method, target) = (request["method"].as_str(), request["target"].as_str());
    let body = body.to_string();
    let head = format!(
        "{} {} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        method.unwrap(),
        target.unwrap(),
        body.len()
    );
    std::io::Write::write_all(&mut stream, (head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head[9..12].parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

#[test]
fn a_recording_begins_again_with_what_the_bot_makes_up() {
    let mut tape = Tape::new();
    let folder = tempfile::tempdir().unwrap();
    let path = tape.write(folder.path());
    let replay = running(&["replay", path.to_str().unwrap(), "--reuse"]);
    let created = tape.request_to("/calls").clone();
    let invited = tape.request_to("/invite").clone();
    let body = |exchange: &Value| exchange["request"]["body"]["json"].clone();
    // The same context again and again, byte for byte: it is known then, and still compared.
    for context in ["one", "two", "two", "two", "three", "three", "one"] {
        assert_eq!(
            send_recorded(replay.url(), &created, &body(&created)).0,
            201
        );
        let mut sent = body(&invited);
        sent["clientContext"] = json!(context);
        let (status, answer) = send_recorded(replay.url(), &invited, &sent);
        assert_eq!((status, &answer["clientContext"]), (200, &json!(context)));
        sent["participants"][0]["identity"]["user"]["identityProvider"] = json!("other");
        let (status, answer) = send_recorded(replay.url(), &invited, &sent);
        assert_eq!(status, 404, "{answer}");
        let pointer = answer.pointer("/error/nearest/differences/0/pointer");
        let at = "/participants/0/identity/user/identityProvider";
        assert_eq!(pointer, Some(&json!(at)), "{answer}");
    }
}
