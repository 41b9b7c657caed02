//! Alterations: one change to the messages of one operation. The mutants and the variants of operations are rows of
//! tables; this module has the type of a row, and applies it.

use serde_json::Value;

use crate::emulator::body::{Edit, each_object, remove, set, value};
use crate::emulator::new_id;
use crate::emulator::service::errors::Refusal;
use crate::emulator::service::message::Answer;
use crate::emulator::service::operations::{Operation, ROUTES};
use crate::emulator::service::state::{About, Notification};
use crate::emulator::service::{Outcome, Service};
use crate::http::message::Body;

/// An operation with one change to what it does on the wire.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AlteredOperation {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// The requirement that a mutant breaks, by its name in reports. Empty for a variant.
    pub(crate) breaks: &'static str,
    pub(in crate::emulator::service) operation: Operation,
    pub(in crate::emulator::service) alteration: Alteration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::emulator::service) enum Alteration {
    /// Another status.
    Status(u16),
    /// An error instead of the normal response, although the request is processed.
    Refused(u16),
    NoBody,
    /// This JSON as body.
    Body(&'static str),
    NoMediaType,
    ExtraHeader,
    NoLocation,
    /// `Location` ends with another identifier.
    OtherLocation,
    /// An edit of the answer's body.
    Answer(&'static str, Edit),
    /// The answer and what it notifies are as they must be, and the change is not made.
    Undone,
    /// Notifications of this kind are not sent.
    Missing(About),
    Twice(About),
    /// An edit of the entries of this kind.
    Entry(About, &'static str, Edit),
    /// Entries of this kind name other people.
    OtherPeople(About),
    /// The operation is notified as running before its end.
    ProgressFirst,
    /// An edit of the last segment of the resource of entries of this kind.
    OtherResource(About),
    /// An entry about another call of the same kind follows each of this kind.
    AndAnotherCall(About),
    /// Notifications go to another address.
    OtherCallback,
}

impl AlteredOperation {
    /// The method and the path of the operation, below the prefix. `{}` is an identifier.
    pub(crate) fn request(&self) -> Option<(&'static str, &'static str)> {
        let route = ROUTES.iter().find(|it| it.operation == self.operation)?;
        Some((route.method, route.path))
    }
}

impl Alteration {
    pub(in crate::emulator::service) fn answer(self, answer: &mut Answer) {
        match self {
            Self::Status(status) => answer.status = status,
            Self::Refused(403) => *answer = Refusal::forbidden("This is not allowed.").into(),
            Self::Refused(404) => *answer = Refusal::not_found("Nothing is here.").into(),
            Self::Refused(_) => *answer = Refusal::server_error("Something went wrong.").into(),
            Self::NoBody => answer.content = Body::Empty,
            Self::Body(json) => answer.content = Body::Json(value(json)),
            Self::NoMediaType => answer.fields.retain(|(name, _)| *name != "Content-Type"),
            Self::ExtraHeader => answer.fields.push(("X-Nobody-Knows", "this".to_owned())),
            Self::NoLocation => answer.location = None,
            Self::OtherLocation => {
                if let Some((above, _)) = answer
                    .location
                    .as_deref()
                    .and_then(|it| it.rsplit_once('/'))
                {
                    answer.location = Some(format!("{above}/{}", new_id()));
                }
            }
            Self::Answer(pointer, edit) => {
                if let Some(body) = answer.content.json_mut() {
                    edit.apply(body, pointer);
                }
            }
            _ => {}
        }
    }

    pub(in crate::emulator::service) fn notifications(self, notifications: &mut Vec<Notification>) {
        match self {
            Self::Missing(about) => notifications.retain(|it| it.about != about),
            Self::Twice(about) => follow(notifications, about, |_| {}),
            Self::AndAnotherCall(about) => follow(notifications, about, |copy| {
                other_call(&mut copy.entry);
                copy.effect = None;
            }),
            Self::Entry(about, pointer, edit) => {
                for notification in notifications.iter_mut().filter(|it| it.about == about) {
                    edit.apply(&mut notification.entry, pointer);
                }
            }
            Self::OtherPeople(about) => {
                for notification in notifications.iter_mut().filter(|it| it.about == about) {
                    each_object(&mut notification.entry, &mut |object| {
                        if object.contains_key("id") {
                            object.insert("id".to_owned(), new_id().into());
                        }
                    });
                }
            }
            Self::ProgressFirst => progress_first(notifications),
            Self::OtherResource(about) => {
                for notification in notifications.iter_mut().filter(|it| it.about == about) {
                    let id = new_id();
                    each_resource(&mut notification.entry, |resource| {
                        let above = resource.rsplit_once('/').map_or("", |(above, _)| above);
                        format!("{above}/{id}")
                    });
                }
            }
            Self::OtherCallback => {
                for notification in notifications {
                    notification.callback.push_str("/elsewhere");
                }
            }
            _ => {}
        }
    }
}

impl Service {
    pub(in crate::emulator::service) fn alter(&self, cause: Operation, outcome: &mut Outcome) {
        if let Some(altered) = self.altered.filter(|it| it.operation == cause) {
            altered.alteration.answer(&mut outcome.answer);
            for (_, group) in &mut outcome.groups {
                altered.alteration.notifications(&mut group.notifications);
            }
        }
    }

    /// Alters notifications that follow an operation later.
    pub(in crate::emulator::service) fn alter_notifications(
        &self,
        cause: Operation,
        notifications: &mut Vec<Notification>,
    ) {
        if let Some(altered) = self.altered.filter(|it| it.operation == cause) {
            altered.alteration.notifications(notifications);
        }
    }

    /// False for an operation that makes no change.
    pub(in crate::emulator::service) fn does(&self, operation: Operation) -> bool {
        let undone = |it: &&AlteredOperation| {
            it.operation == operation && it.alteration == Alteration::Undone
        };
        !self.altered.as_ref().is_some_and(undone)
    }
}

/// Adds a running copy before the end of an operation.
fn progress_first(notifications: &mut Vec<Notification>) {
    if let Some(end) = notifications.iter().position(|it| it.about == About::End) {
        let mut progress = notifications[end].clone();
        progress.about = About::Progress;
        progress.effect = None;
        set(&mut progress.entry, "/changeType", "updated");
        set(&mut progress.entry, "/resourceData/status", "running");
        remove(&mut progress.entry, "/resourceData/resultInfo");
        notifications.insert(end, progress);
    }
}

/// Adds a changed copy after each notification of a kind.
fn follow(notifications: &mut Vec<Notification>, about: About, change: impl Fn(&mut Notification)) {
    let given = std::mem::take(notifications);
    for notification in given {
        let copy = (notification.about == about).then(|| {
            let mut copy = notification.clone();
            change(&mut copy);
            copy
        });
        notifications.push(notification);
        notifications.extend(copy);
    }
}

/// Makes the entry one about a call that nobody knows.
fn other_call(entry: &mut Value) {
    let id = new_id();
    each_resource(entry, |resource| {
        let segments: Vec<&str> = resource.split('/').collect();
        let call = segments.iter().position(|segment| *segment == "calls");
        let renamed = segments.iter().enumerate().map(|(index, segment)| {
            if call.is_some_and(|call| index == call + 1) {
                id.as_str()
            } else {
                segment
            }
        });
        renamed.collect::<Vec<_>>().join("/")
    });
    if entry.pointer("/resourceData/id").is_some() {
        set(entry, "/resourceData/id", id);
    }
}

fn each_resource(entry: &mut Value, rename: impl Fn(&str) -> String) {
    for pointer in ["/resource", "/resourceUrl", "/resourceData/@odata.id"] {
        if let Some(resource) = entry.pointer(pointer).and_then(Value::as_str).map(&rename) {
            set(entry, pointer, resource);
        }
    }
}
