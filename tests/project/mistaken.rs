//! Mistakes in a project, each with an exit that is no success and a message that names the way out.

use std::fs;
use std::io::{BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output};

use confcall_test_support::http;
use serde_json::Value;

use super::badly::script;
use super::{BOT, CONFCALL, Project, SERVICE, text};

/// All that a command prints, its white space made one.
fn said(output: &Output) -> String {
    let both = text(&output.stdout) + &text(&output.stderr);
    both.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A project whose target has this address instead of a free port.
fn fixed(target: &str, address: &str) -> Project {
    let target = target.replace("http://127.0.0.1:{port}", &format!("http://{address}"));
    Project::of(&target, &[], "")
}

#[test]
fn another_program_at_the_address_of_the_target_is_not_judged_in_its_place() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let by_text = BOT.replace("log =", "ready = \"listening\"\nlog =");
    for target in [BOT, &by_text, SERVICE] {
        let project = fixed(target, &address);
        let output = project.confcall(&["run", "2021-02/invite-one-pstn"]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(3), "{said}");
        let expected = format!(
            "another program listens at {address} already = help: end it, or let confcall pick a free port"
        );
        assert!(said.contains(&expected), "{said}");
    }
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/cassettes");
    let output = fixed(BOT, &address).confcall(&["replay", example]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("another program listens at"));
}

#[test]
fn a_value_of_the_file_that_no_page_has_is_shown_at_its_place() {
    for (lines, place, words) in [
        (
            "[claims]\neditions = [\"2021-02\", \"banana\"]\n",
            "2:24",
            "no scenario has the edition `banana`",
        ),
        (
            "[claims]\neditions = [\"2021-2\"]\n",
            "2:13",
            "    2021-02\n",
        ),
        ("[claims]\neditions = [\"1999-01\"]\n", "2:13", "edition"),
        (
            "[claims]\napi = [\"v2.0\"]\n",
            "2:8",
            "did you mean `v1.0`?",
        ),
        (
            "[claims]\napi = [\"x\"]\n",
            "2:8",
            "expected one of beta, v1.0",
        ),
        (
            "[scenarios]\noperations = [\"mute\", \"zzz\"]\n",
            "2:23",
            "no scenario has the operation `zzz`",
        ),
        (
            "[scenarios]\noperations = [\"invte\"]\n",
            "2:15",
            "did you mean",
        ),
        ("[scenarios]\nlocales = [\"xx\"]\n", "2:12", "locale"),
        ("[scenarios]\nfilters = [\"nothing-like\"]\n", "2:12", "id"),
    ] {
        let config = format!("{lines}[target]\nrole = \"service\"\nurl = \"http://127.0.0.1:9\"\n");
        let output = Project::new(&config).confcall(&[]);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        let start = format!("error: confcall.toml:{place}: no scenario");
        assert!(message.starts_with(&start), "{message}");
        assert!(message.contains(words), "{message}");
        assert!(message.contains("\n  = help: "), "{message}");
    }
    // Without one that is close, all are named.
    let config = "[scenarios]\noperations = [\"zzz\"]\n";
    let message = text(&Project::new(config).confcall(&[]).stderr);
    assert!(message.contains("help: expected one of "), "{message}");
    assert!(message.contains(", invite, "), "{message}");
    // An option is no value of the file.
    let output = Project::new(config).confcall(&["run", "--operation", "yyy"]);
    assert!(text(&output.stderr).starts_with("error: no scenario has the operation `yyy`"));
}

#[test]
fn a_run_without_a_project_says_that_the_built_in_pair_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let first = |arguments: &[&str]| {
        let mut command = Command::new(CONFCALL);
        let output = command.args(arguments).current_dir(folder.path()).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let message = text(&output.stderr);
        message.lines().next().unwrap_or_default().to_owned()
    };
    let note = "no confcall.toml in this folder: the built-in service and bot are judged";
    assert_eq!(first(&["--shard", "1/400"]), note);
    for explicit in [
        &["run", "2021-02/invite-one-pstn"][..],
        &["--role", "bot", "--shard", "1/300"],
        &["--inject", "none", "--shard", "1/100"],
    ] {
        assert_eq!(first(explicit), "", "{explicit:?}");
    }
    fs::write(folder.path().join("confcall.toml"), "").unwrap();
    assert_eq!(first(&["--shard", "1/400"]), "");
}

#[test]
fn a_callback_that_the_service_does_not_reach_is_named() {
    let nobody = format!("http://127.0.0.1:{}", http::free_port());
    let service = SERVICE.replace(
        "[target]\n",
        &format!("[target]\ncallback-url = \"{nobody}\"\n"),
    );
    let project = Project::of(&service, &[], "");
    let run = ["run", "2021-02/invite-one-pstn", "--deadline", "400ms"];
    let output = project.confcall(&run);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!(
        "note: no notification reached confcall at all: the callback was {nobody}/; `confcall doctor` tries it"
    );
    assert!(said(&output).contains(&expected), "{}", said(&output));
}

