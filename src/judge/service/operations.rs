//! Notifications about operations.

use std::sync::Arc;

use serde_json::json;

use super::matching::{change_breach, resource_name};
use super::{Arrival, ServiceJudge};
use crate::api::identifier;
use crate::contract::change::{Notice, Subject};
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{entities, lookup};
use crate::diagnostic::pointer::Pointer;
use crate::judge::record::Breach;
use crate::scenario::format::Kind;

impl ServiceJudge {
    pub(super) fn on_operation(&mut self, arrival: &Arrival, notice: &Notice<'_>, at: &Pointer) {
        let waiting = self.position(|e| e.subject == Subject::Operation);
        let Some(id) = notice.operation() else {
            // No path, or a path that names no operation: what is left is what it says.
            match waiting {
                Some(index) => self.settle_operation(index, notice, at),
                None => self.unexpected(notice, at, "it names no operation"),
            }
            return;
        };
        if let Some(root) = self.known(Kind::Operation, id) {
            let index = self.position(|e| {
                e.subject == Subject::Operation
                    && e.operation
                        .as_deref()
                        .is_some_and(|o| self.record.bindings.root(o) == root)
            });
            if self.ended.contains(&root) {
                self.unexpected(notice, at, "the operation has ended already");
            } else if let Some(index) = index {
                if notice.is_end_of_operation() {
                    self.settle_operation(index, notice, at);
                } else {
                    self.judge_shape(None, notice, at);
                }
            } else {
                self.judge_shape(None, notice, at);
                // As where an end is printed: one that is updated may still be deleted.
                if notice.change == "deleted" {
                    self.ended.insert(root);
                }
            }
        } else if self.outstanding.is_some() {
            self.held.push(arrival.clone());
        } else if let Some(index) = waiting
            && (self.names_the_call(index, notice) || self.has_no_operation_yet(index))
        {
            self.settle_operation(index, notice, at);
        } else {
            self.stray(notice, at, "the operation is none of this conversation");
        }
    }

    pub(super) fn names_the_call(&self, index: usize, notice: &Notice<'_>) -> bool {
        let known = notice.call().and_then(|call| self.known_call(call));
        known.is_some() && known == self.expected_call(index)
    }

    /// Whether the answer has named no operation, so that the notification is the first to do so.
    pub(super) fn has_no_operation_yet(&self, index: usize) -> bool {
        self.expected[index]
            .operation
            .as_deref()
            .is_none_or(|o| self.record.bindings.get(o).is_none())
    }

    /// Takes an entry for the documented end of an operation.
    pub(super) fn settle_operation(&mut self, index: usize, notice: &Notice<'_>, at: &Pointer) {
        let expected = Arc::clone(&self.expected[index].entry);
        let step = expected.step;
        if notice.change != expected.change && notice.change == "updated" {
            // An end may still come as documented.
            let breach = change_breach(&expected, notice, at);
            self.expected[index].nearest = Some(breach);
            return;
        }
        self.settle(index, notice, at);
        if let Some(variable) = &expected.operation {
            let ids = [
                (
                    notice.operation().map(str::to_owned),
                    at.key(resource_name(notice)),
                ),
                (entity_id(notice), notice.entity_pointer(at).key("id")),
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
        for entity in entities(notice.data()) {
            let pointer = notice.entity_pointer(at);
            self.judge_context(step, entity, &pointer);
            if self.asked.is_some() && !self.record.options.literal {
                self.judge_people(step, entity, &pointer);
            }
        }
        self.review_rosters();
    }
}

fn entity_id(notice: &Notice<'_>) -> Option<String> {
    let entity = entities(notice.data()).next()?;
    Some(lookup(entity, "id")?.1.as_str()?.to_owned())
}
