//! `confcall run`: its arguments, the run that they and `confcall.toml` describe, and its reports.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::failure::Failure;
use super::last_run::LastRun;
use super::live::Live;
use super::output::Output;
use super::reports::{Finished, ReportFile, Reports, Shown, reporting};
use super::scenarios::{Injection, Which};
use super::snapshots::Conversation;
use super::target::TargetOptions;
use super::{ca, output, record, snapshots, watch};
use crate::api::party::Party;
use crate::config::{self, values};
use crate::judge::redaction;
use crate::judge::shard::Shard;
use crate::judge::verdict::{Run, ScenarioResult};
use crate::report::{coverage, snapshot};
use crate::runner::Options;
use crate::runner::options::SEED;
use crate::runner::run::Played;
use crate::scenario::format::INJECTION_MARK;

pub(crate) const EXAMPLES: &str = "\
Without a target, confcall plays every scenario with the built-in pair, also under the fast kinds of fault injection. \
Against a target, it plays the scenarios of v1.0 in the newest edition of each page, without fault injection. \
Options and confcall.toml select others.

Examples:
  confcall run                                     the built-in service and bot, every scenario
  confcall run --service http://localhost:8080 --given assume
  confcall run --bot http://localhost:3978/callback --trigger http://localhost:3978/trigger
  confcall run --service https://localhost:8443 --ca service.pem --tls
  confcall run --bot http://localhost:3978/callback --trigger http://localhost:3978/trigger \\
    --intercept graph.microsoft.com --proxy-listen 8081
                                                   a bot whose service address cannot be changed
  confcall run --operation answer,reject --service http://localhost:8080
  confcall run --api v1.0,beta --all-editions --service http://localhost:8080
  confcall run '*@2021-02/*' --role bot --report junit=report.xml
  confcall run --rerun-failed --fail-fast
  confcall run --timeout 2m --max-fail 10 -v
  confcall run --watch
  confcall run mute --service http://localhost:8080 --repeat 1000 --jobs 100

Exit codes:
  0 something passed or is a known failure, and nothing is wrong
  1 a violation, an inconclusive result, or a wrong `[[known]]` entry; also if nothing passed
    and nothing is a known failure
  2 bad usage or input    3 the environment failed    70 a defect of confcall    130 interrupted";

#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub which: Which,
    #[command(flatten)]
    pub injection: Injection,
    /// The seed of the random choices of fault injection
    #[arg(long, value_name = "NUMBER", default_value_t = SEED, help_heading = "Fault injection")]
    pub seed: u64,
    /// Read settings from this file; options override them [default: confcall.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Judge only this party of the built-in pair: bot, service
    #[arg(
        long,
        value_name = "ROLE",
        hide_possible_values = true,
        help_heading = "Scenarios"
    )]
    pub role: Option<Party>,

    #[command(flatten)]
    pub target: TargetOptions,

    /// How long to wait for each expected message [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = values::duration, help_heading = "Judging")]
    pub deadline: Option<Duration>,
    /// How long to wait for surplus messages at the end of the run [default: 250ms; 0 for the built-in pair]
    #[arg(long, value_name = "TIME", value_parser = values::duration, help_heading = "Judging")]
    pub settle: Option<Duration>,
    /// Judge messages only by the examples on the page, exactly as printed, and not by the contract
    #[arg(long, help_heading = "Judging")]
    pub literal: bool,
    /// Fail on an unmet SHOULD too, not only on a broken MUST
    #[arg(long, help_heading = "Judging")]
    pub strict: bool,
    /// Play only this part of the selected scenarios; 2/8 is the second of eight (see `confcall merge`)
    #[arg(long, value_name = "SHARD", help_heading = "Scenarios")]
    pub shard: Option<Shard>,
    /// How many scenarios to play at a time [default: 16; 6 for the built-in pair without slow fault injection]
    #[arg(long, short, value_name = "COUNT", help_heading = "Judging")]
    pub jobs: Option<NonZeroUsize>,

    #[command(flatten)]
    pub course: Course,
    #[command(flatten)]
    pub shown: Shown,
    /// List the requirements that were met, broken, or not tested
    #[arg(long, help_heading = "Reports")]
    pub coverage: bool,
    /// Compare each conversation with the accepted one in this folder (see `confcall accept`)
    #[arg(long, value_name = "DIR", help_heading = "Reports")]
    pub snapshots: Option<PathBuf>,
    #[arg(
        long,
        value_name = "KIND=FILE",
        help = ReportFile::help("Also write a report"),
        help_heading = "Reports"
    )]
    pub report: Vec<ReportFile>,
}

