//! The redactor: the key of the pseudonyms, the secrets found so far, and texts without secrets.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::harmless::{self, looks_random};
use super::known_secrets::KnownSecrets;
use super::line::Form;
use super::names;
use super::project::{ProjectRedaction, ProjectRules};
use super::pseudonyms::{DIGITS, PREFIX, is_pseudonym};
use super::recent::Recent;
use super::rules::rules;
use super::scan::{DEPTH, Find, Kind, With};
use super::seen;

/// The number of header fields that are kept: so many that the few fields of a service rarely share a place.
const FIELDS: usize = 1024;

/// The number of bodies that are kept.
const BODIES: usize = 64;

/// Makes pseudonyms under one key.
pub(crate) struct Redactor {
    key: Hmac<Sha256>,
    pub(super) known_secrets: KnownSecrets,
    pub(super) project: ProjectRules,
    /// Header fields that were left as they are.
    fields: Recent<()>,
    /// Bodies that were left as they are, and how they are written.
    pub(super) bodies: Recent<Form>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// `key` is 32 random bytes, new for each cassette and never stored: pseudonyms cannot be
    /// computed without it.
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self::with(key, ProjectRedaction::default())
    }

    pub(crate) fn with(key: [u8; 32], project: ProjectRedaction) -> Self {
        match Hmac::new_from_slice(&key) {
            Ok(key) => Self {
                key,
                known_secrets: KnownSecrets::default(),
                project: ProjectRules::new(project),
                fields: Recent::new(FIELDS),
                bodies: Recent::new(BODIES),
            },
            Err(error) => unreachable!("HMAC takes keys of any length: {error}"),
        }
    }

    /// The number of secrets found so far. While it is unchanged, a second redaction of one
    /// exchange changes nothing.
    pub(crate) fn learnt(&self) -> u64 {
        self.known_secrets.learnt()
    }

    /// The text without its secrets.
    pub(crate) fn in_text(&self, text: &str) -> String {
        self.redacted_text(text).unwrap_or_else(|| text.to_owned())
    }

    /// The text without its secrets; none where it has none.
    pub(crate) fn redacted_text(&self, text: &str) -> Option<String> {
        self.redacted(text, Kind::Any)
    }

    /// The path and query of a request without their secrets; none where they have none.
    pub(crate) fn redacted_target(&self, target: &str) -> Option<String> {
        self.target_with_rules(target).map(|it| it.0)
    }

    /// The same, with the rules by which its secrets were found.
    pub(crate) fn target_with_rules(&self, target: &str) -> Option<(String, Vec<String>)> {
        self.with_rules(target, Kind::Target)
    }

    fn redacted(&self, text: &str, kind: Kind) -> Option<String> {
        self.with_rules(text, kind).map(|it| it.0)
    }

    pub(super) fn with_rules(&self, text: &str, kind: Kind) -> Option<(String, Vec<String>)> {
        let finds = self.finds(text, kind, DEPTH);
        (!finds.is_empty()).then(|| {
            let rules = finds.iter().map(|it| it.rule.clone()).collect();
            (self.replaced(text, finds), rules)
        })
    }

    /// The rule by which the value of a header field is secret; none where it is not known to be.
    pub(crate) fn rule_of_field(&self, name: &str, value: &str) -> Option<String> {
        self.field(name, value).filter(|it| it != value)?;
        let lower = name.to_ascii_lowercase();
        if rules().http.credentials.contains(&lower) {
            return Some("credentials".to_owned());
        }
        if matches!(lower.as_str(), "cookie" | "set-cookie") {
            return Some("cookie".to_owned());
        }
        let own = seen::property(name)
            .rule
            .or_else(|| self.project.named(name));
        let of_name = own.filter(|it| super::assigned::is_secret_value(*it, value));
        let of_text = || {
            self.finds(value, Kind::Any, DEPTH)
                .into_iter()
                .next()
                .map(|it| it.rule)
        };
        of_name.map(|it| it.rule.id.to_string()).or_else(of_text)
    }

    /// The text with what was found replaced. The secrets are known from then on.
    pub(super) fn replaced(&self, text: &str, finds: Vec<Find>) -> String {
        let mut redacted = String::with_capacity(text.len());
        let mut at = 0;
        for find in finds {
            redacted.push_str(&text[at..find.place.start]);
            match find.with {
                With::Secret(secret) => redacted.push_str(&self.secret(&secret)),
                With::Quoted(secret, quote) => {
                    let _ = write!(redacted, "{quote}{}{quote}", self.secret(&secret));
                }
                With::Text(text) => redacted.push_str(&text),
            }
            at = find.place.end;
        }
        redacted.push_str(&text[at..]);
        redacted
    }

    /// The pseudonym of a secret, which is known from then on.
    pub(super) fn secret(&self, value: &str) -> String {
        if !is_pseudonym(value) {
            self.known_secrets.learn(value);
        }
        self.pseudonym(value)
    }

    pub(super) fn pseudonym(&self, value: &str) -> String {
        if value.is_empty() || is_pseudonym(value) {
            return value.to_owned();
        }
        let mut pseudonym = format!("{PREFIX}{}-", kind(value));
        let mut mac = self.key.clone();
        mac.update(value.as_bytes());
        for byte in &mac.finalize().into_bytes()[..DIGITS / 2] {
            // Writing to a string cannot fail.
            let _ = write!(pseudonym, "{byte:02x}");
        }
        pseudonym
    }

    /// The redacted value of a header field; none if it is unchanged. Credentials keep their
    /// scheme.
    pub(crate) fn field(&self, name: &str, value: &str) -> Option<String> {
        let learnt = self.learnt();
        if self.fields.get(name, value.as_bytes(), learnt).is_some() {
            return None;
        }
        let redacted = self.searched_field(name, value);
        if redacted.is_none() {
            self.fields.keep(name, value.as_bytes(), learnt, ());
        }
        redacted
    }

    fn searched_field(&self, name: &str, value: &str) -> Option<String> {
        let lower = name.to_ascii_lowercase();
        let http = &rules().http;
        if self.project.is_secret_field(name) {
            return Some(self.secret(value));
        }
        if http.credentials.contains(&lower) {
            return self.credentials(value);
        }
        match lower.as_str() {
            "cookie" => return self.cookies(value),
            "set-cookie" => return self.set_cookie(value),
            _ => {}
        }
        let redacted = || self.field_text(name, value);
        if http.kept.binary_search(&lower).is_ok() || self.project.keeps(name) {
            return redacted();
        }
        let own = seen::property(name)
            .rule
            .or_else(|| self.project.named(name));
        let is_key = || lower.ends_with("key") && looks_random(value);
        if own.is_some_and(|it| super::assigned::is_secret_value(it, value)) || is_key() {
            let secret = super::assigned::without_scheme(value);
            let before = &value[..value.len() - secret.len()];
            return Some(format!("{before}{}", self.secret(secret)));
        }
        // Elsewhere such a value may stay: it is not known to be secret.
        redacted().or_else(|| {
            let is_plain = is_plain(value) || own.is_some();
            (!is_plain).then(|| self.pseudonym(value))
        })
    }

    fn field_text(&self, name: &str, value: &str) -> Option<String> {
        if value.starts_with('/') {
            self.redacted_target(value)
        } else if names::is_of_digest(name) {
            // Its name says what has the length of a key.
            let before = format!("{name}: ");
            let redacted = self.redacted_text(&format!("{before}{value}"))?;
            match redacted.strip_prefix(&before) {
                Some(redacted) => Some(redacted.to_owned()),
                // The name has a known secret in it.
                None => self.redacted_text(value),
            }
        } else {
            self.redacted_text(value)
        }
    }

    fn credentials(&self, value: &str) -> Option<String> {
        let (scheme, credentials) = match value.split_once(' ') {
            Some((scheme, credentials)) if names::is_scheme(scheme) => {
                (Some(scheme), credentials.trim())
            }
            _ => (None, value),
        };
        if credentials.is_empty() || is_pseudonym(credentials) {
            return None;
        }
        let Some(scheme) = scheme else {
            // After a scheme of its own maker's, any word may be the secret.
            let words = value.split([' ', ',', '=', '"']).skip(1);
            words.for_each(|word| self.known_secrets.learn(word));
            return Some(self.secret(value));
        };
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(pair) = STANDARD.decode(credentials)
            && let Ok(pair) = std::str::from_utf8(&pair)
            && let Some((_, password)) = pair.split_once(':')
        {
            // The password is a secret by itself too.
            self.known_secrets.learn(password);
        }
        Some(format!("{scheme} {}", self.secret(credentials)))
    }

    fn cookies(&self, value: &str) -> Option<String> {
        let pairs: Vec<_> = value.split(';').map(|pair| self.cookie(pair)).collect();
        let redacted = pairs.join(";");
        (redacted != value).then_some(redacted)
    }

    /// The cookies of `Set-Cookie`, of which one field may have several.
    fn set_cookie(&self, value: &str) -> Option<String> {
        let mut parts = Vec::new();
        let mut is_first = true;
        for part in value.split(';') {
            let name = part
                .split('=')
                .next()
                .unwrap_or(part)
                .trim()
                .to_ascii_lowercase();
            let is_attribute = !is_first && rules().http.cookie.contains(&name);
            is_first = false;
            let redacted = match part
                .split_once(", ")
                .filter(|(_, next)| is_attribute && next.contains('='))
            {
                // After an attribute, another cookie begins behind a comma.
                Some((attribute, next)) => format!("{attribute}, {}", self.cookie(next)),
                None if is_attribute => self.in_text(part),
                None => self.cookie(part),
            };
            parts.push(redacted);
        }
        let redacted = parts.join(";");
        (redacted != value).then_some(redacted)
    }

    fn cookie(&self, pair: &str) -> String {
        match pair.split_once('=') {
            Some((name, value)) => {
                // The value is learnt first, should the name hold it too.
                let value = if harmless::is_none(value) {
                    value.to_owned()
                } else {
                    self.secret(value)
                };
                format!("{}={value}", self.in_text(name))
            }
            None if pair.trim().is_empty() => pair.to_owned(),
            None => self.secret(pair),
        }
    }
}

