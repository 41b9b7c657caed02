//! The tables of the contract in use: the built-in ones, or those of a project.
//!
//! A project's contract is a file that `confcall extract --contract` has written, with handwritten tables beside it.
//! The built-in table takes the place of an absent table. An operation without a row gets a row that is made from its
//! page.

use std::collections::HashSet;
use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use super::extracted::{self, Extracted};
use super::lifecycle::LifeCycles;
use super::operation::{Limit, Operation, Operations};
use super::prefix::Prefixes;
use super::types::Kinds;
use crate::diagnostic::json::reason_of;
use crate::diagnostic::place::Place;
use crate::diagnostic::{Diagnostic, closest};

/// The contract that messages are judged by.
#[derive(Debug)]
pub(crate) struct Tables {
    /// The file of a project; empty for the built-in contract.
    file: String,
    pub extracted: Extracted,
    pub prefixes: Prefixes,
    pub operations: Vec<Operation>,
    /// The limits of the parameters of every operation.
    pub limits: Vec<Limit>,
    pub life_cycles: LifeCycles,
    pub kinds: Kinds,
}

/// The names of the tables that are written by hand, in the folder of the extracted contract.
pub(crate) const BY_HAND: [&str; 3] = ["operations.toml", "lifecycles.toml", "types.toml"];

/// A file of a contract.
#[derive(Debug)]
pub(crate) struct Text {
    /// Its name in errors.
    pub name: String,
    pub text: String,
}

static TABLES: OnceLock<Tables> = OnceLock::new();

/// The contract in use. The first call decides that it is the built-in one.
pub(crate) fn tables() -> &'static Tables {
    TABLES.get_or_init(Tables::built_in)
}

/// Makes a contract the one in use. Returns false if another one is in use already: a process has one.
pub(crate) fn replace(tables: Tables) -> bool {
    let file = tables.file.clone();
    TABLES.get_or_init(|| tables).file == file
}

impl Tables {
    fn built_in() -> Self {
        let extracted = serde_json::from_str(include_str!("data/extracted.json"));
        let extracted: Extracted = extracted.expect("a test reads the file");
        let [operations, life_cycles, types] = built_in();
        let rows: Operations = table(&operations).expect("a test reads the table");
        Self {
            file: String::new(),
            prefixes: Prefixes::of(&extracted),
            extracted,
            operations: rows.operation,
            limits: rows.limit,
            life_cycles: table(&life_cycles).expect("a test reads the table"),
            kinds: table(&types).expect("a test reads the table"),
        }
    }

