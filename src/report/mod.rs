//! Reports: functions from a result to text, one file a format. The caller decides on width and
//! colour, and writes.
//!
//! - [`terminal`], [`coverage`], [`covered`] and [`annotations`] are printed; [`step_summary`] is for the page of a GitHub job.
//! - [`ReportKind`] has the formats that are written to files; [`events`] are written while a run goes on.
//! - [`groups`] are the violations by cause; [`conversation`] shows messages, [`snapshot`] makes the texts that
//!   `--snapshots` compares.
//! - [`list`] and [`inventory`] are for `confcall list` and `confcall extract`, [`remarks`] for `confcall lint` and
//!   `confcall drift`.

pub(crate) mod annotations;
pub(crate) mod conversation;
pub(crate) mod coverage;
pub(crate) mod covered;
pub(crate) mod events;
pub(crate) mod groups;
pub(crate) mod html;
pub(crate) mod inventory;
pub(crate) mod junit;
pub(crate) mod list;
pub(crate) mod remarks;
pub(crate) mod snapshot;
pub(crate) mod step_summary;
pub(crate) mod terminal;
pub(crate) mod text;

use std::rc::Rc;

use strum::VariantNames as _;

use crate::judge::verdict::Run;

/// The kinds of `--report KIND=FILE`. A new format is a file of this folder, a variant, and an arm of
/// [`ReportKind::render`]. Help and errors list the variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum ReportKind {
    Json,
    Junit,
    Html,
    Events,
}

/// The text of a reference page by its name in a source, if it is at hand.
pub(crate) type Pages<'p> = &'p dyn Fn(&str) -> Option<Rc<str>>;

/// A report that its format cannot hold: a defect.
#[derive(Debug, thiserror::Error)]
#[error("the report cannot be made: {0}")]
pub(crate) struct ReportError(Box<dyn std::error::Error + Send + Sync>);

impl ReportKind {
    /// The text of every kind, as a list: `json`, `junit`, `html` and `events`.
    pub(crate) fn listed(conjunction: &str, shown: impl Fn(&str) -> String) -> String {
        let kinds: Vec<_> = Self::VARIANTS.iter().map(|kind| shown(kind)).collect();
        match kinds.as_slice() {
            [first @ .., last] if !first.is_empty() => {
                format!("{} {conjunction} {last}", first.join(", "))
            }
            all => all.concat(),
        }
    }

    /// The report of a run that is over, or has not begun. None for [`events`], which are written one after the other.
    /// `pages` has the text of a reference page by its name in a source; only the HTML report shows it.
    pub(crate) fn render(self, run: &Run, pages: Pages<'_>) -> Option<Result<String, ReportError>> {
        Some(match self {
            Self::Json => serde_json::to_string_pretty(run)
                .map(|text| text + "\n")
                .map_err(|error| ReportError(error.into())),
            Self::Junit => junit::render(run).map_err(|error| ReportError(error.into())),
            Self::Html => html::render(run, pages),
            Self::Events => return None,
        })
    }
}
