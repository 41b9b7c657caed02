//! The rules that a project adds in `[redaction]` of `confcall.toml`.

use std::borrow::Cow;
use std::ops::Range;

use aho_corasick::{AhoCorasick, Input};
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;

use super::names::{Named, plain};
use super::rules::{Anchor, Hit, NameRule, Values};
use super::scan::Scan;

/// `[redaction]`: values that are replaced or kept, in addition to the built-in rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ProjectRedaction {
    /// True if names and addresses of people are replaced: `displayName`, `userPrincipalName`, `mail` …
    pub people: bool,
    /// True if phone numbers are replaced: numbers in E.164 format anywhere, and the values of `phone…` properties.
    pub phones: bool,
    /// True if tenant ids are replaced: the value of `tenantId`, and the same id anywhere else.
    pub tenants: bool,
    /// More names of properties, parameters and header fields whose values are secret. Case, hyphens and underscores
    /// are ignored.
    pub secret: Vec<String>,
    /// More header fields whose values are kept.
    pub keep: Vec<String>,
    /// `[[redaction.shape]]`: patterns of secrets.
    pub shape: Vec<Shape>,
    /// `[[redaction.place]]`: places of secrets.
    pub place: Vec<Place>,
}

/// `[[redaction.shape]]`: a pattern of secrets. A text that matches it is a secret, in any part of a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shape {
    /// The name of the rule.
    pub id: String,
    /// The regular expression. If it has a group, only the group is secret.
    pub pattern: Pattern,
}

/// A regular expression.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(crate) struct Pattern(String);

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(pattern: String) -> Result<Self, regex::Error> {
        Regex::new(&pattern)?;
        Ok(Self(pattern))
    }
}

/// `[[redaction.place]]`: a place of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Place {
    /// A header field, by its name.
    Header(String),
    /// A parameter of a query or of a form, by its name.
    Parameter(String),
    /// A property of a JSON body, by its JSON pointer (RFC 6901). `*` matches any name or index.
    Pointer(String),
    /// A segment of a path. `*` is the secret segment, and `?` matches any other segment.
    Path(String),
}

/// Names of properties of people, in lower case, letters and digits only.
const PEOPLE: &[&str] = &[
    "displayname",
    "email",
    "emailaddress",
    "emailaddresses",
    "familyname",
    "firstname",
    "fullname",
    "givenname",
    "lastname",
    "mail",
    "mailnickname",
    "middlename",
    "nickname",
    "othermails",
    "preferredname",
    "preferredusername",
    "proxyaddresses",
    "surname",
    "upn",
    "userprincipalname",
    "imaddresses",
    "signinname",
];

const TENANTS: &[&str] = &["tenant", "tenantid", "tid", "tenantdomain", "tenantname"];

const PHONES: &[&str] = &[
    "businessphones",
    "callerid",
    "faxnumber",
    "homephones",
    "homephone",
    "mobile",
    "mobilephone",
    "msisdn",
    "phone",
    "phonenumber",
    "phonenumbers",
    "phones",
    "telephone",
    "telephonenumber",
    "businessphone",
    "fax",
];

const fn rule(id: &'static str) -> NameRule {
    NameRule {
        id: Cow::Borrowed(id),
        values: Values::Any,
        takes_numbers: true,
    }
}

static PEOPLE_RULE: NameRule = rule("people");
static TENANT_RULE: NameRule = rule("tenants");
static PHONE_RULE: NameRule = rule("phones");
static OWN_RULE: NameRule = rule("project");

/// The rules of a project as they are matched.
#[derive(Default)]
pub(super) struct ProjectRules {
    rules: ProjectRedaction,
    secret: Vec<String>,
    anchors: Option<AhoCorasick>,
    shapes: Vec<(String, Regex)>,
}

impl ProjectRules {
    pub(super) fn new(rules: ProjectRedaction) -> Self {
        let secret: Vec<String> = rules.secret.iter().map(|it| plain(it)).collect();
        let mut parts: Vec<String> = rules.secret.iter().map(|it| longest_word(it)).collect();
        if rules.people {
            parts.extend(["mail", "name", "upn"].map(str::to_owned));
            parts.push("proxyaddresses".to_owned());
            parts.push("imaddresses".to_owned());
        }
        if rules.phones {
            parts.extend(["phone", "fax", "mobile", "msisdn", "caller"].map(str::to_owned));
        }
        if rules.tenants {
            parts.extend(["tenant", "tid"].map(str::to_owned));
        }
        let shapes = rules
            .shape
            .iter()
            .filter_map(|it| Some((it.id.clone(), Regex::new(&it.pattern.0).ok()?)));
        let anchors = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(&parts)
            .ok();
        Self {
            secret,
            anchors: anchors.filter(|_| !parts.is_empty()),
            shapes: shapes.collect(),
            rules,
        }
    }

    /// True if shapes of the project are looked for.
    pub(super) const fn has_shapes(&self) -> bool {
        !self.shapes.is_empty() || self.rules.phones || self.rules.people
    }

