//! The values that a scenario's variables have in one run.
//!
//! Variables that must agree share a root: `same_as` of the scenario file, or, where the run is
//! literal, nothing but equal printed values. A root is bound once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::outline;
use crate::api::identifier;
use crate::api::identifier::Normal;
use crate::api::template;
use crate::http::message::Body;
use crate::scenario::format::{Kind, Script};

/// The variables of a script, each with its root. The conversations that follow the script share
/// them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables {
    places: foldhash::HashMap<String, usize>,
    /// In the order of the script.
    slots: Vec<Slot>,
}

#[derive(Debug, Clone)]
struct Slot {
    name: String,
    /// The place of the root.
    root: usize,
    kind: Kind,
    printed: String,
}

impl Variables {
    /// The variables of a script. Read literally, only equal printed values agree.
    pub(crate) fn of(script: &Script, literal: bool) -> Self {
        let mut variables = Self::default();
        for (name, variable) in &script.variables {
            variables.add(name, variable.kind, &variable.value);
        }
        let mut first_printed = foldhash::HashMap::default();
        for (name, variable) in &script.variables {
            let root = if literal && is_placeholder(&variable.value) {
                name
            } else if literal {
                let printed = (variable.kind, Normal::of(&variable.value));
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

    /// The place of a variable, which is free text where the script does not know it.
    fn place(&mut self, name: &str) -> usize {
        let known = self.places.get(name).copied();
        known.unwrap_or_else(|| self.add(name, Kind::Text, ""))
    }

    /// The root of a variable; none of one that the script does not know.
    pub(crate) fn root_of(&self, name: &str) -> Option<&str> {
        let (_, slot) = self.root(name)?;
        Some(&slot.name)
    }

    /// The slot of a variable's root, and its place.
    fn root(&self, name: &str) -> Option<(usize, &Slot)> {
        let place = self.slots[*self.places.get(name)?].root;
        Some((place, &self.slots[place]))
    }
}

/// The variables of one conversation, with what is known of them.
#[derive(Debug, Clone)]
pub(crate) struct Bindings {
    variables: Arc<Variables>,
    /// By the place of the root; what stands behind the end is not bound.
    values: Vec<Option<Bound>>,
    fresh: HashMap<String, String>,
}

#[derive(Debug, Clone)]
struct Bound {
    value: String,
    /// The same as an identifier, where it tells this conversation from others.
    telling: Option<Normal<'static>>,
}

impl Bindings {
    /// The variables of a script, none bound. `fresh` gives each root the value that it takes
    /// where confcall has to make one up; roots that it leaves out take the printed value.
    pub(crate) fn new(variables: Arc<Variables>, fresh: HashMap<String, String>) -> Self {
        Self {
            values: Vec::with_capacity(variables.slots.len()),
            variables,
            fresh,
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

    /// The value of a variable, where its root is bound.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (place, _) = self.variables.root(name)?;
        let bound = self.values.get(place)?.as_ref()?;
        Some(&bound.value)
    }

    /// Gives a variable's root its value. What was bound before is replaced.
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
        let telling = tells(kind).then(|| Normal::of(&value).into_owned());
        self.values[place] = Some(Bound { value, telling });
    }

    /// The value that confcall sends for a variable: the bound one, else a fresh one, which is
    /// bound by this.
    pub(crate) fn value(&mut self, name: &str) -> String {
        self.settle(name);
        self.proposal(name)
    }

    /// Binds a variable that has no value yet to the one that [`Bindings::value`] gives.
    pub(crate) fn settle(&mut self, name: &str) {
        if self.get(name).is_none() {
            self.bind(name, self.proposal(name));
        }
    }

    /// The value that [`Bindings::value`] would give, without binding it.
    pub(crate) fn proposal(&self, name: &str) -> String {
        let fresh = || self.fresh.get(self.root(name)).map(String::as_str);
        let printed = || Some(self.variables.root(name)?.1.printed.as_str());
        let value = self.get(name).or_else(fresh).or_else(printed);
        value.unwrap_or_default().to_owned()
    }

    /// A template with every variable filled in by [`Bindings::value`].
    pub(crate) fn fill(&mut self, text: &str) -> String {
        for name in template::variables(text) {
            self.settle(name);
        }
        template::fill(text, &|name| self.get(name))
    }

    /// A template with every bound variable filled in, borrowed where it holds none.
    pub(crate) fn filled<'a>(&'a self, text: &'a str) -> Cow<'a, str> {
        match template::sole_variable(text) {
            Some(name) => self.get(name).map_or(Cow::Borrowed(text), Cow::Borrowed),
            None if !text.contains(['{', '}']) => Cow::Borrowed(text),
            None => template::fill(text, &|name| self.get(name)).into(),
        }
    }

    /// A JSON template with every variable filled in by [`Bindings::value`].
    pub(crate) fn fill_json(&mut self, body: &Value) -> Value {
        for name in outline::variables(body) {
            self.settle(&name);
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

    /// The bound values that tell this conversation from others.
    pub(crate) fn telling(&self) -> impl Iterator<Item = &Normal<'static>> {
        self.roots().filter_map(|(_, bound)| bound.telling.as_ref())
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

/// Whether values of a kind tell one conversation from another.
const fn tells(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Call | Kind::Operation | Kind::User | Kind::Application | Kind::Context
    )
}

/// Whether two values of a kind are the same: identifiers without case and hyphens, contexts to
/// the letter.
pub(crate) fn same(kind: Kind, left: &str, right: &str) -> bool {
    match kind {
        Kind::Context => left == right,
        _ => identifier::same(left, right),
    }
}

/// Whether a variable of this kind must come back as it went out. Tenants, tokens and free texts
/// are judged by their shape alone.
pub(crate) const fn correlates(kind: Kind) -> bool {
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
        let mut bindings = Bindings::new(Arc::new(Variables::of(&script, false)), HashMap::new());
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
        let bindings = Bindings::new(Arc::new(Variables::of(&script, true)), HashMap::new());
        assert_eq!(bindings.root("call-2"), "call-2");
        assert_eq!(bindings.root("call-3"), "call-2");
        assert_eq!(bindings.root("user"), "user");
        assert_eq!(bindings.root("call-4"), "call-4");
    }

    /// A search among all variables for each of them would take minutes.
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
        let fresh = HashMap::from([("call".to_owned(), "fresh".to_owned())]);
        let mut bindings = Bindings::new(Arc::new(Variables::of(&script, false)), fresh);
        assert_eq!(bindings.get("call"), None);
        assert_eq!(bindings.value("call"), "fresh");
        assert_eq!(bindings.get("call"), Some("fresh"));
        assert_eq!(
            bindings.telling().collect::<Vec<_>>(),
            [&Normal::of("fresh")]
        );
    }
}
