//! Targets that behave badly: the run ends in time, says why with the end of their output, and
//! leaves no process.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{CONFCALL, Project, text};

/// A shell script as target, in which `@bot` is the built-in one and `@3071` a time to sleep, with further settings of its command.
pub(super) fn script(lines: &str, settings: &str) -> Project {
    let project = Project::new(&format!(
        r#"
[target]
role = "bot"
url = "http://127.0.0.1:{{port}}/callback"
trigger = "http://127.0.0.1:{{port}}/trigger"

[target.command]
run = ["sh", "bot.sh", "{{port}}"]
log = "bot.log"
{settings}
"#
    ));
    let mut bot = lines.replace("@bot", &format!("{CONFCALL} serve --bot --listen \"$1\""));
    for seconds in 3071..3160 {
        bot = bot.replace(&format!("@{seconds}"), &nap(seconds));
    }
    fs::write(project.path().join("bot.sh"), bot).unwrap();
    project
}

/// Whether a process sleeps for this long: `sleep N` of a script, as [`script`] writes it.
pub(super) fn lives(seconds: u32) -> bool {
    let marker = format!("sleep\x00{}", nap(seconds));
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let has = |path: &Path| {
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        text(&line).contains(&marker)
    };
    processes.into_iter().any(|it| has(&it.path()))
}

/// A time to sleep that no other run of these tests has at the same time.
pub(super) fn nap(seconds: u32) -> String {
    format!("{seconds}.{}", std::process::id())
}

