//! Places with a grammar of their own: key blocks, command lines, parts of forms, files of cookies.

use std::ops::Range;

use super::harmless;
use super::names::named;
use super::rules::Hit;
use super::scan::{Running, Scan, floor, window_end};
use super::value::{Link, Style, value};

/// The number of options of one command that are read.
const OPTIONS_READ: usize = 24;

/// Options of commands that take a secret: the command, the option, whether a user and a colon are before the
/// secret, and whether the secret may stand in the same word.
const OPTIONS: &[(&str, &str, bool, bool)] = &[
    ("curl", "-u", true, true),
    ("curl", "--user", true, false),
    ("curl", "-U", true, true),
    ("curl", "--proxy-user", true, false),
    ("http", "-a", true, false),
    ("http", "--auth", true, false),
    ("sshpass", "-p", false, true),
    ("mysql", "-p", false, true),
    ("docker login", "-p", false, false),
    ("podman login", "-p", false, false),
    ("redis-cli", "-a", false, false),
    ("ldapsearch", "-w", false, false),
    ("az login", "-p", false, false),
    ("sqlcmd", "-P", false, true),
    ("openssl", "-k", false, false),
    ("openssl", "-passin", true, false),
    ("openssl", "-passout", true, false),
    ("openssl", "-pass", true, false),
];

/// The longest head of a part of a form that is searched, in bytes.
const HEAD: usize = 1024;

