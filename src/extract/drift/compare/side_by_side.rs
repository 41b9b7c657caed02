//! The contracts of two texts side by side: every part that is compared, with the effect of its changes.

use std::collections::BTreeSet;

use super::super::body::{Seen, Shape};
use super::super::change::{Change, Effect};
use super::super::note::Limit;
use super::super::page::{Page, Parameter, Path};
use super::super::sample::{Sample, SamplePart, Subject};
use super::super::scenario::Scenario;
use super::super::tables::{Header, Permissions};
use super::matched::{Matched, matched};
use super::prose::Limits;
use super::{Pair, Side, answer, body, flow, prose, request};

/// A part of the contract, such as the parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContractPart {
    pub title: String,
    pub rows: Vec<ContractRow>,
}

/// One thing in both texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContractRow {
    pub name: String,
    /// Absent if the text does not have it.
    pub old: Option<ContractCell>,
    pub new: Option<ContractCell>,
    /// The most severe effect of its changes.
    pub effect: Option<Effect>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContractCell {
    /// Lines of text.
    pub text: String,
    /// Counted from 1; 0 if nothing in the page is its place.
    pub line: usize,
}

/// Every part that at least one text has, in the order of the contract.
pub(super) fn parts(pair: &Pair<'_>, changes: &[Change]) -> Vec<ContractPart> {
    let table = Table { pair, changes };
    let parameters = match pair.new.resource.as_ref().or(pair.old.resource.as_ref()) {
        Some(resource) => format!("Properties of {resource}"),
        None => "Parameters".to_owned(),
    };
    let mut parts = vec![
        ("Request".to_owned(), table.request()),
        ("Permissions".to_owned(), table.permissions()),
        ("Request headers".to_owned(), table.headers()),
        (parameters, table.parameters()),
        ("Answer".to_owned(), table.answer()),
        ("Header fields in examples".to_owned(), table.fields()),
    ];
    parts.extend(table.messages());
    parts.push(("Conversations".to_owned(), table.scenarios()));
    parts.push(("Numbers and notes in prose".to_owned(), table.prose()));
    let parts = parts.into_iter().filter(|(_, rows)| !rows.is_empty());
    parts
        .map(|(title, rows)| ContractPart { title, rows })
        .collect()
}

struct Table<'t, 'p> {
    pair: &'t Pair<'p>,
    changes: &'t [Change],
}

fn cell(line: usize, text: impl Into<String>) -> ContractCell {
    ContractCell {
        text: text.into(),
        line,
    }
}

impl Table<'_, '_> {
    fn row(
        &self,
        name: &str,
        cells: [Option<ContractCell>; 2],
        is_about: impl Fn(&Change) -> bool,
    ) -> ContractRow {
        let [old, new] = cells;
        let changes = self.changes.iter().filter(|it| is_about(it));
        ContractRow {
            name: name.to_owned(),
            old,
            new,
            effect: changes.map(|it| it.effect).min(),
        }
    }

    /// A row for each thing of two lists: its name, its cell, and whether a change is about it, of which the line in the same
    /// text is given too.
    fn rows<T>(
        &self,
        lists: [&[T]; 2],
        matched: &Matched,
        name: impl Fn(&T) -> String,
        cell: impl Fn(&T) -> ContractCell,
        is_about: impl Fn(&Change, &T, Option<usize>) -> bool,
    ) -> Vec<ContractRow> {
        self.rows_by_side(lists, matched, name, |_, it| cell(it), is_about)
    }

    /// The same for cells that depend on their side.
    fn rows_by_side<T>(
        &self,
        lists: [&[T]; 2],
        matched: &Matched,
        name: impl Fn(&T) -> String,
        cell: impl Fn(Side, &T) -> ContractCell,
        is_about: impl Fn(&Change, &T, Option<usize>) -> bool,
    ) -> Vec<ContractRow> {
        let [old, new] = lists;
        let rows = matched.in_order(old.len(), new.len()).into_iter();
        let rows = rows.filter_map(|(one, other)| {
            let sides = [one.map(|it| &old[it]), other.map(|it| &new[it])];
            let named = sides[1].or(sides[0])?;
            let is_about = |change: &Change| {
                let mut sides = sides.iter().zip([change.old, change.new]);
                sides.any(|(it, line)| it.is_some_and(|it| is_about(change, it, line)))
            };
            let cells = [(Side::Old, sides[0]), (Side::New, sides[1])];
            let cells = cells.map(|(side, it)| it.map(|it| cell(side, it)));
            Some(self.row(&name(named), cells, is_about))
        });
        rows.collect()
    }

