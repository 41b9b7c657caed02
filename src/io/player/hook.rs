//! Hooks: what of a target's is asked to make it act, or to bring about a given state.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::given::{post_json, reason};
use crate::io::launch::Program;
use crate::io::net::Client;

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
    /// It is done, with what is said of it as JSON.
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
                    200..=299 => HookAnswer::Done(response.body.json().cloned()),
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
                        HookAnswer::Done(serde_json::from_slice(&said.output).ok())
                    }
                    Ok(said) if said.declines() => HookAnswer::Declined(said.last_words()),
                    Ok(said) => {
                        HookAnswer::Failed(format!("{}: {}", said.status, said.last_words()))
                    }
                    Err(error) => HookAnswer::Failed(error.to_string()),
                }
            }
        }
    }
}
