//! `confcall doctor`: each check tried against real sockets and programs, and each made to fail.

use std::io::{self, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

use confcall_test_support::http;
use serde_json::Value;

use super::{BOT, Project, SERVICE, text};

/// The checks in the order of a run.
const CHECKS: [&str; 11] = [
    "configuration",
    "listener",
    "address",
    "program",
    "target",
    "proxy",
    "token",
    "clock",
    "trigger",
    "proxy variables",
    "",
];

/// What `confcall doctor` has shown, and its exit code.
struct Seen {
    code: Option<i32>,
    text: String,
}

impl Seen {
    /// A project's doctor, with variables of the environment.
    fn of(project: &Project, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = project.command(&[&["doctor"], arguments].concat());
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
            command.env_remove(name).env_remove(name.to_lowercase());
        }
        // One folder for all tests: a key takes seconds to make.
        command.env(
            "CONFCALL_CA_DIR",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/doctor"),
        );
        command.envs(environment.iter().copied());
        let output = command.output().unwrap();
        let text = text(&output.stdout) + &text(&output.stderr);
        let code = output.status.code();
        Self { code, text }
    }

    /// The lines of a check, without its name.
    fn check(&self, name: &str) -> (&str, &str) {
        let start = format!(" {name:15} ");
        let at = self
            .text
            .find(&start)
            .unwrap_or_else(|| panic!("{name}: {}", self.text));
        let line = self.text[..at].rfind('\n').map_or(0, |it| it + 1);
        let rest = &self.text[at + start.len()..];
        let ends = rest.match_indices('\n').map(|(at, _)| at);
        let mut ends = ends.filter(|at| !rest[at + 1..].starts_with("   "));
        let end = ends.next().unwrap_or(rest.len());
        (self.text[line..at].trim(), &rest[..end])
    }

    #[track_caller]
    fn is_ok(&self, name: &str, words: &str) {
        let (mark, message) = self.check(name);
        assert!(mark == "ok" && message.contains(words), "{}", self.text);
    }

    #[track_caller]
    fn is_skipped(&self, name: &str, words: &str) {
        let (mark, message) = self.check(name);
        assert!(
            mark == "skipped" && message.contains(words),
            "{}",
            self.text
        );
    }

    /// The check failed with these words, and it alone has this exit code.
    #[track_caller]
    fn has_failed(&self, name: &str, words: &[&str], code: i32) {
        let (mark, message) = self.check(name);
        let has_all = words.iter().all(|it| message.contains(it));
        assert!(mark == "failed" && has_all, "{}", self.text);
        assert!(message.contains("\n          = help: "), "{}", self.text);
        assert_eq!(self.code, Some(code), "{}", self.text);
        assert_eq!(self.text.matches("failed  ").count(), 1, "{}", self.text);
    }
}

#[test]
fn everything_that_a_run_needs_is_tried_in_its_order() {
    let seen = Seen::of(&Project::of(BOT, &[], ""), &[], &[]);
    assert_eq!(seen.code, Some(0), "{}", seen.text);
    let names = seen
        .text
        .lines()
        .map(|line| line.get(8..23).unwrap_or_default().trim());
    assert_eq!(
        names.take(CHECKS.len()).collect::<Vec<_>>(),
        CHECKS,
        "{}",
        seen.text
    );
    for name in CHECKS.iter().filter(|it| !["", "proxy"].contains(it)) {
        seen.is_ok(name, "");
    }
    seen.is_skipped("proxy", "--intercept");
    seen.is_ok(
        "trigger",
        "sent POST /v1.0/communications/calls with a token",
    );
    assert!(
        seen.text
            .ends_with("nothing failed: `confcall` plays the scenarios\n")
    );

    let seen = Seen::of(&Project::of(SERVICE, &[], ""), &[], &[]);
    assert_eq!(seen.code, Some(0), "{}", seen.text);
    seen.is_ok("token", "404");
    seen.is_skipped("trigger", "a service is not triggered");
}

#[test]
fn the_configuration_fails_with_its_place() {
    let seen = Seen::of(&Project::new("[targt]\n"), &[], &[]);
    let (mark, message) = seen.check("configuration");
    assert_eq!((seen.code, mark), (Some(2), "failed"));
    assert!(message.starts_with("confcall.toml:1:2: "), "{message}");
    let seen = Seen::of(&Project::new(""), &[], &[]);
    seen.has_failed("configuration", &["the configuration has no `[target]`"], 2);
    let seen = Seen::of(&Project::new(""), &["--config", "absent.toml"], &[]);
    assert_eq!(seen.code, Some(2), "{}", seen.text);
}

#[test]
fn a_port_that_is_taken_fails_the_listener() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let project = Project::of(BOT, &[], "");
    let target = format!("listen = \"{port}\"\n\n[target.command]");
    let file = std::fs::read_to_string(project.path().join("confcall.toml")).unwrap();
    let seen = Seen::of(
        &Project::new(&file.replace("[target.command]", &target)),
        &[],
        &[],
    );
    seen.has_failed("listener", &[&port, "= help: "], 3);
    for name in ["address", "program", "token", "proxy variables"] {
        seen.is_skipped(name, "it needs `listener`");
    }
    seen.is_skipped("target", "it needs `program`");
}