    /// Reads the contract of a project. `by_hand` are the tables of [`BY_HAND`], in that order, where they are there.
    /// Errors: a file is malformed, or a table names what there is not; each with its place.
    pub(crate) fn read(file: &Text, by_hand: [Option<Text>; 3]) -> Result<Self, Vec<Diagnostic>> {
        let extracted = json(file).map_err(|wrong| vec![wrong])?;
        let [operations, life_cycles, types] = by_hand;
        let own = operations.is_some();
        let [built_in_operations, built_in_life_cycles, built_in_types] = built_in();
        let operations = operations.unwrap_or(built_in_operations);
        let life_cycles = life_cycles.unwrap_or(built_in_life_cycles);
        let types = types.unwrap_or(built_in_types);
        let rows: Result<Operations, _> = table(&operations);
        let cycles: Result<LifeCycles, _> = table(&life_cycles);
        let kinds: Result<Kinds, _> = table(&types);
        let (rows, cycles, kinds) = match (rows, cycles, kinds) {
            (Ok(rows), Ok(cycles), Ok(kinds)) => (rows, cycles, kinds),
            (rows, cycles, kinds) => {
                let wrong = [rows.err(), cycles.err(), kinds.err()];
                return Err(wrong.into_iter().flatten().collect());
            }
        };
        let Operations {
            operation: mut rows,
            mut limit,
            ..
        } = rows;
        let mut wrong = cycles.undefined().map_or_else(Vec::new, |state| {
            vec![at_word(
                &life_cycles,
                state,
                format!("`{state}` is not a state of this life cycle"),
            )]
        });
        if own {
            wrong.extend(check_rows(&operations, &extracted));
        } else {
            let is_printed = |page: &String| extracted.operations.iter().any(|it| it.page == *page);
            rows.retain(|row| row.pages.iter().any(is_printed));
            if rows.is_empty() {
                // The limits are those of another API.
                limit.clear();
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let derived: Vec<_> = extracted
            .operations
            .iter()
            .filter(|it| !rows.iter().any(|row| row.pages.contains(&it.page)))
            .filter_map(Operation::derived)
            .collect();
        for row in derived {
            // v1.0 and beta have one row.
            if !rows.iter().any(|it| it.request == row.request) {
                rows.push(row);
            }
        }
        Ok(Self {
            file: file.name.clone(),
            prefixes: Prefixes::of(&extracted),
            extracted,
            operations: rows,
            limits: limit,
            life_cycles: cycles,
            kinds,
        })
    }
}

/// The built-in tables, in the order of [`BY_HAND`].
fn built_in() -> [Text; 3] {
    let texts = [
        include_str!("data/operations.toml"),
        include_str!("data/lifecycles.toml"),
        include_str!("data/types.toml"),
    ];
    let mut names = BY_HAND.into_iter();
    texts.map(|text| Text {
        name: names.next().unwrap_or_default().to_owned(),
        text: text.to_owned(),
    })
}

fn json(file: &Text) -> Result<Extracted, Diagnostic> {
    let text = &file.text;
    let extracted: Extracted = serde_json::from_str(text).map_err(|error| {
        let place = Place::of_bytes(text, error.line(), error.column());
        let mut wrong = place.diagnostic(&file.name, text, reason_of(&error));
        wrong.remedy = Some(
            "`confcall extract PAGES --contract FILE` writes this file; `confcall schema contract` prints its format"
                .to_owned(),
        );
        wrong
    })?;
    if extracted.version != extracted::VERSION {
        let message = format!("format version {} is unknown", extracted.version);
        let mut wrong = at_word(file, "version", message);
        wrong.remedy = Some("extract the contract again with this confcall".to_owned());
        return Err(wrong);
    }
    Ok(extracted)
}

fn table<T: DeserializeOwned>(file: &Text) -> Result<T, Diagnostic> {
    toml::from_str(&file.text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let place = Place::of_offset(&file.text, at);
        let mut wrong = place.diagnostic(&file.name, &file.text, error.message());
        let stem = file.name.rsplit(['/', '\\']).next().unwrap_or(&file.name);
        let stem = stem.strip_suffix(".toml").unwrap_or(stem);
        wrong.remedy = Some(format!(
            "`confcall schema {stem}` prints the format of the table"
        ));
        wrong
    })
}

/// The names in the table of operations, with their places.
#[derive(Deserialize)]
struct Names {
    operation: Vec<RowNames>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RowNames {
    name: Spanned<String>,
    pages: Vec<Spanned<String>>,
    #[serde(default)]
    body: Option<Spanned<String>>,
    #[serde(default)]
    answer: Option<Spanned<String>>,
    #[serde(default)]
    required: Vec<Spanned<String>>,
    #[serde(default)]
    people: Option<Spanned<String>>,
    #[serde(default)]
    limits: Vec<At>,
    #[serde(default)]
    words: Vec<At>,
    #[serde(default)]
    stops: Vec<Spanned<String>>,
    #[serde(default)]
    effects: Vec<EffectNames>,
}

/// A JSON pointer into the parameters.
#[derive(Deserialize)]
struct At {
    at: Spanned<String>,
}

#[derive(Deserialize)]
struct EffectNames {
    #[serde(default)]
    property: Option<Spanned<String>>,
}

/// The names that a table may use, and what they are.
struct Known<'e> {
    kind: &'static str,
    names: Vec<&'e str>,
}

impl RowNames {
    /// The parameters that the pages of the row document, or the properties of the body that they are.
    fn parameters<'e>(&'e self, extracted: &'e Extracted) -> Known<'e> {
        let is_own = |page: &String| self.pages.iter().any(|it| it.get_ref() == page);
        let operations = extracted.operations.iter().filter(|it| is_own(&it.page));
        let mut names = Vec::new();
        let mut bodies: Vec<&str> = self.body.iter().map(|it| it.get_ref().as_str()).collect();
        for operation in operations {
            names.extend(operation.parameters.iter().map(|it| it.name.as_str()));
            bodies.extend(operation.body.as_deref());
        }
        names.extend(properties(extracted, bodies));
        Known {
            kind: "parameter",
            names,
        }
    }

