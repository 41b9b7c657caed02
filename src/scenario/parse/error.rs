//! Errors of scenario files: each has a cause, a place and a remedy.

use std::fmt;

use crate::diagnostic::place::Place;
use crate::diagnostic::{Diagnostic, closest};
use crate::scenario::check::no_requirement;
use crate::scenario::format::VERSION;

/// A violation of the file format.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub(super) struct Mismatch {
    pub cause: Cause,
    /// The offset; none before the place is known.
    pub at: Option<usize>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Cause {
    #[error("the file is empty")]
    Empty,
    /// No JSON.
    #[error("{message}")]
    Syntax {
        message: &'static str,
        remedy: &'static str,
    },
    #[error("control character U+{:04X} in a string", u32::from(*.0))]
    Control(char),
    #[error("white space U+{:04X} between values", u32::from(*.0))]
    Space(char),
    #[error("the file is too deeply nested")]
    Depth,
    #[error("number out of range")]
    Range,
    #[error("format version {0} is unknown")]
    Version(String),
    /// A JSON type, or a number, other than the expected one.
    #[error("invalid {}: {found}, expected {expected}", if *.is_type { "type" } else { "value" })]
    Unexpected {
        found: String,
        is_type: bool,
        expected: Expected,
    },
    #[error("{} must be an object, `{{…}}`", .0.name)]
    NoObject(&'static Object),
    /// A step with this number of properties, which is not one.
    #[error("a step must have exactly one message")]
    Messages(usize),
    #[error("unknown field `{word}`, expected one of {}", listed(.known))]
    Field {
        word: String,
        known: &'static [&'static str],
    },
    #[error("unknown word `{word}`, expected one of {}", listed(.known))]
    Word {
        word: String,
        known: &'static [&'static str],
    },
    #[error("{}", no_requirement(.0).0)]
    Requirement(String),
    #[error("missing field `{0}`")]
    Missing(&'static str),
    /// The name as written.
    #[error("{0} is repeated in the same object")]
    Repeated(String),
    #[error("{0}")]
    Other(String),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Expected {
    String,
    /// A whole number up to this one.
    Whole(u64),
    Array,
    Object,
    /// One of several words.
    Word,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "a string",
            Self::Whole(u64::MAX) => "a whole number",
            Self::Whole(most) => return write!(f, "a whole number up to {most}"),
            Self::Array => "an array",
            Self::Object => "an object",
            Self::Word => "a word",
        })
    }
}

/// An object of the format.
#[derive(Debug)]
pub(super) struct Object {
    /// The Rust type.
    kind: &'static str,
    name: &'static str,
    remedy: &'static str,
}

const STEP: &str = "write `{\"request\": {…}}`, `{\"response\": {…}}`, `{\"notification\": {…}}` or `{\"refusal\": {…}}`";

static OBJECTS: [Object; 9] = [
    Object {
        kind: "Script",
        name: "a scenario",
        remedy: "write `{\"version\": 1, \"source\": \"page.md\", \"steps\": […]}`; `confcall schema` prints the format",
    },
    Object {
        kind: "Translation",
        name: "a page in one language",
        remedy: "write `{\"locale\": \"pt-BR\", \"file\": \"page.md\", \"lines\": [1]}`",
    },
    Object {
        kind: "Variable",
        name: "a variable",
        remedy: "write `{\"kind\": \"call\", \"value\": \"…\"}`",
    },
    Object {
        kind: "Step",
        name: "a step",
        remedy: STEP,
    },
    Object {
        kind: "RequestStep",
        name: "a request",
        remedy: "write `{\"line\": 1, \"method\": \"POST\", \"target\": \"/…\"}`",
    },
    Object {
        kind: "ResponseStep",
        name: "a response",
        remedy: "write `{\"line\": 1, \"status\": 200}`",
    },
    Object {
        kind: "RefusalStep",
        name: "a refusal",
        remedy: "write `{\"line\": 1, \"statuses\": [400]}`",
    },
    Object {
        kind: "NotificationStep",
        name: "a notification",
        remedy: "write `{\"line\": 1, \"method\": \"POST\", \"target\": \"…\", \"body_line\": 1, \"body\": {…}}`",
    },
    Object {
        kind: "ProseStatus",
        name: "a status of the prose",
        remedy: "write `{\"status\": 202, \"line\": 1}`",
    },
];

