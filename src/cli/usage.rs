//! Arguments that contradict each other, and input that a command does not accept.

use std::borrow::Cow;
use std::path::PathBuf;

use etcetera::HomeDirError;
use url::Url;

use crate::api::party::Party;
use crate::cassette::journal::JournalError;
use crate::cassette::open::EXTENSIONS;
use crate::config::validation::SettingError;
use crate::config::values::ValueError;
use crate::diagnostic::{Remedy, closest};
use crate::files::FileError;
use crate::http::tls::TrustError;
use crate::inject::InjectionChoice;
use crate::judge::shard::{MergeError, Shard};
use crate::scenario::selection::GlobError;

/// Arguments that contradict each other, or input that a command does not accept.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    #[error(transparent)]
    Arguments(#[from] clap::Error),
    #[error("the token holds characters that no bearer token has")]
    Token,
    #[error("`--given` is for a service under test, and there is none")]
    GivenWithoutService,
    #[error("stubs answer a bot under test, and there is none")]
    StubsWithoutBot,
    #[error("`[[trigger]]` of the configuration: a service is not triggered")]
    TriggersOfService,
    #[error(
        "`[[trigger]]` of the configuration: `{{port}}` is the port of a target that confcall starts"
    )]
    TriggerPort,
    #[error("`--role {role}` selects nothing: the target is a {judged}, and no {role} is judged")]
    OtherRole { role: Party, judged: Party },
    #[error(
        "the bot is triggered to send to the first host of `--intercept`, and `*` stands for many hosts"
    )]
    FirstHostIsPattern,
    #[error("no {} meets the fault injection `{kind}`", either(.roles))]
    UnmetInjection {
        kind: InjectionChoice,
        roles: Vec<Party>,
    },
    #[error("none of the {count} selected scenarios judges a {}", either(.roles))]
    JudgesNobody { count: usize, roles: Vec<Party> },
    #[error("{}: another contract is in use in this process", .0.display())]
    OtherContract(PathBuf),
    #[error("`{kind}` needs a plan, and the traffic has none")]
    InjectionNeedsPlan {
        kind: &'static str,
        names: Vec<&'static str>,
    },
    #[error("the shard {shard} is empty: {count} scenarios are selected")]
    EmptyShard { shard: Shard, count: usize },
    #[error(transparent)]
    Filter(#[from] GlobError),
    #[error("`{text}` is a part of {} ids; name one of them:{}", .ids.len(), .ids.concat())]
    SeveralScenarios {
        text: String,
        /// Each on a line of its own.
        ids: Vec<String>,
    },
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error("{}: there is no such configuration", .0.display())]
    NoConfiguration(PathBuf),
    #[error("{}: nobody is to be judged", .0.display())]
    NoTarget(PathBuf),
    #[error(transparent)]
    Init(#[from] InitError),

    #[error("two reports are to be written to {}", .0.display())]
    ReportTwice(PathBuf),
    #[error("{} is read, and would be overwritten", .0.display())]
    ReportIsInput(PathBuf),
    #[error("{} is no report of a run: {cause}", path.display())]
    NoReport {
        path: PathBuf,
        cause: serde_json::Error,
    },
    #[error(transparent)]
    Merge(#[from] MergeError),
    #[error("INSTA_FORCE_PASS would pass whatever came")]
    ForcedPass,

    #[error("no mutant and no variant has such a name")]
    NoTrial,
    #[error("unknown {kind} `{name}`")]
    UnknownName {
        /// The kind of thing that the name should name.
        kind: &'static str,
        name: String,
        names: Vec<&'static str>,
    },

    #[error("`{0}` is where confcall itself would listen")]
    ListensAtParty(Url),
    #[error("{}: there is no exchange in it", .0.display())]
    NoExchange(PathBuf),
    #[error(
        "{}: there is no recording in it; recordings are files that end in .{}", .0.display(),
        EXTENSIONS.join(", .")
    )]
    NoRecordingIn(PathBuf),
    #[error("`--reuse` serves one recording, until it is ended, and there are {0}")]
    ReuseOfSeveral(usize),
    #[error("{}: only the file of a cassette can be updated", .0.display())]
    NotUpdated(PathBuf),
    #[error("`{0}`: no such file")]
    NoRecording(String),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("{}: no page in it; pages are files that end in .md", .0.display())]
    NoPage(PathBuf),
    #[error("{second}: the scenario `{id}` comes from {first} too")]
    ScenarioTwice {
        id: String,
        first: String,
        second: String,
    },
    #[error("no configuration folder: {0}")]
    NoHome(#[from] HomeDirError),
    #[error(transparent)]
    Trust(#[from] TrustError),
}

fn either(roles: &[Party]) -> String {
    let roles: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    roles.join(" or a ")
}

/// So many names are not listed in a message.
const MANY_NAMES: usize = 8;

impl Remedy for UsageError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Token => "look for line ends and spaces in `--token` or CONFCALL_TOKEN",
            Self::GivenWithoutService => "leave it out, or name the service with `--service`",
            Self::StubsWithoutBot => "leave `--stubs` out, or name the bot with `--bot`",
            Self::TriggersOfService => "leave it out, or look at `role` of `[target]`",
            Self::TriggerPort => "give the port where the bot listens, or `[target.command]`",
            Self::OtherRole { .. } => "leave `--role` out",
            Self::FirstHostIsPattern => {
                "name one host first: `--intercept api.example '*.example'`"
            }
            Self::UnmetInjection { .. } => {
                "`confcall run --help` says who is judged in which fault injection"
            }
            Self::InjectionNeedsPlan { names, .. } => {
                return Some(format!("inject one of these: {}", names.join(", ")).into());
            }
            Self::OtherContract(_) => "judge by one contract in a process",
            Self::JudgesNobody { .. } => "`confcall list --format json` says whom each judges",
            Self::EmptyShard { count, .. } => {
                return Some(format!("cut them into {count} shards at most").into());
            }
            Self::Setting(error) => return error.remedy(),
            Self::Trust(error) => return error.remedy(),
            Self::Merge(error) => return error.remedy(),
            Self::Journal(error) => return error.remedy(),
            Self::NoConfiguration(_) => "`confcall init` writes one",
            Self::NoTarget(_) => "`[target]` says who, and how it is reached",
            Self::Init(error) => return error.remedy(),
            Self::ReportTwice(_) | Self::ReportIsInput(_) => "give the report a file of its own",
            Self::NoReport { .. } => "`confcall run --report json=FILE` writes one",
            Self::ForcedPass => "unset it, and review with `confcall accept`",
            Self::NoTrial => "`confcall selftest` lists them all",
            Self::UnknownName { name, names, .. } => return Some(suggestion(name, names)),
            Self::ListensAtParty(_) => "listen on another port",
            Self::NoExchange(_) | Self::NoRecordingIn(_) => "record one first",
            Self::ReuseOfSeveral(_) => "name one of them, or leave `--reuse` out",
            Self::NotUpdated(_) => "record it with `confcall record`, or leave `--update` out",
            Self::NoRecording(_) => {
                "name a recording, or a scenario for people (`confcall list` has their ids)"
            }
            Self::ScenarioTwice { .. } => {
                "leave one of the two pages out; pages differ in name, API version, edition or \
                 locale"
            }
            Self::NoHome(_) => "give `--ca-dir DIR`",
            Self::Arguments(_)
            | Self::Filter(_)
            | Self::SeveralScenarios { .. }
            | Self::NoPage(_) => return None,
        }))
    }
}

