//! Damage: names of the API that a translation broke.
//!
//! For: one page, with or without its source text, and two translations of one source text. Names are known from the
//! source text, from the same row or paragraph of the other translation, or from the code blocks of the page; never by
//! words of a language. Not for: differences of the contract.
//!
//! [`names`] finds names in a text, [`spans`] code spans out of place, [`numbers`] other numbers, and [`blocks`] other code.

mod blocks;
pub(super) mod names;
mod numbers;
pub(crate) mod rules;
mod spans;

use foldhash::HashSet;
use unicode_script::{Script, UnicodeScript as _};

use super::markdown::Page;
use super::prose;
use super::prose::{Piece, Prose, Section, Text};
use super::remark::{PageRule, Remark};

use self::blocks::{Block, Difference};
use self::names::{Fate, Name, Place};
use self::numbers::Numbers;

/// The names of one page, and the texts around them.
#[derive(Debug)]
pub(crate) struct Translation {
    /// The page, as remarks name it.
    page: String,
    /// The hash of the text that it is a translation of (`ms.openlocfilehash`).
    source: Option<String>,
    texts: Vec<Located>,
    /// The number of texts of each group, for the alignment with another translation.
    sizes: Vec<usize>,
    /// The words of the code blocks.
    known: HashSet<String>,
    blocks: Vec<Block>,
    locale: String,
    /// The damage that the page shows without another page.
    alone: Vec<Damage>,
}

/// Damage in one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damage {
    /// The damaged text, as the page has it; the name, if it is lost.
    text: String,
    remark: Remark,
}

/// A text with its place in the structure of the page, which all translations share.
#[derive(Debug)]
struct Located {
    place: Place,
    /// The table or section that it is in.
    group: usize,
    position: usize,
    line: usize,
    text: Text,
}

impl Translation {
    /// Reads a page, and finds the damage that it shows without another page.
    pub(super) fn read(file: &str, page: &Page<'_>, prose: Prose) -> Self {
        let code_blocks = page.code_blocks.iter();
        let words = code_blocks.flat_map(|it| it.text.split(|c: char| !c.is_ascii_alphanumeric()));
        let is_word = |word: &&str| word.starts_with(|c: char| c.is_ascii_alphabetic());
        let mut translation = Self {
            page: file.to_owned(),
            source: page.metadata.source.map(str::to_owned),
            texts: Vec::new(),
            sizes: Vec::new(),
            known: words.filter(is_word).map(str::to_owned).collect(),
            blocks: page.code_blocks.iter().filter_map(Block::read).collect(),
            locale: page.metadata.known_locale().unwrap_or_default().to_owned(),
            alone: Vec::new(),
        };
        if let Some((line, title)) = page.metadata.title_line.zip(page.metadata.title) {
            translation.alone.extend(full_width(file, line, title));
        }
        for heading in &prose.headings {
            let title = heading.text.own().plain();
            let found = full_width(file, heading.line, &title);
            translation.alone.extend(found);
        }
        translation.take(prose);
        let alone = translation
            .texts
            .iter()
            .flat_map(|it| translation.found_alone(it));
        let alone: Vec<_> = alone.collect();
        translation.alone.extend(alone);
        translation
    }

    /// The hash of the source text, if the page has it: equal for translations of one text.
    pub(crate) fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    fn take(&mut self, prose: Prose) {
        for table in prose.tables {
            let group = self.begin_group(table.rows.len());
            for (position, row) in table.rows.into_iter().enumerate() {
                let columns = row.cells.len();
                for (column, text) in row.cells.into_iter().enumerate() {
                    self.texts.push(Located {
                        place: place(table.section, column, columns),
                        group,
                        position: position * 16 + column.min(15),
                        line: row.line,
                        text,
                    });
                }
            }
        }
        let mut headings = prose.headings.iter().map(|it| it.line).peekable();
        let mut group = self.begin_group(0);
        let mut position = 0;
        for paragraph in prose.paragraphs {
            while headings.next_if(|line| *line < paragraph.line).is_some() {
                group = self.begin_group(0);
                position = 0;
            }
            self.sizes[group] += 1;
            let text = paragraph.text;
            let is_plain = |text: &Text| {
                let mut pieces = text.pieces.iter();
                pieces.all(
                    |it| matches!(it, Piece::Plain(it) if !it.contains(|c: char| c.is_ascii_digit())),
                )
            };
            if text.localized.is_some() || !is_plain(&text) {
                self.texts.push(Located {
                    place: Place::Prose,
                    group,
                    position,
                    line: paragraph.line,
                    text,
                });
            }
            position += 1;
        }
        while headings.next().is_some() {
            self.begin_group(0);
        }
    }

