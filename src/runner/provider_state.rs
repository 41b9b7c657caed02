//! Provider states: what must exist before the first step, and who brings it about (SPEC section 6).

use std::sync::Mutex;

use bytes::Bytes;
use serde_json::{Value, json};
use url::Url;

use super::address;
use super::router::lock;
use super::trigger::{Hook, HookAnswer};
use crate::api::resource::Resource;
use crate::api::template;
use crate::contract::change;
use crate::contract::change::Notice;
use crate::http::message::{Payload, Response};
use crate::http::{Client, OutgoingRequest};
use crate::inject::InjectedJudge;
use crate::judge::Case;
use crate::judge::Options;
use crate::judge::verdict::Verdict;
use crate::scenario::format::{ProviderState, Step};

/// Who brings about provider states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateProvider {
    /// confcall makes a call by the documented request, and takes the rest as existing.
    Create,
    /// Everything is taken as existing.
    Assume,
    /// The target's hook is asked.
    Ask(Hook),
}

/// Brings about what a scenario needs. What cannot be had ends the conversation with the reason.
pub(super) async fn bring_about(
    client: &Client,
    case: &Case,
    judge: &Mutex<InjectedJudge>,
    options: &Options,
    (service, by): (&Url, &StateProvider),
    callback: &str,
) {
    for state in &case.scenario.script.given {
        let outcome = match by {
            StateProvider::Ask(hook) => {
                ask(client, case, judge, options, hook, *state, callback).await
            }
            StateProvider::Create if *state == ProviderState::Call => {
                let service = (service, callback);
                let made = create(client, case, options, service).await;
                made.map(|call| bind_call(judge, asked_call(case), &call))
            }
            StateProvider::Create if *state == ProviderState::EndedCall => {
                let service = (service, callback);
                let ended = create_and_end(client, case, options, service).await;
                ended.map(|call| bind_call(judge, refused_call(case), &call))
            }
            StateProvider::Create | StateProvider::Assume => assume(judge, *state),
        };
        if let Err((verdict, reason)) = outcome {
            lock(judge).give_up(verdict, reason);
            return;
        }
    }
}

type Outcome = Result<(), (Verdict, String)>;

fn assume(judge: &Mutex<InjectedJudge>, state: ProviderState) -> Outcome {
    match state {
        ProviderState::TokenCheck => Err((
            Verdict::Skip,
            "only the service can say whether it takes no token but its own: give the address of its hook with --given URL".to_owned(),
        )),
        ProviderState::IncomingCall | ProviderState::InviteFails | ProviderState::EndedCall => Err((
            Verdict::Skip,
            format!(
                "only the service can bring about {}: give the address of its hook with --given URL",
                state.as_str()
            ),
        )),
        ProviderState::Call | ProviderState::PeerCall | ProviderState::Chat | ProviderState::Number => {
            lock(judge).note(format!("given: {} is taken as existing", state.as_str()));
            Ok(())
        }
    }
}

/// Asks the target's hook: `POST {"scenario", "state", "callback", "variables"}`.
async fn ask(
    client: &Client,
    case: &Case,
    judge: &Mutex<InjectedJudge>,
    options: &Options,
    hook: &Hook,
    state: ProviderState,
    callback: &str,
) -> Outcome {
    let variables: serde_json::Map<String, Value> = lock(judge)
        .proposals()
        .into_iter()
        .map(|(name, value)| (name, json!(value)))
        .collect();
    let body = json!({
        "scenario": case.scenario.id.as_str(),
        "state": state.as_str(),
        "callback": callback,
        "variables": variables,
    });
    match hook.ask(client, &body, options.deadline).await {
        HookAnswer::Done(answer) => {
            take_variables(&mut lock(judge), case, state, answer.as_ref());
            Ok(())
        }
        HookAnswer::Declined(reason) => Err((
            Verdict::Skip,
            format!("{} is not to be had: {reason}", state.as_str()),
        )),
        HookAnswer::Failed(what) => Err((
            Verdict::Inconclusive,
            format!(
                "the hook for provider states failed at {}: {what}",
                state.as_str()
            ),
        )),
    }
}

/// Binds the variables that a hook answers. What it says beside is passed over, with a note.
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
            "the hook's answer at {} was passed over: {what}",
            state.as_str()
        ));
    };
    if !answer.is_object() {
        return pass_over(judge, "it is no JSON object");
    }
    for (name, value) in answer["variables"].as_object().into_iter().flatten() {
        match value.as_str() {
            Some(value) => judge.bind(&variable_of(case, state, name), value),
            None => pass_over(judge, &format!("the variable `{name}` is no text")),
        }
    }
}

