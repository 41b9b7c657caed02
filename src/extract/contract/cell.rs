//! Cells of the tables of properties and parameters: the type, the words of an enumeration, the number of a limit.
//! Names of types and words are recognized by their form, so that translated cells only give less information.

use crate::contract::extracted::Kind;

use super::super::prose::{Piece, Text};

/// The namespace in front of a type's name, after an optional `#`.
const NAMESPACE: &str = "microsoft.graph.";

/// The content of a cell in the column of types.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::extract) struct TypeCell {
    /// The JSON type of a primitive type.
    pub(in crate::extract) kind: Option<Kind>,
    /// The name of another type, without its namespace: a resource type or an enumeration.
    pub(in crate::extract) name: Option<String>,
    /// The resource pages that the cell links to.
    pub(in crate::extract) pages: Vec<String>,
    /// `None` if the cell is translated and does not show it.
    pub(in crate::extract) collection: Option<bool>,
}

/// A letter, then letters and digits, all of them ASCII: no translated word, but possibly a Latin one.
pub(in crate::extract) fn is_identifier(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The name of a type without `#` and namespace.
pub(in crate::extract) fn bare_type(printed: &str) -> &str {
    let name = printed.trim_start_matches('#');
    let has_namespace = name
        .get(..NAMESPACE.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(NAMESPACE));
    if has_namespace {
        &name[NAMESPACE.len()..]
    } else {
        name
    }
}

/// The JSON type of a primitive type of `OData`, also by its common short names.
pub(in crate::extract) fn primitive(name: &str) -> Option<Kind> {
    Some(match name.to_ascii_lowercase().as_str() {
        "string" | "guid" | "duration" | "date" | "datetimeoffset" | "timeofday" | "binary"
        | "stream" => Kind::String,
        "boolean" | "bool" => Kind::Boolean,
        "int" | "int16" | "int32" | "int64" | "integer" | "byte" | "sbyte" | "double"
        | "single" | "decimal" | "float" | "number" => Kind::Number,
        _ => return None,
    })
}

pub(super) fn type_cell(cell: &Text) -> TypeCell {
    let mut outside = Vec::new();
    let mut inside = Vec::new();
    for piece in &cell.pieces {
        match piece {
            Piece::Plain(text) | Piece::Code(text) => outside.extend(words(text)),
            Piece::Link { text, .. } => inside.extend(words(text)),
        }
    }
    let pages: Vec<_> = cell.links().collect();
    let collection = match pages.len() {
        0 => is_collection(&outside),
        1 => Some(!outside.is_empty() || is_collection(&inside) == Some(true)),
        _ => Some(false),
    };
    let names = || outside.iter().map(|word| bare_type(word));
    TypeCell {
        kind: names().find_map(primitive).filter(|_| pages.is_empty()),
        name: names()
            .find(|name| is_identifier(name) && primitive(name).is_none())
            .filter(|_| pages.is_empty() && names().all(|name| primitive(name).is_none()))
            .map(str::to_owned),
        pages,
        collection,
    }
}

/// A type's name and one more word say that there are several.
fn is_collection(words: &[&str]) -> Option<bool> {
    let named = words.iter().any(|word| is_identifier(bare_type(word)));
    named.then_some(words.len() > 1)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '#'))
        .filter(|word| word.contains(char::is_alphanumeric))
}

/// The words of an enumeration: at least two identifiers in code spans or quotation marks, with punctuation or one
/// short word between them. The longest such list of the cell.
pub(super) fn listed(cell: &Text) -> Vec<String> {
    let mut longest: Vec<String> = Vec::new();
    let mut list: Vec<String> = Vec::new();
    for (gap, word) in quoted(cell) {
        if !is_identifier(&word) || matches!(word.as_str(), "true" | "false" | "null") {
            list.clear();
            continue;
        }
        if !joins(&gap) {
            list.clear();
        }
        if !list.contains(&word) {
            list.push(word);
        }
        if list.len() > longest.len() {
            longest.clone_from(&list);
        }
    }
    if longest.len() < 2 {
        longest.clear();
    }
    longest
}

/// The words in code spans, else those in quotation marks, each with the text between it and the word before.
fn quoted(cell: &Text) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut gap = String::new();
    for piece in &cell.pieces {
        match piece {
            Piece::Plain(text) => gap.push_str(text),
            Piece::Link { text, .. } => {
                gap.push_str(". ");
                gap.push_str(text);
            }
            // Where the blank between two spans is lost, Markdown reads one span with backticks in it.
            Piece::Code(code) => {
                for word in code.split('`').filter(|word| !word.is_empty()) {
                    found.push((std::mem::take(&mut gap), word.trim().to_owned()));
                }
            }
        }
    }
    if found.is_empty() {
        in_marks(&gap)
    } else {
        found
    }
}

const QUOTATION_MARKS: [char; 9] = ['"', '\'', '“', '”', '‘', '’', '«', '»', '„'];

