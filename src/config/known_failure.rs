//! Known failures: the failures that a project lists, compared with those of a run.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::api::party::Party;
use crate::cassette::open;
use crate::contract::rule::Rule;
use crate::judge::verdict::{Listed, ScenarioResult, Verdict, Violation};
use crate::scenario::format::Scenario;
use crate::scenario::selection::Filter;

/// A known failure: `[[known]]` of `confcall.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KnownFailure {
    /// The scenarios: a part of the id, or a glob that matches the whole id. Conversations of `confcall monitor` are
    /// matched by name, such as `monitor/invite*`. Replayed recordings are matched by the path of the file or its last
    /// segments, such as `cassettes/*.jsonl`.
    #[serde(deserialize_with = "scenario")]
    #[schemars(with = "String")]
    pub scenario: Filter,
    /// The party that fails; if absent, both.
    #[serde(default)]
    pub role: Option<Party>,
    /// The rule of the violation.
    pub rule: Rule,
    /// The place in the body: a JSON pointer (RFC 6901), or a glob that matches it. If absent, any place.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub pointer: Option<Filter>,
    /// The reason, which the report shows.
    #[serde(deserialize_with = "reason")]
    pub reason: String,
}

fn scenario<'de, D: Deserializer<'de>>(from: D) -> Result<Filter, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        let message = "`scenario` is empty; use `*` for all scenarios";
        return Err(serde::de::Error::custom(message));
    }
    Filter::parse(&text).map_err(serde::de::Error::custom)
}

fn reason<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let reason = String::deserialize(from)?;
    if reason.trim().is_empty() {
        return Err(serde::de::Error::custom("a known failure needs a reason"));
    }
    Ok(reason)
}

impl KnownFailure {
    /// Whether it is about this scenario, by its id, and this party, whatever the verdict is.
    pub(crate) fn covers(&self, scenario: &str, role: Party) -> bool {
        self.scenario.takes(scenario) && self.is_of(role)
    }

    fn is_of(&self, role: Party) -> bool {
        self.role.is_none_or(|it| it == role)
    }

    /// True if it is about conversations of `confcall monitor`, by their names.
    fn is_of_monitor(&self) -> bool {
        self.scenario.to_string().starts_with("monitor/")
    }

    /// True if it is about recordings that are replayed, by the names of their files.
    fn is_of_recordings(&self) -> bool {
        let name = self.scenario.to_string();
        let mut endings = open::EXTENSIONS.iter().map(|it| format!(".{it}"));
        endings.any(|ending| name.contains(&ending))
    }

    /// The error of an entry that matches nothing. `others` are the violations of its scenarios that no entry lists.
    fn unmatched(&self, others: &[Violation]) -> String {
        let is_rule = |it: &&Violation| it.rule == self.rule;
        let remedy = if let Some(other) = others.iter().find(is_rule) {
            format!(
                "the scenario fails at `{}`: correct `pointer`",
                other.pointer
            )
        } else if others.is_empty() {
            "remove it from `[[known]]`".to_owned()
        } else {
            let rules: BTreeSet<_> = others.iter().map(|it| it.rule.as_str()).collect();
            let rules: Vec<_> = rules.into_iter().collect();
            format!("the scenario fails by {}: correct `rule`", rules.join(", "))
        };
        format!(
            "the known failure of `{}` by {} matches nothing ({}): {remedy}",
            self.scenario, self.rule, self.reason
        )
    }

    fn is(&self, violation: &Violation) -> bool {
        let pointer = violation.pointer.as_str();
        self.rule == violation.rule && self.pointer.as_ref().is_none_or(|it| it.is(pointer))
    }
}

/// Compares results with the list. A scenario is a known failure if each of its failures is listed. A listed scenario
/// that passes is an error.
///
/// An entry matches nothing if it is about no scenario of `all`, or if no result confirms it. An entry about scenarios
/// that were not played, or not judged, is not an error.
pub(crate) fn apply(
    list: &[KnownFailure],
    all: &[Scenario],
    results: &mut [ScenarioResult],
) -> Listed {
    let is_about = |entry: &KnownFailure| {
        entry.is_of_recordings() || all.iter().any(|it| entry.scenario.takes(it.id.as_str()))
    };
    apply_where(list, Filter::takes, is_about, results)
}

