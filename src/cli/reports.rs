//! Report files: checked before anything is played, written at the end.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::exit::Exit;
use super::failure::{EnvironmentError, Failure};
use super::output;
use super::usage::UsageError;
use crate::config::values::ValueError;
use crate::diagnostic::render;
use crate::files;
use crate::judge::verdict::Run;
use crate::report::ReportKind;

/// A report, and the file that it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportFile {
    pub kind: ReportKind,
    pub path: PathBuf,
}

impl ReportFile {
    /// The help of `--report`, whose first words differ between commands.
    pub(crate) fn help(purpose: &str) -> String {
        let files = ReportKind::listed("or", |kind| format!("{kind}=FILE"));
        format!("{purpose}: {files} (repeatable)")
    }
}

impl FromStr for ReportFile {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let (kind, path) = text.split_once('=').ok_or(ValueError::Report)?;
        let kind = kind
            .parse()
            .map_err(|_| ValueError::ReportKind(kind.to_owned()))?;
        if path.is_empty() {
            return Err(ValueError::Report);
        }
        let path = path.into();
        Ok(Self { kind, path })
    }
}

/// Report files, each another one, in folders that are there.
#[derive(Debug)]
pub(crate) struct Reports(Vec<ReportFile>);

impl Reports {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn new(wanted: Vec<ReportFile>) -> Result<Self, Failure> {
        for (at, report) in wanted.iter().enumerate() {
            if wanted[..at].iter().any(|it| it.path == report.path) {
                return Err(UsageError::ReportTwice(report.path.clone()).into());
            }
            let folder = report.path.parent().unwrap_or(Path::new(""));
            if !folder.as_os_str().is_empty() && !folder.is_dir() {
                return Err(Failure::Environment(EnvironmentError::NoFolder {
                    report: report.path.clone(),
                    folder: folder.to_owned(),
                }));
            }
        }
        Ok(Self(wanted))
    }

    pub(crate) fn go_to(&self, file: &Path) -> bool {
        self.0.iter().any(|it| it.path == file)
    }

    /// Writes the reports. One that cannot be written is an error, which the exit shows.
    pub(crate) fn write(&self, run: &Run) -> Exit {
        let mut exit = Exit::Success;
        for report in &self.0 {
            if let Err(failure) = write(report, run) {
                output::error(render(&failure));
                exit = exit.worse(failure.exit());
            }
        }
        exit
    }
}

fn write(report: &ReportFile, run: &Run) -> Result<(), Failure> {
    let text = report.kind.render(run);
    let text = text.map_err(|error| Failure::Defect(error.to_string()))?;
    Ok(files::write(&report.path, &text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_have_known_kinds() {
        let report = str::parse::<ReportFile>;
        assert_eq!(report("json=a=b").unwrap().path, PathBuf::from("a=b"));
        assert_eq!(report("junit=x").unwrap().kind, ReportKind::Junit);
        assert_eq!(report("htm=x"), Err(ValueError::ReportKind("htm".into())));
        for text in ["json", "json="] {
            assert_eq!(report(text), Err(ValueError::Report), "{text}");
        }
    }
}
