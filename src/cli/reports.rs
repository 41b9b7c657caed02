//! The end of each command that judges: its output, its report files, and its exit code.
//!
//! Report files are checked before anything is played, and written for every exit: a file of an earlier run never looks
//! like the report of this run.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use super::events::Events;
use super::exit::Exit;
use super::exit_after_panics;
use super::failure::Failure;
use super::github;
use super::output;
use super::output::{Color, Output};
use super::usage::UsageError;
use crate::config;
use crate::config::values::ValueError;
use crate::diagnostic::render;
use crate::files;
use crate::judge::shard::Shard;
use crate::judge::verdict::{JudgedTarget, Run};
use crate::report::events::Start;
use crate::report::terminal;
use crate::report::terminal::Extent;
use crate::report::text::Look;
use crate::report::{Pages, ReportKind};

/// What the terminal report of a run shows.
#[derive(Debug, Clone, Args)]
pub(crate) struct Shown {
    /// Show each result, and during a run the messages and the target's output. Without -v, failures with
    /// the same cause are shown once
    #[arg(long, short, help_heading = "Reports")]
    verbose: bool,
    /// List this number of the slowest scenarios
    #[arg(long, value_name = "COUNT", help_heading = "Reports")]
    slowest: Option<NonZeroUsize>,
    /// Show the lines of the reference pages in this folder behind the violations of the HTML report
    #[arg(long, value_name = "DIR", help_heading = "Reports")]
    pub pages: Option<PathBuf>,
}

impl Shown {
    /// The report of a run for the terminal.
    pub(crate) fn render(&self, run: &Run, elapsed: Duration, look: Look) -> String {
        let mut text = terminal::render(run, elapsed, look, self.extent());
        if let Some(count) = self.slowest {
            text.push_str(&terminal::slowest(run, count.get(), look));
        }
        text
    }

    pub(crate) const fn extent(&self) -> Extent {
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
    pub to: Destination,
}

/// The place of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Standard output, `-`. Text for people then goes to standard error.
    Output,
    File(PathBuf),
}

impl Destination {
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Output => None,
            Self::File(path) => Some(path),
        }
    }

    /// True if written text stays there, so that a later report cannot replace it.
    fn is_stream(&self) -> bool {
        let is_stream = |path: &Path| files::is_special(path) && !path.is_dir();
        self.path().is_none_or(is_stream)
    }
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
            (ReportKind::Events, configured.events),
        ] {
            let is_asked_for = wanted.iter().any(|it| it.kind == kind);
            if let (Some(path), false) = (path, is_asked_for) {
                let to = Destination::File(path);
                wanted.push(Self { kind, to });
            }
        }
        configured.snapshots
    }

    fn is_one_of(&self, files: &[PathBuf]) -> bool {
        let own = self.to.path().map(files::one_spelling);
        own.is_some_and(|own| files.iter().any(|it| files::one_spelling(it) == own))
    }

    /// Writes the report of a run, unless it is written while the run goes on.
    fn write(&self, run: &Run, pages: Pages<'_>) -> Result<(), Failure> {
        let Some(text) = self.kind.render(run, pages) else {
            return Ok(());
        };
        let text = text.map_err(|error| Failure::Defect(error.to_string()))?;
        let Destination::File(path) = &self.to else {
            return Ok(output::print_report(self.kind, &text)?);
        };
        if let Some(folder) = path.parent() {
            files::make_folder(folder)?;
        }
        Ok(files::write(path, &text)?)
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
        let to = match path {
            "-" => Destination::Output,
            path => Destination::File(path.into()),
        };
        Ok(Self { kind, to })
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
    /// The number of those that were not shown, because so many others were.
    pub unshown: usize,
}

/// The most failures that are shown one by one.
const MOST_SHOWN: usize = 20;

impl Default for Failures {
    fn default() -> Self {
        Self {
            errors: Vec::new(),
            exit: Exit::Success,
            unshown: 0,
        }
    }
}

