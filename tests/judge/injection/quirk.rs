//! A conforming party under fault injection, with one quirk.

use std::collections::VecDeque;
use std::time::Duration;

use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::{Body, Request, Response};
use crate::inject::{Act, Cut, InjectedJudge, InjectionKind, with_injected};
use crate::judge::verdict::{Basis, Verdict, Violation};
use crate::judge::{Action, Case, Event, ExchangeId, Outcome, TriggerAnswer};
use crate::scenario::format::Scenario;
use serde_json::{Value, json};

use super::super::party::{Move, Talk, built_in, status};

/// The reaction of the party to an act of confcall; true if it replaces the conforming reaction.
pub(super) type Quirk = fn(&mut Peer, &Act) -> bool;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    Passes,
    Fails(Rule, Requirement),
    Warns(Rule, Requirement),
}

use Expect::{Fails, Passes, Warns};

pub(super) struct Row {
    pub(super) sentence: &'static str,
    pub(super) kind: InjectionKind,
    pub(super) scenario: &'static str,
    pub(super) quirk: Quirk,
    pub(super) expect: Expect,
}

/// A conforming party with one quirk.
pub(super) struct Peer {
    pub(super) judge: InjectedJudge,
    pub(super) role: Party,
    pub(super) quirk: Quirk,
    pub(super) now: Duration,
    pub(super) acts: VecDeque<Act>,
    /// All acts of confcall, with their time.
    pub(super) done: Vec<(Duration, Act)>,
    pub(super) exchange: ExchangeId,
    /// Requests of the bot, or the remaining messages of a service.
    pub(super) requests: Vec<Request>,
    pub(super) answers: VecDeque<Response>,
    pub(super) notifications: VecDeque<(usize, Request)>,
    /// The number of requests that a service has answered; it limits the notifications that it
    /// sends.
    pub(super) answered: usize,
    /// The unacknowledged notification of a service.
    pub(super) outstanding: Option<(ExchangeId, Request)>,
    /// A counter for quirks.
    pub(super) count: usize,
}

impl Peer {
    pub(super) fn new(kind: InjectionKind, plain: &str, quirk: Quirk) -> Self {
        let scenario = derived(plain, kind).unwrap_or_else(|| panic!("no {plain} in {kind:?}"));
        Self::of(&scenario, quirk, 7)
    }

    pub(super) fn of(scenario: &Scenario, quirk: Quirk, seed: u64) -> Self {
        let role = InjectionKind::of(&scenario.id)
            .expect("its fault injection")
            .party();
        let talk = Talk::of(scenario, built_in(), role, false);
        let case = Case::new(talk.scenario, talk.page);
        let (mut answers, mut notifications) = (VecDeque::new(), VecDeque::new());
        for (_, made) in talk.moves {
            match (role, made) {
                (Party::Service, Move::Answer(response)) => answers.push_back(response),
                (Party::Service, Move::Send(request)) => {
                    notifications.push_back((answers.len(), request));
                }
                _ => {}
            }
        }
        Self {
            judge: InjectedJudge::new(&case, talk.bindings, talk.options, role, seed),
            role,
            quirk,
            now: Duration::from_millis(1),
            acts: VecDeque::new(),
            done: Vec::new(),
            exchange: 1000,
            requests: Vec::new(),
            answers,
            notifications,
            answered: 0,
            outstanding: None,
            count: 0,
        }
    }

    /// Plays to the end; time passes if no party acts.
    pub(super) fn play(mut self) -> (Outcome, Vec<(Duration, Act)>) {
        self.handle(Event::Start);
        self.notify_next();
        for _ in 0..1000 {
            if let Some(act) = self.acts.pop_front() {
                self.done.push((self.now, act.clone()));
                if !(self.quirk)(&mut self, &act) {
                    self.react(&act);
                }
            } else if let (false, Some(deadline)) =
                (self.judge.is_finished(), self.judge.deadline())
            {
                self.now = deadline;
                self.handle(Event::Elapsed);
            } else {
                break;
            }
        }
        assert!(self.judge.is_finished(), "the judge waits for ever");
        assert_eq!(
            self.judge.deadline(),
            None,
            "nothing is waited for at the end"
        );
        (self.judge.take_outcome(), self.done)
    }

