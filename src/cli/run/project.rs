//! What `confcall.toml` says of a run: put where the arguments say nothing, and its target started.

use url::Url;

use super::arguments::Arguments;
use crate::api::party::Party;
use crate::api::template;
use crate::api::template::Part;
use crate::cli::failure::{EnvironmentError, Failure};
use crate::cli::values;
use crate::cli::values::{ReportFile, ReportKind};
use crate::config::Config;
use crate::config::claims::Claims;
use crate::config::known_failure::KnownFailure;
use crate::config::target::{Ask, Command, TargetSection};
use crate::config::validation::{SettingError, SettingProblem};
use crate::http::free_port;
use crate::runner::process::{Launch, Program, Ready};
use crate::runner::{Hook, Stage, StateProvider};

/// What a project says that no argument can.
#[derive(Debug, Default)]
pub(super) struct Project {
    /// Who is triggered in the place of `--trigger`.
    pub trigger: Option<Hook>,
    /// Whether the bot does by itself what a notification provokes.
    pub acts_by_itself: bool,
    /// Who brings about provider states in the place of `--given`.
    pub given: Option<StateProvider>,
    /// What the target says that it does.
    pub claims: Claims,
    /// The failures that are known.
    pub known: Vec<KnownFailure>,
    /// How the target is started, where confcall is to start it.
    command: Option<Command>,
    port: Option<u16>,
}

impl Project {
    /// Fills in what the arguments leave open. A target of the arguments goes before that of the
    /// project, all of it.
    ///
    /// # Errors
    ///
    /// Addresses that are none, and placeholders that nobody knows.
    pub(super) fn new(config: Config, arguments: &mut Arguments) -> Result<Self, Failure> {
        let mut project = Self {
            claims: config.claims,
            known: config.known,
            ..Self::default()
        };
        if let Some(target) = config.target
            && arguments.service.is_none()
            && arguments.bot.is_none()
        {
            project.take(target, arguments)?;
        }
        let judging = config.judging;
        arguments.deadline = arguments.deadline.or(judging.deadline);
        arguments.settle = arguments.settle.or(judging.settle);
        arguments.jobs = arguments.jobs.or(judging.jobs);
        arguments.literal |= judging.literal;
        arguments.strict |= judging.strict;
        let scenarios = config.scenarios;
        let which = &mut arguments.which;
        which.among.source.scenarios = which.among.source.scenarios.take().or(scenarios.folder);
        fill(&mut which.filters, scenarios.filters);
        fill(&mut which.among.edition, scenarios.editions);
        fill(&mut which.among.locale, scenarios.locales);
        fill(&mut which.among.tag, scenarios.tags);
        fill(&mut arguments.injection.inject, scenarios.inject);
        let reports = config.reports;
        arguments.snapshots = arguments.snapshots.take().or(reports.snapshots);
        for (kind, path) in [
            (ReportKind::Json, reports.json),
            (ReportKind::Junit, reports.junit),
            (ReportKind::Html, reports.html),
        ] {
            let is_asked_for = arguments.report.iter().any(|it| it.kind == kind);
            if let (Some(path), false) = (path, is_asked_for) {
                arguments.report.push(ReportFile { kind, path });
            }
        }
        Ok(project)
    }

    fn take(&mut self, target: TargetSection, arguments: &mut Arguments) -> Result<(), Failure> {
        target.validate()?;
        self.port = match target.port {
            Some(port) => Some(port),
            None => target
                .uses_port()
                .then(free_port)
                .transpose()
                .map_err(EnvironmentError::Port)?,
        };
        let url = self.url("url", &target.url)?;
        match target.role {
            Party::Service => arguments.service = Some(url),
            Party::Bot => arguments.bot = Some(url),
        }
        self.acts_by_itself = target.acts_by_itself;
        self.trigger = match &target.trigger {
            Some(ask) => Some(self.hook("trigger", ask, &target)?),
            None => None,
        };
        self.given = match &target.given {
            Some(Ask::Text(word)) if word == "create" => Some(StateProvider::Create),
            Some(Ask::Text(word)) if word == "assume" => Some(StateProvider::Assume),
            Some(ask) => Some(StateProvider::Ask(self.hook("given", ask, &target)?)),
            None => None,
        };
        let listen = |key: &str, text: Option<&String>| {
            let wrong = |form| SettingProblem::Form(form).of(key);
            text.map(|it| values::listen(it).map_err(wrong)).transpose()
        };
        arguments.listen = listen("listen", target.listen.as_ref())?;
        arguments.callback_listen = listen("callback-listen", target.callback_listen.as_ref())?;
        let told = |key: &str, text: Option<&String>| text.map(|it| self.url(key, it)).transpose();
        arguments.public_url = told("public-url", target.public_url.as_ref())?;
        arguments.callback_url = told("callback-url", target.callback_url.as_ref())?;
        let wrong = |form| SettingProblem::Form(form).of("intercept");
        let host = |it: &String| it.parse().map_err(wrong);
        let hosts: Result<Vec<_>, SettingError> = target.intercept.iter().map(host).collect();
        arguments.intercept = hosts?;
        arguments.application = target.application;
        arguments.tls.listens |= target.tls;
        arguments.tls.ca = arguments.tls.ca.take().or(target.ca);
        arguments.token = arguments.token.take().or(target.token);
        self.command = target.command;
        Ok(())
    }

