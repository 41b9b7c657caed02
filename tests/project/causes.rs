//! The causes of a message that did not come, as far as confcall can see them.

use serde_json::Value;

use super::{BOT, Project, SERVICE, text};

/// What a run of invitations says whose bot was started with these arguments.
fn said(bot: &str, more: &[&str], arguments: &[&str]) -> String {
    let project = Project::of(
        bot,
        more,
        "[scenarios]\nfilters = [\"@2021-02/invite-one-\"]\n",
    );
    let mut command = project.command(&["run", "--deadline", "400ms"]);
    command.args(arguments);
    command.env("http_proxy", "http://proxy.example:3128");
    text(&command.output().unwrap().stdout)
}

#[test]
fn a_bot_that_sends_nothing_is_told_from_one_that_sends_elsewhere() {
    let silent = said(BOT, &["--mutant", "never-sends"], &[]);
    let silent = silent.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        silent
            .contains("no request reached confcall at all: confcall listens at http://127.0.0.1:"),
        "{silent}"
    );
    let proxy =
        "`http_proxy=http://proxy.example:3128` is set, and `NO_PROXY` does not name 127.0.0.1";
    assert!(silent.contains(proxy), "{silent}");
    assert!(
        silent.contains("note: the trigger was `POST http://127.0.0.1:")
            && silent.contains("/trigger`"),
        "{silent}"
    );
    let elsewhere = said(BOT, &["--mutant", "request-outside-api"], &[]);
    assert!(!elsewhere.contains("no request reached"), "{elsewhere}");
    assert!(elsewhere.contains("POST /"), "{elsewhere}");
}

#[test]
fn the_end_of_the_targets_output_stands_beside_a_failure() {
    let said = said(BOT, &["--mutant", "token-missing"], &[]);
    let (_, end) = said
        .split_once("  the end of the target's output\n")
        .unwrap();
    assert!(end.starts_with("    listening http://127.0.0.1:"), "{said}");
}

#[test]
fn a_trigger_that_fails_is_named() {
    let bot = BOT.replace("/trigger", "/nowhere");
    let said = said(&bot, &[], &[]);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("the trigger failed: `POST http://127.0.0.1:"),
        "{said}"
    );
    assert!(said.contains("/nowhere`: the response is 404"), "{said}");
    assert!(said.contains("; check its path"), "{said}");
    assert!(!said.contains("no request reached"), "{said}");
}

#[test]
fn a_bot_without_a_trigger_is_told_how_to_get_one() {
    let bot = BOT.replace("trigger = \"http://127.0.0.1:{port}/trigger\"\n", "");
    let own = format!("{bot}environment = {{ HTTP_PROXY = \"http://other.example:1\" }}\n");
    let said = said(&own, &[], &[]);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let remedy = "if it needs triggers, give `--trigger`, or `trigger` under `[target]`";
    assert!(said.contains(remedy), "{said}");
    assert!(
        said.contains("no request reached confcall at all"),
        "{said}"
    );
    assert!(!said.contains("of the trigger"), "{said}");
    // The variables of the target's own environment count like those that it inherits.
    let proxy =
        "`HTTP_PROXY=http://other.example:1` is set, and `NO_PROXY` does not name 127.0.0.1";
    assert!(said.contains(proxy), "{said}");
}

#[test]
fn a_retry_with_another_context_is_told_from_the_same_request() {
    let project = Project::of(BOT, &["--mutant", "asks-again-otherwise"], "");
    let run = project.confcall(&["run", "*@2021-02/invite-one-pstn*~lost-response"]);
    let said = text(&run.stdout);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("twice, the second time with another clientContext"),
        "{said}"
    );
}

/// Creates name no call that would tell the conversations apart.
#[test]
fn a_request_sent_twice_is_of_the_conversation_that_triggered_it() {
    let creates = "[scenarios]\nfilters = [\"application-post-calls\"]\n[claims]\napi = [\"v1.0\", \"beta\"]\n";
    let project = Project::of(BOT, &["--mutant", "request-twice"], creates);
    let (_, report) = project.run(&["--jobs", "64", "--deadline", "1s"]);
    let results = report["results"].as_array().unwrap();
    assert!(results.len() > 15, "{report}");
    for result in results {
        let rules: Vec<_> = result["failures"].as_array().unwrap().iter().collect();
        let twice = |it: &&Value| it["requirement"] == "request.once";
        assert!(rules.len() == 1 && rules.iter().all(twice), "{result:#}");
    }
}

/// What a run against a built-in service says that was started with these arguments.
fn said_of_service(service: &str, more: &[&str], arguments: &[&str]) -> String {
    let project = Project::of(
        service,
        more,
        "[scenarios]\nfilters = [\"call-mute/v1.0\"]\n",
    );
    let mut command = project.command(&["run", "--deadline", "400ms"]);
    let output = command.args(arguments).output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_call_that_cannot_be_created_names_the_request_and_the_remedy() {
    let given = SERVICE.replace("given = \"http://127.0.0.1:{port}/control/given\"\n", "");
    let said = said_of_service(&given, &["--token", "right"], &["--token", "wrong"]);
    assert!(
        said.contains("cannot be created: `POST http://127.0.0.1:")
            && said.contains("the response is 401: The token is unknown; give a token that it accepts with `--token`"),
        "{said}"
    );
    let elsewhere = given.replace(
        "url = \"http://127.0.0.1:{port}\"",
        "url = \"http://127.0.0.1:{port}/api\"",
    );
    let said = said_of_service(&elsewhere, &[], &[]);
    assert!(said.contains("check the path of `--service`"), "{said}");
}

#[test]
fn a_bot_without_tls_is_told_from_one_that_is_not_there() {
    let bot = BOT.replace("url = \"http://", "url = \"https://");
    let said = said_of_service(&bot, &[], &[]);
    assert!(
        said.contains("does not speak TLS = help: use `http://` in its address"),
        "{said}"
    );
}

#[test]
fn a_callback_that_the_bot_does_not_have_is_named() {
    let bot = BOT.replace("/callback", "/nowhere");
    let said = said(&bot, &[], &[]);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("note: notifications go to http://127.0.0.1:")
            && said.contains("/nowhere: check that the bot has this path"),
        "{said}"
    );
}

#[test]
fn invalid_json_and_a_wrong_method_are_shown_as_they_are() {
    let said = |mutant| {
        let said = said(BOT, &["--mutant", mutant], &[]);
        said.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let json = said("request-invalid-json");
    assert!(
        json.contains("the body of the request is not JSON: "),
        "{json}"
    );
    assert!(json.contains(" at line 1 column "), "{json}");
    let method = said("request-put");
    assert!(
        method.contains("expected: \"POST\" actual: \"PUT\""),
        "{method}"
    );
}

#[test]
fn a_bot_that_refuses_the_token_of_notifications_is_told_from_one_without_the_path() {
    let verifies = [
        "--verify",
        "{service}/login/v1/.well-known/OpenIdConfiguration",
        "--application",
        "11111111-1111-4111-8111-111111111111",
    ];
    let signed = BOT.replace(
        "[target]\n",
        "[target]\napplication = \"22222222-2222-4222-8222-222222222222\"\n",
    );
    for (bot, expected) in [
        (BOT, "`--application ID` signs them for the bot"),
        (
            &signed,
            "/login/v1/.well-known/OpenIdConfiguration, and have the application id",
        ),
    ] {
        let said = said(bot, &verifies, &[]);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(expected), "{said}");
    }
}
