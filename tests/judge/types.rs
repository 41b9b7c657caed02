//! *Types*: `@odata.type`.

use confcall::logic::verdict::Rule;
use serde_json::{Value, json};

use crate::table::Expect::{Fails, Passes, Warns};
use crate::table::{FLOW, ONE, REPLACE, Row, bot, judge, service};

#[test]
fn types() {
    judge(&rows());
}

/// Takes every `@odata.type` away.
fn untype(value: &mut Value) {
    match value {
        Value::Object(properties) => {
            properties.shift_remove("@odata.type");
            properties.values_mut().for_each(untype);
        }
        Value::Array(items) => items.iter_mut().for_each(untype),
        _ => {}
    }
}

pub fn rows() -> Vec<Row> {
    vec![
        bot(
            "never required of a bot: an invitation",
            REPLACE,
            |t| untype(t.body(1)),
            Passes,
        ),
        bot(
            "never required of a bot: a create request",
            FLOW,
            |t| untype(t.body(6)),
            Passes,
        ),
        bot(
            "of a bot no type is judged",
            REPLACE,
            |t| t.body(1)["participants"][0]["@odata.type"] = json!("#x.y"),
            Passes,
        ),
        service(
            "in a service's message its absence where printed warns",
            ONE,
            |t| {
                t.body(2)
                    .as_object_mut()
                    .expect("body")
                    .shift_remove("@odata.type");
            },
            Warns(Rule::ResponseBody, "/@odata.type"),
        ),
        service(
            "another type fails",
            ONE,
            |t| t.body(2)["@odata.type"] = json!("#microsoft.graph.call"),
            Fails(Rule::ResponseBody, "/@odata.type"),
        ),
        service(
            "another type fails: in a notification",
            ONE,
            |t| t.entry(3)["resourceData"]["@odata.type"] = json!("#microsoft.graph.playOperation"),
            Fails(Rule::NotificationBody, "/value/0/resourceData/@odata.type"),
        ),
        service(
            "unless the page prints that type for the same kind of object elsewhere",
            FLOW,
            |t| {
                t.entry(12)["resourceData"]["@odata.type"] =
                    json!("#microsoft.graph.commsOperation");
            },
            Passes,
        ),
        service(
            "# in front does not matter",
            ONE,
            |t| {
                t.body(2)["@odata.type"] = json!("microsoft.graph.inviteParticipantsOperation");
                t.entry(3)["resourceData"]["@odata.type"] =
                    json!("microsoft.graph.inviteParticipantsOperation");
            },
            Passes,
        ),
        service(
            "an added type where none is printed is an added property",
            FLOW,
            |t| t.body(11)["@odata.type"] = json!("#microsoft.graph.inviteParticipantsOperation"),
            Passes,
        ),
    ]
}
