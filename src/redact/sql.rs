//! Secrets in SQL: `IDENTIFIED BY`, and the values of the columns of `INSERT INTO`.

use std::ops::Range;

use super::assigned::is_secret_value;
use super::harmless::{self, is_number};
use super::names::{Named, named_anywhere};
use super::rules::Hit;
use super::scan::{Running, Scan, window_end};
use super::value::{Link, Style, quoted, value};

/// The longest list of columns in bytes, with the name of the table before it.
const HEAD: usize = 4096;

impl Scan<'_> {
    /// `IDENTIFIED BY` of SQL.
    pub(super) fn identified(&mut self, hit: Hit, state: &mut Running) {
        let text = &self.text[..state.range.end];
        let rest = &text[hit.end..];
        let blank = rest.len() - rest.trim_start().len();
        let word = if rest[blank..]
            .get(..9)
            .is_some_and(|it| it.eq_ignore_ascii_case("password "))
        {
            9
        } else {
            0
        };
        let start = hit.end + blank + word;
        let found = quoted(text, start)
            .or_else(|| value(text, start, Link::Blank, Style::Running, hit.start));
        if let Some(found) = found
            && !harmless::is_none(&found.decoded)
        {
            state.at = found.place.end;
            self.add(
                found.place,
                found.decoded.trim_end_matches(';').to_owned(),
                "sql-password",
            );
        }
    }

    /// The values of columns with secret names: `INSERT INTO users (name, password) VALUES ('bot', '…'), …`.
    pub(super) fn insert(&mut self, hit: Hit, state: &mut Running) {
        if hit.start < state.statement_end {
            return;
        }
        let text = &self.text[..state.range.end];
        let head = &text[hit.end..window_end(text, hit.end, HEAD)];
        let Some((open, close)) = head.find('(').zip(head.find(')')) else {
            return;
        };
        if open > close || head[..open].contains([';', '\'']) {
            return;
        }
        let columns: Vec<Option<Named>> = head[open + 1..close]
            .split(',')
            .map(|column| {
                let is_around = |it: char| it.is_whitespace() || "\"`[]\\".contains(it);
                let name = column.trim_matches(is_around);
                named_anywhere(name).or_else(|| self.redactor.project.named(name))
            })
            .collect();
        if columns.iter().all(Option::is_none) {
            return;
        }
        let mut at = hit.end + close + 1;
        while let Some(row) = row_begin(text, at) {
            at = self.row(row, &columns, text);
        }
        state.statement_end = at;
    }

    /// The cells of a row, from behind its parenthesis on. Returns the end of the row.
    fn row(&mut self, from: usize, columns: &[Option<Named>], text: &str) -> usize {
        let mut columns = columns.iter();
        let mut at = from;
        loop {
            let end = cell_end(text, at);
            if let Some(Some(known)) = columns.next() {
                self.cell(at..end, *known);
            }
            at = (end + 1).min(text.len());
            if text.as_bytes().get(end) != Some(&b',') {
                return at;
            }
        }
    }

    /// A cell: its text, also as the first argument of a call such as `crypt('…', gen_salt('bf'))`, or its number.
    fn cell(&mut self, place: Range<usize>, known: Named) {
        let text = &self.text[..place.end];
        let cell = &text[place.clone()];
        let found = match cell.find(QUOTES) {
            Some(quote) => quoted(text, place.start + quote),
            None if is_number(cell.trim()) => {
                let start = place.start + cell.len() - cell.trim_start().len();
                value(text, start, Link::Blank, Style::Running, start)
            }
            None => None,
        };
        if let Some(found) = found.filter(|it| is_secret_value(known, &it.decoded)) {
            self.add(found.place, found.decoded, &known.rule.id);
        }
    }
}

const QUOTES: [char; 3] = ['\'', '"', '\\'];

/// Where the next row begins, behind `VALUES (` or `, (`.
fn row_begin(text: &str, at: usize) -> Option<usize> {
    let rest = text[at..].trim_start();
    let behind = match rest.get(.."values".len()) {
        Some(word) if word.eq_ignore_ascii_case("values") => &rest[word.len()..],
        _ => rest.strip_prefix(',')?,
    };
    let row = behind.trim_start().strip_prefix('(')?;
    Some(text.len() - row.len())
}

/// The end of a cell: at a comma or a parenthesis outside of quotes and calls.
fn cell_end(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (from, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'(' => depth += 1,
            b',' | b')' if depth == 0 => return at,
            b')' => depth -= 1,
            b'\'' | b'"' | b'\\' => {
                if let Some(found) = quoted(text, at) {
                    let close = &bytes[found.place.end..];
                    let slashes = close.iter().take_while(|it| **it == b'\\').count();
                    at = found.place.end + slashes;
                }
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}
