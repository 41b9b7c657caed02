//! `confcall run`: its arguments, and the run that they ask for.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use url::Url;

use super::ca;
use super::exit::Exit;
use super::failure::Failure;
use super::output::{self, Output};
use super::pair::{self, Manners};
use super::scenarios::{Selected, Which};
use super::snapshots::{self, Conversation};
use super::values::{self, GivenSource, ReportFile, ReportKind};
use crate::io::identity::{Identity, Notifier};
use crate::io::net::Shutdown;
use crate::io::player::{self, GivenBy, Setup};
use crate::io::store;
use crate::logic::judge::{self, Case};
use crate::logic::shard::Shard;
use crate::logic::verdict::{self, Role, Run};
use crate::report::{annotations, coverage, json, junit, snapshot, terminal};

/// What `confcall run --help` ends with.
pub const EXAMPLES: &str = "\
Examples:
  confcall run                                     the built-in pair, every scenario
  confcall run --service http://localhost:8080 --given assume
  confcall run --bot http://localhost:3978/callback --cue http://localhost:3978/cue
  confcall run '*/pt-BR/*' --role bot --report junit=report.xml

Exit codes:
  0 something passed and nothing else is wrong     1 the target departs, or was not judged
  2 bad usage or input    3 the environment failed    70 a defect of confcall    130 interrupted";

/// The arguments of `confcall run`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Judge only this party of the built-in pair: bot, service
    #[arg(
        long,
        value_name = "ROLE",
        hide_possible_values = true,
        help_heading = "Scenarios"
    )]
    role: Option<Party>,

    /// Judge the service at this address; confcall plays the bot
    #[arg(long, value_name = "URL", value_parser = values::url, help_heading = "Target", conflicts_with = "bot")]
    service: Option<Url>,
    /// Where to take the service's notifications [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen, help_heading = "Target", requires = "service")]
    callback_listen: Option<SocketAddr>,
    /// What to tell the service as callback, where it reaches it under another address
    #[arg(long, value_name = "URL", value_parser = values::url, help_heading = "Target", requires = "service")]
    callback_url: Option<Url>,
    /// Judge the bot with this callback; confcall plays the service
    #[arg(long, value_name = "URL", value_parser = values::url, help_heading = "Target")]
    bot: Option<Url>,
    /// Where to tell the bot what to do
    #[arg(long, value_name = "URL", value_parser = values::url, help_heading = "Target", requires = "bot")]
    cue: Option<Url>,
    /// Where to take the bot's requests [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen, help_heading = "Target", requires = "bot")]
    listen: Option<SocketAddr>,
    /// What to tell the bot as the service's address, where it reaches it under another
    #[arg(long, value_name = "URL", value_parser = values::url, help_heading = "Target", requires = "bot")]
    public_url: Option<Url>,
    /// Sign notifications to the bot of this application id, as the platform does
    #[arg(long, value_name = "ID", value_parser = clap::builder::NonEmptyStringValueParser::new(), help_heading = "Target", requires = "bot", conflicts_with = "service")]
    application: Option<String>,
    #[command(flatten)]
    ca_dir: ca::Folder,
    /// The bearer token to send
    #[arg(
        long,
        value_name = "TOKEN",
        env = "CONFCALL_TOKEN",
        hide_env_values = true,
        help_heading = "Target"
    )]
    token: Option<String>,
    /// Who brings about what a scenario needs: create, assume, or a URL to ask
    #[arg(long, value_name = "HOW", value_parser = values::given, default_value = "create", help_heading = "Target")]
    given: GivenSource,

    /// How long to wait for each expected message
    #[arg(long, value_name = "TIME", value_parser = values::duration, default_value = "5s", help_heading = "Judging")]
    deadline: Duration,
    /// How long to wait for surplus messages, once, at the end [default: 250ms; 0 for the built-in pair]
    #[arg(long, value_name = "TIME", value_parser = values::duration, help_heading = "Judging")]
    settle: Option<Duration>,
    /// Judge by the page's structure to the letter: no alternatives, no correlation
    #[arg(long, help_heading = "Judging")]
    literal: bool,
    /// Fail where the contract only says SHOULD
    #[arg(long, help_heading = "Judging")]
    strict: bool,
    /// Play only this share of the selected scenarios, such as 2/8 (see `confcall merge`)
    #[arg(long, value_name = "SHARE", help_heading = "Scenarios")]
    shard: Option<Shard>,
    /// How many scenarios to play at a time
    #[arg(long, short, value_name = "COUNT", help_heading = "Judging")]
    jobs: Option<NonZeroUsize>,

    /// Say which requirements were met, broken, or not put to the test
    #[arg(long, help_heading = "Reports")]
    coverage: bool,
    /// Hold each conversation against the accepted one in this folder (see `confcall accept`)
    #[arg(long, value_name = "DIR", help_heading = "Reports")]
    snapshots: Option<PathBuf>,
    /// Write a report too: json=FILE or junit=FILE (repeatable)
    #[arg(long, value_name = "KIND=FILE", value_parser = values::report, help_heading = "Reports")]
    report: Vec<ReportFile>,
}

