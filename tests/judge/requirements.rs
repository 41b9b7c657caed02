//! *Requirements*: MUST fails, SHOULD warns and fails under `--strict`.

use crate::contract::rule::Rule;
use serde_json::json;

use super::table::Expect::{Fails, Passes, Warns};
use super::table::{FLOW, MEETING, ONE, Row, bot, rows, service};

rows![
    a_missing_token_on_a_notification_warns(service(
        "a missing token on a notification warns",
        MEETING,
        |t| t.header(3, "Authorization", ""),
        Warns(Rule::NotificationHeader, ""),
    )),
    a_missing_token_on_every_notification_warns_once(service(
        "a missing token on every notification warns once",
        MEETING,
        |t| {
            t.header(3, "Authorization", "");
            t.header(4, "Authorization", "");
        },
        Warns(Rule::NotificationHeader, ""),
    )),
    a_missing_token_where_none_is_printed_is_nothing(service(
        "a missing token where none is printed is nothing",
        ONE,
        |t| t.header(3, "Authorization", ""),
        Passes,
    )),
    should_fails_under_strict_the_token(service(
        "SHOULD fails under --strict: the token",
        MEETING,
        |t| {
            t.options.strict = true;
            t.header(3, "Authorization", "");
        },
        Fails(Rule::NotificationHeader, ""),
    )),
    should_fails_under_strict_what_every_example_shows(service(
        "SHOULD fails under --strict: what every example shows",
        ONE,
        |t| {
            t.options.strict = true;
            t.body(2)
                .as_object_mut()
                .expect("body")
                .shift_remove("participants");
        },
        Fails(Rule::ResponseBody, "/participants"),
    )),
    should_warns_media_negotiation_of_a_bot_that_joins_only_to_transfer(bot(
        "SHOULD warns: media negotiation of a bot that joins only to transfer",
        FLOW,
        |t| t.body(6)["requestedModalities"] = json!(["audio"]),
        Warns(Rule::RequestBody, "/requestedModalities"),
    )),
    should_fails_under_strict_media_negotiation(bot(
        "SHOULD fails under --strict: media negotiation",
        FLOW,
        |t| {
            t.options.strict = true;
            t.body(6)["requestedModalities"] = json!(["audio"]);
        },
        Fails(Rule::RequestBody, "/requestedModalities"),
    )),
    the_header_table_of_a_page_binds_requests_where_no_example_prints_a_token(bot(
        "the header table of a page binds requests: where no example prints a token",
        ONE,
        |t| t.header(1, "Authorization", ""),
        Fails(Rule::RequestHeader, ""),
    )),
];
