//! Commands as hooks: the request on standard input, the response on standard output.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

use super::group::Group;
use super::{After, Program};

impl Program {
    /// Runs the program with this input until it ends.
    pub(crate) async fn run_with(
        &self,
        input: &[u8],
        within: Duration,
    ) -> Result<Completed, InputError> {
        let name = self.words.first().cloned().unwrap_or_default();
        let broken = |cause| InputError::Broken {
            program: name.clone(),
            cause,
        };
        let deadline = Instant::now() + within;
        let mut command = self.command();
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (mut child, group) = Group::start(command, After::LetGo).map_err(broken)?;
        let mut pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (stdin, stdout, stderr) = (&mut pipes.0, &mut pipes.1, &mut pipes.2);
        let write = async {
            if let Some(mut stdin) = stdin.take() {
                // A program that ignores its input closes it.
                let _ = stdin.write_all(input).await;
            }
            Ok(())
        };
        let exchange = async {
            let ((), output, errors) = tokio::try_join!(write, all_of(stdout), all_of(stderr))?;
            let status = child.wait().await?;
            std::io::Result::Ok(Completed {
                status,
                output,
                errors,
            })
        };
        // A program that takes too long is killed with all that it has started.
        let output = match timeout_at(deadline, exchange).await {
            Ok(output) => output.map_err(broken)?,
            Err(_) => {
                return Err(InputError::Silent {
                    program: name,
                    within,
                });
            }
        };
        group.let_go();
        Ok(output)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Completed {
    pub status: ExitStatus,
    pub output: Vec<u8>,
    pub errors: Vec<u8>,
}

/// The exit code of a program that declines: that of a service that is not there, in `sysexits.h`.
pub(crate) const DECLINES: i32 = 69;

impl Completed {
    pub(crate) fn declines(&self) -> bool {
        self.status.code() == Some(DECLINES)
    }

    /// The last line of its standard error, or how it ended if there is none.
    pub(crate) fn last_error_line(&self) -> String {
        let errors = String::from_utf8_lossy(&self.errors);
        let last = errors.lines().rfind(|line| !line.trim().is_empty());
        last.map_or_else(|| self.status.to_string(), |line| line.trim().to_owned())
    }
}

/// The reason that a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// It cannot be started, or its output cannot be read.
    #[error("`{program}`: {cause}")]
    Broken {
        program: String,
        cause: std::io::Error,
    },
    #[error("`{program}` did not end within {within:?}")]
    Silent { program: String, within: Duration },
}

/// The longest output of a program, in bytes.
const ANSWER: u64 = 1024 * 1024;

async fn all_of(pipe: &mut Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut output = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(ANSWER + 1).read_to_end(&mut output).await?;
    }
    if output.len() as u64 > ANSWER {
        return Err(std::io::Error::other("its output is longer than 1 MiB"));
    }
    Ok(output)
}
