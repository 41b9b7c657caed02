//! Decides how two pages are compared: as two translations of one text, or as two texts with a contract each.

use super::super::metadata;
use super::super::metadata::{Metadata, PageKey, UNDATED};

/// The text that a page is a translation of, as its metadata name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SourceText {
    hash: Option<String>,
    commit: Option<String>,
    handoff: Option<String>,
    edition: String,
    api: String,
    locale: String,
}

/// The reason for a decision. The metadata are first, the strongest of them at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Basis {
    /// `ms.openlocfilehash`
    Hash,
    /// `ms.sourcegitcommit`
    Commit,
    /// `ms.lasthandoff`
    Handoff,
    /// The month of the text, if the pages share no other metadata.
    Month,
    /// Texts of two API versions have nothing but such metadata in common.
    Api,
    /// Two texts in one language are no translations, whatever they have in common.
    Language,
    /// The pages share no metadata.
    Nothing,
}

/// How two pages are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Relation {
    /// True for translations of one text: every difference is damage. Otherwise every difference is a change.
    pub is_one_text: bool,
    pub basis: Basis,
    /// True for two texts of the same month and API version.
    pub divides_a_month: bool,
}

impl Basis {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Hash => "ms.openlocfilehash",
            Self::Commit => "ms.sourcegitcommit",
            Self::Handoff => "ms.lasthandoff",
            Self::Month => "month",
            Self::Api => "API version",
            Self::Language => "language",
            Self::Nothing => "nothing",
        }
    }
}

impl Relation {
    /// What the texts are and why, in words.
    pub(crate) fn reason(self) -> String {
        let basis = self.basis.as_str();
        match self.basis {
            Basis::Language => "two texts (in one language), so differences are changes".to_owned(),
            Basis::Nothing => {
                "two texts (no metadata name their source), so differences are changes".to_owned()
            }
            _ if self.is_one_text => {
                format!("translations of one text (same {basis}), so differences are damage")
            }
            _ => format!("two texts (another {basis}), so differences are changes"),
        }
    }
}

/// The relation of two pages in two languages that name the same source text. Only their metadata are read.
pub(super) fn of_one_hash(old: &[u8], new: &[u8]) -> Option<Relation> {
    let key = |bytes: &[u8]| {
        let metadata = metadata::of_page(std::str::from_utf8(bytes).ok()?);
        let hash = metadata.source.filter(|it| !it.is_empty())?;
        Some((hash.to_owned(), metadata.known_locale()?.to_owned()))
    };
    let ((one, language), (other, other_language)) = (key(old)?, key(new)?);
    (one == other && language != other_language).then_some(Relation {
        is_one_text: true,
        basis: Basis::Hash,
        divides_a_month: false,
    })
}

impl SourceText {
    pub(super) fn new(metadata: &Metadata<'_>, key: &PageKey) -> Self {
        let owned = |text: Option<&str>| text.filter(|it| !it.is_empty()).map(str::to_owned);
        Self {
            hash: owned(metadata.source),
            commit: owned(metadata.commit),
            handoff: owned(metadata.handoff),
            edition: key.edition.clone(),
            api: key.api.clone(),
            locale: key.locale.clone(),
        }
    }

