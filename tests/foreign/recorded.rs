//! The foreign bot and the foreign service talk through `confcall record`. The recording is judged, and
//! each recorded party is replayed against the other party, which is live.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use confcall_test_support::cassette::{self, Direction, Exchange};
use confcall_test_support::http;
use confcall_test_support::process::Process;
use libtest_mimic::Failed;
use serde_json::{Value, json};

use super::{CONFCALL, start};

/// A call that the service takes as existing.
const CALL: &str = "5d1c9a52-30fd-4e5c-8a6e-5a6ac8f5b0c1";
const SCENARIO: &str =
    "participant-invite/beta@2021-02/invite-one-participant-to-an-existing-group-call";

/// The recording passes, and so does each live party against the recorded other party.
pub(crate) fn right(python: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let cassette = folder.path().join("call.jsonl");
    record(python, &cassette)?;
    let (code, text) = confcall(&["check", path(&cassette), "--edition", "2021-02"]);
    if code != Some(0) || !text.contains("4 passed, 0 failed") {
        return Err(format!("check: exit {code:?}\n{text}").into());
    }
    let (code, text) = replayed_bot(python, &cassette, None);
    if code != Some(0) {
        return Err(format!("the recorded bot: exit {code:?}\n{text}").into());
    }
    let (code, text) = replayed_service(python, &cassette, None)?;
    if code != Some(0) {
        return Err(format!("the recorded service: exit {code:?}\n{text}").into());
    }
    Ok(())
}

/// A change of either live party is reported as a difference.
pub(crate) fn changed(python: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let cassette = folder.path().join("call.jsonl");
    record(python, &cassette)?;
    let (code, text) = replayed_bot(python, &cassette, Some("operation-status-word"));
    if code != Some(1) || !text.contains("response.") || !text.contains("expected") {
        return Err(format!("a changed service: exit {code:?}\n{text}").into());
    }
    let (code, text) = replayed_service(python, &cassette, Some("acknowledge-500"))?;
    if code != Some(1) || !text.contains("acknowledgement.status") {
        return Err(format!("a changed bot: exit {code:?}\n{text}").into());
    }
    Ok(())
}

fn record(python: &Path, file: &Path) -> Result<(), Failed> {
    let service = start(python, "service.py", &["--edition", "2021-02"], 1);
    let bot = start(python, "bot.py", &[], 2);
    let (callback, trigger) = (bot.addresses[0].as_str(), &bot.addresses[1]);
    let record = ["record", "--cassette", path(file), "--bot", callback];
    let recorder = serving(&[&record[..], &["--service", service.url()]].concat(), 2);
    let (to_service, to_bot) = (&recorder.addresses[0], &recorder.addresses[1]);
    let callback_path = callback.splitn(4, '/').nth(3).unwrap_or_default();
    let to_bot = format!("{}/{callback_path}", to_bot.trim_end_matches('/'));
    post(
        &format!("{}/given", service.url()),
        &json!({"scenario": SCENARIO, "state": "call", "callback": to_bot, "variables": {"call": CALL}}),
    )?;
    post(trigger, &invitation(to_service)?)?;
    until(|| is_complete(&cassette::load(file).exchanges))
}

/// True if everything is recorded that an invitation brings about which replaces a call. The two calls
/// have no common order, and a notification may come before the response to the request.
fn is_complete(exchanges: &[Exchange]) -> bool {
    let ended = exchanges.iter().filter(|it| it.response.is_some());
    let (requests, notifications): (Vec<&Exchange>, _) =
        ended.partition(|it| it.direction == Direction::Request);
    let mut changes: Vec<_> = notifications.into_iter().filter_map(change).collect();
    changes.sort();
    requests.len() == 1
        && changes
            == [
                "deleted call",
                "deleted operations",
                "updated call",
                "updated participants",
            ]
}

/// The change that a notification is about, and the part of the call that has changed.
fn change(exchange: &Exchange) -> Option<String> {
    let item = exchange.request.body.json()?.pointer("/value/0")?;
    let (_, path) = item["resource"].as_str()?.split_once("/calls/")?;
    let part = path.split('/').nth(1).unwrap_or("call");
    Some(format!("{} {part}", item["changeType"].as_str()?))
}

/// The recorded bot against the foreign service.
fn replayed_bot(python: &Path, cassette: &Path, fault: Option<&str>) -> (Option<i32>, String) {
    let mut arguments = vec!["--edition", "2021-02"];
    arguments.extend(fault.into_iter().flat_map(|fault| ["--fault", fault]));
    let service = start(python, "service.py", &arguments, 1);
    let url = service.url();
    let given = format!("{url}/given");
    let replay = [
        "replay",
        path(cassette),
        "--service",
        url,
        "--given",
        &given,
    ];
    confcall(&[&replay[..], &["--token", "foreign-bot", "--deadline", "2s"]].concat())
}

/// The recorded service against the foreign bot.
fn replayed_service(
    python: &Path,
    cassette: &Path,
    fault: Option<&str>,
) -> Result<(Option<i32>, String), Failed> {
    let fault: Vec<&str> = fault.into_iter().flat_map(|it| ["--fault", it]).collect();
    let bot = start(python, "bot.py", &fault, 2);
    let replay = ["replay", path(cassette), "--bot", &bot.addresses[0]];
    let replay = serving(&[&replay[..], &["--deadline", "5s"]].concat(), 1);
    post(&bot.addresses[1], &invitation(replay.url())?)?;
    Ok(replay.end())
}

/// The trigger for the scenario's invitation, aimed at an address.
fn invitation(to: &str) -> Result<Value, Failed> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{SCENARIO}.json"));
    let scenario: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let mut body = scenario["steps"][0]["request"]["body"].clone();
    fill(&mut body);
    Ok(json!({
        "scenario": SCENARIO,
        "step": 1,
        "request": {
            "method": "POST",
            "url": format!("{}/beta/communications/calls/{CALL}/participants/invite", to.trim_end_matches('/')),
            "headers": {"Content-Type": "application/json"},
            "body": body,
        },
    }))
}

/// Puts GUIDs in the place of variables, such as `{call}`.
fn fill(value: &mut Value) {
    match value {
        Value::Object(map) => map.values_mut().for_each(fill),
        Value::Array(values) => values.iter_mut().for_each(fill),
        Value::String(text) => {
            while let Some((before, rest)) = text.split_once('{') {
                let (name, after) = rest.split_once('}').expect("a variable");
                let guid = format!("11111111-0000-4000-8000-{:012x}", name.len());
                *text = format!("{before}{guid}{after}");
            }
        }
        _ => {}
    }
}

fn post(url: &str, body: &Value) -> Result<(), Failed> {
    let answer = http::post(url, "", "", &body.to_string())?;
    if answer.starts_with("HTTP/1.1 2") || answer.starts_with("HTTP/1.0 2") {
        Ok(())
    } else {
        Err(format!("{url}: {answer}").into())
    }
}

fn until(is_so: impl Fn() -> bool) -> Result<(), Failed> {
    let begun = Instant::now();
    while !is_so() {
        if begun.elapsed() > Duration::from_secs(20) {
            return Err("the conversation did not come to its end".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap_or_default()
}

fn confcall(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(CONFCALL)
        .args(arguments)
        .env_remove("CONFCALL_TOKEN")
        .output()
        .expect("confcall runs");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// confcall as a party that serves.
fn serving(arguments: &[&str], count: usize) -> Process {
    let mut command = Command::new(CONFCALL);
    Process::start(command.args(arguments).env_remove("CONFCALL_TOKEN"), count)
}
