//! `confcall check`: judges recordings, offline.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;

use super::completions::candidates;
use super::exit::Exit;
use super::failure::Failure;
use super::output;
use super::output::Output;
use super::progress::Progress;
use super::recordings::Found;
use super::reports::{Failures, Finished, ReportFile, Reports, Shown, now, reporting};
use super::scenarios::{Among, How};
use super::usage::UsageError;
use super::{record, recordings};
use crate::api::party::Party;
use crate::cassette::ordered::Ordered;
use crate::diagnostic::path::Shown as _;
use crate::judge;
use crate::judge::Case;
use crate::judge::recording::check::{Check, Checked};
use crate::judge::recording::coverage::Coverage;
use crate::judge::recording::secrets;
use crate::judge::recording::secrets::Secret;
use crate::judge::redaction;
use crate::judge::verdict::{JudgedTarget, Run, ScenarioResult};
use crate::redact::Redactor;
use crate::report::covered;
use crate::report::covered::Outside;
use crate::report::list::counted;
use crate::report::terminal::Extent;
use crate::scenario::format::Scenario;
use crate::scenario::selection::{Filter, Scope};
use crate::scenario::store;

pub(crate) const EXAMPLES: &str = "\
Both parties of each recorded conversation are judged by the contract of the calling API, and each has a result of \
its own. If the recording lacks one direction, the messages of that direction do not count as missing. \
The report also names the scenarios that a recording shows; the options under Scenarios restrict these names. \
--edition also selects the texts by which the recordings are judged.

Examples:
  confcall check call.jsonl
  confcall check --edition 2021-02 --strict call.jsonl browser.har
  confcall check --secrets call.jsonl browser.har";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Cassettes and HAR files, or folders with such files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Only scenarios whose id contains this text, or whose whole id matches this glob (repeatable)
    #[arg(long, value_name = "FILTER", value_parser = Filter::parse, add = candidates::scenarios(), help_heading = "Scenarios")]
    filter: Vec<Filter>,
    #[command(flatten)]
    among: Among,
    /// Fail on an unmet SHOULD too, not only on a broken MUST
    #[arg(long, help_heading = "Judging")]
    strict: bool,
    /// Instead of judging, list each secret in the files by place and rule; exit with 1 if there is a secret
    #[arg(long, help_heading = "Judging", conflicts_with_all = ["strict", "filter", "report", "verbose", "slowest"])]
    secrets: bool,
    #[command(flatten)]
    shown: Shown,
    #[arg(
        long,
        value_name = "KIND=FILE",
        help = ReportFile::help("Also write a report"),
        help_heading = "Reports"
    )]
    report: Vec<ReportFile>,
}

/// How many secrets a warning names in one file.
const NAMED_SECRETS: usize = 10;

/// The most warnings that are shown one by one.
const SHOWN_WARNINGS: usize = 20;

/// The warnings of a check, of which the first are shown.
struct Warnings {
    most: usize,
    count: usize,
}

impl Warnings {
    const fn new(extent: Extent) -> Self {
        let most = match extent {
            Extent::Short => SHOWN_WARNINGS,
            Extent::Whole => usize::MAX,
        };
        Self { most, count: 0 }
    }

    fn warn(&mut self, warning: &str) {
        if self.count < self.most {
            output::warn(warning);
        }
        self.count += 1;
    }

    fn end(&self) {
        if let Some(others @ 1..) = self.count.checked_sub(self.most) {
            output::warn(format!("{others} more warnings (`-v` shows everything)"));
        }
    }
}

struct Checker {
    coverage: Arc<Coverage>,
    options: judge::Options,
    redactor: Redactor,
    progress: Progress,
}

struct Judged {
    checked: Checked,
    /// Suspicious values in the file, a line each.
    warnings: Vec<String>,
}

impl Checker {
    fn new(
        scenarios: &[Scenario],
        picked: &[Scenario],
        options: judge::Options,
    ) -> Result<Self, Failure> {
        Ok(Self {
            coverage: Coverage::new(&cases_of_both(scenarios, picked)).into(),
            options,
            redactor: record::redactor(None)?,
            progress: Progress::hidden(),
        })
    }

    /// `name` is that of the file in the names of conversations.
    fn judge(&self, file: &Path, name: &str) -> Result<Judged, Failure> {
        let (mut recording, torn) = Ordered::open(file)?;
        let mut warnings: Vec<_> = torn.iter().map(ToString::to_string).collect();
        if recording.len() == 0 {
            torn.iter().for_each(output::warn);
            return Err(UsageError::NoExchange(file.to_owned()).into());
        }
        self.progress.add(recording.len());
        self.progress.say(name);
        let coverage = Arc::clone(&self.coverage);
        let mut check = Check::new(name, recording.directions(), coverage, &self.options);
        let mut secrets = Secrets::default();
        // A secret of one exchange may be in the report of another.
        let read = |exchange| (secrets::secrets(&self.redactor, &exchange), exchange);
        let mut batch = recording.batch(read)?;
        while !batch.is_empty() {
            let count = batch.len();
            // One processor judges while the others read.
            let (next, ()) = rayon::join(
                || recording.batch(read),
                || {
                    for (found, exchange) in batch {
                        secrets.add(found);
                        check.add(exchange);
                    }
                },
            );
            batch = next?;
            self.progress.advance(count);
        }
        warnings.extend(secrets.warnings(&file.shown()));
        let mut checked = check.finish();
        redaction::not_covered(&mut checked.not_covered, &self.redactor);
        Ok(Judged { checked, warnings })
    }

