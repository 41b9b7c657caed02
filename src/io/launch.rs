//! Programs of a project: the target that confcall starts for a run and ends after it, and the
//! commands that it asks.
//!
//! A target is started as the leader of a process group of its own, so that it ends with all that
//! it has started. What leaves the group is known again by [`MARK`], where the system shows the
//! environment of processes.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use url::Url;
use uuid::Uuid;

use super::net::Shutdown;

/// The variable of the environment by which a run knows its processes again. Its value is another
/// one in each run.
pub const MARK: &str = "CONFCALL_RUN";

/// A program with its arguments, and where it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The program and its arguments; at least the program.
    pub words: Vec<String>,
    /// The folder that it runs in.
    pub folder: PathBuf,
    /// What its environment has beside confcall's own.
    pub environment: Vec<(String, String)>,
}

/// A target that confcall starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// What is started.
    pub program: Program,
    /// How it shows that it is ready.
    pub ready: Ready,
    /// How long it may take for that.
    pub ready_within: Duration,
    /// Where its output goes; nowhere but into reports without one.
    pub log: Option<PathBuf>,
    /// How long it may take to end when it is asked to; then it is killed.
    pub end_within: Duration,
}

/// How a program shows that it is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// It takes connections at this `HOST:PORT`.
    Connects(String),
    /// It says this in its output.
    Says(String),
}

impl Ready {
    /// By taking connections where this URL leads to.
    pub fn connects(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or(80);
        Self::Connects(format!("{host}:{port}"))
    }
}

/// Why a target did not come up.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// It cannot be started.
    #[error("`{program}` cannot be started in {}: {cause}\n  = help: look at `run` and `folder` of its command", folder.display())]
    NotStarted {
        /// The program.
        program: String,
        /// Where it was to run.
        folder: PathBuf,
        /// What the operating system says.
        cause: std::io::Error,
    },
    /// Its log cannot be written.
    #[error("the log {} cannot be written: {cause}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        cause: std::io::Error,
    },
    /// It ended before it was ready.
    #[error("`{program}` ended before it was ready: {status}{tail}")]
    Died {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// The end of its output, on lines of its own.
        tail: String,
    },
    /// It is not ready in time.
    #[error(
        "`{program}` is not ready after {within:?}: {missing}{tail}\n  = help: `ready` and `ready-within` of its command say what is waited for"
    )]
    NotReady {
        /// The program.
        program: String,
        /// How long was waited.
        within: Duration,
        /// What did not happen.
        missing: String,
        /// The end of its output, on lines of its own.
        tail: String,
    },
    /// The run was interrupted meanwhile.
    #[error("interrupted")]
    Interrupted,
}

/// A target that runs. Dropped, it is killed with all that it has started.
#[derive(Debug)]
pub struct Running {
    name: String,
    mark: String,
    group: Option<u32>,
    output: Arc<Output>,
    end_within: Duration,
    /// Whether it has been ended, with all that it has started.
    is_over: bool,
    /// How it ended, once it has.
    ended: watch::Receiver<Option<String>>,
}

/// How often it is tried whether a program takes connections.
const TRIES: Duration = Duration::from_millis(20);

impl Launch {
    /// Starts the target and waits until it is ready.
    ///
    /// # Errors
    ///
    /// A program that cannot be started, ends, or is not ready in time; nothing of it is left then.
    pub async fn start(&self, interrupt: &Shutdown) -> Result<Running, LaunchError> {
        let name = self.program.words.first().cloned().unwrap_or_default();
        let output = Arc::new(Output::new(self.log.as_ref(), &self.ready)?);
        let mark = Uuid::new_v4().to_string();
        let mut command = self.program.command();
        command
            .env(MARK, &mark)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|cause| LaunchError::NotStarted {
            program: name.clone(),
            folder: self.program.folder.clone(),
            cause,
        })?;
        let group = child.id();
        if let Some(pipe) = child.stdout.take() {
            tokio::spawn(Arc::clone(&output).keep(pipe));
        }
        if let Some(pipe) = child.stderr.take() {
            tokio::spawn(Arc::clone(&output).keep(pipe));
        }
        let running = Running {
            name,
            mark,
            group,
            output,
            end_within: self.end_within,
            is_over: false,
            ended: watched(child),
        };
        match self.come_up(&running, interrupt).await {
            Ok(()) => Ok(running),
            Err(error) => {
                running.end().await;
                Err(error)
            }
        }
    }

    async fn come_up(&self, running: &Running, interrupt: &Shutdown) -> Result<(), LaunchError> {
        let ready = async {
            match &self.ready {
                Ready::Connects(address) => {
                    while TcpStream::connect(address.as_str()).await.is_err() {
                        sleep(TRIES).await;
                    }
                }
                Ready::Says(_) => running.output.is_said.begun().await,
            }
        };
        tokio::select! {
            biased;
            () = interrupt.begun() => Err(LaunchError::Interrupted),
            status = running.ending() => Err(LaunchError::Died {
                program: running.name.clone(),
                status,
                tail: running.output.settled_tail().await,
            }),
            ready = timeout(self.ready_within, ready) => ready.map_err(|_| LaunchError::NotReady {
                program: running.name.clone(),
                within: self.ready_within,
                missing: match &self.ready {
                    Ready::Connects(address) => format!("nothing takes connections at {address}"),
                    Ready::Says(text) => format!("it has not said `{text}`"),
                },
                tail: running.output.tail(),
            }),
        }
    }
}