/// The variable that a hook means by `call`: the one that the state is about.
fn variable_of(case: &Case, state: ProviderState, name: &str) -> String {
    let meant = match (state, name) {
        (ProviderState::Call, "call") => asked_call(case),
        (ProviderState::IncomingCall, "call") => incoming_call(case),
        (ProviderState::EndedCall, "call") => refused_call(case),
        _ => None,
    };
    meant.unwrap_or_else(|| name.to_owned())
}

/// The variable of the call that the first notification is about.
fn incoming_call(case: &Case) -> Option<String> {
    let body = case.scenario.script.steps.first()?.body()?.json()?;
    let entry = change::entries(body)?.first()?;
    let resource = Notice::read(entry).resource?;
    template::sole_variable(resource.call()?).map(str::to_owned)
}

/// The variable of the call in the path of the first request that names one and is to be done, or
/// else of the first.
fn asked_call(case: &Case) -> Option<String> {
    call_of_request(case, false).or_else(|| refused_call(case))
}

/// The variable of the call in the path of the first request that names one and is to be refused.
fn refused_call(case: &Case) -> Option<String> {
    call_of_request(case, true)
}

fn call_of_request(case: &Case, is_refused: bool) -> Option<String> {
    let script = &case.scenario.script;
    let mut steps = script.steps.iter().enumerate();
    steps.find_map(|(at, step)| {
        let Step::Request(step) = step else {
            return None;
        };
        let resource = Resource::parse(&step.target)?;
        let name = template::sole_variable(resource.call()?)?;
        (script.is_refused(at) == is_refused).then(|| name.to_owned())
    })
}

fn bind_call(judge: &Mutex<InjectedJudge>, variable: Option<String>, call: &str) {
    if let Some(variable) = variable {
        lock(judge).bind(&variable, call);
    }
}

/// Makes a call by the documented create request, confcall's listener as its callback, and says
/// which.
async fn create(
    client: &Client,
    case: &Case,
    options: &Options,
    (service, callback): (&Url, &str),
) -> Result<String, (Verdict, String)> {
    let target = format!("{}/calls", prefix_of(case));
    let url = address::request(service, case.scenario.id.api(), &target);
    let url = Url::parse(&url).map_err(|error| not_made(&error.to_string()))?;
    let request = post_json(&url, &create_body(callback));
    let response = granted(client, request, options).await?;
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
        .ok_or_else(|| not_made("the answer names no call"))
}

/// Makes a call and hangs it up.
async fn create_and_end(
    client: &Client,
    case: &Case,
    options: &Options,
    (service, callback): (&Url, &str),
) -> Result<String, (Verdict, String)> {
    let call = create(client, case, options, (service, callback)).await?;
    let target = format!("{}/calls/{call}", prefix_of(case));
    let url = address::request(service, case.scenario.id.api(), &target);
    granted(client, OutgoingRequest::new("DELETE", url), options).await?;
    Ok(call)
}

/// The answer to a request that is sent with the run's token and must be a success.
async fn granted(
    client: &Client,
    mut request: OutgoingRequest,
    options: &Options,
) -> Result<Response, (Verdict, String)> {
    let token = format!("Bearer {}", options.token);
    request.headers.push("Authorization", token);
    let what = request.method.clone();
    let sent = client.send(request, options.deadline).await;
    let response = sent.map_err(|error| not_made(&error.to_string()))?;
    if !(200..300).contains(&response.status) {
        let said = format!("{what}: {}: {}", response.status, reason(&response));
        return Err(not_made(&said));
    }
    Ok(response)
}

fn not_made(what: &str) -> (Verdict, String) {
    let reason = format!("the call that the scenario needs could not be made: {what}");
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

/// A POST of JSON.
pub(super) fn post_json(url: &Url, body: &Value) -> OutgoingRequest {
    let mut request = OutgoingRequest::new("POST", url.as_str());
    request.headers.push("Content-Type", "application/json");
    request.body = Some(Bytes::from(body.to_string()));
    request
}

/// The reason that an answer gives: its `reason`, its error's message, or its text.
pub(super) fn reason(response: &Response) -> String {
    match &response.body {
        Payload::Json(body) => ["/reason", "/error/message"]
            .iter()
            .find_map(|pointer| body.pointer(pointer)?.as_str())
            .map_or_else(|| body.to_string(), str::to_owned),
        Payload::Text { text, .. } => text.trim().to_owned(),
        Payload::Empty | Payload::Opaque(_) => "no reason given".to_owned(),
    }
}
