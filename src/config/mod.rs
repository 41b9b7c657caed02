//! `confcall.toml`: the configuration of a project.

pub(crate) mod claims;
pub(crate) mod known_failure;
pub(crate) mod monitor;
pub(crate) mod target;
pub(crate) mod trigger;
pub(crate) mod validation;
pub(crate) mod values;

use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use toml::de::DeTable;

use self::claims::Claims;
use self::known_failure::KnownFailure;
use self::monitor::MonitorSection;
use self::target::TargetSection;
use self::trigger::TriggerRow;
use crate::diagnostic::path::Shown as _;
use crate::diagnostic::place::Place;
use crate::diagnostic::{Diagnostic, Remedy as _, closest};
use crate::files::FileError;
use crate::inject::InjectionChoice;
use crate::redact::ProjectRedaction;
use crate::replay::rules::ReplayRule;
use crate::scenario::selection::{Criterion, Filter, Nothing};

/// The file name of the configuration, in the folder that confcall is started in.
pub(crate) const FILE: &str = "confcall.toml";

/// A configuration file. Paths in it are relative to its own folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "confcall.toml")]
pub(crate) struct Config {
    /// The address of the JSON Schema of this format, for editors.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// `[target]`: the party that is judged; if absent, the built-in pair.
    pub target: Option<TargetSection>,
    /// `[[trigger]]`: how confcall makes a bot send the request of an operation: with a request of the bot's own API, or
    /// with a command. The first matching row is used.
    pub trigger: Vec<TriggerRow>,
    /// `[scenarios]`: the scenarios to play.
    pub scenarios: Scenarios,
    /// `[judging]`: the strictness and the time limits of the judge.
    pub judging: Judging,
    /// `[claims]`: the part of the contract that the target follows.
    pub claims: Claims,
    /// `[[known]]`: known failures.
    pub known: Vec<KnownFailure>,
    /// `[reports]`: files that are written in addition to the output on the terminal.
    pub reports: Reports,
    /// `[redaction]`: changes of the redaction rules: more values to replace, and values to keep.
    pub redaction: ProjectRedaction,
    /// `[replay]`: the rules of a replay.
    pub replay: ReplaySection,
    /// `[monitor]`: the environment of the command of `confcall monitor`.
    pub monitor: MonitorSection,
    /// The file, for errors that are found only after it was read.
    #[serde(skip)]
    pub source: Option<Source>,
}

/// The name and the text of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    file: String,
    text: String,
}

impl Source {
    /// The error at the value that selects nothing; none if the file does not have it.
    pub(crate) fn locate(&self, nothing: &Nothing) -> Option<Diagnostic> {
        let (criterion, value) = nothing.wanted.as_ref()?;
        let parsed = DeTable::parse(&self.text).ok()?;
        let lists = keys_of(*criterion).iter().filter_map(|(table, key)| {
            let table = parsed.get_ref().get(*table)?.get_ref().as_table()?;
            table.get(*key)?.get_ref().as_array()
        });
        let mut values = lists.flat_map(|it| it.iter());
        let found = values.find(|it| it.get_ref().as_str() == Some(value))?;
        let place = Place::of_offset(&self.text, found.span().start);
        let mut wrong = place.diagnostic(&self.file, &self.text, &nothing.message);
        wrong.remedy = nothing.remedy().map(Into::into);
        Some(wrong)
    }
}

/// The tables and keys of the lists that have the values of a criterion.
const fn keys_of(criterion: Criterion) -> &'static [(&'static str, &'static str)] {
    match criterion {
        Criterion::Filter => &[("scenarios", "filters")],
        Criterion::Operation => &[("scenarios", "operations")],
        Criterion::ApiVersion => &[("claims", "api")],
        Criterion::Edition => &[("scenarios", "editions"), ("claims", "editions")],
        Criterion::Locale => &[("scenarios", "locales")],
        Criterion::Tag => &[("scenarios", "tags")],
    }
}

/// `[scenarios]`: the scenarios to play. Options of the command line override these keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Scenarios {
    /// A folder of scenarios, instead of the built-in ones.
    pub folder: Option<PathBuf>,
    /// A contract file, written by `confcall extract --contract`, instead of the built-in contract.
    pub contract: Option<PathBuf>,
    /// Filters by scenario id: a part of the id, or a glob that matches the whole id.
    #[schemars(with = "Vec<String>")]
    pub filters: Vec<Filter>,
    /// Filters by operation, such as `invite`.
    pub operations: Vec<String>,
    /// Filters by edition of the pages, such as `2021-02`. An edition selects the newest text of each page up to that
    /// month.
    pub editions: Vec<String>,
    /// Filters by language of the pages, such as `pt-BR`.
    pub locales: Vec<String>,
    /// Filters by tag.
    pub tags: Vec<String>,
    /// The kinds of fault injection under which the scenarios are also played: `none`, `fast`, `forged-tokens`, `all`,
    /// or names of kinds.
    #[schemars(schema_with = "injection_words")]
    pub inject: Vec<InjectionChoice>,
}

