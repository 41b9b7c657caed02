//! The options of a run: made once from the command line, `confcall.toml` and the environment, and
//! passed unchanged to the sessions.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::observer::{Observer, Unobserved};
use super::repetition::Measured;
use super::target::Target;
use crate::api::party::Party;
use crate::config::claims::Claims;
use crate::config::known_failure::KnownFailure;
use crate::config::target::TargetCommand;
use crate::http::Client;
use crate::http::tls::Authority;
use crate::inject::InjectionKind;
use crate::judge;
use crate::judge::Case;
use crate::judge::shard::Shard;
use crate::judge::verdict::{JudgedTarget, ScenarioResult, Verdict};
use crate::redact::ProjectRedaction;
use crate::replay::stubs::SharedStubs;
use crate::scenario::format::Scenario;

/// The seed of fault injection by default: every run is the same.
pub(crate) const SEED: u64 = 1;

/// How many scenarios are played at a time by default.
const JOBS: usize = 16;

/// The same for a target that answers at once: more take as long, and more memory.
const FEW_JOBS: usize = 6;

/// The options of a run. By default the built-in pair is judged, by no scenario.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub scenarios: Vec<Scenario>,
    /// Every scenario there is: a case knows its whole page, whatever is picked from it.
    pub all: Vec<Scenario>,
    pub shard: Option<Shard>,
    pub target: Option<Target>,
    /// The parties that are judged: one of a target, one or both of the built-in pair.
    pub parties: Vec<Party>,
    /// The program that is the target; none where it runs already.
    pub program: Option<TargetProgram>,
    pub claims: Claims,
    /// The kinds of fault injection that were named one by one, or by the name of their group.
    pub named_kinds: Vec<InjectionKind>,
    pub known: Vec<KnownFailure>,
    pub judge: judge::Options,
    /// How long to wait, once, after the last scenario, for messages that should not come.
    pub settle: Duration,
    /// How many scenarios are played at a time; by default [`JOBS`] or [`FEW_JOBS`].
    pub jobs: Option<NonZeroUsize>,
    /// The choices of fault injection follow from it.
    pub seed: u64,
    /// Sends requests, notifications and triggers.
    pub client: Client,
    /// The stubs for requests outside of the calling API; none without a recording.
    pub stubs: Option<SharedStubs>,
    /// Signs the certificates of the listeners; none for plain HTTP.
    pub authority: Option<Arc<Authority>>,
    /// What a project adds to the secrets that are replaced in results.
    pub redaction: ProjectRedaction,
    /// The run ends after so many failed.
    pub max_fail: Option<NonZeroUsize>,
    /// The run ends after this time.
    pub timeout: Option<Duration>,
    /// The proxies of the environment, by the names of their variables: a target may use them.
    pub proxies: Vec<(String, String)>,
    /// False where nothing shows the messages of a conversation that passed.
    pub keeps_passed_traffic: bool,
    /// What is measured of scenarios that are played many times; none where each is played once.
    pub measured: Option<Arc<Measured>>,
    /// Shows the run while it is played.
    pub observer: Arc<dyn Observer>,
}

/// A target that confcall starts, from `[target.command]`.
#[derive(Debug, Clone)]
pub(crate) struct TargetProgram {
    pub command: TargetCommand,
    /// The value of `{port}`.
    pub port: Option<u16>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            scenarios: Vec::new(),
            all: Vec::new(),
            shard: None,
            target: None,
            parties: vec![Party::Service, Party::Bot],
            program: None,
            claims: Claims::default(),
            named_kinds: Vec::new(),
            known: Vec::new(),
            judge: judge::Options::default(),
            settle: Duration::ZERO,
            jobs: None,
            seed: SEED,
            client: Client::new(),
            stubs: None,
            authority: None,
            redaction: ProjectRedaction::default(),
            max_fail: None,
            timeout: None,
            proxies: Vec::new(),
            keeps_passed_traffic: true,
            measured: None,
            observer: Arc::new(Unobserved),
        }
    }
}

impl Options {
    pub(super) fn jobs(&self) -> usize {
        let is_fast = |it: &Scenario| InjectionKind::of(&it.id).is_none_or(InjectionKind::is_fast);
        match self.jobs {
            Some(jobs) => jobs.get(),
            None if self.target.is_none() && self.scenarios.iter().all(is_fast) => FEW_JOBS,
            None => JOBS,
        }
    }

    /// The variables by which a target may find a proxy: those that it inherits, and its own.
    pub(super) fn environment(&self) -> Vec<(String, String)> {
        let own = self.program.as_ref();
        let own = own.map(|it| it.command.environment.clone());
        let own = own.unwrap_or_default();
        let inherited = self.proxies.iter();
        let inherited = inherited.filter(|(name, _)| !own.contains_key(name));
        let variables = own.clone().into_iter().chain(inherited.cloned());
        variables.filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The reason to skip a scenario: the target does not claim it.
    pub(crate) fn excuse(&self, scenario: &Scenario) -> Option<String> {
        self.claims.excuse(scenario, &self.named_kinds)
    }

    /// The cases that the target claims, and a result for each of the others, with its place.
    pub(super) fn claimed(
        &self,
        all: Vec<Case>,
        party: Party,
    ) -> (Vec<Case>, Vec<(usize, ScenarioResult)>) {
        let (mut cases, mut excused) = (Vec::new(), Vec::new());
        for (at, case) in all.into_iter().enumerate() {
            match self.excuse(&case.scenario) {
                Some(reason) => {
                    excused.push((at, super::skeleton(&case, party, Verdict::Skip, &reason)));
                }
                None => cases.push(case),
            }
        }
        (cases, excused)
    }

    /// The target as reports name it.
    pub(super) fn in_report(&self) -> JudgedTarget {
        let role = match self.parties.as_slice() {
            [party] => Some(*party),
            _ => None,
        };
        let url = self.target.as_ref().map(|it| it.url().to_string());
        JudgedTarget { role, url }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inject::with_injected;
    use crate::scenario::store;

    #[test]
    fn fewer_are_played_at_a_time_where_nothing_is_waited_for() {
        let all = store::built_in().expect("scenarios");
        let mut options = Options {
            scenarios: all.clone(),
            ..Options::default()
        };
        assert_eq!(options.jobs(), FEW_JOBS);
        options.scenarios = with_injected(&all, &[InjectionKind::SlowResponse]);
        assert_eq!(options.jobs(), JOBS);
        options.jobs = NonZeroUsize::new(3);
        assert_eq!(options.jobs(), 3);
    }
}
