//! The options of a run: the arguments of `confcall run`, completed from `confcall.toml`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::{Args as _, Command, FromArgMatches as _};
use url::Url;

use super::environment;
use super::failure::Failure;
use super::output;
use super::project::ProjectTarget;
use super::reports::ReportFile;
use super::run::Arguments;
use super::scenarios::judged;
use super::usage::UsageError;
use crate::api::party::Party;
use crate::config::Config;
use crate::config::target::TargetSection;
use crate::config::trigger::TriggerRow;
use crate::http::Client;
use crate::inject::InjectionChoice;
use crate::judge;
use crate::judge::verdict::JudgedTarget;
use crate::platform::{Identity, Notifier};
use crate::replay::recording::file;
use crate::replay::stubs::Stubs;
use crate::runner::{
    ANY_PORT, Options, Proxy, SharedStubs, StateProvider, Target, Triggered, Triggers,
};
use crate::scenario::selection::{LeftOut, Scope};

/// The time for surplus messages of a target that is not built in.
pub(super) const SETTLE: Duration = Duration::from_millis(250);

/// The options of a run with `confcall.toml` and without arguments. The environment counts as for
/// `confcall run` without arguments.
pub(crate) fn of_project(mut config: Config) -> Result<Options, Failure> {
    let command = Arguments::augment_args(Command::new("confcall"));
    let read = command.try_get_matches_from(["confcall"]);
    let read = read.and_then(|read| Arguments::from_arg_matches(&read));
    let mut arguments = read.map_err(UsageError::Arguments)?;
    arguments.complete(&mut config)?;
    let (options, _) = arguments.options(config)?;
    Ok(options)
}

impl Arguments {
    /// Completes the arguments from the configuration. A target in the arguments replaces that of the configuration
    /// entirely.
    pub(crate) fn complete(&mut self, config: &mut Config) -> Result<(), Failure> {
        let rows = std::mem::take(&mut config.trigger);
        // The option takes the triggers of every operation.
        if self.trigger.is_none() {
            self.trigger_rows = rows;
        }
        if let Some(target) = config.target.take()
            && self.service.is_none()
            && self.bot.is_none()
        {
            self.take_target(target)?;
        }
        let judging = std::mem::take(&mut config.judging);
        self.deadline = self.deadline.or(judging.deadline);
        self.settle = self.settle.or(judging.settle);
        self.jobs = self.jobs.or(judging.jobs);
        self.literal |= judging.literal;
        self.strict |= judging.strict;
        let scenarios = std::mem::take(&mut config.scenarios);
        let which = &mut self.which;
        which.among.source = std::mem::take(&mut which.among.source).or(&scenarios);
        or_else(&mut which.filters, scenarios.filters);
        or_else(&mut which.among.operation, scenarios.operations);
        or_else(&mut which.among.edition, scenarios.editions);
        or_else(&mut which.among.locale, scenarios.locales);
        or_else(&mut which.among.tag, scenarios.tags);
        or_else(&mut self.injection.inject, scenarios.inject);
        let reports = std::mem::take(&mut config.reports);
        let snapshots = ReportFile::complete(&mut self.report, reports);
        self.snapshots = self.snapshots.take().or(snapshots);
        Ok(())
    }

    fn take_target(&mut self, section: TargetSection) -> Result<(), Failure> {
        if section.role == Party::Service && !self.trigger_rows.is_empty() {
            return Err(UsageError::TriggersOfService.into());
        }
        let rows_use_port = self.trigger_rows.iter().any(TriggerRow::uses_port);
        let target = ProjectTarget::read(section, rows_use_port)?;
        match target.role {
            Party::Service => self.service = Some(target.url),
            Party::Bot => self.bot = Some(target.url),
        }
        if target.acts_by_itself {
            self.triggered = Triggered::UnlessProvoked;
        }
        self.trigger = target.trigger;
        // `--given` overrides that of the file.
        self.given = self.given.take().or(target.given);
        self.listen = target.listen;
        self.callback_listen = target.callback_listen;
        self.public_url = target.public_url;
        self.callback_url = target.callback_url;
        self.intercept = target.intercept;
        or_else(&mut self.stubs, target.stubs);
        self.application = target.application;
        self.tls.listens |= target.tls;
        self.tls.ca = self.tls.ca.take().or(target.ca);
        self.token = self.token.take().or(target.token);
        self.port = target.port;
        self.program = target.program;
        Ok(())
    }

    /// The target as a report names it, before it is known whether anything can be played.
    pub(crate) fn judged(&self) -> JudgedTarget {
        let (role, url) = match (&self.service, &self.bot) {
            (Some(url), _) => (Some(Party::Service), Some(url)),
            (None, Some(url)) => (Some(Party::Bot), Some(url)),
            (None, None) => (self.role, None),
        };
        JudgedTarget {
            role,
            url: url.map(Url::to_string),
        }
    }

