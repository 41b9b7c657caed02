//! Secrets in URLs: userinfo, parameters, fragments, and segments of paths.

use std::ops::Range;

use super::harmless::{self, Quoted, has_mixed_word, is_guid, looks_random};
use super::names::{named, plain};
use super::rules::{Hit, LONG, rules};
use super::scan::{Scan, floor};
use super::view::View;

/// The longest URL in bytes whose parts are told apart.
const LONGEST: usize = 65_536;

impl Scan<'_> {
    /// A URL from its `//` on. Returns the end of the URL.
    pub(super) fn url(&mut self, slashes: usize, range: &Range<usize>) -> usize {
        let text = &self.text[..range.end];
        let from = slashes + 2;
        let most = floor(text, text.len().min(from + LONGEST));
        let end = from + url_length(&text[from..most]);
        if end - from < 5 {
            return end;
        }
        let host = self.userinfo(from, end);
        self.parts(host..end);
        end
    }

    /// Replaces the password before the host. Returns where the host begins.
    fn userinfo(&mut self, from: usize, end: usize) -> usize {
        let rest = &self.text[from..end];
        let Some(at) = last_at_before_host(rest) else {
            return from;
        };
        let userinfo = &rest[..at];
        let Some((user, password)) = userinfo.split_once(':') else {
            let is_token =
                looks_random(userinfo) && userinfo.len() >= 16 && !userinfo.contains(['/', '?']);
            if is_token {
                self.add(from..from + at, percent_decoded(userinfo), "userinfo");
            }
            return from + at + 1;
        };
        let is_port = password.split(['/', '?']).next().is_some_and(|it| {
            it.bytes().all(|it| it.is_ascii_digit()) && it.len() <= 5 && password.len() > it.len()
        });
        if user.contains(['/', '?']) || is_port {
            return from;
        }
        let start = from + user.len() + 1;
        let secret = percent_decoded(password);
        if !harmless::is_none(&secret) {
            self.add(start..from + at, secret, "userinfo");
        }
        from + at + 1
    }

    /// A text that is a URL or a path with its query.
    pub(super) fn target(&mut self, range: Range<usize>) {
        self.parts(range.clone());
        self.running(range, super::value::Style::Running);
    }

    /// The path, the query and the fragment of a URL.
    fn parts(&mut self, range: Range<usize>) {
        let text = &self.text[range.clone()];
        let path = memchr::memchr2(b'?', b'#', text.as_bytes()).unwrap_or(text.len());
        self.path(range.start..range.start + path);
        for piece in pieces(&text[path..]) {
            let start = range.start + path + piece.start;
            self.parameter(start..range.start + path + piece.end);
        }
    }

    /// A pair of a query.
    pub(super) fn parameter(&mut self, place: Range<usize>) {
        let pair = &self.text[place.clone()];
        let Some((name, value)) = pair.split_once('=') else {
            return;
        };
        let name = percent_decoded(name);
        let own = name.strip_suffix("[]").unwrap_or(&name);
        let own = own
            .strip_suffix(']')
            .and_then(|it| it.rsplit_once('['))
            .map_or(own, |it| it.1);
        let known = self.redactor.project.parameter(own).or_else(|| named(own));
        let Some(known) = known else { return };
        let trimmed = value.trim_end_matches([')', ',', '.', ';', '\'']);
        let value = if value.len() == trimmed.len() || self.text.starts_with('/') {
            value
        } else {
            trimmed
        };
        let secret = View::percent(value, true).map_or_else(|| value.to_owned(), |it| it.text);
        if harmless::is_secret(known, &secret, Quoted::No) && !is_url_alone(&secret) {
            let start = place.start + pair.len() - pair.split_once('=').map_or(0, |it| it.1.len());
            self.add(
                start..start + value.len(),
                super::assigned::without_scheme(&secret).to_owned(),
                &known.rule.id,
            );
        }
    }

    /// The pairs of a form.
    pub(super) fn form(&mut self, range: Range<usize>) {
        let text = &self.text[range.clone()];
        let mut at = 0;
        for pair in text.split('&') {
            let place = range.start + at..range.start + at + pair.len();
            at += pair.len() + 1;
            let begin = self.finds.len();
            self.parameter(place.clone());
            if self.finds.len() > begin {
                continue;
            }
            let value = place.start + pair.find('=').map_or(0, |it| it + 1);
            match View::percent(&self.text[value..place.end], true) {
                Some(view) => self.within(&view, value, super::scan::Kind::Any),
                None => self.running(value..place.end, super::value::Style::Running),
            }
        }
    }

    /// The segments of a path: one behind a word that announces a secret is one.
    fn path(&mut self, range: Range<usize>) {
        const SHORTEST: usize = 12;
        let text = &self.text[range.clone()];
        let slash = text.find('/').unwrap_or(0);
        for segment in self.redactor.project.segments(&text[slash..]) {
            let place = range.start + slash + segment.start..range.start + slash + segment.end;
            let secret = percent_decoded(&self.text[place.clone()]);
            self.add(place, secret, "project");
        }
        let mut before: Option<&str> = None;
        let mut at = 0;
        for segment in text.split('/') {
            let start = range.start + at;
            at += segment.len() + 1;
            if let Some(equals) = segment.find(';') {
                for piece in segment[equals + 1..].split(';') {
                    let start = start + (piece.as_ptr() as usize - segment.as_ptr() as usize);
                    self.parameter(start..start + piece.len());
                }
            }
            if segment.len() >= SHORTEST
                && let Some(word) = before.filter(|it| it.len() < 40)
                && (is_guid(segment)
                    || looks_random(segment)
                    || segment.len() >= LONG && has_mixed_word(segment))
            {
                let names = &rules().names;
                let word = plain(word);
                let is_it = if is_guid(segment) {
                    names.segment_of_identifier.contains(&word)
                } else {
                    names.segment.contains(&word)
                };
                if is_it {
                    self.add(
                        start..start + segment.len(),
                        percent_decoded(segment),
                        "path",
                    );
                }
            }
            before = Some(segment);
        }
    }

    /// The password of `sip:user:password@host` (RFC 3261 section 19.1.1).
    pub(super) fn sip(&mut self, hit: Hit, range: &Range<usize>) {
        let text =
            &self.text[hit.end..super::scan::window_end(&self.text[..range.end], hit.end, 1024)];
        let ends = |it: char| it.is_whitespace() || matches!(it, '>' | '<' | '"' | ';' | ',');
        let uri = &text[..text.find(ends).unwrap_or(text.len())];
        let Some((user, _)) = uri.rsplit_once('@') else {
            return;
        };
        if let Some((name, password)) = user.split_once(':') {
            let start = hit.end + name.len() + 1;
            self.add(
                start..start + password.len(),
                percent_decoded(password),
                "userinfo",
            );
        }
    }

    /// `user/password@host` of Oracle.
    pub(super) fn oracle(&mut self, hit: Hit, range: &Range<usize>) {
        let end = super::scan::window_end(&self.text[..range.end], hit.end, 1024);
        let text = &self.text[hit.end..end];
        let gap = text.len()
            - text
                .trim_start_matches(|it| " \t'\"-sSlL".contains(it))
                .len();
        let rest = &text[gap..];
        let rest = &rest[..rest
            .find(|it: char| it.is_whitespace() || it == '"' || it == '\'')
            .unwrap_or(rest.len())];
        let Some((credentials, _)) = rest.rsplit_once('@') else {
            return;
        };
        if let Some((user, password)) = credentials.split_once('/') {
            let start = hit.end + gap + user.len() + 1;
            self.add(
                start..start + password.len(),
                password.trim_matches('"').to_owned(),
                "userinfo",
            );
        }
    }
}

