//! Finds the messages in code blocks, by the content of each block and of its neighbours.

use serde_json::Value;

use crate::api::resource;
use crate::api::resource::Resource;
use crate::http::message::Body;
use crate::scenario::format::body::json_body;

use super::conversation;
use super::head;
use super::head::{Head, Start};
use super::inventory::{FindingKind, Findings, Kind, Listing};
use super::json;
use super::json::{Json, Reading, Superfluous, property};
use super::markdown::CodeBlock;

#[derive(Debug)]
pub(super) struct Message<'a> {
    /// The code block of the head.
    pub(super) code_block: usize,
    /// The line of that code block, counted from 1.
    pub(super) line: usize,
    pub(super) part: Part<'a>,
    /// True for a request to a host that is not the API's.
    pub(super) is_foreign: bool,
    pub(super) headers: Vec<(&'a str, &'a str)>,
    pub(super) body: Body,
    /// The code block of the body.
    pub(super) body_block: usize,
    /// The line of that code block, counted from 1.
    pub(super) body_line: usize,
    pub(super) printed: Printed<'a>,
}

/// A body as the page prints it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Printed<'a> {
    pub(super) text: &'a str,
    /// The line of its start, counted from 1.
    pub(super) line: usize,
}

/// The role of a message in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Request {
        method: &'a str,
        target: &'a str,
    },
    Response {
        status: u16,
    },
    /// Method and target are empty if the page prints no head.
    Notification {
        method: &'a str,
        target: &'a str,
    },
}

/// The classified code blocks of a page.
#[derive(Debug)]
pub(super) struct Messages<'a> {
    /// In the order of the page.
    pub(super) list: Vec<Message<'a>>,
    /// The targets of the page's path templates.
    pub(super) templates: Vec<&'a str>,
    /// The kind of each code block, in the order of the page.
    pub(super) listings: Vec<Listing<'a>>,
}

/// A message before its neighbours are examined.
struct Draft<'a> {
    message: Message<'a>,
    others: Vec<&'a str>,
}

/// Classifies the code blocks.
pub(super) fn read<'a>(
    code_blocks: &'a [CodeBlock<'a>],
    findings: &mut Findings<'_>,
) -> Messages<'a> {
    let mut reader = Reader {
        code_blocks,
        drafts: Vec::new(),
        listings: Vec::with_capacity(code_blocks.len()),
        open: None,
        findings,
    };
    for (index, code_block) in code_blocks.iter().enumerate() {
        reader.code_block(index, code_block);
    }
    let (drafts, listings) = (reader.drafts, reader.listings);
    Sorting {
        hosts: api_hosts(&drafts),
        messages: Messages {
            list: Vec::with_capacity(drafts.len()),
            templates: Vec::new(),
            listings,
        },
        findings,
    }
    .sort(drafts)
}

struct Reader<'a, 'f, 'n> {
    code_blocks: &'a [CodeBlock<'a>],
    drafts: Vec<Draft<'a>>,
    listings: Vec<Listing<'a>>,
    /// The previous code block, if its body may be in the next one.
    open: Option<usize>,
    findings: &'f mut Findings<'n>,
}

impl<'a> Reader<'a, '_, '_> {
    fn code_block(&mut self, index: usize, code_block: &'a CodeBlock<'a>) {
        let open = self.open.take();
        if let Some(why) = code_block.hidden {
            self.listings.push(Listing::other(why));
            return;
        }
        let heads = head::heads(&code_block.text);
        if heads.is_empty() {
            self.headless(index, code_block, open);
            return;
        }
        if heads.len() > 1 {
            let message = format!("the code block has {} messages", heads.len());
            self.findings
                .push(code_block.line, FindingKind::SharedCodeBlock, message);
        }
        self.listings.push(match heads[0].start {
            Start::Request { method, target } => Listing::request(method, target),
            Start::Response { status } => Listing::response(status),
        });
        for head in heads {
            self.head(index, code_block, head);
        }
    }