    pub(super) fn handle(&mut self, event: Event) {
        self.judge.handle(self.now, event);
        self.acts
            .extend(std::iter::from_fn(|| self.judge.next_act()));
    }

    pub(super) fn react(&mut self, act: &Act) {
        match (self.role, act) {
            (Party::Bot, Act::Do(Action::Trigger { request, .. })) => {
                self.handle(Event::Triggered(TriggerAnswer::Accepted));
                let mut request = request.clone();
                request.headers.push("Authorization", "Bearer of.the.bot");
                self.send(request);
            }
            (Party::Bot, Act::Do(Action::Send { exchange, .. })) => {
                self.acknowledge(*exchange, 202);
            }
            (Party::Bot, Act::Do(Action::Reply { response, .. })) => match response.status {
                429 => {
                    let seconds = response.headers.get("retry-after").expect("it is told");
                    self.now += Duration::from_secs(seconds.parse().expect("a number"));
                    self.send_again();
                }
                503 => self.send_again(),
                _ => {}
            },
            (Party::Bot, Act::Cut { .. }) => self.send_again(),
            (Party::Bot, Act::Forge { exchange, .. }) => self.acknowledge(*exchange, 401),
            (Party::Service, Act::Do(Action::Send { exchange, .. })) => {
                let exchange = *exchange;
                let response = self
                    .answers
                    .pop_front()
                    .expect("an answer for each request");
                self.answered += 1;
                self.handle(Event::Answered {
                    exchange,
                    response: response.into(),
                });
                self.notify_next();
            }
            (Party::Service, Act::Do(Action::Reply { exchange, response })) => {
                let answered = self.outstanding.take_if(|(awaited, _)| awaited == exchange);
                match (response.status, answered) {
                    (200..=299, _) => self.notify_next(),
                    (_, Some((_, request))) => self.tell(request),
                    _ => {}
                }
            }
            (Party::Service, Act::Cut { .. }) => {
                if let Some((_, request)) = self.outstanding.take() {
                    self.tell(request);
                }
            }
            (_, Act::Do(Action::BringAbout(_))) => {
                unreachable!("no scenario of invite has steps of people")
            }
            (Party::Service, Act::Do(Action::Trigger { .. })) => {
                unreachable!("services are not triggered")
            }
            (Party::Service, Act::Forge { .. }) => unreachable!("services are not notified"),
        }
    }

    pub(super) fn send(&mut self, request: Request) {
        self.now += Duration::from_millis(1);
        self.exchange += 1;
        self.requests.push(request.clone());
        let exchange = self.exchange;
        self.handle(Event::Received {
            exchange,
            request: request.into(),
        });
    }

    pub(super) fn send_again(&mut self) {
        let request = self.requests.last().expect("a request was sent").clone();
        self.send(request);
    }

    /// Sends the request again with another client context.
    pub(super) fn send_otherwise(&mut self) {
        let mut request = self.requests.last().expect("a request was sent").clone();
        if let Body::Json(body) = &mut request.body {
            body["clientContext"] = json!("another one");
        }
        self.send(request);
    }

    pub(super) fn acknowledge(&mut self, exchange: ExchangeId, of: u16) {
        self.now += Duration::from_millis(1);
        let response = status(of);
        self.handle(Event::Answered {
            exchange,
            response: response.into(),
        });
    }

    /// Sends the next notification if all are acknowledged.
    pub(super) fn notify_next(&mut self) {
        let is_due = self
            .notifications
            .front()
            .is_some_and(|(after, _)| *after <= self.answered);
        if self.outstanding.is_none()
            && is_due
            && let Some((_, request)) = self.notifications.pop_front()
        {
            self.tell(request);
        }
    }

