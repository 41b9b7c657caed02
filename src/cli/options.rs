//! The options of a run: the arguments of `confcall run`, completed from `confcall.toml`.

use std::sync::Arc;
use std::time::Duration;

use clap::{Args as _, Command, FromArgMatches as _};
use url::Url;

use super::environment;
use super::failure::Failure;
use super::reports::ReportFile;
use super::run::Arguments;
use super::scenarios::{Selected, judged};
use super::target::token;
use super::usage::UsageError;
use crate::api::party::Party;
use crate::config::Config;
use crate::files::FileError;
use crate::http::Client;
use crate::inject::InjectionChoice;
use crate::judge;
use crate::judge::verdict::JudgedTarget;
use crate::runner::Options;
use crate::runner::observer::Unobserved;
use crate::runner::repetition::Measured;
use crate::scenario::selection::{LeftOut, Scope};

/// The time for surplus messages of a target that is not built in.
pub(super) const SETTLE: Duration = Duration::from_millis(250);

/// The options of a run with `confcall.toml` and without arguments. The environment counts as for
/// `confcall run` without arguments.
pub(crate) fn of_project(mut config: Config) -> Result<Options, Failure> {
    let mut arguments = Arguments::absent()?;
    arguments.complete(&mut config)?;
    let (options, _) = arguments.options(config)?;
    Ok(options)
}

impl Arguments {
    /// The arguments of `confcall run` alone. The environment counts.
    pub(crate) fn absent() -> Result<Self, UsageError> {
        let command = Self::augment_args(Command::new("confcall"));
        let read = command.try_get_matches_from(["confcall"]);
        let read = read.and_then(|read| Self::from_arg_matches(&read));
        read.map_err(UsageError::Arguments)
    }

    /// Completes the arguments from the configuration. A target in the arguments replaces that of the configuration
    /// entirely.
    pub(crate) fn complete(&mut self, config: &mut Config) -> Result<(), Failure> {
        self.target.complete(config)?;
        let judging = std::mem::take(&mut config.judging);
        self.deadline = self.deadline.or(judging.deadline);
        self.settle = self.settle.or(judging.settle);
        self.jobs = self.jobs.or(judging.jobs);
        self.literal |= judging.literal;
        self.strict |= judging.strict;
        let scenarios = std::mem::take(&mut config.scenarios);
        let which = &mut self.which;
        self.injection.is_setting = self.injection.inject.is_empty() && !which.filters.is_empty();
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

    /// The target as a report names it, before it is known whether anything can be played.
    pub(crate) fn judged(&self) -> JudgedTarget {
        let url = self.target.service.as_ref().or(self.target.bot.as_ref());
        JudgedTarget {
            role: self.target.role().or(self.role),
            url: url.map(Url::to_string),
        }
    }

    /// The options of the run by these arguments, and the scenarios that are left out of it.
    pub(crate) fn options(mut self, config: Config) -> Result<(Options, LeftOut), Failure> {
        let target = self.target.target()?;
        let (parties, mut scenarios) = self.select(&config)?;
        let defaults = judge::Options::default();
        let token = token(self.target.token.take())?;
        if let Some(shard) = self.shard {
            scenarios.cut(shard)?;
        }
        let settle = match target {
            None => Duration::ZERO,
            Some(_) => SETTLE,
        };
        let measured = Measured::of(self.course.repeat());
        let trust = self.target.tls.trust()?;
        let client = match target {
            Some(_) if measured.is_none() => Client::trusting(trust),
            // A connection for each message of many conversations would use up the ports of this machine.
            _ => Client::keeping_connections(trust),
        };
        let authority = self.target.tls.authority()?;
        let stubs = self.target.stubs(target.as_ref())?;
        let options = Options {
            stubs,
            scenarios: scenarios.picked,
            all: scenarios.all,
            shard: self.shard,
            target,
            parties,
            program: self.target.program,
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
            measured,
            observer: Arc::new(Unobserved),
        };
        Ok((options, scenarios.left_out))
    }

    /// The parties that a run with these arguments judges, and the scenarios that it selects.
    pub(crate) fn select(&self, config: &Config) -> Result<(Vec<Party>, Selected), Failure> {
        let claims = &config.claims;
        let parties = judged(self.role()?);
        let is_built_in = self.target.role().is_none();
        // `--literal` plays no fault injection: no page prints it.
        let injection = if is_built_in && !self.literal {
            InjectionChoice::Fast
        } else {
            InjectionChoice::None
        };
        let scope = if is_built_in {
            Scope::Everything
        } else {
            Scope::Claimed {
                apis: claims.api.clone(),
                editions: claims.editions.clone(),
            }
        };
        let (chosen, which) = (&self.injection, &self.which);
        let selected = chosen.select(which, &parties, injection, scope);
        let selected = selected.map_err(|failure| match failure {
            Failure::Selection(nothing) => {
                let source = config.source.as_ref();
                match source.and_then(|it| it.locate(&nothing)) {
                    Some(wrong) => FileError::Broken(vec![wrong]).into(),
                    None => nothing.into(),
                }
            }
            other => other,
        })?;
        Ok((parties, selected))
    }

    /// The only party that is judged, if there is only one.
    fn role(&self) -> Result<Option<Party>, UsageError> {
        match (self.role, self.target.role()) {
            (Some(role), Some(judged)) if role != judged => {
                Err(UsageError::OtherRole { role, judged })
            }
            (role, judged) => Ok(judged.or(role)),
        }
    }
}

pub(super) fn or_else<T>(given: &mut Vec<T>, otherwise: Vec<T>) {
    if given.is_empty() {
        *given = otherwise;
    }
}
