//! The JSON report of a run. Its shape is stable, and that of [`Run`].

use crate::judge::verdict::Run;

/// The report, over several lines, with a line feed at its end.
///
/// # Errors
///
/// Never in practice: a run holds nothing that JSON cannot.
pub(crate) fn render(run: &Run) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(run).map(|text| text + "\n")
}
