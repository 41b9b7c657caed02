//! Programs of a project: the target, which confcall starts for a run and ends after the run, and commands that act as
//! hooks.
//!
//! Each program is started as the leader of a process group of its own, so that it ends together with all processes
//! that it has started. If the system shows the environment of processes, a process that leaves the group is found by a
//! variable in it. On Windows, a job object holds the processes.

mod foreground;
#[cfg_attr(windows, path = "job.rs")]
mod group;
mod input;
#[cfg(target_os = "linux")]
pub(crate) mod launcher;
mod output;

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

pub(crate) use self::input::Completed;

use self::group::{GENTLE, Group};
use self::output::Output;
pub(crate) use self::output::Tail;
use crate::diagnostic::Remedy;
use crate::diagnostic::path::Shown as _;
use crate::runner::observer::{Observer, RunEvent};
use tokio_util::sync::CancellationToken;

/// What becomes of the processes of a program when confcall is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Killed,
    LetGo,
}

/// A program with its arguments, and where it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    pub words: Vec<String>,
    pub folder: PathBuf,
    pub environment: Vec<(String, String)>,
}

/// A target that confcall starts.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub program: Program,
    /// The `HOST:PORT` of the target.
    pub address: String,
    pub ready: Ready,
    pub ready_within: Duration,
    /// The file that its output goes to; without one it goes into reports alone.
    pub log: Option<PathBuf>,
    /// The time it has to end after it is terminated. After that it is killed.
    pub end_within: Duration,
    /// Gets each line of its output.
    pub observer: Arc<dyn Observer>,
}

/// How a program shows that it is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// It takes connections at this `HOST:PORT`.
    Connects(String),
    Prints(String),
}

impl fmt::Display for Ready {
    /// The condition, as one that is not met.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connects(address) => write!(f, "nothing accepts connections at {address}"),
            Self::Prints(text) => write!(f, "it has not printed `{text}`"),
        }
    }
}

impl Ready {
    const fn remedy(&self) -> &'static str {
        match self {
            Self::Connects(_) => {
                "the program must listen there: give it the port with `{port}` in `run` or `environment` of \
                 `[target.command]`; if it needs more time, raise `ready-within`"
            }
            Self::Prints(_) => {
                "check `ready` of `[target.command]`; if it needs more time, raise `ready-within`"
            }
        }
    }
}

/// The `HOST:PORT` of a URL.
pub(crate) fn socket_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    format!("{host}:{port}")
}

/// Where a user has named a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// `[target.command]`
    Configuration,
    CommandLine,
}

/// The reason that a target did not come up.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    #[error("`{program}` cannot be started in {}: {cause}", folder.shown())]
    NotStarted {
        program: String,
        folder: PathBuf,
        cause: std::io::Error,
        /// Where the program is named.
        named: Named,
    },
    /// The program could not listen there, and the other one would be judged in its place.
    #[error("another program listens at {0} already")]
    Taken(String),
    #[error("the log {} cannot be written: {cause}", path.shown())]
    Log {
        path: PathBuf,
        cause: std::io::Error,
    },
    /// It ended before it was ready.
    #[error("`{program}` ended before it was ready: {status}{tail}")]
    Died {
        program: String,
        status: String,
        /// The end of its output, on lines of its own.
        tail: String,
    },
    /// It is not ready in time.
    #[error("`{program}` is not ready after {within:?}: {missing}{tail}")]
    NotReady {
        program: String,
        within: Duration,
        /// The condition that was not met.
        missing: Ready,
        /// The end of its output, on lines of its own.
        tail: String,
    },
    /// The run was interrupted meanwhile.
    #[error("interrupted")]
    Interrupted,
}

impl Remedy for LaunchError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::NotStarted { named, .. } => Some(match named {
                Named::Configuration => "check `run` and `folder` of `[target.command]`".into(),
                Named::CommandLine => "check the command after `--`".into(),
            }),
            Self::Taken(_) => Some(
                "end it, or let confcall pick a free port: `{port}` in `url` and in the command"
                    .into(),
            ),
            Self::NotReady { missing, .. } => Some(missing.remedy().into()),
            Self::Log { .. } | Self::Died { .. } | Self::Interrupted => None,
        }
    }
}

const TRIES: Duration = Duration::from_millis(20);

/// How long the processes of a target that was ended may keep its address.
const FREED_WITHIN: Duration = Duration::from_millis(500);

/// True if a program listens at this address, and goes on to do so.
async fn is_taken(address: &str) -> bool {
    let deadline = Instant::now() + FREED_WITHIN;
    loop {
        let connecting = timeout(FREED_WITHIN, TcpStream::connect(address));
        let Ok(Ok(_)) = connecting.await else {
            return false;
        };
        if Instant::now() >= deadline {
            return true;
        }
        sleep(TRIES * 5).await;
    }
}

impl Launch {
    pub(crate) fn observed_by(self, observer: &Arc<dyn Observer>) -> Self {
        let observer = Arc::clone(observer);
        Self { observer, ..self }
    }

    /// Starts the target and waits until it is ready.
    pub(crate) async fn start(
        &self,
        interrupt: &CancellationToken,
    ) -> Result<Running, LaunchError> {
        let running = self.spawn().await?;
        self.observer.event(RunEvent::Starting(&running.name));
        match self.come_up(&running, interrupt).await {
            Ok(()) => Ok(running),
            Err(error) => {
                running.end().await;
                Err(error)
            }
        }
    }

