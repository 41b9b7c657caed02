//! Arguments that contradict each other, and input that a command does not accept.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use etcetera::HomeDirError;
use url::Url;

use crate::api::party::Party;
use crate::cassette::journal::JournalError;
use crate::cassette::open::EXTENSIONS;
use crate::config::validation::SettingError;
use crate::config::values::ValueError;
use crate::diagnostic::path::Shown as _;
use crate::diagnostic::{Remedy, closest};
use crate::files::FileError;
use crate::http::tls::TrustError;
use crate::inject::InjectionChoice;
use crate::judge::shard::{MergeError, Shard};
use crate::report::remarks::baseline::BaselineError;
use crate::scenario::selection::GlobError;

/// Arguments that contradict each other, or input that a command does not accept.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    #[error(transparent)]
    Arguments(#[from] clap::Error),
    #[error("the token has characters that are not allowed in a bearer token")]
    Token,
    #[error("`--given` needs a service under test")]
    GivenWithoutService,
    #[error("`--stubs` needs a bot under test")]
    StubsWithoutBot,
    #[error("`[[trigger]]` of the configuration: a service has no triggers")]
    TriggersOfService,
    #[error("`[[trigger]]` of the configuration: `{{port}}` needs a target that confcall starts")]
    TriggerPort,
    #[error("`--role {role}` selects nothing: the target is a {judged}, so no {role} is judged")]
    OtherRole { role: Party, judged: Party },
    #[error(
        "the first host of `--intercept` is a pattern, but triggers need one host to send requests to"
    )]
    FirstHostIsPattern,
    #[error("the fault injection `{kind}` does not apply to a {}", either(.roles))]
    UnmetInjection {
        kind: InjectionChoice,
        roles: Vec<Party>,
    },
    #[error("none of the {count} selected scenarios judges a {}", either(.roles))]
    JudgesNobody { count: usize, roles: Vec<Party> },
    #[error("{}: this process already uses another contract", .0.shown())]
    OtherContract(PathBuf),
    #[error("`{kind}` needs a scenario, so it cannot be used with monitored traffic")]
    InjectionNeedsPlan {
        kind: &'static str,
        names: Vec<&'static str>,
    },
    #[error("the shard {shard} is empty: only {count} scenarios are selected")]
    EmptyShard { shard: Shard, count: usize },
    #[error(transparent)]
    Filter(#[from] GlobError),
    #[error("`{text}` matches {} ids; choose one of them:{}", .ids.len(), .ids.concat())]
    SeveralScenarios {
        text: String,
        /// Each on a line of its own.
        ids: Vec<String>,
    },
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error("{}: the configuration file does not exist", .0.shown())]
    NoConfiguration(PathBuf),
    #[error("{}: the configuration has no `[target]`", .0.shown())]
    NoTarget(PathBuf),
    #[error(transparent)]
    Init(#[from] InitError),

    #[error("two reports have the same file {}", .0.as_deref().unwrap_or(Path::new("-")).shown())]
    ReportTwice(Option<PathBuf>),
    #[error("{} is an input, which the report would overwrite", .0.shown())]
    ReportIsInput(PathBuf),
    #[error("{} is not a JSON report of a run: {cause}", path.shown())]
    NoReport {
        path: PathBuf,
        cause: serde_json::Error,
    },
    #[error(transparent)]
    Merge(#[from] MergeError),
    #[error("INSTA_FORCE_PASS is set, which would accept every difference")]
    ForcedPass,

    #[error("no mutant and no variant has this name")]
    NoTrial,
    #[error(
        "`{name}` is not the name of a rule, a requirement, a kind of fault injection, a finding or a change"
    )]
    NothingNamed {
        name: String,
        /// A name that is close to it.
        close: Option<&'static str>,
    },
    #[error("no finding, damage or change of pages has the id `{id}`")]
    UnknownPageRule {
        id: String,
        /// An id that is close to it.
        close: Option<&'static str>,
    },
    #[error("{} is not a baseline: {cause}", path.shown())]
    NoBaseline { path: PathBuf, cause: BaselineError },
    #[error("unknown {kind} `{name}`")]
    UnknownName {
        /// The kind of thing that the name should name.
        kind: &'static str,
        name: String,
        names: Vec<&'static str>,
    },

    #[error("`{0}` is the address on which confcall itself listens")]
    ListensAtParty(Url),
    #[error("{}: the recording is empty", .0.shown())]
    NoExchange(PathBuf),
    #[error(
        "{}: the folder has no recordings (files that end in .{})", .0.shown(),
        EXTENSIONS.join(", .")
    )]
    NoRecordingIn(PathBuf),
    #[error("`--reuse` serves only one recording, but there are {0}")]
    ReuseOfSeveral(usize),
    #[error("{}: only a cassette file can be updated", .0.shown())]
    NotUpdated(PathBuf),
    #[error("`{0}`: the file does not exist")]
    NoRecording(String),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("{}: the folder has no pages (files that end in .md)", .0.shown())]
    NoPage(PathBuf),
    #[error("there is only one side to compare")]
    OneSide,
    #[error("no page has the edition, language and API version of either side")]
    NoPageOfSides,
    #[error("both sides have the same pages")]
    SameSides,
    #[error("`{option}` has more than two values")]
    MoreThanTwo { option: &'static str },
    #[error("{second}: the scenario `{id}` is also made from {first}")]
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
            Self::Token => "remove line ends and spaces from `--token` or CONFCALL_TOKEN",
            Self::GivenWithoutService => "remove it, or give the service with `--service`",
            Self::StubsWithoutBot => "remove `--stubs`, or give the bot with `--bot`",
            Self::TriggersOfService => "remove it, or check `role` of `[target]`",
            Self::TriggerPort => "give the port of the bot, or add `[target.command]`",
            Self::OtherRole { .. } => "remove `--role`",
            Self::FirstHostIsPattern => {
                "give one host first: `--intercept api.example '*.example'`"
            }
            Self::UnmetInjection { .. } => {
                "`confcall run --help` lists the party that each fault injection applies to"
            }
            Self::InjectionNeedsPlan { names, .. } => {
                return Some(format!("use one of these: {}", names.join(", ")).into());
            }
            Self::OtherContract(_) => "use one contract per process",
            Self::JudgesNobody { .. } => {
                "`confcall list --format json` lists the parties that each scenario judges"
            }
            Self::EmptyShard { count, .. } => {
                return Some(format!("use at most {count} shards").into());
            }
            Self::Setting(error) => return error.remedy(),
            Self::Trust(error) => return error.remedy(),
            Self::Merge(error) => return error.remedy(),
            Self::Journal(error) => return error.remedy(),
            Self::NoConfiguration(_) => "`confcall init` creates one",
            Self::NoTarget(_) => {
                "`[target]` has the role and the address of the party that is judged"
            }
            Self::Init(error) => return error.remedy(),
            Self::ReportTwice(_) | Self::ReportIsInput(_) => "choose another file for the report",
            Self::NoReport { .. } => "`confcall run --report json=FILE` writes one",
            Self::ForcedPass => "unset it, and review with `confcall accept`",
            Self::NoTrial => "`confcall selftest` lists them all",
            Self::NoBaseline { .. } => "`--write-baseline FILE` writes one",
            Self::UnknownPageRule { close, .. } | Self::NothingNamed { close, .. } => {
                return Some(match close {
                    Some(close) => format!("did you mean `{close}`?").into(),
                    None => "`confcall explain` lists the names".into(),
                });
            }
            Self::UnknownName { name, names, .. } => return Some(suggestion(name, names)),
            Self::ListensAtParty(_) => "listen on another port",
            Self::NoExchange(_) | Self::NoRecordingIn(_) => "record something first",
            Self::ReuseOfSeveral(_) => "choose one of them, or remove `--reuse`",
            Self::NotUpdated(_) => "record with `confcall record`, or remove `--update`",
            Self::NoRecording(_) => {
                "give a recording, or the id of a scenario (`confcall list` prints the ids)"
            }
            Self::ScenarioTwice { .. } => {
                "leave out one of the two pages; pages must differ in name, API version, edition or locale"
            }
            Self::NoPageOfSides => "check the values of `--edition`, `--locale` and `--api`",
            Self::OneSide | Self::SameSides => {
                "give a second page or folder, or two values to `--edition`, `--locale` or `--api`"
            }
            Self::MoreThanTwo { .. } => "give the value of the old side and that of the new side",
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
        return format!("expected one of {}", names.join(", ")).into();
    }
    match closest(name, names.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?").into(),
        None => "`confcall selftest` lists them".into(),
    }
}

