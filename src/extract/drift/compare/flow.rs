//! Changes of the conversations: steps, outcomes, statuses of examples, provider states, names.

use std::collections::{BTreeMap, BTreeSet};

use crate::scenario::format::ProviderState;

use super::super::change::ChangeKind as K;
use super::super::change::{Change, Effect};
use super::super::page::Page;
use super::super::sample::SamplePart;
use super::super::scenario;
use super::super::scenario::{Described, Scenario, Step, StepKind};
use super::super::scope::Scope;
use super::{Pair, TO_BOT, request};

/// The subjects of changes.
pub(super) const EXAMPLE_STATUS: &str = "status of the answer in examples";
pub(super) const STATE: &str = "provider state";

pub(super) fn compare(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    for (old, new) in &pair.scenarios {
        steps(pair, *old, *new, changes);
        names(pair, *old, *new, changes);
        preparations(pair, *old, *new, changes);
    }
    statuses(pair, changes);
    removed(pair, changes);
    added(pair, changes);
    states(pair, changes);
}

/// The kinds of messages that a page shows.
fn kinds(page: &Page) -> BTreeSet<&StepKind> {
    let steps = page.scenarios.iter().flat_map(|it| &it.steps);
    steps.map(|step| &step.kind).collect()
}

fn steps(pair: &Pair<'_>, old: usize, new: usize, changes: &mut Vec<Change>) {
    let (old, new) = (&pair.old.scenarios[old], &pair.new.scenarios[new]);
    let common = scenario::common_steps(&old.steps, &new.steps);
    let is_lost = |(index, _): &(usize, &Step)| common.iter().all(|it| it.0 != *index);
    let is_gained = |(index, _): &(usize, &Step)| common.iter().all(|it| it.1 != *index);
    let lost: Vec<&Step> = { old.steps.iter().enumerate() }
        .filter(is_lost)
        .map(|(_, step)| step)
        .collect();
    let gained: Vec<&Step> = { new.steps.iter().enumerate() }
        .filter(is_gained)
        .map(|(_, step)| step)
        .collect();
    if let Some(first) = lost.first() {
        let still = kinds(pair.new);
        let is_missed = lost.iter().any(|step| is_missed(step, &still));
        let effect = if is_missed {
            TO_BOT
        } else {
            Effect::Compatible
        };
        let change = Change::new(K::StepsRemoved, effect, &of_scenario(new), &listed(&lost));
        let change = change.at(Some(first.line), new.line);
        let change = change.of_scenario(&new.name).within(either(old, new));
        changes.push(match begins_with(old, new) {
            Some(remark) => change.remark(remark),
            None => change,
        });
    }
    if let Some(first) = gained.first() {
        let known = kinds(pair.old);
        let is_news = gained.iter().any(|step| {
            matches!(step.kind, StepKind::Notification(_)) && !known.contains(&step.kind)
        });
        let effect = if is_news { TO_BOT } else { Effect::Compatible };
        let change = Change::new(K::StepsAdded, effect, &of_scenario(new), &listed(&gained));
        let change = change.at(old.line, Some(first.line));
        changes.push(change.of_scenario(&new.name).within(either(old, new)));
    }
}

/// True for a notification that a bot may wait for, which no life cycle allows and the new text does not show.
fn is_missed(step: &Step, still: &BTreeSet<&StepKind>) -> bool {
    matches!(step.kind, StepKind::Notification(_))
        && !step.kind.is_of_a_life_cycle()
        && !still.contains(&step.kind)
}

/// A conversation under both of its names.
fn either(old: &Scenario, new: &Scenario) -> Scope {
    Scope::Scenario(vec![old.name.clone(), new.name.clone()])
}

fn of_scenario(scenario: &Scenario) -> String {
    format!("scenario {}, steps", scenario.name)
}

fn listed(steps: &[&Step]) -> String {
    let kinds: Vec<_> = steps.iter().map(|step| step.kind.as_str()).collect();
    kinds.join("`, `")
}

/// The provider states of the new text, in words, if they are other ones.
fn begins_with(old: &Scenario, new: &Scenario) -> Option<String> {
    let names = |all: &[ProviderState]| {
        let names: Vec<_> = all.iter().map(|it| format!("`{}`", it.as_str())).collect();
        names.join(", ")
    };
    (old.given != new.given && !new.given.is_empty())
        .then(|| format!("the scenario now begins with {}", names(&new.given)))
}

