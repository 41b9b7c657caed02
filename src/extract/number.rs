//! Numbers in prose, with the marks of different languages between thousands and in front of a fraction.

use std::borrow::Cow;

/// A number in prose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    /// With a point in front of the fraction, and without marks between thousands. As printed, if these cannot be told
    /// apart.
    pub(super) text: String,
    /// The values that it may have: two if its mark may stand between thousands or in front of a fraction. Equal values
    /// have equal texts.
    values: Vec<String>,
}

/// The mark in front of a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FractionMark {
    Point,
    Comma,
    /// The mark of this language is not known.
    Unknown,
}

impl FractionMark {
    /// The mark in the language of a locale. The languages are those of the published pages.
    pub(super) fn of(locale: &str) -> Self {
        let language = locale.split('-').next().unwrap_or_default();
        match language.to_ascii_lowercase().as_str() {
            "en" | "ja" | "ko" | "zh" => Self::Point,
            "de" | "es" | "fr" | "it" | "pt" | "ru" => Self::Comma,
            _ => Self::Unknown,
        }
    }

    const fn is(self, mark: char) -> bool {
        match self {
            Self::Point => mark == '.',
            Self::Comma => mark == ',',
            Self::Unknown => true,
        }
    }
}

impl Number {
    /// Reads digits with marks between them. `None` for marks that no number has, such as those of an IP address.
    fn read(printed: &str, fraction: FractionMark) -> Option<Self> {
        let values = values(printed, fraction)?;
        let text = match values.as_slice() {
            [value] => value.clone(),
            _ => printed.to_owned(),
        };
        Some(Self { text, values })
    }

    /// True if both may have the same value.
    pub(super) fn may_equal(&self, other: &Self) -> bool {
        self.values.iter().any(|it| other.values.contains(it))
    }

    /// True if it is greater than the other, whatever values they have.
    pub(super) fn exceeds(&self, other: &Self) -> bool {
        self.all(|it| other.all(|other| it > other))
    }

    /// True for each of the values that it may have.
    pub(super) fn all(&self, test: impl Fn(f64) -> bool) -> bool {
        let mut values = self.values.iter().map(|it| it.parse::<f64>());
        values.all(|value| value.is_ok_and(&test))
    }
}

/// The numbers in a word: digits that do not touch a letter or a slash. A unit may follow them, or a hyphen with the rest
/// of a word.
pub(super) fn numbers(word: &str, fraction: FractionMark) -> Vec<Number> {
    let is_hyphen = |c: char| matches!(c, '-' | '–' | '—');
    // No number: a GUID, a date, a name with a number.
    let (before, _) = word.split_once(is_hyphen).unwrap_or_default();
    if word.matches(is_hyphen).count() > 1 || before.chars().any(char::is_alphabetic) {
        return Vec::new();
    }
    // No number: the examples 1-4.
    let is_digit = |part: &str| part.len() == 1 && part.bytes().all(|b| b.is_ascii_digit());
    let is_mark = |c: char| is_mark(c) || is_thousands_mark(c);
    if word.contains(is_hyphen) && word.trim_matches(is_mark).split(is_hyphen).all(is_digit) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut rest = word;
    let mut last = None;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let before = rest[..start].chars().next_back().or(last);
        let (printed, behind) = rest[start..].split_at(length(&rest[start..]));
        let after = behind.chars().next();
        let touches = |c: char| c.is_ascii_alphabetic() || "_/:.+#@".contains(c);
        let unit = behind.split(|c: char| !c.is_ascii_alphabetic()).next();
        let has_unit = unit.is_some_and(|it| UNITS.contains(&it));
        let is_touched = before.is_some_and(touches)
            || after.is_some_and(|c| touches(c) && !is_mark(c) && !has_unit);
        // No limit: a year.
        if !is_touched && !is_year(printed) {
            found.extend(Number::read(printed, fraction));
        }
        last = printed.chars().next_back();
        rest = behind;
    }
    found
}

const UNITS: [&str; 10] = ["s", "ms", "min", "h", "kB", "KB", "MB", "GB", "kHz", "KHz"];

fn is_year(printed: &str) -> bool {
    let is_plain = printed.len() == 4 && !printed.contains(is_mark);
    is_plain && (printed.starts_with("199") || printed.starts_with("20"))
}

/// True for a mark that stands between thousands or in front of a fraction.
const fn is_mark(c: char) -> bool {
    matches!(c, '.' | ',')
}

/// True for a mark that never stands in front of a fraction.
const fn is_thousands_mark(c: char) -> bool {
    matches!(c, '，' | '\'' | '’' | BLANK)
}

/// The blank between the thousands of a number.
const BLANK: char = '\u{a0}';

/// The words of a text. A number whose thousands are separated by blanks is one word, with [`BLANK`] between them.
pub(super) fn words(text: &str) -> Vec<Cow<'_, str>> {
    let mut words: Vec<Cow<'_, str>> = Vec::new();
    for word in text.split_whitespace() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let goes_on = digits(word) == 3;
        match words.last_mut().filter(|_| goes_on) {
            Some(last) if ends_in_thousands(last) => {
                last.to_mut().push(BLANK);
                last.to_mut().push_str(word);
            }
            _ => words.push(word.into()),
        }
    }
    words
}

