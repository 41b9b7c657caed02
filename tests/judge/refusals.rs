//! *Negative conversations*: a wrong request is refused without consequences.

use crate::api::party::Party;
use crate::contract::rule::Rule;
use crate::http::message::Body;
use crate::judge::Action;
use crate::judge::page;
use serde_json::{Value, json};

use super::party::{Move, Talk, built_in, text_body};
use super::table::Expect::{Fails, Passes, Skips};
use super::table::{DEPRECATED, ENDED, LONGEST, NO_TOKEN, REPLACING, Row, bot, rows, service};

/// The client context of the refused request of [`NO_TOKEN`].
const REFUSED_CONTEXT: &str = "context 2";
const REFUSED_USER: &str = "c0ffee00-0000-4000-8000-000000000001";

/// Replaces the operation by another than the requested one.
fn other_operation(entry: &mut Value) {
    for name in ["resource", "resourceUrl"] {
        let path = entry[name].as_str().expect("a path");
        let (calls, _) = path.split_once("/operations/").expect("an operation");
        entry[name] = json!(format!("{calls}/operations/another"));
    }
    entry["resourceData"]["id"] = json!("another");
}

/// A step's notification, edited to be about the refused request.
fn of_refused(talk: &mut Talk, step: usize) -> Move {
    let at = talk.at(step);
    let mut made = talk.moves[at].1.clone();
    if let Move::Send(request) = &mut made
        && let Body::Json(body) = &mut request.body
    {
        let entry = &mut body["value"][0];
        if step == 5 {
            other_operation(entry);
            entry["resourceData"]["clientContext"] = json!(REFUSED_CONTEXT);
        } else {
            entry["resourceData"][0]["info"]["identity"]["user"]["id"] = json!(REFUSED_USER);
        }
    }
    made
}

#[test]
fn the_token_of_a_request_is_the_own_a_foreign_one_or_none() {
    for (name, first) in [
        ("no-token", None),
        ("foreign-token", Some("Bearer confcall-of-somebody-else")),
        ("empty-body", Some("Bearer secret")),
    ] {
        let played = Talk::built_in(&format!("en/{name}"), Party::Service).play();
        let tokens: Vec<_> = played
            .actions
            .iter()
            .filter_map(|action| match action {
                Action::Send { request, .. } => Some(request.headers.get("authorization")),
                _ => None,
            })
            .collect();
        assert_eq!(tokens, [first, Some("Bearer secret")], "{name}");
    }
}

#[test]
fn what_is_refused_shows_no_shape() {
    let page = Talk::built_in(NO_TOKEN, Party::Service).page;
    let wrong = |it: &&crate::scenario::format::Scenario| it.script.judges.is_some();
    for scenario in built_in().iter().filter(wrong) {
        for step in &scenario.script.steps {
            let crate::scenario::format::Step::Request(request) = step else {
                continue;
            };
            // Only an invitation by POST has a documented answer.
            let is_known = page.request_body(&page::request_key(request)).is_some();
            assert_eq!(is_known, request.method == "POST", "{}", scenario.id);
        }
    }
}