    fn head(&mut self, index: usize, code_block: &'a CodeBlock<'a>, head: Head<'a>) {
        let printed = Printed {
            text: head.body,
            line: code_block.line + 1 + head.body_line,
        };
        let body = if head.body.is_empty() {
            Body::Empty
        } else {
            self.body(printed, is_json(&head))
        };
        self.check_length(code_block, &head);
        if head.is_run_on && !head.body.starts_with(['{', '[', '<', '-']) {
            let message = "this is neither a header field nor separated from the header by an empty line; it is read as the body";
            let line = code_block.line + 1 + head.body_line;
            self.findings.push(line, FindingKind::Head, message);
        }
        let part = match head.start {
            Start::Request { method, target } => Part::Request { method, target },
            Start::Response { status } => Part::Response { status },
        };
        let takes_body = match head.start {
            Start::Request { method, .. } => !matches!(method, "GET" | "HEAD"),
            Start::Response { status } => !matches!(status, 100..200 | 204 | 304),
        };
        self.open =
            (takes_body && body.is_empty() && head.others.is_empty()).then_some(self.drafts.len());
        self.drafts.push(Draft {
            message: Message {
                code_block: index,
                line: code_block.line,
                part,
                is_foreign: false,
                headers: head.headers,
                body,
                body_block: index,
                body_line: code_block.line,
                printed,
            },
            others: head.others,
        });
    }

    /// A code block without a start line: the body of the head before it, or of no message.
    fn headless(&mut self, index: usize, code_block: &'a CodeBlock<'a>, open: Option<usize>) {
        let text = code_block.text.trim();
        if !code_block.is_json && !text.starts_with(['{', '[']) {
            self.listings.push(Listing::other(match text {
                "" => "an empty code block",
                _ if text.starts_with("http://") || text.starts_with("https://") => {
                    "a URL, not a message"
                }
                _ => "neither a start line nor JSON: a command, a program or prose",
            }));
            return;
        }
        // An empty code block has no lines of its own.
        let line = if text.is_empty() {
            code_block.line
        } else {
            let blanks = code_block.text.len() - code_block.text.trim_start().len();
            code_block.line + 1 + super::text::newlines(&code_block.text[..blanks])
        };
        let printed = Printed { text, line };
        let body = self.body(printed, true);
        let notifies = holds_notifications(&body);
        let is_resource = code_block
            .annotation
            .as_ref()
            .is_some_and(|annotation| annotation.block_type == "resource");
        if is_resource && !(notifies && open.is_some()) {
            self.listings.push(Listing::new(Kind::Resource));
            return;
        }
        let open = open.filter(|open| {
            let head = &self.drafts[*open].message;
            let is_answer = matches!(head.part, Part::Response { .. });
            self.code_blocks[head.code_block].section == code_block.section
                && !(is_answer && notifies && is_about_calls(&body))
        });
        if let Some(open) = open {
            let message = &mut self.drafts[open].message;
            message.body = body;
            message.body_block = index;
            message.body_line = code_block.line;
            message.printed = printed;
            // The kind of the body follows from its head, which is not classified yet.
            self.listings.push(Listing::new(Kind::RequestBody));
        } else if notifies {
            self.notification_without_head(index, code_block, body, printed);
        } else {
            self.listings.push(Listing::other(match &body {
                Body::Json(_) => "JSON that does not belong to a message",
                _ => "text that is not JSON and does not belong to a message",
            }));
        }
    }

    fn notification_without_head(
        &mut self,
        index: usize,
        code_block: &CodeBlock<'_>,
        body: Body,
        printed: Printed<'a>,
    ) {
        let why = "change notifications without a start line and header";
        self.findings
            .push(code_block.line, FindingKind::Orphan, why);
        self.listings
            .push(Listing::new(Kind::NotificationBody).because(why));
        self.drafts.push(Draft {
            message: Message {
                code_block: index,
                line: code_block.line,
                part: Part::Notification {
                    method: "",
                    target: "",
                },
                is_foreign: false,
                headers: Vec::new(),
                body,
                body_block: index,
                body_line: code_block.line,
                printed,
            },
            others: Vec::new(),
        });
    }