/// `[judging]`: the strictness and the time limits of the judge. Options of the command line override these keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Judging {
    /// How long to wait for each expected message.
    #[serde(deserialize_with = "target::some_time")]
    #[schemars(with = "Option<String>")]
    pub deadline: Option<Duration>,
    /// How long to wait for surplus messages, once at the end of the run.
    #[serde(deserialize_with = "target::some_time")]
    #[schemars(with = "Option<String>")]
    pub settle: Option<Duration>,
    /// True to judge by the page exactly as printed, without alternatives and without correlation.
    pub literal: bool,
    /// True if an unmet SHOULD fails the scenario.
    pub strict: bool,
    /// How many scenarios are played at the same time.
    pub jobs: Option<NonZeroUsize>,
}

/// `[replay]`: the rules of a replay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Replay")]
pub(crate) struct ReplaySection {
    /// `[[replay.rule]]`: how parts of messages are compared. If several rules match, the last one counts.
    pub rule: Vec<ReplayRule>,
}

/// `[reports]`: files that are written in addition to the output on the terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Reports {
    /// The file of the JSON report.
    pub json: Option<PathBuf>,
    /// The file of the `JUnit` report.
    pub junit: Option<PathBuf>,
    /// The file of the HTML report.
    pub html: Option<PathBuf>,
    /// The file of the events, as JSON Lines.
    pub events: Option<PathBuf>,
    /// The folder of the accepted snapshots.
    pub snapshots: Option<PathBuf>,
}

/// The schema of a list of injection choices.
fn injection_words(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let words: Vec<String> = InjectionChoice::all().map(|it| it.to_string()).collect();
    schemars::json_schema!({ "type": "array", "items": { "type": "string", "enum": words } })
}

impl Config {
    /// Makes paths relative to the working folder: `folder` is that of the file.
    fn resolve_paths(&mut self, folder: &Path) {
        let mut paths: Vec<&mut PathBuf> = Vec::new();
        paths.extend(&mut self.scenarios.folder);
        paths.extend(&mut self.scenarios.contract);
        let Reports {
            json,
            junit,
            html,
            events,
            snapshots,
        } = &mut self.reports;
        paths.extend([json, junit, html, events, snapshots].into_iter().flatten());
        if let Some(target) = &mut self.target {
            let TargetSection {
                folder: own,
                ca,
                stubs,
                command,
                ..
            } = target;
            paths.push(own);
            paths.extend(ca);
            paths.extend(stubs);
            if let Some(command) = command {
                paths.push(&mut command.folder);
                paths.extend(&mut command.log);
            }
        }
        paths.extend(self.trigger.iter_mut().map(|row| &mut row.folder));
        for path in paths {
            *path = folder.join(&*path);
        }
    }
}

/// Reads the configuration file with this name; without a name [`FILE`], if it exists.
pub(crate) fn load(named: Option<&Path>) -> Result<Config, FileError> {
    let path = named.map_or_else(|| PathBuf::from(FILE), Path::to_owned);
    match crate::files::read(&path) {
        Ok(bytes) => {
            let mut config = read(&path.shown(), &bytes)?;
            // The parent of the bare name `confcall.toml` is empty, which is not a folder to run in.
            let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
            config.resolve_paths(folder.unwrap_or_else(|| Path::new(".")));
            config.source = Some(Source {
                file: path.shown(),
                text: String::from_utf8_lossy(&bytes).into_owned(),
            });
            Ok(config)
        }
        Err(FileError::Unreadable { source, .. })
            if named.is_none() && source.kind() == ErrorKind::NotFound =>
        {
            Ok(Config::default())
        }
        Err(error) => Err(error),
    }
}

