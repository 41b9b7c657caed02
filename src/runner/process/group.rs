//! A program with all processes that it starts.

use std::io;

use rustix::process::{Pid, kill_process_group};
use tokio::process::{Child, Command};
use uuid::Uuid;

use super::After;

/// The gentle way to end a program, as messages name it.
pub(super) const GENTLE: &str = "SIGTERM";

/// The variable of the environment that marks the processes that a program has started. Its value is
/// another one for each program.
const MARK: &str = "CONFCALL_RUN";

/// The process group of a program, and what has left it. Dropped, it is killed, unless it was let go.
#[derive(Debug)]
pub(super) struct Group {
    /// The program, which leads the group; none once nobody is to be killed any more.
    leader: Option<u32>,
    mark: String,
}

impl Group {
    /// Starts a program as the leader of a group of its own.
    pub(crate) fn start(mut command: Command, _: After) -> io::Result<(Child, Self)> {
        let mark = Uuid::new_v4().to_string();
        command.env(MARK, &mark).process_group(0);
        let child = command.spawn()?;
        let leader = child.id();
        Ok((child, Self { leader, mark }))
    }

    /// Returns true: a signal reaches each group.
    pub(crate) fn terminate(&self) -> bool {
        self.signal(Signal::Terminate);
        true
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

    fn signal(&self, signal: Signal) {
        let group = self.leader.and_then(|it| i32::try_from(it).ok());
        if let Some(group) = group.and_then(Pid::from_raw) {
            // A group that is gone needs no signal.
            let _ = kill_process_group(group, signal.into());
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
    #[cfg(target_os = "linux")]
    use std::{fs, fs::File, io, io::Read as _, path::Path, thread::sleep, time::Duration};

    #[cfg(target_os = "linux")]
    use rustix::process::{Pid, Signal, kill_process};

    /// Kills the processes with the mark, and those that they have started meanwhile.
    #[cfg(target_os = "linux")]
    pub(super) fn kill(mark: &str) {
        /// A process that starts another one for each that is killed is not followed for ever.
        const ROUNDS: usize = 64;
        /// The time for a process to become another program.
        const PAUSE: Duration = Duration::from_millis(2);

        let mark = format!("{}={mark}", super::MARK);
        for _ in 0..ROUNDS {
            let found = processes(&mark);
            if found.is_empty() {
                return;
            }
            let mut marked = found.into_iter().flatten().peekable();
            if marked.peek().is_none() {
                sleep(PAUSE);
            }
            for process in marked {
                let _ = kill_process(process, Signal::KILL);
            }
        }
    }

    /// The processes with the mark, and a none for each of which that is not known yet.
    #[cfg(target_os = "linux")]
    fn processes(mark: &str) -> Vec<Option<Pid>> {
        /// The most that Linux gives a program by default for its arguments and its environment, in bytes.
        const MOST: usize = 2 << 20;

        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let mut room = vec![0; MOST];
        let process = |entry: fs::DirEntry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            match marked(&entry.path(), mark, &mut room) {
                Marked::Yes => Some(Pid::from_raw(number)),
                Marked::No => None,
                Marked::NotKnown => Some(None),
            }
        };
        entries.filter_map(process).collect()
    }

    #[cfg(target_os = "linux")]
    enum Marked {
        Yes,
        No,
        /// The process is becoming another program: the kernel shows its environment only after that.
        NotKnown,
    }

    #[cfg(target_os = "linux")]
    fn marked(process: &Path, mark: &str, room: &mut [u8]) -> Marked {
        /// A program without an environment has none each time.
        const TIMES: usize = 8;

        let read = |name| fs::read(process.join(name)).unwrap_or_default();
        let mut length = 0;
        for _ in 0..TIMES {
            // By one read: between two of them, the process may become another program, and the rest is not there.
            let environment = File::open(process.join("environ"));
            let read_whole = |mut it: File| -> io::Result<usize> { it.read(room) };
            length = environment.and_then(read_whole).unwrap_or(0);
            if length > 0 {
                break;
            }
            // Only a program has a file: kernel threads and dead processes have none.
            if fs::read_link(process.join("exe")).is_err() {
                return Marked::No;
            }
            if read("cmdline").is_empty() {
                return Marked::NotKnown;
            }
        }
        let is_dead = || String::from_utf8_lossy(&read("stat")).contains(") Z ");
        let mut variables = room[..length].split(|byte| *byte == 0);
        if variables.any(|it| it == mark.as_bytes()) && !is_dead() {
            Marked::Yes
        } else {
            Marked::No
        }
    }

    /// Other systems do not show the environment of a process: the group has to do.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn kill(_: &str) {}

    #[cfg(all(test, target_os = "linux"))]
    mod tests {
        use std::os::unix::process::ExitStatusExt as _;
        use std::process::Command;

        use super::super::MARK;
        use super::{Pid, Signal, kill, kill_process};

        /// While a process becomes another program, `/proc` shows no environment of it.
        #[test]
        fn a_process_that_becomes_another_program_all_the_time_is_found() {
            for round in 0..20 {
                let mark = format!("becomes-{}-{round}", std::process::id());
                let file = tempfile::NamedTempFile::new().unwrap();
                std::fs::write(&file, "exec sh \"$0\"\n").unwrap();
                let mut command = Command::new("sh");
                let mut child = command.arg(file.path()).env(MARK, &mark).spawn().unwrap();
                kill(&mark);
                // Only a process that was not found ends by this signal.
                let process = Pid::from_raw(child.id().cast_signed()).unwrap();
                let _ = kill_process(process, Signal::TERM);
                let status = child.wait().unwrap();
                assert_eq!(status.signal(), Some(Signal::KILL.as_raw()), "{round}");
            }
        }
    }
}
