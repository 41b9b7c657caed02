//! Conversations as text: the documented one of a scenario, and the actual one on the wire.
//!
//! Both use [`render_message`], so that a difference between the two texts is a difference between
//! the two conversations.

use std::fmt::Write as _;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::api::identifier;
use crate::api::party::Party;
use crate::api::template::{fill, fill_json};
use crate::diagnostic::json;
use crate::diagnostic::place::printable;
use crate::http::message::{Body, unmarked};
use crate::judge::verdict::{Traffic, TrafficMessage};
use crate::scenario::format::{Scenario, Step, Token};

/// The header fields that are shown, in this order.
const SHOWN: [&str; 3] = ["Authorization", "Content-Type", "Location"];

/// A message as text: start line, the header fields that matter, an empty line, the body. Ends
/// with a line feed.
///
/// Of an `Authorization` only the scheme is shown, unless its value is a variable's name.
pub(crate) fn render_message(start_line: &str, headers: &[(&str, String)], body: &Body) -> String {
    let mut text = printable(start_line);
    text.push('\n');
    for shown in SHOWN {
        let named = |(name, _): &&(&str, String)| name.eq_ignore_ascii_case(shown);
        for (_, value) in headers.iter().filter(named) {
            let value = shown_field(shown, value);
            let _ = writeln!(text, "{shown}: {}", printable(&value));
        }
    }
    match body {
        Body::Empty => {}
        Body::Json(value) => push_body(&mut text, &format!("{value:#}")),
        Body::Text(body) if is_json(body) => push_body(&mut text, &json::pretty(unmarked(body))),
        Body::Text(body) => push_body(&mut text, body),
        Body::Bytes(bytes) => push_body(&mut text, &format!("({} bytes)", bytes.len())),
        Body::Omitted(omission) => push_body(&mut text, &format!("({} bytes)", omission.length())),
    }
    text
}

/// True for a text that is JSON, whose numbers may be longer than a reader takes them.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(unmarked(text)).is_ok()
}

fn push_body(text: &mut String, body: &str) {
    text.push('\n');
    for line in body.lines() {
        text.push_str(&printable(line));
        text.push('\n');
    }
}

/// The value of a header field, without a secret.
pub(crate) fn shown_field(name: &str, value: &str) -> String {
    if name.eq_ignore_ascii_case("Authorization") {
        without_secret(value)
    } else {
        value.to_owned()
    }
}

fn without_secret(value: &str) -> String {
    match value.split_once(' ') {
        Some((_, rest)) if rest.starts_with('{') && rest.ends_with('}') => value.to_owned(),
        Some((scheme, _)) => format!("{scheme} …"),
        None => "…".to_owned(),
    }
}

/// A scenario with its provider states and its variables, then its conversation.
pub(crate) fn show(scenario: &Scenario) -> String {
    let script = &scenario.script;
    let mut text = format!("{}\n\n  page   {}\n", scenario.id, script.source);
    let given: Vec<_> = script.given.iter().map(|it| it.as_str()).collect();
    for (label, words) in [
        ("given", given.join(", ")),
        ("tags", script.tags.join(", ")),
        ("judges", script.judges.map_or("", Party::as_str).to_owned()),
    ] {
        if !words.is_empty() {
            let _ = writeln!(text, "  {label:<6} {words}");
        }
    }
    let width = script.variables.keys().map(|it| it.len() + 2).max();
    for (name, variable) in &script.variables {
        let name = format!("{{{name}}}");
        let width = width.unwrap_or_default();
        let value = printable(variable.printed());
        let _ = write!(text, "  {name:<width$}  {value}");
        if let Some(other) = &variable.same_as {
            let _ = write!(text, "  (the same as {{{other}}})");
        }
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&self::scenario(scenario));
    text
}

/// The conversation that a scenario documents, variables by name. The heading of each step has its
/// number, its kind and its line in the page.
pub(crate) fn scenario(scenario: &Scenario) -> String {
    let source = &scenario.script.source;
    let steps = scenario.script.steps.iter().enumerate();
    let shown: Vec<_> = steps
        .map(|(index, step)| {
            let (number, kind, line) = (index + 1, step.kind(), step.line());
            let token = other_token(step);
            format!(
                "#{number} {kind}{token}  {source}:{line}\n{}",
                documented(step)
            )
        })
        .collect();
    shown.join("\n")
}

/// The remark on a token that is not the one the service accepts.
const fn other_token(step: &Step) -> &'static str {
    match step {
        Step::Request(step) => match step.token {
            Token::Own => "",
            Token::Foreign => " with a foreign token",
            Token::None => " without a token",
        },
        Step::Response(_) | Step::Notification(_) | Step::Refusal(_) => "",
    }
}

