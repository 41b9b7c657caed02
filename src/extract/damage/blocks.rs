//! Code blocks of two translations. Code is never translated, so both have the same messages to the letter. White space,
//! the order of properties and header fields, hosts and lengths say nothing about a message.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};

use foldhash::HashMap;
use serde_json::Value;

use super::super::head::{self, Head, Start};
use super::super::json::{self, Json, Reading};
use super::super::markdown::CodeBlock;
use crate::api::resource;

/// A code block with a message or JSON.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The first line of the code block, counted from 1.
    line: usize,
    /// The hash of its letters, whatever its lines are.
    hash: u64,
    /// Its lines that are not empty: the number of each, and its hash.
    lines: Vec<(usize, u64)>,
}

/// A difference, with the lines of both pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    /// The lines are not equal.
    Changed(usize, usize),
    /// The first page lacks this code block of the second one.
    Missing(usize, usize),
    /// The second page lacks this code block of the first one.
    Added(usize, usize),
}

impl Block {
    /// Other code, such as that of a tab for a programming language, may have translated comments.
    pub(super) fn read(code_block: &CodeBlock<'_>) -> Option<Self> {
        let text = &*code_block.text;
        let heads = head::heads(text);
        // The language of a code block may say less than its JSON, such as `jsonc`.
        let is_wire = || code_block.is_json || !heads.is_empty() || value(text).is_some();
        if code_block.hidden.is_some() || !is_wire() {
            return None;
        }
        let mut whole = DefaultHasher::new();
        if heads.is_empty() {
            whole.write(content(text).as_bytes());
        }
        let is_status = |it: &&str| matches!(head::start(it), Some(Start::Response { .. }));
        let statuses = text.lines().filter(is_status).map(compact);
        for part in heads.iter().flat_map(parts).chain(statuses) {
            whole.write(part.as_bytes());
        }
        let lines = { text.lines().enumerate() }
            .map(|(number, line)| (code_block.line + 1 + number, letters(line)))
            .filter(|(_, letters)| !letters.is_empty());
        Some(Self {
            line: code_block.line,
            hash: whole.finish(),
            lines: lines.map(|(number, it)| (number, hash(&it))).collect(),
        })
    }
}

/// The letters of a message: of its start, of its header fields in one order, and of its body.
fn parts(head: &Head<'_>) -> Vec<String> {
    let start = match head.start {
        Start::Request { method, target } => request(method, target),
        // The line has the reason too.
        Start::Response { .. } => String::new(),
    };
    let others = head.others.iter().map(|target| request("", target));
    let mut fields: Vec<_> = { head.headers.iter() }
        .map(|(name, value)| field(name, value))
        .collect();
    fields.sort_unstable();
    let mut parts: Vec<_> = [start].into_iter().chain(others).chain(fields).collect();
    parts.push(content(head.body));
    parts
}

/// The letters of a body, or of a code block without a head.
fn content(text: &str) -> String {
    match value(text) {
        Some(value) => compact(&sorted(value).to_string()),
        None => text.lines().map(letters).collect(),
    }
}

fn value(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    match json::read(text) {
        Reading::Valid(Json(value)) | Reading::Repaired(Json(value), _) => Some(value),
        Reading::Broken(..) => None,
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(members) => {
            let members = members.into_iter();
            let members: BTreeMap<_, _> = members.map(|(name, it)| (name, sorted(it))).collect();
            members.into_iter().collect()
        }
        other => other,
    }
}

/// The letters of a line without what says nothing about a message, such as a comment.
fn letters(line: &str) -> String {
    let line = line.trim();
    if line.starts_with("//") {
        return String::new();
    }
    match (head::start(line), line.split_once(':')) {
        (Some(Start::Request { method, target }), _) => request(method, target),
        (_, Some((name, value))) if is_field_name(name) => field(name, value),
        // A comma says that another property follows.
        _ => compact(line.trim_end_matches(',')),
    }
}

