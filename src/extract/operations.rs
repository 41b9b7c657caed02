//! The operations in the effects of one request: the one that it begins, and others, such as the one
//! that it cancels.

use serde_json::Value;

use crate::api::identifier;
use crate::api::resource::Resource;
use crate::scenario::format::Kind;

use super::conversation::{has_word, resource_of};
use super::json::property;
use super::people;
use super::variables::{Id, Variables, is_placeholder};

#[derive(Debug, Default)]
pub(super) struct Operations {
    own: Operation,
    others: Vec<Operation>,
    /// The index of the other one that the current change notification is about.
    another: Option<usize>,
    /// The operation in the response to the request.
    answer: Answer,
}

/// The variables of an operation, once they are known.
#[derive(Debug, Default)]
pub(super) struct Operation {
    pub(super) id: Option<Id>,
    pub(super) context: Option<Id>,
    /// The printed id, of another operation.
    printed: String,
}

#[derive(Debug, Default)]
struct Answer {
    type_name: Option<String>,
    /// The operation ends in the answer itself.
    has_ended: bool,
}

/// Where the operation of a change notification comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A step begins it.
    Step,
    /// It exists before the first step.
    Beforehand,
}

impl Operations {
    /// The one that the current message is about.
    pub(super) fn current(&mut self) -> &mut Operation {
        match self.another {
            Some(index) => &mut self.others[index],
            None => &mut self.own,
        }
    }

    pub(super) const fn is_another(&self) -> bool {
        self.another.is_some()
    }

    /// Takes an operation in an answer.
    pub(super) fn answered(&mut self, body: Option<&Value>) {
        let Some(body) = body else { return };
        self.answer = Answer {
            type_name: people::type_name(body).map(str::to_owned),
            has_ended: has_word(body, "status", "completed") || has_word(body, "status", "failed"),
        };
    }

    /// Turns to the operation of a change notification; to the request's own if there is none.
    pub(super) fn turn_to(&mut self, item: Option<&Value>, variables: &Variables) -> Origin {
        self.another = None;
        let Some((item, printed)) = item.and_then(|item| Some((item, printed_id(item)?))) else {
            return Origin::Step;
        };
        let mut others = self.others.iter();
        if let Some(index) = others.position(|it| identifier::same(&it.printed, &printed)) {
            self.another = Some(index);
            return Origin::Step;
        }
        if !self.belongs_to_another(item, &printed, variables) {
            return Origin::Step;
        }
        let known = variables.other_root(Kind::Operation, &printed, self.own.id);
        self.another = Some(self.others.len());
        self.others.push(Operation {
            id: known,
            context: None,
            printed,
        });
        match known {
            Some(_) => Origin::Step,
            None => Origin::Beforehand,
        }
    }

    /// True if a change notification is about another operation: another id and another type, or
    /// another id and another context once the request's own has ended.
    fn belongs_to_another(&self, item: &Value, printed: &str, variables: &Variables) -> bool {
        let Some(own) = self.own.id else {
            return false;
        };
        let differ = |one: &str, other: &str| {
            !is_placeholder(one) && !is_placeholder(other) && !identifier::same(one, other)
        };
        if !differ(variables.value(own), printed) {
            return false;
        }
        let data = property(item, "resourceData");
        let type_name = people::type_name(data).filter(|name| !is_general(name));
        let own_type = self.answer.type_name.as_deref();
        let own_type = own_type.filter(|name| !is_general(name));
        if let (Some(own), Some(other)) = (own_type, type_name) {
            return own != other;
        }
        let context = property(data, "clientContext").as_str();
        let own_context = self.own.context.map(|id| variables.value(id));
        let contexts_differ = own_context.zip(context);
        self.answer.has_ended && contexts_differ.is_some_and(|(own, other)| differ(own, other))
    }
}

/// True for the type that may replace any type of operation.
pub(super) fn is_general(name: &str) -> bool {
    name == "commsOperation"
}

/// The id of the operation in a change notification: in its data, else in its path.
fn printed_id(item: &Value) -> Option<String> {
    let in_data = property(property(item, "resourceData"), "id").as_str();
    if let Some(id) = in_data.filter(|id| !id.is_empty()) {
        return Some(id.to_owned());
    }
    match resource_of(item)? {
        Resource::Operation { operation, .. } => Some(operation),
        _ => None,
    }
}
