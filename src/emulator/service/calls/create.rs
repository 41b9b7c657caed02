//! `POST …/calls`: calls people, or joins a meeting.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::bot_member;
use crate::emulator::service::errors::Refusal;
use crate::emulator::service::message::Answer;
use crate::emulator::service::mutant;
use crate::emulator::service::operations::Routed;
use crate::emulator::service::pages::{Edition, Pages, result_info};
use crate::emulator::service::parameters::{Parameters, object, required};
use crate::emulator::service::people::{joining, notifies_sessions};
use crate::emulator::service::state::{
    About, CallKind, CallState, Effect, Group, Invitee, Line, Notification, Queue,
};
use crate::emulator::service::{Outcome, Service};

/// The most people that a group call can be created with.
const MOST_TARGETS: usize = 5;

/// The properties of the request that the resource repeats.
const REPEATED: [&str; 11] = [
    "subject",
    "source",
    "targets",
    "requestedModalities",
    "mediaConfig",
    "callOptions",
    "chatInfo",
    "meetingInfo",
    "routingPolicies",
    "ringingTimeoutInSeconds",
    "tenantId",
];

/// A request to create a call.
struct NewCall<'r> {
    callback: &'r str,
    modalities: Value,
    kind: CallKind,
    source: Option<&'r Value>,
    targets: Vec<Invitee>,
    /// Chat and meeting, which notifications of a joined meeting repeat.
    meeting: Map<String, Value>,
    /// False for a meeting that waits for its organizer: nothing of it is notified but the state.
    has_begun: bool,
    details: Map<String, Value>,
    notifies_sessions: bool,
}

impl<'r> NewCall<'r> {
    fn read(body: &'r Map<String, Value>, edition: Edition) -> Result<Self, Refusal> {
        let parameters = Parameters::of(body);
        let targets = parameters.people("targets", MOST_TARGETS)?;
        let meeting = parameters.object("meetingInfo")?;
        let chat = parameters.object("chatInfo")?;
        parameters.modalities("requestedModalities")?;
        parameters.number("ringingTimeoutInSeconds", 0..=115)?;
        let media = parameters.object("mediaConfig")?;
        if !edition.is_terse() && (!targets.is_empty() || meeting.is_some()) {
            required("mediaConfig", media)?;
        }
        let has_begun = meeting.map(has_begun).transpose()?.unwrap_or(false);
        let has_thread = chat.is_some_and(|info| {
            let thread = info.get("threadId").and_then(Value::as_str);
            thread.is_some_and(|thread| !thread.is_empty())
        });
        let is_group = has_thread || meeting.is_some() || targets.len() > 1;
        let take = |names: &[&str]| -> Map<String, Value> {
            let given = names.iter().filter_map(|name| {
                let value = parameters.value(name)?;
                Some(((*name).to_owned(), value.clone()))
            });
            given.collect()
        };
        Ok(Self {
            callback: callback(parameters)?,
            modalities: parameters
                .value("requestedModalities")
                .cloned()
                .unwrap_or(json!([])),
            kind: if is_group {
                CallKind::Group
            } else {
                CallKind::Peer
            },
            source: body.get("source"),
            targets,
            meeting: if has_begun {
                take(&["chatInfo", "meetingInfo"])
            } else {
                Map::new()
            },
            has_begun,
            details: take(&REPEATED),
            notifies_sessions: notifies_sessions(parameters)?,
        })
    }
}

