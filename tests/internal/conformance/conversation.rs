//! A documented conversation and an actual one as texts that can be laid over each other: one
//! rendering for both, variables by name, properties in one order, and what nobody judges (times,
//! tags, addresses, ids that nothing else names) by its form.

use std::sync::Arc;

use crate::api::party::Party;
use crate::contract::change;
use crate::contract::change::Change;
use crate::http::message::Body;
use crate::judge::verdict::{ScenarioResult, Traffic, TrafficMessage};
use crate::report::conversation;
use crate::report::conversation::Names;
use crate::report::text::normalized;
use crate::scenario::format::{Scenario, Step};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

/// The documented conversation and the actual one, line by line.
pub(crate) fn laid_over_each_other(scenario: &Scenario, result: &ScenarioResult) -> String {
    let mut text = String::new();
    for (index, documented) in documented_steps(scenario).into_iter().enumerate() {
        let actual = actual_step(scenario, result, index);
        let diff = TextDiff::from_lines(&documented, &actual);
        for change in diff.iter_all_changes() {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            text.push(sign);
            text.push_str(change.value());
        }
        text.push('\n');
    }
    text
}

/// The text of each documented step.
fn documented_steps(scenario: &Scenario) -> Vec<String> {
    let mut sorted = scenario.clone();
    let script = std::sync::Arc::make_mut(&mut sorted.script);
    for step in &mut script.steps {
        let body = match step {
            Step::Request(step) => Some(&mut step.body),
            Step::Response(step) => Some(&mut step.body),
            Step::Notification(step) => Some(&mut step.body),
            Step::Refusal(_) => None,
        };
        if let Some(Body::Json(body)) = body {
            body.sort_all_objects();
        }
    }
    let source = format!("  {}:", scenario.script.source);
    let text = by_root(scenario, &conversation::scenario(&sorted));
    let mut steps: Vec<String> = Vec::new();
    for line in text.lines() {
        let is_head = line.starts_with('#') && line.contains(&source);
        if is_head {
            steps.push(String::new());
        }
        if let Some(step) = steps.last_mut() {
            // The line of the page stands in the scenario already.
            let line = line.split(&source).next().unwrap_or(line);
            step.push_str(&normalized(line));
            step.push('\n');
        }
    }
    steps
        .iter()
        .map(|step| format!("{}\n", step.trim_end()))
        .collect()
}

/// The text of what was sent for a step, counted from 0. An acknowledgement is no step.
fn actual_step(scenario: &Scenario, result: &ScenarioResult, index: usize) -> String {
    let is_it = |traffic: &&Traffic| match &scenario.script.steps[index] {
        Step::Request(_) => is_of(traffic, index, Party::Bot, true),
        Step::Response(_) | Step::Refusal(_) => is_of(traffic, index, Party::Service, false),
        Step::Notification(step) => {
            let documented = step.body.json().map(kinds);
            traffic.from == Party::Service
                && matches!(&traffic.message, TrafficMessage::Request(request)
                    if request.body.json().map(kinds) == documented)
        }
    };
    // Of two that say the same, such as two calls being established, each step takes its own.
    let same_before = scenario.script.steps[..index]
        .iter()
        .filter(|other| {
            let kinds_of = |step: &Step| step.body().json().map(kinds);
            matches!(other, Step::Notification(_))
                && matches!(scenario.script.steps[index], Step::Notification(_))
                && kinds_of(other) == kinds_of(&scenario.script.steps[index])
        })
        .count();
    let Some(found) = result.traffic.iter().filter(is_it).nth(same_before) else {
        return "(nothing was sent)\n".to_owned();
    };
    let mut found = found.clone();
    found.step = Some(index + 1);
    match &mut found.message {
        TrafficMessage::Request(message) => sort(&mut Arc::make_mut(message).body),
        TrafficMessage::Response(message) => sort(&mut Arc::make_mut(message).body),
        TrafficMessage::Event(_) => {}
    }
    let text = conversation::traffic(&[found], &Names::new(&result.bound));
    text.lines().map(|line| normalized(line) + "\n").collect()
}

fn is_of(traffic: &Traffic, index: usize, from: Party, is_request: bool) -> bool {
    traffic.from == from
        && traffic.step == Some(index + 1)
        && matches!(traffic.message, TrafficMessage::Request(_)) == is_request
}

/// What the entries of a notification say, without the call that they say it of.
fn kinds(body: &Value) -> Vec<String> {
    let entries = change::entries(body).into_iter().flatten();
    entries.map(|entry| Change::read(entry).kind()).collect()
}

fn sort(body: &mut Body) {
    if let Body::Json(body) = body {
        body.sort_all_objects();
    }
}

/// Variables that must agree by the name of the one that they agree with.
fn by_root(scenario: &Scenario, text: &str) -> String {
    let mut text = text.to_owned();
    for (name, variable) in &scenario.script.variables {
        if let Some(root) = &variable.same_as {
            text = text.replace(&format!("{{{name}}}"), &format!("{{{root}}}"));
        }
    }
    text
}