/// The name that is meant by a misspelt one, or all that there are.
fn suggestion(name: &str, names: &[&'static str]) -> Cow<'static, str> {
    if names.len() <= MANY_NAMES {
        return format!("there are {}", names.join(", ")).into();
    }
    match closest(name, names.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?").into(),
        None => "`confcall selftest` lists them".into(),
    }
}

#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    #[error("this makes no configuration: {0}")]
    NoConfiguration(FileError),
    #[error("a bot has no provider states")]
    BotHasNoStates,
    #[error("a service is not triggered")]
    ServiceHasNoTrigger,
    #[error(transparent)]
    Form(#[from] ValueError),
    #[error("`{0}` has braces")]
    Braces(String),
    #[error("a quote in the command is not closed")]
    OpenQuote,
    #[error("`{flag}` is missing, and there is no terminal to ask at")]
    NoTerminal { flag: &'static str },
    #[error("there was no answer")]
    NoAnswer,
}

impl Remedy for InitError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Exists(_) => "`--out FILE` writes another one",
            Self::BotHasNoStates => "leave `--given` out",
            Self::ServiceHasNoTrigger => "leave `--trigger` out",
            Self::Braces(_) => {
                "in an address there is `{port}` alone, a free port that confcall picks"
            }
            Self::OpenQuote => {
                "begin again, or give its words behind `--`: `confcall init -- COMMAND`"
            }
            Self::NoTerminal { .. } => "`confcall init --help` has examples",
            Self::NoConfiguration(error) => return error.remedy(),
            Self::Form(_) | Self::NoAnswer => return None,
        }))
    }
}