fn documented(step: &Step) -> String {
    let name = |name: &str| Some(format!("{{{name}}}"));
    let start = match step {
        Step::Request(step) => format!("{} {}", step.method, fill(&step.target, &name)),
        Step::Response(step) => status_line(step.status),
        Step::Notification(step) => format!("{} {}", step.method, fill(&step.target, &name)),
        Step::Refusal(step) => refusal_line(&step.statuses),
    };
    let headers: Vec<_> = step
        .fields()
        .map(|(field, value)| (field.as_str(), fill(value, &name)))
        .collect();
    let body = match step.body() {
        Body::Json(value) => &Body::Json(fill_json(value, &name)),
        Body::Text(text) => &Body::Text(fill(text, &name)),
        other => other,
    };
    render_message(&start, &headers, body)
}

/// The traffic of a conversation, in its order, bound values by name. The heading of each message
/// has its kind, and the number of the step that it matched.
pub(crate) fn traffic(traffic: &[Traffic], names: &Names) -> String {
    let shown: Vec<_> = traffic
        .iter()
        .map(|it| {
            let step = it.step.map_or(String::new(), |step| format!("#{step} "));
            let kind = kind(it);
            format!("{step}{kind}\n{}", seen(&it.message, names))
        })
        .collect();
    shown.join("\n")
}

/// A place of a conversation that a violation names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark<'m> {
    /// Counted from 1.
    pub step: usize,
    /// The place in the body, as an RFC 6901 pointer; empty for the whole message.
    pub pointer: &'m str,
    pub label: &'m str,
}

/// A line of a conversation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MarkedLine<'m> {
    pub text: String,
    /// The label of the mark on it.
    pub label: Option<&'m str>,
}

/// The lines of [`traffic`], in which each place that a mark names has its label. Where there are more than `most`,
/// bodies without a mark, the distant lines of bodies with one, and the first messages without a mark are left out, in
/// this order.
pub(crate) fn marked_traffic<'m>(
    traffic: &[Traffic],
    names: &Names,
    marks: &[Mark<'m>],
    most: Option<usize>,
) -> Vec<MarkedLine<'m>> {
    let mut left: Vec<Mark<'m>> = marks.to_vec();
    let mut messages: Vec<Vec<MarkedLine<'m>>> = Vec::new();
    for it in traffic {
        let step = it.step.map_or(String::new(), |step| format!("#{step} "));
        let heading = format!("{step}{}", kind(it));
        let text = seen(&it.message, names);
        let text = std::iter::once(heading.as_str()).chain(text.lines());
        let mut lines: Vec<MarkedLine<'m>> = text
            .map(|line| MarkedLine {
                text: line.to_owned(),
                label: None,
            })
            .collect();
        left.retain(|mark| {
            if it.step != Some(mark.step) {
                return true;
            }
            let at = marked_line(&it.message, mark.pointer, &lines);
            if let Some(line) = lines.get_mut(at) {
                line.label = Some(mark.label);
            }
            false
        });
        messages.push(lines);
    }
    let most = most.unwrap_or(usize::MAX);
    for keep in [0, 4] {
        if length(&messages) > most {
            for message in &mut messages {
                shorten(message, keep);
            }
        }
    }
    let mut without = 0;
    while length(&messages) > most
        && let Some(first) = messages
            .iter()
            .position(|it| it.iter().all(|it| it.label.is_none()))
    {
        messages.remove(first);
        without += 1;
    }
    if without > 0 {
        messages.insert(0, vec![left_out(without, "message")]);
    }
    let gap = || MarkedLine {
        text: String::new(),
        label: None,
    };
    let mut all = Vec::new();
    for message in messages {
        if !all.is_empty() {
            all.push(gap());
        }
        all.extend(message);
    }
    all
}

/// The number of lines of messages, with the empty ones between them.
fn length(messages: &[Vec<MarkedLine<'_>>]) -> usize {
    messages.iter().map(|it| it.len() + 1).sum()
}

/// Leaves out the lines of a body that have more than `keep` lines between them and a mark; without a mark, the body.
fn shorten(message: &mut Vec<MarkedLine<'_>>, keep: usize) {
    let Some(body) = message.iter().position(|it| it.text.is_empty()) else {
        return;
    };
    let marks: Vec<usize> = (0..)
        .zip(&*message)
        .filter(|(_, it)| it.label.is_some())
        .map(|(at, _)| at)
        .collect();
    if keep == 0 && marks.iter().any(|at| *at > body) {
        return;
    }
    let is_kept = |at: usize| at <= body || marks.iter().any(|mark| mark.abs_diff(at) <= keep);
    let mut shortened = Vec::new();
    let mut gap = 0;
    for (at, line) in message.drain(..).enumerate() {
        if is_kept(at) {
            if gap > 0 {
                shortened.push(left_out(std::mem::take(&mut gap), "line"));
            }
            shortened.push(line);
        } else {
            gap += 1;
        }
    }
    if gap > 0 {
        shortened.push(left_out(gap, "line"));
    }
    *message = shortened;
}

fn left_out(count: usize, what: &str) -> MarkedLine<'static> {
    let plural = if count == 1 { "" } else { "s" };
    MarkedLine {
        text: format!("… {count} {what}{plural}"),
        label: None,
    }
}

