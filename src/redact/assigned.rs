//! Names in running text, and the values beside them.

use std::ops::Range;

use super::expression;
use super::harmless::{self, Quoted, is_like_secret, looks_random};
use super::names::{self, Named, is_scheme, named, named_anywhere};
use super::rules::{Anchor, Hit, Values, rules};
use super::scan::{ATTEMPTS, Running, Scan, floor, window_end};
use super::url::is_url_alone;
use super::value::{self, Link, Style, Value};

impl Scan<'_> {
    /// A name, and the value beside it.
    pub(super) fn name(&mut self, hit: Hit, state: &mut Running) {
        if hit.start < state.name_end {
            return;
        }
        let name = name_around(self.text, hit, &state.range);
        state.name_end = name.end;
        if name.start < state.at || (hit.start < state.long_end && state.attempts >= ATTEMPTS) {
            return;
        }
        let word = &self.text[name.clone()];
        let text = &self.text[..state.range.end];
        let is_parameter = matches!(
            text.as_bytes()[..name.start].last(),
            Some(b'?' | b'&' | b'#' | b';')
        ) && text[name.end..].starts_with(['=', '%']);
        if let Some(found) = expression::password_of_login(text, &name)
            && let Some(known) = named_anywhere("password")
            && is_secret_value(known, &found.decoded)
        {
            state.at = found.place.end;
            return self.add(found.place, found.decoded, &known.rule.id);
        }
        let known = if is_parameter || state.style == Style::Form {
            named(word)
        } else {
            named_anywhere(word)
        };
        let known = known.or_else(|| self.redactor.project.named(word));
        let Some(known) = known else { return };
        if text[..name.start].ends_with("${") {
            if let Some(found) = default_in_braces(text, &name)
                && is_secret_value(known, &found.decoded)
            {
                state.at = found.place.end;
                self.add(found.place, found.decoded, &known.rule.id);
            }
            return;
        }
        let Some((found, link)) = self.assigned(&name, text, known, state) else {
            return;
        };
        let end = found.place.end;
        if end > name.end + 256 {
            state.attempts = if name.start < state.long_end {
                state.attempts + 1
            } else {
                1
            };
            state.long_end = end;
        }
        let may_be_expression = found.quoted == Quoted::No && !is_parameter;
        if may_be_expression && self.expression(found.place.start, known, text, state) {
            return;
        }
        let known = match link {
            // The table has the names of values as they are, not in base64.
            Link::Base64 => named_anywhere("password").filter(|_| is_base64(&found.decoded)),
            _ => Some(known),
        };
        let Some(known) = known else { return };
        if let Some(value) = secret_part(found, known, link, text, &name) {
            let value = self.token_of(value, &state.range);
            state.at = value.place.end;
            self.add(value.place, value.decoded, &known.rule.id);
        }
    }

    /// The secrets of an expression that is assigned to a secret name. False where there is none.
    fn expression(&mut self, start: usize, known: Named, text: &str, state: &mut Running) -> bool {
        /// The length in bytes from which on expressions are counted, and the number of those that are read in one.
        const LONG: usize = 128;
        const MOST: usize = 4;
        let is_within = start < state.expression_end;
        if state.style != Style::Running || is_within && state.expressions >= MOST {
            return false;
        }
        let (literals, end) = expression::literals(text, start, known);
        if end > start + LONG {
            state.expressions = if is_within { state.expressions + 1 } else { 1 };
            state.expression_end = end;
        }
        let is_found = !literals.is_empty();
        for literal in literals {
            state.at = literal.place.end;
            self.add(literal.place, literal.decoded, &known.rule.id);
        }
        is_found
    }

    /// A value without quotes that begins with a token of a known shape: it ends with the token.
    fn token_of(&mut self, value: Value, range: &Range<usize>) -> Value {
        if value.quoted == Quoted::Yes {
            return value;
        }
        self.look(range);
        let tokens = self.hits_in(&(value.place.start..value.place.start + 1));
        let tokens = self.hits[tokens].to_vec();
        for hit in tokens {
            if let Anchor::Token(rule) = hit.anchor
                && let Some(place) = self.token(&rules().tokens[rule], hit, range)
                && place.start == value.place.start
                && place.end < value.place.end
            {
                let decoded = self.text[place.clone()].to_owned();
                return Value {
                    place,
                    decoded,
                    ..value
                };
            }
        }
        value
    }

    /// The value that is assigned to a name.
    fn assigned(
        &mut self,
        name: &Range<usize>,
        text: &str,
        known: Named,
        state: &mut Running,
    ) -> Option<(Value, Link)> {
        let Some((start, link, is_quoted)) = value::link(text, name.end) else {
            return behind_blank(name, text);
        };
        let rest = &text[start..];
        let may_be_document = is_quoted && link != Link::Default;
        if may_be_document && known.rule.values == Values::Any && rest.starts_with(['{', '[']) {
            // What is below a name again was read with it.
            if state.below.last().is_none_or(|it| it.end <= start) {
                let end = self.below(start, known);
                state.below.push(start..end);
            }
            return None;
        }
        if matches!(link, Link::Equals | Link::Colon) && state.style != Style::Form {
            let found = expression::heredoc(text, start);
            let found = found.or_else(|| expression::bracketed(text, start));
            if let Some(found) = found {
                return Some((found, link));
            }
        }
        let mut found = value::value(text, start, link, state.style, name.start)?;
        if known.rule.values == Values::Any {
            let end = value::whole_end(text, &found);
            if end > found.place.end {
                found.place.end = end;
                text[found.place.clone()].clone_into(&mut found.decoded);
            }
        }
        Some((found, link))
    }

    /// Credentials behind their scheme: `Bearer …`.
    pub(super) fn scheme(&mut self, hit: Hit, state: &mut Running) {
        let text = &self.text[..state.range.end];
        let before = text[state.range.start..hit.start].chars().next_back();
        if before.is_some_and(|it| it.is_ascii_alphanumeric() || it == '_' || it == '-') {
            return;
        }
        let gap = |it: &u8| b" \t\"'`+\\:=".contains(it);
        let start = hit.end
            + text.as_bytes()[hit.end..]
                .iter()
                .take(12)
                .take_while(|it| gap(it))
                .count();
        let start = if text[hit.end..].starts_with("%20") {
            hit.end + 3
        } else {
            start
        };
        if start == hit.end {
            return;
        }
        let is_part = |it: &u8| it.is_ascii_alphanumeric() || b"-._~+/=|$!:".contains(it);
        let end = start
            + text.as_bytes()[start..]
                .iter()
                .take_while(|it| is_part(it))
                .count();
        let word = text[start..end].trim_end_matches(['.', ':', '!']);
        let is_it = word.len() >= 8
            && (word.bytes().any(|it| it.is_ascii_digit())
                || word.len() >= 20 && looks_random(word))
            && !harmless::is_none(word)
            && !word.ends_with("://");
        if is_it {
            let place = start..start + word.len();
            state.at = place.end;
            let secret = word.to_owned();
            self.add(place, secret, "credentials");
        }
    }
}

