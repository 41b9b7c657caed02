//! `confcall run`: its arguments, and the run that they ask for.

mod project;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use url::Url;

use crate::entry::ca;
use crate::entry::exit::Exit;
use crate::entry::failure::Failure;
use crate::entry::output::{self, Output};
use crate::entry::pair::{self, Manners};
use crate::entry::scenarios::{Selected, Which};
use crate::entry::snapshots::{self, Conversation};
use crate::entry::values::{self, GivenSource, ReportFile, ReportKind};
use crate::entry::weather::{self, Weather};
use crate::io::config;
use crate::io::identity::{Identity, Notifier};
use crate::io::interception::{Interception, NamedHost};
use crate::io::launch::{LaunchError, Running};
use crate::io::net::{Client, Shutdown};
use crate::io::player::{self, GivenBy, Hook, Proxy, Setup, Stage};
use crate::io::store;
use crate::io::tls::{Authority, Trust};
use crate::logic::judge::{self, Case};
use crate::logic::known;
use crate::logic::shard::Shard;
use crate::logic::verdict::{self, Role, Rule, Run, ScenarioResult, Verdict};
use crate::logic::weather::Kind;
use crate::model::scenario::WEATHER;
use crate::report::{annotations, coverage, html, json, junit, snapshot, terminal};

use self::project::Project;

/// What `confcall run --help` ends with.
pub const EXAMPLES: &str = "\
Examples:
  confcall run                                     the built-in pair, every scenario
  confcall run --service http://localhost:8080 --given assume
  confcall run --bot http://localhost:3978/callback --cue http://localhost:3978/cue
  confcall run --service https://localhost:8443 --ca service.pem --tls
  confcall run --bot http://localhost:3978/callback --cue http://localhost:3978/cue \\
    --intercept graph.microsoft.com --proxy-listen 8081
                                                   a bot whose service address cannot be changed
  confcall run '*/pt-BR/*' --role bot --report junit=report.xml

Exit codes:
  0 something passed and nothing else is wrong     1 the target departs, or was not judged
  2 bad usage or input    3 the environment failed    70 a defect of confcall    130 interrupted";

/// The arguments of `confcall run`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    weather: Weather,
    /// Take from this file what is not said here [default: confcall.toml, where there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
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
    /// Be the bot's proxy (`HTTPS_PROXY`) too, and the service in the place of these hosts
    #[arg(
        long,
        value_name = "HOST",
        num_args = 1..,
        help_heading = "Target",
        requires = "bot",
        conflicts_with = "public_url"
    )]
    intercept: Vec<NamedHost>,
    /// Where to be the bot's proxy [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen, help_heading = "Target", requires = "intercept")]
    proxy_listen: Option<SocketAddr>,
    /// Sign notifications to the bot of this application id, as the platform does
    #[arg(long, value_name = "ID", value_parser = clap::builder::NonEmptyStringValueParser::new(), help_heading = "Target", requires = "bot", conflicts_with = "service")]
    application: Option<String>,
    /// The bearer token to send
    #[arg(
        long,
        value_name = "TOKEN",
        env = "CONFCALL_TOKEN",
        hide_env_values = true,
        help_heading = "Target"
    )]
    token: Option<String>,
    /// Who brings about what a scenario needs: create, assume, or a URL to ask [default: create]
    #[arg(long, value_name = "HOW", value_parser = values::given, help_heading = "Target")]
    given: Option<GivenSource>,

    #[command(flatten)]
    tls: ca::Tls,

    /// How long to wait for each expected message [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = values::duration, help_heading = "Judging")]
    deadline: Option<Duration>,
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
    /// Write a report too: json=FILE, junit=FILE or html=FILE (repeatable)
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
    /// The weather that is asked for by name.
    pub named_weather: Vec<Kind>,
    /// What weather chooses follows from this.
    pub seed: u64,
    /// The share of them that is played; none for all.
    pub shard: Option<Shard>,
    /// Who is judged.
    pub target: Target,
    /// What the project says of it.
    project: Project,
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
    /// Whom confcall trusts in TLS.
    pub trust: Trust,
    /// Whose certificates the target is shown; none for plain HTTP.
    pub authority: Option<Arc<Authority>>,
}