/// The line that a pointer into the body of a message names: that of the nearest value around it that is there. The
/// line below the heading for the whole message.
fn marked_line(message: &TrafficMessage, pointer: &str, lines: &[MarkedLine<'_>]) -> usize {
    let body = match message {
        TrafficMessage::Request(it) => &it.body,
        TrafficMessage::Response(it) => &it.body,
        TrafficMessage::Event(_) => return 1,
    };
    let start = lines.iter().position(|it| it.text.is_empty());
    match (body.to_json(), start) {
        (Some(body), Some(start)) if !pointer.is_empty() => {
            // RFC 6901, section 4.
            let unescaped = |key: &str| key.replace("~1", "/").replace("~0", "~");
            start + 1 + line_of(&body, pointer.split('/').skip(1).map(unescaped))
        }
        _ => 1,
    }
}

/// The line of a value in pretty-printed JSON, counted from 0.
fn line_of(value: &Value, mut path: impl Iterator<Item = String>) -> usize {
    let Some(first) = path.next() else {
        return 0;
    };
    let found = match value {
        Value::Object(properties) => {
            let mut before = properties.iter();
            let lines = before.by_ref().take_while(|(name, _)| **name != first);
            let lines: usize = lines.map(|(_, it)| line_count(it)).sum();
            properties.get(&first).map(|it| (lines, it))
        }
        Value::Array(items) => first.parse::<usize>().ok().and_then(|at| {
            let item = items.get(at)?;
            Some((items[..at].iter().map(line_count).sum(), item))
        }),
        _ => None,
    };
    found.map_or(0, |(before, it)| 1 + before + line_of(it, path))
}

/// The number of lines of a value in pretty-printed JSON.
fn line_count(value: &Value) -> usize {
    match value {
        Value::Object(properties) if !properties.is_empty() => {
            2 + properties.values().map(line_count).sum::<usize>()
        }
        Value::Array(items) if !items.is_empty() => 2 + items.iter().map(line_count).sum::<usize>(),
        _ => 1,
    }
}

pub(crate) const fn kind(traffic: &Traffic) -> &'static str {
    match (&traffic.message, traffic.from) {
        (TrafficMessage::Request(_), Party::Bot) => "request",
        (TrafficMessage::Response(_), Party::Service) => "response",
        (TrafficMessage::Request(_), Party::Service) => "notification",
        (TrafficMessage::Response(_), Party::Bot) => "acknowledgement",
        (TrafficMessage::Event(_), _) => "event",
    }
}

fn seen(message: &TrafficMessage, names: &Names) -> String {
    let (start, headers, body) = match message {
        TrafficMessage::Request(it) => {
            let start = format!("{} {}", it.method, names.in_text(&it.target));
            (start, &it.headers, &it.body)
        }
        TrafficMessage::Response(it) => (status_line(it.status), &it.headers, &it.body),
        TrafficMessage::Event(text) => return format!("{}\n", printable(text)),
    };
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name, names.in_text(value)))
        .collect();
    let body = match body {
        Body::Json(value) => &Body::Json(names.in_json(value)),
        Body::Text(text) => &Body::Text(names.in_text(text)),
        other => other,
    };
    render_message(&start, &headers, body)
}

/// The status line of a refusal: any of several.
fn refusal_line(statuses: &[u16]) -> String {
    let statuses: Vec<_> = statuses.iter().map(ToString::to_string).collect();
    format!("HTTP {}", statuses.join(" or "))
}

/// Reason phrases are not part of the contract, so they are not shown.
pub(crate) fn status_line(status: u16) -> String {
    format!("HTTP {status}")
}

/// The names of the values that are bound in a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names(Vec<(String, String)>);

impl Names {
    pub(crate) const NONE: Self = Self(Vec::new());

    /// If two variables have the same value, the first names it.
    pub(crate) fn new(bound: &[(String, String)]) -> Self {
        let mut names = bound.to_vec();
        names.retain(|(_, value)| !value.is_empty());
        names.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        Self(names)
    }

    /// The text with each bound value replaced by `{name}`. GUIDs are found in any spelling;
    /// nothing is found inside of a longer word.
    pub(crate) fn in_text(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        let mut before = None;
        while let Some(next) = rest.chars().next() {
            let (length, name) = self
                .at_start(rest, before)
                .unwrap_or((next.len_utf8(), None));
            match name {
                Some(name) => shown.extend(["{", name, "}"]),
                None => shown.push(next),
            }
            before = rest[..length].chars().next_back();
            rest = &rest[length..];
        }
        shown
    }

