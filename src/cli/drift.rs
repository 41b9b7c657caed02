//! `confcall drift`: compares two editions, API versions or languages of pages.

mod touched;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use self::touched::Project;
use super::exit::Exit;
use super::extract::source;
use super::failure::Failure;
use super::output;
use super::output::Output;
use super::progress::Progress;
use super::remarks::Reporting;
use super::usage::UsageError;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::path::Shown as _;
use crate::extract::drift::pairing::{Candidate, Pairs, Wanted};
use crate::extract::drift::{self, Contracts, Documented, Relation, Scope, Source, pairing};
use crate::extract::remark::{PageRule, Remark, RemarkKind, sorted};
use crate::extract::{Edition, Locale, PageDefaults, damage};
use crate::files;
use crate::files::{FileError, Files};
use crate::report::list::counted;
use crate::report::remarks::{PageContracts, PageReport};

pub(crate) const EXAMPLES: &str = "\
The differences between two texts of a page are changes of the contract. The differences between translations of one text \
are damage. Pages of two folders are paired by their paths, else by their names. With one folder, an option with two values \
selects the two sides. `confcall explain ID` says what an id means.

Examples:
  confcall drift old/call-answer.md new/call-answer.md
  confcall drift docs/2022 docs/2023 --fail-on breaking
  confcall drift docs --edition 2020-12,2021-02 --format markdown --out notes.md
  confcall drift docs --locale zh-CN,ru-RU --api v1.0";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The old page, or a folder of pages (*.md)
    old: PathBuf,
    /// The new page, or a folder of pages
    new: Option<PathBuf>,
    /// The edition of both sides, or one for each side: the newest text of each page up to this month
    #[arg(long, value_name = "OLD,NEW", value_delimiter = ',')]
    edition: Vec<Edition>,
    /// The language of both sides, or one for each side
    #[arg(long, value_name = "OLD,NEW", value_delimiter = ',')]
    locale: Vec<Locale>,
    /// The API version of both sides, or one for each side
    #[arg(long, value_name = "OLD,NEW", value_delimiter = ',')]
    api: Vec<String>,
    /// Report which of these recordings have requests of a changed page: files, or folders of them
    #[arg(long, value_name = "FILE|DIR")]
    cassettes: Vec<PathBuf>,
    #[command(flatten)]
    reporting: Reporting,
    /// Exit with 1 if there is a breaking change (breaking), such a change or damage (damage), any difference (any), or
    /// never
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "never",
        hide_possible_values = true
    )]
    fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A change that breaks a bot or a service
    Breaking,
    /// A change that breaks a bot or a service, or damage by a translation
    Damage,
    /// Any difference
    Any,
    /// Nothing
    Never,
}

impl FailOn {
    fn exit(self, report: &PageReport) -> Exit {
        let fails = |remark: &Remark| match self {
            Self::Breaking => remark.breaks.is_some(),
            Self::Damage => remark.breaks.is_some() || remark.rule.kind == RemarkKind::Damage,
            Self::Any => true,
            Self::Never => false,
        };
        if report.remarks.iter().any(fails) {
            Exit::Failed
        } else {
            Exit::Success
        }
    }
}

/// The rules of changes and of damage.
pub(crate) fn rules() -> impl Iterator<Item = &'static PageRule> {
    drift::rules::ALL.iter().chain(damage::rules::ALL)
}

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    report(arguments, output).inspect_err(|_| {
        let sides = [Some(&arguments.old), arguments.new.as_ref()];
        let read: Vec<PathBuf> = sides.into_iter().flatten().cloned().collect();
        arguments.reporting.discard(&read);
    })
}

fn report(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let rules: Vec<_> = rules().collect();
    arguments.reporting.check(&rules)?;
    let (report, names) = compare(arguments)?;
    let report = arguments.reporting.write(report, &names, output)?;
    Ok(arguments.fail_on.exit(&report))
}

/// A page on one side.
#[derive(Clone)]
struct Page {
    path: PathBuf,
    /// Its path below the folder of the side.
    below: String,
    /// The same for all names of a file.
    file: PathBuf,
}

