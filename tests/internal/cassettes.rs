//! The cassettes of the repository: each is judged, and played from both sides against a live half.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::cassette::format::Form;
use crate::cassette::recording::Recording;
use crate::emulator::service::{BuiltInService, Edition, ServiceOptions};
use crate::http::{Client, Listener};
use crate::judge;
use crate::judge::recording::check;
use crate::judge::verdict::{JudgedTarget, Run, ScenarioResult, Verdict};
use crate::replay::bot::Bot;
use crate::replay::live;
use crate::replay::live::{Ending, ReplayOptions, Timing, Turns, Ways};
use crate::replay::recording::{Indexed, file as recordings};
use crate::replay::service::{Notifications, Options, Service, Serving};
use crate::replay::{Messages, Replayed};
use crate::report::terminal;
use crate::report::text::Look;
use crate::runner;
use crate::runner::{Hook, StateProvider, Stop, Target};
use crate::scenario::format::ProviderState;
use crate::scenario::store;
use tokio_util::sync::CancellationToken;
use url::Url;
use walkdir::WalkDir;

const ANY_PORT: &str = "127.0.0.1:0";

type Failed = Box<dyn Error>;

/// Three tests for each cassette, and all cassettes as a table.
macro_rules! cassettes {
    ($($name:ident($id:literal)),+ $(,)?) => {
        $(
            mod $name {
                use super::Failed;

                #[test]
                fn check() -> Result<(), Failed> {
                    super::checked($id)
                }

                #[test]
                fn replayed_bot() -> Result<(), Failed> {
                    super::replayed_bot($id)
                }

                #[test]
                fn replayed_service() -> Result<(), Failed> {
                    super::replayed_service($id)
                }
            }
        )+

        const CASSETTES: &[&str] = &[$($id),+];
    };
}

cassettes! {
    invite_multiple_participants_to_an_existing_group_call_2021_02("participant-invite/beta@2021-02/invite-multiple-participants-to-an-existing-group-call"),
    invite_one_participant_to_an_existing_group_call_2021_02("participant-invite/beta@2021-02/invite-one-participant-to-an-existing-group-call"),
    invite_one_pstn_participant_to_an_existing_group_call_2021_02("participant-invite/beta@2021-02/invite-one-pstn-participant-to-an-existing-group-call"),
    invite_participants_in_existing_p2p_meeting_2019_05("participant-invite/beta@2019-05/invite-participants-in-existing-p2p-meeting"),
    invite_participants_in_existing_p2p_meeting_2_2019_05("participant-invite/beta@2019-05/invite-participants-in-existing-p2p-meeting-2"),
    invite_participants_to_a_an_existing_group_call_replacing_an_existing_peer_to_peer_call_2021_02("participant-invite/beta@2021-02/invite-participants-to-a-an-existing-group-call-replacing-an-existing-peer-to-peer-call"),
    participant_invite_2019_05("participant-invite/beta@2019-05/participant-invite"),
}

/// The cassette of a conversation.
fn file(id: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("cassettes/{id}.jsonl"))
}

/// The editions of which each conversation is recorded.
const EDITIONS: [&str; 2] = ["2021-02", "2019-05"];

