//! `confcall explain`: the meaning of a rule, a requirement, a kind of fault injection, a finding in pages or a change
//! of pages. It comes from the tables of the contract, of fault injection, of the built-in mutants and of lint.

use std::fmt::Write as _;

use clap::Args;
use strum::VariantArray as _;

use super::completions::candidates;
use super::exit::Exit;
use super::failure::Failure;
use super::lint;
use super::output::Output;
use super::pager::Paging;
use super::usage::UsageError;
use crate::contract::requirement::Requirement;
use crate::contract::rule::{Level, Rule};
use crate::diagnostic::closest;
use crate::extract::drift;
use crate::extract::remark::PageRule;
use crate::inject::{InjectionKind, with_injected};
use crate::report::text::Look;
use crate::runner::self_check::proof::{self, Sign};
use crate::scenario::store;

pub(crate) const EXAMPLES: &str = "\
Examples:
  confcall explain                    all names
  confcall explain request.header     a rule
  confcall explain request.token      a requirement
  confcall explain lost-response      a kind of fault injection
  confcall explain status-differs     a finding of confcall lint
  confcall explain path-removed       a change of confcall drift";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The name of a rule, a requirement, a kind of fault injection, a finding or a change [default: list all names]
    #[arg(value_name = "NAME", add = candidates::explained())]
    name: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

/// Something that has a name in reports.
#[derive(Debug, Clone, Copy)]
pub(super) enum Named {
    Rule(Rule),
    Requirement(Requirement),
    Kind(InjectionKind),
    Page(&'static PageRule),
}

/// The number of mutants that an explanation names.
const MUTANTS: usize = 3;

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let look = output.look;
    let text = match &arguments.name {
        None => names(look),
        Some(name) => explained(name, look)?,
    };
    output.print_long(&text, arguments.paging)?;
    Ok(Exit::Success)
}

fn explained(name: &str, look: Look) -> Result<String, Failure> {
    let found: Vec<Named> = all().filter(|it| it.name() == name).collect();
    if found.is_empty() {
        let close = closest(name, all().map(Named::name));
        return Err(UsageError::NothingNamed {
            name: name.to_owned(),
            close,
        }
        .into());
    }
    let texts: Result<Vec<_>, Failure> = found.iter().map(|it| it.explain(look)).collect();
    Ok(texts?.join("\n"))
}

pub(super) fn all() -> impl Iterator<Item = Named> {
    let rules = Rule::VARIANTS.iter().map(|it| Named::Rule(*it));
    let requirements = Requirement::VARIANTS.iter();
    let requirements = requirements.map(|it| Named::Requirement(*it));
    let kinds = InjectionKind::ALL.into_iter().map(Named::Kind);
    let changes = drift::rules::ALL.iter();
    let pages = lint::rules().chain(changes).map(Named::Page);
    rules.chain(requirements).chain(kinds).chain(pages)
}

/// A line for each name, with its meaning.
fn names(look: Look) -> String {
    let line = |it: Named| {
        let name = look.bold(&format!("{:<34}", it.name()));
        format!("{name} {}\n", it.meaning())
    };
    all().map(line).collect()
}

impl Named {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rule(it) => it.as_str(),
            Self::Requirement(it) => it.id(),
            Self::Kind(it) => it.name(),
            Self::Page(it) => it.id,
        }
    }

    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Rule(it) => it.text(),
            Self::Requirement(it) => it.text(),
            Self::Kind(it) => it.describe(),
            Self::Page(it) => it.text,
        }
    }

    fn explain(self, look: Look) -> Result<String, Failure> {
        let of = match self {
            Self::Rule(_) => "a rule".to_owned(),
            Self::Requirement(it) => {
                let level = match it.level() {
                    Level::Must => "MUST",
                    Level::Should => "SHOULD",
                };
                format!("a requirement: the {} {level}", it.party())
            }
            Self::Kind(it) => format!("a kind of fault injection, for a {}", it.party()),
            Self::Page(it) => match it.breaks {
                Some(whom) => format!("{} in pages, breaks {whom}", it.kind),
                None => format!("{} in pages, level {}", it.kind, it.level),
            },
        };
        let meaning = self.meaning().trim_end_matches('.');
        let mut text = format!("{}, {of}\n  {meaning}.\n", look.bold(self.name()));
        match self {
            Self::Rule(it) => text.push_str(&mutants(Sign::Rule(it))),
            Self::Requirement(it) => {
                text.push_str(&sources(it));
                text.push_str(&mutants(Sign::Requirement(it)));
            }
            Self::Kind(it) => text.push_str(&played(it)?),
            Self::Page(it) => {
                let _ = writeln!(text, "\nremedy\n  {}", it.remedy);
            }
        }
        Ok(text)
    }
}

