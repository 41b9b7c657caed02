//! Long-running operations: they begin with an answer, and end once.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::errors::Refusal;
use super::message::Answer;
use super::operations::{Operation, Routed};
use super::pages::result_info;
use super::state::{About, CommsOperation, Failure, Group, Line, Notification, Queue};
use super::{Outcome, Service, queue};

/// How an operation ends.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) status: &'static str,
    pub(super) result: Value,
    pub(super) details: Map<String, Value>,
}

impl Ending {
    pub(super) fn completed() -> Self {
        Self {
            status: "completed",
            result: result_info(200, 0, "The operation has completed."),
            details: Map::new(),
        }
    }

    pub(super) fn failed(failure: &Failure) -> Self {
        Self {
            status: "failed",
            result: failure.fill(result_info(500, 8500, "The operation has failed.")),
            details: Map::new(),
        }
    }

    pub(super) fn cancelled() -> Self {
        Self {
            status: "failed",
            result: result_info(400, 8508, "The operation has been cancelled."),
            details: Map::new(),
        }
    }

    /// The ending of an operation that fails if there is a failure for it.
    pub(super) fn of(failure: Option<&Failure>) -> Self {
        failure.map_or_else(Self::completed, Self::failed)
    }

    pub(super) fn is_success(&self) -> bool {
        self.status == "completed"
    }

    #[must_use]
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

impl Service {
    /// The outcome of a request whose operation ends in its answer.
    pub(super) fn done_at_once(
        &self,
        routed: &Routed<'_>,
        (status, failure): (u16, Option<&Failure>),
        (line, context): (Line, Option<String>),
        notifications: Vec<Notification>,
    ) -> Outcome {
        let mut operation = CommsOperation::running(&line.call, routed.operation, context);
        let ending = Ending::of(failure);
        operation.status = ending.status;
        if !ending.is_success() {
            operation.result = ending.result;
        }
        let answer = self.operation_answer(routed, status, &operation);
        self.state().add_operation(operation);
        outcome(answer, line.queue, notifications)
    }

    /// The outcome of a request whose operation ends in a notification, after a delay.
    pub(super) fn done_later(
        self: &Arc<Self>,
        routed: &Routed<'_>,
        status: u16,
        (operation, line): (CommsOperation, Line),
        (delay, ending): (Duration, Ending),
    ) -> Outcome {
        let answer = self.operation_answer(routed, status, &operation);
        let id = operation.id.clone();
        self.state().add_operation(operation);
        if delay.is_zero() {
            let end = self.end_operation(&id, ending);
            let notifications = end.into_iter().map(|(_, notification)| notification);
            return outcome(answer, line.queue, notifications.collect());
        }
        self.after(delay, move |service| service.finish(&id, ending));
        outcome(answer, line.queue, Vec::new())
    }

    /// The answer that names an operation.
    pub(super) fn operation_answer(
        &self,
        routed: &Routed<'_>,
        status: u16,
        operation: &CommsOperation,
    ) -> Answer {
        let mut answer = Answer::json(status, self.pages.answer(operation));
        answer.location = Some(format!(
            "{}{}/calls/{}/operations/{}",
            self.url, routed.prefix, operation.call, operation.id
        ));
        answer
    }

    /// Ends an operation, and gives the notification of its end. `None` if it has ended already.
    pub(super) fn end_operation(&self, id: &str, ending: Ending) -> Option<(Line, Notification)> {
        let mut state = self.state();
        let operation = state.operation_mut(id).filter(|it| it.is_running())?;
        operation.status = ending.status;
        operation.result = ending.result;
        operation.details.extend(ending.details);
        let ended = operation.clone();
        let line = state.live(&ended.call).ok()?.line().ok()?;
        let notification = Notification {
            about: About::End,
            callback: line.callback.clone(),
            entry: self.pages.operation("deleted", &ended, ended.status),
            effect: None,
        };
        Some((line, notification))
    }

    /// Ends an operation and notifies its end, unless it has ended already.
    pub(super) fn finish(&self, id: &str, ending: Ending) {
        let Some(cause) = self.state().operation_mut(id).map(|it| it.cause) else {
            return;
        };
        if let Some((line, notification)) = self.end_operation(id, ending) {
            self.send(cause, Some((line.queue, Group::new(vec![notification]))));
        }
    }

    pub(super) fn get_operation(self: &Arc<Self>, routed: &Routed<'_>) -> Result<Outcome, Refusal> {
        let state = self.state();
        let operation = state.operation(routed.call, routed.item);
        let operation = operation.ok_or_else(|| {
            Refusal::not_found(format!("The operation {} does not exist.", routed.item))
        })?;
        Ok(Answer::json(200, self.pages.answer(operation)).into())
    }

    /// Queues notifications that no answer waits for.
    pub(super) fn send(&self, cause: Operation, group: Option<(Queue, Group)>) {
        if let Some((queue, mut group)) = group {
            self.alter_notifications(cause, &mut group.notifications);
            // The queue is closed once the service has ended.
            let _ = queue.send(group);
        }
    }

    /// Queues notifications about several calls that no answer waits for, in their order.
    pub(super) fn send_all(&self, cause: Operation, mut groups: Vec<(Queue, Group)>) {
        for (_, group) in &mut groups {
            self.alter_notifications(cause, &mut group.notifications);
        }
        queue(groups, None, Arc::new(Notify::new()));
    }

    /// The notifications that follow the answer at once. Later ones are queued after the delay.
    pub(super) fn now_or_later(
        self: &Arc<Self>,
        cause: Operation,
        delay: Duration,
        groups: Vec<(Queue, Group)>,
    ) -> Vec<(Queue, Group)> {
        if delay.is_zero() {
            return groups;
        }
        self.after(delay, move |service| service.send_all(cause, groups));
        Vec::new()
    }

    /// Acts after a time, unless the service has ended.
    pub(super) fn after(
        self: &Arc<Self>,
        delay: Duration,
        act: impl FnOnce(&Arc<Self>) + Send + 'static,
    ) {
        let service = Arc::clone(self);
        tokio::spawn(async move {
            tokio::select! {
                () = sleep(delay) => act(&service),
                () = service.shutdown.cancelled() => {}
            }
        });
    }
}

/// An outcome whose notifications are about one call, which the bot knows.
pub(super) fn outcome(answer: Answer, queue: Queue, notifications: Vec<Notification>) -> Outcome {
    let groups = if notifications.is_empty() {
        Vec::new()
    } else {
        vec![(queue, Group::new(notifications))]
    };
    Outcome {
        answer,
        groups,
        may_be_early: true,
    }
}
