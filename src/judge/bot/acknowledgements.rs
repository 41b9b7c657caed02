//! Notifications to the bot's callback, and the bot's acknowledgements.

use super::{BotJudge, Waiting};

use std::sync::Arc;

use serde_json::json;

use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::{Request, Response};
use crate::judge::record::Breach;
use crate::judge::verdict::{TrafficMessage, Verdict};
use crate::judge::{Action, TransportFailure};

impl BotJudge {
    pub(super) fn notify(&mut self, request: Arc<Request>) {
        let at = self.cursor;
        self.next_exchange += 1;
        let exchange = self.next_exchange;
        self.waiting = Waiting::Acknowledgement(at, exchange);
        let message = TrafficMessage::Request(Arc::clone(&request));
        self.record.traffic(Party::Service, Some(at), message);
        self.actions.push_back(Action::Send { exchange, request });
        self.cursor += 1;
    }

    pub(super) fn on_acknowledgement(&mut self, step: usize, response: Arc<Response>) {
        self.waiting = Waiting::Nothing;
        self.record.check(Requirement::Acknowledgement);
        self.record.check(Requirement::BotTransport);
        let status = response.status;
        let message = TrafficMessage::Response(response);
        self.record.traffic(Party::Bot, Some(step), message);
        if !(200..300).contains(&status) {
            self.record.report(Breach::new(
                Requirement::Acknowledgement,
                Rule::AcknowledgementStatus,
                Some(step),
                json!("2xx"),
                json!(status),
                format!("the notification was answered {status}"),
            ));
        }
    }

    pub(super) fn on_broken(&mut self, step: usize, failure: &TransportFailure) {
        self.waiting = Waiting::Nothing;
        match failure {
            TransportFailure::Gone(what) => {
                let reason = format!("the bot has gone away: {what}");
                self.record.give_up(Verdict::Inconclusive, reason);
            }
            TransportFailure::Broken(what) => {
                self.record.broken(Some(step), what);
                self.stop();
            }
            TransportFailure::Silent => self.acknowledgement_missing(step),
        }
    }

    pub(super) fn acknowledgement_missing(&mut self, step: usize) {
        self.record.unanswered(Some(step));
        self.stop();
    }
}