fn is_field_name(name: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !name.is_empty() && name.bytes().all(is_letter)
}

fn request(method: &str, target: &str) -> String {
    format!("{method}{}", below_host(target))
}

/// A URL without its host, which a relative URL does not have.
fn below_host(target: &str) -> String {
    let query = target.find(['?', '#']).map_or("", |at| &target[at..]);
    compact(resource::below_version(target)) + &compact(query)
}

fn field(name: &str, value: &str) -> String {
    let name = name.to_ascii_lowercase();
    let value = value.trim();
    let value = match name.as_str() {
        "content-length" => return String::new(),
        "content-type" => {
            let parts = value.split(';').map(|it| it.trim().to_ascii_lowercase());
            let parts = parts.filter(|it| !it.starts_with("charset="));
            parts.collect::<Vec<_>>().join(";")
        }
        _ if resource::behind_scheme(value).is_some() || value.starts_with('/') => {
            below_host(value)
        }
        _ => compact(value),
    };
    format!("{name}:{value}")
}

fn compact(text: &str) -> String {
    text.split_whitespace().collect()
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// The differences of the code blocks of two pages.
pub(super) fn differences(one: &[Block], other: &[Block]) -> Vec<Difference> {
    let mut found = Vec::new();
    let (mut at, mut beside) = (0, 0);
    let line = |blocks: &[Block], at: usize| {
        let next = blocks.get(at).or(blocks.last());
        next.map_or(0, |it| it.line)
    };
    while at < one.len() || beside < other.len() {
        let (mine, its) = (one.get(at), other.get(beside));
        match (mine, its) {
            (Some(mine), Some(its)) if mine.hash == its.hash => {}
            (Some(mine), Some(its)) if one.len() - at == other.len() - beside => {
                found.extend(in_lines(mine, its));
            }
            // The shorter page lacks a code block.
            (_, Some(its)) if one.len() - at < other.len() - beside => {
                found.push(Difference::Missing(line(one, at), its.line));
                beside += 1;
                continue;
            }
            (Some(mine), _) => {
                found.push(Difference::Added(mine.line, line(other, beside)));
                at += 1;
                continue;
            }
            (None, _) => break,
        }
        at += 1;
        beside += 1;
    }
    found
}

/// The lines that differ; of two blocks with another number of lines, the first one.
fn in_lines(one: &Block, other: &Block) -> Vec<Difference> {
    let changed = |(mine, its): (&(usize, u64), &(usize, u64))| Difference::Changed(mine.0, its.0);
    let has_one_number = one.lines.len() == other.lines.len();
    if has_one_number {
        let (mine, its) = (missing(one, other), missing(other, one));
        let lines = mine.into_iter().zip(its);
        let found: Vec<_> = lines.map(changed).collect();
        if !found.is_empty() {
            return found;
        }
    }
    // The same lines in another order, or more lines.
    let lines = one.lines.iter().zip(&other.lines);
    let mut found: Vec<_> = lines
        .filter(|(mine, its)| mine.1 != its.1)
        .map(changed)
        .collect();
    if !has_one_number {
        found.truncate(1);
    }
    if found.is_empty() {
        let last = |block: &Block| block.lines.last().map_or(block.line, |it| it.0);
        found.push(Difference::Changed(last(one), last(other)));
    }
    found
}

/// The lines of a block that another block does not have.
fn missing<'b>(one: &'b Block, other: &Block) -> Vec<&'b (usize, u64)> {
    let mut counts: HashMap<u64, usize> = HashMap::default();
    for (_, hash) in &other.lines {
        *counts.entry(*hash).or_default() += 1;
    }
    let is_missing = |(_, hash): &&(usize, u64)| match counts.get_mut(hash) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    one.lines.iter().filter(is_missing).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::inventory::Findings;
    use super::super::super::markdown;
    use super::*;

    const PAGE: &str = "```http
POST https://graph.microsoft.com/v1.0/app/calls
Content-Length: 9

