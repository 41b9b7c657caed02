//! Recordings of traffic as it is spoken, and of traffic that goes wrong in one way: the verdict of each party.
//!
//! A row has a name, the messages, and the outcomes of the bot and of the service. Rows that pass have no warnings
//! either, so that they pass under `--strict` too.

use serde_json::{Value, json};

use super::tape::{ANNA, CALL, Tape, call, create, error, of_beta, user, without_token};
use crate::api::party::Party;
use crate::cassette::format::Exchange;
use crate::contract::requirement::Requirement;
use crate::http::message::{Body, Response};
use crate::judge;
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::scenario::store;

/// How all results of a party end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Every verdict is a pass, and nothing warns.
    Passes,
    /// Every verdict is a pass, and a violation of this requirement warns.
    Warns(&'static str),
    /// A violation of this requirement fails it.
    Fails(&'static str),
    /// Nothing fails it, and it does not pass.
    IsOpen,
    /// Nothing fails it.
    IsBlameless,
}
use Outcome::{Fails, IsBlameless, IsOpen, Passes, Warns};

fn holds(outcome: Outcome, results: &[&ScenarioResult]) -> bool {
    let fails = || results.iter().any(|it| it.verdict == Verdict::Fail);
    match outcome {
        Passes => {
            !results.is_empty()
                && results
                    .iter()
                    .all(|it| it.verdict == Verdict::Pass && it.warnings.is_empty())
        }
        Warns(requirement) => {
            let warnings: Vec<_> = results.iter().flat_map(|it| &it.warnings).collect();
            results.iter().all(|it| it.verdict == Verdict::Pass)
                && warnings.len() == 1
                && warnings[0].requirement.to_string() == requirement
        }
        Fails(requirement) => {
            let failures: Vec<_> = results.iter().flat_map(|it| &it.failures).collect();
            failures.len() == 1 && failures[0].requirement.to_string() == requirement
        }
        IsOpen => !fails() && results.iter().any(|it| it.verdict == Verdict::Inconclusive),
        IsBlameless => !fails(),
    }
}

fn assert_outcomes(results: &[ScenarioResult], bot: Outcome, service: Outcome) {
    for (party, outcome) in [(Party::Bot, bot), (Party::Service, service)] {
        let of_party: Vec<_> = results.iter().filter(|it| it.role == party).collect();
        assert!(
            holds(outcome, &of_party),
            "{party} {outcome:?}: {of_party:#?}"
        );
    }
}

macro_rules! rows {
    ($($name:ident: $tape:expr, $bot:expr, $service:expr;)+) => { $(
        #[test]
        fn $name() {
            let checked = $tape.check();
            $crate::tests::traffic::assert_outcomes(&checked.results, $bot, $service);
        }
    )+ };
}

mod calls;
mod causes;
mod doubts;
mod invitations;
mod media;
mod order;
mod people;

/// The body with another value of a property.
fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

/// The path of the notification's only change is below another call.
fn move_to(notification: &mut Exchange, call: &str) {
    let Body::Json(body) = &mut notification.request.body else {
        panic!("a notification without changes")
    };
    for name in ["resource", "resourceUrl"] {
        let entry = body["value"][0].as_object_mut().expect("a change");
        if let Some(Value::String(resource)) = entry.get_mut(name) {
            *resource = resource.replace(CALL, call);
        }
    }
}

/// A prompt has ended, with this id in its path and its data.
fn ends_of(prompt: &str) -> Value {
    json!([{"changeType": "deleted", "resource": format!("/app/calls/{CALL}/operations/{prompt}"),
        "resourceData": {"id": prompt, "status": "completed", "clientContext": "context-1"}}])
}

/// The bot refuses the notification.
fn refused(notification: &mut Exchange, status: u16) {
    notification.response = Some(Response::new(status));
}

/// The requirements that only the monitor checks: each is broken by a row.
#[test]
fn every_requirement_of_traffic_has_a_row() {
    let text = concat!(
        include_str!("calls.rs"),
        include_str!("invitations.rs"),
        include_str!("media.rs"),
        include_str!("people.rs"),
    );
    for requirement in Requirement::OF_TRAFFIC {
        let is_broken = text.contains(&format!("({:?})", requirement.id()));
        assert!(is_broken, "{requirement}");
    }
}

#[test]
fn a_scenario_is_shown_by_its_outcome() {
    const PEER: &str = "call-transfer/v1.0@2022-06/call-transfer-from-a-peer-to-peer-call";
    let all = store::built_in().expect("scenarios");
    let is_picked = |id: &str| id == PEER || id == format!("{PEER}-2");
    let picked = all.iter().filter(|it| is_picked(it.id.as_str()));
    let picked: Vec<_> = picked.cloned().collect();
    let cases = judge::cases(&all, &picked);
    let transferred = || {
        let target = json!({"endpointType": "default", "identity": {"user": {"id": ANNA}}});
        Tape::new()
            .incoming()
            .answers()
            .is("established")
            .request(
                "POST",
                "transfer",
                json!({"transferTarget": target}),
                202,
                Value::Null,
            )
            .is("transferring")
            .is("transferAccepted")
    };
    let fails = |tape: Tape| {
        tape.tells(json!([call(
            "updated",
            json!({"state": "established",
            "resultInfo": {"code": 500, "subCode": 7000, "message": "no"}})
        )]))
    };
    let hangs_up = |tape: Tape| {
        tape.request("DELETE", "", Value::Null, 204, Value::Null)
            .deleted()
    };
    let (moved, stays) = (PEER.to_owned(), format!("{PEER}-2"));
    for (tape, expected) in [
        (transferred().deleted(), vec![moved]),
        (hangs_up(fails(transferred())), vec![stays]),
        (transferred(), vec![]),
    ] {
        let checked = tape.check_beside(&cases);
        let covers: Vec<_> = checked.results[0].covers.to_vec();
        assert_eq!(covers, expected);
    }
}

#[test]
fn a_violation_cites_its_limit_in_the_version_of_the_request() {
    let redirect = || {
        let body = json!({"targets": [user(ANNA)], "timeout": 100});
        let refusal = error("BadRequest");
        Tape::new()
            .incoming()
            .request("POST", "redirect", body, 400, refusal)
    };
    let record = json!({"maxRecordDurationInSeconds": 200});
    let record = Tape::new().request("POST", "recordResponse", record, 400, error("BadRequest"));
    let created = Tape::new().request("POST", "/calls", create(), 200, json!({"id": CALL}));
    for (tape, file, line) in [
        (redirect(), "/v1.0/api/call-redirect.md", Some(49)),
        (
            redirect().but(of_beta),
            "/beta/api/call-redirect.md",
            Some(54),
        ),
        (record, "/v1.0/api/call-record.md", Some(54)),
        (created, "/v1.0/api/application-post-calls.md", None),
    ] {
        let checked = tape.check();
        let failures = checked.results.iter().flat_map(|it| &it.failures);
        let sources: Vec<_> = failures.map(|it| it.source.clone()).collect();
        assert!(!sources.is_empty());
        for source in sources {
            assert!(source.file.ends_with(file), "{source:?}");
            assert!(line.is_none_or(|it| it == source.line), "{source:?}");
        }
    }
}

#[test]
fn another_api_with_calls_is_not_judged() {
    for target in [
        "/crm/v2/calls/123",
        "/api/calls/1/answer",
        "/v1.0/users/5/calls/6",
        "/crm/communications/calls/123",
    ] {
        let checked = Tape::new()
            .is("established")
            .request("POST", "", json!({"id": 123}), 200, json!({"id": 123}))
            .but(without_token)
            .but(|it| target.clone_into(&mut it.request.target))
            .check();
        assert_eq!(checked.not_covered.len(), 1, "{target}");
        let mut results = checked.results.iter();
        assert!(results.all(|it| it.verdict == Verdict::Pass), "{target}");
    }
}

/// The callback of the first request and the calls of notifications show that the prefix is that of the API.
#[test]
fn a_service_may_be_below_a_base_path() {
    for (base, wrong, verdict) in [
        ("/graph/communications", "", Verdict::Pass),
        ("/graph/communications", "keepAlive", Verdict::Fail),
        ("/graph/v1.0/communications", "keepAlive", Verdict::Fail),
    ] {
        let mut tape = Tape::new().does_several_things_at_once();
        for exchange in &mut tape.exchanges {
            let target = &mut exchange.request.target;
            *target = target.replace("/v1.0/communications", base);
            if !wrong.is_empty() && target.contains(wrong) {
                without_token(exchange);
            }
        }
        let checked = tape.check();
        assert_eq!(checked.not_covered, []);
        let of_bot = checked.results.iter().find(|it| it.role == Party::Bot);
        assert_eq!(of_bot.map(|it| it.verdict), Some(verdict), "{base} {wrong}");
    }
}

#[test]
fn conversations_are_named_by_their_first_operation() {
    let checked = Tape::new()
        .invite(json!([user(ANNA)]))
        .request("POST", "/calls", create(), 403, error("7504"))
        .request("POST", "/calls", create(), 400, error("7504"))
        .request("GET", "/chats", Value::Null, 200, Value::Null)
        .check();
    let names: Vec<_> = checked
        .results
        .iter()
        .map(|it| it.scenario.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "tape.jsonl/invite",
            "tape.jsonl/invite",
            "tape.jsonl/create",
            "tape.jsonl/create",
            "tape.jsonl/create-2",
            "tape.jsonl/create-2"
        ]
    );
    assert_eq!(checked.not_covered.len(), 1);
}
