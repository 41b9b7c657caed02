//! Decides how two pages are compared: as two translations of one text, or as two texts with a contract each.

use super::super::metadata;
use super::super::metadata::Metadata;

/// The text that a page is a translation of, as its metadata name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SourceText {
    hash: Option<String>,
    commit: Option<String>,
    handoff: Option<String>,
    edition: String,
    api: String,
}

/// The metadata that decide, the strongest first.
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
    /// The name of the metadata, `month` or `API version`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Hash => "ms.openlocfilehash",
            Self::Commit => "ms.sourcegitcommit",
            Self::Handoff => "ms.lasthandoff",
            Self::Month => "month",
            Self::Api => "API version",
        }
    }
}

/// The relation of two pages that name the same source text. Only their metadata are read.
pub(super) fn of_one_hash(old: &[u8], new: &[u8]) -> Option<Relation> {
    let hash = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).ok()?;
        let hash = metadata::of_page(text).source?;
        (!hash.is_empty()).then(|| hash.to_owned())
    };
    (hash(old)? == hash(new)?).then_some(Relation {
        is_one_text: true,
        basis: Basis::Hash,
        divides_a_month: false,
    })
}

impl SourceText {
    pub(super) fn new(metadata: &Metadata<'_>, edition: &str, api: &str) -> Self {
        let owned = |text: Option<&str>| text.filter(|it| !it.is_empty()).map(str::to_owned);
        Self {
            hash: owned(metadata.source),
            commit: owned(metadata.commit),
            handoff: owned(metadata.handoff),
            edition: edition.to_owned(),
            api: api.to_owned(),
        }
    }

    /// Compares the strongest metadata that both pages have.
    pub(super) fn relation(&self, other: &Self) -> Relation {
        let signs = [
            (&self.hash, &other.hash, Basis::Hash),
            (&self.commit, &other.commit, Basis::Commit),
            (&self.handoff, &other.handoff, Basis::Handoff),
        ];
        let is_one_month = self.edition == other.edition;
        let known = signs.into_iter().find_map(|(one, other, basis)| {
            let (one, other) = (one.as_ref()?, other.as_ref()?);
            Some((one == other, basis))
        });
        let (is_same, basis) = known.unwrap_or((is_one_month, Basis::Month));
        // A commit, a day and a month are those of many pages.
        let divides_api = is_same && basis != Basis::Hash && self.api != other.api;
        let is_one_text = is_same && !divides_api;
        Relation {
            is_one_text,
            basis: if divides_api { Basis::Api } else { basis },
            divides_a_month: !is_one_text && is_one_month && self.api == other.api,
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
        SourceText::new(&metadata, edition, "beta")
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
            assert_eq!(first.relation(&other), expected, "{other:?}");
        }
    }

    #[test]
    fn versions_of_the_api_share_no_month() {
        for (commit, handoff) in [("a", "04/01/2022"), ("", "04/01/2022"), ("", "")] {
            let beta = text("", commit, handoff, "2022-04");
            let mut other = beta.clone();
            "v1.0".clone_into(&mut other.api);
            let relation = beta.relation(&other);
            assert!(!relation.is_one_text);
            assert_eq!(relation.basis, Basis::Api, "{commit} {handoff}");
        }
    }
}
