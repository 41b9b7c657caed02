//! Code blocks of two translations. Code is never translated, so both have the same messages to the letter, white space
//! aside.

use std::hash::{DefaultHasher, Hasher as _};

use super::super::head;
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
        let is_wire = code_block.is_json || !head::heads(&code_block.text).is_empty();
        if !is_wire || code_block.hidden.is_some() {
            return None;
        }
        let mut whole = DefaultHasher::new();
        let mut lines = Vec::new();
        for (number, line) in code_block.text.lines().enumerate() {
            let text = letters(line);
            if !text.is_empty() {
                whole.write(text.as_bytes());
                lines.push((code_block.line + 1 + number, hash(&text)));
            }
        }
        Some(Self {
            line: code_block.line,
            hash: whole.finish(),
            lines,
        })
    }
}

/// The letters of a line without white space, comments, hosts and lengths, which say nothing about a message.
fn letters(line: &str) -> String {
    let line = line.trim();
    let name = line.split(':').next().unwrap_or_default();
    if line.starts_with("//") || name.eq_ignore_ascii_case("content-length") {
        return String::new();
    }
    match head::start(line) {
        Some(head::Start::Request { method, target }) => {
            format!("{method}{}", resource::path_of(target))
        }
        _ => line.split_whitespace().collect(),
    }
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
    let lines = one.lines.iter().zip(&other.lines);
    let differing = lines.filter(|(mine, its)| mine.1 != its.1);
    let mut found: Vec<_> = differing
        .map(|(mine, its)| Difference::Changed(mine.0, its.0))
        .collect();
    if one.lines.len() != other.lines.len() {
        let last = |block: &Block| block.lines.last().map_or(block.line, |it| it.0);
        found.truncate(1);
        if found.is_empty() {
            found.push(Difference::Changed(last(one), last(other)));
        }
    }
    found
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
}