/// The same for recordings that were replayed, which an entry names by their paths. `others` are recordings that may be
/// replayed another time.
pub(crate) fn apply_to_recordings(
    list: &[KnownFailure],
    all: &[Scenario],
    others: &[String],
    results: &mut [ScenarioResult],
) -> Vec<String> {
    let is_about = |entry: &KnownFailure| {
        others.iter().any(|it| entry.scenario.is_path(it))
            || all.iter().any(|it| entry.scenario.takes(it.id.as_str()))
    };
    apply_where(list, Filter::is_path, is_about, results).unmatched
}

/// `is_named` says whether a filter is about the name of a result.
fn apply_where(
    list: &[KnownFailure],
    is_named: impl Fn(&Filter, &str) -> bool,
    is_about_something: impl Fn(&KnownFailure) -> bool,
    results: &mut [ScenarioResult],
) -> Listed {
    let mut is_borne_out = vec![false; list.len()];
    let mut is_refuted = vec![false; list.len()];
    let mut unlisted = vec![Vec::new(); list.len()];
    for result in results.iter_mut() {
        let covering: Vec<_> = (0..list.len())
            .filter(|at| {
                let entry = &list[*at];
                is_named(&entry.scenario, &result.scenario) && entry.is_of(result.role)
            })
            .collect();
        if covering.is_empty() {
            continue;
        }
        match result.verdict {
            Verdict::Fail => {
                for at in &covering {
                    let is_there = result.failures.iter().any(|it| list[*at].is(it));
                    is_borne_out[*at] |= is_there;
                    is_refuted[*at] |= !is_there;
                }
                let entries: Vec<_> = covering.iter().map(|at| &list[*at]).collect();
                let others = unlisted_in(result, &entries);
                for at in covering {
                    unlisted[at].extend(others.iter().cloned());
                }
                fail_as_listed(result, &entries);
            }
            Verdict::Pass => {
                let first = &list[covering[0]];
                // The result already has the message; one is enough.
                for at in &covering {
                    is_borne_out[*at] = true;
                }
                result.verdict = Verdict::Fail;
                result.reason = format!(
                    "it passes, but a known failure is listed ({}): remove it from `[[known]]`",
                    first.reason
                );
            }
            Verdict::Known | Verdict::Inconclusive | Verdict::Error | Verdict::Skip => {}
        }
    }
    let mut listed = Listed::default();
    for (at, entry) in list.iter().enumerate() {
        let message = entry.unmatched(&unlisted[at]);
        if entry.is_of_monitor() {
            continue;
        }
        if is_borne_out[at] {
            listed.borne_out.push(message);
        } else if is_refuted[at] || !is_about_something(entry) {
            listed.unmatched.push(message);
        }
    }
    listed
}

/// Compares monitored conversations with the entries about them, which begin with `monitor/`. A conversation is a known
/// failure if each of its failures is listed. Returns a sentence for each entry that no failure matches. Passing
/// conversations do not count: their names depend on the order of the traffic, so an entry may match them by chance.
pub(crate) fn apply_to_conversations(
    list: &[KnownFailure],
    results: &mut [ScenarioResult],
) -> Vec<String> {
    let entries: Vec<&KnownFailure> = list.iter().filter(|it| it.is_of_monitor()).collect();
    let covering = |result: &ScenarioResult| {
        let covering = entries.iter().copied();
        let covering = covering.filter(|it| it.covers(&result.scenario, result.role));
        covering.collect::<Vec<_>>()
    };
    let failing = || results.iter().filter(|it| it.verdict == Verdict::Fail);
    let is_there = |entry: &&&KnownFailure| {
        failing().any(|result| {
            entry.covers(&result.scenario, result.role)
                && result.failures.iter().any(|it| entry.is(it))
        })
    };
    let unmatched = entries.iter().filter(|entry| !is_there(entry));
    let unmatched = unmatched.map(|entry| {
        let failing = failing().filter(|it| entry.covers(&it.scenario, it.role));
        let others: Vec<_> = failing
            .flat_map(|it| unlisted_in(it, &covering(it)))
            .collect();
        entry.unmatched(&others)
    });
    let unmatched = unmatched.collect();
    for result in results.iter_mut().filter(|it| it.verdict == Verdict::Fail) {
        let covering = covering(result);
        if !covering.is_empty() {
            fail_as_listed(result, &covering);
        }
    }
    unmatched
}

/// The violations of a result that none of these entries lists.
fn unlisted_in(result: &ScenarioResult, list: &[&KnownFailure]) -> Vec<Violation> {
    let failures = result.failures.iter();
    let unlisted = failures.filter(|it| !list.iter().any(|entry| entry.is(it)));
    unlisted.cloned().collect()
}

