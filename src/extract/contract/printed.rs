//! The properties in one text: those of its JSON and of the rows of its table, matched by name.

use std::collections::hash_map::Entry;

use foldhash::HashMap;
use serde_json::Value;

use crate::contract::extracted::Kind;

use super::super::inventory::FindingKind;
use super::super::prose::{Section, Table};
use super::cell;
use super::cell::TypeCell;
use super::{Facts, Notes};

/// A property as one text prints it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::extract) struct Printed {
    /// In the spelling of the JSON, else of the table.
    pub(in crate::extract) name: String,
    pub(in crate::extract) json: Option<Member>,
    pub(in crate::extract) row: Option<TableRow>,
}

/// A member of a JSON template or of an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::extract) struct Member {
    pub(in crate::extract) name: String,
    /// `None` for null, and for an empty array.
    pub(in crate::extract) kind: Option<Kind>,
    pub(in crate::extract) resource: Option<String>,
    pub(in crate::extract) collection: bool,
    pub(in crate::extract) words: Vec<String>,
    /// Counted from 1.
    pub(in crate::extract) line: usize,
}

/// A row of a table of properties or parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::extract) struct TableRow {
    /// As printed, which may be a translation.
    pub(in crate::extract) name: String,
    pub(in crate::extract) of: TypeCell,
    pub(in crate::extract) words: Vec<String>,
    pub(in crate::extract) number: Option<u32>,
    /// Counted from 1.
    pub(in crate::extract) line: usize,
}

impl Printed {
    /// The line of the table row, else that in the JSON.
    pub(in crate::extract) fn line(&self) -> usize {
        let in_table = self.row.as_ref().map(|row| row.line);
        let in_json = self.json.as_ref().map(|member| member.line);
        in_table.or(in_json).unwrap_or_default()
    }
}

/// The rows of the tables in a section. A table has a name, a type and a description in each row.
pub(super) fn rows(tables: &[Table], section: Section) -> Vec<TableRow> {
    let tables = tables.iter().filter(|table| table.section == section);
    let rows = tables.flat_map(|table| &table.rows);
    rows.filter(|row| row.cells.len() >= 3)
        .map(|row| TableRow {
            name: row.cells[0].plain(),
            of: cell::type_cell(&row.cells[1]),
            words: cell::listed(&row.cells[2]),
            number: cell::number(&row.cells[2]),
            line: row.line,
        })
        .filter(|row| !row.name.is_empty())
        .collect()
}

/// The members of a JSON object of a code block. `line` is that of the first line of `text`, the code block's content.
pub(super) fn members(object: &Value, text: &str, line: usize) -> Vec<Member> {
    let members = object.as_object().into_iter().flatten();
    members
        .filter(|(name, _)| cell::is_identifier(name))
        .map(|(name, value)| member(name, value, line + line_in(text, name)))
        .collect()
}

/// The line of a name in JSON, counted from 0; the outermost place of the name is the least indented.
fn line_in(text: &str, name: &str) -> usize {
    let quoted = format!("\"{name}\"");
    let lines = text.lines().enumerate();
    let places = lines.filter(|(_, line)| {
        let rest = line.trim_start().strip_prefix(quoted.as_str());
        rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
    });
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let place = places.min_by_key(|(_, line)| indentation(line));
    place.map_or(0, |(number, _)| number)
}

fn member(name: &str, value: &Value, line: usize) -> Member {
    let (value, collection) = match value {
        Value::Array(items) => (items.first().unwrap_or(&Value::Null), true),
        other => (other, false),
    };
    let mut member = Member {
        name: name.to_owned(),
        kind: None,
        resource: None,
        collection,
        words: Vec::new(),
        line,
    };
    match value {
        Value::Bool(_) => member.kind = Some(Kind::Boolean),
        Value::Number(_) => member.kind = Some(Kind::Number),
        Value::String(text) => {
            // A string may be the name of a primitive type: `"Boolean"`.
            member.kind = cell::primitive(text).or(Some(Kind::String));
            member.words = alternatives(text);
        }
        Value::Object(object) => {
            member.kind = Some(Kind::Object);
            let printed = object.get("@odata.type").and_then(Value::as_str);
            member.resource = printed.map(|name| cell::bare_type(name).to_owned());
        }
        Value::Null | Value::Array(_) => {}
    }
    member
}

