//! The recorded bot over sockets: requests go out, answers and notifications are held against what
//! was recorded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::Url;
use uuid::Uuid;

use super::service::{ReplayOptions, Stage, below, outgoing};
use crate::diagnostic::render;
use crate::http::{Listener, Reply};
use crate::judge::verdict::Verdict;
use crate::replay;
use crate::replay::bot::Bot;
use crate::replay::{Generator, Replayed};
use crate::runner;
use crate::runner::{Hook, HookAnswer};
use tokio_util::sync::CancellationToken;

/// How many requests of a recorded bot are under way at a time.
const AT_A_TIME: usize = 64;

/// Plays the bot until all is sent and has come, nothing has happened for the deadline, or the
/// shutdown begins. Notifications are taken by `listener`; `given` is asked first for what the
/// recording takes for granted.
///
/// # Errors
///
/// In words, a service or a hook that is not there from the start, and a recording that was changed
/// meanwhile.
pub async fn bot(
    bot: Bot,
    service: Url,
    listener: Option<Listener>,
    given: Option<Url>,
    options: ReplayOptions,
    shutdown: CancellationToken,
) -> Result<Replayed, String> {
    let begun = Instant::now();
    let mut parties = vec![("service", &service)];
    parties.extend(given.iter().map(|hook| ("hook for provider states", hook)));
    for (party, url) in parties {
        let reached = runner::reach(party, url, &options.client).await;
        reached.map_err(|error| render(&error))?;
    }
    let callback = bot.callback().to_owned();
    let stage = Stage::new(bot, options);
    let closing = CancellationToken::new();
    let server = listener.map(|listener| {
        let stage = Arc::clone(&stage);
        let serving = listener.serve(
            move |request| {
                let stage = Arc::clone(&stage);
                async move {
                    let status = stage.party().received(request);
                    stage.wake();
                    Reply::status(status)
                }
            },
            closing.clone(),
        );
        tokio::spawn(serving)
    });
    if let Some(hook) = &given {
        bring_about(&stage, hook, &callback).await?;
    }
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    while !stage.party().is_set_aside() {
        let token = stage.options.token.clone();
        let ready = stage.party().ready(token.as_deref());
        for request in ready {
            tokio::spawn(ask(
                Arc::clone(&stage),
                Arc::clone(&places),
                service.clone(),
                request,
            ));
        }
        if stage.party().is_done() {
            break;
        }
        tokio::select! {
            went_on = stage.wait() => if !went_on {
                stage.party().give_up_waiting();
                stage.wake();
            },
            () = shutdown.cancelled() => break,
        }
    }
    closing.cancel();
    if let Some(server) = server {
        let _ = timeout(Duration::from_millis(200), server).await;
    }
    let name = stage.options.name.clone();
    let replayed = stage.party().finish(&name, begun.elapsed());
    replayed.map_err(|lost| lost.to_string())
}

/// What the recorded bot chose, chosen anew.
pub fn fresh() -> Generator {
    Generator::new(Uuid::new_v4().as_u128())
}

/// Asks the hook for all that the recording takes for granted.
async fn bring_about(stage: &Arc<Stage<Bot>>, hook: &Url, callback: &str) -> Result<(), String> {
    let needs = stage.party().needs().map_err(|lost| lost.to_string())?;
    let hook = Hook::Url(hook.clone());
    for need in needs {
        let wanted = need.state.as_str();
        let mut variables: serde_json::Map<_, _> = (1..)
            .zip(&need.people)
            .map(|(number, id)| (format!("person-{number}"), json!(id)))
            .collect();
        variables.extend(
            need.call
                .iter()
                .map(|call| ("call".to_owned(), json!(call))),
        );
        let question = json!({
            "scenario": stage.options.name,
            "state": wanted,
            "callback": format!("{callback}{}", need.callback),
            "variables": variables,
        });
        let deadline = stage.options.deadline;
        let answer = match hook.ask(&stage.client, &question, deadline).await {
            HookAnswer::Done(answer) => answer.unwrap_or_default(),
            HookAnswer::Declined(reason) => {
                let reason = format!("{wanted} is not to be had: {reason}");
                stage.party().set_aside(Verdict::Skip, reason);
                return Ok(());
            }
            HookAnswer::Failed(what) => {
                let reason = format!("the hook for provider states failed at {wanted}: {what}");
                stage.party().set_aside(Verdict::Inconclusive, reason);
                return Ok(());
            }
        };
        let names = [wanted, "call"];
        let live = names
            .iter()
            .find_map(|name| answer["variables"][name].as_str());
        if let (Some(recorded), Some(live)) = (&need.call, live) {
            stage.party().take_as(recorded, live);
        }
    }
    Ok(())
}

async fn ask(
    stage: Arc<Stage<Bot>>,
    places: Arc<Semaphore>,
    service: Url,
    request: replay::OutgoingRequest,
) {
    let place = places.acquire_owned().await;
    let url = below(&service, &request.target);
    let deadline = stage.options.deadline;
    let answer = stage.client.send(outgoing(&request, url), deadline).await;
    drop(place);
    let answer = answer.map_err(|error| error.to_string());
    stage.party().answered(request.exchange, answer);
    stage.wake();
}
