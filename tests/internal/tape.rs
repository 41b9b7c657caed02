//! A recording under construction, and the messages of calls as they are spoken.

#![expect(
    clippy::needless_pass_by_value,
    reason = "the rows are read more easily without references"
)]

use serde_json::{Value, json};

use crate::cassette::format::{Direction, Exchange};
use crate::cassette::recording::Recording;
use crate::http::message::{Body, Request, Response};
use crate::judge::recording::check::{Checked, check};
use crate::judge::{Case, Options};

pub(super) const CALL: &str = "6ad1c4f0-3b7e-4a55-9d0f-0c1d2e3f4a5b";
pub(super) const OTHER_CALL: &str = "7be2d501-4c8f-4b66-8e10-1d2e3f4a5b6c";
pub(super) const OPERATION: &str = "90c3e712-5d90-4c77-9f21-2e3f4a5b6c7d";
pub(super) const SECOND_OPERATION: &str = "a1d4f823-6ea1-4d88-8032-3f4a5b6c7d8e";
pub(super) const ANNA: &str = "b2e50934-7fb2-4e99-9143-4a5b6c7d8e9f";
pub(super) const BERT: &str = "c3f61a45-80c3-4faa-8254-5b6c7d8e9fa0";
pub(super) const CLARA: &str = "d4072b56-91d4-40bb-9365-6c7d8e9fa0b1";
pub(super) const CALLBACK: &str = "/bot/calls";

/// What stands in the paths of operations that only beta documents.
const OF_BETA: [&str; 3] = ["audioRoutingGroups", "muteAll", "configureMixer"];

/// A recording under construction; times are in milliseconds.
pub(super) struct Tape {
    pub(super) exchanges: Vec<Exchange>,
    at: u64,
}

impl Tape {
    pub(super) const fn new() -> Self {
        Self {
            exchanges: Vec::new(),
            at: 0,
        }
    }

    pub(super) fn wait(mut self, ms: u64) -> Self {
        self.at += ms;
        self
    }

    pub(super) fn push(&mut self, direction: Direction, request: Request, response: Response) {
        let number = self.exchanges.len() as u64 + 1;
        self.at += 100;
        self.exchanges.push(Exchange {
            at_ms: self.at,
            took_ms: 5,
            response: Some(response),
            ..Exchange::new(number, direction, request)
        });
    }

    pub(super) fn last(&mut self) -> &mut Exchange {
        self.exchanges.last_mut().expect("an exchange")
    }

    /// Changes the last exchange.
    pub(super) fn but(mut self, change: impl FnOnce(&mut Exchange)) -> Self {
        change(self.last());
        self
    }

    /// The bot sends a request about the call, or about calls where the path begins with a slash.
    pub(super) fn request(
        mut self,
        method: &str,
        path: &str,
        body: Value,
        status: u16,
        answer: Value,
    ) -> Self {
        let is_of_beta = OF_BETA.iter().any(|it| path.contains(it));
        let version = if is_of_beta { "beta" } else { "v1.0" };
        let below = match path.strip_prefix('/') {
            Some(path) => path.to_owned(),
            None if path.is_empty() || path.starts_with('?') => format!("calls/{CALL}{path}"),
            None => format!("calls/{CALL}/{path}"),
        };
        let target = format!("/{version}/communications/{below}");
        let mut request = Request::new(method, target);
        request.headers.push("Authorization", "Bearer abcdefgh");
        request
            .headers
            .push("Scenario-Id", "11111111-2222-4333-8444-555555555555");
        if !body.is_null() {
            request
                .headers
                .push("Content-Type", "application/json; charset=utf-8");
            request.body = Body::Json(body);
        }
        let mut response = Response::new(status);
        if answer.is_null() {
            response.headers.push("Content-Length", "0");
        } else {
            response.headers.push("Content-Type", "application/json");
            response.body = Body::Json(answer);
        }
        self.push(Direction::Request, request, response);
        self
    }

    /// The service sends a notification with these changes.
    pub(super) fn tells(mut self, changes: Value) -> Self {
        let mut request = Request::new("POST", CALLBACK);
        request.headers.push("Authorization", "Bearer abcdefgh");
        request.headers.push("Content-Type", "application/json");
        request.body = Body::Json(json!({"value": changes}));
        self.push(Direction::Notification, request, Response::new(202));
        self
    }

    pub(super) fn invite(self, people: Value) -> Self {
        let body = json!({"participants": people, "clientContext": "context-1"});
        self.request(
            "POST",
            "participants/invite",
            body,
            200,
            running(OPERATION, "context-1"),
        )
    }

    pub(super) fn ends(self, people: Value) -> Self {
        self.tells(json!([end(OPERATION, "completed", "context-1", people)]))
    }

    pub(super) fn roster(self, people: &[(&str, &str)]) -> Self {
        self.tells(json!([roster(people)]))
    }

    /// The bot mutes or unmutes itself, at once.
    pub(super) fn mutes(self, action: &str, operation: &str) -> Self {
        let answer = json!({"id": operation, "status": "completed", "clientContext": "context-1"});
        self.request(
            "POST",
            action,
            json!({"clientContext": "context-1"}),
            200,
            answer,
        )
    }

