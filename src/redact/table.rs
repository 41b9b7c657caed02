//! Secrets in tables and in lines: columns, YAML below a name, names and values in two lines.

use std::ops::Range;

use super::assigned::{is_beside, is_secret_value};
use super::names::{Named, named_anywhere};
use super::scan::Scan;
use super::value::{Value, quoted};

/// The most columns of a table, and the longest head.
const COLUMNS: usize = 512;
const HEAD: usize = 16_384;

/// The separator of a text that looks like a table; none where it does not.
pub(super) fn separator(text: &str) -> Option<u8> {
    let text = text.trim_start_matches('\u{feff}');
    let head = text.lines().next().filter(|it| it.len() < HEAD)?;
    let second = text
        .get(head.len()..)?
        .trim_start_matches(['\r', '\n'])
        .lines()
        .next()?;
    [b'\t', b',', b';', b'|'].into_iter().find(|separator| {
        let count = |line: &str| line.bytes().filter(|it| it == separator).count();
        let is_name = |it: &str| {
            it.len() < 40
                && it
                    .chars()
                    .all(|it| it.is_alphanumeric() || "_-. \"".contains(it))
        };
        let mut names = head.split(char::from(*separator));
        let columns = count(head);
        columns > 0 && count(second) >= columns && names.all(is_name)
    })
}

impl Scan<'_> {
    /// The cells below a column with a secret name.
    pub(super) fn table(&mut self, separator: u8) {
        let text = self.text;
        let mut lines = Rows {
            text,
            at: 0,
            separator,
        };
        let Some(head) = lines.next() else { return };
        let columns: Vec<Option<Named>> = head
            .iter()
            .take(COLUMNS)
            .map(|cell| {
                let name = text[cell.place.clone()].trim();
                named_anywhere(name).or_else(|| self.redactor.project.named(name))
            })
            .collect();
        if columns.iter().all(Option::is_none) {
            return;
        }
        for row in lines {
            for (cell, known) in row.into_iter().zip(&columns) {
                let Some(known) = known else { continue };
                let blank =
                    text[cell.place.clone()].len() - text[cell.place.clone()].trim_start().len();
                let place = cell.place.start + blank..cell.place.end;
                let inner = text[place.clone()].trim_end();
                let is_rule = inner.bytes().all(|it| matches!(it, b'-' | b':' | b'='));
                if is_secret_value(*known, cell.decoded.trim()) && !is_rule {
                    let secret = cell.decoded.trim().to_owned();
                    self.add(
                        place.start..place.start + inner.len(),
                        secret,
                        &known.rule.id,
                    );
                }
            }
        }
    }

    /// YAML and settings: values below a secret name, and names and values in two lines.
    pub(super) fn lines(&mut self) {
        if memchr::memchr(b'\n', self.text.as_bytes()).is_none()
            || (self.hits.is_empty() && !self.redactor.project.has_names())
        {
            return;
        }
        let text = self.text;
        let is_secret_object = text.lines().any(|it| it.trim_end() == "kind: Secret");
        let mut state = Below::default();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            self.line(start, line.trim_end(), &mut state, is_secret_object);
        }
        self.end_block(&mut state);
    }

    fn line(&mut self, start: usize, line: &str, state: &mut Below, is_secret_object: bool) {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if line.trim().is_empty() {
            return;
        }
        if line.trim() == "---" {
            self.end_block(state);
            *state = Below::default();
            return;
        }
        if state
            .block
            .as_ref()
            .is_some_and(|block| indent > block.indent)
        {
            if let Some(block) = &mut state.block {
                block.place = match block.place.take() {
                    Some(place) => Some(place.start..start + line.len()),
                    None => Some(start + indent..start + line.len()),
                };
            }
            return;
        }
        self.end_block(state);
        let body = &line[indent..];
        let dash = body.len() - body.trim_start_matches("- ").len();
        let pair = pair(&body[dash..]);
        let own_indent = indent + dash;
        if state.known.is_some_and(|(_, above)| {
            indent < above || (indent == above && !body.starts_with("- "))
        }) {
            state.known = None;
        }
        let Some((name, value)) = pair else {
            if let Some((known, _)) = state.known
                && dash > 0
            {
                self.scalar(start + own_indent..start + line.len(), known);
            }
            return;
        };
        let place = start + own_indent + value..start + line.len();
        self.pair(name, place, (own_indent, dash > 0), state, is_secret_object);
    }

    fn pair(
        &mut self,
        name: &str,
        place: Range<usize>,
        (indent, is_item): (usize, bool),
        state: &mut Below,
        is_secret_object: bool,
    ) {
        let value = &self.text[place.clone()];
        let own = named_anywhere(name).or_else(|| self.redactor.project.named(name));
        let is_block = value.starts_with(['|', '>'])
            && value.len() <= 4
            && value[1..].bytes().all(|it| b"-+0123456789".contains(&it));
        let below = state.known.filter(|_| !is_beside(name)).map(|it| it.0);
        if value.is_empty() {
            let data = is_secret_object && matches!(name, "data" | "stringData") && indent == 0;
            let known = if data {
                named_anywhere("secret")
            } else {
                own.or(below)
            };
            if let Some(known) = known {
                state.known = Some((
                    known,
                    if is_item {
                        indent.saturating_sub(1)
                    } else {
                        indent
                    },
                ));
            }
            return;
        }
        if is_block {
            state.block = own.or(below).map(|known| Block {
                known,
                indent,
                place: None,
            });
            return;
        }
        if let Some(known) = below {
            self.scalar(place.clone(), known);
        }
        if matches!(
            name.to_ascii_lowercase().as_str(),
            "name" | "key" | "property" | "variable" | "param" | "parameter" | "header"
        ) {
            let word = value.trim_matches(['"', '\'']);
            state.named = named_anywhere(word)
                .or_else(|| self.redactor.project.named(word))
                .map(|it| (it, indent));
        } else if matches!(
            name.to_ascii_lowercase().as_str(),
            "value" | "val" | "default" | "content" | "data" | "text"
        ) {
            if let Some((known, at)) = state.named.take()
                && at == indent
            {
                self.scalar(place, known);
            }
        } else if is_item || state.named.is_some_and(|(_, at)| at != indent) {
            state.named = None;
        }
    }

    /// A scalar of YAML that is secret by a name above or beside it.
    fn scalar(&mut self, place: Range<usize>, known: Named) {
        let found = quoted(&self.text[..place.end], place.start);
        let found = found.unwrap_or_else(|| {
            let text = &self.text[place.clone()];
            let text = text.find(" #").map_or(text, |it| &text[..it]).trim_end();
            Value {
                place: place.start..place.start + text.len(),
                decoded: text.to_owned(),
                quoted: super::harmless::Quoted::Yes,
            }
        });
        if is_secret_value(known, &found.decoded) {
            self.add(found.place, found.decoded, &known.rule.id);
        }
    }

    fn end_block(&mut self, state: &mut Below) {
        if let Some(Block {
            known,
            place: Some(place),
            ..
        }) = state.block.take()
        {
            let secret = self.text[place.clone()].to_owned();
            if is_secret_value(known, &secret) {
                self.add(place, secret, &known.rule.id);
            }
        }
    }
}

