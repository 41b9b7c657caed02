//! Secrets in JSON. The text is read token by token and never serialised again, so that everything but secrets stays as
//! it was written. A text that is cut off is read up to its end.

use std::borrow::Cow;
use std::ops::Range;

use super::assigned::{is_beside, is_secret_value, without_scheme};
use super::frame::{Above, Frame, Scalar};
use super::harmless::is_guid;
use super::json_check::Grammar;
use super::lexer::{self, end_of_plain, string};
use super::names::Named;
use super::project::ProjectRules;
use super::rules::{NameRule, Values};
use super::scan::{COMMENTS, DEEP, Kind, Scan, With};
use super::seen::{self, Place, Property};
use super::value::Style;
use super::view::View;

/// The most levels of objects and arrays.
const DEEPEST: usize = 1024;

/// The levels of most documents. An allocation of more than 1 KiB would cost more than all else of a short one.
const FRAMES: usize = 6;
const _: () = assert!(FRAMES * size_of::<Frame>() <= 1024);

static KEY: NameRule = NameRule {
    id: Cow::Borrowed("private-jwk"),
    values: Values::Any,
    takes_numbers: true,
};

struct Walk<'s, 'a> {
    scan: &'s mut Scan<'a>,
    frames: Vec<Frame>,
    /// The name of the next value, and what the rules say of it.
    name: Option<(Scalar, Property)>,
    /// The number of containers that are open in the last frame.
    too_deep: usize,
    end: usize,
    /// True if the project adds nothing to the built-in rules.
    is_built_in: bool,
    has_pointers: bool,
    grammar: Grammar,
}

impl Scan<'_> {
    /// Returns true if the text is known to be JSON that a line can hold: one line, and not too deep.
    pub(super) fn json(&mut self, range: Range<usize>) -> bool {
        let bytes = &self.text.as_bytes()[range.clone()];
        // Without an early end, this is done for many bytes at once.
        let controls = bytes.iter().filter(|it| **it < b' ').count();
        self.walk(range, Above::Nothing, false).1 && controls == 0
    }

    /// A document in a text that is no JSON.
    pub(super) fn embedded_json(&mut self, range: Range<usize>) {
        self.walk(range, Above::Nothing, true);
    }

    /// The value that begins here, below a secret name, in a text that is no JSON. Returns where it ends.
    pub(super) fn below(&mut self, start: usize, known: Named) -> usize {
        let before = (std::mem::take(&mut self.hits), self.looked.clone());
        self.looked = 0..0;
        let (end, _) = self.walk(start..self.text.len(), Above::Secret(known), true);
        (self.hits, self.looked) = before;
        end
    }

    /// Returns where the walk ended, and true if all was JSON.
    fn walk(&mut self, range: Range<usize>, above: Above, is_one: bool) -> (usize, bool) {
        let project = &self.redactor.project;
        let (is_built_in, has_pointers) = (project.is_empty(), project.has_pointers());
        let mut frames = Vec::with_capacity(FRAMES);
        frames.push(Frame::new(false, above));
        let mut walk = Walk {
            scan: self,
            frames,
            name: None,
            too_deep: 0,
            end: range.end,
            is_built_in,
            has_pointers,
            grammar: Grammar::default(),
        };
        let end = walk.run(range.start, is_one);
        (end, walk.grammar.is_whole())
    }
}

