//! A request that has no answer yet, with the data for the check of its answer.

use std::sync::Arc;

use serde_json::Value;
use url::form_urlencoded;

use super::call::CommsOperation;
use crate::api::identifier::Normal;
use crate::contract::operation::Operation;
use crate::diagnostic::pointer::Pointer;
use crate::http::message::Request;
use crate::judge::people::Person;

/// A request that waits for its answer.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Pending {
    pub(super) conversation: usize,
    pub(super) operation: &'static Operation,
    /// `v1.0` or `beta`, if the path has one of them.
    pub(super) api: Option<&'static str>,
    pub(super) request: Arc<Request>,
    pub(super) call: Option<String>,
    /// The participant, comms operation, session or group in the path.
    pub(super) below: Option<String>,
    pub(super) context: Option<String>,
    pub(super) people: Vec<Person>,
    /// The state of the resource that it reads, as far as earlier messages show it.
    pub(super) state: Option<String>,
    /// What the list that it reads has, as far as earlier messages show it.
    pub(super) items: Vec<Normal<'static>>,
    /// A notification had deleted the call before.
    pub(super) is_about_deleted: bool,
    /// The request breaks a requirement, so that it may be refused.
    pub(super) is_wrong: bool,
    /// The places of its body that break a requirement, or the root.
    pub(super) wrong: Vec<Pointer>,
    /// The request was sent before, and the service may have acted on it, so that it may refuse the repetition.
    pub(super) has_acted: bool,
    /// False if the call cannot be in the state that the request needs: nothing has to follow from it.
    pub(super) is_possible: bool,
}

impl Pending {
    /// False for another request to the path of the operation, whose response and effects no page documents.
    pub(super) fn has_documented_method(&self) -> bool {
        self.request.method == self.operation.request.method
    }

    /// True if a value at this place of the body breaks a requirement: a service that accepts it need not use it.
    pub(super) fn is_wrong_at(&self, place: &str) -> bool {
        let place = Pointer::from_text(place.to_owned());
        self.wrong.iter().any(|it| it.is_in(&place))
    }

    pub(super) fn has_wrong_people(&self) -> bool {
        let people = self.operation.people.as_deref();
        people.is_some_and(|it| self.is_wrong_at(it))
    }

    /// The client context that must come back.
    pub(super) fn context_back(&self) -> Option<&str> {
        let is_wrong = self.is_wrong_at("/clientContext");
        self.context.as_deref().filter(|_| !is_wrong)
    }

    /// The comms operation that it begins in this exchange.
    pub(super) fn begins(&self, exchange: u64, operation: CommsOperation) -> CommsOperation {
        let mut people = self.people.clone();
        if self.has_wrong_people() {
            people.clear();
        }
        CommsOperation {
            begun_by: Some((exchange, self.operation)),
            request: Some(Arc::clone(&self.request)),
            context: self.context_back().map(ToOwned::to_owned),
            people,
            ..operation
        }
    }

    /// True if the answer has this property: the bot reads all, or names it in `$select` (OData 4.01 part 2 section
    /// 5.1.4).
    pub(super) fn selects(&self, name: &str) -> bool {
        let query = self
            .request
            .target
            .split_once('?')
            .filter(|_| self.operation.is_read());
        let Some((_, query)) = query else { return true };
        let is_select = |it: &str| it.trim_start_matches('$').eq_ignore_ascii_case("select");
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        let selected = parameters.find_map(|(key, value)| is_select(&key).then_some(value));
        selected.is_none_or(|selected| {
            let names = selected.split(',').map(|it| it.trim().split('/').next());
            let mut names = names.map(Option::unwrap_or_default);
            names.any(|it| it == "*" || it.eq_ignore_ascii_case(name))
        })
    }

    /// The strings in the array at this pointer of the body, but for empty ones.
    pub(super) fn texts_at(&self, pointer: &str) -> impl Iterator<Item = String> {
        let items = self
            .request
            .body
            .json()
            .and_then(|it| it.pointer(pointer)?.as_array());
        let texts = items.into_iter().flatten().filter_map(Value::as_str);
        texts.filter(|it| !it.is_empty()).map(ToOwned::to_owned)
    }
}
