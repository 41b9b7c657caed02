//! Secrets in the expressions of programs: arguments of a call, defaults, lines between words, lists of one, and the
//! password of a call with a user.

use std::ops::Range;

use super::assigned::is_secret_value;
use super::harmless::{Quoted, has_mixed_word, is_like_secret, looks_random};
use super::names::{Named, is_scheme, named_anywhere, plain};
use super::rules::rules;
use super::scan::window_end;
use super::value::{self, Value, quoted};

/// The longest expression in bytes that is read.
const LONGEST: usize = 512;

/// What a text in quotes is within the expression that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// `f("…")`, `a ? "…" : "…"`: it may be a name or a message too.
    Argument,
    /// `a || "…"`: the value, where there is no other.
    Default,
    /// Behind a word and a blank: `Command -Option "…"`.
    Word,
}

/// The secrets in quotes of an expression that begins here and is assigned to a secret name, and where the expression
/// ends; none where it is no expression.
pub(super) fn literals(text: &str, start: usize, known: Named) -> (Vec<Value>, usize) {
    let text = &text[..window_end(text, start, LONGEST)];
    let mut reader = Reader {
        text,
        at: start,
        known,
        role: None,
        depth: 0,
        words: 0,
        is_spaced: text[..start].ends_with(' '),
        found: Vec::new(),
    };
    while reader.step().is_some() {}
    (reader.found, reader.at)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    known: Named,
    /// None before the first word.
    role: Option<Role>,
    depth: usize,
    /// The words outside of parentheses that no operator is between.
    words: usize,
    is_spaced: bool,
    found: Vec<Value>,
}

impl Reader<'_> {
    /// Reads the next token. None at the end of the expression.
    fn step(&mut self) -> Option<()> {
        const OPERATORS: [&str; 5] = ["||", "??", "&&", "?:", "//"];
        let rest = &self.text[self.at..];
        let first = rest.chars().next()?;
        let is_within = self.depth > 0;
        if let Some(operator) = OPERATORS.iter().find(|it| rest.starts_with(**it)) {
            self.role?;
            if !is_within {
                (self.role, self.words) = (Some(Role::Default), 0);
            }
            self.at += operator.len();
            return Some(());
        }
        if let Some(literal) = quoted(self.text, self.at) {
            return self.literal(literal);
        }
        match first {
            '[' if self.is_behind_word() => {
                // The name of a member.
                self.at += rest.find(']')?;
            }
            '(' | '[' | '{' if self.role.is_some() || first == '(' => {
                self.depth += 1;
                self.role = Some(self.role.unwrap_or(Role::Argument));
            }
            ')' | ']' | '}' if is_within => self.depth -= 1,
            ' ' | '\t' => {}
            '\n' | '\r' | ',' | ';' | '=' | '#' if is_within => {}
            '?' | ':' | '+' if !is_within && self.role.is_some() => {
                (self.role, self.words) = (Some(Role::Argument), 0);
            }
            '!' | '>' | '&' | '*' if self.role.is_some() => {}
            it if is_of_word(it) => return self.word(),
            _ if is_within => {}
            _ => return None,
        }
        self.at += first.len_utf8();
        Some(())
    }

    fn is_behind_word(&self) -> bool {
        self.text[..self.at].ends_with(|it| is_of_word(it) || matches!(it, ')' | ']'))
    }

    fn literal(&mut self, literal: Value) -> Option<()> {
        let role = self.role?;
        let role = if self.depth > 0 { Role::Argument } else { role };
        let behind = self.text.get(literal.place.end + 1..).unwrap_or_default();
        let is_it = is_secret_value(self.known, &literal.decoded)
            && match role {
                Role::Default => true,
                Role::Argument => is_like_secret(&literal.decoded) && !is_name(&literal.decoded),
                Role::Word => self.is_spaced && is_like_secret(&literal.decoded) && is_end(behind),
            };
        self.at = literal.place.end;
        let close = self.text[self.at..].chars().next();
        self.at += close.map_or(0, char::len_utf8);
        if is_it {
            self.found.push(literal);
        }
        Some(())
    }

    fn word(&mut self) -> Option<()> {
        const MOST: usize = 2;
        let rest = &self.text[self.at..];
        let length = rest.find(|it| !is_of_word(it)).unwrap_or(rest.len());
        let word = &rest[..length];
        self.at += length;
        if self.depth > 0 {
            return Some(());
        }
        if self.role.is_none() && (looks_random(word) || has_mixed_word(word)) {
            return None;
        }
        if matches!(word, "or" | "else" | "unless") {
            (self.role, self.words) = (Some(Role::Default), 0);
        } else if self.role.is_none_or(|it| it == Role::Word) {
            let is_modifier = word.starts_with('-') || matches!(word, "await" | "new" | "return");
            self.words += usize::from(!is_modifier);
            self.role = Some(Role::Word);
        }
        (self.words <= MOST).then_some(())
    }
}

/// True for the name of a secret in the spelling of header fields, variables and settings: `X-Api-Key2`.
fn is_name(text: &str) -> bool {
    text.contains(['-', '_', '.']) && named_anywhere(text).is_some()
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$' | '@' | '-' | '.')
}

/// True for a text behind the argument of a command, where no more of a value stands.
fn is_end(behind: &str) -> bool {
    let line = behind.split(['\n', '\r']).next().unwrap_or_default();
    let next = line.trim_start_matches([' ', '\t']);
    next.is_empty() || next.starts_with(['-', ')', ']', '}', ';', ',', '|', '#', '+', '&', '.'])
}

