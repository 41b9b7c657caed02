//! Merges the scenarios that several languages show with the same messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::scenario::format::{Scenario, ScenarioId, Script, Translation};

use super::Extraction;

/// Two pages of one language have scenarios of one id, with other messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SameLocale {
    pub id: String,
    pub first: String,
    pub second: String,
}

/// Joins the extractions of pages. Translations with the same messages have one scenario, whose id has no
/// locale. The id of a scenario with other messages has its locale before the name.
///
/// The second part has the pages of one language whose scenarios have one id.
pub(crate) fn join(mut pages: Vec<Extraction>) -> (Extraction, Vec<SameLocale>) {
    name_alike(&mut pages);
    let mut by_id: BTreeMap<ScenarioId, Vec<(usize, Arc<Script>)>> = BTreeMap::new();
    let mut whole = Extraction::default();
    let mut rows = Vec::with_capacity(pages.len());
    for (index, page) in pages.into_iter().enumerate() {
        for Scenario { id, script } in page.scenarios {
            by_id.entry(id).or_default().push((index, script));
        }
        rows.push(page.inventory);
        whole.findings.extend(page.findings);
    }
    let mut clashes = Vec::new();
    for (id, mut translations) in by_id {
        translations.sort_by_key(|(_, script)| rank(script));
        let groups = grouped(translations);
        clashes.extend(clash(&id, &groups));
        for (number, group) in groups.into_iter().enumerate() {
            let joined = match number {
                0 => id.clone(),
                _ => of_locale(&id, locale(&group[0].1)),
            };
            for (index, _) in &group {
                for name in rows[*index].iter_mut().flat_map(|row| &mut row.scenarios) {
                    if name == id.as_str() {
                        *name = joined.to_string();
                    }
                }
            }
            whole.scenarios.push(Scenario {
                id: joined,
                script: merged(group).into(),
            });
        }
    }
    whole.scenarios.sort_by(|a, b| a.id.cmp(&b.id));
    whole.inventory = rows.into_iter().flatten().collect();
    (whole, clashes)
}

/// Gives a scenario the name of the same messages in another language, where the heading is translated and has no anchor.
fn name_alike(pages: &mut [Extraction]) {
    let mut order: Vec<usize> = (0..pages.len()).collect();
    order.sort_by_key(|index| pages[*index].scenarios.first().map(|it| rank(&it.script)));
    let mut known: BTreeMap<String, Vec<Scenario>> = BTreeMap::new();
    for index in order {
        let page = &mut pages[index];
        for at in 0..page.scenarios.len() {
            let Scenario { id, script } = page.scenarios[at].clone();
            let known = known.entry(folder(&id).to_owned()).or_default();
            let is_new = |id: &ScenarioId| page.scenarios.iter().all(|it| it.id != *id);
            let same = known.iter().find(|other| {
                locale(&other.script) != locale(&script)
                    && is_new(&other.id)
                    && other.script.messages() == script.messages()
            });
            let is_named = known.iter().any(|other| other.id == id);
            if let Some(other) = same.filter(|_| !is_named).map(|it| it.id.clone()) {
                for name in page.inventory.iter_mut().flat_map(|row| &mut row.scenarios) {
                    if name == id.as_str() {
                        *name = other.to_string();
                    }
                }
                page.scenarios[at].id = other;
            }
        }
        for scenario in &page.scenarios {
            known
                .entry(folder(&scenario.id).to_owned())
                .or_default()
                .push(scenario.clone());
        }
    }
}

/// The page, the API version and the edition of an id.
fn folder(id: &ScenarioId) -> &str {
    id.as_str()
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder)
}

fn locale(script: &Script) -> &str {
    script.locales.first().map_or("", |it| &it.locale)
}

/// English, the language that the others are translated from, comes first.
fn rank(script: &Script) -> (bool, String, String) {
    let locale = locale(script);
    (locale != "en-US", locale.to_owned(), script.source.clone())
}

fn clash(id: &ScenarioId, groups: &[Group]) -> Option<SameLocale> {
    let mut seen: Vec<&Script> = Vec::new();
    for group in groups {
        let scripts = || group.iter().map(|(_, script)| &**script);
        for script in scripts() {
            if let Some(first) = seen.iter().find(|it| locale(it) == locale(script)) {
                return Some(SameLocale {
                    id: id.to_string(),
                    first: first.source.clone(),
                    second: script.source.clone(),
                });
            }
        }
        seen.extend(scripts());
    }
    None
}

type Group = Vec<(usize, Arc<Script>)>;

/// Those with the same messages, in the order of their first.
fn grouped(translations: Group) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for translation in translations {
        let messages = translation.1.messages();
        let same = groups
            .iter_mut()
            .find(|group| group[0].1.messages() == messages);
        match same {
            Some(group) => group.push(translation),
            None => groups.push(vec![translation]),
        }
    }
    groups
}

