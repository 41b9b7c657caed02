//! Which scenarios there are in which fault injection. They follow from the plain ones; none is written.

use std::sync::Arc;

use super::Kind;
use super::notifications::can_be_reordered;
use crate::api::resource::Resource;
use crate::contract::change;
use crate::contract::change::{Change, Subject};
use crate::contract::shape::{entities, lookup};
use crate::http::message::Body;
use crate::judge::judges;
use crate::scenario::format::{NotificationStep, ProviderState, Scenario, Script, Step};

/// The scenarios, each followed by what it is in those kinds of fault injection that it can meet.
pub fn with_injected(scenarios: &[Scenario], kinds: &[Kind]) -> Vec<Scenario> {
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

/// A scenario in one kind of fault injection, where it can meet it.
fn injected(plain: &Scenario, kind: Kind, all: &[Scenario]) -> Option<Scenario> {
    let steps = &plain.script.steps;
    // What is to be refused is judged in no fault injection.
    let is_refused = steps.iter().any(|step| matches!(step, Step::Refusal(_)));
    if is_refused || !judges(&plain.script, kind.role()) {
        return None;
    }
    let script = match kind {
        Kind::FailingOutcome => failing(plain, all)?,
        _ if meets(kind, steps) => Arc::clone(&plain.script),
        _ => return None,
    };
    let id = plain.id.injected(kind.name());
    Some(Scenario { id, script })
}

/// Whether a conversation of these steps can meet that kind of fault injection.
fn meets(kind: Kind, steps: &[Step]) -> bool {
    let pairs = || steps.iter().zip(steps.iter().skip(1));
    match kind {
        Kind::EarlyNotification => (0..steps.len()).any(|at| may_be_early(steps, at)),
        Kind::DuplicateNotification
        | Kind::UnknownProperties
        | Kind::UnknownResource
        | Kind::UnsignedNotification
        | Kind::ForeignKey
        | Kind::ExpiredToken
        | Kind::OtherAudience => steps.iter().any(is_of_changes),
        Kind::UnknownWord => steps.iter().any(can_have_an_unknown_word),
        Kind::BatchedNotifications => pairs().any(|(a, b)| is_of_changes(a) && is_of_changes(b)),
        Kind::ReorderedNotifications => steps.split(|it| !is_of_changes(it)).any(can_be_reordered),
        Kind::LostResponse | Kind::SlowResponse => {
            pairs().any(|(a, b)| matches!((a, b), (Step::Request(_), Step::Response(_))))
        }
        Kind::Throttled | Kind::Unavailable | Kind::ConnectionReset => {
            steps.iter().any(|it| matches!(it, Step::Request(_)))
        }
        Kind::SilentCallback | Kind::FailingCallback => first_caused(steps).is_some(),
        Kind::FailingOutcome => false,
    }
}

/// Whether the notification behind the request at a step may come before its response: whoever is
/// notified knows the call.
pub(super) fn may_be_early(steps: &[Step], at: usize) -> bool {
    let [Step::Request(request), Step::Response(_), next, ..] = &steps[at.min(steps.len())..]
    else {
        return false;
    };
    let named = Resource::parse(&request.target);
    is_of_changes(next) && named.is_some_and(|named| named.call().is_some())
}

/// Whether a step is a notification whose body is a collection of changes.
pub(super) fn is_of_changes(step: &Step) -> bool {
    !changes(step).is_empty()
}

/// The changes that a step notifies; none where it is no such notification.
pub(super) fn changes(step: &Step) -> &[serde_json::Value] {
    match step {
        Step::Notification(NotificationStep {
            body: Body::Json(body),
            ..
        }) => change::entries(body).map_or(&[], Vec::as_slice),
        _ => &[],
    }
}

fn can_have_an_unknown_word(step: &Step) -> bool {
    let mut changes = changes(step).iter().map(Change::read);
    changes.any(|change| super::unknown::has_a_word(&change))
}

/// The first step that notifies of what a request has caused.
pub(super) fn first_caused(steps: &[Step]) -> Option<usize> {
    let asked = steps.iter().position(|it| matches!(it, Step::Request(_)))?;
    (asked..steps.len()).find(|at| is_of_changes(&steps[*at]))
}

/// The script of a scenario whose operation fails, as its page prints the failure.
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
    script.given.push(ProviderState::InviteFails);
    script.steps = steps[..at]
        .iter()
        .cloned()
        .chain([Step::Notification(end)])
        .chain(rest.cloned())
        .collect();
    Some(shared)
}

/// What a notification prints as the result of an operation that failed.
fn failure(step: &Step) -> Option<serde_json::Value> {
    let [change] = changes(step) else {
        return None;
    };
    let change = Change::read(change);
    let failed = change.subject == Subject::Operation && change.word.as_deref() == Some("failed");
    let entity = entities(change.data()).next().filter(|_| failed)?;
    Some(lookup(entity, "resultInfo")?.1.clone())
}

/// Whether a step notifies of the one operation that has completed.
fn completes(step: &Step) -> bool {
    let [change] = changes(step) else {
        return false;
    };
    let change = Change::read(change);
    change.subject == Subject::Operation && change.word.as_deref() == Some("completed")
}
