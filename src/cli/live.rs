//! A run while it is played: its progress on a terminal, and with `-v` each message and each line of the target.

use std::io;
use std::sync::{Mutex, PoisonError};

use indexmap::IndexMap;

use super::events::Events;
use super::failure::Failure;
use super::output::Output;
use super::progress::Progress;
use super::run::listening;
use super::{output, record};
use crate::api::party::Party;
use crate::judge::redaction;
use crate::judge::verdict::Traffic;
use crate::redact::{ProjectRedaction, Redactor};
use crate::report::terminal;
use crate::report::terminal::Extent;
use crate::runner::Session;
use crate::runner::observer::{Ending, Observer, Playing, RunEvent};
use crate::runner::options::TargetProgram;

/// Shows a run.
#[derive(Debug)]
pub(crate) struct Live {
    output: Output,
    progress: Progress,
    course: Mutex<Course>,
    /// Messages are shown without their secrets; none if they are not shown.
    messages: Option<Redactor>,
    /// For reports that are written while the run goes on.
    events: Events,
}

/// The course of a run so far.
#[derive(Debug, Default)]
struct Course {
    failed: usize,
    /// The conversations under way, the one that began first in front, and what each waits for.
    waiting: IndexMap<(String, Party, u64), String>,
}

impl Live {
    pub(crate) fn new(
        output: Output,
        extent: Extent,
        redaction: &ProjectRedaction,
        events: Events,
    ) -> Result<Self, Failure> {
        let messages = match extent {
            Extent::Short => None,
            Extent::Whole => Some(record::redactor_of(redaction.clone())?),
        };
        Ok(Self {
            output,
            messages,
            events,
            progress: Progress::of_steps(),
            course: Mutex::default(),
        })
    }

    pub(crate) const fn shows_messages(&self) -> bool {
        self.messages.is_some()
    }

    /// The progress, for what is no event of a run.
    pub(crate) const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Clears the progress.
    pub(crate) fn end(&self) {
        self.progress.end();
    }

    fn show_messages(&self, playing: Playing<'_>, messages: &[Traffic], redactor: &Redactor) {
        let mut messages = messages.to_vec();
        redaction::traffic(&mut messages, redactor);
        let title = format!("{} {}", playing.role, playing.scenario);
        // A reader that went away does not end the run.
        let _ = self
            .output
            .print(&terminal::messages(&title, &messages, self.output.look));
    }

    fn follow(&self, event: RunEvent<'_>) {
        let mut course = self.course.lock().unwrap_or_else(PoisonError::into_inner);
        let key = |it: Playing<'_>| (it.scenario.to_owned(), it.role, it.number);
        match event {
            RunEvent::Waiting(playing, step) => {
                let what = match step {
                    Some((number, kind)) => format!("the {kind} of step {number}"),
                    None => "its provider states".to_owned(),
                };
                course.waiting.insert(key(playing), what);
            }
            RunEvent::Played(playing, ending) => {
                course.waiting.shift_remove(&key(playing));
                if ending != Ending::Postponed {
                    self.progress.advance(1);
                }
                course.failed += usize::from(ending == Ending::Failed);
            }
            RunEvent::Planned(count) => self.progress.add(count),
            RunEvent::Starting(program) => {
                return self
                    .progress
                    .say(format!("waiting until `{program}` is ready"));
            }
            RunEvent::Settling => return self.progress.say("waiting for surplus messages"),
            RunEvent::Selected(..) | RunEvent::Output(_) | RunEvent::Messages(..) => return,
        }
        self.progress.say(course.line());
    }
}

impl Course {
    /// The number of failures, and what the conversation waits for that began first.
    fn line(&self) -> String {
        let failed = match self.failed {
            0 => String::new(),
            count => format!("{count} failed  "),
        };
        let first = self.waiting.first();
        let waiting = first.map(|((id, role, _), what)| format!("waiting for {what}: {role} {id}"));
        failed + &waiting.unwrap_or_default()
    }
}

impl Observer for Live {
    fn opened(&self, session: &Session, program: Option<&TargetProgram>) -> io::Result<()> {
        self.output.print(&listening(
            session.url(),
            session.proxy(),
            program.is_some(),
        ))
    }

    fn warn(&self, warning: &str) {
        output::warn(warning);
    }

    fn event(&self, event: RunEvent<'_>) {
        match event {
            RunEvent::Selected(options, selected) => {
                let selected = Some(selected.to_vec());
                let (seed, shard) = (Some(options.seed), options.shard);
                self.events.begin(seed, shard, selected);
            }
            RunEvent::Waiting(playing, None) => {
                self.events.started(playing.scenario, playing.role);
            }
            _ => {}
        }
        if let Some(redactor) = &self.messages {
            match event {
                RunEvent::Messages(playing, messages) => {
                    self.show_messages(playing, messages, redactor);
                }
                RunEvent::Output(line) => {
                    let line = terminal::output_line(&redactor.in_text(line), self.output.look);
                    let _ = self.output.print(&line);
                }
                _ => {}
            }
        }
        if self.progress.is_shown() {
            self.follow(event);
        }
    }
}
