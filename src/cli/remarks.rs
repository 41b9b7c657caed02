//! The output of the commands that report on pages: format, file, known remarks, and the exit code.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::failure::Failure;
use super::github;
use super::output::Output;
use super::pager::Paging;
use super::usage::UsageError;
use crate::diagnostic::closest;
use crate::diagnostic::path::Shown as _;
use crate::diagnostic::place::printable;
use crate::extract::remark::{PageRule, Severity};
use crate::files;
use crate::files::FileError;
use crate::report::list::counted;
use crate::report::remarks;
use crate::report::remarks::PageReport;
use crate::report::remarks::baseline::Baseline;

#[derive(Debug, Args)]
pub(crate) struct Reporting {
    /// The output format: text, json, markdown, sarif, html
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    format: Format,
    /// Write the report into this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Leave out everything with this id (repeatable)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    allow: Vec<String>,
    /// Leave out everything that this file lists, and report its entries that are no longer found
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write everything that is found into this file, for `--baseline`, and report nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "format", "out"])]
    write_baseline: Option<PathBuf>,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs, in a stable shape
    Json,
    /// For release notes and pull requests
    Markdown,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// One page for a browser
    Html,
}

/// The least severe level that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Errors
    Error,
    /// Errors and warnings
    Warning,
    /// Anything
    Note,
    /// Nothing
    Never,
}

impl FailOn {
    pub(crate) fn exit(self, report: &PageReport) -> Exit {
        let least = match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
            Self::Note => Severity::Note,
            Self::Never => return Exit::Success,
        };
        // The most severe level is the least in their order.
        let fails = report.remarks.iter().any(|it| it.level <= least);
        if fails { Exit::Failed } else { Exit::Success }
    }
}

impl Reporting {
    /// True if the report shows the contracts of pages.
    pub(crate) fn shows_contracts(&self) -> bool {
        self.format == Format::Html
    }

    /// Refuses an id that no rule has.
    pub(crate) fn check(&self, rules: &[&'static PageRule]) -> Result<(), UsageError> {
        let ids: HashSet<&str> = rules.iter().map(|it| it.id).collect();
        match self.allow.iter().find(|id| !ids.contains(id.as_str())) {
            Some(id) => Err(UsageError::UnknownPageRule {
                id: id.clone(),
                close: closest(id, rules.iter().map(|it| it.id)),
            }),
            None => Ok(()),
        }
    }

    /// Leaves out allowed and known remarks, and writes the others. Returns the written report. `pages` are the names of
    /// the pages that were read.
    pub(crate) fn write(
        &self,
        mut report: PageReport,
        pages: &[String],
        output: Output,
    ) -> Result<PageReport, Failure> {
        let is_allowed = |id: &str| self.allow.iter().any(|allowed| allowed == id);
        report.remarks.retain(|it| !is_allowed(it.rule.id));
        if let Some(path) = &self.write_baseline {
            let baseline = Baseline::of(&report);
            files::write(path, &baseline.to_json().map_err(|it| no_json(&it))?)?;
            let (file, known) = (path.shown(), counted(baseline.len(), "remark"));
            output.print(&format!("wrote {}: {known}\n", printable(&file)))?;
            report.remarks.clear();
            return Ok(report);
        }
        if let Some(path) = &self.baseline {
            let known = baseline(path)?;
            known.apply(&mut report, |page| pages.iter().any(|it| it == page));
        }
        self.show(&report, output)?;
        Ok(report)
    }

    /// Removes the report of an earlier call after a failure, so that nobody takes it for the one of this call. A file that
    /// may be one of the pages stays.
    pub(crate) fn discard(&self, read: &[PathBuf]) {
        if let Some(out) = &self.out {
            discard(out, read.iter().chain(&self.baseline));
        }
    }

    fn show(&self, report: &PageReport, output: Output) -> Result<(), Failure> {
        let look = output.look;
        let text = match self.format {
            Format::Text if self.out.is_none() => {
                output.print_long(&remarks::text(report, look), self.paging)?;
                return Ok(github::show_remarks(report, output)?);
            }
            Format::Text => remarks::text(report, crate::report::text::Look::PLAIN),
            Format::Json => remarks::json(report).map_err(|it| no_json(&it))?,
            Format::Markdown => remarks::markdown(report),
            Format::Sarif => remarks::sarif(report).map_err(|it| no_json(&it))?,
            Format::Html => remarks::html(report).map_err(|it| Failure::Defect(it.to_string()))?,
        };
        match (&self.out, self.format) {
            (Some(path), _) => files::write(path, &text)?,
            (None, Format::Json | Format::Sarif) => output.print_json(&text)?,
            (None, _) => output.print(&text)?,
        }
        // Commands to the runner of a CI job are no part of a report.
        let output = match self.out {
            Some(_) => output,
            None => output.on_standard_error(),
        };
        Ok(github::show_remarks(report, output)?)
    }
}

/// Does the same after a failure to read the arguments.
pub(crate) fn refuse(arguments: &[OsString]) {
    let words: Vec<&str> = arguments.iter().map_while(|it| it.to_str()).collect();
    let is_command = |it: &&str| matches!(*it, "lint" | "drift");
    if !words.get(1).is_some_and(is_command) {
        return;
    }
    let behind = words.iter().position(|it| *it == "--out");
    let at = behind.map(|it| it + 1);
    let joined = words.iter().find_map(|it| it.strip_prefix("--out="));
    let out = at.and_then(|it| words.get(it)).copied().or(joined);
    let others = words
        .iter()
        .enumerate()
        .filter(|(index, _)| Some(*index) != at);
    let read: Vec<PathBuf> = others.map(|(_, it)| PathBuf::from(it)).collect();
    if let Some(out) = out {
        discard(Path::new(out), &read);
    }
}

fn discard<'p>(out: &Path, read: impl IntoIterator<Item = &'p PathBuf>) {
    let Ok(full) = out.canonicalize() else { return };
    let is_page = full.extension().is_some_and(|it| it == "md");
    let may_be_read = |it: &PathBuf| {
        let it = it.canonicalize().ok();
        it.is_some_and(|it| full == it || is_page && full.starts_with(it))
    };
    if !files::is_special(out) && !read.into_iter().any(may_be_read) {
        // At worst, the old report remains.
        let _ = fs::remove_file(out);
    }
}

fn baseline(path: &Path) -> Result<Baseline, Failure> {
    let unreadable = |source| FileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let cause = |cause| UsageError::NoBaseline {
        path: path.to_owned(),
        cause,
    };
    Ok(Baseline::parse(&text).map_err(cause)?)
}

fn no_json(error: &serde_json::Error) -> Failure {
    Failure::Defect(format!("the report is not JSON: {error}"))
}
