//! A scripted party: a conversation as data, played against a judge in simulated time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use crate::api::party::Party;
use crate::http::message::{Body, Headers, Request, Response};
use crate::judge::bindings::{Bindings, Variables};
use crate::judge::page::Page;
use crate::judge::{
    Action, Case, Event, ExchangeId, Judge, Options, Outcome, TransportFailure, TriggerAnswer,
};
use crate::scenario::format::{HeaderFields, Kind, Scenario, ScenarioId, Script, Step};
use crate::scenario::store;
use serde_json::{Value, json};

pub(crate) const DEADLINE: Duration = Duration::from_secs(5);

static BUILT_IN: LazyLock<Vec<Scenario>> =
    LazyLock::new(|| store::invitations().expect("the built-in scenarios are sound"));

pub(crate) fn built_in() -> &'static [Scenario] {
    &BUILT_IN
}

pub(crate) fn judged(scenario: &Scenario) -> impl Iterator<Item = Party> {
    let judges = |role: &Party| crate::judge::judges(&scenario.script, *role);
    [Party::Service, Party::Bot].into_iter().filter(judges)
}

/// The next move of the party.
#[derive(Debug, Clone)]
pub(crate) enum Move {
    /// A service answers the oldest request, a bot the oldest notification.
    Answer(Response),
    /// A service notifies, a bot sends a request.
    Send(Request),
    /// The last message is sent again later: its reply was lost.
    ReplyLost,
    /// The result of the oldest trigger.
    Triggered(TriggerAnswer),
    /// The oldest exchange that the judge began ends without an answer.
    Break(TransportFailure),
    /// The deadline passes, where one is set.
    Silence,
}

/// A conversation of one scenario and role: the moves of the party under test.
pub(crate) struct Talk {
    pub scenario: Arc<Scenario>,
    pub page: Arc<Page>,
    pub role: Party,
    pub options: Options,
    /// The moves, each with its step, counted from 1; 0 for none.
    pub moves: Vec<(usize, Move)>,
    /// The initial values of the variables.
    pub bindings: Bindings,
}

pub(crate) struct Played {
    pub outcome: Outcome,
    /// All actions of the judge.
    pub actions: Vec<Action>,
}

impl Talk {
    /// The conforming conversation of the built-in scenario whose id ends like this.
    pub(crate) fn built_in(id: &str, role: Party) -> Self {
        let scenario = built_in()
            .iter()
            .find(|scenario| scenario.id.as_str().ends_with(id))
            .unwrap_or_else(|| panic!("no scenario {id}"));
        Self::of(scenario, built_in(), role, false)
    }

    /// The conforming conversation of a scenario that a test writes.
    pub(crate) fn written(script: &Value, role: Party) -> Self {
        let script: Script = serde_json::from_value(script.clone()).expect("a sound script");
        let id = ScenarioId::new("mine/v1.0@2024-01/en/written");
        let script = script.into();
        let scenario = Scenario { id, script };
        Self::of(&scenario, std::slice::from_ref(&scenario), role, false)
    }

    /// The conversation of one scenario of a page, among all scenarios.
    pub(crate) fn of(scenario: &Scenario, all: &[Scenario], role: Party, literal: bool) -> Self {
        let key = scenario.id.page_key();
        let page = Page::of(all.iter().filter(|other| other.id.page_key() == key));
        let mut bindings = Bindings::new(
            Arc::new(Variables::of(&scenario.script, literal)),
            values(&scenario.script),
        );
        let mut moves = moves(&scenario.script, role, &mut bindings, literal);
        if role == Party::Service && !literal {
            moves.extend(undocumented(&scenario.script, &mut bindings));
        }
        let options = Options {
            literal,
            strict: false,
            deadline: DEADLINE,
            token: "secret".to_owned(),
            edition: None,
            callback: None,
        };
        let variables = Arc::new(Variables::of(&scenario.script, literal));
        let mut initial = Bindings::new(variables, values(&scenario.script));
        for (name, variable) in &scenario.script.variables {
            if variable.kind == Kind::Callback {
                initial.bind(name, "https://bot.example/callback");
            }
        }
        Self {
            bindings: initial,
            scenario: Arc::new(scenario.clone()),
            page: Arc::new(page),
            role,
            options,
            moves,
        }
    }