impl Scan<'_> {
    /// A block with a private key, whole: from its first line to its last one, or to the end.
    pub(super) fn block(&mut self, hit: Hit, range: &Range<usize>) -> Option<usize> {
        let text = &self.text[..range.end];
        let head = &text[hit.start..window_end(text, hit.start, 120)];
        let line = head.lines().next().unwrap_or(head);
        let (end, rule) = if line.starts_with("PuTTY-User-Key-File") {
            let mac = text[hit.start..].find("Private-MAC:");
            let end = mac.map_or(range.end, |at| {
                let at = hit.start + at;
                text[at..]
                    .find(['\n', '\r'])
                    .map_or(range.end, |it| at + it)
            });
            (end, "putty-key")
        } else if line.contains("PRIVATE KEY") || line.contains("OPENSSH PRIVATE") {
            let marks = if line.starts_with("-----") {
                ("-----END ", "-----")
            } else {
                ("---- END ", "----")
            };
            let end = text[hit.start..]
                .find(marks.0)
                .map(|at| hit.start + at + marks.0.len());
            let end = end.map_or(range.end, |at| {
                text[at..]
                    .find(marks.1)
                    .map_or(range.end, |it| at + it + marks.1.len())
            });
            (end, "private-key")
        } else {
            return None;
        };
        let secret = text[hit.start..end].to_owned();
        self.add(hit.start..end, secret, rule);
        Some(end)
    }

    /// A command with an option that takes a secret.
    pub(super) fn command(&mut self, hit: Hit, state: &mut Running) {
        /// The number of commands that are read in the line of one.
        const MOST: usize = 4;
        let text = &self.text[..state.range.end];
        let before = text[..hit.start].chars().next_back();
        if before.is_some_and(|it| it.is_ascii_alphanumeric() || it == '_' || it == '-') {
            return;
        }
        if hit.start >= state.command_end {
            (state.command_end, state.commands) = (window_end(text, hit.end, 2048), 0);
        }
        state.commands += 1;
        if state.commands > MOST {
            return;
        }
        let called = text[hit.start..hit.end].trim_end();
        let line = &text[hit.end..window_end(text, hit.end, 2048)];
        let line = &line[..line.find('\n').unwrap_or(line.len())];
        let mut at = 0;
        for _ in 0..OPTIONS_READ {
            let Some(found) = line[at..].find(" -") else {
                break;
            };
            let option = at + found + 1;
            let word = &line[option..];
            let word = &word[..word.find([' ', '=']).unwrap_or(word.len())];
            at = option + 1;
            let Some((_, _, has_user, behind)) =
                OPTIONS
                    .iter()
                    .copied()
                    .find(|(command, option, _, is_glued)| {
                        called.eq_ignore_ascii_case(command)
                            && (word == *option
                                || (*is_glued
                                    && !word.starts_with("--")
                                    && word.starts_with(option)))
                    })
            else {
                continue;
            };
            let own = OPTIONS
                .iter()
                .filter(|it| word.starts_with(it.1))
                .map(|it| it.1.len())
                .max()
                .unwrap_or(2);
            let is_glued = behind && word.len() > own && !word.starts_with("--");
            if called == "mysql" && !is_glued {
                continue;
            }
            let start = hit.end + option + if is_glued { own } else { word.len() + 1 };
            let line = &text[..hit.end + line.len()];
            if start >= line.len() {
                continue;
            }
            let Some(found) = value(line, start, Link::Blank, Style::Running, hit.start) else {
                continue;
            };
            let (place, secret) = match found.decoded.split_once(':').filter(|_| has_user) {
                Some((user, secret)) => (
                    found.place.start + user.len() + 1..found.place.end,
                    secret.to_owned(),
                ),
                None if has_user => continue,
                None => (found.place, found.decoded),
            };
            if !harmless::is_none(&secret) {
                self.add(place, secret, "command-line");
            }
        }
    }

    /// A part of a form (RFC 7578), from behind `form-data` in its head.
    pub(super) fn part(&mut self, from: usize, state: &mut Running) {
        let text = &self.text[..state.range.end];
        let front = &text[from..window_end(text, from, HEAD)];
        let ends = [("\r\n\r\n", "\r\n--"), ("\n\n", "\n--")].into_iter();
        let head = ends
            .filter_map(|(end, delimiter)| Some((front.find(end)?, end.len(), delimiter)))
            .min();
        let Some((head, length, delimiter)) = head else {
            return;
        };
        let Some(name) = part_name(&front[..head]) else {
            return;
        };
        let known = self
            .redactor
            .project
            .parameter(name)
            .or_else(|| named(name));
        let Some(known) = known else { return };
        let start = from + head + length;
        let end = text[start..]
            .find(delimiter)
            .map_or(text.len(), |it| start + it);
        let secret = text[start..end].trim();
        if super::assigned::is_secret_value(known, secret) {
            let from = start + text[start..end].len() - text[start..end].trim_start().len();
            let secret = secret.to_owned();
            state.at = end;
            self.add(from..from + secret.len(), secret, &known.rule.id);
        }
    }

    /// A line of a file of cookies (`curl -c`): its last field is the value of the cookie.
    pub(super) fn cookie_line(&mut self, hit: Hit, state: &mut Running) {
        const HOST: usize = 256;
        const LINE: usize = 16_384;
        let text = &self.text[..state.range.end];
        let host = &text[floor(text, hit.start.saturating_sub(HOST))..hit.start];
        let host = host.rsplit(['\n', '\r']).next().unwrap_or_default();
        if host.is_empty() || host.contains(['\t', ' ']) {
            return;
        }
        let line = &text[hit.start..window_end(text, hit.start, LINE)];
        let line = line.split(['\n', '\r']).next().unwrap_or_default();
        let fields: Vec<_> = line.splitn(7, '\t').collect();
        let [_, _, path, is_secure, expiry, _, value] = fields[..] else {
            return;
        };
        let is_cookie = path.starts_with('/')
            && ["TRUE", "FALSE"].contains(&is_secure)
            && expiry.bytes().all(|it| it.is_ascii_digit())
            && !harmless::is_none(value);
        if is_cookie {
            let end = hit.start + line.len();
            state.at = end;
            self.add(end - value.len()..end, value.to_owned(), "cookie");
        }
    }
}

/// The name of a part, from the parameters in its head.
fn part_name(head: &str) -> Option<&str> {
    let parameters = head.lines().next()?;
    let mut is_quoted = false;
    let mut parameters = parameters.split(|it| {
        is_quoted ^= it == '"';
        it == ';' && !is_quoted
    });
    let named = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("name").then_some(value)
    })?;
    Some(named.trim().trim_matches('"'))
}
