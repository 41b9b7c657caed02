//! *Calls*: what a service may leave out of the messages about a call.

use std::sync::LazyLock;

use serde_json::Value;

use super::party::Talk;
use super::table::Expect::{Fails, Passes, Warns};
use super::table::{Expect, Row, row, rows};
use crate::api::party::Party;
use crate::contract::rule::Rule;
use crate::scenario::format::Scenario;
use crate::scenario::store;

const HANG_UP: &str = "call-delete/v1.0@2022-04/delete-call-1";
const RECORD: &str = "call-record/v1.0@2022-04/records-a-short-audio-response-from-the-caller";
const JOIN: &str =
    "application-post-calls/v1.0@2022-06/join-scheduled-meeting-with-service-hosted-media";

const CREATE: &str =
    "application-post-calls/v1.0@2022-06/create-peer-to-peer-voip-call-with-service-hosted-media";

static ALL: LazyLock<Vec<Scenario>> =
    LazyLock::new(|| store::built_in().expect("the built-in scenarios are sound"));

fn of(
    party: Party,
    sentence: &'static str,
    scenario: &str,
    edit: impl FnOnce(&mut Talk),
    expect: Expect,
) -> Row {
    let found = ALL.iter().find(|it| it.id.as_str() == scenario);
    let found = found.unwrap_or_else(|| panic!("no scenario {scenario}"));
    row(sentence, Talk::of(found, &ALL, party, false), edit, expect)
}

fn service(
    sentence: &'static str,
    scenario: &str,
    edit: impl FnOnce(&mut Talk),
    expect: Expect,
) -> Row {
    of(Party::Service, sentence, scenario, edit, expect)
}

fn bot(
    sentence: &'static str,
    scenario: &str,
    edit: impl FnOnce(&mut Talk),
    expect: Expect,
) -> Row {
    of(Party::Bot, sentence, scenario, edit, expect)
}

/// The code that the page prints is a string, against the page of its type.
fn without_code(talk: &mut Talk) {
    drop(&mut talk.entry(4)["resourceData"]["resultInfo"], "code");
}

const CODE: Expect = Warns(
    Rule::NotificationBody,
    "/value/0/resourceData/resultInfo/code",
);

fn drop(value: &mut Value, name: &str) {
    let object = value.as_object_mut().expect("an object");
    object.shift_remove(name).expect("it is there");
}

rows![
    two_prompts_before_a_recording_are_one_violation(bot(
        "two prompts before a recording are one violation",
        RECORD,
        |t| {
            let prompts = t.body(1)["prompts"].as_array_mut().expect("prompts");
            prompts.extend_from_within(..1);
        },
        Fails(Rule::Limit, "/prompts"),
    )),
    a_call_that_ends_as_documented(service(
        "a call that ends as documented",
        HANG_UP,
        without_code,
        CODE,
    )),
    a_call_need_not_be_terminating(service(
        "a call need not be terminating before its end",
        HANG_UP,
        |t| {
            without_code(t);
            t.leave_out(3);
        },
        CODE,
    )),
    a_call_has_to_end(service(
        "a call has to end",
        HANG_UP,
        |t| {
            t.leave_out(4);
        },
        Fails(Rule::NotificationMissing, ""),
    )),
    a_notification_without_a_detail(service(
        "a notification without a detail is the documented one",
        JOIN,
        |t| drop(&mut t.entry(3)["resourceData"], "chatInfo"),
        Passes,
    )),
    an_answer_without_what_was_not_given(service(
        "an answer without what the request did not give",
        JOIN,
        |t| {
            drop(t.body(2), "targets");
            drop(t.body(2), "source");
        },
        Passes,
    )),
    an_answer_without_what_was_given(service(
        "an answer without what the request gave",
        CREATE,
        |t| drop(t.body(2), "targets"),
        Warns(Rule::ResponseBody, "/targets"),
    )),
];
