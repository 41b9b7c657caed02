//! Finds the value beside a name: its beginning, and its end by the grammar of its place.

use std::ops::Range;

use super::harmless::{Quoted, looks_random};
use super::view::View;

/// The most blanks between a name and its value.
const BLANKS: usize = 64;

/// What stands between a name and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// `=`, `:=`, `=>`.
    Equals,
    Colon,
    /// `:: ` of LDIF (RFC 2849).
    Base64,
    /// `==`, ` eq `: a value in quotes is the one that is compared.
    Compare,
    /// `||`, `??`, `or`: a value in quotes is that of a variable without one.
    Default,
    /// `,` behind a name in quotes: an argument or an item of a list.
    Comma,
    /// A blank behind a flag, or in a language of words.
    Blank,
}

/// The text in which a name stands, which decides how a value without quotes ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Prose, logs, code.
    Running,
    /// A form or the query of a URL: up to `&`.
    Form,
    /// YAML, properties, `.env`: up to the end of the line.
    Lines,
}

/// A value as it stands in the text, and what it stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub place: Range<usize>,
    pub decoded: String,
    pub quoted: Quoted,
}

/// What stands between names and values. Of two that begin alike, the longer one is first.
const LINKS: [(&str, Link); 28] = [
    ("===", Link::Compare),
    ("!==", Link::Compare),
    ("==", Link::Compare),
    ("!=", Link::Compare),
    ("=>", Link::Equals),
    ("=", Link::Equals),
    (":=", Link::Equals),
    ("?=", Link::Equals),
    ("+=", Link::Equals),
    (":: ", Link::Base64),
    ("::", Link::Compare),
    (":", Link::Colon),
    ("：", Link::Colon),
    ("＝", Link::Equals),
    ("->", Link::Equals),
    ("→", Link::Equals),
    ("⇒", Link::Equals),
    ("eq ", Link::Compare),
    ("ne ", Link::Compare),
    ("LIKE ", Link::Compare),
    ("like ", Link::Compare),
    (",", Link::Comma),
    ("||=", Link::Equals),
    ("||", Link::Default),
    ("??=", Link::Equals),
    ("??", Link::Default),
    ("?:", Link::Default),
    ("or ", Link::Default),
];

/// Verbs between a name and its value.
pub(super) const VERBS: [&str; 8] = ["is", "was", "are", "reads", "lautet", "ist", "est", "es"];