impl Object {
    /// The object that this Rust type is read from; none for other types.
    pub(super) fn of(kind: &str) -> Option<&'static Self> {
        OBJECTS.iter().find(|it| it.kind == kind)
    }
}

impl Mismatch {
    pub(super) fn diagnostic(&self, file: &str, text: &str) -> Diagnostic {
        let place = Place::of_offset(text, self.at.unwrap_or_default());
        Diagnostic {
            remedy: Some(self.cause.remedy()),
            ..place.diagnostic(file, text, self.cause.to_string())
        }
    }

    /// The same at this offset, unless its place is known.
    pub(super) fn at(self, offset: usize) -> Self {
        let at = self.at.or(Some(offset));
        Self { at, ..self }
    }
}

impl From<Cause> for Mismatch {
    fn from(cause: Cause) -> Self {
        Self { cause, at: None }
    }
}

impl serde::de::Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Cause::Other(message.to_string()).into()
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        let word = word.to_owned();
        Cause::Word { word, known }.into()
    }

    fn unknown_field(word: &str, known: &'static [&'static str]) -> Self {
        let word = word.to_owned();
        Cause::Field { word, known }.into()
    }

    fn missing_field(field: &'static str) -> Self {
        Cause::Missing(field).into()
    }
}

impl Cause {
    fn remedy(&self) -> String {
        let remedy = match self {
            Self::Empty => {
                "a scenario has at least `version`, `source` and `steps`; `confcall schema` prints the format"
            }
            Self::Syntax { remedy, .. } => remedy,
            Self::Control(_) => {
                "write a line feed as `\\n`, and other control characters as `\\u001b`"
            }
            Self::Space(_) => "use only spaces, tabs and line feeds between values",
            Self::Depth => "nest at most 127 objects and arrays",
            Self::Range => "write a number below 1e308, or a string",
            Self::Version(_) => return format!("this confcall reads version {VERSION}"),
            Self::Unexpected { expected, .. } => match expected {
                Expected::String => "write it in double quotes",
                Expected::Whole(_) => "write only digits, such as `12`",
                Expected::Array => "write it in brackets, `[…]`",
                Expected::Object => "write it in braces, `{…}`",
                Expected::Word => "write the word in double quotes",
            },
            Self::NoObject(object) => object.remedy,
            Self::Messages(0) => STEP,
            Self::Messages(_) => "put each message into its own braces",
            Self::Field { word, known } | Self::Word { word, known } => {
                match closest(word, known.iter().copied()) {
                    Some(close) => return format!("did you mean `{close}`?"),
                    None => "remove it, or use one of those",
                }
            }
            Self::Requirement(word) => return no_requirement(word).1,
            Self::Missing(field) => return format!("add `\"{field}\": …` here"),
            Self::Repeated(_) => "remove one of the two, or rename this one",
            Self::Other(_) => "`confcall schema` prints the format",
        };
        remedy.to_owned()
    }
}

fn listed(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::format::Script;

    #[test]
    fn each_object_of_the_format_has_a_name_and_an_example() {
        let schema = serde_json::to_value(schemars::schema_for!(Script)).unwrap();
        let definitions = schema["$defs"].as_object().unwrap();
        let objects = definitions
            .iter()
            .filter(|(_, it)| it["type"] == "object" || it["oneOf"][0]["type"] == "object");
        let mut kinds: Vec<_> = objects.map(|(kind, _)| kind.as_str()).collect();
        kinds.push("Script");
        assert_eq!(kinds.len(), OBJECTS.len());
        for kind in kinds {
            assert!(Object::of(kind).is_some(), "{kind}");
        }
    }
}
