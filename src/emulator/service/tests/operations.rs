//! Every mutant and variant of an operation changes something on the wire, and every operation has some.

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::exercises::requests;
use super::fixture::Fixture;
use super::mutants::{QUIET, anonymous};
use super::*;
use crate::emulator::service::mutant::AlteredOperation;
use crate::emulator::service::operations::Operation;

/// What exists before an exercise.
struct Ids {
    call: String,
    incoming: String,
    participant: String,
    operation: String,
    session: String,
}

/// Exercises operations, some at a time.
async fn exercises(
    altered: impl Iterator<Item = (Operation, Option<&'static AlteredOperation>)>,
) -> Vec<(Operation, Option<&'static AlteredOperation>, Vec<String>)> {
    let places = Arc::new(Semaphore::new(8));
    let mut playing = JoinSet::new();
    for (operation, altered) in altered {
        let places = Arc::clone(&places);
        playing.spawn(async move {
            let _place = places.acquire().await.unwrap();
            (operation, altered, exercise(operation, altered).await)
        });
    }
    playing.join_all().await
}

/// Sends the requests of an operation. Returns one line for each answer and notification, with numbers in place
/// of identifiers.
async fn exercise(operation: Operation, altered: Option<&'static AlteredOperation>) -> Vec<String> {
    let mut fixture = Fixture::open(ServiceOptions {
        altered,
        ..ServiceOptions::default()
    })
    .await;
    let incoming = fixture.incoming().await;
    let call = fixture.call().await;
    let made = |made: Value, name: &str| made["variables"][name].as_str().unwrap().to_owned();
    let in_call = |more: &str| json!({"call": call, more: "multicast"});
    let running = fixture.given("operation", in_call("")).await;
    let session = fixture.given("session", in_call("")).await;
    fixture
        .given("audio-routing-group", in_call("audio-routing-group"))
        .await;
    let ids = Ids {
        participant: fixture.participant(&call, "u-1").await,
        operation: made(running, "operation"),
        session: made(session, "session"),
        call: call.clone(),
        incoming: incoming.clone(),
    };
    let mut known = vec![call, incoming, ids.session.clone(), ids.operation.clone()];
    let shown = fixture
        .control("GET", &format!("calls/{}", ids.call), Value::Null)
        .await;
    for member in shown["participants"].as_array().unwrap() {
        let mut identities = member["info"]["identity"].as_object().unwrap().values();
        let identity = identities.find_map(|identity| identity["id"].as_str());
        known.extend([member["id"].as_str(), identity].map(|id| id.unwrap().to_owned()));
    }
    let mut lines = Vec::new();
    for (method, path, body) in requests(operation, &fixture.callback) {
        let path = path
            .replace("{control}", &format!("/control/calls/{}", ids.call))
            .replace("{call}", &format!("/app/calls/{}", ids.call))
            .replace("{incoming}", &format!("/app/calls/{}", ids.incoming))
            .replace("{participant}", &ids.participant)
            .replace("{operation}", &ids.operation)
            .replace("{session}", &ids.session);
        let body = (!body.is_null()).then_some(&body);
        let answer = fixture.send(method, &path, body).await;
        let headers: Vec<_> = ["location", "content-type", "x-nobody-knows"]
            .iter()
            .map(|name| answer.headers.get(name))
            .collect();
        lines.push(format!("{} {headers:?} {:?}", answer.status, answer.body));
    }
    let mut notifications = Vec::new();
    while let Ok(Some(request)) = timeout(QUIET, fixture.inbox.recv()).await {
        notifications.push(format!("{} {:?}", request.target, request.body));
    }
    let show = |line: &String| {
        let own = line
            .replace(&fixture.url, "")
            .replace(&fixture.callback, "");
        anonymous(&own, &known)
    };
    // Notifications about different resources have no order.
    let mut notifications: Vec<String> = notifications.iter().map(show).collect();
    notifications.sort();
    lines.iter().map(show).chain(notifications).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_alteration_of_an_operation_shows() {
    let twice = [Operation::ALL, Operation::ALL].concat();
    let mut plain: HashMap<Operation, Vec<String>> = HashMap::new();
    for (operation, _, lines) in exercises(twice.into_iter().map(|it| (it, None))).await {
        let is_refused = |line: &String| line.starts_with('4') && !line.starts_with("404");
        assert!(!lines.iter().any(is_refused), "{operation:?}: {lines:#?}");
        if let Some(other) = plain.insert(operation, lines) {
            assert_eq!(
                plain[&operation], other,
                "what is compared must not vary by itself"
            );
        }
    }
    let rows = OPERATION_MUTANTS.iter().chain(OPERATION_VARIANTS);
    for (operation, altered, lines) in exercises(rows.map(|it| (it.operation, Some(it)))).await {
        let name = altered.unwrap().name;
        assert_ne!(plain[&operation], lines, "{name} changes nothing");
    }
}

#[test]
fn every_operation_has_three_mutants_and_a_variant() {
    for operation in Operation::ALL.iter().copied() {
        let count = |table: &[AlteredOperation]| {
            let rows = table.iter();
            rows.filter(|row| row.operation == operation).count()
        };
        assert!(count(OPERATION_MUTANTS) >= 3, "{}", operation.name());
        assert!(count(OPERATION_VARIANTS) >= 1, "{}", operation.name());
    }
}

#[test]
fn the_names_of_all_mutants_and_variants_are_unique() {
    let rows = || OPERATION_MUTANTS.iter().chain(OPERATION_VARIANTS);
    let own = ServiceMutant::ALL.iter().map(|it| it.name());
    let variants = ServiceVariant::ALL.iter().map(|it| it.name());
    let mut names: Vec<&str> = rows()
        .map(|row| row.name)
        .chain(own)
        .chain(variants)
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(rows().all(|row| row.what.ends_with('.')));
}
