//! Fault injection without sockets: one table for each kind, one row for each sentence. The party
//! under test conforms, except for the quirk of its row.

mod forged;
mod quirk;

use std::time::Duration;

use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::{Body, Request};
use crate::inject::Forgery;
use crate::inject::{Act, Cut, InjectionKind, with_injected};
use crate::judge::verdict::Verdict;
use crate::judge::{Action, Event, ExchangeId, TransportFailure, TriggerAnswer};
use serde_json::{Value, json};

use super::party::{DEADLINE, Move, Talk, built_in};
use super::table::{FLOW, MANY, ONE, PEER};

use quirk::Expect::{Fails, Passes, Warns};
use quirk::{Peer, Quirk, answer, derived, good, judge, refuse, row, sent};

#[test]
fn a_good_party_passes_every_scenario_under_every_injection() {
    let mut played = 0;
    for kind in InjectionKind::ALL {
        let of_kind = with_injected(built_in(), &[kind]);
        let derived = of_kind
            .iter()
            .filter(|it| InjectionKind::of(&it.id) == Some(kind));
        let mut count = 0;
        for scenario in derived {
            let (outcome, _) = Peer::of(scenario, good, 7).play();
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
    let kind = InjectionKind::EarlyNotification;
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
            Fails(Rule::AcknowledgementStatus, Requirement::NotificationEarly),
        ),
        row(
            "never acknowledged before the answer",
            kind,
            ONE,
            |party, act| {
                sent(act).is_some() && !party.done.iter().any(|(_, it)| answer(it).is_some())
            },
            Fails(Rule::AcknowledgementMissing, Requirement::NotificationEarly),
        ),
    ]);
    let (_, done) = Peer::new(kind, ONE, good).play();
    let answered = done.iter().position(|(_, it)| answer(it) == Some(200));
    let notified = done.iter().position(|(_, it)| sent(it).is_some());
    assert!(notified < answered, "{done:#?}");
}

#[test]
fn a_request_is_answered_even_if_its_early_notification_is_not() {
    let silent: Quirk = |_, act| sent(act).is_some();
    let (_, done) = Peer::new(InjectionKind::EarlyNotification, ONE, silent).play();
    assert!(done.iter().any(|(_, it)| answer(it) == Some(200)));
}

#[test]
fn a_notification_twice() {
    let kind = InjectionKind::DuplicateNotification;
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
            Fails(Rule::AcknowledgementStatus, Requirement::NotificationTwice),
        ),
        row(
            "the second is taken for a reason to invite again",
            kind,
            ONE,
            |party, act| {
                party.count += usize::from(sent(act).is_some());
                if party.count == 2 {
                    party.count += 1;
                    party.send_again();
                }
                false
            },
            Fails(Rule::RequestUnexpected, Requirement::NotificationTwice),
        ),
    ]);
}

#[test]
fn two_notifications_in_one_body() {
    let kind = InjectionKind::BatchedNotifications;
    let holds_two = |body: &Value| body["value"].as_array().is_some_and(|it| it.len() == 2);
    judge(&[
        row("acknowledged", kind, ONE, good, Passes),
        row(
            "refused",
            kind,
            ONE,
            |party, act| refuse(party, act, 400, |body| body["value"][1].is_object()),
            Fails(
                Rule::AcknowledgementStatus,
                Requirement::NotificationBatched,
            ),
        ),
    ]);
    let (_, done) = Peer::new(kind, PEER, good).play();
    let bodies: Vec<&Value> = done
        .iter()
        .filter_map(|(_, it)| Some(sent(it)?.1))
        .collect();
    assert_eq!(bodies.len(), 2, "four notifications in two bodies");
    assert!(bodies.into_iter().all(holds_two));
}

#[test]
fn another_order_between_resources() {
    let kind = InjectionKind::ReorderedNotifications;
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
            Fails(
                Rule::AcknowledgementStatus,
                Requirement::NotificationAnyOrder,
            ),
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
            Fails(Rule::Transport, Requirement::NotificationAnyOrder),
        ),
    ]);
}