impl Walk<'_, '_> {
    fn run(&mut self, from: usize, is_one: bool) -> usize {
        let text = self.scan.text;
        let bytes = &text.as_bytes()[..self.end];
        let mut at = from;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b' ' | b'\t' | b'\r' => at += 1,
                b'\n' => at += self.line_end(bytes, at),
                b',' => {
                    let is_object = self.top().is_object;
                    self.grammar.comma(is_object);
                    at += 1;
                }
                b':' => {
                    self.grammar.colon();
                    at += 1;
                }
                b'{' | b'[' => {
                    self.open(*byte == b'{');
                    at += 1;
                }
                b'}' | b']' => {
                    let is_alike = self.top().is_object == (*byte == b'}');
                    self.grammar.close(is_alike);
                    self.close();
                    at += 1;
                    if is_one && self.frames.len() == 1 {
                        return at;
                    }
                }
                b'"' | b'\'' => at = self.string(bytes, at),
                _ => at = self.plain(bytes, at),
            }
        }
        self.too_deep = 0;
        while self.frames.len() > 1 {
            self.close();
        }
        at
    }

    fn open(&mut self, is_object: bool) {
        self.grammar.open(is_object);
        if self.frames.len() > DEEPEST {
            // Nobody nests so deep: the rest is read as one object.
            self.too_deep += 1;
            self.top().is_object = true;
            return;
        }
        let step = self.step();
        let above = self.above_container(is_object);
        let mut frame = Frame::new(is_object, above);
        frame.step = step;
        self.top().items += 1;
        self.frames.push(frame);
    }

    /// A string, which may be a name. Returns where it ends.
    fn string(&mut self, bytes: &[u8], at: usize) -> usize {
        let (inner, has_escapes, behind) = string(bytes, at);
        let is_plain = !has_escapes && behind > inner.end && bytes[at] == b'"';
        self.grammar.string(is_plain);
        let string = Scalar {
            inner,
            is_string: true,
            has_escapes,
        };
        self.scalar(string, bytes, behind);
        behind
    }

    /// What is no string: a number, a literal, a name without quotes, a comment. Returns where it ends.
    fn plain(&mut self, bytes: &[u8], at: usize) -> usize {
        let is_before_name = self.top().is_object && self.name.is_none();
        let name = is_before_name.then(|| lexer::bare_name_of_value(bytes, at));
        let comment = (self.scan.comments < COMMENTS).then(|| lexer::comment(bytes, at));
        let (name, comment) = (name.flatten(), comment.flatten());
        let end = name
            .or(comment)
            .unwrap_or_else(|| end_of_plain(self.scan.text, bytes, at));
        self.grammar.scalar(&self.scan.text[at..end]);
        let plain = Scalar {
            inner: at..end,
            is_string: false,
            has_escapes: false,
        };
        if name.is_some() {
            self.name(plain);
        } else if comment.is_some() {
            self.scan.comments += 1;
            self.search(&plain);
            self.scan.comments -= 1;
        } else {
            self.scalar(plain, bytes, end);
        }
        end
    }

    fn line_end(&mut self, bytes: &[u8], at: usize) -> usize {
        let length = lexer::line_end(bytes, at);
        if length > 1 {
            // No JSON has the lines of an event stream.
            self.grammar.scalar("data");
        }
        length
    }

    fn top(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::new(false, Above::Nothing));
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    fn text_of(&self, scalar: &Scalar) -> String {
        let raw = &self.scan.text[scalar.inner.clone()];
        if scalar.has_escapes {
            View::json(raw).text
        } else {
            raw.to_owned()
        }
    }

    /// The name or the index of the next value, where the project has pointers.
    fn step(&mut self) -> Option<String> {
        if !self.has_pointers {
            return None;
        }
        match self.name.clone() {
            Some((name, _)) => Some(self.text_of(&name)),
            None => Some(self.top().items.to_string()),
        }
    }

    /// The rule of the project that points to the next value.
    fn pointed(&mut self, last: Option<&str>) -> Option<Named> {
        let last = last?;
        // The first frame is around the document, the second one is the document.
        let steps = self
            .frames
            .iter()
            .skip(2)
            .filter_map(|it| it.step.as_deref());
        let steps: Vec<_> = steps.chain([last]).collect();
        self.scan.redactor.project.pointed(&steps)
    }

    /// What is above the values of a container that opens here.
    fn above_container(&mut self, is_object: bool) -> Above {
        let above = self.top().above;
        let Some((name, property)) = self.name.take() else {
            return above;
        };
        let own = self.rule(&name, &property);
        let own = own.or_else(|| self.named_beside(is_object).filter(|_| property.is_value));
        match (above, own) {
            (_, Some(named)) if ProjectRules::is_entity(named.rule) => {
                if is_object && named.rule.id != "phones" {
                    Above::Nothing
                } else {
                    Above::Secret(named)
                }
            }
            (Above::Secret(_), _) if is_beside(&self.text_of(&name)) => Above::Nothing,
            (Above::Nothing, Some(named)) => Above::Secret(named),
            _ => above,
        }
    }

    /// The rule of a container that the properties before it name.
    fn named_beside(&mut self, is_object: bool) -> Option<Named> {
        let frame = self.top();
        // An object says itself what is secret in it.
        frame.patch.value().or(frame.names.filter(|_| !is_object))
    }

    /// The name of a property.
    fn name(&mut self, name: Scalar) {
        let (property, is_harmless) = if name.has_escapes {
            (seen::property(&self.text_of(&name)), false)
        } else {
            seen::searched_property(&self.scan.text[name.inner.clone()])
        };
        if !(is_harmless && self.is_built_in) {
            self.search(&name);
        }
        self.name = Some((name, property));
    }

    /// The rule of a name.
    fn rule(&self, name: &Scalar, property: &Property) -> Option<Named> {
        let project = &self.scan.redactor.project;
        let own = || project.named(seen::last_part(&self.text_of(name)));
        property.rule.or_else(|| project.has_names().then(own)?)
    }

    fn rule_of(&self, name: &str) -> Option<Named> {
        let project = &self.scan.redactor.project;
        seen::property(name).rule.or_else(|| project.named(name))
    }

    /// The rule of the name that a text is.
    fn named(&self, name: &Scalar) -> Option<Named> {
        self.rule(name, &seen::property(&self.text_of(name)))
    }

    /// The rule of the property that a path ends in, the index of an item aside: `/passwords/0`.
    fn named_by_path(&self, path: &Scalar) -> Option<Named> {
        let path = self.text_of(path);
        let name = path.trim_end_matches(|it: char| it.is_ascii_digit() || matches!(it, '/' | '-'));
        self.rule_of(seen::last_part(name))
    }

    /// A scalar: the name of a property, or a value.
    fn scalar(&mut self, scalar: Scalar, bytes: &[u8], behind: usize) {
        let is_in_object = self.top().is_object;
        if is_in_object && self.name.is_none() && scalar.is_string {
            let blanks = bytes[behind..]
                .iter()
                .take_while(|it| it.is_ascii_whitespace())
                .count();
            if bytes.get(behind + blanks) == Some(&b':') {
                return self.name(scalar);
            }
        }
        if is_in_object {
            self.property(&scalar);
        } else {
            self.item(scalar);
        }
    }

    /// The value of a property.
    fn property(&mut self, value: &Scalar) {
        let step = self.step();
        let pointed = self.pointed(step.as_deref());
        let Some((name, property)) = self.name.take() else {
            return self.search(value);
        };
        let is_value = property.is_value;
        match &self.scan.text[name.inner.clone()] {
            "kty" => self.top().is_key = true,
            "op" => self.top().patch.has_op = true,
            "path" if value.is_string => self.top().patch.named = self.named_by_path(value),
            _ => {}
        }
        let may_be_name =
            || value.inner.len() < 100 && !is_guid(&self.scan.text[value.inner.clone()]);
        if property.is_name && value.is_string && may_be_name() {
            let named = self.named(value);
            let frame = self.top();
            frame.names = frame.names.or(named);
        }
        let own = self.rule(&name, &property);
        let above = self.top().above;
        let known = match (above, own.or(pointed)) {
            (_, Some(named)) => Some(named),
            (Above::Secret(named), None) if ProjectRules::is_entity(named.rule) => {
                let is_number = matches!(self.text_of(&name).as_str(), "id" | "number" | "value");
                (is_number && self.text_of(value).bytes().any(|it| it.is_ascii_digit()))
                    .then_some(named)
            }
            (Above::Secret(named), None) => {
                // An object below a name that has other meanings says itself what is secret in it.
                let is_ambiguous = matches!(named.rule.values, Values::Random | Values::Long);
                let is_it = if is_ambiguous {
                    is_value
                } else {
                    is_value || !is_beside(&self.text_of(&name))
                };
                is_it.then_some(named)
            }
            (Above::Nothing, None) => None,
        };
        if known.is_some_and(|known| self.secret(value, known)) {
            return;
        }
        if is_value {
            self.top().values.push(value.clone());
        }
        if property.is_key_part && value.is_string {
            self.top().key_parts.push(value.clone());
        }
        self.search_named(value, &name);
    }

    /// An item of an array, or a value by itself.
    fn item(&mut self, value: Scalar) {
        let step = self.step();
        let pointed = self.pointed(step.as_deref());
        let frame = self.top();
        let (above, previous) = (frame.above, frame.previous.take());
        let above = pointed.map_or(above, Above::Secret);
        frame.items += 1;
        let is_second = frame.items == 2;
        if let Above::Secret(known) = above
            && self.secret(&value, known)
        {
            return;
        }
        if let Some(previous) = previous
            && value.is_string
        {
            let before = self.text_of(&previous);
            let is_flag = before.starts_with('-');
            if let Some(known) = self.named(&previous).filter(|_| is_flag || is_second) {
                let text = self.text_of(&value);
                let is_mixed = text
                    .chars()
                    .any(|it| !it.is_ascii_alphabetic() && !"_-. ".contains(it));
                if (is_flag || is_mixed) && !text.starts_with('-') && self.secret(&value, known) {
                    return;
                }
            } else if matches!(before.as_str(), "-u" | "--user" | "-U" | "--proxy-user")
                && let Some((user, password)) = self.text_of(&value).split_once(':')
                && !value.has_escapes
            {
                let place = value.inner.start + user.len() + 1..value.inner.end;
                return self.scan.add(place, password.to_owned(), "userinfo");
            }
        }
        if value.is_string {
            let text = &self.scan.text[value.inner.clone()];
            if text.contains("-----END ") {
                self.top().is_in_block = false;
            } else if self.top().is_in_block {
                let secret = self.text_of(&value);
                return self.scan.add(value.inner, secret, "private-key");
            } else if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY") {
                self.top().is_in_block = true;
                return;
            }
            if value.inner.len() < 100 {
                self.top().previous = Some(value.clone());
            }
        }
        self.search(&value);
    }

    /// Ends an object or array: what was named by a value beside it is known now.
    fn close(&mut self) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        if self.frames.len() < 2 {
            return;
        }
        let Some(frame) = self.frames.pop() else {
            return;
        };
        if let Some(known) = frame.names.or(frame.patch.value()) {
            for value in &frame.values {
                self.secret(value, known);
            }
        }
        if frame.is_key {
            let known = Named {
                rule: &KEY,
                is_plural: false,
            };
            for part in &frame.key_parts {
                let secret = self.text_of(part);
                if is_secret_value(known, &secret) {
                    self.scan.add(part.inner.clone(), secret, "private-jwk");
                }
            }
        }
        self.name = None;
    }

    /// Replaces the value if it is a secret by this rule.
    fn secret(&mut self, value: &Scalar, known: Named) -> bool {
        if value.inner.is_empty() {
            return false;
        }
        let text = self.text_of(value);
        if !value.is_string && matches!(text.as_str(), "true" | "false" | "null") {
            return false;
        }
        if !is_secret_value(known, &text) {
            return false;
        }
        let secret = without_scheme(&text);
        if !value.is_string {
            self.scan.find(
                value.inner.clone(),
                With::Quoted(text, "\"".to_owned()),
                &known.rule.id,
            );
        } else if secret.len() < text.len() && !value.has_escapes {
            let place = value.inner.end - secret.len()..value.inner.end;
            self.scan.add(place, secret.to_owned(), &known.rule.id);
        } else {
            self.scan.add(value.inner.clone(), text, &known.rule.id);
        }
        true
    }

    /// Searches a string or a name for secrets within it.
    fn search(&mut self, scalar: &Scalar) {
        let range = scalar.inner.clone();
        if scalar.has_escapes {
            if self.scan.depth > 0 {
                let view = View::json(&self.scan.text[range.clone()]);
                self.scan.within(&view, range.start, Kind::Any);
            } else {
                self.scan.running(range, Style::Running);
            }
            return;
        }
        if range.is_empty() {
            return;
        }
        let (whole, begin) = (self.scan.text, self.scan.finds.len());
        let text = &whole[range.clone()];
        let is_harmless = || {
            if scalar.is_string {
                seen::is_harmless(text, Place::Json)
            } else {
                seen::is_plain(text)
            }
        };
        if self.is_built_in && is_harmless() {
            return;
        }
        let first = text.as_bytes()[0];
        if first == b'/' && scalar.is_string {
            self.scan.target(range);
        } else if matches!(first, b'<' | b'{' | b'[') && range.len() > 20 && self.scan.depth > 0 {
            let view = View::json(text);
            self.scan.within(&view, range.start, Kind::Any);
        } else {
            self.scan.running(range, Style::Running);
        }
        let is_all = self.is_built_in && scalar.is_string && self.scan.depth >= DEEP;
        if is_all && self.scan.finds.len() == begin {
            seen::found_nothing_in(text, Place::Json);
        }
    }

    /// The same for the value of a property: one that has the length of a key is one, unless the name says otherwise.
    fn search_named(&mut self, value: &Scalar, name: &Scalar) {
        let found = self.scan.finds.len();
        self.search(value);
        let length = value.inner.len();
        if self.scan.finds.len() == found && matches!(length, 44 | 88) && value.is_string {
            let name = self.text_of(name);
            self.scan.long_key(value.inner.clone(), &name);
        }
    }
}
