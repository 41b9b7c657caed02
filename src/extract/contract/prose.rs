//! One pass over the Markdown of a page for what the contract needs: tables and paragraphs, each with its line and
//! the section that contains it.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use super::super::inventory::Findings;
use super::super::markdown::{Lines, OPTIONS};
use super::super::metadata;
use super::super::outline::{SourceSpans, Title};

/// Tables, paragraphs and code blocks of a page, in its order.
#[derive(Debug, Default)]
pub(super) struct Prose {
    pub(super) tables: Vec<Table>,
    pub(super) paragraphs: Vec<Paragraph>,
    /// The line and the section of each code block.
    code_blocks: Vec<(usize, Section)>,
}

/// The sections of a page that describe the contract, recognized by their anchors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Above the first heading of the second level.
    Introduction,
    HttpRequest,
    RequestBody,
    Response,
    /// Properties and relationships.
    Properties,
    DerivedTypes,
    Other,
}

impl Section {
    fn of(anchor: &str) -> Self {
        match anchor {
            "http-request" => Self::HttpRequest,
            "request-body" => Self::RequestBody,
            "response" => Self::Response,
            "properties" | "relationships" => Self::Properties,
            "derived-types" => Self::DerivedTypes,
            _ => Self::Other,
        }
    }
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) section: Section,
    /// Without the head.
    pub(super) rows: Vec<Row>,
}

#[derive(Debug, Default)]
pub(super) struct Row {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) cells: Vec<Text>,
}

#[derive(Debug)]
pub(super) struct Paragraph {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) section: Section,
    pub(super) text: Text,
}

/// Text with its code spans and links. Of a text in two languages, the one in the source language.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) pieces: Vec<Piece>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Plain(String),
    Code(String),
    Link { text: String, target: String },
}

impl Text {
    /// The text without its markup.
    pub(super) fn plain(&self) -> String {
        let texts = self.pieces.iter().map(|piece| match piece {
            Piece::Plain(text) | Piece::Code(text) | Piece::Link { text, .. } => text.as_str(),
        });
        texts.collect::<String>().trim().to_owned()
    }

    /// The names of the pages that the text links to.
    pub(super) fn links(&self) -> impl Iterator<Item = String> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Link { target, .. } => linked_page(target),
            _ => None,
        })
    }
}

/// The stem of a page's file name in lower case; `None` for a target that is no page.
fn linked_page(target: &str) -> Option<String> {
    let path = target.split(['?', '#']).next()?;
    let name = path.rsplit(['/', '\\']).next()?.to_lowercase();
    name.strip_suffix(".md").map(str::to_owned)
}

/// `text` is a whole page.
pub(super) fn read(text: &str) -> Prose {
    let (_, start) = metadata::split(text, &mut Findings::new(""));
    let mut reader = Reader {
        text: &text[start..],
        lines: Lines::new(1 + super::super::text::newlines(&text[..start])),
        prose: Prose::default(),
        section: Section::Introduction,
        title: None,
        builder: None,
        paragraph: 0,
        is_code: false,
    };
    for (event, range) in Parser::new_ext(reader.text, OPTIONS).into_offset_iter() {
        reader.event(&event, &range);
    }
    reader.prose
}

impl Prose {
    /// The section of the code block whose fence opens in that line.
    pub(super) fn section_of_code_block(&self, line: usize) -> Section {
        let mut code_blocks = self.code_blocks.iter();
        let found = code_blocks.find(|(at, _)| *at == line);
        found.map_or(Section::Other, |(_, section)| *section)
    }
}

struct Reader<'a> {
    text: &'a str,
    lines: Lines,
    prose: Prose,
    section: Section,
    title: Option<Title>,
    /// The paragraph or cell that is being read.
    builder: Option<Builder>,
    /// The line of the paragraph that is being read.
    paragraph: usize,
    is_code: bool,
}

