//! The page of a GitHub job: annotations, and the summary of its step.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::environment;
use super::output;
use super::output::Output;
use crate::diagnostic::path::Shown as _;
use crate::extract::remark::PagePlace;
use crate::judge::verdict::{Run, ScenarioResult, Violation};
use crate::report::annotations::{self, FilePlace};
use crate::report::remarks::PageReport;
use crate::report::step_summary;

/// The files of a run, which may be in the workspace of the job.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// The folder of the scenarios; none for the built-in ones.
    pub scenarios: Option<PathBuf>,
    /// The recordings.
    pub read: Vec<PathBuf>,
}

/// Shows a run on the page of the job, if this is one.
pub(super) fn show(run: &Run, files: &Files, output: Output) -> io::Result<()> {
    if let Some(path) = environment::step_summary()
        && let Err(error) = append(&path, &step_summary::render(run))
    {
        output::warn(format!("{}: {error}", path.shown()));
    }
    if environment::is_github_actions() {
        let root = environment::workspace().and_then(|it| it.canonicalize());
        let place = |result: &ScenarioResult, violation: &Violation| {
            files.place(root.as_ref().ok()?, result, violation)
        };
        output.print_commands(&annotations::render(run, place))?;
    }
    Ok(())
}

/// Shows remarks on pages on the page of the job, if this is one.
pub(super) fn show_remarks(report: &PageReport, output: Output) -> io::Result<()> {
    if !environment::is_github_actions() {
        return Ok(());
    }
    let root = environment::workspace().and_then(|it| it.canonicalize());
    let place = |place: &PagePlace| below(root.as_ref().ok()?, Path::new(&place.page), place.line);
    output.print_commands(&annotations::of_remarks(report, place))
}

/// The place in a file, if the file is below the root.
fn below(root: &Path, path: &Path, line: usize) -> Option<FilePlace> {
    let path = path.canonicalize().ok().filter(|it| it.is_file())?;
    let below = path.strip_prefix(root).ok()?;
    let segments = below.iter().map(|it| it.to_str());
    Some(FilePlace {
        file: segments.collect::<Option<Vec<_>>>()?.join("/"),
        line: line.max(1),
    })
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::options().append(true).create(true).open(path)?;
    file.write_all(text.as_bytes())
}

impl Files {
    /// The place of a violation below the root: in the page or the recording that its source names, in the recording of
    /// its conversation, or in the file of its scenario.
    fn place(&self, root: &Path, result: &ScenarioResult, of: &Violation) -> Option<FilePlace> {
        let source = (PathBuf::from(&of.source.file), of.source.line);
        let recording = Path::new(&result.scenario).parent().and_then(|name| {
            let mut files = self.read.iter();
            files.find(|it| !name.as_os_str().is_empty() && it.ends_with(name))
        });
        let scenario = self.scenarios.as_ref().map(|folder| {
            let id = result.scenario.split('~').next().unwrap_or_default();
            folder.join(format!("{id}.json"))
        });
        let recording = recording.map(|it| (it.clone(), 1));
        let files = [Some(source), recording, scenario.map(|it| (it, 1))];
        let mut files = files.into_iter().flatten();
        files.find_map(|(path, line)| below(root, &path, line))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::Value;

    use super::*;
    use crate::api::party::Party;
    use crate::contract::rule::{Level, Rule};
    use crate::diagnostic::pointer::Pointer;
    use crate::judge::verdict::{Basis, Source, Verdict};

    #[test]
    fn a_violation_is_in_the_page_the_recording_or_the_scenario() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("own/page")).unwrap();
        for file in ["page.md", "own/page/one.json", "call.jsonl"] {
            fs::write(root.join(file), "").unwrap();
        }
        let files = Files {
            scenarios: Some(root.join("own")),
            read: vec![root.join("call.jsonl")],
        };
        let page = root.join("page.md").shown();
        for (scenario, source, expected) in [
            ("page/one", page.as_str(), Some(("page.md", 7))),
            ("page/one~slow", "gone.md", Some(("own/page/one.json", 1))),
            ("call.jsonl/invite-2", "gone.md", Some(("call.jsonl", 1))),
            ("page/two", "gone.md", None),
            ("page/two", "/etc/passwd", None),
        ] {
            let result = ScenarioResult::new(scenario, Party::Bot, Verdict::Fail, "");
            let violation = Violation {
                rule: Rule::RequestBody,
                level: Level::Must,
                requirement: Basis::Snapshot,
                step: None,
                pointer: Pointer::root(),
                expected: Value::Null,
                actual: Value::Null,
                source: Source {
                    file: source.to_owned(),
                    line: 7,
                },
                message: String::new(),
            };
            let place = files.place(&root, &result, &violation);
            let place = place.as_ref().map(|it| (it.file.as_str(), it.line));
            assert_eq!(place, expected, "{scenario} {source}");
        }
    }
}
