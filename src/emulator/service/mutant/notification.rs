//! Mutants of notifications: their selection, order, bodies and delivery.

use serde_json::{Value, json};

use super::Mutant;
use super::answer::{add_uninvited, change_kind, rename_first};
use crate::api::resource::Resource;
use crate::emulator::body::{each_object, remove, replace, set};
use crate::emulator::new_id;
use crate::emulator::service::message::Post;
use crate::emulator::service::pages::Pages;
use crate::emulator::service::state::{About, CallState, Notification};
use crate::http::message::Body;

/// The notifications that one request causes about its call. `replaced` is a call that an invitation
/// replaces.
pub(in crate::emulator::service) fn notifications(
    mutant: Option<Mutant>,
    notifications: &mut Vec<Notification>,
    replaced: Option<&str>,
) {
    let Some(mutant) = mutant else { return };
    for notification in notifications.iter_mut() {
        match notification.about {
            About::End => end(mutant, &mut notification.entry),
            About::Roster => roster(mutant, &mut notification.entry, replaced),
            About::Incoming => incoming(mutant, notification),
            About::Established if mutant == Mutant::StateUnknown => {
                set(&mut notification.entry, "/resourceData/state", "humming");
            }
            _ => {}
        }
    }
    match mutant {
        Mutant::NoEnd => drop_all(notifications, About::End),
        Mutant::NoRoster => drop_all(notifications, About::Roster),
        Mutant::NeverEstablished => drop_all(notifications, About::Established),
        Mutant::EstablishedFirst => swap(notifications, About::Establishing, About::Established),
        Mutant::EndTwice => after_end(notifications, |_| {}),
        Mutant::AfterEnd => after_end(notifications, |notification| {
            set(&mut notification.entry, "/changeType", "updated");
            set(&mut notification.entry, "/resourceData/status", "running");
        }),
        _ => {}
    }
}

/// The last notifications of a replaced call.
pub(in crate::emulator::service) fn last_notifications(
    mutant: Option<Mutant>,
    notifications: &mut Vec<Notification>,
    pages: Pages,
) {
    match mutant {
        Some(Mutant::NotTerminated) => drop_all(notifications, About::Terminated),
        Some(Mutant::NotDeleted) => drop_all(notifications, About::Deleted),
        Some(Mutant::DeletedFirst) => swap(notifications, About::Terminated, About::Deleted),
        Some(Mutant::OtherCallEnds) => {
            let id = new_id();
            for notification in notifications {
                notification.entry = match notification.about {
                    About::Deleted => pages.call("deleted", &id, CallState::Terminated, json!({})),
                    _ => pages.call("updated", &id, CallState::Terminated, json!({})),
                };
            }
        }
        _ => {}
    }
}

fn incoming(mutant: Mutant, notification: &mut Notification) {
    match mutant {
        Mutant::IncomingAsUpdate => set(&mut notification.entry, "/changeType", "updated"),
        Mutant::IncomingOutgoing => set(
            &mut notification.entry,
            "/resourceData/direction",
            "sideways",
        ),
        _ => {}
    }
}

fn drop_all(notifications: &mut Vec<Notification>, about: About) {
    notifications.retain(|notification| notification.about != about);
}

fn swap(notifications: &mut [Notification], one: About, other: About) {
    let (one, other) = (position(notifications, one), position(notifications, other));
    if let (Some(one), Some(other)) = (one, other) {
        notifications.swap(one, other);
    }
}

fn position(notifications: &[Notification], about: About) -> Option<usize> {
    notifications.iter().position(|it| it.about == about)
}

/// Adds a changed copy of the operation's end after it.
fn after_end(notifications: &mut Vec<Notification>, change: impl Fn(&mut Notification)) {
    if let Some(end) = position(notifications, About::End) {
        let mut copy = notifications[end].clone();
        change(&mut copy);
        notifications.insert(end + 1, copy);
    }
}

/// Adds an unknown call before an operation's end.
/// The post of one or several notifications.
pub(in crate::emulator::service) fn post(mutant: Option<Mutant>, post: &mut Post) {
    let Some(mutant) = mutant else { return };
    match mutant {
        Mutant::Put => post.method = "PUT",
        Mutant::Get => {
            post.method = "GET";
            post.content = Body::Empty;
        }
        Mutant::NotificationNotJson => post.media_type = Some("text/plain"),
        Mutant::NotificationUntyped => post.media_type = None,
        Mutant::NotificationEmpty => post.content = Body::Empty,
        _ => {}
    }
    let Some(body) = post.content.json_mut() else {
        return;
    };
    match mutant {
        Mutant::ValueMissing => drop(remove(body, "/value")),
        Mutant::ValueObject => {
            let first = body.pointer("/value/0").cloned();
            set(body, "/value", first);
        }
        Mutant::ValueEmpty => set(body, "/value", json!([])),
        Mutant::NotificationInvalidJson => {
            let text = body.to_string();
            post.content = Body::Text(format!("{},}}", text.trim_end_matches('}')));
        }
        _ => {}
    }
}

