//! The built-in pair under the judge, over real sockets: what the default run plays.

use std::sync::Arc;

use tokio::task::JoinSet;
use url::Url;

use super::{Hook, PlayError, Setup, Stage, StateProvider, Target};
use crate::api::party::Party;
use crate::emulator::bot;
use crate::emulator::bot::{BotMutant, BotOptions, BotVariant, BuiltInBot, Verification};
use crate::emulator::service::{
    BuiltInService, Edition, ServiceMutant, ServiceOptions, ServiceVariant,
};
use crate::inject::Kind;
use crate::judge;
use crate::judge::Case;
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::platform::Identity;
use crate::runner;
use tokio_util::sync::CancellationToken;

/// How the built-in parties behave. By default as documented.
#[derive(Debug, Clone, Copy, Default)]
pub struct PairOptions {
    /// What the service does wrong.
    pub service_mutant: Option<ServiceMutant>,
    /// What the service does in another way.
    pub service_variant: Option<ServiceVariant>,
    /// What the bot does wrong.
    pub bot_mutant: Option<BotMutant>,
    /// What the bot does in another way.
    pub bot_variant: Option<BotVariant>,
}

/// Where on a built-in service provider states are asked for.
pub const GIVEN_PATH: &str = "/control/given";

/// Where confcall publishes who signs notifications.
const CONFIGURATION_PATH: &str = "/login/v1/.well-known/OpenIdConfiguration";

/// The application id of the built-in bot.
const APPLICATION: &str = "00000000-0000-4000-8000-0000000000b0";

/// A free port of the loopback interface.
const ANY_PORT: &str = "127.0.0.1:0";

/// Judges the parties in turn: one service for each edition, and one bot, all at a time. Results
/// come in the order of the cases, the service's before the bot's.
///
/// # Errors
///
/// A port that is not to be had.
pub async fn play(
    setup: &Setup,
    roles: &[Party],
    options: PairOptions,
) -> Result<Vec<ScenarioResult>, PlayError> {
    let mut games = JoinSet::new();
    for edition in Edition::ALL {
        let part = part(setup, Party::Service, |it| it == Some(*edition));
        if roles.contains(&Party::Service) && !part.cases.is_empty() {
            games.spawn(play_service(part, *edition, options));
        }
    }
    let part = part(setup, Party::Bot, |it| it.is_some());
    if roles.contains(&Party::Bot) && !part.cases.is_empty() {
        games.spawn(play_bot(part, options));
    }
    let mut results = strangers(setup, roles);
    while let Some(game) = games.join_next().await {
        match game {
            Ok(played) => results.extend(played?),
            // A panic is a defect of confcall, and goes on as one.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    let place = |result: &ScenarioResult| {
        let mut cases = setup.cases.iter();
        cases.position(|case| case.scenario.id.as_str() == result.scenario)
    };
    results.sort_by_key(|result| (place(result), result.role == Party::Bot));
    Ok(results)
}

fn edition_of(case: &Case) -> Option<Edition> {
    Edition::named(case.scenario.id.edition()?)
}

/// The scenarios of some editions that judge a party.
fn part(setup: &Setup, role: Party, is_it: impl Fn(Option<Edition>) -> bool) -> Setup {
    let mut part = setup.clone();
    part.cases
        .retain(|case| is_it(edition_of(case)) && is_for(case, role));
    part
}

/// Whether a case is for a party: it may judge the other alone, or its fault injection may be the other's.
fn is_for(case: &Case, role: Party) -> bool {
    let scenario = &case.scenario;
    judge::judges(&scenario.script, role)
        && Kind::of(&scenario.id).is_none_or(|kind| kind.role() == role)
}

/// Scenarios of editions that the built-in pair does not speak.
fn strangers(setup: &Setup, roles: &[Party]) -> Vec<ScenarioResult> {
    let reason = format!(
        "the built-in pair speaks the editions {}: name a target with --service or --bot",
        Edition::ALL
            .iter()
            .map(|it| it.name())
            .collect::<Vec<_>>()
            .join(", ")
    );
    let strange = setup.cases.iter().filter(|case| edition_of(case).is_none());
    strange
        .flat_map(|case| {
            let skip = |role| runner::skeleton(case, role, Verdict::Skip, &reason);
            let roles = roles.iter().copied();
            let roles = roles.filter(|role| is_for(case, *role));
            roles.map(skip).collect::<Vec<_>>()
        })
        .collect()
}

async fn play_service(
    setup: Setup,
    edition: Edition,
    options: PairOptions,
) -> Result<Vec<ScenarioResult>, PlayError> {
    let shutdown = CancellationToken::new();
    let options = ServiceOptions {
        edition,
        token: Some(setup.judge.token.clone()),
        public_url: None,
        mutant: options.service_mutant,
        variant: options.service_variant,
        client: setup.client.clone(),
    };
    let listener = setup.listen(ANY_PORT, None).await?;
    let service = BuiltInService::start(listener, options, shutdown.clone());
    let url = own_url(service.url());
    let mut hook = url.clone();
    hook.set_path(GIVEN_PATH);
    let target = Target::Service {
        url,
        listen: ANY_PORT.to_owned(),
        callback: None,
        given: StateProvider::Ask(Hook::Url(hook)),
    };
    let results = runner::play(setup, target).await;
    shutdown.cancel();
    results
}

async fn play_bot(setup: Setup, options: PairOptions) -> Result<Vec<ScenarioResult>, PlayError> {
    let shutdown = CancellationToken::new();
    let listener = setup.listen(ANY_PORT, None).await?;
    let (identity, notifier) = Identity::printed(APPLICATION);
    let mut options = BotOptions {
        mutant: options.bot_mutant,
        variant: options.bot_variant,
        client: setup.client.clone(),
        ..BotOptions::default()
    };
    let below = |path: &str| own_url(&format!("{}{path}", listener.url()));
    let target = Target::Bot {
        url: below(bot::CALLBACK),
        trigger: Some(Hook::Url(below(bot::TRIGGER))),
        acts_by_itself: false,
        listen: ANY_PORT.to_owned(),
        public: None,
        proxy: None,
        identity: Some(Arc::new(identity)),
        notifier: Some(notifier),
    };
    let stage = Stage::open(setup, target).await?;
    options.verification = Some(Verification {
        configuration: format!("{}{CONFIGURATION_PATH}", stage.url()),
        application: APPLICATION.to_owned(),
    });
    BuiltInBot::start(listener, options, shutdown.clone());
    let results = stage.play().await;
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
