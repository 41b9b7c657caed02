//! The cassettes of the repository: each is judged, and played from both sides against a live half.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use confcall::cassette::recording::Recording;
use confcall::emulator::service::{BuiltInService, Edition, ServiceOptions};
use confcall::http::{Client, Listener};
use confcall::judge;
use confcall::judge::recording::check;
use confcall::judge::verdict::{Run, ScenarioResult, Target as Reported, Verdict};
use confcall::replay::bot::Bot;
use confcall::replay::live;
use confcall::replay::live::{ReplayOptions, Timing};
use confcall::replay::recording::Indexed;
use confcall::replay::recording::file;
use confcall::replay::service::{Notifications, Options, Service, Serving};
use confcall::replay::{Messages, Replayed};
use confcall::report::color::Look;
use confcall::report::terminal;
use confcall::runner;
use confcall::runner::{StateProvider, Stop, Target};
use confcall::scenario::format::ProviderState;
use confcall::scenario::store;
use confcall::suite::trials;
use libtest_mimic::{Arguments, Failed, Trial};
use tokio_util::sync::CancellationToken;
use url::Url;
use walkdir::WalkDir;

const ANY_PORT: &str = "127.0.0.1:0";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cassettes");
    let mut files: Vec<PathBuf> = WalkDir::new(&folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|it| it == "jsonl"))
        .map(walkdir::DirEntry::into_path)
        .collect();
    files.sort();
    let mut trials = vec![Trial::test("every_conversation_has_one", {
        let files = files.clone();
        move || every_conversation_has_one(&files)
    })];
    for file in files {
        let id = id_of(&file);
        let name = id.replace('/', "::");
        for (kind, test) in [
            ("check", checked as fn(&Path, &str) -> Result<(), Failed>),
            ("replayed-bot", replayed_bot),
            ("replayed-service", replayed_service),
        ] {
            let (file, id) = (file.clone(), id.clone());
            trials.push(Trial::test(format!("{name}::{kind}"), move || {
                test(&file, &id)
            }));
        }
    }
    trials::main(&arguments, trials)
}

fn id_of(file: &Path) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cassettes");
    let inside = file.strip_prefix(folder).unwrap_or(file);
    inside
        .with_extension("")
        .to_string_lossy()
        .replace('\\', "/")
}

/// The editions of which each conversation is recorded.
const EDITIONS: [&str; 2] = ["2021-02", "2019-05"];

fn every_conversation_has_one(files: &[PathBuf]) -> Result<(), Failed> {
    let recorded: Vec<String> = files.iter().map(|file| id_of(file)).collect();
    for scenario in store::built_in()? {
        let is_documented = scenario.script.judges.is_none();
        let edition = scenario.id.edition();
        let is_kept = is_documented && edition.is_some_and(|it| EDITIONS.contains(&it));
        let id = scenario.id.as_str();
        if is_kept != recorded.iter().any(|it| it == id) {
            return Err(format!("{id}: run scripts/cassettes.sh").into());
        }
    }
    Ok(())
}

fn load(file: &Path) -> Result<Recording, Failed> {
    let (recording, torn) = confcall::cassette::read::load(file)?;
    match torn {
        Some(torn) => Err(torn.to_string().into()),
        None => Ok(recording),
    }
}

fn indexed(file: &Path) -> Result<Indexed, Failed> {
    let (recording, torn) = file::open(file)?;
    match torn {
        Some(torn) => Err(torn.to_string().into()),
        None => Ok(recording),
    }
}

/// The recorded conversation follows its scenario, and both parties pass.
fn checked(file: &Path, id: &str) -> Result<(), Failed> {
    let all = store::built_in()?;
    let picked: Vec<_> = all
        .iter()
        .filter(|it| it.id.as_str() == id)
        .cloned()
        .collect();
    let cases = judge::cases(&all, &picked);
    let checked = check::check(load(file)?, &cases, &judge::Options::default());
    if checked.results.len() != 2 {
        return Err(format!("{} results instead of two", checked.results.len()).into());
    }
    passed(&checked.results)
}

/// The recorded bot talks with the built-in service.
fn replayed_bot(file: &Path, id: &str) -> Result<(), Failed> {
    let recording = indexed(file)?;
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
            Some(hook),
            replay_options(id),
            CancellationToken::new(),
        );
        let replayed = replayed.await?;
        shutdown.cancel();
        whole(replayed)
    })
}

/// The recorded service talks with confcall as the bot, or, where the conversation begins with what
/// only a service can bring about, with the recorded bot.
fn replayed_service(file: &Path, id: &str) -> Result<(), Failed> {
    let recording = indexed(file)?;
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
        let told = Listener::bind(ANY_PORT).await?;
        let told_at = told.url();
        let callback = Url::parse(&told_at)?;
        let options = Options {
            serving: Serving::Once,
            notifications: Notifications::Sent,
            messages: Messages::Last,
        };
        let played = live::service(
            Service::new(recording, options),
            taking,
            Some(callback),
            replay_options(id),
            CancellationToken::new(),
        );
        let asking = async {
            if is_called {
                let generator = live::generator();
                let bot = Bot::new(indexed(file)?, generator, Some(&told_at), Messages::Last)?;
                let replayed = live::bot(
                    bot,
                    url,
                    Some(told),
                    None,
                    replay_options(id),
                    CancellationToken::new(),
                );
                return whole(replayed.await?);
            }
            drop(told);
            let target = Target::Service {
                url,
                listen: told_at
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
        let (replayed, asked) = tokio::join!(played, asking);
        asked?;
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
    let target = Reported {
        role: None,
        url: None,
    };
    let run = Run::new(target, results.to_vec());
    Err(terminal::render(&run, Duration::ZERO, Look::PLAIN).into())
}
