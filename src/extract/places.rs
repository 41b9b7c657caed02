//! Turns headers, paths and bodies into templates: finds the values that vary, and their roles.

use serde_json::Value;

use crate::api::resource;
use crate::api::{identifier, template};
use crate::scenario::format::{HeaderFields, Kind};

use super::binding::{Binder, Place};
use super::people;
use super::people::{Entity, is_id};
use super::variables::{Id, Role, is_list_of_words, is_placeholder, kebab, role};

impl Binder<'_, '_> {
    /// Header fields, without `Content-Length`.
    pub(super) fn headers(&mut self, fields: &[(&str, &str)]) -> HeaderFields {
        let mut headers = HeaderFields::with_capacity(fields.len());
        for (name, value) in fields {
            if name.eq_ignore_ascii_case("content-length") {
                continue;
            }
            let value = if name.eq_ignore_ascii_case("location") {
                self.path(value)
            } else if name.eq_ignore_ascii_case("authorization") {
                self.credentials(value)
            } else {
                self.plain(name, value)
            };
            add_field(&mut headers, name, value);
        }
        headers
    }

    /// `Bearer <TOKEN>` to `Bearer {token}`.
    fn credentials(&mut self, value: &str) -> String {
        match value.split_once(' ') {
            Some((scheme, token)) if !token.trim().is_empty() => {
                let mut text = template::escape(scheme);
                text.push(' ');
                let token = if self.paths.stand_in == Place::OtherHost {
                    let label = kebab(token.trim_matches(['<', '>', '{', '}']));
                    self.variables.by_value(role(Kind::Text, &label), token)
                } else {
                    self.variables.by_value(role(Kind::Token, "token"), token)
                };
                self.variables.write(token, &mut text);
                text
            }
            _ => self.plain("token", value),
        }
    }

    pub(super) fn callback(&mut self, address: &str) -> String {
        let id = self
            .variables
            .by_value(role(Kind::Callback, "callback"), address);
        self.latest_callback = Some(id);
        self.variables.template(id)
    }

    /// The target of a request: a path, or an absolute URL, without blanks between its variables.
    pub(super) fn target(&mut self, text: &str) -> String {
        if self.paths.stand_in == Place::OtherHost {
            let id = self.recording(text);
            return self.variables.template(id);
        }
        let template = self.path(text);
        if !template.contains(char::is_whitespace) {
            return template;
        }
        let mut target = String::with_capacity(template.len());
        for c in template.chars() {
            if c.is_whitespace() {
                target += &resource::percent_encoded(c);
            } else {
                target.push(c);
            }
        }
        target
    }

    pub(super) fn path(&mut self, text: &str) -> String {
        let path = resource::path_of(text);
        let start = resource::behind_scheme(text).map_or(0, |rest| {
            text.len() - rest.len() + rest.find('/').unwrap_or(rest.len())
        });
        let mut template = String::with_capacity(text.len() + 16);
        push_escaped(&text[..start], &mut template);
        let mut before = "";
        let mut has_call = false;
        let mut last = None;
        for (number, segment) in path.split('/').enumerate() {
            if number > 0 {
                template.push('/');
            }
            if segment.is_empty() {
                continue;
            }
            last = self.segment(segment, before, has_call);
            has_call |= before == "calls";
            match last {
                Some(id) => self.variables.write(id, &mut template),
                None => self.embedded(segment, before, &mut template),
            }
            before = segment;
        }
        if let Some(id) = last {
            self.end_in(id);
        }
        self.embedded(&text[start + path.len()..], "", &mut template);
        template
    }

    /// The variable of a path segment, by the segment before it.
    fn segment(&mut self, segment: &str, before: &str, has_call: bool) -> Option<Id> {
        match before {
            "calls" if self.paths.stand_in == Place::CollectionAction => return None,
            "calls" if !has_call => return Some(self.call(segment)),
            "applications" => {
                let role = people::role(Kind::Application);
                return Some(self.variables.by_value(role, segment));
            }
            _ if !has_call => return None,
            _ => {}
        }
        match people::entity_of_collection(before) {
            Some(Entity::Operation) if self.paths.name_operations => {
                self.part(Entity::Operation, segment)
            }
            Some(Entity::Operation) => None,
            Some(Entity::Participant) if !is_id(segment) => None,
            Some(_) if segment.starts_with('$') => None,
            Some(entity) => self.part(entity, segment),
            None if identifier::is_guid(segment) => {
                let label = kebab(&format!("{before}-id"));
                Some(
                    self.variables
                        .by_value(role(Kind::Identifier, &label), segment),
                )
            }
            None => None,
        }
    }

