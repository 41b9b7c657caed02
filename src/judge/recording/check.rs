//! Judges a whole recording by the contract.

use std::collections::HashMap;
use std::time::Duration;

use super::coverage::Coverage;
use crate::api::party::Party;
use crate::cassette::format::{Direction, Exchange};
use crate::cassette::recording::Recording;
use crate::contract::extracted::extracted;
use crate::contract::operation::Operation;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Level;
use crate::judge::monitor;
use crate::judge::monitor::conversation::{Conduct, Conversation};
use crate::judge::monitor::{Ending, Monitor};
use crate::judge::verdict::{Basis, ScenarioResult, Source, Traffic, Verdict, Violation};
use crate::judge::{Breach, Case, Options};

#[derive(Debug, Clone, Default)]
pub(crate) struct Checked {
    /// The conversations in the order of their start, one result for each party. A passing result
    /// has no messages, as no report shows them.
    pub results: Vec<ScenarioResult>,
    pub not_covered: Vec<NotCovered>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotCovered {
    pub number: u64,
    /// The direction of its request.
    pub direction: Direction,
    /// `POST /app/calls`
    pub request: String,
    /// None if there was no answer.
    pub status: Option<u16>,
}

/// Judges a recording by conversation and party, and says which scenarios its conversations show.
///
/// `name` stands before the names of the conversations: `call.jsonl/invite-2`.
pub(crate) fn check(
    name: &str,
    recording: &Recording,
    cases: &[Case],
    options: &Options,
) -> Checked {
    let exchanges = recording.exchanges();
    let observed = observe(recording, options);
    let at: HashMap<u64, usize> = exchanges
        .iter()
        .enumerate()
        .map(|(at, exchange)| (exchange.number, at))
        .collect();
    let get = |number: &u64| &exchanges[at[number]];
    let mut shown = shown(&observed.conversations, &get, cases);
    let mut ordinals: HashMap<String, usize> = HashMap::new();
    let mut results = Vec::new();
    for conversation in observed.conversations {
        let ordinal = ordinals.entry(conversation.name().to_owned()).or_default();
        *ordinal += 1;
        let name = match *ordinal {
            1 => format!("{name}/{}", conversation.name()),
            ordinal => format!("{name}/{}-{ordinal}", conversation.name()),
        };
        let of_conversation: Vec<&Exchange> = conversation.exchanges.iter().map(get).collect();
        let covers = shown.remove(&conversation.exchanges[0]).unwrap_or_default();
        results.extend(in_order(
            conversation,
            &name,
            &of_conversation,
            &covers,
            options,
        ));
    }
    let not_covered = observed
        .not_covered
        .iter()
        .map(|number| NotCovered::new(get(number)));
    Checked {
        results,
        not_covered: not_covered.collect(),
    }
}

/// The scenarios that conversations show, by the first exchange. Conversations about calls that replace each other
/// count together, with the first of them.
fn shown<'e>(
    conversations: &[Conversation],
    get: &impl Fn(&u64) -> &'e Exchange,
    cases: &[Case],
) -> HashMap<u64, Vec<String>> {
    let coverage = Coverage::new(cases);
    let mut by_call = HashMap::new();
    let mut groups: Vec<Vec<u64>> = Vec::new();
    for conversation in conversations {
        let related = conversation.calls.iter().chain(&conversation.replaces);
        let known = related.clone().find_map(|call| by_call.get(call).copied());
        let group = known.unwrap_or(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        for call in related {
            by_call.insert(call, group);
        }
        groups[group].extend(&conversation.exchanges);
    }
    let covered = groups.into_iter().filter_map(|mut group| {
        let first = *group.first()?;
        group.sort_unstable();
        Some((first, coverage.of(group.iter().map(get))))
    });
    covered.collect()
}

/// Sends the exchanges through a monitor, in the order of time.
fn observe(recording: &Recording, options: &Options) -> monitor::Observed {
    let exchanges = recording.exchanges();
    // A start comes before an end of the same time, but for the end of an earlier exchange.
    let mut events: Vec<(u64, usize, bool)> = Vec::with_capacity(exchanges.len() * 2);
    for (at, exchange) in exchanges.iter().enumerate() {
        events.push((exchange.at_ms, at, false));
        events.push((exchange.at_ms.saturating_add(exchange.took_ms), at, true));
    }
    events.sort_by_key(|(time, at, is_end)| (*time, *at, *is_end));
    let mut monitor = Monitor::new(monitor::Options {
        sees_notifications: recording.records(Direction::Notification),
        patience: monitor::PATIENCE,
        edition: options.edition.clone(),
    });
    let mut last = 0;
    for (time, at, is_end) in events {
        let exchange = &exchanges[at];
        let number = exchange.number;
        last = last.max(time);
        match (exchange.direction, is_end) {
            (Direction::Request, false) => monitor.request(time, number, &exchange.request),
            (Direction::Request, true) => monitor.answer(time, number, ending(exchange)),
            (Direction::Notification, false) => {
                monitor.notification(time, number, &exchange.request);
            }
            (Direction::Notification, true) => {
                monitor.acknowledgement(time, number, ending(exchange));
            }
        }
    }
    monitor.finish(last)
}

fn ending(exchange: &Exchange) -> Ending<'_> {
    match (&exchange.response, &exchange.broke) {
        (_, Some(cause)) => Ending::Broken(cause),
        (Some(response), None) => Ending::Response(response),
        (None, None) => Ending::Unknown,
    }
}

