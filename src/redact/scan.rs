//! The scanner: it finds the secrets of a text by the rules.
//!
//! One pass finds the anchors: beginnings of tokens, parts of names, `//` and the like. The characters around an anchor
//! decide whether there is a secret, and where it ends. Documents (`json`, `markup`, `table`) are read by their
//! structure.

use std::ops::Range;

use super::Redactor;
use super::embedded::{Documents, is_document, is_string, values_end};
use super::pseudonyms::pseudonyms;
use super::rules::{Anchor, Hit, rules};
use super::seen::{self, Place};
use super::value::Style;
use super::view::View;

/// The number of codings in each other that are taken away: JSON in strings, percent-encoding, base64.
pub(super) const DEPTH: usize = 10;

/// The number of codings that a short text can have in each other.
pub(super) const DEEP: usize = 5;

/// The number of times that a long text behind a name is read in vain before the names in it are skipped.
pub(super) const ATTEMPTS: usize = 4;

/// The number of times that a token is not found in one run of characters before the rest of the run is skipped.
pub(super) const TOKENS: usize = 32;

/// The number of comments in each other that are read as comments: JSON in a comment, and comments in that.
pub(super) const COMMENTS: usize = 2;

/// The shortest text without an anchor that may hold a secret, in base64.
const SHORTEST: usize = 20;

/// What is put in the place of a part of the text.
#[derive(Debug, Clone)]
pub(super) enum With {
    /// The pseudonym of this secret.
    Secret(String),
    /// The same, between these quotes.
    Quoted(String, String),
    /// A text of which a part was coded and had secrets in it.
    Text(String),
}

/// A secret in a text.
#[derive(Debug, Clone)]
pub(super) struct Find {
    pub place: Range<usize>,
    pub with: With,
    pub rule: String,
}

/// The kind of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// To be told by its beginning.
    Any,
    Json,
    Form,
    Markup,
    /// Fields between separators.
    Table(u8),
    Lines,
    /// A path with a query, or a URL.
    Target,
    /// Bytes, a character each.
    Bytes,
}

pub(super) struct Scan<'a> {
    pub redactor: &'a Redactor,
    pub text: &'a str,
    /// What was found in the range that was looked through last.
    pub hits: Vec<Hit>,
    pub looked: Range<usize>,
    pub finds: Vec<Find>,
    pub depth: usize,
    /// The number of comments that are open.
    pub comments: usize,
    pub is_bytes: bool,
    /// The bytes that were read for long tokens.
    pub spent: usize,
    /// The first of the hits that were looked up last.
    pub hint: usize,
}

impl Redactor {
    /// The secrets in a text, in order and apart.
    pub(super) fn finds(&self, text: &str, kind: Kind, depth: usize) -> Vec<Find> {
        self.searched(text, kind, depth).0
    }

    /// The same, and true if the text is known to be JSON that a line can hold.
    pub(super) fn searched(&self, text: &str, kind: Kind, depth: usize) -> (Vec<Find>, bool) {
        if text.len() < 4 {
            return (Vec::new(), false);
        }
        let mut scan = Scan {
            redactor: self,
            text,
            hits: Vec::new(),
            looked: 0..0,
            finds: Vec::new(),
            depth,
            comments: 0,
            is_bytes: kind == Kind::Bytes,
            spent: 0,
            hint: 0,
        };
        let is_alone = kind == Kind::Any || (kind == Kind::Target && text.starts_with('/'));
        let may_be_seen = is_alone && self.project.is_empty();
        let mut is_json = false;
        if !(may_be_seen && seen::is_harmless(text, Place::Alone)) {
            is_json = scan.document(kind);
            if may_be_seen && depth >= DEEP && scan.finds.is_empty() {
                seen::found_nothing_in(text, Place::Alone);
            }
        }
        scan.known();
        (apart(scan.finds), is_json)
    }

    /// False for a text in which nothing is found, with or without its zeros.
    pub(super) fn may_hold_secret(&self, text: &str) -> bool {
        let may_be_coded = text.len() >= 2 * SHORTEST && text.is_ascii() && !text.contains(' ');
        may_be_coded
            || rules().has_hits(text)
            || self.project.has_names()
            || self.project.has_shapes()
            || !self.known_secrets.find(text).is_empty()
    }
}

/// The finds in order. Of two that overlap, the first one reaches to the end of both.
pub(super) fn apart(mut finds: Vec<Find>) -> Vec<Find> {
    finds.sort_by_key(|it| (it.place.start, usize::MAX - it.place.end));
    let mut apart: Vec<Find> = Vec::with_capacity(finds.len());
    for find in finds {
        match apart.last_mut() {
            Some(last) if find.place.start < last.place.end => {
                last.place.end = last.place.end.max(find.place.end);
            }
            _ => apart.push(find),
        }
    }
    apart
}