    fn url(&self, key: &str, text: &str) -> Result<Url, SettingError> {
        let filled = self.filled(key, text, &[])?;
        values::url(&filled).map_err(|form| SettingProblem::Form(form).of(key))
    }

    fn hook(&self, key: &str, ask: &Ask, target: &TargetSection) -> Result<Hook, SettingError> {
        match ask {
            Ask::Text(text) if !text.contains("://") => {
                let words: &[_] = if key == "given" {
                    &["create", "assume"]
                } else {
                    &[]
                };
                let text = text.clone();
                Err(SettingProblem::NoUrl { text, words }.of(key))
            }
            Ask::Text(text) => self.url(key, text).map(Hook::Url),
            Ask::Command(words) => {
                let words: Result<_, _> = words
                    .iter()
                    .map(|word| self.filled(key, word, &[]))
                    .collect();
                Ok(Hook::Command(Program {
                    words: words?,
                    folder: target.folder.clone(),
                    environment: Vec::new(),
                }))
            }
        }
    }

    /// A text with its placeholders filled in: `{port}`, and these.
    fn filled(
        &self,
        key: &str,
        text: &str,
        places: &[(&str, String)],
    ) -> Result<String, SettingError> {
        let mut known = places.to_vec();
        known.extend(self.port.map(|port| ("port", port.to_string())));
        let mut filled = String::with_capacity(text.len());
        for part in template::parts(text) {
            match part {
                Part::Literal(literal) => filled.push_str(&literal),
                Part::Variable(name) => {
                    let value = known.iter().find(|(other, _)| *other == name);
                    let (_, value) = value.ok_or_else(|| unknown(key, name, &known))?;
                    filled.push_str(value);
                }
            }
        }
        Ok(filled)
    }

    /// How the target is started for a stage; none where it runs already.
    ///
    /// # Errors
    ///
    /// Placeholders that nobody knows.
    pub(super) fn launch(
        &self,
        stage: &Stage,
        target: &Url,
    ) -> Result<Option<Launch>, SettingError> {
        let Some(command) = &self.command else {
            return Ok(None);
        };
        let own = stage.told_url().trim_end_matches('/').to_owned();
        let mut places = vec![("service", own.clone()), ("callback", own)];
        let mut environment = Vec::new();
        if let Some((proxy, certificate)) = stage.proxy() {
            let certificate = certificate.display().to_string();
            places.push(("proxy", proxy.to_owned()));
            places.push(("authority", certificate.clone()));
            let by_proxy = ["HTTPS_PROXY", "https_proxy"].map(|name| (name, proxy.to_owned()));
            let trusts = [
                "NODE_EXTRA_CA_CERTS",
                "SSL_CERT_FILE",
                "REQUESTS_CA_BUNDLE",
                "CURL_CA_BUNDLE",
            ];
            let trusts = trusts.map(|name| (name, certificate.clone()));
            environment.extend(by_proxy.into_iter().chain(trusts));
            environment.push(("NODE_USE_ENV_PROXY", "1".to_owned()));
        }
        let mut environment: Vec<(String, String)> = environment
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        for (name, value) in &command.environment {
            let key = format!("command.environment.{name}");
            environment.push((name.clone(), self.filled(&key, value, &places)?));
        }
        let words: Result<_, _> = command
            .run
            .iter()
            .map(|word| self.filled("command.run", word, &places))
            .collect();
        Ok(Some(Launch {
            program: Program {
                words: words?,
                folder: command.folder.clone(),
                environment,
            },
            ready: match &command.ready {
                Some(text) => Ready::Says(text.clone()),
                None => Ready::connects(target),
            },
            ready_within: command.ready_within,
            log: command.log.clone(),
            end_within: command.end_within,
        }))
    }
}

impl TargetSection {
    /// Whether any of its texts has the place of a free port.
    fn uses_port(&self) -> bool {
        let mut texts = vec![&self.url];
        for ask in [&self.trigger, &self.given].into_iter().flatten() {
            match ask {
                Ask::Text(text) => texts.push(text),
                Ask::Command(words) => texts.extend(words),
            }
        }
        if let Some(command) = &self.command {
            texts.extend(command.run.iter().chain(command.environment.values()));
        }
        texts.iter().any(|text| text.contains("{port}"))
    }
}

fn fill<T>(given: &mut Vec<T>, otherwise: Vec<T>) {
    if given.is_empty() {
        *given = otherwise;
    }
}

fn unknown(key: &str, name: &str, known: &[(&str, String)]) -> SettingError {
    let known = known.iter().map(|(name, _)| (*name).to_owned()).collect();
    let name = name.to_owned();
    SettingProblem::Placeholder { name, known }.of(key)
}