    /// Starts the target, unless another program listens at its address.
    pub(crate) async fn spawn(&self) -> Result<Running, LaunchError> {
        if is_taken(&self.address).await {
            return Err(LaunchError::Taken(self.address.clone()));
        }
        let name = self.program.words.first().cloned().unwrap_or_default();
        let output = Arc::new(Output::new(self.log.as_ref(), &self.ready, &self.observer)?);
        let mut command = self.program.command();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (mut child, group) =
            Group::start(command, After::Killed).map_err(|cause| LaunchError::NotStarted {
                program: name.clone(),
                folder: self.program.folder.clone(),
                cause,
                named: Named::Configuration,
            })?;
        if let Some(pipe) = child.stdout.take() {
            tokio::spawn(Arc::clone(&output).keep(pipe));
        }
        if let Some(pipe) = child.stderr.take() {
            tokio::spawn(Arc::clone(&output).keep(pipe));
        }
        Ok(Running {
            name,
            group,
            output,
            end_within: self.end_within,
            ended: watched(child),
        })
    }

    /// Waits until the target is ready.
    pub(crate) async fn come_up(
        &self,
        running: &Running,
        interrupt: &CancellationToken,
    ) -> Result<(), LaunchError> {
        let ready = async {
            match &self.ready {
                Ready::Connects(address) => {
                    while TcpStream::connect(address.as_str()).await.is_err() {
                        sleep(TRIES).await;
                    }
                }
                Ready::Prints(_) => running.output.is_printed.cancelled().await,
            }
        };
        tokio::select! {
            biased;
            () = interrupt.cancelled() => Err(LaunchError::Interrupted),
            status = running.ending() => Err(LaunchError::Died {
                program: running.name.clone(),
                status,
                tail: running.output.settled_tail().await,
            }),
            ready = timeout(self.ready_within, ready) => ready.map_err(|_| LaunchError::NotReady {
                program: running.name.clone(),
                within: self.ready_within,
                missing: self.ready.clone(),
                tail: running.output.tail(),
            }),
        }
    }
}

impl Program {
    fn command(&self) -> Command {
        let (program, arguments) = self
            .words
            .split_first()
            .map_or(("", &[][..]), |(one, rest)| (one.as_str(), rest));
        #[cfg(target_os = "linux")]
        let mut command = {
            let path = self.environment.iter().rfind(|(name, _)| name == "PATH");
            let path = path.map(|(_, value)| value.as_str());
            Command::from(launcher::command(program, &self.folder, path))
        };
        #[cfg(windows)]
        let mut command = Command::new(below(&self.folder, program));
        #[cfg(not(any(target_os = "linux", windows)))]
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.kill_on_drop(true);
        command
    }
}

/// A program that is named by a relative path is there in its folder, as on other systems. Windows looks for it in the
/// folder of confcall. A name without a path is looked for in `PATH`.
#[cfg(windows)]
fn below(folder: &std::path::Path, program: &str) -> PathBuf {
    if program.contains(['/', '\\']) {
        folder.join(program)
    } else {
        program.into()
    }
}

/// A target that runs. Dropped, it is killed with all that it has started.
#[derive(Debug)]
pub(crate) struct Running {
    name: String,
    group: Group,
    output: Arc<Output>,
    end_within: Duration,
    ended: watch::Receiver<Option<Ended>>,
}

/// How a program has ended.
#[derive(Debug, Clone)]
struct Ended {
    status: String,
    is_success: bool,
}

impl Running {
    pub(crate) fn tail(&self) -> Tail {
        Tail(Arc::clone(&self.output))
    }

    /// The end of the output, on lines of its own below a heading.
    pub(crate) fn last_output(&self) -> String {
        self.output.tail()
    }

    /// Waits until the program ends and its output is read; returns its exit.
    pub(crate) async fn died(&self) -> String {
        self.ended_after("during the run").await
    }

    /// The same for an end with a known cause, such as `after a request`.
    pub(crate) async fn ended_after(&self, cause: &str) -> String {
        let status = self.ending().await;
        self.output.settle().await;
        format!("`{}` ended {cause}: {status}", self.name)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.borrow().is_some()
    }

    /// The exit of a program that ended before it was stopped, with a code other than 0.
    pub(crate) async fn failure(&self) -> Option<String> {
        let ended = self.ended.borrow().clone()?;
        if ended.is_success {
            return None;
        }
        Some(self.died().await)
    }

    /// Waits until the program ends; returns its exit.
    pub(crate) async fn ending(&self) -> String {
        ended(self.ended.clone()).await
    }

    /// Terminates the program and all that it has started, and kills what is left after `end_within`.
    /// Returns a warning if the program itself had to be killed.
    pub(crate) async fn end(self) -> Option<String> {
        let mut warning = None;
        if self.ended.borrow().is_none() {
            let terminates = self.group.terminate();
            if terminates && timeout(self.end_within, self.ending()).await.is_err() {
                warning = Some(format!(
                    "`{}` did not end within {:?} of {GENTLE} and was killed",
                    self.name, self.end_within
                ));
            }
        }
        let ending = self.ended.clone();
        self.group.kill();
        // The kernel reports the end with a delay.
        let _ = timeout(Duration::from_secs(1), ended(ending)).await;
        warning
    }
}

async fn ended(mut ending: watch::Receiver<Option<Ended>>) -> String {
    let status = ending.wait_for(Option::is_some).await;
    let status = status.ok().and_then(|it| it.clone());
    status.map_or_else(|| "the status is unknown".to_owned(), |it| it.status)
}

/// Waits for a child in the background.
fn watched(mut child: Child) -> watch::Receiver<Option<Ended>> {
    let (sender, ended) = watch::channel(None);
    tokio::spawn(async move {
        let status = child.wait().await;
        let ended = Ended {
            is_success: status.as_ref().is_ok_and(ExitStatus::success),
            status: status.map_or_else(|error| error.to_string(), |it| it.to_string()),
        };
        // The receiver may be gone.
        let _ = sender.send(Some(ended));
    });
    ended
}
