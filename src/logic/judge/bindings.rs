//! The values that a scenario's variables have in one run.
//!
//! Variables that must agree share a root: `same_as` of the scenario file, or, where the run is
//! literal, nothing but equal printed values. A root is bound once.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::outline;
use crate::model::identifier::{self, Normal};
use crate::model::scenario::{Kind, Script};
use crate::model::template;

/// The variables of one conversation, with what is known of them.
#[derive(Debug, Clone)]
pub struct Bindings {
    variables: foldhash::HashMap<String, Slot>,
    values: foldhash::HashMap<String, String>,
    /// The values that tell this conversation from others, by root.
    telling: foldhash::HashMap<String, Normal<'static>>,
    fresh: HashMap<String, String>,
}

#[derive(Debug, Clone)]
struct Slot {
    root: String,
    kind: Kind,
    printed: String,
}

impl Bindings {
    /// The variables of a script, none bound. `fresh` gives each root the value that it takes
    /// where confcall has to make one up; roots that it leaves out take the printed value.
    pub fn new(script: &Script, literal: bool, fresh: HashMap<String, String>) -> Self {
        let mut variables = foldhash::HashMap::default();
        for (name, variable) in &script.variables {
            let root = if literal {
                script
                    .variables
                    .iter()
                    .find(|(_, other)| {
                        other.kind == variable.kind
                            && !is_placeholder(&variable.value)
                            && identifier::same(&other.value, &variable.value)
                    })
                    .map_or(name, |(first, _)| first)
            } else {
                variable.same_as.as_ref().unwrap_or(name)
            };
            variables.insert(
                name.clone(),
                Slot {
                    root: root.clone(),
                    kind: variable.kind,
                    printed: variable.value.clone(),
                },
            );
        }
        Self {
            variables,
            values: foldhash::HashMap::default(),
            telling: foldhash::HashMap::default(),
            fresh,
        }
    }

    /// The root that a variable shares with those that must agree with it.
    pub fn root<'a>(&'a self, name: &'a str) -> &'a str {
        self.variables.get(name).map_or(name, |slot| &slot.root)
    }

    /// The kind of a variable's root: how its values compare.
    pub fn kind(&self, name: &str) -> Kind {
        self.variables
            .get(self.root(name))
            .map_or(Kind::Text, |slot| slot.kind)
    }

    /// The value of a variable, where its root is bound.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(self.root(name)).map(String::as_str)
    }

    /// Gives a variable's root its value. What was bound before is replaced.
    pub fn bind(&mut self, name: &str, value: impl Into<String>) {
        let root = self.root(name).to_owned();
        let value = value.into();
        if tells(self.kind(&root)) {
            let normal = Normal::of(&value).into_owned();
            self.telling.insert(root.clone(), normal);
        }
        self.values.insert(root, value);
    }

    /// The value that confcall sends for a variable: the bound one, else a fresh one, which is
    /// bound by this.
    pub fn value(&mut self, name: &str) -> String {
        let value = self.proposal(name);
        self.bind(name, value.as_str());
        value
    }

    /// Binds a variable that has no value yet to the one that [`Bindings::value`] gives.
    pub fn settle(&mut self, name: &str) {
        if self.get(name).is_none() {
            self.value(name);
        }
    }

    /// The value that [`Bindings::value`] would give, without binding it.
    pub fn proposal(&self, name: &str) -> String {
        let root = self.root(name);
        let printed = || Some(&self.variables.get(root)?.printed);
        self.values
            .get(root)
            .or_else(|| self.fresh.get(root))
            .or_else(printed)
            .cloned()
            .unwrap_or_default()
    }

    /// A template with every variable filled in by [`Bindings::value`].
    pub fn fill(&mut self, text: &str) -> String {
        for name in template::variables(text) {
            self.settle(name);
        }
        template::fill(text, &|name| self.get(name).map(str::to_owned))
    }

    /// A template with every bound variable filled in, borrowed where it holds none.
    pub fn filled<'a>(&'a self, text: &'a str) -> Cow<'a, str> {
        match template::sole_variable(text) {
            Some(name) => self.get(name).map_or(Cow::Borrowed(text), Cow::Borrowed),
            None if !text.contains(['{', '}']) => Cow::Borrowed(text),
            None => template::fill(text, &|name| self.get(name).map(str::to_owned)).into(),
        }
    }

    /// A JSON template with every variable filled in by [`Bindings::value`].
    pub fn fill_json(&mut self, body: &Value) -> Value {
        for name in outline::variables(body) {
            self.settle(&name);
        }
        template::fill_json(body, &|name| self.get(name).map(str::to_owned))
    }

    /// The bound values that tell this conversation from others.
    pub fn telling(&self) -> impl Iterator<Item = &Normal<'static>> {
        self.telling.values()
    }

    /// Every bound root with its value, in the order of their names, for people and reports.
    pub fn bound(&self) -> Vec<(String, String)> {
        let mut bound: Vec<_> = self
            .values
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        bound.sort();
        bound
    }
}

