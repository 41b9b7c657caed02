//! Sets up provider states: the states that must exist before the first step of a scenario.

use std::collections::HashSet;
use std::sync::Mutex;

use serde_json::{Value, json};
use url::Url;

use super::hook::{Hook, HookResponse, is_page, post_json, reason};
use super::router::lock;
use super::target::address_of;
use crate::api::resource::Resource;
use crate::api::template;
use crate::contract::change;
use crate::contract::change::Change;
use crate::http::message::Response;
use crate::http::{Client, OutgoingRequest};
use crate::inject::InjectedJudge;
use crate::judge::Case;
use crate::judge::Options;
use crate::judge::verdict::Verdict;
use crate::scenario::format::{Kind, ProviderState, Step};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StateProvider {
    /// confcall makes a call by the documented request, and takes the rest as existing.
    Create,
    /// Everything is taken as existing.
    Assume,
    /// The target's hook brings them about.
    Hook(Hook),
}

/// The things that provider states are brought about with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setup<'a> {
    pub client: &'a Client,
    pub case: &'a Case,
    pub judge: &'a Mutex<InjectedJudge>,
    pub options: &'a Options,
    pub service: &'a Url,
    /// The callback of the conversation.
    pub callback: &'a str,
}

/// A state that cannot be had: the verdict of the scenario, with its reason.
type Refusal = (Verdict, String);

impl Setup<'_> {
    /// Brings about the states that a scenario needs. A state that cannot be had ends the
    /// conversation with the reason.
    pub(super) async fn bring_about(self, by: &StateProvider) {
        for state in &self.case.scenario.script.given {
            if !self.bring_about_one(by, *state).await {
                return;
            }
        }
    }

    /// Brings about one state. False if it cannot be had, which ends the conversation with the reason.
    pub(super) async fn bring_about_one(self, by: &StateProvider, state: ProviderState) -> bool {
        let outcome = match by {
            StateProvider::Hook(hook) => self.call_hook(hook, state).await,
            StateProvider::Create if state == ProviderState::Call => {
                let created = self.create().await;
                created.map(|call| self.bind_call(first_call(self.case), &call))
            }
            StateProvider::Create if state == ProviderState::EndedCall => {
                let ended = self.create_and_end().await;
                ended.map(|call| self.bind_call(first_refused_call(self.case), &call))
            }
            StateProvider::Create | StateProvider::Assume => self.assume(state),
        };
        if let Err((verdict, reason)) = outcome {
            lock(self.judge).give_up(verdict, reason);
            return false;
        }
        true
    }

    fn assume(self, state: ProviderState) -> Result<(), Refusal> {
        let what = match state {
            ProviderState::TokenCheck => "guarantee that it accepts no other token".to_owned(),
            ProviderState::IncomingCall
            | ProviderState::OperationFails
            | ProviderState::EndedCall
            | ProviderState::Participant
            | ProviderState::Operation
            | ProviderState::Session
            | ProviderState::AudioRoutingGroup
            | ProviderState::Recording
            | ProviderState::Tone
            | ProviderState::Speech
            | ProviderState::ContentSharing => {
                format!("set up the state {}", state.as_str())
            }
            ProviderState::Call
            | ProviderState::PeerCall
            | ProviderState::Chat
            | ProviderState::Number => {
                let note = format!("provider state {}: assumed to exist", state.as_str());
                lock(self.judge).note(note);
                return Ok(());
            }
        };
        let reason = format!("only the service can {what}: give its hook with --given URL");
        Err((Verdict::Skip, reason))
    }

    /// Asks the target's hook: `POST {"scenario", "state", "callback", "variables"}`.
    async fn call_hook(self, hook: &Hook, state: ProviderState) -> Result<(), Refusal> {
        let variables: serde_json::Map<String, Value> = lock(self.judge)
            .proposals()
            .into_iter()
            .map(|(name, value)| (name, json!(value)))
            .collect();
        let body = json!({
            "scenario": self.case.scenario.id.as_str(),
            "state": state.as_str(),
            "callback": self.callback,
            "variables": variables,
        });
        let answer = hook.call(self.client, &body, self.options.deadline).await;
        let state_name = state.as_str();
        match answer {
            HookResponse::Done(answer) => {
                take_variables(&mut lock(self.judge), self.case, state, answer.as_ref());
                Ok(())
            }
            HookResponse::Declined(reason) => {
                let reason = format!("the provider state {state_name} is not available: {reason}");
                Err((Verdict::Skip, reason))
            }
            HookResponse::Failed(what) => {
                let reason = format!(
                    "the hook for provider states failed for {state_name}: `{hook}`: {what}"
                );
                Err((Verdict::Inconclusive, reason))
            }
        }
    }

    fn bind_call(self, variable: Option<String>, call: &str) {
        if let Some(variable) = variable {
            lock(self.judge).bind(&variable, call);
        }
    }

    /// Creates a call by the documented request, with confcall's listener as its callback, and
    /// gives its id.
    async fn create(self) -> Result<String, Refusal> {
        let target = format!("{}/calls", prefix_of(self.case));
        let url = address_of(self.service, self.case.scenario.id.api(), &target);
        let url = Url::parse(&url).map_err(|error| not_created(&error.to_string()))?;
        let request = post_json(&url, &create_body(self.callback));
        let response = self.send(request).await?;
        let in_location = response
            .headers
            .get("location")
            .and_then(Resource::parse)
            .and_then(|resource| resource.call().map(str::to_owned));
        let in_body = || {
            let id = response.body.json()?.get("id")?.as_str()?;
            Some(id.to_owned())
        };
        in_location
            .or_else(in_body)
            .ok_or_else(|| not_created("the response does not name a call"))
    }

    async fn create_and_end(self) -> Result<String, Refusal> {
        let call = self.create().await?;
        let target = format!("{}/calls/{call}", prefix_of(self.case));
        let url = address_of(self.service, self.case.scenario.id.api(), &target);
        self.send(OutgoingRequest::new("DELETE", url)).await?;
        Ok(call)
    }

    /// The answer to a request that is sent with the run's token and must be a success.
    async fn send(self, mut request: OutgoingRequest) -> Result<Response, Refusal> {
        let token = format!("Bearer {}", self.options.token);
        request.headers.push("Authorization", token);
        let what = format!("{} {}", request.method, request.url);
        let sent = self.client.send(request, self.options.deadline).await;
        let response = sent.map_err(|error| not_created(&error.to_string()))?;
        if !(200..300).contains(&response.status) {
            let status = response.status;
            let remedy = match status {
                401 | 403 => "; give a token that it accepts with `--token` or CONFCALL_TOKEN",
                _ if is_page(&response) => "; is this the service? check `--service`",
                404 | 405 => {
                    "; check the path of `--service`, or set up the call otherwise with `--given`"
                }
                _ => "",
            };
            let message = format!(
                "`{what}`: the response is {status}: {}{remedy}",
                reason(&response).trim_end_matches('.')
            );
            return Err(not_created(&message));
        }
        Ok(response)
    }
}