/// The length of what may belong to a URL.
fn url_length(text: &str) -> usize {
    let ends = |it: char| {
        it.is_whitespace()
            || matches!(it, '"' | '<' | '>' | '`' | '\\' | '，' | '。' | '；')
            || it.is_control()
    };
    let may_end = |it: &u8| !it.is_ascii() || ends(char::from(*it));
    let mut at = 0;
    while let Some(found) = text.as_bytes()[at..].iter().position(may_end) {
        at += found;
        let next = text[at..].chars().next();
        let Some(other) = next.filter(|it| !ends(*it)) else {
            return at;
        };
        at += other.len_utf8();
    }
    text.len()
}

/// The pairs of a query and a fragment, by their ranges.
fn pieces(query: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    query.split(['?', '#', '&']).map(move |piece| {
        let start = at;
        at += piece.len() + 1;
        start..start + piece.len()
    })
}

/// The last `@` behind which a host stands.
fn last_at_before_host(rest: &str) -> Option<usize> {
    const MOST: usize = 8;
    let mut end = rest.len();
    for _ in 0..MOST {
        let at = rest[..end].rfind('@')?;
        let behind = &rest[at + 1..];
        let is_host =
            |it: char| it.is_ascii_alphanumeric() || "-._[]:".contains(it) || !it.is_ascii();
        let host = &behind[..behind.find(|it| !is_host(it)).unwrap_or(behind.len())];
        let user = &rest[..at];
        let before = user.find(['/', '?', '#']).unwrap_or(user.len());
        // What is before the first `/` has no colon: the host stands there already.
        let is_userinfo = user[..before].contains(':') || before == user.len();
        if !host.is_empty() && is_userinfo && !user.is_empty() {
            return Some(at);
        }
        end = at;
    }
    None
}

pub(super) fn percent_decoded(text: &str) -> String {
    View::percent(text, false).map_or_else(|| text.to_owned(), |it| it.text)
}

/// True for a URL without anything secret in it: the value of a name such as `tokenUrl`.
pub(super) fn is_url_alone(value: &str) -> bool {
    let scheme = value.split_once("://").map(|it| it.0);
    let is_scheme = |it: &str| it.len() < 12 && it.bytes().all(|it| it.is_ascii_lowercase());
    scheme.is_some_and(is_scheme) && !value.contains(char::is_whitespace)
}
