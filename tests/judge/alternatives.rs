//! *Where a page contradicts itself*: each documented alternative is accepted.

use crate::contract::rule::Rule;
use crate::http::message::Body;
use serde_json::{Value, json};

use super::party::status;
use super::table::Expect::{Fails, Notes, Passes};
use super::table::{ACCEPTED, FLOW, MEETING, ONE, PROSE, REPLACE, Row, rows, service};

const LOCATION: &str = "/app/calls/c0ffee00-0000-4000-8000-000000000000/operations/\
                        c0ffee00-0000-4000-8000-000000000007";

fn operation() -> Value {
    json!({
        "id": "c0ffee00-0000-4000-8000-000000000007",
        "status": "running",
        "createdDateTime": "2018-09-06T15:58:41Z",
        "lastActionDateTime": "2018-09-06T15:58:41Z",
        "clientContext": "context 6",
    })
}

rows![
    any_documented_alternative_conforms_the_examples_own(service(
        "any documented alternative conforms: the example's own",
        ACCEPTED,
        |_| {},
        Passes,
    )),
    page_wide_for_the_same_operation_200_with_a_body_where_202_is_shown(service(
        "page-wide for the same operation: 200 with a body where 202 is shown",
        ACCEPTED,
        |t| {
            t.answer(2).status = 200;
            t.answer(2).body = Body::Json(operation());
            t.header(2, "Content-Type", "application/json");
        },
        Notes("another documented alternative: 200"),
    )),
    page_wide_202_with_location_where_200_is_shown(service(
        "page-wide: 202 with Location where 200 is shown",
        MEETING,
        |t| {
            let operation = t.body(2)["id"].as_str().expect("id").to_owned();
            *t.answer(2) = status(202);
            let call = "c0ffee00-0000-4000-8000-000000000000";
            t.header(
                2,
                "Location",
                &format!("/app/calls/{call}/operations/{operation}"),
            );
        },
        Notes("another documented alternative: 202"),
    )),
    a_202_with_a_body_that_another_edition_documents(service(
        "a 202 with a body that another edition documents",
        ACCEPTED,
        |t| {
            t.answer(2).body = Body::Json(operation());
            t.header(2, "Content-Type", "application/json");
        },
        Notes("another documented alternative: 202"),
    )),
    never_a_mix_200_without_a_body(service(
        "never a mix: 200 without a body",
        MEETING,
        |t| *t.payload(2) = Body::Empty,
        Fails(Rule::ResponseBody, ""),
    )),
    never_a_mix_202_without_location(service(
        "never a mix: 202 without Location",
        ACCEPTED,
        |t| t.header(2, "Location", ""),
        Fails(Rule::ResponseHeader, ""),
    )),
    a_whole_message_the_body_of_the_other_alternative_is_judged(service(
        "a whole message: the body of the other alternative is judged",
        ACCEPTED,
        |t| {
            t.answer(2).status = 200;
            let mut body = operation();
            body["status"] = json!(1);
            t.answer(2).body = Body::Json(body);
            t.header(2, "Content-Type", "application/json");
            assert!(LOCATION.contains("operations"));
        },
        Fails(Rule::ResponseBody, "/status"),
    )),
    a_status_of_the_prose_with_the_examples_body(service(
        "a status of the prose, with the example's body",
        PROSE,
        |t| t.answer(2).status = 202,
        Notes("another documented alternative: 202"),
    )),
    a_status_of_the_prose_with_location_alone(service(
        "a status of the prose, with Location alone",
        PROSE,
        |t| {
            t.answer(2).status = 202;
            t.answer(2).body = Body::Empty;
        },
        Notes("another documented alternative: 202"),
    )),
    a_status_that_another_page_documents(service(
        "a status that another page documents",
        ONE,
        |t| t.answer(2).status = 202,
        Notes("another documented alternative: 202"),
    )),
    for_the_same_operation_not_the_status_of_another(service(
        "for the same operation: not another's status",
        FLOW,
        |t| t.answer(7).status = 200,
        Fails(Rule::ResponseStatus, ""),
    )),
    a_201_may_have_a_body_that_no_example_shows(service(
        "a 201 may have a body that no example shows",
        FLOW,
        |t| {
            let call =
                json!({"id": "c0ffee00-0000-4000-8000-00000000000a", "state": "establishing"});
            t.answer(7).body = Body::Json(call);
            t.header(7, "Content-Type", "application/json");
        },
        Passes,
    )),
    a_value_that_contradicts_correlation_is_judged_by_the_rules(service(
        "a value that contradicts correlation is judged by the rules",
        REPLACE,
        |t| {
            for name in ["resource", "resourceUrl"] {
                let path = t.entry(4)[name].as_str().expect("path").to_owned();
                assert!(
                    path.contains("c0ffee00-0000-4000-8000-000000000000"),
                    "{path}"
                );
            }
        },
        Passes,
    )),
];
