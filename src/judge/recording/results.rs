//! The results of a conversation: one for each party that took part.

use super::Shared;
use super::live::Options;
use crate::api::party::Party;
use crate::api::resource::version_of;
use crate::cassette::format::Direction;
use crate::contract::extracted::extracted;
use crate::contract::operation::{Operation, common_limits};
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
        let api = |step: Option<usize>| {
            let is_it = |it: &&&Shared| usize::try_from(it.number).ok() == step;
            exchanges.iter().find(is_it).and_then(|it| api_of(it))
        };
        let first = (operation, options.is_strict);
        let mut result = result((&name, &note), party, conduct, first, api);
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
    (first, is_strict): (Option<&'static Operation>, bool),
    api: impl Fn(Option<usize>) -> Option<&'static str>,
) -> ScenarioResult {
    let mut result = ScenarioResult::new(name, party, Verdict::Pass, "");
    for (breach, operation) in conduct.breaches {
        let api = api(breach.step);
        let violation = violation(breach, operation.or(first), api);
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

/// The API version of a request; none of a notification.
pub(super) fn api_of(exchange: &Shared) -> Option<&'static str> {
    let is_request = exchange.direction == Direction::Request;
    version_of(&exchange.request.target).filter(|_| is_request)
}

pub(super) fn violation(
    breach: Breach,
    operation: Option<&'static Operation>,
    api: Option<&str>,
) -> Violation {
    let source = source(&breach, operation, api);
    Violation {
        rule: breach.rule,
        level: breach.requirement.level(),
        requirement: Basis::Requirement(breach.requirement),
        step: breach.step,
        pointer: breach.pointer,
        expected: breach.expected,
        actual: breach.actual,
        source,
        message: breach.message,
    }
}

/// The line that a violation rests on: of the limit, of the operation's own page, or of the page that states the
/// requirement; in the API version of the request, where it has one and a page of it has the line.
fn source(breach: &Breach, operation: Option<&'static Operation>, api: Option<&str>) -> Source {
    let is_of_api = |file: &str| api.is_some_and(|api| file.split('/').any(|it| it == api));
    let pick = |lines: &[(&str, usize)]| {
        let mut of_api = lines.iter().rev().filter(|(file, _)| is_of_api(file));
        let (file, line) = of_api.next().or(lines.last())?;
        Some(((*file).to_owned(), *line))
    };
    let requirement = breach.requirement;
    let own = operation.and_then(|operation| {
        let mut limits = operation.limits.iter().chain(common_limits());
        let limit =
            limits.find(|it| it.requirement == requirement && it.at == breach.pointer.as_str());
        let limit = limit.into_iter().flat_map(|it| &it.lines);
        let limit: Vec<_> = limit.map(|(file, line)| (file.as_str(), *line)).collect();
        let is_own = |file: &str| {
            operation
                .pages
                .iter()
                .any(|page| file.contains(page.as_str()))
        };
        let stated = requirement.sources().iter().copied();
        let stated: Vec<_> = stated.filter(|(file, _)| is_own(file)).collect();
        let printed = extracted().operations.iter();
        let mut printed: Vec<_> = printed
            .filter(|it| operation.pages.contains(&it.page))
            .collect();
        printed.sort_by_key(|it| api.is_some_and(|api| it.api == api));
        let newest = || {
            let api = printed.last()?.api.as_str();
            let sources = printed
                .iter()
                .filter(|it| it.api == api)
                .flat_map(|it| &it.sources);
            let newest = sources.max_by(|one, other| one.edition.cmp(&other.edition))?;
            Some((newest.file.clone(), newest.line))
        };
        pick(&limit).or_else(|| pick(&stated)).or_else(newest)
    });
    let (file, line) = own
        .or_else(|| pick(requirement.sources()))
        .unwrap_or_else(|| {
            let standard = requirement.standard();
            (standard.to_owned(), 0)
        });
    Source { file, line }
}
