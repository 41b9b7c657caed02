//! The prose of a page: tables, paragraphs and headings, each with its line and the section that contains it. It is read
//! in one pass with the code blocks.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Tag, TagEnd};

use super::inventory::Findings;
use super::markdown;
use super::markdown::{Lines, Page};
use super::metadata;
use super::outline::{SourceSpans, Title};

/// Tables, paragraphs and code blocks of a page, in its order.
#[derive(Debug, Default)]
pub(super) struct Prose {
    pub(super) tables: Vec<Table>,
    pub(super) paragraphs: Vec<Paragraph>,
    pub(super) headings: Vec<Heading>,
    /// The line and the section of each code block, in the order of lines.
    code_blocks: Vec<(usize, Section)>,
}

/// The sections of a page that describe the contract, recognized by their anchors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Above the first heading of the second level.
    Introduction,
    Permissions,
    HttpRequest,
    /// Header fields of the request or the response.
    Headers,
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
            "permissions" => Self::Permissions,
            "http-request" => Self::HttpRequest,
            "request-headers" | "response-headers" => Self::Headers,
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
    /// True in a block quote.
    pub(super) is_note: bool,
    pub(super) text: Text,
}

/// A heading, also one of a tab.
#[derive(Debug)]
pub(super) struct Heading {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) text: Text,
}

/// Text with its code spans and links. Of a text in two languages, the one in the source language.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) pieces: Vec<Piece>,
    /// The line of each piece, counted from 1.
    pub(super) lines: Vec<usize>,
    /// The text in the language of the page, if the page has two.
    pub(super) localized: Option<Box<Self>>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Plain(String),
    Code(String),
    Link { text: String, target: String },
}

impl Text {
    /// The text in the language of the page.
    pub(super) fn own(&self) -> &Self {
        self.localized.as_deref().unwrap_or(self)
    }

    /// The text without its markup.
    pub(super) fn plain(&self) -> String {
        let texts = self.pieces.iter().map(|piece| match piece {
            Piece::Plain(text) | Piece::Code(text) | Piece::Link { text, .. } => text.as_str(),
        });
        texts.collect::<String>().trim().to_owned()
    }

    /// The code spans.
    pub(super) fn codes(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Code(code) => Some(code.as_str()),
            _ => None,
        })
    }

    /// Its words: letters and digits, with dots and hyphens inside.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let texts = self.pieces.iter().map(|piece| match piece {
            Piece::Plain(text) | Piece::Code(text) | Piece::Link { text, .. } => text.as_str(),
        });
        let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        let words = texts.flat_map(move |text| text.split(move |c| !is_inside(c)));
        let words = words.map(|word| word.trim_matches(['.', '-', '_']));
        words.filter(|word| !word.is_empty())
    }

    /// The names of the pages that the text links to.
    pub(super) fn links(&self) -> impl Iterator<Item = String> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Link { target, .. } => stem(target).map(str::to_lowercase),
            _ => None,
        })
    }
}

/// The last part of the path that a link leads to.
pub(super) fn file_name(target: &str) -> Option<&str> {
    let path = target.split(['?', '#']).next()?;
    path.rsplit(['/', '\\']).find(|part| !part.is_empty())
}

/// The stem of the file name of the page that a link leads to; `None` for a target that is no page.
pub(super) fn stem(target: &str) -> Option<&str> {
    let (stem, extension) = file_name(target)?.rsplit_once('.')?;
    extension.eq_ignore_ascii_case("md").then_some(stem)
}

/// Reads a whole page in one pass: its code blocks and its prose.
pub(super) fn read_page<'a>(text: &'a str, findings: &mut Findings<'_>) -> (Page<'a>, Prose) {
    let (_, start) = metadata::split(text, &mut Findings::new(""));
    let mut reader = Reader {
        text: &text[start..],
        lines: Lines::new(1 + super::text::newlines(&text[..start])),
        prose: Prose::default(),
        section: Section::Introduction,
        title: None,
        builder: None,
        block: 0,
        is_code: false,
        quotes: 0,
    };
    let page = markdown::read_with(text, findings, |event, range| reader.event(event, range));
    (page, reader.prose)
}

impl Prose {
    /// True for a page in two languages.
    pub(super) fn is_bilingual(&self) -> bool {
        let mut paragraphs = self.paragraphs.iter();
        paragraphs.any(|it| it.text.localized.is_some())
    }

