//! The end of each command that judges: what it prints, its report files, and its exit.
//!
//! Report files are checked before anything is played, and written for every exit: a file of an earlier run never
//! looks like that of this one.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::output;
use super::output::Output;
use super::usage::UsageError;
use crate::config;
use crate::config::values::ValueError;
use crate::diagnostic::render;
use crate::files;
use crate::judge::verdict::{JudgedTarget, Run};
use crate::report::ReportKind;
use crate::report::terminal;
use crate::report::terminal::Extent;
use crate::report::text::Look;

/// What the terminal report of a run shows.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Shown {
    /// Show messages and the target's output as they come, and each result; without -v, failures with one cause are
    /// shown once
    #[arg(long, short, help_heading = "Reports")]
    verbose: bool,
    /// List this number of the slowest scenarios
    #[arg(long, value_name = "COUNT", help_heading = "Reports")]
    slowest: Option<NonZeroUsize>,
}

impl Shown {
    /// The report of a run for the terminal.
    pub(crate) fn render(self, run: &Run, elapsed: Duration, look: Look) -> String {
        let mut text = terminal::render(run, elapsed, look, self.extent());
        if let Some(count) = self.slowest {
            text.push_str(&terminal::slowest(run, count.get(), look));
        }
        text
    }

    pub(crate) const fn extent(self) -> Extent {
        if self.verbose {
            Extent::Whole
        } else {
            Extent::Short
        }
    }
}

/// A report and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportFile {
    pub kind: ReportKind,
    pub path: PathBuf,
}

impl ReportFile {
    /// The help of `--report`, whose first words differ between commands.
    pub(crate) fn help(purpose: &str) -> String {
        let files = ReportKind::listed("or", |kind| format!("{kind}=FILE"));
        format!("{purpose}: {files} (repeatable)")
    }

    /// Adds the reports of the configuration whose kinds no option names. Returns its folder of snapshots.
    pub(crate) fn complete(wanted: &mut Vec<Self>, configured: config::Reports) -> Option<PathBuf> {
        for (kind, path) in [
            (ReportKind::Json, configured.json),
            (ReportKind::Junit, configured.junit),
            (ReportKind::Html, configured.html),
        ] {
            let is_asked_for = wanted.iter().any(|it| it.kind == kind);
            if let (Some(path), false) = (path, is_asked_for) {
                wanted.push(Self { kind, path });
            }
        }
        configured.snapshots
    }

    fn is_one_of(&self, files: &[PathBuf]) -> bool {
        let own = files::one_spelling(&self.path);
        files.iter().any(|it| files::one_spelling(it) == own)
    }

    fn write(&self, run: &Run) -> Result<(), Failure> {
        let text = self.kind.render(run);
        let text = text.map_err(|error| Failure::Defect(error.to_string()))?;
        if let Some(folder) = self.path.parent() {
            files::make_folder(folder)?;
        }
        Ok(files::write(&self.path, &text)?)
    }
}

impl FromStr for ReportFile {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let (kind, path) = text.split_once('=').ok_or(ValueError::Report)?;
        let kind = kind
            .parse()
            .map_err(|_| ValueError::ReportKind(kind.to_owned()))?;
        if path.is_empty() {
            return Err(ValueError::Report);
        }
        let path = path.into();
        Ok(Self { kind, path })
    }
}

/// A command that has judged.
#[derive(Debug)]
pub(crate) struct Finished {
    pub run: Run,
    /// The report for the terminal; empty where there is nothing to say.
    pub text: String,
    /// The exit, if it is worse than that of the results.
    pub exit: Exit,
}

/// Failures that do not end a command: each is an error of its run.
#[derive(Debug)]
pub(crate) struct Failures {
    pub errors: Vec<String>,
    pub exit: Exit,
}

impl Default for Failures {
    fn default() -> Self {
        Self {
            errors: Vec::new(),
            exit: Exit::Success,
        }
    }
}

impl Failures {
    /// The report of a run for the terminal. The failures, the first errors of the run, have been shown already.
    pub(crate) fn unsaid(&self, run: &mut Run, render: impl FnOnce(&Run) -> String) -> String {
        let shown: Vec<_> = run.errors.drain(..self.errors.len()).collect();
        let text = render(run);
        run.errors.splice(..0, shown);
        text
    }

    /// Reports a failure.
    pub(crate) fn take(&mut self, failure: &Failure) {
        failure.tell();
        self.errors.extend(failure.messages());
        self.exit = self.exit.worse(failure.exit());
    }
}

/// The report files of a command.
#[derive(Debug)]
pub(crate) struct Reports {
    files: Vec<ReportFile>,
    target: JudgedTarget,
    /// When the command began, by RFC 3339.
    started: String,
}

/// The error of a report whose run has not come to its end.
const UNFINISHED: &str = "the run is not complete: confcall is still running or was killed";

/// Does the work of a command that judges, and ends it. `read` are the files that it was given to read.
pub(crate) fn reporting(
    wanted: &[ReportFile],
    read: &[PathBuf],
    output: Output,
    work: impl FnOnce(&mut Reports) -> Result<Finished, Failure>,
) -> Result<Exit, Failure> {
    let mut reports = Reports::new(wanted.to_vec());
    let worked = reports
        .spare(read)
        .map_err(Failure::from)
        .and_then(|()| work(&mut reports));
    match worked {
        Ok(Finished {
            mut run,
            text,
            exit,
        }) => {
            reports.complete(&mut run);
            let printed = output.print_run(&text, &run);
            let exit = exit.worse(Exit::of_run(&run));
            let exit = exit.worse(reports.write(&run));
            printed?;
            Ok(exit)
        }
        Err(failure) => {
            reports.fail(&failure.messages());
            Err(failure)
        }
    }
}

