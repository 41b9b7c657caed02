//! The rules of a project for the comparison: `[[replay.rule]]` of `confcall.toml`. A comparison looks up how each
//! place is compared; no other code uses rules.
//!
//! Of several rules for one place, the last one counts. A rule for a place holds for everything below
//! it, unless a later rule names a place there.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::matching::compared::{ComparedBody, ComparedRequest};
use super::matching::content::Content;
use super::matching::target::query_of;
use super::values::nested;
use crate::api::resource;
use crate::cassette::raw::RawExchange;
use crate::contract::operation;
use crate::contract::operation::operations;
use crate::diagnostic::closest;
use crate::diagnostic::pointer::escaped;
use crate::http::message::{Headers, is_token};

/// How one part of a message is compared with the recorded one. A rule has one of `pointer`, `header` and `query`.
/// Without `operation` and `path`, it applies to every exchange.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Row")]
#[schemars(with = "Row")]
pub(crate) struct ReplayRule {
    operation: Option<OperationName>,
    path: Option<Pattern>,
    place: RulePlace,
    compare: Compare,
}

/// `[[replay.rule]]`: how one part of a message is compared in a replay. A rule has one of `pointer`, `header` and
/// `query`. Without `operation` and `path`, it applies to every exchange.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReplayRule")]
struct Row {
    /// The operation of the calling API, such as `invite`. The rule applies to its requests, their responses, and the
    /// notifications that they cause.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    operation: Option<OperationName>,
    /// The path of the request or of the callback. `*` matches any part of a segment, `**` any number of segments.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    path: Option<Pattern>,
    /// The part of the body, as a JSON pointer (RFC 6901). `*` matches any name or index, `**` any number of them.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pointer: Option<Pattern>,
    /// The name of a header field.
    #[serde(default)]
    header: Option<String>,
    /// The name of a query parameter.
    #[serde(default)]
    query: Option<String>,
    /// How the part is compared.
    compare: Compare,
}

/// How a part of a message is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Compare {
    /// Exactly as recorded. Identifiers, timestamps and added properties must not differ.
    Exact,
    /// By JSON type. Every recorded property must be present, and each item of a list must be like a recorded item. A
    /// header field or a query parameter must be present.
    Shape,
    /// Not compared.
    Ignore,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum RulePlace {
    Body(Pattern),
    Header(String),
    Query(String),
}

/// A place of a message, as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MessagePlace<'a> {
    /// The segments of its JSON pointer.
    Body(Vec<Cow<'a, str>>),
    Query(&'a str),
    /// No rule is about it.
    Other,
}

/// The name of an operation of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OperationName(String);

impl<'de> Deserialize<'de> for OperationName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        if operation::named(&name).is_some() {
            return Ok(Self(name));
        }
        let names = operations().iter().map(|it| it.name.as_str());
        let meant = match closest(&name, names) {
            Some(close) => format!("did you mean `{close}`?"),
            None => "expected a name such as `invite` or `answer`; use `path` for other requests"
                .to_owned(),
        };
        let message = format!("no operation is named `{name}`: {meant}");
        Err(serde::de::Error::custom(message))
    }
}

#[derive(Debug, thiserror::Error)]
enum RowError {
    #[error("a rule has one of `pointer`, `header` and `query`")]
    Places,
    #[error("a rule has `operation` or `path`, not both")]
    Scopes,
    #[error("`{0}` is no path: a rule for a query parameter has `query`")]
    Path(String),
    #[error("in the pointer `{0}`, `~` must be `~0` (RFC 6901 section 3)")]
    Pointer(String),
    #[error("`{0}` is no name of a header field")]
    Header(String),
}

/// True if each tilde begins an escape.
fn is_pointer(text: &str) -> bool {
    let mut behind = text.split('~').skip(1);
    behind.all(|it| it.starts_with(['0', '1']))
}

impl TryFrom<Row> for ReplayRule {
    type Error = RowError;

    fn try_from(row: Row) -> Result<Self, RowError> {
        if row.operation.is_some() && row.path.is_some() {
            return Err(RowError::Scopes);
        }
        if let Some(path) = row.path.as_ref().filter(|it| it.text.contains('?')) {
            return Err(RowError::Path(path.text.clone()));
        }
        let place = match (row.pointer, row.header, row.query) {
            (Some(pointer), None, None) if !is_pointer(&pointer.text) => {
                return Err(RowError::Pointer(pointer.text));
            }
            (Some(pointer), None, None) => RulePlace::Body(pointer),
            (None, Some(name), None) if !is_token(&name) => {
                return Err(RowError::Header(name));
            }
            (None, Some(name), None) => RulePlace::Header(name.to_ascii_lowercase()),
            (None, None, Some(name)) => RulePlace::Query(name),
            _ => return Err(RowError::Places),
        };
        Ok(Self {
            operation: row.operation,
            path: row.path,
            place,
            compare: row.compare,
        })
    }
}