    fn begin_group(&mut self, size: usize) -> usize {
        self.sizes.push(size);
        self.sizes.len() - 1
    }

    /// The damage in a text that the page shows without another page.
    fn found_alone(&self, located: &Located) -> Vec<Damage> {
        let mut found = Vec::new();
        let own = located.text.own();
        if let Some(own) = &located.text.localized {
            let pair = Pair {
                page: &self.page,
                line: located.line,
                place: located.place,
                own,
            };
            found.extend(pair.names(&located.text, |_| true, None));
            found.extend(pair.spans(&located.text, Reference::Source, None));
            found.extend(self.other_numbers(located, located, None));
        } else {
            found.extend(self.without_source(located));
        }
        let is_ended =
            |text: &str| text.ends_with(['.', '。', '，', '；']) && !text.ends_with("..");
        // The source text may have such a link itself.
        let was_ended = |target: &str| {
            let mut in_source = located.text.pieces.iter().filter_map(linked);
            located.text.localized.is_some()
                && in_source.any(|(text, to)| to == target && is_ended(text.trim()))
        };
        for (piece, line) in own.pieces.iter().zip(&own.lines) {
            match piece {
                Piece::Link { text, target } if is_ended(text.trim()) && !was_ended(target) => {
                    let is_page = prose::stem(target).is_some();
                    let message = format!("the link text `{}` ends a sentence", text.trim());
                    let rule = &rules::PUNCTUATION_IN_LINK;
                    let damage = || Damage::new(text, rule, &self.page, *line, message);
                    found.extend(is_page.then(damage));
                }
                Piece::Code(code) if mixes_scripts(code) => {
                    let message = format!("`{code}` has letters of two scripts");
                    let rule = &rules::MIXED_SCRIPTS;
                    found.push(Damage::new(code, rule, &self.page, *line, message));
                }
                _ => {}
            }
        }
        found
    }

    /// The numbers in which a text and the same text of another page differ; without another page, from its source text.
    fn other_numbers(&self, own: &Located, same: &Located, other: Option<&Self>) -> Option<Damage> {
        if own.place != Place::Prose {
            return None;
        }
        let own_numbers = Numbers::of(own.text.own(), &self.locale);
        let its_locale = other.map_or("en", |it| it.locale.as_str());
        let difference = own_numbers.difference(&Numbers::of(&same.text, its_locale))?;
        let (here, there) = difference;
        let place = if other.is_some() {
            "other page"
        } else {
            "source text"
        };
        let message = match (here.as_str(), there.as_str()) {
            (here, "") => format!("`{here}` is not in the same text of the {place}"),
            ("", there) => format!("`{there}` of the {place} is missing here"),
            (here, there) => format!("`{here}` is `{there}` in the same text of the {place}"),
        };
        let rule = &rules::NUMBER_DIFFERS;
        let damage = Damage::new(&message, rule, &self.page, own.line, message.clone());
        Some(damage.beside(other.map(|it| it.page.as_str()), same.line))
    }

