//! The end of a notification: the bot's acknowledgement.

use serde_json::Value;

use super::conversation::{Conversation, breach};
use super::{Ending, Monitor};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::diagnostic::pointer::Pointer;
use crate::judge::Breach;

impl Monitor {
    /// The end of a notification: the bot's acknowledgement.
    pub(crate) fn acknowledgement(&mut self, at: u64, exchange: u64, ending: Ending<'_>) {
        let Some(notified) = self.notified.remove(&exchange) else {
            return;
        };
        let is_success = matches!(ending, Ending::Response(it) if (200..300).contains(&it.status));
        let took = at.saturating_sub(notified.at);
        let is_late = is_success && took > self.options.patience;
        for place in &notified.conversations {
            self.goes_on(*place);
            let conversation = self.conversation(*place);
            conversation.add(exchange, at);
            conversation.bot.took_part |= !matches!(ending, Ending::Unknown);
            conversation.bot.check(Requirement::Acknowledgement);
            match ending {
                Ending::Response(response) if !is_success => {
                    let status = response.status;
                    let breach = breach(
                        Requirement::Acknowledgement,
                        Rule::AcknowledgementStatus,
                        exchange,
                        Pointer::root(),
                        (Value::from("2xx"), Value::from(status)),
                        format!("the bot responded to a notification with {status}"),
                    );
                    if status >= 400 {
                        conversation.refused.push((exchange, breach));
                    } else {
                        conversation.bot.report(breach, None);
                    }
                }
                Ending::Broken(cause) => {
                    let breach = breach(
                        Requirement::Acknowledgement,
                        Rule::AcknowledgementMissing,
                        exchange,
                        Pointer::root(),
                        (Value::from("2xx"), Value::Null),
                        format!("the bot did not acknowledge a notification: {cause}"),
                    );
                    conversation.bot.report(breach, None);
                }
                Ending::Response(_) if is_late => {
                    let breach = breach(
                        Requirement::Acknowledgement,
                        Rule::AcknowledgementMissing,
                        exchange,
                        Pointer::root(),
                        (Value::from("2xx"), Value::Null),
                        format!(
                            "the bot did not acknowledge a notification within {} s",
                            took / 1000
                        ),
                    );
                    conversation.bot.report(breach, None);
                }
                Ending::Response(_) if !notified.came_again.is_empty() => {
                    conversation.bot.note(format!(
                        "the service sent the notification of exchange {exchange} again before the bot acknowledged it"
                    ));
                }
                Ending::Response(_) | Ending::Injected(_) | Ending::Unknown => {}
            }
        }
        if !is_success {
            self.may_be_redelivered(&notified);
        }
    }

    /// The bot's answer to a notification of fault injection, which precedes or repeats that of an exchange.
    pub(crate) fn extra_notification(
        &mut self,
        exchange: u64,
        requirement: Requirement,
        breach: Option<Breach>,
    ) {
        let notified = self.notified.get(&exchange);
        let Some(place) = notified.and_then(|it| it.conversations.first()).copied() else {
            return;
        };
        let conduct = &mut self.conversation(place).bot;
        conduct.check(requirement);
        if let Some(breach) = breach {
            conduct.report(breach, None);
        }
    }

    /// The exchange before which no answer can show any more that a notification is wrong.
    pub(super) fn refusals_judged(&self) -> u64 {
        let begun = self.pending.iter();
        let begun = begun.filter(|(_, pending)| pending.operation.makes_something());
        begun
            .map(|(exchange, _)| *exchange)
            .min()
            .unwrap_or(u64::MAX)
    }
}

impl Conversation {
    /// Judges the bot's refusals of notifications in these exchanges: a notification that breaks a requirement may be
    /// refused.
    pub(super) fn judge_refusals(&mut self, is_judged: impl Fn(u64) -> bool) {
        for (exchange, breach) in std::mem::take(&mut self.refused) {
            if !is_judged(exchange) {
                self.refused.push((exchange, breach));
            } else if self.service.is_wrong_at(exchange) {
                self.bot.note(format!(
                    "the bot refused the notification of exchange {exchange}, which is wrong, with {}",
                    breach.actual
                ));
            } else {
                self.bot.report(breach, None);
            }
        }
    }
}