/// Reads the text of a configuration; paths in it stay as they are.
pub(crate) fn read(file: &str, bytes: &[u8]) -> Result<Config, FileError> {
    let text = String::from_utf8_lossy(bytes);
    let wrong = |at, message: &str| {
        let place = Place::of_offset(&text, at);
        FileError::Broken(vec![place.diagnostic(file, &text, message)])
    };
    if let Err(error) = std::str::from_utf8(bytes) {
        return Err(wrong(error.valid_up_to(), "a TOML file must be UTF-8"));
    }
    toml::from_str(&text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        let place = Place::of_offset(&text, span.start);
        let mut wrong = place.diagnostic(file, &text, error.message());
        let is_unknown = error.message().starts_with("unknown field");
        let meant = text.get(span).filter(|_| is_unknown).and_then(meant_key);
        wrong.remedy = meant.map(|it| format!("did you mean `{it}`?"));
        FileError::Broken(vec![wrong])
    })
}

/// The most similar key for a misspelled one.
fn meant_key(word: &str) -> Option<String> {
    let is_bare = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    let mut keys = Vec::new();
    keys_in(schemars::schema_for!(Config).as_value(), &mut keys);
    let is_misspelt = word.chars().all(is_bare) && !keys.iter().any(|it| it == word);
    let found = is_misspelt.then(|| closest(word, keys.iter().map(String::as_str)));
    found.flatten().map(str::to_owned)
}

/// The names of all properties in a schema.
fn keys_in(schema: &Value, keys: &mut Vec<String>) {
    let below = match schema {
        Value::Object(properties) => {
            let named = properties.get("properties").and_then(Value::as_object);
            keys.extend(named.into_iter().flat_map(|it| it.keys().cloned()));
            properties.values().collect()
        }
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    for it in below {
        keys_in(it, keys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_the_words_that_are_read() {
        let schema = schemars::schema_for!(Config);
        let words = schema
            .pointer("/$defs/Scenarios/properties/inject/items/enum")
            .and_then(Value::as_array)
            .unwrap();
        for word in words {
            assert!(
                InjectionChoice::named(word.as_str().unwrap()).is_some(),
                "{word}"
            );
        }
        assert_eq!(words.len(), InjectionChoice::all().count());
    }

    #[test]
    fn rules_are_read_and_an_error_has_its_place() {
        let config = |text: &str| read("confcall.toml", text.as_bytes());
        let error = read("confcall.toml", b"# \xe9\n").unwrap_err().to_string();
        assert!(error.contains("confcall.toml:1:3: a TOML file"), "{error}");
        let read = config("[redaction]\nphones = true\nkeep = [\"x-team\"]\n").unwrap();
        assert!(read.redaction.phones && !read.redaction.people);
        assert_eq!(config("").unwrap(), Config::default());
        for (text, place) in [
            (
                "[target]\nrole = \"bot\"\nurl = \"http://a/\"\ntrigger = 3\n",
                "confcall.toml:4:11: ",
            ),
            (
                "[[known]]\nscenario = \"*\"\nrule = \"request.bdy\"\nreason = \"x\"\n",
                "confcall.toml:3:8: ",
            ),
            (
                "[[known]]\nscenario = \"\"\nrule = \"request.body\"\nreason = \"x\"\n",
                "confcall.toml:2:12: ",
            ),
            ("[judging]\ndeadline = \"3\"\n", "confcall.toml:2:12: "),
            ("[claims]\nfeatures = [\"chats\"]\n", "confcall.toml:2:13: "),
            ("[scenarios]\ninject = [\"fair\"]\n", "confcall.toml:2:10: "),
            ("[redaction]\nphone = true\n", "confcall.toml:2:1: "),
            ("[redaction]\nphones = 1\n", "confcall.toml:2:10: "),
            (
                "[[replay.rule]]\nquery = \"a\"\ncompare = \"ignored\"\n",
                "confcall.toml:3:11: ",
            ),
            ("[[replay.rule]]\npath = \"a\"\n", "confcall.toml:2:8: "),
            ("[monitor.env]\nA = \"services\"\n", "confcall.toml:2:5: "),
            ("[redaction\n", "confcall.toml:1:11: "),
        ] {
            let error = config(text).unwrap_err().to_string();
            assert!(error.starts_with(place), "{error}");
        }
        let unquoted = config("[target]\nrole = bot\nurl = \"http://a\"\n");
        let error = unquoted.unwrap_err().to_string();
        assert!(
            error.contains("2:8") && !error.contains("did you mean"),
            "{error}"
        );
        let misspelled = "[[replay.rule]]\nponter = \"/a\"\ncompare = \"ignore\"\n";
        let error = config(misspelled).unwrap_err().to_string();
        assert!(
            error.starts_with("confcall.toml:2:1: unknown field `ponter`"),
            "{error}"
        );
        assert!(
            error.ends_with("= help: did you mean `pointer`?"),
            "{error}"
        );
    }
}
