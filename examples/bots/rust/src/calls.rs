//! The actions of the bot on calls, and the choice of one by a trigger.

use std::sync::atomic::{AtomicU64, Ordering};

use hyper::Uri;
use serde_json::{Value, json};

/// The kinds of people and programs that this bot invites.
const KINDS: [&str; 5] = [
    "user",
    "phone",
    "application",
    "applicationInstance",
    "guest",
];

/// People to invite to a call.
pub struct Invitation {
    call: String,
    invitees: Vec<Invitee>,
    context: String,
}

struct Invitee {
    kind: String,
    id: String,
    /// The call with this person that the invitation replaces.
    replaces: Option<String>,
}

impl Invitation {
    /// The invitation for the request of a trigger.
    ///
    /// # Errors
    ///
    /// The reason why the bot declines it.
    pub fn triggered(request: &Value) -> Result<Self, String> {
        let (method, url) = (&request["method"], &request["url"]);
        let call = (method == "POST")
            .then(|| invited_call(url.as_str()?))
            .flatten();
        let call = call.ok_or_else(|| format!("this bot never sends {method} {url}"))?;
        let invitees = request["body"]["participants"].as_array();
        let invitees: Result<Vec<_>, _> =
            invitees.into_iter().flatten().map(Invitee::new).collect();
        Ok(Self {
            call,
            invitees: invitees?,
            context: next_context(),
        })
    }

    /// The path of the request, below the service's address.
    pub fn path(&self) -> String {
        format!("/communications/calls/{}/participants/invite", self.call)
    }

    pub fn body(&self) -> Value {
        let participants: Vec<_> = self.invitees.iter().map(Invitee::participant).collect();
        json!({ "participants": participants, "clientContext": self.context })
    }
}

impl Invitee {
    fn new(participant: &Value) -> Result<Self, String> {
        let identity = &participant["identity"];
        let kind = KINDS.iter().find(|kind| identity[**kind].is_object());
        let kind = kind.ok_or_else(|| format!("this bot does not invite {identity}"))?;
        let id = identity[*kind]["id"].as_str();
        Ok(Self {
            kind: (*kind).to_owned(),
            id: id
                .ok_or("a person without an id cannot be invited")?
                .to_owned(),
            replaces: participant["replacesCallId"].as_str().map(str::to_owned),
        })
    }

    fn participant(&self) -> Value {
        let mut participant = json!({
            "@odata.type": "#microsoft.graph.invitationParticipantInfo",
            "identity": {
                "@odata.type": "#microsoft.graph.identitySet",
                &self.kind: { "@odata.type": "#microsoft.graph.identity", "id": self.id },
            },
        });
        if let Some(call) = &self.replaces {
            participant["replacesCallId"] = json!(call);
        }
        participant
    }
}

/// The call in `…/calls/{call}/participants/invite`, as the URL spells it.
fn invited_call(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    let (before, call) = url
        .path()
        .strip_suffix("/participants/invite")?
        .rsplit_once('/')?;
    before.ends_with("/calls").then(|| call.to_owned())
}

/// A client context, which the service returns in every message about the invitation.
fn next_context() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("invitation-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}
