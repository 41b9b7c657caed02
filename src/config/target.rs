//! `[target]` of `confcall.toml`: the party that is judged, how it is reached, and how it is started.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::values;
use crate::api::party::Party;

/// The party that is judged. In addresses, commands and environment variables, `{port}` is a free port that confcall
/// picks for the run. The documentation lists the other placeholders.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Target")]
pub(crate) struct TargetSection {
    /// The folder of the file, in which hooks that are commands run.
    #[serde(skip)]
    pub folder: PathBuf,
    /// The value of `{port}` if the program already listens there; `None` for any free port.
    #[serde(skip)]
    pub port: Option<u16>,
    /// The party that is judged.
    pub role: Party,
    /// The address of a service, or the callback of a bot.
    pub url: String,
    /// The receiver of a bot's triggers: a URL, or a command that gets the trigger on its standard input. If absent, the
    /// bot needs no triggers.
    #[serde(default)]
    pub trigger: Option<HookSetting>,
    /// True if the bot sends its next request after a notification, without a trigger.
    #[serde(default)]
    pub acts_by_itself: bool,
    /// How confcall sets up provider states: `create`, `assume`, the URL of a hook, or a command that gets the
    /// request on its standard input.
    #[serde(default)]
    pub given: Option<HookSetting>,
    /// The application id of a bot. Notifications are then signed as the platform signs them, with this id as the
    /// audience.
    #[serde(default)]
    pub application: Option<String>,
    /// The bearer token to send. The option and the environment variable override it.
    #[serde(default)]
    pub token: Option<String>,
    /// The address at which confcall listens as the service.
    #[serde(default)]
    pub listen: Option<String>,
    /// The address of the service that a bot gets, if it differs from `listen`.
    #[serde(default)]
    pub public_url: Option<String>,
    /// The address at which confcall receives notifications as the bot.
    #[serde(default)]
    pub callback_listen: Option<String>,
    /// The callback address that a service gets, if it differs from `callback-listen`.
    #[serde(default)]
    pub callback_url: Option<String>,
    /// The hosts for which confcall answers as the service, for a bot whose service address cannot be
    /// changed.
    #[serde(default)]
    pub intercept: Vec<String>,
    /// Cassettes and HAR files with the responses to a bot's requests outside of the calling API. Paths are relative to
    /// the folder of `confcall.toml`.
    #[serde(default)]
    pub stubs: Vec<PathBuf>,
    /// True if confcall listens with TLS, with certificates of the local authority.
    #[serde(default)]
    pub tls: bool,
    /// A PEM file of certificates that are trusted in addition to those of the system. The path is relative to the
    /// folder of `confcall.toml`.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// The program of the target, if confcall starts it.
    #[serde(default)]
    pub command: Option<TargetCommand>,
}

/// A hook: an address, or a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HookSetting {
    /// A text: a URL, or a word.
    Text(String),
    /// A program and its arguments.
    Command(Vec<String>),
}

impl<'de> Deserialize<'de> for HookSetting {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = HookSetting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL in quotes, or a command as a list: [\"program\", \"argument\"]")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<HookSetting, E> {
                Ok(HookSetting::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<HookSetting, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = list.next_element()? {
                    words.push(word);
                }
                if words.is_empty() {
                    return Err(de::Error::invalid_length(0, &self));
                }
                Ok(HookSetting::Command(words))
            }
        }
        from.deserialize_any(Reader)
    }
}

impl JsonSchema for HookSetting {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HookSetting".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A URL, or a command as a list of words.",
            "oneOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 },
            ]
        })
    }
}

/// `[target.command]`: how confcall starts and stops the target.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Command")]
pub(crate) struct TargetCommand {
    /// The program and its arguments.
    #[serde(deserialize_with = "words")]
    pub run: Vec<String>,
    /// The working folder of the program, relative to the folder of `confcall.toml`.
    #[serde(default)]
    pub folder: PathBuf,
    /// The text in its output that shows that the program is ready. If absent, it is ready when it accepts connections
    /// at the address of the target.
    #[serde(default)]
    pub ready: Option<String>,
    /// How long the program may take to become ready.
    #[serde(default = "ready_within", deserialize_with = "time")]
    #[schemars(with = "String")]
    pub ready_within: Duration,
    /// The file for its output, relative to the folder of `confcall.toml`.
    #[serde(default)]
    pub log: Option<PathBuf>,
    /// True if a replay of several recordings starts the program only once. If false, it is started again for each
    /// recording.
    #[serde(default)]
    pub once: bool,
    /// How long the program may take to end after SIGTERM (on Windows: Ctrl-Break). Then it is killed.
    #[serde(default = "end_within", deserialize_with = "time")]
    #[schemars(with = "String")]
    pub end_within: Duration,
    /// Environment variables, in addition to those of confcall.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
}

impl TargetSection {
    /// Whether any of its texts has the placeholder `{port}`.
    pub(crate) fn uses_port(&self) -> bool {
        let mut texts = vec![&self.url];
        for ask in [&self.trigger, &self.given].into_iter().flatten() {
            match ask {
                HookSetting::Text(text) => texts.push(text),
                HookSetting::Command(words) => texts.extend(words),
            }
        }
        if let Some(command) = &self.command {
            texts.extend(command.run.iter().chain(command.environment.values()));
        }
        texts.iter().any(|text| text.contains("{port}"))
    }
}

impl TargetCommand {
    /// A program that is started with the defaults.
    pub(crate) fn new(words: Vec<String>, folder: PathBuf) -> Self {
        Self {
            run: words,
            folder,
            ready: None,
            ready_within: ready_within(),
            log: None,
            once: false,
            end_within: end_within(),
            environment: BTreeMap::new(),
        }
    }
}

const fn ready_within() -> Duration {
    Duration::from_secs(30)
}

const fn end_within() -> Duration {
    Duration::from_secs(5)
}

fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let words = Vec::deserialize(from).map_err(|error: D::Error| {
        let form = r#"a command must be a list of words, `["program", "argument"]`"#;
        de::Error::custom(format!("{}: {form}", error.to_string().trim_end()))
    })?;
    if words.is_empty() {
        let expected = "a program and its arguments";
        return Err(de::Error::invalid_length(0, &expected));
    }
    Ok(words)
}

/// Reads a duration, `500ms`.
pub(super) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from).map_err(|error: D::Error| {
        let form = r#"a duration in quotes, such as `"500ms"`, `"3s"` or `"2m"`"#;
        de::Error::custom(format!("{}: {form}", error.to_string().trim_end()))
    })?;
    values::duration(&text).map_err(de::Error::custom)
}

/// Reads a duration if it is not absent.
pub(super) fn some_time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    time(from).map(Some)
}