    /// True if the project adds nothing that is looked for in texts.
    pub(super) fn is_empty(&self) -> bool {
        !self.has_names() && !self.has_shapes() && self.rules.place.is_empty()
    }

    /// True if a text without any anchor may hold a secret of the project.
    pub(super) const fn has_names(&self) -> bool {
        self.anchors.is_some()
    }

    /// Adds the places of the names that the project adds.
    pub(super) fn add_hits(&self, text: &str, range: &Range<usize>, hits: &mut Vec<Hit>) {
        let Some(anchors) = &self.anchors else { return };
        let before = hits.len();
        let input = Input::new(text).span(range.clone());
        hits.extend(anchors.find_iter(input).map(|it| Hit {
            start: it.start(),
            end: it.end(),
            anchor: Anchor::Name,
        }));
        if hits.len() > before {
            hits.sort_by_key(|it| (it.start, it.end));
        }
    }

    /// The rule of a name that the project adds.
    pub(super) fn named(&self, name: &str) -> Option<Named> {
        self.anchors.as_ref()?;
        let plain = plain(name);
        let is_one_of = |names: &[&str]| names.contains(&plain.as_str());
        let rule = if self.secret.contains(&plain) {
            &OWN_RULE
        } else if self.rules.people && is_one_of(PEOPLE) {
            &PEOPLE_RULE
        } else if self.rules.phones && (is_one_of(PHONES) || plain.ends_with("phonenumber")) {
            &PHONE_RULE
        } else if self.rules.tenants && (is_one_of(TENANTS) || plain.ends_with("tenantid")) {
            &TENANT_RULE
        } else {
            return None;
        };
        Some(Named {
            rule,
            is_plural: false,
        })
    }

    /// True for a rule under which an object is no secret as a whole.
    pub(super) fn is_entity(rule: &NameRule) -> bool {
        [&PEOPLE_RULE, &TENANT_RULE, &PHONE_RULE, &OWN_RULE]
            .into_iter()
            .any(|it| std::ptr::eq(it, rule))
    }

    pub(super) fn keeps(&self, field: &str) -> bool {
        self.rules
            .keep
            .iter()
            .any(|kept| kept.eq_ignore_ascii_case(field))
    }

    pub(super) fn is_secret_field(&self, field: &str) -> bool {
        self.rules
            .place
            .iter()
            .any(|it| matches!(it, Place::Header(name) if name.eq_ignore_ascii_case(field)))
    }

    /// The rule of a parameter that the project adds.
    pub(super) fn parameter(&self, name: &str) -> Option<Named> {
        let is_it =
            |it: &Place| matches!(it, Place::Parameter(own) if own.eq_ignore_ascii_case(name));
        let rule = self.rules.place.iter().any(is_it).then_some(&OWN_RULE);
        rule.map(|rule| Named {
            rule,
            is_plural: false,
        })
        .or_else(|| self.named(name))
    }

    pub(super) fn has_pointers(&self) -> bool {
        self.rules
            .place
            .iter()
            .any(|it| matches!(it, Place::Pointer(_)))
    }

    /// The rule of the property that these names and indices lead to.
    pub(super) fn pointed(&self, at: &[&str]) -> Option<Named> {
        let is_it = |it: &Place| {
            let Place::Pointer(pointer) = it else {
                return false;
            };
            let tokens = pointer
                .split('/')
                .skip(1)
                .map(|it| it.replace("~1", "/").replace("~0", "~"));
            let tokens: Vec<_> = tokens.collect();
            tokens.len() == at.len()
                && tokens
                    .iter()
                    .zip(at)
                    .all(|(token, at)| token == "*" || token == *at)
        };
        self.rules.place.iter().any(is_it).then_some(Named {
            rule: &OWN_RULE,
            is_plural: false,
        })
    }

    /// The ranges of the segments of a path that the project says are secret.
    pub(super) fn segments(&self, path: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for place in &self.rules.place {
            let Place::Path(pattern) = place else {
                continue;
            };
            let (own, segments): (Vec<_>, Vec<_>) =
                (pattern.split('/').collect(), path.split('/').collect());
            let fits = |own: &&str, segment: &&str| matches!(*own, "*" | "?") || own == segment;
            if own.len() == segments.len()
                && own
                    .iter()
                    .zip(&segments)
                    .all(|(own, segment)| fits(own, segment))
            {
                let secret = own
                    .iter()
                    .zip(&segments)
                    .filter(|(own, segment)| **own == "*" && !segment.is_empty());
                found.extend(secret.map(|(_, segment)| {
                    let start = segment.as_ptr() as usize - path.as_ptr() as usize;
                    start..start + segment.len()
                }));
            }
        }
        found
    }
}

/// The longest word of a name, in lower case: any spelling of the name has it.
fn longest_word(name: &str) -> String {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_lower = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (was_lower && letter.is_uppercase()) {
            words.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        was_lower = letter.is_lowercase();
    }
    words
        .into_iter()
        .max_by_key(String::len)
        .unwrap_or_default()
}

