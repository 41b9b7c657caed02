//! `confcall doctor`: tries each thing that a run needs, with a remedy for each that does not work.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::scenarios::Which;
use super::target::TargetOptions;
use super::usage::UsageError;
use super::{output, run};
use crate::config;
use crate::config::values;
use crate::diagnostic::render;
use crate::runner::doctor::{Check, Origin, Outcome, examine};
use crate::runner::{Options, Target};

pub(crate) const EXAMPLES: &str = "\
confcall tries one thing after the other, in the order of a run. If something fails, it shows the cause and the remedy. \
If confcall.toml has the command of the target, confcall starts the target, and ends it after the last check. \
A bot gets one trigger, for the shortest selected scenario that begins with a request of the bot.

Examples:
  confcall doctor
  confcall doctor --config staging.toml
  confcall doctor --service https://localhost:8443 --ca service.pem
  confcall doctor --bot http://localhost:3978/callback --trigger http://localhost:3978/trigger
  confcall doctor --operation invite

Exit codes:
  0 nothing failed    1 a check of the target failed    2 bad usage or input
  3 the environment failed    70 a defect of confcall    130 interrupted";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Read settings from this file; options override them [default: confcall.toml, if it exists]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    target: TargetOptions,
    /// How long to wait for each response, and for the request of a triggered bot [default: 5s]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    deadline: Option<Duration>,
}

pub(crate) fn command(arguments: Arguments, output: Output) -> Result<Exit, Failure> {
    let mut shown = Shown {
        output,
        failed: 0,
        skipped: 0,
        exit: Exit::Success,
        printed: Ok(()),
    };
    match configuration(arguments) {
        Ok((options, target)) => {
            let seen = format!("the {} at {}", target.role(), target.url());
            shown.show(CONFIGURATION, &Outcome::Ok(seen));
            examined(options, &target, &mut shown)?;
        }
        Err(failure) => {
            shown.line(Mark::Failed, CONFIGURATION, &failure.messages().join("\n"));
            shown.exit = failure.exit();
        }
    }
    shown.end()
}

const CONFIGURATION: &str = "configuration";

/// The options of a run by these arguments, and its target.
fn configuration(arguments: Arguments) -> Result<(Options, Target), Failure> {
    let Arguments {
        which,
        config: path,
        target,
        deadline,
    } = arguments;
    let mut config = config::load(path.as_deref())?;
    let mut run = run::Arguments::absent()?;
    run.which = which;
    run.target = target;
    run.deadline = deadline;
    run.complete(&mut config)?;
    let (options, _) = run.options(config)?;
    let path = path.unwrap_or_else(|| config::FILE.into());
    let missing = || {
        if path.exists() {
            UsageError::NoTarget(path)
        } else {
            UsageError::NoConfiguration(path)
        }
    };
    let target = options.target.clone().ok_or_else(missing)?;
    Ok((options, target))
}

fn examined(options: Options, target: &Target, shown: &mut Shown) -> Result<(), Failure> {
    let runtime = super::runtime()?;
    let interrupt = CancellationToken::new();
    let options = Arc::new(options);
    runtime.block_on(async {
        super::interrupt_on_signals(&interrupt);
        let mut show = |Check { name, outcome }| shown.show(name, &outcome);
        let examining = examine(&options, target, &interrupt, &mut show);
        tokio::select! {
            () = examining => {}
            () = interrupt.cancelled() => {}
        }
    });
    runtime.shutdown_background();
    if interrupt.is_cancelled() {
        shown.exit = Exit::Interrupted;
    }
    Ok(())
}

/// The width of the names of checks.
const NAMES: usize = 15;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Ok,
    Failed,
    Skipped,
}

/// The checks that were shown.
struct Shown {
    output: Output,
    failed: usize,
    skipped: usize,
    exit: Exit,
    /// The first error of the output.
    printed: io::Result<()>,
}

impl Shown {
    fn show(&mut self, name: &str, outcome: &Outcome) {
        match outcome {
            Outcome::Ok(seen) => self.line(Mark::Ok, name, seen),
            Outcome::Skipped(reason) => self.line(Mark::Skipped, name, reason),
            Outcome::Failed(problem) => {
                self.line(Mark::Failed, name, &render(problem));
                self.exit = self.exit.worse(match problem.origin {
                    Origin::Configuration => Exit::Usage,
                    Origin::Environment => Exit::Environment,
                    Origin::Target => Exit::Failed,
                });
            }
        }
    }

    fn line(&mut self, mark: Mark, name: &str, text: &str) {
        let look = self.output.look;
        let mark = match mark {
            Mark::Ok => look.success("ok     "),
            Mark::Failed => {
                self.failed += 1;
                look.failure("failed ")
            }
            Mark::Skipped => {
                self.skipped += 1;
                look.dim("skipped")
            }
        };
        let text = output::redacted(text).replace('\n', "\n        ");
        self.print(&format!("{mark} {name:NAMES$} {text}\n"));
    }

    fn print(&mut self, text: &str) {
        if self.printed.is_ok() {
            self.printed = self.output.print(text);
        }
    }

    /// Shows what comes next.
    fn end(mut self) -> Result<Exit, Failure> {
        let skipped = self.skipped;
        let next = match self.exit {
            Exit::Success => "\nnothing failed: `confcall` plays the scenarios\n".to_owned(),
            Exit::Interrupted => "\ninterrupted\n".to_owned(),
            _ => format!("\n{} failed, {skipped} skipped\n", self.failed),
        };
        self.print(&next);
        self.printed?;
        Ok(self.exit)
    }
}