{
  \"status\": \"running\",
  \"code\": 1
}
```

```http
HTTP/1.1 200 OK
```

```csharp
// A comment.
```
";

    fn blocks(text: &str) -> Vec<Block> {
        let page = markdown::read(text, &mut Findings::new("a.md"));
        page.code_blocks.iter().filter_map(Block::read).collect()
    }

    #[test]
    fn a_message_is_equal_to_the_letter() {
        use Difference::{Added, Changed, Missing};
        let response = "```http\nHTTP/1.1 200 OK\n```\n";
        for (from, to, expected) in [
            ("\"status\"", "\"статус\"", &[Changed(6, 6)][..]),
            ("\"running\"", "\"выполняется\"", &[Changed(6, 6)]),
            ("200 OK", "404 OK", &[Changed(12, 12)]),
            ("/app/calls", "/app/вызовы", &[Changed(2, 2)]),
            ("  \"status\": \"running\",\n", "", &[Changed(6, 6)]),
            (response, "", &[Added(11, 1)]),
            // These say nothing.
            ("https://graph.microsoft.com", "", &[]),
            ("Content-Length: 9\n", "", &[]),
            ("  \"code\"", "\n\n      \"code\"", &[]),
            ("A comment.", "Комментарий.", &[]),
        ] {
            let (one, other) = (blocks(PAGE), blocks(&PAGE.replace(from, to)));
            assert_eq!(differences(&one, &other), expected, "{from}");
            let reverse = expected.iter().map(|it| match *it {
                Added(at, beside) => Missing(beside, at),
                other => other,
            });
            assert_eq!(
                differences(&other, &one),
                reverse.collect::<Vec<_>>(),
                "{from}"
            );
        }
    }

    #[test]
    fn spelling_and_order_say_nothing() {
        use Difference::Changed;
        const PAGE: &str = "```http
HTTP/1.1 201 Created
Location: https://api.example/v1.0/app/calls/1?a=b
Content-Type: application/json

{
  \"status\": \"running\",
  \"code\": 1
}
```

```http
GET https://api.example/v1.0/app/calls
```

```json
{
  \"items\": [1, 2],
  \"one\": {
    \"id\": 1
  },
  \"two\": {
    \"state\": 1
  }
}
```
";
        let properties = "  \"status\": \"running\",\n  \"code\": 1\n";
        for (from, to, expected) in [
            ("https://api.example", "https://other.example", &[][..]),
            ("https://api.example/v1.0", "", &[]),
            ("Location", "location", &[]),
            ("application/json", "Application/JSON; charset=utf-8", &[]),
            ("```json\n", "```jsonc\n", &[]),
            ("```json\n", "```\n", &[]),
            (
                "application/json\n",
                "application/json\nContent-Length: 3\n",
                &[],
            ),
            (
                properties,
                "  \"code\": 1,\n  \"status\": \"running\"\n",
                &[],
            ),
            // A change beside another order.
            (
                properties,
                "  \"code\": 2,\n  \"status\": \"running\"\n",
                &[Changed(8, 7)],
            ),
            ("calls/1?a=b", "calls/1?a=c", &[Changed(3, 3)]),
            ("201 Created", "201 Создано", &[Changed(2, 2)]),
            ("calls/1", "calls/2", &[Changed(3, 3)]),
            ("[1, 2]", "[2, 1]", &[Changed(18, 18)]),
            // The property of another object.
            (
                "\"id\": 1\n  },\n  \"two\": {\n    \"state\": 1",
                "\"state\": 1\n  },\n  \"two\": {\n    \"id\": 1",
                &[Changed(20, 20), Changed(23, 23)],
            ),
        ] {
            assert!(PAGE.contains(from), "{from}");
            let (one, other) = (blocks(PAGE), blocks(&PAGE.replace(from, to)));
            assert_eq!(differences(&one, &other), expected, "{from}");
        }
    }
}
