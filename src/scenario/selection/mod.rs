//! Selection of scenarios: filters, operations, API versions, editions, locales, tags.

mod filter;
mod left_out;
mod nothing;

use std::collections::{BTreeSet, HashMap};

use super::format::{INJECTION_MARK, Scenario, ScenarioId, Script};
use super::operation;

pub(crate) use filter::{Filter, GlobError};
pub(crate) use left_out::LeftOut;
use nothing::each_known;
pub(crate) use nothing::{Criterion, Nothing};

/// All given criteria must match; one of several values of a kind is enough.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Parts of ids, or globs over whole ids. A whole id selects only its scenario, whatever its API version and edition.
    pub filters: Vec<Filter>,
    /// Names of operations, such as `invite`, in any case.
    pub operations: Vec<String>,
    /// API versions, such as `v1.0`; if empty, those of the scope.
    pub apis: Vec<String>,
    /// The months of texts; if empty, those of the scope.
    pub editions: Editions,
    /// Locales, such as `pt-BR`, in any case.
    pub locales: Vec<String>,
    pub tags: Vec<String>,
    /// What counts where no API version or no edition is given.
    pub scope: Scope,
    /// True if fault injection was chosen by the user. The id of a scenario then also selects it under fault injection.
    pub chooses_injection: bool,
}

/// Which texts of a page count. A scenario without an edition in its id always counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Editions {
    /// Every text.
    All,
    /// Of each page the newest text up to one of these months; if empty, the choice of the scope.
    UpTo(Vec<String>),
}

impl Default for Editions {
    fn default() -> Self {
        Self::UpTo(Vec::new())
    }
}

/// What is played without a choice of API versions or editions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Everything: the built-in pair follows all pages.
    #[default]
    Everything,
    /// What the target claims, each distinct conversation once. If nothing of it is selected, the rest is.
    Claimed {
        /// API versions; if empty, v1.0.
        apis: Vec<String>,
        /// Of each page the newest text up to one of these months; if empty, the newest.
        editions: Vec<String>,
    },
}

/// The scenarios that a selection takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picked<'a> {
    /// In their order; at least one.
    pub scenarios: Vec<&'a Scenario>,
    pub left_out: LeftOut,
}

