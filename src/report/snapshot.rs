//! The text of a conversation that is kept, to be held against the next run's, in the files of
//! insta: `cargo insta` reviews them too.

use std::fmt::Write as _;
use std::sync::Arc;

use similar::{ChangeTag, TextDiff};

use super::color::Look;
use super::conversation;
use super::conversation::Names;
use super::normalized::normalized;
use crate::api::party::Party;
use crate::api::resource::path_of;
use crate::diagnostic::place::printable;
use crate::http::message::Body;
use crate::judge::verdict::{ScenarioResult, Traffic, TrafficMessage, Verdict};
use crate::replay::Replayed;

/// The name of a result's snapshot, without `.snap`.
pub fn name(result: &ScenarioResult) -> String {
    format!("{}__{}", result.scenario.replace('/', "__"), result.role)
}

/// The conversation as it is kept: by the steps that its messages were taken for; variables by name,
/// properties in one order, and what nobody judges by its form. Messages of no step come and go with
/// the timing of a run: they are judged, and not kept.
pub fn render(result: &ScenarioResult) -> String {
    let of_steps = result.traffic.iter().filter(|it| it.step.is_some());
    let mut traffic: Vec<Traffic> = of_steps.cloned().collect();
    let mut bound = result.bound.iter();
    let callback = bound.find(|(_, value)| value.contains("://"));
    for message in &mut traffic {
        let told = message.from == Party::Service;
        if let TrafficMessage::Request(it) = &mut message.message
            && let Some((name, url)) = callback
            && told
            && path_of(url) == path_of(&it.target)
        {
            Arc::make_mut(it).target = format!("{{{name}}}");
        }
    }
    traffic.sort_by_key(|it| it.step);
    text(result.verdict, traffic, &Names::new(&result.bound))
}

/// How short a token may be to be found within longer words: a shorter one may stand there by chance.
const LONG: usize = 8;

/// The conversation of a replay as it is kept: `pass` or `fail`, then message by message, each under
/// the number of the exchange that it was taken for. The token that was sent is `{token}` wherever it
/// stands; no other value of the run is left in it.
pub fn of_replay(replayed: &Replayed, token: Option<&str>) -> String {
    let bound = token.map(|it| ("token".to_owned(), it.to_owned()));
    let names = Names::new(bound.as_slice());
    let traffic = replayed.conversation.clone();
    let text = text(replayed.result.verdict, traffic, &names);
    match token.filter(|it| it.len() >= LONG) {
        Some(token) => text.replace(token, "{token}"),
        None => text,
    }
}

fn text(verdict: Verdict, mut traffic: Vec<Traffic>, names: &Names) -> String {
    for message in &mut traffic {
        match &mut message.message {
            TrafficMessage::Request(it) => sort(&mut Arc::make_mut(it).body),
            TrafficMessage::Response(it) => sort(&mut Arc::make_mut(it).body),
            TrafficMessage::Event(_) => {}
        }
    }
    let mut text = format!("{}\n\n", verdict.as_str());
    for line in conversation::traffic(&traffic, names).lines() {
        text.push_str(&normalized(line));
        text.push('\n');
    }
    text
}

fn sort(body: &mut Body) {
    if let Body::Json(body) = body {
        body.sort_all_objects();
    }
}

/// A snapshot file with this content.
pub fn file(description: &str, content: &str) -> String {
    let description = serde_json::Value::from(description);
    format!("---\nsource: confcall\ndescription: {description}\n---\n{content}")
}

/// The content of a snapshot file; none where it is no such file.
pub fn content(file: &str) -> Option<&str> {
    let rest = file.strip_prefix("---\n")?;
    let (_, content) = rest.split_once("\n---\n")?;
    Some(content)
}

/// What changed, line by line, with three lines around each change.
pub fn difference(old: &str, new: &str, look: Look) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut text = String::new();
    for (number, group) in diff.grouped_ops(3).iter().enumerate() {
        if number > 0 {
            text.push_str("    ...\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = printable(change.value().trim_end_matches(['\n', '\r']));
            let line = match change.tag() {
                ChangeTag::Equal => format!("  {line}"),
                ChangeTag::Delete => look.removed(&format!("- {line}")),
                ChangeTag::Insert => look.added(&format!("+ {line}")),
            };
            let _ = writeln!(text, "    {line}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_its_content_back() {
        let text = file("a \"b\"", "pass\n\n---\n");
        assert_eq!(content(&text), Some("pass\n\n---\n"));
        assert_eq!(content("pass\n"), None);
    }

    #[test]
    fn a_difference_shows_its_surroundings() {
        let old: String = ["a", "b", "c", "d", "e", "f"]
            .map(|it| format!("{it}\n"))
            .concat();
        let new = old.replace('f', "g");
        let shown = difference(&old, &new, Look::PLAIN);
        assert_eq!(shown, "      c\n      d\n      e\n    - f\n    + g\n");
        assert_eq!(difference(&old, &old, Look::PLAIN), "");
    }
}