fn merged(group: Group) -> Script {
    let mut locales: Vec<Translation> = group
        .iter()
        .flat_map(|(_, script)| script.locales.clone())
        .collect();
    // A copy of a page adds nothing.
    locales.dedup_by(|copy, first| copy.locale == first.locale);
    let mut scripts = group.into_iter().map(|(_, script)| script);
    let first = scripts.next().expect("a group has a script");
    Script {
        locales,
        ..Arc::unwrap_or_clone(first)
    }
}

fn of_locale(id: &ScenarioId, locale: &str) -> ScenarioId {
    let (page, name) = id.as_str().rsplit_once('/').unwrap_or(("", id.as_str()));
    ScenarioId::new(format!("{page}/{locale}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract;
    use crate::extract::PageDefaults;

    fn page(locale: &str, blank: &str, body: &str) -> Extraction {
        let text = format!(
            "---\nms.contentlocale: {locale}\nms.lasthandoff: 03/01/2026\n---\n{blank}## Example\n\
             ```http\nPOST https://graph.microsoft.com/beta/app/calls/1/mute\n\n{body}\n```\n\
             ```http\nHTTP/1.1 200 OK\n```\n"
        );
        let file = format!("{locale}/mute.md");
        extract::page(&file, text.as_bytes(), &PageDefaults::default()).unwrap()
    }

    #[test]
    fn translations_with_the_same_messages_are_one_scenario() {
        let pages = vec![
            page("zh-CN", "\n", r#"{"a": "b"}"#),
            page("en-US", "", r#"{"a": "b"}"#),
            page("ru-RU", "", r#"{"a": "c"}"#),
            page("sv-SE", "", r#"{"a":  "c"}"#),
        ];
        let (whole, clashes) = join(pages);
        assert_eq!(clashes, []);
        let shown = |scenario: &Scenario| {
            let locales = scenario.script.locales.iter();
            let locales: Vec<_> = locales.map(|it| (it.locale.clone(), it.lines[0])).collect();
            (
                scenario.id.to_string(),
                scenario.script.source.clone(),
                locales,
            )
        };
        let locale = |name: &str, line| (name.to_owned(), line);
        assert_eq!(
            whole.scenarios.iter().map(shown).collect::<Vec<_>>(),
            [
                (
                    "mute/beta@2026-03/mute".to_owned(),
                    "en-US/mute.md".to_owned(),
                    vec![locale("en-US", 6), locale("zh-CN", 7)]
                ),
                (
                    "mute/beta@2026-03/ru-RU/mute".to_owned(),
                    "ru-RU/mute.md".to_owned(),
                    vec![locale("ru-RU", 6), locale("sv-SE", 6)]
                ),
            ]
        );
        let rows = whole.inventory.iter().map(|row| &*row.scenarios[0]);
        assert_eq!(
            rows.step_by(2).collect::<Vec<_>>(),
            [
                "mute/beta@2026-03/mute",
                "mute/beta@2026-03/mute",
                "mute/beta@2026-03/ru-RU/mute",
                "mute/beta@2026-03/ru-RU/mute",
            ]
        );
    }

    #[test]
    fn a_translated_heading_without_an_anchor_makes_no_other_scenario() {
        let page = |locale: &str, headings: [&str; 3]| {
            let [examples, request, response] = headings;
            let text = format!(
                "---\nms.contentlocale: {locale}\nms.lasthandoff: 03/01/2026\n---\n## {examples}\n### {request}\n\
                 ```http\nPOST https://graph.microsoft.com/beta/app/calls/1/mute\n\n{{}}\n```\n\
                 ### {response}\n```http\nHTTP/1.1 200 OK\n```\n"
            );
            let file = format!("{locale}/mute.md");
            extract::page(&file, text.as_bytes(), &PageDefaults::default()).unwrap()
        };
        let pages = vec![
            page("ja-JP", ["例", "要求", "応答"]),
            page("en-US", ["Example", "Request", "Response"]),
        ];
        let (whole, clashes) = join(pages);
        assert_eq!(clashes, []);
        let ids: Vec<_> = whole.scenarios.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(ids, ["mute/beta@2026-03/mute"]);
        assert_eq!(whole.scenarios[0].script.locales.len(), 2);
        assert!(whole.inventory.iter().all(|row| row.scenarios == ids));
    }

    #[test]
    fn two_pages_of_one_language_clash_unless_one_is_a_copy() {
        let pages = |bodies: [&str; 3]| bodies.map(|body| page("en-US", "", body)).to_vec();
        let (_, clashes) = join(pages(["{}", "{}", r#"{"a": 1}"#]));
        assert_eq!(clashes[0].id, "mute/beta@2026-03/mute");
        let (whole, clashes) = join(pages(["{}"; 3]));
        assert_eq!((whole.scenarios.len(), clashes), (1, vec![]));
        assert_eq!(whole.scenarios[0].script.locales.len(), 1);
    }
}
