//! A program in the foreground: it has the output of confcall, and confcall waits for its end.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::time::timeout;

use super::group::Group;
use super::{After, LaunchError, Named, Program};
use tokio_util::sync::CancellationToken;

impl Program {
    /// Runs the program to its end, without the variables of `absent`. On an interrupt it is terminated, and killed
    /// after `end_within`. Whatever it has started ends with it.
    pub(crate) async fn run(
        &self,
        absent: &[&str],
        interrupt: &CancellationToken,
        end_within: Duration,
    ) -> Result<ExitStatus, LaunchError> {
        let not_run = |cause| LaunchError::NotStarted {
            program: self.words.first().cloned().unwrap_or_default(),
            folder: self.folder.clone(),
            cause,
            named: Named::CommandLine,
        };
        let mut command = self.command();
        for name in absent {
            command.env_remove(name);
        }
        // The group is in the background of a terminal: a program that reads from it would be stopped.
        command.stdin(Stdio::null());
        let (mut child, group) = Group::start(command, After::Killed).map_err(not_run)?;
        let ended = tokio::select! {
            status = child.wait() => Some(status),
            () = interrupt.cancelled() => {
                if group.terminate() {
                    timeout(end_within, child.wait()).await.ok()
                } else {
                    None
                }
            }
        };
        group.kill();
        let status = match ended {
            Some(status) => status,
            None => child.wait().await,
        };
        status.map_err(not_run)
    }
}
