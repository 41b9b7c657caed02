//! The monitor while the traffic goes on: new violations, and conversations that are over.

use super::conversation::Conversation;
use super::{Monitor, effects};
use crate::api::party::Party;
use crate::contract::operation::Operation;
use crate::judge::Breach;

/// The number of deleted calls that are remembered, so that late messages about them are judged.
const REMEMBERED: usize = 64;

/// A violation that was not returned before.
#[derive(Debug)]
pub(crate) struct News {
    /// The name of the conversation.
    pub conversation: String,
    pub party: Party,
    pub breach: Breach,
    /// The operation that it is about.
    pub operation: Option<&'static Operation>,
}

impl Monitor {
    /// The violations since the last call.
    pub(crate) fn news(&mut self) -> Vec<News> {
        let has_news = |conversation: &Conversation| {
            let conducts = [&conversation.bot, &conversation.service];
            conducts.iter().any(|it| it.reported < it.breaches.len())
        };
        let mut places = std::mem::take(&mut self.touched);
        places.sort_unstable();
        places.dedup();
        let mut news = Vec::new();
        let judged = self.refusals_judged();
        for place in places {
            if let Some(conversation) = self.conversations.get_mut(&place) {
                conversation.judge_refusals(|exchange| exchange < judged);
            }
            if !self.conversations.get(&place).is_some_and(has_news) {
                continue;
            }
            self.name(place);
            let conversation = self.conversation(place);
            let (name, first) = (conversation.name.clone(), conversation.operation);
            for party in [Party::Service, Party::Bot] {
                let breaches = conversation.of(party).news().iter().cloned();
                news.extend(breaches.map(|(breach, operation)| News {
                    conversation: name.clone(),
                    party,
                    breach,
                    operation: operation.or(first),
                }));
            }
        }
        news
    }

    /// Removes the conversations that are over: each of their calls was deleted, nothing has to follow, and no answer
    /// is outstanding. The last deleted calls are kept for late messages.
    pub(crate) fn take_ended(&mut self) -> Vec<Conversation> {
        while self.deleted.len() > REMEMBERED
            && let Some(id) = self.deleted.pop_front()
        {
            let Some(mut call) = self.calls.remove(&id) else {
                continue;
            };
            let limits = (self.options.patience, self.options.at_end);
            let conversation = self.conversation(call.conversation);
            conversation.calls.push(id);
            let ended = call.over_at.unwrap_or_default();
            effects::at_the_end(&mut call, ended, limits, conversation);
            self.goes_on(call.conversation);
        }
        let mut ended = Vec::new();
        for place in std::mem::take(&mut self.ending) {
            let conversation = self.conversations.get(&place);
            if conversation.is_some_and(|it| it.waits == 0) {
                self.name(place);
                self.conversation(place).judge_refusals(|_| true);
                ended.extend(self.conversations.remove(&place));
            }
        }
        self.touched.clear();
        ended
    }

    /// True if a conversation that goes on has this exchange.
    pub(crate) fn holds(&mut self, exchange: u64) -> bool {
        if !self.shared.contains(&exchange) {
            return false;
        }
        let mut conversations = self.conversations.values();
        let is_held = conversations.any(|it| it.exchanges.binary_search(&exchange).is_ok());
        if !is_held {
            self.shared.remove(&exchange);
        }
        is_held
    }

    /// Returns true, once, if the contract does not cover the exchange.
    pub(crate) fn takes_not_covered(&mut self, exchange: u64) -> bool {
        let at = self.not_covered.iter().position(|it| *it == exchange);
        at.map(|at| self.not_covered.swap_remove(at)).is_some()
    }

    /// The number of calls and conversations that are remembered.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        self.calls.len() + self.conversations.len() + self.deleted.len() + self.ending.len()
    }
}
