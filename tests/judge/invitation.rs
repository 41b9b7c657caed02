//! *A bot's invitation*.

use crate::contract::rule::Rule;
use crate::http::message::Body;
use serde_json::{Value, json};

use super::party::{Talk, text_body};
use super::table::Expect::{Fails, Passes};
use super::table::{FLOW, MANY, ONE, PEER, PHONE, REPLACE, Row, bot, rows};

fn people_of(t: &mut Talk) -> &mut Vec<Value> {
    t.body(1)["participants"].as_array_mut().expect("people")
}

rows![
    method(bot(
        "method",
        ONE,
        |t| t.request(1).method = "PATCH".into(),
        Fails(Rule::RequestMethod, ""),
    )),
    bearer_token(bot(
        "bearer token",
        ONE,
        |t| t.header(1, "Authorization", ""),
        Fails(Rule::RequestHeader, ""),
    )),
    bearer_token_another_scheme(bot(
        "bearer token: another scheme",
        ONE,
        |t| t.header(1, "Authorization", "Basic eHg="),
        Fails(Rule::RequestHeader, ""),
    )),
    bearer_token_no_token(bot(
        "bearer token: no token",
        ONE,
        |t| t.header(1, "Authorization", "Bearer "),
        Fails(Rule::RequestHeader, ""),
    )),
    bearer_token_one_token_without_blanks(bot(
        "bearer token: one token without blanks",
        ONE,
        |t| t.header(1, "Authorization", "Bearer a b"),
        Fails(Rule::RequestHeader, ""),
    )),
    bearer_token_no_placeholder_of_a_page(bot(
        "bearer token: no placeholder of a page",
        ONE,
        |t| t.header(1, "Authorization", "Bearer {token}"),
        Fails(Rule::RequestHeader, ""),
    )),
    bearer_token_said_once(bot(
        "bearer token: said once",
        ONE,
        |t| t.request(1).headers.push("authorization", "Basic eHg="),
        Fails(Rule::RequestHeader, ""),
    )),
    bearer_token_the_case_of_the_scheme_is_free(bot(
        "bearer token: the case of the scheme is free",
        ONE,
        |t| t.header(1, "Authorization", "bearer x"),
        Passes,
    )),
    json_media_type(bot(
        "JSON media type",
        ONE,
        |t| t.header(1, "Content-Type", ""),
        Fails(Rule::RequestHeader, ""),
    )),
    json_media_type_with_a_charset(bot(
        "JSON media type: with a charset",
        ONE,
        |t| t.header(1, "Content-Type", "application/json;charset=utf-8"),
        Passes,
    )),
    json_no_body(bot(
        "JSON: no body",
        ONE,
        |t| *t.payload(1) = Body::Empty,
        Fails(Rule::RequestBody, ""),
    )),
    json_text(bot(
        "JSON: text",
        ONE,
        |t| *t.payload(1) = text_body("{"),
        Fails(Rule::RequestBody, ""),
    )),
    json_bytes(bot(
        "JSON: bytes",
        ONE,
        |t| *t.payload(1) = Body::Bytes(vec![0xff; 7]),
        Fails(Rule::RequestBody, ""),
    )),
    exactly_the_triggered_identities_id(bot(
        "exactly the triggered identities: id",
        ONE,
        |t| people_of(t)[0]["identity"]["user"]["id"] = json!("other"),
        Fails(Rule::RequestBody, "/participants"),
    )),
    exactly_the_triggered_identities_kind(bot(
        "exactly the triggered identities: kind",
        PHONE,
        |t| {
            let phone = people_of(t)[0]["identity"]["phone"].take();
            people_of(t)[0]["identity"] = json!({"user": phone});
        },
        Fails(Rule::RequestBody, "/participants"),
    )),
    exactly_the_triggered_identities_one_less(bot(
        "exactly the triggered identities: one less",
        MANY,
        |t| {
            people_of(t).pop();
        },
        Fails(Rule::RequestBody, "/participants"),
    )),
    exactly_the_triggered_identities_one_more(bot(
        "exactly the triggered identities: one more",
        ONE,
        |t| {
            let more = people_of(t)[0].clone();
            people_of(t).push(more);
        },
        Fails(Rule::RequestBody, "/participants"),
    )),
    exactly_the_triggered_identities_one_without_an_identity_more(bot(
        "exactly the triggered identities: one without an identity more",
        ONE,
        |t| people_of(t).push(json!({"identity": {}})),
        Fails(Rule::RequestBody, "/participants/1/identity"),
    )),
    exactly_the_triggered_identities_in_any_order(bot(
        "exactly the triggered identities: in any order",
        MANY,
        |t| people_of(t).reverse(),
        Passes,
    )),
    exactly_the_triggered_identities_null_ones_are_none(bot(
        "exactly the triggered identities: null ones are none",
        ONE,
        |t| people_of(t)[0]["identity"]["phone"] = Value::Null,
        Passes,
    )),
    exactly_the_triggered_identities_however_a_guid_is_spelled(bot(
        "exactly the triggered identities: however a GUID is spelled",
        ONE,
        |t| {
            let id = people_of(t)[0]["identity"]["user"]["id"]
                .as_str()
                .expect("id")
                .replace('-', "");
            people_of(t)[0]["identity"]["user"]["id"] = json!(id.to_uppercase());
        },
        Passes,
    )),
    exactly_the_triggered_identities_participants_that_are_none(bot(
        "exactly the triggered identities: participants that are none",
        ONE,
        |t| t.body(1)["participants"] = json!("all"),
        Fails(Rule::RequestBody, "/participants"),
    )),
    exactly_the_triggered_identities_an_identity_that_is_none(bot(
        "exactly the triggered identities: an identity that is none",
        ONE,
        |t| people_of(t)[0]["identity"] = json!("x"),
        Fails(Rule::RequestBody, "/participants/0/identity"),
    )),
    exactly_the_triggered_identities_a_body_that_is_no_object(bot(
        "exactly the triggered identities: a body that is no object",
        ONE,
        |t| *t.body(1) = json!([]),
        Fails(Rule::RequestBody, ""),
    )),
    at_most_five_participants(bot(
        "at most five participants",
        ONE,
        |t| {
            let more = people_of(t)[0].clone();
            people_of(t).resize(6, more);
        },
        Fails(Rule::Limit, "/participants"),
    )),
    at_most_five_participants_five_are_too_many_people_not_too_many(bot(
        "at most five participants: five are too many people, not too many",
        ONE,
        |t| {
            let more = people_of(t)[0].clone();
            people_of(t).resize(5, more);
        },
        Fails(Rule::RequestBody, "/participants"),
    )),
    replacescallid_where_triggered(bot(
        "replacesCallId where triggered",
        REPLACE,
        |t| {
            people_of(t)[0]
                .as_object_mut()
                .expect("person")
                .shift_remove("replacesCallId");
        },
        Fails(Rule::RequestBody, "/participants/0/replacesCallId"),
    )),
    replacescallid_as_triggered(bot(
        "replacesCallId as triggered",
        REPLACE,
        |t| people_of(t)[0]["replacesCallId"] = json!("other"),
        Fails(Rule::Correlation, "/participants/0/replacesCallId"),
    )),
    replacescallid_as_id_or_as_path_path(bot(
        "replacesCallId as id or as path: path",
        REPLACE,
        |t| {
            let call = people_of(t)[0]["replacesCallId"]
                .as_str()
                .expect("call")
                .to_owned();
            people_of(t)[0]["replacesCallId"] = json!(format!("/communications/calls/{call}"));
        },
        Passes,
    )),
    replacescallid_as_id_or_as_path_id(bot(
        "replacesCallId as id or as path: id",
        PEER,
        |t| {
            let path = people_of(t)[0]["replacesCallId"]
                .as_str()
                .expect("call")
                .to_owned();
            people_of(t)[0]["replacesCallId"] = json!(path.rsplit('/').next());
        },
        Passes,
    )),
    replacescallid_where_none_is_triggered_its_type_only(bot(
        "replacesCallId where none is triggered: its type only",
        PHONE,
        |t| people_of(t)[0]["replacesCallId"] = json!("something"),
        Passes,
    )),
    replacescallid_is_text(bot(
        "replacesCallId is text",
        REPLACE,
        |t| people_of(t)[0]["replacesCallId"] = json!(7),
        Fails(Rule::RequestBody, "/participants/0/replacesCallId"),
    )),
    clientcontext_of_the_bots_own_choice(bot(
        "clientContext of the bot's own choice",
        ONE,
        |t| t.body(1)["clientContext"] = json!("mine"),
        Passes,
    )),
    clientcontext_if_any(bot(
        "clientContext, if any",
        ONE,
        |t| {
            t.body(1)
                .as_object_mut()
                .expect("body")
                .shift_remove("clientContext");
        },
        Passes,
    )),
    clientcontext_null_is_none(bot(
        "clientContext: null is none",
        ONE,
        |t| t.body(1)["clientContext"] = Value::Null,
        Passes,
    )),
    clientcontext_a_string(bot(
        "clientContext: a string",
        ONE,
        |t| t.body(1)["clientContext"] = json!(7),
        Fails(Rule::RequestBody, "/clientContext"),
    )),
    clientcontext_at_most_256_characters(bot(
        "clientContext: at most 256 characters",
        ONE,
        |t| t.body(1)["clientContext"] = json!("x".repeat(257)),
        Fails(Rule::Limit, "/clientContext"),
    )),
    clientcontext_256_characters_not_bytes(bot(
        "clientContext: 256 characters, not bytes",
        ONE,
        |t| t.body(1)["clientContext"] = json!("ж".repeat(256)),
        Passes,
    )),
    any_other_property_type_only(bot(
        "any other property: type only",
        ONE,
        |t| {
            people_of(t)[0]["identity"]["user"]["identityProvider"] = json!("own");
            people_of(t)[0]["added"] = json!(1);
        },
        Passes,
    )),
    any_other_property_its_type(bot(
        "any other property: its type",
        ONE,
        |t| people_of(t)[0]["identity"]["user"]["identityProvider"] = json!(1),
        Fails(
            Rule::RequestBody,
            "/participants/0/identity/user/identityProvider",
        ),
    )),
    ids_that_confcall_handed_out_come_back_unchanged_the_call_that_is_answered(bot(
        "ids that confcall handed out come back unchanged: the call that is answered",
        FLOW,
        |t| {
            t.request(2).target = "/app/calls/other/answer".into();
        },
        Fails(Rule::RequestTarget, ""),
    )),
    the_application_that_calls_is_the_bots_own(bot(
        "the application that calls is the bot's own",
        FLOW,
        |t| t.body(6)["source"]["identity"]["application"]["id"] = json!("other"),
        Passes,
    )),
    ids_that_confcall_handed_out_come_back_unchanged_the_call_that_is_made(bot(
        "ids that confcall handed out come back unchanged: the call that is made",
        FLOW,
        |t| {
            t.request(10).target = "/app/calls/other/participants/invite".into();
        },
        Fails(Rule::RequestTarget, ""),
    )),
    ids_that_confcall_handed_out_come_back_unchanged_however_spelled(bot(
        "ids that confcall handed out come back unchanged: however spelled",
        FLOW,
        |t| {
            let target = t.request(2).target.clone();
            t.request(2).target =
                target.replace("c0ffee00-0000-4000-8000-", "C0FFEE00000040008000");
        },
        Passes,
    )),
];
