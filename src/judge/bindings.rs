//! The values that a scenario's variables have in one run.
//!
//! Variables that must agree share a root, which is bound once. `same_as` of the scenario file names the root. In a
//! literal run, only variables with equal printed values share one.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::outline;
use crate::api::identifier;
use crate::api::identifier::Normal;
use crate::api::template;
use crate::http::message::Body;
use crate::scenario::format::{Kind, Script};

/// The variables of a script, each with its root; shared by all conversations of the script.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables {
    places: foldhash::HashMap<String, usize>,
    /// In the order of the script.
    slots: Vec<Slot>,
}

#[derive(Debug, Clone)]
struct Slot {
    name: String,
    root: usize,
    kind: Kind,
    printed: String,
}

impl Variables {
    /// Only equal printed values agree in a literal run.
    pub(crate) fn of(script: &Script, literal: bool) -> Self {
        let mut variables = Self::default();
        for (name, variable) in &script.variables {
            variables.add(name, variable.kind, variable.printed());
        }
        let mut first_printed = foldhash::HashMap::default();
        for (name, variable) in &script.variables {
            let root = if literal && is_placeholder(variable.printed()) {
                name
            } else if literal {
                let printed = (variable.kind, Normal::of(variable.printed()));
                first_printed.entry(printed).or_insert(name)
            } else {
                variable.same_as.as_ref().unwrap_or(name)
            };
            let (place, root) = (variables.place(name), variables.place(root));
            variables.slots[place].root = root;
        }
        variables
    }

    fn add(&mut self, name: &str, kind: Kind, printed: &str) -> usize {
        let place = self.slots.len();
        self.places.insert(name.to_owned(), place);
        self.slots.push(Slot {
            name: name.to_owned(),
            root: place,
            kind,
            printed: printed.to_owned(),
        });
        place
    }

    /// The index of a variable; one that the script does not define is free text.
    fn place(&mut self, name: &str) -> usize {
        let known = self.places.get(name).copied();
        known.unwrap_or_else(|| self.add(name, Kind::Text, ""))
    }

    pub(crate) fn root_of(&self, name: &str) -> Option<&str> {
        let (_, slot) = self.root(name)?;
        Some(&slot.name)
    }

    /// The index and the slot of the root.
    fn root(&self, name: &str) -> Option<(usize, &Slot)> {
        let place = self.slots[*self.places.get(name)?].root;
        Some((place, &self.slots[place]))
    }
}

/// The variables of one conversation and their values.
#[derive(Debug, Clone)]
pub(crate) struct Bindings {
    variables: Arc<Variables>,
    /// By index of the root; an index past the end is unbound.
    values: Vec<Option<Bound>>,
    generated: HashMap<String, String>,
}

#[derive(Debug, Clone)]
struct Bound {
    value: String,
    /// The normalized value, if it identifies the conversation.
    conversation_id: Option<Normal<'static>>,
}

impl Bindings {
    /// `generated` gives each root the value that confcall uses when it has to generate one; other
    /// roots use the printed value.
    pub(crate) fn new(variables: Arc<Variables>, generated: HashMap<String, String>) -> Self {
        Self {
            values: Vec::with_capacity(variables.slots.len()),
            variables,
            generated,
        }
    }

    /// The root that a variable shares with those that must agree with it.
    pub(crate) fn root<'a>(&'a self, name: &'a str) -> &'a str {
        self.variables.root_of(name).unwrap_or(name)
    }

    /// The kind of a variable's root: how its values compare.
    pub(crate) fn kind(&self, name: &str) -> Kind {
        let root = self.variables.root(name);
        root.map_or(Kind::Text, |(_, slot)| slot.kind)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (place, _) = self.variables.root(name)?;
        let bound = self.values.get(place)?.as_ref()?;
        Some(&bound.value)
    }

    /// Binds the root of a variable; replaces an earlier value.
    pub(crate) fn bind(&mut self, name: &str, value: impl Into<String>) {
        let (place, kind) = if let Some((place, slot)) = self.variables.root(name) {
            (place, slot.kind)
        } else {
            let place = Arc::make_mut(&mut self.variables).place(name);
            (place, Kind::Text)
        };
        if self.values.len() <= place {
            self.values.resize(place + 1, None);
        }
        let value = value.into();
        let conversation_id =
            identifies_conversation(kind).then(|| Normal::of(&value).into_owned());
        self.values[place] = Some(Bound {
            value,
            conversation_id,
        });
    }

    /// Binds a variable that has no value yet to the one that [`Bindings::proposal`] gives.
    pub(crate) fn bind_default(&mut self, name: &str) {
        if self.get(name).is_none() {
            self.bind(name, self.proposal(name));
        }
    }

    /// The value that confcall sends for a variable: the bound one, else a generated one.
    pub(crate) fn proposal(&self, name: &str) -> String {
        let generated = || self.generated.get(self.root(name)).map(String::as_str);
        let printed = || Some(self.variables.root(name)?.1.printed.as_str());
        let value = self.get(name).or_else(generated).or_else(printed);
        value.unwrap_or_default().to_owned()
    }

    /// A template with every variable filled in, and bound to its value.
    pub(crate) fn fill(&mut self, text: &str) -> String {
        for name in template::variables(text) {
            self.bind_default(name);
        }
        template::fill(text, &|name| self.get(name))
    }

    /// A JSON template with every variable filled in, and bound to its value.
    pub(crate) fn fill_json(&mut self, body: &Value) -> Value {
        for name in outline::variables(body) {
            self.bind_default(&name);
        }
        template::fill_json(body, &|name| self.get(name))
    }

