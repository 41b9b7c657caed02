//! Settings of `[target]` that are refused, as on the command line: settings without an effect, and malformed values.

use std::borrow::Cow;

use super::target::TargetSection;
use super::values::ValueError;
use crate::api::party::Party;
use crate::api::template;
use crate::api::template::Part;
use crate::diagnostic::Remedy;
use crate::http::interception::NamedHostError;

/// A setting of `[target]` that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`target.{key}` of the configuration: {problem}")]
pub struct SettingError {
    /// The key below `target`, with dots.
    pub key: String,
    pub problem: SettingProblem,
}

#[derive(Debug, thiserror::Error)]
pub enum SettingProblem {
    #[error("this setting does not apply to a {0}")]
    OtherParty(Party),
    #[error("it is empty")]
    EmptyApplication,
    #[error("it cannot be combined with `intercept`, which keeps the service's own address")]
    BesideIntercept,
    #[error("`{{port}}` needs `[target.command]`, which starts a program on that port")]
    NobodyTakesPort,
    #[error("the text is empty")]
    EmptyReady,
    #[error("`{{{name}}}` is not a placeholder")]
    Placeholder {
        name: String,
        /// The known placeholders.
        known: Vec<String>,
    },
    #[error("`{text}` is no URL")]
    NoUrl {
        text: String,
        /// The allowed words.
        words: &'static [&'static str],
    },
    #[error(transparent)]
    Form(#[from] ValueError),
    #[error(transparent)]
    Host(#[from] NamedHostError),
}

impl SettingProblem {
    /// This problem, as that of a setting.
    pub fn of(self, key: &str) -> SettingError {
        SettingError {
            key: key.to_owned(),
            problem: self,
        }
    }
}

impl Remedy for SettingError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match &self.problem {
            SettingProblem::OtherParty(_) => "remove it, or check `role`".into(),
            SettingProblem::EmptyApplication => "remove it if notifications are not signed".into(),
            SettingProblem::BesideIntercept => "remove one of the two".into(),
            SettingProblem::NobodyTakesPort => {
                "give the port of the target, or add `[target.command]`".into()
            }
            SettingProblem::EmptyReady => {
                "remove it if the target is ready as soon as it accepts connections".into()
            }
            SettingProblem::Placeholder { known, .. } => {
                let known: Vec<_> = known.iter().map(|name| format!("`{{{name}}}`")).collect();
                let known = match known.as_slice() {
                    [] => "no placeholder is allowed here".to_owned(),
                    known => format!("expected one of {}", known.join(", ")),
                };
                format!("{known}; write a literal brace as `{{{{`").into()
            }
            SettingProblem::NoUrl { text, words } => {
                let words = match words {
                    [] => String::new(),
                    words => format!("expected `{}`, a URL or a command: ", words.join("` and `")),
                };
                format!(
                    "{words}a URL begins with `http://` or `https://`, and a command is a list of words, `[{text:?}]`"
                )
                .into()
            }
            SettingProblem::Form(_) | SettingProblem::Host(_) => return None,
        })
    }
}

impl TargetSection {
    /// Refuses settings that would have no effect.
    pub(crate) fn validate(&self) -> Result<(), SettingError> {
        let of_other_party = match self.role {
            Party::Bot => vec![
                ("given", self.given.is_some()),
                ("callback-listen", self.callback_listen.is_some()),
                ("callback-url", self.callback_url.is_some()),
            ],
            Party::Service => vec![
                ("trigger", self.trigger.is_some()),
                ("acts-by-itself", self.acts_by_itself),
                ("application", self.application.is_some()),
                ("listen", self.listen.is_some()),
                ("public-url", self.public_url.is_some()),
                ("intercept", !self.intercept.is_empty()),
                ("stubs", !self.stubs.is_empty()),
            ],
        };
        if let Some((key, _)) = of_other_party.into_iter().find(|(_, is_there)| *is_there) {
            return Err(SettingProblem::OtherParty(self.role).of(key));
        }
        if self.application.as_ref().is_some_and(String::is_empty) {
            return Err(SettingProblem::EmptyApplication.of("application"));
        }
        if self.public_url.is_some() && !self.intercept.is_empty() {
            return Err(SettingProblem::BesideIntercept.of("public-url"));
        }
        let takes_port = self.command.is_some() || self.port.is_some();
        if self.url.contains("{port}") && !takes_port {
            return Err(SettingProblem::NobodyTakesPort.of("url"));
        }
        let ready = self.command.as_ref().and_then(|it| it.ready.as_ref());
        if ready.is_some_and(String::is_empty) {
            return Err(SettingProblem::EmptyReady.of("command.ready"));
        }
        Ok(())
    }
}

/// The text of a setting with its placeholders filled in.
pub(crate) fn fill(
    key: &str,
    text: &str,
    places: &[(&str, String)],
) -> Result<String, SettingError> {
    let mut filled = String::with_capacity(text.len());
    for part in template::parts(text) {
        match part {
            Part::Literal(literal) => filled.push_str(&literal),
            Part::Variable(name) => {
                let value = places.iter().find(|(place, _)| *place == name);
                let Some((_, value)) = value else {
                    let known = places.iter().map(|(place, _)| (*place).to_owned());
                    let problem = SettingProblem::Placeholder {
                        name: name.to_owned(),
                        known: known.collect(),
                    };
                    return Err(problem.of(key));
                };
                filled.push_str(value);
            }
        }
    }
    Ok(filled)
}
