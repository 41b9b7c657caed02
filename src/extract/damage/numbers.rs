//! Numbers and statuses of a text, which all translations share.

use foldhash::HashSet;

use super::super::number::Number;
use super::super::prose::Text;
use super::super::statement;

/// Some languages write numbers up to this one as words.
const SPELLED: f64 = 9.0;

/// The numbers of a text, and the statuses in its code spans.
#[derive(Debug)]
pub(super) struct Numbers {
    read: Vec<Number>,
    statuses: Vec<String>,
    /// Every run of digits, also one that is part of a word, such as `ISO3166`.
    digits: HashSet<String>,
}

impl Numbers {
    pub(super) fn of(text: &Text, locale: &str) -> Self {
        let sentences = statement::sentences(text, locale).into_iter();
        let numbers = sentences.flat_map(|it| it.numbers);
        let statuses = text.codes().filter(|code| statement::is_status(code));
        let plain = text.plain();
        let digits = plain
            .split(|c: char| !c.is_ascii_digit())
            .map(str::to_owned);
        Self {
            digits: digits.collect(),
            read: numbers.filter(|it| !it.all(|it| it <= SPELLED)).collect(),
            statuses: statuses.map(|code| code[..3].to_owned()).collect(),
        }
    }

    /// The numbers that only this text has, and those that only the other has. `None` if there are neither. A translation
    /// may repeat a number.
    pub(super) fn difference(&self, other: &Self) -> Option<(String, String)> {
        let (here, there) = (self.lacking(other), other.lacking(self));
        (here != there).then_some((here, there))
    }

    fn lacking(&self, other: &Self) -> String {
        let has = |number: &Number| {
            other.digits.contains(&number.text) || other.read.iter().any(|it| it.may_equal(number))
        };
        let numbers = self.read.iter().filter(|it| !has(it));
        let statuses = self
            .statuses
            .iter()
            .filter(|it| !other.statuses.contains(it));
        let all = numbers
            .map(|it| it.text.as_str())
            .chain(statuses.map(String::as_str));
        all.collect::<Vec<_>>().join("`, `")
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::prose::Piece;
    use super::*;

    fn numbers(text: &str, locale: &str) -> Numbers {
        let pieces = text
            .split('`')
            .enumerate()
            .map(|(index, part)| match index % 2 {
                0 => Piece::Plain(part.to_owned()),
                _ => Piece::Code(part.to_owned()),
            });
        let text = Text {
            pieces: pieces.collect(),
            ..Text::default()
        };
        Numbers::of(&text, locale)
    }

    #[test]
    fn numbers_of_two_languages_are_compared() {
        for (own, other, here, there) in [
            (
                "не более 265 символов",
                "最大限制为256个字符。",
                "265",
                "256",
            ),
            ("не более символов", "最大限制为256个字符。", "", "256"),
            ("от 15-45 минут, 45 минут", "每隔 15 到 45 分钟", "", ""),
            ("1,5 с", "1.5 秒", "", ""),
            ("в примерах 1–4", "示例 1-4，其中", "", ""),
            ("iso 3166-1", "ISO3166", "", ""),
            ("до пяти", "最多 5 个", "", ""),
            ("код `404 OK`", "`200 OK` 代码", "404", "200"),
        ] {
            let found = numbers(own, "ru-RU").difference(&numbers(other, "zh-CN"));
            let found = found.unwrap_or_default();
            assert_eq!((found.0.as_str(), found.1.as_str()), (here, there), "{own}");
        }
    }
}
