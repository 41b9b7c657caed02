//! Tags of HTML and XML as texts hold them.

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
