//! `confcall lint`: lists findings in pages, and the damage of translations.

use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;

use super::exit::Exit;
use super::extract::pages;
use super::failure::Failure;
use super::output::Output;
use super::progress::Progress;
use super::remarks::{FailOn, Reporting};
use crate::diagnostic::path::Shown as _;
use crate::extract::remark::PageRule;
use crate::extract::{PageDefaults, damage, lint};
use crate::files;
use crate::files::FileError;
use crate::report::remarks::PageReport;

pub(crate) const EXAMPLES: &str = "\
Findings are errors in a page, and contradictions between a page and the resource pages among PAGES. Damage is what a \
translation broke in the names of the API. `confcall explain ID` says what an id means.

Examples:
  confcall lint docs
  confcall lint docs --fail-on warning --allow content-length,null-id
  confcall lint docs --write-baseline lint.json    accept what is there
  confcall lint docs --baseline lint.json          report what is new
  confcall lint docs --format sarif --out lint.sarif";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Pages, or folders of pages (*.md)
    #[arg(value_name = "PAGES", required = true)]
    pages: Vec<PathBuf>,
    #[command(flatten)]
    reporting: Reporting,
    /// Exit with 1 if there is something of this level or a more severe one: error, warning, note, or never
    #[arg(
        long,
        value_name = "LEVEL",
        default_value = "error",
        hide_possible_values = true
    )]
    fail_on: FailOn,
}

/// The rules of lint, in the order of the book.
pub(crate) fn rules() -> impl Iterator<Item = &'static PageRule> {
    lint::rules::ALL.into_iter().chain(damage::rules::ALL)
}

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    report(arguments, output).inspect_err(|_| arguments.reporting.discard(&arguments.pages))
}

fn report(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let rules: Vec<_> = rules().collect();
    arguments.reporting.check(&rules)?;
    let pages = pages(&arguments.pages)?;
    let progress = Progress::endless();
    progress.say(format!("reading {} pages", pages.len()));
    let read = |path: &PathBuf| {
        let name = path.shown();
        let bytes = files::read(path)?;
        Ok(lint::read(&name, &bytes, &PageDefaults::default()))
    };
    let paths: Vec<_> = pages.into_iter().map(|it| it.path).collect();
    // Collected first: of several errors, the first one in order counts.
    let read: Vec<Result<_, FileError>> = paths.par_iter().map(read).collect();
    let read: Vec<_> = read.into_iter().collect::<Result<_, _>>()?;
    let linted = files::all_valid(read)?;
    let report = PageReport {
        command: "lint",
        pages: paths.len(),
        preface: Vec::new(),
        remarks: lint::finish(linted),
        notes: Vec::new(),
        contracts: Vec::new(),
    };
    drop(progress);
    let names: Vec<_> = paths.iter().map(|it| it.shown()).collect();
    let report = arguments.reporting.write(report, &names, output)?;
    Ok(arguments.fail_on.exit(&report))
}
