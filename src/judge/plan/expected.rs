//! The notifications that a service must send: the documented changes, each found by its kind and its identifiers.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::identifier;
use crate::contract::change::{Change, Subject};
use crate::contract::lifecycle;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::contract::shape::{entities, lookup};
use crate::diagnostic::pointer::Pointer;
use crate::judge::bindings::Bindings;
use crate::judge::outline::Entry;
use crate::judge::record::Breach;
use crate::scenario::format::Kind;

/// A documented change that has to be notified.
#[derive(Debug)]
pub(super) struct Expected {
    pub entry: Arc<Entry>,
    /// The property that distinguishes this change from others of its kind.
    detail: Option<&'static str>,
    /// It need not come.
    is_optional: bool,
    pub is_done: bool,
    /// What is wrong with the change that came instead of it.
    pub nearest: Option<Breach>,
}

/// The properties by which notifications about an established call differ.
const DETAILS: [&str; 3] = [TONE, "chatInfo", "mediaState"];
/// The one that makes a notification another one: a tone was pressed. The others are details that a service may leave
/// out.
const TONE: &str = "toneInfo";

impl Expected {
    pub(super) fn new(entry: &Arc<Entry>) -> Self {
        let change = Change::read(&entry.template);
        Self {
            detail: detail(&change),
            is_optional: is_optional(&change),
            entry: Arc::clone(entry),
            is_done: false,
            nearest: None,
        }
    }

    /// True if the conversation cannot go on without it.
    pub(super) const fn is_due(&self) -> bool {
        !self.is_done && !self.is_optional
    }

    /// True if a change is of the documented kind, whatever it is about.
    pub(super) fn is_like(&self, change: &Change<'_>) -> bool {
        let documented = &self.entry.signature;
        !self.is_done
            && documented.subject == change.subject
            && documented.change_type == change.change_type
            && self.has_word(change)
            && (self.detail != Some(TONE) || has(change, TONE))
    }

    /// True if a change of the documented kind has the detail that distinguishes it on the page.
    pub(super) fn has_detail(&self, change: &Change<'_>) -> bool {
        self.detail.is_none_or(|detail| has(change, detail))
    }

    /// A deleted call has ended, whatever state the page prints.
    fn has_word(&self, change: &Change<'_>) -> bool {
        let is_end = change.subject == Subject::Call && change.change_type == "deleted";
        is_end || self.entry.signature.word == change.word
    }

    /// True if a change is about the documented call and operation, as far as they are known.
    pub(super) fn is_about(&self, bindings: &Bindings, change: &Change<'_>) -> bool {
        let is_elsewhere =
            self.entry.call.is_some() && change.call().is_none() && !change.names_no_resource();
        self.entry.signature.subject == change.subject
            && !is_elsewhere
            && self.other_call(bindings, change).is_none()
            && self.other_operation(bindings, change).is_none()
    }

    /// The documented call, and that of a change which is about another one.
    fn other_call(&self, bindings: &Bindings, change: &Change<'_>) -> Option<(String, String)> {
        let names = (self.entry.call.as_deref(), change.call());
        other(bindings, Kind::Call, names)
    }

    fn other_operation(
        &self,
        bindings: &Bindings,
        change: &Change<'_>,
    ) -> Option<(String, String)> {
        let in_entity = || lookup(entities(change.data()).next()?, "id")?.1.as_str();
        let actual = change.operation().or_else(in_entity);
        let names = (self.entry.operation.as_deref(), actual);
        other(bindings, Kind::Operation, names)
    }

    /// An operation that ends in another way than the documented one.
    pub(super) fn other_end(&self, change: &Change<'_>, at: &Pointer) -> Option<Breach> {
        let cycle = lifecycle::operation();
        let is_end = |word: &Option<String>| word.as_deref().is_some_and(|it| cycle.is_end(it));
        let documented = &self.entry.signature;
        let ends = change.subject == Subject::Operation && change.change_type == "deleted";
        let is_other = documented.word != change.word;
        let both_end = is_end(&documented.word) && is_end(&change.word);
        (ends && is_other && both_end).then(|| {
            let breach = Breach::new(
                Requirement::NotificationBody,
                Rule::NotificationBody,
                Some(self.entry.step),
                json!(documented.word),
                json!(change.word),
                "the operation does not end as documented".into(),
            );
            breach.at(change.entity_pointer(at).key("status"))
        })
    }

    /// Remembers a change of the documented kind that is about a call or an operation which no message has named.
    pub(super) fn come_near(&mut self, bindings: &Bindings, change: &Change<'_>, at: &Pointer) {
        let call = self.other_call(bindings, change);
        let operation = self.other_operation(bindings, change);
        let is_of_conversation =
            |kind, (_, actual): &(String, String)| bindings.root_bound_to(kind, actual).is_some();
        let (requirement, (wanted, actual)) = match (call, operation) {
            (Some(call), _) if is_of_conversation(Kind::Call, &call) => return,
            (Some(call), _) => (Requirement::CallIdentity, call),
            (None, Some(it)) if is_of_conversation(Kind::Operation, &it) => return,
            (None, Some(it)) => (Requirement::OperationIdentity, it),
            (None, None) => return,
        };
        let name = if lookup(change.entry, "resource").is_some() {
            "resource"
        } else {
            "resourceUrl"
        };
        let breach = Breach::new(
            requirement,
            Rule::Correlation,
            Some(self.entry.step),
            json!(wanted),
            json!(actual),
            format!("the notification is about {actual}, expected {wanted}"),
        );
        self.nearest.get_or_insert_with(|| breach.at(at.key(name)));
    }

    /// The violation of a notification that did not come.
    pub(super) fn missing(&self, message: String) -> Breach {
        let mut breach = Breach::new(
            Requirement::NotificationArrives,
            Rule::NotificationMissing,
            Some(self.entry.step),
            self.entry.printed.clone(),
            Value::Null,
            message,
        );
        breach.line = Some(self.entry.line);
        breach
    }

    pub(super) fn name(&self) -> String {
        let documented = &self.entry.signature;
        let subject = match documented.subject {
            Subject::Call => "call",
            Subject::Operation => "operation",
            Subject::Roster => "roster",
            Subject::Other => "resource",
        };
        let word = documented
            .word
            .as_deref()
            .unwrap_or(&documented.change_type);
        format!("the {subject} {word}")
    }
}

/// The value of a variable and another one in its place. None where they agree, or where nothing is known of either. A
/// variable without a value is none of the others of its kind.
fn other(
    bindings: &Bindings,
    kind: Kind,
    (variable, actual): (Option<&str>, Option<&str>),
) -> Option<(String, String)> {
    let (variable, actual) = (variable?, actual?);
    let is_other = match bindings.get(variable) {
        Some(wanted) => !identifier::same(wanted, actual),
        None => bindings.root_bound_to(kind, actual).is_some(),
    };
    is_other.then(|| (bindings.proposal(variable), actual.to_owned()))
}

fn is_optional(change: &Change<'_>) -> bool {
    let state = change.word.as_deref();
    change.subject == Subject::Call && state.is_some_and(|it| lifecycle::call().is_optional(it))
}

fn detail(change: &Change<'_>) -> Option<&'static str> {
    DETAILS
        .into_iter()
        .find(|name| change.subject == Subject::Call && has(change, name))
}

fn has(change: &Change<'_>, name: &str) -> bool {
    entities(change.data()).any(|entity| lookup(entity, name).is_some())
}
