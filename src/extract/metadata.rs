//! The metadata at the head of a page, and the parts of a page's scenario ids.

use std::str::FromStr;

use crate::api::resource;
use crate::diagnostic::path::is_refused_by_windows;

use super::inventory::{FindingKind, Findings};

/// The edition and the locale of pages whose metadata do not have them.
#[derive(Debug, Clone, Default)]
pub(crate) struct PageDefaults {
    pub edition: Option<Edition>,
    pub locale: Option<Locale>,
    /// The API version of the pages beside it.
    pub api: Option<String>,
}

/// The month of a text, such as 2021-02.
#[derive(Debug, Clone)]
pub(crate) struct Edition(String);

/// The language and region of a text, such as pt-BR.
#[derive(Debug, Clone)]
pub(crate) struct Locale(String);

impl Edition {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Locale {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A word that is neither an edition nor a locale.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MetadataError {
    #[error("expected an edition: a year and a month, such as 2021-02")]
    Edition,
    #[error("expected a locale: a language and a region, such as pt-BR")]
    Locale,
}

impl FromStr for Edition {
    type Err = MetadataError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let edition = is_edition(text).then(|| Self(text.to_owned()));
        edition.ok_or(MetadataError::Edition)
    }
}

impl FromStr for Locale {
    type Err = MetadataError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let locale = is_locale(text).then(|| Self(text.to_owned()));
        locale.ok_or(MetadataError::Locale)
    }
}

/// The metadata of a page that confcall uses, as printed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata<'a> {
    /// `title`
    pub(crate) title: Option<&'a str>,
    /// The line of the title, counted from 1.
    pub(crate) title_line: Option<usize>,
    /// `ms.openlocfilehash`: the hash of the text that the page is a translation of
    pub(crate) source: Option<&'a str>,
    /// `canonicalUrl`
    pub(crate) address: Option<&'a str>,
    /// `ms.contentlocale`
    pub(crate) locale: Option<&'a str>,
    /// `ms.lasthandoff`, a date as `MM/DD/YYYY`
    pub(super) handoff: Option<&'a str>,
    /// `ms.sourcegitcommit`
    pub(super) commit: Option<&'a str>,
}

impl<'a> Metadata<'a> {
    /// The language and region, if the metadata name them in their form.
    pub(super) fn known_locale(&self) -> Option<&'a str> {
        self.locale.filter(|locale| is_locale(locale))
    }
}

/// The metadata of a page.
pub(crate) fn of_page(text: &str) -> Metadata<'_> {
    split(text, &mut Findings::new("")).0
}

/// Reads the metadata block. Returns the offset of the text after it.
///
/// The Markdown parser takes any two `---` lines for such a block, and pages end their tabs with them, so it
/// is not used here. A block that is never closed is both metadata and text.
pub(super) fn split<'a>(text: &'a str, findings: &mut Findings<'_>) -> (Metadata<'a>, usize) {
    let mut metadata = Metadata::default();
    let mut has_keys = false;
    let mut at = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        at += line.len();
        let line = line.trim_end();
        match (number, line) {
            (0, "---") => continue,
            (0, _) => break,
            (_, "---" | "...") => return (metadata, at),
            _ if !can_be_yaml(line) => break,
            _ => {}
        }
        if let Some((key, value)) = line.split_once(':') {
            has_keys |= !key.starts_with('#');
            match key.trim_end() {
                "title" => {
                    metadata.title = Some(unquoted(value));
                    metadata.title_line = Some(number + 1);
                }
                "ms.sourcegitcommit" => metadata.commit = Some(unquoted(value)),
                "ms.openlocfilehash" => metadata.source = Some(unquoted(value)),
                "canonicalUrl" => metadata.address = Some(unquoted(value)),
                "ms.contentlocale" => metadata.locale = Some(unquoted(value)),
                "ms.lasthandoff" => metadata.handoff = Some(unquoted(value)),
                _ => {}
            }
        }
    }
    if has_keys {
        let message = "the metadata block is not closed; end it with a line `---`";
        findings.push(1, FindingKind::Unclosed, message);
    }
    (metadata, 0)
}

/// True for a key, a comment, a list item, or a continuation of the line before. A fence is none of them.
fn can_be_yaml(line: &str) -> bool {
    let is_key = |line: &str| {
        let key = line.split_once(':').map(|(key, _)| key);
        key.is_some_and(|it| !it.starts_with(['`', '~', '<', '[']))
    };
    line.is_empty() || line.starts_with([' ', '\t', '#', '-', ']', '}']) || is_key(line)
}

fn unquoted(value: &str) -> &str {
    value.trim().trim_matches(['"', '\''])
}

/// The edition of a page without a month.
pub(super) const UNDATED: &str = "undated";

