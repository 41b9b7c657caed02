//! The inventory of a page: a row for every code block, and the findings.

use serde::Serialize;
use strum::IntoStaticStr;

/// One code block of a page: a line of `confcall extract --inventory`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    pub file: String,
    /// The first line of the code block, counted from 1.
    pub line: usize,
    pub kind: Kind,
    /// Set for a request, and for the head of a notification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// As printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Set for a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The ids of the scenarios made from the code block.
    pub scenarios: Vec<String>,
    /// The reason for `other`, for a row without scenarios, or for an incomplete message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Request,
    Response,
    Notification,
    /// A body in its own code block.
    RequestBody,
    ResponseBody,
    NotificationBody,
    /// The JSON representation of a resource.
    Resource,
    /// Anything else; the row has the reason.
    Other,
}

/// A row whose scenarios are not determined yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing<'a> {
    pub(super) kind: Kind,
    method: Option<&'a str>,
    target: Option<&'a str>,
    status: Option<u16>,
    reason: Option<&'static str>,
}

impl<'a> Listing<'a> {
    pub(super) const fn new(kind: Kind) -> Self {
        Self {
            kind,
            method: None,
            target: None,
            status: None,
            reason: None,
        }
    }

    pub(super) const fn other(reason: &'static str) -> Self {
        Self::new(Kind::Other).because(reason)
    }

    pub(super) const fn request(method: &'a str, target: &'a str) -> Self {
        Self {
            method: Some(method),
            target: Some(target),
            ..Self::new(Kind::Request)
        }
    }

    pub(super) const fn response(status: u16) -> Self {
        Self {
            status: Some(status),
            ..Self::new(Kind::Response)
        }
    }

    pub(super) const fn because(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }

    pub(super) fn row(self, file: &str, line: usize, scenarios: Vec<String>) -> Row {
        Row {
            file: file.to_owned(),
            line,
            kind: self.kind,
            method: self.method.map(str::to_owned),
            target: self.target.map(str::to_owned),
            status: self.status,
            scenarios,
            reason: self.reason.map(str::to_owned),
        }
    }
}

/// An error in a page. Extraction continues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub file: String,
    /// Counted from 1; 0 for the whole page.
    pub line: usize,
    pub kind: FindingKind,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum FindingKind {
    /// An annotation that is invalid, has no code block, or shares one with another.
    Annotation,
    /// `Content-Length` differs from the length of the body.
    ContentLength,
    /// Two values that must be equal differ.
    Contradiction,
    /// A name in a table that is not the property's: translated, or in another case.
    DamagedName,
    /// A line in a head that is no header field.
    Head,
    /// A body that is not JSON and has no certain repair.
    InvalidJson,
    /// The page has no edition, locale or API version.
    Metadata,
    /// An incomplete message: a notification without a head, a response without a request, a request to an
    /// unknown host.
    Orphan,
    /// A body that is JSON without its comments and trailing commas.
    RepairedJson,
    /// One code block has the content of several.
    SharedCodeBlock,
    /// A code block or a comment that is never closed.
    Unclosed,
}

impl FindingKind {
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

/// The findings of one page so far.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    file: &'a str,
    list: Vec<Finding>,
    /// Those of two values that must be equal.
    pub(super) contradictions: Vec<Contradiction>,
}

/// A value that differs from an earlier one, which it must be equal to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contradiction {
    /// The line of the code block that has the value, counted from 1.
    pub(super) line: usize,
    /// The role of both values.
    pub(super) role: String,
    pub(super) value: String,
    pub(super) before: String,
}

impl<'a> Findings<'a> {
    pub(super) const fn new(file: &'a str) -> Self {
        Self {
            file,
            list: Vec::new(),
            contradictions: Vec::new(),
        }
    }

    pub(super) fn contradict(&mut self, found: Contradiction) {
        let Contradiction {
            role,
            value,
            before,
            ..
        } = &found;
        let message = format!("{role} is `{value}` here, but `{before}` before");
        self.push(found.line, FindingKind::Contradiction, message);
        if !self.contradictions.contains(&found) {
            self.contradictions.push(found);
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

    /// All findings in the order of their lines, without duplicates.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.list
            .sort_by(|a, b| (a.line, a.kind, &a.message).cmp(&(b.line, b.kind, &b.message)));
        self.list.dedup();
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_one_name() {
        for kind in [FindingKind::SharedCodeBlock, FindingKind::InvalidJson] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(FindingKind::SharedCodeBlock.as_str(), "shared-code-block");
    }
}
