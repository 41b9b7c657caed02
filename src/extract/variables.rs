//! The variables of one scenario, and the placeholders that pages print in place of values.

use foldhash::HashMap;
use indexmap::IndexMap;

use crate::api::identifier;
use crate::api::identifier::Normal;
use crate::scenario::format::{Kind, Variable};

/// The index of a variable in the table.
pub(super) type Id = usize;

/// The variables of one scenario.
///
/// A root is independent; every other variable must have the value of its root in a run.
#[derive(Debug, Default)]
pub(super) struct Variables {
    list: Vec<Entry>,
    /// The newest variable of a kind and normal value.
    by_value: HashMap<(Kind, Normal<'static>), Id>,
    /// The used names, each with its highest number as a label.
    names: HashMap<String, usize>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    /// The length of the name without its number.
    label: usize,
    kind: Kind,
    /// Empty if the page prints none.
    value: String,
    /// The words that the value is a list of.
    words: Vec<String>,
    root: Id,
    /// The previous variable of the same kind and normal value.
    older: Option<Id>,
}

impl Entry {
    fn label(&self) -> &str {
        &self.name[..self.label]
    }
}

/// The role of a value in a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Role<'a> {
    pub(super) kind: Kind,
    /// The name of a new variable. Further ones get `-2`, `-3`.
    pub(super) label: &'a str,
}

pub(super) const fn role(kind: Kind, label: &str) -> Role<'_> {
    Role { kind, label }
}

impl Variables {
    /// The variable of a value without other ties: equal values in one role share a variable, another
    /// spelling of the same GUID is a variable of the same value.
    pub(super) fn by_value(&mut self, role: Role<'_>, value: &str) -> Id {
        if let Some(id) = self.newest(role, value) {
            return id;
        }
        let matching = self.matching(role, value);
        if let Some(id) = matching.iter().find(|id| self.list[**id].value == value) {
            return *id;
        }
        match matching.first() {
            Some(id) => self.add(role, value, Some(self.list[*id].root)),
            None => self.add(role, value, None),
        }
    }

    /// The newest variable of that role, if it and its root print that value. Older ones are not searched, so
    /// that the time does not grow with their number.
    fn newest(&self, role: Role<'_>, value: &str) -> Option<Id> {
        let newest = self.list.iter().enumerate().rev().take(32);
        let mut fitting = newest.filter(|(_, entry)| {
            entry.kind == role.kind
                && entry.value == value
                && (entry.kind != Kind::Text || entry.label() == role.label)
                && identifier::same(&self.list[entry.root].value, value)
        });
        fitting.next().map(|(id, _)| id)
    }

    /// The variables of that role and value, the newest first; those whose root prints the same value precede
    /// the others.
    fn matching(&self, role: Role<'_>, value: &str) -> Vec<Id> {
        let same_root = |id: &Id| identifier::same(&self.list[self.list[*id].root].value, value);
        let mut matching: Vec<Id> = self
            .with_value(role.kind, value)
            .filter(|id| role.kind != Kind::Text || self.list[*id].label() == role.label)
            .collect();
        matching.sort_by_key(|id| !same_root(id));
        matching
    }

    /// The variable of a value that must equal its root. The second part is true if the printed value
    /// contradicts that.
    pub(super) fn same_as(&mut self, root: Id, role: Role<'_>, value: &str) -> (Id, bool) {
        if let Some(id) = self.with_root(root, role.kind, value) {
            return (id, false);
        }
        let printed = &self.list[root].value;
        let contradicts =
            !identifier::same(printed, value) && !is_placeholder(printed) && !is_placeholder(value);
        (self.add(role, value, Some(root)), contradicts)
    }

    /// The variable of that kind and value that has that root, or is it.
    pub(super) fn with_root(&self, root: Id, kind: Kind, value: &str) -> Option<Id> {
        let is = |id: &Id| {
            let entry = &self.list[*id];
            entry.root == root && entry.kind == kind && entry.value == value
        };
        if is(&root) {
            return Some(root);
        }
        self.with_value(kind, value).find(is)
    }

    /// The variables of that kind and normal value, the newest first.
    fn with_value<'a>(&'a self, kind: Kind, value: &'a str) -> impl Iterator<Item = Id> + 'a {
        let newest = self.by_value.get(&(kind, Normal::of(value))).copied();
        std::iter::successors(newest, |id| self.list[*id].older)
    }

