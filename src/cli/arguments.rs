//! The command line: the commands, and the options that all of them share.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser, Subcommand};

use super::output;
use super::output::Color;
use super::{
    accept, ca, check, completions, doctor, drift, explain, extract, init, lint, list, merge,
    monitor, record, replay, run, schema, selftest, serve, show,
};
use crate::report::ReportKind;

/// Record-replay conformance tests for calling bots and the services that they call
#[derive(Debug, Parser)]
#[command(
    name = "confcall",
    // Without the extension that the file has on Windows.
    bin_name = "confcall",
    version,
    max_term_width = 100,
    // Never missing: `with_default_command` puts `run` in.
    subcommand_required = false,
    after_help = "\
Examples:
  confcall                                      judge the built-in service and bot
  confcall run --service http://localhost:8080  judge a service, confcall plays the bot
  confcall run --bot http://localhost:3978/callback --trigger http://localhost:3978/trigger
                                                judge a bot, confcall plays the service
  confcall list                                 list the scenarios

Without a command, confcall does what `confcall run` does."
)]
pub(crate) struct Cli {
    /// Colour the output: auto, always, never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub color: Color,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Play scenarios against a target and judge it (the default)
    #[command(after_help = run::EXAMPLES)]
    Run(Box<run::Arguments>),
    /// Write a first confcall.toml
    #[command(after_help = init::EXAMPLES)]
    Init(init::Arguments),
    /// Try each thing that a run needs, and show the remedy for what does not work
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(Box<doctor::Arguments>),
    /// List the scenarios
    #[command(after_help = list::EXAMPLES)]
    List(list::Arguments),
    /// Show a scenario or a recording as readable text
    #[command(after_help = show::EXAMPLES)]
    Show(show::Arguments),
    /// Run the built-in service or bot alone, as a server for other programs
    #[command(after_help = serve::EXAMPLES)]
    Serve(Box<serve::Arguments>),
    /// Record the traffic between a bot and a service
    #[command(after_help = record::EXAMPLES)]
    Record(Box<record::Arguments>),
    /// Judge the traffic of your own tests while they run
    #[command(after_help = monitor::EXAMPLES)]
    Monitor(Box<monitor::Arguments>),
    /// Show the path of the local authority's certificate, and how to make clients trust it
    #[command(after_help = ca::EXAMPLES)]
    Ca(ca::Arguments),
    /// Play one party of a recording against the other party, which is live
    #[command(after_help = replay::EXAMPLES)]
    Replay(Box<replay::Arguments>),
    /// Review conversations that differ from the accepted ones
    #[command(after_help = accept::EXAMPLES)]
    Accept(accept::Arguments),
    /// Judge cassettes and HAR files, offline
    #[command(after_help = check::EXAMPLES)]
    Check(check::Arguments),
    /// Join the reports of shards into one report
    #[command(after_help = merge::EXAMPLES)]
    Merge(merge::Arguments),
    /// Turn API reference pages into scenarios and a contract, or list every code block in them
    #[command(after_help = extract::EXAMPLES)]
    Extract(extract::Arguments),
    /// Compare two editions, API versions or languages of pages, and list the changes and the parties that they break
    #[command(after_help = drift::EXAMPLES)]
    Drift(drift::Arguments),
    /// List what is wrong in API reference pages
    #[command(after_help = lint::EXAMPLES)]
    Lint(lint::Arguments),
    /// Show that the judge catches every deliberate fault and blames no harmless difference
    #[command(after_help = selftest::EXAMPLES)]
    Selftest(selftest::Arguments),
    /// Explain a rule, a requirement, a kind of fault injection, or a finding or change in pages
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::Arguments),
    /// Print the JSON Schema of a kind of file, such as confcall.toml
    Schema(schema::Arguments),
    /// Print a completion script for a shell
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::Arguments),
}

/// The arguments with `run` put in where no command is named: `confcall` and
/// `confcall --service URL` are runs. A word that is no command is not taken for a filter, so that
/// a misspelt command is reported as one.
pub(crate) fn with_default_command(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<_> = arguments.into_iter().collect();
    let mut at = 1;
    while let Some(argument) = arguments.get(at).and_then(|it| it.to_str()) {
        match argument {
            "--color" => at += 2,
            it if it.starts_with("--color=") => at += 1,
            _ => break,
        }
    }
    let at = at.min(arguments.len());
    let defaults = match arguments.get(at).map(|it| it.to_string_lossy()) {
        None => true,
        Some(it) => it.starts_with('-') && !matches!(&*it, "-h" | "--help" | "-V" | "--version"),
    };
    if defaults {
        arguments.insert(at.max(1).min(arguments.len()), "run".into());
    }
    arguments
}

/// The error of a command line, with the tips that clap cannot know.
pub(crate) fn explained(mut error: clap::Error, arguments: &[OsString]) -> clap::Error {
    let word = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        _ => None,
    };
    // A refused address may have credentials in it.
    let value = word(ContextKind::InvalidValue).map(|it| output::redacted(&it));
    let tip = match error.kind() {
        ErrorKind::InvalidSubcommand => word(ContextKind::InvalidSubcommand).map(|word| {
            format!("to play the scenarios that match `{word}`: `confcall run {word}`")
        }),
        ErrorKind::UnknownArgument => {
            let option = word(ContextKind::InvalidArg);
            // To take a misspelt option for a value, as clap proposes, helps nobody.
            error.remove(ContextKind::Suggested);
            option.and_then(|it| as_report(&it, arguments))
        }
        _ => None,
    };
    if let Some(value) = value {
        error.insert(ContextKind::InvalidValue, ContextValue::String(value));
    }
    if let Some(tip) = tip {
        let tips = ContextValue::StyledStrs(vec![tip.into()]);
        error.insert(ContextKind::Suggested, tips);
    }
    error
}

/// The option that is meant by one that is named like a kind of report.
fn as_report(option: &str, arguments: &[OsString]) -> Option<String> {
    let kind = option.strip_prefix("--")?;
    let _: ReportKind = kind.parse().ok()?;
    let words: Vec<_> = arguments.iter().filter_map(|it| it.to_str()).collect();
    let cli = Cli::command();
    let command = words.iter().find_map(|it| cli.find_subcommand(it))?;
    let writes = |it: &clap::Arg| it.get_long() == Some("report");
    command.get_arguments().find(|it| writes(it))?;
    let joined = words
        .iter()
        .find_map(|it| it.strip_prefix(option)?.strip_prefix('='));
    let behind = words.iter().skip_while(|it| **it != option).nth(1).copied();
    let file = joined.or(behind.filter(|it| !it.starts_with('-')));
    let file = file.unwrap_or("FILE");
    Some(format!("did you mean `--report {kind}={file}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn run_is_the_default() {
        for (given, taken) in [
            ("confcall", "confcall run"),
            ("confcall --strict", "confcall run --strict"),
            ("confcall --color never", "confcall --color never run"),
            (
                "confcall --color=never --strict",
                "confcall --color=never run --strict",
            ),
            ("confcall list", "confcall list"),
            ("confcall lst", "confcall lst"),
            ("confcall --help", "confcall --help"),
            ("confcall -V", "confcall -V"),
        ] {
            let given = given.split(' ').map(OsString::from);
            let taken: Vec<_> = taken.split(' ').map(OsString::from).collect();
            assert_eq!(with_default_command(given), taken);
        }
    }
}