/// The length of a verb before a colon: `the password is: …`.
fn verb(text: &str) -> usize {
    let length = text
        .find(|it: char| !it.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (word, behind) = text.split_at(length);
    let colon = behind.trim_start_matches([' ', '\u{a0}']);
    let is_it =
        VERBS.iter().any(|it| it.eq_ignore_ascii_case(word)) && colon.starts_with([':', '：']);
    if is_it { text.len() - colon.len() } else { 0 }
}

/// Where the value of a name begins that ends at `end`, and what is between them.
pub(super) fn link(text: &str, end: usize) -> Option<(usize, Link, bool)> {
    let mut at = end;
    let rest = |at: usize| &text[at..];
    let mut is_quoted = false;
    let slashes = rest(at).bytes().take_while(|it| *it == b'\\').count();
    for close in [
        "\"", "'", "`", "”", "’", "»", "&quot;", "&#34;", "&#39;", "%22", "%27",
    ] {
        if rest(at + slashes).starts_with(close) {
            at += slashes + close.len();
            is_quoted = true;
            break;
        }
    }
    for close in ["]", "[]", "]'", "]\"", "**", "__", "*", ")"] {
        if rest(at).starts_with(close) {
            at += close.len();
            is_quoted |= close.ends_with(['\'', '"']);
            break;
        }
    }
    at += blanks(rest(at), is_quoted);
    if rest(at).starts_with("(\"") || rest(at).starts_with("('") {
        // A call that sets it.
        return Some((at + 1, Link::Comma, false));
    }
    at += verb(rest(at));
    let (sign, link) = LINKS
        .into_iter()
        .find(|(sign, link)| rest(at).starts_with(sign) && (*link != Link::Base64 || at == end))?;
    if link == Link::Comma && !is_quoted {
        return None;
    }
    at += sign.len();
    for marks in ["**", "__", "*"] {
        if rest(at).starts_with(marks) && rest(at)[marks.len()..].starts_with(' ') {
            at += marks.len();
        }
    }
    at += blanks(rest(at), is_quoted);
    if link == Link::Colon {
        at = behind_type(text, at);
    }
    Some((at, link, is_quoted))
}

/// Where the value begins behind the type of a variable: `password: str = "…"`.
fn behind_type(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let ends = |it: char| !(it.is_ascii_alphanumeric() || "_.<>&|[]?".contains(it));
    let word = rest.find(ends).filter(|it| *it > 0);
    let behind = word.and_then(|word| {
        let sign = rest[word..].strip_prefix(" = ")?;
        sign.starts_with(['"', '\'', '`']).then_some(word + 3)
    });
    at + behind.unwrap_or(0)
}

fn blanks(text: &str, lines_too: bool) -> usize {
    let is_blank =
        |it: &u8| matches!(it, b' ' | b'\t') || (lines_too && matches!(it, b'\n' | b'\r'));
    let most = text.len().min(BLANKS);
    text.as_bytes()[..most]
        .iter()
        .take_while(|it| is_blank(it))
        .count()
}

/// The value that begins at `start`; none where nothing is there.
pub(super) fn value(
    text: &str,
    start: usize,
    link: Link,
    style: Style,
    name: usize,
) -> Option<Value> {
    if let Some(value) = quoted(text, start) {
        return Some(value);
    }
    if matches!(link, Link::Compare | Link::Comma | Link::Default) {
        return None;
    }
    Some(unquoted(text, start, link, style, name))
}

/// A value in quotes: up to the closing quote with the escapes of its language, or to the end.
pub(super) fn quoted(text: &str, start: usize) -> Option<Value> {
    let rest = &text[start..];
    for (open, close) in [
        ("“", "”"),
        ("„", "“"),
        ("«", "»"),
        ("‹", "›"),
        ("‘", "’"),
        ("「", "」"),
        ("『", "』"),
        ("\"\"\"", "\"\"\""),
        ("'''", "'''"),
        ("&quot;", "&quot;"),
        ("&#34;", "&#34;"),
        ("&#39;", "&#39;"),
        ("&apos;", "&apos;"),
        ("%22", "%22"),
    ] {
        if let Some(inner) = rest.strip_prefix(open) {
            let end = inner.find(close).unwrap_or(inner.len());
            let from = start + open.len();
            return Some(plain(text, from..from + end, Quoted::Yes));
        }
    }
    let bytes = rest.as_bytes();
    let prefix = bytes
        .iter()
        .take_while(|it| b"rbfuRBFUN@$".contains(it))
        .count();
    let prefix = if prefix <= 2 && matches!(bytes.get(prefix), Some(b'"' | b'\'')) {
        prefix
    } else {
        0
    };
    let slashes = bytes[prefix..]
        .iter()
        .take_while(|it| **it == b'\\')
        .count();
    let quote = *bytes.get(prefix + slashes)?;
    if !matches!(quote, b'"' | b'\'' | b'`') || !(slashes + 1).is_power_of_two() {
        return None;
    }
    let from = start + prefix + slashes + 1;
    let end = closing(text.as_bytes(), from, quote, slashes);
    let inner = &text[from..end];
    Some(Value {
        place: from..end,
        decoded: unescaped(inner, quote, slashes),
        quoted: Quoted::Yes,
    })
}

/// The offset of the closing quote, which has as many backslashes before it as the opening one.
fn closing(bytes: &[u8], from: usize, quote: u8, slashes: usize) -> usize {
    let mut at = from;
    while let Some(found) = memchr::memchr(quote, &bytes[at..]) {
        at += found;
        let before = bytes[from..at]
            .iter()
            .rev()
            .take_while(|it| **it == b'\\')
            .count();
        if before < slashes {
            // The text around it ends first.
            return at - before;
        }
        let unit = slashes + 1;
        let is_escaped = before % (2 * unit) != slashes;
        let is_last = || {
            // A path of Windows may end with a backslash, where the language has no such escapes.
            let next = bytes[at + 1..]
                .iter()
                .find(|it| !matches!(it, b' ' | b'\t'));
            quote == b'\''
                && slashes == 0
                && matches!(next, Some(b';' | b',' | b')' | b'\n' | b'\r') | None)
        };
        let is_doubled = slashes == 0
            && bytes.get(at + 1) == Some(&quote)
            && (at > from || bytes.get(at + 2) == Some(&quote));
        if is_doubled {
            at += 2;
        } else if is_escaped && !is_last() {
            at += 1;
        } else {
            return at - slashes.min(at - from);
        }
    }
    bytes.len()
}

fn unescaped(inner: &str, quote: u8, slashes: usize) -> String {
    let mut text = inner.to_owned();
    let mut unit = slashes + 1;
    while unit > 0 && text.contains('\\') {
        let is_words =
            quote == b'\'' && slashes == 0 && !text.contains("\\'") && !text.contains("\\\\");
        if is_words {
            break;
        }
        text = View::json(&text).text;
        unit /= 2;
    }
    let (one, two) = match quote {
        b'"' => ("\"", "\"\""),
        b'\'' => ("'", "''"),
        _ => return text,
    };
    if text.contains(two) {
        text.replace(two, one)
    } else {
        text
    }
}

pub(super) fn plain(text: &str, place: Range<usize>, quoted: Quoted) -> Value {
    let decoded = text[place.clone()].to_owned();
    Value {
        place,
        decoded,
        quoted,
    }
}

fn unquoted(text: &str, start: usize, between: Link, style: Style, name: usize) -> Value {
    let rest = window(text, start);
    let line = &rest[..memchr::memchr2(b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len())];
    if style == Style::Form || is_in_query(text, name) {
        let ends = |it: char| it == '&' || it == '#' || it.is_whitespace() || "\"<>`".contains(it);
        let end = if style == Style::Form {
            line.find('&')
        } else {
            line.find(ends)
        };
        let inner = &line[..end.unwrap_or(line.len())];
        let view = View::percent(inner, true);
        return Value {
            place: start..start + inner.len(),
            decoded: view.map_or_else(|| inner.to_owned(), |it| it.text),
            quoted: Quoted::No,
        };
    }
    if let Some(value) = braced(text, start) {
        return value;
    }
    if is_in_path(text, name) {
        let end = line.find(|it: char| it.is_whitespace() || "/?#;&\"'<>`".contains(it));
        return plain(text, start..start + end.unwrap_or(line.len()), Quoted::No);
    }
    let is_connection =
        between == Link::Equals && text[..name].trim_end_matches(' ').ends_with(';');
    let is_line = style == Style::Lines || begins_line(text, name);
    let end = if is_connection {
        // The next pair of a connection string.
        line.find([';', '"']).unwrap_or(line.len())
    } else if between != Link::Blank && is_line && is_whole_line(line, between, style) {
        without_comment(line).len()
    } else {
        first_word(line, &text[line_begin(text, name)..name])
    };
    let mut inner = line[..end].trim_end();
    if let Some(end) = next_pair(inner) {
        inner = inner[..end].trim_end_matches([';', ' ', '&']);
    }
    plain(text, start..start + inner.len(), Quoted::No)
}

/// The text from an offset on, up to the longest value that is read by the grammar of its line.
fn window(text: &str, start: usize) -> &str {
    const LONGEST: usize = 512;
    let mut end = text.len().min(start + LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[start..end]
}

/// The end of a value of which only the beginning was read: that of its word.
pub(super) fn whole_end(text: &str, value: &Value) -> usize {
    let end = value.place.end;
    if value.quoted == Quoted::Yes || end - value.place.start < 500 {
        return end;
    }
    let ends = |it: char| it.is_whitespace() || matches!(it, '"' | '\'' | '&' | '<');
    text[end..].find(ends).map_or(text.len(), |it| end + it)
}

/// True if the name is that of a parameter of a URL.
fn is_in_query(text: &str, name: usize) -> bool {
    matches!(text.as_bytes()[..name].last(), Some(b'?' | b'&' | b'#'))
        && !text[..name].ends_with("&&")
}

/// True if the name is that of a parameter of a segment of a path: `/page;session=…`.
fn is_in_path(text: &str, name: usize) -> bool {
    let Some(before) = text[..name].strip_suffix(';') else {
        return false;
    };
    let before = &before[line_begin(before, before.len())..];
    let ends = |it: char| it.is_whitespace() || "\"'<>`,(".contains(it);
    let word = before.rsplit(ends).next().unwrap_or_default();
    // The pairs of a connection string may hold URLs too.
    let scheme = word.split("://").next().unwrap_or_default();
    let is_url = scheme.len() < word.len() && scheme.bytes().all(|it| it.is_ascii_alphabetic());
    (word.starts_with('/') || is_url) && !word.contains(['?', '#'])
}

/// The value in braces of a connection string (ODBC), in which `}}` is a brace.
fn braced(text: &str, start: usize) -> Option<Value> {
    let inner = text[start..].strip_prefix('{')?;
    if inner.starts_with(['{', '%']) {
        return None;
    }
    let mut at = 0;
    let end = loop {
        at += inner[at..].find('}')?;
        if !inner[at + 1..].starts_with('}') {
            break at;
        }
        at += 2;
    };
    if !matches!(
        inner.as_bytes().get(end + 1),
        None | Some(b';' | b'"' | b'\'')
    ) {
        return None;
    }
    let place = start + 1..start + 1 + end;
    Some(Value {
        decoded: inner[..end].replace("}}", "}"),
        place,
        quoted: Quoted::Yes,
    })
}

fn line_begin(text: &str, at: usize) -> usize {
    const LOOK: usize = 200;
    let mut from = at.saturating_sub(LOOK);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text[from..at]
        .rfind(['\n', '\r'])
        .map_or(from, |it| from + it + 1)
}

/// True if the name begins its line, behind words such as `export`.
pub(super) fn begins_line(text: &str, name: usize) -> bool {
    let begin = line_begin(text, name);
    if name - begin > 60 {
        return false;
    }
    let before = text[begin..name]
        .trim_start_matches([' ', '\t', '-', '#', ';', '"', '\'', '*', '>', '$', '+', '.']);
    let words = [
        "export", "set", "setx", "env", "arg", "declare", "local", "-x", "const", "let", "var",
        "data:",
    ];
    before.split_ascii_whitespace().all(|word| {
        words.iter().any(|it| it.eq_ignore_ascii_case(word)) || word.eq_ignore_ascii_case("$env:")
    })
}

/// Words behind the first word of a value that make it one of a sentence.
const SENTENCE: &[&str] = &[
    "is", "was", "for", "and", "or", "on", "in", "to", "of", "by", "with", "has", "have", "not",
    "failed", "expired", "expires", "ist", "war", "und", "bis", "est", "es", "at", "from", "but",
    "did", "does", "will", "rejected", "accepted", "until", "works", "worked", "please",
];

/// True if the value is the rest of its line, and not a word of a sentence.
fn is_whole_line(line: &str, between: Link, style: Style) -> bool {
    let Some((first, others)) = line.trim_end().split_once([' ', '\t']) else {
        return true;
    };
    if style == Style::Lines {
        return true;
    }
    if between == Link::Equals && others.contains(" -") {
        // A command behind a variable of its environment.
        return false;
    }
    let second = others
        .trim_start()
        .split([' ', ',', '.'])
        .next()
        .unwrap_or_default();
    let second = second.to_ascii_lowercase();
    let is_sentence = SENTENCE.contains(&second.as_str())
        || second.starts_with(['(', '—', '–', '|', '&', '>', '<', '\\'])
        || second == "-"
        || second == "??"
        || second == "//";
    let ends = [',', '.', ';', '!', '?'];
    let is_word = between == Link::Colon
        && first.ends_with(ends)
        && looks_random(first.trim_end_matches(ends));
    !(is_sentence || is_word)
}

/// The line without a comment behind a space.
fn without_comment(line: &str) -> &str {
    let end = [" #", "\t#", " //"]
        .into_iter()
        .filter_map(|it| line.find(it))
        .min();
    line[..end.unwrap_or(line.len())].trim_end()
}

/// The end of the first word of a line, without the punctuation of the sentence around it.
fn first_word(line: &str, before: &str) -> usize {
    let ends = |it: char| {
        it.is_whitespace()
            || matches!(
                it,
                '"' | '`' | '<' | '>' | '，' | '。' | '；' | '、' | '”' | '“' | '」' | '»' | '|'
            )
    };
    let mut word = &line[..line.find(ends).unwrap_or(line.len())];
    while let Some(last) = word.chars().last() {
        let opens = |open: char, close: char| {
            word.matches(open).count() < word.matches(close).count() || before.contains(open)
        };
        let is_around = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '…' | '！' | '？' | '\\' => true,
            ')' => opens('(', ')'),
            ']' => opens('[', ']'),
            '}' => opens('{', '}'),
            _ => false,
        };
        if !is_around {
            break;
        }
        word = &word[..word.len() - last.len_utf8()];
    }
    if word.is_empty() {
        return 0;
    }
    word.len()
}

/// Where the next pair of a connection string or of a log line begins within a value: `;name=`, `&name=`, ` name=`.
fn next_pair(value: &str) -> Option<usize> {
    const LONGEST: usize = 40;
    let bytes = value.as_bytes();
    for (at, byte) in value.bytes().enumerate() {
        if !matches!(byte, b';' | b'&' | b' ' | b',') {
            continue;
        }
        let window = &bytes[at + 1..bytes.len().min(at + LONGEST + 4)];
        let window = &window[window.iter().take(2).take_while(|it| **it == b' ').count()..];
        let is_name = |it: &u8| {
            it.is_ascii_alphanumeric() || b"_-.[]".contains(it) || (*it == b' ' && byte == b';')
        };
        let (name, behind) = window.split_at(window.iter().take_while(|it| is_name(it)).count());
        let name = name.trim_ascii_end();
        let is_flag = byte == b' ' && name.starts_with(b"--") && name.len() > 3;
        let is_pair = behind.starts_with(b"=")
            || behind.starts_with(b" =")
            || (byte == b',' && behind.starts_with(b": "));
        if is_flag || (is_pair && name.first().is_some_and(u8::is_ascii_alphabetic)) {
            return Some(at);
        }
    }
    value
        .ends_with(';')
        .then(|| value.trim_end_matches(';').len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(String, Link)> {
        let name = text.find("password").unwrap();
        let (start, link, _) = link(text, name + "password".len())?;
        let value = value(text, start, link, Style::Running, name)?;
        Some((value.decoded, link))
    }

    #[test]
    fn a_value_ends_as_its_place_ends_it() {
        for (text, expected) in [
            (r#"{"password": "a \"b\" c", "x": 1}"#, r#"a "b" c"#),
            (r#"{\"password\": \"a b\", \"x\": 1}"#, "a b"),
            ("password='it''s a b', x", "it's a b"),
            ("password=\"a b", "a b"),
            ("password: “a, b” x", "a, b"),
            ("Uid=sa;password={a;b}}c};x=y", "a;b}c"),
            ("Uid=sa;password=a b;x=y", "a b"),
            ("password=a;b-c#d\nx=y", "a;b-c#d"),
            ("a=b password=c,d;e attempt=2", "c,d;e"),
            ("a=b&password=c%26d&x", "c&d"),
            ("export password=a b # why", "a b"),
            ("password=a1 psql -h b", "a1"),
            ("endpoint=https://h/;password=a/b==", "a/b=="),
            ("/p;password=a1?b=c", "a1"),
            ("the password is: a1b2", "a1b2"),
            ("the (password: a1b2c3).", "a1b2c3"),
            ("password: str = 'a b'", "a b"),
        ] {
            assert_eq!(of(text).map(|it| it.0).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(of("if (password===null) return"), None);
        assert_eq!(of("the password must have"), None);
    }
}