    /// The index of a step's move.
    pub(crate) fn at(&self, step: usize) -> usize {
        self.moves
            .iter()
            .position(|(of, made)| *of == step && !matches!(made, Move::Triggered(_)))
            .unwrap_or_else(|| panic!("no move for step {step}"))
    }

    /// The JSON body of a step's message.
    pub(crate) fn body(&mut self, step: usize) -> &mut Value {
        match self.payload(step) {
            Body::Json(body) => body,
            other => panic!("step {step} has no JSON: {other:?}"),
        }
    }

    /// The first entry of a step's notification.
    pub(crate) fn entry(&mut self, step: usize) -> &mut Value {
        &mut self.body(step)["value"][0]
    }

    pub(crate) fn payload(&mut self, step: usize) -> &mut Body {
        let at = self.at(step);
        match &mut self.moves[at].1 {
            Move::Answer(response) => &mut response.body,
            Move::Send(request) => &mut request.body,
            other => panic!("step {step} is {other:?}"),
        }
    }

    /// The request, or the notification, of a step.
    pub(crate) fn request(&mut self, step: usize) -> &mut Request {
        let at = self.at(step);
        match &mut self.moves[at].1 {
            Move::Send(request) => request,
            other => panic!("step {step} is {other:?}"),
        }
    }

    pub(crate) fn answer(&mut self, step: usize) -> &mut Response {
        let at = self.at(step);
        match &mut self.moves[at].1 {
            Move::Answer(response) => response,
            other => panic!("step {step} is {other:?}"),
        }
    }

    /// Replaces a header of a step's message; an empty value removes it.
    pub(crate) fn header(&mut self, step: usize, name: &str, value: &str) {
        let at = self.at(step);
        let headers = match &mut self.moves[at].1 {
            Move::Answer(response) => &mut response.headers,
            Move::Send(request) => &mut request.headers,
            other => panic!("step {step} is {other:?}"),
        };
        let kept = headers
            .iter()
            .filter(|(other, _)| !other.eq_ignore_ascii_case(name))
            .map(|(other, value)| (other.to_owned(), value.to_owned()));
        let added = (!value.is_empty()).then(|| (name.to_owned(), value.to_owned()));
        *headers = kept.chain(added).collect();
    }

    pub(crate) fn leave_out(&mut self, step: usize) -> Move {
        let at = self.at(step);
        self.moves.remove(at).1
    }

    /// Moves a step before another step.
    pub(crate) fn make_before(&mut self, step: usize, other: usize) {
        let made = self.leave_out(step);
        let at = self.at(other);
        self.moves.insert(at, (step, made));
    }

    /// Adds a move at the end.
    pub(crate) fn more(&mut self, added: Move) {
        self.moves.push((0, added));
    }

    /// Sends a step's message twice in a row.
    pub(crate) fn twice(&mut self, step: usize) {
        let at = self.at(step);
        let made = self.moves[at].1.clone();
        self.moves.insert(at + 1, (0, made));
    }

    /// Sends an edited copy of a step's message before it.
    pub(crate) fn before(&mut self, step: usize, edit: impl FnOnce(&mut Value)) {
        let at = self.at(step);
        let Move::Send(mut request) = self.moves[at].1.clone() else {
            panic!("step {step} is no message that is sent");
        };
        let Body::Json(body) = &mut request.body else {
            panic!("step {step} has no JSON");
        };
        edit(body);
        self.moves.insert(at, (0, Move::Send(request)));
    }

    /// Plays all moves, then silence.
    pub(crate) fn play(&self) -> Played {
        let mut stage = Stage::new(self);
        stage.handle(Event::Start);
        for (_, made) in &self.moves {
            stage.make(made);
        }
        for _ in 0..4 {
            stage.make(&Move::Silence);
        }
        assert!(stage.judge.is_finished(), "the judge waits for ever");
        Played {
            outcome: stage.judge.take_outcome(),
            actions: stage.actions,
        }
    }
}

impl Talk {
    /// The deadline of the judge after all moves.
    pub(crate) fn deadline_at_the_end(&self) -> Option<Duration> {
        let mut stage = Stage::new(self);
        stage.handle(Event::Start);
        for (_, made) in &self.moves {
            stage.make(made);
        }
        stage.judge.deadline()
    }
}

