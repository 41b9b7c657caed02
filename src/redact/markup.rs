//! Markup: secrets in XML and HTML, under the names of elements and of the fields of forms.

use memchr::{memchr, memchr2};

use super::spliced::{Spliced, place_in};
use super::{Redactor, names};
use crate::http::attribute::attribute;

impl Redactor {
    /// The text without what stands in elements whose names say that it is secret, and without the
    /// values of such fields of forms; none where there are none. Attributes are found as running
    /// text has them, by `name="value"`.
    pub(super) fn without_elements(&self, text: &str) -> Option<String> {
        let mut mended = Spliced::of(text);
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
                    mended.replace(place_in(text, value), &self.secret(value));
                }
            } else if self.is_secret(local) && !tag.ends_with('/') {
                let value = content(behind).trim();
                if !value.is_empty() {
                    let place = place_in(text, value);
                    from = place.end;
                    mended.replace(place, &self.secret(value));
                }
            }
        }
        mended.end()
    }

    /// Whether what is typed into such a field of a form is secret.
    fn is_secret_field(&self, tag: &str) -> bool {
        let is_secret = |name: &str| names::is_secret_parameter(name) || self.rules.are_about(name);
        attribute(tag, "name").is_some_and(is_secret)
            || attribute(tag, "type").is_some_and(|it| it.eq_ignore_ascii_case("password"))
    }
}

/// What stands in an element up to the next tag, that of a section of character data not counted.
fn content(behind: &str) -> &str {
    match behind.trim_start().strip_prefix("<![CDATA[") {
        Some(section) => section.split("]]>").next().unwrap_or(section),
        None => behind.split('<').next().unwrap_or(behind),
    }
}