/// The common parts of the ids of a page's scenarios.
#[derive(Debug)]
pub(super) struct PageKey {
    /// The stem of the file name.
    pub(super) page: String,
    pub(super) api: String,
    pub(super) edition: String,
    pub(super) locale: String,
    /// True if the page does not say its API version, and its path does not either.
    pub(super) assumes_api: bool,
}

impl PageKey {
    /// From the metadata and the absolute URLs of the page's requests, else from the defaults, else from the parts
    /// of its path.
    pub(super) fn new(
        file: &str,
        metadata: &Metadata<'_>,
        defaults: &PageDefaults,
        api: Option<&str>,
        findings: &mut Findings<'_>,
    ) -> Self {
        let mut parts = file.rsplit(['/', '\\']);
        let name = parts.next().unwrap_or(file);
        let mut assumes = false;
        let mut choose = |found: Option<String>, field: &str, lacking: &str, otherwise: &str| {
            if let Some(found) = found {
                return found;
            }
            let in_path = parts.clone().find(|part| match field {
                "locale" => is_locale(part),
                "edition" => is_edition(part),
                _ => is_api(part),
            });
            let in_path = in_path.map(str::to_owned).or_else(|| {
                let prefix = name.split_once('-')?.0;
                (field == "API version" && is_api(prefix)).then(|| prefix.to_owned())
            });
            let (word, origin) = match &in_path {
                Some(word) => (word.as_str(), "read from the path"),
                None => (otherwise, "assumed"),
            };
            assumes = in_path.is_none();
            findings.push(
                0,
                FindingKind::Metadata,
                format!("{lacking}: {field} `{word}` is {origin}"),
            );
            word.to_owned()
        };
        let locale = metadata.known_locale();
        let default_edition = defaults.edition.as_ref().map(|edition| edition.0.clone());
        let default_locale = defaults.locale.as_ref().map(|locale| locale.0.clone());
        let edition = choose(
            metadata.handoff.and_then(month).or(default_edition),
            "edition",
            "no `ms.lasthandoff` with a date as MM/DD/YYYY",
            UNDATED,
        );
        let locale = choose(
            locale.map(str::to_owned).or(default_locale),
            "locale",
            "no `ms.contentlocale` such as pt-BR",
            "en-US",
        );
        let api = choose(
            api.map(str::to_owned).or_else(|| defaults.api.clone()),
            "API version",
            "no request has an absolute URL with a version",
            "v1.0",
        );
        Self {
            api,
            edition,
            locale,
            page: file_name(name.strip_suffix(".md").unwrap_or(name)),
            assumes_api: assumes,
        }
    }

    /// The id of a scenario for all translations.
    pub(super) fn id(&self, name: &str) -> String {
        let Self {
            page, api, edition, ..
        } = self;
        format!("{page}/{api}@{edition}/{name}")
    }
}

fn is_api(part: &str) -> bool {
    resource::version_of(&format!("/{part}")) == Some(part)
}

/// `YYYY-MM`
fn is_edition(part: &str) -> bool {
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let month = |text: &str| text.parse().is_ok_and(|month| (1..=12).contains(&month));
    part.split_once('-').is_some_and(|(year, number)| {
        let is_date = year.len() == 4 && number.len() == 2;
        is_date && is_number(year) && is_number(number) && month(number)
    })
}