/// What the lines before say of the next one.
#[derive(Default)]
struct Below {
    /// The rule of the name above, and its indentation.
    known: Option<(Named, usize)>,
    /// The rule of the name in the line before, and its indentation.
    named: Option<(Named, usize)>,
    block: Option<Block>,
}

/// A block scalar whose name is secret.
struct Block {
    known: Named,
    indent: usize,
    place: Option<Range<usize>>,
}

/// The name of a line `name: value` or `name = value`, and where the value begins.
fn pair(line: &str) -> Option<(&str, usize)> {
    let end = line.find([':', '='])?;
    let name = line[..end].trim_end().trim_matches(['"', '\'']);
    if name.is_empty() || name.len() > 100 || name.contains(char::is_whitespace) {
        return None;
    }
    let rest = &line[end + 1..];
    if line[end..].starts_with(':') && !rest.is_empty() && !rest.starts_with([' ', '\t']) {
        return None;
    }
    Some((name, end + 1 + rest.len() - rest.trim_start().len()))
}

/// A cell of a table.
struct Cell {
    place: Range<usize>,
    decoded: String,
}

/// The rows of a table (RFC 4180): a cell in quotes may have line ends.
struct Rows<'t> {
    text: &'t str,
    at: usize,
    separator: u8,
}

impl Iterator for Rows<'_> {
    type Item = Vec<Cell>;

    fn next(&mut self) -> Option<Vec<Cell>> {
        let bytes = self.text.as_bytes();
        if self.at >= bytes.len() {
            return None;
        }
        let mut cells = Vec::new();
        loop {
            let start = self.at;
            if bytes.get(start) == Some(&b'"') {
                let end = closing(bytes, start + 1);
                let inner = &self.text[start + 1..end];
                cells.push(Cell {
                    place: start + 1..end,
                    decoded: inner.replace("\"\"", "\""),
                });
                self.at = (end + 1).min(bytes.len());
                self.at += bytes[self.at..]
                    .iter()
                    .take_while(|it| !self.ends(**it))
                    .count();
            } else {
                let length = bytes[start..]
                    .iter()
                    .take_while(|it| !self.ends(**it))
                    .count();
                self.at = start + length;
                cells.push(Cell {
                    place: start..self.at,
                    decoded: self.text[start..self.at].to_owned(),
                });
            }
            match bytes.get(self.at) {
                Some(byte) if *byte == self.separator => self.at += 1,
                Some(_) => {
                    self.at += bytes[self.at..]
                        .iter()
                        .take_while(|it| matches!(it, b'\r' | b'\n'))
                        .count();
                    return Some(cells);
                }
                None => return Some(cells),
            }
        }
    }
}

impl Rows<'_> {
    fn ends(&self, byte: u8) -> bool {
        byte == self.separator || matches!(byte, b'\r' | b'\n')
    }
}

fn closing(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(found) = memchr::memchr(b'"', &bytes[at..]) {
        at += found;
        if bytes.get(at + 1) != Some(&b'"') {
            return at;
        }
        at += 2;
    }
    bytes.len()
}