#[test]
fn within_one_resource_the_order_stays() {
    for id in [PEER, FLOW, MANY] {
        let scenario =
            derived(id, InjectionKind::ReorderedNotifications).expect("it has several resources");
        for seed in 0..8 {
            let (_, done) = Peer::of(&scenario, good, seed).play();
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
        (
            InjectionKind::UnknownProperties,
            Requirement::UnknownProperties,
        ),
        (InjectionKind::UnknownResource, Requirement::UnknownResource),
        (InjectionKind::UnknownWord, Requirement::UnknownWord),
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
        let (_, done) = Peer::new(kind, FLOW, good).play();
        let unheard = done
            .iter()
            .filter_map(|(_, it)| sent(it))
            .filter(|it| is_unheard_of(it.1));
        assert!(unheard.count() > 1, "{kind:?}");
    }
}

#[test]
fn a_response_that_is_lost_after_the_service_acted() {
    let kind = InjectionKind::LostResponse;
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
                    party.send_otherwise();
                }
                is_cut
            },
            Fails(Rule::RequestUnexpected, Requirement::RetrySame),
        ),
    ]);
    let (_, done) = Peer::new(kind, ONE, good).play();
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
    let kind = InjectionKind::FailingOutcome;
    let id = "invite-participants-to-an-existing-multiparty-call";
    judge(&[
        row("acknowledged", kind, id, good, Passes),
        row(
            "asked again",
            kind,
            id,
            |party, act| {
                if sent(act).is_some() {
                    party.send_again();
                }
                false
            },
            Fails(Rule::RequestUnexpected, Requirement::OutcomeFailed),
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
    let kind = InjectionKind::SlowResponse;
    judge(&[
        row("waited for", kind, ONE, good, Passes),
        row(
            "asked again with the same words",
            kind,
            ONE,
            |party, act| {
                if matches!(act, Act::Do(Action::Trigger { .. })) {
                    party.react(act);
                    party.send_again();
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
                if matches!(act, Act::Do(Action::Trigger { .. })) {
                    party.react(act);
                    party.send_otherwise();
                    return true;
                }
                false
            },
            Fails(Rule::RequestUnexpected, Requirement::RetrySame),
        ),
    ]);
    let (_, done) = Peer::new(kind, ONE, good).play();
    let answered = done.iter().find(|(_, it)| answer(it) == Some(200));
    let (at, _) = answered.expect("it is answered");
    assert!(*at >= Duration::from_secs(2) && *at < DEADLINE, "{at:?}");
}

#[test]
fn a_429_with_retry_after() {
    let kind = InjectionKind::Throttled;
    judge(&[
        row("asked again when it was told", kind, ONE, good, Passes),
        row(
            "asked again at once",
            kind,
            ONE,
            |party, act| {
                let is_it = answer(act) == Some(429);
                if is_it {
                    party.send_again();
                }
                is_it
            },
            Warns(Rule::RequestUnexpected, Requirement::RetryNotBefore),
        ),
        row(
            "not asked again",
            kind,
            ONE,
            |_, act| answer(act) == Some(429),
            Warns(Rule::RequestMissing, Requirement::RetryThrottled),
        ),
        row(
            "not asked again, and told so in the answer to the trigger",
            kind,
            ONE,
            |party, act| {
                let is_it = answer(act) == Some(429);
                if is_it {
                    let failed = TriggerAnswer::Failed("it was answered 500".to_owned());
                    party.handle(Event::Triggered(failed));
                }
                is_it
            },
            Warns(Rule::RequestMissing, Requirement::RetryThrottled),
        ),
    ]);
}

#[test]
fn a_503_and_a_reset() {
    for (kind, requirement) in [
        (InjectionKind::Unavailable, Requirement::RetryUnavailable),
        (InjectionKind::ConnectionReset, Requirement::RetryReset),
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
                        party.send_otherwise();
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
    let kind = InjectionKind::FailingCallback;
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
                    party.notify_next();
                }
                is_it
            },
            Warns(Rule::NotificationMissing, Requirement::RedeliverySent),
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
                    party.notify_next();
                    return true;
                }
                false
            },
            Warns(Rule::NotificationMissing, Requirement::RedeliverySent),
        ),
        row(
            "sent again with something else in it",
            kind,
            ONE,
            |party, act| {
                if answer(act) == Some(500)
                    && let Some((_, request)) = &mut party.outstanding
                    && let Body::Json(body) = &mut request.body
                {
                    body["value"][0]["resourceData"]["clientContext"] = json!("another one");
                }
                false
            },
            Warns(Rule::NotificationBody, Requirement::RedeliverySame),
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
                    let (_, later) = party
                        .notifications
                        .pop_front()
                        .expect("the call is established");
                    party.tell(later);
                    party.tell(first);
                    return true;
                }
                false
            },
            Warns(Rule::NotificationOrder, Requirement::RedeliveryOrder),
        ),
    ]);
}

#[test]
fn an_acknowledgement_that_never_comes() {
    let kind = InjectionKind::SilentCallback;
    judge(&[
        row("sent again after a while", kind, ONE, good, Passes),
        row(
            "waited for until the connection closes",
            kind,
            ONE,
            |party, act| {
                // The first of two cuts is the service's own timeout.
                let is_cut = matches!(act, Act::Cut { .. });
                if is_cut && party.done.iter().any(|(_, it)| it == act) {
                    party.outstanding = None;
                    party.notify_next();
                }
                is_cut
            },
            Warns(Rule::NotificationMissing, Requirement::RedeliverySent),
        ),
    ]);
}

#[test]
fn a_scenario_that_a_kind_cannot_meet_is_not_derived() {
    let bare = "beta@2019-05/participant-invite";
    let met: Vec<InjectionKind> = InjectionKind::ALL
        .into_iter()
        .filter(|kind| derived(bare, *kind).is_some())
        .collect();
    assert_eq!(
        met,
        [
            InjectionKind::LostResponse,
            InjectionKind::SlowResponse,
            InjectionKind::Throttled,
            InjectionKind::Unavailable,
            InjectionKind::ConnectionReset
        ],
        "a request and a response alone"
    );
}

#[test]
fn a_seed_tells_all() {
    let played = || {
        let (_, done) = Peer::new(InjectionKind::UnknownResource, FLOW, good).play();
        format!("{done:?}")
    };
    assert_eq!(played(), played());
}
