//! `confcall replay --learn`: proposes rules for the values that vary between two plays.

use std::time::Instant;

use super::{Arguments, Plain, Played, play};
use crate::cli::exit::Exit;
use crate::cli::failure::{EnvironmentError, Failure};
use crate::cli::output;
use crate::cli::output::Output;
use crate::cli::reports::{Failures, Reports};
use crate::judge::redaction;
use crate::judge::verdict::Run;
use crate::replay::learn::learn;
use crate::replay::recording::file;
use crate::report::terminal;
use crate::report::terminal::Extent;

/// Prints the rules, and nothing else, on standard output. What differs in spite of them goes to standard
/// error.
pub(super) fn learn_rules(
    arguments: Arguments,
    reports: &mut Reports,
    output: Output,
) -> Result<Failures, Failure> {
    let started = Instant::now();
    let Plain {
        target,
        files,
        redactor,
        options,
    } = Plain::new(arguments, reports)?;
    let twice: Vec<_> = files.into_iter().flat_map(|it| [it.clone(), it]).collect();
    let Played {
        replayed,
        is_interrupted,
        failures,
        ..
    } = play(options, &twice, output, |_| {})?;
    if is_interrupted || failures.exit != Exit::Success {
        let interrupted = if is_interrupted {
            Exit::Interrupted
        } else {
            Exit::Success
        };
        let exit = failures.exit.worse(interrupted);
        return Ok(Failures { exit, ..failures });
    }
    let mut recordings = Vec::new();
    let mut replayed = replayed.into_iter();
    while let (Some((file, first)), Some((_, second))) = (replayed.next(), replayed.next()) {
        let (recording, _) = file::open(&file)?;
        recordings.push((recording, [first, second]));
    }
    let lesson = learn(recordings).map_err(|lost| EnvironmentError::Replay(lost.into()))?;
    output.print_json(&lesson.toml)?;
    let results = lesson.results.into_iter().map(|it| it.result);
    let mut run = Run::new(target, results.collect());
    redaction::run(&mut run, &redactor);
    output::say(terminal::render(&run, started.elapsed(), output.look, Extent::Short).trim_end());
    let exit = Exit::of_run(&run);
    Ok(Failures { exit, ..failures })
}