impl Service {
    /// An outgoing call of the bot, established at once.
    pub(in crate::emulator::service) fn create(
        self: &Arc<Self>,
        routed: &Routed<'_>,
    ) -> Result<Outcome, Refusal> {
        let new = NewCall::read(object(&routed.request.body)?, self.pages.edition)?;
        let (id, queue) =
            self.new_call(new.callback, CallState::Establishing, "outgoing", new.kind);
        let mut state = self.state();
        let call = state.live(&id)?;
        call.members.push(bot_member(new.source));
        call.details.clone_from(&new.details);
        call.notifies_sessions = new.notifies_sessions;
        call.scenario = routed.request.headers.get("Scenario-Id").map(str::to_owned);

        let mut answer = Answer::new(201);
        // The create page shows the call in the answer; the invite pages of 2019 show none.
        if !self.pages.edition.is_terse() || routed.prefix.starts_with("/v1.0") {
            answer = Answer::json(201, Pages::whole_call(call));
        }
        answer.location = Some(format!("{}{}/calls/{id}", self.url, routed.prefix));
        mutant::created(self.mutant, &mut answer);
        drop(state);
        let mut notifications = self.notifications_of_creation(&id, &new);
        mutant::notifications(self.mutant, &mut notifications, None);
        let groups = self.establish(&id, queue, &new, notifications);
        self.watch_keep_alive(&id);
        Ok(Outcome {
            answer,
            groups,
            may_be_early: false,
        })
    }

    fn notifications_of_creation(&self, id: &str, new: &NewCall<'_>) -> Vec<Notification> {
        let with_meeting = |mut more: Value| {
            if let Some(more) = more.as_object_mut() {
                more.extend(new.meeting.clone());
            }
            more
        };
        let notify = |about, more| self.call_notification(id, new.callback, about, more);
        vec![
            notify(
                About::Establishing,
                with_meeting(json!({"direction": "outgoing"})),
            ),
            notify(
                About::Established,
                with_meeting(json!({"direction": "outgoing", "activeModalities": new.modalities})),
            ),
        ]
    }

    /// Adds what follows an established call: details and the roster of a group or a meeting. A peer that
    /// cannot be reached ends the call instead.
    fn establish(
        self: &Arc<Self>,
        id: &str,
        queue: Queue,
        new: &NewCall<'_>,
        mut notifications: Vec<Notification>,
    ) -> Vec<(Queue, Group)> {
        let fails = new.targets.iter().any(|it| self.state().fails(it.id()));
        if fails && new.targets.len() == 1 {
            notifications.truncate(1);
            let result = result_info(480, 10076, "Nobody could be reached.");
            let end = self.delete_call(id, false, json!({"resultInfo": result}));
            notifications.extend(end.into_iter().flat_map(|(_, group)| group.notifications));
            return vec![(queue, Group::new(notifications))];
        }
        let mut state = self.state();
        let Ok(call) = state.live(id) else {
            return Vec::new();
        };
        let line = Line {
            call: id.to_owned(),
            callback: new.callback.to_owned(),
            queue,
        };
        let others = joining(&new.targets, call.members.len());
        let is_meeting = new.has_begun && !self.pages.edition.is_terse();
        if is_meeting {
            let active =
                json!({"@odata.type": "#microsoft.graph.callMediaState", "audio": "active"});
            let more = json!({"mediaState": active});
            notifications.push(self.line_notification(&line, About::Detail, more));
        }
        if is_meeting || others.len() > 1 {
            let mut roster = call.members.clone();
            roster.extend(others.iter().cloned());
            let mut notification = self.roster_notification(&line, &roster);
            notification.effect = Some(Effect::Join(line.call.clone(), others));
            notifications.push(notification);
        } else {
            call.members.extend(others);
        }
        vec![(line.queue, Group::new(notifications))]
    }
}

/// The callback URL in a body: `callback` in 2019-05, `callbackUri` later.
fn callback(parameters: Parameters<'_>) -> Result<&str, Refusal> {
    let callback = match parameters.callback("callbackUri")? {
        Some(callback) => Some(callback),
        None => parameters.callback("callback")?,
    };
    callback.ok_or_else(|| Refusal::bad_request("The body must name a callback, an absolute URL."))
}

/// A meeting is named by its organizer, a token or an id. One of an organizer waits for the organizer unless
/// the request allows a conversation without.
fn has_begun(meeting: &Map<String, Value>) -> Result<bool, Refusal> {
    let meeting = Parameters::of(meeting);
    if meeting.object("organizer")?.is_some() {
        let allowed = meeting.flag("allowConversationWithoutHost")?;
        return Ok(allowed.unwrap_or(false));
    }
    for name in ["token", "joinMeetingId"] {
        meeting.text(name)?;
    }
    Ok(true)
}
