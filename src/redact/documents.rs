//! Documents with named fields: elements of XML, fields of HTML forms, parts of
//! `multipart/form-data` (RFC 7578).

use memchr::{memchr, memchr2};

use super::scanner::{Spliced, place_in};
use super::{Redactor, secret_names};

/// The disposition of a part of a form, in any case (RFC 2183 section 2).
const FORM_DATA: &str = "form-data";

/// The longest head of a part that is searched, in bytes.
const HEAD: usize = 1024;

/// The end of a head and the beginning of the next delimiter, for each kind of line end.
const ENDS: [(&str, &str); 2] = [("\r\n\r\n", "\r\n--"), ("\n\n", "\n--")];

impl Redactor {
    /// Replaces the content of XML elements with secret names, and the values of secret form
    /// fields; `None` if there are none. Attributes are found as running text, by `name="value"`.
    pub(super) fn without_elements(&self, text: &str) -> Option<String> {
        let mut spliced = Spliced::of(text);
        let mut from = 0;
        while let Some(at) = memchr(b'<', &text.as_bytes()[from..]) {
            from += at + 1;
            let Some(end) = memchr2(b'<', b'>', &text.as_bytes()[from..]) else {
                break;
            };
            let (tag, behind) = text[from..].split_at(end);
            from += end;
            let is_tag = tag.starts_with(|c: char| c.is_ascii_alphabetic());
            let Some(behind) = behind.strip_prefix('>').filter(|_| is_tag) else {
                continue;
            };
            let name = tag.split(|c: char| c.is_whitespace() || c == '/').next();
            let name = name.unwrap_or_default();
            let local = name.rsplit(':').next().unwrap_or(name);
            if local.eq_ignore_ascii_case("input") {
                if let Some(value) = attribute(tag, "value")
                    && self.is_secret_field(tag)
                {
                    spliced.replace(place_in(text, value), &self.secret(value));
                }
            } else if self.is_secret(local) && !tag.ends_with('/') {
                let value = content(behind).trim();
                if !value.is_empty() {
                    let place = place_in(text, value);
                    from = place.end;
                    spliced.replace(place, &self.secret(value));
                }
            }
        }
        spliced.end()
    }

    /// Replaces the values of parts with secret names; `None` if there is no such part.
    pub(super) fn without_parts(&self, text: &str) -> Option<String> {
        let mut spliced = Spliced::of(text);
        let mut from = 0;
        while let Some(at) = memchr2(b'f', b'F', &text.as_bytes()[from..]) {
            from += at;
            let word = text.get(from..from + FORM_DATA.len());
            if !word.is_some_and(|it| it.eq_ignore_ascii_case(FORM_DATA)) {
                from += 1;
                continue;
            }
            from += FORM_DATA.len();
            let Some((name, value)) = part(&text[from..]) else {
                continue;
            };
            let place = place_in(text, value);
            from = place.end;
            if secret_names::is_secret_parameter(name) || self.project.are_about(name) {
                spliced.replace(place, &self.secret(value));
            }
        }
        spliced.end()
    }

    fn is_secret_field(&self, tag: &str) -> bool {
        let is_secret =
            |name: &str| secret_names::is_secret_parameter(name) || self.project.are_about(name);
        attribute(tag, "name").is_some_and(is_secret)
            || attribute(tag, "type").is_some_and(|it| it.eq_ignore_ascii_case("password"))
    }
}

/// The content of an element up to the next tag, or of its section of character data.
fn content(behind: &str) -> &str {
    match behind.trim_start().strip_prefix("<![CDATA[") {
        Some(section) => section.split("]]>").next().unwrap_or(section),
        None => behind.split('<').next().unwrap_or(behind),
    }
}

/// The name and the value of a part, from behind `form-data` in its head to the next delimiter.
fn part(text: &str) -> Option<(&str, &str)> {
    let mut end = text.len().min(HEAD);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let front = &text[..end];
    let ends = ENDS.iter();
    let ends = ends.filter_map(|(end, delimiter)| Some((front.find(end)?, end.len(), delimiter)));
    let (head, end, delimiter) = ends.min()?;
    let parameters = front[..head].lines().next()?;
    let mut is_quoted = false;
    let mut parameters = parameters.split(|c| {
        is_quoted ^= c == '"';
        c == ';' && !is_quoted
    });
    let named = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("name").then_some(value)
    })?;
    let value = text[head + end..].split(delimiter).next()?;
    Some((named.trim().trim_matches('"'), value))
}

/// The value of an attribute of a tag, in quotes or without, its name in any case; none where it is
/// empty or not there.
pub(crate) fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = tag;
    while let Some(equals) = rest.find('=') {
        let before = rest[..equals].trim_end();
        let after = rest[equals + 1..].trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, left) = if let Some(quote) = quote {
            after[1..].split_once(quote)?
        } else {
            let ends = |c: char| c.is_ascii_whitespace() || c == '>';
            after.split_at(after.find(ends).unwrap_or(after.len()))
        };
        let word = before.rsplit(|c: char| c.is_ascii_whitespace()).next();
        if word.is_some_and(|it| it.eq_ignore_ascii_case(name)) {
            return (!value.is_empty()).then_some(value);
        }
        rest = left;
    }
    None
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
