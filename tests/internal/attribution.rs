//! Whose a message is, where it does not come to a conversation's own callback path: a service that
//! knows one callback only, told apart by the ids that its notifications bear.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::contract::rule::Rule;
use crate::emulator::service::{BuiltInService, Edition, ServiceMutant, ServiceOptions};
use crate::http::message::{Body, Request};
use crate::http::{Client, Listener, OutgoingRequest, Reply};
use crate::judge;
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::runner;
use crate::runner::{Hook, Options, StateProvider, Stop, Target};
use crate::scenario::store;
use tokio_util::sync::CancellationToken;
use url::Url;

const ANY_PORT: &str = "127.0.0.1:0";

#[test]
fn parallel_scenarios_are_reported_apart_by_their_ids() {
    let results = play(None);
    let verdicts: Vec<Verdict> = results.iter().map(|result| result.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass; 4], "{results:#?}");
}

#[test]
fn what_has_no_known_id_is_judged_one_by_one() {
    for (mutant, rule) in [
        (ServiceMutant::EndOtherCall, Rule::Correlation),
        (ServiceMutant::RosterOtherCall, Rule::Correlation),
    ] {
        let results = play(Some(mutant));
        for result in &results {
            let rules: Vec<Rule> = result.failures.iter().map(|found| found.rule).collect();
            assert!(rules.contains(&rule), "{mutant:?}: {result:#?}");
        }
    }
}

/// Plays the newest edition against a built-in service whose notifications all arrive at one
/// path.
fn play(mutant: Option<ServiceMutant>) -> Vec<ScenarioResult> {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let results = runtime.block_on(async {
        let shutdown = CancellationToken::new();
        let service = BuiltInService::start(
            Listener::bind(ANY_PORT).await.expect("a port"),
            ServiceOptions {
                edition: Edition::February2021,
                mutant,
                ..ServiceOptions::default()
            },
            shutdown.clone(),
        );
        // The port is free again when the player binds it: nobody else asks for this one.
        let reserved = Listener::bind(ANY_PORT).await.expect("a port");
        let at = reserved.url();
        drop(reserved);
        let funnel = Listener::bind(ANY_PORT).await.expect("a port");
        let callback = Url::parse(&funnel.url()).expect("a URL");
        let (client, to) = (Client::new(), format!("{at}/"));
        tokio::spawn(funnel.serve(
            move |request| forward(client.clone(), to.clone(), request),
            shutdown.clone(),
        ));
        let all = store::built_in().expect("scenarios");
        let picked: Vec<_> = all
            .iter()
            .filter(|it| it.id.edition() == Some("2021-02") && it.script.judges.is_none())
            .cloned()
            .collect();
        let mut options = Options {
            settle: Duration::from_millis(50),
            jobs: NonZeroUsize::new(16),
            ..Options::default()
        };
        if mutant.is_some() {
            options.judge.deadline = Duration::from_secs(1);
        }
        let hook = Url::parse(&format!("{}/control/given", service.url())).expect("a URL");
        let target = Target::Service {
            url: Url::parse(service.url()).expect("a URL"),
            listen: at
                .trim_start_matches("http://")
                .parse()
                .expect("an address"),
            callback: Some(callback),
            given: StateProvider::Hook(Hook::Url(hook)),
        };
        let cases = judge::cases(&all, &picked);
        let options = Arc::new(options);
        let played = runner::play(&options, target, &cases, Stop::default());
        let results = played.await.expect("a run");
        shutdown.cancel();
        results
    });
    runtime.shutdown_background();
    results
}

/// Sends a notification on to the one path that this service is supposed to know.
async fn forward(client: Client, to: String, request: Request) -> Reply {
    let mut onward = OutgoingRequest::new(request.method.as_str(), to);
    onward.headers = request
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .collect();
    if let Body::Json(body) = &request.body {
        onward.body = Some(body.to_string().into());
    }
    match client.send(onward, Duration::from_secs(10)).await {
        Ok(response) => Reply::from(response),
        Err(_) => Reply::status(502),
    }
}

#[test]
fn cases_share_their_pages() {
    let all = store::invitations().expect("scenarios");
    let cases = judge::cases(&all, &all);
    let first = cases.first().expect("scenarios");
    let same_page = cases
        .iter()
        .filter(|case| case.scenario.id.page_key() == first.scenario.id.page_key());
    assert!(same_page.clone().count() > 1);
    for case in same_page {
        assert!(Arc::ptr_eq(&case.page, &first.page));
    }
}
