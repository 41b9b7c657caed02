//! `confcall accept`: reviews conversations that differ from the accepted ones.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::snapshots;
use super::snapshots::Proposal;
use crate::diagnostic::path::Shown as _;
use crate::report::snapshot;
use crate::report::text::changed_lines;

pub(crate) const EXAMPLES: &str = "\
confcall shows each conversation that differs from its snapshot, and prompts for a decision. \
`cargo insta review` does the same in a Cargo project.

Examples:
  confcall accept snapshots
  confcall accept snapshots --all";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder of the snapshots, as given to `--snapshots`
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Accept every conversation that differs, without a prompt
    #[arg(long, conflicts_with = "reject")]
    all: bool,
    /// Discard every conversation that differs, without a prompt
    #[arg(long)]
    reject: bool,
}

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let proposals = snapshots::proposals(&arguments.folder)?;
    if proposals.is_empty() {
        output.print("no snapshots to review\n")?;
        return Ok(Exit::Success);
    }
    let asks = !arguments.all && !arguments.reject;
    let mut waiting = 0;
    for proposal in &proposals {
        output.print(&shown(proposal, output))?;
        let answer = match (arguments.all, arguments.reject) {
            (true, _) => Answer::Accept,
            (_, true) => Answer::Reject,
            _ if io::stdin().is_terminal() => prompt(output)?,
            _ => Answer::Skip,
        };
        match answer {
            Answer::Accept => proposal.accept()?,
            Answer::Reject => proposal.reject()?,
            Answer::Skip => waiting += 1,
        }
    }
    let remedy = if asks && waiting > 0 {
        ": review on a terminal, or use --all or --reject"
    } else {
        ""
    };
    output.print(&format!(
        "{waiting} of {} not reviewed{remedy}\n",
        proposals.len()
    ))?;
    Ok(if waiting > 0 {
        Exit::Failed
    } else {
        Exit::Success
    })
}

fn shown(proposal: &Proposal, output: Output) -> String {
    let content = |file| snapshot::content(file).unwrap_or(file);
    let (what, accepted) = match &proposal.accepted {
        Some(accepted) => ("changed", accepted.as_str()),
        None => ("new", ""),
    };
    let (old, new) = (content(accepted), content(&proposal.file));
    let path = proposal.path.shown();
    let difference = changed_lines(old, new, output.look);
    format!("{what} {}\n{difference}\n", output.look.bold(&path))
}

enum Answer {
    Accept,
    Reject,
    Skip,
}

fn prompt(output: Output) -> Result<Answer, Failure> {
    loop {
        output.print("accept? [y]es, [n]o (discard it), [s]kip: ")?;
        let mut line = String::new();
        let length = io::stdin().lock().read_line(&mut line)?;
        match line.trim() {
            "y" | "yes" => return Ok(Answer::Accept),
            "n" | "no" => return Ok(Answer::Reject),
            "s" | "skip" => return Ok(Answer::Skip),
            _ if length == 0 => return Ok(Answer::Skip),
            _ => {}
        }
    }
}