/// A language of two or three letters and a region: `pt-BR`, `zh-Hant-TW`.
fn is_locale(part: &str) -> bool {
    let mut words = part.split('-');
    let language = words.next().unwrap_or_default();
    let mut others = words.peekable();
    matches!(language.len(), 2..=3)
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && others.peek().is_some()
        && others.all(|w| {
            matches!(w.len(), 2..=8)
                && w.starts_with(|c: char| c.is_ascii_uppercase())
                && w.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// `MM/DD/YYYY` or `YYYY-MM-DD` to `YYYY-MM`.
fn month(date: &str) -> Option<String> {
    let (year, month) = match date.split('/').collect::<Vec<_>>()[..] {
        [month, _, year] => (year, month),
        _ => date.get(..7)?.split_once('-')?,
    };
    let edition = format!("{year}-{month:0>2}");
    is_edition(&edition).then_some(edition)
}

/// A word as a valid file name on every system: letters, digits, `.`, `_` and `-`.
pub(super) fn file_name(word: &str) -> String {
    let name: String = word
        .chars()
        .map(|c| match c {
            '.' | '_' | '-' => c,
            _ if c.is_alphanumeric() => c,
            _ => '-',
        })
        .collect();
    let name = name.trim_matches(['.', '-']);
    if name.is_empty() {
        return "unnamed".to_owned();
    }
    if !is_refused_by_windows(name) {
        return name.to_owned();
    }
    // That of a device, whatever its extension is.
    let (stem, extension) = name.split_at(name.find('.').unwrap_or(name.len()));
    format!("{stem}_{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_ends_at_its_closing_line() {
        let text = "---\r\ntitle: a: b\r\nms.contentlocale: pt-BR\r\nms.lasthandoff : '02/10/2021'\r\nwith blanks: a\r\n---\r\n# a\n---\n";
        let mut findings = Findings::new("f");
        let (metadata, at) = split(text, &mut findings);
        assert_eq!(metadata.title, Some("a: b"));
        assert_eq!(metadata.locale, Some("pt-BR"));
        assert_eq!(metadata.handoff, Some("02/10/2021"));
        assert_eq!(&text[at..], "# a\n---\n");
        for text in [
            "# a\n---\nb\n---\n",
            "---\nnever closed\n",
            "---\n# a\n\na\n\n---\n",
        ] {
            assert_eq!(split(text, &mut findings), (Metadata::default(), 0));
        }
        assert!(findings.finish().is_empty());
    }

    #[test]
    fn metadata_that_are_never_closed_take_no_code_block_with_them() {
        for rest in [
            "",
            "# a\n\n```http\nGET /a\n```\n\n---\n",
            "~~~\n~~~\n---\n",
        ] {
            let text = format!("---\nms.contentlocale: pt-BR\nlist:\n- a\n\n{rest}");
            let mut findings = Findings::new("f");
            let (metadata, at) = split(&text, &mut findings);
            assert_eq!((metadata.locale, at), (Some("pt-BR"), 0), "{rest}");
            let kinds: Vec<_> = findings.finish().iter().map(|it| it.kind).collect();
            assert_eq!(kinds, [FindingKind::Unclosed], "{rest}");
        }
    }

    #[test]
    fn ids_come_from_metadata_or_path() {
        let none = PageDefaults::default();
        let mut findings = Findings::new("f");
        let metadata = Metadata {
            locale: Some("ru-RU"),
            handoff: Some("5/29/2019"),
            ..Metadata::default()
        };
        let key = PageKey::new("x/a.md", &metadata, &none, Some("beta"), &mut findings);
        assert_eq!((&*key.id("n"), &*key.locale), ("a/beta@2019-05/n", "ru-RU"));
        assert!(findings.finish().is_empty());

        for (file, id, locale, assumes_api) in [
            (
                "pt-BR/2021-02/v1.0/a.md",
                "a/v1.0@2021-02/n",
                "pt-BR",
                false,
            ),
            (
                "ja-JP/beta-get.md",
                "beta-get/beta@undated/n",
                "ja-JP",
                false,
            ),
            ("..\\..md", "unnamed/v1.0@undated/n", "en-US", true),
        ] {
            let mut findings = Findings::new("f");
            let key = PageKey::new(file, &Metadata::default(), &none, None, &mut findings);
            assert_eq!((&*key.id("n"), &*key.locale), (id, locale));
            assert_eq!(key.assumes_api, assumes_api, "{file}");
            assert_eq!(findings.finish().len(), 3, "{file}");
        }
    }

    #[test]
    fn defaults_are_for_pages_that_do_not_say() {
        let defaults = PageDefaults {
            edition: Some("2020-05".parse().unwrap()),
            locale: Some("en-US".parse().unwrap()),
            api: Some("beta".to_owned()),
        };
        let metadata = Metadata {
            handoff: Some("5/29/2019"),
            ..Metadata::default()
        };
        let file = "pt-BR/2021-02/a.md";
        let mut findings = Findings::new("f");
        let key = PageKey::new(file, &metadata, &defaults, None, &mut findings);
        assert_eq!((&*key.id("n"), &*key.locale), ("a/beta@2019-05/n", "en-US"));
        let none = Metadata::default();
        let key = PageKey::new(file, &none, &defaults, None, &mut findings);
        assert_eq!(key.id("n"), "a/beta@2020-05/n");
        assert!("2020-13".parse::<Edition>().is_err() && "pt".parse::<Locale>().is_err());
    }

    #[test]
    fn damaged_metadata_is_not_used() {
        for date in [
            "",
            "2021",
            "13",
            "a/b/c",
            "1/2/3",
            "23/05/2019",
            "00/00/0000",
            "é/é/ééé",
        ] {
            assert_eq!(month(date), None, "{date}");
        }
        for locale in ["../..", "pt", "", "-", "PT-br"] {
            assert!(!is_locale(locale), "{locale}");
        }
        assert_eq!(file_name("../../etc"), "etc");
        assert_eq!(file_name("con"), "con_");
        assert_eq!(file_name("Aux.1.md"), "Aux_.1.md");
    }
}