    fn report(
        &self,
        target: JudgedTarget,
        results: Vec<ScenarioResult>,
        errors: Vec<String>,
    ) -> Run {
        let mut run = Run::new(target, results);
        run.observed = true;
        run.errors = errors;
        redaction::run(&mut run, &self.redactor);
        run
    }
}

/// Scenarios that judge both parties. A scenario that judges one party alone begins like others, so a recording cannot
/// show it.
pub(super) fn cases_of_both(scenarios: &[Scenario], picked: &[Scenario]) -> Vec<Case> {
    let mut cases = judge::cases(scenarios, picked);
    cases.retain(|case| case.scenario.script.judges.is_none());
    cases
}

/// Secrets that a recorder would have replaced.
#[derive(Default)]
struct Secrets {
    /// The first ones.
    named: Vec<Secret>,
    others: usize,
}

impl Secrets {
    fn add(&mut self, found: Vec<Secret>) {
        for secret in found {
            if self.named.len() < NAMED_SECRETS {
                self.named.push(secret);
            } else {
                self.others += 1;
            }
        }
    }

    fn warnings(&self, file: &str) -> Vec<String> {
        let named = self.named.iter().map(|it| {
            let (exchange, place) = (it.exchange, &it.place);
            let rule = &it.rule;
            format!("{file}: exchange {exchange} may contain a secret: {place} ({rule})")
        });
        let others = (self.others > 0).then(|| format!("{file}: and {} more", self.others));
        named.chain(others).collect()
    }
}

pub(crate) fn run(file: &Path) -> Result<Run, Failure> {
    let started = now();
    let scenarios = store::built_in()?;
    let checker = Checker::new(&scenarios, &scenarios, judge::Options::default())?;
    let name = file.file_name().unwrap_or(file.as_os_str());
    let judged = checker.judge(file, &name.to_string_lossy())?;
    let target = target(&[file.to_owned()]);
    let mut run = checker.report(target, judged.checked.results, Vec::new());
    run.started = started;
    Ok(run)
}

fn target(files: &[PathBuf]) -> JudgedTarget {
    JudgedTarget {
        role: None,
        url: Some(recordings::listed(files)),
    }
}

/// Lists the secrets in the files: their places and rules, and no values.
fn list_secrets(files: &[Found], output: Output) -> Result<Exit, Failure> {
    let redactor = record::redactor(None)?;
    let mut count = 0;
    for Found { path, .. } in files {
        let (mut recording, torn) = Ordered::open(path)?;
        if let Some(torn) = torn {
            output::warn(torn);
        }
        loop {
            let batch = recording.batch(|exchange| secrets::secrets(&redactor, &exchange))?;
            if batch.is_empty() {
                break;
            }
            let mut lines = String::new();
            for secret in batch.into_iter().flatten() {
                let (exchange, place, rule) = (secret.exchange, secret.place, secret.rule);
                let place = redactor.in_text(&place);
                let _ = writeln!(
                    lines,
                    "{}: exchange {exchange}: {place}: {rule}",
                    path.shown()
                );
                count += 1;
            }
            output.print(&lines)?;
        }
    }
    output.print(&format!(
        "{} in {}\n",
        counted(count, "secret"),
        counted(files.len(), "file")
    ))?;
    Ok(if count == 0 {
        Exit::Success
    } else {
        Exit::Failed
    })
}

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    if arguments.secrets {
        let found = recordings::find(&arguments.files)?;
        return list_secrets(&found, output);
    }
    reporting(
        &arguments.report,
        &arguments.files,
        output,
        |reports, output| check(arguments, reports, output),
    )
}

fn check(
    arguments: &Arguments,
    reports: &mut Reports,
    output: Output,
) -> Result<Finished, Failure> {
    let begun = Instant::now();
    let how = How {
        roles: &[Party::Bot],
        scope: Scope::Everything,
        chooses_injection: false,
    };
    let scenarios = arguments.among.select(&arguments.filter, &[], how)?;
    let options = judge::Options {
        strict: arguments.strict,
        edition: arguments.among.edition.last().cloned(),
        ..judge::Options::default()
    };
    let mut checker = Checker::new(&scenarios.all, &scenarios.picked, options)?;
    let found = recordings::find(&arguments.files)?;
    let read: Vec<PathBuf> = found.iter().map(|it| it.path.clone()).collect();
    let target = target(&arguments.files);
    reports.show_pages(&arguments.shown);
    reports.begin(arguments.report.clone(), target.clone(), &read)?;
    checker.progress = Progress::of_steps();
    let mut failures = Failures::default();
    let mut results = Vec::new();
    let mut outside = Vec::new();
    let mut warned = Warnings::new(arguments.shown.extent());
    for Found { path, name } in &found {
        let Judged { checked, warnings } = match checker.judge(path, name) {
            Ok(judged) => judged,
            Err(failure) => {
                failures.take(&failure);
                continue;
            }
        };
        for warning in &warnings {
            warned.warn(warning);
        }
        outside.push(Outside {
            file: path.shown(),
            exchanges: checked.not_covered,
            unlisted: checked.unlisted,
        });
        results.extend(checked.results);
    }
    warned.end();
    let extent = arguments.shown.extent();
    let mut text = covered::not_covered(&outside, output.look, extent);
    let mut run = checker.report(target, results, failures.errors.clone());
    if run.errors.is_empty() || !run.results.is_empty() {
        text.push_str(&covered::scenarios(
            &run.results,
            checker.coverage.len(),
            extent,
        ));
        let render = |run: &Run| arguments.shown.render(run, begun.elapsed(), output.look);
        text.push_str(&failures.unsaid(&mut run, render));
    }
    let exit = failures.exit;
    Ok(Finished { run, text, exit })
}