impl Scan<'_> {
    /// What is found by the shapes that the project adds or asks for.
    pub(super) fn project_shapes(&mut self, range: &Range<usize>) {
        let project = &self.redactor.project;
        if !project.has_shapes() {
            return;
        }
        let text = &self.text[range.clone()];
        let mut found: Vec<(Range<usize>, String)> = Vec::new();
        for (id, shape) in &project.shapes {
            for captures in shape.captures_iter(text) {
                let whole = captures.get(1).or_else(|| captures.get(0));
                found.extend(whole.map(|it| (it.range(), id.clone())));
            }
        }
        if project.rules.phones {
            found.extend(phones(text).into_iter().map(|it| (it, "phones".to_owned())));
        }
        if project.rules.people {
            found.extend(
                addresses(text)
                    .into_iter()
                    .map(|it| (it, "people".to_owned())),
            );
        }
        for (place, rule) in found {
            let secret = text[place.clone()].to_owned();
            self.add(
                range.start + place.start..range.start + place.end,
                secret,
                &rule,
            );
        }
    }
}

/// Telephone numbers: E.164 with `+`, also with blanks, hyphens, dots and brackets, and digits behind `tel:` and
/// `sip:`.
fn phones(text: &str) -> Vec<Range<usize>> {
    const DIGITS: Range<usize> = 7..16;
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(plus) = memchr::memchr2(b'+', b':', &bytes[at..]) {
        let sign = at + plus;
        at = sign + 1;
        let is_scheme = bytes[sign] == b':';
        if is_scheme
            && !["tel", "sip", "sips", "callto"]
                .iter()
                .any(|it| text[..sign].to_ascii_lowercase().ends_with(it))
        {
            continue;
        }
        let before = text[..sign].chars().next_back();
        if !is_scheme && before.is_some_and(|it| it.is_alphanumeric() || it == '.') {
            continue;
        }
        let from = sign + 1;
        if !bytes.get(from).is_some_and(|it| matches!(it, b'1'..=b'9')) {
            continue;
        }
        let (mut digits, mut end, mut gap) = (0, from, 0);
        for (offset, byte) in bytes[from..].iter().enumerate().take(32) {
            if byte.is_ascii_digit() {
                digits += 1;
                end = from + offset + 1;
                gap = 0;
            } else if matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/')
                && gap < 2
                && !is_scheme
            {
                gap += 1;
            } else {
                break;
            }
        }
        let goes_on = text[end..].starts_with(|it: char| it.is_alphanumeric());
        if DIGITS.contains(&digits) && !goes_on {
            found.push(if is_scheme { from..end } else { sign..end });
            at = end;
        }
    }
    found
}

/// Addresses of mail.
fn addresses(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let is_local = |it: &u8| it.is_ascii_alphanumeric() || b"._%+-".contains(it) || *it >= 0x80;
    let is_domain = |it: &u8| it.is_ascii_alphanumeric() || b".-".contains(it) || *it >= 0x80;
    let mut found = Vec::new();
    let mut last = 0;
    for at in memchr::memchr_iter(b'@', bytes) {
        let before = bytes[last..at]
            .iter()
            .rev()
            .take(64)
            .take_while(|it| is_local(it))
            .count();
        let behind = bytes[at + 1..]
            .iter()
            .take(255)
            .take_while(|it| is_domain(it))
            .count();
        let domain = text
            .get(at + 1..at + 1 + behind)
            .unwrap_or_default()
            .trim_end_matches(['.', '-']);
        let top = domain.rsplit_once('.').map(|it| it.1);
        let is_top = |it: &str| it.len() > 1 && it.chars().all(char::is_alphabetic);
        let start = at - before;
        if before > 0 && top.is_some_and(is_top) && text.is_char_boundary(start) {
            last = at + 1 + domain.len();
            found.push(start..last);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephone_numbers_are_distinguished_from_others() {
        let found = |text: &str| {
            phones(text)
                .into_iter()
                .map(|it| text[it].to_owned())
                .collect::<Vec<_>>()
        };
        for (text, number) in [
            ("call +12065550111.", "+12065550111"),
            ("sip:+12065550112@svc", "+12065550112"),
            ("call +49 30 4450 9884 today", "+49 30 4450 9884"),
            ("tel:12065550113", "12065550113"),
            ("(+1-206-555-0114)", "+1-206-555-0114"),
        ] {
            assert_eq!(found(text), [number], "{text}");
        }
        for text in [
            "12:00 +0100",
            "+3 -1",
            "1.0+20261129123456",
            "a+12345678",
            "+1234567890123456789",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
        let text = "to ann@mail.example, 19:x@thread.v2 and @odata.type";
        let found = addresses(text);
        assert_eq!((found.len(), &found[0]), (1, &(3..19)));
    }

    #[test]
    fn any_spelling_of_a_name_has_its_longest_word() {
        for (name, word) in [
            ("employeeNumber", "employee"),
            ("badge", "badge"),
            ("X-Team-Ref", "team"),
        ] {
            assert_eq!(longest_word(name), word);
        }
    }
}
