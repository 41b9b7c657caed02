//! Binds values to variables: the values that the messages of a conversation share, even on a page with
//! mistakes.

use serde_json::Value;

use crate::api::identifier;
use crate::api::resource;
use crate::api::resource::{Resource, call_id};
use crate::scenario::format::{Kind, ProviderState};

use super::conversation::{is_created, items, resource_of};
use super::end::End;
use super::inventory::{Contradiction, Findings};
use super::json::property;
use super::operations::{Operations, Origin};
use super::people;
use super::people::{Entity, Person, Subject};
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
    /// Calls in the paths of requests, each with the state that the request needs it in.
    requested: Vec<(Id, ProviderState)>,
    /// Further things that exist beforehand.
    named: Vec<ProviderState>,
    /// The callback address that the conversation printed last.
    pub(super) latest_callback: Option<Id>,
    /// The subject of the current paths.
    pub(super) paths: Paths,
    /// Identities of invited participants, by kind and printed id.
    people: Vec<(Person, Id)>,
    /// The subject of the current change notification.
    pub(super) about: Entity,
    /// The entity of the items in the `value` of the current body.
    pub(super) listed: Entity,
    findings: &'f mut Findings<'n>,
}

/// The latest request and its effects.
#[derive(Default)]
struct Exchange {
    call: Option<Id>,
    operations: Operations,
    replaced: Option<Id>,
    invited: Vec<(Person, Id)>,
    /// The subject of the request's path.
    subject: Option<Subject>,
    /// The entity that the path ends in.
    entity: Option<Id>,
}

/// How identifiers in paths are bound.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Paths {
    /// The call in every path.
    call: Option<Id>,
    /// True if `operations/X` names an operation; in the wrong path of a roster it does not.
    pub(super) name_operations: bool,
    pub(super) stand_in: Place,
}

/// The message that contains a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// A request.
    Request,
    /// A request for an action of the collection of calls.
    CollectionAction,
    /// A request to a host that is not the API's.
    OtherHost,
    /// An effect of a request.
    #[default]
    Effect,
}

pub(super) const CALL: Role<'static> = role(Kind::Call, "call");
const PEER_CALL: Role<'static> = role(Kind::Call, "peer-call");
const OPERATION: Role<'static> = role(Kind::Operation, "operation");
const CONTEXT: Role<'static> = role(Kind::Context, "context");
const RECORDING: Role<'static> = role(Kind::Recording, "recording-location");

/// The role of an entity below a call, and the state that it exists in beforehand.
const fn part(entity: Entity) -> Option<(Role<'static>, ProviderState)> {
    Some(match entity {
        Entity::Operation => (OPERATION, ProviderState::Operation),
        Entity::Participant => (
            role(Kind::Participant, "participant"),
            ProviderState::Participant,
        ),
        Entity::Session => (role(Kind::Session, "session"), ProviderState::Session),
        Entity::AudioRoutingGroup => (
            role(Kind::AudioRoutingGroup, "audio-routing-group"),
            ProviderState::AudioRoutingGroup,
        ),
        Entity::Plain | Entity::Call | Entity::Identity(_) => return None,
    })
}

impl<'f, 'n> Binder<'f, 'n> {
    pub(super) fn new(findings: &'f mut Findings<'n>) -> Self {
        Self {
            variables: Variables::default(),
            line: 0,
            exchange: Exchange::default(),
            created: Vec::new(),
            replaced: Vec::new(),
            requested: Vec::new(),
            named: Vec::new(),
            latest_callback: None,
            paths: Paths::default(),
            people: Vec::new(),
            about: Entity::Plain,
            listed: Entity::Plain,
            findings,
        }
    }