/// Who is judged, and how it is reached.
#[derive(Debug)]
pub enum Target {
    /// These parties of the built-in pair.
    BuiltIn(Vec<Role>),
    /// Somebody else.
    Outside(Box<player::Target>),
}

/// What a bot finds around the API.
#[derive(Debug, Default)]
struct Platform {
    /// Tokens and keys; none where no folder is to be had for them.
    identity: Option<Arc<Identity>>,
    /// Who signs notifications to it; none where they bear a plain token.
    notifier: Option<Notifier>,
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
    fn new(arguments: Arguments, project: Project) -> Result<Self, Failure> {
        let target = target(&arguments, &project)?;
        let settle = match target {
            Target::BuiltIn(_) => Duration::ZERO,
            Target::Outside(_) => SETTLE,
        };
        let mut scenarios = in_weather(&arguments, &target)?;
        let token = token(arguments.token)?;
        scenarios.judging(&target.roles())?;
        if let Some(shard) = arguments.shard {
            scenarios.cut(shard)?;
        }
        let authority = arguments.tls.authority()?;
        Ok(Self {
            scenarios,
            named_weather: arguments.weather.named(&arguments.which),
            seed: arguments.weather.seed,
            shard: arguments.shard,
            target,
            project,
            token,
            deadline: arguments.deadline.unwrap_or(DEADLINE),
            settle: arguments.settle.unwrap_or(settle),
            literal: arguments.literal,
            strict: arguments.strict,
            jobs: arguments.jobs,
            trust: arguments.tls.trust()?,
            authority,
        })
    }
}

/// What is played, among the plain scenarios and those in the weather that is asked for. The letter of
/// a page knows no weather.
fn in_weather(arguments: &Arguments, target: &Target) -> Result<Selected, Failure> {
    let is_built_in = matches!(target, Target::BuiltIn(_));
    let has_weather = is_built_in && !arguments.literal;
    let (weather, which) = (&arguments.weather, &arguments.which);
    weather.select(which, &target.roles(), has_weather)
}

fn target(arguments: &Arguments, project: &Project) -> Result<Target, Failure> {
    let platform = match arguments.bot {
        Some(_) => Platform::new(&arguments.tls.folder, arguments.application.as_deref())?,
        None => Platform::default(),
    };
    let target = match (&arguments.service, &arguments.bot) {
        (Some(url), _) => player::Target::Service {
            url: url.clone(),
            listen: arguments.callback_listen.unwrap_or(ANYWHERE).to_string(),
            callback: arguments.callback_url.clone(),
            given: match (&arguments.given, &project.given) {
                (Some(GivenSource::Create), _) | (None, None) => GivenBy::Create,
                (Some(GivenSource::Assume), _) => GivenBy::Assume,
                (Some(GivenSource::Ask(url)), _) => GivenBy::Ask(Hook::Url(url.clone())),
                (None, Some(given)) => given.clone(),
            },
        },
        (None, Some(url)) => player::Target::Bot {
            url: url.clone(),
            cue: match &arguments.cue {
                Some(url) => Some(Hook::Url(url.clone())),
                None => project.cue.clone(),
            },
            acts_by_itself: project.acts_by_itself,
            listen: arguments.listen.unwrap_or(ANYWHERE).to_string(),
            public: arguments.public_url.clone(),
            proxy: proxy(arguments)?.map(Box::new),
            identity: platform.identity,
            notifier: platform.notifier,
        },
        (None, None) => {
            let both = vec![Role::Service, Role::Bot];
            let roles = arguments.role.map_or(both, |role| vec![role.into()]);
            return Ok(Target::BuiltIn(roles));
        }
    };
    let judged = target.role();
    if arguments
        .role
        .is_some_and(|role| Role::from(role) != judged)
    {
        return Err(Failure::Usage(format!(
            "`--role` selects nothing: with `--{judged}` only a {judged} is judged\n  = help: leave `--role` out"
        )));
    }
    Ok(Target::Outside(Box::new(target)))
}