    /// The options of the run by these arguments, and the scenarios that are left out of it.
    pub(crate) fn options(mut self, config: Config) -> Result<(Options, LeftOut), Failure> {
        let target = self.target()?;
        let parties = judged(target.as_ref().map(Target::role).or(self.role));
        let injection = match target {
            // `--literal` plays no fault injection: no page prints it.
            None if !self.literal => InjectionChoice::Fast,
            _ => InjectionChoice::None,
        };
        let scope = match target {
            None => Scope::Everything,
            Some(_) => Scope::Claimed {
                apis: config.claims.api.clone(),
                editions: config.claims.editions.clone(),
            },
        };
        let (chosen, which) = (&self.injection, &self.which);
        let mut scenarios = chosen.select(which, &parties, injection, scope)?;
        let defaults = judge::Options::default();
        let token = token(self.token.take())?;
        if let Some(shard) = self.shard {
            scenarios.cut(shard)?;
        }
        let settle = match target {
            None => Duration::ZERO,
            Some(_) => SETTLE,
        };
        let trust = self.tls.trust()?;
        let client = match target {
            None => Client::keeping_connections(trust),
            Some(_) => Client::trusting(trust),
        };
        let authority = self.tls.authority()?;
        let stubs = self.stubs(target.as_ref())?;
        let options = Options {
            stubs,
            scenarios: scenarios.picked,
            all: scenarios.all,
            shard: self.shard,
            target,
            parties,
            program: self.program,
            claims: config.claims,
            named_kinds: self.injection.named(&self.which),
            known: config.known,
            judge: judge::Options {
                literal: self.literal,
                strict: self.strict,
                deadline: self.deadline.unwrap_or(defaults.deadline),
                token: token.unwrap_or(defaults.token),
                edition: None,
                callback: None,
            },
            settle: self.settle.unwrap_or(settle),
            jobs: self.jobs,
            seed: self.seed,
            client,
            authority,
            redaction: config.redaction,
            max_fail: self.course.max_fail(),
            timeout: self.course.timeout,
            proxies: environment::proxies(),
            keeps_passed_traffic: true,
        };
        Ok((options, scenarios.left_out))
    }

    /// The target; none for the built-in pair.
    fn target(&self) -> Result<Option<Target>, Failure> {
        if self.given.is_some() && self.service.is_none() {
            return Err(UsageError::GivenWithoutService.into());
        }
        let target = match (&self.service, &self.bot) {
            (Some(url), _) => Target::Service {
                url: url.clone(),
                listen: self.callback_listen.unwrap_or(ANY_PORT),
                callback: self.callback_url.clone(),
                given: self.given.clone().unwrap_or(StateProvider::Create),
            },
            (None, Some(url)) => {
                let (identity, notifier) = self.platform()?;
                Target::Bot {
                    url: url.clone(),
                    triggers: self.triggers()?,
                    triggered: self.triggered,
                    listen: self.listen.unwrap_or(ANY_PORT),
                    public: self.public_url.clone(),
                    proxy: self.proxy()?.map(Box::new),
                    identity,
                    notifier,
                }
            }
            (None, None) => return Ok(None),
        };
        let judged = target.role();
        match self.role {
            Some(role) if role != judged => Err(UsageError::OtherRole { role, judged }.into()),
            _ => Ok(Some(target)),
        }
    }

    fn stubs(&self, target: Option<&Target>) -> Result<Option<SharedStubs>, Failure> {
        if self.stubs.is_empty() {
            return Ok(None);
        }
        if target.is_none_or(|it| it.role() != Party::Bot) {
            return Err(UsageError::StubsWithoutBot.into());
        }
        let mut opened = Vec::new();
        for path in &self.stubs {
            let (recording, torn) = file::open(path)?;
            if let Some(torn) = torn {
                output::warn(torn);
            }
            if recording.index().is_empty() {
                return Err(UsageError::NoExchange(path.clone()).into());
            }
            opened.push(recording);
        }
        Ok(Some(Arc::new(Mutex::new(Stubs::new(opened)))))
    }

    fn triggers(&self) -> Result<Triggers, UsageError> {
        let rows = self.trigger_rows.clone();
        if self.port.is_none() && rows.iter().any(TriggerRow::uses_port) {
            return Err(UsageError::TriggerPort);
        }
        Ok(Triggers {
            rows,
            hook: self.trigger.clone(),
            port: self.port,
        })
    }

    /// The proxy that a bot under test uses; none without `--intercept`.
    fn proxy(&self) -> Result<Option<Proxy>, Failure> {
        let (Some(first), Some(interception)) = (
            self.intercept.first(),
            self.tls.interception(&self.intercept)?,
        ) else {
            return Ok(None);
        };
        let service = first.url().ok_or(UsageError::FirstHostIsPattern)?;
        Ok(Some(Proxy {
            listen: self.proxy_listen.unwrap_or(ANY_PORT),
            interception: Arc::new(interception),
            service,
        }))
    }

    /// The tokens and keys that a bot finds around the API, and the signer of its notifications,
    /// where they are signed.
    fn platform(&self) -> Result<(Option<Arc<Identity>>, Option<Notifier>), Failure> {
        let identity = self.tls.folder.identity();
        match &self.application {
            Some(application) => {
                let identity = identity?;
                let notifier = identity.notifier(application)?;
                Ok((Some(Arc::new(identity)), Some(notifier)))
            }
            // Most bots never need the folder, so a missing one is reported only when a bot does.
            None => Ok((identity.ok().map(Arc::new), None)),
        }
    }
}

/// The token, which must fit into a header. It is checked here, as the parser of arguments would
/// print a token that it refuses.
pub(crate) fn token(token: Option<String>) -> Result<Option<String>, UsageError> {
    let token = token.filter(|it| !it.is_empty());
    let is_one = |token: &String| token.bytes().all(|b| b.is_ascii_graphic());
    if token.as_ref().is_some_and(|it| !is_one(it)) {
        return Err(UsageError::Token);
    }
    Ok(token)
}

fn or_else<T>(given: &mut Vec<T>, otherwise: Vec<T>) {
    if given.is_empty() {
        *given = otherwise;
    }
}
