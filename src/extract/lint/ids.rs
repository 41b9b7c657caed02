//! Ids that change between steps, and values that are not ids.

use foldhash::HashSet;
use serde_json::Value;

use crate::api::identifier;
use crate::api::resource;
use crate::api::resource::Resource;
use crate::diagnostic::pointer::{Path, Pointer};

use super::super::inventory::Contradiction;
use super::super::json::property;
use super::super::message::{Message, Part};
use super::super::people;
use super::super::people::Entity;
use super::super::remark::Remark;
use super::super::text::find_word;
use super::super::variables::is_placeholder;
use super::rules;
use super::view::{View, objects, text};

/// The messages of a page, for contradictions that are found after the bodies have moved into scenarios.
#[derive(Debug)]
pub(super) struct Outline {
    messages: Vec<Shape>,
}

#[derive(Debug)]
struct Shape {
    /// The line of the code block of the body, counted from 1.
    line: usize,
    /// The line of the request before it.
    request: usize,
    is_roster: bool,
}

impl Outline {
    pub(super) fn of(view: &View<'_, '_>) -> Self {
        let mut request = 1;
        let messages = view.messages.iter().map(|message| {
            if matches!(message.part, Part::Request { .. }) {
                request = message.line;
            }
            Shape {
                line: message.body_line,
                request,
                is_roster: is_roster(message),
            }
        });
        Self {
            messages: messages.collect(),
        }
    }

    /// The remark on a contradiction between values that must agree.
    pub(super) fn remark(&self, file: &str, lines: &[&str], of: &Contradiction) -> Option<Remark> {
        let shape = self.messages.iter().find(|it| it.line == of.line)?;
        let at = |value: &str, from: usize, end: usize| line_with(lines, value, from, end);
        let line = at(&of.value, of.line, usize::MAX).unwrap_or(of.line);
        let other = at(&of.before, shape.request, line)
            .or_else(|| at(&of.before, 1, line))
            .unwrap_or(shape.request);
        let rule = match of.role.as_str() {
            "operation" if people::entity_of_collection(&of.value).is_some() => return None,
            "operation" => &rules::OPERATION_DIFFERS,
            "call" if shape.is_roster => &rules::ROSTER_OF_OTHER_CALL,
            "call" => &rules::CALL_DIFFERS,
            "context" => &rules::CONTEXT_DIFFERS,
            "user" | "application" | "phone" | "identity" => &rules::PARTICIPANT_DIFFERS,
            _ => &rules::ID_DIFFERS,
        };
        let message = format!(
            "the {} is `{}` here, but `{}` before",
            of.role.replace('-', " "),
            of.value,
            of.before
        );
        Some(Remark::new(rule, file, line, message).beside(file, other))
    }
}

/// The first line, from `from` on and before `end`, that has a value as a whole word.
pub(super) fn line_with(lines: &[&str], value: &str, from: usize, end: usize) -> Option<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '-';
    let has = |line: &str| find_word(line, value, is_part).is_some();
    let mut numbered = lines.iter().zip(1..).skip(from.saturating_sub(1));
    let found = numbered.find(|(line, number)| *number >= end || has(line))?;
    (found.1 < end).then_some(found.1)
}

fn is_roster(message: &Message<'_>) -> bool {
    let mut changes = View::changes(message);
    changes.any(|(_, item)| {
        let resource = super::super::conversation::resource_of(item);
        people::entity_of_item(item, resource.as_ref()) == Entity::Participant
    })
}

pub(super) fn check(view: &View<'_, '_>, found: &mut Vec<Remark>) {
    located_calls(view, found);
    let mut seen = HashSet::default();
    let mut well_formed = None;
    for message in view.messages {
        if let Part::Notification { .. } = message.part {
            misnamed(view, message, found);
            null_ids(view, message, found);
        }
        malformed(view, message, &mut seen, &mut well_formed, found);
    }
}

/// Calls with a placeholder in the request and an id in `Location`.
fn located_calls(view: &View<'_, '_>, found: &mut Vec<Remark>) {
    for exchange in &view.exchanges {
        let Some(request) = exchange.request.map(|index| &view.messages[index]) else {
            continue;
        };
        let Part::Request { target, .. } = request.part else {
            continue;
        };
        let requested = Resource::parse(target);
        let Some(asked) = requested.as_ref().and_then(Resource::call) else {
            continue;
        };
        for message in exchange.answers.iter().map(|index| &view.messages[*index]) {
            let located = message.header("location").and_then(Resource::parse);
            let Some(call) = located.as_ref().and_then(Resource::call) else {
                continue;
            };
            if is_placeholder(asked) && !is_placeholder(call) {
                let lines = [
                    view.header_line(message, "location"),
                    view.start_line(request),
                ];
                let message =
                    format!("the call is `{call}` in `Location`, but `{asked}` in the request");
                found.push(view.pair(&rules::LOCATION_CALL, lines, message));
            }
        }
    }
}

/// Paths of notifications that are not those of the resources in their data.
fn misnamed(view: &View<'_, '_>, message: &Message<'_>, found: &mut Vec<Remark>) {
    for (pointer, item) in View::changes(message) {
        let mut lines = Vec::new();
        let mut said = None;
        for name in ["resource", "resourceUrl"] {
            let Some(path) = text(item, name) else {
                continue;
            };
            if !is_path_of(path, property(item, "resourceData")) {
                lines.push(View::body_line(message, &pointer.key(name)));
                said.get_or_insert(path);
            }
        }
        let (Some(&line), Some(path)) = (lines.first(), said) else {
            continue;
        };
        let entity = entity(property(item, "resourceData"));
        let what = match entity {
            Some(Entity::Operation) => "an operation",
            Some(Entity::Participant) => "a roster",
            Some(Entity::Call) => "a call",
            _ => "an operation with an id",
        };
        let remark = view.remark(
            &rules::MISNAMED_PATH,
            line,
            format!("`{path}` is not the path of {what}"),
        );
        found.push(match lines.get(1) {
            Some(other) if *other != line => remark.beside(view.file, *other),
            _ => remark,
        });
    }
}

