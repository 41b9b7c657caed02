//! One pass over the Markdown of a page: headings, code blocks, annotations and the statuses in its prose,
//! each with its line.

use std::borrow::Cow;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::scenario::format::ProseStatus;

use super::annotation;
use super::annotation::Annotation;
use super::inventory::{FindingKind, Findings};
use super::metadata;
use super::metadata::Metadata;
use super::outline::{Outline, Title};

/// Pages have tables. Without this option a stray backtick in a cell ends the code spans of later rows.
const OPTIONS: Options = Options::ENABLE_TABLES;

/// The parts of a page that extraction uses.
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) metadata: Metadata<'a>,
    pub(super) outline: Outline,
    pub(super) code_blocks: Vec<CodeBlock<'a>>,
    /// Success statuses in the prose under the second-level heading `response`.
    pub(super) statuses: Vec<ProseStatus>,
    /// The line of each heading of the outline, counted from 1.
    pub(super) heading_lines: Vec<usize>,
}

/// A fenced block.
#[derive(Debug)]
pub(super) struct CodeBlock<'a> {
    /// The first line of the code block, counted from 1.
    pub(super) line: usize,
    /// True if the info string names JSON.
    pub(super) is_json: bool,
    /// The content, without the indentation of its list.
    pub(super) text: Cow<'a, str>,
    pub(super) section: Option<usize>,
    pub(super) annotation: Option<Annotation>,
    /// The reason why Markdown sees no code block here, if so.
    pub(super) hidden: Option<&'static str>,
}

pub(super) fn read<'a>(text: &'a str, findings: &mut Findings<'_>) -> Page<'a> {
    read_with(text, findings, |_, _| ())
}

/// The same, while another reader reads along. Its ranges are those of the text below the metadata.
pub(super) fn read_with<'a>(
    text: &'a str,
    findings: &mut Findings<'_>,
    mut along: impl FnMut(&Event<'a>, &Range<usize>),
) -> Page<'a> {
    let (metadata, start) = metadata::split(text, findings);
    let mut reader = Reader {
        text: &text[start..],
        lines: Lines::new(1 + super::text::newlines(&text[..start])),
        page: Page {
            metadata,
            outline: Outline::default(),
            code_blocks: Vec::new(),
            statuses: Vec::new(),
            heading_lines: Vec::new(),
        },
        annotations: Vec::new(),
        code: None,
        title: None,
        tab: false,
        heading: 0,
        quotes: 0,
    };
    for (event, range) in Parser::new_ext(reader.text, OPTIONS).into_offset_iter() {
        along(&event, &range);
        reader.event(&event, range, findings);
    }
    reader.report_unattached(findings);
    reader.page
}

impl Page<'_> {
    /// The section of a line, by the nearest heading above it.
    pub(super) fn section_at(&self, line: usize) -> Option<usize> {
        let above = self
            .heading_lines
            .partition_point(|heading| *heading <= line);
        above.checked_sub(1)
    }
}

struct Reader<'a> {
    text: &'a str,
    lines: Lines,
    page: Page<'a>,
    /// Annotations whose code block is not read yet.
    annotations: Vec<Annotation>,
    code: Option<Code<'a>>,
    title: Option<Title>,
    /// True if the last heading was a tab.
    tab: bool,
    /// The line of the last heading.
    heading: usize,
    /// The number of open block quotes.
    quotes: usize,
}

