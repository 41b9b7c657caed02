//! Call notifications: each call passes through its states in order.

use serde_json::json;

use super::expect::Expected;
use super::{Arrival, ServiceJudge};
use crate::contract::change;
use crate::contract::change::{Change, Subject};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::words;
use crate::diagnostic::pointer::Pointer;
use crate::judge::record::{Breach, text};

impl ServiceJudge {
    pub(super) fn on_call(&mut self, arrival: &Arrival, change: &Change<'_>, at: &Pointer) {
        let says_the_same = |e: &Expected| {
            e.subject == Subject::Call
                && e.change_type == change.change_type
                && (e.word.is_none() || e.word == change.word)
        };
        let Some(id) = change.call().map(str::to_owned) else {
            match self.position(says_the_same) {
                Some(index) => self.match_entry(index, change, at),
                None => self.unexpected(change, at, "it names no call"),
            }
            return;
        };
        if let Some(root) = self.known_call(&id) {
            self.on_known_call(&root, change, at);
        } else if self.outstanding.is_some() {
            self.held.push(arrival.clone());
        } else if let Some(index) = self.position(says_the_same) {
            let variable = self.expected[index].call.clone();
            if let Some(variable) = variable
                && self.record.bindings.get(&variable).is_none()
            {
                self.record.bindings.bind(&variable, id);
                let root = self.record.bindings.root(&variable).to_owned();
                self.on_known_call(&root, change, at);
            } else {
                self.match_entry(index, change, at);
            }
        } else if let Some(variable) = self.first_call_in_other_words(change) {
            self.record.bindings.bind(&variable, id);
            let root = self.record.bindings.root(&variable).to_owned();
            self.on_known_call(&root, change, at);
        } else {
            self.unexpected(change, at, "the call is none of this conversation");
        }
    }

    /// The variable of a call that no message has named, if the notification has the documented
    /// state with another change.
    pub(super) fn first_call_in_other_words(&self, change: &Change<'_>) -> Option<String> {
        let says_the_state =
            |e: &Expected| e.subject == Subject::Call && e.word.is_some() && e.word == change.word;
        let variable = self.expected[self.position(says_the_state)?].call.clone()?;
        self.record
            .bindings
            .get(&variable)
            .is_none()
            .then_some(variable)
    }

    pub(super) fn on_known_call(&mut self, root: &str, change: &Change<'_>, at: &Pointer) {
        let of_call = |judge: &Self, e: &Expected| {
            e.subject == Subject::Call
                && e.call
                    .as_deref()
                    .is_some_and(|call| judge.record.bindings.root(call) == root)
        };
        let index = self.position(|e| {
            of_call(self, e)
                && e.change_type == change.change_type
                && (e.word.is_none() || e.word == change.word)
        });
        let before = self.calls.get(root).copied();
        let rank = change::rank(change);
        let Some(rank) = rank else {
            let index = index.or_else(|| self.position(|e| of_call(self, e)));
            self.stateless_call(index, change, at);
            return;
        };
        self.record.check(Requirement::NotificationOrder);
        let goes_back =
            before.is_some_and(|before| rank < before || change.change_type == "created");
        if before == Some(words::ENDED) && index.is_none() {
            self.unexpected(change, at, "the call has been deleted already");
        } else if goes_back {
            self.out_of_order(index, change, at);
        } else {
            self.calls.insert(root.to_owned(), rank);
            if let Some(index) = index {
                self.match_entry(index, change, at);
            } else if let Some(index) =
                self.position(|e| of_call(self, e) && e.word.is_some() && e.word == change.word)
            {
                self.match_entry(index, change, at);
            } else {
                self.judge_shape(None, change, at);
            }
        }
    }

    /// Judges an update of a call without a state, or with an unlisted one.
    pub(super) fn stateless_call(
        &mut self,
        index: Option<usize>,
        change: &Change<'_>,
        at: &Pointer,
    ) {
        let Some(index) = index else {
            self.judge_shape(None, change, at);
            if change.word.is_some() {
                let step = self.sent.as_ref().map(|sent| sent.step);
                let breach = no_listed_state(step, None, change);
                let pointer = change.entity_pointer(at).key("state");
                self.record.report(breach.at(pointer));
            }
            return;
        };
        if change.change_type.is_empty() {
            self.match_entry(index, change, at);
            return;
        }
        let expected = &self.expected[index];
        let breach = no_listed_state(Some(expected.step), expected.word.as_deref(), change);
        let pointer = change.entity_pointer(at).key("state");
        if change.word.is_some() {
            self.expected[index].is_done = true;
            self.record.report(breach.at(pointer));
        } else {
            self.expected[index].nearest = Some(breach.at(pointer));
        }
    }

    pub(super) fn out_of_order(&mut self, index: Option<usize>, change: &Change<'_>, at: &Pointer) {
        let step = index.map(|index| self.expected[index].step);
        let state = change
            .word
            .clone()
            .unwrap_or_else(|| change.change_type.clone());
        let breach = Breach::new(
            Requirement::NotificationOrder,
            Rule::NotificationOrder,
            step,
            json!("incoming, establishing, established, terminated, deleted"),
            json!(state),
            format!("the call is {state} after it has gone further"),
        );
        self.record.report(breach.at(at.clone()));
        if let Some(index) = index {
            self.expected[index].is_done = true;
        }
    }
}

fn no_listed_state(step: Option<usize>, documented: Option<&str>, change: &Change<'_>) -> Breach {
    Breach::new(
        Requirement::NotificationBody,
        Rule::NotificationBody,
        step,
        documented.map_or_else(|| json!(words::STATES), |word| json!(word)),
        text(change.word.as_deref()),
        "the call is in no state that is listed".into(),
    )
}