/// A judge with its pending exchanges.
struct Stage {
    judge: Judge,
    now: Duration,
    sent: VecDeque<ExchangeId>,
    triggers: usize,
    received: ExchangeId,
    actions: Vec<Action>,
}

impl Stage {
    fn new(talk: &Talk) -> Self {
        let judge = Judge::new(
            Case::new(Arc::clone(&talk.scenario), Arc::clone(&talk.page)),
            talk.bindings.clone(),
            talk.options.clone(),
            talk.role,
        );
        Self {
            judge,
            now: Duration::from_millis(1),
            sent: VecDeque::new(),
            triggers: 0,
            received: 1000,
            actions: Vec::new(),
        }
    }

    fn make(&mut self, made: &Move) {
        self.now += Duration::from_millis(1);
        match made.clone() {
            Move::Answer(response) => {
                if let Some(exchange) = self.sent.pop_front() {
                    let response = response.into();
                    self.handle(Event::Answered { exchange, response });
                }
            }
            Move::Send(request) => {
                self.received += 1;
                let exchange = self.received;
                let replies = self.replies();
                let request = request.into();
                self.handle(Event::Received { exchange, request });
                assert_eq!(
                    self.replies(),
                    replies + 1,
                    "each is answered once, at once"
                );
            }
            Move::ReplyLost => self.handle(Event::ReplyLost {
                exchange: self.received,
            }),
            Move::Triggered(answer) => {
                if self.triggers > 0 {
                    self.triggers -= 1;
                    self.handle(Event::Triggered(answer));
                }
            }
            Move::Break(failure) => {
                if let Some(exchange) = self.sent.pop_front() {
                    self.handle(Event::Broken { exchange, failure });
                }
            }
            Move::Silence => {
                if let Some(deadline) = self.judge.deadline() {
                    self.now = deadline;
                    self.handle(Event::Elapsed);
                }
            }
        }
    }

    fn replies(&self) -> usize {
        let replies = self.actions.iter();
        replies
            .filter(|action| matches!(action, Action::Reply { .. }))
            .count()
    }

    fn handle(&mut self, event: Event) {
        self.judge.handle(self.now, event);
        while let Some(action) = self.judge.next_action() {
            match &action {
                Action::Send { exchange, .. } => self.sent.push_back(*exchange),
                Action::Trigger { .. } => self.triggers += 1,
                Action::Reply { .. } | Action::BringAbout(_) => {}
            }
            self.actions.push(action);
        }
    }
}

/// Fixed values of the variables, different from the printed ones.
fn values(script: &Script) -> HashMap<String, String> {
    script
        .variables
        .iter()
        .enumerate()
        .map(|(index, (name, variable))| {
            let value = match variable.kind {
                Kind::Phone => format!("+1425555{index:04}"),
                Kind::Context => format!("context {index}"),
                Kind::Callback => "https://bot.example/callback".to_owned(),
                Kind::Token => "secret".to_owned(),
                Kind::Text => format!("text {index}"),
                _ => format!("c0ffee00-0000-4000-8000-{index:012x}"),
            };
            (name.clone(), value)
        })
        .collect()
}

fn moves(
    script: &Script,
    role: Party,
    bindings: &mut Bindings,
    literal: bool,
) -> Vec<(usize, Move)> {
    let mut moves = Vec::new();
    for (index, step) in script.steps.iter().enumerate() {
        let at = index + 1;
        match (role, step) {
            (Party::Service, Step::Request(_))
            | (Party::Bot, Step::Response(_) | Step::Refusal(_)) => {}
            (Party::Service, Step::Refusal(step)) => {
                moves.push((at, Move::Answer(refusal(step.statuses[0]))));
            }
            (Party::Service, Step::Response(step)) => {
                let response = Response {
                    status: step.status,
                    headers: headers(&step.headers, bindings),
                    body: payload(&step.body, bindings),
                };
                moves.push((at, Move::Answer(response)));
            }
            (Party::Service, Step::Notification(step)) => {
                let mut request = Request {
                    method: step.method.clone(),
                    target: bindings.fill(&step.target),
                    headers: headers(&step.headers, bindings),
                    body: payload(&step.body, bindings),
                };
                if let (Body::Json(body), false) = (&mut request.body, literal) {
                    correct(body);
                }
                moves.push((at, Move::Send(request)));
            }
            (Party::Bot, Step::Request(step)) => {
                let mut request = Request {
                    method: step.method.clone(),
                    target: bindings.fill(&step.target),
                    headers: headers(&step.headers, bindings),
                    body: payload(&step.body, bindings),
                };
                if request.headers.get("authorization").is_none() {
                    request.headers.push("Authorization", "Bearer of.the.bot");
                }
                moves.push((at, Move::Triggered(TriggerAnswer::Accepted)));
                moves.push((at, Move::Send(request)));
            }
            (Party::Bot, Step::Notification(_)) => moves.push((at, Move::Answer(done()))),
        }
    }
    moves
}

