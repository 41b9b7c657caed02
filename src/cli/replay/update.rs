//! `confcall replay --update`: writes the messages of the live party into the files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{Arguments, Plain, Played, play};
use crate::cassette::har;
use crate::cli::exit::Exit;
use crate::cli::failure::{EnvironmentError, Failure};
use crate::cli::output;
use crate::cli::output::Output;
use crate::cli::reports::{Failures, Reports};
use crate::cli::usage::UsageError;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::path::Shown as _;
use crate::files;
use crate::replay::update::Updated;

/// Plays the recordings, and writes those anew of which all could be played.
pub(super) fn update(
    arguments: Arguments,
    reports: &mut Reports,
    output: Output,
) -> Result<Failures, Failure> {
    let Plain { files, options, .. } = Plain::new(arguments, reports)?;
    let originals = files.iter().map(|it| Original::read(it));
    let originals: Vec<Original> = originals.collect::<Result<_, _>>()?;
    let Played {
        replayed,
        is_interrupted,
        failures,
        ..
    } = play(options, &files, output, |_| {})?;
    let mut exit = failures.exit;
    if is_interrupted {
        exit = exit.worse(Exit::Interrupted);
    }
    for (file, replayed) in replayed {
        let original = originals.iter().find(|it| it.path == file);
        if let (Some(original), Some(updated)) = (original, &replayed.updated) {
            exit = exit.worse(original.replace(updated, output)?);
        }
    }
    Ok(Failures { exit, ..failures })
}

/// A cassette as it was before the replay.
#[derive(Debug)]
struct Original {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Original {
    /// Errors: the file is no cassette that can be written.
    fn read(path: &Path) -> Result<Self, Failure> {
        let refused = || UsageError::NotUpdated(path.to_owned());
        if path.exists() && !path.is_file() {
            return Err(refused().into());
        }
        let bytes = files::read(path)?;
        if har::is_har(&bytes) {
            return Err(refused().into());
        }
        Ok(Self {
            path: path.to_owned(),
            bytes,
        })
    }

    /// Writes the file anew, unless something could not be played.
    fn replace(&self, updated: &Updated, output: Output) -> Result<Exit, Failure> {
        let file = self.path.shown();
        if !updated.left.is_empty() {
            for left in &updated.left {
                output::warn(left);
            }
            output::error(format!(
                "{file} is unchanged, because some exchanges were not replayed"
            ));
            return Ok(Exit::Failed);
        }
        let listed = |numbers: &[u64]| {
            let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
            numbers.join(", ")
        };
        let (changed, added) = (updated.changed.len(), updated.added.len());
        let mut text = format!(
            "{file}: {changed} of {} exchanges changed",
            updated.exchanges
        );
        if changed > 0 {
            // Writing to a string cannot fail.
            let _ = write!(text, " ({})", listed(&updated.changed));
        }
        if added > 0 {
            let _ = write!(text, ", {added} added ({})", listed(&updated.added));
        }
        if changed + added > 0 {
            if files::read(&self.path)? != self.bytes {
                return Err(EnvironmentError::Replay(self.was_changed().into()).into());
            }
            files::write_bytes(&self.path, &updated.text)?;
        }
        output.print(&(text + "\n"))?;
        Ok(Exit::Success)
    }

    fn was_changed(&self) -> Diagnostic {
        Diagnostic {
            file: self.path.shown(),
            line: 0,
            column: 0,
            message: "the file was changed during the replay".to_owned(),
            remedy: Some("replay it again".to_owned()),
            excerpt: None,
        }
    }
}
