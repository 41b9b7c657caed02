//! The events of a run while it goes on: `--report events=FILE`.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write as _;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::exit::Exit;
use super::failure::Failure;
use super::output::print_report;
use super::reports::Destination;
use crate::api::party::Party;
use crate::files;
use crate::files::FileError;
use crate::judge::shard::Shard;
use crate::judge::verdict::{Run, ScenarioResult, Selected, Verdict};
use crate::report::ReportKind;
use crate::report::events::{Event, Start};
use crate::report::terminal;
use crate::report::text::Look;

/// The reason of what was selected and has no result.
const UNPLAYED: &str = "it was not played: the errors of the run say why";

/// The events of one command. Each clone is of the same ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Events(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    sinks: Vec<Sink>,
    /// The scenarios or recordings that will have a result.
    selected: Vec<Selected>,
    /// The scenarios that were started. A scenario may be played several times.
    started: HashSet<(String, Party)>,
}

/// The file that the events are written to.
#[derive(Debug)]
struct Sink {
    to: To,
    /// The first event, which is written as soon as the selection is known.
    start: Option<Start>,
    began: Instant,
    /// The first line that could not be written. Nothing is written after it.
    failure: Option<Failure>,
}

#[derive(Debug)]
enum To {
    Output,
    File(PathBuf, File),
}

impl Events {
    /// Opens the file, in the place of an earlier one.
    pub(super) fn open(&self, to: &Destination, start: Start) -> Result<(), Failure> {
        let to = match to {
            Destination::Output => To::Output,
            Destination::File(path) => To::File(path.clone(), opened(path)?),
        };
        self.state().sinks.push(Sink {
            to,
            start: Some(start),
            began: Instant::now(),
            failure: None,
        });
        Ok(())
    }

    /// The run begins. `selected` is none if the results are not known in advance.
    pub(crate) fn begin(
        &self,
        seed: Option<u64>,
        shard: Option<Shard>,
        selected: Option<Vec<Selected>>,
    ) {
        let state = &mut *self.state();
        for sink in &mut state.sinks {
            if let Some(start) = sink.start.take() {
                sink.write(&Event::RunStarted(Start {
                    seed,
                    shard,
                    selected: selected.clone(),
                    ..start
                }));
            }
        }
        state.selected = selected.unwrap_or_default();
    }

    pub(crate) fn started(&self, scenario: &str, role: Party) {
        let state = &mut *self.state();
        if !state.started.insert((scenario.to_owned(), role)) {
            return;
        }
        for sink in &mut state.sinks {
            sink.write(&Event::ScenarioStarted { scenario, role });
        }
    }

    /// The results of a run that ended with an error before it had any: nothing that was selected is lost.
    pub(super) fn without_result(&self, why: &str) -> Vec<ScenarioResult> {
        let selected = mem::take(&mut self.state().selected);
        let results = selected.into_iter();
        results
            .map(|it| it.result(Verdict::Inconclusive, why))
            .collect()
    }

    pub(super) fn are_open(&self) -> bool {
        !self.state().sinks.is_empty()
    }

    /// Writes the other events of a run with this exit.
    pub(super) fn finish(&self, run: &Run, exit: Exit) -> Result<(), Failure> {
        let results: HashSet<_> = run
            .results
            .iter()
            .map(|it| (&*it.scenario, it.role))
            .collect();
        let mut selected = mem::take(&mut self.state().selected);
        selected.retain(|it| !results.contains(&(&*it.scenario, it.role)));
        let unplayed = selected.into_iter();
        let unplayed: Vec<_> = unplayed
            .map(|it| it.result(Verdict::Inconclusive, UNPLAYED))
            .collect();
        // The first event is there in any case.
        self.begin(run.seed, run.shard, None);
        let sinks = mem::take(&mut self.state().sinks);
        sinks
            .into_iter()
            .try_for_each(|sink| sink.finish(run, &unplayed, exit))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file, which is empty. A pipe or a device is opened as it is.
fn opened(path: &Path) -> Result<File, FileError> {
    if let Some(folder) = path.parent() {
        files::make_folder(folder)?;
    }
    let mut options = File::options();
    let options = if files::is_special(path) {
        options.append(true)
    } else {
        options.write(true).create(true).truncate(true)
    };
    options.open(path).map_err(|source| FileError::Unwritable {
        path: path.to_owned(),
        source,
    })
}

impl Sink {
    /// Writes a line at once: others read it while the run goes on.
    fn write(&mut self, event: &Event<'_>) {
        if self.failure.is_none() {
            self.failure = self.written(event).err();
        }
    }

    fn written(&mut self, event: &Event<'_>) -> Result<(), Failure> {
        let line = event.line();
        let line = line.map_err(|error| Failure::Defect(error.to_string()))?;
        match &mut self.to {
            To::Output => Ok(print_report(ReportKind::Events, &line)?),
            To::File(path, file) => file.write_all(line.as_bytes()).map_err(|source| {
                let path = path.clone();
                FileError::Unwritable { path, source }.into()
            }),
        }
    }

    /// `unplayed` are the selected ones that the run has no result for.
    fn finish(mut self, run: &Run, unplayed: &[ScenarioResult], exit: Exit) -> Result<(), Failure> {
        for result in run.results.iter().chain(unplayed) {
            let text = terminal::block(result, Look::PLAIN);
            self.write(&Event::ScenarioFinished {
                result,
                text: &text,
            });
        }
        self.write(&Event::RunFinished {
            exit: exit.code(),
            duration_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
            summary: &run.summary,
            errors: &run.errors,
            notes: &run.notes,
        });
        self.failure.map_or(Ok(()), Err)
    }
}
