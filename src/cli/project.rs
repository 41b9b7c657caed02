//! The target that `confcall.toml` describes: its texts are parsed, and a free port is picked if they have `{port}`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::slice;

use url::Url;

use super::failure::{EnvironmentError, Failure};
use crate::api::party::Party;
use crate::config::target::{HookSetting, TargetSection};
use crate::config::validation::{SettingError, SettingProblem, fill};
use crate::config::values;
use crate::http::free_port;
use crate::http::interception::{NamedHost, NamedHostError};
use crate::runner::options::TargetProgram;
use crate::runner::process::Program;
use crate::runner::{Hook, StateProvider};

/// `[target]`, as [`TargetSection`] has it.
#[derive(Debug)]
pub(crate) struct ProjectTarget {
    pub role: Party,
    pub url: Url,
    pub trigger: Option<Hook>,
    pub acts_by_itself: bool,
    pub given: Option<StateProvider>,
    pub application: Option<String>,
    pub token: Option<String>,
    pub listen: Option<SocketAddr>,
    pub public_url: Option<Url>,
    pub callback_listen: Option<SocketAddr>,
    pub callback_url: Option<Url>,
    pub intercept: Vec<NamedHost>,
    pub stubs: Vec<PathBuf>,
    pub tls: bool,
    pub ca: Option<PathBuf>,
    /// The value of `{port}`, where somebody takes it.
    pub port: Option<u16>,
    pub program: Option<TargetProgram>,
}

impl ProjectTarget {
    /// Reads the section, and picks a free port if one of its texts, or something beside it, has `{port}`.
    pub(crate) fn read(section: TargetSection, is_port_used_beside: bool) -> Result<Self, Failure> {
        section.validate()?;
        let uses_port = section.uses_port() || is_port_used_beside;
        let port = match section.port {
            None if uses_port => Some(free_port().map_err(EnvironmentError::Port)?),
            port => port,
        };
        let texts = Texts {
            port: port.map(|port| ("port", port.to_string())),
            section: &section,
        };
        let address =
            |key, text: Option<&String>| text.map(|text| texts.url(key, text)).transpose();
        let base = |key, text: Option<&String>| text.map(|text| texts.base(key, text)).transpose();
        let trigger = section.trigger.as_ref();
        let given = section.given.as_ref();
        let wrong = |error: NamedHostError| SettingProblem::Host(error).of("intercept");
        let hosts = section.intercept.iter();
        let hosts: Result<_, _> = hosts.map(|it| it.parse().map_err(wrong)).collect();
        let takes_port = section.command.is_some() || section.port.is_some();
        Ok(Self {
            role: section.role,
            url: texts.party(&section)?,
            trigger: trigger
                .map(|hook| texts.hook("trigger", hook))
                .transpose()?,
            acts_by_itself: section.acts_by_itself,
            given: given.map(|hook| texts.given(hook)).transpose()?,
            listen: listen("listen", section.listen.as_ref())?,
            public_url: base("public-url", section.public_url.as_ref())?,
            callback_listen: listen("callback-listen", section.callback_listen.as_ref())?,
            callback_url: address("callback-url", section.callback_url.as_ref())?,
            intercept: hosts?,
            port: port.filter(|_| takes_port),
            application: section.application,
            token: section.token,
            stubs: section.stubs,
            tls: section.tls,
            ca: section.ca,
            program: section
                .command
                .map(|command| TargetProgram { command, port }),
        })
    }
}

/// The texts of `[target]`, with `{port}` filled in.
struct Texts<'a> {
    port: Option<(&'static str, String)>,
    section: &'a TargetSection,
}

impl Texts<'_> {
    fn fill(&self, key: &str, text: &str) -> Result<String, SettingError> {
        match &self.port {
            Some(port) => fill(key, text, slice::from_ref(port)),
            // Without it nothing has `{port}`, so another word is a misspelling of it.
            None => fill(key, text, &[("port", String::new())]),
        }
    }

    fn url(&self, key: &str, text: &str) -> Result<Url, SettingError> {
        let filled = self.fill(key, text)?;
        values::url(&filled).map_err(|form| SettingProblem::Form(form).of(key))
    }

    fn base(&self, key: &str, text: &str) -> Result<Url, SettingError> {
        let filled = self.fill(key, text)?;
        values::base(&filled).map_err(|form| SettingProblem::Form(form).of(key))
    }

    /// The address of a service, or the callback of a bot.
    fn party(&self, section: &TargetSection) -> Result<Url, SettingError> {
        match section.role {
            Party::Service => self.base("url", &section.url),
            Party::Bot => self.url("url", &section.url),
        }
    }

    fn given(&self, hook: &HookSetting) -> Result<StateProvider, SettingError> {
        match hook {
            HookSetting::Text(word) if word == "create" => Ok(StateProvider::Create),
            HookSetting::Text(word) if word == "assume" => Ok(StateProvider::Assume),
            hook => self.hook("given", hook).map(StateProvider::Hook),
        }
    }

    fn hook(&self, key: &str, hook: &HookSetting) -> Result<Hook, SettingError> {
        match hook {
            HookSetting::Text(text) if !text.contains("://") => {
                let words: &[_] = match key {
                    "given" => &["create", "assume"],
                    _ => &[],
                };
                let text = text.clone();
                Err(SettingProblem::NoUrl { text, words }.of(key))
            }
            HookSetting::Text(text) => self.url(key, text).map(Hook::Url),
            HookSetting::Command(words) => {
                let words: Result<_, _> = words.iter().map(|it| self.fill(key, it)).collect();
                Ok(Hook::Command(Program {
                    words: words?,
                    folder: self.section.folder.clone(),
                    environment: Vec::new(),
                }))
            }
        }
    }
}

fn listen(key: &str, text: Option<&String>) -> Result<Option<std::net::SocketAddr>, SettingError> {
    let wrong = |form| SettingProblem::Form(form).of(key);
    text.map(|it| values::listen(it).map_err(wrong)).transpose()
}
