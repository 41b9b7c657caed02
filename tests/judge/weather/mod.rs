//! Hard weather, without sockets: one table for each kind, a row a sentence. The party under test is
//! a good one but for what its row says.

mod forged;

use std::collections::VecDeque;
use std::time::Duration;

use confcall::logic::judge::{
    Action, Case, CueAnswer, Event, ExchangeId, Outcome, TransportFailure,
};
use confcall::logic::verdict::{Role, Rule, Verdict};
use confcall::logic::weather::{Act, Cut, Kind, Weathered, with_weather};
use confcall::model::forgery::Forgery;
use confcall::model::message::{Payload, Request, Response};
use confcall::model::scenario::Scenario;
use serde_json::{Value, json};

use crate::party::{DEADLINE, Move, Talk, built_in, status};
use crate::table::{FLOW, MANY, ONE, PEER};

/// What the party under test does with an act of confcall: true where that is all that it does.
type Quirk = fn(&mut Party, &Act) -> bool;

/// What has to be said of the party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Passes,
    Fails(Rule, &'static str),
    Warns(Rule, &'static str),
}

use Expect::{Fails, Passes, Warns};

struct Row {
    sentence: &'static str,
    kind: Kind,
    scenario: &'static str,
    quirk: Quirk,
    expect: Expect,
}

/// A party under test in weather: good, but for its quirk.
struct Party {
    judge: Weathered,
    role: Role,
    quirk: Quirk,
    now: Duration,
    acts: VecDeque<Act>,
    /// Everything that confcall did, and when.
    done: Vec<(Duration, Act)>,
    exchange: ExchangeId,
    /// What the bot has asked, and a service's messages to come.
    asked: Vec<Request>,
    answers: VecDeque<Response>,
    told: VecDeque<(usize, Request)>,
    /// How many requests a service has answered: what it tells follows from so many.
    answered: usize,
    /// The notification that a service waits with.
    outstanding: Option<(ExchangeId, Request)>,
    /// For quirks: how often something has happened.
    count: usize,
}

impl Party {
    fn new(kind: Kind, plain: &str, quirk: Quirk) -> Self {
        let scenario = derived(plain, kind).unwrap_or_else(|| panic!("no {plain} in {kind:?}"));
        Self::of(&scenario, quirk, 7)
    }

    fn of(scenario: &Scenario, quirk: Quirk, seed: u64) -> Self {
        let role = Kind::of(&scenario.id).expect("its weather").role();
        let talk = Talk::of(scenario, built_in(), role, false);
        let case = Case::new(talk.scenario, talk.page);
        let (mut answers, mut told) = (VecDeque::new(), VecDeque::new());
        for (_, made) in talk.moves {
            match (role, made) {
                (Role::Service, Move::Answer(response)) => answers.push_back(response),
                (Role::Service, Move::Send(request)) => told.push_back((answers.len(), request)),
                _ => {}
            }
        }
        Self {
            judge: Weathered::new(&case, talk.bindings, talk.options, role, seed),
            role,
            quirk,
            now: Duration::from_millis(1),
            acts: VecDeque::new(),
            done: Vec::new(),
            exchange: 1000,
            asked: Vec::new(),
            answers,
            told,
            answered: 0,
            outstanding: None,
            count: 0,
        }
    }

    /// Plays to the end: what nobody does passes as time.
    fn play(mut self) -> (Outcome, Vec<(Duration, Act)>) {
        self.handle(Event::Start);
        self.tell_next();
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

    fn handle(&mut self, event: Event) {
        self.judge.handle(self.now, event);
        self.acts
            .extend(std::iter::from_fn(|| self.judge.next_act()));
    }

    /// What a good party does.
    fn react(&mut self, act: &Act) {
        match (self.role, act) {
            (Role::Bot, Act::Do(Action::Cue { request, .. })) => {
                self.handle(Event::Cued(CueAnswer::Accepted));
                let mut request = request.clone();
                request.headers.push("Authorization", "Bearer of.the.bot");
                self.ask(request);
            }
            (Role::Bot, Act::Do(Action::Send { exchange, .. })) => self.acknowledge(*exchange, 202),
            (Role::Bot, Act::Do(Action::Reply { response, .. })) => match response.status {
                429 => {
                    let seconds = response.headers.get("retry-after").expect("it is told");
                    self.now += Duration::from_secs(seconds.parse().expect("a number"));
                    self.ask_again();
                }
                503 => self.ask_again(),
                _ => {}
            },
            (Role::Bot, Act::Cut { .. }) => self.ask_again(),
            (Role::Bot, Act::Forge { exchange, .. }) => self.acknowledge(*exchange, 401),
            (Role::Service, Act::Do(Action::Send { exchange, .. })) => {
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
                self.tell_next();
            }
            (Role::Service, Act::Do(Action::Reply { exchange, response })) => {
                let answered = self.outstanding.take_if(|(awaited, _)| awaited == exchange);
                match (response.status, answered) {
                    (200..=299, _) => self.tell_next(),
                    (_, Some((_, request))) => self.tell(request),
                    _ => {}
                }
            }
            (Role::Service, Act::Cut { .. }) => {
                if let Some((_, request)) = self.outstanding.take() {
                    self.tell(request);
                }
            }
            (Role::Service, Act::Do(Action::Cue { .. })) => unreachable!("services are not cued"),
            (Role::Service, Act::Forge { .. }) => unreachable!("services are not notified"),
        }
    }

    fn ask(&mut self, request: Request) {
        self.now += Duration::from_millis(1);
        self.exchange += 1;
        self.asked.push(request.clone());
        let exchange = self.exchange;
        self.handle(Event::Received {
            exchange,
            request: request.into(),
        });
    }

    fn ask_again(&mut self) {
        let request = self.asked.last().expect("something was asked").clone();
        self.ask(request);
    }

    /// Asks once more, with another client context.
    fn ask_otherwise(&mut self) {
        let mut request = self.asked.last().expect("something was asked").clone();
        if let Payload::Json(body) = &mut request.body {
            body["clientContext"] = json!("another one");
        }
        self.ask(request);
    }

    fn acknowledge(&mut self, exchange: ExchangeId, of: u16) {
        self.now += Duration::from_millis(1);
        let response = status(of);
        self.handle(Event::Answered {
            exchange,
            response: response.into(),
        });
    }

    /// Sends the next notification, unless one is not acknowledged.
    fn tell_next(&mut self) {
        let is_due = self
            .told
            .front()
            .is_some_and(|(after, _)| *after <= self.answered);
        if self.outstanding.is_none()
            && is_due
            && let Some((_, request)) = self.told.pop_front()
        {
            self.tell(request);
        }
    }

    fn tell(&mut self, request: Request) {
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
            // Nobody answers: a good service has patience for a while.
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

fn is_reply_to(act: &Act, to: ExchangeId) -> bool {
    matches!(act, Act::Do(Action::Reply { exchange, .. }) if *exchange == to)
}

/// The scenario with this end of its plain id, in weather.
fn derived(plain: &str, kind: Kind) -> Option<Scenario> {
    let end = format!("{plain}~{}", kind.name());
    let mut all = with_weather(built_in(), &[kind]).into_iter();
    all.find(|scenario| scenario.id.as_str().ends_with(&end))
}

fn good(_: &mut Party, _: &Act) -> bool {
    false
}

/// The notification that confcall sends, with its exchange.
fn sent(act: &Act) -> Option<(ExchangeId, &Value)> {
    match act {
        Act::Do(Action::Send { exchange, request }) => Some((*exchange, request.body.json()?)),
        _ => None,
    }
}

fn answer(act: &Act) -> Option<u16> {
    match act {
        Act::Do(Action::Reply { response, .. }) => Some(response.status),
        _ => None,
    }
}

fn row(
    sentence: &'static str,
    kind: Kind,
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

fn judge(rows: &[Row]) {
    let wrong: Vec<String> = rows.iter().filter_map(complaint).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn complaint(row: &Row) -> Option<String> {
    let (outcome, done) = Party::new(row.kind, row.scenario, row.quirk).play();
    let found = |findings: &[confcall::logic::verdict::Finding]| -> Vec<(Rule, String)> {
        let found = findings.iter();
        found.map(|it| (it.rule, it.requirement.clone())).collect()
    };
    let (failures, warnings) = (found(&outcome.failures), found(&outcome.warnings));
    let is_right = match row.expect {
        Passes => outcome.verdict == Verdict::Pass && failures.is_empty() && warnings.is_empty(),
        Fails(rule, requirement) => failures == [(rule, requirement.to_owned())],
        Warns(rule, requirement) => {
            outcome.verdict == Verdict::Pass && warnings == [(rule, requirement.to_owned())]
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

/// Answers every notification that fits with this status.
fn refuse(party: &mut Party, act: &Act, of: u16, fits: impl Fn(&Value) -> bool) -> bool {
    let Some((exchange, _)) = sent(act).filter(|(_, body)| fits(body)) else {
        return false;
    };
    party.acknowledge(exchange, of);
    true
}

#[test]
fn a_good_party_passes_every_scenario_in_every_weather() {
    let mut played = 0;
    for kind in Kind::ALL {
        let of_kind = with_weather(built_in(), &[kind]);
        let derived = of_kind.iter().filter(|it| Kind::of(&it.id) == Some(kind));
        let mut count = 0;
        for scenario in derived {
            let (outcome, _) = Party::of(scenario, good, 7).play();
            assert_eq!(
                outcome.verdict,
                Verdict::Pass,
                "{}: {outcome:#?}",
                scenario.id
            );
            assert_eq!(outcome.warnings, [], "{}", scenario.id);
            count += 1;
        }
        assert!(count > 0, "{kind:?} is met by no scenario");
        played += count;
    }
    assert!(played > 200, "{played}");
}

#[test]
fn a_notification_before_the_response() {
    let kind = Kind::EarlyNotification;
    judge(&[
        row("acknowledged, the answer follows", kind, ONE, good, Passes),
        row(
            "refused until the answer has come",
            kind,
            ONE,
            |party, act| {
                let is_answered = party.done.iter().any(|(_, it)| answer(it) == Some(200));
                !is_answered && refuse(party, act, 404, |_| true)
            },
            Fails(Rule::AcknowledgementStatus, "notification.early"),
        ),
        row(
            "never acknowledged before the answer",
            kind,
            ONE,
            |party, act| {
                sent(act).is_some() && !party.done.iter().any(|(_, it)| answer(it).is_some())
            },
            Fails(Rule::AcknowledgementMissing, "notification.early"),
        ),
    ]);
    let (_, done) = Party::new(kind, ONE, good).play();
    let answered = done.iter().position(|(_, it)| answer(it) == Some(200));
    let notified = done.iter().position(|(_, it)| sent(it).is_some());
    assert!(notified < answered, "{done:#?}");
}

#[test]
fn a_request_is_answered_even_if_its_early_notification_is_not() {
    let silent: Quirk = |_, act| sent(act).is_some();
    let (_, done) = Party::new(Kind::EarlyNotification, ONE, silent).play();
    assert!(done.iter().any(|(_, it)| answer(it) == Some(200)));
}

#[test]
fn a_notification_twice() {
    let kind = Kind::DuplicateNotification;
    judge(&[
        row("acknowledged twice", kind, MANY, good, Passes),
        row(
            "the second is refused",
            kind,
            ONE,
            |party, act| {
                let is_second = |body: &Value| {
                    let sent = party.done.iter().filter_map(|(_, it)| sent(it));
                    sent.filter(|(_, it)| *it == body).count() == 2
                };
                let is_refused = sent(act).is_some_and(|(_, body)| is_second(body));
                is_refused && refuse(party, act, 409, |_| true)
            },
            Fails(Rule::AcknowledgementStatus, "notification.twice"),
        ),
        row(
            "the second is taken for a reason to invite again",
            kind,
            ONE,
            |party, act| {
                party.count += usize::from(sent(act).is_some());
                if party.count == 2 {
                    party.count += 1;
                    party.ask_again();
                }
                false
            },
            Fails(Rule::RequestUnexpected, "notification.twice"),
        ),
    ]);
}

#[test]
fn two_notifications_in_one_body() {
    let kind = Kind::BatchedNotifications;
    let holds_two = |body: &Value| body["value"].as_array().is_some_and(|it| it.len() == 2);
    judge(&[
        row("acknowledged", kind, ONE, good, Passes),
        row(
            "refused",
            kind,
            ONE,
            |party, act| refuse(party, act, 400, |body| body["value"][1].is_object()),
            Fails(Rule::AcknowledgementStatus, "notification.batched"),
        ),
    ]);
    let (_, done) = Party::new(kind, PEER, good).play();
    let bodies: Vec<&Value> = done
        .iter()
        .filter_map(|(_, it)| Some(sent(it)?.1))
        .collect();
    assert_eq!(bodies.len(), 2, "four notifications in two bodies");
    assert!(bodies.into_iter().all(holds_two));
}

#[test]
fn another_order_between_resources() {
    let kind = Kind::ReorderedNotifications;
    judge(&[
        row("acknowledged in any order", kind, PEER, good, Passes),
        row(
            "a roster is refused before the end of its operation",
            kind,
            ONE,
            |party, act| {
                let is_end = |body: &Value| body["value"][0]["changeType"] == "deleted";
                let has_ended = party
                    .done
                    .iter()
                    .any(|(_, it)| sent(it).is_some_and(|it| is_end(it.1)));
                !has_ended && refuse(party, act, 409, |_| true)
            },
            Fails(Rule::AcknowledgementStatus, "notification.any-order"),
        ),
        row(
            "the bot is gone",
            kind,
            ONE,
            |party, act| {
                let Some((exchange, _)) = sent(act) else {
                    return false;
                };
                let failure = TransportFailure::Broken("reset".to_owned());
                party.handle(Event::Broken { exchange, failure });
                true
            },
            Fails(Rule::Transport, "notification.any-order"),
        ),
    ]);
}

#[test]
fn within_one_resource_the_order_stays() {
    for id in [PEER, FLOW, MANY] {
        let scenario = derived(id, Kind::ReorderedNotifications).expect("it has several resources");
        for seed in 0..8 {
            let (_, done) = Party::of(&scenario, good, seed).play();
            let words: Vec<(String, String)> = done
                .iter()
                .filter_map(|(_, it)| Some(&sent(it)?.1["value"][0]))
                .map(|it| {
                    (
                        it["resource"].to_string(),
                        it["resourceData"]["state"].to_string(),
                    )
                })
                .collect();
            let place = |resource: &str, word: &str| {
                let mut words = words.iter();
                words.position(|(it, state)| it == resource && state.contains(word))
            };
            for (resource, _) in &words {
                let (terminated, gone) = (place(resource, "terminated"), place(resource, "null"));
                assert!(
                    terminated.is_none() || terminated < gone,
                    "{seed}: {words:?}"
                );
            }
        }
    }
}

#[test]
fn what_no_page_knows() {
    let is_unheard_of = |body: &Value| body.to_string().contains("unheardOf");
    assert!(is_unheard_of(&json!({"unheardOf1": 1})));
    let refuses: Quirk = |party, act| {
        refuse(party, act, 400, |body| {
            body.to_string().contains("unheardOf")
        })
    };
    for (kind, requirement) in [
        (Kind::UnknownProperties, "unknown.properties"),
        (Kind::UnknownResource, "unknown.resource"),
        (Kind::UnknownWord, "unknown.word"),
    ] {
        judge(&[
            row("acknowledged", kind, ONE, good, Passes),
            row(
                "refused",
                kind,
                ONE,
                refuses,
                Warns(Rule::AcknowledgementStatus, requirement),
            ),
        ]);
        let (_, done) = Party::new(kind, FLOW, good).play();
        let unheard = done
            .iter()
            .filter_map(|(_, it)| sent(it))
            .filter(|it| is_unheard_of(it.1));
        assert!(unheard.count() > 1, "{kind:?}");
    }
}

#[test]
fn a_response_that_is_lost_after_the_service_acted() {
    let kind = Kind::LostResponse;
    judge(&[
        row(
            "asked again, and answered with the same operation",
            kind,
            ONE,
            good,
            Passes,
        ),
        row(
            "not asked again: the notifications tell",
            kind,
            ONE,
            |_, act| matches!(act, Act::Cut { .. }),
            Passes,
        ),
        row(
            "asked again in other words",
            kind,
            ONE,
            |party, act| {
                let is_cut = matches!(act, Act::Cut { .. });
                if is_cut {
                    party.ask_otherwise();
                }
                is_cut
            },
            Fails(Rule::RequestUnexpected, "retry.same"),
        ),
    ]);
    let (_, done) = Party::new(kind, ONE, good).play();
    assert!(done.iter().any(|(_, it)| matches!(
        it,
        Act::Cut {
            how: Cut::Close,
            ..
        }
    )));
    let ids: Vec<String> = done
        .iter()
        .filter_map(|(_, it)| match it {
            Act::Do(Action::Reply { response, .. }) => Some(&response.body.json()?["id"]),
            Act::Do(Action::Send { request, .. }) => {
                request.body.json()?.pointer("/value/0/resourceData/id")
            }
            _ => None,
        })
        .map(ToString::to_string)
        .collect();
    assert_eq!(ids[0], ids[1], "the answer names the operation that ends");
}

#[test]
fn an_operation_that_fails() {
    let kind = Kind::FailingOutcome;
    let id = "invite-participants-to-an-existing-multiparty-call";
    judge(&[
        row("acknowledged", kind, id, good, Passes),
        row(
            "asked again",
            kind,
            id,
            |party, act| {
                if sent(act).is_some() {
                    party.ask_again();
                }
                false
            },
            Fails(Rule::RequestUnexpected, "outcome.failed"),
        ),
    ]);
    let scenario = derived(id, kind).expect("its page prints a failure");
    let printed = serde_json::to_string(&scenario.script.steps).expect("it is JSON");
    assert!(printed.contains("\"failed\"") && printed.contains("subCode"));
    assert!(!printed.contains("completed"));
    assert!(derived(ONE, kind).is_none(), "its page prints no failure");
}

#[test]
fn a_slow_response() {
    let kind = Kind::SlowResponse;
    judge(&[
        row("waited for", kind, ONE, good, Passes),
        row(
            "asked again with the same words",
            kind,
            ONE,
            |party, act| {
                if matches!(act, Act::Do(Action::Cue { .. })) {
                    party.react(act);
                    party.ask_again();
                    return true;
                }
                false
            },
            Passes,
        ),
        row(
            "asked again in other words",
            kind,
            ONE,
            |party, act| {
                if matches!(act, Act::Do(Action::Cue { .. })) {
                    party.react(act);
                    party.ask_otherwise();
                    return true;
                }
                false
            },
            Fails(Rule::RequestUnexpected, "retry.same"),
        ),
    ]);
    let (_, done) = Party::new(kind, ONE, good).play();
    let answered = done.iter().find(|(_, it)| answer(it) == Some(200));
    let (at, _) = answered.expect("it is answered");
    assert!(*at >= Duration::from_secs(2) && *at < DEADLINE, "{at:?}");
}

#[test]
fn a_429_with_retry_after() {
    let kind = Kind::Throttled;
    judge(&[
        row("asked again when it was told", kind, ONE, good, Passes),
        row(
            "asked again at once",
            kind,
            ONE,
            |party, act| {
                let is_it = answer(act) == Some(429);
                if is_it {
                    party.ask_again();
                }
                is_it
            },
            Warns(Rule::RequestUnexpected, "retry.not-before"),
        ),
        row(
            "not asked again",
            kind,
            ONE,
            |_, act| answer(act) == Some(429),
            Warns(Rule::RequestMissing, "retry.throttled"),
        ),
        row(
            "not asked again, and told so in the answer to the cue",
            kind,
            ONE,
            |party, act| {
                let is_it = answer(act) == Some(429);
                if is_it {
                    let failed = CueAnswer::Failed("it was answered 500".to_owned());
                    party.handle(Event::Cued(failed));
                }
                is_it
            },
            Warns(Rule::RequestMissing, "retry.throttled"),
        ),
    ]);
}

#[test]
fn a_503_and_a_reset() {
    for (kind, requirement) in [
        (Kind::Unavailable, "retry.unavailable"),
        (Kind::ConnectionReset, "retry.reset"),
    ] {
        judge(&[
            row("asked again", kind, MANY, good, Passes),
            row(
                "asked again in other words, as nothing was done",
                kind,
                ONE,
                |party, act| {
                    let is_it = answer(act) == Some(503) || matches!(act, Act::Cut { .. });
                    if is_it {
                        party.ask_otherwise();
                    }
                    is_it
                },
                Passes,
            ),
            row(
                "not asked again",
                kind,
                ONE,
                |_, act| answer(act) == Some(503) || matches!(act, Act::Cut { .. }),
                Warns(Rule::RequestMissing, requirement),
            ),
        ]);
    }
}

#[test]
fn a_callback_that_answers_500_twice() {
    let kind = Kind::FailingCallback;
    judge(&[
        row("sent again until it is taken", kind, ONE, good, Passes),
        row(
            "not sent again",
            kind,
            ONE,
            |party, act| {
                let is_it = answer(act) == Some(500);
                if is_it {
                    party.outstanding = None;
                    party.tell_next();
                }
                is_it
            },
            Warns(Rule::NotificationMissing, "redelivery.sent"),
        ),
        row(
            "sent again once",
            kind,
            ONE,
            |party, act| {
                let is_it = answer(act) == Some(500);
                party.count += usize::from(is_it);
                if is_it && party.count == 2 {
                    party.outstanding = None;
                    party.tell_next();
                    return true;
                }
                false
            },
            Warns(Rule::NotificationMissing, "redelivery.sent"),
        ),
        row(
            "sent again with something else in it",
            kind,
            ONE,
            |party, act| {
                if answer(act) == Some(500)
                    && let Some((_, request)) = &mut party.outstanding
                    && let Payload::Json(body) = &mut request.body
                {
                    body["value"][0]["resourceData"]["clientContext"] = json!("another one");
                }
                false
            },
            Warns(Rule::NotificationBody, "redelivery.same"),
        ),
        row(
            "sent again behind something later",
            kind,
            FLOW,
            |party, act| {
                let is_it = answer(act) == Some(500);
                party.count += usize::from(is_it);
                if is_it && party.count == 1 {
                    let (_, first) = party.outstanding.take().expect("it was refused");
                    let (_, later) = party.told.pop_front().expect("the call is established");
                    party.tell(later);
                    party.tell(first);
                    return true;
                }
                false
            },
            Warns(Rule::NotificationOrder, "redelivery.order"),
        ),
    ]);
}

#[test]
fn an_acknowledgement_that_never_comes() {
    let kind = Kind::SilentCallback;
    judge(&[
        row("sent again after a while", kind, ONE, good, Passes),
        row(
            "waited for until the connection closes",
            kind,
            ONE,
            |party, act| {
                // Of two cuts the first is the service's own patience.
                let is_cut = matches!(act, Act::Cut { .. });
                if is_cut && party.done.iter().any(|(_, it)| it == act) {
                    party.outstanding = None;
                    party.tell_next();
                }
                is_cut
            },
            Warns(Rule::NotificationMissing, "redelivery.sent"),
        ),
    ]);
}

#[test]
fn where_weather_is_not_met_there_is_no_scenario() {
    let bare = "beta@2019-05/ru-RU/participant-invite";
    let met: Vec<Kind> = Kind::ALL
        .into_iter()
        .filter(|kind| derived(bare, *kind).is_some())
        .collect();
    assert_eq!(
        met,
        [
            Kind::LostResponse,
            Kind::SlowResponse,
            Kind::Throttled,
            Kind::Unavailable,
            Kind::ConnectionReset
        ],
        "a request and a response alone"
    );
}

#[test]
fn a_seed_tells_all() {
    let played = || {
        let (_, done) = Party::new(Kind::UnknownResource, FLOW, good).play();
        format!("{done:?}")
    };
    assert_eq!(played(), played());
}