impl Scan<'_> {
    /// Returns true if the text is known to be JSON that a line can hold.
    fn document(&mut self, kind: Kind) -> bool {
        let whole = 0..self.text.len();
        let kind = self.detected(kind);
        if kind != Kind::Json {
            self.look(&whole);
        }
        match kind {
            Kind::Json => {
                let is_json = self.json(whole.clone());
                // What follows the JSON is text.
                if !is_json
                    && let end = values_end(self.text)
                    && end < whole.end
                {
                    self.running(end..whole.end, Style::Running);
                }
                return is_json;
            }
            Kind::Form => self.form(whole),
            Kind::Markup => self.markup(whole),
            Kind::Table(separator) => {
                // What is called CSV may have other separators.
                self.table(super::table::separator(self.text).unwrap_or(separator));
                self.running(whole, Style::Running);
            }
            Kind::Lines => {
                self.lines();
                self.running(whole, Style::Lines);
            }
            Kind::Target => self.target(whole),
            Kind::Bytes => {
                self.fields();
                self.running(whole, Style::Running);
            }
            Kind::Any => {
                self.lines();
                if let Some(separator) = super::table::separator(self.text) {
                    self.table(separator);
                }
                self.running(whole, Style::Running);
            }
        }
        false
    }

    /// Secrets that were found before, wherever they stand.
    fn known(&mut self) {
        let known = self.redactor.known_secrets.find(self.text);
        if known.is_empty() {
            return;
        }
        // A secret that a pseudonym has parts of does not change it.
        let made: Vec<_> = pseudonyms(self.text).collect();
        for (place, secret) in known {
            let lies_in = |it: &Range<usize>| it.start < place.end && place.start < it.end;
            if !made.iter().any(lies_in) {
                self.add(place, secret, "known-secret");
            }
        }
    }

    /// The kind of the text, if need be by its beginning.
    fn detected(&self, kind: Kind) -> Kind {
        let text = self.text.trim_start_matches('\u{feff}').trim();
        match (kind, text.bytes().next()) {
            (Kind::Target, _) => Kind::Target,
            // Whatever its type says, readers take it for JSON.
            (Kind::Json, Some(b'{' | b'[' | b'"')) => Kind::Json,
            (_, Some(b'{' | b'[')) if is_document(text, kind == Kind::Any) => Kind::Json,
            (_, Some(b'"')) if is_string(text) => Kind::Json,
            (Kind::Any, Some(b'<')) if is_tag(text) => Kind::Markup,
            (Kind::Any, Some(b'/')) if !text.contains(char::is_whitespace) => Kind::Target,
            (Kind::Json, _) => Kind::Any,
            (kind, _) => kind,
        }
    }

    pub(super) fn add(&mut self, place: Range<usize>, secret: String, rule: &str) {
        self.find(place, With::Secret(secret), rule);
    }

    pub(super) fn find(&mut self, place: Range<usize>, with: With, rule: &str) {
        if !place.is_empty() {
            let rule = rule.to_owned();
            self.finds.push(Find { place, with, rule });
        }
    }

    /// The secrets of a decoded part of the text.
    pub(super) fn within(&mut self, view: &View, at: usize, kind: Kind) {
        if self.depth == 0 {
            return;
        }
        for mut find in self.redactor.finds(&view.text, kind, self.depth - 1) {
            let place = view.coded(&find.place);
            find.place = at + place.start..at + place.end;
            match &mut find.with {
                With::Secret(_) => {}
                With::Quoted(_, text) | With::Text(text) => *text = view.encode(text),
            }
            self.finds.push(find);
        }
    }

    /// Looks for the beginnings of secrets in a range, unless that was done.
    pub(super) fn look(&mut self, range: &Range<usize>) {
        if range.start >= self.looked.start && range.end <= self.looked.end {
            return;
        }
        self.hits.clear();
        rules().add_hits(self.text, range, &mut self.hits);
        let project = &self.redactor.project;
        project.add_hits(self.text, range, &mut self.hits);
        (self.looked, self.hint) = (range.clone(), 0);
    }

    /// The hits that begin in a range. Ranges come mostly in order, so that the search begins where the last one
    /// ended.
    pub(super) fn hits_in(&mut self, range: &Range<usize>) -> Range<usize> {
        self.look(range);
        let starts_before =
            |index: usize, at: usize| self.hits.get(index).is_some_and(|it| it.start < at);
        let mut from = self.hint.min(self.hits.len());
        while from > 0 && !starts_before(from - 1, range.start) {
            from -= 1;
        }
        while starts_before(from, range.start) {
            from += 1;
        }
        self.hint = from;
        let mut to = from;
        while starts_before(to, range.end) {
            to += 1;
        }
        from..to
    }

    /// Searches running text.
    pub(super) fn running(&mut self, range: Range<usize>, style: Style) {
        let begin = self.finds.len();
        let hits = self.hits_in(&range);
        if hits.is_empty() && range.len() < SHORTEST && !self.redactor.project.has_shapes() {
            return;
        }
        let mut state = Running {
            range: range.clone(),
            at: range.start,
            name_end: 0,
            url_end: 0,
            nested: 0,
            long_end: 0,
            attempts: 0,
            failed: 0,
            run_end: 0,
            command_end: 0,
            commands: 0,
            statement_end: 0,
            expression_end: 0,
            expressions: 0,
            below: Vec::new(),
            style,
        };
        // What is read below a name may look through other ranges.
        let hits = self.hits[hits].to_vec();
        let documents = Documents::of(self.text, &range);
        for hit in hits {
            let is_around = hit.end <= range.end && !documents.hold(hit.start);
            if is_around && hit.start >= state.at {
                self.hit(hit, &mut state);
            }
        }
        self.documents(&documents, &state.below);
        if documents.is_empty() {
            self.decoded(&range, begin);
        } else {
            for range in documents.around(&range) {
                self.decoded(&range, begin);
            }
        }
        self.project_shapes(&range);
    }

    /// Searches what is coded in a range.
    fn decoded(&mut self, range: &Range<usize>, begin: usize) {
        self.coded(range);
        let text = &self.text[range.clone()];
        if self.depth > 0
            && memchr::memchr(b'%', text.as_bytes()).is_some()
            && let Some(view) = View::percent(text, false)
        {
            self.percent(&view, range.start, begin);
        }
    }

    /// The secrets of a percent-encoded text, but for those that were found as it is.
    fn percent(&mut self, view: &View, at: usize, begin: usize) {
        let (found, mut more) = (self.finds.len(), Vec::new());
        self.within(view, at, Kind::Any);
        for find in self.finds.drain(found..).collect::<Vec<_>>() {
            let overlaps =
                |it: &Find| it.place.start < find.place.end && find.place.start < it.place.end;
            if !self.finds[begin..found].iter().any(overlaps) {
                more.push(find);
            }
        }
        self.finds.extend(more);
    }

    fn hit(&mut self, hit: Hit, state: &mut Running) {
        match hit.anchor {
            Anchor::Token(rule) => {
                if hit.start < state.run_end && state.failed >= TOKENS {
                    return;
                }
                let found = self.token(&rules().tokens[rule], hit, &state.range);
                if found.is_none() {
                    self.failed(hit, state);
                }
                if let Some(place) = found {
                    let secret = self.text[place.clone()].to_owned();
                    state.at = place.end;
                    self.add(place, secret, &rules().tokens[rule].id);
                }
            }
            Anchor::Name => self.name(hit, state),
            Anchor::Authority => {
                let is_nested = hit.start < state.url_end;
                if is_nested && (state.nested >= 8 || !self.text[..hit.start].ends_with(':')) {
                    return;
                }
                state.nested = if is_nested { state.nested + 1 } else { 0 };
                let end = self.url(hit.start, &state.range);
                state.url_end = state.url_end.max(end);
            }
            Anchor::Scheme => self.scheme(hit, state),
            Anchor::Block => {
                if let Some(end) = self.block(hit, &state.range) {
                    state.at = end;
                }
            }
            Anchor::Sip => self.sip(hit, &state.range),
            Anchor::Command => self.command(hit, state),
            Anchor::FormData => self.part(hit.end, state),
            Anchor::Oracle => self.oracle(hit, &state.range),
            Anchor::Identified => self.identified(hit, state),
            Anchor::Insert => self.insert(hit, state),
            Anchor::CookieLine => self.cookie_line(hit, state),
            Anchor::Printable => {
                if self.depth > 0 && state.range == (0..self.text.len()) && state.nested == 0 {
                    state.nested = 1;
                    let view = View::printable(self.text);
                    if view.text.len() < self.text.len() {
                        self.within(&view, 0, Kind::Any);
                    }
                }
            }
        }
    }
}