/// The proxy that a bot under test uses, where it is asked for.
fn proxy(arguments: &Arguments) -> Result<Option<Proxy>, Failure> {
    let Some(first) = arguments.intercept.first() else {
        return Ok(None);
    };
    let service = first.url().ok_or_else(|| {
        Failure::Usage(
            "the first host of `--intercept` is the one that the bot is cued to send to, and many \
             hosts end so\n  = help: name one host first: `--intercept api.example '*.example'`"
                .to_owned(),
        )
    })?;
    let interception = Interception {
        hosts: arguments.intercept.clone(),
        authority: arguments.tls.interceptor()?,
        warn: |said| output::tell(&format!("warning: {said}")),
    };
    Ok(Some(Proxy {
        listen: arguments.proxy_listen.unwrap_or(ANYWHERE).to_string(),
        interception: Arc::new(interception),
        service,
    }))
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
    let config = config::load(arguments.config.as_deref())?;
    let project = Project::new(config, &mut arguments)?;
    let reports = std::mem::take(&mut arguments.report);
    let wants_coverage = arguments.coverage;
    let kept = arguments.snapshots.take();
    snapshots::refuse_forced_passes(kept.is_some())?;
    let options = Options::new(arguments, project)?;
    let played = play(&options, output)?;
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
    // What weather makes of a conversation is judged, not kept.
    let held = run.results.iter();
    let held = held.filter(|it| !it.traffic.is_empty() && !it.scenario.contains(WEATHER));
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
        ReportKind::Html => Ok(html::render(run)),
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
/// A port that is taken, a target that is not there from the start or does not come up.
fn play(options: &Options, output: Output) -> Result<Played, Failure> {
    let begun = Instant::now();
    let runtime = crate::entry::runtime()?;
    let signalled = Shutdown::new();
    let mut results = runtime.block_on(async {
        crate::entry::interrupt_on_signals(&signalled);
        let all = judge::cases(&options.scenarios.all, &options.scenarios.picked);
        match &options.target {
            Target::BuiltIn(roles) => {
                let setup = options.setup(all, signalled.clone());
                let played = pair::play(&setup, roles, Manners::default()).await;
                played.map_err(Failure::from)
            }
            Target::Outside(target) => {
                let (cases, excused) = options.claimed(all, target.role());
                let setup = options.setup(cases, Shutdown::new());
                let played = outside(options, target, setup, &signalled, output).await?;
                Ok(in_order(played, excused))
            }
        }
    })?;
    runtime.shutdown_background();
    let known = &options.project.known;
    let complaints = known::apply(known, &options.scenarios.all, &mut results);
    let mut run = Run::new(options.target.in_report(), results);
    run.shard = options.shard;
    run.complaints = complaints;
    Ok(Played {
        run,
        elapsed: begun.elapsed(),
        is_interrupted: signalled.has_begun(),
    })
}

/// Plays against a target that is no built-in one, which is started first where the project says
/// how, and ended.
async fn outside(
    options: &Options,
    target: &player::Target,
    setup: Setup,
    signalled: &Shutdown,
    output: Output,
) -> Result<Vec<ScenarioResult>, Failure> {
    let (interrupt, cause) = (setup.interrupt.clone(), Arc::clone(&setup.cause));
    let cases = setup.cases.clone();
    let stage = Stage::open(setup, target.clone()).await?;
    let launch = options.project.launch(&stage, target.url())?;
    output.print(&opened(&stage, launch.is_some()))?;
    let running = match launch {
        Some(launch) => match launch.start(signalled).await {
            Ok(running) => Some(running),
            Err(error @ LaunchError::Interrupted) => {
                let why = error.to_string();
                let of = |case| player::skeleton(case, target.role(), Verdict::Inconclusive, &why);
                return Ok(cases.iter().map(of).collect());
            }
            Err(error) => return Err(Failure::Environment(error.to_string())),
        },
        None => None,
    };
    let died = async {
        match &running {
            Some(running) => running.died().await,
            None => std::future::pending().await,
        }
    };
    let playing = stage.play();
    tokio::pin!(playing);
    let mut results = tokio::select! {
        results = &mut playing => results,
        said = async {
            tokio::select! {
                said = died => Some(said),
                () = signalled.begun() => None,
            }
        } => {
            if let Some(said) = said {
                // Nobody else says why.
                let _ = cause.set(said);
            }
            interrupt.begin();
            playing.await
        }
    };
    // Whoever interrupts a run, or ends it for its target's death, has said why.
    if let (Some(running), Ok(results), false) = (&running, &mut results, interrupt.has_begun()) {
        explain(results, running).await;
    }
    if let Some(running) = running
        && let Some(complaint) = running.end().await
    {
        output::tell(&format!("warning: {complaint}"));
    }
    results.map_err(Failure::from)
}

/// How long a target that seems to have gone has to be seen ended.
const GRACE: Duration = Duration::from_secs(1);

/// Says of results that look as if the target had gone whether it has, and how: its end may be seen
/// only after what it broke.
async fn explain(results: &mut [ScenarioResult], running: &Running) {
    let looks_gone = |result: &&mut ScenarioResult| {
        let mut rules = result.failures.iter().map(|it| it.rule);
        result.verdict == Verdict::Inconclusive || rules.any(|rule| rule == Rule::Transport)
    };
    let mut gone = results.iter_mut().filter(looks_gone).peekable();
    if gone.peek().is_none() {
        return;
    }
    if let Ok(said) = tokio::time::timeout(GRACE, running.died()).await {
        gone.for_each(|result| result.notes.push(said.clone()));
    }
}

/// The results of what was played, and those of what was not, in their order.
fn in_order(
    played: Vec<ScenarioResult>,
    excused: Vec<(usize, ScenarioResult)>,
) -> Vec<ScenarioResult> {
    let mut results = played;
    for (at, result) in excused {
        results.insert(at.min(results.len()), result);
    }
    results
}

impl Options {
    fn setup(&self, cases: Vec<Case>, interrupt: Shutdown) -> Setup {
        let mut setup = setup(cases, interrupt);
        setup.judge.literal = self.literal;
        setup.judge.strict = self.strict;
        setup.judge.deadline = self.deadline;
        setup.settle = self.settle;
        setup.seed = self.seed;
        setup.client = Client::trusting(self.trust.clone());
        setup.authority.clone_from(&self.authority);
        if let Some(token) = &self.token {
            setup.judge.token.clone_from(token);
        }
        if let Some(jobs) = self.jobs {
            setup.jobs = jobs.get();
        }
        setup
    }

    /// The cases that the target claims, and a result for each of the others, with its place.
    fn claimed(&self, all: Vec<Case>, role: Role) -> (Vec<Case>, Vec<(usize, ScenarioResult)>) {
        let (mut cases, mut excused) = (Vec::new(), Vec::new());
        for (at, case) in all.into_iter().enumerate() {
            let claims = &self.project.claims;
            match claims.excuse(&case.scenario, &self.named_weather) {
                Some(reason) => {
                    excused.push((at, player::skeleton(&case, role, Verdict::Skip, &reason)));
                }
                None => cases.push(case),
            }
        }
        (cases, excused)
    }
}

/// The addresses that are open for a target, and how a bot comes to use a proxy.
fn opened(stage: &Stage, is_started: bool) -> String {
    let mut said = format!("listening {}\n", stage.url());
    if let Some((at, certificate)) = stage.proxy() {
        let _ = writeln!(said, "listening {at}");
        // Whom confcall starts it tells by itself.
        if !is_started {
            said.push_str(&ca::starting(certificate, at));
        }
    }
    said
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
        cause: Arc::default(),
        seed: weather::SEED,
        client: Client::new(),
        authority: None,
    }
}

/// How long each expected message may take where nothing is said.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// The token that is sent where none is given: any will do for a target on a laptop.
const TOKEN: &str = "confcall";

/// How many scenarios are played at a time where nothing is said.
const JOBS: usize = 16;

impl Target {
    /// The parties that are judged.
    fn roles(&self) -> Vec<Role> {
        match self {
            Self::BuiltIn(roles) => roles.clone(),
            Self::Outside(target) => vec![target.role()],
        }
    }

    /// The target as reports name it.
    fn in_report(&self) -> verdict::Target {
        let (role, url) = match self {
            Self::BuiltIn(roles) => match roles.as_slice() {
                [role] => (Some(*role), None),
                _ => (None, None),
            },
            Self::Outside(target) => (Some(target.role()), Some(target.url().to_string())),
        };
        verdict::Target { role, url }
    }
}