/// A party, as `--role` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Party {
    /// It sends requests and is called back
    Bot,
    /// It answers and sends notifications
    Service,
}

impl From<Party> for Role {
    fn from(party: Party) -> Self {
        match party {
            Party::Bot => Self::Bot,
            Party::Service => Self::Service,
        }
    }
}

/// A run, as it is asked for.
#[derive(Debug)]
pub struct Options {
    /// What is played, at least one, among all that is known.
    pub scenarios: Selected,
    /// The share of them that is played; none for all.
    pub shard: Option<Shard>,
    /// Who is judged.
    pub target: Target,
    /// Who brings about given states.
    pub given: GivenSource,
    /// The bearer token to send; none where any will do.
    pub token: Option<String>,
    /// How long to wait for each expected message.
    pub deadline: Duration,
    /// How long to wait for surplus messages at the end.
    pub settle: Duration,
    /// Whether the page's structure is judged to the letter.
    pub literal: bool,
    /// Whether SHOULD fails.
    pub strict: bool,
    /// How many scenarios are played at a time; none leaves it to the player.
    pub jobs: Option<NonZeroUsize>,
    /// What a bot that is judged finds around the API.
    pub platform: Platform,
}

/// Who is judged, and how it is reached.
#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    /// These parties of the built-in pair.
    BuiltIn(Vec<Role>),
    /// A service.
    Service {
        /// Its address.
        url: Url,
        /// Where its notifications are taken.
        callback_listen: SocketAddr,
        /// What it is told as callback; none for the listener's own address.
        callback_url: Option<Url>,
    },
    /// A bot.
    Bot {
        /// Its callback.
        url: Url,
        /// Where it is told what to do.
        cue: Option<Url>,
        /// Where its requests are taken.
        listen: SocketAddr,
        /// What it is told as the service's address; none for the listener's own.
        public_url: Option<Url>,
    },
}

/// What a bot finds around the API.
#[derive(Debug, Default)]
pub struct Platform {
    /// Tokens and keys; none where no folder is to be had for them.
    pub identity: Option<Arc<Identity>>,
    /// Who signs notifications to it; none where they bear a plain token.
    pub notifier: Option<Notifier>,
}

impl Platform {
    fn new(folder: &ca::Folder, application: Option<&str>) -> Result<Self, Failure> {
        match application {
            Some(application) => {
                let identity = folder.identity()?;
                let notifier = identity.notifier(application)?;
                Ok(Self {
                    identity: Some(Arc::new(identity)),
                    notifier: Some(notifier),
                })
            }
            // Most bots never ask: that there is no folder is told to those who need one.
            None => Ok(Self {
                identity: folder.identity().ok().map(Arc::new),
                notifier: None,
            }),
        }
    }
}

/// The time that an implementation under test has for surplus messages.
const SETTLE: Duration = Duration::from_millis(250);

/// Any free port of the loopback interface.
const ANYWHERE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

impl Options {
    fn new(arguments: Arguments) -> Result<Self, Failure> {
        let token = token(arguments.token)?;
        let target = target(
            arguments.role,
            (
                arguments.service,
                arguments.callback_listen,
                arguments.callback_url,
            ),
            (
                arguments.bot,
                arguments.cue,
                arguments.listen,
                arguments.public_url,
            ),
        )?;
        let platform = match target {
            Target::Bot { .. } => {
                Platform::new(&arguments.ca_dir, arguments.application.as_deref())?
            }
            Target::BuiltIn(_) | Target::Service { .. } => Platform::default(),
        };
        let settle = match target {
            Target::BuiltIn(_) => Duration::ZERO,
            Target::Service { .. } | Target::Bot { .. } => SETTLE,
        };
        let mut scenarios = arguments.which.select()?;
        if let Some(shard) = arguments.shard {
            scenarios.cut(shard)?;
        }
        Ok(Self {
            scenarios,
            shard: arguments.shard,
            target,
            given: arguments.given,
            token,
            deadline: arguments.deadline,
            settle: arguments.settle.unwrap_or(settle),
            literal: arguments.literal,
            strict: arguments.strict,
            jobs: arguments.jobs,
            platform,
        })
    }
}

