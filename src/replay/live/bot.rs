//! Plays the recorded bot over sockets.

use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::session::{ReplayError, ReplayOptions, Session, Waited, below, outgoing};
use crate::http::limits::MAX_BODY;
use crate::http::message::Body;
use crate::http::{Listener, Received, Reply};
use crate::judge::verdict::Verdict;
use crate::replay;
use crate::replay::bot::provider_state::Need;
use crate::replay::bot::{Bot, LiveAnswer};
use crate::replay::matching::target::Own;
use crate::replay::update::LiveMessage;
use crate::replay::{End, Generator, Replayed, Unanswered};
use crate::runner;
use crate::runner::{Hook, HookResponse};

/// The number of requests in flight.
const MOST_REQUESTS: usize = 64;

/// How long the end of a program takes to be seen.
const SEEN_WITHIN: Duration = Duration::from_millis(250);

/// Ends the play of a bot from outside.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending {
    /// Cancelled once the service has gone, where confcall has started it: nothing more is sent, and what it has sent
    /// before arrives.
    pub gone: Option<CancellationToken>,
    /// Nothing is waited for.
    pub shutdown: CancellationToken,
}

/// Plays the bot until all messages were sent and received, nothing has happened for the deadline,
/// or it is ended from outside. `listener` takes notifications. The hook `provider_states` is called
/// first, once for each provider state of the recording.
/// Errors: the service or the hook is unreachable at the start, or the recording was changed during the
/// replay.
pub(crate) async fn bot(
    bot: Bot,
    service: Url,
    listener: Option<Listener>,
    provider_states: Option<Hook>,
    options: ReplayOptions,
    ending: Ending,
) -> Result<Replayed, ReplayError> {
    let begun = Instant::now();
    let mut parties = vec![("service", &service)];
    if let Some(Hook::Url(hook)) = &provider_states {
        parties.push(("hook for provider states", hook));
    }
    for (party, url) in parties {
        runner::reach(party, url, &options.client).await?;
    }
    let longest = MAX_BODY.saturating_add(bot.longest());
    let listener = listener.map(|it| it.reading_bodies_of(Arc::new(longest.into())));
    let session = Session::new(bot, options);
    let closing = CancellationToken::new();
    let server = listener.map(|listener| {
        let session = Arc::clone(&session);
        let serving = listener.serve_received(
            move |received| {
                let answered = received.decode().map(|mut request| {
                    request.body = Body::written(&received.uncoded());
                    let status = session.party().received(request, || message(&received));
                    session.wake();
                    Reply::status(status)
                });
                ready(answered)
            },
            closing.clone(),
        );
        tokio::spawn(serving)
    });
    if let Some(hook) = provider_states {
        establish_states(&session, hook).await?;
    }
    let permits = Arc::new(Semaphore::new(MOST_REQUESTS));
    while !session.party().is_decided() {
        let is_gone = ending
            .gone
            .as_ref()
            .is_some_and(CancellationToken::is_cancelled);
        let ready = if is_gone {
            Vec::new()
        } else {
            session.party().ready(session.options.token.as_deref())
        };
        for request in ready {
            tokio::spawn(send(
                Arc::clone(&session),
                Arc::clone(&permits),
                service.clone(),
                request,
                ending.gone.clone(),
            ));
        }
        if session.party().is_done() {
            break;
        }
        tokio::select! {
            waited = session.wait() => if waited == Waited::Deadline {
                session.party().give_up_waiting();
                session.wake();
            },
            () = ending.shutdown.cancelled() => break,
        }
    }
    closing.cancel();
    if let Some(server) = server {
        let _ = timeout(Duration::from_millis(200), server).await;
    }
    let name = &session.options.name;
    let mut bot = session.party();
    let end = if bot.is_done() || bot.is_decided() || !ending.shutdown.is_cancelled() {
        End::ByItself
    } else {
        End::Stopped
    };
    Ok(bot.finish(name, begun.elapsed(), end)?)
}

/// A notification as a recording may keep it.
fn message(received: &Received) -> LiveMessage {
    let (headers, body) = (received.headers(), received.uncoded());
    let coding = headers.get("content-encoding");
    LiveMessage {
        method: received.method().to_owned(),
        target: received.target().into_owned(),
        coding: coding
            .filter(|_| *body != **received.body())
            .map(str::to_owned),
        body: Bytes::copy_from_slice(&body),
        headers,
        ..LiveMessage::default()
    }
}

/// A generator with a random seed.
pub(crate) fn generator() -> Generator {
    Generator::new(Uuid::new_v4().as_u128())
}

/// Calls the hook for every provider state of the recording. A failure decides the verdict.
async fn establish_states(session: &Session<Bot>, hook: Hook) -> Result<(), ReplayError> {
    let callback = session.party().callback().to_owned();
    let needs = session.party().needs()?;
    for need in needs {
        let state = need.state.as_str();
        let question = question(&session.options.name, &callback, &need);
        let options = &session.options;
        let answer = hook
            .call(&options.client, &question, options.deadline)
            .await;
        let answer = match answer {
            HookResponse::Done(answer) => answer.unwrap_or_default(),
            HookResponse::Declined(reason) => {
                let reason = format!("the provider state {state} is not available: {reason}");
                session.party().decide(Verdict::Skip, reason);
                return Ok(());
            }
            HookResponse::Failed(what) => {
                let reason = format!("the hook for provider states failed for {state}: {what}");
                session.party().decide(Verdict::Inconclusive, reason);
                return Ok(());
            }
        };
        let mut names = [state, "call"].into_iter();
        let live = names.find_map(|name| answer["variables"][name].as_str());
        if let (Some(recorded), Some(live)) = (&need.call, live) {
            session.party().map_call(recorded, live);
        }
    }
    Ok(())
}

fn question(name: &str, callback: &str, need: &Need) -> serde_json::Value {
    let people = (1..).zip(&need.people);
    let people = people.map(|(number, id)| (format!("person-{number}"), json!(id)));
    let mut variables: serde_json::Map<_, _> = people.collect();
    let call = need.call.iter();
    variables.extend(call.map(|call| ("call".to_owned(), json!(call))));
    json!({
        "scenario": name,
        "state": need.state.as_str(),
        "callback": format!("{callback}{}", need.callback),
        "variables": variables,
    })
}

async fn send(
    session: Arc<Session<Bot>>,
    permits: Arc<Semaphore>,
    service: Url,
    request: replay::OutgoingRequest,
    gone: Option<CancellationToken>,
) {
    let permit = permits.acquire_owned().await;
    let url = below(&service, &request.target);
    let options = &session.options;
    let request_to = outgoing(&request, url);
    let longest = MAX_BODY.saturating_add(session.party().longest());
    let client = &options.client;
    let answer = client.send_raw(request_to, options.deadline, longest).await;
    drop(permit);
    if let (Err(_), Some(gone)) = (&answer, gone) {
        // The end of a service is seen with a delay.
        let _ = timeout(SEEN_WITHIN, gone.cancelled()).await;
    }
    let own = Own::of(&service);
    let body = answer.as_ref().ok().map(|it| it.uncoded(longest));
    let live = answer.as_ref().map(|answer| LiveAnswer {
        status: answer.status,
        headers: &answer.headers,
        body: body.as_deref().unwrap_or(&answer.body),
        raw: &answer.body,
        trailers: &answer.trailers,
        reason: answer.reason.as_deref(),
        own: &own,
    });
    let live = live.map_err(|error| Unanswered::Failed(error.clone().into()));
    session.party().answered(request.exchange, live);
    session.wake();
}
