//! Parts: the values of forms that are sent as `multipart/form-data` (RFC 7578).

use memchr::memchr2;

use super::spliced::{Spliced, place_in};
use super::{Redactor, names};

/// What the parts of a form say that they are, in any case (RFC 2183 section 2).
const FORM_DATA: &str = "form-data";

impl Redactor {
    /// The text without the values of parts whose names say that they are secret; none where there
    /// is no such part.
    pub(super) fn without_parts(&self, text: &str) -> Option<String> {
        let mut mended = Spliced::of(text);
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
            if names::is_secret_parameter(name) || self.rules.are_about(name) {
                mended.replace(place, &self.secret(value));
            }
        }
        mended.end()
    }
}

/// No head of a part that names a secret is longer, in bytes.
const HEAD: usize = 1024;

/// What ends a head, and what comes before the next delimiter, as the line ends are.
const ENDS: [(&str, &str); 2] = [("\r\n\r\n", "\r\n--"), ("\n\n", "\n--")];

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