    pub(super) fn keeps_alive(self) -> Self {
        self.request("POST", "keepAlive", Value::Null, 200, Value::Null)
    }

    pub(super) fn incoming(self) -> Self {
        self.tells(json!([call(
            "created",
            json!({"state": "incoming", "id": CALL,
            "source": {"identity": {"user": {"id": ANNA}}},
            "targets": [{"identity": {"application": {"id": BERT}}}]})
        )]))
    }

    pub(super) fn answers(self) -> Self {
        let body = answer(json!(format!("https://bot.example{CALLBACK}")));
        self.request("POST", "answer", body, 202, Value::Null)
    }

    /// The bot answers the call with this callback, to which the service spells the path as it likes.
    pub(super) fn answers_at(self, callback: &str, target: &str) -> Self {
        self.incoming()
            .answers()
            .but(|it| it.request.body = Body::Json(answer(json!(callback))))
            .is("established")
            .but(|it| target.clone_into(&mut it.request.target))
    }

    /// The bot rejects the call, which the service takes or refuses.
    pub(super) fn rejects(self, status: u16) -> Self {
        let refusal = if status < 300 {
            Value::Null
        } else {
            error("Conflict")
        };
        self.request("POST", "reject", json!({"reason": "busy"}), status, refusal)
    }

    /// The bot mutes one participant, but not all.
    pub(super) fn mutes_one(self) -> Self {
        let answer = json!({"id": OPERATION, "status": "completed", "clientContext": "context-1"});
        let body = json!({"participants": ["1"], "clientContext": "context-1"});
        self.request("POST", "participants/muteAll", body, 200, answer)
    }

    /// The bot changes the status of its recording, at once.
    pub(super) fn records(self, status: &str, operation: &str) -> Self {
        let answer = json!({"id": operation, "status": "completed", "clientContext": status});
        let body = json!({"status": status, "clientContext": status});
        self.request("POST", "updateRecordingStatus", body, 200, answer)
    }

    /// The bot transfers an established call.
    pub(super) fn transfers(self) -> Self {
        let body = json!({"transferTarget": user(ANNA)});
        self.is("established")
            .request("POST", "transfer", body, 202, Value::Null)
    }

    /// The bot plays a prompt.
    pub(super) fn plays(self, mut body: Value) -> Self {
        body["prompts"] = json!([{"mediaInfo": {"uri": "https://bot.example/a.wav"}}]);
        self.request(
            "POST",
            "playPrompt",
            body,
            200,
            running(OPERATION, "context-1"),
        )
    }

    /// The prompt has ended; its data have this id.
    pub(super) fn stops_playing(self, id: &str) -> Self {
        self.tells(json!([{"changeType": "deleted",
            "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
            "resourceData": {"id": id, "status": "completed"}}]))
    }

    /// The bot cancels media, at once.
    pub(super) fn cancels(self) -> Self {
        self.request(
            "POST",
            "cancelMediaProcessing",
            json!({"clientContext": "context-2"}),
            200,
            json!({"id": SECOND_OPERATION, "status": "completed", "clientContext": "context-2"}),
        )
    }

    pub(super) fn makes_a_group(self) -> Self {
        let group = json!({"routingMode": "oneToOne", "sources": ["1"], "receivers": ["2"]});
        let mut made = group.clone();
        made["id"] = json!("9");
        self.request("POST", "audioRoutingGroups", group, 200, made)
            .but(of_beta)
    }

    pub(super) fn is(self, state: &str) -> Self {
        self.tells(json!([call("updated", json!({"state": state}))]))
    }

    pub(super) fn deleted(self) -> Self {
        let result = json!({"code": 200, "subcode": 0, "message": "over"});
        self.tells(json!([call(
            "deleted",
            json!({"state": "terminated", "resultInfo": result})
        )]))
    }

    /// Qualified names, a call that is kept alive, reads, two invitations that overlap, and the end of the call.
    pub(super) fn does_several_things_at_once(self) -> Self {
        self.request(
            "POST",
            "/calls",
            create(),
            201,
            json!({"id": CALL, "state": "establishing"}),
        )
        .is("establishing")
        .is("established")
        .roster(&[("1", ANNA)])
        .request(
            "POST",
            "participants/microsoft.graph.invite",
            json!({"participants": [user(BERT)], "clientContext": "context-1"}),
            200,
            running(OPERATION, "context-1"),
        )
        .request(
            "POST",
            "microsoft.graph.keepAlive",
            Value::Null,
            200,
            Value::Null,
        )
        .request(
            "POST",
            "participants/microsoft.graph.invite",
            json!({"participants": [user(CLARA)], "clientContext": "context-2"}),
            200,
            running(SECOND_OPERATION, "context-2"),
        )
        .request(
            "GET",
            "",
            Value::Null,
            200,
            json!({"id": CALL, "state": "established"}),
        )
        .tells(json!([end(
            SECOND_OPERATION,
            "completed",
            "context-2",
            json!([user(CLARA)])
        )]))
        .ends(json!([user(BERT)]))
        .request(
            "GET",
            "participants",
            Value::Null,
            200,
            json!({"value": [member("1", ANNA), member("2", BERT), member("3", CLARA)]}),
        )
        .roster(&[("1", ANNA), ("2", BERT), ("3", CLARA)])
        .request("DELETE", "", Value::Null, 204, Value::Null)
        .deleted()
    }