/// A failing result is known if every failure is listed.
fn fail_as_listed(result: &mut ScenarioResult, list: &[&KnownFailure]) {
    let mut reasons: Vec<&str> = Vec::new();
    let mut is_known = !result.failures.is_empty();
    for failure in &result.failures {
        match list.iter().find(|it| it.is(failure)) {
            Some(entry) if reasons.contains(&entry.reason.as_str()) => {}
            Some(entry) => reasons.push(&entry.reason),
            None => is_known = false,
        }
    }
    if is_known {
        result.verdict = Verdict::Known;
        result.reason = reasons.join("; ");
    } else {
        let notes = reasons
            .iter()
            .map(|it| format!("a known failure is among them: {it}"));
        result.notes.extend(notes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::format::{ScenarioId, Script};
    use serde_json::{Value, json};

    fn result(scenario: &str, failures: Vec<Violation>) -> ScenarioResult {
        let verdict = if failures.is_empty() {
            Verdict::Pass
        } else {
            Verdict::Fail
        };
        ScenarioResult {
            failures,
            ..ScenarioResult::new(scenario, Party::Bot, verdict, "")
        }
    }

    fn list(entries: Value) -> Vec<KnownFailure> {
        serde_json::from_value(entries).unwrap()
    }

    fn all(ids: &[&str]) -> Vec<Scenario> {
        let script = Script {
            schema: None,
            version: 1,
            source: "page.md".into(),
            locales: vec![],
            tags: vec![],
            judges: None,
            given: vec![],
            variables: indexmap::IndexMap::new(),
            steps: vec![],
        };
        let scenario = |id: &&str| Scenario {
            id: ScenarioId::new(*id),
            script: script.clone().into(),
        };
        ids.iter().map(scenario).collect()
    }

    #[test]
    fn conversations_of_the_monitor_have_entries_of_their_own() {
        let entry = |scenario: &str, rule: &str| json!({"scenario": scenario, "rule": rule, "reason": "slow"});
        let list = list(json!([
            entry("monitor/invite*", "limit"),
            entry("monitor/create*", "limit"),
            entry("page", "limit")
        ]));
        let mut results = [
            result("monitor/invite", vec![]),
            result("monitor/invite-2", vec![Violation::sample(Rule::Limit, "")]),
            result("monitor/answer", vec![Violation::sample(Rule::Limit, "")]),
        ];
        let unmatched = apply_to_conversations(&list, &mut results);
        let verdicts = results.map(|it| it.verdict);
        assert_eq!(verdicts, [Verdict::Pass, Verdict::Known, Verdict::Fail]);
        assert_eq!(unmatched.len(), 1, "{unmatched:?}");
        assert!(unmatched[0].contains("monitor/create*"));
        assert!(unmatched[0].ends_with("remove it from `[[known]]`"));
        // A run has nothing to say of them.
        let listed = apply(&list[..2], &all(&["page/a"]), &mut []);
        assert_eq!(listed, Listed::default());
    }

    #[test]
    fn a_failure_is_known_by_scenario_role_rule_and_pointer() {
        let entry = |change: Value| {
            let mut entry = json!({"scenario": "page/*", "role": "bot", "rule": "request.body",
                "pointer": "/participants/*", "reason": "bug 7"});
            entry
                .as_object_mut()
                .unwrap()
                .extend(change.as_object().unwrap().clone());
            list(json!([entry]))
        };
        let known = |list: &[KnownFailure]| {
            let failure = Violation::sample(Rule::RequestBody, "/participants/0/identity");
            let mut results = [result("page/one", vec![failure])];
            let unmatched = apply(list, &all(&["page/one"]), &mut results).unmatched;
            assert_eq!(
                unmatched.is_empty(),
                results[0].verdict == Verdict::Known,
                "{unmatched:?}"
            );
            results[0].verdict == Verdict::Known && results[0].reason == "bug 7"
        };
        assert!(known(&entry(json!({}))));
        assert!(known(&entry(json!({"role": null, "pointer": null}))));
        assert!(!known(&entry(json!({"rule": "request.header"}))));
        assert!(!known(&entry(json!({"pointer": "/participants"}))));
        assert!(!known(&entry(json!({"scenario": "other/*"}))));
    }

    #[test]
    fn recordings_have_entries_by_the_paths_of_their_files() {
        let entry =
            |scenario: &str| json!({"scenario": scenario, "rule": "limit", "reason": scenario});
        let list = list(json!([
            entry("order.jsonl"),
            entry("er.jsonl"),
            entry("cassettes/gone.har"),
            entry("cassettes/later*"),
            entry("page/"),
        ]));
        let mut results = [result(
            "cassettes/order.jsonl",
            vec![Violation::sample(Rule::Limit, "")],
        )];
        let others = ["cassettes/later.zip".to_owned()];
        let unmatched = apply_to_recordings(&list, &all(&["page/one"]), &others, &mut results);
        assert_eq!(results[0].verdict, Verdict::Known);
        assert_eq!(results[0].reason, "order.jsonl");
        assert_eq!(unmatched.len(), 2, "{unmatched:?}");
        assert!(unmatched[0].contains("`er.jsonl`"));
        assert!(unmatched[1].contains("gone.har"));
        // A run has nothing to say of them.
        let listed = apply(&list[..2], &all(&["page/one"]), &mut []);
        assert_eq!(listed, Listed::default());
    }

    #[test]
    fn a_recording_is_named_by_whole_segments_of_its_path() {
        let path = "tapes/deep/order.jsonl";
        for (name, is_it) in [
            ("tapes/deep/order.jsonl", true),
            ("deep/order.jsonl", true),
            ("order.jsonl", true),
            ("deep/*.jsonl", true),
            ("*.jsonl", true),
            ("tapes/*.jsonl", true),
            ("rder.jsonl", false),
            ("eep/*.jsonl", false),
            ("deep/order.json", false),
            ("tapes", false),
        ] {
            assert_eq!(Filter::parse(name).unwrap().is_path(path), is_it, "{name}");
        }
    }

    #[test]
    fn every_failure_must_be_listed() {
        let list = list(json!([
            {"scenario": "one", "rule": "request.body", "reason": "bug 7"},
        ]));
        let failures = vec![
            Violation::sample(Rule::RequestBody, ""),
            Violation::sample(Rule::Limit, ""),
        ];
        let mut results = [result("page/one", failures)];
        let listed = apply(&list, &all(&["page/one"]), &mut results);
        assert_eq!((listed.borne_out.len(), listed.unmatched.len()), (1, 0));
        assert_eq!(results[0].verdict, Verdict::Fail);
        assert_eq!(results[0].notes, ["a known failure is among them: bug 7"]);
    }

    #[test]
    fn what_passes_though_it_is_listed_fails() {
        let list = list(json!([
            {"scenario": "one", "rule": "request.body", "reason": "bug 7"},
        ]));
        let mut results = [result("page/one", vec![]), result("page/two", vec![])];
        let listed = apply(&list, &all(&["page/one"]), &mut results);
        assert_eq!((listed.borne_out.len(), listed.unmatched.len()), (1, 0));
        assert_eq!(results[0].verdict, Verdict::Fail);
        assert!(results[0].reason.contains("bug 7"), "{}", results[0].reason);
        assert_eq!(results[1].verdict, Verdict::Pass);
    }

    #[test]
    fn an_entry_that_matches_nothing_is_reported_unless_nothing_was_judged() {
        let list = list(json!([
            {"scenario": "gone", "rule": "limit", "reason": "bug 1"},
            {"scenario": "later", "rule": "limit", "reason": "bug 2"},
            {"scenario": "skipped", "rule": "limit", "reason": "bug 3"},
            {"scenario": "one", "rule": "limit", "reason": "bug 4"},
        ]));
        let mut skipped = result("page/skipped", vec![]);
        skipped.verdict = Verdict::Skip;
        let mut results = [
            result("page/one", vec![Violation::sample(Rule::Transport, "")]),
            skipped,
        ];
        let all = all(&["page/one", "page/later", "page/skipped"]);
        let unmatched = apply(&list, &all, &mut results).unmatched;
        let wrong = ["bug 1", "bug 4"];
        assert_eq!(unmatched.len(), wrong.len(), "{unmatched:?}");
        assert!(unmatched[0].ends_with("remove it from `[[known]]`"));
        assert!(unmatched[1].ends_with("the scenario fails by transport: correct `rule`"));
        assert!(
            unmatched
                .iter()
                .zip(wrong)
                .all(|(message, bug)| message.contains(bug))
        );
    }

    #[test]
    fn an_entry_has_a_reason() {
        let entry = json!({"scenario": "one", "rule": "limit", "reason": " "});
        let error = serde_json::from_value::<KnownFailure>(entry).unwrap_err();
        assert!(error.to_string().contains("reason"));
    }
}
