//! Life cycles of calls, comms operations and content sharing sessions: transition tables, read from `data/lifecycles.toml`.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::tables::tables;

/// The states of one kind of resource.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LifeCycle {
    /// The first state, if a `created` notification announces the resource; absent if the response to a request does.
    #[serde(default)]
    begin: Option<String>,
    /// The last state, in which the resource is deleted.
    pub end: String,
    /// The states for which no notification is required.
    #[serde(default)]
    optional: Vec<String>,
    /// The states that must not be notified twice in succession.
    #[serde(default)]
    once: Vec<String>,
    /// The states that may follow each state.
    next: IndexMap<String, Vec<String>>,
}

/// The table of life cycles.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "confcall life cycles")]
pub(crate) struct LifeCycles {
    /// The address of the JSON Schema of this format, for editors.
    #[serde(rename = "$schema", default)]
    #[expect(dead_code, reason = "editors read it")]
    schema: Option<String>,
    /// The states of a call.
    call: LifeCycle,
    /// The statuses of a comms operation.
    operation: LifeCycle,
    /// The changes of a content sharing session.
    session: LifeCycle,
}

impl LifeCycles {
    /// A state that is named, and has no row.
    pub(super) fn undefined(&self) -> Option<&str> {
        let mut cycles = [&self.call, &self.operation, &self.session].into_iter();
        cycles.find_map(|cycle| {
            let named = cycle.next.values().flatten().chain([&cycle.end]);
            let named = named.chain(&cycle.optional).chain(&cycle.once);
            let mut undefined = named.filter(|state| !cycle.next.contains_key(*state));
            undefined.next().map(String::as_str)
        })
    }
}

/// The life cycle of a call.
pub(crate) fn call() -> &'static LifeCycle {
    &tables().life_cycles.call
}

/// The life cycle of a comms operation.
pub(crate) fn operation() -> &'static LifeCycle {
    &tables().life_cycles.operation
}

/// The life cycle of a content sharing session.
pub(crate) fn session() -> &'static LifeCycle {
    &tables().life_cycles.session
}

impl LifeCycle {
    /// The state as the table spells it. `None` for an unknown word.
    pub(crate) fn state(&self, word: &str) -> Option<&str> {
        let mut states = self.next.keys();
        let found = states.find(|state| state.eq_ignore_ascii_case(word));
        found.map(String::as_str)
    }

    /// Every state, in the order of the table.
    pub(crate) fn states(&self) -> impl Iterator<Item = &str> {
        self.next.keys().map(String::as_str)
    }

    /// True if a state may follow another, or repeat it. Ignores case.
    pub(crate) fn allows(&self, from: &str, to: &str) -> bool {
        if from.eq_ignore_ascii_case(to) {
            return !self.once.iter().any(|it| it.eq_ignore_ascii_case(to));
        }
        self.state(from).is_some_and(|from| {
            self.next[from]
                .iter()
                .any(|next| next.eq_ignore_ascii_case(to))
        })
    }

    /// True if a resource in one state may be in another one later. Ignores case.
    pub(crate) fn leads_to(&self, from: &str, to: &str) -> bool {
        let mut reached: Vec<&str> = self.state(from).into_iter().collect();
        let mut at = 0;
        while let Some(state) = reached.get(at) {
            for next in &self.next[*state] {
                if !reached.contains(&next.as_str()) {
                    reached.push(next);
                }
            }
            at += 1;
        }
        reached.iter().any(|state| state.eq_ignore_ascii_case(to))
    }

    /// True if a `created` notification brings the resource in this state.
    pub(crate) fn begins(&self, state: &str) -> bool {
        self.begin.as_deref() == Some(state)
    }

    /// True if a notification of the state may be absent. Ignores case.
    pub(crate) fn is_optional(&self, state: &str) -> bool {
        let mut optional = self.optional.iter();
        optional.any(|it| it.eq_ignore_ascii_case(state))
    }

    /// True if nothing may follow. Ignores case.
    pub(crate) fn is_end(&self, state: &str) -> bool {
        self.state(state)
            .is_some_and(|state| self.next[state].is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_goes_on_and_never_back() {
        let call = call();
        for (from, to, may) in [
            ("incoming", "established", true),
            ("Established", "established", true),
            ("established", "establishing", false),
            ("transferring", "established", true),
            ("terminated", "established", false),
        ] {
            assert_eq!(call.allows(from, to), may, "{from} {to}");
        }
        assert!(call.is_end("Terminated") && !call.is_end("terminating"));
        assert!(call.leads_to("incoming", "Terminated") && call.leads_to("hold", "established"));
        assert!(!call.leads_to("established", "incoming"));
    }

    #[test]
    fn a_session_is_created_and_deleted_once() {
        for (from, to, may) in [
            ("created", "created", false),
            ("created", "updated", true),
            ("updated", "updated", true),
            ("updated", "created", false),
            ("deleted", "updated", false),
            ("deleted", "deleted", false),
        ] {
            assert_eq!(session().allows(from, to), may, "{from} {to}");
        }
    }

    #[test]
    fn tables_name_only_states_that_they_define() {
        assert_eq!(tables().life_cycles.undefined(), None);
        for cycle in [call(), operation(), session()] {
            assert!(cycle.is_end(&cycle.end));
        }
    }
}
