//! Selection of scenarios: filters, editions, locales, tags.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Deserializer};

use super::format::{INJECTION_MARK, Scenario};
use crate::diagnostic::Remedy;

/// All given criteria must match; one of several values of a kind is enough.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Parts of ids, or globs over whole ids.
    pub filters: Vec<Filter>,
    /// Editions, such as `2021-02`.
    pub editions: Vec<String>,
    /// Locales, such as `pt-BR`, in any case.
    pub locales: Vec<String>,
    pub tags: Vec<String>,
}

/// Matches a part of an id, or a glob over the whole id.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    text: String,
    glob: Option<GlobMatcher>,
}

#[derive(Debug, thiserror::Error)]
#[error("no glob: {}", .0.kind())]
pub struct GlobError(#[from] globset::Error);

impl Filter {
    /// A filter with `*`, `?`, `[` or `{` is a glob over whole ids; `*` also matches `/`.
    pub(crate) fn parse(text: &str) -> Result<Self, GlobError> {
        let glob = if text.contains(['*', '?', '[', '{']) {
            Some(Glob::new(text)?.compile_matcher())
        } else {
            None
        };
        let text = text.to_owned();
        Ok(Self { text, glob })
    }

    /// True for a filter of fault injection: plain ids have no `~`.
    pub(crate) fn names_injection(&self) -> bool {
        self.text.contains(INJECTION_MARK)
    }

    /// True if the filter has the whole name of this kind of fault injection.
    pub(crate) fn names(&self, injection: &str) -> bool {
        self.text.contains(&format!("{INJECTION_MARK}{injection}"))
    }

    /// True if the id has this part, or matches this glob.
    pub(crate) fn takes(&self, id: &str) -> bool {
        match &self.glob {
            Some(glob) => glob.is_match(id),
            None => id.contains(&self.text),
        }
    }

    /// True if the filter is the whole text, or a glob that matches it.
    pub(crate) fn is(&self, text: &str) -> bool {
        match &self.glob {
            Some(glob) => glob.is_match(text),
            None => text == self.text,
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Filter {}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl Selection {
    /// Keeps the order.
    ///
    /// # Errors
    ///
    /// The criterion that matches no scenario.
    pub(crate) fn pick<'a>(&self, all: &'a [Scenario]) -> Result<Vec<&'a Scenario>, Nothing> {
        if all.is_empty() {
            return Err(Nothing {
                message: "there are no scenarios".to_owned(),
                candidates: Vec::new(),
            });
        }
        for filter in &self.filters {
            if !all.iter().any(|it| filter.takes(it.id.as_str())) {
                return Err(Nothing::of_filter(filter, all));
            }
        }
        each_known("edition", &self.editions, all, |it| {
            vec![it.id.edition()?.to_owned()].into()
        })?;
        each_known("locale", &self.locales, all, |it| {
            let locales = it.locales().into_iter();
            Some(locales.map(|it| it.locale).collect())
        })?;
        each_known("tag", &self.tags, all, |it| Some(it.script.tags.clone()))?;
        let picked: Vec<_> = all.iter().filter(|it| self.takes(it)).collect();
        if picked.is_empty() {
            return Err(Nothing {
                message: "no scenario is selected by all of it together".to_owned(),
                candidates: Vec::new(),
            });
        }
        Ok(picked)
    }

    fn takes(&self, scenario: &Scenario) -> bool {
        let id = &scenario.id;
        let among = |wanted: &[String], value: Option<&str>| {
            wanted.is_empty()
                || value.is_some_and(|value| wanted.iter().any(|it| it.eq_ignore_ascii_case(value)))
        };
        (self.filters.is_empty() || self.filters.iter().any(|it| it.takes(id.as_str())))
            && among(&self.editions, id.edition())
            && (self.locales.is_empty() || self.takes_locale(scenario))
            && (self.tags.is_empty()
                || self.tags.iter().any(|it| scenario.script.tags.contains(it)))
    }

    fn takes_locale(&self, scenario: &Scenario) -> bool {
        let locales = scenario.locales();
        let mut locales = locales.iter().map(|it| &it.locale);
        locales.any(|locale| {
            self.locales
                .iter()
                .any(|it| it.eq_ignore_ascii_case(locale))
        })
    }
}

/// A criterion that matches no scenario, and suggestions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Nothing {
    pub message: String,
    /// Similar ids, the closest first.
    pub candidates: Vec<String>,
}

impl Nothing {
    fn of_filter(filter: &Filter, all: &[Scenario]) -> Self {
        let ids = all.iter().map(|it| it.id.as_str());
        Self {
            message: format!("no scenario's id matches `{}`", filter.text),
            candidates: closest_ids(&filter.text, ids),
        }
    }
}

impl Remedy for Nothing {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self.candidates.as_slice() {
            [] => "`confcall list` shows what there is".into(),
            [one] => format!("did you mean `{one}`?").into(),
            several => format!("did you mean one of these?\n    {}", several.join("\n    ")).into(),
        })
    }
}