/// The course of a run: what is played again, and what ends it early.
#[derive(Debug, Clone, Copy, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the command line"
)]
pub(crate) struct Course {
    /// Play only the scenarios that failed when they were last played in this folder; if none failed, play all
    #[arg(long, help_heading = "Scenarios", conflicts_with = "filters")]
    pub rerun_failed: bool,
    /// End the run after the first failed scenario
    #[arg(long, help_heading = "Judging", conflicts_with = "max_fail")]
    fail_fast: bool,
    /// End the run after this number of failed scenarios
    #[arg(long, value_name = "COUNT", help_heading = "Judging")]
    max_fail: Option<NonZeroUsize>,
    /// End the run after this time; unfinished scenarios are then inconclusive
    #[arg(long, value_name = "TIME", value_parser = values::duration, help_heading = "Judging")]
    pub timeout: Option<Duration>,
    /// End the run when standard input ends, so that the run does not outlive a program that holds it open
    #[arg(long, help_heading = "Judging", conflicts_with = "watch")]
    end_with_stdin: bool,
    /// Play each scenario this number of times, and report latencies; `--jobs` says how many at a time
    #[arg(
        long,
        value_name = "COUNT",
        help_heading = "Judging",
        conflicts_with = "snapshots"
    )]
    repeat: Option<NonZeroUsize>,
    /// Play again when a file of the project changes, failed scenarios first, until Ctrl-C or the key q
    #[arg(long, help_heading = "Judging", conflicts_with = "rerun_failed")]
    watch: bool,
}

impl Arguments {
    /// True if nothing says that the built-in pair is meant.
    fn is_plain(&self) -> bool {
        self.target.role().is_none()
            && self.role.is_none()
            && self.injection.inject.is_empty()
            && !self.literal
            && !self.which.is_narrowed()
            && self.which.among.source.scenarios.is_none()
    }
}

impl Course {
    pub(crate) fn repeat(self) -> usize {
        self.repeat.map_or(1, NonZeroUsize::get)
    }

    pub(crate) const fn max_fail(self) -> Option<NonZeroUsize> {
        if self.fail_fast {
            Some(NonZeroUsize::MIN)
        } else {
            self.max_fail
        }
    }
}

pub(crate) fn command(arguments: Arguments, output: Output) -> Result<Exit, Failure> {
    if arguments.course.watch {
        return watch::command(&arguments, output);
    }
    let interrupt = CancellationToken::new();
    if arguments.course.end_with_stdin {
        super::interrupt_with_stdin(&interrupt);
    }
    let wanted = arguments.report.clone();
    reporting(&wanted, &[], output, |reports, output| {
        run(arguments, &interrupt, reports, output)
    })
}

