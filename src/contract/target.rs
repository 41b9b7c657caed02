//! The operation of a request, told from its method and its path.

use super::operation::{Operation, Segment, operations};
use crate::api::{identifier, resource};

/// The identifiers in the path of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ids<'t> {
    pub call: Option<&'t str>,
    /// The participant, comms operation, session or group below the call.
    pub below: Option<&'t str>,
}

impl Ids<'_> {
    pub(crate) fn count(&self) -> usize {
        usize::from(self.call.is_some()) + usize::from(self.below.is_some())
    }
}

/// The operation of a request, with the identifiers of its path. `None` if no page documents the request.
/// A segment that an operation names is no identifier: a GET of `participants/invite` reads no participant.
pub(crate) fn of_request<'t>(
    method: &str,
    target: &'t str,
) -> Option<(&'static Operation, Ids<'t>)> {
    let path = resource::segments_below_prefix(target)?;
    let fits = |operation: &'static Operation| Some((operation, operation.has_path(&path)?));
    let found: Vec<_> = operations().iter().filter_map(fits).collect();
    let fewest = found.iter().map(|(_, ids)| ids.count()).min()?;
    let is_it = |(operation, ids): &(&Operation, Ids<'_>)| {
        ids.count() == fewest && operation.request.method == method
    };
    found.into_iter().find(is_it)
}

/// The operation with the path of this target, for a request with a method that no page documents for the path.
///
/// `None` for methods that every resource may have, for a read of a collection, and for a POST to an item whose name may be
/// an action of a newer page.
pub(crate) fn of_path<'t>(method: &str, target: &'t str) -> Option<(&'static Operation, Ids<'t>)> {
    if matches!(method, "HEAD" | "OPTIONS" | "TRACE" | "CONNECT") {
        return None;
    }
    let path = resource::segments_below_prefix(target)?;
    let fits = |operation: &'static Operation| {
        let ids = operation.has_path(&path)?;
        let own = &operation.request.path;
        let is_judged = if matches!(own.last(), Some(Segment::Id(_))) {
            method != "POST" || path.last().is_some_and(|it| identifier::is_guid(it))
        } else {
            let mut others = operations().iter().map(|it| &it.request.path);
            method != "GET" || !others.any(|it| it.len() > own.len() && it.starts_with(own))
        };
        is_judged.then_some((operation, ids))
    };
    let found = operations().iter().filter_map(fits);
    found.min_by_key(|(_, ids)| ids.count())
}

/// True for the same target, or another spelling of the same operation on the same resources.
pub(crate) fn is_same_target(method: &str, one: &str, other: &str) -> bool {
    let query = |target: &'_ str| target.split_once('?').map(|(_, query)| query.to_owned());
    let is_same_id = |one: Option<&str>, other: Option<&str>| match (one, other) {
        (Some(one), Some(other)) => identifier::same(one, other),
        (one, other) => one == other,
    };
    let is_same_operation = || {
        let (one_of, ids) = of_request(method, one)?;
        let (other_of, other_ids) = of_request(method, other)?;
        let is_same = std::ptr::eq(one_of, other_of)
            && is_same_id(ids.call, other_ids.call)
            && is_same_id(ids.below, other_ids.below)
            && resource::version_of(one) == resource::version_of(other)
            && query(one) == query(other);
        is_same.then_some(())
    };
    one == other || is_same_operation().is_some()
}

/// The methods that the pages document for the path of an operation.
pub(crate) fn methods(operation: &Operation) -> Vec<&'static str> {
    let path = &operation.request.path;
    let same = operations().iter().filter(|it| it.request.path == *path);
    same.map(|it| it.request.method.as_str()).collect()
}

