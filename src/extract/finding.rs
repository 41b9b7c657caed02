//! What is wrong in a page, with its line.

use serde::Serialize;

/// Something wrong in a page. Extraction went on regardless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The page, as its reader was told.
    pub file: String,
    /// The line, counted from 1; 0 where the whole page is meant.
    pub line: usize,
    /// What sort of thing it is.
    pub kind: FindingKind,
    /// What is wrong.
    pub message: String,
}

/// The sorts of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// An annotation that cannot be read, has no code block, or shares one with another.
    Annotation,
    /// `Content-Length` does not fit the body.
    ContentLength,
    /// Two places that must agree print different values.
    Contradiction,
    /// A line in a head that is no header field.
    Head,
    /// A body that is no JSON, and cannot be repaired with certainty.
    InvalidJson,
    /// The page does not say its edition, locale or API version.
    Metadata,
    /// A message without what makes it one: a notification without a head, a response without a
    /// request, a request to nobody.
    Orphan,
    /// A body that is JSON once its trailing commas are taken away.
    RepairedJson,
    /// One code block holds what belongs in several.
    SharedCodeBlock,
    /// A code block or a comment that is never closed.
    Unclosed,
}

impl FindingKind {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Annotation => "annotation",
            Self::ContentLength => "content-length",
            Self::Contradiction => "contradiction",
            Self::Head => "head",
            Self::InvalidJson => "invalid-json",
            Self::Metadata => "metadata",
            Self::Orphan => "orphan",
            Self::RepairedJson => "repaired-json",
            Self::SharedCodeBlock => "shared-code block",
            Self::Unclosed => "unclosed",
        }
    }
}

/// The findings of one page, as they come up.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    file: &'a str,
    list: Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub(super) const fn new(file: &'a str) -> Self {
        Self {
            file,
            list: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, line: usize, kind: FindingKind, message: impl Into<String>) {
        self.list.push(Finding {
            file: self.file.to_owned(),
            line,
            kind,
            message: message.into(),
        });
    }

    /// All findings in the order of their lines, each once.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.list
            .sort_by(|a, b| (a.line, a.kind, &a.message).cmp(&(b.line, b.kind, &b.message)));
        self.list.dedup();
        self.list
    }
}
