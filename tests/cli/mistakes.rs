//! Mistakes on the command line, each with the tip that leads out of it.

use super::{confcall, refused, stderr};

#[test]
fn a_filter_without_its_command_gets_it() {
    let error = refused(&confcall(&["invite-one"]));
    let tip = "tip: to play the scenarios that match `invite-one`: `confcall run invite-one`";
    assert!(error.contains(tip), "{error}");
    let error = refused(&confcall(&["lst"]));
    assert!(error.contains("'list'"), "{error}");
}

#[test]
fn a_kind_of_report_as_an_option_gets_the_option_of_reports() {
    for kind in ["json", "junit", "html", "events"] {
        let (option, joined) = (format!("--{kind}"), format!("--{kind}=r.x"));
        for (arguments, file) in [
            (&["run", &option, "r.x"][..], "r.x"),
            (&[&joined], "r.x"),
            (&["check", &option], "FILE"),
            (&["run", &option, "--strict"], "FILE"),
        ] {
            let error = refused(&confcall(arguments));
            let tip = format!("tip: did you mean `--report {kind}={file}`?");
            assert!(error.contains(&tip), "{arguments:?}: {error}");
            assert!(!error.contains("as a value"), "{arguments:?}: {error}");
        }
    }
    // `list` has no reports, and no filter begins like an option.
    for arguments in [&["list", "--json"], &["list", "--xyz"]] {
        let error = refused(&confcall(arguments));
        assert!(!error.contains("tip:"), "{error}");
    }
}

#[test]
fn a_folder_as_a_report_is_one_error_with_its_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let report = format!("junit={}", folder.path().display());
    let output = confcall(&["run", "--role", "bot", "--report", &report]);
    assert_eq!(output.status.code(), Some(3));
    let message = stderr(&output);
    assert_eq!(message.matches("error: ").count(), 1, "{message}");
    assert!(
        message.contains("= help: it is a folder: give the name of a file in it"),
        "{message}"
    );
}

#[test]
fn an_empty_folder_of_scenarios_has_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let error = refused(&confcall(&["run", "--scenarios", folder]));
    assert!(error.contains("the folder has no scenarios"), "{error}");
    assert!(
        error.contains("= help: give a folder with scenarios"),
        "{error}"
    );
}

#[test]
fn a_command_that_is_monitored_and_cannot_be_started_is_one_of_the_command_line() {
    let output = confcall(&["monitor", "--", "./no-such-test"]);
    assert_eq!(output.status.code(), Some(3));
    let message = stderr(&output);
    assert!(
        message.contains("`./no-such-test` cannot be started"),
        "{message}"
    );
    assert!(
        message.contains("= help: check the command after `--`"),
        "{message}"
    );
}

#[test]
fn an_address_of_a_service_with_more_than_a_path_is_refused_without_its_secret() {
    let address = |text: &str| format!("http://{}", text.replace('§', "q8Zr4TnW2xLk9Vb3"));
    for command in [
        &["record", "--cassette", "none.jsonl", "--service"][..],
        &["replay", "none.jsonl", "--service"],
        &["monitor", "--service"],
        &["run", "--service"],
        &["run", "--bot", "http://127.0.0.1:9/a", "--public-url"],
    ] {
        for (text, remedy) in [
            ("127.0.0.1:9/?code=§", "(`?…`); remove it"),
            (
                "127.0.0.1:9/#token=§",
                "(`#…`), which is never sent; remove it",
            ),
            (
                "bot:§@127.0.0.1:9/",
                "never sent; remove what is before the `@`",
            ),
        ] {
            let error = refused(&confcall(&[command, &[&address(text)]].concat()));
            assert!(error.contains(remedy), "{command:?}: {error}");
            assert!(!error.contains("xLk9Vb3"), "{command:?}: {error}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("confcall.toml");
    let target = "[target]\nrole = \"service\"\nurl = \"http://127.0.0.1:9/?code=1\"\n";
    std::fs::write(&config, target).unwrap();
    let error = refused(&confcall(&["run", "--config", config.to_str().unwrap()]));
    assert!(error.contains("(`?…`); remove it"), "{error}");
}