#[test]
fn every_conversation_has_a_cassette_and_every_cassette_a_row() -> Result<(), Failed> {
    for scenario in store::built_in()? {
        let is_documented = scenario.script.judges.is_none();
        let edition = scenario.id.edition();
        let is_kept = is_documented && edition.is_some_and(|it| EDITIONS.contains(&it));
        let id = scenario.id.as_str();
        if is_kept != CASSETTES.contains(&id) {
            return Err(format!("{id}: run scripts/cassettes.sh").into());
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cassettes");
    let files = WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let files = files.filter(|it| it.path().extension().is_some_and(|it| it == "jsonl"));
    assert_eq!(files.count(), CASSETTES.len());
    Ok(())
}

fn load(id: &str) -> Result<Recording, Failed> {
    let (recording, torn) = crate::cassette::read::load(&file(id), Form::Decoded)?;
    match torn {
        Some(torn) => Err(torn.to_string().into()),
        None => Ok(recording),
    }
}

fn indexed(id: &str) -> Result<Indexed, Failed> {
    let (recording, torn) = recordings::open(&file(id))?;
    match torn {
        Some(torn) => Err(torn.to_string().into()),
        None => Ok(recording),
    }
}

/// The recorded conversation follows its scenario, and both parties pass.
fn checked(id: &str) -> Result<(), Failed> {
    let all = store::built_in()?;
    let picked: Vec<_> = all
        .iter()
        .filter(|it| it.id.as_str() == id)
        .cloned()
        .collect();
    let cases = judge::cases(&all, &picked);
    let options = judge::Options {
        edition: EDITIONS
            .into_iter()
            .find(|it| id.contains(it))
            .map(ToOwned::to_owned),
        ..judge::Options::default()
    };
    let checked = check::check("tape", &load(id)?, &cases, &options);
    if checked.results.is_empty() || !checked.results.iter().any(|it| it.covers[..] == [id]) {
        return Err(format!("the recording does not show {id}").into());
    }
    passed(&checked.results)
}

/// The recorded bot talks with the built-in service.
fn replayed_bot(id: &str) -> Result<(), Failed> {
    let recording = indexed(id)?;
    let edition = edition(id)?;
    runtime()?.block_on(async {
        let shutdown = CancellationToken::new();
        let listener = Listener::bind(ANY_PORT).await?;
        let options = ServiceOptions {
            edition,
            ..ServiceOptions::default()
        };
        let service = BuiltInService::start(listener, options, shutdown.clone());
        let url = Url::parse(service.url())?;
        let hook = url.join("/control/given")?;
        let listener = Listener::bind(ANY_PORT).await?;
        let generator = live::generator();
        let callback = generator.callback(&listener.url());
        let bot = Bot::new(recording, generator, Some(&callback), Messages::Last)?;
        let replayed = live::bot(
            bot,
            url,
            Some(listener),
            Some(Hook::Url(hook)),
            replay_options(id),
            Ending::default(),
        );
        let replayed = replayed.await?;
        shutdown.cancel();
        whole(replayed)
    })
}

/// The recorded service talks with confcall as the bot, or, where the conversation begins with what
/// only a service can bring about, with the recorded bot.
fn replayed_service(id: &str) -> Result<(), Failed> {
    let recording = indexed(id)?;
    let all = store::built_in()?;
    let picked: Vec<_> = all
        .iter()
        .filter(|it| it.id.as_str() == id)
        .cloned()
        .collect();
    let is_called = picked
        .iter()
        .any(|it| it.script.given.contains(&ProviderState::IncomingCall));
    runtime()?.block_on(async {
        let taking = Listener::bind(ANY_PORT).await?;
        let url = Url::parse(&taking.url())?;
        let callback_listener = Listener::bind(ANY_PORT).await?;
        let callback_url = callback_listener.url();
        let callback = Url::parse(&callback_url)?;
        let options = Options {
            serving: Serving::Once,
            notifications: Notifications::Sent,
            messages: Messages::Last,
        };
        let is_up = CancellationToken::new();
        is_up.cancel();
        let played = live::service(
            Service::new(recording, options),
            Ways {
                listeners: vec![taking],
                bot: Some(callback),
                is_up,
                turns: Turns::default(),
                is_followed: false,
                settle: Duration::ZERO,
                is_started: false,
            },
            replay_options(id),
            Stop::default(),
        );
        let asking = async {
            if is_called {
                let generator = live::generator();
                let bot = Bot::new(indexed(id)?, generator, Some(&callback_url), Messages::Last)?;
                let replayed = live::bot(
                    bot,
                    url,
                    Some(callback_listener),
                    None,
                    replay_options(id),
                    Ending::default(),
                );
                return whole(replayed.await?);
            }
            drop(callback_listener);
            let target = Target::Service {
                url,
                listen: callback_url
                    .trim_start_matches("http://")
                    .trim_end_matches('/')
                    .parse()?,
                callback: None,
                given: StateProvider::Create,
            };
            let options = runner::Options {
                // The end of a replaced call is told after the conversation.
                settle: Duration::from_millis(100),
                ..runner::Options::default()
            };
            let cases = judge::cases(&all, &picked);
            passed(&runner::play(&Arc::new(options), target, &cases, Stop::default()).await?)
        };
        let (replayed, bot_played) = tokio::join!(played, asking);
        bot_played?;
        whole(replayed?)
    })
}

fn replay_options(id: &str) -> ReplayOptions {
    ReplayOptions {
        name: id.to_owned(),
        deadline: Duration::from_secs(5),
        timing: Timing::Immediate,
        client: Client::new(),
        token: None,
    }
}

fn edition(id: &str) -> Result<Edition, Failed> {
    let name = EDITIONS.into_iter().find(|it| id.contains(it));
    Ok(name.and_then(Edition::named).ok_or("an edition")?)
}

fn runtime() -> Result<tokio::runtime::Runtime, Failed> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    Ok(builder.enable_all().build()?)
}

fn whole(replayed: Replayed) -> Result<(), Failed> {
    passed(&[replayed.result])
}

fn passed(results: &[ScenarioResult]) -> Result<(), Failed> {
    if results.iter().all(|it| it.verdict == Verdict::Pass) && !results.is_empty() {
        return Ok(());
    }
    let target = JudgedTarget {
        role: None,
        url: None,
    };
    let run = Run::new(target, results.to_vec());
    Err(terminal::render(&run, Duration::ZERO, Look::PLAIN, terminal::Extent::Whole).into())
}
