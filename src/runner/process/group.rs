//! A program with all that it starts.

use std::io;
#[cfg(not(unix))]
use std::process::Stdio;

use tokio::process::{Child, Command};
use uuid::Uuid;

use super::MARK;

/// The process group of a program, and what has left it. Dropped, it is killed, unless it was let go.
#[derive(Debug)]
pub(super) struct Group {
    /// The program, which leads the group; none once nobody is to be killed any more.
    leader: Option<u32>,
    mark: String,
}

impl Group {
    /// Starts a program as the leader of a group of its own.
    pub(crate) fn start(command: &mut Command) -> io::Result<(Child, Self)> {
        let mark = Uuid::new_v4().to_string();
        command.env(MARK, &mark);
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn()?;
        let leader = child.id();
        Ok((child, Self { leader, mark }))
    }

    pub(crate) fn terminate(&self) {
        self.signal(Signal::Terminate);
    }

    pub(crate) fn kill(mut self) {
        self.kill_all();
        self.leader = None;
    }

    pub(crate) fn let_go(mut self) {
        self.leader = None;
    }

    fn kill_all(&self) {
        self.signal(Signal::Kill);
        strays::kill(&self.mark);
    }

    #[cfg(unix)]
    fn signal(&self, signal: Signal) {
        use rustix::process::{Pid, kill_process_group};

        let group = self.leader.and_then(|it| i32::try_from(it).ok());
        if let Some(group) = group.and_then(Pid::from_raw) {
            // A group that is gone needs no signal.
            let _ = kill_process_group(group, signal.into());
        }
    }

    #[cfg(not(unix))]
    fn signal(&self, signal: Signal) {
        // There is no gentle way here; the tree is ended by its root.
        if let (Signal::Kill, Some(root)) = (signal, self.leader) {
            let mut kill = std::process::Command::new("taskkill");
            kill.args(["/T", "/F", "/PID", &root.to_string()]);
            let _ = kill.stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.leader.is_some() {
            self.kill_all();
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

/// Processes that have left the group of the program that started them.
mod strays {
    /// Kills the processes with the mark, and those that they have started meanwhile.
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
        let has_id = |process: &std::fs::DirEntry| {
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
        processes.filter(has_id).filter_map(number).collect()
    }

    /// Other systems do not show the environment of a process: the group has to do.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn kill(_: &str) {}
}
