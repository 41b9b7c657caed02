//! The requests that exercise each operation.

use serde_json::{Value, json};

use super::fixture::participant;
use crate::emulator::service::operations::Operation;

/// A request: method, path, body. In a path, names in braces stand for what exists before.
type Sent = (&'static str, &'static str, Value);

/// The requests that exercise an operation.
pub(super) fn requests(operation: Operation, callback: &str) -> Vec<Sent> {
    of_calls(operation, callback)
        .or_else(|| of_people(operation))
        .or_else(|| of_media(operation))
        .or_else(|| of_groups(operation))
        .unwrap_or_else(|| panic!("nothing exercises {}", operation.name()))
}

fn of_calls(operation: Operation, callback: &str) -> Option<Vec<Sent>> {
    let user = participant("user", "u-7");
    Some(match operation {
        Operation::Create => {
            let body = json!({"callbackUri": callback, "targets": [user], "mediaConfig": {}});
            vec![("POST", "/app/calls", body)]
        }
        Operation::LogDeviceQuality => {
            let path = "/app/calls/logTeleconferenceDeviceQuality";
            vec![("POST", path, json!({"quality": {}}))]
        }
        Operation::GetCall => vec![("GET", "{call}", Value::Null)],
        Operation::Delete => vec![("DELETE", "{call}", Value::Null)],
        Operation::Answer => {
            let body = json!({"acceptedModalities": ["audio"], "mediaConfig": {}});
            vec![("POST", "{incoming}/answer", body)]
        }
        Operation::Reject => vec![("POST", "{incoming}/reject", json!({"reason": "busy"}))],
        Operation::Redirect => {
            vec![("POST", "{incoming}/redirect", json!({"targets": [user]}))]
        }
        Operation::Transfer => {
            let body = json!({"transferTarget": user, "transferee": user});
            vec![
                ("POST", "{control}/failures", json!({})),
                ("POST", "{call}/transfer", body.clone()),
                ("POST", "{call}/transfer", body),
            ]
        }
        Operation::KeepAlive => vec![("POST", "{call}/keepAlive", Value::Null)],
        Operation::GetOperation => vec![("GET", "{call}/operations/{operation}", Value::Null)],
        _ => return None,
    })
}

fn of_people(operation: Operation) -> Option<Vec<Sent>> {
    let context = json!({"clientContext": "c"});
    Some(match operation {
        Operation::ListParticipants => vec![
            ("POST", "{control}/participants", json!({"user": "u-8"})),
            ("GET", "{call}/participants", Value::Null),
        ],
        Operation::GetParticipant => {
            vec![("GET", "{call}/participants/{participant}", Value::Null)]
        }
        Operation::RemoveParticipant => {
            vec![("DELETE", "{call}/participants/{participant}", Value::Null)]
        }
        Operation::Invite => {
            let body = json!({"participants": [participant("user", "u-7")]});
            vec![("POST", "{call}/participants/invite", body)]
        }
        Operation::MuteParticipant => {
            vec![("POST", "{call}/participants/{participant}/mute", context)]
        }
        Operation::MuteAll => vec![("POST", "{call}/participants/muteAll", context)],
        Operation::Mute => vec![("POST", "{call}/mute", context)],
        Operation::Unmute => vec![
            ("POST", "{call}/mute", context.clone()),
            ("POST", "{call}/unmute", context),
        ],
        Operation::ConfigureMixer => {
            let body = json!({"participantMixerLevels": [], "clientContext": "c"});
            vec![("POST", "{call}/participants/configureMixer", body)]
        }
        Operation::StartHoldMusic => {
            vec![(
                "POST",
                "{call}/participants/{participant}/startHoldMusic",
                context,
            )]
        }
        Operation::StopHoldMusic => {
            vec![(
                "POST",
                "{call}/participants/{participant}/stopHoldMusic",
                context,
            )]
        }
        Operation::UpdateMetadata => {
            let body = json!({"metadata": "m", "clientContext": "c"});
            vec![("POST", "{call}/updateMetadata", body)]
        }
        _ => return None,
    })
}

fn of_media(operation: Operation) -> Option<Vec<Sent>> {
    let context = json!({"clientContext": "c"});
    let prompts = json!([{"mediaInfo": {"uri": "https://bot.example/a.wav"}}]);
    Some(match operation {
        Operation::PlayPrompt => {
            let body = json!({"prompts": prompts, "clientContext": "c"});
            vec![("POST", "{call}/playPrompt", body)]
        }
        Operation::RecordResponse => vec![("POST", "{call}/recordResponse", context)],
        Operation::SubscribeToTone => vec![
            ("POST", "{call}/subscribeToTone", context),
            ("POST", "{control}/tones", json!({"tones": ["1"]})),
        ],
        Operation::CancelMedia => {
            let endless = json!({"prompts": prompts, "loop": true});
            vec![
                ("POST", "{call}/playPrompt", endless),
                ("POST", "{call}/cancelMediaProcessing", context),
            ]
        }
        Operation::UpdateRecordingStatus => {
            let body = json!({"status": "recording", "clientContext": "c"});
            vec![("POST", "{call}/updateRecordingStatus", body)]
        }
        Operation::ChangeScreenSharingRole => {
            let body = json!({"role": "sharer"});
            vec![("POST", "{call}/changeScreenSharingRole", body)]
        }
        Operation::AddLargeGalleryView => vec![("POST", "{call}/addLargeGalleryView", context)],
        Operation::ListSessions => vec![("GET", "{call}/contentSharingSessions", Value::Null)],
        Operation::GetSession => vec![
            (
                "GET",
                "{call}/contentSharingSessions/{session}",
                Value::Null,
            ),
            ("POST", "{control}/sessions", Value::Null),
        ],
        _ => return None,
    })
}

fn of_groups(operation: Operation) -> Option<Vec<Sent>> {
    const GROUPS: &str = "{call}/audioRoutingGroups";
    const GROUP: &str = "{call}/audioRoutingGroups/multicast";
    let read = ("GET", GROUP, Value::Null);
    Some(match operation {
        Operation::ListRoutingGroups => vec![("GET", GROUPS, Value::Null)],
        Operation::CreateRoutingGroup => {
            let mode = "multicast";
            let body =
                json!({"id": "a", "routingMode": mode, "sources": ["p"], "receivers": ["q"]});
            vec![
                ("POST", GROUPS, body),
                ("GET", "{call}/audioRoutingGroups/a", Value::Null),
            ]
        }
        Operation::GetRoutingGroup => vec![read],
        Operation::UpdateRoutingGroup => {
            vec![("PATCH", GROUP, json!({"receivers": ["r"]})), read]
        }
        Operation::DeleteRoutingGroup => vec![("DELETE", GROUP, Value::Null), read],
        _ => return None,
    })
}
