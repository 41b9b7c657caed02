//! The files of a project, and those of them that change.
//!
//! The state of the files is read again and again, which works on every system and every file system. Files that
//! `.gitignore` lists do not belong to the project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use ignore::WalkBuilder;

use crate::cli::last_run::LastRun;
use crate::cli::output;
use crate::cli::run::Arguments;
use crate::config;
use crate::diagnostic::path::Shown as _;

/// How often files are looked at. For many of them, it takes at most a third of the time.
const LOOKS_EVERY: Duration = Duration::from_millis(60);

/// A change is complete once nothing else changes for so long.
const SETTLES_WITHIN: Duration = Duration::from_millis(30);

/// A file that changes during so many runs in a row is written by the target.
const WRITTEN_BY_TARGET: usize = 3;

/// Folders of every kind of project that tools write into.
const OF_TOOLS: [&str; 3] = ["node_modules", "target", "__pycache__"];

/// The folders that are watched, and the files and folders in them that are not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Watched {
    roots: Vec<PathBuf>,
    except: Vec<PathBuf>,
}

impl Watched {
    /// The watched files of a run: the current folder, and the folders of `confcall.toml`, of its target and of the
    /// scenarios, without the files that the run itself writes.
    pub(super) fn of(arguments: &Arguments) -> Self {
        let mut watched = Self::default();
        watched.root(Path::new("."));
        // The run says what is wrong with it.
        let config = config::load(arguments.config.as_deref()).unwrap_or_default();
        let file = arguments.config.as_deref();
        if let Some(folder) = file.and_then(Path::parent) {
            watched.root(folder);
        }
        let source = arguments.which.among.source.clone().or(&config.scenarios);
        source.paths().for_each(|it| watched.root(it));
        arguments
            .target
            .stubs
            .iter()
            .for_each(|it| watched.root(it));
        if let Some(command) = config.target.and_then(|it| it.command) {
            watched.root(&command.folder);
            watched.except.extend(command.log);
        }
        let reports = config.reports;
        let configured = [
            reports.json,
            reports.junit,
            reports.html,
            reports.events,
            reports.snapshots,
        ];
        watched.except.extend(configured.into_iter().flatten());
        watched.except.extend(arguments.snapshots.clone());
        watched.except.extend(LastRun::here().map(|it| it.file));
        let wanted = arguments.report.iter();
        let wanted = wanted.filter_map(|it| it.to.path().map(Path::to_owned));
        watched.except.extend(wanted);
        for path in &mut watched.except {
            *path = absolute(path);
        }
        watched
    }

    /// Adds a file or folder, unless it is in another one.
    fn root(&mut self, path: &Path) {
        let path = absolute(path);
        if !self.roots.iter().any(|it| path.starts_with(it)) {
            self.roots.push(path);
        }
    }

    /// The files and folders that are watched.
    fn all(&self) -> Known {
        let mut known = Known::default();
        for root in &self.roots {
            known.extend(self.below(root, None));
        }
        known
    }

    /// Those below a folder, at most so deep, with the folder itself.
    fn below(&self, folder: &Path, depth: Option<usize>) -> Known {
        let except = self.except.clone();
        let mut walk = WalkBuilder::new(folder);
        walk.require_git(false).max_depth(depth);
        walk.filter_entry(move |entry| {
            let is_of_tools = OF_TOOLS.iter().any(|it| entry.file_name() == *it);
            !is_of_tools && !except.iter().any(|it| it == entry.path())
        });
        let mut known = Known::default();
        // What cannot be read is not watched.
        for entry in walk.build().flatten() {
            let Some(state) = state_of(entry.path()) else {
                continue;
            };
            let is_folder = entry.file_type().is_some_and(|it| it.is_dir());
            let list = if is_folder {
                &mut known.folders
            } else {
                &mut known.files
            };
            list.insert(entry.into_path(), state);
        }
        known
    }
}

/// The time of the last change of a file or folder, and its length.
type FileState = (SystemTime, u64);

fn state_of(path: &Path) -> Option<FileState> {
    let data = path.metadata().ok()?;
    Some((data.modified().ok()?, data.len()))
}

/// Files and folders, as they were when they were read.
#[derive(Debug, Default)]
struct Known {
    files: BTreeMap<PathBuf, FileState>,
    folders: BTreeMap<PathBuf, FileState>,
}

impl Known {
    fn extend(&mut self, other: Self) {
        self.files.extend(other.files);
        self.folders.extend(other.folders);
    }

    /// The files that have changed or are gone, and the folders in which a name was added or removed.
    fn look(&mut self) -> (Vec<PathBuf>, Vec<PathBuf>) {
        (differing(&mut self.files), differing(&mut self.folders))
    }
}

/// Reads the state of each anew. Returns those that have changed; those that are gone are removed.
fn differing(all: &mut BTreeMap<PathBuf, FileState>) -> Vec<PathBuf> {
    let mut changed = Vec::new();
    all.retain(|path, before| {
        let now = state_of(path);
        if now != Some(*before) {
            changed.push(path.clone());
        }
        *before = now.unwrap_or(*before);
        now.is_some()
    });
    changed
}