/// Binds the variables that a hook answers. Anything else in its answer is passed over, with a
/// note.
fn take_variables(
    judge: &mut InjectedJudge,
    case: &Case,
    state: ProviderState,
    answer: Option<&Value>,
) {
    let Some(answer) = answer else {
        return;
    };
    let pass_over = |judge: &mut InjectedJudge, what: &str| {
        judge.note(format!(
            "the response of the hook for {} was ignored: {what}",
            state.as_str()
        ));
    };
    if !answer.is_object() {
        return pass_over(judge, "it is not a JSON object");
    }
    for (name, value) in answer["variables"].as_object().into_iter().flatten() {
        match value.as_str() {
            Some(value) => judge.bind(&variable_of(case, state, name), value),
            None => pass_over(judge, &format!("the variable `{name}` is not a string")),
        }
    }
}

/// The variable that a hook means by `call` or `operation`: the one that the state is about.
fn variable_of(case: &Case, state: ProviderState, name: &str) -> String {
    let variable = match (state, name) {
        (ProviderState::Call, "call") => first_call(case),
        (ProviderState::IncomingCall, "call") => incoming_call(case).or_else(|| first_call(case)),
        (ProviderState::EndedCall, "call") => first_refused_call(case),
        (ProviderState::Operation, "operation") => operation_from_before(case),
        _ => None,
    };
    variable.unwrap_or_else(|| name.to_owned())
}

/// The variable of the operation that a request or a notification names and no answer before it does.
fn operation_from_before(case: &Case) -> Option<String> {
    let script = &case.scenario.script;
    let root = |name: &str| {
        let variable = script.variables.get(name)?;
        let root = variable.same_as.as_deref().unwrap_or(name);
        (variable.kind == Kind::Operation).then(|| root.to_owned())
    };
    let mut begun = HashSet::new();
    for step in &script.steps {
        let mut named = step.variables().into_iter().filter_map(root);
        if matches!(step, Step::Response(_)) {
            begun.extend(named);
        } else if let Some(operation) = named.find(|name| !begun.contains(name)) {
            return Some(operation);
        }
    }
    None
}