/// The sentences of pages and standards that a requirement rests on.
fn sources(requirement: Requirement) -> String {
    let mut text = "\nsource\n".to_owned();
    for (page, line) in requirement.sources() {
        let _ = writeln!(text, "  {page}:{line}");
    }
    match requirement.standard() {
        "" if requirement.sources().is_empty() => {
            text.push_str("  the examples of each page: a report names the page and the line\n");
        }
        "" => {}
        standard => {
            let _ = writeln!(text, "  {standard}");
        }
    }
    text
}

/// Mutants of the built-in pair that break a rule or a requirement.
fn mutants(sign: Sign) -> String {
    let mutants: Vec<_> = proof::trials()
        .filter(|it| it.sign() == Some(sign))
        .collect();
    let mut text = String::new();
    for mutant in mutants.iter().take(MUTANTS) {
        if text.is_empty() {
            text.push_str("\nexample\n");
        }
        let (role, name, what) = (mutant.role, mutant.name, mutant.what);
        let _ = writeln!(
            text,
            "  a {role} that breaks it, `confcall selftest {name}`: {what}"
        );
    }
    if let Some(others @ 1..) = mutants.len().checked_sub(MUTANTS) {
        let _ = writeln!(text, "  and {others} more");
    }
    text
}

/// The commands that play a kind of fault injection, and the first scenario under this kind.
fn played(kind: InjectionKind) -> Result<String, Failure> {
    let all = store::built_in()?;
    let injected = with_injected(&all, &[kind]);
    let name = kind.name();
    let mut text = format!("\nexample\n  confcall run --inject {name}\n");
    let first = injected
        .iter()
        .find(|it| InjectionKind::of(&it.id) == Some(kind));
    if let Some(first) = first {
        let _ = writeln!(text, "  confcall run {}", first.id);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_explained() {
        for named in all() {
            let text = explained(named.name(), Look::PLAIN).unwrap();
            assert!(text.lines().count() >= 2, "{text}");
            assert!(!text.contains("..\n"), "{text}");
        }
    }

    /// The book has an entry for each id, with the reason and the remedy that `explain` prints, and an example.
    #[test]
    fn every_finding_has_its_entry_in_the_book() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/docs/src/reference/findings.md"
        );
        let book = std::fs::read_to_string(path).unwrap();
        let entries: Vec<_> = book.split("\n### `").skip(1).collect();
        let ids: Vec<_> = entries
            .iter()
            .map(|it| it.split('`').next().unwrap())
            .collect();
        let rules: Vec<_> = lint::rules().collect();
        assert_eq!(ids, rules.iter().map(|it| it.id).collect::<Vec<_>>());
        for (rule, entry) in rules.iter().zip(entries) {
            let words = entry.split_whitespace().collect::<Vec<_>>().join(" ");
            for part in [rule.text, rule.remedy, "```", &rule.level.to_string()] {
                assert!(words.contains(part), "{}: {part}", rule.id);
            }
        }
    }

    #[test]
    fn a_misspelt_name_has_a_suggestion() {
        let error = explained("request.headr", Look::PLAIN).unwrap_err();
        let said = error.messages().join("\n");
        assert!(said.contains("did you mean `request.header`?"), "{said}");
    }
}