/// The value behind a name and a space: of a flag, of a command that sets a variable, in `.netrc`, HCL and SQL.
fn behind_blank(name: &Range<usize>, text: &str) -> Option<(Value, Link)> {
    if let Some(start) = behind_default(name, text) {
        let found = value::value(text, start, Link::Equals, Style::Running, name.start)?;
        return Some((found, Link::Equals));
    }
    if let Some(start) = behind_verb(name, text) {
        let found = value::value(text, start, Link::Blank, Style::Running, name.start)?;
        let is_it = is_like_secret(&found.decoded)
            || found.quoted == Quoted::Yes && has_digit_or_sign(&found.decoded);
        return is_it.then_some((found, Link::Blank));
    }
    let blank = text[name.end..].starts_with([' ', '\t', '"', '\'', '\n']);
    let start = name.end
        + text[name.end..]
            .bytes()
            .take(8)
            .take_while(|it| b" \t\r\n".contains(it))
            .count();
    if !blank || start == text.len() {
        return None;
    }
    let before = &text[floor(text, name.start.saturating_sub(120))..name.start];
    let word = &text[name.clone()];
    let is_flag = before.ends_with("--") || before.ends_with(" -") || before.ends_with(" /");
    let is_netrc = word.eq_ignore_ascii_case("password")
        && (before.contains("login ") || before.contains("machine "));
    let is_sql = start > name.end
        && word.chars().all(|it| it.is_ascii_uppercase() || it == '_')
        && text[start..].starts_with('\'');
    let line = before.rsplit(['\n', '\r']).next().unwrap_or_default();
    let names = &rules().names;
    let is_set = names
        .setting
        .iter()
        .any(|it| it.eq_ignore_ascii_case(line.trim()));
    let mut start = start;
    if word.starts_with("ConvertTo-") && text[start..].starts_with("-String ") {
        start += "-String ".len();
    }
    let is_cmdlet = word.starts_with("ConvertTo-") && text[start..].starts_with(['"', '\'']);
    let is_directive = names.directive.contains(&names::plain(word));
    let is_protocol = line.is_empty() && is_command_of_protocol(word, before);
    if is_protocol && word == "AUTH" {
        start = last_word(text, start);
    }
    if !(is_flag || is_netrc || is_sql || is_set || is_cmdlet || is_directive || is_protocol)
        || (is_flag && text[start..].starts_with('-'))
    {
        return None;
    }
    let found = value::value(text, start, Link::Blank, Style::Running, name.start)?;
    let is_sentence = is_directive && !line.trim().is_empty() && !has_digit_or_sign(&found.decoded);
    (!is_sentence).then_some((found, Link::Blank))
}

