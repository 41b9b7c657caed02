//! `confcall merge`: joins the reports of shards into one report.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::reports::{Finished, ReportFile, Shown, reporting};
use super::usage::UsageError;
use crate::diagnostic::path::Shown as _;
use crate::judge::shard;
use crate::judge::verdict::Run;

pub(crate) const EXAMPLES: &str = "\
confcall joins the JSON reports of `confcall run --shard`. The printed report and the exit code are those of one run that \
played all shards. A shard that is missing or is given twice is an error (exit 2).

Examples:
  confcall run --shard 1/2 --report json=one.json
  confcall run --shard 2/2 --report json=two.json
  confcall merge one.json two.json --report junit=report.xml";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The JSON reports of all shards
    #[arg(value_name = "REPORT", required = true)]
    files: Vec<PathBuf>,
    #[arg(
        long,
        value_name = "KIND=FILE",
        help = ReportFile::help("Write a report of the whole run"),
        help_heading = "Reports"
    )]
    report: Vec<ReportFile>,
    #[command(flatten)]
    shown: Shown,
}

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    reporting(
        &arguments.report,
        &arguments.files,
        output,
        |reports, output| {
            let read = |path: &PathBuf| Ok((path.shown(), read(path)?));
            let parts: Result<Vec<_>, Failure> = arguments.files.iter().map(read).collect();
            let parts = parts?;
            // The exit of a shard that was not played to its end is that of the run.
            let ended_early = parts.iter().filter_map(|(_, it)| Exit::of_code(it.exit?));
            let exit = ended_early.fold(Exit::Success, Exit::worse);
            let run = shard::merge(parts).map_err(UsageError::Merge)?;
            reports.show_pages(&arguments.shown);
            reports.begin(arguments.report.clone(), run.target.clone(), &[])?;
            // Shards run in parallel: the sum of their times has no meaning.
            let longest = run.results.iter().map(|it| it.duration_ms).max();
            let elapsed = Duration::from_millis(longest.unwrap_or(0));
            Ok(Finished {
                text: arguments.shown.render(&run, elapsed, output.look),
                run,
                exit,
            })
        },
    )
}

fn read(path: &Path) -> Result<Run, Failure> {
    let bytes = crate::files::read(path)?;
    serde_json::from_slice(&bytes).map_err(|cause| {
        let path = path.to_owned();
        UsageError::NoReport { path, cause }.into()
    })
}