/// The end of an operation.
fn end(mutant: Mutant, entry: &mut Value) {
    entry_itself(mutant, entry);
    match mutant {
        Mutant::EndOtherOperation => {
            let id = new_id();
            rename(entry, |resource| match resource {
                Resource::Operation { call, .. } => format!("calls/{call}/operations/{id}"),
                _ => String::new(),
            });
            replace(entry, "/resourceData/id", id);
        }
        Mutant::EndOtherCall => {
            let id = new_id();
            rename(entry, |resource| match resource {
                Resource::Operation { operation, .. } => {
                    format!("calls/{id}/operations/{operation}")
                }
                _ => String::new(),
            });
        }
        Mutant::EndFailed => {
            set(entry, "/resourceData/status", "failed");
            let result = json!({"code": 500, "subCode": 1, "message": "not today"});
            set(entry, "/resourceData/resultInfo", result);
        }
        Mutant::EndRunning => set(entry, "/resourceData/status", "running"),
        Mutant::EndStatusMissing => drop(remove(entry, "/resourceData/status")),
        Mutant::EndStatusUnknown => set(entry, "/resourceData/status", "finito"),
        Mutant::EndTypeWrong => {
            replace(entry, "/resourceData/@odata.type", "#microsoft.graph.call");
        }
        Mutant::EndIdOther => set(entry, "/resourceData/id", new_id()),
        Mutant::EndContextChanged => set(entry, "/resourceData/clientContext", new_id()),
        Mutant::EndContextNumber => set(entry, "/resourceData/clientContext", 4711),
        Mutant::EndParticipantOther => rename_first(entry, "/resourceData/participants"),
        Mutant::EndParticipantExtra => add_uninvited(entry, "/resourceData/participants"),
        Mutant::EndParticipantsMissing => drop(remove(entry, "/resourceData/participants")),
        Mutant::FailedWithoutResult => drop(remove(entry, "/resourceData/resultInfo")),
        Mutant::FailedCodeText => replace(entry, "/resourceData/resultInfo/code", "500"),
        Mutant::FailedMessageNumber => replace(entry, "/resourceData/resultInfo/message", 500),
        _ => {}
    }
}

/// Properties of an end outside of its data.
fn entry_itself(mutant: Mutant, entry: &mut Value) {
    match mutant {
        Mutant::EndAsUpdate => set(entry, "/changeType", "updated"),
        Mutant::EndAsCreation => set(entry, "/changeType", "created"),
        Mutant::ChangeMissing => drop(remove(entry, "/changeType")),
        Mutant::ChangeUnknown => set(entry, "/changeType", "vanished"),
        Mutant::EndDataMissing => drop(remove(entry, "/resourceData")),
        Mutant::EndDataText => set(entry, "/resourceData", "completed"),
        Mutant::ResourceMissing => {
            remove(entry, "/resource");
            remove(entry, "/resourceUrl");
        }
        Mutant::ResourceNumber => {
            set(entry, "/resource", 4711);
            replace(entry, "/resourceUrl", 4711);
        }
        Mutant::ResourcesDisagree => {
            let other = format!("/communications/calls/{0}/operations/{0}", new_id());
            set(entry, "/resourceUrl", other);
        }
        _ => {}
    }
}

/// `replaced` is a call that the operation replaces.
fn roster(mutant: Mutant, entry: &mut Value, replaced: Option<&str>) {
    match (mutant, replaced) {
        (Mutant::RosterOtherCall, _) => {
            let id = new_id();
            rename(entry, |_| format!("calls/{id}/participants"));
        }
        (Mutant::RosterReplacedCall, Some(id)) => {
            rename(entry, |_| format!("calls/{id}/participants"));
        }
        (Mutant::RosterAsDeletion, _) => set(entry, "/changeType", "deleted"),
        _ => {}
    }
    let Some(Value::Array(members)) = entry.pointer_mut("/resourceData") else {
        return;
    };
    match mutant {
        Mutant::RosterEmpty => members.clear(),
        Mutant::RosterIncomplete if members.len() > 1 => {
            // In the editions with whole rosters the bot is the last member.
            let invited = |member: &Value| member.pointer("/info/identity/application").is_none();
            if let Some(last) = members.iter().rposition(invited) {
                members.remove(last);
            }
        }
        _ => members.iter_mut().for_each(|m| member(mutant, m)),
    }
}

fn member(mutant: Mutant, member: &mut Value) {
    let stream = |name: &str| format!("/mediaStreams/0/{name}");
    match mutant {
        Mutant::RosterWithoutInvited => {
            if let Some(identity) = member.pointer_mut("/info/identity") {
                each_object(identity, &mut |object| {
                    if let Some(id) = object.get_mut("id") {
                        *id = new_id().into();
                    }
                });
            }
        }
        Mutant::RosterOtherKind => change_kind(member, "/info/identity"),
        Mutant::RosterInfoMissing => drop(remove(member, "/info")),
        Mutant::RosterMutedText => set(member, "/isMuted", "no"),
        Mutant::RosterServerMutedNumber => set(member, &stream("serverMuted"), 0),
        Mutant::RosterStreamsObject => {
            let first = member.pointer("/mediaStreams/0").cloned();
            set(member, "/mediaStreams", first);
        }
        Mutant::StreamDirection => set(member, &stream("direction"), "sideways"),
        Mutant::StreamMedia => set(member, &stream("mediaType"), "smell"),
        Mutant::StreamSourceNumber => set(member, &stream("sourceId"), 1),
        _ => {}
    }
}

/// Changes the path of the entry's resource below its prefixes.
fn rename(entry: &mut Value, path: impl Fn(&Resource) -> String) {
    let places = [
        ("/resource", "/app/"),
        ("/resourceUrl", "/communications/"),
        ("/resourceData/@odata.id", "/app/"),
    ];
    for (pointer, prefix) in places {
        let resource = entry.pointer(pointer).and_then(Value::as_str);
        if let Some(resource) = resource.and_then(Resource::parse) {
            set(entry, pointer, format!("{prefix}{}", path(&resource)));
        }
    }
}