    fn body(&mut self, printed: Printed<'_>, must_be_json: bool) -> Body {
        let Printed { text, line } = printed;
        if !must_be_json && !text.starts_with(['{', '[']) {
            return Body::Text(text.to_owned());
        }
        let value = match json::read(text) {
            Reading::Valid(Json(value)) => value,
            Reading::Repaired(Json(value), repairs) => {
                for repair in repairs {
                    let message = match repair.superfluous {
                        Superfluous::Comment => {
                            "comments are not allowed in JSON; the comment is ignored"
                        }
                        Superfluous::Comma => {
                            "a trailing comma is not allowed in JSON; the comma is ignored"
                        }
                    };
                    let line = line + repair.line;
                    self.findings.push(line, FindingKind::RepairedJson, message);
                }
                value
            }
            Reading::Broken(at, why) => {
                let message = format!("this is not JSON ({why}); it is kept as text");
                self.findings
                    .push(line + at, FindingKind::InvalidJson, message);
                return Body::Text(text.to_owned());
            }
        };
        json_body(value).unwrap_or_else(|| {
            let message = "a scenario file cannot contain this JSON; it is kept as text";
            self.findings.push(line, FindingKind::InvalidJson, message);
            Body::Text(text.to_owned())
        })
    }

    /// Compares `Content-Length` with the bytes of the body, for any kind of line end.
    fn check_length(&mut self, code_block: &CodeBlock<'_>, head: &Head<'_>) {
        let Some(printed) = head.header("content-length") else {
            return;
        };
        let plain = head.body.bytes().filter(|b| *b != b'\r').count();
        let lines = super::text::newlines(head.body);
        let fits = [plain, plain + 1, plain + lines, plain + lines + 2];
        if printed
            .parse()
            .is_ok_and(|length: usize| fits.contains(&length))
        {
            return;
        }
        let mut fields = code_block.text.lines();
        let field = fields.position(|it| {
            let field = it.split_once(':');
            field.is_some_and(|(name, value)| {
                name.eq_ignore_ascii_case("content-length") && value.trim() == printed
            })
        });
        let line = code_block.line + field.map_or(0, |number| number + 1);
        let message = format!("Content-Length is {printed}, but the body has {plain} bytes");
        self.findings
            .push(line, FindingKind::ContentLength, message);
    }
}

fn is_json(head: &Head<'_>) -> bool {
    head.header("content-type").is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or(value).trim();
        crate::http::message::is_json(&essence.to_ascii_lowercase())
    })
}

fn holds_notifications(body: &Body) -> bool {
    match body {
        Body::Json(value) => property(value, "value")
            .as_array()
            .is_some_and(|items| !items.is_empty() && items.iter().all(is_notification)),
        // The quotation marks may be typographic.
        Body::Text(text) => text.contains("changeType") && text.contains("resource"),
        Body::Empty | Body::Bytes(_) | Body::Omitted(_) => false,
    }
}

/// True if every change is about something of the calling API. The answer to a request for subscriptions has
/// other resources.
fn is_about_calls(body: &Body) -> bool {
    let items = body
        .json()
        .and_then(|body| property(body, "value").as_array());
    let resource = |item| conversation::resource_of(item).is_some();
    items.is_some_and(|items| items.iter().all(resource))
}

fn is_notification(item: &Value) -> bool {
    let is_text = |name| property(item, name).is_string();
    let is_typed = || {
        let printed = property(item, "@odata.type").as_str();
        printed.is_some_and(|it| it.ends_with(".commsNotification"))
    };
    is_text("changeType") && (is_text("resource") || is_text("resourceUrl") || is_typed())
}

/// The hosts of the API in its clouds.
const API_HOSTS: [&str; 5] = [
    "graph.microsoft.com",
    "graph.microsoft.us",
    "dod-graph.microsoft.us",
    "graph.microsoft.de",
    "microsoftgraph.chinacloudapi.cn",
];

/// Further hosts of the API on the page: those of `Location`; and those of answered requests for
/// something of the API, on a page that has no request to a known host.
fn api_hosts<'a>(drafts: &[Draft<'a>]) -> Vec<&'a str> {
    let (mut hosts, mut callbacks, mut located) = (Vec::new(), Vec::new(), Vec::new());
    let mut requested = None;
    let mut has_known = false;
    for Draft { message, .. } in drafts {
        match message.part {
            Part::Request { target, .. } => {
                let is_bare = message.headers.is_empty() && message.body.is_empty();
                if holds_notifications(&message.body) {
                    callbacks.extend(host_of(target));
                } else {
                    let is_of_api =
                        Resource::parse(target).is_some() || resource::version_of(target).is_some();
                    requested = host_of(target).filter(|_| is_of_api);
                    has_known |= host_of(target).map_or(!is_bare, is_known_host);
                }
            }
            Part::Response { .. } => {
                hosts.extend(requested.take());
                located.extend(message.header("location").and_then(host_of));
            }
            Part::Notification { .. } => {}
        }
    }
    hosts.retain(|host| !has_known && !callbacks.contains(host));
    hosts.append(&mut located);
    hosts
}

