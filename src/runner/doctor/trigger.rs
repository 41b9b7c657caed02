//! The check of the trigger: one scenario is played, and the bot's first request must be the expected one.

use tokio_util::sync::CancellationToken;

use super::{Origin, Problem, Stopped, Tried, needed};
use crate::api::party::Party;
use crate::contract::operation;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::Request;
use crate::judge;
use crate::judge::Case;
use crate::judge::verdict::{Basis, ScenarioResult, TrafficMessage, Verdict, Violation};
use crate::runner::options::Options;
use crate::runner::process::Running;
use crate::runner::run::{explain, while_running};
use crate::runner::session::{Session, Stop};
use crate::runner::target::Target;
use crate::runner::trigger::Triggers;
use crate::scenario::format::Step;

/// Triggers a bot as a run does, by the shortest selected scenario that begins with a request of the bot.
pub(super) async fn trigger(
    options: &Options,
    target: &Target,
    session: Option<Session>,
    running: Option<&Running>,
    interrupt: &CancellationToken,
) -> Tried<()> {
    let skipped = |reason: &str| Err(Stopped::Skipped(reason.to_owned()));
    let Target::Bot { triggers, .. } = target else {
        return skipped("a service is not triggered");
    };
    if triggers.rows.is_empty() && triggers.hook.is_none() {
        return skipped("the bot acts by itself: there is no `--trigger` and no `[[trigger]]`");
    }
    let session = needed(session, "listener")?;
    let Some(case) = simplest(options, triggers) else {
        return skipped("no selected scenario begins with a request for which there is a trigger");
    };
    let stop = Stop::default();
    let playing = session.play(std::slice::from_ref(&case), stop.clone());
    let played = while_running(running, playing, &stop, interrupt, None).await;
    let mut results = played.map_err(|error| Problem::of(Origin::Environment, &error))?;
    if let Some(running) = running {
        explain(&mut results, running, stop.reason()).await;
    }
    let Some(result) = results.pop() else {
        return skipped("interrupted");
    };
    judged(&result)
}

/// The shortest selected scenario that begins with a request for which there is a trigger, without fault injection where
/// there is one.
fn simplest(options: &Options, triggers: &Triggers) -> Option<Case> {
    let is_triggered = |case: &Case| match case.scenario.script.steps.first() {
        Some(Step::Request(step)) => {
            let operation = operation::of_request(&step.method, &step.target);
            let operation = operation.map(|(operation, _)| operation);
            triggers.hook.is_some() || triggers.rows.iter().any(|row| row.covers(operation))
        }
        _ => false,
    };
    let cases = judge::cases(&options.all, &options.scenarios);
    let (cases, _) = options.claimed(cases, Party::Bot);
    let cases = cases.into_iter().filter(is_triggered);
    cases.min_by_key(|case| {
        let is_injected = case.scenario.id.injection().is_some();
        (is_injected, case.scenario.script.steps.len())
    })
}

/// Whether the bot was triggered and sent its request, by the result of the scenario.
fn judged(result: &ScenarioResult) -> Tried<()> {
    let sent = result.traffic.iter().find_map(|it| match &it.message {
        TrafficMessage::Request(request) if it.from == Party::Bot => Some(described(request)),
        _ => None,
    });
    if result.verdict == Verdict::Skip && sent.is_none() {
        let other = "select another scenario, by `--operation` for example";
        return Err(Stopped::Skipped(format!("{}: {other}", result.reason)));
    }
    let wrong = result.failures.iter().find(|it| is_about_the_request(it));
    let because = |mut cause: String| {
        for line in result.notes.iter().chain(&result.output) {
            cause.push('\n');
            cause.push_str(line);
        }
        cause
    };
    let (cause, remedy) = match (sent, wrong) {
        (Some(sent), None) => {
            return Ok((
                (),
                format!("{}: the bot was triggered and sent {sent}", result.scenario),
            ));
        }
        (Some(sent), Some(wrong)) => (
            format!("the bot was triggered and sent {sent}: {}", wrong.message),
            match wrong.requirement {
                Basis::Requirement(Requirement::RequestToken) => {
                    "send `Authorization: Bearer TOKEN` with each request: confcall accepts any token"
                }
                _ => "send the request that the trigger has in `request`, to its `url`",
            },
        ),
        (None, Some(wrong)) => (
            wrong.message.clone(),
            "send the request to the `url` that the trigger has in `request`, before or after the response to the trigger",
        ),
        (None, None) => (
            result.reason.clone(),
            "`--trigger` is the address for triggers, `[[trigger]]` the bot's own requests; 2xx means that the \
             bot acts",
        ),
    };
    Err(Problem::new(Origin::Target, because(cause), remedy).into())
}

fn described(request: &Request) -> String {
    let token = match request.headers.get("authorization") {
        Some(_) => "with a token",
        None => "without a token",
    };
    format!("{} {} {token}", request.method, request.target)
}

/// True for a first request that did not come, or came without its token or to another place. A run judges the rest.
fn is_about_the_request(violation: &Violation) -> bool {
    let is_token = violation.requirement == Basis::Requirement(Requirement::RequestToken);
    let is_request = matches!(
        violation.rule,
        Rule::RequestMethod | Rule::RequestTarget | Rule::RequestMissing | Rule::RequestUnexpected
    );
    (is_token || is_request) && violation.step.is_none_or(|step| step == 1)
}
