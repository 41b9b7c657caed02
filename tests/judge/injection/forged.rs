//! Notifications with forged tokens, which a bot must reject.

use super::*;
use crate::contract::requirement::Requirement;

/// Kinds with forged notifications, the forgeries before a genuine one, and the tested requirement.
const FORGED_TOKENS: [(InjectionKind, &[Forgery], Requirement); 4] = [
    (
        InjectionKind::UnsignedNotification,
        &[Forgery::NoToken, Forgery::Unsigned],
        Requirement::TokenSigned,
    ),
    (
        InjectionKind::ForeignKey,
        &[Forgery::ForeignKey],
        Requirement::TokenKey,
    ),
    (
        InjectionKind::ExpiredToken,
        &[Forgery::Expired],
        Requirement::TokenExpired,
    ),
    (
        InjectionKind::OtherAudience,
        &[Forgery::OtherAudience],
        Requirement::TokenAudience,
    ),
];

/// The exchange of a forged notification; none for a genuine one.
fn forged(act: &Act) -> Option<(ExchangeId, Forgery)> {
    match act {
        Act::Forge {
            exchange, forgery, ..
        } => Some((*exchange, *forgery)),
        _ => None,
    }
}

/// Answers a forged notification with this status.
fn answer_forged(party: &mut Peer, act: &Act, of: u16) -> bool {
    let Some((exchange, _)) = forged(act) else {
        return false;
    };
    party.acknowledge(exchange, of);
    true
}

/// Sends the next request, that of a call's answer, without a trigger.
fn pick_up(party: &mut Peer) {
    let scenario = derived(FLOW, InjectionKind::ForeignKey).expect("it has notifications");
    let talk = Talk::of(&scenario, built_in(), Party::Bot, false);
    let mut requests = talk.moves.into_iter().filter_map(|(_, made)| match made {
        Move::Send(request) => Some(request),
        _ => None,
    });
    party.send(requests.next().expect("the bot answers the call"));
}

#[test]
fn a_forged_notification() {
    for (kind, _, requirement) in FORGED_TOKENS {
        judge(&[
            row("refused with 401", kind, MANY, good, Passes),
            row(
                "refused with 403",
                kind,
                FLOW,
                |party, act| answer_forged(party, act, 403),
                Passes,
            ),
            row(
                "taken",
                kind,
                ONE,
                |party, act| answer_forged(party, act, 202),
                Fails(Rule::AcknowledgementStatus, requirement),
            ),
            row(
                "taken, and acted on twice, which follows from it",
                kind,
                FLOW,
                |party, act| {
                    let is_taken = answer_forged(party, act, 202);
                    if is_taken {
                        pick_up(party);
                    }
                    is_taken
                },
                Fails(Rule::AcknowledgementStatus, requirement),
            ),
            row(
                "refused as what is malformed",
                kind,
                ONE,
                |party, act| answer_forged(party, act, 400),
                Fails(Rule::AcknowledgementStatus, requirement),
            ),
            row(
                "never answered",
                kind,
                ONE,
                |_, act| forged(act).is_some(),
                Fails(Rule::AcknowledgementMissing, requirement),
            ),
            row(
                "the connection breaks instead",
                kind,
                ONE,
                |party, act| {
                    let Some((exchange, _)) = forged(act) else {
                        return false;
                    };
                    let failure = TransportFailure::Broken("closed".to_owned());
                    party.handle(Event::Broken { exchange, failure });
                    true
                },
                Fails(Rule::Transport, requirement),
            ),
            row(
                "acted on before it is refused",
                kind,
                FLOW,
                |party, act| {
                    if forged(act).is_some() && party.requests.is_empty() {
                        pick_up(party);
                    }
                    false
                },
                Fails(Rule::RequestUnexpected, requirement),
            ),
            row(
                "refused, and so is the genuine one",
                kind,
                ONE,
                |party, act| refuse(party, act, 401, |_| true),
                Fails(Rule::AcknowledgementStatus, Requirement::Acknowledgement),
            ),
        ]);
    }
}

#[test]
fn an_unsigned_notification_is_forged_in_two_ways() {
    let kind = InjectionKind::UnsignedNotification;
    let requirement = Requirement::TokenSigned;
    judge(&[
        row(
            "only what has no token is taken",
            kind,
            ONE,
            |party, act| {
                matches!(forged(act), Some((_, Forgery::NoToken))) && answer_forged(party, act, 202)
            },
            Fails(Rule::AcknowledgementStatus, requirement),
        ),
        row(
            "only what says that it is not signed is taken",
            kind,
            ONE,
            |party, act| {
                matches!(forged(act), Some((_, Forgery::Unsigned)))
                    && answer_forged(party, act, 202)
            },
            Fails(Rule::AcknowledgementStatus, requirement),
        ),
    ]);
}

#[test]
fn forged_notifications_come_before_every_genuine_one_and_are_its_like() {
    for (kind, forgeries, _) in FORGED_TOKENS {
        let (outcome, done) = Peer::new(kind, MANY, good).play();
        let notified: Vec<(Option<Forgery>, &Request)> = done
            .iter()
            .filter_map(|(_, act)| match act {
                Act::Forge {
                    forgery, request, ..
                } => Some((Some(*forgery), &**request)),
                Act::Do(Action::Send { request, .. }) => Some((None, &**request)),
                _ => None,
            })
            .collect();
        let before = forgeries.iter().copied().map(Some);
        let wanted: Vec<Option<Forgery>> = before.chain([None]).collect();
        let rounds = notified.chunks(wanted.len());
        assert!(rounds.len() > 1, "{kind:?}");
        for round in rounds {
            let kinds: Vec<_> = round.iter().map(|(forgery, _)| *forgery).collect();
            assert_eq!(kinds, wanted, "{kind:?}");
            let (_, genuine) = round[wanted.len() - 1];
            for (forgery, request) in round {
                assert_eq!(
                    (&request.target, &request.body),
                    (&genuine.target, &genuine.body)
                );
                let has_token = request.headers.get("authorization").is_some();
                assert_eq!(has_token, *forgery != Some(Forgery::NoToken), "{kind:?}");
            }
        }
        let messages = outcome.traffic.iter().map(|it| format!("{:?}", it.message));
        let expected = messages.filter(|it| it.contains(forgeries[0].describe()));
        assert_eq!(expected.count(), notified.len() / wanted.len(), "{kind:?}");
    }
}

#[test]
fn a_target_that_has_gone_is_not_blamed_for_a_forged_notification() {
    let gone: Quirk = |party, act| {
        let Some((exchange, _)) = forged(act) else {
            return false;
        };
        let failure = TransportFailure::Gone("refused".to_owned());
        party.handle(Event::Broken { exchange, failure });
        true
    };
    let (outcome, _) = Peer::new(InjectionKind::ExpiredToken, ONE, gone).play();
    assert_eq!(outcome.verdict, Verdict::Inconclusive, "{outcome:#?}");
    assert_eq!(outcome.failures, []);
}