impl Selection {
    /// Keeps the order.
    ///
    /// # Errors
    ///
    /// The criterion that matches no scenario.
    pub(crate) fn pick<'a>(&self, all: &'a [Scenario]) -> Result<Picked<'a>, Nothing> {
        self.refuse_unknown(all)?;
        let mut picked = BTreeSet::new();
        let mut matching = BTreeSet::new();
        for filter in each(&self.filters) {
            let is_id = filter.is_some_and(|it| all.iter().any(|other| self.is_id(it, &other.id)));
            for operation in each(&self.operations) {
                let taken = |scenario: &&(usize, &Scenario)| {
                    self.takes(scenario.1, filter, is_id, operation)
                };
                let numbered: Vec<_> = all.iter().enumerate().collect();
                let taken: Vec<_> = numbered.iter().filter(taken).copied().collect();
                matching.extend(taken.iter().map(|(index, _)| *index));
                let narrowed = if is_id { taken } else { self.narrowed(taken) };
                picked.extend(narrowed.iter().map(|(index, _)| *index));
            }
        }
        if picked.is_empty() {
            return Err(Nothing::of_all("no scenario matches all filters together"));
        }
        let of = |indices: BTreeSet<usize>| indices.into_iter().map(|it| &all[it]).collect();
        let mut scenarios: Vec<_> = of(picked);
        let mut left_out = LeftOut::default();
        if self.scope != Scope::Everything {
            scenarios = distinct(scenarios);
            left_out = LeftOut::new(&scenarios, of(matching));
        }
        Ok(Picked {
            scenarios,
            left_out,
        })
    }

    fn refuse_unknown(&self, all: &[Scenario]) -> Result<(), Nothing> {
        if all.is_empty() {
            return Err(Nothing::of_all("no scenarios exist"));
        }
        for filter in &self.filters {
            if !all.iter().any(|it| filter.takes(it.id.as_str())) {
                return Err(Nothing::of_filter(filter, all));
            }
        }
        each_known(Criterion::Operation, &self.operations, all, |it| {
            operation::of(it)
                .into_iter()
                .map(ToOwned::to_owned)
                .collect()
        })?;
        each_known(Criterion::ApiVersion, &self.apis, all, api_of)?;
        each_known(Criterion::Locale, &self.locales, all, |it| {
            it.locales().into_iter().map(|it| it.locale).collect()
        })?;
        each_known(Criterion::Tag, &self.tags, all, |it| it.script.tags.clone())?;
        match &self.editions {
            Editions::UpTo(months) => known_editions(months, all),
            Editions::All => Ok(()),
        }
    }

    /// Refuses claims that no scenario can meet. Scenarios without API versions or editions are of no page.
    ///
    /// # Errors
    ///
    /// The first such claim.
    pub(crate) fn refuse_unknown_claims(&self, all: &[Scenario]) -> Result<(), Nothing> {
        let Scope::Claimed { apis, editions } = &self.scope else {
            return Ok(());
        };
        if all.iter().any(|it| it.id.api().is_some()) {
            let is_other = |it: &&String| !it.eq_ignore_ascii_case(STABLE);
            let others: Vec<_> = apis.iter().filter(is_other).cloned().collect();
            each_known(Criterion::ApiVersion, &others, all, api_of)?;
        }
        if all.iter().any(|it| it.id.edition().is_some()) {
            known_editions(editions, all)?;
        }
        Ok(())
    }
    /// True for a scenario that meets all criteria except API versions and editions.
    fn takes(
        &self,
        scenario: &Scenario,
        filter: Option<&Filter>,
        is_id: bool,
        operation: Option<&String>,
    ) -> bool {
        let takes_filter = filter.is_none_or(|it| {
            if is_id {
                self.is_id(it, &scenario.id)
            } else {
                it.takes(scenario.id.as_str())
            }
        });
        let takes_operation = operation.is_none_or(|wanted| {
            operation::of(scenario).is_some_and(|it| it.eq_ignore_ascii_case(wanted))
        });
        takes_filter
            && takes_operation
            && (self.locales.is_empty() || self.takes_locale(scenario))
            && (self.tags.is_empty()
                || self.tags.iter().any(|it| scenario.script.tags.contains(it)))
    }

    fn is_id(&self, filter: &Filter, id: &ScenarioId) -> bool {
        let plain = id.as_str().rsplit_once(INJECTION_MARK);
        let plain = plain.filter(|_| self.chooses_injection);
        filter.text() == id.as_str() || plain.is_some_and(|(plain, _)| plain == filter.text())
    }

    fn takes_locale(&self, scenario: &Scenario) -> bool {
        let locales = scenario.locales();
        let mut locales = locales.iter().map(|it| &it.locale);
        locales.any(|locale| among(&self.locales, locale))
    }

    /// Those of the API versions and the editions that are given, else of those of the scope.
    fn narrowed<'a>(&self, taken: Vec<Numbered<'a>>) -> Vec<Numbered<'a>> {
        let of_apis = |apis: &[String]| -> Vec<Numbered<'a>> {
            let is_of = |it: &&Numbered<'a>| it.1.id.api().is_none_or(|api| among(apis, api));
            taken.iter().filter(is_of).copied().collect()
        };
        let of_api = match &self.scope {
            _ if !self.apis.is_empty() => of_apis(&self.apis),
            Scope::Everything => taken,
            Scope::Claimed { apis, .. } => {
                let claimed = if apis.is_empty() {
                    of_apis(&[STABLE.to_owned()])
                } else {
                    of_apis(apis)
                };
                if claimed.is_empty() { taken } else { claimed }
            }
        };
        match (&self.editions, &self.scope) {
            (Editions::UpTo(months), _) if !months.is_empty() => newest(&of_api, months),
            (Editions::All, _) | (_, Scope::Everything) => of_api,
            (_, Scope::Claimed { editions, .. }) => {
                let claimed = newest(&of_api, editions);
                if claimed.is_empty() {
                    newest(&of_api, &[])
                } else {
                    claimed
                }
            }
        }
    }
}

/// The API version that every target is expected to have.
const STABLE: &str = "v1.0";

/// A scenario and its place among all of them.
type Numbered<'a> = (usize, &'a Scenario);

/// Each of some values; nothing once where there are none.
fn each<T>(values: &[T]) -> impl Iterator<Item = Option<&T>> {
    let nothing = values.is_empty().then_some(None);
    values.iter().map(Some).chain(nothing)
}

fn api_of(scenario: &Scenario) -> Vec<String> {
    scenario
        .id
        .api()
        .into_iter()
        .map(ToOwned::to_owned)
        .collect()
}

/// # Errors
///
/// The first text that is neither the month of an edition nor a later month.
fn known_editions(months: &[String], all: &[Scenario]) -> Result<(), Nothing> {
    let editions: BTreeSet<_> = all.iter().filter_map(|it| it.id.edition()).collect();
    let has_some = |month: &String| editions.iter().any(|it| *it <= month.as_str());
    let is_wrong = |month: &&String| {
        !(editions.contains(month.as_str()) || is_month(month) && has_some(month))
    };
    match months.iter().find(is_wrong) {
        None => Ok(()),
        Some(month) => {
            let message = format!("no scenario has the edition `{month}` or an older one");
            Err(Nothing::of_value(
                Criterion::Edition,
                month,
                message,
                editions,
            ))
        }
    }
}