/// Whether values of a kind tell one conversation from another.
const fn tells(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Call | Kind::Operation | Kind::User | Kind::Application | Kind::Context
    )
}

/// Whether two values of a kind are the same: identifiers without case and hyphens, contexts to
/// the letter.
pub fn same(kind: Kind, left: &str, right: &str) -> bool {
    match kind {
        Kind::Context => left == right,
        _ => identifier::same(left, right),
    }
}

/// Whether a variable of this kind must come back as it went out. Tenants, tokens and free texts
/// are judged by their shape alone.
pub const fn correlates(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Call
            | Kind::Operation
            | Kind::User
            | Kind::Application
            | Kind::Phone
            | Kind::Identity
            | Kind::Context
    )
}

/// Whether a printed value stands for any value: `{id}`, `id-value`, `<TOKEN>`.
pub fn is_placeholder(printed: &str) -> bool {
    printed.is_empty()
        || printed.ends_with("-value")
        || (printed.starts_with('{') && printed.ends_with('}'))
        || (printed.starts_with('<') && printed.ends_with('>'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::scenario::Variable;

    fn script(variables: &[(&str, Kind, &str, Option<&str>)]) -> Script {
        Script {
            schema: None,
            version: 1,
            source: String::new(),
            tags: Vec::new(),
            judges: None,
            given: Vec::new(),
            variables: variables
                .iter()
                .map(|(name, kind, value, same_as)| {
                    let variable = Variable {
                        kind: *kind,
                        value: (*value).to_owned(),
                        same_as: same_as.map(str::to_owned),
                    };
                    ((*name).to_owned(), variable)
                })
                .collect(),
            steps: Vec::new(),
        }
    }

    #[test]
    fn variables_of_one_root_have_one_value() {
        let script = script(&[
            ("call", Kind::Call, "{id}", None),
            ("call-2", Kind::Call, "ab", Some("call")),
        ]);
        let mut bindings = Bindings::new(&script, false, HashMap::new());
        bindings.bind("call-2", "42");
        assert_eq!(bindings.get("call"), Some("42"));
        assert_eq!(bindings.fill("/calls/{call}"), "/calls/42");
    }

    #[test]
    fn literally_only_equal_printed_values_agree() {
        let script = script(&[
            ("call", Kind::Call, "{id}", None),
            ("call-2", Kind::Call, "ab", Some("call")),
            ("call-3", Kind::Call, "ab", None),
            ("user", Kind::User, "ab", None),
            ("call-4", Kind::Call, "{id}", None),
        ]);
        let bindings = Bindings::new(&script, true, HashMap::new());
        assert_eq!(bindings.root("call-2"), "call-2");
        assert_eq!(bindings.root("call-3"), "call-2");
        assert_eq!(bindings.root("user"), "user");
        assert_eq!(bindings.root("call-4"), "call-4");
    }

    #[test]
    fn an_unbound_variable_is_fresh_and_then_stays() {
        let script = script(&[("call", Kind::Call, "printed", None)]);
        let fresh = HashMap::from([("call".to_owned(), "fresh".to_owned())]);
        let mut bindings = Bindings::new(&script, false, fresh);
        assert_eq!(bindings.get("call"), None);
        assert_eq!(bindings.value("call"), "fresh");
        assert_eq!(bindings.get("call"), Some("fresh"));
        assert_eq!(
            bindings.telling().collect::<Vec<_>>(),
            [&Normal::of("fresh")]
        );
    }
}
