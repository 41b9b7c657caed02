//! HTML blocks of a page: annotations in comments, and hidden code blocks.

use serde::Deserialize;
use serde_json::Value;

use super::inventory::{FindingKind, Findings};
use super::json;
use super::json::Reading;

/// An annotation of a code block, such as `<!-- { "blockType": "request", "name": "a" } -->`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Annotation {
    /// The line of the comment, counted from 1.
    pub(super) line: usize,
    pub(super) block_type: String,
    /// The first of several names.
    pub(super) name: Option<String>,
    /// `@odata.type`, as printed.
    pub(super) odata_type: Option<String>,
    /// `baseType`, as printed.
    pub(super) base_type: Option<String>,
    pub(super) is_collection: bool,
    pub(super) is_open: bool,
}

/// The content of an HTML block. Lines are counted from 1 in the page.
#[derive(Debug, Default)]
pub(super) struct Html {
    pub(super) annotations: Vec<Annotation>,
    /// The lines of opening fences inside a comment or between tags, and why they open no code block.
    pub(super) hidden: Vec<(usize, &'static str)>,
}

/// `line` is that of the block's start.
pub(super) fn html(block: &str, line: usize, findings: &mut Findings<'_>) -> Html {
    let mut html = Html::default();
    let mut rest = block;
    let mut line = line;
    while let Some(open) = rest.find("<!--") {
        hide(&mut html.hidden, &rest[..open], line, BETWEEN_TAGS);
        line += super::text::newlines(&rest[..open]);
        let inside = &rest[open + 4..];
        let Some(close) = inside.find("-->") else {
            findings.push(line, FindingKind::Unclosed, "the comment is not closed");
            hide(&mut html.hidden, inside, line, INSIDE_A_COMMENT);
            return html;
        };
        let comment = &inside[..close];
        match annotation(comment, line, findings) {
            Some(annotation) => html.annotations.push(annotation),
            None => hide(&mut html.hidden, comment, line, INSIDE_A_COMMENT),
        }
        line += super::text::newlines(comment);
        rest = &inside[close + 3..];
    }
    hide(&mut html.hidden, rest, line, BETWEEN_TAGS);
    html
}

const INSIDE_A_COMMENT: &str = "inside a comment, where Markdown reads no code block";
const BETWEEN_TAGS: &str = "inside an HTML block, where Markdown reads no code block";

fn annotation(comment: &str, line: usize, findings: &mut Findings<'_>) -> Option<Annotation> {
    let comment = comment.trim();
    if !comment.starts_with('{') || !comment.contains("blockType") {
        return None;
    }
    let fields: Fields = match json::read(comment) {
        Reading::Valid(fields) | Reading::Repaired(fields, _) => fields,
        Reading::Broken(at, why) => {
            let message = format!("the annotation is not JSON: {why}");
            findings.push(line + at, FindingKind::Annotation, message);
            return Some(Annotation {
                line,
                ..Annotation::default()
            });
        }
    };
    let name = match &fields.name {
        Value::Array(names) => names.first().and_then(Value::as_str),
        name => name.as_str(),
    };
    Some(Annotation {
        line,
        block_type: fields.block_type.as_str().unwrap_or_default().to_owned(),
        name: name.map(str::to_owned),
        odata_type: fields.odata_type.as_str().map(str::to_owned),
        base_type: fields.base_type.as_str().map(str::to_owned),
        is_collection: fields.is_collection.as_bool().unwrap_or_default(),
        is_open: fields.open_type.as_bool().unwrap_or_default(),
    })
}

/// Records every opening fence in text that the Markdown parser skips.
pub(super) fn hide(
    hidden: &mut Vec<(usize, &'static str)>,
    text: &str,
    line: usize,
    why: &'static str,
) {
    if !text.contains("```") && !text.contains("~~~") {
        return;
    }
    let mut open: Option<&str> = None;
    for (number, content) in text.lines().enumerate() {
        let content = within_containers(content).trim();
        match (open, marker(content)) {
            (Some(opened), Some(marker)) if marker == content && marker.starts_with(opened) => {
                open = None;
            }
            (None, Some(marker)) => {
                open = Some(marker);
                hidden.push((line + number, why));
            }
            _ => {}
        }
    }
}

/// A line without the markers of block quotes and lists.
fn within_containers(line: &str) -> &str {
    let mut rest = line.trim_start();
    while let Some(behind) = ["> ", ">", "- ", "* ", "+ "]
        .iter()
        .find_map(|marker| rest.strip_prefix(marker))
    {
        rest = behind.trim_start();
    }
    rest
}

/// The backticks or tildes at the start of a line, if they are a fence.
fn marker(line: &str) -> Option<&str> {
    let first = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.len() - line.trim_start_matches(first).len();
    (length >= 3).then(|| &line[..length])
}

/// The properties of an annotation that are used.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Fields {
    block_type: Value,
    name: Value,
    #[serde(rename = "@odata.type")]
    odata_type: Value,
    base_type: Value,
    is_collection: Value,
    open_type: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(block: &str) -> (Html, Vec<FindingKind>) {
        let mut findings = Findings::new("f");
        let html = html(block, 10, &mut findings);
        let kinds = findings.finish().into_iter().map(|f| f.kind).collect();
        (html, kinds)
    }

    #[test]
    fn annotations_may_be_sloppy() {
        let (html, findings) = read(
            "<!-- {\n \"blockType\": \"request\",\n \"truncated\": \"true\",\n \"name\": [\"a\", \"b\"],\n}-->\n<!-- note -->",
        );
        assert_eq!(html.annotations.len(), 1);
        assert_eq!(html.annotations[0].line, 10);
        assert_eq!(html.annotations[0].block_type, "request");
        assert_eq!(html.annotations[0].name.as_deref(), Some("a"));
        assert!(findings.is_empty());
    }

    #[test]
    fn an_unreadable_annotation_is_reported() {
        let (html, findings) = read("<!-- { \"blockType\": } -->");
        assert_eq!(html.annotations[0].name, None);
        assert_eq!(findings, [FindingKind::Annotation]);
    }

    #[test]
    fn page_annotations_are_for_the_page() {
        let (html, findings) = read("<!--\n{ \"type\": \"#page.annotation\" }\n-->");
        assert!(html.annotations.is_empty() && findings.is_empty());
    }

    #[test]
    fn code_blocks_in_html_are_hidden() {
        let (html, findings) =
            read("<!-- old\n```http\nGET /a\n```\n  ~~~\n  b\n  ~~~\n-->\n<div>\n```\n");
        let lines: Vec<_> = html.hidden.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [11, 14, 19]);
        assert!(findings.is_empty());
        let (html, _) = read("<!--\n````\n```\n````\n~~~~\n~~~~\n```\n-->");
        let lines: Vec<_> = html.hidden.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [11, 14, 16]);
        let (html, findings) = read("<!-- open\n```\n");
        assert_eq!(html.hidden.len(), 1);
        assert_eq!(findings, [FindingKind::Unclosed]);
    }
}