    /// Compares the strongest metadata that both pages have.
    pub(super) fn relation(&self, other: &Self) -> Relation {
        let signs = [
            (&self.hash, &other.hash, Basis::Hash),
            (&self.commit, &other.commit, Basis::Commit),
            (&self.handoff, &other.handoff, Basis::Handoff),
        ];
        let is_dated = self.edition != UNDATED && other.edition != UNDATED;
        let is_one_month = is_dated && self.edition == other.edition;
        let known = signs.into_iter().find_map(|(one, other, basis)| {
            let (one, other) = (one.as_ref()?, other.as_ref()?);
            Some((one == other, basis))
        });
        let (is_same, sign) = known.unwrap_or(if is_dated {
            (is_one_month, Basis::Month)
        } else {
            (false, Basis::Nothing)
        });
        let is_one_api = self.api == other.api;
        let basis = match (is_same, sign) {
            // A commit, a day and a month are those of many pages.
            (true, Basis::Commit | Basis::Handoff | Basis::Month) | (_, Basis::Nothing)
                if !is_one_api =>
            {
                Basis::Api
            }
            (true, _) | (_, Basis::Nothing) if self.locale == other.locale => Basis::Language,
            _ => sign,
        };
        let is_one_text = is_same && basis == sign;
        Relation {
            is_one_text,
            basis,
            divides_a_month: !is_one_text && is_one_month && is_one_api && basis != Basis::Language,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(hash: &str, commit: &str, handoff: &str, edition: &str) -> SourceText {
        let metadata = Metadata {
            source: Some(hash),
            commit: Some(commit),
            handoff: Some(handoff),
            ..Metadata::default()
        };
        let key = PageKey {
            page: "call-wave".to_owned(),
            api: "beta".to_owned(),
            edition: edition.to_owned(),
            locale: "pt-BR".to_owned(),
            assumes_api: false,
        };
        SourceText::new(&metadata, &key)
    }

    /// The same text in another language.
    fn translated(text: &SourceText) -> SourceText {
        SourceText {
            locale: "ru-RU".to_owned(),
            ..text.clone()
        }
    }

    #[test]
    fn the_strongest_sign_decides() {
        let first = text("1", "a", "04/01/2022", "2022-04");
        for (other, is_one_text, basis, divides) in [
            (
                text("1", "b", "04/06/2022", "2022-04"),
                true,
                Basis::Hash,
                false,
            ),
            (
                text("2", "a", "04/01/2022", "2022-04"),
                false,
                Basis::Hash,
                true,
            ),
            (
                text("", "a", "04/06/2022", "2022-04"),
                true,
                Basis::Commit,
                false,
            ),
            (
                text("", "b", "04/01/2022", "2022-04"),
                false,
                Basis::Commit,
                true,
            ),
            (
                text("", "", "04/01/2022", "2022-04"),
                true,
                Basis::Handoff,
                false,
            ),
            (text("", "", "", "2022-04"), true, Basis::Month, false),
            (text("", "", "", "2022-05"), false, Basis::Month, false),
        ] {
            let expected = Relation {
                is_one_text,
                basis,
                divides_a_month: divides,
            };
            let other = translated(&other);
            assert_eq!(first.relation(&other), expected, "{other:?}");
        }
    }

    #[test]
    fn two_texts_in_one_language_are_no_translations() {
        for (hash, commit, handoff, edition) in [
            ("1", "", "", "2022-04"),
            ("", "a", "", "2022-04"),
            ("", "", "04/01/2022", "2022-04"),
            ("", "", "", "2022-04"),
            ("", "", "", UNDATED),
        ] {
            let one = text(hash, commit, handoff, edition);
            let relation = one.relation(&one);
            assert!(!relation.is_one_text && !relation.divides_a_month);
            assert_eq!(relation.basis, Basis::Language, "{one:?}");
        }
    }

    #[test]
    fn pages_without_a_month_share_none() {
        let one = text("", "", "", UNDATED);
        let relation = one.relation(&translated(&one));
        assert!(!relation.is_one_text && !relation.divides_a_month);
        assert_eq!(relation.basis, Basis::Nothing);
    }

    #[test]
    fn versions_of_the_api_share_no_month() {
        for (commit, handoff) in [("a", "04/01/2022"), ("", "04/01/2022"), ("", "")] {
            let beta = text("", commit, handoff, "2022-04");
            let mut other = translated(&beta);
            "v1.0".clone_into(&mut other.api);
            let relation = beta.relation(&other);
            assert!(!relation.is_one_text);
            assert_eq!(relation.basis, Basis::Api, "{commit} {handoff}");
        }
    }
}
