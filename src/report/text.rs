//! Text that all reports use: colours, the difference of two texts, and placeholders for values that are not judged.

use std::borrow::Cow;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, DiffOp, TextDiff};

use crate::api::identifier::is_guid;
use crate::diagnostic::place::{printable, steers};
use crate::redact;

/// The width and the colour of text for people. The entry decides them once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub colour: bool,
    pub width: usize,
}

impl Look {
    /// For files and pipes.
    pub(crate) const PLAIN: Self = Self {
        colour: false,
        width: 100,
    };

    pub(crate) fn success(self, text: &str) -> String {
        self.styled(AnsiColor::Green.on_default().bold(), text)
    }

    pub(crate) fn failure(self, text: &str) -> String {
        self.styled(AnsiColor::Red.on_default().bold(), text)
    }

    pub(crate) fn warning(self, text: &str) -> String {
        self.styled(AnsiColor::Yellow.on_default().bold(), text)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.styled(Style::new().dimmed(), text)
    }

    pub(crate) fn removed(self, text: &str) -> String {
        self.styled(AnsiColor::Red.on_default(), text)
    }

    pub(crate) fn added(self, text: &str) -> String {
        self.styled(AnsiColor::Green.on_default(), text)
    }

    /// A part of a line that was removed, added or neither.
    fn word(self, tag: ChangeTag, is_changed: bool, text: &str) -> String {
        let style = match tag {
            ChangeTag::Equal => return text.to_owned(),
            ChangeTag::Delete => AnsiColor::Red.on_default(),
            ChangeTag::Insert => AnsiColor::Green.on_default(),
        };
        match (is_changed, text.is_empty()) {
            (_, true) => String::new(),
            (true, false) => self.styled(style.bold().underline(), text),
            (false, false) => self.styled(style, text),
        }
    }