#[test]
fn plain_http_to_a_party_with_tls_is_named() {
    let service = SERVICE.replace("given = \"http://127.0.0.1:{port}/control/given\"\n", "");
    let project = Project::of(&service, &["--tls"], "");
    let confcall = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command.env(
            "CONFCALL_CA_DIR",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/doctor"),
        );
        command.output().unwrap()
    };
    for given in ["create", "assume"] {
        let output = confcall(&["run", "call-mute/v1.0", "--given", given]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains("speaks TLS: use `https://` in its address"),
            "{said}"
        );
    }
    let output = confcall(&["doctor"]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("speaks TLS = help: use `https://` in its address"),
        "{said}"
    );
}

#[test]
fn a_target_that_a_request_of_the_doctor_ends_is_named() {
    let address = format!("127.0.0.1:{}", http::free_port());
    let project = script(
        "echo $$ >bot.pid; echo no body >&2; exec sleep @3141",
        "ready-within = \"30s\"",
    );
    let file = project.path().join("confcall.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, config.replace("127.0.0.1:{port}", &address)).unwrap();
    let pid = project.path().join("bot.pid");
    let party = std::thread::spawn({
        let address = address.clone();
        move || {
            while !fs::read_to_string(&pid).is_ok_and(|it| it.ends_with('\n')) {
                std::thread::yield_now();
            }
            http::party(&address, move |stream| {
                if http::read(&mut BufReader::new(stream))?.is_some() {
                    let pid = fs::read_to_string(&pid)?;
                    Command::new("kill").args(["-9", pid.trim()]).status()?;
                }
                Ok(())
            })
        }
    });
    let output = project.confcall(&["doctor"]);
    party.join().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let expected = "target `sh` ended after `GET /callback`: signal: 9 (SIGKILL) the last lines of its output: no body";
    assert!(said.contains(expected), "{said}");
    assert!(!said.contains("start it first"), "{said}");
    assert!(said.contains("= help: let the target survive any request"));
}

#[test]
fn the_end_of_the_target_is_the_first_cause_with_its_last_lines_once() {
    let dies = "@bot & echo $! >bot.pid; wait $!; seq 1000 2000; echo out of memory; exit 9";
    let project = script(dies, "");
    let file = project.path().join("confcall.toml");
    let config = fs::read_to_string(&file).unwrap();
    let trigger = "trigger = [\"sh\", \"-c\", \"kill -9 $(cat bot.pid) 2>&-; exit 1\"]";
    let config = config.replace("trigger = \"http://127.0.0.1:{port}/trigger\"", trigger);
    fs::write(&file, config).unwrap();
    let (code, report) = project.run(&["2021-02/invite"]);
    assert_eq!(code, 1);
    for result in report["results"].as_array().unwrap() {
        let reason = result["reason"].as_str().unwrap();
        let first = "`sh` ended during the run: exit status: 9";
        assert!(reason.starts_with(first), "{result:#}");
        assert!(!reason.contains('\n'), "{result:#}");
        let output = result["output"].as_array().unwrap();
        assert_eq!(output.len(), 12, "{result:#}");
        assert_eq!(output[0], "1990", "{result:#}");
        assert_eq!(output[11], "out of memory", "{result:#}");
    }
    let starts = script("seq 1000 2000; exit 7", "").confcall(&["run"]);
    let message = text(&starts.stderr);
    let lines = message.lines().filter(|it| it.starts_with("    ")).count();
    assert_eq!(lines, 12, "{message}");
}

#[test]
fn a_website_is_not_taken_for_a_service() {
    let site = http::party("127.0.0.1:0", |stream| {
        let page = "<html><body>Unsupported method</body></html>";
        let head = "HTTP/1.1 501 Unsupported\r\nContent-Type: text/html;charset=utf-8";
        http::read(&mut BufReader::new(stream.try_clone()?))?;
        let mut stream = stream;
        write!(
            stream,
            "{head}\r\nContent-Length: {}\r\n\r\n{page}",
            page.len()
        )
    });
    let url = format!("http://{site}");
    let project = Project::new("");
    let run = ["run", "call-mute/v1.0", "--service", &url];
    let created = said(&project.confcall(&run));
    assert!(
        created
            .contains("the response is 501: an HTML page; is this the service? check `--service`"),
        "{created}"
    );
    let given = said(&project.confcall(&[&run[..], &["--given", &url]].concat()));
    assert!(given.contains("inconclusive"), "{given}");
    assert!(
        given.contains("the response is 501: an HTML page"),
        "{given}"
    );
    assert!(!given.contains("<html>"), "{given}");
}

#[test]
fn a_known_failure_by_the_wrong_rule_is_corrected_and_not_removed() {
    let known = "[[known]]\nscenario = \"*/invite-one-pstn-*\"\nrule = \"request.body\"\nreason = \"soon\"\n";
    let project = Project::of(BOT, &["--mutant", "token-missing"], known);
    let (code, report) = project.run(&["2021-02/invite-one-pstn"]);
    assert_eq!(code, 1);
    let errors = report["errors"].as_array().unwrap();
    let expected = "matches nothing (soon): the scenario fails by request.header: correct `rule`";
    let is_there = |it: &Value| it.as_str().unwrap().ends_with(expected);
    assert!(errors.iter().any(is_there), "{errors:?}");
}
