//! The output of a target: its log, the end of it for reports, and the text that shows readiness.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::watch;
use tokio::time::timeout;

use super::{LaunchError, Ready};
use crate::files::check_names;
use crate::runner::observer::{Observer, RunEvent};
use tokio_util::sync::CancellationToken;

/// How much of a program's output goes into its log. A program that floods its output does not fill
/// the disk.
const LOG: usize = 64 * 1024 * 1024;

/// How much of the end of a program's output is kept, in bytes.
const TAIL: usize = 2048;

/// So many lines of it are shown.
const LINES: usize = 12;

/// The longest line that is shown as one.
const LINE: usize = 16 * 1024;

/// The output of a program: the end of it, and a look-out for the line that it is ready.
#[derive(Debug)]
pub(super) struct Output {
    captured: Mutex<Captured>,
    /// The text that shows that it is ready; empty if it shows it otherwise.
    wanted: String,
    pub is_printed: CancellationToken,
    /// How many of the pipes are at their end.
    closed: watch::Sender<usize>,
    observer: Arc<dyn Observer>,
}

#[derive(Debug)]
struct Captured {
    tail: VecDeque<u8>,
    /// True once the tail is no longer the whole output.
    is_cut: bool,
    log: Option<File>,
    /// How much the log still takes.
    room: usize,
}

impl Output {
    pub(crate) fn new(
        log: Option<&PathBuf>,
        ready: &Ready,
        observer: &Arc<dyn Observer>,
    ) -> Result<Self, LaunchError> {
        let create = |path: &PathBuf| {
            let checked = check_names(path);
            let folder =
                checked.and_then(|()| path.parent().map_or(Ok(()), std::fs::create_dir_all));
            let file = folder.and_then(|()| File::create(path));
            file.map_err(|cause| LaunchError::Log {
                path: path.clone(),
                cause,
            })
        };
        Ok(Self {
            captured: Mutex::new(Captured {
                tail: VecDeque::with_capacity(TAIL),
                is_cut: false,
                log: log.map(create).transpose()?,
                room: LOG,
            }),
            wanted: match ready {
                Ready::Prints(text) => text.clone(),
                Ready::Connects(_) => String::new(),
            },
            is_printed: CancellationToken::new(),
            closed: watch::Sender::new(0),
            observer: Arc::clone(observer),
        })
    }

    pub(crate) async fn keep(self: Arc<Self>, mut pipe: impl AsyncRead + Unpin) {
        let mut buffer = vec![0; 16 * 1024];
        // A possible beginning of the wanted text.
        let mut before: Vec<u8> = Vec::new();
        let mut line: Vec<u8> = Vec::new();
        while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
            let bytes = &buffer[..length];
            if !self.wanted.is_empty() && !self.is_printed.is_cancelled() {
                before.extend_from_slice(bytes);
                let wanted = self.wanted.as_bytes();
                if memchr::memmem::find(&before, wanted).is_some() {
                    self.is_printed.cancel();
                }
                before.drain(..before.len().saturating_sub(wanted.len()));
            }
            self.lock().take(bytes);
            self.show(&mut line, bytes);
        }
        if !line.is_empty() {
            self.show_line(&line);
        }
        self.closed.send_modify(|closed| *closed += 1);
    }

    /// Shows the lines that are whole now; `line` is the beginning of the next one.
    fn show(&self, line: &mut Vec<u8>, bytes: &[u8]) {
        for part in bytes.split_inclusive(|it| *it == b'\n') {
            line.extend_from_slice(part);
            if line.ends_with(b"\n") || line.len() > LINE {
                self.show_line(line);
                line.clear();
            }
        }
    }

    fn show_line(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        self.observer.event(RunEvent::Output(line.trim_end()));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Captured> {
        self.captured.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of the output, on lines of its own below a heading.
    pub(crate) fn tail(&self) -> String {
        let lines = self.lines();
        if lines.is_empty() {
            return "\nit has no output".to_owned();
        }
        let mut shown = "\nthe last lines of its output:".to_owned();
        for line in lines {
            shown.push_str("\n    ");
            shown.push_str(&line);
        }
        shown
    }

    /// The last lines of the output. The first of them is whole, unless there is only one.
    fn lines(&self) -> Vec<String> {
        let (bytes, is_cut) = {
            let captured = self.lock();
            let (first, second) = captured.tail.as_slices();
            ([first, second].concat(), captured.is_cut)
        };
        let text = String::from_utf8_lossy(&bytes);
        let mut lines: Vec<&str> = text.trim_end().lines().collect();
        if is_cut && lines.len() > 1 {
            lines.remove(0);
        }
        let last = &lines[lines.len().saturating_sub(LINES)..];
        last.iter().map(|line| (*line).to_owned()).collect()
    }

    /// Waits until a program that has ended has been read to its end. Its children may hold the pipes open: they are not
    /// waited for long.
    pub(crate) async fn settle(&self) {
        let mut closed = self.closed.subscribe();
        let both = closed.wait_for(|closed| *closed >= 2);
        let _ = timeout(Duration::from_millis(250), both).await;
    }

    /// The [tail](Self::tail) of a program that has ended.
    pub(crate) async fn settled_tail(&self) -> String {
        self.settle().await;
        self.tail()
    }
}

/// The end of the output of a target, while it runs.
#[derive(Debug, Clone)]
pub(crate) struct Tail(pub(super) Arc<Output>);

impl Tail {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lines()
    }
}

impl Captured {
    fn take(&mut self, bytes: &[u8]) {
        self.tail.extend(bytes);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.is_cut |= surplus > 0;
        let Some(log) = &mut self.log else {
            return;
        };
        let taken = bytes.len().min(self.room);
        self.room -= taken;
        let mut written = log.write_all(&bytes[..taken]);
        if self.room == 0 {
            written = written.and_then(|()| log.write_all(b"\nconfcall: the log is full\n"));
        }
        if written.is_err() || self.room == 0 {
            self.log = None;
        }
    }
}
