//! The body of a message as a tree to fold, in the order of its lines.

use serde_json::Value;

use crate::diagnostic::pointer::Pointer;
use crate::http::message::Body;

/// The most lines of a body. What follows is counted.
const MOST_LINES: usize = 1000;

/// A line of a tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// An object or a list begins.
    Open {
        name: Option<String>,
        bracket: char,
        count: usize,
        is_broken: bool,
    },
    /// It ends.
    Close { bracket: char },
    /// Anything else.
    Leaf {
        name: Option<String>,
        /// The class that colours it.
        kind: &'static str,
        text: String,
        is_broken: bool,
    },
}

/// The lines of a body. Those at one of these places break a requirement.
pub(super) fn lines(body: &Body, broken: &[&Pointer]) -> Vec<Line> {
    let whole = |kind, text| {
        vec![Line::Leaf {
            name: None,
            kind,
            text,
            is_broken: false,
        }]
    };
    match body {
        Body::Empty => Vec::new(),
        Body::Text(text) => whole("text", text.clone()),
        Body::Bytes(bytes) => whole("word", format!("({} bytes)", bytes.len())),
        Body::Omitted(omission) => whole("word", format!("({} bytes)", omission.length())),
        Body::Json(value) => {
            let mut tree = Tree {
                lines: Vec::new(),
                left_out: 0,
                broken,
            };
            tree.add(None, value, &Pointer::root());
            if tree.left_out > 0 {
                let text = format!("and {} more values", tree.left_out);
                tree.lines.extend(whole("word", text));
            }
            tree.lines
        }
    }
}

struct Tree<'a> {
    lines: Vec<Line>,
    /// The values beyond [`MOST_LINES`].
    left_out: usize,
    broken: &'a [&'a Pointer],
}

impl Tree<'_> {
    fn add(&mut self, name: Option<String>, value: &Value, at: &Pointer) {
        if self.lines.len() >= MOST_LINES {
            self.left_out += 1;
            return;
        }
        let is_broken = self.broken.contains(&at) && !at.as_str().is_empty();
        match value {
            Value::Object(properties) if !properties.is_empty() => {
                let count = properties.len();
                self.open(name, '{', count, is_broken);
                for (key, value) in properties {
                    self.add(Some(format!("\"{key}\"")), value, &at.key(key));
                }
                self.lines.push(Line::Close { bracket: '}' });
            }
            Value::Array(items) if !items.is_empty() => {
                self.open(name, '[', items.len(), is_broken);
                for (index, value) in items.iter().enumerate() {
                    self.add(None, value, &at.index(index));
                }
                self.lines.push(Line::Close { bracket: ']' });
            }
            other => self.lines.push(Line::Leaf {
                name,
                kind: kind(other),
                text: other.to_string(),
                is_broken,
            }),
        }
    }

    fn open(&mut self, name: Option<String>, bracket: char, count: usize, is_broken: bool) {
        self.lines.push(Line::Open {
            name,
            bracket,
            count,
            is_broken,
        });
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) | Value::Null => "word",
        Value::Array(_) | Value::Object(_) => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tree_opens_and_closes_and_marks_what_is_broken() {
        let body = Body::Json(json!({"a": [1, null], "b": {}}));
        let at = Pointer::root().key("a").index(1);
        let lines: Vec<_> = lines(&body, &[&at])
            .into_iter()
            .map(|it| match it {
                Line::Open { name, count, .. } => format!("{name:?} {count}"),
                Line::Close { bracket } => bracket.to_string(),
                Line::Leaf {
                    text, is_broken, ..
                } => format!("{text} {is_broken}"),
            })
            .collect();
        let expected = [
            "None 2",
            "Some(\"\\\"a\\\"\") 2",
            "1 false",
            "null true",
            "]",
            "{} false",
            "}",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_long_body_is_cut() {
        let body = Body::Json((0..2 * MOST_LINES).collect());
        let lines = lines(&body, &[]);
        assert_eq!(lines.len(), MOST_LINES + 2);
        let Some(Line::Leaf { text, .. }) = lines.last() else {
            panic!("a leaf");
        };
        assert_eq!(text, "and 1001 more values");
    }
}