    fn request(&self) -> Vec<ContractRow> {
        let (old, new) = (self.pair.old, self.pair.new);
        let method = |page: &Page| {
            let line = page.paths.first().map_or(0, |it| it.line);
            page.method.as_ref().map(|it| cell(line, it))
        };
        let is_method = |change: &Change| change.subject == "method";
        let methods = [method(old), method(new)];
        let method = methods.iter().any(Option::is_some);
        let method = method.then(|| self.row("method", methods, is_method));
        let key = |path: &Path| request::key(&path.text);
        let paths = [old.paths.as_slice(), &new.paths];
        let same = matched(paths, |one, other| key(one) == key(other), |_, _| false);
        let text = |path: &Path| {
            let deprecated = if path.is_deprecated {
                ", deprecated"
            } else {
                ""
            };
            cell(path.line, format!("{}{deprecated}", path.text))
        };
        let paths = self.rows(
            paths,
            &same,
            |_| "path".to_owned(),
            text,
            |change, path, _| change.subject == "path" && change.what == path.text,
        );
        method.into_iter().chain(paths).collect()
    }

    fn permissions(&self) -> Vec<ContractRow> {
        let lists = [
            self.pair.old.permissions.as_slice(),
            &self.pair.new.permissions,
        ];
        let same = matched(
            lists,
            |one, other| one.account == other.account,
            |_, _| false,
        );
        let text = |it: &Permissions| match it.names.as_slice() {
            [] => cell(it.line, "none"),
            names => cell(it.line, names.join(", ")),
        };
        let name = |it: &Permissions| it.account.as_str().to_owned();
        self.rows(lists, &same, name, text, |change, it, _| {
            change.subject == it.account.as_str()
        })
    }

    fn headers(&self) -> Vec<ContractRow> {
        let lists = [self.pair.old.headers.as_slice(), &self.pair.new.headers];
        let text = |side, it: &Header| {
            let required = match self.pair.requires(side, &it.description) {
                Some(true) => Some("required"),
                Some(false) => Some("optional"),
                None => None,
            };
            let words = required.into_iter().chain(it.media_type.as_deref());
            cell(it.line, words.collect::<Vec<_>>().join(", "))
        };
        let same = request::matched_headers(self.pair);
        self.rows_by_side(
            lists,
            &same,
            |it| it.name.clone(),
            text,
            |change, it, _| change.subject == request::HEADER && change.what == it.name,
        )
    }

    fn parameters(&self) -> Vec<ContractRow> {
        let lists = [
            self.pair.old.parameters.as_slice(),
            &self.pair.new.parameters,
        ];
        let subject = request::parameter_subject(self.pair);
        let text = |side, it: &Parameter| {
            if !it.is_listed && subject.as_deref() == Some(request::PARAMETER) {
                return cell(it.line, "in examples only");
            }
            let required = self.pair.requires(side, &it.description) == Some(true);
            let required = required.then(|| "required".to_owned());
            let words = it.words.join(", ");
            let words = (!words.is_empty()).then(|| format!("words: {words}"));
            let all = [request::type_name(it)].into_iter();
            let all: Vec<_> = all.chain(required).chain(words).collect();
            cell(it.line, all.join("; "))
        };
        let same = request::matched_parameters(self.pair);
        self.rows_by_side(
            lists,
            &same,
            |it| it.name.clone(),
            text,
            |change, it, _| {
                subject.as_ref().is_some_and(|subject| {
                    let of_words = request::words_subject(subject, &it.name);
                    change.subject == of_words
                        || change.subject == *subject && change.what == it.name
                })
            },
        )
    }

