//! The bot's callback: reads notifications, updates the bot's memory, acknowledges them.

use std::sync::Arc;
use std::time::Duration;

use super::mutant;
use super::mutant::BotMutant as Mutant;
use super::notification::{Entry, entries};
use super::variant::BotVariant as Variant;
use super::verification::VerificationError;
use super::{Bot, TIMEOUT, refusal};
use crate::http::Reply;
use crate::http::message::{Body, Headers, Request, Response};

/// Every path below it is the callback too.
pub(crate) const PATH: &str = "/callback";

const SLOW: Duration = Duration::from_millis(20);

pub(super) fn is_below(path: &str) -> bool {
    path.strip_prefix(PATH)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// An acknowledgement with the ids of the notification, as bots of the platform's libraries send it.
fn accepted(notification: &Headers) -> Reply {
    let echoes = [
        ("Client-Request-Id", "X-Microsoft-Skype-Message-ID"),
        ("Scenario-Id", "Scenario-Id"),
    ];
    let headers = echoes.into_iter().filter_map(|(name, of)| {
        let value = notification.get(of)?;
        Some((name, value.to_owned()))
    });
    Reply::from(Response {
        status: 202,
        headers: headers.collect(),
        body: Body::Empty,
    })
}

impl Bot {
    pub(super) async fn on_notification(self: &Arc<Self>, request: &Request) -> Reply {
        if let Some(refusal) = self.unauthorized(request).await {
            return refusal;
        }
        let entries = match entries(request) {
            Ok(entries) => entries,
            Err(error) => return refusal(error.status(), &error),
        };
        for entry in &entries {
            let is_new = self.memory().record(entry);
            self.invite_again(entry, is_new).await;
            if is_new {
                self.follow_menu(entry);
            }
        }
        self.changed.notify_waiters();
        if let Some(status) = mutant::refusal_status(self.mutant, &entries, &self.memory()) {
            return refusal(status, &"this is not expected");
        }
        if self.mutant == Some(Mutant::AnswerFirst) {
            self.wait_for_answers(&entries).await;
        }
        if let Some(wrong) = mutant::acknowledgement(self.mutant, &entries) {
            return wrong;
        }
        match self.variant {
            Some(Variant::Ack200) => Reply::status(200),
            Some(Variant::Ack204) => Reply::status(204),
            Some(Variant::AckBody) => Reply::text(
                200,
                Headers::from_iter([("Content-Type", "application/json")]),
                r#"{"thanks": true}"#,
            ),
            Some(Variant::SlowAck) => Reply::status(202).delayed(SLOW),
            _ => accepted(&request.headers),
        }
    }

    async fn unauthorized(&self, request: &Request) -> Option<Reply> {
        let error = self
            .verifier
            .as_ref()?
            .check(&request.headers)
            .await
            .err()?;
        let status = match error {
            VerificationError::Flaw(_) => 401,
            VerificationError::Keys(_) => 503,
        };
        Some(refusal(status, &error))
    }

    /// Sends an invitation once more, for the mutant that repeats it.
    async fn invite_again(&self, entry: &Entry<'_>, is_new: bool) {
        let repeats = match self.mutant {
            Some(Mutant::InvitesAgain) => !is_new,
            Some(Mutant::TriesFailed) => is_new && entry.is_failure(),
            _ => false,
        };
        let Some(call) = entry.call().filter(|_| repeats) else {
            return;
        };
        let builder = self.memory().invitation(call);
        let builder =
            builder.filter(|it| self.mutant == Some(Mutant::InvitesAgain) || !it.replaces());
        if let Some(builder) = builder {
            // The answer is not needed.
            let _ = self.client.send(self.write(builder), TIMEOUT).await;
        }
    }

    /// Waits until no request about the calls of these entries is open.
    async fn wait_for_answers(&self, entries: &[Entry<'_>]) {
        loop {
            let changed = self.changed.notified();
            let calls = entries.iter().filter_map(Entry::call);
            let is_open = calls
                .into_iter()
                .any(|call| self.memory().has_open_request(call));
            if !is_open {
                return;
            }
            changed.await;
        }
    }
}
