//! The scenarios under fault injection, derived from the plain ones. They have no files.

use std::sync::Arc;

use super::kind::{AppliesTo, InjectionKind};
use crate::api::resource::Resource;
use crate::contract::change;
use crate::contract::change::{Change, Subject};
use crate::contract::shape::{entities, lookup};
use crate::http::message::{Body, Request};
use crate::judge::judges;
use crate::scenario::format::{NotificationStep, ProviderState, Scenario, Script, Step};

/// The scenarios, each followed by its copies under the kinds that apply to it.
pub(crate) fn with_injected(scenarios: &[Scenario], kinds: &[InjectionKind]) -> Vec<Scenario> {
    scenarios
        .iter()
        .flat_map(|plain| {
            let derived = kinds
                .iter()
                .filter_map(|kind| injected(plain, *kind, scenarios));
            std::iter::once(plain.clone()).chain(derived)
        })
        .collect()
}

/// A scenario under one kind, if the kind applies to it.
fn injected(plain: &Scenario, kind: InjectionKind, all: &[Scenario]) -> Option<Scenario> {
    let steps = &plain.script.steps;
    // Scenarios of refusals are judged without fault injection only.
    let is_refused = steps.iter().any(|step| matches!(step, Step::Refusal(_)));
    if is_refused || !judges(&plain.script, kind.party()) {
        return None;
    }
    let script = match kind.applies_to() {
        AppliesTo::PrintedFailure => failing(plain, all)?,
        applies_to if applies(applies_to, steps) => Arc::clone(&plain.script),
        _ => return None,
    };
    let id = plain.id.injected(kind.name());
    Some(Scenario { id, script })
}

fn applies(applies_to: AppliesTo, steps: &[Step]) -> bool {
    let mut pairs = steps.iter().zip(steps.iter().skip(1));
    match applies_to {
        AppliesTo::EarlyNotification => (0..steps.len()).any(|at| may_be_early(steps, at)),
        AppliesTo::Notification => steps.iter().any(has_changes),
        AppliesTo::Word => steps.iter().any(has_word),
        AppliesTo::AdjacentNotifications => pairs.any(|(a, b)| has_changes(a) && has_changes(b)),
        AppliesTo::IndependentNotifications => {
            steps.split(|it| !has_changes(it)).any(can_be_reordered)
        }
        AppliesTo::Response => {
            pairs.any(|(a, b)| matches!((a, b), (Step::Request(_), Step::Response(_))))
        }
        AppliesTo::Request => steps.iter().any(|it| matches!(it, Step::Request(_))),
        AppliesTo::CausedNotification => first_caused(steps).is_some(),
        AppliesTo::PrintedFailure => false,
    }
}

/// True if the notification behind the request at a step may be sent before its response: the bot knows the
/// call already.
pub(super) fn may_be_early(steps: &[Step], at: usize) -> bool {
    let [Step::Request(request), Step::Response(_), next, ..] = &steps[at.min(steps.len())..]
    else {
        return false;
    };
    let named = Resource::parse(&request.target);
    has_changes(next) && named.is_some_and(|named| named.call().is_some())
}

/// True for a notification whose body is a collection of changes.
pub(super) fn has_changes(step: &Step) -> bool {
    !changes(step).is_empty()
}

pub(super) fn changes(step: &Step) -> &[serde_json::Value] {
    match step {
        Step::Notification(NotificationStep {
            body: Body::Json(body),
            ..
        }) => change::entries(body).map_or(&[], Vec::as_slice),
        _ => &[],
    }
}

pub(super) fn changes_of(request: &Request) -> &[serde_json::Value] {
    let changes = request.body.json().and_then(change::entries);
    changes.map_or(&[], Vec::as_slice)
}

fn has_word(step: &Step) -> bool {
    let mut changes = changes(step).iter().map(Change::read);
    changes.any(|change| super::unknown::has_word(&change))
}

/// True if two adjacent notifications have different resources.
fn can_be_reordered(run: &[Step]) -> bool {
    let resources: Vec<_> = run
        .iter()
        .map(|step| changes(step).iter().map(Change::read))
        .map(|changes| changes.map(|change| change.resource).collect::<Vec<_>>())
        .collect();
    resources
        .windows(2)
        .any(|pair| !share_a_resource(&pair[0], &pair[1]))
}

/// An unknown resource counts as any resource.
pub(super) fn share_a_resource(one: &[Option<Resource>], other: &[Option<Resource>]) -> bool {
    one.iter().any(|a| {
        other.iter().any(|b| match (a, b) {
            (Some(a), Some(b)) => a.same(b),
            _ => true,
        })
    })
}

pub(super) fn first_caused(steps: &[Step]) -> Option<usize> {
    let request = steps.iter().position(|it| matches!(it, Step::Request(_)))?;
    (request..steps.len()).find(|at| has_changes(&steps[*at]))
}

/// The script with the failure of the operation as its page prints it.
fn failing(plain: &Scenario, all: &[Scenario]) -> Option<Arc<Script>> {
    let of_page = all
        .iter()
        .filter(|it| it.id.page_key() == plain.id.page_key());
    let printed = of_page
        .flat_map(|it| &it.script.steps)
        .find_map(|step| Some((failure(step)?, step)))?;
    let (result, Step::Notification(printed)) = printed else {
        return None;
    };
    let steps = &plain.script.steps;
    let at = steps.iter().position(completes)?;
    let Step::Notification(mut end) = steps[at].clone() else {
        return None;
    };
    let Body::Json(body) = &mut end.body else {
        return None;
    };
    let entity = body.pointer_mut("/value/0/resourceData")?.as_object_mut()?;
    entity.insert("status".to_owned(), "failed".into());
    entity.insert("resultInfo".to_owned(), result);
    (end.line, end.body_line) = (printed.line, printed.body_line);
    let rest = steps[at + 1..].iter();
    let rest = rest.skip_while(|step| matches!(step, Step::Notification(_)));
    let mut shared = Arc::clone(&plain.script);
    let script = Arc::make_mut(&mut shared);
    script.given.push(ProviderState::OperationFails);
    script.steps = steps[..at]
        .iter()
        .cloned()
        .chain([Step::Notification(end)])
        .chain(rest.cloned())
        .collect();
    Some(shared)
}

/// The result in a notification of a failed operation.
fn failure(step: &Step) -> Option<serde_json::Value> {
    let [change] = changes(step) else {
        return None;
    };
    let change = Change::read(change);
    let failed = change.subject == Subject::Operation && change.word.as_deref() == Some("failed");
    let entity = entities(change.data()).next().filter(|_| failed)?;
    Some(lookup(entity, "resultInfo")?.1.clone())
}

/// True for the notification of one completed operation.
fn completes(step: &Step) -> bool {
    let [change] = changes(step) else {
        return false;
    };
    let change = Change::read(change);
    change.subject == Subject::Operation && change.word.as_deref() == Some("completed")
}