    fn answer(&self) -> Vec<ContractRow> {
        fn listed<T: ToString>(all: impl Iterator<Item = (T, usize)>) -> Option<ContractCell> {
            let mut listed: Option<ContractCell> = None;
            for (it, line) in all {
                let it = it.to_string();
                match &mut listed {
                    None => listed = Some(cell(line, it)),
                    Some(known) if known.text.split(", ").all(|known| known != it) => {
                        known.text.extend([", ", &it]);
                    }
                    Some(_) => {}
                }
            }
            listed
        }
        let pages = [self.pair.old, self.pair.new];
        let shown = |page: &Page| {
            let samples = page.messages.iter().filter_map(|it| match it.part {
                SamplePart::Answer { status, .. } => Some((status, it.line)),
                _ => None,
            });
            listed(samples)
        };
        let statuses = pages.map(|it| listed(it.statuses.iter().copied()));
        let types = pages.map(|it| listed(it.answers.iter().cloned()));
        let mut rows = vec![
            (answer::PROSE_STATUS.to_owned(), statuses),
            (answer::ANSWER_TYPE.to_owned(), types),
            (flow::EXAMPLE_STATUS.to_owned(), pages.map(shown)),
        ];
        let answers = pages.map(|it| it.messages.iter().filter_map(answered));
        let forms: BTreeSet<&str> = answers.into_iter().flatten().collect();
        rows.extend(forms.into_iter().map(|form| {
            let answer = Subject::Answer {
                to: form.to_owned(),
                is_refusal: false,
            };
            let subject = body::body_subject(&answer, self.pair);
            (subject, pages.map(|it| body_shown(it, form)))
        }));
        let rows = rows
            .into_iter()
            .filter(|(_, cells)| cells.iter().any(Option::is_some));
        rows.map(|(subject, cells)| self.row(&subject, cells, |change| change.subject == subject))
            .collect()
    }

    fn fields(&self) -> Vec<ContractRow> {
        let mut rows = Vec::new();
        for (subject, is_it) in body::PARTS {
            let samples = [self.pair.old, self.pair.new].map(|page| body::parts(page, is_it));
            let names = samples.each_ref().map(|all| {
                let names = all.iter().flat_map(|it| &it.headers);
                let names: BTreeSet<_> = names.collect();
                names.into_iter().collect::<Vec<_>>()
            });
            let subject = format!("{subject} header");
            let lists = [names[0].as_slice(), &names[1]];
            let same = matched(lists, |one, other| one == other, |_, _| false);
            for (one, other) in same.in_order(names[0].len(), names[1].len()) {
                let sides = [one.map(|it| names[0][it]), other.map(|it| names[1][it])];
                let Some(name) = sides[1].or(sides[0]) else {
                    continue;
                };
                let cells = [0, 1].map(|side| field(&samples[side], sides[side]?));
                rows.push(self.row(&format!("{subject} {name}"), cells, |change| {
                    change.subject == subject && change.what == *name
                }));
            }
        }
        rows
    }

    /// The properties of each kind of message.
    fn messages(&self) -> Vec<(String, Vec<ContractRow>)> {
        let [old, new] = [self.pair.old, self.pair.new].map(body::shapes);
        let mut subjects: Vec<&Subject> = old.keys().chain(new.keys()).copied().collect();
        subjects.sort_unstable();
        subjects.dedup();
        let parts = subjects.into_iter().map(|subject| {
            let name = body::name(subject, self.pair);
            let sides = [old.get(subject), new.get(subject)].map(|it| it.map(|it| &it.0));
            let paths = sides.map(|side| {
                let paths = side.into_iter().flat_map(|shape| shape.properties.keys());
                paths.collect::<Vec<_>>()
            });
            let lists = [paths[0].as_slice(), &paths[1]];
            let same = matched(lists, |one, other| one == other, |_, _| false);
            let rows = same.in_order(paths[0].len(), paths[1].len()).into_iter();
            let rows = rows.filter_map(|(one, other)| {
                let at = [one.map(|it| paths[0][it]), other.map(|it| paths[1][it])];
                let path = at[1].or(at[0])?;
                let cells = [0, 1].map(|side| Some(property(sides[side]?, at[side]?)));
                Some(self.row(path, cells, |change| {
                    change.subject == name && change.what == *path
                }))
            });
            let mut title = name.clone();
            title[..1].make_ascii_uppercase();
            (format!("{title}: properties in examples"), rows.collect())
        });
        parts.collect()
    }

    fn scenarios(&self) -> Vec<ContractRow> {
        let (old, new) = (&self.pair.old.scenarios, &self.pair.new.scenarios);
        let same = Matched::new(self.pair.scenarios.iter().copied());
        let rows = same.in_order(old.len(), new.len()).into_iter();
        let rows = rows.filter_map(|(one, other)| {
            let sides = [one.map(|it| &old[it]), other.map(|it| &new[it])];
            let name = &sides[1].or(sides[0])?.name;
            let is_about = |change: &Change| {
                let needs = sides.map(|it| {
                    it.is_some_and(|it| it.given.iter().any(|it| it.as_str() == change.what))
                });
                let is_state = change.subject == flow::STATE && needs[0] != needs[1];
                is_state || change.scenario.as_ref() == Some(name)
            };
            let cells = sides.map(|it| it.map(|it| conversation(it, name)));
            Some(self.row(name, cells, is_about))
        });
        rows.collect()
    }