    /// The body with every variable of it filled in likewise.
    pub(crate) fn fill_body(&mut self, body: &Body) -> Body {
        match body {
            Body::Json(value) => Body::Json(self.fill_json(value)),
            Body::Text(text) => Body::Text(self.fill(text)),
            other => other.clone(),
        }
    }

    /// The bound roots, in the order of the script, each with its value.
    fn roots(&self) -> impl Iterator<Item = (&Slot, &Bound)> {
        let roots = self.variables.slots.iter().zip(&self.values);
        roots.filter_map(|(slot, bound)| Some((slot, bound.as_ref()?)))
    }

    /// The bound values that identify this conversation.
    pub(crate) fn conversation_ids(&self) -> impl Iterator<Item = &Normal<'static>> {
        self.roots()
            .filter_map(|(_, bound)| bound.conversation_id.as_ref())
    }

    /// The first root of a kind that is bound to a value, as [`same`] compares it.
    pub(crate) fn root_bound_to(&self, kind: Kind, value: &str) -> Option<&str> {
        let mut of_kind = self.roots().filter(|(slot, _)| slot.kind == kind);
        let found = of_kind.find(|(_, bound)| same(kind, &bound.value, value));
        found.map(|(slot, _)| slot.name.as_str())
    }

    /// Every bound root with its value, in the order of their names, for people and reports.
    pub(crate) fn bound(&self) -> Vec<(String, String)> {
        let bound = self.roots();
        let mut bound: Vec<_> = bound
            .map(|(slot, bound)| (slot.name.clone(), bound.value.clone()))
            .collect();
        bound.sort();
        bound
    }
}

/// True if values of this kind identify a conversation.
pub(super) const fn identifies_conversation(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Call
            | Kind::Operation
            | Kind::Participant
            | Kind::Session
            | Kind::AudioRoutingGroup
            | Kind::User
            | Kind::Application
            | Kind::Identity
            | Kind::Context
    )
}

/// Identifiers compare without case and hyphens, contexts exactly.
pub(crate) fn same(kind: Kind, left: &str, right: &str) -> bool {
    match kind {
        Kind::Context => left == right,
        _ => identifier::same(left, right),
    }
}

/// True if a value of this kind must return unchanged. Tenants, tokens and free texts are judged by
/// their shape alone.
pub(crate) const fn correlates(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Call
            | Kind::Operation
            | Kind::Session
            | Kind::AudioRoutingGroup
            | Kind::User
            | Kind::Application
            | Kind::Phone
            | Kind::Identity
            | Kind::Context
    )
}

/// True if a printed value is a placeholder: `{id}`, `id-value`, `<TOKEN>`.
pub(crate) fn is_placeholder(printed: &str) -> bool {
    printed.is_empty()
        || printed.ends_with("-value")
        || (printed.starts_with('{') && printed.ends_with('}'))
        || (printed.starts_with('<') && printed.ends_with('>'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::format::Variable;

    fn script(variables: &[(&str, Kind, &str, Option<&str>)]) -> Script {
        Script {
            schema: None,
            version: 1,
            source: String::new(),
            locales: Vec::new(),
            tags: Vec::new(),
            judges: None,
            given: Vec::new(),
            variables: variables
                .iter()
                .map(|(name, kind, value, same_as)| {
                    let variable = Variable {
                        kind: *kind,
                        value: Some((*value).to_owned()),
                        words: Vec::new(),
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
        let mut bindings = Bindings::new(Arc::new(Variables::of(&script, false)), HashMap::new());
        bindings.bind("call-2", "42");
        assert_eq!(bindings.get("call"), Some("42"));
        assert_eq!(bindings.fill("/calls/{call}"), "/calls/42");
    }

    #[test]
    fn a_person_of_any_kind_identifies_a_conversation_and_correlates() {
        for kind in [Kind::User, Kind::Application, Kind::Identity] {
            assert!(
                identifies_conversation(kind) && correlates(kind),
                "{kind:?}"
            );
        }
        for kind in [Kind::Tenant, Kind::Thread] {
            assert!(
                !identifies_conversation(kind) && !correlates(kind),
                "{kind:?}"
            );
        }
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
        let bindings = Bindings::new(Arc::new(Variables::of(&script, true)), HashMap::new());
        assert_eq!(bindings.root("call-2"), "call-2");
        assert_eq!(bindings.root("call-3"), "call-2");
        assert_eq!(bindings.root("user"), "user");
        assert_eq!(bindings.root("call-4"), "call-4");
    }

    #[test]
    fn many_variables_find_their_roots() {
        let many: Vec<_> = (0..50_000)
            .map(|it| (format!("v{it}"), format!("{it}")))
            .collect();
        let many: Vec<_> = many
            .iter()
            .map(|(name, value)| (name.as_str(), Kind::Call, value.as_str(), None))
            .collect();
        let bindings = Bindings::new(
            Arc::new(Variables::of(&script(&many), true)),
            HashMap::new(),
        );
        assert_eq!(bindings.root("v49999"), "v49999");
    }

    #[test]
    fn an_unbound_variable_is_fresh_and_then_stays() {
        let script = script(&[("call", Kind::Call, "printed", None)]);
        let generated = HashMap::from([("call".to_owned(), "generated".to_owned())]);
        let mut bindings = Bindings::new(Arc::new(Variables::of(&script, false)), generated);
        assert_eq!(bindings.get("call"), None);
        assert_eq!(bindings.fill("{call}"), "generated");
        assert_eq!(bindings.get("call"), Some("generated"));
        assert_eq!(
            bindings.conversation_ids().collect::<Vec<_>>(),
            [&Normal::of("generated")]
        );
    }
}