    /// Damage that the form of a cell shows.
    fn without_source(&self, located: &Located) -> Option<Damage> {
        let text = located.text.plain();
        let letters = || text.chars().filter(|c| c.is_alphabetic());
        let is_foreign = letters().next().is_some() && letters().all(|c| !c.is_ascii());
        let expected = match located.place {
            Place::HeaderName => "the name of a header field",
            Place::PropertyName => "the name of a property",
            Place::Type => "a type",
            Place::Permission => return self.part_of_permission(located, &text),
            Place::Prose => return self.capitals(located),
        };
        let message = format!("`{text}` stands where {expected} is expected");
        let rule = &rules::NAME_TRANSLATED;
        is_foreign.then(|| Damage::new(&text, rule, &self.page, located.line, message))
    }

    fn part_of_permission(&self, located: &Located, text: &str) -> Option<Damage> {
        let is_word = text.bytes().all(|b| b.is_ascii_alphanumeric());
        let capitals = text.bytes().skip(1).filter(u8::is_ascii_uppercase).count();
        let is_part = is_word && capitals > 0 && text.bytes().any(|b| b.is_ascii_lowercase());
        let message = format!("`{text}` is only a part of a permission, which has dots");
        let rule = &rules::NAME_LOST;
        is_part.then(|| Damage::new(text, rule, &self.page, located.line, message))
    }

    /// A linked name in capitals that the code blocks spell otherwise.
    fn capitals(&self, located: &Located) -> Option<Damage> {
        let pieces = located.text.pieces.iter().zip(&located.text.lines);
        let mut links = pieces.filter_map(|(piece, line)| Some((linked(piece)?, *line)));
        links.find_map(|((text, target), line)| {
            let text = text.trim();
            let is_name = prose::stem(target)?.eq_ignore_ascii_case(text);
            let is_loud = text.len() > 3 && text.bytes().all(|b| b.is_ascii_uppercase());
            let known = self.known.iter();
            let known = known.filter(|it| it.eq_ignore_ascii_case(text) && *it != text);
            let known = known.min()?;
            let message = format!("`{text}` is `{known}` in the code blocks");
            let damage = || Damage::new(text, &rules::NAME_CASE, &self.page, line, message);
            (is_name && is_loud).then(damage)
        })
    }
}

impl Damage {
    fn new(
        text: &str,
        rule: &'static PageRule,
        page: &str,
        line: usize,
        message: impl Into<String>,
    ) -> Self {
        Self {
            text: text.to_owned(),
            remark: Remark::new(rule, page, line, message),
        }
    }

    /// With the place in the other translation, if there is one.
    fn beside(mut self, page: Option<&str>, line: usize) -> Self {
        if let Some(page) = page {
            self.remark = self.remark.beside(page, line);
        }
        self
    }
}

/// The damage that one page shows without another page. If the page has its source text, the translation is compared
/// with that; otherwise the form of a name shows the damage.
pub(crate) fn of_page(translation: &Translation) -> &[Damage] {
    &translation.alone
}

/// The damage in two translations of one source text. The remarks are about either page, each with the place in the other.
///
/// Rows have one order in all translations, and so have the paragraphs under a heading; a table or section whose size
/// differs is not compared. A page that has its source text beside the translation is compared with that by [`of_page`],
/// and not again here.
pub(crate) fn between(one: &Translation, other: &Translation) -> Vec<Damage> {
    let mut found = against(one, other);
    found.extend(against(other, one));
    let differences = blocks::differences(&one.blocks, &other.blocks);
    found.extend(differences.into_iter().map(|it| of_blocks(one, other, it)));
    found
}

fn of_blocks(one: &Translation, other: &Translation, difference: Difference) -> Damage {
    let (page, line, beside, at, message) = match difference {
        Difference::Changed(line, at) => {
            let message = "the line of the code block differs from that of the other page";
            (one, line, other, at, message)
        }
        Difference::Missing(line, at) => (
            one,
            line,
            other,
            at,
            "a code block of the other page is missing here",
        ),
        Difference::Added(at, line) => (
            other,
            line,
            one,
            at,
            "a code block of the other page is missing here",
        ),
    };
    let rule = &rules::CODE_BLOCK_DIFFERS;
    // Several code blocks may be missing in one line.
    let text = format!("{}:{at}", beside.page);
    Damage::new(&text, rule, &page.page, line, message).beside(Some(&beside.page), at)
}