/// The report, and the names of the new pages.
fn compare(arguments: &Arguments) -> Result<(PageReport, Vec<String>), Failure> {
    let [first, second] = sides(arguments)?;
    let old = pages(&arguments.old)?;
    let new = match &arguments.new {
        Some(new) => pages(new)?,
        None => old.clone(),
    };
    let progress = Progress::endless();
    progress.say(format!("reading {} pages", old.len() + new.len()));
    let is_filtered = first != Wanted::default() || second != Wanted::default();
    let (old, new) = if is_filtered || !are_alike(&old, &new) {
        (selected(old, &first)?, selected(new, &second)?)
    } else {
        (unread(old), unread(new))
    };
    let candidates = |side: &[(Page, Candidate)]| -> Vec<Candidate> {
        side.iter().map(|(_, it)| it.clone()).collect()
    };
    let mut pairs = pairing::pair(&candidates(&old), &candidates(&new));
    if old.is_empty() && new.is_empty() {
        return Err(UsageError::NoPageOfSides.into());
    }
    // Both sides may have the same file.
    let is_other = |(one, other): &(usize, usize)| old[*one].0.file != new[*other].0.file;
    let has_same = !pairs.both.iter().all(is_other);
    pairs.both.retain(is_other);
    if has_same && pairs == Pairs::default() {
        return Err(UsageError::SameSides.into());
    }
    let shows_contracts = arguments.reporting.shows_contracts();
    let compared: Vec<_> = { pairs.both.par_iter() }
        .map(|(one, other)| compare_files(&old[*one].0.path, &new[*other].0.path, shows_contracts))
        .collect();
    let mut relations = Vec::new();
    let mut remarks = Vec::new();
    let mut changes: Vec<PageChanges> = Vec::new();
    let mut contracts = Vec::new();
    let compared: Vec<_> = compared.into_iter().collect::<Result<_, FileError>>()?;
    let compared = files::all_valid(compared)?;
    for ((_, other), found) in pairs.both.iter().zip(compared) {
        let name = new[*other].0.path.shown();
        relations.push((found.relation, name));
        contracts.extend(found.contracts);
        let Some(page) = found.changed else {
            remarks.extend(found.remarks.into_iter().map(|it| it.0));
            continue;
        };
        changes.push((page, found.remarks));
    }
    let mut preface = preface(&relations);
    changes.extend(unpaired(&pairs, [&old, &new], &mut preface)?);
    if !changes.is_empty() {
        let project = Project::load(&arguments.cassettes)?;
        for (page, found) in changes {
            remarks.extend(found.into_iter().map(|(mut remark, scopes)| {
                remark.touched = project.touched(&page, &scopes);
                remark
            }));
        }
    }
    let report = PageReport {
        command: "drift",
        pages: pairs.both.len(),
        preface,
        remarks: sorted(remarks),
        notes: Vec::new(),
        contracts,
    };
    Ok((report, relations.into_iter().map(|it| it.1).collect()))
}

/// What a page documents, and its changes with their scopes.
type PageChanges = (Documented, Vec<(Remark, Vec<Scope>)>);

/// The changes by pages that only one side has. Pages of which nothing can be said become sentences of the preface.
fn unpaired(
    pairs: &Pairs,
    [old, new]: [&[(Page, Candidate)]; 2],
    preface: &mut Vec<String>,
) -> Result<Vec<PageChanges>, Failure> {
    let name = |page: &(Page, Candidate)| page.0.path.shown();
    let keys: Vec<_> = new.iter().map(|(_, it)| &it.key).collect();
    let only_old = pairs.only_old.iter().map(|it| &old[*it]);
    let (removed, untranslated): (Vec<_>, Vec<_>) =
        only_old.partition(|page| page.1.key.is_missing_in(&keys));
    let added: Vec<_> = pairs.only_new.iter().map(|it| &new[*it]).collect();
    let untranslated = untranslated.into_iter();
    preface.extend(
        untranslated.map(|it| format!("{}: the page has no text on the other side", name(it))),
    );
    preface.extend(
        added
            .iter()
            .map(|it| format!("{}: the page is added", name(it))),
    );
    if removed.is_empty() {
        return Ok(Vec::new());
    }
    let added: Vec<_> = documented(&added)?.into_iter().map(|it| it.1).collect();
    let removed = documented(&removed)?.into_iter();
    let changes = removed.filter_map(|(name, page)| {
        let change = drift::removal(&name, &page, &added)?;
        Some((page, vec![change]))
    });
    Ok(changes.collect())
}

/// What each of these pages documents, with the name of the page.
fn documented(pages: &[&(Page, Candidate)]) -> Result<Vec<(String, Documented)>, Failure> {
    let read = |(page, _): &&(Page, Candidate)| {
        let bytes = files::read(&page.path)?;
        let file = page.path.shown();
        let source = Source {
            file: &file,
            bytes: &bytes,
        };
        let found = drift::documented(source, &PageDefaults::default());
        Ok(found.map(|found| (file.clone(), found)))
    };
    let read: Vec<Result<_, FileError>> = pages.par_iter().map(read).collect();
    let read: Vec<_> = read.into_iter().collect::<Result<_, _>>()?;
    Ok(files::all_valid(read)?)
}

/// How the pages are compared, in sentences.
fn preface(relations: &[(Relation, String)]) -> Vec<String> {
    let mut counts: BTreeMap<Relation, usize> = BTreeMap::new();
    for (relation, _) in relations {
        let whole = Relation {
            divides_a_month: false,
            ..*relation
        };
        *counts.entry(whole).or_default() += 1;
    }
    let sentence = |(relation, count): (Relation, usize)| {
        format!("{}: {}", counted(count, "page"), relation.reason())
    };
    let divided = relations.iter().filter(|it| it.0.divides_a_month);
    let divided =
        divided.map(|(_, page)| format!("{page}: two texts of one month and API version"));
    counts.into_iter().map(sentence).chain(divided).collect()
}