    pub(super) fn tell(&mut self, request: Request) {
        self.now += Duration::from_millis(1);
        self.exchange += 1;
        let exchange = self.exchange;
        self.outstanding = Some((exchange, request.clone()));
        let before = self.acts.len();
        self.handle(Event::Received {
            exchange,
            request: request.into(),
        });
        let is_answered = self
            .acts
            .iter()
            .skip(before)
            .any(|act| is_reply_to(act, exchange));
        if !is_answered {
            // A conforming service waits for a while.
            self.now += Duration::from_secs(2);
            self.count += 1;
            if self.count == 1
                && let Some((_, request)) = self.outstanding.take()
                && !(self.quirk)(
                    self,
                    &Act::Cut {
                        exchange,
                        how: Cut::Close,
                    },
                )
            {
                self.tell(request);
            }
        }
    }
}

pub(super) fn is_reply_to(act: &Act, to: ExchangeId) -> bool {
    matches!(act, Act::Do(Action::Reply { exchange, .. }) if *exchange == to)
}

/// The scenario under fault injection whose plain id ends like this.
pub(super) fn derived(plain: &str, kind: InjectionKind) -> Option<Scenario> {
    let end = format!("{plain}~{}", kind.name());
    let mut all = with_injected(built_in(), &[kind]).into_iter();
    all.find(|scenario| scenario.id.as_str().ends_with(&end))
}

pub(super) fn good(_: &mut Peer, _: &Act) -> bool {
    false
}

/// A notification of confcall, with its exchange.
pub(super) fn sent(act: &Act) -> Option<(ExchangeId, &Value)> {
    match act {
        Act::Do(Action::Send { exchange, request }) => Some((*exchange, request.body.json()?)),
        _ => None,
    }
}

pub(super) fn answer(act: &Act) -> Option<u16> {
    match act {
        Act::Do(Action::Reply { response, .. }) => Some(response.status),
        _ => None,
    }
}

pub(super) fn row(
    sentence: &'static str,
    kind: InjectionKind,
    scenario: &'static str,
    quirk: Quirk,
    expect: Expect,
) -> Row {
    Row {
        sentence,
        kind,
        scenario,
        quirk,
        expect,
    }
}

pub(super) fn judge(rows: &[Row]) {
    let wrong: Vec<String> = rows.iter().filter_map(mismatch).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

pub(super) fn mismatch(row: &Row) -> Option<String> {
    let (outcome, done) = Peer::new(row.kind, row.scenario, row.quirk).play();
    let found = |violations: &[Violation]| -> Vec<(Rule, Basis)> {
        let found = violations.iter();
        found.map(|it| (it.rule, it.requirement)).collect()
    };
    let (failures, warnings) = (found(&outcome.failures), found(&outcome.warnings));
    let is_right = match row.expect {
        Passes => outcome.verdict == Verdict::Pass && failures.is_empty() && warnings.is_empty(),
        Fails(rule, requirement) => failures == [(rule, Basis::Requirement(requirement))],
        Warns(rule, requirement) => {
            outcome.verdict == Verdict::Pass
                && warnings == [(rule, Basis::Requirement(requirement))]
        }
    };
    (!is_right).then(|| {
        format!(
            "{}: expected {:?}, got {:?} {}\nfailures {:#?}\nwarnings {:#?}\nnotes {:?}\ndone {done:#?}",
            row.sentence,
            row.expect,
            outcome.verdict,
            outcome.reason,
            outcome.failures,
            outcome.warnings,
            outcome.notes
        )
    })
}

/// Answers every matching notification with this status.
pub(super) fn refuse(party: &mut Peer, act: &Act, of: u16, fits: impl Fn(&Value) -> bool) -> bool {
    let Some((exchange, _)) = sent(act).filter(|(_, body)| fits(body)) else {
        return false;
    };
    party.acknowledge(exchange, of);
    true
}