/// The words of `a | b | c`.
fn alternatives(text: &str) -> Vec<String> {
    let words: Vec<_> = text.split('|').map(str::trim).collect();
    let is_list = words.len() > 1 && words.iter().all(|word| cell::is_identifier(word));
    let words = words.into_iter().filter(|_| is_list);
    words.map(str::to_owned).collect()
}

/// Brings members and rows together by name, then rows with a translated name by elimination.
pub(super) fn pair(
    facts: &Facts,
    members: Vec<Member>,
    rows: Vec<TableRow>,
    notes: &mut Notes,
) -> Vec<Printed> {
    let mut printed: Vec<_> = members
        .into_iter()
        .map(|member| Printed {
            name: member.name.clone(),
            json: Some(member),
            row: None,
        })
        .collect();
    // The first place of each name, whatever its case is.
    let mut places: HashMap<String, usize> = HashMap::default();
    for (place, it) in printed.iter().enumerate() {
        places.entry(it.name.to_ascii_lowercase()).or_insert(place);
    }
    let mut translated = Vec::new();
    for row in rows {
        let place = places.entry(row.name.to_ascii_lowercase());
        match place {
            Entry::Occupied(place) => {
                let found = &mut printed[*place.get()];
                if found.name != row.name {
                    let (line, spelled) = (row.line, &found.name);
                    let message = format!("`{}` is spelled `{spelled}` in the JSON", row.name);
                    notes.push(facts, line, FindingKind::DamagedName, message);
                }
                found.row = Some(row);
            }
            Entry::Vacant(place) if cell::is_identifier(&row.name) => {
                place.insert(printed.len());
                printed.push(Printed {
                    name: row.name.clone(),
                    json: None,
                    row: Some(row),
                });
            }
            Entry::Vacant(_) => translated.push(row),
        }
    }
    eliminate(facts, &mut printed, translated, notes);
    printed
}

/// Gives rows with a translated name to members without a row: a row to the only member that it can describe, as long
/// as there are such rows.
fn eliminate(
    facts: &Facts,
    printed: &mut [Printed],
    mut translated: Vec<TableRow>,
    notes: &mut Notes,
) {
    while let Some((row, place)) = translated
        .iter()
        .enumerate()
        .find_map(|(index, row)| Some((index, only_place(row, printed)?)))
    {
        let row = translated.remove(row);
        let printed = &mut printed[place];
        let message = format!("`{}` is a translation of `{}`", row.name, printed.name);
        notes.push(facts, row.line, FindingKind::DamagedName, message);
        printed.row = Some(row);
    }
    for row in translated {
        let message = format!("`{}` is not the name of a property", row.name);
        notes.push(facts, row.line, FindingKind::DamagedName, message);
    }
}

/// The index of the only member without a row that a row can describe.
fn only_place(row: &TableRow, printed: &[Printed]) -> Option<usize> {
    let open = || {
        let places = printed.iter().enumerate();
        places.filter_map(|(index, it)| {
            let member = it.json.as_ref().filter(|_| it.row.is_none())?;
            row.can_describe(member).then_some((index, member))
        })
    };
    // Enumeration values distinguish a property from others of its type.
    let shares_words = |member: &Member| row.words.iter().any(|word| member.words.contains(word));
    let mut by_words = open().filter(|(_, member)| shares_words(member));
    let mut by_type = open();
    let first = match by_words.next() {
        Some(first) => by_words.next().is_none().then_some(first),
        None => by_type.next().filter(|_| by_type.next().is_none()),
    };
    first.map(|(index, _)| index)
}

impl TableRow {
    fn can_describe(&self, member: &Member) -> bool {
        let kind = if self.of.pages.is_empty() {
            self.of.kind
        } else {
            Some(Kind::Object)
        };
        kind.is_none() || member.kind.is_none() || kind == member.kind
    }
}
