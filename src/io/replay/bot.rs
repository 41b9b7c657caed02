//! The recorded bot over sockets: requests go out, answers and notifications are held against what
//! was recorded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::Url;

use super::{Manners, Stage, outgoing};
use crate::io::net::{Listener, Reply, Shutdown};
use crate::io::player::post_json;
use crate::logic::replay::bot::Bot;
use crate::logic::replay::{self, Replayed};

/// How many requests of a recorded bot are under way at a time.
const AT_A_TIME: usize = 64;

/// Plays the bot until all is sent and has come, nothing has happened for the deadline, or the
/// shutdown begins. Notifications are taken by `listener`; `given` is asked first for what the
/// recording takes for granted.
///
/// # Errors
///
/// In words, a hook that does not do what it is asked for, and a recording that was changed
/// meanwhile.
pub async fn bot(
    bot: Bot,
    service: Url,
    listener: Option<Listener>,
    given: Option<Url>,
    manners: Manners,
    shutdown: Shutdown,
) -> Result<Replayed, String> {
    let begun = Instant::now();
    let stage = Stage::new(bot, manners);
    let callback = listener.as_ref().map(Listener::url).unwrap_or_default();
    let given = given.map(|hook| (hook, callback));
    let closing = Shutdown::new();
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
    if let Some((hook, callback)) = &given {
        bring_about(&stage, hook, callback).await?;
    }
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    loop {
        let token = stage.manners.token.clone();
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
            () = shutdown.begun() => break,
        }
    }
    closing.begin();
    if let Some(server) = server {
        let _ = timeout(Duration::from_millis(200), server).await;
    }
    let name = stage.manners.name.clone();
    let replayed = stage.party().finish(&name, begun.elapsed());
    replayed.map_err(|lost| lost.to_string())
}

/// Asks the hook for all that the recording takes for granted.
async fn bring_about(stage: &Arc<Stage<Bot>>, hook: &Url, callback: &str) -> Result<(), String> {
    let needs = stage.party().needs().map_err(|lost| lost.to_string())?;
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
        let body = json!({
            "scenario": stage.manners.name,
            "state": wanted,
            "callback": format!("{}{}", callback.trim_end_matches('/'), need.callback),
            "variables": variables,
        });
        let request = post_json(hook, &body);
        let answer = stage.client.send(request, stage.manners.deadline).await;
        let answer = answer.map_err(|error| format!("the hook for given states: {error}"))?;
        if !(200..300).contains(&answer.status) {
            return Err(format!(
                "the hook for given states answered {} to {wanted}",
                answer.status
            ));
        }
        let told = answer.body.json().map(|body| &body["variables"]);
        let live = told.and_then(|told| {
            let names = [wanted, "call"];
            names.into_iter().find_map(|name| told[name].as_str())
        });
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
    let url = format!(
        "{}{}",
        service.as_str().trim_end_matches('/'),
        request.target
    );
    let deadline = stage.manners.deadline;
    let answer = stage.client.send(outgoing(&request, url), deadline).await;
    drop(place);
    let answer = answer.map_err(|error| error.to_string());
    stage.party().answered(request.exchange, answer);
    stage.wake();
}
