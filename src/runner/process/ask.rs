//! Commands that are asked: a question on standard input, an answer on standard output.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

use super::Program;
use super::group::Group;

impl Program {
    /// Runs the program with this on its standard input, until it ends.
    ///
    /// # Errors
    ///
    /// A program that cannot be started, that says more than 1 MiB, or that takes too long.
    pub async fn ask(&self, input: &[u8], within: Duration) -> Result<Said, AskError> {
        let name = self.words.first().cloned().unwrap_or_default();
        let broken = |cause| AskError::Broken {
            program: name.clone(),
            cause,
        };
        let deadline = Instant::now() + within;
        let mut command = self.command();
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (mut child, group) = Group::start(&mut command).map_err(broken)?;
        let mut pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (stdin, stdout, stderr) = (&mut pipes.0, &mut pipes.1, &mut pipes.2);
        let tell = async {
            if let Some(mut stdin) = stdin.take() {
                // A program that does not want to know closes its input.
                let _ = stdin.write_all(input).await;
            }
            Ok(())
        };
        let talk = async {
            let ((), output, errors) = tokio::try_join!(tell, all_of(stdout), all_of(stderr))?;
            let status = child.wait().await?;
            std::io::Result::Ok(Said {
                status,
                output,
                errors,
            })
        };
        // Where nobody waits any more, all that the program has started is killed with it.
        let said = match timeout_at(deadline, talk).await {
            Ok(said) => said.map_err(broken)?,
            Err(_) => {
                return Err(AskError::Silent {
                    program: name,
                    within,
                });
            }
        };
        group.let_go();
        Ok(said)
    }
}

/// What a program that was asked said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub output: Vec<u8>,
    /// Its standard error.
    pub errors: Vec<u8>,
}

/// The exit code of a program that declines: that of a service that is not there, in `sysexits.h`.
pub const DECLINES: i32 = 69;

impl Said {
    /// Whether the program declines what it was asked for.
    pub fn declines(&self) -> bool {
        self.status.code() == Some(DECLINES)
    }

    /// The last line of what it said to people; how it ended where there is none.
    pub fn last_words(&self) -> String {
        let errors = String::from_utf8_lossy(&self.errors);
        let last = errors.lines().rfind(|line| !line.trim().is_empty());
        last.map_or_else(|| self.status.to_string(), |line| line.trim().to_owned())
    }
}

/// Why a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It cannot be started, or its output cannot be read.
    #[error("`{program}`: {cause}")]
    Broken {
        /// The program.
        program: String,
        /// What the operating system says.
        cause: std::io::Error,
    },
    /// It takes too long.
    #[error("`{program}` has not ended within {within:?}")]
    Silent {
        /// The program.
        program: String,
        /// How long was waited.
        within: Duration,
    },
}

/// How much an asked program may say.
const ANSWER: u64 = 1024 * 1024;

async fn all_of(pipe: &mut Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut said = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(ANSWER + 1).read_to_end(&mut said).await?;
    }
    if said.len() as u64 > ANSWER {
        return Err(std::io::Error::other("it says more than 1 MiB"));
    }
    Ok(said)
}
