//! A run as it is asked for: what the arguments and `confcall.toml` say together, and what is taken
//! where neither says anything.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::arguments::Arguments;
use super::project::Project;
use super::target::{Target, target};
use crate::api::party::Party;
use crate::cli::failure::Failure;
use crate::cli::injection;
use crate::cli::scenarios::Selected;
use crate::cli::usage::UsageError;
use crate::config::Config;
use crate::config::known_failure::KnownFailure;
use crate::http::Client;
use crate::http::tls::{Authority, Trust};
use crate::inject::Kind;
use crate::judge;
use crate::judge::Case;
use crate::judge::shard::Shard;
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::runner;
use crate::runner::Setup;
use crate::scenario::format::Scenario;
use tokio_util::sync::CancellationToken;

/// A run, as it is asked for.
#[derive(Debug)]
pub struct Options {
    /// What is played, at least one, among all that is known.
    pub scenarios: Selected,
    /// The fault injection that is asked for by name.
    named_kinds: Vec<Kind>,
    /// What fault injection chooses follows from this.
    pub seed: u64,
    /// The share of them that is played; none for all.
    pub shard: Option<Shard>,
    /// Who is judged.
    pub target: Target,
    /// What the project says of it.
    pub(super) project: Project,
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

/// The time that an implementation under test has for surplus messages.
const SETTLE: Duration = Duration::from_millis(250);

impl Options {
    /// A run as `confcall.toml` alone wants it. Of the environment is taken what the command line
    /// takes of it.
    ///
    /// # Errors
    ///
    /// What is wrong in the file, and a selection that selects nothing.
    pub fn of_project(config: Config) -> Result<Self, Failure> {
        let mut arguments = Arguments::none()?;
        let project = Project::new(config, &mut arguments)?;
        Self::new(arguments, project)
    }

    /// A run as arguments want it that the project has filled in.
    ///
    /// # Errors
    ///
    /// Arguments that make no sense together, and a selection that selects nothing.
    pub(super) fn new(arguments: Arguments, project: Project) -> Result<Self, Failure> {
        let target = target(&arguments, &project)?;
        let settle = match target {
            Target::BuiltIn(_) => Duration::ZERO,
            Target::Outside(_) => SETTLE,
        };
        let mut scenarios = injected(&arguments, &target)?;
        let token = token(arguments.token)?;
        scenarios.judging(&target.roles())?;
        if let Some(shard) = arguments.shard {
            scenarios.cut(shard)?;
        }
        let authority = arguments.tls.authority()?;
        Ok(Self {
            scenarios,
            named_kinds: arguments.injection.named(&arguments.which),
            seed: arguments.injection.seed,
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

/// What is played, among the plain scenarios and those in the fault injection that is asked for. The letter of
/// a page knows no fault injection.
fn injected(arguments: &Arguments, target: &Target) -> Result<Selected, Failure> {
    let is_built_in = matches!(target, Target::BuiltIn(_));
    let has_injection = is_built_in && !arguments.literal;
    let (injection, which) = (&arguments.injection, &arguments.which);
    injection.select(which, &target.roles(), has_injection)
}

/// The token, which must fit into a header. It is checked here, as the parser of arguments would
/// print what it refuses.
///
/// # Errors
///
/// Characters that no bearer token has.
pub fn token(token: Option<String>) -> Result<Option<String>, UsageError> {
    let token = token.filter(|it| !it.is_empty());
    if token
        .as_ref()
        .is_some_and(|it| !it.bytes().all(|b| b.is_ascii_graphic()))
    {
        return Err(UsageError::Token);
    }
    Ok(token)
}

impl Options {
    /// How these cases are played.
    pub(super) fn setup(&self, cases: Vec<Case>, interrupt: CancellationToken) -> Setup {
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
        } else if self.waits_for_nothing() {
            setup.jobs = FEW_JOBS;
        }
        setup
    }

    /// Whether the target answers at once, in any fault injection that it is played in.
    fn waits_for_nothing(&self) -> bool {
        let is_fast = |it: &Scenario| Kind::of(&it.id).is_none_or(Kind::is_fast);
        matches!(self.target, Target::BuiltIn(_)) && self.scenarios.picked.iter().all(is_fast)
    }

    /// Whether the target does not claim to follow this scenario.
    pub fn excuses(&self, scenario: &Scenario) -> bool {
        self.excuse(scenario).is_some()
    }

    fn excuse(&self, scenario: &Scenario) -> Option<String> {
        self.project.claims.excuse(scenario, &self.named_kinds)
    }

    /// The failures that are known.
    pub fn known(&self) -> &[KnownFailure] {
        &self.project.known
    }

    /// The cases that the target claims, and a result for each of the others, with its place.
    pub(super) fn claimed(
        &self,
        all: Vec<Case>,
        role: Party,
    ) -> (Vec<Case>, Vec<(usize, ScenarioResult)>) {
        let (mut cases, mut excused) = (Vec::new(), Vec::new());
        for (at, case) in all.into_iter().enumerate() {
            match self.excuse(&case.scenario) {
                Some(reason) => {
                    excused.push((at, runner::skeleton(&case, role, Verdict::Skip, &reason)));
                }
                None => cases.push(case),
            }
        }
        (cases, excused)
    }
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
pub fn setup(cases: Vec<Case>, interrupt: CancellationToken) -> Setup {
    Setup {
        cases,
        judge: judging(),
        settle: Duration::ZERO,
        jobs: JOBS,
        interrupt,
        cause: Arc::default(),
        seed: injection::SEED,
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

/// The same where nothing is waited for: more take as long, and more memory.
const FEW_JOBS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inject::with_injected;

    #[test]
    fn fewer_are_played_at_a_time_where_nothing_is_waited_for() {
        let mut options = Options::of_project(Config::default()).expect("a run");
        let jobs = |options: &Options| options.setup(Vec::new(), CancellationToken::new()).jobs;
        assert_eq!(jobs(&options), FEW_JOBS);
        options.scenarios.picked = with_injected(&options.scenarios.all, &[Kind::SlowResponse]);
        assert_eq!(jobs(&options), JOBS);
        options.jobs = NonZeroUsize::new(3);
        assert_eq!(jobs(&options), 3);
    }
}