    fn prose(&self) -> Vec<ContractRow> {
        let limits = Limits::new(self.pair);
        let lists = [limits.old.as_slice(), &limits.new];
        let name = |it: &&Limit| prose::subject(it, "");
        let text = |it: &&Limit| cell(it.line, &it.number.text);
        let mut rows = self.rows(lists, &limits.matched(), name, text, |change, it, line| {
            let numbers = change.values.iter().flat_map(|(old, new)| [old, new]);
            let mut numbers = numbers.chain([&change.what]);
            change.subject.starts_with(prose::NUMBER)
                && line == Some(it.line)
                && numbers.any(|number| *number == it.number.text)
        });
        let lists = [self.pair.old.notes.as_slice(), &self.pair.new.notes];
        let name = |_: &_| prose::NOTE.to_owned();
        let text = |it: &super::super::note::Note| {
            let names: Vec<_> = it.names.iter().map(String::as_str).collect();
            cell(it.line, names.join(", "))
        };
        let same = prose::matched_notes(self.pair);
        rows.extend(self.rows(lists, &same, name, text, |change, it, line| {
            let is_prose =
                change.subject.starts_with(prose::NOTE) || change.subject == prose::FORMAT;
            is_prose && line == Some(it.line)
        }));
        rows
    }
}

/// The form of the request that an answer is to.
fn answered(sample: &Sample) -> Option<&str> {
    match &sample.part {
        SamplePart::Answer { to, .. } => Some(to),
        _ => None,
    }
}

/// Whether an example shows the body of the answer to a request of this form.
fn body_shown(page: &Page, form: &str) -> Option<ContractCell> {
    let mut answers = page.messages.iter().filter(|it| answered(it) == Some(form));
    let first = answers.next()?;
    let is_shown = first.has_body || answers.any(|it| it.has_body);
    Some(cell(
        first.line,
        if is_shown { "shown" } else { "not shown" },
    ))
}

/// A header field in the messages of one part.
fn field(samples: &[&Sample], name: &str) -> Option<ContractCell> {
    let first = samples.iter().find(|it| it.headers.contains(name))?;
    let is_always = samples.iter().all(|it| it.headers.contains(name));
    let text = if is_always {
        "every example"
    } else {
        "some examples"
    };
    Some(cell(first.line, text))
}

/// A property of the messages of one kind.
fn property(shape: &Shape, path: &str) -> ContractCell {
    let Some(seen) = shape.properties.get(path) else {
        return cell(0, "");
    };
    let mut text = shown_type(path, seen);
    if !shape.always_has(path) {
        text.push_str("; in some examples");
    }
    cell(seen.line, text)
}

fn shown_type(path: &str, seen: &Seen) -> String {
    let words = || seen.words.iter().map(String::as_str).collect::<Vec<_>>();
    if path.ends_with("@odata.type") {
        return words().join(", ");
    }
    if seen.is_null() {
        return "null".to_owned();
    }
    let types: Vec<_> = seen.types.iter().map(|it| it.as_str()).collect();
    let forms: Vec<_> = seen.forms.iter().map(|it| it.as_str()).collect();
    let mut text = types.join(" or ");
    for of in [forms, words()] {
        if !of.is_empty() {
            text.extend([" (", &of.join(", "), ")"]);
        }
    }
    text
}

/// The provider states and the steps of a conversation. Its own name is the first line if the row has another.
fn conversation(scenario: &Scenario, name: &str) -> ContractCell {
    let mut lines = Vec::new();
    if scenario.name != name {
        lines.push(scenario.name.clone());
    }
    if !scenario.given.is_empty() {
        let given: Vec<_> = scenario.given.iter().map(|it| it.as_str()).collect();
        lines.push(format!("needs {}", given.join(", ")));
    }
    let steps = (1..).zip(&scenario.steps);
    lines.extend(steps.map(|(number, step)| format!("{number}. {}", step.kind.as_str())));
    cell(scenario.line.unwrap_or(0), lines.join("\n"))
}
