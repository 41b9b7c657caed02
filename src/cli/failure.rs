//! The reasons why a command ended before it had a result.

use std::borrow::Cow;
use std::io;

use super::exit::Exit;
use super::output;
use super::usage::UsageError;
use crate::diagnostic::{Remedy, render};
use crate::files::FileError;
use crate::http::tls::AuthorityError;
use crate::record::RecordError;
use crate::replay::live::ReplayError;
use crate::runner::PlayError;
use crate::scenario::selection::Nothing;
use crate::scenario::store::LoadError;

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Usage(UsageError),
    #[error(transparent)]
    Selection(#[from] Nothing),
    #[error(transparent)]
    Files(#[from] FileError),
    #[error(transparent)]
    Scenarios(LoadError),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    #[error(transparent)]
    Play(PlayError),
    #[error("{0}")]
    Defect(String),
}

#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    #[error("threads cannot be started: {0}")]
    Threads(io::Error),
    #[error("no random key can be generated: {0}")]
    Random(#[from] getrandom::Error),
    #[error("no free port: {0}")]
    Port(io::Error),
    /// A watched run, which the next one follows.
    #[error("a file of the project changed during the run")]
    Superseded,
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

pub(crate) const REPORT_IT: &str =
    "this is a defect of confcall; please report it with the command";

impl<E: Into<UsageError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Usage(error.into())
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Files(error) => error.into(),
            error => Self::Scenarios(error),
        }
    }
}

impl From<PlayError> for Failure {
    fn from(error: PlayError) -> Self {
        match error {
            PlayError::Setting(error) => error.into(),
            error => Self::Play(error),
        }
    }
}

impl Remedy for Failure {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Usage(error) => error.remedy(),
            Self::Play(error) => error.remedy(),
            Self::Authority(error) => error.remedy(),
            Self::Environment(EnvironmentError::Replay(error)) => error.remedy(),
            Self::Environment(EnvironmentError::Record(error)) => error.remedy(),
            Self::Defect(_) => Some(REPORT_IT.into()),
            Self::Selection(nothing) => nothing.remedy(),
            Self::Files(error) => error.remedy(),
            Self::Scenarios(error) => error.remedy(),
            Self::Output(_) | Self::Environment(_) => None,
        }
    }
}

impl Failure {
    /// The messages of it: one for each broken file, else one.
    pub fn messages(&self) -> Vec<String> {
        match self {
            Self::Files(FileError::Broken(diagnostics)) => {
                diagnostics.iter().map(ToString::to_string).collect()
            }
            other => vec![render(other)],
        }
    }

    /// Shows it on standard error.
    pub(crate) fn tell(&self) {
        self.messages().iter().for_each(output::error);
    }

    pub const fn exit(&self) -> Exit {
        match self {
            Self::Files(FileError::Unwritable { .. } | FileError::InTheWay { .. })
            | Self::Authority(AuthorityError::Unwritable { .. })
            | Self::Output(_)
            | Self::Environment(_)
            | Self::Play(_) => Exit::Environment,
            Self::Usage(_)
            | Self::Selection(_)
            | Self::Files(_)
            | Self::Scenarios(_)
            | Self::Authority(_) => Exit::Usage,
            Self::Defect(_) => Exit::Defect,
        }
    }
}
