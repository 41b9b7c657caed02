//! Compares the people of a request with the people in its effects.

use serde_json::Value;

use crate::api::identifier;
use crate::diagnostic::pointer::{Path, Pointer};

use super::super::json::property;
use super::super::message::Message;
use super::super::people;
use super::super::remark::Remark;
use super::super::variables::is_placeholder;
use super::rules;
use super::view::{View, objects, text};

/// An identity in a message.
struct Identity {
    /// The name of its kind, such as `user`.
    kind: String,
    id: String,
    line: usize,
}

/// Identities of one kind in a request, and of another kind in its effects.
pub(super) fn check(view: &View<'_, '_>, found: &mut Vec<Remark>) {
    for exchange in &view.exchanges {
        let Some(request) = exchange.request.map(|index| &view.messages[index]) else {
            continue;
        };
        let asked = identities(request);
        if asked.is_empty() || !invites(request) {
            continue;
        }
        let effects = exchange.answers.iter().chain(&exchange.notifications);
        for message in effects.map(|index| &view.messages[*index]) {
            for shown in identities(message) {
                let mut same = asked
                    .iter()
                    .filter(|it| identifier::same(&it.id, &shown.id))
                    .peekable();
                let Some(first) = same.peek() else {
                    continue;
                };
                let (other, kind) = (first.line, &first.kind);
                if same.all(|it| it.kind != shown.kind) {
                    let message = format!(
                        "the identity has the kind `{}` here, but `{kind}` in the request",
                        shown.kind
                    );
                    let lines = [shown.line, other];
                    found.push(view.pair(&rules::IDENTITY_KIND, lines, message));
                }
            }
        }
    }
}

/// True for a request that names people in `participants`.
fn invites(request: &Message<'_>) -> bool {
    let body = request.body.json();
    body.is_some_and(|body| property(body, "participants").is_array())
}

/// The identities in the identity sets of a message.
fn identities(message: &Message<'_>) -> Vec<Identity> {
    let mut found = Vec::new();
    let Some(body) = message.body.json() else {
        return found;
    };
    let root = Pointer::root();
    objects(body, &Path::At(&root), "", &mut |at, name, object| {
        if name == "identity" {
            found.extend(members(message, at, object));
        }
    });
    found
}

fn members(message: &Message<'_>, at: &Path<'_>, set: &Value) -> Vec<Identity> {
    let kinds = set.as_object().into_iter().flatten();
    let members = kinds.filter_map(|(kind, identity)| {
        let id = text(identity, "id").filter(|id| !is_placeholder(id))?;
        people::kind_of(kind, true)?;
        Some(Identity {
            kind: kind.clone(),
            id: id.to_owned(),
            line: View::body_line(message, &Path::Key(at, kind).pointer()),
        })
    });
    members.collect()
}
