//! TLS on every side of confcall, through the binary: targets behind certificates of their own
//! authority, and listeners behind the local one. Everything stays on loopback.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use confcall_test_support::process::Process;
use tempfile::TempDir;

const EDITION: &str = "2021-02";
const CASSETTE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/cassettes/participant-invite/beta@2021-02/\
     invite-one-participant-to-an-existing-group-call.jsonl"
);

/// Two machines: each has an authority, and knows that of the other as a file.
struct Machines(TempDir);

impl Machines {
    fn new() -> Self {
        let machines = Self(tempfile::tempdir().unwrap());
        for name in ["near", "far"] {
            let made = machines.confcall(name, &["ca"]).output().unwrap();
            assert!(made.status.success());
        }
        machines
    }

    fn ca(&self, name: &str) -> PathBuf {
        self.0.path().join(name).join("ca.pem")
    }

    /// confcall on one of them, in an environment without settings of a user's.
    fn confcall(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_confcall"));
        command
            .args(arguments)
            .env("CONFCALL_CA_DIR", self.0.path().join(name))
            .env_remove("CONFCALL_TOKEN")
            .env_remove("SSL_CERT_FILE")
            .env_remove("SSL_CERT_DIR")
            .current_dir(self.0.path())
            .stdin(Stdio::null());
        command
    }

    /// A party on the far one, which trusts the near one, with the addresses that it prints.
    fn party(&self, arguments: &[&str], lines: usize) -> Process {
        let near = self.ca("near");
        let mut command = self.confcall("far", arguments);
        command.args(["--ca", near.to_str().unwrap()]);
        Process::start(&mut command, lines)
    }
}