fn in_marks(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut parts = text.split(QUOTATION_MARKS);
    let mut gap = parts.next().unwrap_or_default().to_owned();
    // An apostrophe is followed by no word that ends in a mark.
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if is_identifier(part) && parts.peek().is_some() {
            found.push((std::mem::take(&mut gap), part.to_owned()));
            gap.push_str(parts.next().unwrap_or_default());
        } else {
            gap.push_str(part);
        }
    }
    found
}

/// True for punctuation and at most one short word, such as `or`, inside one sentence.
fn joins(gap: &str) -> bool {
    let mut words = words(gap);
    let first = words.next().map_or(0, |word| word.chars().count());
    first <= 4 && words.next().is_none() && !gap.contains(['.', '。', ';', '；'])
}

/// The number in a cell, if it has exactly one separate number.
pub(super) fn number(cell: &Text) -> Option<u32> {
    let mut found = None;
    for piece in &cell.pieces {
        let (Piece::Plain(text) | Piece::Link { text, .. }) = piece else {
            continue;
        };
        for (number, stands_alone) in numbers(text) {
            if !stands_alone || found.is_some() {
                return None;
            }
            found = Some(number.parse().ok()?);
        }
    }
    found
}

/// The runs of digits that are no part of a word, such as `P2P`, and whether each is a plain number: `256`, but not
/// `16-bit`, `16,000` or `3.5`.
fn numbers(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text[from..].find(|c: char| c.is_ascii_digit())?;
            let digits = text[start..].find(|c: char| !c.is_ascii_digit());
            let end = digits.map_or(text.len(), |length| start + length);
            from = end;
            let before = text[..start].chars().next_back();
            let after = text[end..].chars().next();
            let behind = text[end..].chars().nth(1);
            if before.is_some_and(|c| c.is_ascii_alphabetic())
                || after.is_some_and(|c| c.is_ascii_alphabetic())
            {
                continue;
            }
            let is_fraction = matches!(after, Some(',' | '.' | ':'))
                && behind.is_some_and(|c| c.is_ascii_digit());
            let is_part = before.is_some_and(|c| matches!(c, '-' | ',' | '.' | ':' | '/'))
                || matches!(after, Some('-' | '/' | '%'));
            let is_plain = !is_fraction && !is_part;
            return Some((&text[start..end], is_plain));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::{inventory::Findings, prose};
    use super::*;

    /// The cells of a row, given as Markdown.
    fn cell(markdown: &str) -> Text {
        let page = format!("| a | b |\n|---|---|\n| {markdown} | |\n");
        let mut tables = prose::read_page(&page, &mut Findings::new("")).1.tables;
        tables.remove(0).rows.remove(0).cells.remove(0)
    }

    #[test]
    fn a_type_is_recognized_by_its_form() {
        let string = Some(Kind::String);
        for (markdown, kind, name, pages, collection) in [
            ("String", string, None, 0, Some(false)),
            ("Int32", Some(Kind::Number), None, 0, Some(false)),
            ("String collection", string, None, 0, Some(true)),
            ("collection(string)", string, None, 0, Some(true)),
            ("Коллекция String", string, None, 0, Some(true)),
            ("Коллекция строк", None, None, 0, None),
            ("字符串", None, None, 0, None),
            ("callState", None, Some("callState"), 0, Some(false)),
            (
                "microsoft.graph.prompt",
                None,
                Some("prompt"),
                0,
                Some(false),
            ),
            ("[a](a.md)", None, None, 1, Some(false)),
            ("[标识](identity.md)", None, None, 1, Some(false)),
            ("[a](a.md) 集合", None, None, 1, Some(true)),
            ("[Коллекция a](a.md)", None, None, 1, Some(true)),
            ("[a](a.md) или [b](b.md)", None, None, 2, Some(false)),
        ] {
            let cell = type_cell(&cell(markdown));
            let found = (
                cell.kind,
                cell.name.as_deref(),
                cell.pages.len(),
                cell.collection,
            );
            assert_eq!(found, (kind, name, pages, collection), "{markdown}");
        }
    }

    #[test]
    fn words_stand_in_a_list() {
        let none: &[&str] = &[];
        for (markdown, words) in [
            ("One of `a`, `b`, or `c`. Not `d`.", &["a", "b", "c"][..]),
            ("`a` 、、、 `b` `c` 。", &["a", "b", "c"]),
            (
                "、 `None`和 `Busy``Forbidden`",
                &["None", "Busy", "Forbidden"],
            ),
            ("'viewer', 'sharer'", &["viewer", "sharer"]),
            ("\"viewer\"和\"sharer\"", &["viewer", "sharer"]),
            ("\"зритель\", \"sharer\"", none),
            ("must be `https`", none),
            ("the bot's, the user's", none),
            ("`true` or `false`", none),
            ("needed if `duckOthers` is set to `level`", none),
            ("`a`, then `Microsoft.Graph.Call`, `b`", none),
        ] {
            assert_eq!(listed(&cell(markdown)), words, "{markdown}");
        }
    }
}
