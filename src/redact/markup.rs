//! Secrets in XML and HTML: attributes, elements, and names beside values.

use std::ops::Range;

use super::assigned::{is_secret_value, without_scheme};
use super::names::{Named, named, named_anywhere};
use super::scan::{Kind, Scan};
use super::value::Style;
use super::view::View;

/// Attributes and elements that name what stands beside them.
const NAMES: &[&str] = &[
    "name",
    "key",
    "id",
    "n",
    "k",
    "property",
    "param",
    "parameter",
    "field",
    "attribute",
    "label",
    "header",
    "string-name",
];
/// Attributes that hold what is named.
const VALUES: &[&str] = &[
    "value",
    "content",
    "val",
    "v",
    "default",
    "defaultvalue",
    "data",
    "text",
];

/// What the elements that are open say of the text in them.
#[derive(Default)]
struct Open<'t> {
    /// The name of the element whose content is secret, its rule, and how often it is open in itself.
    secret: Option<(&'t str, Named, usize)>,
    /// The rule of a name that the last element held: of the next element.
    next: Option<Named>,
    /// The last open tag and where its content begins.
    last: &'t str,
}

impl<'a> Scan<'a> {
    pub(super) fn markup(&mut self, range: Range<usize>) {
        let text: &'a str = self.text;
        let mut open = Open::default();
        let mut at = range.start;
        while let Some(found) = memchr::memchr(b'<', &text.as_bytes()[at..range.end]) {
            let tag = at + found;
            self.content(at..tag, &mut open);
            at = self.tag(tag, range.end, &mut open);
        }
        self.content(at..range.end, &mut open);
    }

    /// A tag, a comment or a section from its `<` on. Returns where its content begins.
    fn tag(&mut self, start: usize, end: usize, open: &mut Open<'a>) -> usize {
        let text: &'a str = self.text;
        let rest = &text[start..end];
        for (opens, closes) in [("<![CDATA[", "]]>"), ("<!--", "-->"), ("<?", "?>")] {
            if let Some(inner) = rest.strip_prefix(opens) {
                let length = inner.find(closes).unwrap_or(inner.len());
                let from = start + opens.len();
                if opens == "<![CDATA[" {
                    self.content(from..from + length, open);
                } else {
                    self.running(from..from + length, Style::Running);
                }
                return (from + length + closes.len()).min(end);
            }
        }
        let is_tag = rest[1..].starts_with(|it: char| {
            it.is_ascii_alphabetic() || matches!(it, '/' | '_' | '!') || !it.is_ascii()
        });
        if !is_tag {
            return start + 1;
        }
        let length = tag_length(rest);
        let tag = &text[start + 1..start + length];
        // A tag that does not end ends where the next one begins.
        let is_closed = rest[length..].starts_with('>');
        let behind = start + length + usize::from(is_closed);
        if let Some(name) = tag.strip_prefix('/') {
            Self::closed(local(name), open);
            return behind;
        }
        let name = local(tag);
        let has_hits =
            !self.hits_in(&(start..behind)).is_empty() || self.redactor.project.has_names();
        if !has_hits && tag.len() < 20 && open.secret.is_none() && open.next.is_none() {
            open.last = name;
            return behind;
        }
        let named_by_attribute = self.attributes(start + 1, tag, name);
        if !tag.ends_with('/') && !matches!(name, "input" | "meta" | "img" | "br" | "link" | "hr") {
            self.opened(name, named_by_attribute, open);
        }
        behind
    }

    fn opened(&self, name: &'a str, by_attribute: Option<Named>, open: &mut Open<'a>) {
        open.last = name;
        if let Some((secret, _, depth)) = &mut open.secret {
            if *secret == name {
                *depth += 1;
            }
            return;
        }
        let own = named_anywhere(name)
            .or_else(|| self.redactor.project.named(name))
            .or(by_attribute);
        let next = if NAMES.iter().any(|it| it.eq_ignore_ascii_case(name)) {
            None
        } else {
            open.next.take()
        };
        open.secret = own.or(next).map(|known| (name, known, 1));
    }

    fn closed(name: &str, open: &mut Open<'_>) {
        if let Some((secret, _, depth)) = &mut open.secret
            && *secret == name
        {
            *depth -= 1;
            if *depth == 0 {
                open.secret = None;
            }
        }
        open.last = "";
    }

    /// Text between tags.
    fn content(&mut self, range: Range<usize>, open: &mut Open<'a>) {
        let text = &self.text[range.clone()];
        let inner = text.trim();
        if inner.is_empty() {
            return;
        }
        let start = range.start + text.len() - text.trim_start().len();
        let place = start..start + inner.len();
        let decoded = View::entities(inner).map_or_else(|| inner.to_owned(), |it| it.text);
        if let Some((_, known, _)) = open.secret
            && is_secret_value(known, &decoded)
            && !(inner.contains(' ') && open.last.is_empty())
        {
            let secret = without_scheme(&decoded).to_owned();
            let from = if secret.len() < decoded.len() && decoded == inner {
                place.end - secret.len()
            } else {
                place.start
            };
            return self.add(from..place.end, secret, &known.rule.id);
        }
        if NAMES.iter().any(|it| it.eq_ignore_ascii_case(open.last)) && inner.len() < 100 {
            open.next = named_anywhere(&decoded).or_else(|| self.redactor.project.named(&decoded));
        }
        self.piece(place);
    }

