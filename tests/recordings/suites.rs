//! Several recordings as one suite: for a live service, for a bot that runs, and for one that confcall starts.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::live::{Party, cassette, notification_exchange, request_exchange};
use super::{command, confcall, running, send_recorded};

/// A folder for recordings and reports.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    /// A recording below `tapes` of requests to these targets, as `NAME/tape.jsonl`.
    pub(super) fn tape(&self, name: &str, targets: &[&str]) -> PathBuf {
        let folder = self.path("tapes").join(name);
        fs::create_dir_all(&folder).unwrap();
        let exchanges = (1..).zip(targets);
        let exchanges = exchanges
            .map(|(number, it)| request_exchange(number, it, &json!({}), &json!({"at": it})));
        cassette(&folder, &exchanges.collect::<Vec<_>>())
    }

    pub(super) fn tapes(&self) -> String {
        self.path("tapes").to_str().unwrap().to_owned()
    }

    /// The option for a JSON report.
    pub(super) fn report(&self) -> String {
        format!("json={}", self.path("report.json").display())
    }

    pub(super) fn reported(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("report.json")).unwrap()).unwrap()
    }

    /// The end of the file and the verdict of each result.
    pub(super) fn results(&self) -> Vec<(String, String)> {
        let report = self.reported();
        let results = report["results"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let below = |name: String| {
            name.rsplit_once("tapes/")
                .map_or(name.clone(), |it| it.1.to_owned())
        };
        results
            .map(|it| (below(text(&it["scenario"])), text(&it["verdict"])))
            .collect()
    }
}

pub(super) fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(left, right): &(&str, &str)| ((*left).to_owned(), (*right).to_owned());
    of.iter().map(owned).collect()
}

/// A service that answers each request with its target.
pub(super) fn echo() -> Party {
    Party::start(|it| (200, json!({"at": it.target})))
}

