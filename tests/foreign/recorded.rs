//! The foreign bot and the foreign service talk through `confcall record`; what was recorded is
//! judged, and played from both sides against the other's live half.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use confcall::cassette::format::{Content, Direction};
use confcall::cassette::journal;
use confcall::http::{Client, OutgoingRequest};
use confcall::scenario::store;
use libtest_mimic::Failed;
use serde_json::{Value, json};

use super::{CONFCALL, Started, start};

/// A call that the service takes as existing.
const CALL: &str = "5d1c9a52-30fd-4e5c-8a6e-5a6ac8f5b0c1";
const SCENARIO: &str =
    "participant-invite/beta@2021-02/pt-BR/invite-one-participant-to-an-existing-group-call";

/// The pair is recorded, the recording is judged, and each half of it talks to the other's live
/// half.
pub fn right(python: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let cassette = folder.path().join("call.jsonl");
    record(python, &cassette)?;
    let (code, text) = confcall(&["check", path(&cassette), "--edition", "2021-02"]);
    if code != Some(0) || !text.contains("2 passed, 0 failed") {
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

/// A change in either live half is a readable difference.
pub fn changed(python: &Path) -> Result<(), Failed> {
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

fn record(python: &Path, cassette: &Path) -> Result<(), Failed> {
    let (service, at) = start(python, "service.py", &["--edition", "2021-02"], 1);
    let service = Started {
        child: service,
        arguments: at,
    };
    let (bot, at) = start(python, "bot.py", &[], 2);
    let bot = Started {
        child: bot,
        arguments: at,
    };
    let (callback, trigger) = (&bot.arguments[0], &bot.arguments[1]);
    let record = ["record", "--cassette", path(cassette), "--bot", callback];
    let recorder = Running::start(
        &[&record[..], &["--service", &service.arguments[0]]].concat(),
        2,
    );
    let (to_service, to_bot) = (&recorder.urls[0], &recorder.urls[1]);
    let callback_path = confcall::api::resource::path_of(callback);
    let to_bot = format!("{}{callback_path}", to_bot.trim_end_matches('/'));
    post(
        &format!("{}/given", service.arguments[0]),
        &json!({"scenario": SCENARIO, "state": "call", "callback": to_bot, "variables": {"call": CALL}}),
    )?;
    post(trigger, &invitation(to_service)?)?;
    until(|| {
        let Ok(loaded) = journal::load(cassette) else {
            return false;
        };
        // The last notification may be there before the answer that it follows from.
        let mut all = loaded.exchanges.iter();
        if !all.any(|it| it.direction == Direction::Request) {
            return false;
        }
        let told = loaded.exchanges.iter();
        let told = told.filter(|it| it.direction == Direction::Notification);
        let mut bodies = told.filter_map(|it| match &it.request.body {
            Content::Json(body) => Some(body.to_string()),
            _ => None,
        });
        bodies.any(|body| body.contains("/participants\""))
    })
}

/// The recorded bot against the foreign service.
fn replayed_bot(python: &Path, cassette: &Path, fault: Option<&str>) -> (Option<i32>, String) {
    let mut arguments = vec!["--edition", "2021-02"];
    arguments.extend(fault.into_iter().flat_map(|fault| ["--fault", fault]));
    let (child, arguments) = start(python, "service.py", &arguments, 1);
    let service = Started { child, arguments };
    let url = &service.arguments[0];
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
    let (child, arguments) = start(python, "bot.py", &fault, 2);
    let bot = Started { child, arguments };
    let replay = ["replay", path(cassette), "--bot", &bot.arguments[0]];
    let mut replay = Running::start(&[&replay[..], &["--deadline", "5s"]].concat(), 1);
    post(&bot.arguments[1], &invitation(&replay.urls[0])?)?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut replay.said, &mut text)?;
    Ok((replay.child.wait()?.code(), text))
}

/// The trigger for the scenario's invitation, aimed at an address.
fn invitation(to: &str) -> Result<Value, Failed> {
    let all = store::built_in()?;
    let scenario = all.iter().find(|it| it.id.as_str() == SCENARIO);
    let scenario = scenario.ok_or("the scenario is there")?;
    let body = scenario.script.steps[0].body().json();
    let body = confcall::api::template::fill_json(body.ok_or("a body")?, &|name| {
        Some(format!("11111111-0000-4000-8000-{:012x}", name.len()))
    });
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

fn post(url: &str, body: &Value) -> Result<(), Failed> {
    let mut request = OutgoingRequest::new("POST", url);
    request.headers.push("Content-Type", "application/json");
    request.body = Some(body.to_string().into());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let answer = runtime.block_on(Client::new().send(request, Duration::from_secs(20)))?;
    if (200..300).contains(&answer.status) {
        Ok(())
    } else {
        Err(format!("{url}: {answer:?}").into())
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

/// confcall as a party that serves. It ends with the test.
struct Running {
    child: Child,
    urls: Vec<String>,
    said: BufReader<std::process::ChildStdout>,
}

impl Running {
    fn start(arguments: &[&str], count: usize) -> Self {
        let mut child = Command::new(CONFCALL)
            .args(arguments)
            .env_remove("CONFCALL_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("confcall runs");
        let output = child.stdout.take().expect("standard output is piped");
        let mut said = BufReader::new(output);
        let mut urls = Vec::new();
        for _ in 0..count {
            let mut line = String::new();
            said.read_line(&mut line).expect("a line");
            urls.extend(
                line.trim_end()
                    .strip_prefix("listening ")
                    .map(str::to_owned),
            );
        }
        Self { child, urls, said }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