    /// A new root, even where another variable has the same value.
    pub(super) fn new_root(&mut self, role: Role<'_>, value: &str) -> Id {
        self.add(role, value, None)
    }

    /// The variable of a list of words.
    pub(super) fn words(&mut self, label: &str, list: &str) -> Id {
        let id = self.by_value(role(Kind::Word, label), list);
        let words = list.split('|').map(|word| word.trim().to_owned());
        self.list[id].words = words.collect();
        id
    }

    /// The newest root of that kind that prints the value, but for one.
    pub(super) fn other_root(&self, kind: Kind, value: &str, except: Option<Id>) -> Option<Id> {
        self.with_value(kind, value)
            .find(|id| self.list[*id].root == *id && Some(*id) != except)
    }

    pub(super) const fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn knows(&self, role: Role<'_>, value: &str) -> bool {
        !self.matching(role, value).is_empty()
    }

    /// The variable whose value this one must have.
    pub(super) fn root(&self, id: Id) -> Id {
        self.list[id].root
    }

    pub(super) fn value(&self, id: Id) -> &str {
        &self.list[id].value
    }

    pub(super) fn label(&self, id: Id) -> &str {
        self.list[id].label()
    }

    /// Writes the variable into a template: `{name}`.
    pub(super) fn write(&self, id: Id, template: &mut String) {
        template.push('{');
        template.push_str(&self.list[id].name);
        template.push('}');
    }

    pub(super) fn template(&self, id: Id) -> String {
        let mut template = String::with_capacity(self.list[id].name.len() + 2);
        self.write(id, &mut template);
        template
    }

    fn add(&mut self, role: Role<'_>, value: &str, root: Option<Id>) -> Id {
        let id = self.list.len();
        let key = (role.kind, Normal::of(value).into_owned());
        let older = self.by_value.insert(key, id);
        let name = self.name(role.label);
        self.list.push(Entry {
            name,
            label: role.label.len(),
            kind: role.kind,
            value: value.to_owned(),
            words: Vec::new(),
            root: root.unwrap_or(id),
            older,
        });
        id
    }

    fn name(&mut self, label: &str) -> String {
        let Some(&taken) = self.names.get(label) else {
            self.names.insert(label.to_owned(), 1);
            return label.to_owned();
        };
        let mut number = taken;
        let name = loop {
            number += 1;
            let name = [label, "-", &number.to_string()].concat();
            if !self.names.contains_key(&name) {
                break name;
            }
        };
        self.names.insert(name.clone(), 1);
        if let Some(highest) = self.names.get_mut(label) {
            *highest = number;
        }
        name
    }

    /// Roots first.
    pub(super) fn finish(self) -> IndexMap<String, Variable> {
        let root_name = |(id, entry): (Id, &Entry)| {
            (entry.root != id).then(|| self.list[entry.root].name.clone())
        };
        let roots: Vec<Option<String>> = self.list.iter().enumerate().map(root_name).collect();
        let variable = |(entry, same_as): (Entry, Option<String>)| {
            let variable = Variable {
                kind: entry.kind,
                value: (!entry.value.is_empty()).then_some(entry.value),
                words: entry.words,
                same_as,
            };
            (entry.name, variable)
        };
        let mut table: Vec<_> = self.list.into_iter().zip(roots).map(variable).collect();
        table.sort_by_key(|(_, variable)| variable.same_as.is_some());
        table.into_iter().collect()
    }
}

/// True for a text that is only a placeholder: `{id}`, `<TOKEN>`, `region-value`.
pub(super) fn is_placeholder(text: &str) -> bool {
    let inside = |open, close| {
        text.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .is_some_and(is_words)
    };
    let is_value = text.strip_suffix("-value").is_some_and(|word| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"@._".contains(&b))
    });
    is_value || inside('{', '}') || inside('<', '>')
}

fn is_words(text: &str) -> bool {
    !text.trim().is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '|' | '.'))
}

/// Properties with a text of their own, which is never a list of words.
const FREE_TEXTS: [&str; 5] = ["displayName", "message", "subject", "description", "title"];

