//! Hooks: what of a target's is asked to make it act, or to bring about a provider state.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::process::{Program, Said};
use super::provider_state::{post_json, reason};
use crate::http::Client;
use crate::http::message::Payload;

/// Who is asked: an address, or a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hook {
    /// `POST` of the question as JSON. 2xx: it is done; 501: it declines.
    Url(Url),
    /// A program with the question as JSON on its standard input. Exit code 0: it is done, and what
    /// is on its standard output is the answer; 69: it declines.
    Command(Program),
}

/// What a hook says.
#[derive(Debug, Clone, PartialEq)]
pub enum HookAnswer {
    /// It is done, with what is said of it, if anything: JSON, or a text where it is none.
    Done(Option<Value>),
    /// It cannot or will not do it, with its reason.
    Declined(String),
    /// It went wrong, with what happened.
    Failed(String),
}

impl Hook {
    /// Asks, and waits for the answer.
    pub async fn ask(&self, client: &Client, question: &Value, within: Duration) -> HookAnswer {
        match self {
            Self::Url(url) => match client.send(post_json(url, question), within).await {
                Ok(response) => match response.status {
                    200..=299 => HookAnswer::Done(value_of(response.body)),
                    501 => HookAnswer::Declined(reason(&response)),
                    status => {
                        HookAnswer::Failed(format!("it answered {status}: {}", reason(&response)))
                    }
                },
                Err(error) => HookAnswer::Failed(error.to_string()),
            },
            Self::Command(program) => {
                let question = format!("{question}\n");
                match program.ask(question.as_bytes(), within).await {
                    Ok(said) if said.status.success() => {
                        HookAnswer::Done(value_of(Payload::from_bytes(&said.output)))
                    }
                    Ok(said) if said.declines() => HookAnswer::Declined(said.last_words()),
                    Ok(said) => HookAnswer::Failed(how_it_ended(&said)),
                    Err(error) => HookAnswer::Failed(error.to_string()),
                }
            }
        }
    }
}

/// What was answered, as JSON.
fn value_of(answer: Payload) -> Option<Value> {
    match answer {
        Payload::Empty => None,
        Payload::Json(value) => Some(value),
        Payload::Text { text, .. } if text.trim().is_empty() => None,
        Payload::Text { text, .. } => Some(Value::String(text)),
        Payload::Opaque(length) => Some(Value::String(format!("{length} bytes"))),
    }
}

/// How a program ended, with the last line of what it said to people, where there is one.
fn how_it_ended(said: &Said) -> String {
    let (status, words) = (said.status.to_string(), said.last_words());
    if words == status {
        return status;
    }
    format!("{status}: {words}")
}
