//! Binds values to variables: the values that the messages of a conversation share, even on a page with
//! mistakes.

use serde_json::Value;

use crate::api::identifier;
use crate::api::resource::{Resource, call_id};
use crate::scenario::format::Kind;

use super::conversation::{is_created, items, resource_of};
use super::inventory::{FindingKind, Findings};
use super::json::property;
use super::people;
use super::people::{Entity, Person};
use super::variables::{Id, Role, Variables, is_placeholder, role};

/// The shared values of one conversation so far.
pub(super) struct Binder<'f, 'n> {
    pub(super) variables: Variables,
    /// The line of the current code block, for findings.
    pub(super) line: usize,
    exchange: Exchange,
    /// Calls that a step creates.
    created: Vec<Id>,
    /// Replaced calls that no step creates.
    replaced: Vec<Id>,
    /// Calls in the paths of requests.
    requested: Vec<Id>,
    /// The subject of the current paths.
    pub(super) paths: Paths,
    /// Identities of invited participants, by kind and printed id.
    people: Vec<(Person, Id)>,
    /// The subject of the current change notification.
    pub(super) about: Entity,
    findings: &'f mut Findings<'n>,
}

/// The latest request and its effects.
#[derive(Default)]
struct Exchange {
    call: Option<Id>,
    operation: Option<Id>,
    context: Option<Id>,
    replaced: Option<Id>,
    invited: Vec<(Person, Id)>,
}

/// How identifiers in paths are bound.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Paths {
    /// The call in every path.
    call: Option<Id>,
    /// True if `operations/X` names an operation; in the wrong path of a roster it does not.
    pub(super) name_operations: bool,
    /// True in a request, false in its effects.
    is_request: bool,
}

pub(super) const CALL: Role<'static> = role(Kind::Call, "call");
const PEER_CALL: Role<'static> = role(Kind::Call, "peer-call");
const OPERATION: Role<'static> = role(Kind::Operation, "operation");
const CONTEXT: Role<'static> = role(Kind::Context, "context");

impl<'f, 'n> Binder<'f, 'n> {
    pub(super) fn new(findings: &'f mut Findings<'n>) -> Self {
        Self {
            variables: Variables::default(),
            line: 0,
            exchange: Exchange::default(),
            created: Vec::new(),
            replaced: Vec::new(),
            requested: Vec::new(),
            paths: Paths::default(),
            people: Vec::new(),
            about: Entity::Plain,
            findings,
        }
    }

    /// Begins a request: the bindings of the previous request end.
    pub(super) fn begin_request(&mut self) {
        self.exchange = Exchange::default();
        self.people.clear();
        self.paths = Paths {
            call: None,
            name_operations: true,
            is_request: true,
        };
    }

    pub(super) fn end_request_path(&mut self) {
        if let Some(call) = self.paths.call {
            self.exchange.call = Some(call);
            self.requested.push(call);
        }
    }

    /// `invited` are the people in the body of the request.
    pub(super) fn end_request(&mut self, invited: Vec<Person>) {
        for person in invited {
            let id = self
                .variables
                .by_value(people::role(person.kind), &person.id);
            self.exchange
                .invited
                .push((person, self.variables.root(id)));
        }
    }

    /// Begins a response: its `Location` may name a new call.
    pub(super) fn begin_response(
        &mut self,
        status: u16,
        location: Option<&str>,
        body: Option<&Value>,
    ) -> Entity {
        let located = location.and_then(Resource::parse);
        let entity = answered_entity(status, located.as_ref(), body);
        if let Some(Resource::Call(call)) = &located
            && (status == 201 || self.exchange.call.is_none())
        {
            self.new_call(call);
        } else if let (201, Entity::Call, None, Some(call)) = (
            status,
            entity,
            self.exchange.call,
            body.and_then(|body| property(body, "id").as_str()),
        ) {
            self.new_call(call);
        }
        self.paths = Paths {
            call: self.exchange.call,
            name_operations: true,
            is_request: false,
        };
        let named = body.filter(|_| entity == Entity::Operation);
        self.recognise(|| named.map(people::of_operation).unwrap_or_default());
        entity
    }

    pub(super) fn begin_item(&mut self, item: &Value) {
        let resource = resource_of(item);
        self.about = people::entity_of_item(item, resource.as_ref());
        let call = match &resource {
            Some(Resource::Call(call)) if is_created(item) => Some(self.new_call(call)),
            Some(Resource::Call(call)) => self.state_of(call).or(self.exchange.call),
            _ => self.exchange.call,
        };
        self.paths = Paths {
            call,
            name_operations: self.about != Entity::Participant,
            is_request: false,
        };
        let about = self.about;
        self.recognise(|| match about {
            Entity::Operation => people::of_operation(property(item, "resourceData")),
            Entity::Participant => people::of_roster(property(item, "resourceData")),
            _ => Vec::new(),
        });
    }

    /// Adds a new call. It is the subject until the next request.
    fn new_call(&mut self, call: &str) -> Id {
        let id = self.variables.new_root(CALL, call);
        self.created.push(id);
        self.exchange.call = Some(id);
        id
    }