/// The rule as a reader finds it in the file.
impl fmt::Display for ReplayRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            RulePlace::Body(pointer) => write!(f, "pointer `{pointer}`")?,
            RulePlace::Header(name) => write!(f, "header `{name}`")?,
            RulePlace::Query(name) => write!(f, "query `{name}`")?,
        }
        match (&self.operation, &self.path) {
            (Some(operation), _) => write!(f, " of operation `{}`", operation.0),
            (None, Some(path)) => write!(f, " of path `{path}`"),
            (None, None) => Ok(()),
        }
    }
}

/// A path or a JSON pointer with wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    text: String,
    segments: Vec<String>,
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        if !text.is_empty() && !text.starts_with(['/', '*']) {
            let message = format!("`{text}` must begin with a slash");
            return Err(serde::de::Error::custom(message));
        }
        Ok(Self::new(text))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// In the place of any number of segments.
const ANY: &str = "**";

impl Pattern {
    fn new(text: String) -> Self {
        let segments = text.strip_prefix('/').unwrap_or(&text);
        let segments = segments.split('/').filter(|_| !text.is_empty());
        let segments = segments.map(str::to_owned).collect();
        Self { text, segments }
    }

    fn is(&self, segments: &[impl AsRef<str>]) -> bool {
        fits(&self.segments, segments)
    }
}

fn fits(pattern: &[String], segments: &[impl AsRef<str>]) -> bool {
    match pattern.split_first() {
        None => segments.is_empty(),
        Some((any, rest)) if any == ANY => {
            (0..=segments.len()).any(|skipped| fits(rest, &segments[skipped..]))
        }
        Some((first, rest)) => segments.split_first().is_some_and(|(segment, others)| {
            is_like(first, segment.as_ref()) && fits(rest, others)
        }),
    }
}

/// True if the text is the pattern, in which `*` is any text.
fn is_like(pattern: &str, text: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(begin) else {
        return false;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(end)
}

/// The rules of a project, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules(Arc<[ReplayRule]>);

impl From<Vec<ReplayRule>> for Rules {
    fn from(rules: Vec<ReplayRule>) -> Self {
        Self(rules.into())
    }
}

/// What rules name exchanges by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub operation: Option<&'a str>,
    pub path: &'a str,
}

impl<'a> Scope<'a> {
    pub(super) fn of_request(method: &str, target: &'a str) -> Self {
        let operation = operation::of_request(method, target);
        Self {
            operation: operation.map(|(it, _)| it.name.as_str()),
            path: resource::path_of(target),
        }
    }
}

impl Rules {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rules about a request, and its response.
    pub(super) fn of_request(&self, method: &str, target: &str) -> ExchangeRules {
        if self.is_empty() {
            return ExchangeRules::default();
        }
        self.of(Scope::of_request(method, target))
    }

    /// The rules about an exchange.
    pub(super) fn of(&self, scope: Scope<'_>) -> ExchangeRules {
        let path = scope.path.strip_prefix('/').unwrap_or(scope.path);
        let path: Vec<&str> = path.split('/').collect();
        let is_about = |rule: &ReplayRule| {
            let operation = rule.operation.as_ref().map(|it| it.0.as_str());
            (operation.is_none() || operation == scope.operation)
                && rule.path.as_ref().is_none_or(|it| it.is(&path))
        };
        let of_exchange = (0..self.0.len()).filter(|at| is_about(&self.0[*at]));
        ExchangeRules {
            of_exchange: of_exchange.collect(),
            rules: self.clone(),
        }
    }

    /// A sentence for each rule that is about nothing, where these are
    /// [used](super::recording::Index::mark_used_rules).
    pub(crate) fn unused(&self, used: &[bool]) -> Vec<String> {
        let unused = self.0.iter().zip(used).filter(|(_, is_used)| !**is_used);
        let sentences = unused.map(|(rule, _)| {
            format!("the replay rule for {rule} matches nothing in the recordings: remove it")
        });
        sentences.collect()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The rules about one exchange.
#[derive(Debug, Clone, Default)]
pub(super) struct ExchangeRules {
    rules: Rules,
    of_exchange: Vec<usize>,
}

/// How a rule says that a place is compared. The greater of two counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Decision {
    rule: usize,
    pub compare: Compare,
}

impl ExchangeRules {
    pub(super) fn is_empty(&self) -> bool {
        self.of_exchange.is_empty()
    }

