//! The account of a page: a row for every code block, and the findings.

use serde::Serialize;
use strum::IntoStaticStr;

/// One code block of a page: a line of `confcall extract --inventory`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    /// The name of the page.
    pub file: String,
    /// The line of the opening code block, counted from 1.
    pub line: usize,
    pub kind: Kind,
    /// The method, where the code block holds a request or the head of a notification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The target as printed, where there is a method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The status, where the code block holds a response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The ids of the scenarios that the code block serves.
    pub scenarios: Vec<String>,
    /// Why the code block is `other`, or serves no scenario, or lacks something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The kind of a code block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A request, with its body or without.
    Request,
    /// A response, with its body or without.
    Response,
    /// The head of a notification, with its body or without.
    Notification,
    /// The body of a request, in a code block of its own.
    RequestBody,
    /// The body of a response, in a code block of its own.
    ResponseBody,
    /// The body of a notification, in a code block of its own.
    NotificationBody,
    /// The JSON representation of a resource.
    Resource,
    /// Anything else; the reason of the row says which.
    Other,
}

/// A row before the scenarios are known.
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

/// Something wrong in a page. Extraction went on regardless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// The name of the page.
    pub file: String,
    /// The line, counted from 1; 0 where the whole page is meant.
    pub line: usize,
    pub kind: FindingKind,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", const_into_str)]
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
    /// An incomplete message: a notification without a head, a response without a request, a request to an
    /// unknown host.
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
        self.into_str()
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