fn names(pair: &Pair<'_>, old: usize, new: usize, changes: &mut Vec<Change>) {
    let (one, other) = (&pair.old.scenarios[old], &pair.new.scenarios[new]);
    let has_same_messages = || {
        let requests = [
            pair.old_scenarios[old].1.request,
            pair.new_scenarios[new].1.request,
        ];
        let is_like = match requests {
            [Some(before), Some(after)] => before.likeness(after) >= SAME,
            _ => true,
        };
        is_like && one.steps.len() == other.steps.len()
    };
    if has_other_name(pair, one, other) && has_same_messages() {
        let change = Change::new(K::ScenarioRenamed, Effect::Renamed, "scenario", "");
        let change = change.values(&one.name, &other.name);
        let change = change.at(one.line, other.line).of_scenario(&other.name);
        changes.push(change.within(either(one, other)));
    }
    if let (Some((before, line)), Some((after, other_line))) = (&one.annotated, &other.annotated)
        && before != after
    {
        let change = Change::new(
            K::ExampleRenamed,
            Effect::Renamed,
            "annotation of the example",
            "",
        );
        let change = change.values(before, after);
        let change = change.at(Some(*line), Some(*other_line));
        // The outcomes of a request share its annotation.
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
}

/// True if two conversations have other headings or annotations. The level of a heading decides alone whether it gives a
/// conversation its name, so another name may come from the same headings.
fn has_other_name(pair: &Pair<'_>, one: &Scenario, other: &Scenario) -> bool {
    let annotation = |it: &Scenario| it.annotated.as_ref().map(|it| it.0.to_lowercase());
    !one.name.eq_ignore_ascii_case(&other.name)
        && (!one.headings.is_subset(&pair.new.anchors)
            || !other.headings.is_subset(&pair.old.anchors)
            || annotation(one) != annotation(other))
}

/// The least likeness of the requests of one conversation under two names, in thousandths.
const SAME: u32 = 750;

/// Sections without messages inside an example.
fn preparations(pair: &Pair<'_>, old: usize, new: usize, changes: &mut Vec<Change>) {
    let (before, after) = (pair.old, pair.new);
    let (old, new) = (&pair.old.scenarios[old], &pair.new.scenarios[new]);
    if !old
        .steps
        .iter()
        .map(|it| &it.kind)
        .eq(new.steps.iter().map(|it| &it.kind))
    {
        return;
    }
    // A section that moved, for example to another level, is not new.
    let is_gone = |it: &&(String, usize)| !after.anchors.contains(&it.0);
    for (anchor, line) in old.preparations.iter().filter(is_gone) {
        let change = Change::new(K::SectionRemoved, Effect::Compatible, "section", anchor);
        let change = change.at(Some(*line), new.line).of_scenario(&new.name);
        changes.push(change.within(either(old, new)));
    }
    let is_new = |it: &&(String, usize)| !before.anchors.contains(&it.0);
    for (anchor, line) in new.preparations.iter().filter(is_new) {
        let change = Change::new(K::SectionAdded, Effect::Compatible, "section", anchor);
        let change = change.at(old.line, Some(*line)).of_scenario(&new.name);
        changes.push(change.within(either(old, new)));
    }
}

/// Answers that have another status in the same conversation.
fn statuses(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let mut seen = BTreeSet::new();
    for (old, new) in pair.messages() {
        let (old, new) = (&pair.old.messages[old], &pair.new.messages[new]);
        let (SamplePart::Answer { status: before, .. }, SamplePart::Answer { status: after, to }) =
            (&old.part, &new.part)
        else {
            continue;
        };
        if before != after && seen.insert((before, after, to)) {
            let change = Change::new(K::ExampleStatusChanged, TO_BOT, EXAMPLE_STATUS, "");
            let change = change.values(before.to_string(), after.to_string());
            let change = change.within(Scope::Answer {
                to: Some(to.clone()),
                statuses: vec![*before],
            });
            changes.push(change.at(Some(old.line), Some(new.line)));
        }
    }
}

/// Conversations of the old text without a partner.
fn removed(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let known = kinds(pair.new);
    for (index, described) in pair.old_scenarios.iter().enumerate() {
        if pair.partner_of_old(index).is_some() {
            continue;
        }
        let (scenario, _) = described;
        let end = scenario.steps.last();
        let is_outcome = is_outcome(scenario, &pair.old.scenarios);
        if let Some(end) = end.filter(|it| is_outcome && !known.contains(&it.kind)) {
            let effect = if end.kind.is_of_a_life_cycle() {
                Effect::Compatible
            } else {
                TO_BOT
            };
            let change = Change::new(K::OutcomeRemoved, effect, "outcome", end.kind.as_str());
            let change = change.at(Some(end.line), None).of_scenario(&scenario.name);
            changes.push(if effect == Effect::Compatible {
                change.remark("its life cycle still allows it")
            } else {
                change
            });
        } else if !is_within(described, &pair.new_scenarios) {
            let name = &scenario.name;
            let is_missed = scenario.steps.iter().any(|it| is_missed(it, &known));
            let effect = if is_missed {
                TO_BOT
            } else {
                Effect::Compatible
            };
            let change = Change::new(K::ScenarioRemoved, effect, "scenario", name);
            changes.push(change.at(scenario.line, None).of_scenario(name));
        }
    }
}

/// Conversations of the new text without a partner.
fn added(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let known = kinds(pair.old);
    let partners: BTreeSet<usize> = pair.scenarios.iter().map(|it| it.1).collect();
    for (index, (scenario, _)) in pair.new_scenarios.iter().enumerate() {
        if partners.contains(&index) {
            continue;
        }
        let is_outcome = is_outcome(scenario, &pair.new.scenarios);
        let end = scenario.steps.last();
        if let Some(end) = end.filter(|it| is_outcome && !known.contains(&it.kind)) {
            let change = Change::new(K::OutcomeAdded, TO_BOT, "outcome", end.kind.as_str());
            changes.push(change.at(None, Some(end.line)).of_scenario(&scenario.name));
        } else {
            let name = &scenario.name;
            let change = Change::new(K::ScenarioAdded, Effect::Compatible, "scenario", name);
            let change = change.at(None, scenario.line).of_scenario(name);
            changes.push(match needs(scenario) {
                Some(remark) => change.remark(remark),
                None => change,
            });
        }
    }
}

/// The provider states of a conversation other than a call, in words.
fn needs(scenario: &Scenario) -> Option<String> {
    let states = scenario
        .given
        .iter()
        .filter(|it| **it != ProviderState::Call);
    let states: Vec<_> = states.map(|it| format!("`{}`", it.as_str())).collect();
    (!states.is_empty()).then(|| format!("it needs {}", states.join(", ")))
}

/// True if another conversation begins with the same message.
fn is_outcome(scenario: &Scenario, all: &[Scenario]) -> bool {
    let first = |it: &Scenario| it.steps.first().map(|step| step.message);
    let same = all.iter().filter(|it| first(it) == first(scenario));
    same.count() > 1
}

/// True if a longer conversation with the same people has all messages of a conversation.
fn is_within(described: &Described<'_>, others: &[Described<'_>]) -> bool {
    let (scenario, features) = described;
    others.iter().any(|(other, its)| {
        other.steps.len() > scenario.steps.len()
            && its.people == features.people
            && scenario.is_contained_in(other)
    })
}

