//! The account of every code block of a page.

use serde::Serialize;

/// One code block of a page: a line of `confcall extract --inventory` (SPEC section 8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The page, as its reader was told.
    pub file: String,
    /// The line of the opening code block, counted from 1.
    pub line: usize,
    /// What the code block is.
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

/// What a code block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
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
    /// Anything else; the row's reason says what.
    Other,
}

/// What a code block is, before scenarios are known.
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