    /// The known call in a notification about its state.
    fn state_of(&self, call: &str) -> Option<Id> {
        let candidates = self.created.iter().rev().chain(self.replaced.iter().rev());
        let mut candidates = candidates.chain(self.requested.iter().rev());
        candidates
            .find(|id| identifier::same(self.variables.value(**id), call))
            .copied()
    }

    /// The call in a path, or in a call's `id`.
    pub(super) fn call(&mut self, value: &str) -> Id {
        if let Some(root) = self.paths.call {
            return self.must_be(root, CALL, value);
        }
        let id = self.variables.by_value(CALL, value);
        self.paths.call = Some(self.variables.root(id));
        id
    }

    /// The operation in a path, or in an operation's `id`. One request has one operation; the path of a
    /// request names one of an earlier request.
    pub(super) fn operation(&mut self, value: &str) -> Id {
        if let Some(root) = self.exchange.operation {
            return self.must_be(root, OPERATION, value);
        }
        let id = if self.paths.is_request {
            self.variables.by_value(OPERATION, value)
        } else {
            self.variables.new_root(OPERATION, value)
        };
        self.exchange.operation = Some(self.variables.root(id));
        id
    }

    /// A client context: one for a request and its effects.
    pub(super) fn context(&mut self, value: &str) -> Id {
        if let Some(root) = self.exchange.context {
            return self.must_be(root, CONTEXT, value);
        }
        let id = if is_placeholder(value) {
            self.variables.new_root(CONTEXT, value)
        } else {
            self.variables.by_value(CONTEXT, value)
        };
        self.exchange.context = Some(self.variables.root(id));
        id
    }

    /// The call in `replacesCallId`, and its printed id. The effects of a request repeat the call of the
    /// request.
    pub(super) fn replaced(&mut self, text: &str) -> (Id, String) {
        let call = call_id(text);
        let candidates = self.created.iter().rev().chain(self.replaced.iter().rev());
        let root = candidates
            .copied()
            .find(|id| identifier::same(self.variables.value(*id), &call))
            .or(self.exchange.replaced.filter(|_| !self.paths.is_request));
        let id = if let Some(root) = root {
            self.must_be(root, PEER_CALL, &call)
        } else {
            let id = self.variables.new_root(PEER_CALL, &call);
            self.replaced.push(id);
            id
        };
        if self.paths.is_request {
            let root = self.variables.root(id);
            self.exchange.replaced.get_or_insert(root);
        }
        (id, call)
    }

    pub(super) fn identity(&mut self, kind: Kind, value: &str) -> Id {
        let role = people::role(kind);
        let is_printed =
            |person: &Person| person.kind == kind && identifier::same(&person.id, value);
        match self.people.iter().find(|(person, _)| is_printed(person)) {
            Some(&(_, root)) => self.must_be(root, role, value),
            None => self.variables.by_value(role, value),
        }
    }

    /// Finds the invited people in a message, by their printed ids or by elimination.
    fn recognise(&mut self, printed: impl FnOnce() -> Vec<Person>) {
        self.people.clear();
        if self.exchange.invited.is_empty() {
            return;
        }
        let invited: Vec<Person> = self
            .exchange
            .invited
            .iter()
            .map(|(p, _)| p.clone())
            .collect();
        let is_stranger =
            |person: &Person| !self.variables.knows(people::role(person.kind), &person.id);
        self.people = people::recognise(&invited, &printed(), is_stranger)
            .into_iter()
            .map(|(person, index)| (person, self.exchange.invited[index].1))
            .collect();
    }

    /// The variable of a value that must equal its root. A contradiction is reported.
    fn must_be(&mut self, root: Id, role: Role<'_>, value: &str) -> Id {
        if let Some(id) = self.variables.with_root(root, role.kind, value) {
            return id;
        }
        let label = match role.kind {
            Kind::Call | Kind::Operation | Kind::Context => self.variables.label(root).to_owned(),
            _ => role.label.to_owned(),
        };
        let role = Role {
            label: &label,
            ..role
        };
        let (id, contradicts) = self.variables.same_as(root, role, value);
        if contradicts {
            let printed = self.variables.value(root);
            let message = format!("{} is `{value}` here, and `{printed}` before", role.label);
            self.findings
                .push(self.line, FindingKind::Contradiction, message);
        }
        id
    }

    /// True if a request names a call that no step creates.
    pub(super) fn needs_call(&self) -> bool {
        self.requested
            .iter()
            .any(|call| !self.created.contains(call))
    }

    /// True if a request replaces a call that no step creates.
    pub(super) fn needs_peer_call(&self) -> bool {
        !self.replaced.is_empty()
    }
}

/// The entity in the body of a response.
fn answered_entity(status: u16, located: Option<&Resource>, body: Option<&Value>) -> Entity {
    let Some(body) = body else {
        return Entity::Plain;
    };
    let is_text = |name| property(body, name).is_string();
    match (people::entity_of_type(body), located) {
        (Some(entity), _) => entity,
        (None, Some(Resource::Call(_))) if status == 201 => Entity::Call,
        (None, Some(Resource::Operation { .. })) => Entity::Operation,
        _ if items(body).is_empty() && is_text("status") && is_text("id") => Entity::Operation,
        _ => Entity::Plain,
    }
}
