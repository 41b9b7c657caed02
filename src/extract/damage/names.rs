//! Names of the API in prose. They are recognized by their form and place, never by words of a language.

use super::super::contract::cell;
use super::super::prose;
use super::super::prose::{Piece, Text};
use super::super::text::find_word;

/// The place of a text on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The first column of a table of header fields.
    HeaderName,
    /// The first column of a table of properties or parameters.
    PropertyName,
    /// The second column of such a table.
    Type,
    /// A column of permissions.
    Permission,
    /// Anywhere else.
    Prose,
}

/// A name in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    /// The target of the link, if the name is the text of one.
    pub(super) target: Option<String>,
    /// The line in the page, counted from 1.
    pub(super) line: usize,
}

/// The names in a text.
pub(super) fn names(text: &Text, place: Place) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    let mut add = |name: &str, target: Option<&str>, line: usize| {
        if !names.iter().any(|it| it.text == name) {
            names.push(Name {
                text: name.to_owned(),
                target: target.map(str::to_owned),
                line,
            });
        }
    };
    if matches!(place, Place::HeaderName | Place::PropertyName) {
        let name = text.plain();
        if is_name(&name) {
            add(&name, None, text.lines.first().copied().unwrap_or_default());
        }
        return names;
    }
    for (piece, line) in text.pieces.iter().zip(&text.lines) {
        match piece {
            Piece::Code(code)
                if place == Place::Prose && code.is_ascii() && !code.trim().is_empty() =>
            {
                add(code.trim(), None, *line);
            }
            // In prose, `call` may be a word of the language.
            Piece::Link { text, target }
                if is_named_by(text, target)
                    && (place == Place::Type || is_camel_case(text.trim())) =>
            {
                add(text.trim(), Some(target), *line);
            }
            Piece::Plain(text) | Piece::Code(text) | Piece::Link { text, .. } => {
                let words = words(text).filter(|word| match place {
                    Place::Type => cell::primitive(word).is_some() || is_camel_case(word),
                    Place::Permission => is_permission(word),
                    _ => is_camel_case(word),
                });
                words.for_each(|word| add(word, None, *line));
            }
        }
    }
    names
}

/// The words of ASCII, with the dots between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '_' | '-'));
    words
        .map(|word| word.trim_matches(['.', '-']))
        .filter(|word| !word.is_empty())
}

/// `participants`, `Content-Type`, `@odata.type`, `info[].id`: ASCII without blanks.
pub(super) fn is_name(text: &str) -> bool {
    let starts = |c: char| c.is_ascii_alphabetic() || matches!(c, '@' | '$' | '_');
    text.starts_with(starts)
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"@$._-[]/:".contains(&b))
}

/// `clientContext`: a small letter first, a capital inside.
pub(in crate::extract) fn is_camel_case(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.len() > 3
        && word.bytes().all(|b| b.is_ascii_alphanumeric())
        && word.bytes().skip(2).any(|b| b.is_ascii_uppercase())
}

/// `Calls.InitiateGroupCalls.All`: words that begin with a capital, joined by dots.
pub(in crate::extract) fn is_permission(word: &str) -> bool {
    let mut parts = word.split('.');
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    word.contains('.') && parts.all(is_part)
}

/// True for a link whose text is the name of the page that it leads to.
fn is_named_by(text: &str, target: &str) -> bool {
    let name = text.trim();
    cell::is_identifier(name)
        && prose::stem(target).is_some_and(|stem| stem.eq_ignore_ascii_case(name))
}

/// The pieces of a text, separated so that no word goes on in the next piece.
pub(super) fn apart(text: &Text) -> String {
    let pieces = text.pieces.iter().map(|piece| match piece {
        Piece::Plain(text) | Piece::Code(text) | Piece::Link { text, .. } => text.as_str(),
    });
    pieces.collect::<Vec<_>>().join("\u{0}")
}

/// True if a text has a name as a whole word.
pub(super) fn has(text: &str, name: &str, place: Place) -> bool {
    // Names of header fields are compared without regard to case (RFC 9110 section 5.1).
    if place == Place::HeaderName {
        return find_ignoring_case(text, name).is_some();
    }
    find_word(text, name, is_part).is_some()
}

fn find_ignoring_case(text: &str, name: &str) -> Option<usize> {
    find_word(
        &text.to_ascii_lowercase(),
        &name.to_ascii_lowercase(),
        is_part,
    )
}

const fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The whole words of a text that are equal to a name apart from blanks and case.
pub(super) fn resembling(piece: &Piece, name: &str) -> Option<String> {
    let (Piece::Plain(text) | Piece::Code(text) | Piece::Link { text, .. }) = piece;
    if let Some(at) = find_ignoring_case(text, name) {
        return Some(text[at..at + name.len()].to_owned());
    }
    let words: Vec<_> = text.split_whitespace().collect();
    let bare = name.split_whitespace().collect::<String>();
    (2..=4).find_map(|length| {
        let mut parts = words.windows(length);
        let part = parts.find(|part| {
            let joined = part.concat();
            joined.trim_matches(['.', ',']).eq_ignore_ascii_case(&bare)
        })?;
        Some(part.join(" "))
    })
}

/// The effect of a translation on a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Translated,
    Split,
    Case,
    Lost,
}

/// The fate of a name, if `now` stands in its place.
pub(super) fn fate(name: &str, now: &str) -> Fate {
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    if bare(now) == bare(name) {
        Fate::Split
    } else if bare(now).eq_ignore_ascii_case(&bare(name)) {
        Fate::Case
    } else if now.chars().any(char::is_alphabetic) {
        Fate::Translated
    } else {
        Fate::Lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_their_form() {
        for (word, camel, permission) in [
            ("clientContext", true, false),
            ("String", false, false),
            ("iOS", false, false),
            ("Calls.InitiateGroupCalls.All", false, true),
            ("CallRecord-PstnCalls.Read.All", false, true),
            ("InitiateGroupCalls", false, false),
            ("iPad", false, false),
            ("status", false, false),
            ("e.g", false, false),
        ] {
            assert_eq!(is_camel_case(word), camel, "{word}");
            assert_eq!(is_permission(word), permission, "{word}");
        }
        assert!(is_name("Content-Type") && is_name("@odata.type"));
        assert!(!is_name("client context") && !is_name("Контекст") && !is_name(""));
    }

    #[test]
    fn a_name_is_a_whole_word() {
        assert!(has("的status，", "status", Place::Prose));
        assert!(!has("substatus statuses", "status", Place::Prose));
        assert!(!has("Content-type", "Content-Type", Place::Prose));
        assert!(has("Content-type", "Content-Type", Place::HeaderName));
    }

    #[test]
    fn only_whole_words_resemble_a_name() {
        let of = |text: &str| resembling(&Piece::Plain(text.to_owned()), "callId");
        for (text, expected) in [
            ("the callIds of it", None),
            ("my_callid", None),
            ("the CallID of it", Some("CallID")),
            ("callIds，CALLID。", Some("CALLID")),
            ("the call Id, then", Some("call Id,")),
        ] {
            assert_eq!(of(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_fate_of_a_name() {
        for (now, expected) in [
            ("Calls. Read", Fate::Split),
            ("CALLS.READ", Fate::Case),
            ("Calls. ЧТЕНИЕ", Fate::Translated),
            ("", Fate::Lost),
        ] {
            assert_eq!(fate("Calls.Read", now), expected, "{now}");
        }
    }
}
