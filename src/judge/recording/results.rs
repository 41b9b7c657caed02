//! The results of a conversation: one for each party that took part.

use super::Shared;
use super::live::Options;
use crate::api::party::Party;
use crate::contract::extracted::extracted;
use crate::contract::operation::Operation;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Level;
use crate::judge::Breach;
use crate::judge::monitor::conversation::{Conduct, Conversation};
use crate::judge::verdict::{Basis, ScenarioResult, Source, Traffic, Verdict, Violation};

/// The results of both parties, the service's first. A plain pass has no messages, as no report shows them.
pub(super) fn of_conversation(
    conversation: Conversation,
    options: &Options,
    exchanges: &[&Shared],
) -> impl Iterator<Item = ScenarioResult> {
    let numbers: Vec<String> = exchanges.iter().map(|it| it.number.to_string()).collect();
    let plural = if numbers.len() == 1 { "" } else { "s" };
    let note = format!(
        "exchange{plural} {} of the {}",
        numbers.join(", "),
        options.of
    );
    let took = conversation.ended.saturating_sub(conversation.begun);
    let operation = conversation.operation;
    let name = format!("{}/{}", options.name, conversation.name);
    let parties = [
        (Party::Service, conversation.service),
        (Party::Bot, conversation.bot),
    ];
    let parties = parties.into_iter().filter(|(_, conduct)| conduct.took_part);
    parties.map(move |(party, conduct)| {
        let mut result = result((&name, &note), party, conduct, operation, options.is_strict);
        result.duration_ms = took;
        if !result.is_plain_pass() {
            result.traffic = messages(exchanges);
        }
        result
    })
}

fn messages(exchanges: &[&Shared]) -> Vec<Traffic> {
    exchanges
        .iter()
        .flat_map(|exchange| super::messages(exchange))
        .collect()
}

fn result(
    (name, note): (&str, &str),
    party: Party,
    conduct: Conduct,
    first: Option<&'static Operation>,
    is_strict: bool,
) -> ScenarioResult {
    let mut result = ScenarioResult::new(name, party, Verdict::Pass, "");
    for (breach, operation) in conduct.breaches {
        let violation = violation(breach, operation.or(first));
        if violation.level == Level::Must || is_strict {
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
    let notes = conduct.notes.into_iter();
    let notes = notes.chain(others.map(|doubt| doubt.reason));
    // Most have this one alone.
    result.notes = vec![note.to_owned()];
    result.notes.extend(notes);
    result.checked = conduct.checked;
    result.operation = first.map(|it| it.name.clone());
    result
}

pub(super) fn violation(breach: Breach, operation: Option<&'static Operation>) -> Violation {
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
