//! Values that are no secrets: words, placeholders, code, times and the like (`data/harmless.toml`).

use super::names::Named;
use super::pseudonyms::{is_pseudonym, pseudonyms};
use super::rules::{LONG, Values, rules};

/// The longest value in bytes that is compared with the tables; longer ones are no words.
const LONGEST: usize = 200;

/// The number of digits from which a number is long enough for a token.
const NUMBER: usize = 8;

/// Whether the value stood in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoted {
    Yes,
    No,
}

/// True if a value is a secret by the name beside it.
pub(super) fn is_secret(named: Named, value: &str, quoted: Quoted) -> bool {
    if named.rule.values != Values::Any && !looks_random(value) && !has_mixed_word(value) {
        return false;
    }
    if named.rule.values == Values::Long && (value.len() < LONG || !looks_random(value)) {
        return false;
    }
    if is_none(value) || (quoted == Quoted::No && is_code(value)) || is_message(value) {
        return false;
    }
    match named.rule.values {
        Values::Any => {
            if is_number(value) {
                let digits = value.bytes().filter(u8::is_ascii_digit).count();
                if named.rule.takes_numbers {
                    return digits > 2;
                }
                return !named.is_plural && digits >= NUMBER;
            }
            true
        }
        Values::Random | Values::Parameter | Values::Long => true,
    }
}

/// True for a value that is none: empty, a word for an absent value, a placeholder, a pseudonym.
pub(super) fn is_none(value: &str) -> bool {
    let value = value.trim();
    if value.is_empty() || is_pseudonym(value) {
        return true;
    }
    if value.len() > LONGEST {
        return false;
    }
    if let Some(made) = pseudonyms(value).next() {
        // What is around a pseudonym is what a recorder left.
        return !looks_random(&value[..made.start]) && !looks_random(&value[made.end..]);
    }
    let harmless = &rules().harmless;
    harmless.words.contains(&value.to_lowercase())
        || harmless.placeholders.is_match(value)
        || harmless.forms.is_match(value)
}

/// True for an expression of a program.
pub(super) fn is_code(value: &str) -> bool {
    value.len() <= LONGEST
        && rules().harmless.code.is_match(value)
        && (value.contains("()") || !looks_random(value))
}

/// True for a sentence about a value: `must be at least 8 characters`. All of its words are plain ones or short numbers.
fn is_message(value: &str) -> bool {
    const DIGITS: usize = 4;
    if value.len() > LONGEST || !value.contains(' ') {
        return false;
    }
    let is_around = |it: char| !it.is_alphanumeric();
    let is_plain = |word: &str| {
        let is_number = word.len() <= DIGITS && word.bytes().all(|it| it.is_ascii_digit());
        let behind_first = word.chars().skip(1);
        let has_case = |is: fn(char) -> bool| behind_first.clone().any(is);
        let is_mixed = has_case(char::is_lowercase) && has_case(char::is_uppercase);
        let is_word = !is_mixed && !word.chars().any(char::is_numeric);
        is_number || is_word
    };
    value.split(is_around).all(is_plain) && rules().harmless.messages.is_match(value)
}

/// True for a text that is a secret rather than a word, a name or a path, where a secret may stand beside those.
pub(super) fn is_like_secret(value: &str) -> bool {
    const SHORTEST: usize = 8;
    const SIGNS: &[u8] = b"!#$^&*+?~";
    let has = |is: fn(&u8) -> bool| value.bytes().any(|it| is(&it));
    let is_password = value.len() >= SHORTEST
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && has(|it| SIGNS.contains(it));
    let is_variable = !has(u8::is_ascii_lowercase) && value.contains('_');
    let is_path = value.contains(['/', '\\']) && !is_password || value.contains("://");
    !value.contains(char::is_whitespace)
        && !is_variable
        && !is_path
        && (looks_random(value) || has_mixed_word(value) || is_password)
}

pub(super) fn is_number(value: &str) -> bool {
    value.bytes().any(|it| it.is_ascii_digit())
        && value
            .bytes()
            .all(|it| it.is_ascii_digit() || b"+-.eE".contains(&it))
}