#[test]
fn recordings_of_a_folder_are_one_suite() {
    let folder = Folder::new();
    folder.tape("b", &["/b1", "/b2"]);
    folder.tape("a/deep", &["/a"]);
    fs::write(folder.path("tapes/notes.md"), "# no recording").unwrap();
    let service = echo();
    let junit = folder.path("report.xml");
    let run = |more: &[&str]| {
        let tapes = folder.tapes();
        let (json, junit) = (folder.report(), format!("junit={}", junit.display()));
        let arguments = ["replay", &tapes, "--service", &service.url];
        let reports = ["--report", &json, "--report", &junit];
        confcall(&[&arguments[..], &reports, more].concat())
    };
    let (code, text) = run(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("\n2 passed, 0 failed"), "{text}");
    let passed = [("a/deep/tape.jsonl", "pass"), ("b/tape.jsonl", "pass")];
    assert_eq!(folder.results(), pairs(&passed));
    let sent: Vec<_> = service.got().into_iter().map(|it| it.target).collect();
    assert_eq!(sent, ["/a", "/b1", "/b2"]);
    assert!(fs::read_to_string(&junit).unwrap().contains("tests=\"2\""));

    // A difference is that of its file. A file that is named too is played once.
    let differs = folder.tape("c", &["/c"]);
    let text = fs::read_to_string(&differs).unwrap();
    fs::write(
        &differs,
        text.replace("{\"at\":\"/c\"}", "{\"at\":\"elsewhere\"}"),
    )
    .unwrap();
    let (code, text) = run(&[differs.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{text}");
    let failed = [&passed[..], &[("c/tape.jsonl", "fail")]].concat();
    assert_eq!(folder.results(), pairs(&failed));
    let failure = &folder.reported()["results"][2]["failures"][0];
    assert_eq!(
        (&failure["rule"], &failure["pointer"]),
        (&json!("response.body"), &json!("/at"))
    );
    assert_eq!(failure["source"]["line"], 2);
}

#[test]
fn a_folder_without_a_recording_is_an_error() {
    let folder = Folder::new();
    fs::create_dir(folder.path("tapes")).unwrap();
    fs::write(folder.path("report.json"), "old").unwrap();
    for first in ["replay", "check"] {
        let (code, message) = confcall(&[first, &folder.tapes(), "--report", &folder.report()]);
        assert_eq!(code, Some(2), "{message}");
        assert!(
            message.contains("the folder has no recordings"),
            "{message}"
        );
        assert!(message.contains("= help: "), "{message}");
        let report = folder.reported();
        assert!(
            report["errors"][0]
                .as_str()
                .unwrap()
                .contains("the folder has no recordings")
        );
    }
}

#[test]
fn a_file_that_is_no_recording_does_not_keep_others_from_being_judged() {
    let folder = Folder::new();
    folder.tape("a", &["/a"]);
    let broken = folder.tape("b", &["/b"]);
    folder.tape("c", &["/c"]);
    fs::write(&broken, "Dear Sirs,\n").unwrap();
    let service = echo();
    let (tapes, report) = (folder.tapes(), folder.report());
    let reported = ["--report", &report];
    let replay = ["replay", &tapes, "--service", &service.url];
    let (code, text) = confcall(&[&replay[..], &reported].concat());
    assert_eq!(code, Some(2), "{text}");
    let place = format!("error: {}:1:1: ", broken.display());
    assert!(text.contains(&place), "{text}");
    assert!(text.contains("2 passed, 0 failed"), "{text}");
    assert_eq!(text.matches(":1:1: ").count(), 1, "{text}");
    assert!(!text.contains('\u{fffd}'), "{text}");
    let passed = [("a/tape.jsonl", "pass"), ("c/tape.jsonl", "pass")];
    assert_eq!(folder.results(), pairs(&passed));
    let errors = folder.reported()["errors"].clone();
    assert!(
        errors[0].as_str().unwrap().contains("b/tape.jsonl:1:1"),
        "{errors}"
    );

    // `check` does the same; a conversation has its file in its name.
    let call = super::Tape::new().write(&folder.path("tapes/a"));
    assert!(call.ends_with("a/tape.jsonl"));
    let edition = ["--edition", "2021-02"];
    let check = ["check", &tapes];
    let (code, text) = confcall(&[&check[..], &reported, &edition].concat());
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains(&place), "{text}");
    let names: Vec<String> = folder.results().into_iter().map(|it| it.0).collect();
    assert!(
        names.contains(&"a/tape.jsonl/create".to_owned()),
        "{names:?}"
    );
    assert!(!folder.reported()["errors"].as_array().unwrap().is_empty());
}

#[test]
fn a_bot_that_runs_is_served_one_recording_after_the_other() {
    let folder = Folder::new();
    folder.tape("a", &["/a"]);
    folder.tape("b", &["/b"]);
    let replay = running(&["replay", &folder.tapes(), "--report", &folder.report()]);
    for target in ["/a", "/b"] {
        let request = request_exchange(1, target, &json!({}), &json!({}));
        let answer = send_recorded(replay.url(), &request, &json!({}));
        assert_eq!(answer, (200, json!({"at": target})));
    }
    let (code, text) = replay.end();
    assert_eq!(code, Some(0), "{text}");
    let passed = [("a/tape.jsonl", "pass"), ("b/tape.jsonl", "pass")];
    assert_eq!(folder.results(), pairs(&passed));
}

/// Bodies that are longer than what a listener reads otherwise, and not in the first recording.
#[test]
fn the_longest_body_of_a_suite_is_read() {
    let folder = Folder::new();
    folder.tape("a", &["/a"]);
    let long = json!({"text": "x".repeat(2 << 20)});
    let asked_for = request_exchange(1, "/b", &long, &json!({"at": "/b"}));
    fs::create_dir(folder.path("tapes/b")).unwrap();
    cassette(&folder.path("tapes/b"), std::slice::from_ref(&asked_for));
    let replay = running(&["replay", &folder.tapes()]);
    let first = request_exchange(1, "/a", &json!({}), &json!({}));
    assert_eq!(send_recorded(replay.url(), &first, &json!({})).0, 200);
    assert_eq!(send_recorded(replay.url(), &asked_for, &long).0, 200);
    let (code, text) = replay.end();
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn a_mock_service_has_one_recording() {
    let folder = Folder::new();
    folder.tape("a", &["/a"]);
    folder.tape("b", &["/b"]);
    let (code, message) = confcall(&["replay", &folder.tapes(), "--reuse"]);
    assert_eq!(code, Some(2), "{message}");
    assert!(
        message.contains("--reuse") && message.contains("= help: "),
        "{message}"
    );
}

/// A bot that is not there, or takes what it is told and says nothing: all of it has one deadline.
#[test]
fn notifications_to_nobody_have_one_deadline() {
    const DEADLINE: Duration = Duration::from_millis(700);
    let folder = Folder::new();
    fs::create_dir(folder.path("tapes")).unwrap();
    let entry = json!({"changeType": "created", "resource": "/app/calls/1", "resourceData": {}});
    let body = json!({"value": [entry]});
    let all: Vec<Value> = (1..=10)
        .map(|number| notification_exchange(number, "/callback", &body))
        .collect();
    let file = cassette(&folder.path("tapes"), &all);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody_url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    for bot in [silent_url, nobody_url] {
        let begun = Instant::now();
        let deadline = format!("{}ms", DEADLINE.as_millis());
        let file = file.to_str().unwrap();
        let (code, text) = confcall(&["replay", file, "--bot", &bot, "--deadline", &deadline]);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("acknowledgement.missing"), "{text}");
        assert!(
            begun.elapsed() < 5 * DEADLINE,
            "{:?}: {text}",
            begun.elapsed()
        );
    }
}

/// A project whose bot is a shell script, beside the recordings.
#[cfg(unix)]
pub(super) struct Project {
    pub(super) folder: Folder,
}

#[cfg(unix)]
impl Project {
    /// `@confcall` in the script is the binary, as the recorded bot.
    pub(super) fn new(script: &str, command: &str, tables: &str) -> Self {
        let folder = Folder::new();
        let config = format!(
            "[target]\nrole = \"bot\"\nurl = \"http://127.0.0.1:{{port}}/callback\"\n\
             [target.command]\nrun = [\"sh\", \"bot.sh\"]\n{command}\n\
             [judging]\ndeadline = \"3s\"\n{tables}"
        );
        fs::write(folder.path("confcall.toml"), config).unwrap();
        let project = Self { folder };
        project.script(script);
        project
    }

    pub(super) fn script(&self, script: &str) {
        let bot = format!("{} replay", env!("CARGO_BIN_EXE_confcall"));
        let script = script.replace("@bot", &bot);
        fs::write(self.folder.path("bot.sh"), script).unwrap();
    }

    pub(super) fn replay(&self, more: &[&str]) -> (Option<i32>, String) {
        let report = self.folder.report();
        let arguments = ["replay", "tapes", "--report", &report];
        let mut command = command(&[&arguments[..], more].concat());
        super::output_of(command.current_dir(self.folder.0.path()))
    }

    pub(super) fn lines(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// The script of a bot that plays the recording that it is started for. The configuration beside it is not its own.
#[cfg(unix)]
const ANEW: &str = "echo \"$CONFCALL_RECORDING\" >> starts\n\
    cd tapes && @bot \"$CONFCALL_RECORDING\" --service \"$CONFCALL_SERVICE\"\n";

#[cfg(unix)]
#[test]
fn a_bot_is_started_anew_for_each_recording() {
    let project = Project::new(ANEW, "", "[reports]\njunit = \"confcall.xml\"\n");
    let first = project.folder.tape("a", &["/a1", "/a2"]);
    let second = project.folder.tape("b", &["/b"]);
    let (code, text) = project.replay(&[]);
    assert_eq!(code, Some(0), "{text}");
    let passed = [("a/tape.jsonl", "pass"), ("b/tape.jsonl", "pass")];
    assert_eq!(project.folder.results(), pairs(&passed));
    let real = |path: &Path| path.canonicalize().unwrap();
    let starts = project.lines("starts");
    let starts: Vec<PathBuf> = starts.iter().map(|it| real(Path::new(it))).collect();
    assert_eq!(starts, [real(&first), real(&second)]);
    assert_eq!(text.matches("listening http://").count(), 1, "{text}");
    assert_eq!(project.folder.reported()["target"]["role"], "bot");
    let junit = fs::read_to_string(project.folder.path("confcall.xml")).unwrap();
    assert!(
        junit.contains("tests=\"2\"") && junit.contains("failures=\"0\""),
        "{junit}"
    );
}

/// What takes longer than the deadline before the bot begins is no part of the conversation.
#[cfg(unix)]
#[test]
fn the_deadline_begins_with_the_first_request_of_a_bot() {
    let project = Project::new(&format!("sleep 1\n{ANEW}"), "", "");
    project.folder.tape("a", &["/a"]);
    let (code, text) = project.replay(&["--deadline", "300ms"]);
    assert_eq!(code, Some(0), "{text}");
}

#[cfg(unix)]
#[test]
fn a_bot_that_is_started_has_the_proxy_in_its_environment() {
    let script = format!("env > seen\n{ANEW}");
    let project = Project::new(
        &script,
        "[target.command.environment]\nOWN = \"{service}/beta\"",
        "",
    );
    let config = fs::read_to_string(project.folder.path("confcall.toml")).unwrap();
    let intercepted = config.replace("[target]\n", "[target]\nintercept = [\"graph.example\"]\n");
    fs::write(project.folder.path("confcall.toml"), intercepted).unwrap();
    project.folder.tape("a", &["/a"]);
    let ca = project.folder.path("ca");
    let (code, text) = project.replay(&["--ca-dir", ca.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{text}");
    let addresses: Vec<&str> = text
        .lines()
        .filter_map(|it| it.strip_prefix("listening "))
        .collect();
    let [service, proxy] = addresses[..] else {
        panic!("{text}");
    };
    let seen = project.lines("seen");
    for line in [
        format!("CONFCALL_SERVICE={service}"),
        format!("OWN={service}/beta"),
        format!("HTTPS_PROXY={proxy}"),
        format!("NODE_EXTRA_CA_CERTS={}", ca.join("ca.pem").display()),
    ] {
        assert!(seen.contains(&line), "{line}: {seen:?}");
    }
    assert!(!text.contains("start the bot with"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_bot_may_be_started_once() {
    let script = "echo started >> starts\ncd tapes\n\
        for tape in a b; do @bot $tape/tape.jsonl --service \"$CONFCALL_SERVICE\"; done\n";
    let project = Project::new(script, "once = true", "");
    project.folder.tape("a", &["/a"]);
    project.folder.tape("b", &["/b"]);
    let (code, text) = project.replay(&[]);
    assert_eq!(code, Some(0), "{text}");
    let passed = [("a/tape.jsonl", "pass"), ("b/tape.jsonl", "pass")];
    assert_eq!(project.folder.results(), pairs(&passed));
    assert_eq!(project.lines("starts"), ["started"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_bot_is_ended_with_all_that_it_has_started() {
    let script = format!("sleep 1000 &\necho $! >> pids\n{ANEW}sleep 1000\n");
    let script = script
        .replace("cd tapes && @bot", "(cd tapes && @bot")
        .replace("\"$CONFCALL_SERVICE\"\n", "\"$CONFCALL_SERVICE\")\n");
    let project = Project::new(&script, "", "");
    project.folder.tape("a", &["/a"]);
    project.folder.tape("b", &["/b"]);
    let (code, text) = project.replay(&[]);
    assert_eq!(code, Some(0), "{text}");
    let pids = project.lines("pids");
    assert_eq!(pids.len(), 2);
    for pid in pids {
        // One that has ended stays listed until its parent has asked for it.
        let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(status.is_empty() || status.contains(") Z "), "{status}");
    }
}

#[cfg(unix)]
#[test]
fn a_bot_that_ends_early_is_reported() {
    // It sends the first of two requests.
    let script = "cd part && @bot tape.jsonl --service \"$CONFCALL_SERVICE\" > /dev/null\n\
        echo 'nothing left to do' >&2; exit 7\n";
    let project = Project::new(script, "", "");
    project.folder.tape("a", &["/a1", "/a2"]);
    let part = project.folder.path("part");
    fs::create_dir(&part).unwrap();
    cassette(
        &part,
        &[request_exchange(
            1,
            "/a1",
            &json!({}),
            &json!({"at": "/a1"}),
        )],
    );
    let (code, text) = project.replay(&[]);
    assert_eq!(code, Some(1), "{text}");
    let result = &project.folder.reported()["results"][0];
    assert_eq!(result["failures"][0]["rule"], "request.missing");
    let notes = result["notes"].to_string();
    assert!(notes.contains("exit status: 7"), "{notes}");
    assert_eq!(result["output"], json!(["nothing left to do"]));
    assert_eq!(text.matches("nothing left to do").count(), 1, "{text}");

    // One that does not even begin is a failure of the environment, and ends the suite.
    let project = Project::new("echo 'no such module' >&2; exit 5\n", "", "");
    project.folder.tape("a", &["/a"]);
    project.folder.tape("b", &["/b"]);
    let (code, text) = project.replay(&[]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("exit status: 5"), "{text}");
    assert_eq!(text.matches("no such module").count(), 1, "{text}");
    let report = project.folder.reported();
    assert_eq!(report["results"], json!([]));
    assert!(
        report["errors"][0]
            .as_str()
            .unwrap()
            .contains("no such module")
    );
}

#[cfg(unix)]
#[test]
fn a_service_is_started_for_each_recording() {
    let folder = Folder::new();
    let call = super::Tape::new();
    fs::create_dir_all(folder.path("tapes/a")).unwrap();
    fs::create_dir_all(folder.path("tapes/b")).unwrap();
    call.write(&folder.path("tapes/a"));
    call.write(&folder.path("tapes/b"));
    let config = format!(
        "[target]\nrole = \"service\"\nurl = \"http://127.0.0.1:{{port}}\"\n\
         given = \"http://127.0.0.1:{{port}}/control/given\"\n\
         [target.command]\nlog = \"service.log\"\n\
         run = [{:?}, \"serve\", \"--edition\", \"2021-02\", \"--listen\", \"{{port}}\"]\n",
        env!("CARGO_BIN_EXE_confcall")
    );
    fs::write(folder.path("confcall.toml"), config).unwrap();
    let report = folder.report();
    let mut command = command(&["replay", "tapes", "--report", &report]);
    let (code, text) = super::output_of(command.current_dir(folder.0.path()));
    assert_eq!(code, Some(0), "{text}");
    let passed = [("a/tape.jsonl", "pass"), ("b/tape.jsonl", "pass")];
    assert_eq!(folder.results(), pairs(&passed));
}

/// Of a target that the command line does not name, the configuration says where it is.
#[test]
fn a_target_of_the_configuration_is_the_live_party() {
    let folder = Folder::new();
    folder.tape("a", &["/a"]);
    let (service, other) = (echo(), echo());
    let config = folder.path("confcall.toml");
    let section = format!("[target]\nrole = \"service\"\nurl = {:?}\n", service.url);
    fs::write(&config, section).unwrap();
    let (tapes, config) = (folder.tapes(), config.to_str().unwrap().to_owned());
    let (code, text) = confcall(&["replay", &tapes, "--config", &config]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!((service.got().len(), other.got().len()), (1, 0));
    let named = ["--service", &other.url];
    let (code, text) = confcall(&[&["replay", &tapes, "--config", &config], &named[..]].concat());
    assert_eq!(code, Some(0), "{text}");
    assert_eq!((service.got().len(), other.got().len()), (1, 1));
}

#[cfg(unix)]
#[test]
fn known_failures_are_those_of_a_run() {
    let known = |scenario: &str, rule: &str| {
        let entry = format!(
            "[[known]]\nscenario = \"{scenario}\"\nrule = \"{rule}\"\nreason = \"ticket 7\"\n"
        );
        // The bot asks for something else in `b`.
        let script = "cd other && @bot $(basename $(dirname $CONFCALL_RECORDING))/tape.jsonl \
            --service \"$CONFCALL_SERVICE\"\n";
        let project = Project::new(script, "", &entry);
        project.folder.tape("a", &["/a"]);
        project.folder.tape("b", &["/b"]);
        for (name, target) in [("a", "/a"), ("b", "/changed")] {
            let folder = project.folder.path("other").join(name);
            fs::create_dir_all(&folder).unwrap();
            cassette(
                &folder,
                &[request_exchange(1, target, &json!({}), &json!({}))],
            );
        }
        let (code, text) = project.replay(&["--deadline", "300ms"]);
        let verdicts: Vec<String> = project
            .folder
            .results()
            .into_iter()
            .map(|it| it.1)
            .collect();
        (code, verdicts.join(" "), text)
    };
    let (code, verdicts, text) = known("tapes/b/*.jsonl", "request.unexpected");
    assert_eq!((code, &*verdicts), (Some(0), "pass known"), "{text}");
    assert!(
        text.contains("KNOWN bot tapes/b/tape.jsonl: ticket 7"),
        "{text}"
    );
    // An entry about scenarios is none of a replay, even if it is of the same rule.
    let (code, verdicts, text) = known("participant-invite/", "request.unexpected");
    assert_eq!((code, &*verdicts), (Some(1), "pass fail"), "{text}");
    assert!(!text.contains("matches nothing"), "{text}");
    for (scenario, message) in [
        ("tapes/a/tape.jsonl", "remove it from `[[known]]`"),
        ("tapes/gone.jsonl", "matches nothing"),
        ("tapes/b/*.jsonl", "matches nothing"),
    ] {
        let (code, _, text) = known(scenario, "limit");
        assert_eq!(code, Some(1), "{text}");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(message), "{scenario}: {text}");
    }
}