/// Without `.`, `..` and symbolic links, as far as the file exists.
pub(super) fn absolute(path: &Path) -> PathBuf {
    let given = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (given.canonicalize(), given.parent(), given.file_name()) {
        (Ok(found), ..) => found,
        // A file that does not exist yet.
        (Err(_), Some(folder), Some(name)) => match folder.canonicalize() {
            Ok(folder) => folder.join(name),
            Err(_) => given,
        },
        _ => given,
    }
}

/// Finds changes of files.
#[derive(Debug)]
pub(super) struct Changes(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    watched: Watched,
    known: Known,
    /// The number of runs in a row during which a file has changed.
    during_runs: BTreeMap<PathBuf, usize>,
    /// The files that the target writes.
    of_target: Vec<PathBuf>,
}

impl Changes {
    pub(super) fn of(watched: Watched) -> Self {
        let known = watched.all();
        Self(Mutex::new(State {
            watched,
            known,
            ..State::default()
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches other files from now on. A change of the set of watched files is not a change of a file.
    pub(super) fn watch(&self, mut watched: Watched) {
        let mut state = self.state();
        watched.except.extend_from_slice(&state.of_target);
        if watched != state.watched {
            state.known = watched.all();
            state.watched = watched;
        }
    }

    /// The number of files that are watched.
    pub(super) fn count(&self) -> usize {
        self.state().known.files.len()
    }

    /// Waits until files change, and returns them. `is_playing` is true while the target may write files.
    pub(super) fn wait(&self, is_playing: impl Fn() -> bool) -> Vec<PathBuf> {
        loop {
            let begun = std::time::Instant::now();
            let changed = self.changed();
            if !changed.is_empty() {
                return self.settled(changed, is_playing());
            }
            sleep(LOOKS_EVERY.max(begun.elapsed() * 2));
        }
    }

    /// All files that changed together with these.
    fn settled(&self, mut changed: Vec<PathBuf>, is_playing: bool) -> Vec<PathBuf> {
        loop {
            sleep(SETTLES_WITHIN);
            let more = self.changed();
            if more.is_empty() {
                break;
            }
            changed.extend(more);
        }
        changed.sort();
        changed.dedup();
        let mut state = self.state();
        if !is_playing {
            state.during_runs.clear();
            return changed;
        }
        for path in &changed {
            let runs = state.during_runs.entry(path.clone()).or_default();
            *runs += 1;
            if *runs == WRITTEN_BY_TARGET {
                state.of_target.push(path.clone());
                output::warn(format!(
                    "{} changes in every run, and is not watched any more; list it in .gitignore or .ignore",
                    path.shown()
                ));
            }
        }
        changed
    }

    /// The files that have changed since they were read before. Only folders in which something was added or removed
    /// are listed again.
    fn changed(&self) -> Vec<PathBuf> {
        let mut state = self.state();
        let State { watched, known, .. } = &mut *state;
        let (mut changed, folders) = known.look();
        for folder in folders {
            let listed = watched.below(&folder, Some(1));
            let new = listed.folders.into_keys();
            let new: Vec<_> = new.filter(|it| !known.folders.contains_key(it)).collect();
            let mut found = Known {
                files: listed.files,
                ..Known::default()
            };
            for folder in new {
                found.extend(watched.below(&folder, None));
            }
            let of_new = found.files.keys();
            changed.extend(of_new.filter(|it| !known.files.contains_key(*it)).cloned());
            known.extend(found);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_of_the_project_are_watched_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().canonicalize().unwrap().join(name);
        for name in ["src", "node_modules", "build", "reports"] {
            fs::create_dir(at(name)).unwrap();
        }
        fs::write(at(".gitignore"), "build\n*.db\n").unwrap();
        let watched = Watched {
            roots: vec![at("")],
            except: vec![at("reports"), at("run.json")],
        };
        let changes = Changes::of(watched);
        for name in [
            "node_modules/a.js",
            "build/a.js",
            "state.db",
            "reports/a.snap",
            "run.json",
            ".hidden",
        ] {
            fs::write(at(name), "new").unwrap();
            assert_eq!(changes.changed(), [] as [PathBuf; 0], "{name}");
        }
        fs::write(at("src/bot.js"), "new").unwrap();
        assert_eq!(changes.changed(), [at("src/bot.js")]);
        assert_eq!(changes.changed(), [] as [PathBuf; 0]);
        fs::write(at("src/bot.js"), "newer").unwrap();
        assert_eq!(changes.wait(|| false), [at("src/bot.js")]);
        fs::remove_file(at("src/bot.js")).unwrap();
        assert_eq!(changes.changed(), [at("src/bot.js")]);
    }

    #[test]
    fn a_file_that_the_target_writes_is_no_reason_to_play_again_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let watched = Watched {
            roots: vec![root.clone()],
            except: Vec::new(),
        };
        let changes = Changes::of(watched.clone());
        let file = root.join("calls.txt");
        let expected = vec![file.clone()];
        for run in 1..=WRITTEN_BY_TARGET {
            fs::write(&file, "a".repeat(run)).unwrap();
            assert_eq!(changes.wait(|| true), expected);
        }
        changes.watch(watched);
        fs::write(&file, "other").unwrap();
        assert_eq!(changes.changed(), [] as [PathBuf; 0]);
    }
}