fn each_known(
    kind: &str,
    wanted: &[String],
    all: &[Scenario],
    of: impl Fn(&Scenario) -> Option<Vec<String>>,
) -> Result<(), Nothing> {
    if wanted.is_empty() {
        return Ok(());
    }
    let known: BTreeSet<String> = all.iter().filter_map(of).flatten().collect();
    let unknown = |it: &&String| !known.iter().any(|other| other.eq_ignore_ascii_case(it));
    match wanted.iter().find(unknown) {
        None => Ok(()),
        Some(wanted) => Err(Nothing {
            message: format!("no scenario has the {kind} `{wanted}`"),
            candidates: known.into_iter().collect(),
        }),
    }
}

const SUGGESTIONS: usize = 3;

/// The ids that are closest to a text as a whole, in one part, or in one word; the closest first.
pub(crate) fn closest_ids<'a>(text: &str, ids: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let score = |id: &str| {
        id.split('/')
            .chain(id.split(['/', '-', '@']))
            .chain([id])
            .map(|part| strsim::jaro_winkler(text, part))
            .fold(0.0, f64::max)
    };
    let mut scored: Vec<_> = ids.into_iter().map(|id| (score(id), id)).collect();
    scored.retain(|(score, _)| *score > 0.7);
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored
        .into_iter()
        .take(SUGGESTIONS)
        .map(|(_, id)| id.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::render;
    use crate::scenario::format::{ScenarioId, Script};

    fn all() -> Vec<Scenario> {
        [
            "invite/beta@2019-05/ru-RU/one",
            "invite/beta@2021-02/pt-BR/one",
            "invite/beta@2021-02/pt-BR/several",
            "mine/first",
        ]
        .map(|id| Scenario {
            id: ScenarioId::new(id),
            script: Arc::new(Script {
                schema: None,
                version: 1,
                source: "page.md".into(),
                locales: vec![],
                tags: if id == "mine/first" {
                    vec!["own".into()]
                } else {
                    vec![]
                },
                judges: None,
                given: vec![],
                variables: indexmap::IndexMap::new(),
                steps: vec![],
            }),
        })
        .into()
    }

    fn picked(selection: &Selection) -> Result<Vec<String>, String> {
        let all = all();
        let picked = selection.pick(&all).map_err(|nothing| render(&nothing))?;
        Ok(picked.iter().map(|it| it.id.to_string()).collect())
    }

    fn filters(texts: &[&str]) -> Selection {
        Selection {
            filters: texts.iter().map(|it| Filter::parse(it).unwrap()).collect(),
            ..Selection::default()
        }
    }

    #[test]
    fn a_filter_is_a_part_or_a_glob() {
        assert_eq!(picked(&filters(&[])).unwrap().len(), 4);
        assert_eq!(picked(&filters(&["/one"])).unwrap().len(), 2);
        assert_eq!(picked(&filters(&["*/one"])).unwrap().len(), 2);
        assert_eq!(picked(&filters(&["invite/*/several"])).unwrap().len(), 1);
        assert_eq!(
            picked(&filters(&["one", "mine/{first,last}"]))
                .unwrap()
                .len(),
            3
        );
        assert!(
            Filter::parse("a[")
                .unwrap_err()
                .to_string()
                .starts_with("no glob: ")
        );
    }

    #[test]
    fn editions_locales_and_tags_narrow_further() {
        let mut selection = filters(&["one"]);
        selection.editions = vec!["2021-02".into()];
        assert_eq!(
            picked(&selection).unwrap(),
            ["invite/beta@2021-02/pt-BR/one"]
        );
        selection.locales = vec!["RU-ru".into()];
        assert!(
            picked(&selection)
                .unwrap_err()
                .contains("all of it together")
        );
        let own = Selection {
            tags: vec!["own".into()],
            ..Selection::default()
        };
        assert_eq!(picked(&own).unwrap(), ["mine/first"]);
    }

    #[test]
    fn what_selects_nothing_is_told_with_what_is_close() {
        let error = picked(&filters(&["one", "severl"])).unwrap_err();
        assert_eq!(
            error,
            "no scenario's id matches `severl`\n  = help: did you mean `invite/beta@2021-02/pt-BR/several`?"
        );
        assert!(
            picked(&filters(&["zzzz*"]))
                .unwrap_err()
                .contains("confcall list")
        );
        let edition = Selection {
            editions: vec!["2020".into()],
            ..Selection::default()
        };
        let error = picked(&edition).unwrap_err();
        assert!(
            error.contains("edition `2020`") && error.contains("2021-02"),
            "{error}"
        );
    }
}