/// True for `AUTH` of Redis and SMTP, and for `PASS` of FTP and POP behind `USER`.
fn is_command_of_protocol(word: &str, before: &str) -> bool {
    let line_before = before.trim_end().rsplit(['\n', '\r']).next();
    word == "AUTH" || word == "PASS" && line_before.is_some_and(|it| it.starts_with("USER "))
}

fn is_base64(text: &str) -> bool {
    const SHORTEST: usize = 8;
    let is_part = |it: u8| it.is_ascii_alphanumeric() || b"+/=".contains(&it);
    text.len() >= SHORTEST && text.len().is_multiple_of(4) && text.bytes().all(is_part)
}

/// Where the second word of a line begins, or the first one of a line of one: `AUTH user …`.
fn last_word(text: &str, start: usize) -> usize {
    let line = &text[start..window_end(text, start, 200)];
    let line = line
        .split(['\n', '\r'])
        .next()
        .unwrap_or_default()
        .trim_end();
    line.find(' ').map_or(start, |it| start + it + 1)
}

/// Where the value begins in a sentence: `the password is …`.
fn behind_verb(name: &Range<usize>, text: &str) -> Option<usize> {
    let sentence = text[name.end..].strip_prefix(' ')?;
    let length = sentence.find(' ').filter(|it| *it < 10)?;
    let is_verb = value::VERBS
        .iter()
        .any(|it| it.eq_ignore_ascii_case(&sentence[..length]));
    is_verb.then_some(name.end + 1 + length + 1)
}

/// Where the default of a variable begins in HCL: `variable "db_password" { default = … }`.
fn behind_default(name: &Range<usize>, text: &str) -> Option<usize> {
    const LONGEST: usize = 400;
    let block = text[name.end..].strip_prefix("\" {")?;
    let block = &block[..window_end(block, 0, LONGEST)];
    let block = &block[..block.find('}').unwrap_or(block.len())];
    let default = block.find("default")? + "default".len();
    let sign = block[default..].trim_start_matches([' ', '\t']);
    let value = sign.strip_prefix('=')?.trim_start_matches([' ', '\t']);
    Some(name.end + "\" {".len() + (value.as_ptr() as usize - block.as_ptr() as usize))
}