impl Failures {
    /// The report of a run for the terminal. The failures, the first errors of the run, have been shown already.
    pub(crate) fn unsaid(&self, run: &mut Run, render: impl FnOnce(&Run) -> String) -> String {
        self.say_unshown();
        let shown: Vec<_> = run.errors.drain(..self.errors.len()).collect();
        let text = render(run);
        run.errors.splice(..0, shown);
        text
    }

    fn say_unshown(&self) {
        if self.unshown > 0 {
            let count = self.unshown;
            output::error(format!(
                "and {count} more errors (`--report` writes all of them)"
            ));
        }
    }

    /// Reports a failure.
    pub(crate) fn take(&mut self, failure: &Failure) {
        if self.errors.len() < MOST_SHOWN {
            failure.tell();
        } else {
            self.unshown += 1;
        }
        self.errors.extend(failure.messages());
        self.exit = self.exit.worse(failure.exit());
    }
}

/// The report files of a command.
#[derive(Debug)]
pub(crate) struct Reports {
    files: Vec<ReportFile>,
    events: Events,
    output: Output,
    /// The files of the run, for annotations.
    places: github::Files,
    /// The folder of the reference pages.
    pages: Option<PathBuf>,
    target: JudgedTarget,
    /// The part of the scenarios that the command plays; none for all.
    shard: Option<Shard>,
    /// When the command began, by RFC 3339.
    started: String,
}

/// The error of a report whose run has not come to its end.
const UNFINISHED: &str = "the run is not complete: confcall is still running or was killed";

/// Does the work of a command that judges, and ends it. `read` are the files that it was given to read. The work prints
/// to the output that it gets: if a report goes to standard output, nothing else does.
pub(crate) fn reporting(
    wanted: &[ReportFile],
    read: &[PathBuf],
    output: Output,
    work: impl FnOnce(&mut Reports, Output) -> Result<Finished, Failure>,
) -> Result<Exit, Failure> {
    let is_report = wanted.iter().any(|it| it.to == Destination::Output);
    let output = if is_report {
        output.on_standard_error()
    } else {
        output
    };
    let mut reports = Reports::new(wanted.to_vec(), output);
    let worked = reports.ending(|reports| {
        reports.spare(read)?;
        work(reports, output)
    });
    let Finished {
        mut run,
        text,
        exit,
    } = worked?;
    reports.complete(&mut run);
    let mut exit = exit.worse(Exit::of_run(&run));
    let printed = output.print(&text);
    if let Err(error) = printed.and_then(|()| github::show(&run, &reports.places, output)) {
        let failure = Failure::from(error);
        failure.tell();
        exit = exit.worse(failure.exit());
    }
    Ok(reports.write(&mut run, exit))
}

/// Does the work of a command that plays and judges nothing, and ends it. Its reports say `why` they have no results.
pub(crate) fn without_results(
    why: &str,
    output: Output,
    work: impl FnOnce(&mut Reports) -> Result<Failures, Failure>,
) -> Result<Exit, Failure> {
    let mut reports = Reports::new(Vec::new(), output);
    let failures = reports.ending(work)?;
    failures.say_unshown();
    let errors = failures.errors.iter().map(|it| output::redacted(it));
    let mut run = reports.without_results(errors.collect());
    run.notes.push(why.to_owned());
    Ok(reports.write(&mut run, failures.exit))
}

/// Writes the reports of a command line that cannot be understood: the words behind `--report` and `--shard`.
pub(crate) fn refuse(arguments: &[OsString], why: &str) {
    let words = arguments.iter().map_while(|it| it.to_str());
    let words: Vec<&str> = words.take_while(|it| *it != "--").collect();
    let files: Vec<ReportFile> = values(&words, "--report");
    let read: Vec<PathBuf> = words.iter().map(PathBuf::from).collect();
    let mut reports = Reports::new(files, Output::new(Color::Never));
    reports.of_shard(values(&words, "--shard").pop());
    // It may be the word of another option, and may be read.
    reports.files.retain(|it| !it.is_one_of(&read));
    reports.fail(&[why.to_owned()], Exit::Usage);
}