/// Plays a run, unless it is interrupted before.
pub(super) fn run(
    mut arguments: Arguments,
    interrupt: &CancellationToken,
    reports: &mut Reports,
    output: Output,
) -> Result<Finished, Failure> {
    reports.of_shard(arguments.shard);
    let mut config = config::load(arguments.config.as_deref())?;
    let last = LastRun::here();
    if arguments.course.rerun_failed {
        arguments.which.filters = last.as_ref().map(LastRun::failed).unwrap_or_default();
        if arguments.which.filters.is_empty() {
            output::say("nothing failed in the last run, so everything is played");
        }
    }
    arguments.complete(&mut config)?;
    let is_unasked = config.source.is_none() && arguments.is_plain();
    reports.begin(
        std::mem::take(&mut arguments.report),
        arguments.judged(),
        &arguments.target.stubs,
    )?;
    reports.name_scenarios(arguments.which.among.source.scenarios.clone());
    let wants_coverage = arguments.coverage;
    let shown = arguments.shown.clone();
    reports.show_pages(&shown);
    let accepted = arguments.snapshots.take();
    snapshots::refuse_forced_passes(accepted.as_deref())?;
    let is_narrowed = arguments.which.is_narrowed();
    let (mut options, left_out) = arguments.options(config)?;
    if is_unasked {
        output::say("no confcall.toml in this folder: the built-in service and bot are judged");
    }
    options.keeps_passed_traffic = accepted.is_some() || wants_coverage;
    let events = reports.events().clone();
    let live = Live::new(output, shown.extent(), &options.redaction, events)?;
    let live = Arc::new(live);
    options.observer = live.clone();
    let played = play(options, interrupt);
    live.end();
    let Played {
        mut run,
        elapsed,
        is_interrupted,
    } = played?;
    let mut exit = if is_interrupted {
        Exit::Interrupted
    } else {
        Exit::Success
    };
    let mut remedy = String::new();
    if let Some(folder) = &accepted {
        let conversations = conversations(&run);
        let (text, compared) = snapshots::compare(folder, &mut run, conversations);
        (remedy, exit) = (text, exit.worse(compared));
    }
    if let Some(last) = last {
        last.keep(&run);
    }
    let mut text = shown.render(&run, elapsed, output.look);
    if wants_coverage {
        text.push_str(&coverage::render(&run, "scenario", output.look));
    }
    if !is_narrowed && left_out.count > 0 {
        let _ = writeln!(text, "{}", output.look.dim(&left_out.to_string()));
    }
    text.push_str(&remedy);
    Ok(Finished { run, text, exit })
}

/// Plays a run to its end, or until a signal interrupts it. The results hold no secrets.
pub(crate) fn play(options: Options, interrupt: &CancellationToken) -> Result<Played, Failure> {
    let redactor = record::redactor_of(options.redaction.clone())?;
    let keeps_passed_traffic = options.keeps_passed_traffic;
    let runtime = super::runtime()?;
    let mut played = runtime.block_on(async {
        super::interrupt_on_signals(interrupt);
        crate::runner::run::run(&Arc::new(options), interrupt).await
    })?;
    runtime.shutdown_background();
    if !keeps_passed_traffic {
        played.run.drop_passed_traffic();
    }
    redaction::run(&mut played.run, &redactor);
    Ok(played)
}

/// The addresses of confcall, and of its forward proxy with the certificate that clients trust. A target that confcall
/// starts has them in its environment.
pub(crate) fn listening(own: &str, proxy: Option<(&str, &Path)>, is_started: bool) -> String {
    let mut text = format!("listening {own}\n");
    if let Some((proxy, certificate)) = proxy {
        let _ = writeln!(text, "listening {proxy}");
        if !is_started {
            text.push_str(&ca::starting(certificate, proxy));
        }
    }
    text
}

/// The conversations of a run that are compared with the accepted ones.
fn conversations(run: &Run) -> Vec<Conversation> {
    // A conversation under fault injection is judged, but has no accepted one.
    let is_held =
        |it: &ScenarioResult| !it.traffic.is_empty() && !it.scenario.contains(INJECTION_MARK);
    let held = (0..).zip(&run.results).filter(|(_, it)| is_held(it));
    let held = held.map(|(at, result)| Conversation {
        result: at,
        name: snapshot::name(result),
        description: format!("{} of {}", result.role, result.scenario),
        content: snapshot::render(result),
    });
    held.collect()
}
