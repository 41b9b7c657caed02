//! Rows and their evaluation.

use crate::api::party::Party;
use crate::contract::rule::Rule;
use crate::judge::Outcome;
use crate::judge::verdict::{Basis, Verdict, Violation};

use super::party::Talk;

/// The scenarios that the rows play, by the end of their id.
pub(crate) const ONE: &str = "beta@2021-02/invite-one-participant-to-an-existing-group-call";
pub(crate) const MANY: &str = "beta@2021-02/invite-multiple-participants-to-an-existing-group-call";
pub(crate) const PHONE: &str = "beta@2021-02/invite-one-pstn-participant-to-an-existing-group-call";
pub(crate) const REPLACE: &str = "beta@2021-02/invite-participants-to-a-an-existing-group-call-replacing-an-existing-peer-to-peer-call";
pub(crate) const NO_TOKEN: &str = "beta@2021-02/en/no-token";
pub(crate) const ENDED: &str = "beta@2021-02/en/ended-call";
pub(crate) const LONGEST: &str = "beta@2021-02/en/context-of-256-characters";
pub(crate) const DEPRECATED: &str = "beta@2021-02/en/deprecated-path";
pub(crate) const REPLACING: &str = "beta@2021-02/en/two-participants-replacing-calls";
pub(crate) const FLOW: &str = "beta@2019-05/invite-participants-in-existing-p2p-meeting-2";
pub(crate) const MEETING: &str = "beta@2019-05/invite-participants-in-existing-p2p-meeting";
pub(crate) const ACCEPTED: &str = "beta@2019-05/participant-invite";
pub(crate) const PEER: &str =
    "beta@2019-09/invite-participants-to-a-multiparty-call-replacing-an-existing-peer-to-peer-call";
pub(crate) const FAILURE: &str = "beta@2019-09/invite-participant-failure";
pub(crate) const PROSE: &str = "beta@2019-09/participant-invite";
pub(crate) const MULTIPARTY: &str =
    "beta@2019-09/invite-participants-to-an-existing-multiparty-call";

/// The expected result of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Passes without a warning.
    Passes,
    /// Passes with this in a note.
    Notes(&'static str),
    /// Passes with exactly this warning.
    Warns(Rule, &'static str),
    /// Fails with exactly this failure, at this pointer.
    Fails(Rule, &'static str),
    Inconclusive,
    Skips,
}

/// One sentence, and the conversation that tests it.
pub(crate) struct Row {
    pub sentence: &'static str,
    pub talk: Talk,
    pub expect: Expect,
}

pub(crate) fn service(
    sentence: &'static str,
    scenario: &str,
    edit: impl FnOnce(&mut Talk),
    expect: Expect,
) -> Row {
    row(
        sentence,
        Talk::built_in(scenario, Party::Service),
        edit,
        expect,
    )
}

pub(crate) fn bot(
    sentence: &'static str,
    scenario: &str,
    edit: impl FnOnce(&mut Talk),
    expect: Expect,
) -> Row {
    row(sentence, Talk::built_in(scenario, Party::Bot), edit, expect)
}

pub(crate) fn row(
    sentence: &'static str,
    mut talk: Talk,
    edit: impl FnOnce(&mut Talk),
    expect: Expect,
) -> Row {
    edit(&mut talk);
    Row {
        sentence,
        talk,
        expect,
    }
}

/// Plays a row, and fails if the result differs.
pub(crate) fn judge(row: &Row) {
    if let Some(mismatch) = mismatch(row) {
        panic!("{mismatch}");
    }
}

/// A test for each row, named after its sentence, and a function with all rows of the file.
macro_rules! rows {
    ($($name:ident($row:expr)),+ $(,)?) => {
        pub(super) fn rows() -> Vec<Row> {
            vec![$($row),+]
        }

        $(
            #[test]
            fn $name() {
                super::table::judge(&$row);
            }
        )+
    };
}
pub(super) use rows;

fn mismatch(row: &Row) -> Option<String> {
    let outcome = row.talk.play().outcome;
    let unsound = outcome
        .failures
        .iter()
        .chain(&outcome.warnings)
        .find(|violation| !is_sound(violation, &row.talk));
    if let Some(violation) = unsound {
        return Some(format!("{}: unsound {violation:#?}", row.sentence));
    }
    if is_as_expected(&outcome, &row.expect) {
        return None;
    }
    Some(format!(
        "{}: expected {:?}, got {:?} {}\nfailures {}\nwarnings {}\nnotes {:?}",
        row.sentence,
        row.expect,
        outcome.verdict,
        outcome.reason,
        listed(&outcome.failures),
        listed(&outcome.warnings),
        outcome.notes
    ))
}

fn is_as_expected(outcome: &Outcome, expect: &Expect) -> bool {
    let passes = outcome.verdict == Verdict::Pass && outcome.failures.is_empty();
    let is_quiet = outcome.warnings.is_empty();
    match expect {
        Expect::Passes => passes && is_quiet,
        Expect::Notes(part) => {
            passes && is_quiet && outcome.notes.iter().any(|note| note.contains(part))
        }
        Expect::Warns(rule, pointer) => passes && is_only(&outcome.warnings, *rule, pointer),
        Expect::Fails(rule, pointer) => {
            outcome.verdict == Verdict::Fail && is_only(&outcome.failures, *rule, pointer)
        }
        Expect::Inconclusive => outcome.verdict == Verdict::Inconclusive && is_explained(outcome),
        Expect::Skips => outcome.verdict == Verdict::Skip && is_explained(outcome),
    }
}

fn is_explained(outcome: &Outcome) -> bool {
    outcome.failures.is_empty() && !outcome.reason.is_empty()
}

fn is_only(violations: &[Violation], rule: Rule, pointer: &str) -> bool {
    matches!(violations, [one] if one.rule == rule && one.pointer.as_str() == pointer)
}

/// True if a violation names a requirement, a line of the page, and a step of the scenario.
fn is_sound(violation: &Violation, talk: &Talk) -> bool {
    let steps = talk.scenario.script.steps.len();
    let needs_step = !matches!(
        violation.rule,
        Rule::NotificationUnexpected | Rule::RequestUnexpected | Rule::NotificationOrder
    );
    matches!(violation.requirement, Basis::Requirement(it) if it.party() == talk.role)
        && violation.source.line > 0
        && violation.source.file == talk.scenario.script.source
        && violation
            .step
            .is_none_or(|step| (1..=steps).contains(&step))
        && (violation.step.is_some() || !needs_step)
        && !violation.message.is_empty()
}

fn listed(violations: &[Violation]) -> String {
    let lines: Vec<String> = violations
        .iter()
        .map(|f| {
            format!(
                "\n  {} [{}] step {:?} at {:?}: {} (expected {}, actual {})",
                f.rule,
                f.requirement,
                f.step,
                f.pointer.as_str(),
                f.message,
                f.expected,
                f.actual
            )
        })
        .collect();
    lines.concat()
}