    fn styled(self, style: Style, text: &str) -> String {
        if self.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// Who reads the log that text goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    People,
    /// The runner of a CI job, which takes some lines for commands.
    Runner,
}

/// Text without characters that steer a terminal, but for line ends, tabs and, with `colour`, colours; in the log of a runner,
/// without commands: `::name::` at the start of a line, `##[name]` and `##vso[name]` anywhere ("Workflow commands for
/// GitHub Actions", "Logging commands" of Azure Pipelines).
pub(crate) fn shown(text: &str, colour: bool, log: Log) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match colour_at(rest) {
            Some(length) if colour => {
                safe.push_str(&rest[..length]);
                length
            }
            _ => {
                let is_kept = !steers(c) || matches!(c, '\n' | '\t');
                safe.push(if is_kept {
                    c
                } else {
                    char::REPLACEMENT_CHARACTER
                });
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    if log == Log::People {
        return safe;
    }
    let lines: Vec<_> = safe.split('\n').map(without_commands).collect();
    lines.join("\n")
}

/// The length of a colour sequence at the start of a text: `ESC [`, digits and semicolons, `m`.
fn colour_at(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters[end..].starts_with('m').then_some(2 + end + 1)
}

fn without_commands(line: &str) -> String {
    let line = line.replace("##[", "## [").replace("##vso[", "##vso [");
    let start = line.trim_start();
    if start.starts_with("::") {
        let blanks = &line[..line.len() - start.len()];
        return format!("{blanks}: {}", &start[1..]);
    }
    line
}

/// JSON of the same value, in which characters that steer a terminal, and commands to the runner of a CI job, are
/// written as escapes.
pub(crate) fn escaped(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if steers(c) && !c.is_ascii_whitespace() {
            let _ = write!(safe, "\\u{:04x}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    // Outside of strings JSON has no number sign.
    safe.replace("##", "#\\u0023")
}

/// Two values, of which long ones are cut to what is around their first difference.
pub(crate) fn around_difference<'t>(one: &'t str, other: &'t str) -> [Cow<'t, str>; 2] {
    /// The most bytes that are shown of a value, and those of them that are before the difference.
    const MOST: usize = 2048;
    const BEFORE: usize = 256;
    let bytes = one.bytes().zip(other.bytes());
    let from = bytes
        .take_while(|(a, b)| a == b)
        .count()
        .saturating_sub(BEFORE);
    [one, other].map(|text| {
        if one.len().max(other.len()) <= MOST {
            return text.into();
        }
        let boundary = |at: usize| {
            let mut boundaries = (0..=at.min(text.len())).rev();
            boundaries
                .find(|it| text.is_char_boundary(*it))
                .unwrap_or(0)
        };
        let from = boundary(from);
        let end = boundary(from + MOST);
        let left_out = |bytes: usize| match bytes {
            0 => String::new(),
            bytes => format!("… ({bytes} bytes)"),
        };
        let (before, behind) = (left_out(from), left_out(text.len() - end));
        format!("{before}{}{behind}", &text[from..end]).into()
    })
}

/// The difference of two texts, with all lines of both.
pub(crate) fn whole_difference(old: &str, new: &str, look: Look) -> String {
    let diff = TextDiff::from_lines(old, new);
    diff.ops().iter().map(|op| lines(&diff, op, look)).collect()
}

/// The changed lines, with three lines around each.
pub(crate) fn changed_lines(old: &str, new: &str, look: Look) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut text = String::new();
    for (number, group) in diff.grouped_ops(3).iter().enumerate() {
        if number > 0 {
            text.push_str("    ...\n");
        }
        text.extend(group.iter().map(|op| lines(&diff, op, look)));
    }
    text
}

/// The lines of one change, in which the changed words are marked.
fn lines<'t>(diff: &TextDiff<'t, 't, str>, op: &DiffOp, look: Look) -> String {
    let mut text = String::new();
    for change in diff.iter_inline_changes(op) {
        let tag = change.tag();
        let sign = match tag {
            ChangeTag::Equal => "  ".to_owned(),
            ChangeTag::Delete => look.removed("- "),
            ChangeTag::Insert => look.added("+ "),
        };
        text.push_str("    ");
        text.push_str(&sign);
        for (is_changed, part) in change.iter_strings_lossy() {
            let part = printable(part.trim_end_matches(['\n', '\r']));
            text.push_str(&look.word(tag, is_changed, &part));
        }
        text.push('\n');
    }
    text
}

/// Two texts of one line, the old one first, in which the words that differ are marked.
pub(crate) fn changed_words(old: &str, new: &str, look: Look) -> (String, String) {
    let diff = TextDiff::from_words(old, new);
    let is_alike = diff.ratio() > 0.3;
    let (mut removed, mut added) = (String::new(), String::new());
    for change in diff.iter_all_changes() {
        let is_changed = is_alike && change.tag() != ChangeTag::Equal;
        if change.tag() != ChangeTag::Insert {
            removed.push_str(&look.word(ChangeTag::Delete, is_changed, change.value()));
        }
        if change.tag() != ChangeTag::Delete {
            added.push_str(&look.word(ChangeTag::Insert, is_changed, change.value()));
        }
    }
    (removed, added)
}

/// A line with the placeholders `{time}`, `{etag}`, `{guid}`, `{origin}` and `{secret}`.
pub(crate) fn normalized(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while !rest.is_empty() {
        let (length, placeholder) = placeholder_at(rest, text.chars().next_back());
        match placeholder {
            Some(placeholder) => text.push_str(placeholder),
            None => text.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    text
}

/// The placeholder for the start of a text, and the length that it replaces; else one character.
fn placeholder_at(text: &str, before: Option<char>) -> (usize, Option<&'static str>) {
    let inside_word = before.is_some_and(char::is_alphanumeric);
    let end = |is_part: fn(char) -> bool| text.find(|c| !is_part(c)).unwrap_or(text.len());
    if let Some(scheme) = ["http://", "https://"]
        .iter()
        .find(|s| text.starts_with(**s))
    {
        let host = text[scheme.len()..].find(['/', '"', ' ']);
        let length = scheme.len() + host.unwrap_or(text.len() - scheme.len());
        return (length, Some("{origin}"));
    }
    if let Some(tag) = text.strip_prefix("W/\\\"") {
        let quoted = tag.find("\\\"").map_or(text.len(), |at| 4 + at + 2);
        return (quoted, Some("{etag}"));
    }
    if !inside_word {
        if let Some(length) = redact::pseudonym_at_start(text) {
            return (length, Some("{secret}"));
        }
        let guid = end(|c| c.is_ascii_hexdigit() || c == '-');
        if is_guid(&text[..guid]) {
            return (guid, Some("{guid}"));
        }
        let time = end(|c| c.is_ascii_digit() || "-:.TZ+".contains(c));
        if time >= 19 && text[..time].contains('T') {
            return (time, Some("{time}"));
        }
    }
    (text.chars().next().map_or(1, char::len_utf8), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_steers_neither_terminals_nor_runners() {
        for (text, people, runner) in [
            ("a\tb\nc", "a\tb\nc", "a\tb\nc"),
            (
                "\u{1b}[2J\u{202e}x\r",
                "\u{fffd}[2J\u{fffd}x\u{fffd}",
                "\u{fffd}[2J\u{fffd}x\u{fffd}",
            ),
            (
                " \u{a0}::error::x\n::",
                " \u{a0}::error::x\n::",
                " \u{a0}: :error::x\n: :",
            ),
            (
                "a ::b:: ##[c]d##vso[e]",
                "a ::b:: ##[c]d##vso[e]",
                "a ::b:: ## [c]d##vso [e]",
            ),
        ] {
            assert_eq!(shown(text, false, Log::People), people, "{text:?}");
            assert_eq!(shown(text, false, Log::Runner), runner, "{text:?}");
        }
        let coloured = "\u{1b}[1;31mx\u{1b}[0m\u{1b}[2K";
        let shown = shown(coloured, true, Log::People);
        assert_eq!(shown, "\u{1b}[1;31mx\u{1b}[0m\u{fffd}[2K");
    }

    #[test]
    fn escaped_json_has_the_same_value() {
        let value = serde_json::json!({"\u{202e}##[a]": "\u{7f}\u{9b}##vso[b]\u{1}#"});
        let text = serde_json::to_string_pretty(&value).expect("JSON");
        let escaped = escaped(&text);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&escaped).expect("JSON"),
            value
        );
        assert!(!escaped.contains("##") && escaped.is_ascii(), "{escaped}");
    }

    #[test]
    fn changes_show_their_surroundings() {
        let old: String = ["a", "b", "c", "d", "e", "f"]
            .map(|it| format!("{it}\n"))
            .concat();
        let new = old.replace('f', "g");
        let shown = changed_lines(&old, &new, Look::PLAIN);
        assert_eq!(shown, "      c\n      d\n      e\n    - f\n    + g\n");
        assert_eq!(changed_lines(&old, &old, Look::PLAIN), "");
    }

    #[test]
    fn long_values_are_cut_around_their_difference() {
        assert_eq!(around_difference("äb", "äc"), ["äb", "äc"]);
        let one = "ä".repeat(4000);
        let other = format!("{}b{}", &one[..6000], &one[6000..]);
        let [shown, of_other] = around_difference(&one, &other);
        assert_eq!(
            *shown,
            format!("… (5744 bytes){}… (208 bytes)", "ä".repeat(1024))
        );
        assert!(
            of_other.contains("äbä") && of_other.ends_with("ä… (210 bytes)"),
            "{of_other}"
        );
        let [short, long] = around_difference("", &one);
        assert!(short.is_empty() && long.len() < 2100);
    }

    #[test]
    fn values_that_differ_from_run_to_run_have_placeholders() {
        for (line, expected) in [
            (
                "POST http://127.0.0.1:8080/calls/57dab8b1-894c-409a-b240-bd8beae78896",
                "POST {origin}/calls/{guid}",
            ),
            ("\"at\": \"2026-01-01T00:00:00Z\"", "\"at\": \"{time}\""),
            (
                "\"s\": \"redacted-jwt-0123456789ab\"",
                "\"s\": \"{secret}\"",
            ),
            ("\"e\": \"W/\\\"1\\\"\"", "\"e\": \"{etag}\""),
            (
                "x57dab8b1894c409ab240bd8beae78896",
                "x57dab8b1894c409ab240bd8beae78896",
            ),
        ] {
            assert_eq!(normalized(line), expected);
        }
    }
}