/// The lines between a word and itself: `<<EOT`, `<<~'EOT'`, `<<<EOT`.
pub(super) fn heredoc(text: &str, start: usize) -> Option<Value> {
    const LONGEST: usize = 16_384;
    let text = &text[..window_end(text, start, LONGEST)];
    let sign = text[start..].strip_prefix("<<")?;
    let sign = sign.strip_prefix(['<', '-', '~']).unwrap_or(sign);
    let (word, lines) = sign.split_once('\n')?;
    let word = word.trim().trim_matches(['"', '\'']);
    let is_part = |it: char| it.is_ascii_alphanumeric() || it == '_';
    if word.is_empty() || !word.chars().all(is_part) {
        return None;
    }
    let mut end = text.len() - lines.len();
    let from = end;
    for line in lines.split_inclusive('\n') {
        if line.trim().trim_end_matches([';', ',', ')']) == word {
            break;
        }
        end += line.len();
    }
    let inner = text[from..end].trim();
    let from = from + text[from..end].len() - text[from..end].trim_start().len();
    Some(value::plain(text, from..from + inner.len(), Quoted::Yes))
}

/// The first item of a list, as programs print lists of one: `map[Authorization:[Bearer …]]`, `{X-Api-Key=[…]}`. It has a
/// scheme, or is a secret rather than a word.
pub(super) fn bracketed(text: &str, start: usize) -> Option<Value> {
    const LONGEST: usize = 16_384;
    let open = text[start..].chars().next()?;
    let close = match open {
        '[' => ']',
        '(' => ')',
        '{' => '}',
        '<' => '>',
        _ => return None,
    };
    let rest = &text[start + 1..window_end(text, start, LONGEST)];
    let inner = rest.trim_start_matches(' ');
    let from = start + 1 + rest.len() - inner.len();
    if let Some(value) = quoted(text, from) {
        return (open == '[' && is_like_secret(&value.decoded)).then_some(value);
    }
    let ends = |it: char| it == open || it == close || it.is_whitespace() || "\"',".contains(it);
    let item = &inner[..inner.find(ends)?];
    let item = match inner[item.len()..].strip_prefix(' ') {
        Some(credentials) if is_scheme(item) => {
            let length = credentials.find(ends).unwrap_or(credentials.len());
            &inner[..item.len() + 1 + length]
        }
        _ if open == '[' && is_like_secret(item) => item,
        _ => return None,
    };
    let behind = inner[item.len()..].chars().next();
    let is_item = behind.is_none_or(|it| it == close || it == ',' || it.is_whitespace());
    is_item.then(|| value::plain(text, from..from + item.len(), Quoted::Yes))
}

/// The password of a call with a user and a password: `SetBasicAuth("bot", "…")`, `auth=("bot", "…")`.
pub(super) fn password_of_login(text: &str, name: &Range<usize>) -> Option<Value> {
    const USER: usize = 120;
    const SHORTEST: usize = 6;
    let behind = &text[name.end..];
    let sign = behind.trim_start_matches([' ', '=']);
    let inner = sign.strip_prefix('(')?;
    if behind.len() - sign.len() > " = ".len() || behind.starts_with(" (") {
        return None;
    }
    let called = plain(&text[name.clone()]);
    if !rules().names.login.iter().any(|it| called.ends_with(it)) {
        return None;
    }
    let from = text.len() - inner.len();
    let from = from + (inner.len() - inner.trim_start().len());
    let user = match quoted(&text[..window_end(text, from, USER)], from) {
        Some(user) => user.place.end + 1,
        None => from,
    };
    let front = text.get(user..window_end(text, user, USER))?;
    let comma = front.find([',', ')', '(', '\n', '"', '\''])?;
    let rest = front[comma..].strip_prefix(',')?;
    let start = user + comma + 1 + (rest.len() - rest.trim_start().len());
    let found = quoted(text, start)?;
    let has_digit = found.decoded.bytes().any(|it| it.is_ascii_digit());
    let is_password = has_digit && found.decoded.len() >= SHORTEST;
    let is_path = found.decoded.contains('/') && !is_like_secret(&found.decoded);
    (is_password && !is_path).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_an_expression_are_its_literals() {
        let known = named_anywhere("password").unwrap();
        let of = |text: &str| {
            let (found, _) = literals(text, 1, known);
            let found = found.into_iter().map(|it| it.decoded);
            found.collect::<Vec<_>>().join(" ")
        };
        for (text, expected) in [
            (" decrypt(\"q8Zr4TnW2xLk\")", "q8Zr4TnW2xLk"),
            (" Convert-It \"q8Zr4TnW2xLk\" -Force", "q8Zr4TnW2xLk"),
            (" Convert-It -String 'q8Zr4TnW2xLk'", "q8Zr4TnW2xLk"),
            (" env.TOKEN || \"swordfish\";", "swordfish"),
            (" get(\"prod\") or 'swordfish'", "swordfish"),
            (" get('x', \"q8Zr4TnW2xLk\", 'y')", "q8Zr4TnW2xLk"),
            (
                " a ? \"q8Zr4TnW2xLk\" : \"w9Xs5UoV3yMl\"",
                "q8Zr4TnW2xLk w9Xs5UoV3yMl",
            ),
            (" get(\"APP_TOKEN_1\")", ""),
            (" fields[\"X-App-Key2\"].get('X-App-Key2')", ""),
            (" input(\"Enter it: \")", ""),
            (" Read-Host \"Enter it\" -AsSecureString", ""),
            (" ok ? 'yes' : 'no'", ""),
            (" q8Zr4TnW2xLk(\"a1b2c3d4e5\")", ""),
            (" a b c d \"q8Zr4TnW2xLk\"", ""),
            (" a\n\"q8Zr4TnW2xLk\"", ""),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
