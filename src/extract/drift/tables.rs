//! The tables of request headers and of permissions.

use super::super::damage::names;
use super::super::prose::{Prose, Row, Section, Text};

/// A row of the table of request headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// As printed, which may be a translation.
    pub(super) name: String,
    pub(super) description: String,
    /// The media type in the description.
    pub(super) media_type: Option<String>,
    /// Counted from 1.
    pub(super) line: usize,
}

/// The permissions for one kind of account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Permissions {
    pub(super) account: Account,
    pub(super) names: Vec<String>,
    /// Other words of Latin letters: parts of names that a translation has split.
    pub(super) fragments: Vec<String>,
    /// True if the row says that no permission is needed: it has no name, and its words differ from those of the rows
    /// of accounts that are not supported.
    pub(super) are_free: bool,
    /// Counted from 1.
    pub(super) line: usize,
}

/// A kind of account, by the number of its table on the page and of its row. Every table of permissions has the kinds in
/// one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    table: usize,
    row: usize,
}

const ACCOUNTS: [&str; 3] = [
    "delegated permission (work or school account)",
    "delegated permission (personal account)",
    "application permission",
];

impl Account {
    pub(super) const fn as_str(self) -> &'static str {
        if self.row < ACCOUNTS.len() {
            ACCOUNTS[self.row]
        } else {
            "permission"
        }
    }
}

pub(super) fn headers(prose: &Prose) -> Vec<Header> {
    let rows = rows(prose, Section::Headers).filter(|(_, _, row)| row.cells.len() >= 2);
    rows.map(|(_, _, row)| {
        let name = row.cells[0].plain();
        let description = row.cells[row.cells.len() - 1].plain();
        Header {
            media_type: description.split_whitespace().find_map(media_type),
            name,
            description,
            line: row.line,
        }
    })
    .collect()
}

/// True for a name that HTTP allows. A translated name has other letters.
pub(super) fn is_header_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn media_type(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let (kind, name) = word.split_once('/')?;
    let is_kind = matches!(
        kind,
        "application" | "text" | "image" | "audio" | "multipart"
    );
    // In some languages no blank follows the full stop.
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c));
    let name = name[..end.unwrap_or(name.len())].trim_end_matches('.');
    (is_kind && !name.is_empty()).then(|| format!("{kind}/{name}").to_ascii_lowercase())
}

/// The word for "required" in the language of a page: the last sentence about the bearer token.
pub(super) fn required_word(prose: &Prose) -> Option<String> {
    let descriptions =
        rows(prose, Section::Headers).filter_map(|(_, _, row)| Some(row.cells.last()?.plain()));
    let token = { descriptions }.find(|it| it.starts_with("Bearer"))?;
    let mut sentences = sentences(&token);
    let last = sentences.next_back()?;
    sentences.next()?;
    Some(last.to_lowercase())
}

/// True if a description has a sentence.
pub(super) fn says(description: &str, sentence: &str) -> bool {
    sentences(description).any(|it| it.to_lowercase() == sentence)
}

fn sentences(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.split(['.', '。', '(', ')', '（', '）'])
        .map(str::trim)
        .filter(|it| !it.is_empty())
}

pub(super) fn permissions(prose: &Prose) -> Vec<Permissions> {
    let mut found: Vec<Permissions> = Vec::new();
    let mut texts = Vec::new();
    for (table, number, row) in rows(prose, Section::Permissions) {
        let cells = row.cells.get(1..).unwrap_or_default();
        let words: Vec<&str> = cells.iter().flat_map(Text::words).collect();
        let (full, fragments): (Vec<&str>, Vec<&str>) =
            words.iter().partition(|word| names::is_permission(word));
        texts.push(words.concat().to_lowercase());
        found.push(Permissions {
            account: Account { table, row: number },
            names: full.into_iter().map(str::to_owned).collect(),
            fragments: fragments.into_iter().map(str::to_owned).collect(),
            are_free: false,
            line: row.line,
        });
    }
    for index in 0..found.len() {
        let it = &found[index];
        let mut others = found.iter().zip(&texts).filter(|(other, _)| {
            other.account.table == it.account.table
                && other.line != it.line
                && other.names.is_empty()
        });
        let are_free = it.names.is_empty()
            && it.account.row + 1 == ACCOUNTS.len()
            && others.next().is_some_and(|(_, text)| *text != texts[index]);
        found[index].are_free = are_free;
    }
    found
}

/// The rows of the tables in a section, with the number of the table and of the row.
fn rows(prose: &Prose, section: Section) -> impl Iterator<Item = (usize, usize, &Row)> {
    let tables = prose.tables.iter().filter(move |it| it.section == section);
    tables.enumerate().flat_map(|(table, it)| {
        let rows = it.rows.iter().enumerate();
        rows.map(move |(number, row)| (table, number, row))
    })
}