#[test]
fn an_address_that_leads_elsewhere_fails() {
    let bot = Bot::start(Behaviour::Conforms);
    let elsewhere = http::party("127.0.0.1:0", |stream| {
        answer(stream, |_| "200 OK".to_owned())
    });
    let nobody = http::free_port();
    for (url, words) in [
        (
            format!("http://{elsewhere}/hook"),
            "another program responds with 200",
        ),
        (format!("http://127.0.0.1:{nobody}"), "nobody listens"),
    ] {
        let seen = bot.examined(&["--public-url", &url]);
        let (mark, message) = seen.check("address");
        assert!(mark == "failed" && message.contains(words), "{}", seen.text);
        assert!(message.contains("`--public-url`"), "{}", seen.text);
        // Nothing else is there either.
        assert_eq!(seen.code, Some(3), "{}", seen.text);
    }
}

#[test]
fn an_address_that_hides_tokens_fails() {
    let port = http::free_port();
    let own = format!("http://127.0.0.1:{port}");
    let proxy = http::party("127.0.0.1:0", move |stream| {
        answer(stream, |message| {
            let path = message.head.split(' ').nth(1).unwrap();
            if path.contains("/login/") {
                return "404 Not Found".to_owned();
            }
            let body = String::from_utf8_lossy(&message.body);
            let method = message.head.split(' ').next().unwrap();
            let token = message.field("authorization").unwrap_or_default();
            let token = format!("Authorization: {token}\r\n");
            let answer = http::send(method, &own, path, &token, &body).unwrap();
            answer.strip_prefix("HTTP/1.1 ").unwrap().to_owned()
        })
    });
    let bot = Bot::start(Behaviour::Conforms);
    let (listen, public) = (port.to_string(), format!("http://{proxy}"));
    let seen = bot.examined(&["--listen", &listen, "--public-url", &public]);
    seen.is_ok("address", &public);
    seen.has_failed("token", &["/.well-known/openid-configuration is 404"], 3);
}

#[test]
fn a_program_that_does_not_come_up_fails() {
    let dying = "[target]\nrole = \"bot\"\nurl = \"http://127.0.0.1:{port}/\"\n\
                 [target.command]\nrun = [\"sh\", \"-c\", \"echo no such module; exit 7\"]\n";
    let seen = Seen::of(&Project::new(dying), &[], &[]);
    let (mark, message) = seen.check("program");
    assert_eq!((mark, seen.code), ("failed", Some(3)), "{}", seen.text);
    assert!(message.contains("no such module"), "{}", seen.text);
    seen.is_skipped("target", "it needs `program`");

    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let seen = Seen::of(
        &Project::new(&dying.replace("127.0.0.1:{port}", &address)),
        &[],
        &[],
    );
    seen.has_failed("program", &["another program listens at ", &address], 3);
}

#[test]
fn a_target_that_does_not_listen_fails() {
    let url = format!("http://127.0.0.1:{}/callback", http::free_port());
    let seen = Seen::of(&Project::new(""), &["--bot", &url, "--trigger", &url], &[]);
    seen.has_failed("target", &[&url, "nobody listens"], 3);
    seen.is_skipped("clock", "it needs `target`");
    seen.is_skipped("trigger", "it needs `target`");
}

#[test]
fn a_proxy_is_tried_with_a_host_that_it_stands_in_for() {
    let bot = Bot::start(Behaviour::Silent);
    let seen = bot.examined(&["--intercept", "graph.example"]);
    seen.is_ok(
        "proxy",
        "graph.example leads to confcall through http://127.0.0.1:",
    );
    // No certificate is for a label of this length.
    let long = format!("{}.example", "a".repeat(64));
    let seen = bot.examined(&["--intercept", &long]);
    let (mark, message) = seen.check("proxy");
    assert!(mark == "failed" && message.contains(&long), "{}", seen.text);
    assert_eq!(seen.code, Some(3), "{}", seen.text);
}

#[test]
fn a_variable_that_leads_past_confcall_fails_unless_the_request_comes() {
    let dead = ("HTTP_PROXY", "http://127.0.0.1:9");
    let service = Project::of(SERVICE, &[], "");
    let seen = Seen::of(&service, &[], &[dead]);
    seen.has_failed(
        "proxy variables",
        &["`HTTP_PROXY=http://127.0.0.1:9` is set"],
        3,
    );
    let seen = Seen::of(&service, &[], &[dead, ("no_proxy", "localhost,127.0.0.1")]);
    seen.is_ok("proxy variables", "no variable");
    let seen = Seen::of(&Project::of(BOT, &[], ""), &[], &[dead]);
    seen.is_ok("proxy variables", "came nevertheless");
    let bot = Bot::start(Behaviour::Silent);
    let seen = Seen::of(&Project::new(""), &bot.arguments(), &[dead]);
    seen.is_skipped("proxy variables", "is not known");
}