/// True for a list of words of which one belongs there: `busy | none`.
pub(super) fn is_list_of_words(name: &str, text: &str) -> bool {
    let is_word = |word: &str| {
        let word = word.trim();
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    text.contains('|') && text.split('|').all(is_word) && !FREE_TEXTS.contains(&name)
}

/// The name of a variable, from a property or a placeholder: `languageId` becomes `language-id`. `text` if
/// nothing remains.
pub(super) fn kebab(word: &str) -> String {
    let mut name = String::with_capacity(word.len() + 4);
    let mut follows_lower = false;
    for c in word.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && follows_lower && !name.is_empty() {
                name.push('-');
            }
            if !name.is_empty() || c.is_ascii_alphabetic() {
                name.push(c.to_ascii_lowercase());
            }
            follows_lower = !c.is_ascii_uppercase();
        } else {
            if !name.is_empty() && !name.ends_with('-') {
                name.push('-');
            }
            follows_lower = false;
        }
    }
    name.truncate(name.trim_end_matches('-').len());
    if name.is_empty() {
        name.push_str("text");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::template;

    const CALL: Role<'static> = Role {
        kind: Kind::Call,
        label: "call",
    };
    const USER: Role<'static> = Role {
        kind: Kind::User,
        label: "user",
    };
    const GUID: &str = "57dab8b1-894c-409a-b240-bd8beae78896";
    const BARE: &str = "57DAB8B1894C409AB240BD8BEAE78896";

    #[test]
    fn equal_characters_bind_within_one_role() {
        let mut variables = Variables::default();
        let call = variables.by_value(CALL, GUID);
        assert_eq!(variables.by_value(CALL, GUID), call);
        assert_ne!(variables.by_value(USER, GUID), call);
        let other = variables.by_value(CALL, BARE);
        assert_ne!(other, call);
        assert_eq!(variables.root(other), call);
        let table = variables.finish();
        assert_eq!(table.keys().collect::<Vec<_>>(), ["call", "user", "call-2"]);
        assert_eq!(table["call-2"].same_as.as_deref(), Some("call"));
        assert_eq!(table["call-2"].printed(), BARE);
    }

    #[test]
    fn a_bound_value_has_its_root_for_any_printed_value() {
        let mut variables = Variables::default();
        let first = variables.by_value(CALL, "{id}");
        let (second, contradicts) = variables.same_as(first, CALL, GUID);
        assert!(!contradicts, "a placeholder contradicts nothing");
        assert_eq!(variables.same_as(first, CALL, GUID), (second, false));
        let peer = variables.new_root(CALL, BARE);
        assert_eq!(variables.root(peer), peer);
        // The peer call prints this value itself; `second` only stands for the first call.
        assert_eq!(variables.by_value(CALL, BARE), peer);
        assert!(variables.same_as(peer, CALL, "other").1);
    }

    #[test]
    fn names_are_unique() {
        let mut variables = Variables::default();
        let text = |label| Role {
            kind: Kind::Text,
            label,
        };
        variables.by_value(text("a-2"), "<x>");
        variables.by_value(text("a"), "<x>");
        variables.by_value(text("a"), "<y>");
        variables.by_value(text("a"), "<z>");
        let table = variables.finish();
        assert_eq!(table.keys().collect::<Vec<_>>(), ["a-2", "a", "a-3", "a-4"]);
    }

    #[test]
    fn placeholders_are_whole_texts() {
        for text in [
            "{id}",
            "{id | userPrincipalName}",
            "id-value",
            "<TOKEN>",
            "<Media Blob>",
            "@odata.id-value",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in [
            "",
            "{}",
            "{ }",
            "<html><p>",
            "<br/>",
            "a {id}",
            "-value",
            "a value",
            "no such-value",
            "57dab8b1",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn one_of_several_words_belongs_somewhere() {
        for (text, is_list) in [
            ("busy | none", true),
            ("notRecording|recording | failed", true),
            ("busy", false),
            ("busy |", false),
            ("{id | name}", false),
            ("a b | c", false),
            ("| a", false),
        ] {
            assert_eq!(is_list_of_words("status", text), is_list, "{text}");
        }
        assert!(!is_list_of_words("displayName", "Ann | Bob"));
        let mut variables = Variables::default();
        variables.words("status", "a|b");
        let table = variables.finish();
        assert_eq!(table["status"].words, ["a", "b"]);
        assert_eq!(table["status"].kind, Kind::Word);
    }

    #[test]
    fn names_are_kebab_case() {
        for (word, name) in [
            ("languageId", "language-id"),
            ("@odata.type", "odata-type"),
            ("request-id", "request-id"),
            ("idOrUserPrincipalName", "id-or-user-principal-name"),
            ("3rd", "rd"),
            ("7Days", "days"),
            ("URL", "url"),
            ("идентификатор", "text"),
            ("", "text"),
        ] {
            assert_eq!(kebab(word), name);
            assert!(template::is_name(name));
        }
    }
}
