//! Programs that end when confcall ends, even if confcall is killed.
//!
//! Linux ends a process with its parent if the process requests it (`PR_SET_PDEATHSIG` in prctl(2)). Ordinary programs
//! do not request it. The binary therefore starts itself again, requests it, and becomes the program. The kernel
//! watches the thread that started the process. This thread must live as long as confcall, like the threads of its
//! runtime.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

/// The first argument of a confcall that is to become another program. Its parent's id and the words of the program follow.
const BECOME: &str = "__become";

/// This very binary, also where its file has been replaced.
const OWN: &str = "/proc/self/exe";

/// True in the `confcall` binary. The library is in other people's binaries, which know nothing of [`BECOME`].
static IS_BINARY: AtomicBool = AtomicBool::new(false);

/// Called first by the binary: becomes another program if the arguments say so. Returns the error if that fails.
pub(crate) fn become_program(arguments: &[OsString]) -> Option<io::Error> {
    IS_BINARY.store(true, Ordering::Relaxed);
    let [_, first, parent, program, rest @ ..] = arguments else {
        return None;
    };
    if first != BECOME {
        return None;
    }
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return Some(error.into());
    }
    let is_parent = |it: Pid| parent.to_str() == Some(&it.as_raw_nonzero().to_string());
    if !getppid().is_some_and(is_parent) {
        // It has ended meanwhile.
        return Some(io::ErrorKind::Interrupted.into());
    }
    Some(Command::new(program).args(rest).exec())
}

/// The command that starts a program with these arguments in a folder.
pub(super) fn command(program: &str, folder: &Path, path: Option<&str>) -> Command {
    let path = path
        .map(OsString::from)
        .or_else(|| std::env::var_os("PATH"));
    // A program that is not there is an error at once, and not of a process that was to become it.
    let is_direct = !IS_BINARY.load(Ordering::Relaxed)
        || !is_there(program, folder, path.unwrap_or_default().as_ref());
    if is_direct {
        return Command::new(program);
    }
    let mut command = Command::new(OWN);
    command.args([BECOME, &std::process::id().to_string(), program]);
    command
}

fn is_there(program: &str, folder: &Path, path: &std::ffi::OsStr) -> bool {
    let is_executable = |file: &Path| {
        let data = folder.join(file).metadata();
        data.is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        return is_executable(Path::new(program));
    }
    std::env::split_paths(path).any(|it| is_executable(&it.join(program)))
}