impl Running {
    /// Waits until the program has ended by itself, and says how, with the end of its output.
    pub async fn died(&self) -> String {
        let status = self.ending().await;
        let tail = self.output.settled_tail().await;
        format!("`{}` ended during the run: {status}{tail}", self.name)
    }

    async fn ending(&self) -> String {
        let mut ended = self.ended.clone();
        let status = ended.wait_for(Option::is_some).await;
        let status = status.ok().and_then(|it| it.clone());
        status.unwrap_or_else(|| "nobody knows how".to_owned())
    }

    /// Ends the program and all that it has started: gently, and when that takes too long, not.
    /// Gives a sentence where it had to be killed.
    pub async fn end(mut self) -> Option<String> {
        let mut complaint = None;
        if self.ended.borrow().is_none() {
            self.signal(Signal::Terminate);
            if timeout(self.end_within, self.ending()).await.is_err() {
                complaint = Some(format!(
                    "`{}` did not end within {:?} of SIGTERM and was killed",
                    self.name, self.end_within
                ));
            }
        }
        self.kill();
        self.is_over = true;
        // The kernel takes its time to tell.
        let _ = timeout(Duration::from_secs(1), self.ending()).await;
        complaint
    }

    fn kill(&self) {
        self.signal(Signal::Kill);
        strays::kill(&self.mark);
    }

    #[cfg(unix)]
    fn signal(&self, signal: Signal) {
        use rustix::process::{Pid, kill_process_group};

        let group = self.group.and_then(|it| i32::try_from(it).ok());
        if let Some(group) = group.and_then(Pid::from_raw) {
            // A group that is gone needs no signal.
            let _ = kill_process_group(group, signal.into());
        }
    }

    #[cfg(not(unix))]
    fn signal(&self, signal: Signal) {
        // There is no gentle way here; the tree is ended by its root.
        if let (Signal::Kill, Some(root)) = (signal, self.group) {
            let mut kill = std::process::Command::new("taskkill");
            kill.args(["/T", "/F", "/PID", &root.to_string()]);
            let _ = kill.stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            self.kill();
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Signal {
    Terminate,
    Kill,
}

#[cfg(unix)]
impl From<Signal> for rustix::process::Signal {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Terminate => Self::TERM,
            Signal::Kill => Self::KILL,
        }
    }
}

/// Waits for a child in the background.
fn watched(mut child: Child) -> watch::Receiver<Option<String>> {
    let (tell, ended) = watch::channel(None);
    tokio::spawn(async move {
        let status = child.wait().await;
        let said = status.map_or_else(|error| error.to_string(), |it| it.to_string());
        // Whoever has asked may have gone.
        let _ = tell.send(Some(said));
    });
    ended
}

/// Processes that have left the group of the program that started them.
mod strays {
    /// Kills what bears the mark, and what that has started meanwhile.
    #[cfg(target_os = "linux")]
    pub(super) fn kill(mark: &str) {
        /// A process that starts another one for each that is killed is not followed for ever.
        const ROUNDS: usize = 16;

        for _ in 0..ROUNDS {
            let marked = marked(mark);
            if marked.is_empty() {
                return;
            }
            for process in marked {
                let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
            }
        }
    }

    #[cfg(target_os = "linux")]
    fn marked(mark: &str) -> Vec<rustix::process::Pid> {
        let mark = format!("{}={mark}", super::MARK);
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let bears = |process: &std::fs::DirEntry| {
            let environment = std::fs::read(process.path().join("environ"));
            let is_dead = || {
                let status = std::fs::read_to_string(process.path().join("stat"));
                status.is_ok_and(|it| it.contains(") Z "))
            };
            environment.is_ok_and(|it| it.split(|byte| *byte == 0).any(|it| it == mark.as_bytes()))
                && !is_dead()
        };
        let number = |process: std::fs::DirEntry| {
            let number = process.file_name().to_str()?.parse().ok()?;
            rustix::process::Pid::from_raw(number)
        };
        processes.filter(bears).filter_map(number).collect()
    }