/// True for a text that begins with a tag, not with a URL in brackets.
fn is_tag(text: &str) -> bool {
    let name = text[1..]
        .find([':', '>', ' ', '\n', '/'])
        .map_or("", |it| &text[1..=it]);
    let is_name =
        text[1..].starts_with(|it: char| it.is_ascii_alphabetic() || matches!(it, '!' | '?' | '_'));
    is_name && !text[1 + name.len()..].starts_with("://")
}

/// The state of a search of running text.
pub(super) struct Running {
    pub range: Range<usize>,
    /// The end of the last secret.
    pub at: usize,
    pub name_end: usize,
    url_end: usize,
    nested: usize,
    pub long_end: usize,
    pub attempts: usize,
    pub failed: usize,
    pub run_end: usize,
    /// The end of the command that was read last, and the number of commands within it.
    pub command_end: usize,
    pub commands: usize,
    /// The end of the statement of SQL that was read last.
    pub statement_end: usize,
    /// The end of the long expression that was read last, and the number of those that were read within it.
    pub expression_end: usize,
    pub expressions: usize,
    /// The objects and arrays that were read as the value of a name.
    pub below: Vec<Range<usize>>,
    pub style: Style,
}

pub(super) fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

pub(super) fn window_end(text: &str, from: usize, length: usize) -> usize {
    floor(text, text.len().min(from + length))
}