fn target(
    role: Option<Party>,
    (service, callback_listen, callback_url): (Option<Url>, Option<SocketAddr>, Option<Url>),
    (bot, cue, listen, public_url): (Option<Url>, Option<Url>, Option<SocketAddr>, Option<Url>),
) -> Result<Target, Failure> {
    let (judged, target) = match (service, bot) {
        (Some(url), _) => {
            let target = Target::Service {
                url,
                callback_listen: callback_listen.unwrap_or(ANYWHERE),
                callback_url,
            };
            (Party::Service, target)
        }
        (None, Some(url)) => {
            let target = Target::Bot {
                url,
                cue,
                listen: listen.unwrap_or(ANYWHERE),
                public_url,
            };
            (Party::Bot, target)
        }
        (None, None) => {
            let both = vec![Role::Service, Role::Bot];
            let roles = role.map_or(both, |role| vec![role.into()]);
            return Ok(Target::BuiltIn(roles));
        }
    };
    if role.is_some_and(|role| role != judged) {
        let judged = Role::from(judged);
        return Err(Failure::Usage(format!(
            "`--role` selects nothing: with `--{judged}` only a {judged} is judged\n  = help: leave `--role` out"
        )));
    }
    Ok(target)
}

/// The token, which must fit into a header. It is checked here, as the parser of arguments would
/// print what it refuses.
///
/// # Errors
///
/// Characters that no bearer token has.
pub fn token(token: Option<String>) -> Result<Option<String>, Failure> {
    let token = token.filter(|it| !it.is_empty());
    if token
        .as_ref()
        .is_some_and(|it| !it.bytes().all(|b| b.is_ascii_graphic()))
    {
        return Err(Failure::Usage(
            "the token holds characters that no bearer token has\n  = help: look for line ends and spaces in `--token` or CONFCALL_TOKEN".to_owned(),
        ));
    }
    Ok(token)
}

/// Plays and judges.
///
/// # Errors
///
/// Bad arguments, broken scenarios, a port that is taken, a target that is not there from the
/// start.
pub fn command(mut arguments: Arguments, output: Output) -> Result<Exit, Failure> {
    let reports = std::mem::take(&mut arguments.report);
    let wants_coverage = arguments.coverage;
    let kept = arguments.snapshots.take();
    snapshots::refuse_forced_passes(kept.is_some())?;
    let options = Options::new(arguments)?;
    let played = play(&options)?;
    let mut text = terminal::render(&played.run, played.elapsed, output.look);
    if wants_coverage {
        text.push_str(&coverage::render(&played.run, output.look));
    }
    text.push_str(&annotations(&played.run));
    output.print(&text)?;
    let mut exit = if played.is_interrupted {
        Exit::Interrupted
    } else {
        Exit::of_run(&played.run)
    };
    if let Some(folder) = &kept {
        let conversations = conversations(&played.run);
        exit = exit.worse(snapshots::hold(folder, conversations, output)?);
    }
    exit = exit.worse(self::reports(&reports, &played.run));
    Ok(exit)
}

/// The conversations of a run that are held against the accepted ones.
fn conversations(run: &Run) -> impl Iterator<Item = Conversation> {
    let held = run.results.iter().filter(|it| !it.traffic.is_empty());
    held.map(|result| Conversation {
        name: snapshot::name(result),
        description: format!("{} of {}", result.role, result.scenario),
        content: snapshot::render(result),
    })
}

/// What did not pass as annotations, where GitHub's runner reads them.
pub fn annotations(run: &Run) -> String {
    let is_there = std::env::var_os("GITHUB_ACTIONS").is_some_and(|it| it == "true");
    if is_there {
        annotations::render(run)
    } else {
        String::new()
    }
}

/// Writes the reports that are asked for. One that cannot be written is complained of, and told by
/// the exit.
pub fn reports(wanted: &[ReportFile], run: &Run) -> Exit {
    let mut exit = Exit::Success;
    for report in wanted {
        if let Err(failure) = write(report, run) {
            output::complain(&failure.to_string());
            exit = exit.worse(failure.exit());
        }
    }
    exit
}

