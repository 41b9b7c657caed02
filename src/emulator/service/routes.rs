//! Routes: paths under every documented prefix, their methods, and the bearer token.

use std::sync::Arc;

use serde_json::json;

use super::message::{Answer, Refusal};
use super::pages::Pages;
use super::{Outcome, Service, provider_state};
use crate::api::resource::{Resource, path_of};
use crate::http::message::{Request, is_json};

/// A documented prefix and the resource below it.
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
        let mut groups: Vec<&str> = prefix.split('/').skip(1).collect();
        if let Some(&("beta" | "v1.0")) = groups.first() {
            groups.remove(0);
        }
        let is_documented = match groups.as_slice() {
            ["app" | "communications"] => true,
            ["applications", id] => !id.is_empty(),
            _ => false,
        };
        let resource = Resource::parse(&path[start..])?;
        is_documented.then_some(Self { prefix, resource })
    }
}

impl Service {
    pub(super) fn route(self: &Arc<Self>, request: &Request) -> Result<Outcome, Refusal> {
        let path = path_of(&request.target);
        if path == provider_state::PATH {
            allow(request, &["POST"])?;
            return self.set_up(request);
        }
        let Some(route) = Route::parse(path) else {
            return Err(Refusal::not_found(format!("Nothing is at {path}.")));
        };
        let prefix = route.prefix;
        match &route.resource {
            Resource::Calls => {
                self.check_head(request, &["POST"])?;
                self.create(request, prefix)
            }
            Resource::Call(call) => {
                self.check_head(request, &["GET", "DELETE"])?;
                if request.method == "DELETE" {
                    return self.hang_up(call);
                }
                let body = Pages::whole_call(self.state().live(call)?);
                Ok(Answer::json(200, body).into())
            }
            Resource::Participants(call) => {
                self.check_head(request, &["GET"])?;
                let mut state = self.state();
                let call = state.live(call)?;
                let roster = format!("calls/{}/participants", call.id);
                let member = |member| self.pages.member(&roster, member);
                let members: Vec<_> = call.members.iter().map(member).collect();
                Ok(Answer::json(200, json!({"value": members})).into())
            }
            Resource::Operation { call, operation } => {
                self.check_head(request, &["GET"])?;
                let state = self.state();
                let operation = state.operation(call, operation).ok_or_else(|| {
                    Refusal::not_found(format!("There is no operation {operation}."))
                })?;
                Ok(Answer::json(200, self.pages.answer(operation)).into())
            }
            Resource::Action { call, action } if action == "participants/invite" => {
                self.check_head(request, &["POST"])?;
                self.invite(call, request, prefix)
            }
            Resource::Action { call, action } if action == "answer" => {
                self.check_head(request, &["POST"])?;
                self.answer_call(call, request)
            }
            _ => Err(Refusal::not_found(format!("Nothing is at {path}."))),
        }
    }

    /// Refuses a request with another method, without a token, or with a body that is not JSON.
    fn check_head(&self, request: &Request, methods: &[&str]) -> Result<(), Refusal> {
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
        if self
            .token
            .as_deref()
            .is_some_and(|expected| expected != token)
        {
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
