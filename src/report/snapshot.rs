//! Snapshots of conversations, for comparison with the next run. They have the file format of insta, so `cargo insta`
//! can review them too.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::conversation;
use super::conversation::Names;
use super::text::normalized;
use crate::api::party::Party;
use crate::api::resource::path_of;
use crate::contract::rule::{Level, Rule};
use crate::diagnostic::path::Shown as _;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::Body;
use crate::judge::verdict::{
    Basis, ScenarioResult, Source, Traffic, TrafficMessage, Verdict, Violation,
};
use crate::replay::Replayed;

/// The name of a result's snapshot, without `.snap`.
pub(crate) fn name(result: &ScenarioResult) -> String {
    format!("{}__{}", result.scenario.replace('/', "__"), result.role)
}

/// The snapshot of a scenario's conversation: its messages in the order of the steps, variables by
/// name, properties sorted, and text [normalized]. Messages of no step are left out, as they depend
/// on the timing of a run.
pub(crate) fn render(result: &ScenarioResult) -> String {
    let of_steps = result.traffic.iter().filter(|it| it.step.is_some());
    let mut traffic: Vec<Traffic> = of_steps.cloned().collect();
    let mut bound = result.bound.iter();
    let callback = bound.find(|(_, value)| value.contains("://"));
    for message in &mut traffic {
        let is_notification = message.from == Party::Service;
        if let TrafficMessage::Request(it) = &mut message.message
            && let Some((name, url)) = callback
            && is_notification
            && path_of(url) == path_of(&it.target)
        {
            Arc::make_mut(it).target = format!("{{{name}}}");
        }
    }
    traffic.sort_by_key(|it| it.step);
    text(result.verdict, traffic, &Names::new(&result.bound))
}

/// The length of a token that is replaced inside of longer words too. A shorter one may stand there
/// by chance.
const LONG_TOKEN: usize = 8;

/// The snapshot of a replay's conversation: `pass` or `fail`, then the messages, each under the number
/// of the exchange that it matches. The token that was sent is `{token}`; no other value of the run
/// is left in it.
pub(crate) fn of_replay(replayed: &Replayed, token: Option<&str>) -> String {
    let bound = token.map(|it| ("token".to_owned(), it.to_owned()));
    let names = Names::new(bound.as_slice());
    let traffic = replayed.conversation.clone();
    let text = text(replayed.result.verdict, traffic, &names);
    match token.filter(|it| it.len() >= LONG_TOKEN) {
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

/// The violation of a conversation with this content that is not the accepted one. `file` has the accepted content,
/// where there is one.
pub(crate) fn violation(file: &Path, accepted: Option<&str>, content: String) -> Violation {
    let message = match accepted {
        Some(_) => "the conversation differs from the accepted snapshot",
        None => "the conversation is new, and has no accepted snapshot",
    };
    Violation {
        rule: Rule::Snapshot,
        level: Level::Must,
        requirement: Basis::Snapshot,
        step: None,
        pointer: Pointer::root(),
        expected: accepted.map_or(Value::Null, Value::from),
        actual: content.into(),
        source: Source {
            file: file.shown(),
            line: 1,
        },
        message: message.to_owned(),
    }
}

/// A snapshot file with this content.
pub(crate) fn file(description: &str, content: &str) -> String {
    let description = Value::from(description);
    format!("---\nsource: confcall\ndescription: {description}\n---\n{content}")
}

/// The content of a snapshot file; none where it is no snapshot file.
pub(crate) fn content(file: &str) -> Option<&str> {
    let rest = file.strip_prefix("---\n")?;
    let (_, content) = rest.split_once("\n---\n")?;
    Some(content)
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
}
