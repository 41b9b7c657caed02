//! Hooks of a target's project: they make the target act, or bring about a provider state.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use url::Url;

use super::process::{Completed, Program};
use crate::http::message::{Body, Response, media_type};
use crate::http::{Client, OutgoingRequest};

/// Takes a request in JSON and answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hook {
    /// `POST` of the request as JSON. 2xx: it is done; 501: it declines.
    Url(Url),
    /// A program with the request as JSON on its standard input. Exit code 0: it is done, and its
    /// standard output is the answer; 69: it declines.
    Command(Program),
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "POST {url}"),
            Self::Command(program) => f.write_str(&program.words.join(" ")),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum HookResponse {
    /// It is done. The value is the answer in JSON, or a text where it is none.
    Done(Option<Value>),
    /// It cannot or will not do it, with its reason.
    Declined(String),
    /// It went wrong, with the cause.
    Failed(String),
}

impl Hook {
    /// Asks, and waits for the answer.
    pub(crate) async fn call(
        &self,
        client: &Client,
        question: &Value,
        within: Duration,
    ) -> HookResponse {
        match self {
            Self::Url(url) => send(client, post_json(url, question), within).await,
            Self::Command(program) => run(program, question, within).await,
        }
    }
}

/// Sends the request of a hook. 2xx: it is done; 501: it declines.
pub(super) async fn send(
    client: &Client,
    request: OutgoingRequest,
    within: Duration,
) -> HookResponse {
    match client.send(request, within).await {
        Ok(response) => match response.status {
            200..=299 => HookResponse::Done(value_of(response.body)),
            501 if !is_page(&response) => HookResponse::Declined(reason(&response)),
            status => {
                let reason = reason(&response);
                let remedy = match status {
                    404 | 405 => "; check its path",
                    _ => "",
                };
                HookResponse::Failed(format!("the response is {status}: {reason}{remedy}"))
            }
        },
        Err(error) => HookResponse::Failed(error.to_string()),
    }
}

/// Runs the program of a hook. Exit code 0: it is done; 69: it declines.
pub(super) async fn run(program: &Program, question: &Value, within: Duration) -> HookResponse {
    let question = format!("{question}\n");
    match program.run_with(question.as_bytes(), within).await {
        Ok(completed) if completed.status.success() => {
            HookResponse::Done(value_of(Body::from_bytes(&completed.output)))
        }
        Ok(completed) if completed.declines() => {
            HookResponse::Declined(completed.last_error_line())
        }
        Ok(completed) => HookResponse::Failed(how_it_ended(&completed)),
        Err(error) => HookResponse::Failed(error.to_string()),
    }
}

fn value_of(answer: Body) -> Option<Value> {
    match answer {
        Body::Empty => None,
        Body::Json(value) => Some(value),
        Body::Text(text) if text.trim().is_empty() => None,
        Body::Text(text) => Some(Value::String(text)),
        Body::Bytes(bytes) => Some(Value::String(format!("{} bytes", bytes.len()))),
        Body::Omitted(it) => Some(Value::String(format!("{} bytes", it.length()))),
    }
}

/// The exit of a program, with the last line of its standard error, where there is one.
fn how_it_ended(completed: &Completed) -> String {
    let (status, line) = (completed.status.to_string(), completed.last_error_line());
    if line == status {
        return status;
    }
    format!("{status}: {line}")
}

pub(super) fn post_json(url: &Url, body: &Value) -> OutgoingRequest {
    let mut request = OutgoingRequest::new("POST", url.as_str());
    request.headers.push("Content-Type", "application/json");
    request.body = Some(Bytes::from(body.to_string()));
    request
}

/// The reason that an answer gives: its `reason`, its error's message, or its text.
pub(super) fn reason(response: &Response) -> String {
    match &response.body {
        Body::Json(body) => ["/reason", "/error/message"]
            .iter()
            .find_map(|pointer| body.pointer(pointer)?.as_str())
            .map_or_else(|| body.to_string(), str::to_owned),
        Body::Text(_) if is_page(response) => "an HTML page".to_owned(),
        Body::Text(text) => text.trim().to_owned(),
        Body::Empty | Body::Bytes(_) | Body::Omitted(_) => "no reason was given".to_owned(),
    }
}

/// True for the answer of a website, or of a server that does not know the request.
pub(super) fn is_page(response: &Response) -> bool {
    let content_type = response.headers.get("content-type").unwrap_or_default();
    media_type(content_type) == "text/html"
}
