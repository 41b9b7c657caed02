//! Operation notifications.

use std::sync::Arc;

use serde_json::json;

use super::matching::{change_breach, resource_name};
use super::{Arrival, ServiceJudge};
use crate::api::identifier;
use crate::contract::change::{Change, Subject};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{entities, lookup};
use crate::diagnostic::pointer::Pointer;
use crate::judge::record::Breach;
use crate::scenario::format::Kind;

impl ServiceJudge {
    pub(super) fn on_operation(&mut self, arrival: &Arrival, change: &Change<'_>, at: &Pointer) {
        let waiting = self.position(|e| e.subject == Subject::Operation);
        let Some(id) = change.operation() else {
            // Without an operation in the path, only the content decides.
            match waiting {
                Some(index) => self.match_operation_end(index, change, at),
                None => self.unexpected(change, at, "it names no operation"),
            }
            return;
        };
        if let Some(root) = self.bound_root(Kind::Operation, id) {
            let index = self.position(|e| {
                e.subject == Subject::Operation
                    && e.operation
                        .as_deref()
                        .is_some_and(|o| self.record.bindings.root(o) == root)
            });
            if self.ended.contains(&root) {
                self.unexpected(change, at, "the operation has ended already");
            } else if let Some(index) = index {
                if change.is_end_of_operation() {
                    self.match_operation_end(index, change, at);
                } else {
                    self.judge_shape(None, change, at);
                }
            } else {
                self.judge_shape(None, change, at);
                // An updated operation may still be deleted, like an operation with a printed end.
                if change.change_type == "deleted" {
                    self.ended.insert(root);
                }
            }
        } else if self.outstanding.is_some() {
            self.held.push(arrival.clone());
        } else if let Some(index) = waiting
            && (self.names_the_call(index, change) || self.has_no_operation_yet(index))
        {
            self.match_operation_end(index, change, at);
        } else {
            self.possible_replacement(change, at, "the operation is none of this conversation");
        }
    }

    pub(super) fn names_the_call(&self, index: usize, change: &Change<'_>) -> bool {
        let known = change.call().and_then(|call| self.known_call(call));
        known.is_some() && known == self.expected_call(index)
    }

    /// True if the notification is the first message to name the operation.
    pub(super) fn has_no_operation_yet(&self, index: usize) -> bool {
        self.expected[index]
            .operation
            .as_deref()
            .is_none_or(|o| self.record.bindings.get(o).is_none())
    }

    /// Matches an entry with the documented end of an operation.
    pub(super) fn match_operation_end(&mut self, index: usize, change: &Change<'_>, at: &Pointer) {
        let expected = Arc::clone(&self.expected[index].entry);
        let step = expected.step;
        if change.change_type != expected.change_type && change.change_type == "updated" {
            // The documented end may still arrive.
            let breach = change_breach(&expected, change, at);
            self.expected[index].nearest = Some(breach);
            return;
        }
        self.match_entry(index, change, at);
        if let Some(variable) = &expected.operation {
            let ids = [
                (
                    change.operation().map(str::to_owned),
                    at.key(resource_name(change)),
                ),
                (entity_id(change), change.entity_pointer(at).key("id")),
            ];
            self.record.check(Requirement::OperationIdentity);
            for (id, pointer) in ids {
                let Some(id) = id else { continue };
                match self.record.bindings.get(variable).map(str::to_owned) {
                    None => self.record.bindings.bind(variable, id),
                    Some(bound) if identifier::same(&bound, &id) => {}
                    Some(bound) => {
                        let breach = Breach::new(
                            Requirement::OperationIdentity,
                            Rule::Correlation,
                            Some(step),
                            json!(bound),
                            json!(id),
                            format!("the operation is {id}, the answer named {bound}"),
                        );
                        self.record.report(breach.at(pointer));
                        break;
                    }
                }
            }
            let root = self.record.bindings.root(variable).to_owned();
            self.ended.insert(root);
        }
        for entity in entities(change.data()) {
            let pointer = change.entity_pointer(at);
            self.judge_context(step, entity, &pointer);
            if self.sent.is_some() && !self.record.options.literal {
                self.judge_people(step, entity, &pointer);
            }
        }
        self.review_rosters();
    }
}

fn entity_id(change: &Change<'_>) -> Option<String> {
    let entity = entities(change.data()).next()?;
    Some(lookup(entity, "id")?.1.as_str()?.to_owned())
}