    /// Begins a request: the bindings of the previous request end.
    pub(super) fn begin_request(&mut self, method: &str, target: &str, is_foreign: bool) {
        self.exchange = Exchange {
            subject: Subject::of(method, target).filter(|_| !is_foreign),
            ..Exchange::default()
        };
        self.people.clear();
        self.listed = Entity::Plain;
        self.paths = Paths {
            call: None,
            name_operations: true,
            stand_in: match resource::collection_action(method, target) {
                _ if is_foreign => Place::OtherHost,
                Some(_) => Place::CollectionAction,
                None => Place::Request,
            },
        };
    }

    fn is_request(&self) -> bool {
        self.paths.stand_in != Place::Effect
    }

    /// The address of a request to a host that is not the API's: what a recording is read from.
    pub(super) fn recording(&mut self, address: &str) -> Id {
        let count = self.variables.len();
        let id = self.variables.by_value(RECORDING, address);
        if self.variables.len() > count && self.is_request() {
            self.named.push(ProviderState::Recording);
        }
        id
    }

    /// `needs` is the state of the call that the request is for.
    pub(super) fn end_request_path(&mut self, needs: ProviderState) {
        if let Some(call) = self.paths.call {
            self.exchange.call = Some(call);
            self.requested.push((call, needs));
        }
    }

    /// Begins the body of a request. Returns the entity that its `id` identifies.
    pub(super) fn begin_request_body(&mut self, body: Option<&Value>) -> Entity {
        match self.exchange.subject {
            Some(Subject::Entity(entity)) => {
                self.repeat_entity(entity, body);
                entity
            }
            Some(Subject::Collection(entity)) => entity,
            None => Entity::Plain,
        }
    }

    /// The `id` in a body is the one that the path of the request ends in.
    fn repeat_entity(&mut self, entity: Entity, body: Option<&Value>) {
        let printed = body.and_then(|body| property(body, "id").as_str());
        if let (Some(root), Some((role, _)), Some(printed)) =
            (self.exchange.entity, part(entity), printed)
            && !printed.is_empty()
        {
            self.must_be(root, role, printed);
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
        let entity = answered_entity(status, self.exchange.subject, located.as_ref(), body);
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
            ..Paths::default()
        };
        self.exchange.operations.turn_to(None, &self.variables);
        match self.exchange.subject {
            Some(Subject::Entity(of_path)) if of_path == entity => self.repeat_entity(entity, body),
            Some(Subject::Collection(entity)) => self.list(entity, body),
            _ => {}
        }
        if entity == Entity::Operation {
            self.exchange.operations.answered(body);
        }
        let named = body.filter(|_| entity == Entity::Operation);
        self.recognise(|| named.map(people::of_operation).unwrap_or_default());
        entity
    }

    /// Entities in an answer that no request has made exist beforehand.
    fn list(&mut self, entity: Entity, body: Option<&Value>) {
        self.listed = entity;
        let is_empty = body.is_none_or(|body| items(body).is_empty());
        if let (Some((_, state)), false, [_]) = (part(entity), is_empty, &self.requested[..]) {
            self.named.push(state);
        }
    }

