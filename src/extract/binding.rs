//! Which variable a value is: what the messages of a conversation must agree on, even where the
//! page is sloppy.

use serde_json::Value;

use crate::api::identifier;
use crate::api::resource::Resource;
use crate::scenario::format::Kind;

use super::conversation::{call_of, is_created, items, resource_of};
use super::inventory::{FindingKind, Findings};
use super::json::property;
use super::people;
use super::people::{Entity, Person};
use super::variables::{Id, Role, Variables, is_placeholder, role};

/// What the messages of one conversation have in common so far.
pub(super) struct Binder<'f, 'n> {
    pub(super) variables: Variables,
    /// The line that findings are reported at: the code block that is being read.
    pub(super) line: usize,
    exchange: Exchange,
    /// Calls that a step brings into being.
    made: Vec<Id>,
    /// Calls that are replaced and that no step makes.
    replaced: Vec<Id>,
    /// Calls in the paths of requests.
    asked: Vec<Id>,
    /// What the paths that are being read are about.
    pub(super) paths: Paths,
    /// Identities that must be invited ones, by kind and printed id.
    people: Vec<(Person, Id)>,
    /// What the change notification that is being read is about.
    pub(super) about: Entity,
    findings: &'f mut Findings<'n>,
}

/// The latest request and what follows it.
#[derive(Default)]
struct Exchange {
    call: Option<Id>,
    operation: Option<Id>,
    context: Option<Id>,
    replaced: Option<Id>,
    invited: Vec<(Person, Id)>,
}

/// How the identifiers in a path are read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Paths {
    /// The call that every path is about.
    call: Option<Id>,
    /// Whether `operations/X` names an operation: a roster's sloppy path does not.
    pub(super) name_operations: bool,
    /// Whether a request is being read, not what came of it.
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
            made: Vec::new(),
            replaced: Vec::new(),
            asked: Vec::new(),
            paths: Paths::default(),
            people: Vec::new(),
            about: Entity::Plain,
            findings,
        }
    }

    /// A request begins: nothing of the one before it binds what follows.
    pub(super) fn begin_request(&mut self) {
        self.exchange = Exchange::default();
        self.people.clear();
        self.paths = Paths {
            call: None,
            name_operations: true,
            is_request: true,
        };
    }

    /// The path of the request is read.
    pub(super) fn end_request_path(&mut self) {
        if let Some(call) = self.paths.call {
            self.exchange.call = Some(call);
            self.asked.push(call);
        }
    }

    /// The body of the request is read, in which these people were invited.
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

    /// A response begins: its `Location` may bring a call into being.
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
            self.make(call);
        } else if let (201, Entity::Call, None, Some(call)) = (
            status,
            entity,
            self.exchange.call,
            body.and_then(|body| property(body, "id").as_str()),
        ) {
            self.make(call);
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

    /// A change notification begins.
    pub(super) fn begin_item(&mut self, item: &Value) {
        let resource = resource_of(item);
        self.about = people::entity_of_item(item, resource.as_ref());
        let call = match &resource {
            Some(Resource::Call(call)) if is_created(item) => Some(self.make(call)),
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

    /// A new call. What follows is about it, until the next request.
    fn make(&mut self, call: &str) -> Id {
        let id = self.variables.fresh(CALL, call);
        self.made.push(id);
        self.exchange.call = Some(id);
        id
    }

    /// The known call whose state a notification of that call tells.
    fn state_of(&self, call: &str) -> Option<Id> {
        let known = self.made.iter().rev().chain(self.replaced.iter().rev());
        let mut known = known.chain(self.asked.iter().rev());
        known
            .find(|id| identifier::same(self.variables.value(**id), call))
            .copied()
    }

    /// The call of a path, or of a call's `id`.
    pub(super) fn call(&mut self, value: &str) -> Id {
        if let Some(root) = self.paths.call {
            return self.must_be(root, CALL, value);
        }
        let id = self.variables.by_value(CALL, value);
        self.paths.call = Some(self.variables.root(id));
        id
    }

    /// The operation of a path, or of an operation's `id`: one request has one, but the one in
    /// a request's own path was begun by an earlier request.
    pub(super) fn operation(&mut self, value: &str) -> Id {
        if let Some(root) = self.exchange.operation {
            return self.must_be(root, OPERATION, value);
        }
        let id = if self.paths.is_request {
            self.variables.by_value(OPERATION, value)
        } else {
            self.variables.fresh(OPERATION, value)
        };
        self.exchange.operation = Some(self.variables.root(id));
        id
    }

    /// A client context: one for a request and what comes of it.
    pub(super) fn context(&mut self, value: &str) -> Id {
        if let Some(root) = self.exchange.context {
            return self.must_be(root, CONTEXT, value);
        }
        let id = if is_placeholder(value) {
            self.variables.fresh(CONTEXT, value)
        } else {
            self.variables.by_value(CONTEXT, value)
        };
        self.exchange.context = Some(self.variables.root(id));
        id
    }

    /// The call that `replacesCallId` names, and its id as printed there. What comes of a request
    /// echoes the one that the request names.
    pub(super) fn replaced(&mut self, text: &str) -> (Id, String) {
        let call = call_of(text);
        let known = self.made.iter().rev().chain(self.replaced.iter().rev());
        let root = known
            .copied()
            .find(|id| identifier::same(self.variables.value(*id), &call))
            .or(self.exchange.replaced.filter(|_| !self.paths.is_request));
        let id = if let Some(root) = root {
            self.must_be(root, PEER_CALL, &call)
        } else {
            let id = self.variables.fresh(PEER_CALL, &call);
            self.replaced.push(id);
            id
        };
        if self.paths.is_request {
            let root = self.variables.root(id);
            self.exchange.replaced.get_or_insert(root);
        }
        (id, call)
    }

    /// An identity.
    pub(super) fn identity(&mut self, kind: Kind, value: &str) -> Id {
        let role = people::role(kind);
        let is_printed =
            |person: &Person| person.kind == kind && identifier::same(&person.id, value);
        match self.people.iter().find(|(person, _)| is_printed(person)) {
            Some(&(_, root)) => self.must_be(root, role, value),
            None => self.variables.by_value(role, value),
        }
    }

    /// Finds the invited among the people of a message, by what is printed or by what remains.
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

    /// The variable of a value that must be the one of a root. What contradicts it is reported.
    fn must_be(&mut self, root: Id, role: Role<'_>, value: &str) -> Id {
        if let Some(known) = self.variables.known_as(root, role.kind, value) {
            return known;
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

    /// Whether a request asks for a call that no step makes.
    pub(super) fn needs_call(&self) -> bool {
        self.asked.iter().any(|call| !self.made.contains(call))
    }

    /// Whether a request replaces a call that no step makes.
    pub(super) fn needs_peer_call(&self) -> bool {
        !self.replaced.is_empty()
    }
}

/// What the body of a response is.
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
