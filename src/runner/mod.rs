//! The runner: plays scenarios against a target over real sockets.
//!
//! A [`run`] starts the target if the options have its command, and plays every scenario of the
//! [`Options`]. A [`Session`] is one target with its listeners. Each scenario is a `conversation`, a
//! task with a judge of its own; the `router` finds the conversation of a message that comes in. A
//! bot under test may reach confcall through a forward proxy ([`Proxy`]), under the service's own
//! address. A bot's requests to other APIs belong to no conversation (`around`). `provider_state` sets up
//! the states that a scenario needs before its first step, and `trigger` makes a bot act. Everything is driven by
//! events. The only fixed wait is that for surplus messages at the end ([`Options::settle`]). An `observer` gets the
//! events of the run.

mod around;
mod conversation;
pub(crate) mod doctor;
mod hook;
mod message_ids;
pub(crate) mod observer;
pub(crate) mod options;
pub(crate) mod process;
mod provider_state;
mod reception;
pub(crate) mod repetition;
mod router;
pub(crate) mod run;
pub(crate) mod self_check;
mod session;
mod target;
mod trigger;
mod variables;

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use tokio::task::JoinError;
use url::Url;

pub(crate) use self::hook::{Hook, HookResponse};
pub(crate) use self::options::Options;
use self::process::LaunchError;
pub(crate) use self::provider_state::StateProvider;
#[cfg(test)]
pub(crate) use self::session::play;
pub(crate) use self::session::{Session, Stop, explain_tls};
pub(crate) use self::target::{ANY_PORT, Proxy, Target, Triggered};
pub(crate) use self::trigger::Triggers;
use crate::api::party::Party;
use crate::config::validation::SettingError;
use crate::diagnostic::Remedy;
use crate::http::{BindError, Client, Flaw, SendError};
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::judge::{self, Case};

/// Why nothing could be played.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("the {party} at {url} cannot be reached: {cause}")]
    Unreachable {
        party: &'static str,
        url: Url,
        cause: Box<SendError>,
    },
    #[error("the {party}: {url} shows a certificate that is not trusted ({why})")]
    Untrusted {
        party: &'static str,
        url: String,
        why: String,
        flaw: Flaw,
    },
    /// The command of the target has an unknown placeholder.
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The addresses of the listeners cannot be shown.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

impl Remedy for PlayError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unreachable { cause, .. } => Some(
                match **cause {
                    SendError::NoTls(_) => {
                        "use `http://` in its address, or make it listen with TLS"
                    }
                    _ => "start it first, and check its address and port",
                }
                .into(),
            ),
            Self::Untrusted { flaw, .. } => Some(match flaw {
                Flaw::Issuer => {
                    "give its certificate, or that of its authority, as a PEM file with `--ca FILE`"
                        .into()
                }
                flaw => flaw.remedy().into(),
            }),
            Self::Setting(error) => error.remedy(),
            Self::Launch(error) => error.remedy(),
            Self::Bind(error) => error.remedy(),
            Self::Output(_) => None,
        }
    }
}

/// Somebody listens at the address of a party, and shows a certificate that is trusted. Nothing is
/// sent.
pub(crate) async fn reach(
    party: &'static str,
    url: &Url,
    client: &Client,
) -> Result<(), PlayError> {
    let reached = client.reach(url, Duration::from_secs(5)).await;
    reached.map_err(|cause| match cause {
        SendError::Untrusted { url, why, flaw } => PlayError::Untrusted {
            party,
            url,
            why,
            flaw,
        },
        cause => PlayError::Unreachable {
            party,
            url: url.clone(),
            cause: Box::new(cause),
        },
    })
}

/// The result of a task. A panic in it is a defect of confcall, and goes on as one; `None` if the task was
/// cancelled.
fn joined<T>(result: Result<T, JoinError>) -> Option<T> {
    match result.map_err(JoinError::try_into_panic) {
        Ok(value) => Some(value),
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => None,
    }
}

/// A result without a conversation behind it.
pub(crate) fn skeleton(case: &Case, role: Party, verdict: Verdict, reason: &str) -> ScenarioResult {
    judge::result(&case.scenario, role, verdict, reason)
}