/// The values of an option in a command line that cannot be understood.
fn values<T: FromStr>(words: &[&str], option: &str) -> Vec<T> {
    let behind = words.windows(2).filter(|it| it[0] == option);
    let joined = words
        .iter()
        .filter_map(|it| it.strip_prefix(option)?.strip_prefix('='));
    let texts = behind.map(|it| it[1]).chain(joined);
    texts.filter_map(|it| it.parse().ok()).collect()
}

/// The time, by RFC 3339.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().to_string()
}

impl Reports {
    fn new(files: Vec<ReportFile>, output: Output) -> Self {
        Self {
            files,
            events: Events::default(),
            output,
            places: github::Files::default(),
            pages: None,
            target: JudgedTarget::default(),
            shard: None,
            started: now(),
        }
    }

    /// The HTML report shows the pages of this folder.
    pub(crate) fn show_pages(&mut self, shown: &Shown) {
        self.pages.clone_from(&shown.pages);
    }

    /// The reports are those of a shard.
    pub(crate) const fn of_shard(&mut self, shard: Option<Shard>) {
        self.shard = shard;
    }

    /// The scenarios are those of this folder.
    pub(crate) fn name_scenarios(&mut self, folder: Option<PathBuf>) {
        self.places.scenarios = folder;
    }

    /// The events of the command, for those who see them happen.
    pub(crate) const fn events(&self) -> &Events {
        &self.events
    }