    /// The value with each string of it replaced likewise, at every depth.
    pub(crate) fn in_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.in_text(text)),
            Value::Array(items) => items.iter().map(|it| self.in_json(it)).collect(),
            Value::Object(properties) => properties
                .iter()
                .map(|(name, it)| (name.clone(), self.in_json(it)))
                .collect(),
            other => other.clone(),
        }
    }

    fn at_start(&self, text: &str, before: Option<char>) -> Option<(usize, Option<&str>)> {
        self.0.iter().find_map(|(name, value)| {
            let length = spelled(value, text)?;
            let inside = |edge: Option<char>, beyond: Option<char>| {
                edge.is_some_and(is_word) && beyond.is_some_and(is_word)
            };
            let cut = inside(value.chars().next(), before)
                || inside(value.chars().next_back(), text[length..].chars().next());
            (!cut).then_some((length, Some(name.as_str())))
        })
    }
}

/// The length in bytes of the spelling of `value` at the start of the text.
fn spelled(value: &str, text: &str) -> Option<usize> {
    if text.starts_with(value) {
        return Some(value.len());
    }
    if !identifier::is_guid(value) {
        return None;
    }
    let end = text
        .find(|c: char| !c.is_ascii_hexdigit() && c != '-')
        .unwrap_or(text.len());
    identifier::same(&text[..end], value).then_some(end)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '-' || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::{Headers, Request, Response};
    use serde_json::json;

    const CALL: &str = "57dab8b1-894c-409a-b240-bd8beae78896";

    fn names() -> Names {
        Names::new(&[
            ("call".into(), CALL.into()),
            ("operation".into(), "1".into()),
            ("token".into(), "s3cret".into()),
        ])
    }

    #[test]
    fn bound_values_are_shown_by_name() {
        for (text, shown) in [
            (
                "/v1.0/calls/57DAB8B1894C409AB240BD8BEAE78896/answer",
                "/v1.0/calls/{call}/answer",
            ),
            ("/operations/1", "/operations/{operation}"),
            ("/operations/11 1-a a1", "/operations/11 1-a a1"),
            ("é1é 1", "é1é {operation}"),
        ] {
            assert_eq!(names().in_text(text), shown);
        }
        assert_eq!(
            names().in_json(&json!({"1": [CALL, 1]})),
            json!({"1": ["{call}", 1]})
        );
    }

    #[test]
    fn traffic_reads_as_what_is_documented() {
        let scenario = Scenario {
            id: crate::scenario::format::ScenarioId::new("a"),
            script: serde_json::from_value::<crate::scenario::format::Script>(json!({
                "version": 1, "source": "p.md",
                "steps": [
                    {"request": {"line": 7, "method": "POST", "target": "/calls/{call}",
                        "headers": {"Content-Type": "application/json", "Authorization": "Bearer {token}"},
                        "body": {"a": "{{b}}"}}},
                    {"response": {"line": 9, "status": 202}}
                ]
            }))
            .unwrap()
            .into(),
        };
        let documented = super::scenario(&scenario);
        assert_eq!(
            documented,
            "#1 request  p.md:7\nPOST /calls/{call}\nAuthorization: Bearer {token}\nContent-Type: application/json\n\n{\n  \"a\": \"{b}\"\n}\n\n#2 response  p.md:9\nHTTP 202\n"
        );
        let seen = [
            Traffic::new(
                Party::Bot,
                Some(1),
                TrafficMessage::Request(std::sync::Arc::new(Request {
                    method: "POST".into(),
                    target: format!("/calls/{}", CALL.to_uppercase()),
                    headers: Headers::from_iter([
                        ("content-type", "application/json"),
                        ("host", "h"),
                        ("authorization", "Bearer s3cret"),
                    ]),
                    body: Body::Json(json!({"a": "{b}"})),
                })),
            ),
            Traffic::new(
                Party::Service,
                Some(2),
                TrafficMessage::Response(std::sync::Arc::new(Response {
                    status: 202,
                    headers: Headers::new(),
                    body: Body::Empty,
                })),
            ),
        ];
        let without_places = documented.replace("  p.md:7", "").replace("  p.md:9", "");
        assert_eq!(traffic(&seen, &names()), without_places);
        assert!(traffic(&seen, &Names::NONE).contains("Bearer …\n"));
    }

    #[test]
    fn nothing_moves_the_cursor() {
        let content = Body::Text("a\u{1b}[2J\nb".into());
        let shown = render_message("GET /\r", &[], &content);
        assert_eq!(shown, "GET /\u{fffd}\n\na\u{fffd}[2J\nb\n");
    }
}