rows![
    any_of_the_statuses_refuses(service(
        "any of the statuses refuses",
        NO_TOKEN,
        |t| t.answer(2).status = 403,
        Passes,
    )),
    a_refusal_needs_no_body(service(
        "a refusal needs no body",
        NO_TOKEN,
        |t| *t.payload(2) = Body::Empty,
        Passes,
    )),
    a_refusal_that_is_no_json_needs_no_error_object(service(
        "a refusal that is no JSON needs no error object",
        NO_TOKEN,
        |t| {
            t.header(2, "Content-Type", "text/html");
            *t.payload(2) = text_body("<h1>no</h1>");
        },
        Passes,
    )),
    an_error_object_may_say_more(service(
        "an error object may say more",
        NO_TOKEN,
        |t| t.body(2)["error"]["innerError"] = json!({"request-id": "1"}),
        Passes,
    )),
    what_is_wrong_is_refused_not_done(service(
        "what is wrong is refused, not done",
        NO_TOKEN,
        |t| t.answer(2).status = 200,
        Fails(Rule::ResponseStatus, ""),
    )),
    what_is_wrong_is_refused_by_a_status_that_says_why(service(
        "what is wrong is refused by a status that says why",
        NO_TOKEN,
        |t| t.answer(2).status = 500,
        Fails(Rule::ResponseStatus, ""),
    )),
    a_refusal_that_says_it_is_json_is_json(service(
        "a refusal that says it is JSON is JSON",
        NO_TOKEN,
        |t| *t.payload(2) = text_body("{"),
        Fails(Rule::ResponseBody, ""),
    )),
    a_refusal_has_an_error_object(service(
        "a refusal has an error object",
        NO_TOKEN,
        |t| *t.body(2) = json!({"message": "no"}),
        Fails(Rule::ResponseBody, "/error"),
    )),
    an_error_has_a_code(service(
        "an error has a code",
        NO_TOKEN,
        |t| t.body(2)["error"] = json!({"message": "no"}),
        Fails(Rule::ResponseBody, "/error/code"),
    )),
    an_errors_code_is_a_text(service(
        "an error's code is a text",
        NO_TOKEN,
        |t| t.body(2)["error"]["code"] = json!(401),
        Fails(Rule::ResponseBody, "/error/code"),
    )),
    an_errors_message_is_not_empty(service(
        "an error's message is not empty",
        NO_TOKEN,
        |t| t.body(2)["error"]["message"] = json!(""),
        Fails(Rule::ResponseBody, "/error/message"),
    )),
    after_a_refusal_a_valid_invitation_is_done(service(
        "after a refusal a valid invitation is done",
        NO_TOKEN,
        |t| t.answer(4).status = 409,
        Fails(Rule::ResponseStatus, ""),
    )),
    no_notification_tells_of_a_refused_operation_before_the_refusal(service(
        "no notification tells of a refused operation: before the refusal",
        NO_TOKEN,
        |t| {
            let expected = of_refused(t, 5);
            t.moves.insert(0, (0, expected));
        },
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    no_notification_tells_of_a_refused_operation_before_the_next_answer(service(
        "no notification tells of a refused operation: before the next answer",
        NO_TOKEN,
        |t| {
            let expected = of_refused(t, 5);
            let at = t.at(4);
            t.moves.insert(at, (0, expected));
        },
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    no_notification_tells_of_a_refused_operation_after_the_end(service(
        "no notification tells of a refused operation: after the end",
        NO_TOKEN,
        |t| {
            let expected = of_refused(t, 5);
            t.more(expected);
        },
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    nobody_is_on_the_call_whose_invitation_was_refused(service(
        "nobody is on the call whose invitation was refused",
        NO_TOKEN,
        |t| {
            let expected = of_refused(t, 6);
            let at = t.at(6);
            t.moves.insert(at, (0, expected));
        },
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    nobody_comes_to_the_call_before_the_refusal(service(
        "nobody comes to the call before the refusal",
        NO_TOKEN,
        |t| {
            let expected = of_refused(t, 6);
            t.moves.insert(0, (0, expected));
        },
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    an_operation_of_people_whose_invitation_was_refused_is_none(service(
        "an operation of people whose invitation was refused is none",
        NO_TOKEN,
        |t| {
            t.before(5, |body| {
                let entry = &mut body["value"][0];
                other_operation(entry);
                let people = &mut entry["resourceData"]["participants"];
                people[0]["identity"]["user"]["id"] = json!(REFUSED_USER);
                entry["resourceData"]["clientContext"] = json!("made up");
            });
        },
        Fails(Rule::NotificationUnexpected, "/value/0"),
    )),
    an_ended_call_has_no_sequel_either(service(
        "an ended call has no sequel either",
        ENDED,
        |t| t.answer(2).status = 202,
        Fails(Rule::ResponseStatus, ""),
    )),
    a_client_context_of_256_characters_is_taken(service(
        "a client context of 256 characters is taken",
        LONGEST,
        |t| t.answer(2).status = 400,
        Fails(Rule::ResponseStatus, ""),
    )),
    the_deprecated_path_leads_to_the_call(service(
        "the deprecated path leads to the call",
        DEPRECATED,
        |t| t.answer(2).status = 404,
        Fails(Rule::ResponseStatus, ""),
    )),
    several_who_each_replace_a_call_are_not_refused(service(
        "several who each replace a call are not refused",
        REPLACING,
        |t| t.answer(2).status = 400,
        Fails(Rule::ResponseStatus, ""),
    )),
    a_bot_is_not_judged_where_a_service_alone_is(bot(
        "a bot is not judged where a service alone is",
        NO_TOKEN,
        |_| {},
        Skips,
    )),
];