/// Two texts that were compared.
struct Compared {
    relation: Relation,
    /// Each with its scopes.
    remarks: Vec<(Remark, Vec<Scope>)>,
    /// What the old text documents, if there are changes.
    changed: Option<Documented>,
    /// Only where they are shown, and if there are changes.
    contracts: Option<PageContracts>,
}

fn compare_files(
    old: &Path,
    new: &Path,
    shows_contracts: bool,
) -> Result<Result<Compared, Diagnostic>, FileError> {
    let (old_bytes, new_bytes) = (files::read(old)?, files::read(new)?);
    let (old, new) = (old.shown(), new.shown());
    let old_source = Source {
        file: &old,
        bytes: &old_bytes,
    };
    let new_source = Source {
        file: &new,
        bytes: &new_bytes,
    };
    let found = match drift::differences(old_source, new_source, &PageDefaults::default()) {
        Ok(found) => found,
        Err(diagnostic) => return Ok(Err(diagnostic)),
    };
    let contracts = found.contracts.filter(|_| !found.remarks.is_empty());
    let changed = contracts.as_ref().map(Contracts::documented);
    let contracts = contracts.filter(|_| shows_contracts);
    Ok(Ok(Compared {
        relation: found.relation,
        remarks: found.remarks,
        changed,
        contracts: contracts.map(|it| PageContracts {
            old,
            new,
            parts: it.side_by_side(),
        }),
    }))
}

/// The pages of a file or a folder.
fn pages(named: &Path) -> Result<Vec<Page>, Failure> {
    let Files { found, passed_over } = files::files_below(named, &["md"])?;
    for line in passed_over {
        output::warn(line);
    }
    if found.is_empty() {
        return Err(UsageError::NoPage(named.to_owned()).into());
    }
    let root = named.canonicalize().unwrap_or_else(|_| named.to_owned());
    let page = |path: PathBuf| Page {
        below: source(named, &path),
        file: root.join(path.strip_prefix(named).unwrap_or(&path)),
        path,
    };
    Ok(found.into_iter().map(page).collect())
}

/// True for two files, and for two folders with the same paths.
fn are_alike(old: &[Page], new: &[Page]) -> bool {
    let paths = |side: &[Page]| side.iter().map(|it| it.below.clone()).collect::<Vec<_>>();
    old.len() == 1 && new.len() == 1 || paths(old) == paths(new)
}

fn unread(side: Vec<Page>) -> Vec<(Page, Candidate)> {
    let key = pairing::Key {
        name: String::new(),
        api: String::new(),
        edition: String::new(),
        locale: String::new(),
    };
    let described = side.into_iter().map(|page| {
        let below = page.below.clone();
        let key = key.clone();
        (page, Candidate { below, key })
    });
    described.collect()
}

fn selected(side: Vec<Page>, wanted: &Wanted) -> Result<Vec<(Page, Candidate)>, Failure> {
    let described: Vec<Result<Candidate, FileError>> = side
        .par_iter()
        .map(|page| {
            let bytes = files::read(&page.path)?;
            let name = page.path.shown();
            let text = String::from_utf8_lossy(&bytes);
            Ok(Candidate {
                below: page.below.clone(),
                key: pairing::key(&name, &text, &PageDefaults::default()),
            })
        })
        .collect();
    let described: Vec<Candidate> = described.into_iter().collect::<Result<_, _>>()?;
    if *wanted == Wanted::default() {
        return Ok(side.into_iter().zip(described).collect());
    }
    let kept = pairing::newest(&described, wanted);
    let all = side.into_iter().zip(described).enumerate();
    let kept = all.filter(|(index, _)| kept.binary_search(index).is_ok());
    Ok(kept.map(|(_, it)| it).collect())
}

/// The filters of both sides.
fn sides(arguments: &Arguments) -> Result<[Wanted; 2], UsageError> {
    let edition = arguments.edition.iter().map(|it| it.as_str().to_owned());
    let locale = arguments.locale.iter().map(|it| it.as_str().to_owned());
    let [edition, locale, api] = [
        ("--edition", edition.collect::<Vec<_>>()),
        ("--locale", locale.collect()),
        ("--api", arguments.api.clone()),
    ]
    .map(|(option, values)| (values.len() <= 2).then_some(values).ok_or(option));
    let several = |option| UsageError::MoreThanTwo { option };
    let (edition, locale, api) = (
        edition.map_err(several)?,
        locale.map_err(several)?,
        api.map_err(several)?,
    );
    let is_divided = [&edition, &locale, &api].iter().any(|it| it.len() == 2);
    if arguments.new.is_none() && !is_divided {
        return Err(UsageError::OneSide);
    }
    let side = |index: usize| {
        let of = |values: &[String]| values.get(index).or(values.last()).cloned();
        Wanted {
            edition: of(&edition),
            locale: of(&locale),
            api: of(&api),
        }
    };
    Ok([side(0), side(1)])
}
