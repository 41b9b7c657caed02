//! Verdicts other than pass and fail, transport, and duplicates after the end.

use crate::contract::rule::Rule;
use crate::judge::{TransportFailure, TriggerAnswer};

use super::party::{Move, Talk, bare};
use super::table::Expect::{Fails, Inconclusive, Passes, Skips};
use super::table::{FLOW, ONE, Row, bot, rows, service};

fn triggered(t: &mut Talk, answer: TriggerAnswer) {
    t.moves[0].1 = Move::Triggered(answer);
}

fn broken(t: &mut Talk, step: usize, failure: TransportFailure) {
    let at = t.at(step);
    t.moves[at].1 = Move::Break(failure);
}

rows![
    a_declined_trigger_is_a_skip(bot(
        "a declined trigger is a skip",
        ONE,
        |t| {
            triggered(t, TriggerAnswer::Declined("no phones".into()));
            t.moves.truncate(1);
        },
        Skips,
    )),
    a_declined_trigger_is_a_skip_whatever_comes_later(bot(
        "a declined trigger is a skip, whatever comes later",
        ONE,
        |t| triggered(t, TriggerAnswer::Declined("no phones".into())),
        Skips,
    )),
    never_triggered_is_inconclusive(bot(
        "never triggered is inconclusive",
        ONE,
        |t| {
            triggered(t, TriggerAnswer::NoAddress);
            t.moves.truncate(1);
        },
        Inconclusive,
    )),
    a_failed_trigger_is_inconclusive(bot(
        "a failed trigger is inconclusive",
        ONE,
        |t| {
            triggered(t, TriggerAnswer::Failed("refused".into()));
            t.moves.truncate(1);
        },
        Inconclusive,
    )),
    a_trigger_without_an_answer_is_inconclusive(bot(
        "a trigger without an answer is inconclusive",
        ONE,
        |t| t.moves.clear(),
        Inconclusive,
    )),
    what_the_bot_has_already_done_needs_no_trigger(bot(
        "what the bot has already done needs no trigger",
        ONE,
        |t| triggered(t, TriggerAnswer::NoAddress),
        Passes,
    )),
    triggered_and_nothing_sent(bot(
        "triggered, and nothing sent",
        ONE,
        |t| t.moves.truncate(1),
        Fails(Rule::RequestMissing, ""),
    )),
    gone_away_is_inconclusive_a_bot(bot(
        "gone away is inconclusive: a bot",
        ONE,
        |t| broken(t, 3, TransportFailure::Gone("refused".into())),
        Inconclusive,
    )),
    gone_away_is_inconclusive_a_service(service(
        "gone away is inconclusive: a service",
        ONE,
        |t| broken(t, 2, TransportFailure::Gone("refused".into())),
        Inconclusive,
    )),
    transport_an_answer_that_breaks_off(service(
        "transport: an answer that breaks off",
        ONE,
        |t| broken(t, 2, TransportFailure::Broken("end of file".into())),
        Fails(Rule::Transport, ""),
    )),
    transport_an_acknowledgement_that_breaks_off(bot(
        "transport: an acknowledgement that breaks off",
        ONE,
        |t| broken(t, 3, TransportFailure::Broken("end of file".into())),
        Fails(Rule::Transport, ""),
    )),
    response_missing(service(
        "response.missing",
        ONE,
        |t| broken(t, 2, TransportFailure::Silent),
        Fails(Rule::ResponseMissing, ""),
    )),
    acknowledgement_missing(bot(
        "acknowledgement.missing",
        ONE,
        |t| broken(t, 3, TransportFailure::Silent),
        Fails(Rule::AcknowledgementMissing, ""),
    )),
    acknowledgement_missing_at_the_deadline(bot(
        "acknowledgement.missing: at the deadline",
        ONE,
        |t| t.moves.truncate(2),
        Fails(Rule::AcknowledgementMissing, ""),
    )),
    acknowledgement_status_a_redirection_is_none(bot(
        "acknowledgement.status: a redirection is none",
        ONE,
        |t| t.answer(3).status = 302,
        Fails(Rule::AcknowledgementStatus, ""),
    )),
    a_finished_judge_still_catches_doubles(bot(
        "a finished judge still catches doubles",
        FLOW,
        |t| {
            let again = t.moves[t.at(10)].1.clone();
            t.more(again);
        },
        Fails(Rule::RequestUnexpected, ""),
    )),
    a_stopped_judge_adds_nothing(bot(
        "a stopped judge adds nothing",
        ONE,
        |t| {
            t.answer(4).status = 204;
            broken(t, 3, TransportFailure::Silent);
            t.more(bare("POST", "/communications/calls"));
        },
        Fails(Rule::AcknowledgementMissing, ""),
    )),
    a_stopped_judge_adds_nothing_of_a_service(service(
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
    )),
    silence_is_notification_missing(service(
        "silence is notification.missing",
        ONE,
        |t| {
            t.leave_out(4);
        },
        Fails(Rule::NotificationMissing, ""),
    )),
];