/// The variable of the call that the first notification is about.
fn incoming_call(case: &Case) -> Option<String> {
    let body = case.scenario.script.steps.first()?.body().json()?;
    let entry = change::entries(body)?.first()?;
    let resource = Change::read(entry).resource?;
    template::sole_variable(resource.call()?).map(str::to_owned)
}

/// The variable of the call in the path of the first request that names one and is to be done, or
/// else of the first.
fn first_call(case: &Case) -> Option<String> {
    call_of_request(case, Handling::Done).or_else(|| first_refused_call(case))
}

/// The variable of the call in the path of the first request that names one and is to be refused.
fn first_refused_call(case: &Case) -> Option<String> {
    call_of_request(case, Handling::Refused)
}

/// The documented handling of a request.
#[derive(Clone, Copy, PartialEq)]
enum Handling {
    Done,
    Refused,
}

fn call_of_request(case: &Case, handling: Handling) -> Option<String> {
    let script = &case.scenario.script;
    let mut steps = script.steps.iter().enumerate();
    steps.find_map(|(at, step)| {
        let Step::Request(step) = step else {
            return None;
        };
        let resource = Resource::parse(&step.target)?;
        let name = template::sole_variable(resource.call()?)?;
        (script.is_refused(at) == (handling == Handling::Refused)).then(|| name.to_owned())
    })
}

fn not_created(what: &str) -> (Verdict, String) {
    let reason = format!("the call that the scenario needs cannot be created: {what}");
    (Verdict::Inconclusive, reason)
}

/// The part of the first request's path before `/calls`, without an API version.
fn prefix_of(case: &Case) -> String {
    case.scenario
        .script
        .steps
        .iter()
        .find_map(|step| {
            let Step::Request(step) = step else {
                return None;
            };
            let path = crate::api::resource::path_of(&step.target);
            let (before, _) = path.split_once("/calls")?;
            let segment = before.rsplit('/').next()?;
            (!segment.is_empty()).then(|| format!("/{segment}"))
        })
        .filter(|prefix| prefix == "/app" || prefix == "/communications")
        .unwrap_or_else(|| "/communications".to_owned())
}

/// The documented create request (2019-05 page, line 425, and the create page): both names of the
/// callback, since editions differ, and the chat that several participants need.
fn create_body(callback: &str) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.call",
        "callback": callback,
        "callbackUri": callback,
        "requestedModalities": ["audio"],
        "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
        "chatInfo": {
            "@odata.type": "#microsoft.graph.chatInfo",
            "threadId": "19:meeting_confcall@thread.v2",
            "messageId": "0",
        },
        "meetingInfo": {
            "@odata.type": "#microsoft.graph.organizerMeetingInfo",
            "organizer": {
                "@odata.type": "#microsoft.graph.identitySet",
                "user": {
                    "@odata.type": "#microsoft.graph.identity",
                    "id": uuid::Uuid::new_v4().to_string(),
                    "tenantId": uuid::Uuid::new_v4().to_string(),
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::cases;
    use crate::scenario::format::{Scenario, ScenarioId, Script};

    #[test]
    fn the_operation_from_before_is_the_one_that_no_answer_begins() {
        let request = json!({"request": {"line": 1, "method": "POST", "target": "/app/calls/1/cancelMediaProcessing"}});
        let answer = json!({"response": {"line": 2, "status": 200, "body": {"id": "{own}"}}});
        let end = json!({"notification": {"line": 3, "method": "POST", "target": "https://bot", "body_line": 3,
            "body": {"value": [{"resource": "/app/calls/1/operations/{spelled}"}]}}});
        let read = json!({"request": {"line": 4, "method": "GET", "target": "/app/calls/1/operations/{other}"}});
        for (steps, expected) in [
            (vec![&request, &answer, &end], Some("cancelled")),
            (vec![&read, &answer], Some("other")),
            (vec![&request, &answer], None),
        ] {
            let script: Script = serde_json::from_value(json!({
                "version": 1, "source": "p.md", "steps": steps,
                "variables": {
                    "own": {"kind": "operation"}, "other": {"kind": "operation"},
                    "cancelled": {"kind": "operation", "value": "ab"},
                    "spelled": {"kind": "operation", "value": "AB", "same_as": "cancelled"},
                },
            }))
            .expect("a script");
            let id = ScenarioId::new("p/beta@2021-02/one");
            let script = script.into();
            let all = [Scenario { id, script }];
            let found = operation_from_before(&cases(&all, &all)[0]);
            assert_eq!(found.as_deref(), expected);
        }
    }
}
