//! Pairs the files of two sides that are texts of one page.

use std::collections::{BTreeMap, BTreeSet};

use super::super::head;
use super::super::head::Start;
use super::super::inventory::Findings;
use super::super::metadata;
use super::super::metadata::{PageDefaults, PageKey};
use crate::api::resource;

/// A page that is not compared yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Its path below the folder that the user named, with slashes.
    pub below: String,
    pub key: Key,
}

/// The metadata by which a page is paired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// The stem of the file name, in lower case.
    pub name: String,
    pub api: String,
    pub edition: String,
    pub locale: String,
}

/// Reads the key of a page, without reading its contents.
pub(crate) fn key(file: &str, text: &str, defaults: &PageDefaults) -> Key {
    let mut ignored = Findings::new(file);
    let (metadata, _) = metadata::split(text, &mut ignored);
    let targets = text.lines().filter_map(|line| match head::start(line)? {
        Start::Request { target, .. } if target.contains("://") => resource::version_of(target),
        _ => None,
    });
    let api = { targets }.next();
    let key = PageKey::new(file, &metadata, defaults, api, &mut ignored);
    Key {
        name: key.page.to_lowercase(),
        api: key.api,
        edition: key.edition,
        locale: key.locale,
    }
}

/// Pages of two sides, by index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pairs {
    /// In the order of the new pages.
    pub both: Vec<(usize, usize)>,
    pub only_old: Vec<usize>,
    pub only_new: Vec<usize>,
}

/// Pairs the pages of two sides: by path, else by name. Of several old pages with the name, one with the same API version
/// is preferred, then one with the same locale, then the newest edition.
pub(crate) fn pair(old: &[Candidate], new: &[Candidate]) -> Pairs {
    if let ([_], [_]) = (old, new) {
        return Pairs {
            both: vec![(0, 0)],
            ..Pairs::default()
        };
    }
    let mut pairs = Pairs::default();
    let paths: BTreeMap<&str, usize> = { old.iter().enumerate() }
        .map(|(index, it)| (it.below.as_str(), index))
        .collect();
    let by_path: BTreeMap<usize, usize> = { new.iter().enumerate() }
        .filter_map(|(index, it)| Some((index, *paths.get(it.below.as_str())?)))
        .collect();
    let taken: BTreeSet<usize> = by_path.values().copied().collect();
    let rest: Vec<usize> = (0..old.len()).filter(|it| !taken.contains(it)).collect();
    let mut names: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for index in rest.iter().copied() {
        names.entry(&old[index].key.name).or_default().push(index);
    }
    let mut used = taken;
    for (index, page) in new.iter().enumerate() {
        let found = by_path.get(&index).copied().or_else(|| {
            let texts = names.get(page.key.name.as_str())?.iter().copied();
            let texts = texts.filter(|other| !used.contains(other));
            texts.max_by_key(|other| old[*other].key.closeness(&page.key))
        });
        match found {
            Some(other) => {
                used.insert(other);
                pairs.both.push((other, index));
            }
            None => pairs.only_new.push(index),
        }
    }
    pairs.only_old = rest.into_iter().filter(|it| !used.contains(it)).collect();
    pairs
}

impl Key {
    /// True if the pages of another side lack this page. They do not if none is in its language, because a page that is not
    /// translated is not removed, or if one is its text in another language.
    pub(crate) fn is_missing_in(&self, side: &[&Self]) -> bool {
        let has_api = side.iter().any(|it| it.api == self.api);
        side.iter().any(|it| it.locale == self.locale)
            && !{ side.iter() }.any(|it| it.name == self.name && (!has_api || it.api == self.api))
    }

    fn closeness(&self, other: &Self) -> (bool, bool, String) {
        (
            self.api == other.api,
            self.locale == other.locale,
            self.edition.clone(),
        )
    }
}

/// The pages of one side: those that pass the filters, and of each page, API version and locale the newest text up to the
/// edition.
pub(crate) fn newest(pages: &[Candidate], wanted: &Wanted) -> Vec<usize> {
    let mut newest: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for (index, Candidate { key, .. }) in pages.iter().enumerate() {
        let is_wanted = wanted.api.as_ref().is_none_or(|it| *it == key.api)
            && wanted.locale.as_ref().is_none_or(|it| *it == key.locale)
            && wanted.edition.as_ref().is_none_or(|it| key.edition <= *it);
        if !is_wanted {
            continue;
        }
        let entry = newest.entry((&key.name, &key.api, &key.locale));
        let known = entry.or_insert(index);
        if pages[*known].key.edition < key.edition {
            *known = index;
        }
    }
    let mut found: Vec<_> = newest.into_values().collect();
    found.sort_unstable();
    found
}

/// Filters of one side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub edition: Option<String>,
    pub locale: Option<String>,
    pub api: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(below: &str, api: &str, edition: &str, locale: &str) -> Candidate {
        let stem = below.rsplit('/').next().unwrap_or(below);
        Candidate {
            below: below.to_owned(),
            key: Key {
                name: stem.trim_end_matches(".md").to_lowercase(),
                api: api.to_owned(),
                edition: edition.to_owned(),
                locale: locale.to_owned(),
            },
        }
    }

    #[test]
    fn pages_are_paired_by_path_then_by_name() {
        let old = [
            page("beta/a.md", "beta", "2020-01", "en-US"),
            page("v1.0/a.md", "v1.0", "2020-01", "en-US"),
            page("b.md", "beta", "2020-01", "en-US"),
            page("gone.md", "beta", "2020-01", "en-US"),
        ];
        let new = [
            page("beta/a.md", "beta", "2022-01", "zh-CN"),
            page("x/B.md", "beta", "2022-01", "zh-CN"),
            page("x/a.md", "v1.0", "2022-01", "zh-CN"),
            page("c.md", "beta", "2022-01", "zh-CN"),
        ];
        let expected = Pairs {
            both: vec![(0, 0), (2, 1), (1, 2)],
            only_old: vec![3],
            only_new: vec![3],
        };
        assert_eq!(pair(&old, &new), expected);
    }

    #[test]
    fn two_files_are_one_page() {
        let old = [page("a.md", "beta", "2020-01", "en-US")];
        let new = [page("b.md", "v1.0", "2021-01", "ru-RU")];
        assert_eq!(pair(&old, &new).both, [(0, 0)]);
    }

    #[test]
    fn a_side_has_the_newest_text_up_to_its_edition() {
        let pages = [
            page("1/a.md", "beta", "2020-01", "en-US"),
            page("2/a.md", "beta", "2021-01", "en-US"),
            page("3/a.md", "beta", "2022-01", "en-US"),
            page("3/a.md", "v1.0", "2021-01", "en-US"),
        ];
        let wanted = |edition: &str, api: Option<&str>| Wanted {
            edition: Some(edition.to_owned()),
            locale: None,
            api: api.map(str::to_owned),
        };
        assert_eq!(newest(&pages, &wanted("2021-06", None)), [1, 3]);
        assert_eq!(newest(&pages, &wanted("2020-06", Some("beta"))), [0]);
    }

    #[test]
    fn a_key_is_read_without_the_contents() {
        let text = "---\nms.contentlocale: ru-RU\nms.lasthandoff: 04/01/2022\n---\n# A\n```http\nPOST https://graph.microsoft.com/beta/app/calls\n```\n";
        let found = key("x/Call-Answer.md", text, &PageDefaults::default());
        assert_eq!(
            found,
            page("Call-Answer.md", "beta", "2022-04", "ru-RU").key
        );
    }
}
