//! `confcall selftest`: shows that the judge catches every mutant and blames no variant.

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::completions::candidates;
use super::exit::Exit;
use super::failure::Failure;
use super::list::Format;
use super::output::Output;
use super::usage::UsageError;
use super::{interrupt_on_signals, runtime};
use crate::config::values;
use crate::report::text::Look;
use crate::runner::self_check::proof::{self, Proof, Trial};
use crate::scenario::store;

pub(crate) const EXAMPLES: &str = "\
A mutant is a built-in party with one deliberate fault. It must fail by the rule for that fault. \
A variant is a built-in party with one harmless difference. It must pass. \
The exit code is 70 if the judge is wrong about one of them.

Examples:
  confcall selftest
  confcall selftest roster context --format json";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only mutants and variants whose name contains one of these
    #[arg(value_name = "NAME", add = candidates::trials())]
    pub names: Vec<String>,
    /// The output format: text, json
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    pub format: Format,
    /// How long to wait for each expected message of a mutant
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = values::duration)]
    pub deadline: Duration,
}

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let names = &arguments.names;
    let is_named =
        |it: &Trial| names.is_empty() || names.iter().any(|name| it.name.contains(name.as_str()));
    let trials: Vec<Trial> = proof::trials().filter(is_named).collect();
    if trials.is_empty() {
        return Err(UsageError::NoTrial.into());
    }
    let scenarios = store::built_in()?;
    let runtime = runtime()?;
    let interrupt = CancellationToken::new();
    let proofs = runtime.block_on(async {
        interrupt_on_signals(&interrupt);
        proof::prove(&trials, &scenarios, arguments.deadline, &interrupt).await
    })?;
    runtime.shutdown_background();
    match arguments.format {
        Format::Text => output.print(&table(&proofs, output.look))?,
        Format::Json => {
            let text = serde_json::to_string_pretty(&proofs)
                .map_err(|error| Failure::Defect(error.to_string()))?;
            output.print_json(&(text + "\n"))?;
        }
    }
    Ok(if interrupt.is_cancelled() {
        Exit::Interrupted
    } else if proofs.iter().all(|proof| proof.is_right) {
        Exit::Success
    } else {
        Exit::Defect
    })
}

/// The table for people: mutants, then variants; the last line counts.
fn table(proofs: &[Proof], look: Look) -> String {
    let mut text = String::new();
    for proof in proofs {
        let word = match (proof.is_right, proof.expected) {
            (true, Some(_)) => look.success("caught  "),
            (true, None) => look.success("harmless"),
            (false, Some(_)) => look.failure("MISSED  "),
            (false, None) => look.failure("BLAMED  "),
        };
        let found: Vec<String> = proof
            .found
            .iter()
            .map(|(rule, count)| format!("{rule} {count}"))
            .collect();
        let rule = proof.expected.map_or_else(String::new, |it| it.to_string());
        let injection = proof.injection.map(|it| format!(" ~{it}"));
        let _ = writeln!(
            text,
            "{word} {:<7} {:<30} {rule:<24} {}{}",
            proof.role.as_str(),
            proof.name,
            look.dim(&found.join(", ")),
            look.dim(injection.as_deref().unwrap_or_default()),
        );
        if !proof.is_right {
            for odd in &proof.odd {
                let _ = writeln!(text, "         {odd}");
            }
        }
    }
    let of = |is_mutant: bool| {
        proofs
            .iter()
            .filter(move |p| p.expected.is_some() == is_mutant)
    };
    let right = |is_mutant| of(is_mutant).filter(|proof| proof.is_right).count();
    let _ = writeln!(
        text,
        "\n{} of {} mutants caught by the expected rule, {} of {} variants not blamed",
        right(true),
        of(true).count(),
        right(false),
        of(false).count(),
    );
    text
}
