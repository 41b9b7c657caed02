//! The text of a contract file: JSON with one property, answer or source a line.

use std::fmt::Write as _;

use serde_json::Value;

use crate::contract::extracted::Extracted;

/// The depth below which a value is on one line: the file, a list, an operation or type, a list in it.
const PRETTY: usize = 4;

/// The text of a contract file, which ends in a line feed. `schema` is the path of the format's JSON Schema.
pub(crate) fn to_json(extracted: &Extracted, schema: Option<String>) -> String {
    let extracted = Extracted {
        schema,
        ..extracted.clone()
    };
    let value = serde_json::to_value(extracted).expect("a contract is JSON");
    let mut text = String::new();
    write(&mut text, &value, 0);
    text.push('\n');
    text
}

fn write(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if depth < PRETTY && !members.is_empty() => {
            text.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                begin_line(text, index, depth);
                let _ = write!(text, "{}: ", Value::from(name.as_str()));
                write(text, member, depth + 1);
            }
            end_line(text, depth);
            text.push('}');
        }
        Value::Array(items) if depth < PRETTY && items.iter().any(Value::is_object) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                begin_line(text, index, depth);
                write(text, item, depth + 1);
            }
            end_line(text, depth);
            text.push(']');
        }
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

fn begin_line(text: &mut String, index: usize, depth: usize) {
    if index > 0 {
        text.push(',');
    }
    end_line(text, depth + 1);
}

fn end_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', 2 * depth));
}
