//! The control interface, with which a test plays people and timers. All of it is JSON under `/control/`, without a
//! token.
//!
//! `given` sets up a provider state. `calls` brings calls, people, tones, speech, sessions and failures.

mod calls;
mod given;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::errors::Refusal;
use super::message::Answer;
use super::operations::ROUTES;
use super::parameters::Parameters;
use super::routes::allow;
use super::state::{State, Timings};
use super::{Outcome, Service};
use crate::http::message::Request;

pub(super) const PREFIX: &str = "/control/";

impl Service {
    pub(super) fn control(
        self: &Arc<Self>,
        request: &Request,
        path: &str,
    ) -> Result<Outcome, Refusal> {
        let below = path.strip_prefix(PREFIX).unwrap_or(path);
        let segments: Vec<&str> = below.split('/').filter(|it| !it.is_empty()).collect();
        match segments.as_slice() {
            ["given"] => {
                allow(request, &["POST"])?;
                self.set_up(request)
            }
            ["reset"] => {
                allow(request, &["POST"])?;
                self.reset();
                Ok(Answer::new(204).into())
            }
            ["timings"] => {
                allow(request, &["GET", "PATCH"])?;
                self.control_timings(request)
            }
            ["operations"] => {
                allow(request, &["GET"])?;
                Ok(operations())
            }
            ["calls", below @ ..] => self.control_calls(request, below),
            _ => Err(Refusal::not_found(format!("No resource exists at {path}."))),
        }
    }

    /// Forgets every call. What is queued is still sent.
    fn reset(&self) {
        let mut state = self.state();
        let timings = state.timings;
        *state = State::default();
        state.timings = timings;
    }

    fn control_timings(&self, request: &Request) -> Result<Outcome, Refusal> {
        let parameters = Parameters::read(&request.body)?;
        let mut state = self.state();
        let mut timings = state.timings;
        parameters.only(&fields(&mut timings).map(|(name, _)| name))?;
        for (name, time) in fields(&mut timings) {
            if let Some(ms) = parameters.number(name, 0..=86_400_000)? {
                *time = Duration::from_millis(ms.unsigned_abs());
            }
        }
        state.timings = timings;
        let shown = fields(&mut timings).map(|(name, time)| {
            let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            (name.to_owned(), Value::from(ms))
        });
        Ok(Answer::json(200, shown.into_iter().collect()).into())
    }
}

/// The timings and their names in the control interface, which have the unit.
fn fields(timings: &mut Timings) -> [(&'static str, &mut Duration); 5] {
    [
        ("ringing_ms", &mut timings.ringing),
        ("prompt_ms", &mut timings.prompt),
        ("speech_ms", &mut timings.speech),
        ("outcome_ms", &mut timings.outcome),
        ("keep_alive_ms", &mut timings.keep_alive),
    ]
}

/// The operations by the names that the control interface has for them.
fn operations() -> Outcome {
    let shown = ROUTES.iter().map(|route| {
        json!({
            "operation": route.operation.name(),
            "what": route.operation.describe(),
            "method": route.method,
            "path": route.path,
        })
    });
    Answer::json(200, json!({"operations": shown.collect::<Vec<_>>()})).into()
}

/// A thing that was made, by its id.
fn created(name: &str, id: &str) -> Outcome {
    Answer::json(201, json!({name: id})).into()
}