impl Reader<'_> {
    fn event(&mut self, event: &Event<'_>, range: &Range<usize>) {
        match event {
            Event::Text(_) if self.is_code => {}
            Event::Text(text) => match (&mut self.title, &mut self.builder) {
                (Some(title), _) => title.text(text),
                (None, Some(builder)) => builder.text(text),
                (None, None) => {}
            },
            Event::Code(code) => match (&mut self.title, &mut self.builder) {
                (Some(title), _) => title.text(code),
                (None, Some(builder)) => builder.code(code),
                (None, None) => {}
            },
            Event::SoftBreak | Event::HardBreak => {
                if let Some(builder) = &mut self.builder {
                    builder.text(" ");
                }
            }
            Event::InlineHtml(html) => match (&mut self.title, &mut self.builder) {
                (Some(title), _) => title.html(html),
                (None, Some(builder)) => builder.spans.html(html),
                (None, None) => {}
            },
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(*tag),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: &Range<usize>) {
        match tag {
            Tag::Heading { .. } => self.title = Some(Title::default()),
            Tag::Link { dest_url, .. } => match (&mut self.title, &mut self.builder) {
                (Some(title), _) => title.link(Some(dest_url)),
                (None, Some(builder)) => builder.open_link(dest_url),
                (None, None) => {}
            },
            Tag::CodeBlock(_) => {
                self.is_code = true;
                let line = self.lines.at(self.text, range.start);
                self.prose.code_blocks.push((line, self.section));
            }
            Tag::Table(_) => self.prose.tables.push(Table {
                section: self.section,
                rows: Vec::new(),
            }),
            Tag::TableRow => {
                let line = self.lines.at(self.text, range.start);
                if let Some(table) = self.prose.tables.last_mut() {
                    table.rows.push(Row {
                        line,
                        cells: Vec::new(),
                    });
                }
            }
            Tag::TableCell => self.builder = Some(Builder::default()),
            Tag::Paragraph | Tag::Item => {
                self.end_paragraph();
                self.builder = Some(Builder::default());
                self.paragraph = self.lines.at(self.text, range.start);
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => self.end_heading(level),
            TagEnd::Link => match (&mut self.title, &mut self.builder) {
                (Some(title), _) => title.link(None),
                (None, Some(builder)) => builder.close_link(),
                (None, None) => {}
            },
            TagEnd::CodeBlock => self.is_code = false,
            TagEnd::TableHead => self.builder = None,
            TagEnd::TableCell => {
                let row = self.prose.tables.last_mut();
                let row = row.and_then(|table| table.rows.last_mut());
                if let (Some(row), Some(builder)) = (row, self.builder.take()) {
                    row.cells.push(builder.finish());
                }
            }
            TagEnd::Paragraph | TagEnd::Item => self.end_paragraph(),
            _ => {}
        }
    }

    fn end_paragraph(&mut self) {
        let text = self.builder.take().map(Builder::finish);
        if let Some(text) = text.filter(|text| !text.pieces.is_empty()) {
            self.prose.paragraphs.push(Paragraph {
                line: self.paragraph,
                section: self.section,
                text,
            });
        }
    }

    fn end_heading(&mut self, level: HeadingLevel) {
        let Some(title) = self.title.take().filter(|title| !title.is_tab()) else {
            return;
        };
        let section = Section::of(&title.into_anchor());
        if level == HeadingLevel::H2 || section == Section::DerivedTypes {
            self.section = section;
        }
    }
}

/// Collects the pieces of a text in one or two languages.
#[derive(Default)]
struct Builder {
    /// In the language of the page.
    own: Vec<Piece>,
    /// In the source language of a page in two languages.
    source: Vec<Piece>,
    spans: SourceSpans,
    is_link: bool,
}

impl Builder {
    fn pieces(&mut self) -> &mut Vec<Piece> {
        if self.spans.is_open() {
            &mut self.source
        } else {
            &mut self.own
        }
    }

    fn text(&mut self, more: &str) {
        let is_link = self.is_link;
        match self.pieces().last_mut() {
            Some(Piece::Link { text, .. }) if is_link => text.push_str(more),
            Some(Piece::Plain(text)) => text.push_str(more),
            _ => self.pieces().push(Piece::Plain(more.to_owned())),
        }
    }

    fn code(&mut self, code: &str) {
        if self.is_link {
            self.text(code);
        } else {
            self.pieces().push(Piece::Code(code.to_owned()));
        }
    }

    fn open_link(&mut self, target: &str) {
        self.is_link = true;
        self.pieces().push(Piece::Link {
            text: String::new(),
            target: target.to_owned(),
        });
    }

    const fn close_link(&mut self) {
        self.is_link = false;
    }

    fn finish(self) -> Text {
        Text {
            pieces: if self.source.is_empty() {
                self.own
            } else {
                self.source
            },
        }
    }
}