/// Provider states that only one text needs, of conversations in both.
fn states(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    // The state that a request needs follows from its method and path.
    if request::has_moved(pair) {
        return;
    }
    let all = |page: &Page| -> BTreeSet<ProviderState> {
        page.scenarios
            .iter()
            .flat_map(|it| it.given.iter().copied())
            .collect()
    };
    let (before, after) = (all(pair.old), all(pair.new));
    let mut lost: BTreeMap<ProviderState, (Option<usize>, Option<usize>)> = BTreeMap::new();
    let mut gained = lost.clone();
    for (old, new) in &pair.scenarios {
        let (old, new) = (&pair.old.scenarios[*old], &pair.new.scenarios[*new]);
        let lines = (old.line, new.line);
        let is_lost = |state: &&ProviderState| !after.contains(state);
        let is_gained = |state: &&ProviderState| !before.contains(state);
        for state in old.given.iter().filter(is_lost) {
            lost.entry(*state).or_insert(lines);
        }
        for state in new.given.iter().filter(is_gained) {
            gained.entry(*state).or_insert(lines);
        }
    }
    for (kind, states) in [(K::StateRemoved, lost), (K::StateAdded, gained)] {
        for (state, (old, new)) in states {
            let change = Change::new(kind, Effect::Compatible, STATE, state.as_str());
            let change = change.within(Scope::State(state));
            changes.push(change.at(old, new));
        }
    }
}