fn write(report: &ReportFile, run: &Run) -> Result<(), Failure> {
    let text = match report.kind {
        ReportKind::Json => json::render(run).map_err(|error| error.to_string()),
        ReportKind::Junit => junit::render(run).map_err(|error| error.to_string()),
    };
    let text =
        text.map_err(|error| Failure::Defect(format!("a report cannot be made: {error}")))?;
    Ok(store::write(&report.path, &text)?)
}

/// A run that was played to its end.
#[derive(Debug)]
pub struct Played {
    /// What came of it.
    pub run: Run,
    /// The wall time.
    pub elapsed: Duration,
    /// Whether it was interrupted before that.
    pub is_interrupted: bool,
}

/// Plays the scenarios.
///
/// # Errors
///
/// A port that is taken, a target that is not there from the start.
fn play(options: &Options) -> Result<Played, Failure> {
    let begun = Instant::now();
    let runtime = super::runtime()?;
    let interrupt = Shutdown::new();
    let results = runtime.block_on(async {
        super::interrupt_on_signals(&interrupt);
        let cases = judge::cases(&options.scenarios.all, &options.scenarios.picked);
        let mut setup = setup(cases, interrupt.clone());
        setup.judge.literal = options.literal;
        setup.judge.strict = options.strict;
        setup.judge.deadline = options.deadline;
        setup.settle = options.settle;
        if let Some(token) = &options.token {
            setup.judge.token.clone_from(token);
        }
        if let Some(jobs) = options.jobs {
            setup.jobs = jobs.get();
        }
        match &options.target {
            Target::BuiltIn(roles) => pair::play(&setup, roles, Manners::default()).await,
            target => player::play(setup, outside(target, options)).await,
        }
    })?;
    runtime.shutdown_background();
    let mut run = Run::new(options.target.in_report(), results);
    run.shard = options.shard;
    Ok(Played {
        run,
        elapsed: begun.elapsed(),
        is_interrupted: interrupt.has_begun(),
    })
}

/// Judging as it is where nothing is said.
pub fn judging() -> judge::Options {
    judge::Options {
        literal: false,
        strict: false,
        deadline: DEADLINE,
        token: TOKEN.to_owned(),
    }
}

/// A run as it is where nothing is said.
pub fn setup(cases: Vec<Case>, interrupt: Shutdown) -> Setup {
    Setup {
        cases,
        judge: judging(),
        settle: Duration::ZERO,
        jobs: JOBS,
        interrupt,
    }
}

/// How long each expected message may take where nothing is said.
const DEADLINE: Duration = Duration::from_secs(5);

/// The token that is sent where none is given: any will do for a target on a laptop.
const TOKEN: &str = "confcall";

/// How many scenarios are played at a time where nothing is said.
const JOBS: usize = 64;

/// A target that is no built-in one, as the player takes it.
fn outside(target: &Target, options: &Options) -> player::Target {
    match target {
        Target::Service {
            url,
            callback_listen,
            callback_url,
        } => player::Target::Service {
            url: url.clone(),
            listen: callback_listen.to_string(),
            callback: callback_url.clone(),
            given: match &options.given {
                GivenSource::Create => GivenBy::Create,
                GivenSource::Assume => GivenBy::Assume,
                GivenSource::Ask(url) => GivenBy::Ask(url.clone()),
            },
        },
        Target::Bot {
            url,
            cue,
            listen,
            public_url,
        } => player::Target::Bot {
            url: url.clone(),
            cue: cue.clone(),
            listen: listen.to_string(),
            public: public_url.clone(),
            identity: options.platform.identity.clone(),
            notifier: options.platform.notifier.clone(),
        },
        Target::BuiltIn(_) => unreachable!("the built-in pair is played by its own"),
    }
}

impl Target {
    /// The target as reports name it.
    fn in_report(&self) -> verdict::Target {
        let (role, url) = match self {
            Self::BuiltIn(roles) => match roles.as_slice() {
                [role] => (Some(*role), None),
                _ => (None, None),
            },
            Self::Service { url, .. } => (Some(Role::Service), Some(url.to_string())),
            Self::Bot { url, .. } => (Some(Role::Bot), Some(url.to_string())),
        };
        verdict::Target { role, url }
    }
}