/// The default of a variable in braces, from its name on: `${PASSWORD:-…}`, `${db.password:…}`.
fn default_in_braces(text: &str, name: &Range<usize>) -> Option<Value> {
    const LONGEST: usize = 512;
    /// What may stand behind `:` in place of a default: an offset or a condition.
    const OTHERS: &str = " -0123456789:+?";
    let behind = text[name.end..window_end(text, name.end, LONGEST)].strip_prefix(':')?;
    let word = &text[name.clone()];
    let inner = &behind[..behind.find(['}', '\n'])?];
    let (value, is_shell) = match inner.strip_prefix(['-', '=']) {
        Some(value) => (value, true),
        None => (inner, false),
    };
    // Without a sign, a single word may be a kind of reference, and what follows the path of a secret.
    let is_variable = word.contains(['_', '.', '-']) || word.chars().all(char::is_uppercase);
    let is_default = is_shell
        || !inner.starts_with(['+', '?'])
            && inner.contains(|it| !OTHERS.contains(it))
            && (is_variable || is_like_secret(value));
    if !is_default || value.starts_with(['$', '#']) && value.contains('{') {
        return None;
    }
    let start = name.end + 1 + inner.len() - value.len();
    if let Some(found) = value::quoted(&text[..start + value.len()], start) {
        return Some(found);
    }
    Some(Value {
        place: start..start + value.len(),
        decoded: value.to_owned(),
        quoted: Quoted::Yes,
    })
}

/// True for the name of a variable of the environment: `process.env.TOKEN`, `ENV['TOKEN']`, `getenv("TOKEN")`.
fn is_of_environment(text: &str, name: &Range<usize>) -> bool {
    const BEFORE: usize = 24;
    let near = &text[floor(text, name.start.saturating_sub(BEFORE))..name.end];
    let near = near
        .rsplit([' ', '=', '\n', ';'])
        .next()
        .unwrap_or_default();
    near.to_ascii_lowercase().contains("env")
}

/// The part of a value that is secret; none where it is none.
fn secret_part(
    mut found: Value,
    known: Named,
    link: Link,
    text: &str,
    name: &Range<usize>,
) -> Option<Value> {
    if let Some((scheme, credentials)) = split_scheme(&found.decoded) {
        if harmless::is_none(credentials) {
            return None;
        }
        let place = found.place.start + text[found.place.clone()].find(scheme)? + scheme.len();
        let place = place + text[place..found.place.end].len()
            - text[place..found.place.end].trim_start().len();
        found = Value {
            place: place..found.place.end,
            decoded: credentials.to_owned(),
            quoted: found.quoted,
        };
        return (!harmless::is_none(&found.decoded)).then_some(found);
    }
    if !harmless::is_secret(known, &found.decoded, found.quoted)
        || is_url_alone(&found.decoded)
        || found.quoted == Quoted::No && is_of_program(&found.decoded, link, text, name)
    {
        return None;
    }
    let is_prose = link == Link::Colon
        && found.quoted == Quoted::No
        && !value::begins_line(text, name.start)
        && is_word(&found.decoded)
        && text[found.place.end..].starts_with([' ', ',', '.', '!', '?']);
    let is_list = link == Link::Comma && !has_digit_or_sign(&found.decoded);
    let is_message =
        link == Link::Default && !is_of_environment(text, name) && !is_like_secret(&found.decoded);
    (!is_prose && !is_list && !is_message).then_some(found)
}