/// The end of an invitation and the roster, where the page shows neither: they follow all the same.
fn undocumented(script: &Script, bindings: &mut Bindings) -> Vec<(usize, Move)> {
    let tells = |step: &Step| matches!(step, Step::Notification(_) | Step::Refusal(_));
    let first_request = script.steps.iter().find_map(|step| match step {
        Step::Request(step) if step.target.ends_with("/participants/invite") => Some(step),
        _ => None,
    });
    let mut variables = script.variables.iter();
    let operation = variables.find(|(_, variable)| variable.kind == Kind::Operation);
    let (Some(first_request), Some((operation, _))) = (first_request, operation) else {
        return Vec::new();
    };
    if script.steps.iter().any(tells) {
        return Vec::new();
    }
    let Body::Json(body) = payload(&first_request.body, bindings) else {
        return Vec::new();
    };
    let target = bindings.fill(&first_request.target);
    let (_, path) = target.split_once("/calls/").expect("a call");
    let call = path.split('/').next().expect("an id");
    let operation = bindings.fill(&format!("{{{operation}}}"));
    let people = body["participants"].as_array().expect("people").iter();
    let roster: Vec<Value> = people
        .map(|person| json!({"info": {"identity": person["identity"]}}))
        .collect();
    let end = notification(&json!({
        "changeType": "deleted",
        "resource": format!("/app/calls/{call}/operations/{operation}"),
        "resourceData": {"status": "completed", "clientContext": body["clientContext"]},
    }));
    let roster = notification(&json!({
        "changeType": "updated",
        "resource": format!("/app/calls/{call}/participants"),
        "resourceData": roster,
    }));
    vec![(0, end), (0, roster)]
}

/// Corrects errors of the page like a careful service: a roster has the path of a roster.
fn correct(body: &mut Value) {
    let Some(entries) = body.get_mut("value").and_then(Value::as_array_mut) else {
        return;
    };
    for entry in entries {
        for name in ["resource", "resourceUrl"] {
            if let Some(path) = entry.get(name).and_then(Value::as_str) {
                entry[name] = json!(path.replace("/operations/participants", "/participants"));
            }
        }
    }
}

fn headers(fields: &HeaderFields, bindings: &mut Bindings) -> Headers {
    let fields = fields.iter();
    fields
        .map(|(name, value)| (name.clone(), bindings.fill(value)))
        .collect()
}

fn payload(body: &Body, bindings: &mut Bindings) -> Body {
    match body {
        Body::Json(body) => Body::Json(bindings.fill_json(body)),
        other => other.clone(),
    }
}

pub(crate) fn text_body(text: &str) -> Body {
    Body::Text(text.to_owned())
}

pub(crate) fn done() -> Response {
    status(204)
}

pub(crate) fn status(status: u16) -> Response {
    Response {
        status,
        headers: Headers::new(),
        body: Body::Empty,
    }
}

/// A refusal with an error object.
pub(crate) fn refusal(status: u16) -> Response {
    Response {
        status,
        headers: Headers::from_iter([("Content-Type", "application/json")]),
        body: Body::Json(json!({"error": {"code": "BadRequest", "message": "no"}})),
    }
}

/// A notification of one entry.
pub(crate) fn notification(entry: &Value) -> Move {
    Move::Send(Request {
        method: "POST".to_owned(),
        target: "https://bot.example/callback".to_owned(),
        headers: Headers::from_iter([
            ("Content-Type", "application/json"),
            ("Authorization", "Bearer secret"),
        ]),
        body: Body::Json(json!({"value": [entry]})),
    })
}

/// A request of a bot without a body.
pub(crate) fn bare(method: &str, target: &str) -> Move {
    Move::Send(Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: Headers::from_iter([("Authorization", "Bearer of.the.bot")]),
        body: Body::Empty,
    })
}
