//! Why a command ended before it had a result.

use std::io;
use std::path::Path;

use super::exit::Exit;
use crate::files::FileError;
use crate::http::tls::AuthorityError;
use crate::runner::PlayError;
use crate::scenario::selection::Nothing;

/// Why a command ended before it had a result. Not for what a target does: that is a verdict.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Arguments that make no sense together, or input that is none; with the remedy.
    #[error("{0}")]
    Usage(String),
    /// A selection that selects nothing.
    #[error(transparent)]
    Nothing(#[from] Nothing),
    /// Files that are broken, absent or not writable.
    #[error(transparent)]
    Store(#[from] FileError),
    /// A folder of keys that takes no files, or files in it that are none.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Standard output does not take what is written.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
    /// The environment: a port taken, a target that is not there.
    #[error("{0}")]
    Environment(String),
    /// A target that is not there, a port that is taken.
    #[error(transparent)]
    Play(#[from] PlayError),
    /// confcall itself.
    #[error("{0}\n  = help: this is a defect of confcall; please report it with the command")]
    Defect(String),
}

impl Failure {
    /// A recording in which nothing was recorded.
    pub fn no_exchange(file: &Path) -> Self {
        Self::Usage(format!(
            "{}: there is no exchange in it\n  = help: record one first",
            file.display()
        ))
    }

    /// What is said of it: a message for each broken file, else one.
    pub fn messages(&self) -> Vec<String> {
        match self {
            Self::Store(FileError::Broken(diagnostics)) => {
                diagnostics.iter().map(ToString::to_string).collect()
            }
            other => vec![other.to_string()],
        }
    }

    /// How confcall ends for it.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Store(FileError::Unwritable { .. } | FileError::InTheWay { .. })
            | Self::Authority(AuthorityError::Unwritable { .. })
            | Self::Output(_)
            | Self::Environment(_)
            | Self::Play(_) => Exit::Environment,
            Self::Usage(_) | Self::Nothing(_) | Self::Store(_) | Self::Authority(_) => Exit::Usage,
            Self::Defect(_) => Exit::Defect,
        }
    }
}
