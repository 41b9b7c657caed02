//! The notifications of a recorded service, and their acknowledgements.

use serde_json::{Value, json};

use super::Service;
use crate::api::party::Party;
use crate::api::resource;
use crate::contract::rule::Rule;
use crate::http::message::Response;
use crate::judge::verdict::TrafficMessage;
use crate::replay::outcome::Place;
use crate::replay::outgoing::{Outgoing, OutgoingRequest, Unanswered};
use crate::replay::update::LiveMessage;

impl Service {
    /// The notification to send. Its target is the callback that the bot gave, else the recorded
    /// path. `None` if it cannot be sent again, or the recording was changed.
    pub(crate) fn notification(
        &mut self,
        index: usize,
        token: Option<&str>,
    ) -> Option<OutgoingRequest> {
        self.unsent = self.unsent.saturating_sub(1);
        let mapping = &self.mapping;
        let loaded = self.recorded.load_raw(index, |exchange| {
            let recorded = &exchange.request;
            let message = Outgoing::request(recorded, mapping, token);
            (
                recorded.method.to_string(),
                recorded.target.to_string(),
                message,
            )
        });
        let (method, recorded_target, message) = match loaded {
            Ok(loaded) => loaded,
            Err(lost) => {
                self.lost.get_or_insert(lost);
                return None;
            }
        };
        let message = match message {
            Ok(message) => message,
            Err(why) => {
                let number = self.recorded.number(index);
                self.left = self.left.saturating_sub(1);
                self.outcome.note(format!(
                    "the notification of exchange {number} was not sent: {why}"
                ));
                return None;
            }
        };
        self.in_flight.push(index);
        let path = resource::path_of(&recorded_target);
        let target = self
            .mapping
            .address_of(path)
            .map_or_else(|| recorded_target.clone(), str::to_owned);
        let notification = OutgoingRequest {
            exchange: index,
            method,
            target,
            message,
        };
        let request = TrafficMessage::Request(notification.as_request().into());
        self.outcome
            .message(Party::Service, Some(Place::of(index)), request);
        Some(notification)
    }

    pub(crate) fn acknowledged(&mut self, index: usize, answer: Result<Response, Unanswered>) {
        self.left = self.left.saturating_sub(1);
        self.in_flight.retain(|it| *it != index);
        self.outcome.played += 1;
        match answer {
            Ok(response) => {
                let status = response.status;
                if let Some(update) = &mut self.update {
                    update.take(index, LiveMessage::of(&response));
                }
                let message = TrafficMessage::Response(response.into());
                self.outcome
                    .message(Party::Bot, Some(Place::of(index)), message);
                if !(200..300).contains(&status) {
                    let message = format!("the response to the notification is {status}");
                    let pair = (json!("2xx"), json!(status));
                    self.fail(index, Rule::AcknowledgementStatus, pair, message);
                }
            }
            Err(why) => match self.recorded.load(index) {
                Ok(exchange) => {
                    let recorded = exchange.response.map(|it| it.status);
                    let message = format!("no response to the notification: {why}");
                    let pair = (json!(recorded), Value::Null);
                    self.fail(index, Rule::AcknowledgementMissing, pair, message);
                }
                Err(lost) => {
                    self.lost.get_or_insert(lost);
                }
            },
        }
    }
}