/// The remarks on damage. A damaged text of a line is reported once. A remark that another translation shows is preferred,
/// because it says more than one that the form of a name shows.
pub(crate) fn remarks(found: Vec<Damage>) -> Vec<Remark> {
    let mut found = found;
    let key = |it: &Damage| {
        let Remark { place, rule, .. } = &it.remark;
        (place.clone(), rule.id, it.text.clone())
    };
    found.sort_by_cached_key(|it| (key(it), it.remark.other.is_none()));
    found.dedup_by(|next, first| key(next) == key(first));
    found.into_iter().map(|it| it.remark).collect()
}

/// The damage in `one`, which `other` shows.
fn against(one: &Translation, other: &Translation) -> Vec<Damage> {
    let mut found = Vec::new();
    if one.sizes.len() != other.sizes.len() {
        return found;
    }
    let key = |it: &Located| (it.group, it.position);
    let mut others = other.texts.iter().peekable();
    for located in &one.texts {
        while others.next_if(|it| key(it) < key(located)).is_some() {}
        let same = others.peek().filter(|it| key(it) == key(located));
        let is_aligned = one.sizes[located.group] == other.sizes[located.group];
        let Some(same) = same.filter(|it| is_aligned && it.place == located.place) else {
            continue;
        };
        // A page with its source text is compared with that instead.
        if located.text.localized.is_some() {
            continue;
        }
        let pair = Pair {
            page: &one.page,
            line: located.line,
            place: located.place,
            own: &located.text,
        };
        let is_source = same.text.localized.is_some();
        let is_established = |name: &str| {
            is_source
                || located.place != Place::Prose
                || one.known.contains(name)
                || other.known.contains(name)
        };
        let lost = pair.names(&same.text, is_established, Some(&other.page));
        // The row has a name of its own, which may be the right one.
        let is_rival =
            located.place == Place::PropertyName && names::is_name(&located.text.plain());
        if !is_rival {
            found.extend(lost);
        } else if !lost.is_empty() {
            found.extend(unknown(one, other, located, same));
        }
        let reference = if is_source {
            Reference::Source
        } else {
            Reference::Translation
        };
        found.extend(pair.spans(&same.text, reference, Some(&other.page)));
        // Each difference is reported once: on the page without its source text, else on the first one.
        if is_source || one.page < other.page {
            found.extend(one.other_numbers(located, same, Some(other)));
        }
    }
    found
}

/// The damage in a row whose names differ: the damaged name is in no code block of its page.
fn unknown(
    one: &Translation,
    other: &Translation,
    located: &Located,
    same: &Located,
) -> Option<Damage> {
    let (name, rival) = (located.text.plain(), same.text.plain());
    let is_damaged = !one.known.contains(&name) && other.known.contains(&rival);
    let message = format!(
        "`{name}` is in no code block of the page; the same row of the other page has `{rival}`"
    );
    let damage = || {
        let rule = &rules::NAME_UNKNOWN;
        let damage = Damage::new(&name, rule, &one.page, located.line, message);
        damage.beside(Some(&other.page), same.line)
    };
    is_damaged.then(damage)
}

/// The text with which a translation is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reference {
    Source,
    /// It may be damaged itself, so a span beside a link proves nothing.
    Translation,
}

/// A translation of a text.
struct Pair<'a> {
    page: &'a str,
    line: usize,
    place: Place,
    own: &'a Text,
}