    /// How a place is compared that is within a place with the decision `above`.
    pub(super) fn decide(
        &self,
        place: &MessagePlace<'_>,
        above: Option<Decision>,
    ) -> Option<Decision> {
        self.last(|own| is_at(own, place)).max(above)
    }

    /// How a header field is compared, and whether a rule says so.
    pub(super) fn of_header(&self, name: &str) -> Option<Compare> {
        let name = name.to_ascii_lowercase();
        let is_it = |own: &RulePlace| matches!(own, RulePlace::Header(it) if is_like(it, &name));
        self.last(is_it).map(|it| it.compare)
    }

    fn last(&self, is_it: impl Fn(&RulePlace) -> bool) -> Option<Decision> {
        let mut rules = self.of_exchange.iter().rev();
        let rule = *rules.find(|at| is_it(&self.rules.0[**at].place))?;
        let compare = self.rules.0[rule].compare;
        Some(Decision { rule, compare })
    }

    /// Marks the rules whose place is in a message of an exchange.
    pub(super) fn mark_used(&self, used: &mut [bool], exchange: &RawExchange<'_>) {
        let (request, response) = (&exchange.request, exchange.response.as_ref());
        let compared = ComparedRequest::recorded(request);
        let answered = response.map(|it| (&it.headers, ComparedBody::from(&it.body)));
        let answered = answered.as_ref();
        let answer = answered.and_then(|(headers, body)| body.content(headers.get("content-type")));
        let messages = [
            (Some(compared.headers), compared.content()),
            (answered.map(|it| it.0), answer),
        ];
        for (headers, content) in messages {
            let content = content.unwrap_or(Content::Empty);
            let fields = || headers.into_iter().flat_map(Headers::iter);
            for at in &self.of_exchange {
                used[*at] |= match &self.rules.0[*at].place {
                    RulePlace::Body(pointer) => has_place(&content, pointer, &mut Vec::new()),
                    RulePlace::Header(name) => {
                        fields().any(|(field, _)| is_like(name, &field.to_ascii_lowercase()))
                    }
                    RulePlace::Query(name) => {
                        // Addresses have queries too.
                        let mut is_there = has_parameter(compared.target, name);
                        content.each_text("", &mut |_, it| is_there |= has_parameter(it, name));
                        is_there || fields().any(|(_, value)| has_parameter(value, name))
                    }
                };
            }
        }
    }
}

fn is_at(own: &RulePlace, place: &MessagePlace<'_>) -> bool {
    match (own, place) {
        (RulePlace::Body(pointer), MessagePlace::Body(segments)) => pointer.is(segments),
        (RulePlace::Query(own), MessagePlace::Query(name)) => is_like(own, name),
        _ => false,
    }
}

fn has_parameter(target: &str, name: &str) -> bool {
    let query = query_of(target);
    let Content::Object(parameters) = Content::form(query.as_bytes()) else {
        return false;
    };
    parameters.iter().any(|(own, _)| is_like(name, own))
}

fn has_place<'a>(content: &'a Content<'_>, pointer: &Pattern, at: &mut Vec<Cow<'a, str>>) -> bool {
    if pointer.is(&at[..]) && *content != Content::Empty {
        return true;
    }
    let mut is_below = |segment, below| {
        at.push(segment);
        let has = has_place(below, pointer, at);
        at.pop();
        has
    };
    match content {
        Content::Object(properties) => properties
            .iter()
            .any(|(name, below)| is_below(escaped(name), below)),
        Content::List(items) => (0..)
            .zip(items)
            .any(|(index, below): (usize, _)| is_below(index.to_string().into(), below)),
        Content::Text(text) => {
            nested(text).is_some_and(|it| has_place(&it, pointer, &mut at.clone()))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rules(rows: Value) -> Rules {
        Rules::from(serde_json::from_value::<Vec<ReplayRule>>(rows).unwrap())
    }

    fn body(pointer: &str) -> MessagePlace<'_> {
        let segments = pointer.split('/').skip(1);
        MessagePlace::Body(segments.map(Cow::Borrowed).collect())
    }

    #[test]
    fn wildcards_stand_for_segments() {
        for (pattern, text, is_it) in [
            ("", "", true),
            ("", "/a", false),
            ("/a/*", "/a/0", true),
            ("/a/*", "/a", false),
            ("/a/*", "/a/0/b", false),
            ("/a/**", "/a", true),
            ("/a/**", "/a/0/b", true),
            ("/**/etag", "/etag", true),
            ("/**/etag", "/value/3/etag", true),
            ("/**/etag", "/value/3/etags", false),
            ("**", "/any/thing", true),
            ("/a~1b/~0", "/a~1b/~0", true),
            ("/us*/v*.*", "/users/v1.0", true),
            ("/us*/v*.*", "/users/v1", false),
            ("/*a", "/a", true),
            ("/a*a", "/a", false),
        ] {
            let pattern = Pattern::new(pattern.to_owned());
            let segments = Pattern::new(text.to_owned()).segments;
            assert_eq!(pattern.is(&segments), is_it, "{pattern} {text}");
        }
    }

    #[test]
    fn the_last_rule_about_a_place_counts() {
        let rules = rules(json!([
            {"pointer": "/a", "compare": "ignore"},
            {"pointer": "/a/b", "compare": "exact"},
            {"path": "/x/*", "pointer": "/**/c", "compare": "shape"},
            {"operation": "invite", "header": "X-Trace-*", "compare": "exact"},
            {"query": "$skip*", "compare": "ignore"},
        ]));
        let of_x = rules.of_request("GET", "/x/1?y");
        let compare = |place: &MessagePlace<'_>, above| of_x.decide(place, above);
        let a = compare(&body("/a"), None);
        assert_eq!(a.map(|it| it.compare), Some(Compare::Ignore));
        for (pointer, above, expected) in [
            ("/a/b", a, Some(Compare::Exact)),
            ("/a/d", a, Some(Compare::Ignore)),
            ("/a/c", a, Some(Compare::Shape)),
            ("/c", None, Some(Compare::Shape)),
            ("/d", None, None),
        ] {
            let decided = compare(&body(pointer), above).map(|it| it.compare);
            assert_eq!(decided, expected, "{pointer}");
        }
        let skipped = compare(&MessagePlace::Query("$skiptoken"), None);
        assert_eq!(skipped.map(|it| it.compare), Some(Compare::Ignore));
        assert_eq!(of_x.of_header("x-trace-id"), None);
        let invite = rules.of_request("POST", "/beta/app/calls/1/participants/invite");
        assert_eq!(invite.of_header("x-trace-ID"), Some(Compare::Exact));
        assert_eq!(invite.decide(&body("/c"), None), None);
        assert!(Rules::default().of_request("GET", "/x").is_empty());
    }

    #[test]
    fn a_rule_whose_place_is_nowhere_is_reported() {
        let rules = rules(json!([
            {"pointer": "/value/*/etag", "compare": "ignore"},
            {"pointer": "/value/*/tag", "compare": "ignore"},
            {"pointer": "/text/inner", "compare": "ignore"},
            {"path": "/y", "pointer": "/value", "compare": "ignore"},
            {"header": "ETag", "compare": "exact"},
            {"query": "next", "compare": "shape"},
            {"operation": "answer", "query": "next", "compare": "shape"},
        ]));
        let mut used = vec![false; rules.len()];
        let line = json!({
            "number": 1, "direction": "request", "at_ms": 0, "took_ms": 0,
            "request": {"method": "GET", "target": "/x", "headers": []},
            "response": {"status": 200, "headers": [["etag", "1"]], "body": {"json":
                {"value": [{"etag": 1}], "text": "{\"inner\": 1}", "more": "/z?next=1"}}},
        });
        let line = line.to_string();
        let exchange = serde_json::from_str(&line).unwrap();
        let of_exchange = rules.of_request("GET", "/x");
        of_exchange.mark_used(&mut used, &exchange);
        assert_eq!(used, [true, false, true, false, true, true, false]);
        let unused = rules.unused(&used);
        assert!(
            unused[0].contains("pointer `/value/*/tag` matches nothing"),
            "{unused:?}"
        );
        assert!(unused[1].contains("`/value` of path `/y`"), "{unused:?}");
        assert!(
            unused[2].contains("`next` of operation `answer`"),
            "{unused:?}"
        );
    }

    #[test]
    fn a_rule_has_one_place() {
        for (row, message) in [
            (json!({"compare": "ignore"}), "has one of"),
            (
                json!({"pointer": "/a", "header": "b", "compare": "ignore"}),
                "has one of",
            ),
            (
                json!({"operation": "invite", "path": "/a", "pointer": "", "compare": "ignore"}),
                "not both",
            ),
            (
                json!({"operation": "invit", "pointer": "", "compare": "ignore"}),
                "did you mean `invite`?",
            ),
            (
                json!({"pointer": "a", "compare": "ignore"}),
                "begin with a slash",
            ),
            (
                json!({"pointer": "/a", "compare": "ignored"}),
                "`exact`, `shape`, `ignore`",
            ),
        ] {
            let error = serde_json::from_value::<ReplayRule>(row).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
    }
}
