//! `confcall run`: the run that its arguments and `confcall.toml` ask for, and the reports of it.
//!
//! [`Arguments`] are those of the command line. `project` puts what `confcall.toml` says where they
//! say nothing, `target` says who is judged, `options` what is played against whom, and `play`
//! plays it.

mod arguments;
pub(crate) mod options;
pub(crate) mod play;
mod project;
pub(crate) mod target;

pub use self::arguments::{Arguments, EXAMPLES};
pub use self::options::{DEADLINE, judging, setup, token};
pub use crate::api::party::Party;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::reports::Reports;
use super::snapshots;
use super::snapshots::Conversation;
use crate::config;
use crate::judge::verdict::Run;
use crate::report::{annotations, coverage, snapshot, terminal};
use crate::scenario::format::INJECTION_MARK;

use self::options::Options;
use self::project::Project;

/// Plays and judges.
///
/// # Errors
///
/// Bad arguments, broken scenarios, a port that is taken, a target that is not there from the
/// start.
pub fn command(mut arguments: Arguments, output: Output) -> Result<Exit, Failure> {
    let config = config::load(arguments.config.as_deref())?;
    let project = Project::new(config, &mut arguments)?;
    let reports = Reports::new(std::mem::take(&mut arguments.report))?;
    let wants_coverage = arguments.coverage;
    let kept = arguments.snapshots.take();
    snapshots::refuse_forced_passes(kept.is_some())?;
    let options = Options::new(arguments, project)?;
    let played = play::play(&options, Some(output))?;
    let mut text = terminal::render(&played.run, played.elapsed, output.look);
    if wants_coverage {
        text.push_str(&coverage::render(&played.run, output.look));
    }
    text.push_str(&annotations(&played.run));
    output.print(&text)?;
    let mut exit = if played.is_interrupted {
        Exit::Interrupted
    } else {
        Exit::of_run(&played.run)
    };
    if let Some(folder) = &kept {
        let conversations = conversations(&played.run);
        exit = exit.worse(snapshots::hold(folder, conversations, output)?);
    }
    exit = exit.worse(reports.write(&played.run));
    Ok(exit)
}

/// The conversations of a run that are held against the accepted ones.
fn conversations(run: &Run) -> impl Iterator<Item = Conversation> {
    // What fault injection makes of a conversation is judged, not kept.
    let held = run.results.iter();
    let held = held.filter(|it| !it.traffic.is_empty() && !it.scenario.contains(INJECTION_MARK));
    held.map(|result| Conversation {
        name: snapshot::name(result),
        description: format!("{} of {}", result.role, result.scenario),
        content: snapshot::render(result),
    })
}

/// What did not pass as annotations, where GitHub's runner reads them.
pub fn annotations(run: &Run) -> String {
    let is_there = std::env::var_os("GITHUB_ACTIONS").is_some_and(|it| it == "true");
    if is_there {
        annotations::render(run)
    } else {
        String::new()
    }
}
