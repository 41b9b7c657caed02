//! Values of variables, taken from the messages of the target.

use serde_json::Value;

use crate::api::resource::path_of;
use crate::api::template;
use crate::contract::shape::{entities, lookup};
use crate::http::message::Response;
use crate::judge::bindings::Bindings;
use crate::judge::record::Record;
use crate::scenario::format::ResponseStep;

/// Binds the variables of a documented value to the values of a real one, where they have none yet.
pub(super) fn of_value(bindings: &mut Bindings, documented: &Value, actual: &Value) {
    match (documented, actual) {
        (Value::String(template), Value::String(text)) => of_text(bindings, template, text),
        (Value::Object(properties), Value::Object(_)) => {
            for (name, documented) in properties {
                let Some((_, actual)) = lookup(actual, name) else {
                    continue;
                };
                if name == "resourceData" {
                    // An entity is a collection of one.
                    let pairs = entities(documented).zip(entities(actual));
                    pairs.for_each(|(documented, actual)| of_value(bindings, documented, actual));
                } else {
                    of_value(bindings, documented, actual);
                }
            }
        }
        (Value::Array(documented), Value::Array(actual)) => {
            let pairs = documented.iter().zip(actual);
            pairs.for_each(|(documented, actual)| of_value(bindings, documented, actual));
        }
        _ => {}
    }
}

/// Binds the variables of a text: it is one variable, or a path with variables as segments.
fn of_text(bindings: &mut Bindings, documented: &str, actual: &str) {
    if let Some(name) = template::sole_variable(documented) {
        bind(bindings, name, actual);
        return;
    }
    let documented = path_of(documented).rsplit('/');
    for (documented, actual) in documented.zip(path_of(actual).rsplit('/')) {
        match template::sole_variable(documented) {
            Some(name) => bind(bindings, name, actual),
            None if !documented.eq_ignore_ascii_case(actual) => return,
            None => {}
        }
    }
}

/// Binds the client context of a step's request, or that of its answer, to the bot's own.
pub(super) fn context(record: &mut Record, at: usize, actual: &Value) {
    let Some(context) = lookup(actual, "clientContext").and_then(|(_, it)| it.as_str()) else {
        return;
    };
    let mut steps = record.steps().iter().skip(at).take(2);
    let documented = steps.find_map(|step| {
        let (_, context) = lookup(step.body().json()?, "clientContext")?;
        template::sole_variable(context.as_str()?).map(ToOwned::to_owned)
    });
    if let Some(variable) = documented {
        record.bindings.bind(&variable, context);
    }
}

fn bind(bindings: &mut Bindings, name: &str, value: &str) {
    if bindings.get(name).is_none() && !value.is_empty() {
        bindings.bind(name, value);
    }
}

/// Binds the variables of a documented answer: of its `Location`, then of its body.
pub(super) fn of_answer(bindings: &mut Bindings, documented: &ResponseStep, actual: &Response) {
    for (name, value) in &documented.headers {
        if let (true, Some(actual)) = (
            name.eq_ignore_ascii_case("location"),
            actual.headers.get(name),
        ) {
            of_text(bindings, value, actual);
        }
    }
    if let (Some(documented), Some(actual)) = (documented.body.json(), actual.body.json()) {
        of_value(bindings, documented, actual);
    }
}
