//! What is started for which trials, and that it ends.

use std::fs;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::{By, ONE, PHONE, Project, trial};

crate::tests!(
    names_are_listed_and_nothing_is_started,
    a_name_that_no_trial_has_fails,
    all_trials_share_one_target_which_is_ended,
    a_filter_plays_what_it_selects,
    a_process_of_its_own_has_a_target_of_its_own,
    one_thread_plays_all_the_same,
    arguments_are_added_to_the_command,
    a_program_is_started_in_the_place_of_the_command,
    a_program_needs_no_command_in_the_file,
    a_target_may_listen_already,
    the_injected_kind_is_in_the_names,
    an_interrupted_suite_ends_its_target,
);

fn names_are_listed_and_nothing_is_started() {
    let project = Project::new("", "");
    let tested = project.test(&["--list", "--format", "terse"]);
    let listed = tested.listed();
    assert_eq!(listed.len(), 4, "{listed:?}");
    assert!(listed.contains(&trial(ONE).as_str()), "{listed:?}");
    let tested = project.test(&["--list", "--format", "terse", "--ignored"]);
    assert!(tested.listed().is_empty());
    assert_eq!(project.starts(), 0);
}

fn a_name_that_no_trial_has_fails() {
    let project = Project::new("", "");
    let tested = project.test(&["--exact", "invite-one"]);
    tested.must(1, &["error: no test is named `invite-one`"]);
    assert_eq!(project.starts(), 0);
}

fn all_trials_share_one_target_which_is_ended() {
    let project = Project::new("", "");
    let tested = project.test(&[]);
    tested.must(0, &["test result: ok. 4 passed; 0 failed; 0 ignored"]);
    tested.must_say_of(&trial(ONE), "ok");
    // Nothing stands between the lines that other programs read.
    assert!(!tested.output.contains("listening"), "{}", tested.output);
    assert_eq!(project.starts(), 1);
    let log = fs::read_to_string(project.path().join("bot.log")).unwrap();
    let url = log.strip_prefix("listening http://").unwrap();
    let address = url.lines().next().unwrap();
    let connected = TcpStream::connect(address);
    assert!(connected.is_err(), "the bot still listens at {address}");
}

fn a_filter_plays_what_it_selects() {
    let project = Project::new("", "");
    let tested = project.test(&["invite-one"]);
    tested.must(0, &["2 passed", "2 filtered out"]);
    let log = fs::read_to_string(project.path().join("bot.log")).unwrap();
    assert!(log.starts_with("listening"), "{log}");
    // One that selects nothing here may be meant for other tests of the package.
    project.test(&["something else"]).must(0, &["0 passed"]);
    assert_eq!(project.starts(), 1);
}

fn a_process_of_its_own_has_a_target_of_its_own() {
    let project = Project::new("", "");
    for name in [ONE, PHONE] {
        let tested = project.test(&["--exact", &trial(name), "--nocapture"]);
        tested.must(0, &["1 passed", "3 filtered out"]);
    }
    assert_eq!(project.starts(), 2);
}

fn one_thread_plays_all_the_same() {
    let project = Project::new("", "");
    let tested = project.test(&["--test-threads", "1"]);
    tested.must(0, &["4 passed"]);
    assert_eq!(project.starts(), 1);
}

fn arguments_are_added_to_the_command() {
    let project = Project::scripted("exec @bot \"$2\" \"$3\"", "");
    let tested = project.test_by(By::Arguments, &[]);
    tested.must(101, &["4 failed", "request.header"]);
}

fn a_program_is_started_in_the_place_of_the_command() {
    let project = Project::new("", "");
    let tested = project.test_by(By::Program, &[]);
    tested.must(0, &["4 passed"]);
    assert_eq!(project.starts(), 0);
    // The rest of the command holds for it.
    assert!(project.path().join("bot.log").exists());
}

fn a_program_needs_no_command_in_the_file() {
    let project = Project::without_command();
    let tested = project.test_by(By::Program, &[]);
    tested.must(0, &["4 passed"]);
}

fn a_target_may_listen_already() {
    for project in [Project::without_command(), Project::new("", "")] {
        let tested = project.test_by(By::Listening, &[]);
        tested.must(0, &["4 passed"]);
        assert_eq!(project.starts(), 0);
    }
}

fn an_interrupted_suite_ends_its_target() {
    // It never says that it is ready.
    let bot = "echo $$ >pid.new; mv pid.new pid; exec sleep 3081";
    let project = Project::scripted(bot, "ready = \"come in\"");
    let mut suite = project.command(By::File, &[]);
    let mut suite = suite.stdout(Stdio::null()).spawn().unwrap();
    let pid = loop {
        if let Ok(pid) = fs::read_to_string(project.path().join("pid")) {
            break pid;
        }
        assert!(suite.try_wait().unwrap().is_none(), "the suite has ended");
        std::thread::yield_now();
    };
    let kill = |arguments: &[&str]| {
        let mut kill = Command::new("kill");
        let status = kill.args(arguments).stderr(Stdio::null()).status();
        status.unwrap().success()
    };
    assert!(kill(&["-INT", &suite.id().to_string()]));
    assert_eq!(suite.wait().unwrap().code(), Some(130));
    // The kernel tells it with a little delay.
    let begun = Instant::now();
    while kill(&["-0", pid.trim()]) {
        assert!(begun.elapsed() < Duration::from_secs(10), "the bot runs");
        std::thread::yield_now();
    }
}

fn the_injected_kind_is_in_the_names() {
    let project = Project::new("", "");
    let file = project.path().join("confcall.toml");
    let text = fs::read_to_string(&file).unwrap();
    let injection = "inject = [\"duplicate-notification\"]\neditions";
    fs::write(&file, text.replace("editions", injection)).unwrap();
    let name = trial(&format!("{ONE}~duplicate-notification"));
    let tested = project.test(&["--exact", &name]);
    tested.must(0, &["1 passed", "7 filtered out"]);
}