/// True for a text such as `2021-02`.
fn is_month(text: &str) -> bool {
    let Some((year, month)) = text.split_once('-') else {
        return false;
    };
    let is_number =
        |text: &str, digits| text.len() == digits && text.bytes().all(|it| it.is_ascii_digit());
    let is_of_year = || matches!(month.parse(), Ok(1..=12));
    is_number(year, 4) && is_number(month, 2) && is_of_year()
}

fn among(wanted: &[String], value: &str) -> bool {
    wanted.iter().any(|it| it.eq_ignore_ascii_case(value))
}

/// Of each page and API version the scenarios of its newest text, up to each of these months.
fn newest<'a>(scenarios: &[Numbered<'a>], months: &[String]) -> Vec<Numbered<'a>> {
    let page = |id: &'a ScenarioId| (id.page(), id.api());
    let mut texts: BTreeSet<(&str, Option<&str>, &str)> = BTreeSet::new();
    for month in each(months) {
        let mut newest = HashMap::new();
        for (_, scenario) in scenarios {
            let Some(edition) = scenario.id.edition() else {
                continue;
            };
            if month.is_none_or(|it| edition <= it.as_str()) {
                let known = newest.entry(page(&scenario.id)).or_insert(edition);
                *known = edition.max(known);
            }
        }
        texts.extend(newest.into_iter().map(|((page, api), it)| (page, api, it)));
    }
    let is_newest = |(_, it): &&Numbered<'a>| {
        let (page, api) = page(&it.id);
        it.id
            .edition()
            .is_none_or(|edition| texts.contains(&(page, api, edition)))
    };
    scenarios.iter().filter(is_newest).copied().collect()
}

/// Of the scenarios of a page with the same messages, states and kind of fault injection the one of the newest edition.
fn distinct(mut scenarios: Vec<&Scenario>) -> Vec<&Scenario> {
    let conversations: Vec<_> = scenarios.iter().map(|it| conversation(it)).collect();
    let mut repeated = BTreeSet::new();
    for (index, one) in scenarios.iter().enumerate() {
        for (other_index, other) in scenarios.iter().enumerate().skip(index + 1) {
            let is_same = one.id.page() == other.id.page()
                && one.id.injection() == other.id.injection()
                && conversations[index] == conversations[other_index];
            if is_same {
                let is_newer = one.id.edition() > other.id.edition();
                repeated.insert(if is_newer { &other.id } else { &one.id });
            }
        }
    }
    scenarios.retain(|it| !repeated.contains(&it.id));
    scenarios
}