    /// The section of the code block whose fence opens in that line.
    pub(super) fn section_of_code_block(&self, line: usize) -> Section {
        let found = self.code_blocks.binary_search_by_key(&line, |it| it.0);
        found.map_or(Section::Other, |index| self.code_blocks[index].1)
    }
}

struct Reader<'a> {
    text: &'a str,
    lines: Lines,
    prose: Prose,
    section: Section,
    title: Option<Title>,
    /// The paragraph, heading or cell that is being read.
    builder: Option<Builder>,
    /// The line of the paragraph or heading that is being read.
    block: usize,
    is_code: bool,
    /// The number of open block quotes.
    quotes: usize,
}

impl Reader<'_> {
    fn event(&mut self, event: &Event<'_>, range: &Range<usize>) {
        match event {
            Event::Text(_) if self.is_code => {}
            Event::Text(text) => {
                if let Some(title) = &mut self.title {
                    title.text(text);
                }
                self.build(range, |builder| builder.text(text));
            }
            Event::Code(code) => {
                if let Some(title) = &mut self.title {
                    title.text(code);
                }
                self.build(range, |builder| builder.code(code));
            }
            Event::SoftBreak | Event::HardBreak => self.build(range, |builder| builder.text(" ")),
            Event::InlineHtml(html) => {
                if let Some(title) = &mut self.title {
                    title.html(html);
                }
                self.build(range, |builder| builder.spans.html(html));
            }
            Event::Start(Tag::BlockQuote(_)) => self.quotes += 1,
            Event::End(TagEnd::BlockQuote(_)) => self.quotes -= 1,
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(*tag),
            _ => {}
        }
    }

    /// Adds to the text that is being read.
    fn build(&mut self, range: &Range<usize>, add: impl FnOnce(&mut Builder)) {
        if let Some(builder) = &mut self.builder {
            builder.line = self.lines.at(self.text, range.start);
            add(builder);
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: &Range<usize>) {
        match tag {
            Tag::Heading { .. } => {
                self.begin_block(range);
                self.title = Some(Title::default());
            }
            Tag::Link { dest_url, .. } => {
                if let Some(title) = &mut self.title {
                    title.link(Some(dest_url));
                }
                self.build(range, |builder| builder.open_link(dest_url));
            }
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
            Tag::Paragraph | Tag::Item => self.begin_block(range),
            _ => {}
        }
    }

    fn begin_block(&mut self, range: &Range<usize>) {
        self.end_paragraph();
        self.builder = Some(Builder::default());
        self.block = self.lines.at(self.text, range.start);
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => self.end_heading(level),
            TagEnd::Link => {
                if let Some(title) = &mut self.title {
                    title.link(None);
                }
                if let Some(builder) = &mut self.builder {
                    builder.close_link();
                }
            }
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
                line: self.block,
                section: self.section,
                is_note: self.quotes > 0,
                text,
            });
        }
    }

    fn end_heading(&mut self, level: HeadingLevel) {
        let text = self.builder.take().map(Builder::finish);
        self.prose.headings.push(Heading {
            line: self.block,
            text: text.unwrap_or_default(),
        });
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
    own: Text,
    /// In the source language of a page in two languages.
    source: Text,
    spans: SourceSpans,
    is_link: bool,
    /// The line of the next piece.
    line: usize,
}

impl Builder {
    fn half(&mut self) -> &mut Text {
        if self.spans.is_open() {
            &mut self.source
        } else {
            &mut self.own
        }
    }

    fn push(&mut self, piece: Piece) {
        let line = self.line;
        let half = self.half();
        half.pieces.push(piece);
        half.lines.push(line);
    }

    fn text(&mut self, more: &str) {
        let is_link = self.is_link;
        match self.half().pieces.last_mut() {
            Some(Piece::Link { text, .. }) if is_link => text.push_str(more),
            Some(Piece::Plain(text)) => text.push_str(more),
            _ => self.push(Piece::Plain(more.to_owned())),
        }
    }

    fn code(&mut self, code: &str) {
        if self.is_link {
            self.text(code);
        } else {
            self.push(Piece::Code(code.to_owned()));
        }
    }

    fn open_link(&mut self, target: &str) {
        self.is_link = true;
        self.push(Piece::Link {
            text: String::new(),
            target: target.to_owned(),
        });
    }

    const fn close_link(&mut self) {
        self.is_link = false;
    }

    fn finish(self) -> Text {
        if self.source.pieces.is_empty() {
            return self.own;
        }
        Text {
            localized: Some(Box::new(self.own)),
            ..self.source
        }
    }
}
