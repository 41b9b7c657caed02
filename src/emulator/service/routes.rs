//! Routing: paths under every documented prefix, their methods, and the bearer token.

use std::sync::Arc;

use super::control;
use super::errors::Refusal;
use super::operations::{Content, ROUTES, Route, Routed};
use super::{Outcome, Service};
use crate::api::resource::path_of;
use crate::http::message::{Request, is_json};

/// The namespace that may precede the name of an action.
const NAMESPACE: &str = "microsoft.graph.";

/// A path of the calling API.
#[derive(Debug, PartialEq, Eq)]
struct ApiPath<'p> {
    /// `[/beta|/v1.0]{/app|/communications|/applications/{id}}`
    prefix: &'p str,
    /// From `calls` on.
    segments: Vec<&'p str>,
}

impl<'p> ApiPath<'p> {
    fn parse(path: &'p str) -> Option<Self> {
        let (prefix, segments) = path.split_at(path.find("/calls")?);
        let mut groups: Vec<&str> = prefix.split('/').skip(1).collect();
        if let Some(&("beta" | "v1.0")) = groups.first() {
            groups.remove(0);
        }
        let is_documented = match groups.as_slice() {
            ["app" | "communications"] => true,
            ["applications", id] => !id.is_empty(),
            _ => false,
        };
        let segments: Vec<&str> = segments.split('/').filter(|it| !it.is_empty()).collect();
        (is_documented && segments.first() == Some(&"calls")).then_some(Self { prefix, segments })
    }

    /// The routes of the path, one for each method. A literal segment is better than an identifier.
    fn routes(&self) -> Vec<&'static Route> {
        let matching = || ROUTES.iter().filter(|route| self.matches(route));
        let literals = |route: &Route| {
            let segments = route.path.split('/');
            segments.filter(|segment| *segment != "{}").count()
        };
        let most = matching().map(literals).max();
        matching()
            .filter(|route| Some(literals(route)) == most)
            .collect()
    }

    fn matches(&self, route: &Route) -> bool {
        let mut patterns = route.path.split('/');
        let last = self.segments.len() - 1;
        let all = self.segments.iter().enumerate().all(|(index, segment)| {
            let Some(pattern) = patterns.next() else {
                return false;
            };
            let plain = match segment.strip_prefix(NAMESPACE) {
                Some(action) if index == last && route.is_action() => action,
                _ => segment,
            };
            pattern == "{}" || pattern == plain
        });
        all && patterns.next().is_none()
    }

    /// The identifiers of a route of this path.
    fn ids(&self, route: &Route) -> impl Iterator<Item = &'p str> {
        let patterns = route.path.split('/');
        let pairs = self.segments.iter().zip(patterns);
        pairs
            .filter(|(_, pattern)| *pattern == "{}")
            .map(|(segment, _)| *segment)
    }
}

impl Service {
    pub(super) fn route(self: &Arc<Self>, request: &Request) -> Result<Outcome, Refusal> {
        let path = path_of(&request.target);
        if path.starts_with(control::PREFIX) {
            return self.control(request, path);
        }
        if let Some(recording) = path.strip_prefix(super::media::RECORDINGS) {
            allow(request, &["GET"])?;
            return self.download(request, recording);
        }
        let nothing = || Refusal::not_found(format!("No resource exists at {path}."));
        let path = ApiPath::parse(path).ok_or_else(nothing)?;
        let routes = path.routes();
        let methods: Vec<&str> = routes.iter().map(|route| route.method).collect();
        if methods.is_empty() {
            return Err(nothing());
        }
        allow(request, &methods)?;
        let route = routes.into_iter().find(|it| it.method == request.method);
        let route = route.ok_or_else(nothing)?;
        self.check_token(request)?;
        check_media_type(request, route.content)?;
        let mut ids = path.ids(route);
        let found = Routed {
            request,
            operation: route.operation,
            prefix: path.prefix,
            call: ids.next().unwrap_or(""),
            item: ids.next().unwrap_or(""),
        };
        let mut outcome = (route.handler)(self, &found)?;
        self.alter(route.operation, &mut outcome);
        Ok(outcome)
    }

    fn check_token(&self, request: &Request) -> Result<(), Refusal> {
        let token = request
            .headers
            .get("Authorization")
            .ok_or_else(|| Refusal::unauthorized("The request has no Authorization."))?;
        let token = bearer(token)
            .ok_or_else(|| Refusal::unauthorized("Authorization must be a bearer token."))?;
        if self
            .token
            .as_deref()
            .is_some_and(|expected| expected != token)
        {
            return Err(Refusal::unauthorized("The token is unknown."));
        }
        Ok(())
    }
}

/// The token of an `Authorization` field.
pub(super) fn bearer(field: &str) -> Option<&str> {
    field
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty())
}

fn check_media_type(request: &Request, content: Content) -> Result<(), Refusal> {
    let is_read = match content {
        Content::Ignored => false,
        Content::Optional => !request.body.is_empty(),
        Content::Json => true,
    };
    let media_type = request.headers.media_type();
    if is_read && !media_type.as_deref().is_some_and(is_json) {
        return Err(Refusal::media_type(media_type.as_deref()));
    }
    Ok(())
}

pub(super) fn allow(request: &Request, methods: &[&str]) -> Result<(), Refusal> {
    if methods.contains(&request.method.as_str()) {
        Ok(())
    } else {
        Err(Refusal::method(&methods.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::service::operations::Operation;

    #[test]
    fn every_documented_prefix_leads_to_a_call_and_no_other_does() {
        for prefix in [
            "/app",
            "/communications",
            "/applications/7",
            "/beta/app",
            "/v1.0/communications",
        ] {
            let path = format!("{prefix}/calls/1");
            let parsed = ApiPath::parse(&path).unwrap();
            assert_eq!(parsed.prefix, prefix);
            assert_eq!(parsed.segments, ["calls", "1"]);
        }
        for path in [
            "/calls/1",
            "/beta/calls",
            "/beta/v1.0/app/calls",
            "/applications/calls/1",
            "/app/callsign/1",
        ] {
            assert_eq!(ApiPath::parse(path), None, "{path}");
        }
    }

    #[test]
    fn an_action_is_plain_or_qualified_and_a_resource_is_plain() {
        let operations = |path: &str| -> Vec<Operation> {
            let path = ApiPath::parse(path).unwrap();
            path.routes().iter().map(|route| route.operation).collect()
        };
        for (path, operation) in [
            ("participants/invite", Operation::Invite),
            ("participants/microsoft.graph.invite", Operation::Invite),
            ("microsoft.graph.keepAlive", Operation::KeepAlive),
            (
                "participants/7/microsoft.graph.mute",
                Operation::MuteParticipant,
            ),
        ] {
            assert_eq!(operations(&format!("/app/calls/1/{path}")), [operation]);
        }
        assert_eq!(
            operations("/app/calls/1/participants/7"),
            [Operation::GetParticipant, Operation::RemoveParticipant]
        );
        for path in [
            "/app/calls/1/microsoft.graph.participants",
            "/app/calls/1/microsoft.graph.hum",
            "/app/calls/1/microsoft.graph.audioRoutingGroups",
            "/app/calls/1/operations/2/3",
        ] {
            assert_eq!(operations(path), [], "{path}");
        }
    }

    #[test]
    fn every_operation_has_one_route() {
        let routed: Vec<Operation> = ROUTES.iter().map(|route| route.operation).collect();
        assert_eq!(routed.len(), Operation::ALL.len());
        assert!(Operation::ALL.iter().all(|it| routed.contains(it)));
    }
}
