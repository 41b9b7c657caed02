//! The provider states that the conversations of a recording start from.

use std::collections::HashSet;

use crate::api::identifier;
use crate::api::resource;
use crate::api::resource::Resource;
use crate::cassette::format::{Direction, Exchange};
use crate::contract::change;
use crate::contract::change::{Change, Subject};
use crate::contract::shape::lookup;
use crate::diagnostic::Diagnostic;
use crate::judge::people;
use crate::replay::recording::Index;
use crate::scenario::format::ProviderState;

/// A provider state that must exist before the recorded bot can begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need {
    pub state: ProviderState,
    /// The recorded call that it is about, if any.
    pub call: Option<String>,
    /// The path of the callback that took notifications about it.
    pub callback: String,
    /// The recorded ids of the people whose invitation fails.
    pub people: Vec<String>,
}

/// The provider states that groups of exchanges need, in their order.
pub(super) fn needs<'a>(
    index: &Index,
    groups: impl Iterator<Item = &'a [usize]>,
) -> Result<Vec<Need>, Diagnostic> {
    let mut needs = Vec::new();
    for group in groups {
        let members: Result<Vec<_>, _> = group.iter().map(|it| index.load(*it)).collect();
        needs.extend(of_group(&members?));
    }
    Ok(needs)
}

fn of_group(group: &[Exchange]) -> Vec<Need> {
    let mut known: HashSet<String> = HashSet::new();
    let mut needs = Vec::new();
    let notification = group
        .iter()
        .find(|it| it.direction == Direction::Notification);
    let callback = notification.map_or("", |it| resource::path_of(&it.request.target));
    let mut need = |state, call: Option<&str>, people| {
        needs.push(Need {
            state,
            call: call.map(str::to_owned),
            callback: callback.to_owned(),
            people,
        });
    };
    for exchange in group {
        let body = exchange.request.body.json();
        if exchange.direction == Direction::Notification {
            for entry in body.and_then(change::entries).into_iter().flatten() {
                let change = Change::read(entry);
                let is_new = change.subject == Subject::Call && change.change_type == "created";
                if let (true, Some(call)) = (is_new, change.call())
                    && known.insert(identifier::normal(call))
                {
                    need(ProviderState::IncomingCall, Some(call), Vec::new());
                }
            }
            continue;
        }
        let target = Resource::parse(&exchange.request.target);
        let replaced = body.map(people::people).unwrap_or_default();
        let replaced = replaced.iter().filter_map(|it| it.replaces.as_deref());
        for (state, call) in target
            .as_ref()
            .and_then(Resource::call)
            .map(|call| (ProviderState::Call, call))
            .into_iter()
            .chain(replaced.map(|call| (ProviderState::PeerCall, call)))
        {
            if known.insert(identifier::normal(call)) {
                need(state, Some(call), Vec::new());
            }
        }
        if target == Some(Resource::Calls) {
            known.extend(
                created_ids(exchange)
                    .iter()
                    .map(|id| identifier::normal(id)),
            );
        }
        if fails(exchange, group) {
            let people = body.map(people::people).unwrap_or_default();
            need(
                ProviderState::OperationFails,
                None,
                people.into_iter().map(|it| it.id).collect(),
            );
        }
    }
    needs
}

/// The ids of the resources that an answer creates: in its body, and in `Location`.
fn created_ids(exchange: &Exchange) -> Vec<String> {
    let Some(response) = &exchange.response else {
        return Vec::new();
    };
    let in_body = response
        .body
        .json()
        .and_then(|body| lookup(body, "id")?.1.as_str());
    let mut ids: Vec<String> = in_body.map(str::to_owned).into_iter().collect();
    let is_location = |name: &str| name.eq_ignore_ascii_case("location");
    let mut fields = response.headers.iter();
    match fields
        .find(|(name, _)| is_location(name))
        .and_then(|(_, to)| Resource::parse(to))
    {
        Some(Resource::Call(call)) => ids.push(call),
        Some(Resource::Operation { operation, .. }) => ids.push(operation),
        _ => {}
    }
    ids
}

/// True if the operation that a request began failed later.
fn fails(exchange: &Exchange, group: &[Exchange]) -> bool {
    let operations = created_ids(exchange);
    let mut entries = group
        .iter()
        .filter_map(|it| it.request.body.json())
        .filter_map(change::entries)
        .flatten();
    entries.any(|entry| {
        let change = Change::read(entry);
        change.word.as_deref() == Some("failed")
            && change
                .operation()
                .is_some_and(|other| operations.iter().any(|it| identifier::same(it, other)))
    })
}
