//! Every mutant changes the transcript, and no variant stops a conversation.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::fixture::{Fixture, participant};
use super::*;
use crate::api::identifier;
use crate::http::OutgoingRequest;

/// The timeout where no answer is expected.
const SHORT: Duration = Duration::from_millis(400);

/// A conversation is over after this time without a notification.
pub(super) const QUIET: Duration = Duration::from_millis(250);

/// Exercises the whole service. Returns one line for each message, in order for each resource, with numbers
/// in place of identifiers.
async fn transcript(options: ServiceOptions) -> Vec<String> {
    let is_newest = options.edition == Edition::February2021;
    let mut fixture = Fixture::open(options).await;
    let mut lines = Vec::new();
    let incoming = fixture.given("incoming-call", json!({"user": "u-1"})).await;
    let incoming = incoming["variables"]["call"].as_str().unwrap().to_owned();
    let pick_up = json!({
        "callbackUri": fixture.callback,
        "acceptedModalities": ["audio"],
        "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"},
    });
    let create = json!({"callbackUri": fixture.callback});
    let group = fixture.given("call", json!({})).await["variables"]["call"].clone();
    let group = group.as_str().unwrap();
    let mut ids = vec![group.to_owned(), incoming.clone()];
    let invite = format!("/app/calls/{group}/participants/invite");
    let mut first = participant("user", "u-1");
    first["replacesCallId"] = json!("00000000-0000-4000-8000-000000000001");
    let two = json!({"participants": [first, participant("user", "u-2")], "clientContext": "c"});
    let failing = json!({"participants": [participant("user", FAILING_ID)]});
    for (target, body) in [
        (format!("/app/calls/{incoming}/answer"), pick_up),
        ("/app/calls".to_owned(), create),
        (invite.clone(), two),
        (invite, failing),
    ] {
        lines.push(
            match fixture.try_send("POST", &target, Some(&body), SHORT).await {
                Ok(response) => {
                    let id = response.body.json().and_then(|body| body["id"].as_str());
                    ids.extend(id.map(str::to_owned));
                    format!(
                        "{} {:?} {:?} {:?}",
                        response.status,
                        response.headers.get("location"),
                        response.headers.get("content-type"),
                        response.body,
                    )
                }
                Err(error) => error.split(':').next().unwrap().to_owned(),
            },
        );
    }
    if is_newest {
        // Refusals are the same in every edition.
        lines.extend(refusals(&fixture, group).await);
    }
    let mut notifications: HashMap<String, Vec<String>> = HashMap::new();
    while let Ok(Some(request)) = timeout(QUIET, fixture.inbox.recv()).await {
        let about = request
            .body
            .json()
            .and_then(|body| body.pointer("/value/0/resource"));
        let about = about.map_or(String::new(), Value::to_string);
        let line = format!(
            "{} {:?} {:?}",
            request.method,
            request.headers.media_type(),
            request.body
        );
        notifications.entry(about).or_default().push(line);
    }
    let show = |line: &String| {
        let own = line
            .replace(&fixture.url, "")
            .replace(&fixture.callback, "");
        anonymous(&own, &ids)
    };
    let mut notifications: Vec<String> = notifications
        .values()
        .map(|lines| show(&lines.join("\n")))
        .collect();
    notifications.sort();
    lines.iter().map(show).chain(notifications).collect()
}

/// Replaces each GUID by the number of its first appearance, after the known ones, and removes times and the numbers of
/// media sources, which are given in the order of time.
pub(super) fn anonymous(text: &str, ids: &[String]) -> String {
    let mut ids = ids.to_vec();
    let mut parts: Vec<String> = Vec::new();
    let mut is_source = false;
    for part in text.split(|c: char| !(c.is_alphanumeric() || c == '-')) {
        parts.push(if identifier::is_guid(part) {
            let index = ids.iter().position(|other| other == part);
            let index = index.unwrap_or_else(|| {
                ids.push(part.to_owned());
                ids.len() - 1
            });
            format!("#{index}")
        } else if part.len() > 8 && part.starts_with("20") {
            "time".to_owned()
        } else if part.ends_with('Z') || is_clock(part) {
            String::new()
        } else if is_source && part.parse::<u64>().is_ok() {
            is_source = false;
            "number".to_owned()
        } else {
            is_source |= part == "sourceId";
            part.to_owned()
        });
    }
    parts.join(" ")
}

/// True for an hour or a minute.
fn is_clock(part: &str) -> bool {
    part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())
}

