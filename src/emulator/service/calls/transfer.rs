//! `POST …/transfer`: the other party of a call is transferred to another person.

use std::sync::Arc;

use serde_json::json;

use crate::api::identifier;
use crate::emulator::service::errors::Refusal;
use crate::emulator::service::message::Answer;
use crate::emulator::service::operations::Routed;
use crate::emulator::service::pages::result_info;
use crate::emulator::service::parameters::{person, required};
use crate::emulator::service::state::{About, CallState, Failure, Group, Invitee, Line, Queue};
use crate::emulator::service::{Outcome, Service};

impl Service {
    pub(in crate::emulator::service) fn transfer(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let parameters = routed.parameters()?;
        let target = required("transferTarget", parameters.value("transferTarget"))?;
        let target = person(target)?;
        parameters.value("transferee").map(person).transpose()?;
        let mut state = self.state();
        let fails = state.fails(target.id());
        let delay = state.timings.outcome;
        let call = state.answered(routed.call)?;
        if target
            .replaces
            .as_ref()
            .is_some_and(|it| identifier::same(it, &call.id))
        {
            return Err(Refusal::bad_request("A call cannot replace itself."));
        }
        let failure = call.take_failure(routed.operation);
        let failure = failure.or_else(|| fails.then(Failure::default));
        let line = call.line()?;
        call.state = CallState::Transferring;
        drop(state);
        let transferring = self.line_notification(&line, About::Transferring, json!({}));
        let mut groups = vec![(line.queue.clone(), Group::new(vec![transferring]))];
        let end = move |service: &Arc<Self>| service.transferred(&line, &target, failure.as_ref());
        if delay.is_zero() {
            groups.extend(end(self));
        } else {
            let operation = routed.operation;
            self.after(delay, move |service| {
                let groups = end(service);
                service.send_all(operation, groups);
            });
        }
        Ok(Outcome {
            answer: Answer::new(202),
            groups,
            may_be_early: true,
        })
    }

    /// The end of a transfer, which is accepted first. A consultative one ends the replaced call too.
    fn transferred(
        self: &Arc<Self>,
        line: &Line,
        target: &Invitee,
        failure: Option<&Failure>,
    ) -> Vec<(Queue, Group)> {
        let accepted = self.line_notification(line, About::TransferAccepted, json!({}));
        if let Some(failure) = failure {
            let subcode = if target.replaces.is_some() {
                7700
            } else {
                7000
            };
            let result = failure.fill(result_info(500, subcode, "The transfer failed."));
            let more = json!({"resultInfo": result});
            let back = self.line_notification(line, About::Established, more);
            return vec![(line.queue.clone(), Group::new(vec![accepted, back]))];
        }
        let mut groups = vec![(line.queue.clone(), Group::new(vec![accepted]))];
        let more = if target.replaces.is_some() {
            json!({"terminationReason": "AppTransferred"})
        } else {
            json!({"resultInfo": result_info(0, 7015, "GracefulTransferCompleted")})
        };
        groups.extend(self.delete_call(&line.call, false, more));
        if let Some(replaced) = &target.replaces {
            let result = result_info(200, 7015, "The transfer has replaced the call.");
            groups.extend(self.delete_call(replaced, false, json!({"resultInfo": result})));
        }
        groups
    }
}