    /// The parameters that the row names, by themselves or at the start of a pointer.
    fn named(&self) -> impl Iterator<Item = (&Spanned<String>, &str)> {
        let pointers = self.limits.iter().chain(&self.words).map(|it| &it.at);
        let pointers = pointers.chain(&self.people).chain(&self.required);
        pointers.map(|it| {
            let path = it.get_ref().trim_start_matches('/');
            (it, path.split('/').next().unwrap_or(path))
        })
    }
}

/// The names of the properties of these types and of their bases.
fn properties<'e>(extracted: &'e Extracted, mut types: Vec<&'e str>) -> Vec<&'e str> {
    let (mut names, mut seen) = (Vec::new(), HashSet::new());
    while let Some(name) = types.pop() {
        if !seen.insert(name) {
            continue;
        }
        for printed in extracted.types.iter().filter(|it| it.name == name) {
            names.extend(printed.properties.iter().map(|it| it.name.as_str()));
            types.extend(printed.base.as_deref());
        }
    }
    names
}

/// Rows have names of their own, pages that were extracted, parameters that these pages document, and types and
/// properties that there are.
fn check_rows(file: &Text, extracted: &Extracted) -> Vec<Diagnostic> {
    let Ok(names) = toml::from_str::<Names>(&file.text) else {
        return Vec::new();
    };
    let at = |name: &Spanned<String>, message: String, remedy: String| {
        let place = Place::of_offset(&file.text, name.span().start);
        let mut wrong = place.diagnostic(&file.name, &file.text, message);
        wrong.remedy = Some(remedy);
        wrong
    };
    let types = Known {
        kind: "resource type",
        names: extracted.types.iter().map(|it| it.name.as_str()).collect(),
    };
    let of_participants = Known {
        kind: "property of a participant",
        names: properties(extracted, vec!["participant"]),
    };
    let mut found = Vec::new();
    let mut known = HashSet::new();
    for row in &names.operation {
        let row_name = row.name.get_ref();
        if !known.insert(row_name) {
            let message = format!("two operations have the name `{row_name}`");
            let remedy = "give one of them another name".to_owned();
            found.push(at(&row.name, message, remedy));
        }
        for page in &row.pages {
            let mut pages = extracted.operations.iter();
            if !pages.any(|it| it.page == *page.get_ref()) {
                let page_name = page.get_ref();
                let message = format!("the contract has no operation of the page `{page_name}`");
                let remedy = "extract the page too, or remove it from the row".to_owned();
                found.push(at(page, message, remedy));
            }
        }
        for stopped in &row.stops {
            let mut rows = names.operation.iter();
            if !rows.any(|it| it.name.get_ref() == stopped.get_ref()) {
                let message = format!("no operation has the name `{}`", stopped.get_ref());
                let remedy = "use the name of another row".to_owned();
                found.push(at(stopped, message, remedy));
            }
        }
        let parameters = row.parameters(extracted);
        let mut look_up = |known: &Known<'_>, place: &Spanned<String>, name: &str| {
            if let Some(remedy) = known.remedy(name) {
                let message = format!("no page of `{row_name}` has a {} `{name}`", known.kind);
                found.push(at(place, message, remedy));
            }
        };
        // A page without a table of parameters does not say which there are.
        let is_documented = !parameters.names.is_empty();
        for (place, name) in row.named().filter(|_| is_documented) {
            look_up(&parameters, place, name);
        }
        for place in row.body.iter().chain(&row.answer) {
            look_up(&types, place, place.get_ref());
        }
        let shown = row.effects.iter().filter_map(|it| it.property.as_ref());
        for place in shown.filter(|_| !of_participants.names.is_empty()) {
            let first = place.get_ref().split('/').next().unwrap_or_default();
            look_up(&of_participants, place, first);
        }
    }
    found
}

impl Known<'_> {
    /// The remedy for a name that is not among these. `None` for one that is.
    fn remedy(&self, name: &str) -> Option<String> {
        if self.names.contains(&name) {
            return None;
        }
        let close = closest(name, self.names.iter().copied());
        Some(match close {
            Some(other) => format!("did you mean `{other}`?"),
            None if self.names.len() <= MOST_LISTED => {
                format!("expected one of {}", self.names.join(", "))
            }
            None => "the file of the extracted contract has all names".to_owned(),
        })
    }
}

/// The most names that an error lists.
const MOST_LISTED: usize = 20;

/// A violation at the first place of a word in a file.
fn at_word(file: &Text, word: &str, message: String) -> Diagnostic {
    let offset = file.text.find(word).unwrap_or(0);
    Place::of_offset(&file.text, offset).diagnostic(&file.name, &file.text, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_of_the_built_in_table_name_what_the_pages_have() {
        let [operations, ..] = built_in();
        assert_eq!(check_rows(&operations, &tables().extracted), []);
    }

    #[test]
    fn an_operation_that_is_stopped_has_a_row() {
        let [mut operations, ..] = built_in();
        operations.text = operations
            .text
            .replace("stops = [\"playPrompt\"", "stops = [\"sing\"");
        let wrong = check_rows(&operations, &tables().extracted);
        let messages: Vec<_> = wrong.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(messages, ["no operation has the name `sing`"]);
    }
}