/// The results of both parties, the service's first.
fn in_order(
    conversation: Conversation,
    name: &str,
    exchanges: &[&Exchange],
    covers: &[String],
    options: &Options,
) -> Vec<ScenarioResult> {
    let numbers: Vec<String> = exchanges.iter().map(|it| it.number.to_string()).collect();
    let note = format!("exchanges {} of the recording", numbers.join(", "));
    let took = Duration::from_millis(conversation.ended.saturating_sub(conversation.begun));
    let operation = conversation.operation;
    let parties = [
        (Party::Service, conversation.service),
        (Party::Bot, conversation.bot),
    ];
    let parties = parties.into_iter().filter(|(_, conduct)| conduct.took_part);
    let results = parties.map(|(party, conduct)| {
        let mut result = result(name, party, conduct, operation, options);
        result.notes.insert(0, note.clone());
        result.covers = covers.to_vec();
        result.duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if result.verdict != Verdict::Pass {
            result.traffic = traffic(exchanges);
        }
        result
    });
    results.collect()
}

fn traffic(exchanges: &[&Exchange]) -> Vec<Traffic> {
    exchanges
        .iter()
        .flat_map(|exchange| super::messages(exchange))
        .collect()
}

fn result(
    name: &str,
    party: Party,
    conduct: Conduct,
    first: Option<&'static Operation>,
    options: &Options,
) -> ScenarioResult {
    let mut result = ScenarioResult::new(name, party, Verdict::Pass, "");
    for (breach, operation) in conduct.breaches {
        let violation = violation(breach, operation.or(first));
        if violation.level == Level::Must || options.strict {
            result.failures.push(violation);
        } else {
            result.warnings.push(violation);
        }
    }
    if !result.failures.is_empty() {
        result.verdict = Verdict::Fail;
    } else if let Some(doubt) = conduct.inconclusive.first() {
        result.verdict = Verdict::Inconclusive;
        result.reason.clone_from(&doubt.reason);
    }
    let others = conduct
        .inconclusive
        .into_iter()
        .skip(usize::from(result.verdict == Verdict::Inconclusive));
    result.notes = conduct.notes;
    result.notes.extend(others.map(|doubt| doubt.reason));
    result.checked = conduct.checked;
    result
}

fn violation(breach: Breach, operation: Option<&'static Operation>) -> Violation {
    Violation {
        rule: breach.rule,
        level: breach.requirement.level(),
        requirement: Basis::Requirement(breach.requirement),
        step: breach.step,
        pointer: breach.pointer,
        expected: breach.expected,
        actual: breach.actual,
        source: source(breach.requirement, operation),
        message: breach.message,
    }
}

/// The line that a requirement rests on: of the operation's own page, or of the page that states it.
fn source(requirement: Requirement, operation: Option<&'static Operation>) -> Source {
    let own = operation.and_then(|operation| {
        let stated = requirement.sources().iter().rev();
        let mut stated = stated.filter(|(file, _)| {
            operation
                .pages
                .iter()
                .any(|page| file.contains(page.as_str()))
        });
        if let Some((file, line)) = stated.next() {
            return Some(((*file).to_owned(), *line));
        }
        let printed = extracted().operations.iter();
        let printed = printed.filter(|it| operation.pages.contains(&it.page));
        let sources = printed.flat_map(|it| &it.sources);
        let newest = sources.max_by(|one, other| one.edition.cmp(&other.edition))?;
        Some((newest.file.clone(), newest.line))
    });
    let stated = || {
        requirement
            .sources()
            .last()
            .map(|(file, line)| ((*file).to_owned(), *line))
    };
    let (file, line) = own.or_else(stated).unwrap_or_else(|| {
        let standard = requirement.standard();
        (standard.to_owned(), 0)
    });
    Source { file, line }
}

impl NotCovered {
    fn new(exchange: &Exchange) -> Self {
        let request = &exchange.request;
        Self {
            number: exchange.number,
            direction: exchange.direction,
            request: format!("{} {}", request.method, request.target),
            status: exchange.response.as_ref().map(|response| response.status),
        }
    }
}