/// True for a variable of GraphQL and its type (`token: $token`, `$token: String!`). True also for a variable or a member
/// with the name that it is assigned to (`this.token = token;`).
fn is_of_program(value: &str, link: Link, text: &str, name: &Range<usize>) -> bool {
    if link == Link::Colon
        && let Some(variable) = value.strip_prefix('$')
    {
        let length = variable
            .bytes()
            .take_while(|it| it.is_ascii_alphanumeric() || *it == b'_');
        let behind = &variable[length.count()..];
        return behind.starts_with([')', ',', ' ', '}', ']']);
    }
    if link == Link::Colon && text[..name.start].ends_with('$') {
        let kind = value.trim_start_matches('[');
        let length = kind.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let behind = kind[length..].trim_start_matches(['!', ']']);
        let is_end = behind.is_empty() || behind.starts_with([')', ',', ' ', '=']);
        return kind.starts_with(|it: char| it.is_ascii_uppercase()) && is_end;
    }
    let is_part = |it: &u8| it.is_ascii_alphanumeric() || b"_$.".contains(it);
    let (member, behind) = value.split_at(value.bytes().take_while(is_part).count());
    let last = |text: &str| {
        text.rsplit('.')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    link == Link::Equals
        && last(member) == last(&text[name.clone()])
        && (behind.is_empty() || behind.starts_with([';', ',', ')', ' ']))
}

/// The scheme and the credentials of a value such as `Bearer …`.
pub(super) fn split_scheme(value: &str) -> Option<(&str, &str)> {
    let (scheme, credentials) = value.split_once(' ')?;
    let credentials = credentials.trim();
    (is_scheme(scheme) && !credentials.contains(' ') && !credentials.is_empty())
        .then_some((scheme, credentials))
}

/// The whole name that a part of was found.
pub(super) fn name_around(text: &str, hit: Hit, range: &Range<usize>) -> Range<usize> {
    const LONGEST: usize = 80;
    let is_part = |it: char| {
        it.is_ascii_alphanumeric()
            || "_-.".contains(it)
            || (!it.is_ascii()
                && (it.is_alphanumeric()
                    || matches!(it, '\u{300}'..='\u{36f}' | '\u{3099}'..='\u{309c}' | 'ー')))
    };
    let from = floor(text, hit.start.saturating_sub(LONGEST)).max(range.start);
    let to = window_end(&text[..range.end], hit.end, LONGEST);
    let before = text[from..hit.start]
        .char_indices()
        .rev()
        .take_while(|(_, it)| is_part(*it))
        .last();
    let mut start = before.map_or(hit.start, |(at, _)| from + at);
    // Some anchors have the sign behind the name.
    let hit_end = hit.start
        + text[hit.start..hit.end]
            .trim_end_matches(|it| !is_part(it))
            .len();
    let behind = text[hit_end..to].find(|it| !is_part(it));
    let mut end = behind.map_or(to, |it| hit_end + it);
    let name = text[start..end].trim_end_matches(['-', '.', '_']);
    end = start + name.len();
    start = end - name.trim_start_matches(['-', '.', '_']).len();
    // An escape such as `\n` before the name is none of its letters.
    if text[..start].ends_with('\\')
        && text[start..].starts_with(['n', 't', 'r'])
        && start < hit.start
    {
        start += 1;
    }
    start..end.max(hit_end)
}

/// True for one word of letters.
fn is_word(text: &str) -> bool {
    let letters = text.trim_end_matches(['.', ',', '!', '?']);
    let mut letters = letters.chars();
    let first = letters.next();
    first.is_some_and(char::is_alphabetic)
        && letters.all(|it| it.is_lowercase() || it == '\'' || it == '-')
}

fn has_digit_or_sign(text: &str) -> bool {
    text.chars()
        .any(|it| !(it.is_ascii_alphabetic() || "_-. ".contains(it)))
        || looks_random(text)
}

/// A convenience for documents: true if a value of this name is a secret.
pub(super) fn is_secret_value(known: Named, value: &str) -> bool {
    match split_scheme(value) {
        Some((_, credentials)) => !harmless::is_none(credentials),
        None => harmless::is_secret(known, value, Quoted::Yes) && !is_url_alone(value),
    }
}

/// The part of a value that is replaced: without the scheme of credentials.
pub(super) fn without_scheme(value: &str) -> &str {
    split_scheme(value).map_or(value, |(_, credentials)| credentials)
}

pub(super) fn is_beside(name: &str) -> bool {
    names::is_beside(name)
}