/// The script without what differs between two pages that show the same conversation.
fn conversation(scenario: &Scenario) -> Script {
    let mut script = scenario.script.messages();
    script.schema = None;
    for variable in script.variables.values_mut() {
        variable.value = None;
    }
    script
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostic::render;
    use crate::scenario::format::{ScenarioId, Script, Step};

    fn all() -> Vec<Scenario> {
        scenarios(&[
            "invite/beta@2019-05/ru-RU/one",
            "invite/beta@2021-02/pt-BR/one",
            "invite/beta@2021-02/pt-BR/several",
            "mine/first",
        ])
    }

    fn scenarios(ids: &[&'static str]) -> Vec<Scenario> {
        let scenarios = ids.iter().map(|id| Scenario {
            id: ScenarioId::new(*id),
            script: Arc::new(Script {
                schema: None,
                version: 1,
                source: "page.md".into(),
                locales: vec![],
                tags: if *id == "mine/first" {
                    vec!["own".into()]
                } else {
                    vec![]
                },
                judges: None,
                given: vec![],
                variables: indexmap::IndexMap::new(),
                steps: vec![refusal(id)],
            }),
        });
        scenarios.collect()
    }

    /// A step that distinguishes conversations with different names.
    fn refusal(id: &str) -> Step {
        let name = id.rsplit('/').next().unwrap_or_default();
        let name = name.split('~').next().unwrap_or_default();
        let api = id.split('@').next().unwrap_or_default();
        let statuses: Vec<u16> = name.bytes().chain(api.bytes()).map(u16::from).collect();
        serde_json::from_value(serde_json::json!({
            "refusal": {"line": id.len(), "statuses": statuses, "requirement": "refusal.no-token"}
        }))
        .unwrap()
    }

    fn picked(selection: &Selection) -> Result<Vec<String>, String> {
        let all = all();
        let picked = selection.pick(&all).map_err(|nothing| render(&nothing))?;
        Ok(picked
            .scenarios
            .iter()
            .map(|it| it.id.to_string())
            .collect())
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
        selection.editions = Editions::UpTo(vec!["2021-02".into()]);
        assert_eq!(
            picked(&selection).unwrap(),
            ["invite/beta@2021-02/pt-BR/one"]
        );
        selection.locales = vec!["RU-ru".into()];
        assert_eq!(
            picked(&selection).unwrap(),
            ["invite/beta@2019-05/ru-RU/one"]
        );
        selection.editions = Editions::UpTo(vec!["2019-05".into()]);
        selection.locales = vec!["pt-BR".into()];
        assert!(
            picked(&selection)
                .unwrap_err()
                .contains("all filters together")
        );
        let own = Selection {
            tags: vec!["own".into()],
            ..Selection::default()
        };
        assert_eq!(picked(&own).unwrap(), ["mine/first"]);
    }

    #[test]
    fn what_selects_nothing_is_reported_with_what_is_close() {
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
        for month in ["2021", "2021-13", "2021-00", "2021-2"] {
            let edition = Selection {
                editions: Editions::UpTo(vec![month.into()]),
                ..Selection::default()
            };
            let error = picked(&edition).unwrap_err();
            let named = format!("edition `{month}`");
            assert!(
                error.contains(&named) && error.contains("2021-02"),
                "{error}"
            );
        }
    }

    const EVERYWHERE: [&str; 9] = [
        "answer/beta@2020-05/one",
        "answer/beta@2022-04/one",
        "answer/v1.0@2020-05/one",
        "answer/v1.0@2020-05/two",
        "answer/v1.0@2022-04/one",
        "answer/v1.0@2022-04/one-more",
        "answer/v1.0@2022-04/one~lost-response",
        "mute/beta@2020-05/all",
        "own",
    ];

    fn claimed(apis: &[&str], editions: &[&str]) -> Selection {
        let owned = |texts: &[&str]| texts.iter().map(|&it| it.to_owned()).collect();
        Selection {
            scope: Scope::Claimed {
                apis: owned(apis),
                editions: owned(editions),
            },
            ..Selection::default()
        }
    }

    /// The chosen scenarios, by their places in [`EVERYWHERE`], and the note about the others.
    fn taken(selection: &Selection) -> (Vec<usize>, String) {
        let all = scenarios(&EVERYWHERE);
        let picked = selection
            .pick(&all)
            .map_err(|nothing| render(&nothing))
            .unwrap();
        let place = |id: &str| EVERYWHERE.iter().position(|it| *it == id).unwrap();
        let places = picked.scenarios.iter().map(|it| place(it.id.as_str()));
        (places.collect(), picked.left_out.to_string())
    }

    #[test]
    fn a_target_has_the_newest_texts_of_what_it_claims() {
        let older = Selection {
            editions: Editions::UpTo(vec!["2021-12".into()]),
            ..claimed(&[], &[])
        };
        let beta = Selection {
            apis: vec!["beta".into()],
            ..claimed(&[], &[])
        };
        let every = Selection {
            editions: Editions::All,
            ..claimed(&[], &[])
        };
        for (selection, expected) in [
            (Selection::default(), &[0, 1, 2, 3, 4, 5, 6, 7, 8][..]),
            (claimed(&[], &[]), &[4, 5, 6, 8]),
            (claimed(&["v1.0", "beta"], &[]), &[1, 4, 5, 6, 7, 8]),
            (claimed(&[], &["2021-12"]), &[2, 3, 8]),
            (older, &[2, 3, 8]),
            (beta, &[1, 7, 8]),
            // The conversation `one` is played in its newest edition only.
            (every, &[3, 4, 5, 6, 8]),
        ] {
            assert_eq!(taken(&selection).0, expected, "{selection:?}");
        }
    }

    #[test]
    fn what_is_left_out_is_counted_with_the_options_that_select_it() {
        let note = |selection: &Selection| taken(selection).1;
        assert_eq!(
            note(&claimed(&[], &[])),
            "3 more scenarios of beta and other editions: --api v1.0,beta, --all-editions"
        );
        assert_eq!(
            note(&claimed(&["v1.0", "beta"], &[])),
            "1 more scenario of other editions: --all-editions"
        );
    }

    #[test]
    fn a_filter_selects_from_the_rest_where_nothing_else_matches() {
        let with = |filter: &str| Selection {
            filters: vec![Filter::parse(filter).unwrap()],
            ..claimed(&[], &[])
        };
        for (filter, expected) in [
            ("answer", &[4, 5, 6][..]),
            ("mute", &[7]),
            ("@2020-05/one", &[2]),
            ("beta@2020-05/one", &[0]),
            // A whole id is no part of another.
            ("answer/v1.0@2022-04/one", &[4]),
            ("answer/v1.0@2022-04/one~lost-response", &[6]),
            ("answer/beta@2020-05/one", &[0]),
        ] {
            assert_eq!(taken(&with(filter)).0, expected, "{filter}");
        }
        let injected = Selection {
            chooses_injection: true,
            ..with("answer/v1.0@2022-04/one")
        };
        assert_eq!(taken(&injected).0, [4, 6]);
    }
}