    /// A text or a value of an attribute, whose entities are taken away.
    fn piece(&mut self, place: Range<usize>) {
        let inner = &self.text[place.clone()];
        match View::entities(inner) {
            Some(view) => self.within(&view, place.start, Kind::Any),
            None if inner.starts_with(['{', '[']) && self.depth > 0 => {
                let view = View::json(inner);
                if inner.contains('\\') {
                    self.running(place, Style::Running);
                } else {
                    self.within(&view, place.start, Kind::Any);
                }
            }
            None if inner.starts_with('/') => self.target(place),
            None => self.running(place, Style::Running),
        }
    }

    /// The attributes of a tag. Returns the rule that an attribute names for the content of the element.
    fn attributes(&mut self, at: usize, tag: &str, element: &str) -> Option<Named> {
        let attributes = attributes(tag);
        let is_input = element.eq_ignore_ascii_case("input");
        let named_by = attributes.iter().find_map(|(name, value)| {
            let is_name = NAMES.iter().any(|it| it.eq_ignore_ascii_case(name));
            let word = &tag[value.clone()];
            if !is_name || word.len() > 100 {
                return None;
            }
            let known = if is_input {
                named(word)
            } else {
                named_anywhere(word)
            };
            known.or_else(|| self.redactor.project.named(word))
        });
        let is_password = is_input
            && attributes.iter().any(|(name, value)| {
                name.eq_ignore_ascii_case("type")
                    && tag[value.clone()].eq_ignore_ascii_case("password")
            });
        let for_password = || named_anywhere("password");
        for (name, value) in &attributes {
            let place = at + value.start..at + value.end;
            let word = local(name);
            let is_value = VALUES.iter().any(|it| it.eq_ignore_ascii_case(word));
            let own = named_anywhere(word).or_else(|| self.redactor.project.named(word));
            let known = own.or_else(|| named_by.filter(|_| is_value)).or_else(|| {
                if is_password && is_value {
                    for_password()
                } else {
                    None
                }
            });
            let inner = &tag[value.clone()];
            let decoded = View::entities(inner).map_or_else(|| inner.to_owned(), |it| it.text);
            match known {
                Some(known) if is_secret_value(known, &decoded) => {
                    let secret = without_scheme(&decoded).to_owned();
                    let from = if secret.len() < decoded.len() && decoded == inner {
                        place.end - secret.len()
                    } else {
                        place.start
                    };
                    self.add(from..place.end, secret, &known.rule.id);
                }
                _ => self.piece(place),
            }
        }
        named_by
    }
}

/// The length of a tag up to its `>`, which may stand in quotes within it.
fn tag_length(rest: &str) -> usize {
    const LONGEST: usize = 65_536;
    let mut quote = None;
    let mut last = b' ';
    for (at, byte) in rest.bytes().enumerate().take(LONGEST) {
        match (quote, byte) {
            (None, b'>') => return at,
            (None, b'<') if at > 0 => return at,
            (None, b'"' | b'\'') if last == b'=' || last == b' ' => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            last = byte;
        }
    }
    // Quotes that do not end: the tag ends where it seems to.
    memchr::memchr(b'>', rest.as_bytes()).unwrap_or(rest.len())
}

/// The name of an element or attribute without its prefix.
fn local(tag: &str) -> &str {
    let name = tag
        .split(|it: char| it.is_whitespace() || it == '/' || it == '>')
        .next()
        .unwrap_or(tag);
    name.rsplit(':').next().unwrap_or(name)
}

/// The names and the ranges of the values of attributes.
fn attributes(tag: &str) -> Vec<(&str, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(equals) = tag[at..].find('=') {
        let equals = at + equals;
        let name = tag[at..equals].trim_end();
        let name = name
            .rsplit(|it: char| it.is_whitespace() || it == '"' || it == '\'')
            .next()
            .unwrap_or(name);
        let blanks = tag[equals + 1..].len() - tag[equals + 1..].trim_start().len();
        let from = equals + 1 + blanks;
        let Some(first) = tag[from..].chars().next() else {
            break;
        };
        let (value, behind) = if matches!(first, '"' | '\'') {
            let end = tag[from + 1..]
                .find(first)
                .map_or(tag.len(), |it| from + 1 + it);
            (from + 1..end, (end + 1).min(tag.len()))
        } else {
            let end = tag[from..]
                .find(|it: char| it.is_whitespace())
                .map_or(tag.len(), |it| from + it);
            (from..end, end)
        };
        if !name.is_empty() && !value.is_empty() {
            found.push((name, value));
        }
        at = behind;
    }
    found
}

/// The value of an attribute of a tag, in quotes or without, its name in any case; none where it is
/// empty or not there.
pub(crate) fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut all = attributes(tag).into_iter();
    let (_, place) = all.find(|it| it.0.eq_ignore_ascii_case(name))?;
    let bytes = tag.as_bytes();
    let quote = bytes[place.start - 1];
    let is_open = matches!(quote, b'"' | b'\'') && bytes.get(place.end) != Some(&quote);
    (!is_open).then(|| tag[place].trim_end_matches('>'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_as_html_has_them() {
        let tag = "<input  NAME = 'a b' value=c checked type=\"\" data-name=d>";
        for (name, value) in [
            ("name", Some("a b")),
            ("VALUE", Some("c")),
            ("data-name", Some("d")),
            ("type", None),
            ("checked", None),
            ("id", None),
        ] {
            assert_eq!(attribute(tag, name), value, "{name}");
        }
        assert_eq!(attribute("<a name='open", "name"), None);
    }
}