impl<'a> Reader<'a> {
    fn event(&mut self, event: &Event<'a>, range: Range<usize>, findings: &mut Findings<'_>) {
        match event {
            Event::Text(text) => {
                if let Some(code) = &mut self.code {
                    code.push(self.text, text, range);
                } else if let Some(title) = &mut self.title {
                    title.text(text);
                }
            }
            Event::Code(code) => match &mut self.title {
                Some(title) => title.text(code),
                None => self.prose(code, range.start),
            },
            Event::InlineHtml(html) => match &mut self.title {
                Some(title) => title.html(html),
                None if html.starts_with("<!--") => self.html(range, findings),
                None => {}
            },
            Event::Start(tag) => self.start(tag, range, findings),
            Event::End(TagEnd::CodeBlock) => self.end_code(findings),
            Event::End(TagEnd::Heading(level)) => self.end_heading(*level, findings),
            Event::End(TagEnd::Link) => {
                if let Some(title) = &mut self.title {
                    title.link(None);
                }
            }
            Event::End(TagEnd::BlockQuote(_)) => self.quotes -= 1,
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'a>, range: Range<usize>, findings: &mut Findings<'_>) {
        match tag {
            Tag::CodeBlock(kind) => self.code = Some(Code::new(kind, range)),
            // Markdown reads text above hyphens as a heading; below a tab the hyphens end the tabs.
            Tag::Heading { .. } if self.tab && self.ends_tabs(&range) => self.tab = false,
            Tag::Heading { .. } => {
                self.title = Some(Title::default());
                self.heading = self.lines.at(self.text, range.start);
            }
            Tag::Link { dest_url, .. } => {
                if let Some(title) = &mut self.title {
                    title.link(Some(dest_url));
                }
            }
            Tag::HtmlBlock => self.html(range, findings),
            Tag::BlockQuote(_) => self.quotes += 1,
            _ => {}
        }
    }

    fn ends_tabs(&self, range: &Range<usize>) -> bool {
        let heading = self.text[range.clone()].trim();
        !heading.starts_with('#') && heading.ends_with("---")
    }

    fn end_heading(&mut self, level: HeadingLevel, findings: &mut Findings<'_>) {
        let Some(title) = self.title.take() else {
            return;
        };
        self.tab = title.is_tab();
        if !self.tab {
            self.report_unattached(findings);
            self.page.outline.open(level as u8, title.into_anchor());
            self.page.heading_lines.push(self.heading);
        }
    }

    /// Reports annotations without a code block before the end of the section.
    fn report_unattached(&mut self, findings: &mut Findings<'_>) {
        for annotation in self.annotations.drain(..) {
            let message = "no code block follows the annotation in its section";
            findings.push(annotation.line, FindingKind::Annotation, message);
        }
    }

    fn html(&mut self, range: Range<usize>, findings: &mut Findings<'_>) {
        let line = self.lines.at(self.text, range.start);
        let block = &self.text[range];
        let html = if self.quotes == 0 {
            annotation::html(block, line, findings)
        } else {
            let unquoted: Vec<_> = block
                .lines()
                .map(|l| l.trim_start_matches(['>', ' ']))
                .collect();
            annotation::html(&unquoted.join("\n"), line, findings)
        };
        self.annotations.extend(html.annotations);
        self.hide(html.hidden);
    }

    fn hide(&mut self, hidden: Vec<(usize, &'static str)>) {
        let section = self.page.outline.current();
        self.page
            .code_blocks
            .extend(hidden.into_iter().map(|(line, why)| CodeBlock {
                line,
                is_json: false,
                text: Cow::Borrowed(""),
                section,
                annotation: None,
                hidden: Some(why),
            }));
    }

    fn end_code(&mut self, findings: &mut Findings<'_>) {
        let Some(code) = self.code.take() else {
            return;
        };
        let line = self.lines.at(self.text, code.range.start);
        let source = &self.text[code.range.clone()];
        let Some(info) = code.info else {
            let mut hidden = Vec::new();
            annotation::hide(&mut hidden, source, line, INDENTED);
            self.hide(hidden);
            return;
        };
        if !is_closed(source) {
            let message = "the code block is not closed; it ends with the block that contains it";
            findings.push(line, FindingKind::Unclosed, message);
        }
        let annotation = self.annotations.pop();
        for other in self.annotations.drain(..) {
            let message = format!(
                "the annotation is not used, because the code block of line {line} has a nearer one"
            );
            findings.push(other.line, FindingKind::Annotation, message);
        }
        let language = info.split_whitespace().next().unwrap_or_default();
        self.page.code_blocks.push(CodeBlock {
            line,
            is_json: language.eq_ignore_ascii_case("json"),
            text: match code.owned {
                Some(text) => Cow::Owned(text),
                None => Cow::Borrowed(&self.text[code.content]),
            },
            section: self.page.outline.current(),
            annotation,
            hidden: None,
        });
    }

    fn prose(&mut self, code: &str, at: usize) {
        let digits = code.split(' ').next().unwrap_or_default();
        if digits.len() != 3 || !digits.starts_with('2') || !self.page.outline.is_inside("response")
        {
            return;
        }
        let Ok(status) = digits.parse() else {
            return;
        };
        let statuses = &mut self.page.statuses;
        if statuses.iter().all(|other| other.status != status) {
            let line = self.lines.at(self.text, at);
            statuses.push(ProseStatus { status, line });
        }
    }
}

const INDENTED: &str = "indented by four columns or more, where Markdown reads no code block";

/// A code block that is being read.
struct Code<'a> {
    /// The info string; `None` for an indented block.
    info: Option<CowStr<'a>>,
    range: Range<usize>,
    /// The range of the content in the page, while it is contiguous.
    content: Range<usize>,
    /// The content, if it is not contiguous.
    owned: Option<String>,
}

impl<'a> Code<'a> {
    fn new(kind: &CodeBlockKind<'a>, range: Range<usize>) -> Self {
        Self {
            info: match kind {
                CodeBlockKind::Fenced(info) => Some(info.clone()),
                CodeBlockKind::Indented => None,
            },
            content: range.start..range.start,
            range,
            owned: None,
        }
    }

    fn push(&mut self, page: &str, text: &str, range: Range<usize>) {
        if let Some(owned) = &mut self.owned {
            owned.push_str(text);
        } else if text.len() == range.len() && self.content.is_empty() {
            self.content = range;
        } else if text.len() == range.len() && self.content.end == range.start {
            self.content.end = range.end;
        } else {
            let mut owned = page[self.content.clone()].to_owned();
            owned.push_str(text);
            self.owned = Some(owned);
        }
    }
}

/// True if the last line of a fenced block is its closing fence.
fn is_closed(source: &str) -> bool {
    let marker = source.as_bytes().first().copied().unwrap_or_default();
    let length = |line: &str| line.bytes().take_while(|b| *b == marker).count();
    let Some((before, last)) = source.trim_end().rsplit_once('\n') else {
        return false;
    };
    let last = last.trim_start_matches([' ', '\t', '>']);
    length(last) == last.len() && length(last) >= length(before)
}

/// Counts lines at increasing positions.
#[derive(Debug)]
pub(super) struct Lines {
    at: usize,
    line: usize,
}

impl Lines {
    /// `first` is the line of the text's start, counted from 1.
    pub(super) const fn new(first: usize) -> Self {
        Self { at: 0, line: first }
    }

    /// `at` is not before the position of the previous call.
    pub(super) fn at(&mut self, text: &str, at: usize) -> usize {
        if let Some(between) = text.get(self.at..at) {
            self.line += super::text::newlines(between);
            self.at = at;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_backtick_ends_with_its_cell() {
        let text = "## Response\n\n| a | b |\n| - | - |\n| a ` b | c |\n| `202 Accepted` | d |\n";
        let mut findings = Findings::new("page.md");
        let page = read(text, &mut findings);
        let statuses: Vec<_> = page.statuses.iter().map(|s| (s.status, s.line)).collect();
        assert_eq!(statuses, [(202, 6)]);
    }
}