    /// Other systems do not show the environment of a process: the group has to do.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn kill(_: &str) {}
}

impl Program {
    fn command(&self) -> Command {
        let (program, arguments) = self
            .words
            .split_first()
            .map_or(("", &[][..]), |(one, rest)| (one.as_str(), rest));
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.kill_on_drop(true);
        command
    }

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
        let mut child = command.spawn().map_err(broken)?;
        let mut pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (stdin, stdout, stderr) = (&mut pipes.0, &mut pipes.1, &mut pipes.2);
        let tell = async {
            if let Some(mut stdin) = stdin.take() {
                // A program that does not want to know closes its input.
                let _ = stdin.write_all(input).await;
            }
        };
        let talk = async {
            let ((), output, errors) = tokio::join!(tell, all_of(stdout), all_of(stderr));
            let status = child.wait().await?;
            std::io::Result::Ok(Said {
                status,
                output: output?,
                errors: errors?,
            })
        };
        match timeout_at(deadline, talk).await {
            Ok(said) => said.map_err(broken),
            Err(_) => Err(AskError::Silent {
                program: name.clone(),
                within,
            }),
        }
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

/// How much of a program's output goes into its log. A program that floods its output does not fill
/// the disk.
const LOG: usize = 64 * 1024 * 1024;

/// How much of the end of a program's output is shown.
const TAIL: usize = 2048;

/// What a program says, as far as it is kept.
#[derive(Debug)]
struct Output {
    kept: Mutex<Kept>,
    /// What it says once it is ready; empty where that is not how it is told.
    wanted: String,
    is_said: Shutdown,
    /// How many of the pipes are at their end.
    closed: watch::Sender<usize>,
}

#[derive(Debug)]
struct Kept {
    tail: VecDeque<u8>,
    log: Option<File>,
    /// How much the log still takes.
    room: usize,
}

impl Output {
    fn new(log: Option<&PathBuf>, ready: &Ready) -> Result<Self, LaunchError> {
        let create = |path: &PathBuf| {
            let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            let file = folder.and_then(|()| File::create(path));
            file.map_err(|cause| LaunchError::Log {
                path: path.clone(),
                cause,
            })
        };
        Ok(Self {
            kept: Mutex::new(Kept {
                tail: VecDeque::with_capacity(TAIL),
                log: log.map(create).transpose()?,
                room: LOG,
            }),
            wanted: match ready {
                Ready::Says(text) => text.clone(),
                Ready::Connects(_) => String::new(),
            },
            is_said: Shutdown::new(),
            closed: watch::Sender::new(0),
        })
    }

    async fn keep(self: Arc<Self>, mut pipe: impl AsyncRead + Unpin) {
        let mut buffer = vec![0; 16 * 1024];
        // What may be the beginning of the word that is waited for.
        let mut before: Vec<u8> = Vec::new();
        while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
            let said = &buffer[..length];
            if !self.wanted.is_empty() && !self.is_said.has_begun() {
                before.extend_from_slice(said);
                let wanted = self.wanted.as_bytes();
                if memchr::memmem::find(&before, wanted).is_some() {
                    self.is_said.begin();
                }
                before.drain(..before.len().saturating_sub(wanted.len()));
            }
            self.lock().take(said);
        }
        self.closed.send_modify(|closed| *closed += 1);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of the output, on lines of its own below a heading; nothing where there is none.
    fn tail(&self) -> String {
        let (first, second) = {
            let kept = self.lock();
            let (first, second) = kept.tail.as_slices();
            (first.to_vec(), second.to_vec())
        };
        let all = [first, second].concat();
        let text = String::from_utf8_lossy(&all);
        if text.trim().is_empty() {
            return "\nit has said nothing".to_owned();
        }
        let mut shown = "\nthe end of its output:".to_owned();
        for line in text.trim_end().lines() {
            shown.push_str("\n    ");
            shown.push_str(line);
        }
        shown
    }

    /// The same, once a program that has ended has been read to its end. Its children may hold the
    /// pipes open: they are not waited for long.
    async fn settled_tail(&self) -> String {
        let mut closed = self.closed.subscribe();
        let both = closed.wait_for(|closed| *closed >= 2);
        let _ = timeout(Duration::from_millis(250), both).await;
        self.tail()
    }
}

impl Kept {
    fn take(&mut self, said: &[u8]) {
        self.tail.extend(&said[said.len().saturating_sub(TAIL)..]);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        let Some(log) = &mut self.log else {
            return;
        };
        let taken = said.len().min(self.room);
        self.room -= taken;
        let mut written = log.write_all(&said[..taken]);
        if self.room == 0 {
            written = written.and_then(|()| log.write_all(b"\nconfcall: the log is full\n"));
        }
        if written.is_err() || self.room == 0 {
            self.log = None;
        }
    }
}
