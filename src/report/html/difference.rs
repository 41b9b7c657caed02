//! An expected and an actual value side by side, with the difference marked.

use serde_json::Value;
use similar::{ChangeTag, DiffOp, TextDiff};

/// The most lines of a value.
const MOST_LINES: usize = 400;

/// A line of both sides.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    expected: Side,
    actual: Side,
}

/// A line of one side; without parts where it has none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Side {
    pub is_changed: bool,
    pub parts: Vec<Part>,
}

/// A part of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub text: String,
    pub is_changed: bool,
}

impl Row {
    /// The expected side, then the actual one.
    pub(super) const fn sides(&self) -> [&Side; 2] {
        [&self.expected, &self.actual]
    }
}

/// The lines of two values. Empty if neither has one.
pub(super) fn rows(expected: &Value, actual: &Value) -> Vec<Row> {
    let text = |value: &Value| match value {
        Value::String(text) if text.contains('\n') => text.clone(),
        other => format!("{other:#}"),
    };
    let (expected, actual) = (text(expected), text(actual));
    let first =
        |text: &str| -> Vec<String> { text.lines().take(MOST_LINES).map(str::to_owned).collect() };
    let (old, new) = (first(&expected), first(&actual));
    let (old_lines, new_lines): (Vec<&str>, Vec<&str>) = (
        old.iter().map(String::as_str).collect(),
        new.iter().map(String::as_str).collect(),
    );
    let diff = TextDiff::from_slices(&old_lines, &new_lines);
    let mut rows = Vec::new();
    for op in diff.ops() {
        let (old, new) = (&old_lines[op.old_range()], &new_lines[op.new_range()]);
        let is_same = matches!(op, DiffOp::Equal { .. });
        for at in 0..old.len().max(new.len()) {
            rows.push(match (old.get(at), new.get(at)) {
                (Some(old), Some(_)) if is_same => Row {
                    expected: whole(old, false),
                    actual: whole(old, false),
                },
                (Some(old), Some(new)) => word_by_word(old, new),
                (old, new) => Row {
                    expected: old.map(|it| whole(it, true)).unwrap_or_default(),
                    actual: new.map(|it| whole(it, true)).unwrap_or_default(),
                },
            });
        }
    }
    rows
}

fn whole(line: &str, is_changed: bool) -> Side {
    Side {
        is_changed,
        parts: vec![Part {
            text: line.to_owned(),
            is_changed: false,
        }],
    }
}

fn word_by_word(old: &str, new: &str) -> Row {
    let diff = TextDiff::from_words(old, new);
    let side = |other: ChangeTag| {
        let mut parts: Vec<Part> = Vec::new();
        for change in diff.iter_all_changes().filter(|it| it.tag() != other) {
            let is_changed = change.tag() != ChangeTag::Equal;
            match parts.last_mut() {
                Some(last) if last.is_changed == is_changed => last.text.push_str(change.value()),
                _ => parts.push(Part {
                    text: change.value().to_owned(),
                    is_changed,
                }),
            }
        }
        Side {
            is_changed: true,
            parts,
        }
    };
    Row {
        expected: side(ChangeTag::Insert),
        actual: side(ChangeTag::Delete),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(side: &Side) -> String {
        let parts = side.parts.iter().map(|it| {
            if it.is_changed {
                format!("<{}>", it.text)
            } else {
                it.text.clone()
            }
        });
        parts.collect()
    }

    #[test]
    fn the_changed_words_of_a_line_are_marked() {
        let rows = rows(&json!({"a": "one two", "b": 1}), &json!({"a": "one six"}));
        let rows: Vec<_> = rows.iter().map(|it| it.sides().map(shown)).collect();
        assert_eq!(
            rows,
            [
                ["{", "{"],
                ["  \"a\": \"one <two\",>", "  \"a\": \"one <six\">"],
                ["  \"b\": 1", ""],
                ["}", "}"],
            ]
        );
    }
}