/// Does the work of a command that plays and judges nothing, and ends it. Its reports say `why` they have no results.
pub(crate) fn without_results(
    why: &str,
    work: impl FnOnce(&mut Reports) -> Result<Failures, Failure>,
) -> Result<Exit, Failure> {
    let mut reports = Reports::new(Vec::new());
    match work(&mut reports) {
        Ok(Failures { errors, exit }) => {
            let errors = errors.iter().map(|it| output::redacted(it));
            let mut run = reports.without_results(errors.collect());
            run.notes.push(why.to_owned());
            Ok(exit.worse(reports.write(&run)))
        }
        Err(failure) => {
            reports.fail(&failure.messages());
            Err(failure)
        }
    }
}

/// Writes the reports of a command line that cannot be understood: the words behind `--report`.
pub(crate) fn refuse(arguments: &[OsString], why: &str) {
    let words = arguments.iter().map_while(|it| it.to_str());
    let words: Vec<&str> = words.take_while(|it| *it != "--").collect();
    let behind = words.windows(2).filter(|it| it[0] == "--report");
    let joined = words.iter().filter_map(|it| it.strip_prefix("--report="));
    let files = behind.map(|it| it[1]).chain(joined);
    let files: Vec<ReportFile> = files.filter_map(|it| it.parse().ok()).collect();
    let read: Vec<PathBuf> = words.iter().map(PathBuf::from).collect();
    let mut reports = Reports::new(files);
    // It may be the word of another option, and may be read.
    reports.files.retain(|it| !it.is_one_of(&read));
    reports.fail(&[why.to_owned()]);
}

/// The time, by RFC 3339.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().to_string()
}

impl Reports {
    fn new(files: Vec<ReportFile>) -> Self {
        Self {
            files,
            target: JudgedTarget::default(),
            started: now(),
        }
    }

    /// Adds when the run began, unless it has it, and lets go of messages that no report shows.
    fn complete(&self, run: &mut Run) {
        if run.started.is_empty() {
            run.started.clone_from(&self.started);
        }
        run.drop_passed_traffic();
    }

    /// Registers the requested reports, so that each is written even if the command fails.
    pub(crate) fn register(
        &mut self,
        wanted: Vec<ReportFile>,
        target: JudgedTarget,
        read: &[PathBuf],
    ) -> Result<(), UsageError> {
        self.files = wanted;
        self.target = target;
        self.spare(read)
    }

    /// Refuses reports that would overwrite each other. The file of an earlier run
    /// gives way to that of an unfinished one. `read` are the files that the command reads.
    pub(crate) fn begin(
        &mut self,
        wanted: Vec<ReportFile>,
        target: JudgedTarget,
        read: &[PathBuf],
    ) -> Result<(), Failure> {
        self.register(wanted, target, read)?;
        for (at, report) in self.files.iter().enumerate() {
            if self.files[..at].iter().any(|it| it.path == report.path) {
                return Err(UsageError::ReportTwice(report.path.clone()).into());
            }
        }
        let unfinished = self.without_results(vec![UNFINISHED.to_owned()]);
        // What is written to a pipe stays written.
        let is_written = |path: &Path| path.is_dir() || !files::is_special(path);
        let files = self.files.iter().filter(|it| is_written(&it.path));
        files
            .into_iter()
            .try_for_each(|report| report.write(&unfinished))
    }

    /// Refuses reports that would overwrite a file that is read.
    fn spare(&mut self, read: &[PathBuf]) -> Result<(), UsageError> {
        let is_read = |it: &ReportFile| it.is_one_of(read);
        let Some(first) = self.files.iter().find(|it| is_read(it)) else {
            return Ok(());
        };
        let first = first.path.clone();
        self.files.retain(|it| !is_read(it));
        Err(UsageError::ReportIsInput(first))
    }

    /// Writes the reports. A report that cannot be written is an error, and changes the exit code.
    fn write(&self, run: &Run) -> Exit {
        let mut exit = Exit::Success;
        for report in &self.files {
            if let Err(failure) = report.write(run) {
                output::error(render(&failure));
                exit = exit.worse(failure.exit());
            }
        }
        exit
    }

    /// Writes the reports of a command that failed.
    fn fail(&mut self, errors: &[String]) {
        let redacted = errors.iter().map(|it| output::redacted(it));
        let run = self.without_results(redacted.collect());
        // The exit is that of the failure.
        let _ = self.write(&run);
    }

    fn without_results(&self, errors: Vec<String>) -> Run {
        let mut run = Run::new(self.target.clone(), Vec::new());
        run.errors = errors;
        run.started.clone_from(&self.started);
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_have_known_kinds() {
        let report = str::parse::<ReportFile>;
        assert_eq!(report("json=a=b").unwrap().path, PathBuf::from("a=b"));
        assert_eq!(report("junit=x").unwrap().kind, ReportKind::Junit);
        assert_eq!(report("htm=x"), Err(ValueError::ReportKind("htm".into())));
        for text in ["json", "json="] {
            assert_eq!(report(text), Err(ValueError::Report), "{text}");
        }
    }
}
