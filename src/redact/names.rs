//! Names of secrets: a name is split into words and compared with the terms of `data/names.toml`.

use std::borrow::Cow;

use super::pseudonyms::pseudonyms;
use super::rules::{Fit, NameRule, Values, rules};

/// The longest name in bytes that is compared; of a longer one its end.
const LONGEST: usize = 96;

/// A name as its words: in lower case, without marks and without what parts them.
#[derive(Debug, Default)]
struct Words {
    joined: String,
    /// The offsets at which words begin.
    begins: Vec<usize>,
}

impl Words {
    fn of(name: &str) -> Self {
        let mut words = Self::default();
        let mut before = Kind::Other;
        let mut letters = name.chars().peekable();
        while let Some(letter) = letters.next() {
            let kind = Kind::of(letter);
            let mut next_is_lower = || letters.peek().is_some_and(|it| it.is_lowercase());
            let begins = match (before, kind) {
                (_, Kind::Other) => false,
                (Kind::Other, _) | (Kind::Lower | Kind::Digit, Kind::Upper) => true,
                (Kind::Upper, Kind::Upper) => next_is_lower(),
                _ => false,
            };
            if begins || words.joined.is_empty() {
                words.begins.push(words.joined.len());
            }
            if kind != Kind::Other {
                push_plain(letter, &mut words.joined);
                before = kind;
            } else if !is_mark(letter) {
                before = kind;
            }
        }
        words
    }

    fn first(&self) -> &str {
        let end = self.begins.get(1).copied().unwrap_or(self.joined.len());
        &self.joined[..end]
    }

    fn last_begin(&self) -> usize {
        self.begins.last().copied().unwrap_or(0)
    }

    /// The name without its last `length` bytes, and the beginnings of words that are no more.
    fn shorten(&mut self, length: usize) {
        self.joined.truncate(self.joined.len() - length);
        let end = self.joined.len();
        self.begins.retain(|it| *it < end);
    }

    fn without_digits(&mut self) {
        let digits = self.joined.bytes().rev().take_while(u8::is_ascii_digit);
        let count = digits.count();
        if count < self.joined.len() {
            self.shorten(count);
        }
    }

    fn rule(&self) -> Option<&'static NameRule> {
        let names = &rules().names;
        let fits = |term: &str, fit: Fit| {
            let Some(before) = self.joined.strip_suffix(term).map(str::len) else {
                return false;
            };
            match fit {
                Fit::Whole => before == 0,
                Fit::Ends => self.begins.contains(&before),
                Fit::Glued => true,
            }
        };
        let mut terms = names.terms(&self.joined);
        let found = terms.find(|(term, fit, _)| fits(term, *fit));
        found.map(|(_, _, rule)| &names.rules[*rule])
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lower,
    Upper,
    Digit,
    Other,
}

impl Kind {
    fn of(letter: char) -> Self {
        if letter.is_ascii_lowercase() {
            Self::Lower
        } else if letter.is_ascii_uppercase() {
            Self::Upper
        } else if letter.is_ascii_digit() {
            Self::Digit
        } else if letter.is_ascii() || !letter.is_alphanumeric() {
            Self::Other
        } else if letter.is_uppercase() {
            Self::Upper
        } else {
            Self::Lower
        }
    }
}

/// True for a mark that combines with the letter before it.
const fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

/// Appends a letter in lower case, without its marks.
fn push_plain(letter: char, to: &mut String) {
    if letter.is_ascii() {
        to.push(letter.to_ascii_lowercase());
        return;
    }
    for letter in letter.to_lowercase().filter(|it| !is_mark(*it)) {
        to.push_str(match letter {
            'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ą' | 'ā' => "a",
            'ç' | 'ć' | 'č' => "c",
            'ď' | 'đ' => "d",
            'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ě' | 'ē' => "e",
            'ğ' => "g",
            'í' | 'ì' | 'î' | 'ï' | 'ı' | 'ī' => "i",
            'ł' => "l",
            'ñ' | 'ń' | 'ň' => "n",
            'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ő' => "o",
            'ř' => "r",
            'ś' | 'š' | 'ş' | 'ș' => "s",
            'ß' => "ss",
            'ť' | 'ț' => "t",
            'ú' | 'ù' | 'û' | 'ü' | 'ů' | 'ű' => "u",
            'ý' | 'ÿ' => "y",
            'ź' | 'ż' | 'ž' => "z",
            other => {
                to.push(other);
                continue;
            }
        });
    }
}

/// What a name says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    pub rule: &'static NameRule,
    /// True for the name of several: numbers under it count them.
    pub is_plural: bool,
}

/// The letters and digits of a name, in lower case and without marks.
pub(super) fn plain(name: &str) -> String {
    Words::of(name).joined
}

/// True for a name that ends with a pseudonym: without its digits it would be the name of a secret.
fn is_pseudonymous(name: &str) -> bool {
    let last = pseudonyms(name).last();
    last.is_some_and(|it| !name[it.end..].contains(char::is_alphabetic))
}