/// True for a value that nobody would write by hand: no words, numbers, versions, identifiers.
pub(super) fn looks_random(value: &str) -> bool {
    const LOOK: usize = 512;
    let value = value.get(..LOOK).unwrap_or(value).trim_end_matches('=');
    if value.len() < 8 || value.contains(char::is_whitespace) || is_guid(value) {
        return false;
    }
    if is_number(value) {
        return false;
    }
    let (mut pieces, mut letters, mut digits, mut last) = (0_usize, 0_usize, 0_usize, b' ');
    // How often a digit stands beside a letter.
    let mut changes = 0_usize;
    for byte in value.bytes() {
        let is_new = match byte {
            b'a'..=b'z' => !last.is_ascii_alphabetic(),
            b'A'..=b'Z' => !last.is_ascii_uppercase(),
            b'0'..=b'9' => !last.is_ascii_digit(),
            0x80.. => return false,
            _ => {
                last = byte;
                continue;
            }
        };
        pieces += usize::from(is_new);
        let is_change =
            last.is_ascii_alphanumeric() && last.is_ascii_digit() != byte.is_ascii_digit();
        changes += usize::from(is_change);
        letters += usize::from(byte.is_ascii_alphabetic());
        digits += usize::from(byte.is_ascii_digit());
        last = byte;
    }
    let length = letters + digits;
    if length < 8 || letters == 0 {
        return false;
    }
    // Words have four letters or more on average, and a random text changes after one or two.
    if pieces * 14 > length * 5 {
        return digits > 0 || length >= 12;
    }
    length >= 16
        && (changes * 4 > length || longest_consonants(value) >= 5 || has_random_hexadecimal(value))
}

/// True for a text with 16 hexadecimal digits or more in a row, in which numbers and letters take turns: a word of the
/// first six letters is short, and a number has none.
fn has_random_hexadecimal(value: &str) -> bool {
    const SHORTEST: usize = 16;
    const CHANGES: usize = 3;
    let mut runs = value.as_bytes().split(|it| !it.is_ascii_hexdigit());
    runs.any(|run| {
        let is_change = |it: &&[u8]| it[0].is_ascii_digit() != it[1].is_ascii_digit();
        run.len() >= SHORTEST && run.windows(2).filter(is_change).count() >= CHANGES
    })
}

/// True for a text of a password's length with a word in which digits stand between letters: `Pa55phrase`.
pub(super) fn has_mixed_word(text: &str) -> bool {
    const SHORTEST: usize = 12;
    if text.len() < SHORTEST
        || text.len() > LONGEST
        || text.contains(char::is_whitespace)
        || is_guid(text)
    {
        return false;
    }
    let mixed = &rules().harmless.mixed;
    let mut words = text.split(|it: char| !it.is_ascii_alphanumeric());
    words.any(|word| {
        let lower = word.to_ascii_lowercase();
        let letters = lower.trim_matches(|it: char| it.is_ascii_digit());
        letters.bytes().any(|it| it.is_ascii_digit())
            && !mixed.iter().any(|it| lower.contains(it.as_str()))
    })
}

/// The longest run of consonants: words have no five in a row.
fn longest_consonants(value: &str) -> usize {
    let is_vowel = |byte: u8| b"aeiouyAEIOUY".contains(&byte);
    let (mut longest, mut run) = (0, 0);
    for byte in value.bytes() {
        run = if byte.is_ascii_alphabetic() && !is_vowel(byte) {
            run + 1
        } else {
            0
        };
        longest = longest.max(run);
    }
    longest
}

/// True for an identifier in hexadecimal digits with hyphens.
pub(super) fn is_guid(value: &str) -> bool {
    if value.len() < 36 {
        return false;
    }
    let value = if value.len() == 36 {
        value
    } else {
        value.trim_matches(['{', '}'])
    };
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_distinguished_from_random_texts() {
        for random in [
            "tDr35D7Up7iwV0BaqMSC",
            "8sjR_epr1zrH-wvzieD7G",
            "fdcbebdccc85757467b28b37",
            "ghJKlQ8z2b",
            "lyE62x9JVPr7zxnF",
            "zqxkvbnmwrtplkjh",
            "Zq016fa72090343085d969de48478604cd",
            "0f00000000000000000000000000a1b2",
        ] {
            assert!(looks_random(random), "{random}");
        }
        for plain in [
            "title",
            "404",
            "NotFound",
            "afternoon",
            "authorization_code",
            "npm_config_registry_url",
            "2026-11-29",
            "57dab8b1-894c-409a-b240-bd8beae78896",
            "AuthenticationFailed",
            "v1.2.3",
            "application/json",
            "sk-SK-standard-voice-female",
            "en-US",
            "subject",
            "InviteParticipantsOperation",
            "1.0+20261129123456",
            "call-20261129123456789",
            "deadbeefcafedecade",
            "1634567890123456789a",
        ] {
            assert!(!looks_random(plain), "{plain}");
        }
    }

    #[test]
    fn what_stands_for_a_value_is_none() {
        for none in [
            "",
            "null",
            "******",
            "${PASSWORD}",
            "$TOKEN",
            "<SECRET>",
            "{token}",
            "{{ .Values.password }}",
            "your-api-key",
            "YOUR_API_KEY_HERE",
            "xxxx",
            "%PASSWORD%",
            "...",
            "2026-11-29T08:14:12Z",
            "changeme",
        ] {
            assert!(is_none(none), "{none}");
        }
        for some in ["swordfish", "hunter2", "a;b c", "$ecret!1", "{abc}}x"] {
            assert!(!is_none(some), "{some}");
        }
        assert!(is_code("user.password") && is_code("getToken()") && !is_code("hunter2"));
    }
}
