//! Which request is for what: paths under every documented prefix, methods, the bearer token.

use std::sync::Arc;

use serde_json::json;

use super::draft::Draft;
use super::pages::Pages;
use super::refusal::Refusal;
use super::{Outcome, Service, given};
use crate::api::resource::{Resource, path_of};
use crate::http::message::{Request, is_json};

/// Where a path leads, and the documented prefix that it came under.
#[derive(Debug, PartialEq, Eq)]
struct Route<'p> {
    prefix: &'p str,
    resource: Resource,
}

impl<'p> Route<'p> {
    /// Reads `[/beta|/v1.0]{/app|/communications|/applications/{id}}/calls…`.
    fn parse(path: &'p str) -> Option<Self> {
        let start = path.find("/calls")?;
        let prefix = &path[..start];
        let mut segments: Vec<&str> = prefix.split('/').skip(1).collect();
        if let Some(&("beta" | "v1.0")) = segments.first() {
            segments.remove(0);
        }
        let known = match segments.as_slice() {
            ["app" | "communications"] => true,
            ["applications", id] => !id.is_empty(),
            _ => false,
        };
        let resource = Resource::parse(&path[start..])?;
        known.then_some(Self { prefix, resource })
    }
}

impl Service {
    /// Does what a request asks for.
    pub(super) fn route(self: &Arc<Self>, request: &Request) -> Result<Outcome, Refusal> {
        let path = path_of(&request.target);
        if path == given::PATH {
            allow(request, &["POST"])?;
            return self.given(request);
        }
        let Some(route) = Route::parse(path) else {
            return Err(Refusal::not_found(format!("Nothing is at {path}.")));
        };
        let prefix = route.prefix;
        match &route.resource {
            Resource::Calls => {
                self.admit(request, &["POST"])?;
                self.create(request, prefix)
            }
            Resource::Call(call) => {
                self.admit(request, &["GET", "DELETE"])?;
                if request.method == "DELETE" {
                    return self.hang_up(call);
                }
                let body = Pages::whole_call(self.world().live(call)?);
                Ok(Draft::json(200, body).into())
            }
            Resource::Participants(call) => {
                self.admit(request, &["GET"])?;
                let mut world = self.world();
                let call = world.live(call)?;
                let roster = format!("calls/{}/participants", call.id);
                let member = |member| self.pages.member(&roster, member);
                let members: Vec<_> = call.members.iter().map(member).collect();
                Ok(Draft::json(200, json!({"value": members})).into())
            }
            Resource::Operation { call, operation } => {
                self.admit(request, &["GET"])?;
                let world = self.world();
                let operation = world.operation(call, operation).ok_or_else(|| {
                    Refusal::not_found(format!("There is no operation {operation}."))
                })?;
                Ok(Draft::json(200, self.pages.answer(operation)).into())
            }
            Resource::Action { call, action } if action == "participants/invite" => {
                self.admit(request, &["POST"])?;
                self.invite(call, request, prefix)
            }
            Resource::Action { call, action } if action == "answer" => {
                self.admit(request, &["POST"])?;
                self.pick_up(call, request)
            }
            _ => Err(Refusal::not_found(format!("Nothing is at {path}."))),
        }
    }

    /// Refuses a request of a method that has no meaning here, without a token, or whose body is
    /// of another media type than JSON.
    fn admit(&self, request: &Request, methods: &[&str]) -> Result<(), Refusal> {
        allow(request, methods)?;
        let token = request
            .headers
            .get("Authorization")
            .ok_or_else(|| Refusal::unauthorized("The request has no Authorization."))?
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .filter(|token| !token.is_empty())
            .ok_or_else(|| Refusal::unauthorized("Authorization must be a bearer token."))?;
        if self.token.as_deref().is_some_and(|known| known != token) {
            return Err(Refusal::unauthorized("Nobody knows this token."));
        }
        let media_type = request.headers.media_type();
        if request.method == "POST" && !media_type.as_deref().is_some_and(is_json) {
            return Err(Refusal::media_type(media_type.as_deref()));
        }
        Ok(())
    }
}

fn allow(request: &Request, methods: &[&str]) -> Result<(), Refusal> {
    if methods.contains(&request.method.as_str()) {
        Ok(())
    } else {
        Err(Refusal::method(&methods.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let route = Route::parse(&path).unwrap();
            assert_eq!(route.prefix, prefix);
            assert_eq!(route.resource, Resource::Call("1".into()));
        }
        for path in [
            "/calls/1",
            "/beta/calls",
            "/beta/v1.0/app/calls",
            "/applications/calls/1",
        ] {
            assert_eq!(Route::parse(path), None, "{path}");
        }
    }
}