/// The rule of the table that this name falls under, parameters of URLs and forms included.
pub(super) fn named(name: &str) -> Option<Named> {
    if is_pseudonymous(name) {
        return None;
    }
    let mut from = name.len().saturating_sub(LONGEST);
    while !name.is_char_boundary(from) {
        from += 1;
    }
    let mut words = Words::of(&name[from..]);
    let names = &rules().names;
    if words.begins.len() > 1 && names.before.iter().any(|it| it == words.first()) {
        return None;
    }
    if names.place.iter().any(|it| words.joined.ends_with(it)) {
        return None;
    }
    let is_qualified =
        words.begins.len() > 1 && names.qualifying.iter().any(|it| it == words.first());
    let mut is_plural = false;
    loop {
        words.without_digits();
        if let Some(rule) = words.rule() {
            let is_any = rule.values == Values::Any;
            let rule = if is_qualified && is_any {
                &QUALIFIED
            } else {
                rule
            };
            return Some(Named { rule, is_plural });
        }
        let is_countable = words.joined.ends_with('s') && words.joined.len() > 2;
        if is_countable && !is_plural {
            words.shorten(1);
            is_plural = true;
            continue;
        }
        let begin = words.last_begin();
        let last = &words.joined[begin..];
        if begin == 0 || !names.after.iter().any(|it| it == last) {
            return None;
        }
        words.shorten(last.len());
    }
}

static QUALIFIED: NameRule = NameRule {
    id: Cow::Borrowed("qualified"),
    values: Values::Random,
    takes_numbers: false,
};

static EXCHANGED: NameRule = NameRule {
    id: Cow::Borrowed("exchanged-code"),
    values: Values::Long,
    takes_numbers: false,
};

/// The rule of a name that is secret anywhere, also outside of URLs and forms.
pub(super) fn named_anywhere(name: &str) -> Option<Named> {
    let named = named(name)?;
    if named.rule.values != Values::Parameter {
        return Some(named);
    }
    let is_exchanged = rules().names.exchanged.contains(&plain(name));
    is_exchanged.then_some(Named {
        rule: &EXCHANGED,
        is_plural: false,
    })
}

/// True for a name below a secret name that is not that of the secret: `type`, `expires_in`.
pub(super) fn is_beside(name: &str) -> bool {
    let plain = plain(name);
    rules().names.beside.contains(&plain)
}

/// True for a name whose value is a digest or an identifier.
pub(super) fn is_of_digest(name: &str) -> bool {
    let words = Words::of(name);
    let digests = &rules().harmless.digests;
    let is_digest = |begin: &usize| digests.iter().any(|it| *it == words.joined[*begin..]);
    words.begins.iter().any(is_digest)
}

pub(super) fn is_scheme(word: &str) -> bool {
    let schemes = &rules().names.scheme;
    schemes.iter().any(|it| it.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        for name in [
            "password",
            "db_passwd",
            "appPwd",
            "DB-PASSWORD",
            "password1",
            "client_secret_1",
            "passwords",
            "apiKeys",
            "X-Api-Key",
            "spring.datasource.password",
            "mot_de_passe",
            "contraseña",
            "contrasen\u{303}a",
            "Schlüssel",
            "hasło",
            "ПАРОЛЬ",
            "Пароль",
            "密碼",
            "userPassword2",
            "API_KEY_PROD",
            "passwordConfirmation",
            "dbpassword",
            "AWSSecretAccessKey",
            "key1",
            "clientState",
            "SECRET_KEY_BASE",
            "mfaCode",
            "pageAccessToken",
            "syncSecret",
            "userPassword",
            "user_password",
            "user-password",
            "dbUserPassword",
            "user_password_confirmation",
            "sessionToken",
        ] {
            assert!(named_anywhere(name).is_some(), "{name}");
        }
        for name in [
            "passenger",
            "compass",
            "tokenization",
            "keyboard",
            "token_type",
            "hasPassword",
            "max_tokens",
            "lastPasswordChangeDateTime",
            "passwordRequired",
            "secretName",
            "keyId",
            "monkey",
            "publicKey",
            "inside",
            "author",
            "spinning",
            "secretary",
            "$skiptoken",
            "nextPageToken",
            "x-ms-continuation-token",
            "@odata.deltaToken",
            "",
        ] {
            assert!(named_anywhere(name).is_none(), "{name}");
        }
        assert!(named("rc").is_some() && named_anywhere("rc").is_none());
        let values = |named: Option<Named>| named.map(|it| it.rule.values);
        for name in ["userPassword", "user_password", "session_token"] {
            assert_eq!(values(named(name)), Some(Values::Any), "{name}");
        }
        for name in ["cachedToken", "valid_password", "EXPIRED_API_KEY"] {
            assert_eq!(values(named(name)), Some(Values::Random), "{name}");
        }
        assert_eq!(values(named("code")), Some(Values::Parameter));
        assert_eq!(values(named_anywhere("code")), Some(Values::Long));
        assert!(is_of_digest("sha256") && is_of_digest("contentHash") && !is_of_digest("data"));
    }
}