/// The kind of a secret. It depends on the value alone, so that a value has one pseudonym.
fn kind(value: &str) -> &'static str {
    let hits = rules().hits(value.get(..32).unwrap_or(value));
    let starts = |hit: &super::rules::Hit| match hit.anchor {
        super::rules::Anchor::Token(rule) if hit.start == 0 => {
            Some(rules().tokens[rule].id.as_str())
        }
        super::rules::Anchor::Block if hit.start == 0 => Some("block"),
        _ => None,
    };
    match hits.iter().find_map(starts) {
        Some("jwt") if value.matches('.').count() > 1 => "jwt",
        Some("jwt") | None => "secret",
        Some(_) => "key",
    }
}

/// True for a value of words and numbers, which a field of any name may keep.
fn is_plain(value: &str) -> bool {
    let mut words = value.split(|it: char| {
        !(it.is_alphanumeric() || matches!(it, '-' | '.' | '_' | '$' | '{' | '}' | '+'))
    });
    words.all(|word| {
        let is_of_one_kind = |piece: &str| {
            let has_digits = piece.bytes().any(|it| it.is_ascii_digit());
            !(has_digits && piece.bytes().any(|it| it.is_ascii_alphabetic())) || piece.len() < 5
        };
        let is_of_words =
            word.split(['-', '.', '_', '+']).all(is_of_one_kind) && !looks_random(word);
        is_of_words || harmless::is_none(word) || harmless::is_guid(word)
    })
}