    /// Text that may hold printed placeholders in braces: a segment or a query.
    fn embedded(&mut self, text: &str, before: &str, template: &mut String) {
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let close = rest[open..].find('}').map(|length| open + length + 1);
            let Some(close) = close.filter(|close| is_placeholder(&rest[open..*close])) else {
                push_escaped(&rest[..=open], template);
                rest = &rest[open + 1..];
                continue;
            };
            push_escaped(&rest[..open], template);
            let label = match rest[open + 1..close - 1].trim() {
                "id" if !before.is_empty() => kebab(&format!("{before}-id")),
                word => kebab(word),
            };
            let kind = if rest[open..close].len() == text.len() && !before.is_empty() {
                Kind::Identifier
            } else {
                Kind::Text
            };
            let id = self
                .variables
                .by_value(role(kind, &label), &rest[open..close]);
            self.variables.write(id, template);
            rest = &rest[close..];
        }
        push_escaped(rest, template);
    }

    /// Turns a JSON body into a template. A top-level `id` identifies `entity`.
    pub(super) fn body(&mut self, body: &mut Value, entity: Entity) {
        self.value(body, "", entity, false);
    }

    pub(super) fn notifications(&mut self, body: &mut Value) {
        let Some(properties) = body.as_object_mut() else {
            return self.body(body, Entity::Plain);
        };
        for (name, value) in properties {
            match value {
                Value::Array(items) if name == "value" => {
                    for item in items {
                        self.begin_item(item);
                        self.body(item, Entity::Plain);
                    }
                }
                other => self.value(other, name, Entity::Plain, false),
            }
        }
    }

    fn value(&mut self, value: &mut Value, name: &str, entity: Entity, is_in_identity_set: bool) {
        match value {
            Value::String(text) => {
                if let Some(template) = self.text(text, name, entity) {
                    *text = template;
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.value(item, name, entity, is_in_identity_set);
                }
            }
            Value::Object(_) => {
                let entity = self.entity(value, name, entity, is_in_identity_set);
                let Value::Object(properties) = value else {
                    return;
                };
                let is_identity_set = name == "identity";
                for (name, value) in properties {
                    let inner = match value {
                        Value::String(_) => entity,
                        _ => Entity::Plain,
                    };
                    self.value(value, name, inner, is_identity_set);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The subject of the `id` of an object.
    fn entity(
        &self,
        object: &Value,
        name: &str,
        given: Entity,
        is_in_identity_set: bool,
    ) -> Entity {
        if given != Entity::Plain {
            return given;
        }
        if let Some(kind) = people::kind_of(name, is_in_identity_set) {
            return Entity::Identity(kind);
        }
        match name {
            "resourceData" => self.about,
            "participants" => Entity::Participant,
            "value" if self.listed != Entity::Plain => self.listed,
            _ => people::entity_of_type(object).unwrap_or(Entity::Plain),
        }
    }

    /// The template of a text in a body; `None` if the text is literal.
    fn text(&mut self, text: &str, name: &str, entity: Entity) -> Option<String> {
        if names_participant(name) {
            let id = self.part(Entity::Participant, text)?;
            return Some(self.variables.template(id));
        }
        if text.is_empty() {
            return None;
        }
        let id = match (name, entity) {
            ("id", Entity::Call) => self.call(text),
            ("id", Entity::Identity(kind)) => self.identity(kind, text),
            ("id", entity) if entity != Entity::Plain => self.part(entity, text)?,
            ("clientContext", _) => self.context(text),
            ("replacesCallId", _) => return Some(self.replaced_call(text)),
            ("resource" | "resourceUrl" | "@odata.id", _) => return Some(self.path(text)),
            ("recordingLocation", _) => self.recording(text),
            ("threadId", _) => return Some(self.valued(role(Kind::Thread, "thread"), text)),
            ("tenantId", _) => return Some(self.valued(role(Kind::Tenant, "tenant"), text)),
            ("callback" | "callbackUri", _) => return Some(self.callback(text)),
            _ if is_list_of_words(name, text) => self.variables.words(&kebab(name), text),
            _ if is_literal(text) => return None,
            _ => return Some(self.plain(name, text)),
        };
        Some(self.variables.template(id))
    }

    /// `replacesCallId`: an id, or a path that ends in one.
    fn replaced_call(&mut self, text: &str) -> String {
        let (id, call) = self.replaced(text);
        let (before, after) = text.rsplit_once(&call).unwrap_or_default();
        let mut template = template::escape(before);
        self.variables.write(id, &mut template);
        template.push_str(&template::escape(after));
        template
    }

    /// Text without a role: a variable for a placeholder, else literal text.
    fn plain(&mut self, name: &str, text: &str) -> String {
        if is_literal(text) {
            text.to_owned()
        } else if is_placeholder(text) {
            self.valued(role(Kind::Text, &kebab(name)), text)
        } else {
            template::escape(text)
        }
    }

    fn valued(&mut self, role: Role<'_>, text: &str) -> String {
        let id = self.variables.by_value(role, text);
        self.variables.template(id)
    }
}

/// True if a text is no placeholder and has no brace.
fn is_literal(text: &str) -> bool {
    !text.bytes().any(|b| matches!(b, b'{' | b'}')) && !is_placeholder(text)
}

/// Adds a header field. A repeated field continues the first (RFC 9110 section 5.3).
fn add_field(headers: &mut HeaderFields, name: &str, value: String) {
    let mut fields = headers.iter_mut();
    match fields.find(|(other, _)| other.eq_ignore_ascii_case(name)) {
        Some((_, first)) => {
            first.push_str(", ");
            first.push_str(&value);
        }
        None => {
            headers.insert(name.to_owned(), value);
        }
    }
}

/// True if a text of that property is the id of a participant.
fn names_participant(name: &str) -> bool {
    matches!(
        name,
        "participant" | "participants" | "sources" | "receivers" | "participantId"
    ) || name.ends_with("ParticipantId")
}

fn push_escaped(text: &str, template: &mut String) {
    if text.bytes().any(|b| matches!(b, b'{' | b'}')) {
        template.push_str(&template::escape(text));
    } else {
        template.push_str(text);
    }
}