fn message(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(both).unwrap()
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_service_in_tls_is_judged_where_it_is_trusted() {
    let machines = Machines::new();
    let serve = ["serve", "--edition", EDITION, "--tls"];
    let service = machines.party(&serve, 2);
    let [url, given] = &service.addresses[..] else {
        panic!("{:?}", service.addresses);
    };
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    let run = [
        "run",
        "*/invite-*",
        "--service",
        url,
        "--edition",
        EDITION,
        "--tls",
    ];

    let output = machines.confcall("near", &run).output().unwrap();
    let text = message(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(
        text.contains("not trusted") && text.contains("--ca FILE"),
        "{text}"
    );

    let far = machines.ca("far");
    let mut command = machines.confcall("near", &run);
    let output = command
        .args(["--ca", name(&far), "--given", given])
        .output()
        .unwrap();
    let text = message(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("listening https://127.0.0.1:"), "{text}");
    assert!(text.contains("0 skipped"), "{text}");

    // It is known by its name too. Only provider states are asked for where nobody is trusted.
    let named = url.replace("127.0.0.1", "localhost");
    let run = [
        "run",
        "--service",
        &named,
        "--edition",
        EDITION,
        "--tls",
        "--given",
    ];
    let mut command = machines.confcall("far", &run);
    let output = command.arg(given).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", message(&output));
}

#[test]
fn the_doctor_names_the_flaw_of_a_certificate() {
    let machines = Machines::new();
    let listen = [
        "serve",
        "--edition",
        EDITION,
        "--tls",
        "--listen",
        "0.0.0.0:0",
    ];
    let service = machines.party(&listen, 2);
    let far = machines.ca("far");
    let other = service.url().replace("127.0.0.1", "127.0.0.2");
    for (url, ca, code, words) in [
        (service.url(), None, 3, "failed  target"),
        (service.url(), None, 3, "with `--ca FILE`"),
        (&other, Some(name(&far)), 3, "use a host that it names"),
        (
            service.url(),
            Some(name(&far)),
            0,
            "with a certificate that is trusted",
        ),
    ] {
        let mut command = machines.confcall("near", &["doctor", "--service", url, "--tls"]);
        command.args(ca.map(|it| ["--ca", it]).into_iter().flatten());
        let output = command.output().unwrap();
        let text = message(&output);
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains(words), "{text}");
        assert!(
            text.contains("ok      address         https://127.0.0.1:"),
            "{text}"
        );
    }
}

#[test]
fn a_hook_that_is_not_trusted_is_reported_in_the_result() {
    let machines = Machines::new();
    let plain = machines.party(&["serve", "--edition", EDITION], 2);
    let secure = machines.party(&["serve", "--edition", EDITION, "--tls"], 2);
    let (url, given) = (&plain.addresses[0], &secure.addresses[1]);
    let run = [
        "run",
        "--service",
        url,
        "--given",
        given,
        "--edition",
        EDITION,
    ];
    let output = machines.confcall("near", &run).output().unwrap();
    let text = message(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("--ca FILE"), "{text}");
}

#[test]
fn a_bot_in_tls_is_judged_where_it_is_trusted() {
    let machines = Machines::new();
    let bot = machines.party(&["serve", "--bot", "--tls"], 3);
    let [_, callback, trigger] = &bot.addresses[..] else {
        panic!("{:?}", bot.addresses);
    };
    let run = [
        "run",
        "--bot",
        callback,
        "--trigger",
        trigger,
        "--tls",
        "--edition",
        EDITION,
    ];
    let output = machines.confcall("near", &run).output().unwrap();
    let text = message(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("--ca FILE"), "{text}");
    let far = machines.ca("far");
    let mut command = machines.confcall("near", &run);
    let output = command.args(["--ca", name(&far)]).output().unwrap();
    let text = message(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("listening https://127.0.0.1:"), "{text}");
}

#[test]
fn the_built_in_pair_speaks_tls() {
    let machines = Machines::new();
    let run = ["run", "--tls", "--edition", EDITION];
    let output = machines.confcall("near", &run).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", message(&output));
}

#[test]
fn both_sides_of_a_recording_are_played_in_tls() {
    let machines = Machines::new();
    let service = Process::start(
        &mut machines.confcall("far", &["replay", CASSETTE, "--tls"]),
        1,
    );
    let url = &service.addresses[0];
    assert!(url.starts_with("https://"), "{url}");
    let replay = [
        "replay",
        CASSETTE,
        "--service",
        url,
        "--tls",
        "--deadline",
        "50ms",
    ];
    let output = machines.confcall("near", &replay).output().unwrap();
    let text = message(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("--ca FILE"), "{text}");

    let service = machines.party(&["serve", "--edition", EDITION, "--tls"], 2);
    let [url, given] = &service.addresses[..] else {
        panic!("{:?}", service.addresses);
    };
    let far = machines.ca("far");
    let replay = [
        "replay",
        CASSETTE,
        "--service",
        url,
        "--given",
        given,
        "--tls",
    ];
    let mut command = machines.confcall("near", &replay);
    let output = command.args(["--ca", name(&far)]).output().unwrap();
    let text = message(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("listening https://127.0.0.1:"), "{text}");
}

#[test]
fn a_replay_over_plain_http_names_a_party_that_speaks_tls() {
    let machines = Machines::new();
    let service = machines.party(&["serve", "--edition", EDITION, "--tls"], 2);
    let plain = service.url().replace("https://", "http://");
    let arguments = [
        "replay",
        CASSETTE,
        "--service",
        &plain,
        "--deadline",
        "300ms",
    ];
    let said = message(&machines.confcall("near", &arguments).output().unwrap());
    let note = "speaks TLS: use `https://` in its address";
    assert!(said.contains(note), "{said}");
}

#[test]
fn a_recorder_stands_in_tls_between_two_parties_in_tls() {
    let machines = Machines::new();
    let service = machines.party(&["serve", "--edition", EDITION, "--tls"], 2);
    let [url, given] = &service.addresses[..] else {
        panic!("{:?}", service.addresses);
    };
    let cassette = machines.0.path().join("a.jsonl");
    let far = machines.ca("far");
    // The player is the bot, at a port that nobody else asks for.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = port.local_addr().unwrap().to_string();
    drop(port);
    let bot = format!("https://{at}");
    let record = [
        "record",
        "--cassette",
        name(&cassette),
        "--service",
        url,
        "--bot",
        &bot,
    ];
    let mut command = machines.confcall("near", &record);
    command.args(["--tls", "--ca", name(&far)]);
    let recorder = Process::start(&mut command, 2);
    let [requests, notifications] = &recorder.addresses[..] else {
        panic!("{:?}", recorder.addresses);
    };
    assert!(requests.starts_with("https://") && notifications.starts_with("https://"));
    let run = [
        "run",
        "--service",
        requests,
        "--given",
        given,
        "--callback-listen",
        &at,
    ];
    let mut command = machines.confcall("near", &run);
    command.args(["--callback-url", notifications, "--tls", "--ca", name(&far)]);
    let output = command.args(["--edition", EDITION]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", message(&output));
    drop(recorder);
    let loaded = confcall_test_support::cassette::load(&cassette);
    let directions = loaded.exchanges.iter().map(|it| it.direction as u8);
    assert_eq!(
        directions.collect::<std::collections::BTreeSet<_>>().len(),
        2
    );
}

#[test]
fn plain_http_to_a_listener_in_tls_is_reported() {
    let machines = Machines::new();
    let cassette = machines.0.path().join("a.jsonl");
    let record = [
        "record",
        "--cassette",
        name(&cassette),
        "--service",
        "http://127.0.0.1:9",
    ];
    for arguments in [&["serve"][..], &["replay", CASSETTE], &record] {
        let mut command = machines.confcall("near", arguments);
        command.arg("--tls");
        let party = Process::start(&mut command, 1);
        let address = party.addresses[0].strip_prefix("https://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(
            head.contains(&format!("Content-Length: {}", body.len())),
            "{answer}"
        );
        assert!(body.contains("https://"), "{answer}");
    }
}
