//! Every mutant changes the transcript, and every variant causes the same requests.

use std::collections::HashSet;

use tokio::task::JoinSet;

use super::*;
use crate::api::identifier;
use crate::api::resource::Resource;

/// A conversation is over after this time without a request.
pub(super) const QUIET: Duration = Duration::from_millis(200);

/// The same for a machine under load.
const PATIENCE: Duration = Duration::from_secs(3);

/// Triggers the bot to answer, create and invite, and notifies it of a roster. Returns its messages without
/// generated identifiers.
async fn transcript(options: BotOptions, quiet: Duration) -> Vec<String> {
    let mut fixture = Fixture::open(options).await;
    let mut lines = Vec::new();
    let create = json!({"callbackUri": "http://a/", "requestedModalities": ["audio"]});
    let invite = "/beta/app/calls/c-1/participants/invite";
    for (path, body) in [("/beta/app/calls", create), (invite, invitation())] {
        lines.push(fixture.trigger(path, body).await.status.to_string());
        while let Ok(Some(request)) = timeout(quiet, fixture.inbox.recv()).await {
            let authorization = request.headers.get("authorization");
            let media_type = request.headers.media_type();
            let (method, target, body) = (request.method, request.target, request.body);
            lines.push(format!(
                "{method} {target} {authorization:?} {media_type:?} {body:?}"
            ));
        }
    }
    let roster =
        json!({"value": [{"changeType": "updated", "resource": "/app/calls/c-1/participants"}]});
    lines.push(
        match fixture.post(fixture.bot.callback_url(), &roster).await {
            Ok(response) => format!("{response:?}"),
            Err(error) => error.split(':').next().unwrap().to_owned(),
        },
    );
    let own = |line: &String| without_generated(&line.replace(fixture.bot.url(), ""));
    lines.iter().map(own).collect()
}

/// The text without times, and with a word for each GUID that is not the test's own.
pub(super) fn without_generated(text: &str) -> String {
    let word = |part: &str| match part {
        part if identifier::is_guid(part) && !part.starts_with("00000000") => "guid".to_owned(),
        part if part.starts_with(|c: char| c.is_ascii_digit()) && part.len() == 2 => String::new(),
        part => part.to_owned(),
    };
    let parts = text.split(|c: char| !(c.is_alphanumeric() || "-/+_".contains(c)));
    parts.map(word).collect::<Vec<_>>().join(" ")
}

/// Mutants that show only under fault injection. The tests of fault injection cover them.
const ONLY_UNDER_INJECTION: [BotMutant; 17] = [
    BotMutant::AnswerFirst,
    BotMutant::InvitesAgain,
    BotMutant::OneChange,
    BotMutant::KnownProperties,
    BotMutant::KnownResources,
    BotMutant::KnownWords,
    BotMutant::TokenOptional,
    BotMutant::TakesUnsigned,
    BotMutant::AnySignature,
    BotMutant::AnyTime,
    BotMutant::AnyAudience,
    BotMutant::AsksOtherwise,
    BotMutant::TriesFailed,
    BotMutant::Impatient,
    BotMutant::IgnoresRetryAfter,
    BotMutant::GivesUp503,
    BotMutant::GivesUpBroken,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mutant_shows() {
    let plain = transcript(BotOptions::default(), PATIENCE).await;
    assert_eq!(plain, transcript(BotOptions::default(), PATIENCE).await);
    let with = |mutant| BotOptions {
        mutant: Some(mutant),
        ..BotOptions::default()
    };
    let mut playing = JoinSet::new();
    for &mutant in BotMutant::ALL {
        playing.spawn(async move { (mutant, transcript(with(mutant), QUIET).await) });
    }
    while let Some(played) = playing.join_next().await {
        let (mutant, shown) = played.unwrap();
        let is_shown = shown != plain
            || ONLY_UNDER_INJECTION.contains(&mutant)
            || transcript(with(mutant), PATIENCE).await != plain;
        assert!(is_shown, "{} changes nothing", mutant.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_variant_asks_for_the_same() {
    for &variant in BotVariant::ALL {
        let mut fixture = Fixture::open(BotOptions {
            variant: Some(variant),
            ..BotOptions::default()
        })
        .await;
        let path = "/beta/app/calls/c-1/participants/invite";
        assert_eq!(fixture.trigger(path, invitation()).await.status, 202);
        let request = fixture.next_request().await;
        let label = variant.name();
        assert_eq!(request.method, "POST", "{label}");
        let resource = Resource::parse(&request.target).unwrap();
        assert!(resource.same(&Resource::parse(path).unwrap()), "{label}");
        let body = request.body.json().unwrap();
        assert_eq!(
            body["participants"][0]["identity"]["user"]["id"], "u-1",
            "{label}"
        );
        assert_eq!(
            body["participants"][1]["identity"]["phone"]["id"], "+1",
            "{label}"
        );
        let context = body["clientContext"].as_str().unwrap_or("");
        assert!(context.chars().count() <= 256, "{label}");
    }
}

#[tokio::test]
async fn a_bot_that_hangs_up_waits_for_the_end() {
    let mut fixture = Fixture::open(BotOptions {
        variant: Some(BotVariant::HangsUp),
        ..BotOptions::default()
    })
    .await;
    let guest = json!({"participants": [{"identity": {"user": {"id": "u"}}}]});
    fixture
        .trigger("/app/calls/c-1/participants/invite", guest)
        .await;
    fixture.next_request().await;
    let callback = fixture.bot.callback_url().to_owned();
    for (change, path, data) in [
        ("updated", "/app/calls/c-1/participants", json!([])),
        (
            "deleted",
            "/app/calls/c-1/operations/op-1",
            json!({"status": "failed"}),
        ),
    ] {
        assert!(fixture.inbox.is_empty(), "no request before the end");
        let entry = json!({"changeType": change, "resource": path, "resourceData": data});
        fixture
            .post(&callback, &json!({"value": [entry]}))
            .await
            .unwrap();
    }
    assert_eq!(fixture.next_request().await.method, "DELETE");
}

#[test]
fn names_are_unique() {
    let mutants: HashSet<_> = BotMutant::ALL.iter().map(|it| it.name()).collect();
    let variants: HashSet<_> = BotVariant::ALL.iter().map(|it| it.name()).collect();
    assert_eq!(mutants.len(), BotMutant::ALL.len());
    assert_eq!(variants.len(), BotVariant::ALL.len());
    assert!(mutants.len() >= 24 && variants.len() >= 16);
}