fn is_known_host(host: &str) -> bool {
    API_HOSTS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(host))
}

fn host_of(target: &str) -> Option<&str> {
    resource::behind_scheme(target)?
        .split(['/', '?', ':'])
        .next()
}

impl<'a> Message<'a> {
    /// The first field with that name.
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        let mut fields = self.headers.iter();
        let field = fields.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(field.1)
    }
}

/// The second pass, once all messages are known.
struct Sorting<'a, 'f, 'n> {
    hosts: Vec<&'a str>,
    messages: Messages<'a>,
    findings: &'f mut Findings<'n>,
}

impl<'a> Sorting<'a, '_, '_> {
    fn sort(mut self, drafts: Vec<Draft<'a>>) -> Messages<'a> {
        let answered = answered(&drafts);
        for (draft, is_answered) in drafts.into_iter().zip(answered) {
            let Draft {
                mut message,
                others,
            } = draft;
            if let Part::Request { method, target } = message.part {
                let is_bare = message.headers.is_empty() && message.body.is_empty();
                let is_foreign = self.is_foreign(&message, target);
                if self.is_callback(&message, target) {
                    message.part = Part::Notification { method, target };
                } else if is_bare && !is_answered {
                    self.messages.templates.push(target);
                    self.messages.templates.extend(others);
                    let why = "a path template: request lines without header, body and response";
                    self.messages.listings[message.code_block] = Listing::other(why);
                    continue;
                } else if !is_answered && message.body.is_empty() && is_foreign {
                    let why = "a request to a host outside of the API, without notifications";
                    self.findings.push(message.line, FindingKind::Orphan, why);
                    self.messages.listings[message.code_block] = Listing::other(why);
                    continue;
                } else {
                    message.is_foreign = is_foreign;
                    if !others.is_empty() {
                        let why = "the request has several request lines; the first one is used";
                        self.findings
                            .push(message.line, FindingKind::SharedCodeBlock, why);
                    }
                }
            }
            self.list(&message);
            self.messages.list.push(message);
        }
        self.messages
    }

    /// Sets the kinds that follow from a message's role.
    fn list(&mut self, message: &Message<'_>) {
        let listings = &mut self.messages.listings;
        let body = match message.part {
            Part::Request { .. } => Kind::RequestBody,
            Part::Response { .. } => Kind::ResponseBody,
            Part::Notification { .. } => Kind::NotificationBody,
        };
        if message.body_block != message.code_block {
            listings[message.body_block].kind = body;
        }
        let head = &mut listings[message.code_block];
        if body == Kind::NotificationBody && head.kind == Kind::Request {
            head.kind = Kind::Notification;
        }
    }

    /// True for a request of a service to a bot: it has change notifications, and its host is not the API's.
    fn is_callback(&self, message: &Message<'a>, target: &'a str) -> bool {
        holds_notifications(&message.body)
            && match host(message, target) {
                Some(_) => self.is_foreign(message, target),
                None => Resource::parse(target).is_none_or(|to| to == Resource::Calls),
            }
    }

    fn is_foreign(&self, message: &Message<'a>, target: &'a str) -> bool {
        host(message, target).is_some_and(|host| {
            !is_known_host(host) && !self.hosts.iter().any(|it| it.eq_ignore_ascii_case(host))
        })
    }
}

fn host<'a>(message: &Message<'a>, target: &'a str) -> Option<&'a str> {
    host_of(target).or_else(|| message.header("host")?.split(':').next())
}

/// True for each message with a response before the next request. The head of a notification does not count
/// as a request.
fn answered(drafts: &[Draft<'_>]) -> Vec<bool> {
    let mut answered = vec![false; drafts.len()];
    let mut response = false;
    for (index, Draft { message, .. }) in drafts.iter().enumerate().rev() {
        match message.part {
            Part::Response { .. } => response = true,
            Part::Request { .. } => {
                answered[index] = response;
                let notifies = holds_notifications(&message.body);
                response &= notifies;
            }
            Part::Notification { .. } => {}
        }
    }
    answered
}