impl Pair<'_> {
    /// Names of a reference text that the translation lacks. `reference` is the page of that text, if it is another page.
    fn names(
        &self,
        text: &Text,
        is_established: impl Fn(&str) -> bool,
        reference: Option<&str>,
    ) -> Vec<Damage> {
        let own = self.own.plain();
        let searched = match self.place {
            Place::HeaderName | Place::PropertyName => own.clone(),
            _ => names::apart(self.own),
        };
        let names = names::names(text, self.place).into_iter();
        let has = |name: &Name| names::has(&searched, &name.text, self.place);
        let lost = names.filter(|name| !has(name) && is_established(&name.text));
        lost.map(|name| self.lost(&name, &own).beside(reference, name.line))
            .collect()
    }

    fn lost(&self, name: &Name, own: &str) -> Damage {
        let pieces = || self.own.pieces.iter().zip(&self.own.lines);
        let now = match (&name.target, self.place) {
            (Some(target), _) => pieces().find_map(|(piece, line)| {
                let (text, to) = linked(piece)?;
                (to == target).then(|| (text.trim().to_owned(), *line))
            }),
            (None, Place::Prose) => pieces()
                .find_map(|(piece, line)| Some((names::resembling(piece, &name.text)?, *line))),
            (None, _) => Some((own.to_owned(), self.line)),
        };
        let Some((now, line)) = now else {
            let message = format!("`{}` is missing in the translation", name.text);
            let rule = &rules::NAME_LOST;
            return Damage::new(&name.text, rule, self.page, self.line, message);
        };
        let rule = match names::fate(&name.text, &now) {
            Fate::Translated => &rules::NAME_TRANSLATED,
            Fate::Split => &rules::NAME_SPLIT,
            Fate::Case => &rules::NAME_CASE,
            Fate::Lost => &rules::NAME_LOST,
        };
        let message = format!("`{}` is `{now}` here", name.text);
        Damage::new(&now, rule, self.page, line, message)
    }

    /// Code spans that stand elsewhere than in a reference text. `page` is the page of that text, if it is another page.
    fn spans(&self, text: &Text, reference: Reference, page: Option<&str>) -> Vec<Damage> {
        let before: Vec<_> = spans::spans(text).collect();
        let moved = spans::spans(self.own).filter_map(|(code, line, around)| {
            let same = before.iter().filter(|(other, ..)| *other == code);
            let same: Vec<_> = same.collect();
            let was_alone = same.iter().any(|(.., it)| it.is_alone);
            let was_beside_link = same.iter().any(|(.., it)| it.is_beside_link);
            let is_moved = around.is_alone && !was_alone
                || reference == Reference::Source && around.is_beside_link && !was_beside_link;
            let (_, source, _) = same.first().filter(|_| is_moved)?;
            let message = format!("`{code}` is away from the words that it belongs to");
            let damage = Damage::new(code, &rules::CODE_SPAN_MOVED, self.page, line, message);
            Some(damage.beside(page, *source))
        });
        moved.collect()
    }
}

fn place(section: Section, column: usize, columns: usize) -> Place {
    match (section, column) {
        (Section::Headers, 0) => Place::HeaderName,
        (Section::RequestBody | Section::Properties, 0) if columns > 2 => Place::PropertyName,
        (Section::RequestBody | Section::Properties, 1) if columns > 2 => Place::Type,
        (Section::Permissions, 1..) => Place::Permission,
        _ => Place::Prose,
    }
}

fn linked(piece: &Piece) -> Option<(&str, &str)> {
    match piece {
        Piece::Link { text, target } => Some((text, target)),
        _ => None,
    }
}

/// True for a name with both Latin letters and letters of another script.
fn mixes_scripts(code: &str) -> bool {
    let is_word = code.chars().all(|c| c.is_alphanumeric() || c == '_');
    let scripts = || code.chars().map(|c| c.script());
    // Digits are common to all scripts.
    let is_other = |it| !matches!(it, Script::Latin | Script::Common | Script::Inherited);
    is_word && scripts().any(|it| it == Script::Latin) && scripts().any(is_other)
}

/// A full-width form in a title that is otherwise ASCII.
fn full_width(page: &str, line: usize, title: &str) -> Option<Damage> {
    let is_full_width = |c: char| ('\u{ff01}'..='\u{ff5e}').contains(&c);
    let found = title.chars().find(|c| is_full_width(*c))?;
    let is_ascii = title.chars().all(|c| c.is_ascii() || is_full_width(c));
    let message = format!("`{}` has the full-width character `{found}`", title.trim());
    is_ascii.then(|| Damage::new(title, &rules::FULL_WIDTH, page, line, message))
}
