//! A program with all that it starts, on Windows: a job object.

use std::io;
use std::os::windows::io::{AsHandle as _, BorrowedHandle, OwnedHandle};

use process_wrap::tokio::{ChildWrapper, CommandWrap, JobObject, KillOnDrop};
use send_ctrlc::Interruptible;
use tokio::process::{Child, Command};

use super::After;

/// The gentle way to end a program, as messages name it.
pub(super) const GENTLE: &str = "Ctrl-Break";

/// The process starts its first thread once it is in the job, so that none of its children is outside of it.
const CREATE_SUSPENDED: u32 = 0x4;
/// Ctrl-Break can be sent to it alone, and Ctrl-C on the console is not sent to it.
const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;

/// The job of a program. Dropped, all processes in it are killed, unless they were let go.
#[derive(Debug)]
pub(super) struct Group {
    /// None once nobody is to be killed any more.
    job: Option<Box<dyn ChildWrapper>>,
    /// The program, which leads the process group that has its id.
    leader: Option<u32>,
}

impl Group {
    /// Starts a program in a job and a process group of its own.
    pub(crate) fn start(command: Command, after: After) -> io::Result<(Child, Self)> {
        let mut child = None;
        let mut command = CommandWrap::from(command);
        if after == After::Killed {
            // The system closes the job with confcall, however confcall ends.
            command.wrap(KillOnDrop);
        }
        let job = command.wrap(JobObject).spawn_with_child(|command| {
            command.creation_flags(CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP);
            let started = child.insert(command.spawn()?);
            let leader = started.process_handle().ok_or(io::ErrorKind::NotFound)?;
            Ok(Box::new(Leader(leader.try_clone_to_owned()?)))
        })?;
        // The closure above has set it.
        let child = child.ok_or(io::ErrorKind::NotFound)?;
        let leader = child.id();
        let job = Some(job);
        Ok((child, Self { job, leader }))
    }

    /// Returns false if Ctrl-Break does not reach the program, as it has no console.
    pub(crate) fn terminate(&self) -> bool {
        self.leader
            .is_some_and(|it| Console(it).terminate().is_ok())
    }

    pub(crate) fn kill(mut self) {
        self.kill_all();
    }

    pub(crate) fn let_go(mut self) {
        self.job = None;
    }

    fn kill_all(&mut self) {
        if let Some(mut job) = self.job.take() {
            // A job whose processes have ended needs nothing.
            let _ = job.start_kill();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill_all();
    }
}

/// A process group on the console of confcall.
struct Console(u32);

impl Interruptible for Console {
    fn pid(&mut self) -> io::Result<Option<u32>> {
        Ok(Some(self.0))
    }
}

/// The process that is put into a job; it is waited for elsewhere.
#[derive(Debug)]
struct Leader(OwnedHandle);

impl ChildWrapper for Leader {
    fn inner(&self) -> &dyn ChildWrapper {
        self
    }

    fn inner_mut(&mut self) -> &mut dyn ChildWrapper {
        self
    }

    fn into_inner(self: Box<Self>) -> Box<dyn ChildWrapper> {
        self
    }

    fn process_handle(&self) -> Option<BorrowedHandle<'_>> {
        Some(self.0.as_handle())
    }

    /// For a process that could not be put into its job: it is killed as its [`Child`] is dropped.
    fn start_kill(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_secs(30);

    /// A program that waits for a line in a process that it has started.
    async fn waiting(after: After) -> (Child, Group) {
        let mut command = Command::new("cmd");
        command.args(["/c", "cmd", "/c", "pause"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let (mut child, group) = Group::start(command, after).unwrap();
        let output = child.stdout.as_mut().unwrap();
        timeout(SOON, output.read_u8()).await.unwrap().unwrap();
        (child, group)
    }

    /// Waits until no process has the output any more.
    async fn all_ended(child: &mut Child) {
        let output = child.stdout.as_mut().unwrap();
        let mut rest = Vec::new();
        timeout(SOON, output.read_to_end(&mut rest))
            .await
            .unwrap()
            .unwrap();
    }

    #[tokio::test]
    async fn all_that_a_program_has_started_is_killed_with_it() {
        for after in [After::Killed, After::LetGo] {
            let (mut child, group) = waiting(after).await;
            group.kill();
            all_ended(&mut child).await;
            assert!(!child.wait().await.unwrap().success());
            let (mut child, group) = waiting(after).await;
            drop(group);
            all_ended(&mut child).await;
        }
    }

    #[tokio::test]
    async fn what_is_let_go_goes_on() {
        let (mut child, group) = waiting(After::LetGo).await;
        group.let_go();
        child.stdin.take().unwrap().write_all(b"\n").await.unwrap();
        all_ended(&mut child).await;
        assert!(child.wait().await.unwrap().success());
    }
}