/// Waits for processes to go, which the kernel tells with a little delay.
pub(super) fn is_gone(seconds: u32) -> bool {
    let begun = Instant::now();
    while lives(seconds) {
        if begun.elapsed() > Duration::from_secs(10) {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

#[test]
fn a_program_that_is_none_is_reported() {
    let project = Project::new(
        "[target]\nrole = \"bot\"\nurl = \"http://127.0.0.1:{port}/\"\n[target.command]\nrun = [\"./no-such-bot\"]\n",
    );
    let output = project.confcall(&["run"]);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{message}");
    assert!(
        message.contains("`./no-such-bot` cannot be started"),
        "{message}"
    );
}

#[test]
fn a_bot_that_dies_at_start_is_reported_with_its_last_words() {
    let project = script("echo starting; echo no such module: bot >&2; exit 7", "");
    let output = project.confcall(&["run"]);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{message}");
    for part in [
        "ended before it was ready",
        "exit status: 7",
        "no such module: bot",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_bot_that_never_gets_ready_is_ended() {
    let project = script(
        "echo warming up; exec sleep @3071",
        "ready-within = \"300ms\"",
    );
    let output = project.confcall(&["run"]);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{message}");
    assert!(
        message.contains("is not ready after 300ms") && message.contains("warming up"),
        "{message}"
    );
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        message.contains("give it the port with `{port}` in `run` or `environment`"),
        "{message}"
    );
    assert!(is_gone(3071), "the bot still runs");
    let project = script(
        "exec sleep @3072",
        "ready-within = \"300ms\"\nready = \"come in\"",
    );
    let message = text(&project.confcall(&["run"]).stderr);
    assert!(
        message.contains("it has not printed `come in`"),
        "{message}"
    );
    assert!(is_gone(3072), "the bot still runs");
}

#[test]
fn a_bot_is_ready_when_it_says_so() {
    let project = script(
        "@bot | sed -u 's/^trigger .*/come in, please/'",
        "ready = \"come in\"",
    );
    let (code, report) = project.run(&["2021-02/invite"]);
    assert_eq!(
        (code, &report["summary"]["pass"]),
        (0, &4.into()),
        "{report:#}"
    );
}

#[test]
fn a_bot_that_floods_its_output_fills_neither_pipe_nor_disk() {
    let flood = "yes 'a line that says very little, again and again' | head -c 100000000 & @bot";
    let project = script(flood, "");
    let (code, report) = project.run(&["2021-02/invite"]);
    assert_eq!(
        (code, &report["summary"]["pass"]),
        (0, &4.into()),
        "{report:#}"
    );
    let log = fs::metadata(project.path().join("bot.log")).unwrap().len();
    assert!(log <= 64 * 1024 * 1024 + 64, "{log}");
}

#[test]
fn a_bot_that_ignores_sigterm_is_killed() {
    let deaf = "trap '' TERM; @bot & while true; do sleep @3073; done";
    let project = script(deaf, "end-within = \"300ms\"");
    let output = project.confcall(&["run", "2021-02/invite"]);
    let message = text(&output.stderr);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{message}{}",
        text(&output.stdout)
    );
    assert!(
        message.contains("did not end within 300ms of SIGTERM and was killed"),
        "{message}"
    );
    assert!(is_gone(3073), "the bot still runs");
}

#[test]
fn a_bot_leaves_no_children() {
    // One in the group, and one that has left it for a session of its own.
    let leaves = "sleep @3074 & (setsid sleep @3075 &) ; @bot";
    let project = script(leaves, "");
    let output = project.confcall(&["run", "2021-02/invite"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(is_gone(3074), "a child still runs");
    if cfg!(target_os = "linux") {
        assert!(is_gone(3075), "a child that left the group still runs");
    }
}

/// A text without its line breaks, which depend on the length of paths and numbers.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_command_that_takes_too_long_leaves_no_process() {
    let project = script("@bot", "");
    let file = project.path().join("confcall.toml");
    let config = fs::read_to_string(&file).unwrap();
    let (here, away) = (nap(3078), nap(3079));
    let trigger = format!("trigger = [\"sh\", \"-c\", \"(setsid sleep {away} &) ; sleep {here}\"]");
    let config = config.replace("trigger = \"http://127.0.0.1:{port}/trigger\"", &trigger);
    fs::write(&file, config).unwrap();
    let output = project.confcall(&["run", "2021-02/invite", "--deadline", "300ms"]);
    let message = unwrapped(&text(&output.stdout));
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        message.contains("4 inconclusive") && message.contains("within 300ms"),
        "{message}"
    );
    assert!(is_gone(3078), "a child still runs");
    if cfg!(target_os = "linux") {
        assert!(is_gone(3079), "a child that left the group still runs");
    }
}

#[test]
fn a_bot_that_dies_on_the_way_ends_the_run_with_the_reason() {
    // Whoever triggers it ends it: what is then waited for never comes.
    let dies = "@bot & echo $! >bot.pid; wait $!; echo out of memory; exit 9";
    let project = script(dies, "");
    let file = project.path().join("confcall.toml");
    let config = fs::read_to_string(&file).unwrap();
    let trigger = "trigger = [\"sh\", \"-c\", \"kill -9 $(cat bot.pid) 2>&-; exit 0\"]";
    let config = config.replace("trigger = \"http://127.0.0.1:{port}/trigger\"", trigger);
    fs::write(&file, config).unwrap();
    let begun = Instant::now();
    let output = project.confcall(&["run", "2021-02/invite", "--deadline", "60s"]);
    let message = unwrapped(&(text(&output.stdout) + &text(&output.stderr)));
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        begun.elapsed() < Duration::from_secs(50),
        "the deadline was waited for"
    );
    for part in ["4 inconclusive", "ended during the run", "out of memory"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn whatever_a_bot_breaks_by_dying_says_so() {
    // The trigger fails for the end of the bot, which may be seen before or after that.
    let project = script("@bot & echo $! >bot.pid; wait $!; exit 9", "");
    let file = project.path().join("confcall.toml");
    let config = fs::read_to_string(&file).unwrap();
    let trigger = "trigger = [\"sh\", \"-c\", \"kill -9 $(cat bot.pid) 2>&-; exit 1\"]";
    let config = config.replace("trigger = \"http://127.0.0.1:{port}/trigger\"", trigger);
    fs::write(&file, config).unwrap();
    let (code, report) = project.run(&["2021-02/invite"]);
    assert_eq!(code, 1);
    for result in report["results"].as_array().unwrap() {
        let message = format!("{} {}", result["reason"], result["notes"]);
        let count = message.matches("ended during the run").count();
        assert_eq!(count, 1, "{message}");
    }
}

#[test]
fn an_interrupted_run_ends_its_target() {
    let project = script("@bot & exec sleep @3076", "ready = \"come in\"");
    let mut run = std::process::Command::new(CONFCALL)
        .arg("run")
        .current_dir(project.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !lives(3076) {
        assert!(run.try_wait().unwrap().is_none(), "the run has ended");
        std::thread::yield_now();
    }
    let kill = std::process::Command::new("kill")
        .arg(run.id().to_string())
        .status();
    assert!(kill.unwrap().success());
    assert_eq!(run.wait().unwrap().code(), Some(130));
    assert!(is_gone(3076), "the bot still runs");
}
