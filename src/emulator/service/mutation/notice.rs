//! Faults inside one notification, and in how it is posted.

use serde_json::{Value, json};

use super::Fault;
use super::answer::{add_stranger, change_kind, rename_first};
use crate::api::resource::Resource;
use crate::emulator::content::Content;
use crate::emulator::edit::{each_object, remove, replace, set};
use crate::emulator::fresh_id;
use crate::emulator::service::draft::Post;

/// The post of one or several notifications.
pub(in crate::emulator::service) fn post(fault: Option<Fault>, post: &mut Post) {
    let Some(fault) = fault else { return };
    match fault {
        Fault::Put => post.method = "PUT",
        Fault::Get => {
            post.method = "GET";
            post.content = Content::Nothing;
        }
        Fault::NotificationNotJson => post.media_type = Some("text/plain"),
        Fault::NotificationUntyped => post.media_type = None,
        Fault::NotificationEmpty => post.content = Content::Nothing,
        _ => {}
    }
    let Some(body) = post.content.json_mut() else {
        return;
    };
    match fault {
        Fault::ValueMissing => drop(remove(body, "/value")),
        Fault::ValueObject => {
            let first = body.pointer("/value/0").cloned();
            set(body, "/value", first);
        }
        Fault::ValueEmpty => set(body, "/value", json!([])),
        Fault::NotificationInvalidJson => {
            let text = body.to_string();
            post.content = Content::Text(format!("{},}}", text.trim_end_matches('}')));
        }
        _ => {}
    }
}

/// The end of an operation.
pub(super) fn end(fault: Fault, entry: &mut Value) {
    entry_itself(fault, entry);
    match fault {
        Fault::EndOtherOperation => {
            let id = fresh_id();
            rename(entry, |resource| match resource {
                Resource::Operation { call, .. } => format!("calls/{call}/operations/{id}"),
                _ => String::new(),
            });
            replace(entry, "/resourceData/id", id);
        }
        Fault::EndOtherCall => {
            let id = fresh_id();
            rename(entry, |resource| match resource {
                Resource::Operation { operation, .. } => {
                    format!("calls/{id}/operations/{operation}")
                }
                _ => String::new(),
            });
        }
        Fault::EndFailed => {
            set(entry, "/resourceData/status", "failed");
            let result = json!({"code": 500, "subCode": 1, "message": "not today"});
            set(entry, "/resourceData/resultInfo", result);
        }
        Fault::EndRunning => set(entry, "/resourceData/status", "running"),
        Fault::EndStatusMissing => drop(remove(entry, "/resourceData/status")),
        Fault::EndStatusUnknown => set(entry, "/resourceData/status", "finito"),
        Fault::EndTypeWrong => {
            replace(entry, "/resourceData/@odata.type", "#microsoft.graph.call");
        }
        Fault::EndIdOther => set(entry, "/resourceData/id", fresh_id()),
        Fault::EndContextChanged => set(entry, "/resourceData/clientContext", fresh_id()),
        Fault::EndContextNumber => set(entry, "/resourceData/clientContext", 4711),
        Fault::EndParticipantOther => rename_first(entry, "/resourceData/participants"),
        Fault::EndParticipantExtra => add_stranger(entry, "/resourceData/participants"),
        Fault::EndParticipantsMissing => drop(remove(entry, "/resourceData/participants")),
        Fault::FailedWithoutResult => drop(remove(entry, "/resourceData/resultInfo")),
        Fault::FailedCodeText => replace(entry, "/resourceData/resultInfo/code", "500"),
        Fault::FailedMessageNumber => replace(entry, "/resourceData/resultInfo/message", 500),
        _ => {}
    }
}

/// The entry of an end, whatever is in its data.
fn entry_itself(fault: Fault, entry: &mut Value) {
    match fault {
        Fault::EndAsUpdate => set(entry, "/changeType", "updated"),
        Fault::EndAsCreation => set(entry, "/changeType", "created"),
        Fault::ChangeMissing => drop(remove(entry, "/changeType")),
        Fault::ChangeUnknown => set(entry, "/changeType", "vanished"),
        Fault::EndDataMissing => drop(remove(entry, "/resourceData")),
        Fault::EndDataText => set(entry, "/resourceData", "completed"),
        Fault::ResourceMissing => {
            remove(entry, "/resource");
            remove(entry, "/resourceUrl");
        }
        Fault::ResourceNumber => {
            set(entry, "/resource", 4711);
            replace(entry, "/resourceUrl", 4711);
        }
        Fault::ResourcesDisagree => {
            let other = format!("/communications/calls/{0}/operations/{0}", fresh_id());
            set(entry, "/resourceUrl", other);
        }
        _ => {}
    }
}

/// The roster. `replaced` is a call that the operation replaces.
pub(super) fn roster(fault: Fault, entry: &mut Value, replaced: Option<&str>) {
    match (fault, replaced) {
        (Fault::RosterOtherCall, _) => {
            let id = fresh_id();
            rename(entry, |_| format!("calls/{id}/participants"));
        }
        (Fault::RosterReplacedCall, Some(id)) => {
            rename(entry, |_| format!("calls/{id}/participants"));
        }
        (Fault::RosterAsDeletion, _) => set(entry, "/changeType", "deleted"),
        _ => {}
    }
    let Some(Value::Array(members)) = entry.pointer_mut("/resourceData") else {
        return;
    };
    match fault {
        Fault::RosterEmpty => members.clear(),
        Fault::RosterIncomplete if members.len() > 1 => {
            // In the editions that show the whole roster the bot is the last one.
            let invited = |member: &Value| member.pointer("/info/identity/application").is_none();
            if let Some(last) = members.iter().rposition(invited) {
                members.remove(last);
            }
        }
        _ => members.iter_mut().for_each(|m| member(fault, m)),
    }
}

fn member(fault: Fault, member: &mut Value) {
    let stream = |name: &str| format!("/mediaStreams/0/{name}");
    match fault {
        Fault::RosterWithoutInvited => {
            if let Some(identity) = member.pointer_mut("/info/identity") {
                each_object(identity, &mut |object| {
                    if let Some(id) = object.get_mut("id") {
                        *id = fresh_id().into();
                    }
                });
            }
        }
        Fault::RosterOtherKind => change_kind(member, "/info/identity"),
        Fault::RosterInfoMissing => drop(remove(member, "/info")),
        Fault::RosterMutedText => set(member, "/isMuted", "no"),
        Fault::RosterServerMutedNumber => set(member, &stream("serverMuted"), 0),
        Fault::RosterStreamsObject => {
            let first = member.pointer("/mediaStreams/0").cloned();
            set(member, "/mediaStreams", first);
        }
        Fault::StreamDirection => set(member, &stream("direction"), "sideways"),
        Fault::StreamMedia => set(member, &stream("mediaType"), "smell"),
        Fault::StreamSourceNumber => set(member, &stream("sourceId"), 1),
        _ => {}
    }
}

/// Gives the entry's resource another path below the same prefixes.
pub(super) fn rename(entry: &mut Value, path: impl Fn(&Resource) -> String) {
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
