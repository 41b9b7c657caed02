//! The options that name the target, and the addresses under which target and confcall reach each other.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use clap::Args;
use url::Url;

use super::failure::Failure;
use super::options::or_else;
use super::output;
use super::project::ProjectTarget;
use super::tls::Tls;
use super::usage::UsageError;
use crate::api::party::Party;
use crate::config::Config;
use crate::config::target::TargetSection;
use crate::config::trigger::TriggerRow;
use crate::config::values;
use crate::config::values::ValueError;
use crate::http::interception::NamedHost;
use crate::platform::{Identity, Notifier};
use crate::replay::recording::file;
use crate::replay::stubs::{SharedStubs, Stubs};
use crate::runner::options::TargetProgram;
use crate::runner::{ANY_PORT, Hook, Proxy, StateProvider, Target, Triggered, Triggers};

#[derive(Debug, Clone, Args)]
pub(crate) struct TargetOptions {
    /// Judge the service at this address; confcall plays the bot
    #[arg(long, value_name = "URL", value_parser = values::base, help_heading = "Target", conflicts_with = "bot")]
    pub service: Option<Url>,
    /// Listen here for the service's notifications [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen, help_heading = "Target", requires = "service")]
    pub callback_listen: Option<SocketAddr>,
    /// The callback address to give to the service, if it differs from `--callback-listen`
    #[arg(long, value_name = "URL", value_parser = values::url, help_heading = "Target", requires = "service")]
    pub callback_url: Option<Url>,
    /// Judge the bot with this callback; confcall plays the service
    #[arg(long, value_name = "URL", value_parser = values::url, help_heading = "Target")]
    pub bot: Option<Url>,
    /// Send triggers to this address of the bot
    #[arg(long, value_name = "URL", value_parser = trigger, help_heading = "Target", requires = "bot")]
    pub trigger: Option<Hook>,
    #[arg(skip)]
    pub triggered: Triggered,
    /// `[[trigger]]` of `confcall.toml`.
    #[arg(skip)]
    pub trigger_rows: Vec<TriggerRow>,
    /// The port of the target, where `confcall.toml` has `{port}`.
    #[arg(skip)]
    pub port: Option<u16>,
    /// The command of the target in `confcall.toml`.
    #[arg(skip)]
    pub program: Option<TargetProgram>,
    /// Listen here for the bot's requests [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen, help_heading = "Target", requires = "bot")]
    pub listen: Option<SocketAddr>,
    /// The service's address to give to the bot, if it differs from `--listen`
    #[arg(long, value_name = "URL", value_parser = values::base, help_heading = "Target", requires = "bot")]
    pub public_url: Option<Url>,
    /// Act as the bot's proxy (`HTTPS_PROXY`) and answer as the service for these hosts
    #[arg(
        long,
        value_name = "HOST",
        num_args = 1..,
        help_heading = "Target",
        requires = "bot",
        conflicts_with = "public_url"
    )]
    pub intercept: Vec<NamedHost>,
    /// Listen here for the bot's proxy connections [default: any free port of 127.0.0.1]
    #[arg(long, value_name = "ADDR", value_parser = values::listen, help_heading = "Target", requires = "intercept")]
    pub proxy_listen: Option<SocketAddr>,
    /// Answer the bot's requests to other APIs from these cassettes or HAR files
    #[arg(long, value_name = "FILE", num_args = 1.., help_heading = "Target")]
    pub stubs: Vec<PathBuf>,
    /// Sign the tokens of notifications as the platform does, for the bot with this application id
    #[arg(long, value_name = "ID", value_parser = clap::builder::NonEmptyStringValueParser::new(), help_heading = "Target", requires = "bot", conflicts_with = "service")]
    pub application: Option<String>,
    /// The bearer token to send
    #[arg(
        long,
        value_name = "TOKEN",
        env = "CONFCALL_TOKEN",
        hide_env_values = true,
        help_heading = "Target"
    )]
    pub token: Option<String>,
    /// How to set up provider states: create (by requests), assume (they exist), or the URL of a hook [default: create]
    #[arg(long, value_name = "HOW", value_parser = given, help_heading = "Target")]
    pub given: Option<StateProvider>,

    #[command(flatten)]
    pub tls: Tls,
}

impl TargetOptions {
    /// Completes the options from the configuration. A target in the options replaces that of the configuration entirely.
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
            self.take(target)?;
        }
        Ok(())
    }

    fn take(&mut self, section: TargetSection) -> Result<(), Failure> {
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

    /// The party that the target is; none for the built-in pair.
    pub(crate) fn role(&self) -> Option<Party> {
        match (&self.service, &self.bot) {
            (Some(_), _) => Some(Party::Service),
            (None, Some(_)) => Some(Party::Bot),
            (None, None) => None,
        }
    }

    /// The target; none for the built-in pair.
    pub(crate) fn target(&self) -> Result<Option<Target>, Failure> {
        if self.given.is_some() && self.service.is_none() {
            return Err(UsageError::GivenWithoutService.into());
        }
        Ok(match (&self.service, &self.bot) {
            (Some(url), _) => Some(Target::Service {
                url: url.clone(),
                listen: self.callback_listen.unwrap_or(ANY_PORT),
                callback: self.callback_url.clone(),
                given: self.given.clone().unwrap_or(StateProvider::Create),
            }),
            (None, Some(url)) => {
                let (identity, notifier) = self.platform()?;
                Some(Target::Bot {
                    url: url.clone(),
                    triggers: self.triggers()?,
                    triggered: self.triggered,
                    listen: self.listen.unwrap_or(ANY_PORT),
                    public: self.public_url.clone(),
                    proxy: self.proxy()?.map(Box::new),
                    identity,
                    notifier,
                })
            }
            (None, None) => None,
        })
    }

    pub(crate) fn stubs(&self, target: Option<&Target>) -> Result<Option<SharedStubs>, Failure> {
        if !self.stubs.is_empty() && target.is_none_or(|it| it.role() != Party::Bot) {
            return Err(UsageError::StubsWithoutBot.into());
        }
        stubs(&self.stubs)
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

fn trigger(text: &str) -> Result<Hook, ValueError> {
    values::url(text).map(Hook::Url)
}

pub(crate) fn given(text: &str) -> Result<StateProvider, ValueError> {
    match text {
        "create" => Ok(StateProvider::Create),
        "assume" => Ok(StateProvider::Assume),
        text if text.contains("://") => values::url(text).map(Hook::Url).map(StateProvider::Hook),
        _ => Err(ValueError::Given),
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

/// Opens the files of stubs.
pub(crate) fn stubs(files: &[PathBuf]) -> Result<Option<SharedStubs>, Failure> {
    let mut opened = Vec::new();
    for path in files {
        let (recording, torn) = file::open(path)?;
        if let Some(torn) = torn {
            output::warn(torn);
        }
        if recording.index().is_empty() {
            return Err(UsageError::NoExchange(path.clone()).into());
        }
        opened.push(recording);
    }
    Ok((!opened.is_empty()).then(|| Arc::new(Mutex::new(Stubs::new(opened)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provider_states_have_three_sources() {
        assert_eq!(given("assume"), Ok(StateProvider::Assume));
        let hook = given("http://h/g");
        assert!(matches!(hook, Ok(StateProvider::Hook(Hook::Url(_)))));
        assert_eq!(given("crate"), Err(ValueError::Given));
    }
}