fn entity(data: &Value) -> Option<Entity> {
    let first = data.as_array().map_or(Some(data), |all| all.first());
    first.and_then(people::entity_of_type)
}

fn is_path_of(path: &str, data: &Value) -> bool {
    let Some(resource) = Resource::parse(path) else {
        return true;
    };
    if let Resource::Operation { operation, .. } = &resource
        && people::entity_of_collection(operation).is_some()
    {
        return false;
    }
    match entity(data) {
        Some(Entity::Operation) => matches!(resource, Resource::Operation { .. }),
        Some(Entity::Participant) => matches!(
            resource,
            Resource::Participants(_) | Resource::Participant { .. }
        ),
        Some(Entity::Call) => matches!(resource, Resource::Call(_)),
        _ => true,
    }
}

/// Operations and people in notifications with `null` for their id.
fn null_ids(view: &View<'_, '_>, message: &Message<'_>, found: &mut Vec<Remark>) {
    for (pointer, item) in View::changes(message) {
        let data = property(item, "resourceData");
        let at = pointer.key("resourceData");
        let members: Vec<_> = match data.as_array() {
            Some(all) => (all.iter().enumerate())
                .map(|(index, it)| (at.index(index), it))
                .collect(),
            None => vec![(at, data)],
        };
        for (at, member) in members {
            let is_null = member.as_object().and_then(|it| it.get("id")) == Some(&Value::Null);
            if is_null {
                let name = people::type_name(member).unwrap_or("resource");
                let line = View::body_line(message, &at.key("id"));
                let message = format!("the id of the {name} is null");
                found.push(view.remark(&rules::NULL_ID, line, message));
            }
        }
    }
}

/// Ids in paths and bodies that are nearly GUIDs. `well_formed` is the line of the first GUID in a path.
fn malformed(
    view: &View<'_, '_>,
    message: &Message<'_>,
    seen: &mut HashSet<String>,
    well_formed: &mut Option<usize>,
    found: &mut Vec<Remark>,
) {
    let mut ids: Vec<(String, usize)> = Vec::new();
    if let Part::Request { target, .. } = message.part {
        let line = view.start_line(message);
        ids.extend(segments(target).map(|it| (it.to_owned(), line)));
    }
    let root = Pointer::root();
    if let Some(body) = message.body.json() {
        objects(body, &Path::At(&root), "", &mut |at, _, object| {
            let properties = object.as_object().into_iter().flatten();
            for (name, value) in properties {
                let Some(value) = value.as_str() else {
                    continue;
                };
                let is_id = name == "id" || name.ends_with("Id");
                let is_path = matches!(name.as_str(), "resource" | "resourceUrl" | "@odata.id");
                let all: Vec<_> = match (is_id, is_path) {
                    (true, _) => vec![value],
                    (_, true) => segments(value).collect(),
                    _ => continue,
                };
                for id in all {
                    let is_new = is_nearly_guid(id) && !seen.contains(id);
                    if is_new || well_formed.is_none() && is_path && identifier::is_guid(id) {
                        let pointer = Path::Key(at, name).pointer();
                        ids.push((id.to_owned(), View::body_line(message, &pointer)));
                    }
                }
            }
        });
    }
    for (id, line) in ids {
        if identifier::is_guid(&id) {
            well_formed.get_or_insert(line);
        } else if is_nearly_guid(&id) && seen.insert(id.clone()) {
            let message = format!("`{id}` is not a GUID");
            let remark = view.remark(&rules::MALFORMED_ID, line, message);
            found.push(match well_formed {
                Some(other) => remark.beside(view.file, *other),
                None => remark,
            });
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    resource::path_of(path)
        .split('/')
        .filter(|it| !it.is_empty())
}

/// True for a text with about as many digits and letters as a GUID, nearly all of them hexadecimal.
fn is_nearly_guid(id: &str) -> bool {
    let is_form = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let letters = || id.bytes().filter(|b| *b != b'-');
    let hexadecimal = letters().filter(u8::is_ascii_hexdigit).count();
    let count = letters().count();
    is_form
        && (29..=35).contains(&count)
        && hexadecimal + 3 >= count
        && letters().any(|b| b.is_ascii_digit())
        && !identifier::is_guid(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_nearly_a_guid() {
        for (id, expected) in [
            ("123456W77E24E4D85F80597083CB830", true),
            ("8A34A46B3D174ADC8DCEDC4E7D572698", false),
            ("8a34a46b-3d17-4adc-8dce-dc4e7d57269", true),
            ("AAMkAGUzYzhlZTgwLTQ3YzItNGZkZS05", false),
            ("19:cbee7c1c860e465f8258e3cebf7bee0d@thread.skype", false),
            ("id-value", false),
        ] {
            assert_eq!(is_nearly_guid(id), expected, "{id}");
        }
    }

    #[test]
    fn a_line_has_a_whole_value() {
        let lines = ["a-1 b", "/calls/a-1/x", "a-12"];
        assert_eq!(line_with(&lines, "a-1", 1, 9), Some(1));
        assert_eq!(line_with(&lines, "a-1", 2, 9), Some(2));
        assert_eq!(line_with(&lines, "a-1", 2, 2), None);
        assert_eq!(line_with(&lines, "a-1", 3, 9), None);
    }
}
