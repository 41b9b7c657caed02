//! Remarks on pages, which `confcall lint` and `confcall drift` report, and the rules behind them.
//!
//! For: one type for changes, damage and findings. Not for: finding them (`lint`, `damage`, `drift`), or showing them
//! (`report::remarks`).

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr};

use crate::api::party::Party;

/// The rule behind a remark. Ids are API: reports, `--allow`, baselines and the book use them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PageRule {
    /// In kebab-case.
    pub id: &'static str,
    pub kind: RemarkKind,
    /// The level of its remarks, unless one of them says otherwise.
    pub level: Severity,
    /// Whom a change breaks, in words, with the condition if there is one. Findings and damage break nobody.
    pub breaks: Option<&'static str>,
    /// The reason, as a sentence.
    pub text: &'static str,
    /// The advice to a writer of pages, as a sentence.
    pub remedy: &'static str,
}

/// The rules of one kind of remark, and all of them in this order. Each has a name, an id, a level, a reason and a remedy.
macro_rules! page_rules {
    ($(#[$doc:meta])* $kind:ident: $($name:ident: $id:literal, $level:ident, $text:literal, $remedy:literal;)*) => {
        $(pub(super) static $name: PageRule = PageRule {
            id: $id,
            kind: $crate::extract::remark::RemarkKind::$kind,
            level: $crate::extract::remark::Severity::$level,
            breaks: None,
            text: $text,
            remedy: $remedy,
        };)*

        $(#[$doc])*
        pub(crate) static ALL: [&PageRule; [$($id),*].len()] = [$(&$name),*];
    };
}
pub(super) use page_rules;

/// The kind of a remark.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Display, IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(crate) enum RemarkKind {
    /// The contract differs between two texts.
    Change,
    /// A translation broke something.
    Damage,
    /// A page contradicts itself, another page, or the format of its parts.
    Finding,
}

/// The level of a remark, the most severe first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    Display,
    IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Severity {
    /// A reader who relies on the page fails.
    Error,
    /// A reader may be misled.
    Warning,
    /// No reader is misled, but the page should be corrected.
    Note,
}

/// A line of a page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub(crate) struct PagePlace {
    /// The page, as the user names it.
    pub page: String,
    /// Counted from 1; 0 for the whole page.
    pub line: usize,
}

/// A change, damage, or a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remark {
    pub rule: &'static PageRule,
    pub level: Severity,
    pub place: PagePlace,
    /// The second line of a contradiction or change, which may be in another page.
    pub other: Option<PagePlace>,
    /// A sentence without a full stop and without line numbers, so that it stays when lines move.
    pub message: String,
    /// The party that a change breaks.
    pub breaks: Option<Party>,
    pub touched: Touched,
}

/// What a change touches in a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Touched {
    /// The ids of built-in scenarios.
    pub scenarios: Vec<String>,
    /// The scenarios of known failures, as `confcall.toml` has them.
    pub known_failures: Vec<String>,
    /// The names of recordings.
    pub cassettes: Vec<String>,
}

impl Touched {
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Remark {
    pub(crate) fn new(
        rule: &'static PageRule,
        page: &str,
        line: usize,
        message: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            level: rule.level,
            place: PagePlace {
                page: page.to_owned(),
                line,
            },
            other: None,
            message: message.into(),
            breaks: None,
            touched: Touched::default(),
        }
    }

    /// With a second place.
    #[must_use]
    pub(crate) fn beside(mut self, page: &str, line: usize) -> Self {
        self.other = Some(PagePlace {
            page: page.to_owned(),
            line,
        });
        self
    }

    /// The order by page and line. Of several remarks on a line, the most severe is first.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let key = |it: &'_ Self| (it.level, it.rule.id);
        self.place
            .cmp(&other.place)
            .then_with(|| key(self).cmp(&key(other)))
            .then_with(|| self.message.cmp(&other.message))
            .then_with(|| self.other.cmp(&other.other))
    }
}

/// Remarks in the order of pages and lines, each once.
pub(crate) fn sorted(mut remarks: Vec<Remark>) -> Vec<Remark> {
    remarks.sort_by(Remark::order);
    remarks.dedup();
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    static RULE: PageRule = PageRule {
        id: "a-rule",
        kind: RemarkKind::Finding,
        level: Severity::Warning,
        breaks: None,
        text: "Something is wrong.",
        remedy: "Correct it.",
    };

    #[test]
    fn remarks_are_in_the_order_of_lines_and_each_is_there_once() {
        let at = |line| Remark::new(&RULE, "p.md", line, "wrong");
        let mut severe = at(7);
        severe.level = Severity::Error;
        let all = vec![
            at(10),
            at(7),
            severe.clone(),
            at(7),
            at(2).beside("q.md", 3),
        ];
        let expected = [at(2).beside("q.md", 3), severe, at(7), at(10)];
        assert_eq!(sorted(all), expected);
    }
}
