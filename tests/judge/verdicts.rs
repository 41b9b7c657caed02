//! Verdicts other than pass and fail, transport, and the doubles that come after the end.

use crate::contract::rule::Rule;
use crate::judge::{TransportFailure, TriggerAnswer};

use super::party::{Move, Talk, bare};
use super::table::Expect::{Fails, Inconclusive, Passes, Skips};
use super::table::{FLOW, ONE, Row, bot, judge, service};

#[test]
fn verdicts() {
    judge(&rows());
}

fn triggered(t: &mut Talk, answer: TriggerAnswer) {
    t.moves[0].1 = Move::Triggered(answer);
}

fn broken(t: &mut Talk, step: usize, failure: TransportFailure) {
    let at = t.at(step);
    t.moves[at].1 = Move::Break(failure);
}

pub fn rows() -> Vec<Row> {
    vec![
        bot(
            "a declined trigger is a skip",
            ONE,
            |t| {
                triggered(t, TriggerAnswer::Declined("no phones".into()));
                t.moves.truncate(1);
            },
            Skips,
        ),
        bot(
            "a declined trigger is a skip, whatever comes later",
            ONE,
            |t| triggered(t, TriggerAnswer::Declined("no phones".into())),
            Skips,
        ),
        bot(
            "never triggered is inconclusive",
            ONE,
            |t| {
                triggered(t, TriggerAnswer::NoAddress);
                t.moves.truncate(1);
            },
            Inconclusive,
        ),
        bot(
            "a failed trigger is inconclusive",
            ONE,
            |t| {
                triggered(t, TriggerAnswer::Failed("refused".into()));
                t.moves.truncate(1);
            },
            Inconclusive,
        ),
        bot(
            "a trigger without an answer is inconclusive",
            ONE,
            |t| t.moves.clear(),
            Inconclusive,
        ),
        bot(
            "what the bot has already done needs no trigger",
            ONE,
            |t| triggered(t, TriggerAnswer::NoAddress),
            Passes,
        ),
        bot(
            "triggered, and nothing sent",
            ONE,
            |t| t.moves.truncate(1),
            Fails(Rule::RequestMissing, ""),
        ),
        bot(
            "gone away is inconclusive: a bot",
            ONE,
            |t| broken(t, 3, TransportFailure::Gone("refused".into())),
            Inconclusive,
        ),
        service(
            "gone away is inconclusive: a service",
            ONE,
            |t| broken(t, 2, TransportFailure::Gone("refused".into())),
            Inconclusive,
        ),
        service(
            "transport: an answer that breaks off",
            ONE,
            |t| broken(t, 2, TransportFailure::Broken("end of file".into())),
            Fails(Rule::Transport, ""),
        ),
        bot(
            "transport: an acknowledgement that breaks off",
            ONE,
            |t| broken(t, 3, TransportFailure::Broken("end of file".into())),
            Fails(Rule::Transport, ""),
        ),
        service(
            "response.missing",
            ONE,
            |t| broken(t, 2, TransportFailure::Silent),
            Fails(Rule::ResponseMissing, ""),
        ),
        bot(
            "acknowledgement.missing",
            ONE,
            |t| broken(t, 3, TransportFailure::Silent),
            Fails(Rule::AcknowledgementMissing, ""),
        ),
        bot(
            "acknowledgement.missing: at the deadline",
            ONE,
            |t| t.moves.truncate(2),
            Fails(Rule::AcknowledgementMissing, ""),
        ),
        bot(
            "acknowledgement.status: a redirection is none",
            ONE,
            |t| t.answer(3).status = 302,
            Fails(Rule::AcknowledgementStatus, ""),
        ),
        bot(
            "a finished judge still catches doubles",
            FLOW,
            |t| {
                let again = t.moves[t.at(10)].1.clone();
                t.more(again);
            },
            Fails(Rule::RequestUnexpected, ""),
        ),
        bot(
            "a stopped judge adds nothing",
            ONE,
            |t| {
                t.answer(4).status = 204;
                broken(t, 3, TransportFailure::Silent);
                t.more(bare("POST", "/communications/calls"));
            },
            Fails(Rule::AcknowledgementMissing, ""),
        ),
        service(
            "a stopped judge adds nothing: of a service",
            ONE,
            |t| {
                t.leave_out(4);
                t.more(Move::Silence);
                t.twice(3);
                let again = t.moves[t.at(3)].1.clone();
                t.leave_out(3);
                t.moves.remove(t.at(2) + 1);
                t.more(again);
            },
            Fails(Rule::NotificationMissing, ""),
        ),
        service(
            "silence is notification.missing",
            ONE,
            |t| {
                t.leave_out(4);
            },
            Fails(Rule::NotificationMissing, ""),
        ),
    ]
}
