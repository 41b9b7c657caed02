//! The self-check: the built-in pair under the judge, over real sockets, as the default run plays it.

mod expected;
pub(crate) mod proof;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use url::Url;

use crate::api::party::Party;
use crate::emulator::bot;
use crate::emulator::bot::{
    AlteredRequest, BotMutant, BotOptions, BotVariant, BuiltInBot, Verification,
};
use crate::emulator::service::{
    AlteredOperation, BuiltInService, Edition, ServiceMutant, ServiceOptions, ServiceVariant,
};
use crate::inject;
use crate::judge::Case;
use crate::judge::verdict::ScenarioResult;
use crate::platform::Identity;
use crate::runner::hook::Hook;
use crate::runner::options::Options;
use crate::runner::provider_state::StateProvider;
use crate::runner::session::{self, Session, Stop, listen_anywhere};
use crate::runner::target::{ANY_PORT, Target, Triggered};
use crate::runner::{PlayError, joined};
use tokio_util::sync::CancellationToken;

/// The behaviour of the built-in parties. By default it is as documented.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PairOptions {
    pub service_mutant: Option<ServiceMutant>,
    pub service_variant: Option<ServiceVariant>,
    pub service_altered: Option<&'static AlteredOperation>,
    /// How long the service waits for an acknowledgement before it sends a notification again. None for its own time.
    pub acknowledged_within: Option<Duration>,
    pub bot_mutant: Option<BotMutant>,
    pub bot_variant: Option<BotVariant>,
    pub bot_altered: Option<&'static AlteredRequest>,
}

/// The path of the hook for provider states on a built-in service.
pub(crate) const GIVEN_PATH: &str = "/control/given";

/// The path at which confcall publishes the signer of notifications.
const CONFIGURATION_PATH: &str = "/login/v1/.well-known/OpenIdConfiguration";

/// The application id of the built-in bot.
const APPLICATION: &str = "00000000-0000-4000-8000-0000000000b0";

/// Judges parties of the built-in pair: one service for each edition, and one bot, all at a time.
/// Results come in the order of the cases, the service's before the bot's.
pub(crate) async fn play(
    options: &Arc<Options>,
    cases: &[Case],
    parties: &[Party],
    pair: PairOptions,
    stop: &Stop,
) -> Result<Vec<ScenarioResult>, PlayError> {
    let mut sessions = JoinSet::new();
    for edition in Edition::ALL {
        let part = part(cases, Party::Service, |it| it == *edition);
        if parties.contains(&Party::Service) && !part.is_empty() {
            let (options, stop) = (Arc::clone(options), stop.clone());
            sessions.spawn(play_service(options, part, *edition, pair, stop));
        }
    }
    let part = part(cases, Party::Bot, |_| true);
    if parties.contains(&Party::Bot) && !part.is_empty() {
        sessions.spawn(play_bot(Arc::clone(options), part, pair, stop.clone()));
    }
    let mut results = Vec::new();
    while let Some(played) = sessions.join_next().await {
        if let Some(played) = joined(played) {
            results.extend(played?);
        }
    }
    let ids = cases.iter().map(|case| case.scenario.id.as_str());
    let places: HashMap<&str, usize> = ids.zip(0..).collect();
    results.sort_by_key(|result| {
        let place = places.get(result.scenario.as_str());
        (place.copied(), result.role == Party::Bot)
    });
    Ok(results)
}

/// The edition of the built-in service for a scenario: the scenario's own, or else the newest.
fn edition_of(case: &Case) -> Edition {
    let edition = case.scenario.id.edition();
    edition.and_then(Edition::named).unwrap_or_default()
}

/// The scenarios of some editions that judge a party.
fn part(cases: &[Case], party: Party, is_it: impl Fn(Edition) -> bool) -> Vec<Case> {
    let cases = cases.iter();
    let part =
        cases.filter(|case| is_it(edition_of(case)) && inject::judges(&case.scenario, party));
    part.cloned().collect()
}

async fn play_service(
    options: Arc<Options>,
    cases: Vec<Case>,
    edition: Edition,
    pair: PairOptions,
    stop: Stop,
) -> Result<Vec<ScenarioResult>, PlayError> {
    let shutdown = CancellationToken::new();
    let service = ServiceOptions {
        edition,
        token: Some(options.judge.token.clone()),
        public_url: None,
        mutant: pair.service_mutant,
        variant: pair.service_variant,
        altered: pair.service_altered,
        acknowledged_within: pair.acknowledged_within,
        client: options.client.clone(),
    };
    let listener = listen_anywhere(&options).await?;
    let service = BuiltInService::start(listener, service, shutdown.clone());
    let url = own_url(service.url());
    let mut given = url.clone();
    given.set_path(GIVEN_PATH);
    let target = Target::Service {
        url,
        listen: ANY_PORT,
        callback: None,
        given: StateProvider::Hook(Hook::Url(given)),
    };
    let results = session::play(&options, target, &cases, stop).await;
    shutdown.cancel();
    results
}

async fn play_bot(
    options: Arc<Options>,
    cases: Vec<Case>,
    pair: PairOptions,
    stop: Stop,
) -> Result<Vec<ScenarioResult>, PlayError> {
    let shutdown = CancellationToken::new();
    let listener = listen_anywhere(&options).await?;
    let (identity, notifier) = Identity::printed(APPLICATION);
    let below = |path: &str| own_url(&format!("{}{path}", listener.url()));
    let target = Target::Bot {
        url: below(bot::CALLBACK),
        triggers: Hook::Url(below(bot::TRIGGER)).into(),
        triggered: Triggered::Always,
        listen: ANY_PORT,
        public: None,
        proxy: None,
        identity: Some(Arc::new(identity)),
        notifier: Some(notifier),
    };
    let session = Session::open(&options, target).await?;
    let bot = BotOptions {
        mutant: pair.bot_mutant,
        variant: pair.bot_variant,
        altered: pair.bot_altered,
        client: options.client.clone(),
        verification: Some(Verification {
            configuration: format!("{}{CONFIGURATION_PATH}", session.url()),
            application: APPLICATION.to_owned(),
        }),
        ..BotOptions::default()
    };
    BuiltInBot::start(listener, bot, shutdown.clone());
    let results = session.play(&cases, stop).await;
    shutdown.cancel();
    results
}

#[expect(
    clippy::expect_used,
    reason = "a listener's own address is a URL: scheme, address and port"
)]
fn own_url(text: &str) -> Url {
    Url::parse(text).expect("a listener's own address")
}
