//! The environment variables that confcall reads, apart from those of options.

use std::env;
use std::io::{self, IsTerminal as _, stderr, stdout};
use std::path::PathBuf;

use terminal_size::{Height, Width};

use crate::report::text::Look;

/// The width of text for people: that of `COLUMNS`, else that of the terminal, else that of files.
pub(crate) fn columns(terminal: Option<(Width, Height)>) -> usize {
    let columns = env::var("COLUMNS").ok();
    let columns = columns.and_then(|it| it.parse().ok());
    let terminal = terminal.map(|(Width(columns), _)| usize::from(columns).max(NARROWEST));
    columns.or(terminal).unwrap_or(Look::PLAIN.width)
}

/// Sentences are not wrapped for less.
const NARROWEST: usize = 40;

/// True if `FORCE_COLOR` asks for colours, as in programs for Node. `NO_COLOR` counts more.
pub(crate) fn forces_colour() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|it| !it.is_empty() && it != "0");
    is_set("FORCE_COLOR") && !is_set("NO_COLOR")
}

/// The variables by which clients find a proxy, and pass by it.
pub(crate) fn proxies() -> Vec<(String, String)> {
    let is_one = |name: &str| {
        let mut names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].iter();
        names.any(|it| name.eq_ignore_ascii_case(it))
    };
    let set = env::vars_os().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        (is_one(&name) && !value.is_empty()).then_some((name, value))
    });
    set.collect()
}

/// True if a line of progress can be drawn and cleared: on a terminal that is none of a CI job.
pub(crate) fn shows_progress() -> bool {
    stderr().is_terminal() && has_terminal()
}

/// True if standard output is a terminal that a person reads.
pub(crate) fn has_terminal() -> bool {
    let is_dumb = env::var_os("TERM").is_none_or(|it| it == "dumb");
    stdout().is_terminal() && !is_dumb && !is_ci()
}

/// The command of the pager.
pub(crate) fn pager() -> Option<String> {
    env::var_os("PAGER").map(|it| it.to_string_lossy().into_owned())
}

/// The variables that a pager gets, as from git: a short text stays on the screen, and colours are colours.
pub(crate) fn of_pager() -> impl Iterator<Item = (&'static str, &'static str)> {
    let variables = [("LESS", "FRX"), ("LV", "-c")].into_iter();
    variables.filter(|(name, _)| env::var_os(name).is_none())
}

pub(crate) fn is_github_actions() -> bool {
    env::var_os("GITHUB_ACTIONS").is_some_and(|it| it == "true")
}

/// The file of the summary of a step on GitHub.
pub(crate) fn step_summary() -> Option<PathBuf> {
    let path = env::var_os("GITHUB_STEP_SUMMARY")?;
    (!path.is_empty()).then(|| path.into())
}

/// The folder that annotations name files of.
pub(crate) fn workspace() -> io::Result<PathBuf> {
    match env::var_os("GITHUB_WORKSPACE") {
        Some(path) if !path.is_empty() => Ok(path.into()),
        _ => env::current_dir(),
    }
}

pub(crate) fn is_azure_pipelines() -> bool {
    env::var_os("TF_BUILD").is_some()
}

/// True in continuous integration. Azure Pipelines sets `TF_BUILD` alone; insta looks
/// at both.
pub(crate) fn is_ci() -> bool {
    match env::var_os("CI") {
        Some(value) => !value.is_empty() && value != "false" && value != "0",
        None => is_azure_pipelines(),
    }
}

/// True if confcall was started with SIGHUP ignored, on systems that show it.
#[cfg(unix)]
pub(crate) fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|it| u64::from_str_radix(it.trim(), 16).ok());
    // A bit for each signal, from 1; SIGHUP is the first.
    ignored.is_some_and(|it| it & 1 == 1)
}

pub(crate) fn forces_passes() -> bool {
    env::var_os("INSTA_FORCE_PASS").is_some_and(|it| !it.is_empty() && it != "0")
}

pub(crate) fn is_nextest() -> bool {
    env::var_os("NEXTEST_EXECUTION_MODE").is_some_and(|it| it == "process-per-test")
}