#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error("{} already exists", .0.shown())]
    Exists(PathBuf),
    #[error("the values do not make a valid configuration: {0}")]
    NoConfiguration(FileError),
    #[error("a bot has no provider states")]
    BotHasNoStates,
    #[error("a service has no triggers")]
    ServiceHasNoTrigger,
    #[error(transparent)]
    Form(#[from] ValueError),
    #[error("`{0}` has a brace that is not part of `{{port}}`")]
    Braces(String),
    #[error("`{0}` has the port of a target that confcall starts, and there is no command")]
    NothingStarts(String),
    #[error("the command has an unclosed quote")]
    OpenQuote,
    #[error("`{flag}` is missing, and there is no terminal for a prompt")]
    NoTerminal { flag: &'static str },
    #[error("the prompt was not answered")]
    NoAnswer,
}

impl Remedy for InitError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match self {
            Self::Exists(_) => "choose another file with `--out FILE`",
            Self::BotHasNoStates => "remove `--given`",
            Self::ServiceHasNoTrigger => "remove `--trigger`",
            Self::Braces(_) => {
                "the only placeholder in an address is `{port}`, a free port that confcall picks"
            }
            Self::NothingStarts(_) => {
                "give the command after `--`: `confcall init … -- COMMAND`, or the port of a target that is running"
            }
            Self::OpenQuote => {
                "close the quote, or give the command after `--`: `confcall init -- COMMAND`"
            }
            Self::NoTerminal { .. } => "`confcall init --help` has examples",
            Self::NoConfiguration(error) => return error.remedy(),
            Self::Form(_) | Self::NoAnswer => return None,
        }))
    }
}
