//! *Presence*: what the other party needs fails, what else every example shows warns; echoes and tags are neither.

use crate::contract::rule::Rule;
use serde_json::{Value, json};

use super::table::Expect::{Fails, Passes, Warns};
use super::table::{
    ACCEPTED, FLOW, MEETING, MULTIPARTY, ONE, PEER, PHONE, PROSE, REPLACE, Row, bot, rows, service,
};

fn drop(value: &mut Value, name: &str) {
    let object = value.as_object_mut().expect("an object");
    object.shift_remove(name).expect("it is there");
}

rows![
    a_member_of_a_collection_is_not_null(service(
        "a member of a collection is not null",
        ONE,
        |t| t.body(2)["participants"] = json!([null]),
        Fails(Rule::ResponseBody, "/participants/0"),
    )),
    a_property_that_every_example_shows_in_an_answer(service(
        "a property that every example shows: in an answer",
        ONE,
        |t| drop(t.body(2), "status"),
        Fails(Rule::ResponseBody, "/status"),
    )),
    a_property_that_every_example_shows_null_is_not_there(service(
        "a property that every example shows: null is not there",
        ONE,
        |t| t.body(2)["status"] = Value::Null,
        Fails(Rule::ResponseBody, "/status"),
    )),
    a_property_that_every_example_shows_in_an_operation(service(
        "a property that every example shows: in an operation",
        ONE,
        |t| drop(&mut t.entry(3)["resourceData"], "participants"),
        Warns(Rule::NotificationBody, "/value/0/resourceData/participants",),
    )),
    a_property_that_every_example_shows_of_an_entry(service(
        "a property that every example shows: of an entry",
        ONE,
        |t| drop(t.entry(3), "changeType"),
        Fails(Rule::NotificationBody, "/value/0/changeType"),
    )),
    a_property_that_every_example_shows_of_the_end_of_a_call(service(
        "a property that every example shows: of the end of a call",
        PEER,
        |t| drop(t.entry(6), "changeType"),
        Fails(Rule::NotificationBody, "/value/0/changeType"),
    )),
    a_property_that_every_example_shows_state(service(
        "a property that every example shows: state",
        FLOW,
        |t| drop(&mut t.entry(5)["resourceData"], "state"),
        Fails(Rule::NotificationBody, "/value/0/resourceData/state"),
    )),
    a_property_that_every_example_shows_in_a_roster(service(
        "a property that every example shows: in a roster",
        ONE,
        |t| drop(&mut t.entry(4)["resourceData"][0], "isInLobby"),
        Warns(Rule::NotificationBody, "/value/0/resourceData/0/isInLobby",),
    )),
    a_property_that_every_example_shows_in_a_request(bot(
        "a property that every example shows: in a request",
        FLOW,
        |t| drop(t.body(6), "targetDisposition"),
        Fails(Rule::RequestBody, "/targetDisposition"),
    )),
    not_as_null_what_an_example_prints_as_null_is_free(service(
        "not as null: what an example prints as null is free",
        PHONE,
        |t| drop(t.body(2), "resultInfo"),
        Passes,
    )),
    elsewhere_only_its_type_is_judged_it_may_be_absent(service(
        "elsewhere only its type is judged: it may be absent",
        FLOW,
        |t| drop(&mut t.entry(8)["resourceData"], "direction"),
        Passes,
    )),
    elsewhere_only_its_type_is_judged_it_is_judged(service(
        "elsewhere only its type is judged: it is judged",
        REPLACE,
        |t| t.body(2)["participants"][0]["identity"]["user"]["tenantId"] = json!(5),
        Fails(Rule::ResponseBody, "/participants/0/identity/user/tenantId"),
    )),
    an_echo_of_what_the_request_did_not_give_clientcontext(service(
        "an echo of what the request did not give: clientContext",
        FLOW,
        |t| {
            drop(t.body(11), "clientContext");
            drop(&mut t.entry(12)["resourceData"], "clientContext");
        },
        Passes,
    )),
    an_echo_of_what_the_request_gave_is_required(service(
        "an echo of what the request gave is required",
        ONE,
        |t| drop(t.body(2), "clientContext"),
        Fails(Rule::ResponseBody, "/clientContext"),
    )),
    a_displayname_is_never_required(service(
        "a displayName is never required",
        MULTIPARTY,
        |t| {
            let info = &mut t.entry(4)["resourceData"][0]["info"];
            drop(&mut info["identity"]["user"], "displayName");
        },
        Passes,
    )),
    an_echo_of_what_the_request_did_not_give_displayname(service(
        "an echo of what the request did not give: displayName",
        PEER,
        |t| {
            for member in 0..2 {
                let identity = &mut t.entry(4)["resourceData"][member]["info"]["identity"];
                for (_, who) in identity.as_object_mut().expect("identity") {
                    who.as_object_mut()
                        .expect("who")
                        .shift_remove("displayName");
                }
            }
        },
        Passes,
    )),
    an_echo_is_not_required_of_a_bot(bot(
        "an echo is not required of a bot",
        FLOW,
        |t| {
            let body = t.body(10);
            body.as_object_mut()
                .expect("body")
                .shift_remove("clientContext");
        },
        Passes,
    )),
    odata_id_and_odata_etag_are_never_required(service(
        "@odata.id and @odata.etag are never required",
        FLOW,
        |t| {
            for step in [1, 4, 5, 8, 9, 12, 14, 15] {
                let data = &mut t.entry(step)["resourceData"];
                drop(data, "@odata.id");
                drop(data, "@odata.etag");
            }
        },
        Passes,
    )),
    location_where_an_example_of_that_answer_has_none(service(
        "Location: where an example of that answer has none",
        PEER,
        |t| t.header(2, "Location", ""),
        Passes,
    )),
    location_required_where_every_example_shows_it(service(
        "Location: required where every example shows it",
        ACCEPTED,
        |t| t.header(2, "Location", ""),
        Fails(Rule::ResponseHeader, ""),
    )),
    location_required_of_a_call_that_was_made(service(
        "Location: required of a call that was made",
        FLOW,
        |t| t.header(7, "Location", ""),
        Fails(Rule::ResponseHeader, ""),
    )),
    location_may_come_where_the_example_has_none(service(
        "Location: may come where the example has none",
        MEETING,
        |t| {
            let call = "c0ffee00-0000-4000-8000-000000000000";
            let operation = t.body(2)["id"].as_str().expect("id").to_owned();
            t.header(
                2,
                "Location",
                &format!("/app/calls/{call}/operations/{operation}"),
            );
        },
        Passes,
    )),
    location_it_names_what_was_made(service(
        "Location: it names what was made",
        PROSE,
        |t| t.header(2, "Location", "/somewhere"),
        Fails(Rule::ResponseHeader, ""),
    )),
    one_of_resource_and_resourceurl_suffices_resourceurl(service(
        "one of resource and resourceUrl suffices: resourceUrl",
        ONE,
        |t| drop(t.entry(3), "resource"),
        Passes,
    )),
    one_of_resource_and_resourceurl_suffices_resource(service(
        "one of resource and resourceUrl suffices: resource",
        ONE,
        |t| drop(t.entry(4), "resourceUrl"),
        Passes,
    )),
    one_of_resource_and_resourceurl_suffices_none_does_not(service(
        "one of resource and resourceUrl suffices: none does not",
        MEETING,
        |t| drop(t.entry(3), "resource"),
        Fails(Rule::NotificationBody, "/value/0/resource"),
    )),
    none_of_resource_and_resourceurl_of_the_end_of_a_call(service(
        "none of resource and resourceUrl: of the end of a call",
        PEER,
        |t| drop(t.entry(6), "resource"),
        Fails(Rule::NotificationBody, "/value/0/resource"),
    )),
    both_name_the_same_thing(service(
        "both name the same thing",
        ONE,
        |t| {
            t.entry(3)["resourceUrl"] = json!("/communications/calls/other/operations/other");
        },
        Fails(Rule::Correlation, "/value/0/resourceUrl"),
    )),
    both_name_the_same_thing_under_any_prefix(service(
        "both name the same thing, under any prefix",
        ONE,
        |t| {
            let path = t.entry(3)["resource"].as_str().expect("path").to_owned();
            let rest = path.trim_start_matches("/app").to_owned();
            t.entry(3)["resourceUrl"] =
                json!(format!("https://host.example/x/v1.0/communications{rest}"));
            t.entry(3)["resource"] = json!(format!("communications{rest}"));
        },
        Passes,
    )),
    resourcedata_is_an_entity_or_a_collection_of_them_collection(service(
        "resourceData is an entity or a collection of them: collection",
        ONE,
        |t| {
            let data = t.entry(3)["resourceData"].clone();
            t.entry(3)["resourceData"] = json!([data]);
        },
        Passes,
    )),
    resourcedata_is_an_entity_or_a_collection_of_them_entity(service(
        "resourceData is an entity or a collection of them: entity",
        ONE,
        |t| {
            let data = t.entry(4)["resourceData"][0].clone();
            t.entry(4)["resourceData"] = data;
        },
        Passes,
    )),
    resourcedata_is_nothing_else(service(
        "resourceData is nothing else",
        ONE,
        |t| t.entry(3)["resourceData"] = json!("x"),
        Fails(Rule::NotificationBody, "/value/0/resourceData"),
    )),
    subcode_is_subcode(service(
        "subcode is subCode",
        super::table::FAILURE,
        |t| {
            let info = &mut t.entry(3)["resourceData"]["resultInfo"];
            let code = info["subCode"].take();
            drop(info, "subCode");
            info["subcode"] = code;
        },
        Passes,
    )),
    subcode_is_judged_under_both_names(service(
        "subcode is judged under both names",
        super::table::FAILURE,
        |t| {
            let info = &mut t.entry(3)["resourceData"]["resultInfo"];
            drop(info, "subCode");
            info["subcode"] = json!("x");
        },
        Fails(
            Rule::NotificationBody,
            "/value/0/resourceData/resultInfo/subcode",
        ),
    )),
];