    /// Does the work. If it fails, the reports have the error; a panic is a defect of confcall.
    fn ending<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match panic::catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(worked) => worked.inspect_err(|it| self.fail(&it.messages(), it.exit())),
            Err(panic) => {
                let defect = Failure::Defect("confcall panicked".to_owned());
                self.fail(&defect.messages(), defect.exit());
                panic::resume_unwind(panic)
            }
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
        if let Some(url) = &mut self.target.url {
            *url = output::redacted(url);
        }
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
        self.places.read = read.to_vec();
        for (at, report) in self.files.iter().enumerate() {
            if self.files[..at].iter().any(|it| it.to == report.to) {
                return Err(UsageError::ReportTwice(report.to.path().map(Path::to_owned)).into());
            }
        }
        let mut unfinished = self.without_results(vec![UNFINISHED.to_owned()]);
        unfinished.exit = Some(Exit::Environment.code());
        let is_unwritable = |it: &ReportFile| {
            let is_checked = !it.to.is_stream();
            is_checked.then(|| it.write(&unfinished, &|_| None).err())?
        };
        let mut files = self.files.iter().enumerate();
        if let Some((at, failure)) = files.find_map(|(at, it)| Some((at, is_unwritable(it)?))) {
            // The failure is reported, and not that of a second attempt.
            self.files.remove(at);
            return Err(failure);
        }
        self.open_events()
    }

    fn open_events(&self) -> Result<(), Failure> {
        let is_events = |it: &&ReportFile| it.kind == ReportKind::Events;
        let mut files = self.files.iter().filter(is_events);
        files.try_for_each(|report| {
            let start = Start::new(self.started.clone(), self.target.clone());
            self.events.open(&report.to, start)
        })
    }

    /// Refuses reports that would overwrite a file that is read.
    fn spare(&mut self, read: &[PathBuf]) -> Result<(), UsageError> {
        let is_read = |it: &ReportFile| it.is_one_of(read);
        let first = self.files.iter().find(|it| is_read(it));
        let Some(first) = first.and_then(|it| it.to.path()) else {
            return Ok(());
        };
        let first = first.to_owned();
        self.files.retain(|it| !is_read(it));
        Err(UsageError::ReportIsInput(first))
    }

    /// Writes the reports of a run with this exit. Returns the exit of the command: a report that cannot be written
    /// makes it worse.
    fn write(&self, run: &mut Run, mut exit: Exit) -> Exit {
        run.exit = (exit != Exit::of_run(run)).then(|| exit.code());
        let read = RefCell::new(HashMap::new());
        let page = |name: &str| self.page(&mut read.borrow_mut(), name);
        for report in &self.files {
            if let Err(failure) = report.write(run, &page) {
                output::error(render(&failure));
                exit = exit.worse(failure.exit());
            }
        }
        let exit = exit_after_panics(exit);
        let opened = if self.events.are_open() {
            Ok(())
        } else {
            self.open_events()
        };
        match opened.and_then(|()| self.events.finish(run, exit)) {
            Ok(()) => exit,
            Err(failure) => {
                output::error(render(&failure));
                exit.worse(failure.exit())
            }
        }
    }

    /// The text of a reference page. `read` has those that were read before.
    fn page(&self, read: &mut HashMap<String, Option<Rc<str>>>, name: &str) -> Option<Rc<str>> {
        let folder = self.pages.as_ref()?;
        let is_below = |it: Component<'_>| matches!(it, Component::Normal(_));
        if !Path::new(name).components().all(is_below) {
            return None;
        }
        let page = read.entry(name.to_owned()).or_insert_with(|| {
            // A page that is not there is not shown.
            let text = files::read_regular(&folder.join(name)).ok();
            text.map(Rc::from)
        });
        page.clone()
    }

    /// Writes the reports of a command that failed. Nothing that was selected is without a result.
    fn fail(&mut self, errors: &[String], exit: Exit) {
        let redacted: Vec<_> = errors.iter().map(|it| output::redacted(it)).collect();
        let why = redacted.first().and_then(|it| it.lines().next());
        let results = self.events.without_result(why.unwrap_or_default());
        let mut run = self.without_results(redacted);
        run.results = results;
        run.count();
        // The exit is that of the failure.
        let _ = github::show(&run, &self.places, self.output);
        let _ = self.write(&mut run, exit);
    }

    fn without_results(&self, errors: Vec<String>) -> Run {
        let mut run = Run::new(self.target.clone(), Vec::new());
        run.shard = self.shard;
        run.errors = errors;
        run.started.clone_from(&self.started);
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::path::Shown as _;

    #[test]
    fn the_reports_of_a_defect_say_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let report = |(kind, name): (&str, &str)| {
            std::fs::write(file(name), "of an earlier run").unwrap();
            format!("{kind}={}", file(name).shown()).parse().unwrap()
        };
        let kinds = [
            ("json", "j"),
            ("junit", "x"),
            ("html", "h"),
            ("events", "e"),
        ];
        let wanted: Vec<ReportFile> = kinds.map(report).into();
        let work = |reports: &mut Reports, _| -> Result<Finished, Failure> {
            reports.begin(wanted.clone(), JudgedTarget::default(), &[])?;
            panic!("a defect")
        };
        let output = Output::new(Color::Never);
        let ended = panic::catch_unwind(AssertUnwindSafe(|| reporting(&[], &[], output, work)));
        assert!(ended.is_err());
        for (_, name) in kinds {
            let text = std::fs::read_to_string(file(name)).unwrap();
            assert!(text.contains("confcall panicked"), "{name}: {text}");
        }
        let events = std::fs::read_to_string(file("e")).unwrap();
        let last = events.lines().last().unwrap();
        assert!(
            last.starts_with(r#"{"event":"run-finished","exit":70"#),
            "{last}"
        );
    }

    #[test]
    fn reports_have_known_kinds() {
        let report = str::parse::<ReportFile>;
        let file = |path: &str| Destination::File(path.into());
        assert_eq!(report("json=a=b").unwrap().to, file("a=b"));
        assert_eq!(report("events=-").unwrap().to, Destination::Output);
        assert_eq!(report("events=./-").unwrap().to, file("./-"));
        assert_eq!(report("junit=x").unwrap().kind, ReportKind::Junit);
        assert_eq!(report("htm=x"), Err(ValueError::ReportKind("htm".into())));
        for text in ["json", "json="] {
            assert_eq!(report(text), Err(ValueError::Report), "{text}");
        }
    }
}