/// True for a word that ends in one to three digits, which are its only digits or follow a [`BLANK`].
fn ends_in_thousands(word: &str) -> bool {
    let rest = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_short = (1..=3).contains(&(word.len() - rest.len()));
    is_short && (rest.ends_with(BLANK) || !rest.contains(char::is_alphanumeric))
}

/// The length of the number at the start of a text, with the marks in it.
fn length(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut end = digits(text);
    while let Some(mark) = text[end..].chars().next() {
        let start = end + mark.len_utf8();
        let count = digits(&text[start..]);
        if is_mark(mark) && count > 0 || is_thousands_mark(mark) && count == 3 {
            end = start + count;
        } else {
            break;
        }
    }
    end
}

fn values(printed: &str, fraction: FractionMark) -> Option<Vec<String>> {
    let number = printed.replace(is_thousands_mark, "");
    let has_thousands = number.len() < printed.len();
    let Some((whole, last)) = number.rsplit_once(is_mark) else {
        return Some(vec![decimal(&number, "")]);
    };
    let mark = if number[whole.len()..].starts_with('.') {
        '.'
    } else {
        ','
    };
    let mut groups = whole.split(is_mark).chain([last]);
    let first = groups.next().unwrap_or_default();
    let are_thousands = !has_thousands
        && (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && groups.all(|it| it.len() == 3);
    let other = if mark == '.' { ',' } else { '.' };
    match (whole.contains(mark), whole.contains(other)) {
        (false, false) => Some(match (are_thousands, fraction.is(mark)) {
            (false, _) => vec![decimal(whole, last)],
            (true, false) => vec![decimal(&[whole, last].concat(), "")],
            // A translation may have left the number as it was.
            (true, true) => vec![decimal(&[whole, last].concat(), ""), decimal(whole, last)],
        }),
        (true, false) => are_thousands.then(|| vec![decimal(&number.replace(mark, ""), "")]),
        (false, true) => {
            let mut groups = whole.split(other);
            let is_first = groups.next().is_some_and(|it| it.len() <= 3);
            let are_thousands = is_first && groups.all(|it| it.len() == 3);
            are_thousands.then(|| vec![decimal(&whole.replace(other, ""), last)])
        }
        (true, true) => None,
    }
}

/// A number, without zeros that do not change its value.
fn decimal(whole: &str, fraction: &str) -> String {
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, locale: &str) -> Vec<String> {
        let fraction = FractionMark::of(locale);
        let words = words(text);
        let found = words.iter().flat_map(|word| numbers(word, fraction));
        found.map(|it| it.values.join(" or ")).collect()
    }

    #[test]
    fn each_language_has_its_marks() {
        for (text, locale, expected) in [
            (
                "3.5, 0.125, 1234.567",
                "en-US",
                &["3.5", "0.125", "1234.567"][..],
            ),
            ("3,5 0,125; 12,50.", "ru-RU", &["3.5", "0.125", "12.5"]),
            ("1,000 and 12,345,678.5", "en-US", &["1000", "12345678.5"]),
            ("1.000 e 12.345.678,5", "pt-BR", &["1000", "12345678.5"]),
            (
                "16 000, 1\u{a0}234\u{202f}567,8 (1 000)",
                "fr-FR",
                &["16000", "1234567.8", "1000"],
            ),
            ("16，000和5，10", "zh-CN", &["16000", "5", "10"]),
            ("1'000, 1’000.5", "de-CH", &["1000", "1000.5"]),
            // Untranslated, or a fraction.
            ("1.000", "en-US", &["1000 or 1"]),
            ("1,000", "ru-RU", &["1000 or 1"]),
            ("1.125 1,125", "tlh", &["1125 or 1.125", "1125 or 1.125"]),
            // No number.
            ("127.0.0.1 and 1.2,3.4", "en-US", &[]),
            ("since 2021, at most 2,021", "en-US", &["2021"]),
            ("007 and 5 1000", "en-US", &["7", "5", "1000"]),
        ] {
            assert_eq!(read(text, locale), expected, "{text}");
        }
    }

    #[test]
    fn numbers_of_two_values_are_compared_by_both() {
        let number = |text: &str| Number::read(text, FractionMark::Unknown).unwrap();
        assert!(number("1.000").may_equal(&number("1")));
        assert!(number("1.000").may_equal(&number("1 000".replace(' ', "\u{a0}").as_str())));
        assert!(!number("1.000").may_equal(&number("256")));
        for (one, other, expected) in [
            ("4,5", "3.5", true),
            ("1.000", "256", false),
            ("256", "1.000", false),
            ("2.000", "1", true),
            ("3", "3,0", false),
        ] {
            assert_eq!(
                number(one).exceeds(&number(other)),
                expected,
                "{one} {other}"
            );
        }
    }
}