    pub(super) fn check(self) -> Checked {
        self.check_beside(&[])
    }

    /// Also lists which of the scenarios it shows.
    pub(super) fn check_beside(self, cases: &[Case]) -> Checked {
        let lines = self.exchanges.into_iter().enumerate();
        let directions = vec![Direction::Request, Direction::Notification];
        let recording = Recording::new("tape", directions, lines);
        check("tape.jsonl", &recording, cases, &Options::default())
    }
}

pub(super) fn user(id: &str) -> Value {
    json!({"identity": {"user": {"id": id}}})
}

pub(super) fn running(id: &str, context: &str) -> Value {
    json!({"id": id, "status": "running", "clientContext": context})
}

pub(super) fn end(id: &str, status: &str, context: &str, people: Value) -> Value {
    json!({"changeType": "deleted",
        "resource": format!("/app/calls/{CALL}/operations/{id}"),
        "resourceUrl": format!("/communications/calls/{CALL}/operations/{id}"),
        "resourceData": {"@odata.type": "#microsoft.graph.inviteParticipantsOperation",
            "id": id, "status": status, "clientContext": context, "participants": people}})
}

pub(super) fn member(id: &str, person: &str) -> Value {
    json!({"id": id, "info": {"identity": {"user": {"id": person}}}, "isMuted": false})
}

pub(super) fn roster(people: &[(&str, &str)]) -> Value {
    let members = people.iter().map(|(id, person)| member(id, person));
    let members: Vec<Value> = members.collect();
    json!({"changeType": "updated", "resource": format!("/app/calls/{CALL}/participants"),
        "resourceData": members})
}

pub(super) fn call(change: &str, data: Value) -> Value {
    json!({"changeType": change, "resourceUrl": format!("/communications/calls/{CALL}"),
        "resourceData": data})
}

pub(super) fn session(change: &str, id: &str) -> Value {
    json!({"changeType": change,
        "resource": format!("/app/calls/{CALL}/contentSharingSessions/{id}"), "resourceData": {"id": id}})
}

pub(super) fn sessions(change: &str, ids: &[&str]) -> Value {
    let sessions: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    json!({"changeType": change,
        "resourceUrl": format!("/communications/calls/{CALL}/contentsharingsessions"), "resourceData": sessions})
}

pub(super) fn muted(id: &str, is_muted: bool) -> Value {
    json!([{"changeType": "updated", "resource": format!("/app/calls/{CALL}/participants"),
        "resourceData": [{"id": id, "isMuted": is_muted,
            "info": {"identity": {"user": {"id": ANNA}}}}]}])
}

/// A roster with the bot, whose recording has this status.
pub(super) fn recording(status: &str) -> Value {
    let mut bot = member("1", BERT);
    bot["recordingInfo"] = json!({"recordingStatus": status});
    json!([{"changeType": "updated", "resource": format!("/app/calls/{CALL}/participants"),
        "resourceData": [bot]}])
}

/// The end of an operation of a kind that no page documents.
pub(super) fn unknown_operation(kind: &str) -> Value {
    json!([{"changeType": "deleted", "resource": format!("/app/calls/{CALL}/operations/{OPERATION}"),
        "resourceData": {"@odata.type": format!("#microsoft.graph.{kind}"), "id": OPERATION,
            "status": "completed"}}])
}

pub(super) fn without(mut value: Value, name: &str) -> Value {
    value.as_object_mut().expect("an object").remove(name);
    value
}

/// Only beta documents it.
pub(super) fn of_beta(exchange: &mut Exchange) {
    exchange.request.target = exchange.request.target.replace("/v1.0/", "/beta/");
}

/// Adds a tag and a time to the data of a notification.
pub(super) fn tag(exchange: &mut Exchange, tag: &str, time: &str) {
    if let Body::Json(body) = &mut exchange.request.body {
        let data = &mut body["value"][0]["resourceData"];
        data["@odata.etag"] = json!(tag);
        data["createdDateTime"] = json!(time);
    }
}

pub(super) fn error(code: &str) -> Value {
    json!({"error": {"code": code, "message": "no"}})
}

pub(super) fn without_token(exchange: &mut Exchange) {
    let headers = &exchange.request.headers;
    exchange.request.headers = headers
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("Authorization"))
        .collect();
}

pub(super) fn create() -> Value {
    json!({"callbackUri": format!("https://bot.example{CALLBACK}"), "requestedModalities": ["audio"],
        "targets": [user(ANNA)],
        "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}})
}

pub(super) fn answer(callback: Value) -> Value {
    json!({"callbackUri": callback, "acceptedModalities": ["audio"],
        "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}})
}