    pub(super) fn begin_item(&mut self, item: &Value) {
        let resource = resource_of(item);
        self.about = people::entity_of_item(item, resource.as_ref());
        self.listed = Entity::Plain;
        let call = match &resource {
            Some(Resource::Call(call)) if is_created(item) => Some(self.new_call(call)),
            Some(Resource::Call(call)) => self.state_of(call).or(self.exchange.call),
            _ => self.exchange.call,
        };
        self.paths = Paths {
            call,
            name_operations: self.about != Entity::Participant,
            ..Paths::default()
        };
        let about = self.about;
        let operation = (about == Entity::Operation).then_some(item);
        let operations = &mut self.exchange.operations;
        if operations.turn_to(operation, &self.variables) == Origin::Beforehand {
            self.named.push(ProviderState::Operation);
        }
        let has_failed = End::of(item).is_some_and(|end| end.is_failure());
        if has_failed && !self.exchange.operations.is_another() {
            self.named.push(ProviderState::OperationFails);
        }
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
        let mut candidates = candidates.chain(self.requested.iter().rev().map(|(id, _)| id));
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

    /// The entity below a call in a path, or in an entity's `id`; none for other entities.
    pub(super) fn part(&mut self, entity: Entity, value: &str) -> Option<Id> {
        if entity == Entity::Operation {
            return Some(self.operation(value));
        }
        let (role, state) = part(entity)?;
        let count = self.variables.len();
        let id = if value.is_empty() {
            self.variables.new_root(role, value)
        } else {
            self.variables.by_value(role, value)
        };
        let is_new = self.variables.len() > count;
        let is_created = self.exchange.subject == Some(Subject::Collection(entity));
        if is_new && self.is_request() && self.paths.call.is_some() && !is_created {
            self.named.push(state);
        }
        Some(id)
    }

    /// The entity that the path of a request ends in.
    pub(super) fn end_in(&mut self, id: Id) {
        if self.is_request() {
            self.exchange.entity = Some(self.variables.root(id));
        }
    }

    /// The operation in a path, or in an operation's `id`. One request has one operation; the path of a
    /// request names one of an earlier request.
    fn operation(&mut self, value: &str) -> Id {
        if let Some(root) = self.exchange.operations.current().id {
            return self.must_be(root, OPERATION, value);
        }
        let id = if self.is_request() {
            let count = self.variables.len();
            let id = self.variables.by_value(OPERATION, value);
            if self.variables.len() > count {
                self.named.push(ProviderState::Operation);
            }
            id
        } else {
            self.variables.new_root(OPERATION, value)
        };
        self.exchange.operations.current().id = Some(self.variables.root(id));
        id
    }

    /// A client context: one for a request and its effects.
    pub(super) fn context(&mut self, value: &str) -> Id {
        if let Some(root) = self.exchange.operations.current().context {
            return self.must_be(root, CONTEXT, value);
        }
        let is_new = is_placeholder(value) || self.exchange.operations.is_another();
        let id = if is_new {
            self.variables.new_root(CONTEXT, value)
        } else {
            self.variables.by_value(CONTEXT, value)
        };
        self.exchange.operations.current().context = Some(self.variables.root(id));
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
            .or(self.exchange.replaced.filter(|_| !self.is_request()));
        let id = if let Some(root) = root {
            self.must_be(root, PEER_CALL, &call)
        } else {
            let id = self.variables.new_root(PEER_CALL, &call);
            self.replaced.push(id);
            id
        };
        if self.is_request() {
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
            self.findings.contradict(Contradiction {
                line: self.line,
                role: role.label.to_owned(),
                value: value.to_owned(),
                before: self.variables.value(root).to_owned(),
            });
        }
        id
    }

    /// What exists before the first step, because requests name it and no step makes it.
    pub(super) fn states(&self) -> Vec<ProviderState> {
        let mut states = self.named.clone();
        let mut known = self.created.clone();
        for (call, state) in &self.requested {
            if !known.contains(call) {
                known.push(*call);
                states.push(*state);
            }
        }
        if !self.replaced.is_empty() {
            states.push(ProviderState::PeerCall);
        }
        states
    }
}

/// The entity in the body of a response.
fn answered_entity(
    status: u16,
    subject: Option<Subject>,
    located: Option<&Resource>,
    body: Option<&Value>,
) -> Entity {
    let Some(body) = body else {
        return Entity::Plain;
    };
    let is_text = |name| property(body, name).is_string();
    match (people::entity_of_type(body), located) {
        (Some(entity), _) => entity,
        (None, Some(Resource::Call(_))) if status == 201 => Entity::Call,
        (None, Some(Resource::Operation { .. })) => Entity::Operation,
        _ if !items(body).is_empty() || !is_text("id") => Entity::Plain,
        _ => match subject {
            Some(Subject::Entity(entity) | Subject::Collection(entity)) => entity,
            None if is_text("status") => Entity::Operation,
            None => Entity::Plain,
        },
    }
}
