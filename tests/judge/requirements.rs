//! *Requirements*: MUST fails, SHOULD warns and fails under `--strict`.

use crate::contract::rule::Rule;
use serde_json::json;

use super::table::Expect::{Fails, Passes, Warns};
use super::table::{FLOW, MEETING, ONE, Row, bot, judge, service};

#[test]
fn requirements() {
    judge(&rows());
}

pub fn rows() -> Vec<Row> {
    vec![
        service(
            "a missing token on a notification warns",
            MEETING,
            |t| t.header(3, "Authorization", ""),
            Warns(Rule::NotificationHeader, ""),
        ),
        service(
            "a missing token on every notification warns once",
            MEETING,
            |t| {
                t.header(3, "Authorization", "");
                t.header(4, "Authorization", "");
            },
            Warns(Rule::NotificationHeader, ""),
        ),
        service(
            "a missing token where none is printed is nothing",
            ONE,
            |t| t.header(3, "Authorization", ""),
            Passes,
        ),
        service(
            "SHOULD fails under --strict: the token",
            MEETING,
            |t| {
                t.options.strict = true;
                t.header(3, "Authorization", "");
            },
            Fails(Rule::NotificationHeader, ""),
        ),
        service(
            "SHOULD fails under --strict: a type that is absent",
            ONE,
            |t| {
                t.options.strict = true;
                t.body(2)
                    .as_object_mut()
                    .expect("body")
                    .shift_remove("@odata.type");
            },
            Fails(Rule::ResponseBody, "/@odata.type"),
        ),
        bot(
            "SHOULD warns: media negotiation of a bot that joins only to transfer",
            FLOW,
            |t| t.body(6)["requestedModalities"] = json!(["audio"]),
            Warns(Rule::RequestBody, "/requestedModalities"),
        ),
        bot(
            "SHOULD fails under --strict: media negotiation",
            FLOW,
            |t| {
                t.options.strict = true;
                t.body(6)["requestedModalities"] = json!(["audio"]);
            },
            Fails(Rule::RequestBody, "/requestedModalities"),
        ),
        bot(
            "the header table of a page binds requests: where no example prints a token",
            ONE,
            |t| t.header(1, "Authorization", ""),
            Fails(Rule::RequestHeader, ""),
        ),
    ]
}