#[test]
fn a_token_that_is_refused_fails() {
    let service = Project::of(SERVICE, &["--token", "secret"], "");
    let seen = Seen::of(
        &service,
        &["--deadline", "2s"],
        &[("CONFCALL_TOKEN", "other")],
    );
    seen.has_failed(
        "token",
        &["the service responds with 401", "CONFCALL_TOKEN"],
        1,
    );
    let seen = Seen::of(&service, &[], &[("CONFCALL_TOKEN", "secret")]);
    seen.is_ok("token", "404");
}

#[test]
fn a_bot_that_does_not_send_its_request_fails_the_trigger() {
    for (behaviour, words) in [
        (
            Behaviour::Silent,
            &["did not send the request", "no request reached confcall"][..],
        ),
        (Behaviour::CallsElsewhere, &["POST /elsewhere"]),
        (
            Behaviour::LacksToken,
            &["without a token", "Authorization: Bearer TOKEN"],
        ),
        (Behaviour::Refuses, &["the trigger failed", "404"]),
    ] {
        let seen = Bot::start(behaviour).examined(&["--deadline", "500ms"]);
        seen.has_failed("trigger", words, 1);
    }
    let seen = Bot::start(Behaviour::Declines).examined(&[]);
    seen.is_skipped("trigger", "the bot declines");
}

#[test]
fn a_trigger_is_of_an_operation_that_has_one() {
    let bot = confcall_test_support::bot::Bot::start();
    let rows = r#"
        [target]
        role = "bot"
        url = "http://@bot/callback"
        [[trigger]]
        operation = "invite"
        request = "POST http://@bot/calls/{call}/people"
        body = { service = "{url}", people = "{/participants}" }
    "#;
    let project = Project::new(&rows.replace("@bot", &bot.address));
    let seen = Seen::of(&project, &[], &[]);
    seen.is_ok("trigger", "/participants/invite with a token");
    assert_eq!(seen.code, Some(0), "{}", seen.text);
    let seen = Seen::of(&project, &["--operation", "mute"], &[]);
    seen.is_skipped("trigger", "no selected scenario");
}

#[test]
fn a_clock_that_is_wrong_fails() {
    let seen = Bot::start(Behaviour::LivesInThePast).examined(&[]);
    seen.has_failed("clock", &[" s behind", "06 Nov 1994"], 1);
    seen.is_ok("trigger", "with a token");
}

/// The way in which a bot acts on its trigger.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Behaviour {
    Conforms,
    Silent,
    CallsElsewhere,
    LacksToken,
    Refuses,
    Declines,
    LivesInThePast,
}

/// A bot that runs already.
struct Bot {
    callback: String,
    trigger: String,
}

impl Bot {
    fn start(behaviour: Behaviour) -> Self {
        let address = http::party("127.0.0.1:0", move |stream| {
            answer(stream, |message| behaviour.status(message))
        });
        Self {
            callback: format!("http://{address}/callback"),
            trigger: format!("http://{address}/trigger"),
        }
    }

    fn arguments(&self) -> [&str; 4] {
        ["--bot", &self.callback, "--trigger", &self.trigger]
    }

    fn examined(&self, arguments: &[&str]) -> Seen {
        let arguments = [&self.arguments()[..], arguments].concat();
        Seen::of(&Project::new(""), &arguments, &[])
    }
}

impl Behaviour {
    /// The status line and the fields of an answer.
    fn status(self, message: &http::Message) -> String {
        let date = match self {
            Self::LivesInThePast => "\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT",
            _ => "",
        };
        if !message.head.starts_with("POST /trigger ") {
            return format!("202 Accepted{date}");
        }
        match self {
            Self::Refuses => return "404 Not Found".to_owned(),
            Self::Declines => return "501 Not Implemented".to_owned(),
            Self::Silent => return "202 Accepted".to_owned(),
            _ => {}
        }
        let asked: Value = serde_json::from_slice(&message.body).unwrap();
        let request = &asked["request"];
        let url = request["url"].as_str().unwrap();
        let (origin, path) = url.split_at(url.match_indices('/').nth(2).unwrap().0);
        let path = match self {
            Self::CallsElsewhere => "/elsewhere",
            _ => path,
        };
        let token = match self {
            Self::LacksToken => "",
            _ => "Authorization: Bearer token\r\n",
        };
        let method = request["method"].as_str().unwrap();
        http::send(method, origin, path, token, &request["body"].to_string()).unwrap();
        format!("202 Accepted{date}")
    }
}

/// Answers each message of a connection. The function gives the status line, and with it the head or the whole answer.
fn answer(stream: TcpStream, status: impl Fn(&http::Message) -> String) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    while let Some(message) = http::read(&mut reader)? {
        let status = status(&message);
        if status.contains("\r\n\r\n") {
            return write!(stream, "HTTP/1.1 {status}");
        }
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")?;
    }
    Ok(())
}