impl Operation {
    /// The identifiers in a path of the operation, whose segments are as they are spelled.
    fn has_path<'t>(&self, path: &[&'t str]) -> Option<Ids<'t>> {
        let wanted = &self.request.path;
        if path.len() != wanted.len() {
            return None;
        }
        let mut ids = Ids::default();
        for (at, (wanted, actual)) in wanted.iter().zip(path).enumerate() {
            let name = resource::unqualified(actual);
            match wanted {
                Segment::Literal(literal) if literal.eq_ignore_ascii_case(name) => {}
                Segment::Literal(_) if at + 1 == path.len() => {
                    let mut aliases = self.aliases.iter();
                    aliases.find(|alias| alias.eq_ignore_ascii_case(name))?;
                }
                Segment::Literal(_) => return None,
                Segment::Id(_) if !resource::may_be_id(actual) => return None,
                Segment::Id(role) if role == "call" => ids.call = Some(actual),
                Segment::Id(_) => ids.below = Some(actual),
            }
        }
        Some(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::operation::named;

    #[test]
    fn a_path_is_documented_whatever_the_method() {
        for (method, target, name) in [
            (
                "GET",
                "/communications/calls/1/keepAlive",
                Some("keepAlive"),
            ),
            (
                "PUT",
                "/communications/calls/1/microsoft.graph.answer",
                Some("answer"),
            ),
            ("GET", "/communications/calls", None),
            ("PUT", "/communications/calls/1", Some("get")),
            ("POST", "/communications/calls/1", None),
            ("OPTIONS", "/communications/calls/1", None),
            ("PUT", "/communications/calls/1/frobnicate", None),
            ("POST", "/communications/calls/1/participants/admit", None),
            (
                "PATCH",
                "/communications/calls/1/participants",
                Some("listParticipants"),
            ),
            ("DELETE", "/communications/calls", Some("create")),
            (
                "POST",
                "/communications/calls/1/operations/0f0f0f0f-0000-4000-8000-000000000b01",
                Some("getOperation"),
            ),
            ("PUT", "/communications/calls/1/operations", None),
            ("PUT", "/communications/calls/1/participants/$ref", None),
            (
                "PUT",
                "/communications/calls/1/participants/microsoft.graph.participant",
                None,
            ),
            (
                "PATCH",
                "/app/calls/1/participants/2",
                Some("getParticipant"),
            ),
        ] {
            let found = of_path(method, target).map(|(operation, _)| operation.name.as_str());
            assert_eq!(found, name, "{method} {target}");
        }
        assert_eq!(methods(named("get").unwrap()), ["GET", "DELETE"]);
    }

    #[test]
    fn a_request_is_found_under_every_documented_spelling() {
        let table = [
            ("POST", "/communications/calls", Some("create")),
            (
                "POST",
                "/v1.0/communications/calls/1/answer",
                Some("answer"),
            ),
            (
                "POST",
                "/app/calls/1/microsoft.graph.answer",
                Some("answer"),
            ),
            (
                "POST",
                "/app/calls/1/microsoft.graph.reject",
                Some("reject"),
            ),
            ("POST", "/app/calls/1/participants/invite", Some("invite")),
            (
                "POST",
                "https://host/beta/applications/7/calls/1/participants/microsoft.graph.invite?a=b",
                Some("invite"),
            ),
            (
                "POST",
                "/app/calls/1/participants/2/mute",
                Some("muteParticipant"),
            ),
            ("POST", "/app/calls/1/record", Some("recordResponse")),
            (
                "POST",
                "/communications/calls/logTeleconferenceDeviceQuality",
                Some("logTeleconferenceDeviceQuality"),
            ),
            (
                "GET",
                "/app/calls/1/contentsharingsessions/2",
                Some("getContentSharingSession"),
            ),
            ("DELETE", "/app/calls/1", Some("delete")),
            ("PUT", "/app/calls/1", None),
            ("POST", "/app/calls/1/frobnicate", None),
            ("GET", "/app/calls/1/participants/$count", None),
            (
                "GET",
                "/app/calls/1/participants/microsoft.graph.participant",
                None,
            ),
            ("GET", "/me", None),
        ];
        for (method, target, name) in table {
            let found = of_request(method, target).map(|(operation, _)| operation.name.as_str());
            assert_eq!(found, name, "{method} {target}");
        }
    }

    #[test]
    fn an_operation_knows_the_identifiers_of_its_path() {
        let (_, ids) = of_request("DELETE", "/app/calls/1/participants/2").unwrap();
        assert_eq!((ids.call, ids.below), (Some("1"), Some("2")));
    }
}