/// Status and error in the answers to requests that are wrong, or nearly.
async fn refusals(fixture: &Fixture, call: &str) -> Vec<String> {
    let ended = fixture.given("ended-call", json!({})).await["variables"]["call"].clone();
    let invite = |call: &str| format!("{}/app/calls/{call}/participants/invite", fixture.url);
    let people = |count: usize| vec![participant("user", "u-9"); count];
    let body = |people: Vec<Value>, context: usize| {
        json!({"participants": people, "clientContext": "c".repeat(context)}).to_string()
    };
    let one = body(people(1), 1);
    let mut replacing = people(2);
    for person in &mut replacing {
        person["replacesCallId"] = json!("00000000-0000-4000-8000-000000000001");
    }
    let (there, token, json) = (invite(call), Some("Bearer t"), "application/json");
    let mut lines = Vec::new();
    for (method, url, token, media_type, body) in [
        ("POST", &there, None, json, one.clone()),
        ("POST", &there, Some("Bearer other"), json, one.clone()),
        ("POST", &invite("none"), token, json, one.clone()),
        (
            "POST",
            &invite(ended.as_str().unwrap()),
            token,
            json,
            one.clone(),
        ),
        ("POST", &there, token, json, "{".to_owned()),
        ("POST", &there, token, json, String::new()),
        ("POST", &there, token, "text/plain", one.clone()),
        ("PUT", &there, token, json, one),
        ("POST", &there, token, json, body(Vec::new(), 1)),
        ("POST", &there, token, json, body(people(6), 1)),
        ("POST", &there, token, json, body(people(1), 256)),
        ("POST", &there, token, json, body(people(1), 257)),
        ("POST", &there, token, json, body(replacing, 1)),
    ] {
        let mut request = OutgoingRequest::new(method, url.as_str());
        request.headers.push("Content-Type", media_type);
        if let Some(token) = token {
            request.headers.push("Authorization", token);
        }
        request.body = Some(body.into());
        lines.push(match Client::new().send(request, SHORT).await {
            Ok(response) => {
                let error = response.body.json().map(|body| body["error"].clone());
                let has_text = |name: &str| {
                    error
                        .as_ref()
                        .map(|it| it[name].as_str().map(str::len) > Some(0))
                };
                let what = (has_text("code"), has_text("message"));
                format!("{} {} {what:?}", response.status, response.body.is_empty())
            }
            Err(error) => error.to_string().split(':').next().unwrap().to_owned(),
        });
    }
    lines
}

/// A service that checks the fixture's token.
fn checking() -> ServiceOptions {
    ServiceOptions {
        token: Some("t".to_owned()),
        ..ServiceOptions::default()
    }
}

/// Mutants that show only where the callback answers with an error. The tests of fault injection cover them.
const ONLY_UNDER_INJECTION: [ServiceMutant; 2] =
    [ServiceMutant::WaitsForEver, ServiceMutant::NeverAgain];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mutant_shows() {
    let editions = [Edition::May2019, Edition::February2021];
    let mut plain = HashMap::new();
    for edition in editions {
        let options = ServiceOptions {
            edition,
            ..checking()
        };
        let lines = transcript(options.clone()).await;
        assert_eq!(
            lines,
            transcript(options).await,
            "what is compared must not vary by itself"
        );
        plain.insert(edition, lines);
    }
    let mut playing = JoinSet::new();
    for &mutant in ServiceMutant::ALL {
        playing.spawn(async move {
            let mut shown = Vec::new();
            for edition in editions {
                let mutant = Some(mutant);
                let options = ServiceOptions {
                    edition,
                    mutant,
                    ..checking()
                };
                shown.push((edition, transcript(options).await));
            }
            (mutant, shown)
        });
    }
    while let Some(played) = playing.join_next().await {
        let (mutant, shown) = played.unwrap();
        let differs = shown
            .iter()
            .any(|(edition, lines)| &plain[edition] != lines);
        let is_shown = differs || ONLY_UNDER_INJECTION.contains(&mutant);
        assert!(is_shown, "{} changes nothing", mutant.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_variant_stops_a_conversation() {
    let mut playing = JoinSet::new();
    for &variant in ServiceVariant::ALL {
        for &edition in Edition::ALL {
            let variant = Some(variant);
            playing.spawn(complete(ServiceOptions {
                edition,
                variant,
                ..ServiceOptions::default()
            }));
        }
    }
    while let Some(played) = playing.join_next().await {
        played.unwrap();
    }
}

/// Invites into a call, replacing another, and waits for all notifications.
async fn complete(options: ServiceOptions) {
    let label = format!(
        "{} in {}",
        options.variant.unwrap().name(),
        options.edition.name()
    );
    let mut fixture = Fixture::open(options).await;
    let call = fixture.create().await;
    let mut user = participant("user", "u-1");
    user["replacesCallId"] = json!("00000000-0000-4000-8000-000000000001");
    let body = json!({"participants": [user], "clientContext": "c-1"});
    let invite = format!("/communications/calls/{call}/participants/invite");
    let answer = fixture.post(&invite, &body).await;
    assert!(matches!(answer.status, 200 | 202), "{label}");
    let mut waited = vec!["established", "completed", "sendreceive", "terminated"];
    while !waited.is_empty() {
        let notifications = fixture.next().await.to_string().to_lowercase();
        waited.retain(|word| !notifications.contains(word));
    }
}

#[test]
fn names_are_unique() {
    let mutants: HashSet<_> = ServiceMutant::ALL.iter().map(|it| it.name()).collect();
    let variants: HashSet<_> = ServiceVariant::ALL.iter().map(|it| it.name()).collect();
    assert_eq!(mutants.len(), ServiceMutant::ALL.len());
    assert_eq!(variants.len(), ServiceVariant::ALL.len());
    assert!(
        ServiceMutant::ALL
            .iter()
            .all(|it| it.describe().ends_with('.'))
    );
    assert!(mutants.len() >= 40 && variants.len() >= 18);
}
